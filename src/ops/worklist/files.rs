//! The files of a worklist: one for each month, read and replaced whole.
//!
//! They hold keys as they are, so nobody else may read them, and they never lie inside the archive.
//! Others write into them too: a file is read again under the folder's lock just before it is
//! replaced, and one that can't be understood is left alone.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use super::entries::{Entries, Malformed};
use super::merge::{Queue, Queues};
use crate::ops::whole;

/// The lock of a folder, for writers.
const LOCK: &str = ".lock";
/// How long is waited between two tries for the lock.
const PAUSE: Duration = Duration::from_millis(50);

/// What can go wrong with the files of a worklist.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    /// Something is where a folder or file belongs.
    #[error("{} is no {wanted}", path.display())]
    Kind {
        /// What is there.
        path: PathBuf,
        /// What belongs there.
        wanted: &'static str,
    },
    /// A link is where a folder or file belongs.
    #[error("{} is a link", path.display())]
    Link {
        /// The link.
        path: PathBuf,
    },
    /// The folder lies inside the archive.
    #[error("the worklist's folder {} lies inside the archive", path.display())]
    InArchive {
        /// The folder.
        path: PathBuf,
    },
    /// A file can't be understood.
    #[error("{} {what}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: Malformed,
    },
    /// Another run held the lock all the time.
    #[error("another run holds the worklist's lock {}", path.display())]
    Locked {
        /// The lock.
        path: PathBuf,
    },
    /// The operating system refused.
    #[error("can't {doing} {}: {error}", path.display())]
    Io {
        /// The verb.
        doing: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The refusal.
        error: io::Error,
    },
}

impl FilesError {
    fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |error| Self::Io { doing, path: path.to_owned(), error }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Kind { .. } => "move it away, or name another folder as dir of the worklist",
            Self::Link { .. } => {
                "its files hold keys as they are, so they are written only where the configuration says: \
                 name the folder itself as dir of the worklist"
            }
            Self::InArchive { .. } => "name a folder elsewhere as dir of the worklist",
            Self::Malformed { .. } => {
                "mend it; nothing was written (were it moved away, its keys would be added again)"
            }
            Self::Locked { .. } => "try again when that run is over, or wait longer with --wait",
            Self::Io { error, .. } => match error.kind() {
                io::ErrorKind::PermissionDenied => {
                    "run asof as the user who owns the worklist's folder, or give this user the right to it"
                }
                io::ErrorKind::ReadOnlyFilesystem => "the file system is mounted read-only",
                io::ErrorKind::NotADirectory => "a file is where a folder belongs: check dir of the worklist",
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                    "free some space and run it again; the file is as it was"
                }
                _ => return None,
            },
        };
        Some(hint.to_owned())
    }
}

/// The folder of a worklist, and its name.
#[derive(Clone, Debug)]
pub struct Folder {
    dir: PathBuf,
    name: String,
}

impl Folder {
    /// Looks at the folder, which need not be there yet.
    ///
    /// # Errors
    /// When something else is there, or it lies inside the archive.
    pub fn at(dir: &Path, name: &str, archive: &Path) -> Result<Self, FilesError> {
        match fs::symlink_metadata(dir) {
            Ok(about) if about.is_symlink() => return Err(FilesError::Link { path: dir.to_owned() }),
            Ok(about) if !about.is_dir() => {
                return Err(FilesError::Kind { path: dir.to_owned(), wanted: "folder" });
            }
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(FilesError::io("look at", dir)(error)),
        }
        // A link on the way to it may lead into the archive.
        if let (Some(real), Ok(archive)) = (real(dir), fs::canonicalize(archive))
            && real.starts_with(&archive)
        {
            return Err(FilesError::InArchive { path: dir.to_owned() });
        }
        Ok(Self { dir: dir.to_owned(), name: name.to_owned() })
    }

    /// The file of a month, `2025-11`.
    pub fn file(&self, month: &str) -> PathBuf {
        self.dir.join(format!("{}-queue_{month}.json", self.name))
    }

    /// Reads the files of all months.
    ///
    /// # Errors
    /// When one of them can't be read or understood.
    pub fn load(&self) -> Result<Queues, FilesError> {
        let mut queues = Queues::new();
        for month in self.names("", ".json")? {
            let path = self.file(&month);
            let about = fs::symlink_metadata(&path).map_err(FilesError::io("look at", &path))?;
            if about.is_symlink() {
                return Err(FilesError::Link { path });
            }
            if !about.is_file() {
                return Err(FilesError::Kind { path, wanted: "file" });
            }
            let bytes = fs::read(&path).map_err(FilesError::io("read", &path))?;
            match std::str::from_utf8(&bytes).map_err(|_| Malformed::no_text()).and_then(Entries::parse) {
                Ok(entries) => queues.insert(month, Queue { entries, changed: false }),
                Err(what) => return Err(FilesError::Malformed { path, what }),
            };
        }
        Ok(queues)
    }

    /// The months of which there is a file with this before its name and that at its end.
    fn names(&self, before: &str, end: &str) -> Result<Vec<String>, FilesError> {
        let entries = match fs::read_dir(&self.dir) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(FilesError::io("read", &self.dir)(error)),
        };
        let start = format!("{before}{}-queue_", self.name);
        let mut months = Vec::new();
        for entry in entries {
            let name = entry.map_err(FilesError::io("read", &self.dir))?.file_name();
            let month = name
                .to_str()
                .and_then(|name| name.strip_prefix(&start)?.strip_suffix(end))
                .filter(|month| is_month(month));
            months.extend(month.map(str::to_owned));
        }
        Ok(months)
    }

    /// Makes the folder where it is missing, and keeps other runs out until the guard falls; tries
    /// for as long as `wait` while another run holds the lock.
    ///
    /// # Errors
    /// When that can't be done, or another run does not come to its end.
    pub fn lock(&self, wait: Duration) -> Result<Guard<'_>, FilesError> {
        let mut builder = DirBuilder::new();
        builder.recursive(true).mode(0o700);
        builder.create(&self.dir).map_err(FilesError::io("make", &self.dir))?;
        let path = self.dir.join(LOCK);
        let opened = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(&path);
        let file = opened.map_err(FilesError::io("open", &path))?;
        let mut left = wait;
        loop {
            match file.try_lock() {
                Ok(()) => return Guard::new(self, file),
                Err(TryLockError::Error(error)) => return Err(FilesError::io("lock", &path)(error)),
                Err(TryLockError::WouldBlock) if left.is_zero() => return Err(FilesError::Locked { path }),
                Err(TryLockError::WouldBlock) => thread::sleep(PAUSE.min(left)),
            }
            left = left.saturating_sub(PAUSE);
        }
    }
}

/// The held lock; letting it fall opens it, and so does the death of the process.
#[derive(Debug)]
pub struct Guard<'f> {
    folder: &'f Folder,
    _lock: File,
}

impl<'f> Guard<'f> {
    fn new(folder: &'f Folder, lock: File) -> Result<Self, FilesError> {
        // What a run that was cut short has left.
        for month in folder.names(".", ".new")? {
            let path = folder.dir.join(format!(".{}-queue_{month}.new", folder.name));
            fs::remove_file(&path).map_err(FilesError::io("remove", &path))?;
        }
        Ok(Self { folder, _lock: lock })
    }

    /// Puts a month's file in the place of the one before: a reader sees one or the other, whole.
    ///
    /// # Errors
    /// When it can't be written; the one before stays then.
    pub fn write(&self, month: &str, entries: &Entries) -> Result<PathBuf, FilesError> {
        let folder = self.folder;
        let path = folder.file(month);
        let staged = folder.dir.join(format!(".{}-queue_{month}.new", folder.name));
        let replaced = whole::replace(&path, &staged, 0o600, |mut file| entries.write(&mut file));
        let refused =
            |whole::Refused { doing, path, error }: whole::Refused| FilesError::Io { doing, path, error };
        replaced.map(|()| path).map_err(refused)
    }
}

/// Where a folder really lies, the part of its path that is not there yet included.
fn real(dir: &Path) -> Option<PathBuf> {
    let dir = std::path::absolute(dir).ok()?;
    dir.ancestors().find_map(|there| {
        let real = fs::canonicalize(there).ok()?;
        Some(real.join(dir.strip_prefix(there).ok()?))
    })
}

fn is_month(text: &str) -> bool {
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    text.split_once('-')
        .is_some_and(|(year, month)| year.len() == 4 && month.len() == 2 && digits(year) && digits(month))
}
