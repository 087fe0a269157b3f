//! A configuration proposed from what a database tells of its tables: which are events, which are entities, what
//! they are broken down by and what is counted. Each choice says why. Pure: facts come in, a proposal goes out.

mod column;
mod entities;
mod events;
mod name;
mod table;
#[cfg(test)]
mod tests;
mod time;
pub mod written;
pub mod zone;

use std::collections::BTreeMap;

use self::name::Names;
use self::table::{Role, role};
use crate::model::Value;
use crate::model::definitions::Dialect;
use crate::source::TableFacts;

pub use table::{Wish, archive_of, wish};

/// How many tables are taken of each kind when none is named: the others are written as comments.
const MOST_TAKEN: usize = 6;

/// A table with what a sample of its rows shows.
#[derive(Clone, Debug)]
pub struct Looked {
    /// What the source tells of it.
    pub facts: TableFacts,
    /// The table into which its old rows are copied.
    pub archive: Option<String>,
    /// What a sample of its rows shows.
    pub sample: SampleFacts,
}

/// What a sample of a table's rows shows.
#[derive(Clone, Debug, Default)]
pub struct SampleFacts {
    /// How many rows it has; none where the table has none.
    pub rows: u64,
    /// The column by which they are the newest; `None` where they are any rows.
    pub newest_by: Option<String>,
    /// What was seen of the columns that were looked at, by name.
    pub columns: BTreeMap<String, ColumnSample>,
}

/// What a sample shows of a column.
#[derive(Clone, Debug, Default)]
pub struct ColumnSample {
    /// How many rows have a value.
    pub filled: u64,
    /// How many different values there are.
    pub distinct: u64,
    /// How many are numbers by themselves; `None` where the column's type says that.
    pub numbers: Option<u64>,
    /// The largest.
    pub most: Option<Value>,
    /// Some of them, where it had to be seen what they look like.
    pub values: Vec<Value>,
}

/// What is proposed.
#[derive(Clone, Debug, Default)]
pub struct Proposal {
    /// Tables of events, those that are taken first.
    pub events: Vec<Events>,
    /// Tables of entities, those that are taken first.
    pub entities: Vec<Entities>,
    /// Tables that are neither, with the reason.
    pub left_out: Vec<LeftOut>,
}

/// Events of a table.
#[derive(Clone, Debug)]
pub struct Events {
    /// What they are called in the configuration.
    pub name: String,
    /// Whether they are taken, or only written as a comment.
    pub taken: bool,
    /// Why, and what else should be known.
    pub why: Vec<String>,
    /// Where they come from.
    pub rows: Rows,
    /// The column of time.
    pub time: String,
    /// How it tells time, in the words of the configuration.
    pub time_is: &'static str,
    /// What they can be broken down by.
    pub by: Vec<Dimension>,
    /// What is counted.
    pub metrics: Vec<Metric>,
}

/// Where rows come from.
#[derive(Clone, Debug)]
pub enum Rows {
    /// A table.
    Table(String),
    /// A query.
    Sql(String),
}

/// A dimension.
#[derive(Clone, Debug)]
pub struct Dimension {
    /// What it is called.
    pub name: String,
    /// The expression; `None` for the hour.
    pub sql: Option<String>,
    /// Grouped by itself.
    pub alone: bool,
    /// Whether it is taken, or only written as a comment.
    pub taken: bool,
    /// Why.
    pub why: String,
}

/// A metric.
#[derive(Clone, Debug)]
pub struct Metric {
    /// What it is called.
    pub name: String,
    /// Which kind it is: `count`, `sum`, `avg` or `distinct`.
    pub kind: &'static str,
    /// The expression; `None` for a count.
    pub sql: Option<String>,
    /// Its unit.
    pub unit: Option<&'static str>,
    /// Whether it is taken, or only written as a comment.
    pub taken: bool,
    /// Why.
    pub why: String,
}

/// Entities of a table.
#[derive(Clone, Debug)]
pub struct Entities {
    /// What they are called in the configuration.
    pub name: String,
    /// Whether they are taken, or only written as a comment.
    pub taken: bool,
    /// Why, and what else should be known.
    pub why: Vec<String>,
    /// The query.
    pub sql: String,
    /// The column that tells them apart, as the query names it.
    pub key: String,
    /// The column of what people call them.
    pub label: Option<String>,
    /// Counters: field and column.
    pub counters: Vec<(String, String)>,
    /// Numbers that may be gauges.
    pub gauges: Vec<String>,
    /// Columns by which they are grouped.
    pub group_by: Vec<String>,
    /// Columns of text.
    pub attributes: Vec<String>,
}

/// A table that is left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// Its name.
    pub table: String,
    /// Why, as a clause.
    pub why: String,
}

impl Proposal {
    /// Whether it would make a configuration.
    pub fn is_of_use(&self) -> bool {
        self.events.iter().any(|events| events.taken) || self.entities.iter().any(|entities| entities.taken)
    }
}

/// What is proposed for these tables; `named` says that a user named them.
pub fn propose(dialect: Dialect, looked: &[Looked], named: bool) -> Proposal {
    let mut proposal = Proposal::default();
    let (mut happened, mut are) = (Vec::new(), Vec::new());
    for looked in looked {
        match role(dialect, looked, named) {
            Role::Events(when) => happened.push((looked, when)),
            Role::Entities(kind) => are.push((looked, kind)),
            Role::Neither(why) => {
                proposal.left_out.push(LeftOut { table: looked.facts.full_name(), why });
            }
        }
    }
    // What can be read by an index comes first, then what has many rows.
    happened.sort_by_key(|(looked, when)| (!when.indexed, std::cmp::Reverse(looked.facts.rows)));
    are.sort_by_key(|(looked, _)| std::cmp::Reverse(looked.facts.rows));
    let is_taken = |place: usize| named || place < MOST_TAKEN;
    let mut given = Names::default();
    for (place, (looked, kind)) in are.into_iter().enumerate() {
        let name = given.take(&looked.facts.name);
        proposal.entities.push(entities::entities(dialect, looked, &kind, name, is_taken(place)));
    }
    for (place, (looked, when)) in happened.into_iter().enumerate() {
        let name = given.take(&looked.facts.name);
        proposal.events.push(events::events(dialect, looked, &when, name, is_taken(place)));
    }
    name::metrics(&mut proposal, given);
    proposal
}
