//! Thinning frozen days: a line in the ledger says which files go, and only then they do.
//!
//! A crash between the two is finished by the next one that thins. Files are removed before another line
//! is written, so only those of the last line can have been left.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::open::MANIFEST;
use super::reading::check_path;
use super::{Archive, ArchiveError, ArchiveId, History, files};
use crate::model::{Day, Edition, Manifest, SnapshotId};

/// The line that says that files of an edition were thinned.
#[derive(Clone, Debug, Deserialize)]
pub struct PrunedLine {
    /// The line's number, from 1.
    pub seq: u64,
    /// When it was written.
    pub at: DateTime<Utc>,
    /// The day.
    pub date: Day,
    /// Which edition of it.
    pub edition: Edition,
    /// The paths of the files, inside the edition's folder.
    pub files: Vec<String>,
    /// The cold store into which the edition was copied before.
    #[serde(default)]
    pub to: Option<String>,
    /// The id of that cold store.
    #[serde(default)]
    pub store: Option<ArchiveId>,
    /// Why.
    pub reason: String,
}

/// What a pruned line adds.
#[derive(Clone, Copy, Serialize)]
struct NewPruned<'a> {
    date: Day,
    edition: Edition,
    files: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    store: Option<ArchiveId>,
    reason: &'a str,
}

/// What was thinned of an edition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pruned {
    /// When it began.
    pub at: DateTime<Utc>,
    /// The paths of its files that are gone.
    pub files: Vec<String>,
    /// Where the copies of those are that were copied before, by their paths.
    pub copies: BTreeMap<String, String>,
    /// Why, by the last line about it.
    pub reason: String,
}

impl Pruned {
    /// Nothing yet.
    pub(super) fn new(at: DateTime<Utc>) -> Self {
        Self { at, files: Vec::new(), copies: BTreeMap::new(), reason: String::new() }
    }

    /// Adds what a line says.
    pub(super) fn take(&mut self, line: PrunedLine) {
        let new = line.files.into_iter().filter(|file| !self.files.contains(file));
        let new: Vec<String> = new.collect();
        // What was gone before has no copy there, whatever is copied now.
        if let Some(to) = line.to {
            self.copies.extend(new.iter().map(|file| (file.clone(), to.clone())));
        }
        self.files.extend(new);
        self.reason = line.reason;
    }
}

/// What is to be thinned of an edition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thinning {
    /// Which edition.
    pub id: SnapshotId,
    /// The paths of the files that go; never its manifest.
    pub files: Vec<String>,
    /// The cold store that has a copy: its folder and its id.
    pub to: Option<(String, ArchiveId)>,
    /// Why.
    pub reason: String,
}

/// Whether an edition is still to be thinned, by what the archive holds under the lock.
pub type Still<'a> = &'a dyn Fn(&History, &Thinning) -> Result<bool, ArchiveError>;

/// What a run that thins was stopped at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfinished {
    /// The edition.
    pub id: SnapshotId,
    /// The paths of the files that a line named and that were still there.
    pub files: Vec<String>,
    /// How many bytes these have.
    pub bytes: u64,
}

impl Archive {
    /// Thins editions: for each a line, synced, and then its files. Gives those that were thinned. What was
    /// cut short before must have been finished: see [`Archive::finish_thinning`].
    ///
    /// `still` is asked under the lock whether an edition is still to be thinned, since something may have been
    /// said of it in the meantime. What it refuses stops all of them before any line is written, and so does a
    /// symbolic link.
    ///
    /// # Errors
    /// When the lock stays taken, the ledger is damaged, a path is none of a snapshot's, this is a
    /// cold store, or the disk refuses. What a line names is gone, or goes with the next call.
    pub fn thin(
        &self,
        thinnings: &[Thinning],
        still: Still<'_>,
        wait: Duration,
        now: DateTime<Utc>,
    ) -> Result<Vec<SnapshotId>, ArchiveError> {
        self.writing_with_ledger(wait, now, |writer, ledger| {
            let history = History::of(self, ledger, writer.size(), None)?;
            let mut wanted = Vec::with_capacity(thinnings.len());
            for thinning in thinnings {
                for file in &thinning.files {
                    check_removable(file)?;
                    files::no_link(self.dir(), &format!("{}/{file}", thinning.id))?;
                }
                let gone = history.pruned(&thinning.id);
                if !thinning.files.iter().all(|file| gone.contains(file)) && still(&history, thinning)? {
                    wanted.push(thinning);
                }
            }
            let mut thinned = Vec::new();
            for thinning in wanted {
                let body = NewPruned {
                    date: thinning.id.day,
                    edition: thinning.id.edition,
                    files: &thinning.files,
                    to: thinning.to.as_ref().map(|(dir, _)| dir.as_str()),
                    store: thinning.to.as_ref().map(|(_, id)| *id),
                    reason: &thinning.reason,
                };
                writer.add("pruned", now, body)?;
                self.remove(&thinning.id, &thinning.files)?;
                thinned.push(thinning.id);
            }
            Ok(thinned)
        })
    }

    /// Checks that files of an edition are as they were frozen, and that no link leads to them.
    ///
    /// # Errors
    /// When they are not.
    pub fn check_removal(&self, manifest: &Manifest, paths: &[String]) -> Result<(), ArchiveError> {
        let id = SnapshotId::new(manifest.date, manifest.edition);
        for path in paths {
            check_removable(path)?;
            files::no_link(self.dir(), &format!("{id}/{path}"))?;
            self.read_file(manifest, path)?;
        }
        Ok(())
    }

    /// What a run that thins was stopped at: files that the last line about thinning names, and that are still
    /// there as they were frozen. Those of a pinned day stay, and so does whatever is there in place of a file.
    pub fn unfinished_thinning(&self, history: &History) -> Option<Unfinished> {
        let (id, files) = self.not_removed(history)?;
        let manifest = self.manifest(&history.get(&id).ok()?.line).ok()?;
        let here = |path: &&String| files::exists(&self.folder(&id).join(path)).unwrap_or(false);
        let files: Vec<String> = files.iter().filter(here).cloned().collect();
        let sizes = manifest.files.iter().filter(|file| files.contains(&file.path)).map(|file| file.size);
        let bytes = sizes.sum();
        (!files.is_empty()).then_some(Unfinished { id, files, bytes })
    }

    /// The files that the last line about thinning names, but for those that must stay.
    fn not_removed(&self, history: &History) -> Option<(SnapshotId, Vec<String>)> {
        let (id, named) = history.last_pruned()?;
        if history.marks(id.day).pinned {
            return None;
        }
        let manifest = self.manifest(&history.get(id).ok()?.line).ok()?;
        let gone = |path: &String| matches!(files::exists(&self.folder(id).join(path)), Ok(false));
        let goes = |path: &&String| {
            let whole = self.check_removal(&manifest, std::slice::from_ref(*path));
            whole.is_ok() || gone(path) && check_removable(path).is_ok()
        };
        Some((*id, named.iter().filter(goes).cloned().collect()))
    }

    /// Removes what a run that thins was stopped at; gives what there was. A run that has nothing to
    /// remove takes no lock.
    ///
    /// # Errors
    /// When the lock stays taken, the ledger is damaged, this is a cold store, or the disk refuses.
    pub fn finish_thinning(
        &self,
        history: &History,
        wait: Duration,
        now: DateTime<Utc>,
    ) -> Result<Option<Unfinished>, ArchiveError> {
        let folder_left = |(id, files): (SnapshotId, Vec<String>)| {
            let inner = files.iter().filter_map(|path| path.rsplit_once('/'));
            inner.map(|(inner, _)| self.folder(&id).join(inner)).any(|inner| inner.is_dir())
        };
        if self.unfinished_thinning(history).is_none() && !self.not_removed(history).is_some_and(folder_left)
        {
            return Ok(None);
        }
        self.writing_with_ledger(wait, now, |writer, ledger| {
            let history = History::of(self, ledger, writer.size(), None)?;
            let unfinished = self.unfinished_thinning(&history);
            if let Some((id, files)) = self.not_removed(&history) {
                self.remove(&id, &files)?;
            }
            Ok(unfinished)
        })
    }

    /// Removes files that a line of the ledger names, and folders that are empty then.
    fn remove(&self, id: &SnapshotId, paths: &[String]) -> Result<(), ArchiveError> {
        let folder = self.folder(id);
        let mut touched = BTreeSet::new();
        for path in paths {
            check_removable(path)?;
            let file = folder.join(path);
            match fs::remove_file(&file) {
                Ok(()) => {}
                Err(error) if is_missing(&error) => continue,
                Err(error) => return Err(ArchiveError::Io { doing: "remove", path: file, error }),
            }
            touched.extend(file.parent().map(Path::to_owned));
        }
        for inner in &touched {
            files::sync_dir(inner)?;
        }
        // An earlier run may have come as far as an empty folder.
        let below = paths.iter().filter_map(|path| path.rsplit_once('/'));
        let below: BTreeSet<&str> = below.map(|(inner, _)| inner).collect();
        let mut emptied = false;
        for inner in below {
            match fs::remove_dir(folder.join(inner)) {
                Ok(()) => emptied = true,
                // What else is in it stays, and with it the folder.
                Err(error) if is_missing(&error) || error.kind() == io::ErrorKind::DirectoryNotEmpty => {}
                Err(error) => {
                    return Err(ArchiveError::Io { doing: "remove", path: folder.join(inner), error });
                }
            }
        }
        if emptied { files::sync_dir(&folder) } else { Ok(()) }
    }
}

fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// Refuses what no thinning may remove: the manifest, keys that later days count on, and whatever lies
/// outside of the folder.
pub(super) fn check_removable(path: &str) -> Result<(), ArchiveError> {
    check_path(path)?;
    if path == MANIFEST || path.starts_with("seen/") {
        return Err(ArchiveError::BadPath { path: path.to_owned() });
    }
    Ok(())
}
