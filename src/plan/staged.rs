//! Rows of a database that are taken over into a table of the moment, beside which answers of lookups are held.
//!
//! A database's tables can't be joined with what asof holds, and nothing is ever written there. So the rows of the
//! window are read as they are, and all that is asked about them is asked of that table, in SQLite's SQL.

use super::query::Query;
use super::sql::{Sql, quoted};
use super::time::Bounds;
use crate::model::definitions::{Dialect, EventsDef, From};

/// What is taken over.
#[derive(Clone, Debug, PartialEq)]
pub struct Staged {
    /// The rows with all their columns, to learn which there are.
    pub rows: Query,
    /// The table that they are put into.
    pub table: String,
    /// The column of it that tells the time.
    pub time: String,
    /// The window in the terms of the source.
    pub bounds: Bounds,
    /// The SQL that is asked of the table. What it does not name is left where it is.
    pub asked: Vec<String>,
    /// Where the rows come from, with its condition.
    from: Sql,
}

impl Staged {
    /// The rows of `from`, which begins with that word, of the events `name` in the terms of `bounds`.
    pub fn new(name: &str, events: &EventsDef, bounds: &Bounds, from: Sql) -> Self {
        let rows = Sql::new("select * ").and(&from);
        Self {
            rows: Query { name: format!("the rows of {name}"), sql: rows.text, params: rows.params },
            table: format!("asof_rows_of_{name}"),
            time: time(events).to_owned(),
            bounds: bounds.clone(),
            asked: Vec::new(),
            from,
        }
    }

    /// The same events, as they are read from the table.
    pub fn events(&self, events: &EventsDef) -> EventsDef {
        EventsDef { from: From::Table(self.table.clone()), time: self.time.clone(), ..events.clone() }
    }

    /// The rows with these columns only.
    pub fn rows_with<'c>(&self, columns: impl Iterator<Item = &'c str>) -> Query {
        let columns: Vec<Sql> =
            columns.map(|column| Sql::new(quoted(self.bounds.dialect(), column))).collect();
        let sql = Sql::new("select ").and(&Sql::join(&columns, ", ")).then(" ").and(&self.from);
        Query { name: self.rows.name.clone(), sql: sql.text, params: sql.params }
    }

    /// All rows of the table, as what SQL reads from.
    pub fn all(&self) -> Sql {
        Sql::new(format!("from {}", quoted(Dialect::Sqlite, &self.table)))
    }
}

/// The time column, without the table that may stand before it.
pub(super) fn time(events: &EventsDef) -> &str {
    events.time.rsplit('.').next().unwrap_or(&events.time)
}
