//! Documents with a format name and version, `asof.snapshot/1`, and the refusal of newer ones.

use std::path::Path;

use serde::Deserialize;

use super::ArchiveError;

/// Reads a document whose newest known format is `known`.
///
/// The version is looked at first, so that a newer document is refused as such and
/// not for what it holds.
pub(super) fn read<'a, T: Deserialize<'a>>(
    bytes: &'a [u8],
    path: &Path,
    known: &'static str,
) -> Result<T, ArchiveError> {
    #[derive(Deserialize)]
    #[serde(expecting = "a JSON object")]
    struct Head {
        format: String,
    }
    let unreadable = |error: serde_json::Error| damaged(path, format!("can't be read: {error}"));
    let head: Head = serde_json::from_slice(bytes).map_err(unreadable)?;
    check_format(&head.format, path, known)?;
    serde_json::from_slice(bytes).map_err(unreadable)
}

fn check_format(found: &str, path: &Path, known: &'static str) -> Result<(), ArchiveError> {
    let parts = |format: &str| {
        let (name, version) = format.rsplit_once('/')?;
        Some((name.to_owned(), version.parse::<u32>().ok()?))
    };
    match (parts(found), parts(known)) {
        (Some(a), Some(b)) if a == b => Ok(()),
        (Some((name, version)), Some((known_name, newest))) if name == known_name && version > newest => {
            Err(ArchiveError::Newer { path: path.to_owned(), found: found.to_owned(), known })
        }
        _ => {
            let shown: String = found.chars().take(80).collect();
            Err(damaged(path, format!("has the format {shown:?} where {known:?} belongs")))
        }
    }
}

pub(super) fn damaged(path: &Path, what: impl Into<String>) -> ArchiveError {
    ArchiveError::Damaged { path: path.to_owned(), what: what.into() }
}
