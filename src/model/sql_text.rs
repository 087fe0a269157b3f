//! What of SQL is text, a quoted name or a comment, and where a value is bound.

use super::definitions::Dialect;

/// A piece of SQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// As it stands.
    Text(&'a str),
    /// A `?` that a value is bound to.
    Bound,
}

/// The SQL around each `?` that stands for a bound value: not in a text, a quoted name or a comment.
///
/// To PostgreSQL `?` is an operator, too: `??` stands for it there.
pub fn around_bound(dialect: Dialect, sql: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let (mut begin, mut at) = (0, 0);
    let upto = |begin: usize, end: usize| Piece::Text(sql.get(begin..end).unwrap_or_default());
    while let Some(rest) = sql.get(at..).filter(|rest| !rest.is_empty()) {
        let quoted = skipped(dialect, sql, at);
        if quoted > 0 {
            at += quoted;
        } else if dialect == Dialect::Postgres && rest.starts_with("??") {
            pieces.push(upto(begin, at + 1));
            at += 2;
            begin = at;
        } else if rest.starts_with('?') {
            pieces.extend([upto(begin, at), Piece::Bound]);
            at += 1;
            begin = at;
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    pieces.push(upto(begin, sql.len()));
    pieces
}

/// How many bytes a text, a quoted name or a comment takes that begins at this place of the SQL; 0 where none does. One
/// that is not ended takes all.
pub fn skipped(dialect: Dialect, sql: &str, at: usize) -> usize {
    let (before, sql) = (sql.get(..at).unwrap_or_default(), sql.get(at..).unwrap_or_default());
    let mysql = dialect == Dialect::Mysql;
    let through = |from: usize, end: &str| {
        sql.get(from..).and_then(|rest| rest.find(end)).map_or(sql.len(), |at| from + at + end.len())
    };
    if sql.starts_with("/*") {
        return if dialect == Dialect::Postgres { nested(sql) } else { through(2, "*/") };
    }
    // To MySQL two hyphens are a comment only before a space; else they are two minus signs.
    let dashes = sql.strip_prefix("--").is_some_and(|rest| {
        !mysql || rest.chars().next().is_none_or(|c| c.is_whitespace() || c.is_control())
    });
    if dashes || (mysql && sql.starts_with('#')) {
        return through(1, "\n");
    }
    match (dialect, sql.chars().next()) {
        (Dialect::Sqlite, Some('[')) => through(1, "]"),
        (Dialect::Sqlite | Dialect::Mysql, Some('`')) => through(1, "`"),
        (Dialect::Postgres, Some('$')) => match dollar(before, sql) {
            Some(mark) => through(mark.len(), mark),
            None => 0,
        },
        (_, Some(quote @ ('\'' | '"'))) => {
            let escapes = match dialect {
                Dialect::Mysql => true,
                Dialect::Sqlite => false,
                Dialect::Postgres => quote == '\'' && has_escapes(before),
            };
            quoted(sql, quote, escapes)
        }
        _ => 0,
    }
}

/// A text or a name up to its quote. Two quotes in a row stand for one.
fn quoted(sql: &str, quote: char, escapes: bool) -> usize {
    let mut letters = sql.char_indices().skip(1).peekable();
    while let Some((at, letter)) = letters.next() {
        if escapes && letter == '\\' {
            letters.next();
        } else if letter == quote && letters.next_if(|(_, next)| *next == quote).is_none() {
            return at + 1;
        }
    }
    sql.len()
}

/// Whether what stands before a quote makes backslashes mean something: `e'…'`.
fn has_escapes(before: &str) -> bool {
    before.strip_suffix(['e', 'E']).is_some_and(|before| !before.ends_with(is_word))
}

/// The mark that begins and ends a text of PostgreSQL's: `$$` or `$name$`.
fn dollar<'a>(before: &str, sql: &'a str) -> Option<&'a str> {
    let rest = sql.strip_prefix('$')?;
    let name = rest.get(..rest.find('$')?)?;
    let is_name = name.chars().all(|c| c.is_alphanumeric() || c == '_');
    let begins = !name.starts_with(|c: char| c.is_ascii_digit()) && !before.ends_with(is_word);
    (is_name && begins).then(|| sql.get(..name.len() + 2)).flatten()
}

/// A comment of PostgreSQL's, which may have others inside.
fn nested(sql: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while let Some(rest) = sql.get(at..).filter(|rest| !rest.is_empty()) {
        if rest.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    sql.len()
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '$')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Piece, around_bound};
    use crate::model::definitions::Dialect::{self, Mysql, Postgres, Sqlite};

    /// The SQL with what is bound numbered, as `<1>`.
    fn shown(dialect: Dialect, sql: &str) -> String {
        let mut number = 0;
        let piece = |piece: Piece<'_>| match piece {
            Piece::Text(text) => text.to_owned(),
            Piece::Bound => {
                number += 1;
                format!("<{number}>")
            }
        };
        around_bound(dialect, sql).into_iter().map(piece).collect()
    }

    #[test]
    fn what_is_bound_stands_outside_of_texts_and_comments() {
        for dialect in [Mysql, Sqlite, Postgres] {
            for (sql, expected) in [
                ("a = ? and b in (?, ?)", "a = <1> and b in (<2>, <3>)"),
                ("a = '?' and b = ?", "a = '?' and b = <1>"),
                ("a = 'it''s ?' and b = ?", "a = 'it''s ?' and b = <1>"),
                ("\"a?\" = ?", "\"a?\" = <1>"),
                ("a -- why?\n= ?", "a -- why?\n= <1>"),
                ("a /* why? ' */ = ?", "a /* why? ' */ = <1>"),
                ("a = '?", "a = '?"),
                ("é = ?", "é = <1>"),
                ("", ""),
            ] {
                assert_eq!(shown(dialect, sql), expected, "{dialect:?}");
            }
        }
    }

    #[test]
    fn postgresql_has_marks_of_its_own() {
        for (sql, expected) in [
            ("a = $$it's ?$$ and b = ?", "a = $$it's ?$$ and b = <1>"),
            ("a = $x$ $$ ? $y$ ? $x$ and b = ?", "a = $x$ $$ ? $y$ ? $x$ and b = <1>"),
            ("a$b$ = ? and c$b$ = ?", "a$b$ = <1> and c$b$ = <2>"),
            ("a = $1 or ? = $2", "a = $1 or <1> = $2"),
            (r"a = '\' and b = ?", r"a = '\' and b = <1>"),
            (r"a = e'\' ?' and b = ?", r"a = e'\' ?' and b = <1>"),
            (r"a = E'it''s \' ?' and b = ?", r"a = E'it''s \' ?' and b = <1>"),
            (r"a = case'\' and b = ?", r"a = case'\' and b = <1>"),
            ("/* a /* ? */ ? */ ?", "/* a /* ? */ ? */ <1>"),
            ("tags ?? 'a' and tags ??| array[?]", "tags ? 'a' and tags ?| array[<1>]"),
            ("a[?] = `?`", "a[<1>] = `<2>`"),
            ("a = '??'", "a = '??'"),
        ] {
            assert_eq!(shown(Postgres, sql), expected);
        }
        assert_eq!(shown(Sqlite, "[a?] = ?"), "[a?] = <1>");
        assert_eq!(shown(Mysql, r"a = '\' ?' or b = ? # it's ?"), r"a = '\' ?' or b = <1> # it's ?");
    }

    proptest! {
        #[test]
        fn nothing_else_is_changed(sql in r#"([-'"`#/*\\\n é\[\]$eE?]|\$a\$|a){0,20}"#) {
            for dialect in [Mysql, Sqlite] {
                let again = shown(dialect, &sql);
                let marks = around_bound(dialect, &sql).iter().filter(|piece| **piece == Piece::Bound).count();
                prop_assert_eq!(again.len(), sql.len() + (1..=marks).map(|n| n.to_string().len() + 1).sum::<usize>());
            }
            prop_assert!(around_bound(Postgres, &sql).len() <= 2 * sql.len() + 1);
        }
    }
}
