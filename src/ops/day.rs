//! The steps by which one day is frozen, whoever sets them off: what is to be done with it, and,
//! once it was read, doing it.

use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::decide::{By, Decision, Latest, Refusal, Why, Wish, decide};
use super::freeze::{self, EditionInput, FreezeError};
use super::key_file::KeyFileError;
use super::past::Past;
use super::reading::{Reading, ReadingError};
use super::restate::{Differences, Side, differences, kept_keys};
use super::seen::Counts;
use super::when;
use crate::archive::{Archive, ArchiveError, Commit, History, SnapshotLine};
use crate::calendar::{BeyondCalendar, Calendar, DayName, Window};
use crate::config::Config;
use crate::model::manifest::DefinitionsDoc;
use crate::model::{Day, Edition, MetricsDoc, Provenance, SnapshotId};
use crate::plan::{Plan, PlanError};

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
    /// The ledger's line about it.
    pub line: SnapshotLine,
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
    pub folder: PathBuf,
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
    /// The source ended it while earlier days were looked back at.
    #[error("{saving} was not saved: it looks back at earlier days first")]
    LookingBack {
        /// The day that was to be saved.
        saving: Day,
        /// Which day could not be looked at, and why.
        source: Box<SaveError>,
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
    /// There is no hash key for what is counted over time.
    #[error(transparent)]
    Key(#[from] KeyFileError),
    /// It could not be read again by its own definitions.
    #[error("{day} can't be read again: {why}")]
    NotAgain {
        /// The day.
        day: Day,
        /// Why.
        why: String,
    },
    /// No connection of a run reads any more.
    #[error("the threads that read the source have stopped")]
    NoReaders,
    /// A thread that read the archive failed.
    #[error("the frozen days before could not be read: {0}")]
    Background(String),
}

impl SaveError {
    /// Whether the source could not be reached.
    pub fn is_unreachable(&self) -> bool {
        match self {
            Self::Source(ReadingError::Source(error))
            | Self::Reading { source: ReadingError::Source(error), .. } => error.is_unreachable(),
            Self::LookingBack { source, .. } => source.is_unreachable(),
            _ => false,
        }
    }

    /// How long the archive's lock was waited for in vain.
    pub fn waited(&self) -> Duration {
        match self {
            Self::Archive(ArchiveError::Locked { waited, .. })
            | Self::Freeze { source: FreezeError::Archive(ArchiveError::Locked { waited, .. }), .. } => {
                *waited
            }
            _ => Duration::ZERO,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Refused(refusal) => refusal.hint(),
            Self::Plan(error) => error.hint(),
            Self::Source(source) | Self::Reading { source, .. } => source.hint(),
            Self::Freeze { source, .. } => source.hint(),
            Self::LookingBack { source, .. } => source.hint(),
            Self::Archive(error) => error.hint(),
            Self::Key(error) => error.hint(),
            Self::BeforeCalendar(_) => Some("name a later day".to_owned()),
            Self::ClockBeyond(_) => {
                Some("set this machine's clock right, and see that ASOF_NOW is not set by mistake".to_owned())
            }
            Self::NotAgain { .. } | Self::NoReaders | Self::Background(_) => None,
        }
    }
}

impl From<BeyondCalendar> for SaveError {
    fn from(error: BeyondCalendar) -> Self {
        Self::Refused(error.into())
    }
}

/// What is to be done with a day.
#[derive(Clone, Debug)]
pub enum Next {
    /// It stays as it is.
    Keep(SaveOutcome),
    /// It is to be read, and then given to [`finish`].
    Read(Box<DayPlan>),
}

/// A day that is to be read and frozen.
#[derive(Clone, Debug)]
pub struct DayPlan {
    /// Its span of time.
    pub window: Window,
    /// Which edition it will be.
    pub edition: Edition,
    /// What sets it off.
    pub why: Why,
    /// The latest edition there is.
    pub latest: Option<SnapshotLine>,
    /// What is to be read.
    pub plan: Plan,
}

/// Decides what to do with a day, from what the archive holds.
///
/// # Errors
/// When it can't be frozen now, or the ledger may have lost a line about it.
pub fn next(
    config: &Config,
    calendar: &Calendar,
    history: Option<&History>,
    day: Day,
    wish: &Wish,
    now: DateTime<Utc>,
) -> Result<Next, SaveError> {
    let window = calendar.window(day)?;
    let editions = history.map(|history| history.day(day)).transpose()?.unwrap_or_default();
    let latest = when::latest(editions).cloned();
    let known = latest.as_ref().map(|line| Latest { edition: line.edition, provenance: line.provenance });
    let why = match decide(calendar, &window, now, known, wish)? {
        Decision::Freeze { why } => why,
        Decision::Keep(latest) => {
            let id = SnapshotId::new(day, latest.edition);
            return Ok(Next::Keep(SaveOutcome::Kept { id, provenance: latest.provenance }));
        }
    };
    let edition = history.map_or(Edition::FIRST, |history| history.next_edition(day));
    let plan = Plan::new(&config.definitions, window, config.tenant.as_deref(), |events| {
        config.presentation.max_groups(events)
    })?;
    Ok(Next::Read(Box::new(DayPlan { window, edition, why, latest, plan })))
}

/// What a day is finished with, beside what was read.
#[derive(Clone, Copy)]
pub struct Finish<'a> {
    /// The configuration.
    pub config: &'a Config,
    /// Its calendar.
    pub calendar: &'a Calendar,
    /// The fingerprints of its definitions.
    pub fingerprints: &'a DefinitionsDoc,
    /// The frozen days before the day.
    pub past: &'a Past,
    /// Its distinct counts over time.
    pub seen: &'a Counts,
    /// Which command does it.
    pub by: By,
    /// Why, in somebody's words.
    pub reason: Option<&'a str>,
    /// How long the archive's lock is waited for.
    pub wait: Duration,
    /// The time by the clock.
    pub now: DateTime<Utc>,
}

/// Freezes a day that was read, unless it is a restatement of which no number differs.
///
/// # Errors
/// When the archive refuses, or something can't be written.
pub fn finish(
    input: &Finish<'_>,
    archive: &Archive,
    plan: DayPlan,
    reading: &Reading,
) -> Result<SaveOutcome, SaveError> {
    let DayPlan { window, edition, why, latest, .. } = plan;
    let (config, day) = (input.config, window.day);
    let failed = |source: FreezeError| SaveError::Freeze { day, source };
    let id = archive.id().to_string();
    let computed = freeze::compute(
        &EditionInput {
            config,
            calendar: input.calendar,
            window: &window,
            edition,
            why: &why,
            by: input.by,
            reason: input.reason,
            past: input.past,
            seen: input.seen,
            fingerprints: input.fingerprints,
            archive: &id,
        },
        reading,
    )
    .map_err(failed)?;
    let found = match (&why, &latest) {
        (Why::Restate { .. } | Why::Lookback { .. }, Some(line)) => {
            Some(compare(archive, line, &computed, config)?)
        }
        _ => None,
    };
    if let (Some(found), Some(line)) = (&found, &latest)
        && found.is_empty()
    {
        return Ok(SaveOutcome::Unchanged { id: line.id(), redefined: found.redefined.clone() });
    }
    let (doc, provenance) = (computed.doc.clone(), computed.manifest.provenance);
    let rows = computed.manifest.rows();
    let commit = freeze::freeze(archive, config, computed, reading, input.wait, input.now).map_err(failed)?;
    Ok(match commit {
        Commit::Done(line) => SaveOutcome::Frozen(Box::new(Frozen {
            id: line.id(),
            provenance,
            why,
            doc,
            rows,
            differences: found,
            folder: archive.folder(&line.id()),
            warnings: [input.past.damaged.as_slice(), &input.seen.damaged].concat(),
            line: *line,
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
///
/// # Errors
/// When it can't be read, or its ledger can't be added to.
pub fn open(config: &Config) -> Result<Option<(Archive, History)>, ArchiveError> {
    match Archive::open(&config.archive.dir) {
        Ok(archive) => {
            archive.writable()?;
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
    let keys = kept_keys(&manifest);
    let frozen =
        Side { doc: &doc, fingerprints: &manifest.definitions, events: &manifest.events, keys: &keys };
    let now_keys = computed.same_keys();
    let now = Side {
        doc: &computed.doc,
        fingerprints: &computed.manifest.definitions,
        events: &computed.manifest.events,
        keys: &now_keys,
    };
    Ok(differences(frozen, now, &config.definitions))
}
