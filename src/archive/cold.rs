//! A cold store: an archive of copies, into which days go before they are thinned here.
//!
//! It has the ledger of the archive that it was copied from, up to some line, and of some of its days
//! the whole folder. Whoever reads it checks the same digests.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::ledger::Ledger;
use super::open::{ARCHIVE, DEFINITIONS, LEDGER, MANIFEST};
use super::{Archive, ArchiveError, ArchiveId, SnapshotLine, document, files};
use crate::model::Digest;

/// The file that tells a cold store from the archive that it was copied from.
const MARKER: &str = "cold-store.json";
/// The format name and version in it.
const FORMAT: &str = "asof.cold-store/1";
/// A file while it is written: hidden, and replaced when one was left behind.
const PARTIAL: &str = ".partial";

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
    match fs::read(&path) {
        Ok(bytes) => document::read::<MarkerDoc>(&bytes, &path, FORMAT).map(|marker| Some(marker.id)),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            Ok(None)
        }
        Err(error) => Err(ArchiveError::Io { doing: "read", path, error }),
    }
}

/// A folder that holds whole copies of an archive's days.
#[derive(Clone, Debug)]
pub struct ColdStore {
    dir: PathBuf,
    id: ArchiveId,
}

impl ColdStore {
    /// Makes a folder the cold store of an archive, or opens it as such; its ledger becomes that of the archive.
    /// Nothing is made where it is refused.
    ///
    /// # Errors
    /// When the folder holds something else, the archive can't be read, or the folder can't be written.
    pub fn open(archive: &Archive, dir: &Path) -> Result<Self, ArchiveError> {
        let known = Self::look(archive, dir)?;
        fs::create_dir_all(dir).map_err(ArchiveError::io("create", dir))?;
        let cold = Self { dir: dir.to_owned(), id: known.unwrap_or_else(ArchiveId::random) };
        if known.is_none() {
            let marker = MarkerDoc { format: FORMAT.to_owned(), id: cold.id };
            let encoded = serde_json::to_vec(&marker);
            let mut bytes = encoded.map_err(|error| ArchiveError::Encode { what: MARKER, error })?;
            bytes.push(b'\n');
            cold.put(MARKER, &bytes)?;
        }
        cold.put(ARCHIVE, &files::read(&archive.dir().join(ARCHIVE))?)?;
        cold.follow(archive)?;
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
            // A name that was left half made is no content.
            if inside.any(|entry| entry.file_name() != PARTIAL) {
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

    /// Writes a file unless it is there, and checks what is on disk then.
    fn copy(&self, path: &str, bytes: &[u8], digest: Digest) -> Result<(), ArchiveError> {
        let target = self.dir.join(path);
        if !files::exists(&target).map_err(ArchiveError::io("read", &target))? {
            self.put(path, bytes)?;
        }
        let found = Digest::of(&files::read(&target)?);
        if found != digest {
            let what = format!("is no copy of what was frozen: its SHA-256 is {found}, not {digest}");
            return Err(document::damaged(&target, what));
        }
        Ok(())
    }

    /// Puts a file in the place of the one before, synced.
    fn put(&self, path: &str, bytes: &[u8]) -> Result<(), ArchiveError> {
        let target = self.dir.join(path);
        let folder = target.parent().unwrap_or(&self.dir);
        fs::create_dir_all(folder).map_err(ArchiveError::io("create", folder))?;
        let staged = self.dir.join(PARTIAL);
        match fs::remove_file(&staged) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(ArchiveError::Io { doing: "remove", path: staged, error });
            }
            _ => {}
        }
        let mut file = fs::File::create_new(&staged).map_err(ArchiveError::io("create", &staged))?;
        file.write_all(bytes).map_err(ArchiveError::io("write", &staged))?;
        file.sync_all().map_err(ArchiveError::io("sync", &staged))?;
        fs::rename(&staged, &target).map_err(ArchiveError::io("replace", &target))?;
        let mut synced = Some(folder);
        // Folders that were made for it, up to the store.
        while let Some(folder) = synced.filter(|folder| folder.starts_with(&self.dir)) {
            files::sync_dir(folder)?;
            synced = folder.parent();
        }
        Ok(())
    }
}

/// A ledger without a line that is being written; nothing when it is missing.
fn whole_lines(path: &Path) -> Result<Vec<u8>, ArchiveError> {
    let mut bytes = match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        read => read.map_err(ArchiveError::io("read", path))?,
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
