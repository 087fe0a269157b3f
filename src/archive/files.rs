//! The few things that are done with files, each naming its path when it fails.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::Mutex;
use std::thread;

use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;

use super::ArchiveError;

/// How many files are synced at once: file systems join concurrent syncs into one journal commit.
const SYNC_THREADS: usize = 4;

/// The bytes of a file that must be there.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, ArchiveError> {
    fs::read(path).map_err(|error| unreadable(path, error))
}

/// The error for a file that must be there and can't be read.
pub(super) fn unreadable(path: &Path, error: io::Error) -> ArchiveError {
    match error.kind() {
        io::ErrorKind::NotFound => {
            ArchiveError::Damaged { path: path.to_owned(), what: "is missing".to_owned() }
        }
        _ => ArchiveError::Io { doing: "read", path: path.to_owned(), error },
    }
}

/// Writes a file that must not exist yet. It is not synced.
pub(super) fn write_new(path: &Path, bytes: &[u8]) -> Result<File, ArchiveError> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(path)
        .map_err(ArchiveError::io("create", path))?;
    file.write_all(bytes).map_err(ArchiveError::io("write", path))?;
    Ok(file)
}

/// Syncs all of these files, several at once.
pub(super) fn sync_files<P: AsRef<Path> + Sync>(files: &[(P, File)]) -> Result<(), ArchiveError> {
    let queue = Mutex::new(files.iter());
    let next = || queue.lock().ok().and_then(|mut rest| rest.next());
    let work = || -> Result<(), ArchiveError> {
        while let Some((path, file)) = next() {
            file.sync_all().map_err(ArchiveError::io("sync", path.as_ref()))?;
        }
        Ok(())
    };
    let helpers = SYNC_THREADS.min(files.len()).saturating_sub(1);
    thread::scope(|scope| {
        // A thread that can't be had is no trouble: the others take its share.
        let spawned: Vec<_> =
            (0..helpers).filter_map(|_| thread::Builder::new().spawn_scoped(scope, work).ok()).collect();
        let mut outcome = work();
        for helper in spawned {
            let done = helper.join().unwrap_or_else(|_| {
                let stopped = io::Error::other("the thread that synced it stopped");
                Err(ArchiveError::Io { doing: "sync", path: first_path(files), error: stopped })
            });
            outcome = outcome.and(done);
        }
        outcome
    })
}

fn first_path<P: AsRef<Path>>(files: &[(P, File)]) -> std::path::PathBuf {
    files.first().map(|(path, _)| path.as_ref().to_owned()).unwrap_or_default()
}

/// Syncs a folder: which names are in it.
pub(super) fn sync_dir(path: &Path) -> Result<(), ArchiveError> {
    let folder = File::open(path).map_err(ArchiveError::io("open", path))?;
    match folder.sync_all() {
        // Some network file systems have no such thing for folders and say so.
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
        outcome => outcome.map_err(ArchiveError::io("sync", path)),
    }
}

/// Gives a file or folder its final name, which must be free: nothing is ever replaced.
///
/// Where the file system can't promise that by itself, a file is linked and then
/// unlinked, which can't replace either. A folder is renamed after a look: a rename can
/// only replace an empty folder, and the caller holds the archive's lock.
pub(crate) fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        Ok(()) => Ok(()),
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {
            if !from.is_dir() {
                fs::hard_link(from, to)?;
                // The file has its name. What is left of the other one goes with its staging.
                let _ = fs::remove_file(from);
                Ok(())
            } else if exists(to)? {
                Err(io::ErrorKind::AlreadyExists.into())
            } else {
                fs::rename(from, to)
            }
        }
        Err(error) => Err(error.into()),
    }
}

/// Whether anything has this name, a dangling link included.
pub(super) fn exists(path: &Path) -> io::Result<bool> {
    match fs::symlink_metadata(path) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}
