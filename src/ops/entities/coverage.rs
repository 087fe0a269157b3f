//! Which entities have a snapshot, how old it is, and whether their schedule wanted a newer one.

use std::collections::BTreeMap;

use arrow_array::Array as _;
use chrono::{DateTime, TimeDelta, Utc};

use super::fits::is_of;
use super::rows::Rows;
use crate::archive::look_file::{GONE, KEY, LABEL, NOT_DUE, STATE, text_column};
use crate::archive::looks::{REST, ROWS};
use crate::archive::{Archive, ArchiveError, LookDoc, Looks};
use crate::calendar::Calendar;
use crate::config::EntitySettings;
use crate::config::serve::Only;
use crate::entities::due::is_due;
use crate::model::Day;
use crate::model::entity::Every;

/// So many days back a row is looked for where most can't be found: monthly ones are, many times over.
const LONGEST: i64 = 400;

/// What is told from.
#[derive(Clone, Copy)]
pub struct Covering<'a> {
    /// The archive.
    pub archive: &'a Archive,
    /// The entities' name.
    pub name: &'a str,
    /// How they are configured.
    pub entity: &'a EntitySettings,
    /// What the archive holds of them.
    pub looks: &'a Looks,
    /// In whose days rows are counted.
    pub calendar: Calendar,
    /// The only rows that there are for whoever asks.
    pub only: Option<&'a Only>,
}

/// Whether an entity's snapshot is as new as its schedule wants it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Freshness {
    /// It is that of the last day that ended, or newer.
    Current,
    /// That day's row was not wanted.
    NotDue,
    /// That day's look can still be taken in time.
    Due,
    /// It can't any more.
    Overdue,
    /// Whether it was wanted is known to the source only.
    Unknown,
}

impl Freshness {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Current, Self::NotDue, Self::Due, Self::Overdue, Self::Unknown];

    /// Its word: `not_due`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::NotDue => "not_due",
            Self::Due => "due",
            Self::Overdue => "overdue",
            Self::Unknown => "unknown",
        }
    }
}

/// One entity that is known and was not gone when all were looked at last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Covered {
    /// What people call it, as far as its newest row says.
    pub label: Option<String>,
    /// The business day of its newest row and when that was seen; `None` where none is kept.
    pub newest: Option<(Day, DateTime<Utc>)>,
    /// Whether that is new enough.
    pub freshness: Freshness,
    /// The newest look said that it was not due.
    waits: bool,
}

/// How one kind of entities is covered.
#[derive(Clone, Debug)]
pub struct Coverage {
    /// Each of them, by key.
    pub entities: BTreeMap<String, Covered>,
    /// The last day that ended, of which a look is expected; `None` before the calendar begins.
    pub expected: Option<Day>,
    /// Until when that look is in time.
    pub until: Option<DateTime<Utc>>,
    /// The newest look at all.
    pub look: Option<LookDoc>,
}

/// Tells how entities are covered.
///
/// # Errors
/// When the archive can't be read.
pub fn coverage(of: Covering<'_>, now: DateTime<Utc>) -> Result<Coverage, ArchiveError> {
    let look = of.looks.looks.values().map(|line| &line.doc).max_by_key(|look| look.captured_at);
    let mut all: BTreeMap<String, Covered> = BTreeMap::new();
    let known = |waits: bool| Covered { label: None, newest: None, freshness: Freshness::Unknown, waits };
    if let Some(look) = look {
        of.each(look, ROWS, &[KEY], |key, _, _| drop(all.insert(key.to_owned(), known(false))))?;
        of.each(look, REST, &[KEY, STATE], |key, _, state| {
            if state == Some(NOT_DUE) {
                all.insert(key.to_owned(), known(true));
            }
        })?;
    }
    let gone = of.gone(look)?;
    of.newest(look, &gone, &mut all)?;
    if of.only.is_some() {
        // Whose those are that never had a row nobody knows.
        all.retain(|_, covered| covered.newest.is_some());
    }
    let expected = of.calendar.day_of(now).and_then(|today| today.checked_add(-1));
    let most = TimeDelta::from_std(of.entity.max_lag).unwrap_or(TimeDelta::MAX);
    let end = expected.and_then(|day| of.calendar.window(day).ok()).map(|window| window.end);
    let until = end.and_then(|end| end.checked_add_signed(most));
    let late = if until.is_some_and(|until| now <= until) { Freshness::Due } else { Freshness::Overdue };
    let looked = look.map(|look| look.date);
    for covered in all.values_mut() {
        covered.freshness = match expected {
            Some(day) if covered.newest.is_none_or(|(newest, _)| newest < day) => {
                if looked >= Some(day) {
                    // It was not kept although all were looked at, which has one reason.
                    if covered.waits { Freshness::NotDue } else { Freshness::Current }
                } else {
                    of.wanted(covered.waits, looked, day, late)
                }
            }
            _ => Freshness::Current,
        };
    }
    Ok(Coverage { entities: all, expected, until, look: look.cloned() })
}

impl Covering<'_> {
    /// Whether a row of the last day was wanted, of which there is no look.
    fn wanted(self, waits: bool, looked: Option<Day>, day: Day, late: Freshness) -> Freshness {
        if self.entity.def.schedule.is_empty() {
            return late;
        }
        let mut missed = looked.and_then(|day| day.checked_add(1)).unwrap_or(day);
        let mut may_be = false;
        while missed <= day {
            may_be |= is_due(Every::Week, missed) || is_due(Every::Month, missed);
            let Some(next) = missed.checked_add(1) else { break };
            missed = next;
        }
        match (waits, may_be) {
            // It is kept weekly or monthly, and no such day has gone by.
            (true, false) => Freshness::NotDue,
            _ => Freshness::Unknown,
        }
    }

    /// The keys that were not any more when all were looked at last.
    fn gone(self, look: Option<&LookDoc>) -> Result<Vec<String>, ArchiveError> {
        let mut gone = Vec::new();
        if let Some(look) = look {
            self.each(look, REST, &[KEY, STATE], |key, _, state| {
                if state == Some(GONE) {
                    gone.push(key.to_owned());
                }
            })?;
        }
        gone.sort_unstable();
        Ok(gone)
    }

    /// Finds the newest row of each, from the newest day back, no further than needed.
    fn newest(
        self,
        look: Option<&LookDoc>,
        gone: &[String],
        all: &mut BTreeMap<String, Covered>,
    ) -> Result<(), ArchiveError> {
        let rows = Rows::new(self.archive, self.name, self.looks)?;
        let mut days: Vec<Day> = self.looks.looks.keys().copied().chain(self.looks.capture_days()).collect();
        days.sort_unstable();
        days.dedup();
        let mut open = all.len();
        for day in days.into_iter().rev() {
            let seen = look.map(|look| (look.date, look.captured_at));
            let is_before = |days: i64| seen.is_some_and(|(date, _)| date.days_since(day) > days);
            // Of others' rows none is ever found, so that can't be waited for.
            if (open == 0 && is_before(0)) || (self.only.is_some() && is_before(LONGEST)) {
                break;
            }
            let mut found: Vec<(String, Option<String>, DateTime<Utc>)> = Vec::new();
            for row in rows.captures(day)? {
                let since = seen.is_none_or(|(_, at)| row.at > at);
                let is_new = since && !all.contains_key(&row.row.key);
                // What was captured since the newest look need not have been in it.
                let back = since && gone.binary_search(&row.row.key).is_ok();
                if is_of(self.only, &row.row) && (all.contains_key(&row.row.key) || is_new || back) {
                    found.push((row.row.key, row.row.label, row.at));
                }
            }
            if let Some(line) = self.looks.looks.get(&day) {
                let mut columns = vec![KEY, LABEL];
                columns.extend(self.only.map(|only| only.field.as_str()));
                self.each(&line.doc, ROWS, &columns, |key, label, value| {
                    if self.only.is_none_or(|only| value == Some(only.value.as_str()))
                        && all.contains_key(key)
                    {
                        found.push((key.to_owned(), label.map(str::to_owned), line.doc.captured_at));
                    }
                })?;
            }
            for (key, label, at) in found {
                let fresh =
                    Covered { label: None, newest: None, freshness: Freshness::Unknown, waits: false };
                let is_known = all.contains_key(&key);
                let covered = all.entry(key).or_insert(fresh);
                if covered.newest.is_none() {
                    open = if is_known { open.saturating_sub(1) } else { open };
                }
                if covered.newest.is_none_or(|(_, known)| known < at) {
                    (covered.newest, covered.label) = (Some((day, at)), label);
                }
            }
        }
        Ok(())
    }

    /// Goes through a file of a look: key, label where that is read, and the state or the field that is the last column.
    fn each(
        self,
        look: &LookDoc,
        file: &str,
        columns: &[&str],
        mut take: impl FnMut(&str, Option<&str>, Option<&str>),
    ) -> Result<(), ArchiveError> {
        for batch in self.archive.look_columns(look, file, columns)?.into_iter().flatten() {
            let batch = batch.map_err(|error| self.archive.look_damaged(look, file, &error))?;
            let Some(keys) = text_column(&batch, KEY) else { continue };
            let labels = text_column(&batch, LABEL);
            let last = columns.last().and_then(|last| text_column(&batch, last));
            let cell = |column: Option<&arrow_array::StringArray>, at: usize| -> Option<String> {
                column.filter(|column| column.is_valid(at)).map(|column| column.value(at).to_owned())
            };
            for at in 0..keys.len() {
                take(keys.value(at), cell(labels, at).as_deref(), cell(last, at).as_deref());
            }
        }
        Ok(())
    }
}
