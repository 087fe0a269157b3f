//! What can go wrong with an archive, as facts: what, where, and what to do about it.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};

use crate::model::SnapshotId;

/// A failure of reading or writing an archive.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The folder does not exist.
    #[error("there is no archive at {}: the folder does not exist", dir.display())]
    Missing {
        /// The folder.
        dir: PathBuf,
    },
    /// The folder exists and is no archive.
    #[error("{} is no archive: it has no archive.json", dir.display())]
    NotAnArchive {
        /// The folder.
        dir: PathBuf,
    },
    /// A new archive was wanted where other things are.
    #[error("can't make an archive in {}: it has no archive.json and holds {found}", dir.display())]
    NotEmpty {
        /// The folder.
        dir: PathBuf,
        /// One of the things in it.
        found: String,
    },
    /// A document of a newer major format.
    #[error("{} has the format {found}, and this version of asof reads no newer one than {known}", path.display())]
    Newer {
        /// The document.
        path: PathBuf,
        /// The format it names.
        found: String,
        /// The newest format that is known.
        known: &'static str,
    },
    /// A file is not as it was frozen.
    #[error("{} {what}", path.display())]
    Damaged {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong with it: `is missing`, `has 12 bytes, and its manifest says 40`.
        what: String,
    },
    /// A file was thinned, as the ledger says.
    #[error("{} was thinned on {}", path.display(), at.format("%Y-%m-%d"))]
    Pruned {
        /// The file.
        path: PathBuf,
        /// When.
        at: DateTime<Utc>,
        /// The cold store that has a copy, if there is one.
        to: Option<PathBuf>,
        /// Whether the day's numbers are still there.
        numbers: bool,
    },
    /// A symbolic link lies where a file or folder of a day belongs.
    #[error("{} is a symbolic link", path.display())]
    Link {
        /// The link.
        path: PathBuf,
    },
    /// A file in a cold store is no copy of the one in the archive.
    #[error("{} {what}", path.display())]
    BadCopy {
        /// The copy.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// A folder that is to be a cold store belongs to something else.
    #[error("{} can't be the cold store of this archive: {what}", dir.display())]
    NotItsColdStore {
        /// The folder.
        dir: PathBuf,
        /// What it is.
        what: String,
    },
    /// Nothing is frozen, thinned or said of a day in a cold store.
    #[error("{} is a cold store: copies of days, which are only read", dir.display())]
    ColdStore {
        /// The folder.
        dir: PathBuf,
    },
    /// A line of the ledger is not as it was written.
    #[error("line {line} of {} {what}", path.display())]
    LedgerLine {
        /// The ledger.
        path: PathBuf,
        /// The line's number, from 1.
        line: u64,
        /// What is wrong with it.
        what: String,
    },
    /// The ledger knows no such edition.
    #[error("{id} is not in the archive")]
    Unknown {
        /// Which edition of which day.
        id: SnapshotId,
    },
    /// The manifest lists no such file.
    #[error("{id} has no file {file}")]
    NoSuchFile {
        /// Which edition of which day.
        id: SnapshotId,
        /// The path inside its folder.
        file: String,
    },
    /// A folder with a day's name of which the ledger knows nothing.
    #[error("{} has no line in the ledger, so it is no part of the archive", path.display())]
    Unlisted {
        /// The folder.
        path: PathBuf,
    },
    /// Something is where a new edition belongs.
    #[error("{} is in the way of a new edition: it exists, and the ledger has no line for it", path.display())]
    InTheWay {
        /// What is in the way.
        path: PathBuf,
    },
    /// Another process held the lock all the time.
    #[error("another run holds the archive's lock {}{}", path.display(), all_through(*waited))]
    Locked {
        /// The lock file.
        path: PathBuf,
        /// How long was waited.
        waited: Duration,
    },
    /// The clock is well behind the last line of the ledger.
    #[error("the clock says {}, which is before the archive's last entry of {}", time(*now), time(*last))]
    ClockBehind {
        /// The time by the clock.
        now: DateTime<Utc>,
        /// The time of the last line.
        last: DateTime<Utc>,
    },
    /// A path that can't be one of a snapshot's files.
    #[error("{path:?} can't be the path of a file in a snapshot")]
    BadPath {
        /// What was given.
        path: String,
    },
    /// A document that can't be written as JSON.
    #[error("can't write {what} as JSON: {error}")]
    Encode {
        /// The document.
        what: &'static str,
        /// Why.
        error: serde_json::Error,
    },
    /// The operating system refused.
    #[error("can't {doing} {}: {error}", path.display())]
    Io {
        /// The verb: `read`, `write`, `sync`.
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The refusal.
        error: io::Error,
    },
}

impl ArchiveError {
    /// Turns an `io::Error` into one that names the path.
    pub(super) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |error| Self::Io { doing, path: path.to_owned(), error }
    }

    /// What to do next, as a sentence, where something can be done.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Missing { .. } | Self::NotAnArchive { .. } => {
                "check `dir` under [archive] in asof.toml; the first `asof save` makes the archive"
            }
            Self::NotEmpty { .. } => {
                "name a new or empty folder as `dir` under [archive]; \
                 if this is an archive that lost its archive.json, restore that file from a backup"
            }
            Self::Newer { .. } => "install a newer version of asof; this one leaves the archive as it is",
            Self::Damaged { .. } => "restore it from a backup; asof never repairs what was frozen",
            Self::LedgerLine { .. } => {
                "restore ledger.jsonl from a backup, with all lines that were added since; \
                 the days' own files are not touched by this"
            }
            Self::Unknown { .. } => "`asof list` shows what is there",
            Self::NoSuchFile { .. } => "the snapshot's manifest.json lists its files",
            Self::Unlisted { .. } | Self::InTheWay { .. } => {
                "asof did not put it there, or the ledger lost its line: \
                 restore ledger.jsonl from a backup, or move the folder out of the archive"
            }
            Self::Locked { .. } => "try again when that run is over, or wait longer with --wait",
            Self::ClockBehind { .. } => {
                "set this machine's clock right, and see that ASOF_NOW is not set by mistake"
            }
            Self::Pruned { to: Some(to), .. } => {
                return Some(format!(
                    "a copy was put into {0}: read it there, with --archive {0}",
                    to.display()
                ));
            }
            Self::Pruned { numbers: false, .. } => {
                "its totals are in the ledger, `asof list` shows them; a backup may hold the file"
            }
            Self::Pruned { .. } => "its numbers are still there; a backup may hold the file",
            Self::Link { .. } => {
                "put what it points to in its place: nothing is removed, copied or proven through a link"
            }
            Self::BadCopy { path, .. } => {
                return Some(format!(
                    "remove {} and prune again: the archive still has the original",
                    path.display()
                ));
            }
            Self::NotItsColdStore { .. } => "name a new or empty folder outside of the archive",
            Self::ColdStore { .. } => {
                "check `dir` under [archive]: it must name the archive that the days were copied from; \
                 to read the copies, name this folder with --archive"
            }
            Self::BadPath { .. } | Self::Encode { .. } => return None,
            Self::Io { error, .. } => return io_hint(error),
        };
        Some(hint.to_owned())
    }
}

/// What to do about a refusal of the operating system.
fn io_hint(error: &io::Error) -> Option<String> {
    let hint = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "free some space and run it again; the archive is as it was"
        }
        io::ErrorKind::FileTooLarge => {
            "a limit on the size of files stopped it; raise it and run it again; the archive is as it was"
        }
        io::ErrorKind::NotADirectory => "a file is where a folder belongs: check `dir` under [archive]",
        io::ErrorKind::ReadOnlyFilesystem => "the file system is mounted read-only",
        io::ErrorKind::PermissionDenied => {
            "run asof as the user who owns the archive, or give this user the right to it"
        }
        _ => return None,
    };
    Some(hint.to_owned())
}

/// A wait for a message: `, and has for 60 s`; nothing when there was none.
fn all_through(time: Duration) -> String {
    match (time.is_zero(), time.subsec_millis()) {
        (true, _) => String::new(),
        (false, 0) => format!(", and has for {} s", time.as_secs()),
        (false, _) => format!(", and has for {:.1} s", time.as_secs_f64()),
    }
}

/// A point in time for a message, to the second.
fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}
