//! Puts what was read into the archive, one day after the other in the order of dates.

use std::time::Duration;

use super::readers::Found;
use super::report::{DayOutcome, Numbers};
use crate::analyze::odd::Odd;
use crate::archive::{Archive, History};
use crate::calendar::Calendar;
use crate::config::Config;
use crate::model::manifest::DefinitionsDoc;
use crate::model::seen::KeyId;
use crate::model::{Day, MetricsDoc};
use crate::ops::day::{self, DayPlan, Finish, SaveError, SaveOutcome};
use crate::ops::decide::{By, Refusal, Why};
use crate::ops::freeze::FreezeError;
use crate::ops::past;
use crate::ops::reading::{Now, Reading};
use crate::ops::seen::Seen;
use crate::ops::stats::Growing;
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
    pub(super) odd: Vec<Odd>,
    /// What the user should look after, as sentences.
    pub(super) warnings: Vec<String>,
}

impl DayDone {
    pub(super) fn without_numbers(outcome: DayOutcome) -> Self {
        Self { outcome, numbers: None, odd: Vec::new(), warnings: Vec::new() }
    }
}

/// Puts days away.
pub(super) struct Settler<'a> {
    config: &'a Config,
    calendar: &'a Calendar,
    fingerprints: DefinitionsDoc,
    seen: Seen,
    odd: Growing,
    /// The archive as it was looked at last.
    history: Option<History>,
    reason: Option<&'a str>,
    wait: Duration,
    now: Now<'a>,
}

impl<'a> Settler<'a> {
    pub(super) fn new(
        config: &'a Config,
        calendar: &'a Calendar,
        known: Option<&(Archive, History)>,
        key: Option<KeyId>,
        reason: Option<&'a str>,
        wait: Duration,
        now: Now<'a>,
    ) -> Self {
        let fingerprints = DefinitionsDoc::of(&config.definitions);
        let seen = Seen::new(&config.definitions, &fingerprints, key);
        let odd = Growing::new(known.map(|(archive, history)| (archive, history)), config);
        Self { config, calendar, fingerprints, seen, odd, history: None, reason, wait, now }
    }

    /// Does with a day what is to be done now that its reader is through with it.
    pub(super) fn settle(&mut self, day: Day, found: Found) -> Settled {
        let outcome = match found {
            Found::Kept(outcome) => Ok(outcome),
            Found::Read(plan, reading) => self.freeze(day, *plan, &reading),
            Found::Failed(error) => match *error {
                SaveError::Refused(refusal @ (Refusal::NotEnded { .. } | Refusal::Future { .. })) => {
                    let outcome = DayOutcome::NotOver { why: refusal.to_string() };
                    return Settled::Day(Box::new(DayDone::without_numbers(outcome)));
                }
                SaveError::Refused(refusal @ Refusal::Empty { .. }) => {
                    let outcome = DayOutcome::NoHours { why: refusal.to_string() };
                    return Settled::Day(Box::new(DayDone::without_numbers(outcome)));
                }
                error => Err(error),
            },
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

    fn done(&mut self, outcome: SaveOutcome) -> DayDone {
        match outcome {
            SaveOutcome::Frozen(frozen) => {
                let numbers = numbers_of(&frozen.doc);
                let day = frozen.id.day;
                self.odd.add(day, &numbers.values, &numbers.seen);
                if !matches!(frozen.why, Why::First)
                    && let Ok(archive) = Archive::open(&self.config.archive.dir)
                    && let Ok(history) = archive.history()
                {
                    self.odd.compare_editions(&archive, &history, day, self.config);
                }
                DayDone {
                    numbers: Some(numbers),
                    odd: self.odd.odd(day),
                    warnings: frozen.warnings,
                    outcome: DayOutcome::Saved {
                        id: frozen.id,
                        provenance: frozen.provenance,
                        why: frozen.why,
                        rows: frozen.rows,
                    },
                }
            }
            SaveOutcome::Kept { id, provenance } => {
                self.known(id.day, DayOutcome::AlreadyThere { id, provenance })
            }
            SaveOutcome::Unchanged { id, redefined } => {
                let mut done = self.known(id.day, DayOutcome::Unchanged { id });
                // Most days say the same, and it is told once.
                done.warnings.extend((!redefined.is_empty()).then(|| not_compared(&redefined)));
                done
            }
        }
    }

    /// A day that was frozen before, with its numbers from the ledger.
    fn known(&mut self, day: Day, outcome: DayOutcome) -> DayDone {
        // Nothing was frozen since the ledger was read, or the day was there even before.
        let current = self.history.take().filter(History::is_current);
        self.history = current.or_else(|| Archive::open(&self.config.archive.dir).ok()?.history().ok());
        let line = self.history.as_ref().and_then(|history| when::latest(history.day(day).ok()?));
        let numbers = line.and_then(|line| {
            let seen = line.seen().unwrap_or_default();
            Some(Numbers { values: line.headline().ok()?, seen })
        });
        let same = line.is_some_and(|line| line.definitions == self.fingerprints.fingerprint);
        if let Some(numbers) = numbers.as_ref().filter(|_| same) {
            // Another run may have frozen it since this one began. What was defined otherwise is no measure.
            self.odd.add(day, &numbers.values, &numbers.seen);
        }
        DayDone { outcome, numbers, odd: self.odd.odd(day), warnings: Vec::new() }
    }
}

/// Why a day that is defined otherwise now is no restatement.
fn not_compared(redefined: &[String]) -> String {
    format!("not compared, since defined differently when the days were frozen: {}", redefined.join(", "))
}

fn numbers_of(doc: &MetricsDoc) -> Numbers {
    let values = doc.metrics.iter().map(|(name, metric)| (name.clone(), metric.figure.value.clone()));
    let seen = doc.metrics.iter().filter_map(|(name, metric)| Some((name.clone(), metric.seen.clone()?)));
    Numbers { values: values.collect(), seen: seen.collect() }
}
