//! The hash key of distinct counts over time: a file of one line, outside the archive.
//!
//! Whoever has the key and the archive can try numbers until he finds those that were counted; without
//! the key the archive's keys say nothing. So it is made for its owner only, and never shown.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use uuid::Uuid;

use super::whole::{folder_of, sync_folder};
use crate::archive::{Archive, History, SnapshotLine, rename_new};
use crate::config::Config;
use crate::metrics::keys::KeyHash;
use crate::model::Day;

/// How many bytes the key has; the file has two digits for each.
const BYTES: usize = 16;
/// Who else may do something with a file.
const OTHERS: u32 = 0o077;

/// The key file as it is found.
#[derive(Clone, Debug)]
pub enum KeyFile {
    /// It is there.
    There {
        /// The key, ready for use.
        key: KeyHash,
        /// Whether others than its owner may read or change it.
        open: bool,
    },
    /// It is not there, and nothing was counted with it yet: the first save makes it.
    New,
}

/// Why there is no hash key.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// It is gone although days were counted with it.
    #[error(
        "the key file {} is missing, and {latest} was counted with the key that was in it", path.display()
    )]
    Missing {
        /// The file.
        path: PathBuf,
        /// The latest day that has keys.
        latest: Day,
    },
    /// It does not hold a key; what it holds is not told.
    #[error("the key file {} does not hold a key: that is one line of 32 hexadecimal digits", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
    },
    /// It lies in the archive, where copies of the archive would take it along.
    #[error("the key file {} lies inside the archive {}", path.display(), archive.display())]
    InArchive {
        /// The file.
        path: PathBuf,
        /// The archive's folder.
        archive: PathBuf,
    },
    /// The operating system gives no random numbers.
    #[error("the operating system gives no random numbers for a key: {0}")]
    Random(getrandom::Error),
    /// The operating system refused.
    #[error("can't {doing} the key file {}: {error}", path.display())]
    Io {
        /// The verb: `read`, `create`.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// The refusal.
        error: io::Error,
    },
}

impl KeyFileError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Missing { path, .. } => Some(format!(
                "restore it from a backup; to begin to count anew instead, make another one: {}",
                make(path)
            )),
            Self::Malformed { path } => Some(format!(
                "restore it from a backup; if there is none, make another one and begin to count anew: {}",
                make(path)
            )),
            Self::InArchive { .. } => {
                Some("name another place as `key_file` under [archive], and move the file there".to_owned())
            }
            Self::Io { error, .. } if error.kind() == io::ErrorKind::PermissionDenied => {
                Some("run asof as the user who owns it".to_owned())
            }
            Self::Random(_) | Self::Io { .. } => None,
        }
    }
}

/// A command that makes a key file.
fn make(path: &Path) -> String {
    format!("(umask 077; od -An -N16 -tx1 /dev/urandom | tr -d ' ' > {})", word(path))
}

/// A command that leaves a key file to its owner.
pub fn close(path: &Path) -> String {
    format!("chmod 600 {}", word(path))
}

/// A path as one word of a shell's command.
fn word(path: &Path) -> String {
    let name = path.display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '_' | '-');
    if name.chars().all(plain) { name } else { format!("'{}'", name.replace('\'', "'\\''")) }
}

/// Looks for the key file and changes nothing.
///
/// # Errors
/// When it holds no key, lies in the archive, or is gone although the archive has keys.
pub fn look(config: &Config, history: Option<&History>) -> Result<KeyFile, KeyFileError> {
    let path = &config.archive.key_file;
    if lies_in(path, &config.archive.dir) {
        return Err(KeyFileError::InArchive { path: path.clone(), archive: config.archive.dir.clone() });
    }
    if let Some(found) = read(path)? {
        return Ok(found);
    }
    match history.and_then(latest_with_keys) {
        Some(line) => Err(KeyFileError::Missing { path: path.clone(), latest: line.date }),
        None => Ok(KeyFile::New),
    }
}

/// The hash key; it is made when nothing was counted yet.
///
/// # Errors
/// Those of [`look`], and when it can't be made.
pub fn obtain(config: &Config, history: Option<&History>) -> Result<KeyHash, KeyFileError> {
    match look(config, history)? {
        KeyFile::There { key, .. } => Ok(key),
        KeyFile::New => create(&config.archive.key_file),
    }
}

/// The hash key of a configuration that counts something over time; `None` for others.
///
/// # Errors
/// Those of [`obtain`].
pub fn of(config: &Config, archive: Option<&(Archive, History)>) -> Result<Option<KeyHash>, KeyFileError> {
    if config.definitions.cumulative().is_empty() {
        return Ok(None);
    }
    obtain(config, archive.map(|(_, history)| history)).map(Some)
}

/// The latest day with counts over time, by the ledger.
fn latest_with_keys(history: &History) -> Option<&SnapshotLine> {
    let lines = history.days().rev().flat_map(|(_, editions)| editions);
    lines.map(|frozen| &frozen.line).find(|line| line.has_seen())
}

/// Whether a file lies in a folder, whatever links lead there.
fn lies_in(path: &Path, folder: &Path) -> bool {
    let Ok(folder) = folder.canonicalize() else { return false };
    let places = [path.canonicalize(), folder_of(path).canonicalize()];
    places.into_iter().flatten().any(|place| place.starts_with(&folder))
}

/// Reads a key file; `None` when there is none.
fn read(path: &Path) -> Result<Option<KeyFile>, KeyFileError> {
    let refused = |error| KeyFileError::Io { doing: "read", path: path.to_owned(), error };
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened.map_err(refused)?,
    };
    let open = file.metadata().map_err(refused)?.permissions().mode() & OTHERS != 0;
    let mut bytes = Vec::new();
    // What is longer is no key, however long it is.
    file.take(64).read_to_end(&mut bytes).map_err(refused)?;
    let secret = parse(&bytes).ok_or_else(|| KeyFileError::Malformed { path: path.to_owned() })?;
    Ok(Some(KeyFile::There { key: KeyHash::new(secret), open }))
}

/// The key in a file's bytes: 32 lower-case hexadecimal digits and at most one newline.
fn parse(bytes: &[u8]) -> Option<[u8; BYTES]> {
    let text = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let (pairs, rest) = text.as_chunks::<2>();
    if pairs.len() != BYTES || !rest.is_empty() {
        return None;
    }
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let mut secret = [0; BYTES];
    for (byte, [high, low]) in secret.iter_mut().zip(pairs) {
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(secret)
}

/// Makes a key file; of two that do so at once both get the one that was first.
///
/// It gets its name when it is whole and synced: nobody ever reads half a key, and no key is used
/// that a power cut could take away.
fn create(path: &Path) -> Result<KeyHash, KeyFileError> {
    let refused = |error| KeyFileError::Io { doing: "create", path: path.to_owned(), error };
    let mut secret = [0; BYTES];
    getrandom::fill(&mut secret).map_err(KeyFileError::Random)?;
    let mut text: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    text.push('\n');
    let folder = folder_of(path);
    let staged = folder.join(format!(".{}.key", Uuid::new_v4().simple()));
    let written = write(&staged, text.as_bytes()).and_then(|()| match rename_new(&staged, path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => sync_folder(folder),
    });
    // It has its name, or another process was first.
    let _ = fs::remove_file(&staged);
    written.map_err(refused)?;
    match read(path)? {
        Some(KeyFile::There { key, .. }) => Ok(key),
        _ => Err(refused(io::ErrorKind::NotFound.into())),
    }
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::{KeyFile, create, make, parse, read};

    #[test]
    fn a_key_is_made_once_for_its_owner_only() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("asof.key");
        assert!(read(&path).unwrap().is_none());
        let keys: BTreeSet<_> = std::thread::scope(|scope| {
            let made: Vec<_> = (0..16).map(|_| scope.spawn(|| create(&path).unwrap().id())).collect();
            made.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(keys.len(), 1, "all that make it at once use the same");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing is left beside it");
        assert!(matches!(read(&path).unwrap(), Some(KeyFile::There { open: false, .. })));
        let other = create(&dir.path().join("other.key")).unwrap();
        assert!(!keys.contains(&other.id()), "each is another");
    }

    #[test]
    fn only_one_line_of_32_digits_is_a_key() {
        let digits = "00112233445566778899aabbccddeeff";
        let secret = parse(digits.as_bytes()).unwrap();
        assert_eq!(secret[..3], [0, 0x11, 0x22]);
        assert_eq!(parse(format!("{digits}\n").as_bytes()), Some(secret));
        for wrong in [
            "",
            "\n",
            &digits[1..],
            &format!("{digits}0"),
            &format!("{digits}\n\n"),
            &format!("{digits}\r\n"),
            &format!(" {digits}"),
            &digits.to_uppercase(),
            &digits.replace('f', "g"),
        ] {
            assert_eq!(parse(wrong.as_bytes()), None, "{wrong:?}");
        }
    }

    #[test]
    fn the_command_of_the_hint_makes_a_key() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("it's my.key");
        let run = std::process::Command::new("sh").args(["-c", &make(&path)]).status().unwrap();
        assert!(run.success());
        assert!(matches!(read(&path).unwrap(), Some(KeyFile::There { open: false, .. })));
    }
}
