//! An archive: its folder, its id, and the names of what is in it.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::claim::{self, Claim};
use super::{ArchiveError, History, cold, document, files};
use crate::model::{Digest, Fingerprint, SnapshotId};

/// The format name and version in `archive.json`.
pub const FORMAT: &str = "asof.archive/1";

pub(super) const ARCHIVE: &str = "archive.json";
pub(super) const LEDGER: &str = "ledger.jsonl";
pub(super) const DEFINITIONS: &str = "definitions";
pub(super) const STAGING: &str = ".staging";
pub(super) const LOCK: &str = ".lock";
pub(super) const MANIFEST: &str = "manifest.json";

/// The id of an archive, a UUID: it tells archives apart, wherever they are moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ArchiveId(Uuid);

/// A text that is no archive id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no archive id: it must be a UUID")]
pub struct ArchiveIdError {
    /// What was given.
    pub text: String,
}

impl ArchiveId {
    /// A new one, unlike any other.
    pub fn random() -> Self {
        Self(Uuid::new_v4())
    }
}

impl fmt::Display for ArchiveId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for ArchiveId {
    type Err = ArchiveIdError;

    fn from_str(text: &str) -> Result<Self, ArchiveIdError> {
        let wrong = || ArchiveIdError { text: text.chars().take(80).collect() };
        Uuid::try_parse(text).map(Self).map_err(|_| wrong())
    }
}

impl TryFrom<String> for ArchiveId {
    type Error = ArchiveIdError;

    fn try_from(text: String) -> Result<Self, ArchiveIdError> {
        text.parse()
    }
}

impl From<ArchiveId> for String {
    fn from(id: ArchiveId) -> Self {
        id.to_string()
    }
}

/// `archive.json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct ArchiveDoc {
    format: String,
    id: ArchiveId,
    created_at: DateTime<Utc>,
}

/// An archive that has been found to be one. Nothing stays open and nothing is locked.
#[derive(Clone, Debug)]
pub struct Archive {
    dir: PathBuf,
    id: ArchiveId,
    created_at: DateTime<Utc>,
    digest: Digest,
    cold: Option<ArchiveId>,
    /// What was thinned, as it was last asked for, and with how long a ledger: so that the ledger is read once
    /// for all the files that are missed, and not once for each.
    thinned: Arc<Mutex<Option<Arc<History>>>>,
}

impl Archive {
    /// Opens the archive in this folder.
    ///
    /// # Errors
    /// When there is none, when it is of a newer format, and when `archive.json` can't be read.
    pub fn open(dir: impl AsRef<Path>) -> Result<Self, ArchiveError> {
        let dir = dir.as_ref().to_owned();
        let path = dir.join(ARCHIVE);
        let bytes = match files::bytes(&path) {
            Ok(bytes) => bytes,
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Err(if dir.is_dir() || files::exists(&dir).unwrap_or(false) {
                    ArchiveError::NotAnArchive { dir }
                } else {
                    ArchiveError::Missing { dir }
                });
            }
            Err(error) => return Err(files::unreadable(&path, error)),
        };
        let doc: ArchiveDoc = document::read(&bytes, &path, FORMAT)?;
        let cold = cold::id_of(&dir)?;
        Ok(Self {
            dir,
            id: doc.id,
            created_at: doc.created_at,
            digest: Digest::of(&bytes),
            cold,
            thinned: Arc::default(),
        })
    }

    /// What it holds, as it was last asked for here if nothing was added to the ledger since.
    pub(super) fn known_history(&self) -> Result<Arc<History>, ArchiveError> {
        let mut known = self.thinned.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(history) = known.as_ref().filter(|history| history.is_current()) {
            return Ok(Arc::clone(history));
        }
        let history = Arc::new(self.history()?);
        *known = Some(Arc::clone(&history));
        Ok(history)
    }

    /// Opens the archive in this folder, and makes it first when the folder is missing or empty.
    ///
    /// A new archive gets the id given, or a random one. Of two that make it at once
    /// one succeeds, and both get that one.
    ///
    /// # Errors
    /// Those of [`Archive::open`] and [`Archive::writable`]; when the folder holds other things than
    /// an archive; and when it can't be written.
    pub fn open_or_create(
        dir: impl AsRef<Path>,
        id: Option<ArchiveId>,
        now: DateTime<Utc>,
    ) -> Result<Self, ArchiveError> {
        let dir = dir.as_ref();
        match Self::open(dir) {
            Err(ArchiveError::Missing { .. } | ArchiveError::NotAnArchive { .. }) => {}
            outcome => return outcome.and_then(|archive| archive.writable().map(|()| archive)),
        }
        create(dir, id.unwrap_or_else(ArchiveId::random), now)?;
        Self::open(dir)
    }

    /// Its folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Its id.
    pub fn id(&self) -> ArchiveId {
        self.id
    }

    /// When it was made.
    pub fn created_at(&self) -> DateTime<Utc> {
        self.created_at
    }

    /// The id of the cold store that this is; `None` of an archive that days are frozen into.
    pub(super) fn cold(&self) -> Option<ArchiveId> {
        self.cold
    }

    /// Whether this is a cold store, which has some of another archive's days.
    pub fn is_cold(&self) -> bool {
        self.cold.is_some()
    }

    /// Refuses a cold store, to which nothing is added but copies.
    ///
    /// # Errors
    /// When this is one.
    pub fn writable(&self) -> Result<(), ArchiveError> {
        match self.cold {
            Some(_) => Err(ArchiveError::ColdStore { dir: self.dir.clone() }),
            None => Ok(()),
        }
    }

    /// The digest of `archive.json`, on which the ledger's first line is chained.
    pub(super) fn digest(&self) -> Digest {
        self.digest
    }

    /// The folder of an edition, whether or not it is there.
    pub fn folder(&self, id: &SnapshotId) -> PathBuf {
        self.dir.join(id.to_string())
    }

    /// The page of an edition, whether or not it is there.
    pub fn page(&self, id: &SnapshotId) -> PathBuf {
        self.folder(id).join("dashboard.html")
    }

    /// The ledger.
    pub fn ledger_path(&self) -> PathBuf {
        self.dir.join(LEDGER)
    }

    pub(super) fn definitions_path(&self, fingerprint: Fingerprint) -> PathBuf {
        self.dir.join(DEFINITIONS).join(format!("{fingerprint}.json"))
    }

    pub(super) fn staging_path(&self) -> PathBuf {
        self.dir.join(STAGING)
    }

    pub(super) fn lock_path(&self) -> PathBuf {
        self.dir.join(LOCK)
    }
}

/// Makes an archive. `archive.json` comes last and whole: with it the archive exists.
fn create(dir: &Path, id: ArchiveId, now: DateTime<Utc>) -> Result<(), ArchiveError> {
    if let Some(found) = something_in(dir)? {
        return Err(match dir.join(ARCHIVE).try_exists() {
            // Another process has made it since.
            Ok(true) => return Ok(()),
            _ => ArchiveError::NotEmpty { dir: dir.to_owned(), found },
        });
    }
    let definitions = dir.join(DEFINITIONS);
    fs::create_dir_all(&definitions).map_err(ArchiveError::io("create", &definitions))?;
    let staging = dir.join(STAGING);
    claim::remove_leftovers(&staging);
    let claim = Claim::new(&staging)?;
    let ledger = dir.join(LEDGER);
    let opened = fs::OpenOptions::new().append(true).create(true).open(&ledger);
    let ledger_file = opened.map_err(ArchiveError::io("create", &ledger))?;

    let doc = ArchiveDoc { format: FORMAT.to_owned(), id, created_at: now };
    let encoded = serde_json::to_vec(&doc);
    let mut bytes = encoded.map_err(|error| ArchiveError::Encode { what: ARCHIVE, error })?;
    bytes.push(b'\n');
    let staged = claim.path().join(ARCHIVE);
    let staged_file = files::write_new(&staged, &bytes)?;
    files::sync_files(&[(&staged, staged_file), (&ledger, ledger_file)])?;
    files::sync_dir(dir)?;

    let path = dir.join(ARCHIVE);
    match files::rename_new(&staged, &path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            return Err(ArchiveError::Io { doing: "create", path, error });
        }
        // Made by us, or by another at the same moment: then that one is the archive.
        _ => {}
    }
    files::sync_dir(dir)?;
    match dir.canonicalize().ok().as_deref().and_then(Path::parent) {
        // A file system may refuse to sync a folder that is another user's; the archive itself is safe.
        Some(parent) => files::sync_dir(parent).or(Ok(())),
        None => Ok(()),
    }
}

/// Something that is not left over from making an archive; hidden names don't count.
fn something_in(dir: &Path) -> Result<Option<String>, ArchiveError> {
    let entries = match fs::read_dir(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        outcome => outcome.map_err(ArchiveError::io("read", dir))?,
    };
    for entry in entries {
        let entry = entry.map_err(ArchiveError::io("read", dir))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let left_over = match name.as_str() {
            LEDGER => entry.metadata().is_ok_and(|meta| meta.is_file() && meta.len() == 0),
            DEFINITIONS => fs::read_dir(entry.path()).is_ok_and(|mut inside| inside.next().is_none()),
            "lost+found" => true,
            hidden => hidden.starts_with('.'),
        };
        if !left_over {
            return Ok(Some(name));
        }
    }
    Ok(None)
}
