//! Frozen days held against the source as it is now, one after another on one connection. Nothing is
//! written unless restating is asked for.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::backfill::{Stop, stopped};
use super::day::{SaveError, SaveOutcome};
use super::decide::Why;
use super::index::{self, IndexError};
use super::key_file::{self, KeyFile, KeyFileError};
use super::reading::{Env, Now, Reader, ReadingError};
use super::reread::{self, Again, ByWhich, FreezeAgain, FrozenDay, Live, RereadError, Shrunk};
use super::restate::{SameKeys, kept_keys};
use super::when;
use crate::analyze::drift::{self, DayDrift, Input, Kind, Side};
use crate::archive::{Archive, ArchiveError, History, SnapshotLine};
use crate::config::Config;
use crate::metrics::keys::KeyHash;
use crate::model::{Day, Manifest, Progress, Provenance, SnapshotId};
use crate::source::{SourceError, Transient as _};

/// Why a day is not restated that has a newer edition than the one that was held against the source.
const MEANWHILE: &str = "another run has frozen it again meanwhile";

/// What is asked for.
#[derive(Clone, Copy)]
pub struct DriftRequest<'a> {
    /// By which definitions the days are read.
    pub which: ByWhich,
    /// Only these metrics; all when there are none.
    pub only: &'a [String],
    /// Why days that drifted are frozen again; `None` when they are not.
    pub restate: Option<&'a str>,
    /// How long connection trouble is retried.
    pub retry_for: Duration,
    /// How long the archive's lock is waited for in all.
    pub wait: Duration,
}

/// What was found of a day.
#[derive(Debug)]
pub struct DayReport {
    /// The edition that was held against the source.
    pub id: SnapshotId,
    /// How it came to be known; a provisional day is expected to move.
    pub provenance: Provenance,
    /// What has become of it.
    pub found: Found,
}

/// What has become of a frozen day.
#[derive(Debug)]
pub enum Found {
    /// It was read.
    Read(Box<ReadDay>),
    /// The source does not take its queries any more, or gives what can't be taken.
    Unreadable(RereadError),
    /// It could not be looked at, and nothing is known of it.
    Failed(DayError),
}

/// A day that was read again.
#[derive(Debug)]
pub struct ReadDay {
    /// How it lies apart.
    pub drift: DayDrift,
    /// How many rows were frozen and how many there are now, by events.
    pub rows: BTreeMap<String, (Option<u64>, Option<u64>)>,
    /// The events of which rows are gone.
    pub shrunk: Vec<Shrunk>,
    /// What became of the wish to restate it.
    pub restated: Option<Restated>,
}

/// What became of the wish to restate a day.
#[derive(Debug)]
pub enum Restated {
    /// It has this new edition.
    Frozen(SnapshotId),
    /// It stands as it is, for this reason.
    Stands(&'static str),
    /// The new edition can't be frozen.
    Failed(DayError),
}

/// Why nothing is known of a day.
#[derive(Debug, thiserror::Error)]
pub enum DayError {
    /// The frozen day can't be opened.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The source gave no answer that would last.
    #[error(transparent)]
    Reread(RereadError),
    /// The new edition can't be frozen.
    #[error(transparent)]
    Save(#[from] SaveError),
}

impl DayError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Archive(error) => error.hint(),
            Self::Reread(error) => error.hint(),
            Self::Save(error) => error.hint(),
        }
    }
}

/// Why no further day can be looked at.
#[derive(Debug, thiserror::Error)]
pub enum DriftError {
    /// The source can't be reached.
    #[error("{day} could not be read")]
    Source {
        /// The day that was being read.
        day: Day,
        /// Why.
        source: RereadError,
    },
    /// The archive can't be read or added to.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// There is no hash key for what is counted over time.
    #[error(transparent)]
    Key(#[from] KeyFileError),
    /// The page of all days could not be written.
    #[error(transparent)]
    Index(#[from] IndexError),
}

impl DriftError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Source { source, .. } => source.hint(),
            Self::Archive(error) => error.hint(),
            Self::Key(error) => error.hint(),
            Self::Index(error) => error.hint(),
        }
    }
}

/// The archive that is looked at.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    /// The configuration.
    pub config: &'a Config,
    /// The archive.
    pub archive: &'a Archive,
    /// What it holds.
    pub history: &'a History,
}

/// Looks at these frozen days one by one, and gives each to `tell` once it is known. When it is to stop, the day
/// that is being read is dropped; one that is being frozen is not.
///
/// # Errors
/// When the source can't be reached, the hash key is missing, or the archive can't be read.
pub async fn drift(
    place: Place<'_>,
    lines: &[SnapshotLine],
    request: &DriftRequest<'_>,
    (env, now): (Env<'_>, Now<'_>),
    progress: &dyn Progress,
    (stop, tell): (&Stop, &mut dyn FnMut(DayReport)),
) -> Result<(), DriftError> {
    let Place { config, archive, history } = place;
    let hash = hash(config, history)?;
    let lean;
    let read_by = if request.restate.is_some() {
        config
    } else {
        lean = Config { sources: config.sources.without_raw(), ..config.clone() };
        &lean
    };
    let mut reader = Reader::new(&read_by.sources, env, hash.as_ref());
    let again = Again {
        config: read_by,
        which: request.which,
        hash: hash.as_ref(),
        retry_for: request.retry_for,
        now,
    };
    let mut restated = false;
    let mut ended = Ok(());
    let mut request = *request;
    for line in lines {
        progress.step(&format!("looking at {}", line.date));
        let mut stop = stop.clone();
        let looked = tokio::select! {
            biased;
            () = stopped(&mut stop) => break,
            looked = look(&mut reader, &again, place, line, &request, progress) => looked,
        };
        let found = match looked {
            Err(source) if is_about_the_source(&source) => {
                ended = Err(DriftError::Source { day: line.date, source });
                break;
            }
            Err(error) if is_an_answer(&error) => Found::Unreadable(error),
            Err(error) => Found::Failed(DayError::Reread(error)),
            Ok(found) => found,
        };
        if let Found::Read(read) = &found {
            restated |= matches!(read.restated, Some(Restated::Frozen(_)));
            if let Some(Restated::Failed(DayError::Save(error))) = &read.restated {
                request.wait = request.wait.saturating_sub(error.waited());
            }
        }
        tell(DayReport { id: line.id(), provenance: line.provenance, found });
    }
    reader.close().await;
    if restated {
        index::rebuild(archive, config)?;
    }
    ended
}

/// The hash key, as far as it is there. Where nothing is counted over time any more, it may be gone.
fn hash(config: &Config, history: &History) -> Result<Option<KeyHash>, KeyFileError> {
    match key_file::look(config, Some(history)) {
        Ok(KeyFile::There { key, .. }) => Ok(Some(key)),
        Ok(KeyFile::New) => Ok(None),
        Err(_) if config.definitions.cumulative().is_empty() => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether no other day can be read either.
fn is_about_the_source(error: &RereadError) -> bool {
    error.is_connection()
        || matches!(error, RereadError::Reading(ReadingError::Source(SourceError::Password { .. })))
}

/// Whether the source answered, and would answer so again.
fn is_an_answer(error: &RereadError) -> bool {
    match error {
        RereadError::Reading(
            ReadingError::Source(SourceError::TimedOut { .. }) | ReadingError::Background(_),
        )
        | RereadError::Beyond(_)
        | RereadError::Freeze(_) => false,
        RereadError::Reading(error) => !error.is_transient(),
        RereadError::Calendar
        | RereadError::OtherSource { .. }
        | RereadError::NoSource(_)
        | RereadError::Plan(_) => true,
    }
}

/// Looks at one day.
async fn look(
    reader: &mut Reader<'_>,
    again: &Again<'_>,
    place: Place<'_>,
    line: &SnapshotLine,
    request: &DriftRequest<'_>,
    progress: &dyn Progress,
) -> Result<Found, RereadError> {
    let frozen = match reread::open(place.archive, line) {
        Ok(frozen) => frozen,
        Err(error) => return Ok(Found::Failed(error.into())),
    };
    let now = reread::read(reader, again, place.archive, &frozen, progress).await?;
    let mut read = compare(place.config, request, &frozen, &now);
    if let Some(reason) = request.restate {
        match restate(again, place.archive, (request, reason), &read, &frozen, now) {
            Ok(restated) => read.restated = restated,
            // What was found is told all the same.
            Err(error) => read.restated = Some(Restated::Failed(error)),
        }
    }
    Ok(Found::Read(Box::new(read)))
}

/// Holds what was read against what is frozen.
fn compare(config: &Config, request: &DriftRequest<'_>, frozen: &FrozenDay, live: &Live) -> ReadDay {
    let computed = &live.computed;
    let shrunk = reread::shrunk(frozen, live, &config.again.shrink_guard);
    let definitions = match request.which {
        ByWhich::Frozen => &frozen.definitions,
        ByWhich::Current => &config.definitions,
    };
    let events = || frozen.manifest.events.values().chain(computed.manifest.events.values());
    let drift = drift::drift(&Input {
        frozen: Side {
            doc: &frozen.doc,
            definitions: &frozen.definitions,
            fingerprints: &frozen.manifest.definitions,
        },
        live: Side { doc: &computed.doc, definitions, fingerprints: &computed.manifest.definitions },
        floats: &events().flat_map(|events| events.floats.iter().cloned()).collect(),
        shrunk: &shrunk.iter().map(|gone| gone.events.clone()).collect(),
        other_keys: &other_keys(&kept_keys(&frozen.manifest), &computed.same_keys()),
        groups_of: &reread::differ(frozen, live).groups_of,
        tolerance: &|name| config.again.tolerance(name),
        only: request.only,
    });
    let rows = |manifest: &Manifest, name: &str| manifest.events.get(name).map(|read| read.rows);
    let names: BTreeSet<&String> =
        frozen.manifest.events.keys().chain(computed.manifest.events.keys()).collect();
    let both = |name: &String| (rows(&frozen.manifest, name), rows(&computed.manifest, name));
    ReadDay {
        drift,
        rows: names.into_iter().map(|name| (name.clone(), both(name))).collect(),
        shrunk,
        restated: None,
    }
}

/// The metrics of which other keys were read than kept, under one hash key.
fn other_keys(kept: &BTreeMap<String, SameKeys>, now: &BTreeMap<String, SameKeys>) -> BTreeSet<String> {
    let other = |(name, kept): (&String, &SameKeys)| {
        let now = now.get(name)?;
        (kept.key == now.key && kept.file != now.file).then(|| name.clone())
    };
    kept.iter().filter_map(other).collect()
}

/// Freezes a day again of which rows were changed. `None` when there is nothing to freeze.
fn restate(
    again: &Again<'_>,
    archive: &Archive,
    (request, reason): (&DriftRequest<'_>, &str),
    read: &ReadDay,
    frozen: &FrozenDay,
    live: Live,
) -> Result<Option<Restated>, DayError> {
    match read.drift.kind {
        Kind::Restated => {}
        Kind::SourceShrunk => return Ok(Some(Restated::Stands("rows of it are gone from the source"))),
        Kind::Unchanged | Kind::Redefined | Kind::Unreadable => return Ok(None),
    }
    // Days that were restated before this one count in what is taken over several days.
    let history = archive.history()?;
    let day = frozen.line.date;
    // Another run, as a save that looks back, may have seen the same while this one read: what differs from an
    // edition that is no longer the latest is no reason for another one.
    if when::latest(history.day(day)?).is_none_or(|latest| latest.edition != frozen.line.edition) {
        return Ok(Some(Restated::Stands(MEANWHILE)));
    }
    let input = FreezeAgain {
        archive,
        history: &history,
        why: &Why::Restate { after: frozen.line.edition },
        reason: Some(reason),
        hash: again.hash,
        wait: request.wait,
        now: (again.now)(),
    };
    let outcome = reread::freeze(&input, frozen, live)?;
    Ok(Some(match outcome {
        SaveOutcome::Frozen(frozen) => Restated::Frozen(frozen.id),
        SaveOutcome::Kept { .. } => Restated::Stands(MEANWHILE),
        SaveOutcome::Unchanged { .. } => Restated::Stands("no number that is defined alike differs"),
    }))
}
