//! A place of one's own under `.staging`, held by a lock for as long as its process lives.
//!
//! A claim is a folder with a file `lock` in it. The operating system lets go of the
//! lock when the process dies, however it dies: so a claim whose lock can be had is
//! left over, and whoever gets the lock may remove it.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use uuid::Uuid;

use super::ArchiveError;

const LOCK: &str = "lock";

/// How often a claim is tried again that another process took for a leftover while it was made.
const TRIES: usize = 100;

/// A folder under `.staging`, removed with all that is in it when dropped.
#[derive(Debug)]
pub(super) struct Claim {
    path: PathBuf,
    _lock: File,
}

impl Claim {
    /// Makes a claim, and `.staging` when it is missing.
    pub(super) fn new(staging: &Path) -> Result<Self, ArchiveError> {
        fs::create_dir_all(staging).map_err(ArchiveError::io("create", staging))?;
        for _ in 0..TRIES {
            let path = staging.join(Uuid::new_v4().simple().to_string());
            fs::create_dir(&path).map_err(ArchiveError::io("create", &path))?;
            let lock_path = path.join(LOCK);
            let opened = OpenOptions::new().write(true).create_new(true).open(&lock_path);
            let lock = match opened {
                // Taken for a leftover before it had its lock.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => {
                    let _ = fs::remove_dir(&path);
                    return Err(ArchiveError::Io { doing: "create", path: lock_path, error });
                }
                Ok(lock) => lock,
            };
            let held = lock.lock().and_then(|()| lock.metadata());
            match held {
                // Taken for a leftover between making the lock and holding it.
                Ok(meta) if meta.nlink() == 0 => {}
                Ok(_) => return Ok(Self { path, _lock: lock }),
                Err(error) => {
                    remove(&path);
                    return Err(ArchiveError::Io { doing: "lock", path: lock_path, error });
                }
            }
        }
        let error = io::Error::other("other processes keep removing what is made there");
        Err(ArchiveError::Io { doing: "create a folder in", path: staging.to_owned(), error })
    }

    /// The claimed folder.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        // The lock is still held here: fields are dropped after this.
        remove(&self.path);
    }
}

/// Removes the claims of processes that are gone, and leaves those that live.
///
/// A leftover that can't be removed is in nobody's way: it stays for the next one.
pub(super) fn remove_leftovers(staging: &Path) {
    let Ok(entries) = fs::read_dir(staging) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        match OpenOptions::new().write(true).open(path.join(LOCK)) {
            Ok(lock) if lock.try_lock().is_ok() => remove(&path),
            Ok(_) => {}
            // Its process died before the lock was made, or is about to make it: an empty
            // folder can be removed, and the living one tries again.
            Err(_) => drop(fs::remove_dir(&path)),
        }
    }
}

/// Removes a claim whose lock is held, as far as that can be done.
///
/// The lock goes last and only when nothing else is left: without it, what is left could
/// not be told from a claim that is being made.
fn remove(claim: &Path) {
    if remove_content(claim).is_ok() && fs::remove_file(claim.join(LOCK)).is_ok() {
        let _ = fs::remove_dir(claim);
    }
}

fn remove_content(claim: &Path) -> io::Result<()> {
    for entry in fs::read_dir(claim)? {
        let entry = entry?;
        if entry.file_name() == LOCK {
            continue;
        }
        if entry.file_type()?.is_dir() {
            fs::remove_dir_all(entry.path())?;
        } else {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}
