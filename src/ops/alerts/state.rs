//! What was told already: `alerts.json` beside the configuration. It is no part of the archive.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Member;
use crate::model::Day;
use crate::ops::whole;

/// The format name and version in the file.
pub const FORMAT: &str = "asof.alerts/1";
/// What the names of all versions of the format begin with.
const ANY_VERSION: &str = "asof.alerts/";

/// What was told already.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StateDoc {
    /// Always [`FORMAT`].
    pub format: String,
    /// The newest frozen day that was judged.
    pub judged: Option<Day>,
    /// Up to which line of the ledger saves have judged what was frozen; `None` before the first one did.
    #[serde(default)]
    pub seen: Option<u64>,
    /// The alerts that fired.
    pub alerts: Vec<Entry>,
    /// What no sink has got yet, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unsent: Vec<Unsent>,
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
    /// The newest day of which it was told.
    pub told: Day,
    /// Whether it has not cleared since.
    pub firing: bool,
}

/// What a sink is to get.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unsent {
    /// The sink.
    pub sink: String,
    /// The document.
    pub document: Value,
}

impl Default for StateDoc {
    fn default() -> Self {
        Self { format: FORMAT.to_owned(), judged: None, seen: None, alerts: Vec::new(), unsent: Vec::new() }
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
    /// A newer version wrote it.
    #[error("{} was written by another version of asof: its format is {format:?}, and this one reads {FORMAT}", path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// Its format.
        format: String,
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
            Self::Version { .. } => Some(
                "use that version, or move the file away: alerts that still fire are told once more then"
                    .to_owned(),
            ),
        }
    }
}

/// The file, locked until this falls: one run at a time tells of alerts.
#[derive(Debug)]
pub struct StateFile {
    path: PathBuf,
    _lock: File,
}

/// Where it lies: `alerts.json` beside the configuration at `config`; each tenant has one of its own.
pub fn path_beside(config: &Path, tenant: Option<&str>) -> PathBuf {
    whole::beside_of(config, tenant, "alerts", "json")
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
    let path = || path.to_owned();
    let wrong = |error: serde_json::Error| StateError::Unreadable { path: path(), what: error.to_string() };
    let value: Value = serde_json::from_slice(&bytes).map_err(wrong)?;
    // Another version's file is whole, and holds what this one would lose.
    match value.get("format").and_then(Value::as_str) {
        Some(format) if format != FORMAT && format.starts_with(ANY_VERSION) => {
            Err(StateError::Version { path: path(), format: format.to_owned() })
        }
        Some(FORMAT) => serde_json::from_value(value).map_err(wrong),
        _ => Err(StateError::Unreadable { path: path(), what: format!("it is no {FORMAT}") }),
    }
}

impl StateFile {
    /// Takes the lock; waits while another run tells of alerts, which ends by the limits of its sinks.
    ///
    /// # Errors
    /// When there can be no lock.
    pub fn lock(path: PathBuf) -> Result<Self, StateError> {
        let lock_path = whole::hidden(&path, "lock");
        let io = |doing| {
            let path = lock_path.clone();
            move |error| StateError::Io { doing, path, error }
        };
        let opened = OpenOptions::new().write(true).create(true).truncate(false).open(&lock_path);
        let lock = opened.map_err(io("open"))?;
        lock.lock().map_err(io("lock"))?;
        Ok(Self { path, _lock: lock })
    }

    /// What was told. A file that is not understood is set aside, since alerts that are told once more do less harm than
    /// alerts that are never told; where it is now, in a sentence, comes with it.
    ///
    /// # Errors
    /// Those of [`read`], but for a file that is not understood; and when that can't be set aside.
    pub fn read(&self) -> Result<(StateDoc, Option<String>), StateError> {
        let error = match read(&self.path) {
            Err(error @ StateError::Unreadable { .. }) => error,
            read => return read.map(|doc| (doc, None)),
        };
        let named = |number: u32| {
            let mut name = self.path.file_name().unwrap_or_default().to_os_string();
            name.push(if number == 1 { ".damaged".to_owned() } else { format!(".damaged-{number}") });
            self.path.with_file_name(name)
        };
        let Some(aside) = (1..=99).map(named).find(|aside| fs::symlink_metadata(aside).is_err()) else {
            return Err(error);
        };
        fs::rename(&self.path, &aside).map_err(|error| StateError::Io {
            doing: "rename",
            path: self.path.clone(),
            error,
        })?;
        let aside = aside.display();
        let sentence =
            format!("{error}; it was set aside as {aside}, and alerts that still fire are told once more");
        Ok((StateDoc::default(), Some(sentence)))
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
        whole::replace(&self.path, &whole::hidden(&self.path, "new"), 0o666, |file| file.write_all(&bytes))
            .map_err(|whole::Refused { doing, path, error }| StateError::Io { doing, path, error })
    }
}
