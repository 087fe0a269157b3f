//! Files that the ledger names with their length and digest: opened only when they are what was kept.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _};
use std::path::Path;

use bytes::Bytes;
use sha2::{Digest as _, Sha256};

use super::{ArchiveError, document, files};
use crate::model::Digest;
use crate::model::manifest::FileDoc;

/// How many bytes are read at once.
const BUFFER: usize = 1 << 18;
/// A file is taken into memory whole that is no longer than this.
const SMALL: u64 = 1 << 21;

/// A file whose bytes are those that were kept.
pub(super) enum Source {
    /// All of them, where they are few.
    Bytes(Bytes),
    /// At its beginning.
    File(File),
}

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
    let refused = |error: io::Error| files::unreadable(path, error);
    let mut file = opened(path, doc)?;
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
    check_digest(path, doc, Digest::from(<[u8; 32]>::from(hash.finalize())))?;
    file.rewind().map_err(refused)?;
    Ok(file)
}

/// The same, read already where it is small: it is read only once then.
pub(super) fn source(path: &Path, doc: &FileDoc) -> Result<Source, ArchiveError> {
    if doc.size > SMALL {
        return open(path, doc).map(Source::File);
    }
    let refused = |error: io::Error| files::unreadable(path, error);
    let file = opened(path, doc)?;
    let mut bytes = Vec::with_capacity(usize::try_from(doc.size).unwrap_or_default() + 1);
    // One byte more than there may be tells a file that grew.
    file.take(doc.size + 1).read_to_end(&mut bytes).map_err(refused)?;
    if bytes.len() as u64 != doc.size {
        return Err(wrong_size(path, bytes.len() as u64, doc));
    }
    check_digest(path, doc, Digest::of(&bytes))?;
    Ok(Source::Bytes(Bytes::from(bytes)))
}

/// A file of the right length.
fn opened(path: &Path, doc: &FileDoc) -> Result<File, ArchiveError> {
    check_size(path, doc)?;
    files::open(path).map_err(|error| files::unreadable(path, error))
}

fn check_digest(path: &Path, doc: &FileDoc, digest: Digest) -> Result<(), ArchiveError> {
    if digest == doc.sha256 {
        return Ok(());
    }
    let sha256 = doc.sha256;
    let what =
        format!("has changed since it was kept: its SHA-256 is {digest}, and the ledger says {sha256}");
    Err(document::damaged(path, what))
}

fn wrong_size(path: &Path, size: u64, doc: &FileDoc) -> ArchiveError {
    let what =
        format!("has changed since it was kept: it has {size} bytes, and the ledger says {}", doc.size);
    document::damaged(path, what)
}
