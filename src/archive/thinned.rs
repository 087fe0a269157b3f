//! What of looks and captures was thinned: the ledger names the files, and the disk tells whether they are gone.
//!
//! What is gone is no damage. Its lines still tell how many entities there were, and the sums of their counters.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use chrono::{DateTime, Utc};

use super::look_line::{LookDoc, Said, ThinnedDoc, captures_folder, look_folder};
use super::looks::Looks;
use super::{Archive, ArchiveError, ArchiveId, files};
use crate::model::Day;
use crate::model::manifest::FileDoc;

/// What lines say was thinned of a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThinnedDay {
    /// When, by the last line about it.
    pub at: DateTime<Utc>,
    /// The paths of the files, from the archive's folder on.
    pub files: BTreeSet<String>,
    /// Of files that were copied before, the cold store: its folder and its id.
    pub copies: BTreeMap<String, (String, Option<ArchiveId>)>,
    /// Why, by the last line.
    pub reason: String,
}

impl ThinnedDay {
    /// Whether a file was copied into this cold store.
    pub(super) fn copied(&self, path: &str, store: ArchiveId) -> bool {
        self.copies.get(path).is_some_and(|(_, id)| *id == Some(store))
    }
}

impl Looks {
    /// Adds what a line says was thinned.
    pub(super) fn note_thinned(&mut self, line: Said<ThinnedDoc>) {
        let Said { at, doc, .. } = line;
        let day = self.thinned.entry(doc.date).or_insert_with(|| ThinnedDay {
            at,
            files: BTreeSet::new(),
            copies: BTreeMap::new(),
            reason: String::new(),
        });
        day.at = at;
        let new: Vec<String> = doc.files.into_iter().filter(|path| !day.files.contains(path)).collect();
        if let Some(to) = doc.to {
            day.copies.extend(new.iter().map(|path| (path.clone(), (to.clone(), doc.store))));
        }
        day.files.extend(new);
        day.reason = doc.reason;
    }

    /// Tells looks and captures whose files are gone from those whose files are there. Who puts files back can
    /// read them again; and a cold store has only some.
    pub(super) fn settle(&mut self, archive: &Archive) {
        let cold = archive.cold().is_some();
        if !cold && self.thinned.is_empty() {
            return;
        }
        let named = |day: Day, path: &str| {
            cold || self.thinned.get(&day).is_some_and(|thinned| thinned.files.contains(path))
        };
        let gone = |path: &str| matches!(files::exists(&archive.dir().join(path)), Ok(false));
        let (mut looks, mut thinned_looks) = (BTreeMap::new(), BTreeMap::new());
        for (day, line) in &self.looks {
            let folder = look_folder(&line.doc.entity, *day);
            let mut paths = line.doc.files.iter().map(|file| format!("{folder}/{}", file.path));
            let is_gone = paths.any(|path| named(*day, &path) && gone(&path));
            if is_gone { &mut thinned_looks } else { &mut looks }.insert(*day, line.clone());
        }
        let mut asked: BTreeMap<String, bool> = BTreeMap::new();
        let (mut captures, mut thinned_captures) = (Vec::new(), Vec::new());
        let mut hidden = BTreeSet::new();
        for line in &self.captures {
            let day = line.doc.date;
            let name = self.lies_in(day, &line.doc.file.path);
            let path = format!("{}/{name}", captures_folder(&line.doc.entity, day));
            let is_gone = named(day, &path) && *asked.entry(path).or_insert_with_key(|path| gone(path));
            if is_gone {
                hidden.insert((day, name.to_owned()));
                thinned_captures.push(line.clone());
            } else {
                captures.push(line.clone());
            }
        }
        self.looks = looks;
        self.captures = captures;
        self.thinned_looks.extend(thinned_looks);
        self.thinned_captures.extend(thinned_captures);
        self.gone.extend(hidden);
    }

    /// The name of the file in which the captures of a day's file lie by now.
    pub fn lies_in<'l>(&'l self, day: Day, name: &'l str) -> &'l str {
        let lines = self.compacted.get(&day).map_or(&[][..], Vec::as_slice);
        let mut name = name;
        for _ in lines {
            match lines.iter().find(|line| line.doc.of.iter().any(|of| of == name)) {
                Some(line) => name = &line.doc.file.path,
                None => break,
            }
        }
        name
    }

    /// All files that lines about a day name, by their paths from the archive's folder on.
    pub fn docs(&self, day: Day) -> BTreeMap<String, FileDoc> {
        let mut docs = BTreeMap::new();
        for line in self.looks.get(&day).into_iter().chain(self.thinned_looks.get(&day)) {
            let folder = look_folder(&line.doc.entity, day);
            let files = line.doc.files.iter();
            docs.extend(files.map(|file| (format!("{folder}/{}", file.path), file.clone())));
        }
        let captures = self.captures.iter().chain(&self.thinned_captures);
        let captures = captures.filter(|line| line.doc.date == day);
        let captures = captures.map(|line| (&line.doc.entity, &line.doc.file));
        let compacted = self.compacted.get(&day).into_iter().flatten();
        let compacted = compacted.map(|line| (&line.doc.entity, &line.doc.file));
        docs.extend(
            captures.chain(compacted).map(|(entity, file)| {
                (format!("{}/{}", captures_folder(entity, day), file.path), file.clone())
            }),
        );
        docs
    }

    /// Whether there was a look for a day, be its rows there or thinned.
    pub fn has_looked(&self, day: Day) -> bool {
        self.looks.contains_key(&day) || self.thinned_looks.contains_key(&day)
    }

    /// All looks, those whose rows were thinned among them: of these only the lines are left.
    pub fn all_looks(&self) -> BTreeMap<Day, &Said<LookDoc>> {
        self.looks.iter().chain(&self.thinned_looks).map(|(day, line)| (*day, line)).collect()
    }

    /// Whether rows were thinned that were seen after an instant.
    pub fn thinned_after(&self, at: DateTime<Utc>) -> bool {
        let looks = self.thinned_looks.values().map(|line| line.doc.captured_at);
        let captures = self.thinned_captures.iter().map(|line| line.doc.captured_at);
        looks.chain(captures).any(|seen| seen > at)
    }

    /// Why rows of a day are not there any more, in words; `None` where none was thinned.
    pub fn why_thinned(&self, day: Day) -> Option<String> {
        let captured = || self.thinned_captures.iter().any(|line| line.doc.date == day);
        if !self.thinned_looks.contains_key(&day) && !captured() {
            return None;
        }
        Some(match self.thinned.get(&day) {
            Some(thinned) => format!("it was thinned on {}", thinned.at.format("%Y-%m-%d")),
            None => "this cold store has no copy of it".to_owned(),
        })
    }

    /// The days of which rows were thinned.
    pub fn thinned_days(&self) -> BTreeSet<Day> {
        let captures = self.thinned_captures.iter().map(|line| line.doc.date);
        self.thinned_looks.keys().copied().chain(captures).collect()
    }
}

impl Archive {
    /// Why a file of a look or of captures can't be opened: it was thinned since the ledger was read, or else
    /// this error.
    pub(super) fn if_thinned(&self, entity: &str, day: Day, path: &str, error: ArchiveError) -> ArchiveError {
        if !matches!(files::exists(&self.dir().join(path)), Ok(false)) {
            return error;
        }
        let looks = self.looks(None).ok().and_then(|mut all| all.remove(entity)).unwrap_or_default();
        match looks.thinned.get(&day).filter(|thinned| thinned.files.contains(path)) {
            Some(thinned) => ArchiveError::Pruned {
                path: self.dir().join(path),
                at: thinned.at,
                to: thinned.copies.get(path).map(|(to, _)| PathBuf::from(to)),
                numbers: false,
            },
            None => error,
        }
    }
}
