//! Lookups: what a second system is asked about keys in hand, and where SQL names what it answers.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::definitions::Dialect;
use super::sql_text::skipped;
use super::table::{ColumnDef, ColumnKind, TableDef};

/// The column of the table of answers that holds the key.
pub const KEY: &str = "asof_key";
/// The column that tells whether there is an answer about the key.
pub const FOUND: &str = "asof_found";

/// What a second system is asked, and what becomes of its answers. It is frozen with the numbers, since it makes them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LookupDef {
    /// The name of the source that is asked, where there are several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// What is asked about: an SQL expression over an event's row.
    pub key: String,
    /// The query that is asked, with the keys as `{keys}`; `None` where an API is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sql: Option<String>,
    /// How an answer becomes columns. [`KEY`] among them is where it tells the key.
    pub table: TableDef,
}

impl LookupDef {
    /// The columns of its answers, but for the key.
    pub fn columns(&self) -> impl Iterator<Item = (&String, &ColumnDef)> {
        self.table.columns.iter().filter(|(name, _)| *name != KEY)
    }

    /// The table that its answers are held in while days are read: one row for each key that was asked about.
    pub fn held(&self) -> TableDef {
        let own = |kind| ColumnDef { at: String::new(), kind, format: None };
        let mut columns: BTreeMap<String, ColumnDef> =
            self.columns().map(|(name, def)| (held_column(name), def.clone())).collect();
        columns.insert(KEY.to_owned(), own(ColumnKind::Text));
        columns.insert(FOUND.to_owned(), own(ColumnKind::Boolean));
        let key = vec![KEY.to_owned()];
        TableDef { from: String::new(), items: None, key, columns, settings: BTreeMap::new() }
    }
}

/// The name of the table that a lookup's answers are held in.
pub fn held_table(lookup: &str) -> String {
    format!("asof_lookup_{lookup}")
}

/// What a column of its answers is called there. No column of an event is called so, and none is meant by mistake.
pub fn held_column(column: &str) -> String {
    format!("asof_answer_{column}")
}

/// A piece of SQL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// As it stands.
    Text(&'a str),
    /// `lookup.NAME.COLUMN`
    Answer {
        /// The lookup.
        lookup: &'a str,
        /// The column of its answers.
        column: &'a str,
    },
}

/// The SQL around each `lookup.NAME.COLUMN`: not in a text, a quoted name or a comment.
pub fn around_lookups(dialect: Dialect, sql: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let (mut begin, mut at) = (0, 0);
    while let Some(rest) = sql.get(at..).filter(|rest| !rest.is_empty()) {
        let quoted = skipped(dialect, sql, at);
        if quoted > 0 {
            at += quoted;
        } else if let Some((lookup, column)) = answer(sql.get(..at).unwrap_or_default(), rest) {
            pieces.extend([
                Piece::Text(sql.get(begin..at).unwrap_or_default()),
                Piece::Answer { lookup, column },
            ]);
            at += "lookup..".len() + lookup.len() + column.len();
            begin = at;
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    pieces.push(Piece::Text(sql.get(begin..).unwrap_or_default()));
    pieces
}

/// The lookups and columns that SQL names, in their order.
pub fn named(dialect: Dialect, sql: &str) -> impl Iterator<Item = (&str, &str)> {
    around_lookups(dialect, sql).into_iter().filter_map(|piece| match piece {
        Piece::Answer { lookup, column } => Some((lookup, column)),
        Piece::Text(_) => None,
    })
}

/// A name and a column where `lookup.NAME.COLUMN` begins as a word of its own.
fn answer<'a>(before: &str, rest: &'a str) -> Option<(&'a str, &'a str)> {
    let other = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$' | '.' | ':' | '@');
    if before.ends_with(other) {
        return None;
    }
    let rest = rest.strip_prefix("lookup.")?;
    let (lookup, rest) = rest.split_at(name(rest)?);
    let rest = rest.strip_prefix('.')?;
    let (column, rest) = rest.split_at(name(rest)?);
    (!rest.starts_with(other) && !rest.trim_start().starts_with('(')).then_some((lookup, column))
}

/// How long the name is that a text begins with; `None` without one.
fn name(text: &str) -> Option<usize> {
    let end = text.find(|c: char| !(c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'));
    Some(end.unwrap_or(text.len())).filter(|end| *end > 0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Piece, around_lookups, named};
    use crate::model::definitions::Dialect::{self, Mysql, Postgres, Sqlite};

    fn shown(dialect: Dialect, sql: &str) -> String {
        let piece = |piece: Piece<'_>| match piece {
            Piece::Text(text) => text.to_owned(),
            Piece::Answer { lookup, column } => format!("<{lookup} {column}>"),
        };
        around_lookups(dialect, sql).into_iter().map(piece).collect()
    }

    #[test]
    fn answers_are_named_by_words_of_their_own() {
        for dialect in [Mysql, Sqlite, Postgres] {
            for (sql, expected) in [
                ("lookup.outcome.status", "<outcome status>"),
                ("coalesce(lookup.outcome.status, 'x')", "coalesce(<outcome status>, 'x')"),
                ("lookup.a.b=lookup.c_1.d_2", "<a b>=<c_1 d_2>"),
                ("lookup.outcome", "lookup.outcome"),
                ("lookup.outcome.", "lookup.outcome."),
                ("lookup.outcome.status.x", "lookup.outcome.status.x"),
                ("my.lookup.outcome.status", "my.lookup.outcome.status"),
                ("mylookup.outcome.status", "mylookup.outcome.status"),
                ("lookup.outcome.Status", "lookup.outcome.Status"),
                ("lookup.outcome.status(1)", "lookup.outcome.status(1)"),
                ("'lookup.outcome.status'", "'lookup.outcome.status'"),
                ("\"lookup.outcome.status\"", "\"lookup.outcome.status\""),
                (
                    "-- lookup.outcome.status\nlookup.outcome.status",
                    "-- lookup.outcome.status\n<outcome status>",
                ),
                ("é lookup.a.b é", "é <a b> é"),
                ("", ""),
            ] {
                assert_eq!(shown(dialect, sql), expected, "{dialect:?}");
            }
        }
        assert_eq!(
            named(Sqlite, "lookup.a.b + lookup.c.d + lookup.a.b").collect::<Vec<_>>(),
            [("a", "b"), ("c", "d"), ("a", "b")]
        );
    }

    proptest! {
        #[test]
        fn nothing_else_is_taken_away(sql in r#"([-'"`#/*\\\n é\[\]$e.]|lookup\.a\.b|a){0,20}"#) {
            for dialect in [Mysql, Sqlite, Postgres] {
                let whole: String = around_lookups(dialect, &sql)
                    .into_iter()
                    .map(|piece| match piece {
                        Piece::Text(text) => text.to_owned(),
                        Piece::Answer { lookup, column } => format!("lookup.{lookup}.{column}"),
                    })
                    .collect();
                prop_assert_eq!(&whole, &sql);
            }
        }
    }
}
