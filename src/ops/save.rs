//! Freezing one day.

use std::time::Duration;

use super::day::{self, Finish, Next};
use super::decide::{By, Wish};
use super::index::{self, IndexError};
use super::lookback::{LookBack, LookedBack, Looking, look_back};
use super::reading::{self, Env, Now};
use super::seen::Seen;
use super::{key_file, past, when};
use crate::archive::{Archive, ArchiveError, History};
use crate::calendar::{Calendar, DayName};
use crate::config::Config;
use crate::metrics::keys::KeyHash;
use crate::model::manifest::DefinitionsDoc;
use crate::model::{Day, Progress};

pub use super::day::{Frozen, SaveError, SaveOutcome};

/// What is asked for.
#[derive(Clone, Debug)]
pub struct SaveRequest {
    /// Which day.
    pub day: DayName,
    /// What to do beside freezing a day that is over.
    pub wish: Wish,
    /// How long connection trouble is retried.
    pub retry_for: Duration,
    /// How long the archive's lock is waited for in all.
    pub wait: Duration,
}

/// How many frozen days say whether a day without rows is usual: with each day of the week among them, as
/// some rest on one. Fewer say nothing.
const DAYS_BEFORE: usize = 7;

/// The day that a name means now.
///
/// # Errors
/// When it, or the clock, leads out of the calendar.
pub fn day_of(calendar: &Calendar, name: DayName, now: Now<'_>) -> Result<Day, SaveError> {
    let now = now();
    let today = calendar.day_of(now).ok_or(SaveError::ClockBeyond(now))?;
    name.resolve(today).ok_or(SaveError::BeforeCalendar(name))
}

/// What a save did.
#[derive(Debug)]
pub struct Saved {
    /// What became of the days that it looked back at, oldest first.
    pub lookback: Vec<LookedBack>,
    /// What became of its own day.
    pub outcome: Result<SaveOutcome, SaveError>,
}

/// Looks back, freezes a day, unless it is frozen already, and brings the page of all days up to date.
///
/// # Errors
/// When the day can't be frozen now, whatever the source says; nothing was looked back at then.
pub async fn save(
    config: &Config,
    request: &SaveRequest,
    env: Env<'_>,
    now: Now<'_>,
    progress: &dyn Progress,
) -> Result<Saved, SaveError> {
    let mut lookback = Looking::default();
    if !config.again.lookback.is_empty() {
        let calendar = Calendar::new(config.calendar);
        let day = day_of(&calendar, request.day, now)?;
        let known = day::open(config)?;
        // A day that can't be frozen is refused before anything is done.
        day::next(config, &calendar, known.as_ref().map(|(_, history)| history), day, &request.wish, now())?;
        let input =
            LookBack { config, env, now, saving: day, retry_for: request.retry_for, wait: request.wait };
        lookback = look_back(&input, progress).await?;
    }
    // What can't be reached for an earlier day can't be reached for this one.
    let outcome = if let Some(error) = lookback.ended {
        Err(match day_of(&Calendar::new(config.calendar), request.day, now) {
            Ok(saving) => SaveError::LookingBack { saving, source: Box::new(error) },
            Err(_) => error,
        })
    } else {
        let wait = request.wait.saturating_sub(lookback.waited);
        save_day(config, &SaveRequest { wait, ..request.clone() }, env, now, progress).await
    };
    let mut saved = Saved { lookback: lookback.found, outcome };
    if let Err(error) = refresh_index(config, &saved) {
        match &mut saved.outcome {
            Ok(SaveOutcome::Frozen(frozen)) => frozen.warnings.push(stale_index(&error)),
            _ => progress.warn(&stale_index(&error)),
        }
    }
    Ok(saved)
}

fn stale_index(error: &IndexError) -> String {
    format!("the page of all days could not be written, the next save tries again: {error}")
}

/// Makes the page of all days again where that is needed. The day is frozen whether or not that succeeds.
fn refresh_index(config: &Config, saved: &Saved) -> Result<(), IndexError> {
    let looked = saved.lookback.iter().any(|looked| matches!(looked, LookedBack::Frozen(_)));
    // A day that failed changed nothing, and may have failed because of the archive.
    if saved.outcome.is_err() && !looked {
        return Ok(());
    }
    let archive = Archive::open(&config.archive.dir)?;
    if looked || matches!(saved.outcome, Ok(SaveOutcome::Frozen(_))) || index::is_stale(&archive) {
        index::rebuild(&archive, config)?;
    }
    Ok(())
}

/// Freezes a day, unless it is frozen already.
async fn save_day(
    config: &Config,
    request: &SaveRequest,
    env: Env<'_>,
    now: Now<'_>,
    progress: &dyn Progress,
) -> Result<SaveOutcome, SaveError> {
    let calendar = Calendar::new(config.calendar);
    let day = day_of(&calendar, request.day, now)?;
    let known = day::open(config)?;
    let history = known.as_ref().map(|(_, history)| history);
    let plan = match day::next(config, &calendar, history, day, &request.wish, now())? {
        Next::Keep(outcome) => return Ok(outcome),
        Next::Read(plan) => plan,
    };

    let hash = key_file::of(config, known.as_ref())?;
    let key = hash.as_ref().map(KeyHash::id);
    // What does not need the source is made while it is read.
    let definitions = config.definitions.clone();
    let beside = tokio::task::spawn_blocking(move || -> Result<_, ArchiveError> {
        let known = known.as_ref().map(|(archive, history)| (archive, history));
        let fingerprints = DefinitionsDoc::of(&definitions);
        let past = known.map(|(archive, history)| past::load(archive, history, &definitions, day));
        let mut seen = Seen::new(&definitions, &fingerprints, key);
        if let Some((archive, history)) = known {
            seen.catch_up(archive, history, day)?;
        }
        Ok((past.transpose()?.unwrap_or_default(), seen, fingerprints))
    });
    let reading =
        reading::read(&config.sources, env, &plan.plan, hash.as_ref(), request.retry_for, now, progress)
            .await
            .map_err(|source| SaveError::Reading { day, source })?;
    let beside = beside.await.map_err(|error| SaveError::Background(error.to_string()))?;
    let (past, mut seen, fingerprints) = beside?;
    let counts = seen.count(&reading.cubes, day);

    progress.step("freezing");
    let archive = Archive::open_or_create(&config.archive.dir, None, now())?;
    let finish = Finish {
        config,
        calendar: &calendar,
        fingerprints: &fingerprints,
        past: &past,
        seen: &counts,
        by: By::Save,
        reason: request.wish.restate.as_deref(),
        wait: request.wait,
        now: now(),
    };
    let mut outcome = day::finish(&finish, &archive, *plan, &reading)?;
    if let SaveOutcome::Frozen(frozen) = &mut outcome
        && frozen.rows == 0
        && let Some(usual) = rows_before(&archive, &archive.history()?, day)
    {
        frozen.warnings.push(format!(
            "{day} is frozen with 0 rows, and each of the {} frozen days before it had at least {}: is the source filled up to it?",
            usual.days, usual.least
        ));
    }
    Ok(outcome)
}

/// What the frozen days before one had at least.
struct RowsBefore {
    days: usize,
    least: u64,
}

/// How many rows each of the last frozen days before this one had at least; `None` when one had none, as on
/// a day of rest, or too few days tell.
fn rows_before(archive: &Archive, history: &History, day: Day) -> Option<RowsBefore> {
    let before = history.days().rev().filter(|(past, _)| *past < day);
    let lines = before.filter_map(|(_, editions)| when::latest(editions)).take(DAYS_BEFORE);
    let rows: Vec<u64> = lines.filter_map(|line| Some(archive.manifest(line).ok()?.rows())).collect();
    let least = *rows.iter().min()?;
    (rows.len() == DAYS_BEFORE && least > 0).then_some(RowsBefore { days: rows.len(), least })
}
