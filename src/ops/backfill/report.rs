//! What a backfill tells: each day as it is done with, and the whole at the end.

use std::collections::BTreeMap;

use indexmap::IndexMap;

use super::plan::Status;
use super::totals::Totals;
use crate::analyze::odd::Odd;
use crate::model::seen::SeenDoc;
use crate::model::{Day, Edition, Number, Provenance, SnapshotId};
use crate::ops::day::SaveError;
use crate::ops::decide::Why;

/// Receives what a backfill reports while it runs, from several threads.
pub trait Watch: Send + Sync {
    /// The run begins: so many days are to be worked on.
    fn begin(&self, days: usize) {
        let _ = days;
    }

    /// A day is done with.
    fn day(&self, report: &DayReport);

    /// Trouble that may pass by itself, as a sentence.
    fn warn(&self, sentence: &str);

    /// Something the user should know although the run goes on, as a sentence.
    fn remark(&self, sentence: &str);
}

/// A day that is done with.
#[derive(Clone, Debug)]
pub struct DayReport {
    /// The day.
    pub day: Day,
    /// Its place in the plan, from 1.
    pub place: usize,
    /// How many days the plan has.
    pub of: usize,
    /// What became of it.
    pub outcome: DayOutcome,
    /// Its numbers, where it is frozen.
    pub numbers: Option<Numbers>,
    /// Why it is odd, as far as the other days are frozen by now.
    pub odd: Vec<Odd>,
}

/// What became of a day.
#[derive(Clone, Debug)]
pub enum DayOutcome {
    /// It has a new edition.
    Saved {
        /// Which.
        id: SnapshotId,
        /// How it came to be known.
        provenance: Provenance,
        /// What set it off.
        why: Why,
        /// How many rows were read.
        rows: u64,
    },
    /// It was frozen already.
    AlreadyThere {
        /// The latest edition.
        id: SnapshotId,
        /// How it came to be known.
        provenance: Provenance,
    },
    /// It was read again, and no number differs.
    Unchanged {
        /// The latest edition.
        id: SnapshotId,
    },
    /// It can't be frozen yet.
    NotOver {
        /// Why, as a sentence.
        why: String,
    },
    /// It has no hours, since clocks jumped over it: there is nothing to freeze.
    NoHours {
        /// Why, as a sentence.
        why: String,
    },
    /// It could not be read or frozen.
    Failed {
        /// Why, as a sentence.
        why: String,
        /// What to do about it.
        hint: Option<String>,
    },
}

impl DayOutcome {
    /// What the plan says of it: its status, and why.
    pub fn status(&self) -> (Status, Option<&str>) {
        match self {
            Self::Saved { .. } => (Status::Saved, None),
            Self::AlreadyThere { .. } => (Status::Skipped, Some("frozen already")),
            Self::Unchanged { .. } => (Status::Skipped, Some("reads the same")),
            Self::NotOver { why } | Self::NoHours { why } => (Status::Missing, Some(why)),
            Self::Failed { why, .. } => (Status::Failed, Some(why)),
        }
    }

    /// The latest edition, where there is one.
    pub fn edition(&self) -> Option<Edition> {
        match self {
            Self::Saved { id, .. } | Self::AlreadyThere { id, .. } | Self::Unchanged { id } => {
                Some(id.edition)
            }
            Self::NotOver { .. } | Self::NoHours { .. } | Self::Failed { .. } => None,
        }
    }
}

/// The numbers of a frozen day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Numbers {
    /// The main values, by metric.
    pub values: IndexMap<String, Option<Number>>,
    /// The distinct counts over time, by metric.
    pub seen: IndexMap<String, SeenDoc>,
}

/// What became of a run.
#[derive(Debug)]
pub struct Summary {
    /// The first day of the plan.
    pub from: Day,
    /// The last one.
    pub to: Day,
    /// Days that have a new edition.
    pub saved: usize,
    /// Days that were frozen already, those that an earlier run of this plan froze among them.
    pub already_there: usize,
    /// Days that were read again and are as they were.
    pub unchanged: usize,
    /// Days that are not over yet.
    pub not_over: usize,
    /// Days without hours, which clocks jumped over.
    pub no_hours: usize,
    /// Days that could not be read or frozen, each with the reason; those of earlier runs
    /// that were left alone among them.
    pub failed: Vec<(Day, String)>,
    /// Days that nothing was done for, since the run ended before them.
    pub left: usize,
    /// What the frozen days of the range add up to.
    pub totals: Totals,
    /// The odd days of the range, each with why it is one.
    pub odd: BTreeMap<Day, Vec<Odd>>,
    /// Whether somebody stopped it.
    pub interrupted: bool,
    /// What ended it before its last day, other than being stopped.
    pub ended_by: Option<SaveError>,
}

impl Summary {
    /// Whether every day of the plan was dealt with for good, but for those that are not over yet.
    pub fn is_whole(&self) -> bool {
        self.failed.is_empty() && self.left == 0
    }
}
