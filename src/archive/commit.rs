//! The commit of a snapshot: the ledger's line, then the folder's name, under the lock.
//!
//! Whatever stops it at whatever point, the archive has no such day or a whole one:
//! a line without its folder counts for nothing, and the folder has been complete and
//! synced all along.

use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use indexmap::IndexMap;

use super::history::next_edition;
use super::ledger::NewSnapshot;
use super::lock::Lock;
use super::open::DEFINITIONS;
use super::writer::Writer;
use super::{Archive, ArchiveError, Sealed, SnapshotLine, files};
use crate::model::seen::SeenDoc;
use crate::model::{Fingerprint, Number};

/// What the ledger's line tells of a day's numbers, so that lists need not open the day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headline {
    /// The main values, by metric, in the order of the configuration; `None` is unknown.
    pub values: IndexMap<String, Option<Number>>,
    /// The distinct counts over time, by metric, in the same order.
    pub seen: IndexMap<String, SeenDoc>,
}

/// What became of a commit.
#[derive(Clone, Debug)]
pub enum Commit {
    /// The edition is frozen; this is the ledger's line about it.
    Done(Box<SnapshotLine>),
    /// Another run was first: the day's next edition is another one now. Nothing was written.
    Taken {
        /// The day's editions as they are now, in the ledger's order.
        editions: Vec<SnapshotLine>,
    },
}

impl Archive {
    /// Freezes a sealed snapshot: it is on disk, for good, when this returns [`Commit::Done`].
    ///
    /// `headline` is for lists. The lock is waited for as long as `wait`.
    ///
    /// # Errors
    /// When the lock stays taken, the ledger is damaged, the clock is more than ten minutes behind
    /// the last line, something is in the way, or the disk refuses. The staged files are
    /// removed then, and the day does not exist; only if the very last sync failed does it exist
    /// although a power cut might still take it back.
    #[expect(clippy::needless_pass_by_value, reason = "a sealed snapshot is used up, whatever becomes of it")]
    pub fn commit(
        &self,
        sealed: Sealed,
        headline: &Headline,
        wait: Duration,
        now: DateTime<Utc>,
    ) -> Result<Commit, ArchiveError> {
        self.writable()?;
        let lock = Lock::take(&self.lock_path(), wait)?;
        let waited = TimeDelta::from_std(lock.waited).unwrap_or_default();
        let mut writer = Writer::open(self, &lock, now, now.checked_add_signed(waited).unwrap_or(now))?;

        let id = sealed.id();
        let editions: Vec<_> = writer.snapshots().iter().filter(|line| line.date == id.day).collect();
        if next_edition(editions.iter().map(|line| line.edition)) != id.edition {
            return Ok(Commit::Taken { editions: editions.into_iter().cloned().collect() });
        }
        let target = self.folder(&id);
        if files::exists(&target).map_err(ArchiveError::io("read", &target))? {
            return Err(ArchiveError::InTheWay { path: target });
        }
        self.keep_definitions(&sealed)?;

        let manifest = sealed.manifest();
        let body = NewSnapshot {
            date: manifest.date,
            edition: manifest.edition,
            provenance: manifest.provenance,
            captured_at: manifest.captured_at,
            manifest: sealed.digest,
            definitions: manifest.definitions.fingerprint,
            headline: &headline.values,
            seen: &headline.seen,
            reason: manifest.reason.as_deref(),
            trigger: &manifest.trigger,
            asof: &manifest.asof,
        };
        let line = writer.add_snapshot(now, body)?;
        let staged = sealed.folder();
        if let Err(error) = files::rename_new(&staged, &target) {
            // On a network the answer can be lost although it was done.
            let done = files::exists(&target).unwrap_or(false) && !files::exists(&staged).unwrap_or(true);
            if !done {
                // The line is out. If it can't be closed now, the next writer does it.
                let _ = writer.abandon_last(now);
                return Err(match error.kind() {
                    io::ErrorKind::AlreadyExists => ArchiveError::InTheWay { path: target },
                    _ => ArchiveError::Io { doing: "rename the staged folder to", path: target, error },
                });
            }
        }
        files::sync_dir(self.dir())?;
        Ok(Commit::Done(Box::new(line)))
    }

    /// Keeps the text of the definitions, unless it is there already.
    fn keep_definitions(&self, sealed: &Sealed) -> Result<(), ArchiveError> {
        let Some((staged, fingerprint)) = sealed.new_definitions() else { return Ok(()) };
        self.keep_definition(&staged, fingerprint)
    }

    /// Gives a staged text of definitions its name, unless it is there already.
    pub(super) fn keep_definition(
        &self,
        staged: &Path,
        fingerprint: Fingerprint,
    ) -> Result<(), ArchiveError> {
        let folder = self.dir().join(DEFINITIONS);
        match fs::create_dir(&folder) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                return Err(ArchiveError::Io { doing: "create", path: folder, error });
            }
            Ok(()) => files::sync_dir(self.dir())?,
            Err(_) => {}
        }
        let path = self.definitions_path(fingerprint);
        match files::rename_new(staged, &path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                return Err(ArchiveError::Io { doing: "create", path, error });
            }
            _ => {}
        }
        files::sync_dir(&folder)
    }
}
