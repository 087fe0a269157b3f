//! What a save does before its own day: frozen days of the configured ages are read again, by their own
//! definitions, and days that no save froze in their time are frozen late.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::causes::causes_beside_day;
use super::day::{self, Finish, Frozen, Next, SaveError, SaveOutcome};
use super::decide::{By, Why, Wish};
use super::reading::{Env, Now, Reader, ReadingError};
use super::reread::{self, Again, ByWhich, FreezeAgain, FrozenDay, RereadError, Shrunk};
use super::seen::Seen;
use super::{key_file, past, when};
use crate::archive::{Archive, ArchiveError, Confirmation, History};
use crate::calendar::Calendar;
use crate::config::Config;
use crate::metrics::keys::KeyHash;
use crate::model::manifest::DefinitionsDoc;
use crate::model::{Day, Progress, Provenance, SnapshotId};
use crate::source::SourceError;

/// The reason that an edition is frozen with which a save found at its age.
pub const REASON: &str = "lookback";
/// The reason that a day is frozen with which no save froze in its time.
pub const MISSED: &str = "missed: no save froze it in its time";

/// What became of a day that was looked back at.
#[derive(Clone, Debug)]
pub enum LookedBack {
    /// It reads as it was frozen.
    Confirmed {
        /// The edition that holds.
        id: SnapshotId,
    },
    /// It has a new edition: a number differs, it is final now, or it was missed.
    Frozen(Box<Frozen>),
    /// Rows of it are gone: the frozen day stands.
    Shrunk {
        /// The edition that stands.
        id: SnapshotId,
        /// The events of which rows are gone.
        gone: Vec<Shrunk>,
    },
    /// It could not be read or frozen: what is frozen stands.
    Failed {
        /// The day.
        day: Day,
        /// Why, as a sentence.
        why: String,
    },
}

/// What is to be done with a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Task {
    /// It is frozen, and read again.
    Again,
    /// It is not, and was missed.
    Late,
}

/// What looking back needs beside the configuration.
#[derive(Clone, Copy)]
pub struct LookBack<'a> {
    /// The configuration.
    pub config: &'a Config,
    /// Looks up an environment variable.
    pub env: Env<'a>,
    /// The clock.
    pub now: Now<'a>,
    /// The day that is saved itself, and so not looked back at.
    pub saving: Day,
    /// How long connection trouble is retried.
    pub retry_for: Duration,
    /// How long the archive's lock is waited for in all.
    pub wait: Duration,
}

/// The days that are looked back at today, oldest first.
///
/// A day is missed only between a frozen day and the one that is saved: what lies before the first one was never
/// meant to be frozen, and what lies after the one that is saved may still be by the save that is about it.
fn plan(ages: &[u16], frozen: &BTreeSet<Day>, today: Day, saving: Day) -> Vec<(Day, Task)> {
    let (Some(oldest), Some(first)) = (ages.iter().max(), frozen.first()) else { return Vec::new() };
    let task = |age: u16| {
        let day = today.checked_add(-i64::from(age)).filter(|day| *day != saving)?;
        let again = frozen.contains(&day);
        let wanted = if again { ages.contains(&age) } else { *first < day && day < saving };
        wanted.then_some((day, if again { Task::Again } else { Task::Late }))
    };
    (1..=*oldest).rev().filter_map(task).collect()
}

/// What came of looking back.
#[derive(Debug, Default)]
pub struct Looking {
    /// The days that were looked at, oldest first.
    pub found: Vec<LookedBack>,
    /// Why no further day was looked at: the source can't be reached.
    pub ended: Option<SaveError>,
    /// How long the archive's lock was waited for in vain: the day's own save need not wait as long again.
    pub waited: Duration,
}

/// Looks back from today: every day of it is told of, and none keeps the others from being looked at.
///
/// # Errors
/// When the hash key is missing, or the archive can't be read.
pub async fn look_back(input: &LookBack<'_>, progress: &dyn Progress) -> Result<Looking, SaveError> {
    let config = input.config;
    let calendar = Calendar::new(config.calendar);
    let now = (input.now)();
    let today = calendar.day_of(now).ok_or(SaveError::ClockBeyond(now))?;
    let Some(known) = day::open(config)? else { return Ok(Looking::default()) };
    let days = known.1.days().map(|(day, _)| day).collect();
    let tasks = plan(&config.again.lookback, &days, today, input.saving);
    if tasks.is_empty() {
        return Ok(Looking::default());
    }
    let hash = key_file::of(config, Some(&known))?;
    let (archive, mut history) = known;
    let mut reader = Reader::new(&config.sources, input.env, hash.as_ref());
    let (mut looking, mut confirmed) = (Looking::default(), Vec::new());
    let left = |looking: &Looking| input.wait.saturating_sub(looking.waited);
    for (day, task) in tasks {
        progress.step(&format!("looking back at {day}"));
        let mut look = Look {
            input,
            calendar: &calendar,
            archive: &archive,
            history: &history,
            hash: hash.as_ref(),
            reader: &mut reader,
            wait: left(&looking),
        };
        let looked = match task {
            Task::Again => look.again(day, &mut confirmed, progress).await,
            Task::Late => look.late(day, progress).await,
        };
        let looked = match looked {
            Ok(looked) => looked,
            // What was found so far is noted and told all the same.
            Err(error) if is_the_end(&error) => {
                looking.ended = Some(error);
                break;
            }
            Err(error) => {
                looking.waited += error.waited();
                Some(LookedBack::Failed { day, why: causes_beside_day(&error) })
            }
        };
        if matches!(looked, Some(LookedBack::Frozen(_))) {
            history = archive.history()?;
        }
        looking.found.extend(looked);
    }
    reader.close().await;
    if !confirmed.is_empty()
        && let Err(error) = archive.confirm(&confirmed, left(&looking), (input.now)())
    {
        if let ArchiveError::Locked { waited, .. } = &error {
            looking.waited += *waited;
        }
        // The days hold all the same; that nobody noted it keeps no day from being saved.
        progress.warn(&format!("that frozen days still hold could not be noted: {error}"));
    }
    Ok(looking)
}

/// Whether no other day can be read either. A connection that breaks may be that day's own trouble.
fn is_the_end(error: &SaveError) -> bool {
    let lost =
        matches!(error, SaveError::Reading { source: ReadingError::Source(SourceError::Lost { .. }), .. });
    error.is_unreachable() && !lost
}

/// One look at a day.
struct Look<'a, 'r> {
    input: &'a LookBack<'a>,
    calendar: &'a Calendar,
    archive: &'a Archive,
    history: &'a History,
    hash: Option<&'a KeyHash>,
    reader: &'a mut Reader<'r>,
    /// How long the archive's lock is still waited for.
    wait: Duration,
}

impl Look<'_, '_> {
    /// Reads a frozen day again. `None` when there is nothing to be known of it yet.
    async fn again(
        &mut self,
        day: Day,
        confirmed: &mut Vec<Confirmation>,
        progress: &dyn Progress,
    ) -> Result<Option<LookedBack>, SaveError> {
        let Some(line) = when::latest(self.history.day(day)?) else {
            return Ok(Some(LookedBack::Failed { day, why: "its folders are missing".to_owned() }));
        };
        let now = (self.input.now)();
        let provisional = line.provenance == Provenance::Provisional;
        if provisional && self.calendar.provenance(day, now)? == Provenance::Provisional {
            return Ok(None);
        }
        let frozen = reread::open(self.archive, line)?;
        let again = Again {
            config: self.input.config,
            which: ByWhich::Frozen,
            hash: self.hash,
            retry_for: self.input.retry_for,
            now: self.input.now,
        };
        let read = reread::read(self.reader, &again, self.archive, &frozen, progress).await;
        let found = read.map_err(|error| failed(day, error))?;
        let id = line.id();
        let gone = reread::shrunk(&frozen, &found, &self.input.config.again.shrink_guard);
        // A provisional day that is seen in its time is what it is; one that is seen too late may have lost rows.
        let in_time =
            provisional && self.calendar.provenance(day, found.reading.captured_at)? == Provenance::Witnessed;
        if !gone.is_empty() && !in_time {
            return Ok(Some(LookedBack::Shrunk { id, gone }));
        }
        if !provisional && reread::differ(&frozen, &found).is_empty() {
            let captured_at = found.reading.captured_at;
            if !self.is_noted(id, captured_at) {
                confirmed.push(Confirmation { date: day, edition: id.edition, captured_at });
            }
            return Ok(Some(LookedBack::Confirmed { id }));
        }
        let after = id.edition;
        let why = if provisional { Why::Final { after } } else { Why::Lookback { after } };
        self.freeze(&why, &frozen, found).map(Some)
    }

    /// Whether the ledger says already that an edition still held on that day: saves that are repeated on one day
    /// add nothing.
    fn is_noted(&self, id: SnapshotId, at: DateTime<Utc>) -> bool {
        let known = self.history.confirmations(id.day).iter();
        known
            .filter(|known| known.edition == id.edition)
            .any(|known| self.calendar.day_of(known.captured_at) == self.calendar.day_of(at))
    }

    fn freeze(&self, why: &Why, frozen: &FrozenDay, live: reread::Live) -> Result<LookedBack, SaveError> {
        let input = FreezeAgain {
            archive: self.archive,
            history: self.history,
            why,
            reason: matches!(why, Why::Lookback { .. }).then_some(REASON),
            hash: self.hash,
            wait: self.wait,
            now: (self.input.now)(),
        };
        Ok(match reread::freeze(&input, frozen, live)? {
            SaveOutcome::Frozen(frozen) => LookedBack::Frozen(frozen),
            SaveOutcome::Kept { id, .. } | SaveOutcome::Unchanged { id, .. } => LookedBack::Confirmed { id },
        })
    }

    /// Freezes a day that was missed. `None` when it can't be frozen any more than it could then.
    async fn late(&mut self, day: Day, progress: &dyn Progress) -> Result<Option<LookedBack>, SaveError> {
        let (input, config) = (self.input, self.input.config);
        // As long as it is not final, it is not missed.
        if self.calendar.provenance(day, (input.now)())? == Provenance::Provisional {
            return Ok(None);
        }
        let next = day::next(config, self.calendar, Some(self.history), day, &Wish::default(), (input.now)());
        let mut plan = match next {
            Ok(Next::Read(plan)) => plan,
            // A day without hours, or one that is not over by its own calendar.
            Ok(Next::Keep(_)) | Err(SaveError::Refused(_)) => return Ok(None),
            Err(error) => return Err(error),
        };
        plan.why = Why::Missed;
        let reading = self.reader.read(&plan.plan, input.retry_for, input.now, progress).await;
        let reading = reading.map_err(|source| SaveError::Reading { day, source })?;
        let fingerprints = DefinitionsDoc::of(&config.definitions);
        let past = past::load(self.archive, self.history, &config.definitions, day)?;
        let mut seen = Seen::new(&config.definitions, &fingerprints, self.hash.map(KeyHash::id));
        seen.catch_up(self.archive, self.history, day)?;
        let finish = Finish {
            config,
            calendar: self.calendar,
            fingerprints: &fingerprints,
            past: &past,
            seen: &seen.count(&reading.cubes, day),
            by: By::Save,
            reason: Some(MISSED),
            wait: self.wait,
            now: (input.now)(),
        };
        let outcome = day::finish(&finish, self.archive, *plan, &reading)?;
        Ok(match outcome {
            SaveOutcome::Frozen(frozen) => Some(LookedBack::Frozen(frozen)),
            SaveOutcome::Kept { .. } | SaveOutcome::Unchanged { .. } => None,
        })
    }
}

fn failed(day: Day, error: RereadError) -> SaveError {
    match error {
        RereadError::Reading(source) => SaveError::Reading { day, source },
        RereadError::Plan(error) => SaveError::Plan(error),
        RereadError::Freeze(source) => SaveError::Freeze { day, source },
        RereadError::Beyond(error) => error.into(),
        error @ (RereadError::Calendar | RereadError::OtherSource { .. } | RereadError::NoSource(_)) => {
            SaveError::NotAgain { day, why: error.to_string() }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Task, plan};
    use crate::model::Day;

    #[test]
    fn frozen_days_of_the_ages_are_read_again_and_missed_ones_up_to_the_oldest_are_frozen() {
        let day = |day: u32| format!("2025-11-{day:02}").parse::<Day>().unwrap();
        let frozen = [3, 4, 6, 8, 9].map(day);
        let planned = plan(&[1, 2, 7], &frozen.into_iter().collect(), day(10), day(9));
        // The 9th is saved itself, the 4th and 6th are of no age that is looked at.
        let expected = [(3, Task::Again), (5, Task::Late), (7, Task::Late), (8, Task::Again)];
        assert_eq!(planned, expected.map(|(number, task)| (day(number), task)));
        // A save of an older day misses none that is newer: neither yesterday nor what lies between.
        let expected = [(3, Task::Again), (5, Task::Late), (8, Task::Again), (9, Task::Again)];
        let days = frozen.into_iter().collect();
        assert_eq!(
            plan(&[1, 2, 7], &days, day(10), day(6)),
            expected.map(|(number, task)| (day(number), task))
        );
        let without_yesterday = [3, 4].map(day).into_iter().collect();
        assert_eq!(plan(&[1, 2], &without_yesterday, day(10), day(5)), []);
        // Today itself is newer than yesterday.
        assert_eq!(plan(&[1], &without_yesterday, day(10), day(10)), [(day(9), Task::Late)]);
        // What lies before the first frozen day was not missed.
        assert_eq!(plan(&[7], &[8].map(day).into_iter().collect(), day(10), day(9)), []);
        assert_eq!(plan(&[], &frozen.into_iter().collect(), day(10), day(9)), []);
    }
}
