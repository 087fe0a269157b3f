//! A cold store: an archive of copies, into which days go before they are thinned here.
//!
//! It has the ledger of the archive that it was copied from, up to some line, and of some of its days
//! the whole folder. Whoever reads it checks the same digests.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::open::{ARCHIVE, DEFINITIONS, LEDGER, MANIFEST};
use super::{Archive, ArchiveError, SnapshotLine, document, files};
use crate::model::Digest;

/// The file that tells a cold store from the archive that it was copied from.
const MARKER: &str = "cold-store.json";
/// What it holds.
const MARKER_BYTES: &[u8] = b"{\"format\":\"asof.cold-store/1\"}\n";
/// A file while it is written: hidden, and replaced when one was left behind.
const PARTIAL: &str = ".partial";

/// Whether this folder is a cold store.
pub(super) fn is_one(dir: &Path) -> bool {
    dir.join(MARKER).exists()
}

/// A folder that holds whole copies of an archive's days.
#[derive(Clone, Debug)]
pub struct ColdStore {
    dir: PathBuf,
}

impl ColdStore {
    /// Makes a folder the cold store of an archive, or opens it as such; its ledger becomes that of the archive.
    ///
    /// # Errors
    /// When the folder holds something else, the archive can't be read, or the folder can't be written.
    pub fn open(archive: &Archive, dir: &Path) -> Result<Self, ArchiveError> {
        let refused =
            |what: &str| Err(ArchiveError::NotItsColdStore { dir: dir.to_owned(), what: what.to_owned() });
        fs::create_dir_all(dir).map_err(ArchiveError::io("create", dir))?;
        let real = |path: &Path| path.canonicalize().map_err(ArchiveError::io("read", path));
        let (outer, inner) = (real(archive.dir())?, real(dir)?);
        if inner.starts_with(&outer) || outer.starts_with(&inner) {
            return refused("it lies in the archive, or the archive in it");
        }
        if dir.join(ARCHIVE).exists() {
            if !is_one(dir) {
                return refused("it is an archive of its own");
            }
            if Archive::open(dir)?.id() != archive.id() {
                return refused("it is that of another archive");
            }
        } else if !is_one(dir) {
            let mut inside = fs::read_dir(dir).map_err(ArchiveError::io("read", dir))?.flatten();
            // A name that was left half made is no content.
            if inside.any(|entry| entry.file_name() != PARTIAL) {
                return refused("it holds other things");
            }
        }
        let cold = Self { dir: dir.to_owned() };
        cold.put(MARKER, MARKER_BYTES)?;
        cold.put(ARCHIVE, &files::read(&archive.dir().join(ARCHIVE))?)?;
        cold.put(LEDGER, &files::read(&archive.ledger_path())?)?;
        Ok(cold)
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
