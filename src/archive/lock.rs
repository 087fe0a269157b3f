//! The lock that a writer holds while it commits, and never longer.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use super::{ArchiveError, files};

const FIRST_PAUSE: Duration = Duration::from_millis(2);
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

/// The held lock; letting it fall opens it, and so does the death of the process.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
    /// How long it took to get it.
    pub(super) waited: Duration,
}

impl Lock {
    /// Takes the lock, and tries for as long as `wait` while another process holds it.
    pub(super) fn take(path: &Path, wait: Duration) -> Result<Self, ArchiveError> {
        let mut options = OpenOptions::new();
        let opened = files::open_with(options.write(true).create(true).truncate(false), path);
        let file = opened.map_err(ArchiveError::io("open", path))?;
        let began = Instant::now();
        let mut pause = FIRST_PAUSE;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Self { _file: file, waited: began.elapsed() }),
                Err(TryLockError::Error(error)) => {
                    return Err(ArchiveError::Io { doing: "lock", path: path.to_owned(), error });
                }
                Err(TryLockError::WouldBlock) => {
                    let left = wait.saturating_sub(began.elapsed());
                    if left.is_zero() {
                        return Err(ArchiveError::Locked { path: path.to_owned(), waited: wait });
                    }
                    thread::sleep(pause.min(left));
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
        }
    }
}
