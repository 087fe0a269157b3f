//! Sources that have no SQL of their own: their items are put into tables of the moment, and these are asked.
//!
//! So there is one way of counting for all sources. What is fetched is fetched whole, or nothing is read.

pub mod cell;
mod feed;
mod nameless;
mod sum;
pub mod tables;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufWriter, Write as _};

use chrono::{DateTime, Utc};

pub(super) use self::sum::decimal;
use self::tables::Tables;
use super::files::Files;
use super::http::Http;
use super::lookup::Answers;
use super::sqlite::SqliteSession;
use super::{FeedReport, ServerInfo, SourceError};
use crate::calendar::Window;
use crate::model::{Progress, Value};
use crate::plan::{LookupPlan, Query};

/// How hard items that are kept are packed: 9 takes five times as long for a tenth less.
const LEVEL: i32 = 3;

/// A session with a source whose tables asof fills.
pub(super) struct FilledSession {
    tables: Tables,
    filler: Filler,
    server: ServerInfo,
    /// The tables that are full, and the window they are full for.
    filled: BTreeSet<(String, Option<Span>)>,
    /// The lookups whose answers are held, by the table.
    held: BTreeMap<String, LookupPlan>,
}

type Span = (DateTime<Utc>, DateTime<Utc>);

/// What tables are filled from.
pub(super) enum Filler {
    /// Files.
    Files(Files),
    /// An API.
    Http(Box<Http>),
    /// Nothing by itself: rows of databases are taken over.
    Rows,
}

impl Filler {
    fn tables(&self) -> Vec<&str> {
        match self {
            Self::Files(files) => files.tables(),
            Self::Http(api) => api.tables(),
            Self::Rows => Vec::new(),
        }
    }

    /// Whether what a table holds depends on the window.
    fn is_of_a_window(&self, table: &str) -> bool {
        match self {
            Self::Files(files) => files.is_of_a_window(table),
            Self::Http(api) => api.is_of_a_window(table),
            Self::Rows => false,
        }
    }

    async fn fill(
        &mut self,
        table: &str,
        window: &Window,
        tables: &mut Tables,
        progress: &dyn Progress,
    ) -> Result<(), SourceError> {
        match self {
            Self::Files(files) => files.fill(table, window, tables, progress).await,
            Self::Http(api) => api.fill(table, window, tables, progress).await,
            Self::Rows => Ok(()),
        }
    }
}

impl FilledSession {
    pub(super) fn new(tables: Tables, filler: Filler, kind: &'static str) -> Self {
        let version = format!("counted by SQLite {}", rusqlite::version());
        Self {
            tables,
            filler,
            server: ServerInfo { name: kind, version },
            filled: BTreeSet::new(),
            held: BTreeMap::new(),
        }
    }

    pub(super) fn server(&self) -> &ServerInfo {
        &self.server
    }

    /// The tables.
    pub(super) fn tables(&mut self) -> &mut Tables {
        &mut self.tables
    }

    /// Makes room for the answers of a lookup. Those that are held stay, unless something else was asked then.
    pub(super) async fn make_room(&mut self, lookup: &LookupPlan) -> Result<(), SourceError> {
        if self.held.get(&lookup.table).is_some_and(|known| !known.asks_the_same(lookup)) {
            self.tables.remove(&lookup.table).await?;
        }
        self.tables.add(&lookup.table, &lookup.def.held()).await?;
        self.held.insert(lookup.table.clone(), lookup.clone());
        Ok(())
    }

    /// Whether a query names a table whose rows depend on the window.
    pub(super) fn is_of_a_window(&self, query: &Query) -> bool {
        let mut tables = self.filler.tables().into_iter();
        tables.any(|table| self.filler.is_of_a_window(table) && names(&query.sql, table))
    }

    /// What an API answers about keys.
    pub(super) async fn look_up(
        &mut self,
        lookup: &LookupPlan,
        keys: &[String],
        progress: &dyn Progress,
    ) -> Result<Answers, SourceError> {
        match &self.filler {
            Filler::Http(api) => api.look_up(&lookup.name, keys, progress).await,
            Filler::Files(_) | Filler::Rows => Err(SourceError::Lookup {
                lookup: lookup.name.clone(),
                reason: "files are asked by SQL".to_owned(),
                hint: "give the lookup sql = \"select … in {keys}\"",
            }),
        }
    }

    /// The session that asks the tables.
    pub(super) fn sqlite(&mut self) -> &mut SqliteSession {
        &mut self.tables.session
    }

    pub(super) fn is_usable(&self) -> bool {
        self.tables.session.is_usable()
    }

    pub(super) async fn close(self) {
        self.tables.session.close().await;
    }

    /// Fills the tables that `queries` name, unless they are full for this window.
    pub(super) async fn fill(
        &mut self,
        window: &Window,
        queries: &[&Query],
        progress: &dyn Progress,
    ) -> Result<(), SourceError> {
        let named = |table: &str| queries.iter().any(|query| names(&query.sql, table));
        let wanted: Vec<String> =
            self.filler.tables().into_iter().filter(|table| named(table)).map(str::to_owned).collect();
        for table in wanted {
            let span = self.filler.is_of_a_window(&table).then_some((window.start, window.end));
            let full = (table.clone(), span);
            if self.filled.contains(&full) {
                continue;
            }
            self.filled.retain(|(known, _)| *known != table);
            self.tables.empty(&table).await?;
            self.filler.fill(&table, window, &mut self.tables, progress).await?;
            self.filled.insert(full);
        }
        Ok(())
    }
}

/// The items that filled a table, as they came.
#[derive(Debug)]
pub struct AsTheyCame {
    /// The table.
    pub table: String,
    /// A file without a name: one a line, sorted by their key, packed by zstd.
    pub packed: File,
}

impl FilledSession {
    /// The items of those tables that keep them as they came, of all that `queries` name.
    pub(super) async fn as_they_came(&mut self, queries: &[&Query]) -> Result<Vec<AsTheyCame>, SourceError> {
        let mut kept = Vec::new();
        let tables: Vec<String> = self.filler.tables().into_iter().map(str::to_owned).collect();
        for table in tables {
            let named = queries.iter().any(|query| names(&query.sql, &table));
            let Some(query) = self.tables.as_they_came(&table).filter(|_| named) else { continue };
            let failed = |error: std::io::Error| SourceError::Aside {
                table: table.clone(),
                reason: error.to_string(),
            };
            // As many as they may be, they are not held in memory until the day is frozen.
            let file = BufWriter::new(nameless::file().map_err(failed)?);
            let mut packed = zstd::Encoder::new(file, LEVEL).map_err(failed)?;
            let mut pack = |row: &mut Vec<Value>| {
                let Some(Value::Text(item)) = row.first() else { return Ok(()) };
                packed.write_all(item.as_bytes()).and_then(|()| packed.write_all(b"\n")).map_err(failed)
            };
            self.tables.session.read(&query, &mut pack).await?;
            let file = packed.finish().map_err(failed)?;
            let packed = file.into_inner().map_err(|error| failed(error.into_error()))?;
            kept.push(AsTheyCame { table, packed });
        }
        Ok(kept)
    }

    /// What the first page of each feed holds, where an API is asked.
    pub(super) async fn probe(&self, window: &Window, progress: &dyn Progress) -> Vec<FeedReport> {
        match &self.filler {
            Filler::Files(_) | Filler::Rows => Vec::new(),
            Filler::Http(api) => api.probe(window, progress).await,
        }
    }
}

/// Whether a name stands in SQL as a word. It may stand in a text or a comment only: then too much is fetched, never
/// too little.
pub(super) fn names(sql: &str, table: &str) -> bool {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let (sql, table) = (sql.to_lowercase(), table.to_lowercase());
    sql.match_indices(&table).any(|(at, _)| {
        let before = sql.get(..at).and_then(|before| before.chars().next_back());
        let after = sql.get(at + table.len()..).and_then(|after| after.chars().next());
        !before.is_some_and(is_word) && !after.is_some_and(is_word)
    })
}

#[cfg(test)]
mod tests {
    use super::names;

    #[test]
    fn a_table_is_named_as_a_word() {
        for sql in ["select * from calls", "from CALLS c", "from \"calls\" where", "join calls,x", "calls"] {
            assert!(names(sql, "calls"), "{sql}");
        }
        for sql in ["from all_calls", "from calls2", "from callsé", "", "from call s"] {
            assert!(!names(sql, "calls"), "{sql}");
        }
    }
}
