//! What was told already: `alerts.json` beside the configuration. It is no part of the archive.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Member;
use crate::model::Day;
use crate::ops::whole;

/// The format name and version in the file.
pub const FORMAT: &str = "asof.alerts/1";
/// The name of a configuration that needs no name of its own in front of these files.
const USUAL_CONFIG: &str = "asof.toml";

/// What was told already.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StateDoc {
    /// Always [`FORMAT`].
    pub format: String,
    /// The newest day that was judged.
    pub judged: Option<Day>,
    /// The alerts that fired.
    pub alerts: Vec<Entry>,
}

/// An alert that fired.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Its name.
    pub name: String,
    /// The member.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<Member>,
    /// The day on which it was told last.
    pub told: Day,
    /// Whether it has not cleared since.
    pub firing: bool,
    /// The sinks that have not got it yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waiting: Vec<String>,
}

impl Default for StateDoc {
    fn default() -> Self {
        Self { format: FORMAT.to_owned(), judged: None, alerts: Vec::new() }
    }
}

/// What is wrong with the file.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// It can't be read or written.
    #[error("can't {doing} {}: {error}", path.display())]
    Io {
        /// The verb.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// It is not understood.
    #[error("{} does not tell which alerts were sent: {what}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
}

impl StateError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Io { .. } => {
                Some("what was told is kept beside the configuration: let this folder be writable".to_owned())
            }
            Self::Unreadable { .. } => {
                Some("move it away: alerts that still fire are told once more then".to_owned())
            }
        }
    }
}

/// The file, locked until this falls: one run at a time tells of alerts.
#[derive(Debug)]
pub struct StateFile {
    path: PathBuf,
    _lock: File,
}

/// Where it lies: `alerts.json` in the folder of the configuration at `config`, with its name in front when it is
/// not called `asof.toml`.
pub fn path_beside(config: &Path) -> PathBuf {
    let folder = config.parent().unwrap_or(Path::new(""));
    let stem = config.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let usual = config.file_name().is_some_and(|name| name == USUAL_CONFIG) || stem.is_empty();
    folder.join(if usual { "alerts.json".to_owned() } else { format!("{stem}.alerts.json") })
}

/// Reads the file; that nothing was told yet when there is none.
///
/// # Errors
/// When it can't be read or is not understood.
pub fn read(path: &Path) -> Result<StateDoc, StateError> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(StateDoc::default()),
        Err(error) => return Err(StateError::Io { doing: "read", path: path.to_owned(), error }),
    };
    let wrong = |what: String| StateError::Unreadable { path: path.to_owned(), what };
    let doc: StateDoc = serde_json::from_slice(&bytes).map_err(|error| wrong(error.to_string()))?;
    if doc.format == FORMAT {
        Ok(doc)
    } else {
        Err(wrong(format!("its format is {:?}, and this version reads {FORMAT}", doc.format)))
    }
}

impl StateFile {
    /// Takes the lock; waits while another run tells of alerts, which ends by the limits of its sinks.
    ///
    /// # Errors
    /// When there can be no lock.
    pub fn lock(path: PathBuf) -> Result<Self, StateError> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let lock_path = path.with_file_name(format!(".{name}.lock"));
        let io = |doing| {
            let path = lock_path.clone();
            move |error| StateError::Io { doing, path, error }
        };
        let opened = OpenOptions::new().write(true).create(true).truncate(false).open(&lock_path);
        let lock = opened.map_err(io("open"))?;
        lock.lock().map_err(io("lock"))?;
        Ok(Self { path, _lock: lock })
    }

    /// What was told.
    ///
    /// # Errors
    /// Those of [`read`].
    pub fn read(&self) -> Result<StateDoc, StateError> {
        read(&self.path)
    }

    /// Keeps what was told in the place of what was there.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn write(&self, doc: &StateDoc) -> Result<(), StateError> {
        let io = |error: serde_json::Error| StateError::Io {
            doing: "write",
            path: self.path.clone(),
            error: error.into(),
        };
        let mut bytes = serde_json::to_vec_pretty(doc).map_err(io)?;
        bytes.push(b'\n');
        let name = self.path.file_name().unwrap_or_default().to_string_lossy();
        let staged = self.path.with_file_name(format!(".{name}.new"));
        whole::replace(&self.path, &staged, 0o666, |file| file.write_all(&bytes))
            .map_err(|whole::Refused { doing, path, error }| StateError::Io { doing, path, error })
    }
}
