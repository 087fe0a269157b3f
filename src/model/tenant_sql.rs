//! Where SQL names the tenant: `:tenant` as a word of its own, not in a text, a quoted name or a comment.

use super::definitions::Dialect;

/// What stands for the tenant.
const TENANT: &str = ":tenant";

/// The SQL around each `:tenant`: one piece more than there are.
pub fn around_tenant(dialect: Dialect, sql: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let (mut begin, mut at) = (0, 0);
    while let Some(rest) = sql.get(at..).filter(|rest| !rest.is_empty()) {
        let quoted = skipped(dialect, rest);
        if quoted > 0 {
            at += quoted;
        } else if is_tenant(sql.get(..at).unwrap_or_default(), rest) {
            pieces.push(sql.get(begin..at).unwrap_or_default());
            at += TENANT.len();
            begin = at;
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    pieces.push(sql.get(begin..).unwrap_or_default());
    pieces
}

/// Whether it names the tenant.
pub fn names_tenant(dialect: Dialect, sql: &str) -> bool {
    around_tenant(dialect, sql).len() > 1
}

fn is_tenant(before: &str, rest: &str) -> bool {
    let word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$');
    let after = rest.strip_prefix(TENANT);
    after.is_some_and(|after| !after.starts_with(word)) && !before.ends_with(|c: char| word(c) || c == ':')
}

/// How many bytes a text, a quoted name or a comment takes with which the SQL begins; 0 where none does. One that is
/// not ended takes all.
fn skipped(dialect: Dialect, sql: &str) -> usize {
    let mysql = dialect == Dialect::Mysql;
    let through = |from: usize, end: &str| {
        sql.get(from..).and_then(|rest| rest.find(end)).map_or(sql.len(), |at| from + at + end.len())
    };
    if sql.starts_with("/*") {
        return through(2, "*/");
    }
    // To MySQL two hyphens are a comment only before a space; else they are two minus signs.
    let dashes = sql.strip_prefix("--").is_some_and(|rest| {
        !mysql || rest.chars().next().is_none_or(|c| c.is_whitespace() || c.is_control())
    });
    if dashes || (mysql && sql.starts_with('#')) {
        return through(1, "\n");
    }
    match sql.chars().next() {
        // Another one of the same in a row stands for itself: that is a quoted piece right after this one.
        Some('[') if !mysql => through(1, "]"),
        Some('`') => through(1, "`"),
        Some(quote @ ('\'' | '"')) => {
            let mut escaped = false;
            for (at, letter) in sql.char_indices().skip(1) {
                match letter {
                    _ if escaped => escaped = false,
                    '\\' if mysql => escaped = true,
                    _ if letter == quote => return at + 1,
                    _ => {}
                }
            }
            sql.len()
        }
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{around_tenant, names_tenant};
    use crate::model::definitions::Dialect::{self, Mysql, Sqlite};

    fn shown(dialect: Dialect, sql: &str) -> String {
        around_tenant(dialect, sql).join("?")
    }

    #[test]
    fn only_a_word_of_its_own_is_the_tenant() {
        for dialect in [Mysql, Sqlite] {
            for (sql, expected) in [
                ("a = :tenant", "a = ?"),
                ("a=:tenant and(b in(:tenant,:tenant))", "a=? and(b in(?,?))"),
                (":tenant", "?"),
                ("a = :tenants", "a = :tenants"),
                (
                    "a = :tenant_id or b = :tenant2 or c = :tenanté",
                    "a = :tenant_id or b = :tenant2 or c = :tenanté",
                ),
                ("a = ::tenant or b:tenant", "a = ::tenant or b:tenant"),
                ("a = ':tenant' or b = :tenant", "a = ':tenant' or b = ?"),
                ("a = 'it''s :tenant' and b = :tenant", "a = 'it''s :tenant' and b = ?"),
                ("\":tenant\" = :tenant", "\":tenant\" = ?"),
                ("`a:tenant` = :tenant and `:tenant` = 1", "`a:tenant` = ? and `:tenant` = 1"),
                ("-- a = :tenant\n b = :tenant", "-- a = :tenant\n b = ?"),
                ("/* :tenant ' */ a = :tenant /* :tenant", "/* :tenant ' */ a = ? /* :tenant"),
                ("/*! a = :tenant */", "/*! a = :tenant */"),
                ("a = 'open :tenant", "a = 'open :tenant"),
                ("é = :tenant", "é = ?"),
                ("", ""),
            ] {
                assert_eq!(shown(dialect, sql), expected, "{dialect:?}");
            }
        }
    }

    #[test]
    fn each_database_has_marks_of_its_own() {
        for (sql, mysql, sqlite) in [
            (
                r"a = '\' or b = :tenant or c = '",
                r"a = '\' or b = :tenant or c = '",
                r"a = '\' or b = ? or c = '",
            ),
            ("# it's\n:tenant", "# it's\n?", "# it's\n:tenant"),
            ("a --:tenant", "a --?", "a --:tenant"),
            ("[:tenant]", "[?]", "[:tenant]"),
        ] {
            assert_eq!(shown(Mysql, sql), mysql);
            assert_eq!(shown(Sqlite, sql), sqlite);
        }
        assert!(!names_tenant(Sqlite, "a = 1 -- where owner = :tenant"));
    }

    proptest! {
        #[test]
        fn nothing_else_is_taken_away(sql in r#"([-'"`#/*\\\n é\[\]]|:tenant|a){0,20}"#) {
            for dialect in [Mysql, Sqlite] {
                prop_assert_eq!(around_tenant(dialect, &sql).join(":tenant"), sql.clone());
            }
        }
    }
}
