//! What an archive holds, from its ledger and the names of its folders: no day is opened.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};

use super::ledger::{Confirmation, DamagedLine, Ledger, Line, Mark, SnapshotLine};
use super::open::MANIFEST;
use super::prune::Pruned;
use super::{Archive, ArchiveError, document, files};
use crate::model::{Day, Edition, SnapshotId};

/// How often the archive is looked at again when a writer adds a day meanwhile.
const LOOKS: usize = 10;

/// A frozen edition.
#[derive(Clone, Debug)]
pub struct Frozen {
    /// The ledger's line about it.
    pub line: SnapshotLine,
    /// Whether its folder is there. That it isn't is damage, unless a later version of asof pruned it.
    pub present: bool,
}

/// What was said of a day, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marked {
    /// When.
    pub at: DateTime<Utc>,
    /// What.
    pub mark: Mark,
}

/// What is said of a day now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Marks<'h> {
    /// Its labels, in the order in which they were given.
    pub labels: Vec<&'h str>,
    /// Remarks, oldest first, each with its time.
    pub notes: Vec<(DateTime<Utc>, &'h str)>,
    /// Whether it is kept whole whatever the retention says.
    pub pinned: bool,
}

/// The days of an archive and their editions, at one moment.
///
/// It is read without a lock. A commit that is under way is not in it.
#[derive(Clone, Debug)]
pub struct History {
    dir: PathBuf,
    ledger: PathBuf,
    /// How many bytes the ledger had.
    size: u64,
    days: BTreeMap<Day, Vec<Frozen>>,
    confirmed: BTreeMap<Day, Vec<Confirmation>>,
    marks: BTreeMap<Day, Vec<Marked>>,
    pruned: BTreeMap<SnapshotId, Pruned>,
    /// What the last line about thinning names: only that may not have been removed yet.
    last_pruned: Option<(SnapshotId, Vec<String>)>,
    /// The editions that the ledger says were copied here; only in a cold store.
    copied: BTreeSet<SnapshotId>,
    unlisted: Vec<SnapshotId>,
    damaged: Vec<DamagedLine>,
    torn: bool,
}

impl Archive {
    /// What the archive holds now: one read of the ledger and of the folder's names.
    ///
    /// The ledger's chain is not checked, and no day is opened. Damaged lines are no error here:
    /// they are kept in the answer, see [`History::intact`] and [`History::day`].
    ///
    /// # Errors
    /// When the ledger is missing or can't be read, or the folder can't.
    pub fn history(&self) -> Result<History, ArchiveError> {
        self.history_as_of(None)
    }

    /// What the archive held at an instant: what the ledger says up to there. `None` is now.
    ///
    /// The order of its lines decides, and their times never go back. What a later line closed as
    /// abandoned never was.
    ///
    /// # Errors
    /// Those of [`Archive::history`].
    pub fn history_as_of(&self, as_of: Option<DateTime<Utc>>) -> Result<History, ArchiveError> {
        let path = self.ledger_path();
        let mut looks = 1;
        loop {
            let bytes = files::read(&path)?;
            let history = History::of(self, Ledger::read(&bytes), bytes.len() as u64, as_of)?;
            // A writer may have added a line and its folder between the two looks.
            let size = fs::metadata(&path).map_err(|error| files::unreadable(&path, error))?.len();
            if size == bytes.len() as u64 || looks == LOOKS {
                return Ok(history);
            }
            looks += 1;
        }
    }
}

impl History {
    /// What a ledger of so many bytes says that an archive holds.
    pub(super) fn of(
        archive: &Archive,
        ledger: Ledger,
        size: u64,
        as_of: Option<DateTime<Utc>>,
    ) -> Result<Self, ArchiveError> {
        let mut folders = folders(archive.dir())?;
        if archive.cold().is_some() {
            // Without its manifest a copy was not finished, and is made again.
            folders.retain(|id| archive.folder(id).join(MANIFEST).exists());
        }
        let mut listed = vec![false; folders.len()];
        let damaged = ledger.damaged.clone();
        let torn = ledger.torn.is_some();
        let unfinished = ledger.unfinished();
        let mut days: BTreeMap<Day, Vec<Frozen>> = BTreeMap::new();
        let (mut confirmed, mut marks) = (BTreeMap::<Day, Vec<_>>::new(), BTreeMap::<Day, Vec<_>>::new());
        let mut pruned = BTreeMap::<SnapshotId, Pruned>::new();
        let mut last_pruned = None;
        let mut copied = BTreeSet::new();
        for line in ledger.in_effect() {
            let known = as_of.is_none_or(|as_of| line.at() <= as_of);
            let line = match line {
                Line::Snapshot(line) => *line,
                Line::Confirmed(line) if known => {
                    for day in line.days {
                        confirmed.entry(day.date).or_default().push(day);
                    }
                    continue;
                }
                // What is gone is gone, whatever moment is asked about.
                Line::Pruned(line) => {
                    let id = SnapshotId::new(line.date, line.edition);
                    // What went there is here.
                    if archive.cold().is_some() && line.store == archive.cold() {
                        copied.insert(id);
                        continue;
                    }
                    last_pruned = Some((id, line.files.clone()));
                    pruned.entry(id).or_insert_with(|| Pruned::new(line.at)).take(line);
                    continue;
                }
                Line::Mark(line) if known => {
                    let marked = Marked { at: line.at, mark: line.mark };
                    marks.entry(marked.mark.date()).or_default().push(marked);
                    continue;
                }
                _ => continue,
            };
            let folder = folders.binary_search(&line.id()).ok();
            let present = folder.is_some();
            // A cold store has some of the days; which, its folders tell.
            if !present && archive.cold().is_some() {
                continue;
            }
            // Its commit is under way, or was cut short: nothing of it exists.
            if !present && unfinished == Some(line.seq) {
                continue;
            }
            if let Some(listed) = folder.and_then(|at| listed.get_mut(at)) {
                *listed = true;
            }
            if known {
                days.entry(line.date).or_default().push(Frozen { line, present });
            }
        }
        let unlisted =
            folders.into_iter().zip(listed).filter(|(_, listed)| !listed).map(|(id, _)| id).collect();
        Ok(Self {
            dir: archive.dir().to_owned(),
            ledger: archive.ledger_path(),
            size,
            days,
            confirmed,
            marks,
            pruned,
            last_pruned,
            copied,
            unlisted,
            damaged,
            torn,
        })
    }

    /// Whether nothing was added to the ledger since this was read.
    pub fn is_current(&self) -> bool {
        fs::metadata(&self.ledger).is_ok_and(|meta| meta.len() == self.size)
    }

    /// The ledger's last line about an edition; 0 when there is none.
    pub fn last_frozen(&self) -> u64 {
        self.days.values().flatten().map(|frozen| frozen.line.seq).max().unwrap_or_default()
    }

    /// The same with no editions but those that the ledger had up to a line.
    #[must_use]
    pub fn up_to(mut self, seq: u64) -> Self {
        for editions in self.days.values_mut() {
            editions.retain(|frozen| frozen.line.seq <= seq);
        }
        self.days.retain(|_, editions| !editions.is_empty());
        self
    }

    /// The days that have an edition, in order, each with its editions in the ledger's order; never without one.
    pub fn days(&self) -> impl DoubleEndedIterator<Item = (Day, &[Frozen])> {
        self.days.iter().map(|(day, editions)| (*day, editions.as_slice()))
    }

    /// The editions of a day, in the ledger's order; none when it was never frozen.
    ///
    /// # Errors
    /// When a damaged line of the ledger may have been about this day, since it has a folder without a line.
    pub fn day(&self, day: Day) -> Result<&[Frozen], ArchiveError> {
        if self.unlisted.iter().any(|id| id.day == day) {
            self.intact()?;
        }
        Ok(self.days.get(&day).map_or(&[], Vec::as_slice))
    }

    /// One edition, whose folder is there.
    ///
    /// # Errors
    /// When the ledger has no line for it, or may have lost it; and when its folder is missing.
    pub fn get(&self, id: &SnapshotId) -> Result<&Frozen, ArchiveError> {
        match self.day(id.day)?.iter().find(|frozen| frozen.line.edition == id.edition) {
            Some(frozen) if frozen.present => Ok(frozen),
            Some(_) => Err(document::damaged(
                &self.dir.join(id.to_string()),
                "is missing, and the ledger has its line",
            )),
            None if self.unlisted.contains(id) => {
                Err(ArchiveError::Unlisted { path: self.dir.join(id.to_string()) })
            }
            None => Err(ArchiveError::Unknown { id: *id }),
        }
    }

    /// The times a day's editions were read again without a number that differs, in the ledger's order.
    pub fn confirmations(&self, day: Day) -> &[Confirmation] {
        self.confirmed.get(&day).map_or(&[], Vec::as_slice)
    }

    /// What is said of a day now.
    pub fn marks(&self, day: Day) -> Marks<'_> {
        let mut marks = Marks::default();
        for marked in self.marks.get(&day).into_iter().flatten() {
            match &marked.mark {
                Mark::Label { label, set, .. } => {
                    marks.labels.retain(|known| known != label);
                    if *set {
                        marks.labels.push(label);
                    }
                }
                Mark::Note { text, .. } => marks.notes.push((marked.at, text)),
                Mark::Pin { set, .. } => marks.pinned = *set,
            }
        }
        marks
    }

    /// The paths of an edition's files that were thinned; none of one that is whole.
    pub fn pruned(&self, id: &SnapshotId) -> &[String] {
        self.thinned(id).map_or(&[], |pruned| pruned.files.as_slice())
    }

    /// What was thinned of an edition, and when; `None` when it is whole.
    pub fn thinned(&self, id: &SnapshotId) -> Option<&Pruned> {
        self.pruned.get(id)
    }

    /// The editions of which something was thinned, by day.
    pub fn all_thinned(&self) -> impl Iterator<Item = (&SnapshotId, &Pruned)> {
        self.pruned.iter()
    }

    /// The edition that was thinned last, with the files that the line about it names.
    pub fn last_pruned(&self) -> Option<(&SnapshotId, &[String])> {
        self.last_pruned.as_ref().map(|(id, files)| (id, files.as_slice()))
    }

    /// The editions of which the ledger says that they were copied here, and whose folder is not
    /// there or has no manifest; none but in a cold store.
    pub fn lost_copies(&self) -> impl Iterator<Item = &SnapshotId> {
        let here = |id: &SnapshotId| {
            self.days
                .get(&id.day)
                .is_some_and(|editions| editions.iter().any(|frozen| frozen.line.edition == id.edition))
        };
        self.copied.iter().filter(move |id| !here(id))
    }

    /// The edition that would come next for a day.
    pub fn next_edition(&self, day: Day) -> Edition {
        next_edition(self.days.get(&day).into_iter().flatten().map(|frozen| frozen.line.edition))
    }

    /// Folders with a day's name of which the ledger knows nothing.
    pub fn unlisted(&self) -> &[SnapshotId] {
        &self.unlisted
    }

    /// The ledger's lines that can't be read or are out of order.
    pub fn damaged(&self) -> &[DamagedLine] {
        &self.damaged
    }

    /// Whether the ledger ends in an unfinished line. Readers pass over it, and the next writer cuts it.
    pub fn torn(&self) -> bool {
        self.torn
    }

    /// Refuses a ledger with a damaged line, as a writer will.
    ///
    /// # Errors
    /// The first damaged line.
    pub fn intact(&self) -> Result<(), ArchiveError> {
        self.damaged.first().map_or(Ok(()), |damage| {
            let path = self.ledger.clone();
            Err(ArchiveError::LedgerLine { path, line: damage.line, what: damage.what.clone() })
        })
    }
}

/// The edition after the largest of these.
pub(super) fn next_edition(editions: impl Iterator<Item = Edition>) -> Edition {
    editions.max().map_or(Edition::FIRST, Edition::next)
}

/// The folders that are named like an edition, sorted.
fn folders(dir: &Path) -> Result<Vec<SnapshotId>, ArchiveError> {
    let unreadable = |error| ArchiveError::Io { doing: "read", path: dir.to_owned(), error };
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let name = entry.file_name();
        let Some(id) = name.to_str().and_then(|name| name.parse::<SnapshotId>().ok()) else { continue };
        // A link counts, for whoever reads: days may have been moved to another disk. `verify` tells of it.
        if entry.file_type().is_ok_and(|kind| kind.is_dir() || kind.is_symlink()) {
            found.push(id);
        }
    }
    found.sort_unstable();
    Ok(found)
}
