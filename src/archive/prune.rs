//! Thinning frozen days: a line in the ledger says which files go, and only then they do.
//!
//! A crash between the two is finished by the next one that thins: files that a line names
//! and that are still there are removed first.

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
use crate::model::{Day, Edition, SnapshotId};

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

impl Archive {
    /// Thins editions: for each a line, synced, and then its files. First it finishes what was cut
    /// short before. Gives those that were thinned.
    ///
    /// `still` is asked under the lock whether a day is still to be thinned, since something may have been
    /// said of it in the meantime.
    ///
    /// # Errors
    /// When the lock stays taken, the ledger is damaged, a path is none of a snapshot's, this is a
    /// cold store, or the disk refuses. What a line names is gone, or goes with the next call.
    pub fn thin(
        &self,
        thinnings: &[Thinning],
        still: &dyn Fn(&History, Day) -> bool,
        wait: Duration,
        now: DateTime<Utc>,
    ) -> Result<Vec<SnapshotId>, ArchiveError> {
        self.writable()?;
        for file in thinnings.iter().flat_map(|thinning| &thinning.files) {
            check_removable(file)?;
        }
        self.writing(wait, now, |writer| {
            let history = self.history()?;
            for (id, pruned) in history.all_thinned() {
                self.remove(id, &pruned.files)?;
            }
            let mut thinned = Vec::new();
            for thinning in thinnings {
                let gone = history.pruned(&thinning.id);
                if thinning.files.iter().all(|file| gone.contains(file)) || !still(&history, thinning.id.day)
                {
                    continue;
                }
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
