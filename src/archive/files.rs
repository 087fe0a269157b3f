//! The few things that are done with files, each naming its path when it fails.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::Mutex;
use std::thread;

use rustix::fs::{CWD, OFlags, RenameFlags, renameat_with};
use rustix::io::Errno;
use sha2::{Digest as _, Sha256};

use super::ArchiveError;
use crate::model::Digest;

/// How many files are synced at once: file systems join concurrent syncs into one journal commit.
const SYNC_THREADS: usize = 4;
/// How many bytes of a file are copied at once.
const PIECE: usize = 1 << 16;

/// The bytes of a file that must be there.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, ArchiveError> {
    bytes(path).map_err(|error| unreadable(path, error))
}

/// The bytes of a file.
pub(super) fn bytes(path: &Path) -> io::Result<Vec<u8>> {
    let mut file = open(path)?;
    let mut bytes = Vec::with_capacity(usize::try_from(file.metadata()?.len().min(1 << 24)).unwrap_or(0));
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Opens a file for reading. What is none (a pipe, a device) is refused and never waited for.
pub(super) fn open(path: &Path) -> io::Result<File> {
    open_with(OpenOptions::new().read(true), path)
}

/// Opens a file in some way, and refuses what is none without waiting for it.
pub(super) fn open_with(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    let flags = i32::try_from(OFlags::NONBLOCK.bits()).unwrap_or(0);
    let file = match options.custom_flags(flags).open(path) {
        // So a pipe answers that nobody reads, and a socket always.
        Err(error) if error.raw_os_error() == Some(Errno::NXIO.raw_os_error()) => return Err(no_file()),
        opened => opened?,
    };
    if file.metadata()?.is_file() { Ok(file) } else { Err(no_file()) }
}

/// The refusal of what is no file; a folder is refused as such by the operating system too.
fn no_file() -> io::Error {
    io::Error::new(io::ErrorKind::IsADirectory, "it is no file")
}

/// Refuses a path below a folder of which some part is a symbolic link: nothing is removed or copied
/// through one. Parts that are not there are no links.
pub(super) fn no_link(root: &Path, below: &str) -> Result<(), ArchiveError> {
    let mut path = root.to_owned();
    for part in below.split('/') {
        path.push(part);
        match fs::symlink_metadata(&path) {
            Ok(meta) if meta.is_symlink() => return Err(ArchiveError::Link { path }),
            Ok(_) => {}
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Ok(());
            }
            Err(error) => return Err(ArchiveError::Io { doing: "look at", path, error }),
        }
    }
    Ok(())
}

/// The error for a file that must be there and can't be read.
pub(super) fn unreadable(path: &Path, error: io::Error) -> ArchiveError {
    match error.kind() {
        io::ErrorKind::NotFound => {
            ArchiveError::Damaged { path: path.to_owned(), what: "is missing".to_owned() }
        }
        io::ErrorKind::IsADirectory => {
            ArchiveError::Damaged { path: path.to_owned(), what: "is no file".to_owned() }
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

/// Writes a file that must not exist yet with all that another one holds, piece by piece; gives its size and its
/// digest too. It is not synced.
pub(super) fn copy_new(path: &Path, mut from: &File) -> Result<(File, u64, Digest), ArchiveError> {
    let mut file = write_new(path, &[])?;
    let failed = ArchiveError::io("write", path);
    let mut copy = || {
        let (mut size, mut digest, mut buffer) = (0, Sha256::new(), vec![0; PIECE]);
        from.rewind()?;
        loop {
            let read = match from.read(&mut buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                read => read?,
            };
            let piece = buffer.get(..read).unwrap_or_default();
            if piece.is_empty() {
                return Ok((size, Digest::from(<[u8; 32]>::from(digest.finalize()))));
            }
            file.write_all(piece)?;
            digest.update(piece);
            size += piece.len() as u64;
        }
    };
    let (size, digest) = copy().map_err(failed)?;
    Ok((file, size, digest))
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
