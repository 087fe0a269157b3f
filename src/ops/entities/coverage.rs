//! Which entities have a snapshot, how old it is, and whether that is older than their schedule allows.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::numbers::LastNumbers;
use super::rows::{KeptRow, Rows};
use crate::archive::{Archive, ArchiveError, Looks};
use crate::calendar::Calendar;
use crate::config::EntitySettings;
use crate::model::Day;
use crate::model::entity::EntityRow;

/// No month is longer.
const MONTH: i64 = 31;

/// How an entity, or all of a kind, fares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// Nothing is kept.
    None,
    /// What is kept is older than it may be.
    Overdue,
    /// It is to be seen, and there is still time.
    Due,
    /// Its schedule asks for no newer one.
    Waiting,
    /// It was seen for the last day that has ended, or since.
    Fresh,
}

impl Standing {
    /// As it is told.
    pub fn word(self) -> &'static str {
        match self {
            Self::None => "no snapshot",
            Self::Overdue => "overdue",
            Self::Due => "due",
            Self::Waiting => "not due",
            Self::Fresh => "up to date",
        }
    }
}

/// An entity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Covered {
    /// Its key.
    pub key: String,
    /// What people call it.
    pub label: Option<String>,
    /// The business day of its newest row.
    pub day: Option<Day>,
    /// When that was seen.
    pub at: Option<DateTime<Utc>>,
    /// How it fares.
    pub standing: Standing,
}

/// How all entities of a kind fare.
#[derive(Clone, Debug)]
pub struct Coverage {
    /// The last day that has ended, which is to be looked at.
    pub expected: Day,
    /// The day of the newest look.
    pub newest: Option<Day>,
    /// How its looks fare.
    pub standing: Standing,
    /// How many days apart rows of one may be by the schedule.
    pub longest: i64,
    /// Each entity that was ever seen, those that fare worst and are the oldest first.
    pub all: Vec<Covered>,
}

impl Coverage {
    /// How many fare so.
    pub fn count(&self, standing: Standing) -> usize {
        self.all.iter().filter(|one| one.standing == standing).count()
    }
}

/// Tells how entities fare at a moment; only those whose newest row passes.
///
/// # Errors
/// When a file is missing or damaged.
pub fn coverage(
    (archive, calendar): (&Archive, &Calendar),
    (name, entity): (&str, &EntitySettings),
    looks: &Looks,
    (today, now): (Day, DateTime<Utc>),
    passes: impl Fn(&EntityRow) -> bool,
) -> Result<Coverage, ArchiveError> {
    let expected = today.checked_add(-1).unwrap_or(today);
    let newest = looks.looks.last_key_value().map(|(day, _)| *day);
    let most = TimeDelta::from_std(entity.max_lag).unwrap_or(TimeDelta::MAX);
    let in_time = calendar
        .window(expected)
        .is_ok_and(|window| window.end.checked_add_signed(most).is_none_or(|last| now <= last));
    let standing = match newest {
        Some(day) if day >= expected => Standing::Fresh,
        _ if in_time => Standing::Due,
        Some(_) => Standing::Overdue,
        None => Standing::None,
    };
    let longest = longest(entity);
    let numbers: BTreeMap<String, u64> =
        LastNumbers::new(archive, looks)?.map(|last| (last.key, last.seq)).collect();
    let mut rows = Rows::new(archive, name, looks)?.newest(&numbers, None)?;
    let one = |key: String| {
        let row = rows.remove(&key).map(|newest| newest.row);
        let standing = of_row(row.as_ref(), (expected, longest), standing);
        Some(Covered {
            label: row.as_ref().and_then(|row| row.row.label.clone()),
            day: row.as_ref().map(|row| row.day),
            at: row.as_ref().map(|row| row.at),
            standing,
            key,
        })
        .filter(|_| {
            row.as_ref().is_some_and(|row| passes(&row.row)) || (row.is_none() && passes_all(&passes))
        })
    };
    let mut all: Vec<Covered> = numbers.into_keys().filter_map(one).collect();
    all.sort_by(|one, other| (one.standing, one.day, &one.key).cmp(&(other.standing, other.day, &other.key)));
    Ok(Coverage { expected, newest, standing, longest, all })
}

/// Whether even a row of which nothing is known passes.
fn passes_all(passes: &impl Fn(&EntityRow) -> bool) -> bool {
    passes(&EntityRow { key: String::new(), seq: 0, label: None, fields: indexmap::IndexMap::new() })
}

fn of_row(row: Option<&KeptRow>, (expected, longest): (Day, i64), looks: Standing) -> Standing {
    let Some(row) = row else { return Standing::None };
    match expected.days_since(row.day) {
        ..=0 => Standing::Fresh,
        age if age < longest => Standing::Waiting,
        age if age == longest && looks == Standing::Due => Standing::Due,
        _ => Standing::Overdue,
    }
}

/// The longest time between two rows of one entity that its schedule allows: where no rule matches it is a month.
fn longest(entity: &EntitySettings) -> i64 {
    if entity.def.schedule.is_empty() { 1 } else { MONTH }
}
