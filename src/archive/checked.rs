//! Files that the ledger names with their length and digest: opened only when they are what was kept.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _};
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::{ArchiveError, document, files};
use crate::model::Digest;
use crate::model::manifest::FileDoc;

/// How many bytes are read at once.
const BUFFER: usize = 1 << 18;

/// Whether there is a file of the right length; nothing of it is read.
pub(super) fn check_size(path: &Path, doc: &FileDoc) -> Result<(), ArchiveError> {
    // What is no file might never end, or never begin.
    let meta = fs::metadata(path).map_err(|error| files::unreadable(path, error))?;
    if !meta.is_file() {
        return Err(document::damaged(path, "is no file"));
    }
    if meta.len() == doc.size { Ok(()) } else { Err(wrong_size(path, meta.len(), doc)) }
}

/// The file, at its beginning, once its bytes are those that were kept. It is this file that was checked,
/// whatever has its name since.
pub(super) fn open(path: &Path, doc: &FileDoc) -> Result<File, ArchiveError> {
    check_size(path, doc)?;
    let refused = |error: io::Error| files::unreadable(path, error);
    let mut file = files::open(path).map_err(refused)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; BUFFER];
    let mut size = 0_u64;
    loop {
        match file.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => {
                size += read as u64;
                if size > doc.size {
                    return Err(wrong_size(path, size, doc));
                }
                hash.update(buffer.get(..read).unwrap_or_default());
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(refused(error)),
        }
    }
    let digest = Digest::from(<[u8; 32]>::from(hash.finalize()));
    if digest != doc.sha256 {
        let sha256 = doc.sha256;
        let what =
            format!("has changed since it was kept: its SHA-256 is {digest}, and the ledger says {sha256}");
        return Err(document::damaged(path, what));
    }
    file.rewind().map_err(refused)?;
    Ok(file)
}

fn wrong_size(path: &Path, size: u64, doc: &FileDoc) -> ArchiveError {
    let what =
        format!("has changed since it was kept: it has {size} bytes, and the ledger says {}", doc.size);
    document::damaged(path, what)
}
