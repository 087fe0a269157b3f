//! What an archive holds of entities: its looks and captures, and how looks come into it.
//!
//! A look is a folder, a capture a file. Each is staged and synced, has its line in the ledger by digest,
//! and then gets its name: the same way as a day, and apart from the days.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use arrow_array::RecordBatch;
use chrono::{DateTime, Utc};

use super::claim::{self, Claim};
use super::ledger::{Ledger, Line};
use super::look_file::{LookFileError, LookReader};
use super::look_line::{CaptureDoc, CompactedDoc, EntityLine, LookDoc, Said, UnlookedDoc, look_folder};
use super::look_write::Written;
use super::thinned::ThinnedDay;
use super::{Archive, ArchiveError, KeyReader, checked, document, files};
use crate::model::entity;
use crate::model::manifest::FileDoc;
use crate::model::{Day, Digest, EntityDef, Fingerprint};

/// The file of a look with the rows that are kept.
pub const ROWS: &str = "rows.parquet";
/// The file of a look with the keys that are not among them.
pub const REST: &str = "rest.parquet";

/// What an archive holds of one kind of entities, from the ledger: no file is opened. Of those that may have
/// been thinned it is looked whether they are there.
#[derive(Clone, Debug, Default)]
pub struct Looks {
    /// The daily looks whose files are there.
    pub looks: BTreeMap<Day, Said<LookDoc>>,
    /// The days for which nobody looked, and why, by the last word on it.
    pub unlooked: BTreeMap<Day, Said<UnlookedDoc>>,
    /// The captures whose files are there, in the ledger's order.
    pub captures: Vec<Said<CaptureDoc>>,
    /// The days whose captures were put together.
    pub compacted: BTreeMap<Day, Vec<Said<CompactedDoc>>>,
    /// The number of the last line about them, 0 for none.
    pub last: u64,
    /// What lines say was thinned, by day.
    pub thinned: BTreeMap<Day, ThinnedDay>,
    /// The looks whose files were thinned. What their lines say is still known.
    pub thinned_looks: BTreeMap<Day, Said<LookDoc>>,
    /// The captures whose files were.
    pub thinned_captures: Vec<Said<CaptureDoc>>,
    /// The names of the files of captures that are gone, by day.
    pub(super) gone: BTreeSet<(Day, String)>,
}

impl Looks {
    /// Adds what a line says.
    pub(super) fn take(&mut self, line: EntityLine) {
        self.last = line.seq();
        match line {
            EntityLine::Look(line) => drop(self.looks.insert(line.doc.date, line)),
            EntityLine::Unlooked(line) => drop(self.unlooked.insert(line.doc.date, line)),
            EntityLine::Capture(line) => self.captures.push(line),
            EntityLine::Compacted(line) => self.compacted.entry(line.doc.date).or_default().push(line),
            EntityLine::Thinned(line) => self.note_thinned(line),
        }
    }

    /// The names of the files that hold a day's captures, with what they must be; oldest first.
    pub fn capture_files(&self, day: Day) -> Vec<&FileDoc> {
        let compacted = self.compacted.get(&day).into_iter().flatten();
        let gone: Vec<&str> =
            compacted.clone().flat_map(|line| line.doc.of.iter().map(String::as_str)).collect();
        let own = self.captures.iter().filter(|line| line.doc.date == day).map(|line| &line.doc.file);
        let all = compacted.map(|line| &line.doc.file).chain(own);
        all.filter(|file| {
            !gone.contains(&file.path.as_str()) && !self.gone.contains(&(day, file.path.clone()))
        })
        .collect()
    }

    /// The days that have captures whose files are there.
    pub fn capture_days(&self) -> Vec<Day> {
        let mut days: Vec<Day> = self.captures.iter().map(|line| line.doc.date).collect();
        days.sort_unstable();
        days.dedup();
        days
    }
}

/// A folder or file that is complete and synced, and only needs its name. Dropped, it is gone.
#[derive(Debug)]
pub struct Staged<T> {
    pub(super) claim: Claim,
    pub(super) doc: T,
    pub(super) definition: Option<Fingerprint>,
}

/// What became of a commit.
#[derive(Clone, Debug)]
pub enum Kept<T> {
    /// It is in the archive; this is its line.
    Done(T),
    /// Another run was first: nothing was written. What is known of the entities has to be read again.
    Taken,
}

/// A look while it is written.
#[derive(Debug)]
pub struct StagingLook {
    claim: Claim,
    folder: PathBuf,
    written: Vec<(PathBuf, File)>,
    files: Vec<FileDoc>,
}

pub(super) const STAGED: &str = "staged";
const DEFINITION: &str = "definition.json";

impl Archive {
    /// What the archive holds of each kind of entities; with `as_of`, what it held then.
    ///
    /// # Errors
    /// When the ledger is missing, can't be read, or has damaged lines.
    pub fn looks(&self, as_of: Option<DateTime<Utc>>) -> Result<BTreeMap<String, Looks>, ArchiveError> {
        let path = self.ledger_path();
        let ledger = Ledger::read(&files::read(&path)?);
        if let Some(damage) = ledger.damaged.first() {
            return Err(ArchiveError::LedgerLine { path, line: damage.line, what: damage.what.clone() });
        }
        let mut all: BTreeMap<String, Looks> = BTreeMap::new();
        for line in self.entity_lines(ledger) {
            if as_of.is_none_or(|as_of| line.at() <= as_of) {
                all.entry(line.about().0.to_owned()).or_default().take(line);
            } else if let Some(looks) = all.get_mut(line.about().0) {
                match line {
                    // What was known then lies in another file since.
                    EntityLine::Compacted(line) => {
                        looks.compacted.entry(line.doc.date).or_default().push(line);
                    }
                    // What is gone is gone, whatever moment is asked about.
                    EntityLine::Thinned(line) => looks.note_thinned(line),
                    EntityLine::Look(_) | EntityLine::Unlooked(_) | EntityLine::Capture(_) => {}
                }
            }
        }
        for looks in all.values_mut() {
            looks.settle(self);
        }
        Ok(all)
    }

    /// The lines about entities that are in effect, in order, without one whose commit is under way or was
    /// cut short: nothing of that exists.
    pub(super) fn entity_lines(&self, ledger: Ledger) -> Vec<EntityLine> {
        let unfinished = ledger.unfinished();
        let begun = |line: &EntityLine| {
            Some(line.seq()) != unfinished
                || line.path().is_none_or(|path| files::exists(&self.dir().join(path)).unwrap_or(true))
        };
        let entity = |line: Line| match line {
            Line::Entity(line) => Some(*line),
            _ => None,
        };
        ledger.in_effect().filter_map(entity).filter(begun).collect()
    }

    /// Begins a look. Nothing is locked; what dead processes left behind is removed.
    ///
    /// # Errors
    /// When the archive can't be written.
    pub fn stage_look(&self) -> Result<StagingLook, ArchiveError> {
        let staging = self.staging_path();
        claim::remove_leftovers(&staging);
        let claim = Claim::new(&staging)?;
        let folder = claim.path().join(STAGED);
        fs::create_dir(&folder).map_err(ArchiveError::io("create", &folder))?;
        Ok(StagingLook { claim, folder, written: Vec::new(), files: Vec::new() })
    }

    /// Keeps a look, if nothing was added about its entities since the line numbered `known`.
    ///
    /// # Errors
    /// When the lock stays taken, the ledger is damaged, the clock is well behind the last line,
    /// something is in the way, or the disk refuses. Nothing is kept then.
    pub fn keep_look(
        &self,
        staged: Staged<LookDoc>,
        known: u64,
        wait: Duration,
        now: DateTime<Utc>,
    ) -> Result<Kept<Said<LookDoc>>, ArchiveError> {
        let target = self.dir().join(look_folder(&staged.doc.entity, staged.doc.date));
        let line = |seq, at| EntityLine::Look(Said { seq, at, doc: staged.doc.clone() });
        let kept =
            self.keep("look", &staged, &staged.doc, &staged.doc.entity, &target, known, (wait, now), &line)?;
        Ok(match kept {
            Kept::Done((seq, at)) => Kept::Done(Said { seq, at, doc: staged.doc }),
            Kept::Taken => Kept::Taken,
        })
    }

    /// Notes that nobody looked for a day, and why, unless that is known already.
    ///
    /// # Errors
    /// Those of [`Archive::confirm`].
    pub fn note_unlooked(
        &self,
        doc: &UnlookedDoc,
        wait: Duration,
        now: DateTime<Utc>,
    ) -> Result<(), ArchiveError> {
        self.writing(wait, now, |writer| {
            let known = self.looks(None)?;
            let looks = known.get(&doc.entity);
            let said = looks
                .is_some_and(|looks| looks.has_looked(doc.date) || looks.unlooked.contains_key(&doc.date));
            if said { Ok(()) } else { writer.add("unlooked", now, doc).map(drop) }
        })
    }

    /// Adds a line and gives what was staged its name, under the lock.
    #[expect(
        clippy::too_many_arguments,
        reason = "the one place for looks, captures and what is put together"
    )]
    pub(super) fn keep<T, D: serde::Serialize>(
        &self,
        kind: &str,
        staged: &Staged<T>,
        doc: &D,
        entity: &str,
        target: &Path,
        known: u64,
        (wait, now): (Duration, DateTime<Utc>),
        line: &dyn Fn(u64, DateTime<Utc>) -> EntityLine,
    ) -> Result<Kept<(u64, DateTime<Utc>)>, ArchiveError> {
        self.writing(wait, now, |writer| {
            if self.looks(None)?.get(entity).map_or(0, |looks| looks.last) != known {
                return Ok(Kept::Taken);
            }
            if files::exists(target).map_err(ArchiveError::io("read", target))? {
                return Err(ArchiveError::InTheWay { path: target.to_owned() });
            }
            if let Some(fingerprint) = staged.definition {
                self.keep_definition(&staged.claim.path().join(DEFINITION), fingerprint)?;
            }
            self.make_folders(target)?;
            let bytes = writer.add(kind, now, doc)?;
            let (seq, at) = writer.last();
            drop(bytes);
            let from = staged.claim.path().join(STAGED);
            if let Err(error) = files::rename_new(&from, target) {
                let done = files::exists(target).unwrap_or(false) && !files::exists(&from).unwrap_or(true);
                if !done {
                    // The line is out. If it can't be closed now, the next writer does it.
                    let _ = writer.abandon_entity(&line(seq, at), now);
                    let path = target.to_owned();
                    return Err(match error.kind() {
                        io::ErrorKind::AlreadyExists => ArchiveError::InTheWay { path },
                        _ => ArchiveError::Io { doing: "give what was staged the name", path, error },
                    });
                }
            }
            if let Some(parent) = target.parent() {
                files::sync_dir(parent)?;
            }
            Ok(Kept::Done((seq, at)))
        })
    }

    /// Makes the folders above a file, and syncs each that is new.
    fn make_folders(&self, target: &Path) -> Result<(), ArchiveError> {
        if let Ok(below) = target.strip_prefix(self.dir()) {
            files::no_link(self.dir(), &below.to_string_lossy())?;
        }
        let mut above = self.dir().to_owned();
        let inner = target.strip_prefix(self.dir()).ok().and_then(Path::parent);
        for name in inner.into_iter().flat_map(Path::components) {
            let parent = above.clone();
            above.push(name);
            match fs::create_dir(&above) {
                Ok(()) => files::sync_dir(&parent)?,
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(ArchiveError::Io { doing: "create", path: above, error }),
            }
        }
        Ok(())
    }

    /// Stages the text of a definition; `None` when the archive has it already.
    pub(super) fn stage_definition(
        &self,
        claim: &Claim,
        def: &EntityDef,
    ) -> Result<Option<Fingerprint>, ArchiveError> {
        let text = def.text();
        let fingerprint = Fingerprint(Digest::of(text.as_bytes()));
        let kept = self.definitions_path(fingerprint);
        if files::exists(&kept).map_err(ArchiveError::io("read", &kept))? {
            return Ok(None);
        }
        let path = claim.path().join(DEFINITION);
        let file = files::write_new(&path, text.as_bytes())?;
        files::sync_files(&[(&path, file)])?;
        Ok(Some(fingerprint))
    }

    /// The definition of this fingerprint by which entities were looked at.
    ///
    /// # Errors
    /// When its file is missing, changed, or of a newer format.
    pub fn entity_definition(&self, fingerprint: Fingerprint) -> Result<EntityDef, ArchiveError> {
        let path = self.definitions_path(fingerprint);
        let bytes = files::read(&path)?;
        let digest = Digest::of(&bytes);
        if digest != fingerprint.0 {
            let what =
                format!("has changed since it was kept: its SHA-256 is {digest}, which is not its name");
            return Err(document::damaged(&path, what));
        }
        document::read(&bytes, &path, entity::FORMAT)
    }

    /// Whether the definition of this fingerprint says that it is one of entities.
    pub(super) fn is_of_entities(&self, fingerprint: Fingerprint) -> bool {
        #[derive(serde::Deserialize)]
        struct Head {
            format: String,
        }
        let bytes = files::read(&self.definitions_path(fingerprint));
        let head = bytes.ok().and_then(|bytes| serde_json::from_slice::<Head>(&bytes).ok());
        let name = |format: &str| format.split('/').next().map(str::to_owned);
        head.is_some_and(|head| name(&head.format) == name(entity::FORMAT))
    }

    /// Columns of a file of a look, which is checked by its digest first; `None` when the look has no
    /// such file.
    ///
    /// # Errors
    /// When it is missing or not as it was kept.
    pub fn look_columns(
        &self,
        look: &LookDoc,
        name: &str,
        columns: &[&str],
    ) -> Result<Option<LookReader>, ArchiveError> {
        let Some(file) = self.look_file(look, name)? else { return Ok(None) };
        LookReader::new(file, columns).map(Some).map_err(|error| self.look_damaged(look, name, &error))
    }

    /// The one row of a key in a look, as a batch of these columns; `None` when it has none. Where rows of
    /// several looks are read, a [`KeyReader`] does so faster.
    ///
    /// # Errors
    /// When a file is missing or not as it was kept.
    pub fn look_row(
        &self,
        look: &LookDoc,
        name: &str,
        columns: &[&str],
        key: &str,
    ) -> Result<Option<RecordBatch>, ArchiveError> {
        KeyReader::new(self).look_row(look, name, columns, key)
    }

    /// Columns of the rows of a look that may have keys from `first` to `last`; `None` when the look has no
    /// such file.
    ///
    /// # Errors
    /// When a file is missing or not as it was kept.
    pub fn look_between(
        &self,
        look: &LookDoc,
        name: &str,
        columns: &[&str],
        (first, last): (&str, &str),
    ) -> Result<Option<LookReader>, ArchiveError> {
        let Some(file) = self.look_file(look, name)? else { return Ok(None) };
        let reader = LookReader::between(file, columns, first, last);
        reader.map(Some).map_err(|error| self.look_damaged(look, name, &error))
    }

    /// A file of a look, open at its beginning, once its bytes are those that were kept.
    fn look_file(&self, look: &LookDoc, name: &str) -> Result<Option<File>, ArchiveError> {
        self.checked_look(look, name, checked::open)
    }

    /// A file of a look, as `open` gives it; `None` when the look has no such file.
    pub(super) fn checked_look<T>(
        &self,
        look: &LookDoc,
        name: &str,
        open: impl FnOnce(&Path, &FileDoc) -> Result<T, ArchiveError>,
    ) -> Result<Option<T>, ArchiveError> {
        let Some(doc) = look.files.iter().find(|doc| doc.path == name) else { return Ok(None) };
        let path = format!("{}/{name}", look_folder(&look.entity, look.date));
        let opened = open(&self.dir().join(&path), doc);
        opened.map(Some).map_err(|error| self.if_thinned(&look.entity, look.date, &path, error))
    }

    /// A failure about a file of a look, as one of the archive.
    pub fn look_damaged(&self, look: &LookDoc, name: &str, error: &LookFileError) -> ArchiveError {
        let path = self.dir().join(look_folder(&look.entity, look.date)).join(name);
        document::damaged(&path, format!("can't be read: {error}"))
    }
}

impl StagingLook {
    /// Writes a file of the look.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn write(
        &mut self,
        name: &str,
        write: impl FnOnce(&File) -> Result<Written, LookFileError>,
    ) -> Result<(), ArchiveError> {
        let path = self.folder.join(name);
        let opened = OpenOptions::new().write(true).create_new(true).open(&path);
        let file = opened.map_err(ArchiveError::io("create", &path))?;
        let written = write(&file).map_err(|error| ArchiveError::Io {
            doing: "write",
            path: path.clone(),
            error: io::Error::other(error),
        })?;
        self.files.push(FileDoc { path: name.to_owned(), size: written.size, sha256: written.sha256 });
        self.written.push((path, file));
        Ok(())
    }

    /// Syncs everything. What only the staging knows is filled in: the files.
    ///
    /// # Errors
    /// When something can't be synced.
    pub fn seal(
        self,
        archive: &Archive,
        def: &EntityDef,
        doc: LookDoc,
    ) -> Result<Staged<LookDoc>, ArchiveError> {
        files::sync_files(&self.written)?;
        files::sync_dir(&self.folder)?;
        let definition = archive.stage_definition(&self.claim, def)?;
        Ok(Staged { claim: self.claim, doc: LookDoc { files: self.files, ..doc }, definition })
    }
}
