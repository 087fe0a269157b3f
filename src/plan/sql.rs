//! Building a statement: text and the values that are bound to it, side by side.

use crate::model::Value;
use crate::model::definitions::Dialect;

/// A piece of SQL with its values in the order of their `?`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sql {
    /// The text.
    pub text: String,
    /// The values.
    pub params: Vec<Value>,
}

impl Sql {
    /// A piece without values.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), params: Vec::new() }
    }

    /// A single bound value.
    pub fn bind(value: Value) -> Self {
        Self { text: "?".to_owned(), params: vec![value] }
    }

    /// Appends text.
    #[must_use]
    pub fn then(mut self, text: &str) -> Self {
        self.text.push_str(text);
        self
    }

    /// Appends another piece.
    #[must_use]
    pub fn and(mut self, piece: &Self) -> Self {
        self.text.push_str(&piece.text);
        self.params.extend(piece.params.iter().cloned());
        self
    }

    /// Appends an SQL expression a user wrote, in parentheses. The line break keeps a
    /// comment at its end from swallowing what follows.
    #[must_use]
    pub fn user(self, piece: &Self) -> Self {
        let comment = piece.text.contains("--") || piece.text.contains('#');
        self.then("(").and(piece).then(if comment { "\n)" } else { ")" })
    }

    /// The pieces with a separator between them.
    pub fn join<'a>(pieces: impl IntoIterator<Item = &'a Self>, separator: &str) -> Self {
        let mut joined = Self::default();
        for (at, piece) in pieces.into_iter().enumerate() {
            if at > 0 {
                joined.text.push_str(separator);
            }
            joined = joined.and(piece);
        }
        joined
    }
}

/// An identifier in the dialect's quotes; each part of a dotted name by itself.
pub fn quoted(dialect: Dialect, name: &str) -> String {
    let mark = match dialect {
        Dialect::Mysql => '`',
        Dialect::Sqlite | Dialect::Postgres => '"',
    };
    let doubled = format!("{mark}{mark}");
    let parts: Vec<String> =
        name.split('.').map(|part| format!("{mark}{}{mark}", part.replace(mark, &doubled))).collect();
    parts.join(".")
}

/// A list for use after `in`: bound values, or an empty set when it has none.
pub fn list(dialect: Dialect, items: &[String]) -> Sql {
    if items.is_empty() {
        // `x in ()` is no SQL everywhere; `x in (null)` would make `not in` never true.
        return Sql::new(match dialect {
            Dialect::Mysql => "(select null from dual where 1 = 0)",
            Dialect::Sqlite | Dialect::Postgres => "(select null where 1 = 0)",
        });
    }
    let values: Vec<Sql> = items.iter().map(|item| Sql::bind(Value::text(item.clone()))).collect();
    Sql::new("(").and(&Sql::join(&values, ", ")).then(")")
}

#[cfg(test)]
mod tests {
    use super::{Sql, list, quoted};
    use crate::model::Value;
    use crate::model::definitions::Dialect::{Mysql, Sqlite};

    #[test]
    fn identifiers_are_quoted_part_by_part() {
        assert_eq!(quoted(Mysql, "asterisk.vicidial_log"), "`asterisk`.`vicidial_log`");
        assert_eq!(quoted(Mysql, "a`b"), "`a``b`");
        assert_eq!(quoted(Sqlite, "a\"; drop table x"), "\"a\"\"; drop table x\"");
    }

    #[test]
    fn lists_are_bound_and_an_empty_one_is_an_empty_set() {
        let bound = list(Mysql, &["SALE".into(), "it's".into()]);
        assert_eq!(bound.text, "(?, ?)");
        assert_eq!(bound.params, [Value::text("SALE"), Value::text("it's")]);
        assert_eq!(list(Sqlite, &[]).text, "(select null where 1 = 0)");
    }

    #[test]
    fn a_comment_does_not_swallow_what_follows() {
        assert_eq!(Sql::default().user(&Sql::new("a -- b")).text, "(a -- b\n)");
    }
}
