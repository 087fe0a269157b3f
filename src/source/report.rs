//! What a source tells about itself and its queries, for `asof check`.

use chrono::{DateTime, Utc};

use super::SourceError;

/// What kind of server it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerInfo {
    /// `MariaDB`, `MySQL`, `PostgreSQL` or `SQLite`.
    pub name: &'static str,
    /// Its version, in its own words.
    pub version: String,
}

/// A column of a query's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type in the source's words, in lower case; empty where SQLite knows none.
    pub kind: String,
}

/// What the first page of a feed holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedReport {
    /// The feed, with its source's name where that has one.
    pub feed: String,
    /// What is in it, or why it can't be had.
    pub page: Result<FirstPage, SourceError>,
}

/// What a feed's first page tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FirstPage {
    /// How many items it has.
    pub items: usize,
    /// How many there are in all, where the API tells.
    pub total: Option<u64>,
    /// Whether more pages may follow.
    pub goes_on: bool,
    /// Whether it is the last, as nothing in it leads on.
    pub is_last: bool,
    /// What its items have: JSON pointers, and the kinds of values that are there.
    pub fields: Vec<(String, String)>,
}

/// How a query gets at one table, as the source plans it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// The table, or the name the query gives it.
    pub table: String,
    /// The kind of access: `range`, `ref`, `ALL` … on MySQL and MariaDB, `search` or `scan` on SQLite,
    /// `index scan`, `seq scan` … on PostgreSQL.
    pub access: String,
    /// The index it uses.
    pub key: Option<String>,
    /// The columns of that index by which rows are found, in the index's order.
    pub uses_columns: Vec<String>,
    /// How many rows it expects to look at.
    pub rows: Option<u64>,
    /// Whether every row of the table, or of an index, is looked at.
    pub full_scan: bool,
    /// What else the source says.
    pub note: Option<String>,
}

impl Access {
    /// Whether rows are found by this column: it comes first in the index that is used.
    pub fn finds_by(&self, column: &str) -> bool {
        !self.full_scan && self.uses_columns.first().is_some_and(|first| first.eq_ignore_ascii_case(column))
    }
}

/// What a server says about itself and the account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerReport {
    /// What it is.
    pub server: ServerInfo,
    /// Its clock, to the microsecond (SQLite, whose clock is this machine's: to the millisecond).
    pub now: DateTime<Utc>,
    /// Its zone; SQLite has none.
    pub zone: Option<ServerZone>,
    /// The privileges by which the account could write; `None` where there are no accounts,
    /// or they could not be read.
    pub writes: Option<Vec<Grant>>,
    /// The cipher of the encrypted connection; `None` when it is not encrypted.
    pub tls: Option<String>,
    /// Whether the server itself ends a query that takes too long.
    pub limits_time: bool,
}

/// A server's zone, before asof sets its own for the session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerZone {
    /// What is added to UTC to get its local time, in seconds, at the time of connecting.
    pub offset_seconds: i32,
    /// Its setting: a name, an offset, or `SYSTEM`.
    pub setting: String,
    /// The zone that `SYSTEM` stands for.
    pub system: String,
}

/// A privilege to write.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Grant {
    /// The privilege: `INSERT`, `ALL PRIVILEGES`.
    pub privilege: String,
    /// On what: `asterisk.*`.
    pub on: String,
}
