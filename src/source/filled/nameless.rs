//! A file of the moment that has no name: it is gone when it is closed, or when the program ends.

use std::fs::{File, OpenOptions, remove_file};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use uuid::Uuid;

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
        return file_in(&place);
    }
    file_in(Path::new(ON_DISK)).or_else(|_| file_in(&place))
}

fn file_in(place: &Path) -> io::Result<File> {
    let path: PathBuf = place.join(format!("asof-{}", Uuid::new_v4()));
    let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path)?;
    remove_file(&path)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Seek as _, Write as _};

    use super::file_in;

    #[test]
    fn what_was_written_can_be_read_and_nothing_lies_there() {
        let place = tempfile::tempdir().unwrap();
        let mut file = file_in(place.path()).unwrap();
        file.write_all(b"items").unwrap();
        file.rewind().unwrap();
        let mut text = String::new();
        file.read_to_string(&mut text).unwrap();
        assert_eq!(text, "items");
        assert_eq!(std::fs::read_dir(place.path()).unwrap().count(), 0);
        assert!(file_in(&place.path().join("nowhere")).is_err());
    }
}
