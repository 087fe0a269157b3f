//! Freezing one day.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::decide::{Decision, Latest, Refusal, Why, Wish, decide};
use super::freeze::{self, EditionInput, FreezeError};
use super::index::{self, IndexError};
use super::past::{self, Past};
use super::reading::{self, Env, Now, ReadingError};
use super::restate::{Differences, Side, differences};
use super::when;
use crate::archive::{Archive, ArchiveError, Commit, History, SnapshotLine};
use crate::calendar::{BeyondCalendar, Calendar, DayName};
use crate::config::Config;
use crate::model::manifest::DefinitionsDoc;
use crate::model::{Day, Edition, MetricsDoc, Progress, Provenance, SnapshotId};
use crate::plan::{Plan, PlanError};

/// What is asked for.
#[derive(Clone, Debug)]
pub struct SaveRequest {
    /// Which day.
    pub day: DayName,
    /// What to do beside freezing a day that is over.
    pub wish: Wish,
    /// How long connection trouble is retried.
    pub retry_for: Duration,
    /// How long the archive's lock is waited for.
    pub wait: Duration,
}

/// What became of it.
#[derive(Clone, Debug)]
pub enum SaveOutcome {
    /// The day has a new edition.
    Frozen(Box<Frozen>),
    /// It was frozen already and stays as it is.
    Kept {
        /// The latest edition.
        id: SnapshotId,
        /// How it came to be known.
        provenance: Provenance,
    },
    /// It was read again, and no number differs.
    Unchanged {
        /// The latest edition.
        id: SnapshotId,
        /// The metrics that were not compared, since they are defined differently now.
        redefined: Vec<String>,
    },
}

/// A new edition.
#[derive(Clone, Debug)]
pub struct Frozen {
    /// Which.
    pub id: SnapshotId,
    /// How it came to be known.
    pub provenance: Provenance,
    /// What set it off.
    pub why: Why,
    /// The numbers.
    pub doc: MetricsDoc,
    /// How many rows were read.
    pub rows: u64,
    /// What differs from the edition before, for a restatement.
    pub differences: Option<Differences>,
    /// The edition's folder.
    pub folder: std::path::PathBuf,
    /// What the user should look after although the day is frozen, as sentences.
    pub warnings: Vec<String>,
}

/// Why a day could not be frozen.
#[derive(Debug, thiserror::Error)]
pub enum SaveError {
    /// It can't be frozen now.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The name of the day leads out of the calendar.
    #[error("{0} lies before the calendar begins")]
    BeforeCalendar(DayName),
    /// The clock tells a time that belongs to no day.
    #[error("the clock says {0}, which is beyond the ends of the calendar")]
    ClockBeyond(DateTime<Utc>),
    /// The queries of the day can't be made.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The source could not be looked at, whatever the day.
    #[error(transparent)]
    Source(ReadingError),
    /// The source could not be read.
    #[error("{day} could not be read")]
    Reading {
        /// The day.
        day: Day,
        /// Why.
        source: ReadingError,
    },
    /// It could not be frozen.
    #[error("{day} could not be frozen")]
    Freeze {
        /// The day.
        day: Day,
        /// Why.
        source: FreezeError,
    },
    /// The archive can't be read.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// A thread that read the archive failed.
    #[error("the frozen days before could not be read: {0}")]
    Background(String),
}

impl SaveError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Refused(refusal) => refusal.hint(),
            Self::Plan(error) => error.hint(),
            Self::Source(source) | Self::Reading { source, .. } => source.hint(),
            Self::Freeze { source, .. } => source.hint(),
            Self::Archive(error) => error.hint(),
            Self::BeforeCalendar(_) => Some("name a later day".to_owned()),
            Self::ClockBeyond(_) => {
                Some("set this machine's clock right, and see that ASOF_NOW is not set by mistake".to_owned())
            }
            Self::Background(_) => None,
        }
    }
}

impl From<BeyondCalendar> for SaveError {
    fn from(error: BeyondCalendar) -> Self {
        Self::Refused(error.into())
    }
}

/// The day that a name means now.
///
/// # Errors
/// When it, or the clock, leads out of the calendar.
pub fn day_of(calendar: &Calendar, name: DayName, now: Now<'_>) -> Result<Day, SaveError> {
    let now = now();
    let today = calendar.day_of(now).ok_or(SaveError::ClockBeyond(now))?;
    name.resolve(today).ok_or(SaveError::BeforeCalendar(name))
}

/// Freezes a day, unless it is frozen already, and brings the page of all days up to date.
///
/// # Errors
/// When the day can't be frozen now, the source can't be read, or the archive refuses.
pub async fn save(
    config: &Config,
    request: &SaveRequest,
    env: Env<'_>,
    now: Now<'_>,
    progress: &dyn Progress,
) -> Result<SaveOutcome, SaveError> {
    let mut outcome = save_day(config, request, env, now, progress).await?;
    match (refresh_index(config, &outcome), &mut outcome) {
        (Err(error), SaveOutcome::Frozen(frozen)) => frozen.warnings.push(stale_index(&error)),
        (Err(error), _) => progress.warn(&stale_index(&error)),
        (Ok(()), _) => {}
    }
    Ok(outcome)
}

fn stale_index(error: &IndexError) -> String {
    format!("the page of all days could not be written, the next save tries again: {error}")
}

/// Makes the page of all days again where that is needed. The day is frozen whether or not that succeeds.
fn refresh_index(config: &Config, outcome: &SaveOutcome) -> Result<(), IndexError> {
    let archive = Archive::open(&config.archive.dir)?;
    if matches!(outcome, SaveOutcome::Frozen(_)) || index::is_stale(&archive) {
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
    let window = calendar.window(day)?;
    let known = open(config)?;
    let editions = known.as_ref().map(|(_, history)| history.day(day)).transpose()?.unwrap_or_default();
    let latest = when::latest(editions).cloned();
    let latest_known =
        latest.as_ref().map(|line| Latest { edition: line.edition, provenance: line.provenance });
    let why = match decide(&calendar, &window, now(), latest_known, &request.wish)? {
        Decision::Freeze { why, .. } => why,
        Decision::Keep(latest) => {
            let id = SnapshotId::new(day, latest.edition);
            return Ok(SaveOutcome::Kept { id, provenance: latest.provenance });
        }
    };
    let edition = known.as_ref().map_or(Edition::FIRST, |(_, history)| history.next_edition(day));
    let plan = Plan::new(&config.definitions, window, |events| config.presentation.max_groups(events))?;

    // What does not need the source is made while it is read.
    let definitions = config.definitions.clone();
    let beside = tokio::task::spawn_blocking(move || {
        let past = known.map(|(archive, history)| past::load(&archive, &history, &definitions, day));
        (past.unwrap_or(Ok(Past::default())), DefinitionsDoc::of(&definitions))
    });
    let reading = reading::read(&config.source, env, &plan, request.retry_for, now, progress)
        .await
        .map_err(|source| SaveError::Reading { day, source })?;
    let (past, fingerprints) = beside.await.map_err(|error| SaveError::Background(error.to_string()))?;
    let past = past?;

    progress.step("freezing");
    let archive = Archive::open_or_create(&config.archive.dir, None, now())?;
    let id = archive.id().to_string();
    let input = EditionInput {
        config,
        calendar: &calendar,
        window: &window,
        edition,
        why: &why,
        reason: request.wish.restate.as_deref(),
        past: &past,
        fingerprints: &fingerprints,
        archive: &id,
    };
    let failed = |source: FreezeError| SaveError::Freeze { day, source };
    let computed = freeze::compute(&input, &reading).map_err(failed)?;
    let found = match (&why, &latest) {
        (Why::Restate { .. }, Some(line)) => Some(compare(&archive, line, &computed, config)?),
        _ => None,
    };
    if let (Some(found), Some(line)) = (&found, &latest)
        && found.is_empty()
    {
        return Ok(SaveOutcome::Unchanged { id: line.id(), redefined: found.redefined.clone() });
    }
    let (doc, provenance) = (computed.doc.clone(), computed.manifest.provenance);
    let rows = computed.manifest.rows();
    let commit = freeze::freeze(&archive, config, computed, &reading, request.wait, now()).map_err(failed)?;
    Ok(match commit {
        Commit::Done(line) => SaveOutcome::Frozen(Box::new(Frozen {
            id: line.id(),
            provenance,
            why,
            doc,
            rows,
            differences: found,
            folder: archive.folder(&line.id()),
            warnings: past.damaged,
        })),
        Commit::Taken { editions } => {
            // Another run froze it in the meantime: what it froze stands.
            let latest = editions.last().map(|line| (line.id(), line.provenance));
            let (id, provenance) = latest.unwrap_or((SnapshotId::new(day, edition), provenance));
            SaveOutcome::Kept { id, provenance }
        }
    })
}

/// The archive and what it holds; `None` when there is none yet.
fn open(config: &Config) -> Result<Option<(Archive, History)>, ArchiveError> {
    match Archive::open(&config.archive.dir) {
        Ok(archive) => {
            let history = archive.history()?;
            // A ledger that can't be added to is told before the source is troubled.
            history.intact()?;
            Ok(Some((archive, history)))
        }
        Err(ArchiveError::Missing { .. } | ArchiveError::NotAnArchive { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

fn compare(
    archive: &Archive,
    frozen: &SnapshotLine,
    computed: &freeze::Computed,
    config: &Config,
) -> Result<Differences, ArchiveError> {
    let manifest = archive.manifest(frozen)?;
    let doc = archive.metrics(&manifest)?;
    let frozen = Side { doc: &doc, fingerprints: &manifest.definitions, events: &manifest.events };
    let now = Side {
        doc: &computed.doc,
        fingerprints: &computed.manifest.definitions,
        events: &computed.manifest.events,
    };
    Ok(differences(frozen, now, &config.definitions))
}
