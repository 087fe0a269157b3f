//! A snapshot while it is made: files in a folder of its own, until the commit gives it its name.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use super::claim::{self, Claim};
use super::open::MANIFEST;
use super::reading::check_path;
use super::{Archive, ArchiveError, files};
use crate::model::manifest::{self, FileDoc};
use crate::model::{Definitions, Digest, Fingerprint, Manifest, SnapshotId};

const SNAPSHOT: &str = "snapshot";
const DEFINITIONS: &str = "definitions.json";

/// A snapshot to which files can be added. Dropped, it is gone without a trace.
#[derive(Debug)]
pub struct Staging {
    claim: Claim,
    archive: Archive,
    id: SnapshotId,
    folders: BTreeSet<PathBuf>,
    written: Vec<(PathBuf, File)>,
    files: Vec<FileDoc>,
}

/// A snapshot that is complete and synced, and only needs its name. Dropped, it is gone without a trace.
#[derive(Debug)]
pub struct Sealed {
    claim: Claim,
    pub(super) manifest: Manifest,
    pub(super) digest: Digest,
    /// The definitions that were missing when it was sealed.
    new_definitions: Option<Fingerprint>,
}

impl Archive {
    /// Begins a snapshot. Nothing is locked; what dead processes left behind is removed.
    ///
    /// # Errors
    /// When the archive can't be written.
    pub fn stage(&self, id: SnapshotId) -> Result<Staging, ArchiveError> {
        self.writable()?;
        let staging = self.staging_path();
        claim::remove_leftovers(&staging);
        let claim = Claim::new(&staging)?;
        let folder = claim.path().join(SNAPSHOT);
        fs::create_dir(&folder).map_err(ArchiveError::io("create", &folder))?;
        let folders = BTreeSet::from([folder]);
        Ok(Staging { claim, archive: self.clone(), id, folders, written: Vec::new(), files: Vec::new() })
    }
}

impl Staging {
    /// Adds a file, by its path inside the snapshot's folder with `/` between names.
    ///
    /// # Errors
    /// When the path is no plain one, is there already, or can't be written.
    pub fn write(&mut self, path: &str, bytes: &[u8]) -> Result<(), ArchiveError> {
        let target = self.place(path)?;
        let file = files::write_new(&target, bytes)?;
        self.written.push((target, file));
        let doc = FileDoc { path: path.to_owned(), size: bytes.len() as u64, sha256: Digest::of(bytes) };
        self.files.push(doc);
        Ok(())
    }

    /// Adds a file with all that another file holds, of which never more than a piece is in memory.
    ///
    /// # Errors
    /// As [`Staging::write`], and when the other file can't be read.
    pub fn write_from(&mut self, path: &str, from: &File) -> Result<(), ArchiveError> {
        let target = self.place(path)?;
        let (file, size, sha256) = files::copy_new(&target, from)?;
        self.written.push((target, file));
        self.files.push(FileDoc { path: path.to_owned(), size, sha256 });
        Ok(())
    }

    /// Where a file goes; the folders above it are made.
    fn place(&mut self, path: &str) -> Result<PathBuf, ArchiveError> {
        check_path(path)?;
        if path == MANIFEST {
            return Err(ArchiveError::BadPath { path: path.to_owned() });
        }
        let folder = self.folder();
        let target = folder.join(path);
        let mut above = folder;
        for name in Path::new(path).parent().into_iter().flat_map(Path::components) {
            above.push(name);
            if self.folders.insert(above.clone()) {
                fs::create_dir(&above).map_err(ArchiveError::io("create", &above))?;
            }
        }
        Ok(target)
    }

    /// Writes the manifest and syncs everything: the files, then the folders.
    ///
    /// What only the archive knows is filled in: the format, the archive's id, the date and edition,
    /// the definitions' fingerprint, and the files with their sizes and digests.
    ///
    /// # Errors
    /// When something can't be written or synced.
    pub fn seal(mut self, manifest: Manifest, definitions: &Definitions) -> Result<Sealed, ArchiveError> {
        let text = definitions.text();
        let fingerprint = Fingerprint(Digest::of(text.as_bytes()));
        let kept = self.archive.definitions_path(fingerprint);
        let known = files::exists(&kept).map_err(ArchiveError::io("read", &kept))?;
        if !known {
            let path = self.claim.path().join(DEFINITIONS);
            let file = files::write_new(&path, text.as_bytes())?;
            self.written.push((path, file));
        }

        self.files.sort_by(|a, b| a.path.cmp(&b.path));
        let manifest = Manifest {
            format: manifest::FORMAT.to_owned(),
            archive: self.archive.id().to_string(),
            date: self.id.day,
            edition: self.id.edition,
            definitions: manifest::DefinitionsDoc { fingerprint, ..manifest.definitions },
            files: self.files,
            ..manifest
        };
        let encoded = manifest.to_json();
        let bytes = encoded.map_err(|error| ArchiveError::Encode { what: "the manifest", error })?;
        let path = self.claim.path().join(SNAPSHOT).join(MANIFEST);
        let file = files::write_new(&path, &bytes)?;
        self.written.push((path, file));

        files::sync_files(&self.written)?;
        // Inner folders come after outer ones in this order, and are synced before them.
        self.folders.iter().rev().try_for_each(|folder| files::sync_dir(folder))?;
        let new_definitions = (!known).then_some(fingerprint);
        Ok(Sealed { claim: self.claim, manifest, digest: Digest::of(&bytes), new_definitions })
    }

    fn folder(&self) -> PathBuf {
        self.claim.path().join(SNAPSHOT)
    }
}

impl Sealed {
    /// The manifest as it was written.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Which edition of which day it is to become.
    pub fn id(&self) -> SnapshotId {
        SnapshotId::new(self.manifest.date, self.manifest.edition)
    }

    /// The complete folder.
    pub(super) fn folder(&self) -> PathBuf {
        self.claim.path().join(SNAPSHOT)
    }

    /// The staged definitions and their fingerprint, if the archive did not have them.
    pub(super) fn new_definitions(&self) -> Option<(PathBuf, Fingerprint)> {
        self.new_definitions.map(|fingerprint| (self.claim.path().join(DEFINITIONS), fingerprint))
    }
}
