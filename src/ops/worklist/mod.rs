//! Worklists: keys found among events, merged into files that others work on.
//!
//! What is to become of the files is decided purely, in [`merge`]; here it is read, and written.

pub(super) mod check;
mod entries;
mod files;
mod fold;
mod key;
mod merge;
mod outs;
mod reading;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use indexmap::IndexMap;

pub use files::FilesError;
pub use merge::Counts;

use self::files::Folder;
use self::merge::{Found, Queues, Run, merge};
use super::reading::{Env, Now, ReadingError};
use super::when;
use crate::archive::ArchiveError;
use crate::calendar::{BeyondCalendar, Calendar};
use crate::config::{Config, SourceSettings, WorklistSettings};
use crate::model::{Day, Progress};
use crate::plan::{PlanError, WorklistPlan};

/// What is to be done.
#[derive(Clone, Debug)]
pub struct WorklistRequest<'a> {
    /// Which worklist.
    pub name: &'a str,
    /// The first and the last day: keys with an event in them are candidates.
    pub range: (Day, Day),
    /// Only count.
    pub dry_run: bool,
    /// How long connection trouble is retried.
    pub retry_for: Duration,
    /// How long the lock of the worklist's folder is waited for.
    pub wait: Duration,
}

/// What became of it, or would.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorklistOutcome {
    /// The worklist.
    pub name: String,
    /// The first and the last day.
    pub range: (Day, Day),
    /// How many keys became what.
    pub counts: Counts,
    /// How many texts of a query of keys that are out are no key and so keep nobody out, by reason;
    /// only where there are any.
    pub idle: IndexMap<String, u64>,
    /// The file of this month, whether or not it is there.
    pub path: PathBuf,
    /// The files that were written, or would be.
    pub written: Vec<PathBuf>,
    /// Whether nothing was done but counting.
    pub dry_run: bool,
}

/// Why a worklist could not be brought up to date.
#[derive(Debug, thiserror::Error)]
pub enum WorklistError {
    /// There is none of that name.
    #[error("{name:?} is no worklist")]
    Unknown {
        /// The name.
        name: String,
        /// Those that there are.
        known: Vec<String>,
    },
    /// The range leads out of the calendar.
    #[error(transparent)]
    Calendar(#[from] BeyondCalendar),
    /// Its queries can't be made.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The source could not be read.
    #[error("the worklist {name:?} could not be read")]
    Reading {
        /// The worklist.
        name: String,
        /// Why.
        source: ReadingError,
    },
    /// The archive can't be read, which tells since when events count.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// Its files can't be read or written.
    #[error(transparent)]
    Files(#[from] FilesError),
}

impl WorklistError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Unknown { known, .. } if known.is_empty() => {
                Some("add [worklist.NAME] to the configuration".to_owned())
            }
            Self::Unknown { known, .. } => Some(format!("known worklists: {}", known.join(", "))),
            Self::Calendar(_) => Some("name days that lie closer".to_owned()),
            Self::Plan(error) => error.hint(),
            Self::Reading { source, .. } => source.hint(),
            Self::Archive(error) => error.hint(),
            Self::Files(error) => error.hint(),
        }
    }
}

/// The first and the last day that the archive holds; `None` when it holds none.
///
/// # Errors
/// When the archive can't be read.
pub fn frozen_range(config: &Config) -> Result<Option<(Day, Day)>, ArchiveError> {
    let history = match when::open(&config.archive.dir) {
        Ok((_, history)) => history,
        Err(ArchiveError::Missing { .. } | ArchiveError::NotAnArchive { .. }) => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut days = history.days().map(|(day, _)| day);
    let first = days.next();
    Ok(first.map(|first| (first, days.next_back().unwrap_or(first))))
}

/// The day from which on events have to be there. A database has all of them; what asof fetches it fetches from the first
/// frozen day on, where an outcome puts keys out: one that lies before the range counts, too.
fn seen_from(
    config: &Config,
    source: Option<&str>,
    worklist: &WorklistSettings,
    from: Day,
) -> Result<Day, ArchiveError> {
    let is_fetched = config.sources.of(source).is_some_and(SourceSettings::is_filled);
    if !is_fetched || worklist.out.is_empty() {
        return Ok(from);
    }
    Ok(frozen_range(config)?.map_or(from, |(first, _)| first.min(from)))
}

/// Brings the files of a worklist up to date with what the source says now.
///
/// # Errors
/// When the source can't be read, or a file can't be read, understood or written. Files that were
/// not written by then are as they were.
pub async fn run(
    config: &Config,
    request: &WorklistRequest<'_>,
    env: Env<'_>,
    now: Now<'_>,
    progress: &dyn Progress,
) -> Result<WorklistOutcome, WorklistError> {
    let name = request.name;
    let worklist = config.worklists.get(name).ok_or_else(|| WorklistError::Unknown {
        name: name.to_owned(),
        known: config.worklists.keys().cloned().collect(),
    })?;
    let calendar = Calendar::new(config.calendar);
    let (from, to) = request.range;
    let window = calendar.span(from, to)?;
    let plan = WorklistPlan::new(&config.definitions, name, worklist, window, config.tenant.as_deref())?;
    // What came after the range decides, too.
    let until = calendar.day_of(now()).map_or(to, |today| today.max(to));
    let needed = calendar.span(seen_from(config, plan.source.as_deref(), worklist, from)?, until)?;
    let folder = Folder::at(&worklist.dir, name, &config.archive.dir)?;
    let mut queues = folder.load()?;
    let known: HashSet<Box<str>> =
        queues.values().flat_map(|queue| queue.entries.keys(worklist.kind)).flatten().collect();
    let read =
        reading::read(&config.sources, env, (&plan, &needed), worklist, &known, request.retry_for, progress)
            .await
            .map_err(|source| WorklistError::Reading { name: name.to_owned(), source })?;
    drop(known);
    let moment = Clock::at(now(), &calendar);
    let carry: Vec<&str> = worklist.carry.keys().map(String::as_str).collect();
    let found = Found {
        fold: &read.fold,
        outs: &read.outs,
        carry: &carry,
        kind: worklist.kind,
        unknown: worklist.unknown,
    };
    let mut counts = merge(&mut queues, found, moment.run());
    let mut written = Vec::new();
    if !request.dry_run && changed(&queues).next().is_some() {
        progress.step(&format!("writing {name}"));
        // Others may have written while the source was read, which takes its time.
        drop(queues);
        let guard = folder.lock(request.wait)?;
        queues = folder.load()?;
        counts = merge(&mut queues, found, moment.run());
        for month in changed(&queues) {
            if let Some(queue) = queues.get(month) {
                written.push(guard.write(month, &queue.entries)?);
            }
        }
    } else {
        written.extend(changed(&queues).map(|month| folder.file(month)));
    }
    let idle = read.outs.reasons().iter().enumerate();
    let idle = idle.map(|(number, reason)| (reason.clone(), read.outs.unusable(number)));
    Ok(WorklistOutcome {
        name: name.to_owned(),
        range: request.range,
        counts,
        idle: idle.filter(|(_, texts)| *texts > 0).collect(),
        path: folder.file(&moment.month),
        written,
        dry_run: request.dry_run,
    })
}

/// The months whose files differ from what is on disk.
fn changed(queues: &Queues) -> impl Iterator<Item = &String> {
    queues.iter().filter(|(_, queue)| queue.changed).map(|(month, _)| month)
}

/// The moment of a run, as files tell it.
struct Clock {
    month: String,
    at: String,
}

impl Clock {
    fn at(now: DateTime<Utc>, calendar: &Calendar) -> Self {
        Self {
            month: now.with_timezone(&calendar.zone()).format("%Y-%m").to_string(),
            at: now.to_rfc3339_opts(SecondsFormat::Secs, true),
        }
    }

    fn run(&self) -> Run<'_> {
        Run { month: &self.month, at: &self.at }
    }
}
