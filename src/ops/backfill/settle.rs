//! Puts what was read into the archive, one day after the other in the order of dates.

use std::time::Duration;

use super::readers::Found;
use super::report::{DayOutcome, Numbers};
use crate::archive::{Archive, ArchiveError, SnapshotLine};
use crate::calendar::Calendar;
use crate::config::Config;
use crate::model::manifest::DefinitionsDoc;
use crate::model::seen::KeyId;
use crate::model::{Day, MetricsDoc};
use crate::ops::day::{self, DayPlan, Finish, SaveError, SaveOutcome};
use crate::ops::decide::{By, Refusal};
use crate::ops::freeze::FreezeError;
use crate::ops::past;
use crate::ops::reading::{Now, Reading};
use crate::ops::seen::Seen;
use crate::ops::when;

/// What became of a day.
pub(super) enum Settled {
    /// It is done with.
    Day(Box<DayDone>),
    /// It could not be read or frozen; others may.
    Failed(SaveError),
    /// No other day can be frozen either.
    End(SaveError),
}

/// A day that is done with.
pub(super) struct DayDone {
    pub(super) outcome: DayOutcome,
    pub(super) numbers: Option<Numbers>,
}

/// Puts days away.
pub(super) struct Settler<'a> {
    config: &'a Config,
    calendar: &'a Calendar,
    fingerprints: DefinitionsDoc,
    seen: Seen,
    reason: Option<&'a str>,
    wait: Duration,
    now: Now<'a>,
}

impl<'a> Settler<'a> {
    pub(super) fn new(
        config: &'a Config,
        calendar: &'a Calendar,
        key: Option<KeyId>,
        reason: Option<&'a str>,
        wait: Duration,
        now: Now<'a>,
    ) -> Self {
        let fingerprints = DefinitionsDoc::of(&config.definitions);
        let seen = Seen::new(&config.definitions, &fingerprints, key);
        Self { config, calendar, fingerprints, seen, reason, wait, now }
    }

    /// Does with a day what is to be done now that its reader is through with it.
    pub(super) fn settle(&mut self, day: Day, found: Found) -> Settled {
        let outcome = match found {
            Found::Kept(outcome) => Ok(outcome),
            Found::Read(plan, reading) => self.freeze(day, *plan, &reading),
            Found::Failed(error) => match *error {
                SaveError::Refused(refusal @ (Refusal::NotEnded { .. } | Refusal::Future { .. })) => {
                    let outcome = DayOutcome::NotOver { why: refusal.to_string() };
                    return Settled::Day(Box::new(DayDone { outcome, numbers: None }));
                }
                error => Err(error),
            },
            // The run is to stop; nobody asks any more.
            Found::Dropped => Err(SaveError::Background("it was dropped".to_owned())),
        };
        match outcome {
            Ok(outcome) => Settled::Day(Box::new(self.done(outcome))),
            Err(
                error @ (SaveError::Archive(_)
                | SaveError::Freeze { source: FreezeError::Archive(_), .. }
                | SaveError::ClockBeyond(_)),
            ) => Settled::End(error),
            Err(error) => Settled::Failed(error),
        }
    }

    fn freeze(&mut self, day: Day, plan: DayPlan, reading: &Reading) -> Result<SaveOutcome, SaveError> {
        let now = (self.now)();
        let archive = Archive::open_or_create(&self.config.archive.dir, None, now)?;
        let history = archive.history()?;
        let past = past::load(&archive, &history, &self.config.definitions, day)?;
        self.seen.catch_up(&archive, &history, day)?;
        let counts = self.seen.count(&reading.cubes, day);
        let finish = Finish {
            config: self.config,
            calendar: self.calendar,
            fingerprints: &self.fingerprints,
            past: &past,
            seen: &counts,
            by: By::Backfill,
            reason: self.reason,
            wait: self.wait,
            now: (self.now)(),
        };
        let outcome = day::finish(&finish, &archive, plan, reading)?;
        if let SaveOutcome::Frozen(frozen) = &outcome {
            self.seen.advance(&archive, &frozen.line, &counts);
        }
        Ok(outcome)
    }

    fn done(&self, outcome: SaveOutcome) -> DayDone {
        match outcome {
            SaveOutcome::Frozen(frozen) => DayDone {
                numbers: Some(numbers_of(&frozen.doc)),
                outcome: DayOutcome::Saved {
                    id: frozen.id,
                    provenance: frozen.provenance,
                    why: frozen.why,
                    rows: frozen.rows,
                },
            },
            SaveOutcome::Kept { id, provenance } => {
                DayDone { numbers: self.known(id.day), outcome: DayOutcome::AlreadyThere { id, provenance } }
            }
            SaveOutcome::Unchanged { id, .. } => {
                DayDone { numbers: self.known(id.day), outcome: DayOutcome::Unchanged { id } }
            }
        }
    }

    /// The numbers of a frozen day, from the ledger.
    fn known(&self, day: Day) -> Option<Numbers> {
        let history = Archive::open(&self.config.archive.dir).and_then(|archive| archive.history()).ok()?;
        let line = latest(&history, day).ok()??.clone();
        Some(Numbers { values: line.headline().ok()?, ..Numbers::default() })
    }
}

fn latest(history: &crate::archive::History, day: Day) -> Result<Option<&SnapshotLine>, ArchiveError> {
    Ok(when::latest(history.day(day)?))
}

fn numbers_of(doc: &MetricsDoc) -> Numbers {
    let values = doc.metrics.iter().map(|(name, metric)| (name.clone(), metric.figure.value.clone()));
    let seen = doc.metrics.iter().filter_map(|(name, metric)| Some((name.clone(), metric.seen.clone()?)));
    Numbers { values: values.collect(), seen: seen.collect() }
}
