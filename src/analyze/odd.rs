//! Days that are out of line with the frozen days around them. Pure: counts come in, findings go out.
//!
//! All is counted in whole numbers, so nothing depends on rounding or on the order in which days were frozen.

mod peers;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::Serialize;

pub use peers::{LEAST_PEERS, Usual};

use crate::model::{Day, Edition};
use peers::{Known, is_far};

/// A count of each frozen day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Series {
    /// What is counted, as it is said within a sentence: `calls`, `new phones`.
    pub of: String,
    /// The counts; a day whose count is not known is missing.
    pub values: BTreeMap<Day, u64>,
}

/// A count of what was never seen before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewSeries {
    /// How many were new. A day before which nothing was counted is missing: there everything is new.
    pub new: Series,
    /// The events they come from: where these are none, nothing new is no surprise.
    pub events: Series,
}

/// What is known of an archive's days, as far as odd days show in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// The main count, where there is one.
    pub main: Option<Series>,
    /// Counts of what was new.
    pub new: Vec<NewSeries>,
    /// How many rows each edition of a day was made of, in the order of the editions. Only editions that counted the same
    /// rows are to be among them, and days with one edition may be missing.
    pub rows: BTreeMap<Day, Vec<(Edition, u64)>>,
}

/// Why a day is odd.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Odd {
    /// There were none, although there are on the days around it and on that day of the week.
    Silent {
        /// What there were none of.
        of: String,
        /// The frozen days around it.
        usual: Usual,
    },
    /// There were events and nothing new among them, although there usually is.
    NothingNew {
        /// What there was none of.
        of: String,
        /// The events.
        events: String,
        /// How many events there were.
        count: u64,
        /// How many were new on the frozen days around it.
        usual: Usual,
    },
    /// It is far from the other frozen days of the same weekday.
    Far {
        /// What is counted.
        of: String,
        /// The day's count.
        value: u64,
        /// These other days.
        usual: Usual,
    },
    /// It was made of fewer rows than an earlier edition of the same day.
    FewerRows {
        /// How many.
        rows: u64,
        /// The edition that was made of the most.
        edition: Edition,
        /// How many these were.
        before: u64,
    },
}

/// All odd days, each with why it is one.
pub fn find(counts: &Counts) -> BTreeMap<Day, Vec<Odd>> {
    let judge = Judge::new(counts);
    let main = counts.main.iter();
    let new = counts.new.iter().map(|new| &new.new);
    let mut days: Vec<Day> = main.chain(new).flat_map(|series| series.values.keys().copied()).collect();
    days.extend(counts.rows.keys());
    days.sort_unstable();
    days.dedup();
    days.into_iter().map(|day| (day, judge.day(day))).filter(|(_, odd)| !odd.is_empty()).collect()
}

/// Why one day is odd; nothing when it is not.
pub fn on(counts: &Counts, day: Day) -> Vec<Odd> {
    Judge::new(counts).day(day)
}

/// The counts, made ready for looking at one day after the other.
struct Judge<'a> {
    counts: &'a Counts,
    main: Option<Known<'a>>,
    new: Vec<Known<'a>>,
}

impl<'a> Judge<'a> {
    fn new(counts: &'a Counts) -> Self {
        Self {
            counts,
            main: counts.main.as_ref().map(|main| Known::of(&main.values)),
            new: counts.new.iter().map(|new| Known::of(&new.new.values)).collect(),
        }
    }

    fn day(&self, day: Day) -> Vec<Odd> {
        let main = self.counts.main.as_ref().zip(self.main.as_ref());
        let mut odd: Vec<Odd> = main
            .and_then(|(series, known)| silent(series, known, day).or_else(|| far(series, known, day)))
            .into_iter()
            .collect();
        let new = self.counts.new.iter().zip(&self.new);
        odd.extend(new.filter_map(|(new, known)| {
            // Where there were no events, that is what is to be said.
            let count = new.events.values.get(&day).copied();
            if count == Some(0) {
                return None;
            }
            nothing_new(new, known, count, day).or_else(|| far(&new.new, known, day))
        }));
        odd.extend(self.counts.rows.get(&day).and_then(|editions| fewer_rows(editions)));
        odd
    }
}

/// No events inside a busy range: the median of the days around is above 0, there were events before, and
/// the other days of this weekday are not usually without any.
fn silent(series: &Series, known: &Known<'_>, day: Day) -> Option<Odd> {
    let value = series.values.get(&day)?;
    let before = || series.values.range(..day).any(|(_, value)| *value > 0);
    if *value > 0 || !before() {
        return None;
    }
    Some(Odd::Silent { of: series.of.clone(), usual: known.busy_around(day)? })
}

fn nothing_new(new: &NewSeries, known: &Known<'_>, count: Option<u64>, day: Day) -> Option<Odd> {
    let value = new.new.values.get(&day)?;
    let count = count.filter(|count| *count > 0 && *value == 0)?;
    let usual = known.busy_around(day)?;
    let (of, events) = (new.new.of.clone(), new.events.of.clone());
    Some(Odd::NothingNew { of, events, count, usual })
}

fn far(series: &Series, known: &Known<'_>, day: Day) -> Option<Odd> {
    let value = *series.values.get(&day)?;
    let peers = known.weekday_peers(day);
    if peers.len() < LEAST_PEERS || !is_far(value, &peers) {
        return None;
    }
    Some(Odd::Far { of: series.of.clone(), value, usual: Usual::of(&peers)? })
}

fn fewer_rows(editions: &[(Edition, u64)]) -> Option<Odd> {
    let ((_, rows), earlier) = editions.split_last()?;
    // Of equal ones the first.
    let most = earlier.iter().rev().max_by_key(|(_, rows)| *rows)?;
    let (edition, before) = *most;
    (*rows < before).then_some(Odd::FewerRows { rows: *rows, edition, before })
}
