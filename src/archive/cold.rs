//! A cold store: an archive of copies, into which days go before they are thinned here.
//!
//! It has the ledger of the archive that it was copied from, up to some line, and of some of its days
//! the whole folder, or the looks and captures. Whoever reads it checks the same digests.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::ledger::Ledger;
use super::lock::Lock;
use super::open::{ARCHIVE, DEFINITIONS, LEDGER, LOCK, MANIFEST};
use super::{Archive, ArchiveError, ArchiveId, SnapshotLine, document, files};
use crate::model::manifest::FileDoc;
use crate::model::{Digest, Fingerprint, Manifest};

/// The file that tells a cold store from the archive that it was copied from.
const MARKER: &str = "cold-store.json";
/// The format name and version in it.
const FORMAT: &str = "asof.cold-store/1";
/// What the names of files begin with while they are written; an id of the writer follows.
const PARTIAL: &str = ".partial-";

/// What the marker holds.
#[derive(Serialize, Deserialize)]
struct MarkerDoc {
    format: String,
    /// Tells cold stores apart, wherever they are moved.
    id: ArchiveId,
}

/// The id of the cold store in this folder; `None` when it is none.
///
/// # Errors
/// When its marker can't be read.
pub(super) fn id_of(dir: &Path) -> Result<Option<ArchiveId>, ArchiveError> {
    let path = dir.join(MARKER);
    match files::bytes(&path) {
        Ok(bytes) => document::read::<MarkerDoc>(&bytes, &path, FORMAT).map(|marker| Some(marker.id)),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            Ok(None)
        }
        Err(error) => Err(files::unreadable(&path, error)),
    }
}

/// A folder that holds whole copies of an archive's days, locked: nobody else writes into it.
#[derive(Debug)]
pub struct ColdStore {
    dir: PathBuf,
    id: ArchiveId,
    /// The name of a file of this writer's while it is written.
    partial: String,
    _lock: Lock,
}

impl ColdStore {
    /// Makes a folder the cold store of an archive, or opens it as such; its ledger becomes that of the archive.
    /// Nothing is made where it is refused. Whoever else writes into it is waited for as long as `wait`.
    ///
    /// # Errors
    /// When the folder holds something else, the archive can't be read, the store's lock stays taken, or the
    /// folder can't be written.
    pub fn open(archive: &Archive, dir: &Path, wait: Duration) -> Result<Self, ArchiveError> {
        Self::look(archive, dir)?;
        fs::create_dir_all(dir).map_err(ArchiveError::io("create", dir))?;
        let lock = Lock::take(&dir.join(LOCK), wait)?;
        // Another run may have made it, or added to it, until the lock was free.
        let known = Self::look(archive, dir)?;
        remove_partial(dir)?;
        let id = known.unwrap_or_else(ArchiveId::random);
        let partial = format!("{PARTIAL}{}", ArchiveId::random());
        let cold = Self { dir: dir.to_owned(), id, partial, _lock: lock };
        if known.is_none() {
            let marker = MarkerDoc { format: FORMAT.to_owned(), id: cold.id };
            let encoded = serde_json::to_vec(&marker);
            let mut bytes = encoded.map_err(|error| ArchiveError::Encode { what: MARKER, error })?;
            bytes.push(b'\n');
            cold.put(MARKER, &bytes)?;
        }
        // With `archive.json` it is one: whatever stops this, there is none without a ledger.
        cold.follow(archive)?;
        cold.put(ARCHIVE, &files::read(&archive.dir().join(ARCHIVE))?)?;
        Ok(cold)
    }

    /// Whether a folder is or can become the cold store of an archive; its id when it is. Nothing is written.
    ///
    /// # Errors
    /// When it can't be.
    pub fn look(archive: &Archive, dir: &Path) -> Result<Option<ArchiveId>, ArchiveError> {
        let refused =
            |what: &str| Err(ArchiveError::NotItsColdStore { dir: dir.to_owned(), what: what.to_owned() });
        let outer = archive.dir().canonicalize().map_err(ArchiveError::io("read", archive.dir()))?;
        let inner = destination(dir)?;
        if inner.starts_with(&outer) || outer.starts_with(&inner) {
            return refused("it lies in the archive, or the archive in it");
        }
        match fs::metadata(dir) {
            Ok(found) if !found.is_dir() => return refused("it is no folder"),
            Err(error) if error.kind() == io::ErrorKind::NotADirectory => {
                return refused("a part of its path is a file");
            }
            _ => {}
        }
        let id = id_of(dir)?;
        if files::exists(&dir.join(ARCHIVE)).map_err(ArchiveError::io("read", dir))? {
            if id.is_none() {
                return refused("it is an archive of its own");
            }
            if Archive::open(dir)?.id() != archive.id() {
                return refused("it is that of another archive");
            }
            let theirs = whole_lines(&dir.join(LEDGER))?;
            if !whole_lines(&archive.ledger_path())?.starts_with(&theirs) {
                return refused("its ledger has lines that the archive's ledger does not have");
            }
        } else if id.is_none() && dir.exists() {
            let mut inside = fs::read_dir(dir).map_err(ArchiveError::io("read", dir))?.flatten();
            // A lock, or a file that was left half written, is no content.
            let ours = |name: &str| name == LOCK || name.starts_with(PARTIAL);
            if inside.any(|entry| !entry.file_name().to_str().is_some_and(ours)) {
                return refused("it holds other things");
            }
        }
        Ok(id)
    }

    /// Its id.
    pub fn id(&self) -> ArchiveId {
        self.id
    }

    /// Makes its ledger that of the archive, as far as that has whole lines.
    ///
    /// # Errors
    /// When the one can't be read or the other not be written.
    pub fn follow(&self, archive: &Archive) -> Result<(), ArchiveError> {
        self.put(LEDGER, &whole_lines(&archive.ledger_path())?)
    }

    /// Its folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Copies an edition whole, with its definitions; every file is checked when it is read and once more
    /// when it was written. Files that were thinned already must be in the store if they are to be in it.
    ///
    /// # Errors
    /// When a file of the archive or of the copy is not what its digest says, and when writing fails.
    pub fn keep(&self, archive: &Archive, line: &SnapshotLine, gone: &[String]) -> Result<(), ArchiveError> {
        let name = line.id().to_string();
        let manifest = archive.manifest(line)?;
        // Checked while it is read, and then taken as it lies on disk.
        archive.definitions(line.definitions)?;
        let text = files::read(&archive.definitions_path(line.definitions))?;
        self.copy(&format!("{DEFINITIONS}/{}.json", line.definitions), &text, line.definitions.0)?;
        for file in manifest.files.iter().filter(|file| !gone.contains(&file.path)) {
            let bytes = archive.read_file(&manifest, &file.path)?;
            self.copy(&format!("{name}/{}", file.path), &bytes, file.sha256)?;
        }
        let bytes = files::read(&archive.folder(&line.id()).join(MANIFEST))?;
        self.copy(&format!("{name}/{MANIFEST}"), &bytes, line.manifest)?;
        files::sync_dir(&self.dir)
    }

    /// Whether it holds these files of an edition, and its manifest, as they were frozen: they are read once more.
    ///
    /// # Errors
    /// When it does not.
    pub fn holds(
        &self,
        line: &SnapshotLine,
        manifest: &Manifest,
        paths: &[String],
    ) -> Result<(), ArchiveError> {
        let name = line.id().to_string();
        self.check(&format!("{name}/{MANIFEST}"), line.manifest)?;
        for file in manifest.files.iter().filter(|file| paths.contains(&file.path)) {
            self.check(&format!("{name}/{}", file.path), file.sha256)?;
        }
        Ok(())
    }

    /// Copies files of looks and captures, with the definitions by which they were read; each is checked when it
    /// is read and once more when it was written.
    ///
    /// # Errors
    /// When a file of the archive or of the copy is not what its digest says, and when writing fails.
    pub fn keep_held(
        &self,
        archive: &Archive,
        definitions: &[Fingerprint],
        held: &BTreeMap<String, FileDoc>,
    ) -> Result<(), ArchiveError> {
        archive.check_held(held)?;
        for fingerprint in definitions {
            archive.entity_definition(*fingerprint)?;
            let text = files::read(&archive.definitions_path(*fingerprint))?;
            self.copy(&format!("{DEFINITIONS}/{fingerprint}.json"), &text, fingerprint.0)?;
        }
        for (path, doc) in held {
            self.copy(path, &files::read(&archive.dir().join(path))?, doc.sha256)?;
        }
        files::sync_dir(&self.dir)
    }

    /// Whether it holds these files of looks and captures: they are read once more.
    ///
    /// # Errors
    /// When it does not.
    pub fn holds_held(&self, held: &BTreeMap<String, FileDoc>) -> Result<(), ArchiveError> {
        held.iter().try_for_each(|(path, doc)| self.check(path, doc.sha256))
    }

    /// Writes a file unless it is there, and checks what is on disk then.
    fn copy(&self, path: &str, bytes: &[u8], digest: Digest) -> Result<(), ArchiveError> {
        files::no_link(&self.dir, path)?;
        let target = self.dir.join(path);
        if !files::exists(&target).map_err(ArchiveError::io("read", &target))? {
            let staged = self.stage(path, bytes)?;
            match files::rename_new(&staged, &target) {
                // Whoever put it there: it is looked at below.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    fs::remove_file(&staged).map_err(ArchiveError::io("remove", &staged))?;
                }
                renamed => renamed.map_err(ArchiveError::io("create", &target))?,
            }
            self.sync(path)?;
        }
        self.check(path, digest)
    }

    /// Checks a copy as it lies on disk.
    fn check(&self, path: &str, digest: Digest) -> Result<(), ArchiveError> {
        files::no_link(&self.dir, path)?;
        let bytes = files::read(&self.dir.join(path)).map_err(|error| match error {
            ArchiveError::Damaged { path, what } => ArchiveError::BadCopy { path, what },
            error => error,
        })?;
        let found = Digest::of(&bytes);
        if found != digest {
            let what = format!("is no copy of what was frozen: its SHA-256 is {found}, not {digest}");
            return Err(ArchiveError::BadCopy { path: self.dir.join(path), what });
        }
        Ok(())
    }

    /// Puts a file in the place of the one before, synced. No file of a day is put so.
    fn put(&self, path: &str, bytes: &[u8]) -> Result<(), ArchiveError> {
        let staged = self.stage(path, bytes)?;
        let target = self.dir.join(path);
        fs::rename(&staged, &target).map_err(ArchiveError::io("replace", &target))?;
        self.sync(path)
    }

    /// Writes a file under a name that is this writer's alone, synced, and makes the folder in which it belongs.
    fn stage(&self, path: &str, bytes: &[u8]) -> Result<PathBuf, ArchiveError> {
        let target = self.dir.join(path);
        let folder = target.parent().unwrap_or(&self.dir);
        fs::create_dir_all(folder).map_err(ArchiveError::io("create", folder))?;
        let staged = self.dir.join(&self.partial);
        let file = files::write_new(&staged, bytes)?;
        file.sync_all().map_err(ArchiveError::io("sync", &staged))?;
        Ok(staged)
    }

    /// Syncs the names of a file and of the folders that were made for it.
    fn sync(&self, path: &str) -> Result<(), ArchiveError> {
        let target = self.dir.join(path);
        let folder = target.parent().unwrap_or(&self.dir);
        let mut synced = Some(folder);
        // Folders that were made for it, up to the store.
        while let Some(folder) = synced.filter(|folder| folder.starts_with(&self.dir)) {
            files::sync_dir(folder)?;
            synced = folder.parent();
        }
        Ok(())
    }
}

/// Removes what writers before left half written; the store is locked.
fn remove_partial(dir: &Path) -> Result<(), ArchiveError> {
    for entry in fs::read_dir(dir).map_err(ArchiveError::io("read", dir))?.flatten() {
        if entry.file_name().to_str().is_some_and(|name| name.starts_with(PARTIAL)) {
            fs::remove_file(entry.path()).map_err(ArchiveError::io("remove", &entry.path()))?;
        }
    }
    Ok(())
}

/// A ledger without a line that is being written; nothing when it is missing.
fn whole_lines(path: &Path) -> Result<Vec<u8>, ArchiveError> {
    let mut bytes = match files::bytes(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        read => read.map_err(|error| files::unreadable(path, error))?,
    };
    bytes.truncate(Ledger::read(&bytes).whole);
    Ok(bytes)
}

/// Where a folder lies or will lie, with all links followed.
fn destination(dir: &Path) -> Result<PathBuf, ArchiveError> {
    let absolute = std::path::absolute(dir).map_err(ArchiveError::io("read", dir))?;
    let known = absolute.ancestors().find_map(|part| Some((part, part.canonicalize().ok()?)));
    Ok(known.map_or_else(
        || absolute.clone(),
        |(part, real)| absolute.strip_prefix(part).map_or_else(|_| real.clone(), |rest| real.join(rest)),
    ))
}
