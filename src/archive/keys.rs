//! The keys of a day as a file: 64-bit hashes, big-endian, ascending, each once, and nothing else.
//!
//! They are read as a stream. No file stays open between two pieces of it, so that years of
//! days can be merged under the usual limit of open files.

use std::io;
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;

use sha2::{Digest as _, Sha256};

use super::reading::check_path;
use super::{Archive, ArchiveError, document, files};
use crate::model::seen::KeysDoc;
use crate::model::{Digest, Manifest, SnapshotId};

/// How many bytes a key has.
const KEY_BYTES: usize = 8;

/// The path of a metric's keys inside a snapshot's folder.
pub fn path_of(metric: &str) -> String {
    format!("seen/{metric}.keys")
}

/// The bytes of a file of these keys.
///
/// What is not strictly ascending is put in order first: a file that is not could never be read.
pub fn encode(hashes: &[u64]) -> Vec<u8> {
    if hashes.is_sorted_by(|one, next| one < next) {
        return hashes.iter().flat_map(|hash| hash.to_be_bytes()).collect();
    }
    let mut sorted = hashes.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    sorted.iter().flat_map(|hash| hash.to_be_bytes()).collect()
}

/// The keys of a metric in a snapshot: where they lie, and what they must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeysFile {
    path: PathBuf,
    size: u64,
    sha256: Digest,
}

/// What is checked while keys are read, beside their number and order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Check {
    /// The file's digest, at its end.
    Digest,
    /// Nothing: the same process has checked the digest before.
    Order,
}

impl Archive {
    /// The keys of a metric in a snapshot; `None` when none were kept. No file is opened.
    ///
    /// # Errors
    /// When the manifest does not list the file, or says two things about its length.
    pub fn keys_file(&self, manifest: &Manifest, metric: &str) -> Result<Option<KeysFile>, ArchiveError> {
        let Some(KeysDoc { file, count, .. }) = manifest.keys.get(metric) else { return Ok(None) };
        let id = SnapshotId::new(manifest.date, manifest.edition);
        let listed = manifest.files.iter().find(|doc| doc.path == *file);
        let doc = listed.ok_or_else(|| ArchiveError::NoSuchFile { id, file: file.clone() })?;
        check_path(&doc.path)?;
        let path = self.folder(&id).join(&doc.path);
        if count.checked_mul(KEY_BYTES as u64) != Some(doc.size) {
            let what = format!("has {} bytes and {count} keys by its manifest, of 8 bytes each", doc.size);
            return Err(document::damaged(&path, what));
        }
        Ok(Some(KeysFile { path, size: doc.size, sha256: doc.sha256 }))
    }
}

impl KeysFile {
    /// How many keys it has.
    pub fn count(&self) -> u64 {
        self.size / KEY_BYTES as u64
    }

    /// Reads it in pieces of about `buffer` bytes.
    pub fn stream(&self, buffer: usize, check: Check) -> KeyStream {
        let capacity = (buffer / KEY_BYTES).max(1).saturating_mul(KEY_BYTES);
        KeyStream {
            file: self.clone(),
            capacity: usize::try_from(self.size).map_or(capacity, |size| size.min(capacity)),
            piece: Vec::new(),
            at: 0,
            read: 0,
            hash: (check == Check::Digest).then(Sha256::new),
            over: false,
        }
    }

    /// All its keys at once.
    ///
    /// # Errors
    /// When it is not as it was frozen, or can't be read.
    pub fn read(&self) -> Result<Vec<u64>, ArchiveError> {
        // An allocation follows what is there, never only what a manifest says.
        self.stream(1 << 18, Check::Digest).collect::<Result<_, _>>().map_err(|error| *error)
    }
}

/// The keys of a file, one after the other or piece by piece, ascending.
///
/// An error is the last thing it gives. That the file is as it was frozen is only known once it has
/// given all.
#[derive(Debug)]
pub struct KeyStream {
    file: KeysFile,
    capacity: usize,
    piece: Vec<u64>,
    /// The place in the piece of the next key.
    at: usize,
    /// How many bytes of the file were read.
    read: u64,
    hash: Option<Sha256>,
    over: bool,
}

impl Iterator for KeyStream {
    /// The error is boxed to keep what is given millions of times small.
    type Item = Result<u64, Box<ArchiveError>>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(key) = self.piece.get(self.at) {
                self.at += 1;
                return Some(Ok(*key));
            }
            match self.fill() {
                Ok(true) => {}
                Ok(false) => return None,
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

impl KeyStream {
    /// The keys that follow, as many as are at hand; `None` after the last ones.
    ///
    /// # Errors
    /// When the file is not as it was frozen, or can't be read.
    pub fn next_piece(&mut self) -> Result<Option<&[u64]>, Box<ArchiveError>> {
        while self.at >= self.piece.len() {
            if !self.fill()? {
                return Ok(None);
            }
        }
        let rest = self.piece.get(self.at..);
        self.at = self.piece.len();
        Ok(rest)
    }

    /// Reads the next piece; false after the last one. After an error there is nothing more.
    #[cold]
    fn fill(&mut self) -> Result<bool, Box<ArchiveError>> {
        if self.over {
            return Ok(false);
        }
        let more = self.try_fill().map_err(Box::new);
        if !matches!(more, Ok(true)) {
            self.over = true;
            self.piece = Vec::new();
            self.at = 0;
        }
        more
    }

    fn try_fill(&mut self) -> Result<bool, ArchiveError> {
        let KeysFile { path, size, sha256 } = &self.file;
        let changed =
            |what: String| document::damaged(path, format!("has changed since it was frozen: {what}"));
        let refused = |error: io::Error| files::unreadable(path, error);
        let opened = files::open(path).map_err(refused)?;
        let has = opened.metadata().map_err(refused)?.len();
        if has != *size {
            return Err(changed(format!("it has {has} bytes, and its manifest says {size}")));
        }
        let left = size - self.read;
        if left == 0 {
            if let Some(hash) = self.hash.take() {
                let digest = Digest::from(<[u8; 32]>::from(hash.finalize()));
                if digest != *sha256 {
                    return Err(changed(format!("its SHA-256 is {digest}, and its manifest says {sha256}")));
                }
            }
            return Ok(false);
        }
        let mut bytes = vec![0; usize::try_from(left).map_or(self.capacity, |left| left.min(self.capacity))];
        opened.read_exact_at(&mut bytes, self.read).map_err(refused)?;
        if let Some(hash) = &mut self.hash {
            hash.update(&bytes);
        }
        let last = self.piece.last().copied();
        self.piece.clear();
        self.piece.extend(bytes.as_chunks::<KEY_BYTES>().0.iter().map(|bytes| u64::from_be_bytes(*bytes)));
        self.at = 0;
        let follows = self.piece.first().is_none_or(|first| last.is_none_or(|last| last < *first));
        if !follows || !self.piece.is_sorted_by(|one, next| one < next) {
            return Err(changed("its keys are not in order".to_owned()));
        }
        self.read += bytes.len() as u64;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Check, KeysFile, encode};
    use crate::model::Digest;

    fn file(dir: &std::path::Path, bytes: &[u8]) -> KeysFile {
        let path = dir.join("phones.keys");
        std::fs::write(&path, bytes).unwrap();
        KeysFile { path, size: bytes.len() as u64, sha256: Digest::of(bytes) }
    }

    /// The keys it gives and its error, whatever the buffer.
    fn read(file: &KeysFile, buffer: usize, check: Check) -> (Vec<u64>, Option<String>) {
        let mut stream = file.stream(buffer, check);
        let (mut keys, mut error) = (Vec::new(), None);
        for key in stream.by_ref() {
            assert!(error.is_none(), "an error is the last thing that is given");
            match key {
                Ok(key) => keys.push(key),
                Err(found) => error = Some(found.to_string()),
            }
        }
        assert!(stream.next().is_none());
        (keys, error)
    }

    proptest! {
        #[test]
        fn keys_read_back_in_order_whatever_the_buffer(
            hashes in proptest::collection::vec(any::<u64>(), 0..60),
            buffer in 0_usize..200,
        ) {
            let dir = tempfile::tempdir().unwrap();
            let file = file(dir.path(), &encode(&hashes));
            let expected: Vec<u64> = std::collections::BTreeSet::from_iter(hashes).into_iter().collect();
            for check in [Check::Digest, Check::Order] {
                prop_assert_eq!(read(&file, buffer, check), (expected.clone(), None));
            }
            prop_assert_eq!(file.count(), expected.len() as u64);
            prop_assert_eq!(file.read().unwrap(), expected);
        }
    }

    #[test]
    fn a_key_is_eight_bytes_the_highest_first() {
        assert_eq!(encode(&[1, 0x0102_0304_0506_0708]), [0, 0, 0, 0, 0, 0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8]);
    }

    #[test]
    fn every_damage_is_found_and_named() {
        let dir = tempfile::tempdir().unwrap();
        let sound = encode(&[3, 5, 9, 12]);
        let file = file(dir.path(), &sound);
        let expect = |bytes: &[u8], check: Check, what: &str| {
            std::fs::write(&file.path, bytes).unwrap();
            for buffer in [8, 16, 24, 1000] {
                let (_, error) = read(&file, buffer, check);
                let error = error.unwrap_or_else(|| panic!("{what} was not found"));
                assert!(error.contains("phones.keys") && error.contains(what), "{error}");
            }
        };
        for check in [Check::Digest, Check::Order] {
            expect(&sound[..31], check, "it has 31 bytes, and its manifest says 32");
            expect(&[], check, "it has 0 bytes, and its manifest says 32");
            expect(&[sound.as_slice(), &[0]].concat(), check, "it has 33 bytes");
            let swapped: Vec<u8> = sound.rchunks(8).flatten().copied().collect();
            expect(&swapped, check, "its keys are not in order");
            let twice = [&sound[..24], &sound[16..24]].concat();
            expect(&twice, check, "its keys are not in order");
        }
        let mut flipped = sound.clone();
        flipped[31] ^= 1;
        expect(&flipped, Check::Digest, "its SHA-256 is");
        std::fs::remove_file(&file.path).unwrap();
        assert!(read(&file, 8, Check::Order).1.unwrap().ends_with("phones.keys is missing"));
        std::fs::create_dir(&file.path).unwrap();
        assert!(read(&file, 8, Check::Order).1.is_some());
    }
}
