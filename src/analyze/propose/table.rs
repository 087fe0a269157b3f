//! What a table is: events, entities, or neither.

use super::Looked;
use super::column::{Counter, Kind, counter, is_usable, kind, words};
use super::time::{Of, When, may_tell_time, when};
use crate::model::definitions::Dialect;
use crate::source::{ColumnFacts, TableFacts};

/// How many columns of a table are looked at.
const MOST_COLUMNS: usize = 80;
/// What follows a table's name in that of the table into which its old rows are copied.
const ARCHIVE: &str = "_archive";

/// Of what a sample is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    /// The columns to look at.
    pub columns: Vec<String>,
    /// Those whose values have to be seen one by one.
    pub values: Vec<String>,
    /// Those of which the largest value may tell something.
    pub ordered: Vec<String>,
    /// The column by which the newest rows can be found quickly.
    pub newest_by: Option<String>,
}

/// What of a table should be looked at.
///
/// # Errors
/// Why there is no need to: a clause.
pub fn wish(dialect: Dialect, facts: &TableFacts, named: bool) -> Result<Wish, String> {
    if facts.forbidden {
        return Err("the account has no right to read it".to_owned());
    }
    if ![Some(&facts.name), facts.schema.as_ref()].into_iter().flatten().all(|name| is_usable(name)) {
        return Err("its name can't stand in the SQL of a configuration".to_owned());
    }
    if facts.columns.is_empty() {
        return Err("the source tells none of its columns".to_owned());
    }
    let usable = || facts.columns.iter().filter(|column| is_usable(&column.name));
    let times: Vec<&ColumnFacts> = usable().filter(|column| may_tell_time(dialect, column)).collect();
    let key = key(facts);
    if times.is_empty() && (key.is_none() || counters(dialect, facts).next().is_none() && !named) {
        let no_key = if key.is_none() { ", and no key of one column" } else { "" };
        return Err(format!("no column tells a time, and none is a counter{no_key}"));
    }
    let first = times.iter().copied().chain(key.and_then(|key| facts.column(key)));
    let mut columns: Vec<String> = Vec::new();
    for column in first.chain(usable()) {
        let fits = kind(dialect, &column.kind) != Kind::Other && !columns.contains(&column.name);
        if fits && columns.len() < MOST_COLUMNS {
            columns.push(column.name.clone());
        }
    }
    let mut indexed: Vec<When> =
        times.iter().filter(|column| column.indexed).filter_map(|column| by_type(dialect, column)).collect();
    indexed.sort_by_key(|when| -when.fits);
    // Keys are mostly given out in the order of time.
    let key = key.and_then(|key| facts.column(key));
    let counted = key.filter(|key| matches!(kind(dialect, &key.kind), Kind::Integer { .. }) && key.indexed);
    let newest_by = match indexed.into_iter().next() {
        Some(when) => Some(when.column),
        None => times
            .iter()
            .copied()
            .find(|column| column.indexed && dialect == Dialect::Sqlite)
            .or(counted)
            .map(|column| column.name.clone()),
    };
    let values = times.iter().filter(|column| {
        dialect == Dialect::Sqlite && matches!(kind(dialect, &column.kind), Kind::Text | Kind::Unknown)
    });
    let values = values.map(|column| column.name.clone()).collect();
    // PostgreSQL orders not all that it tells apart.
    let is_ordered = |name: &&String| {
        let is_whole = |column: &ColumnFacts| matches!(kind(dialect, &column.kind), Kind::Integer { .. });
        dialect != Dialect::Postgres || facts.column(name).is_some_and(is_whole)
    };
    let ordered = columns.iter().filter(is_ordered).cloned().collect();
    Ok(Wish { columns, values, ordered, newest_by: newest_by.filter(|_| !facts.view) })
}

/// How a column tells time, where its type alone says so.
fn by_type(dialect: Dialect, column: &ColumnFacts) -> Option<When> {
    when(dialect, column, &super::SampleFacts::default())
}

/// The table of this list into which the old rows of a table are copied: it has the same columns.
pub fn archive_of<'a>(facts: &TableFacts, all: &'a [TableFacts]) -> Option<&'a TableFacts> {
    let name = format!("{}{ARCHIVE}", facts.name);
    let names =
        |facts: &TableFacts| facts.columns.iter().map(|column| column.name.clone()).collect::<Vec<_>>();
    let keyed = !facts.key.is_empty() && facts.key.iter().all(|key| is_usable(key));
    let beside = |other: &TableFacts| other.name == name && other.schema == facts.schema && !other.forbidden;
    all.iter().find(|other| keyed && beside(other) && !facts.view && names(other) == names(facts))
}

/// What a table is.
pub(super) enum Role {
    /// Events, by this time.
    Events(When),
    /// Entities, by this key.
    Entities(Things),
    /// Neither, with the reason.
    Neither(String),
}

/// What makes a table one of entities.
pub(super) struct Things {
    /// The column of the key.
    pub(super) key: String,
    /// The columns of the counters.
    pub(super) counters: Vec<String>,
}

/// What a table is. `named` says that a user named it, and so wants something of it.
pub(super) fn role(dialect: Dialect, looked: &Looked, named: bool) -> Role {
    let facts = &looked.facts;
    let usable = facts.columns.iter().filter(|column| is_usable(&column.name));
    let mut times: Vec<When> = usable.filter_map(|column| when(dialect, column, &looked.sample)).collect();
    // The first of equals stays the first.
    times.sort_by_key(|when| -when.fits);
    let best = times.into_iter().next();
    let counters: Vec<(String, Counter)> = counters(dialect, facts)
        .filter(|(column, _)| super::events::are_numbers(dialect, column, &looked.sample))
        .map(|(column, counter)| (column.name.clone(), counter))
        .collect();
    let sure = counters.iter().any(|(_, counter)| *counter == Counter::Surely) || counters.len() > 1;
    let things = key(facts).map(|key| Things {
        key: key.to_owned(),
        counters: counters.iter().map(|(column, _)| column.clone()).filter(|column| column != key).collect(),
    });
    // Views and likes beside a time by which nothing is found: a thing that has some date, too.
    let things_first = counters.iter().filter(|(_, counter)| *counter == Counter::Surely).count() > 1;
    match (best, things) {
        (Some(best), Some(things)) if things_first && !best.indexed || sure && best.of == Of::Making => {
            Role::Entities(things)
        }
        (Some(best), _) if best.of == Of::Event && best.fits > 0 => Role::Events(best),
        (Some(best), _) if best.of == Of::Making => Role::Events(best),
        (Some(best), things) => match things {
            Some(things) if !things.counters.is_empty() || named && best.of == Of::Change => {
                Role::Entities(things)
            }
            _ if named => Role::Events(best),
            _ => Role::Neither(format!(
                "only {:?} tells a time, which is empty in most rows or changes with the row",
                best.column
            )),
        },
        (None, Some(things)) if !things.counters.is_empty() || named => Role::Entities(things),
        (None, None) => Role::Neither("no column tells a time, and it has no key of one column".to_owned()),
        (None, Some(_)) => {
            let nothing = looked.sample.rows == 0 && dialect == Dialect::Sqlite;
            let empty = if nothing { "; it is empty, so that none could be seen" } else { "" };
            Role::Neither(format!("no column tells a time, and none is a counter{empty}"))
        }
    }
}

/// The one column that tells rows apart.
pub(super) fn key(facts: &TableFacts) -> Option<&str> {
    let unique = || {
        facts
            .columns
            .iter()
            .find(|column| column.unique && is_usable(&column.name))
            .map(|column| column.name.as_str())
    };
    match facts.key.as_slice() {
        [one] if is_usable(one) => Some(one),
        _ => unique(),
    }
}

/// The columns that are named like counters and hold whole numbers.
fn counters(dialect: Dialect, facts: &TableFacts) -> impl Iterator<Item = (&ColumnFacts, Counter)> {
    let whole = move |column: &&ColumnFacts| {
        is_usable(&column.name) && matches!(kind(dialect, &column.kind), Kind::Integer { .. } | Kind::Unknown)
    };
    facts.columns.iter().filter(whole).filter_map(|column| Some((column, counter(&words(&column.name))?)))
}
