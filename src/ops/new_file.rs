//! A file that somebody asked for: it is new and whole, or it is not there. It never lies in the archive.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::restore::is_inside;

/// Why a file was not written.
#[derive(Debug, thiserror::Error)]
pub enum NewFileError {
    /// Something is there.
    #[error("{} is there already", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// It would lie in the archive itself.
    #[error("{} lies in the archive, where nothing but frozen days belongs", path.display())]
    Inside {
        /// The file.
        path: PathBuf,
    },
    /// Writing failed.
    #[error("{} can't be written: {error}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
}

impl NewFileError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        Some(
            match self {
                Self::Exists { .. } => "choose another name: nothing is overwritten",
                Self::Inside { .. } => "choose a folder outside of it",
                Self::Io { .. } => "name a file in a folder that you may write into, on a disk with room",
            }
            .to_owned(),
        )
    }
}

/// Refuses a file that is there already or would lie in the archive, before anything is reckoned for it.
///
/// # Errors
/// When it is or would.
pub fn check(path: &Path, archive: &Path) -> Result<(), NewFileError> {
    let folder = path.parent().unwrap_or(path);
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    if is_inside(folder, archive) {
        return Err(NewFileError::Inside { path: path.to_owned() });
    }
    match fs::symlink_metadata(path) {
        Ok(_) => Err(NewFileError::Exists { path: path.to_owned() }),
        Err(_) => Ok(()),
    }
}

/// Writes a new file outside of the archive.
///
/// # Errors
/// Those of [`check`], and when it can't be written: then nothing of it is left.
pub fn write(path: &Path, archive: &Path, bytes: &[u8]) -> Result<(), NewFileError> {
    check(path, archive)?;
    let at = |error: io::Error| match error.kind() {
        io::ErrorKind::AlreadyExists => NewFileError::Exists { path: path.to_owned() },
        _ => NewFileError::Io { path: path.to_owned(), error },
    };
    let mut file = fs::OpenOptions::new().write(true).create_new(true).open(path).map_err(at)?;
    let written = file.write_all(bytes).and_then(|()| file.sync_all());
    if written.is_err() {
        // Half a file is worse than none; why it is half is what matters.
        let _ = fs::remove_file(path);
    }
    written.map_err(at)
}
