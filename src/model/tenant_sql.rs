//! Where SQL names the tenant: `:tenant` as a word of its own, not in a text, a quoted name or a comment.

use super::definitions::Dialect;
use super::sql_text::skipped;

/// What stands for the tenant.
const TENANT: &str = ":tenant";

/// The SQL around each `:tenant`: one piece more than there are.
pub fn around_tenant(dialect: Dialect, sql: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let (mut begin, mut at) = (0, 0);
    while let Some(rest) = sql.get(at..).filter(|rest| !rest.is_empty()) {
        let quoted = skipped(dialect, sql, at);
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{around_tenant, names_tenant};
    use crate::model::definitions::Dialect::{self, Mysql, Postgres, Sqlite};

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

    #[test]
    fn postgresql_casts_and_quotes_with_dollars() {
        for (sql, expected) in [
            ("a::tenant = :tenant::text", "a::tenant = ?::text"),
            ("a = $$:tenant$$ and b = :tenant", "a = $$:tenant$$ and b = ?"),
            ("a = array[:tenant]", "a = array[?]"),
            ("a = any(b[1:tenant])", "a = any(b[1:tenant])"),
            (r"a = e'\' :tenant' or b = :tenant", r"a = e'\' :tenant' or b = ?"),
            ("# :tenant", "# ?"),
        ] {
            assert_eq!(shown(Postgres, sql), expected);
        }
    }

    proptest! {
        #[test]
        fn nothing_else_is_taken_away(sql in r#"([-'"`#/*\\\n é\[\]$e]|:tenant|a){0,20}"#) {
            for dialect in [Mysql, Sqlite, Postgres] {
                prop_assert_eq!(around_tenant(dialect, &sql).join(":tenant"), sql.clone());
            }
        }
    }
}
