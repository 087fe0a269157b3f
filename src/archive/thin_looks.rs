//! Thinning looks and captures of entities: a line in the ledger says which files go, and only then they do.
//!
//! It is done as with days: a crash between the two is finished by the next one that thins.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::ledger::Ledger;
use super::look_line::{EntityLine, ThinnedDoc, captures_folder, look_folder};
use super::looks::Looks;
use super::{Archive, ArchiveError, ArchiveId, History, checked, files};
use crate::model::Day;
use crate::model::manifest::FileDoc;

/// What is to be thinned of a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThinningLooks {
    /// The entities.
    pub entity: String,
    /// The day.
    pub date: Day,
    /// The files that go, by their paths from the archive's folder on.
    pub files: BTreeMap<String, FileDoc>,
    /// The cold store that has a copy: its folder and its id.
    pub to: Option<(String, ArchiveId)>,
    /// Why.
    pub reason: String,
}

/// Whether a day is still to be thinned, by what the archive holds under the lock.
pub type StillLooks<'a> = &'a dyn Fn(&History, &ThinningLooks) -> Result<bool, ArchiveError>;

/// What a run that thins was stopped at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnfinishedLooks {
    /// The entities.
    pub entity: String,
    /// The day.
    pub date: Day,
    /// The paths of the files that the last line names and that were still there.
    pub files: Vec<String>,
    /// How many bytes these have.
    pub bytes: u64,
}

impl Archive {
    /// The files of a day's look and captures that are there, by their paths; with those of captures for which
    /// another stands by now and that were not removed yet, and without those that were thinned and put back.
    pub fn held(&self, entity: &str, looks: &Looks, day: Day) -> BTreeMap<String, FileDoc> {
        let folder = captures_folder(entity, day);
        let captures = looks.capture_files(day).into_iter();
        let mut there: BTreeSet<String> = captures.map(|file| format!("{folder}/{}", file.path)).collect();
        if let Some(line) = looks.looks.get(&day) {
            let folder = look_folder(entity, day);
            there.extend(line.doc.files.iter().map(|file| format!("{folder}/{}", file.path)));
        }
        let compacted = looks.compacted.get(&day).into_iter().flatten();
        let left = compacted.flat_map(|line| &line.doc.of).map(|name| format!("{folder}/{name}"));
        there.extend(left.filter(|path| !matches!(files::exists(&self.dir().join(path)), Ok(false))));
        let back =
            |path: &String| looks.thinned.get(&day).is_some_and(|thinned| thinned.files.contains(path));
        looks.docs(day).into_iter().filter(|(path, _)| there.contains(path) && !back(path)).collect()
    }

    /// Checks that files are as they were kept, and that no link leads to them.
    ///
    /// # Errors
    /// When they are not.
    pub fn check_held(&self, held: &BTreeMap<String, FileDoc>) -> Result<(), ArchiveError> {
        held.iter().try_for_each(|(path, doc)| self.check_one(path, doc))
    }

    fn check_one(&self, path: &str, doc: &FileDoc) -> Result<(), ArchiveError> {
        files::no_link(self.dir(), path)?;
        checked::open(&self.dir().join(path), doc).map(drop)
    }

    /// Thins looks and captures: for each day a line, synced, and then its files. Gives those that were thinned.
    /// What was cut short before must have been finished: see [`Archive::finish_thinning_looks`].
    ///
    /// `still` is asked under the lock whether a day is still to be thinned. A day whose files are not those that
    /// are named any more, since something was added meanwhile, stays as it is.
    ///
    /// # Errors
    /// When the lock stays taken, the ledger is damaged, a link leads to a file, this is a cold store, or the
    /// disk refuses. What a line names is gone, or goes with the next call.
    pub fn thin_looks(
        &self,
        thinnings: &[ThinningLooks],
        still: StillLooks<'_>,
        wait: Duration,
        now: DateTime<Utc>,
    ) -> Result<Vec<(String, Day)>, ArchiveError> {
        self.writing_with_ledger(wait, now, |writer, ledger| {
            let history = History::of(self, ledger, writer.size(), None)?;
            let looks = self.looks(None)?;
            let mut wanted = Vec::with_capacity(thinnings.len());
            for thinning in thinnings {
                for path in thinning.files.keys() {
                    files::no_link(self.dir(), path)?;
                }
                let is_same = looks
                    .get(&thinning.entity)
                    .is_some_and(|own| self.held(&thinning.entity, own, thinning.date) == thinning.files);
                if is_same && still(&history, thinning)? {
                    wanted.push(thinning);
                }
            }
            let mut thinned = Vec::new();
            for thinning in wanted {
                let doc = ThinnedDoc {
                    entity: thinning.entity.clone(),
                    date: thinning.date,
                    files: thinning.files.keys().cloned().collect(),
                    to: thinning.to.as_ref().map(|(dir, _)| dir.clone()),
                    store: thinning.to.as_ref().map(|(_, id)| *id),
                    reason: thinning.reason.clone(),
                };
                writer.add("thinned", now, &doc)?;
                self.remove_held(&doc.files)?;
                thinned.push((doc.entity, doc.date));
            }
            Ok(thinned)
        })
    }

    /// What a run that thins was stopped at: files that the last line about it names, and that are still there as
    /// they were kept. Those of a pinned day stay, and so does whatever is there in place of a file.
    pub fn unfinished_looks(&self, history: &History) -> Option<UnfinishedLooks> {
        let (entity, date, named) = self.looks_not_removed(history)?;
        let here = |path: &String| files::exists(&self.dir().join(path)).unwrap_or(false);
        let named: BTreeMap<String, FileDoc> = named.into_iter().filter(|(path, _)| here(path)).collect();
        let bytes = named.values().map(|doc| doc.size).sum();
        let files: Vec<String> = named.into_keys().collect();
        (!files.is_empty()).then_some(UnfinishedLooks { entity, date, files, bytes })
    }

    /// The files that the last line about thinning names, but for those that must stay.
    fn looks_not_removed(&self, history: &History) -> Option<(String, Day, BTreeMap<String, FileDoc>)> {
        let lines = self.entity_lines(Ledger::read(&files::read(&self.ledger_path()).ok()?));
        let doc = lines.into_iter().rev().find_map(|line| match line {
            EntityLine::Thinned(line) => Some(line.doc),
            _ => None,
        })?;
        if history.marks(doc.date).pinned {
            return None;
        }
        let docs = self.looks(None).ok()?.remove(&doc.entity)?.docs(doc.date);
        let goes = |path: &String, doc: &FileDoc| {
            let is_gone = matches!(files::exists(&self.dir().join(path)), Ok(false));
            is_gone && files::no_link(self.dir(), path).is_ok() || self.check_one(path, doc).is_ok()
        };
        let named = docs.into_iter().filter(|(path, _)| doc.files.contains(path));
        let named = named.filter(|(path, file)| goes(path, file)).collect();
        Some((doc.entity, doc.date, named))
    }

    /// Removes what a run that thins was stopped at; gives what there was. A run that has nothing to remove takes
    /// no lock.
    ///
    /// # Errors
    /// When the lock stays taken, the ledger is damaged, this is a cold store, or the disk refuses.
    pub fn finish_thinning_looks(
        &self,
        history: &History,
        wait: Duration,
        now: DateTime<Utc>,
    ) -> Result<Option<UnfinishedLooks>, ArchiveError> {
        // An earlier run may have come as far as an empty folder.
        let folder_left = |files: &BTreeMap<String, FileDoc>| {
            let folders = files.keys().filter_map(|path| path.rsplit_once('/'));
            let mut inside = folders.map(|(folder, _)| fs::read_dir(self.dir().join(folder)));
            inside.any(|inside| inside.is_ok_and(|mut inside| inside.next().is_none()))
        };
        let left = self.looks_not_removed(history);
        if self.unfinished_looks(history).is_none() && !left.is_some_and(|(.., files)| folder_left(&files)) {
            return Ok(None);
        }
        self.writing_with_ledger(wait, now, |writer, ledger| {
            let history = History::of(self, ledger, writer.size(), None)?;
            let unfinished = self.unfinished_looks(&history);
            if let Some((.., files)) = self.looks_not_removed(&history) {
                self.remove_held(&files.into_keys().collect::<Vec<_>>())?;
            }
            Ok(unfinished)
        })
    }

    /// Removes files that a line of the ledger names, and folders that are empty then.
    fn remove_held(&self, paths: &[String]) -> Result<(), ArchiveError> {
        let mut folders: BTreeSet<PathBuf> = BTreeSet::new();
        let mut touched: BTreeSet<PathBuf> = BTreeSet::new();
        for path in paths {
            files::no_link(self.dir(), path)?;
            let file = self.dir().join(path);
            folders.extend(file.parent().map(Path::to_owned));
            match fs::remove_file(&file) {
                Ok(()) => touched.extend(file.parent().map(Path::to_owned)),
                Err(error) if is_missing(&error) => {}
                Err(error) => return Err(ArchiveError::Io { doing: "remove", path: file, error }),
            }
        }
        for folder in &touched {
            files::sync_dir(folder)?;
        }
        for folder in folders {
            match fs::remove_dir(&folder) {
                Ok(()) => folder.parent().map_or(Ok(()), files::sync_dir)?,
                // What else is in it stays, and with it the folder.
                Err(error) if is_missing(&error) || error.kind() == io::ErrorKind::DirectoryNotEmpty => {}
                Err(error) => return Err(ArchiveError::Io { doing: "remove", path: folder, error }),
            }
        }
        Ok(())
    }
}

fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}
