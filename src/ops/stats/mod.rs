//! Statistics over days: for each frozen day the numbers of its latest edition, from the ledger.
//!
//! What was new on a day, and how many different keys there were until then, is frozen with the day and never
//! rewritten. A day that was inserted or restated later changes what these numbers would be now, so
//! [`collect`] counts them again, and keeps both where they differ.
//!
//! | module | what it is for |
//! | --- | --- |
//! | [`columns`](mod@columns) | which statistics there are |
//! | `names` | what they are called |
//! | `document` | them as JSON and CSV |
//! | [`odd`] | the counts in which odd days show |

pub mod columns;
mod document;
mod growing;
mod names;
pub mod odd;

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;

pub use columns::{Column, Part, Total, columns};
pub use document::{csv, document, record};
pub use growing::Growing;

use crate::analyze::odd::{Counts, Odd, find};
use crate::archive::{Archive, ArchiveError, History, SnapshotLine};
use crate::config::Config;
use crate::model::seen::SeenDoc;
use crate::model::{Day, Edition, Fingerprint, Number, Provenance};
use crate::ops::seen::{Recount, recount};
use crate::ops::when;

/// How many significant digits a number has that was divided.
const RATIO_DIGITS: u64 = 12;

/// The statistics of an archive's days.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Which there are.
    pub columns: Vec<Column>,
    /// The frozen days, in order.
    pub rows: Vec<StatsRow>,
    /// The counts in which odd days show, of all frozen days.
    pub counts: Counts,
    /// What could not be counted because it is damaged, as sentences.
    pub damaged: Vec<String>,
}

/// The statistics of one day, by its latest edition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatsRow {
    /// The day.
    pub day: Day,
    /// Which edition of it.
    pub edition: Edition,
    /// How that came to be known.
    pub provenance: Provenance,
    /// What made its numbers.
    pub definitions: Fingerprint,
    /// Metrics that were defined otherwise then, by [`collect`] only.
    pub redefined: BTreeSet<String>,
    /// One for each column.
    pub cells: Vec<Cell>,
    /// The counts over time as the archive stands now, by metric.
    pub seen: IndexMap<String, SeenDoc>,
}

/// One number of a day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    /// As the archive stands now; `None` when it is unknown.
    pub value: Option<Number>,
    /// As it was frozen.
    pub frozen: Option<Number>,
}

impl Cell {
    /// Whether another number was frozen than the days would give now.
    pub fn differs(&self) -> bool {
        self.value != self.frozen
    }
}

/// The counts over time of days, by metric.
type Seen = BTreeMap<String, BTreeMap<Day, SeenDoc>>;

/// The statistics of all frozen days, with what is counted over time counted again.
///
/// All kept keys are read for that. A day that is damaged is done without, and that is said in [`Stats::damaged`].
///
/// # Errors
/// When the ledger is damaged.
pub fn collect(archive: &Archive, history: &History, config: &Config) -> Result<Stats, ArchiveError> {
    let columns = columns(config);
    let cumulative: Vec<&str> = columns
        .iter()
        .filter(|column| column.part == Part::New)
        .map(|column| column.metric.as_str())
        .collect();
    let Recount { metrics: now, damaged } = recount(archive, history, &cumulative)?;
    let mut rows = rows(&columns, history, Some(&now));
    odd::note_redefined(archive, config, &mut rows);
    let mut counts = odd::counts(Some(archive), config, &columns, &rows);
    let of_editions = history.days().map(|(day, editions)| (day, odd::rows_of(archive, editions, config)));
    counts.rows = of_editions.filter(|(_, rows)| rows.len() > 1).collect();
    Ok(Stats { columns, rows, counts, damaged })
}

/// The same from the ledger alone, with what is counted over time as it was frozen: for whoever asks again
/// and again while days are added. The rows of several editions are not among its [`Stats::counts`].
pub fn frozen(archive: &Archive, history: &History, config: &Config) -> Stats {
    let columns = columns(config);
    let rows = rows(&columns, history, None);
    let counts = odd::counts(Some(archive), config, &columns, &rows);
    Stats { columns, rows, counts, damaged: Vec::new() }
}

impl Stats {
    /// All odd days, each with why it is one.
    pub fn odd(&self) -> BTreeMap<Day, Vec<Odd>> {
        find(&self.counts)
    }

    /// Only the statistics of these metrics, in this order; all of them when none is named.
    pub fn choose(&mut self, metrics: &[String]) {
        if metrics.is_empty() {
            return;
        }
        let of = |metric: &String| {
            let columns = self.columns.iter().enumerate();
            columns.filter(|(_, column)| column.metric == *metric).map(|(at, _)| at).collect::<Vec<_>>()
        };
        let mut places: Vec<usize> = Vec::new();
        for at in metrics.iter().flat_map(of) {
            if !places.contains(&at) {
                places.push(at);
            }
        }
        self.columns = places.iter().filter_map(|at| self.columns.get(*at).cloned()).collect();
        for row in &mut self.rows {
            row.cells = places.iter().filter_map(|at| row.cells.get(*at).cloned()).collect();
        }
    }

    /// Only these days; which of them are odd still follows from all.
    pub fn between(&mut self, from: Option<Day>, to: Option<Day>) {
        self.rows.retain(|row| from.is_none_or(|from| from <= row.day) && to.is_none_or(|to| row.day <= to));
    }

    /// What the rows add up to, one for each column: of the days whose number is known. `None` where
    /// nothing can be said of several days.
    pub fn totals(&self) -> Vec<Option<Number>> {
        let column = |(at, column): (usize, &Column)| {
            let mut known = self.rows.iter().filter_map(|row| row.cells.get(at)?.value.as_ref());
            match column.total {
                Total::Nothing => None,
                Total::Last => known.next_back().cloned(),
                Total::Sum | Total::RoundedSum => {
                    let first = known.next()?.clone();
                    let sum = known.fold(first, |sum, value| sum + value);
                    Some(if column.total == Total::Sum { sum } else { sum.significant(RATIO_DIGITS) })
                }
            }
        };
        self.columns.iter().enumerate().map(column).collect()
    }

    /// How many of the rows have a number in a column that was defined otherwise than it is now.
    pub fn redefined(&self, column: usize) -> usize {
        let Some(Column { metric, .. }) = self.columns.get(column) else { return 0 };
        let known = |row: &&StatsRow| row.cells.get(column).is_some_and(|cell| cell.value.is_some());
        self.rows.iter().filter(known).filter(|row| row.redefined.contains(metric)).count()
    }

    /// How many of the rows have no number in a column.
    pub fn unknown(&self, column: usize) -> usize {
        self.rows.iter().filter(|row| row.cells.get(column).is_none_or(|cell| cell.value.is_none())).count()
    }
}

/// The rows of all days that are there.
fn rows(columns: &[Column], history: &History, now: Option<&Seen>) -> Vec<StatsRow> {
    let names: Vec<String> = columns.iter().map(|column| column.metric.clone()).collect();
    let latest = history.days().filter_map(|(_, editions)| when::latest(editions));
    latest.map(|line| row(columns, &names, line, now)).collect()
}

fn row(columns: &[Column], names: &[String], line: &SnapshotLine, now: Option<&Seen>) -> StatsRow {
    let mut names = names.to_vec();
    names.dedup();
    let values = line.values(&names).unwrap_or_default();
    let values: BTreeMap<String, Option<Number>> = names.into_iter().zip(values).collect();
    // None where they can't be read.
    let frozen = line.seen().unwrap_or_default();
    let seen: IndexMap<String, SeenDoc> = match now {
        None => frozen.clone(),
        Some(now) => {
            let of_day = |(metric, days): (&String, &BTreeMap<Day, SeenDoc>)| {
                days.get(&line.date).map(|doc| (metric.clone(), doc.clone()))
            };
            now.iter().filter_map(of_day).collect()
        }
    };
    let cell = |column: &Column| {
        let part = |seen: &IndexMap<String, SeenDoc>| {
            let doc = seen.get(&column.metric)?;
            if column.part == Part::New { doc.new } else { doc.cumulative }.map(Number::from)
        };
        if column.part == Part::Value {
            let value = values.get(&column.metric).cloned().flatten();
            Cell { frozen: value.clone(), value }
        } else {
            Cell { value: part(&seen), frozen: part(&frozen) }
        }
    };
    StatsRow {
        day: line.date,
        edition: line.edition,
        provenance: line.provenance,
        definitions: line.definitions,
        redefined: BTreeSet::new(),
        cells: columns.iter().map(cell).collect(),
        seen,
    }
}
