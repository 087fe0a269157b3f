//! A file of the moment that has no name: it is gone when it is closed, or when the program ends.

use std::fs::File;
use std::io;
use std::path::Path;

/// Where files of the moment lie on a disk: `/tmp` may be a piece of the memory.
const ON_DISK: &str = "/var/tmp";

/// Makes one, to be written and read by its owner only.
///
/// # Errors
/// When there is no place for it.
pub(super) fn file() -> io::Result<File> {
    let place = std::env::temp_dir();
    // Somebody who names a place knows it.
    if place != Path::new("/tmp") {
        return tempfile::tempfile_in(place);
    }
    tempfile::tempfile_in(ON_DISK).or_else(|_| tempfile::tempfile_in(place))
}
