//! Files that follow from the rest of the archive and may be replaced or deleted at any time:
//! the only ones that are.

use std::fs;
use std::path::PathBuf;

use super::claim::{self, Claim};
use super::{Archive, ArchiveError, files};

impl Archive {
    /// Puts a derived file in the place of the one before: a reader sees one or the other, whole.
    ///
    /// It is not synced, since it can be made again; and takes no lock, so of two writers the last one wins.
    ///
    /// # Errors
    /// When the archive can't be written.
    pub fn replace_derived(&self, name: &'static str, bytes: &[u8]) -> Result<PathBuf, ArchiveError> {
        self.writable()?;
        let staging = self.staging_path();
        claim::remove_leftovers(&staging);
        let claim = Claim::new(&staging)?;
        let staged = claim.path().join(name);
        files::write_new(&staged, bytes)?;
        let path = self.dir().join(name);
        fs::rename(&staged, &path).map_err(ArchiveError::io("replace", &path))?;
        Ok(path)
    }
}
