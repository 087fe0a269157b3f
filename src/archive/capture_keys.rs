//! Whether a file of captures may have rows of a key: a Bloom filter behind its rows.
//!
//! The history of one entity asks every day's file, and most have no row of it. To uncompress a file costs many times
//! what the filter does. It lies in a frame that every reader of zstd passes over.

use std::fs::File;
use std::hash::Hasher as _;
use std::io;
use std::os::unix::fs::FileExt as _;

use siphasher::sip::SipHasher24;

/// What a frame begins with that readers of zstd pass over.
const SKIPPED: u32 = 0x184D_2A5E;
/// What such a filter ends with.
const TAG: [u8; 12] = *b"asof.keys/1\n";
/// How many bytes stand before the filter in its frame.
const HEAD: usize = 8;
/// How many stand behind it: how many bytes it has, and the tag.
const TAIL: usize = 4 + TAG.len();
/// How many bits each key sets: with eight for each key, one in forty of the others is taken for one of them.
const BITS: u64 = 5;
/// With fewer keys than this a file has none: it is read as fast without.
const FEWEST: usize = 16;

/// The keys of a file while it is written, which come in order.
#[derive(Debug, Default)]
pub(super) struct Keys {
    hashes: Vec<u64>,
    last: String,
}

impl Keys {
    /// Adds the key of a row.
    pub(super) fn push(&mut self, key: &str) {
        if self.hashes.is_empty() || self.last != key {
            self.hashes.push(hash(key));
            key.clone_into(&mut self.last);
        }
    }

    /// The frame of their filter; nothing where there are too few.
    pub(super) fn frame(mut self) -> Vec<u8> {
        self.hashes.sort_unstable();
        self.hashes.dedup();
        let count = self.hashes.len();
        let (Ok(bytes), true) = (u32::try_from(count), count >= FEWEST) else { return Vec::new() };
        let mut filter = vec![0_u8; count];
        for place in self.hashes.iter().flat_map(|hash| places(*hash, count)) {
            if let Some(byte) = filter.get_mut(place / 8) {
                *byte |= 1 << (place % 8);
            }
        }
        let Some(length) = u32::try_from(TAIL).ok().and_then(|tail| bytes.checked_add(tail)) else {
            return Vec::new();
        };
        let head = [SKIPPED.to_le_bytes(), length.to_le_bytes()];
        [head.as_flattened(), &filter, &bytes.to_le_bytes(), &TAG].concat()
    }
}

/// The filter of a file.
#[derive(Debug)]
pub(super) struct Filter {
    bits: Vec<u8>,
}

impl Filter {
    /// That with which these bytes end; `None` where there is none.
    pub(super) fn of(bytes: &[u8]) -> Option<Self> {
        let frame = bytes.len().checked_sub(frame_length(bytes)?)?;
        Self::of_frame(bytes.get(frame..)?)
    }

    /// That with which a file ends.
    ///
    /// # Errors
    /// When it can't be read.
    pub(super) fn of_file(file: &File) -> io::Result<Option<Self>> {
        Ok(Self::frame_of_file(file)?.and_then(|frame| Self::of_frame(&frame)))
    }

    /// The whole frame with which a file ends, if it is one of a filter.
    ///
    /// # Errors
    /// When it can't be read.
    pub(super) fn frame_of_file(file: &File) -> io::Result<Option<Vec<u8>>> {
        let size = file.metadata()?.len();
        let mut tail = [0; TAIL];
        let Some(at) = size.checked_sub(TAIL as u64) else { return Ok(None) };
        file.read_exact_at(&mut tail, at)?;
        let length = frame_length(&tail);
        let Some((length, at)) = length.and_then(|length| Some((length, size.checked_sub(length as u64)?)))
        else {
            return Ok(None);
        };
        let mut frame = vec![0; length];
        file.read_exact_at(&mut frame, at)?;
        Ok(Self::of_frame(&frame).is_some().then_some(frame))
    }

    fn of_frame(frame: &[u8]) -> Option<Self> {
        let (magic, rest) = frame.split_first_chunk()?;
        let (length, rest) = rest.split_first_chunk()?;
        let is_one = u32::from_le_bytes(*magic) == SKIPPED
            && usize::try_from(u32::from_le_bytes(*length)) == Ok(rest.len());
        let bits = rest.get(..rest.len().checked_sub(TAIL)?)?;
        (is_one && !bits.is_empty()).then(|| Self { bits: bits.to_vec() })
    }

    /// Whether rows may have this key; false is certain.
    pub(super) fn may_have(&self, key: &str) -> bool {
        let has = |place: usize| self.bits.get(place / 8).is_some_and(|byte| byte & (1 << (place % 8)) != 0);
        places(hash(key), self.bits.len()).all(has)
    }
}

/// How long the frame is with which these bytes end, if it is one of a filter.
fn frame_length(bytes: &[u8]) -> Option<usize> {
    let (rest, tag) = bytes.split_last_chunk::<{ TAG.len() }>()?;
    let (_, length) = rest.split_last_chunk::<4>()?;
    let length = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    (*tag == TAG).then(|| length.checked_add(HEAD + TAIL)).flatten()
}

/// The hash of a key, which is the same everywhere and always.
fn hash(key: &str) -> u64 {
    let mut hasher = SipHasher24::new();
    hasher.write(key.as_bytes());
    hasher.finish()
}

/// The bits of a key in a filter of so many bytes.
fn places(hash: u64, bytes: usize) -> impl Iterator<Item = usize> {
    let (first, step) = (hash & 0xFFFF_FFFF, (hash >> 32) | 1);
    let bits = (bytes as u64).saturating_mul(8).max(1);
    (0..BITS).filter_map(move |at| usize::try_from(at.wrapping_mul(step).wrapping_add(first) % bits).ok())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::io::Write as _;

    use proptest::prelude::*;

    use super::{FEWEST, Filter, Keys};

    fn frame<'k>(keys: impl IntoIterator<Item = &'k str>) -> Vec<u8> {
        let mut all = Keys::default();
        keys.into_iter().for_each(|key| all.push(key));
        all.frame()
    }

    proptest! {
        #[test]
        fn no_key_of_a_file_is_ever_missed(
            keys in proptest::collection::btree_set(".{0,12}", FEWEST..300),
            before in proptest::collection::vec(any::<u8>(), 0..40),
        ) {
            let bytes = [before, frame(keys.iter().map(String::as_str))].concat();
            let filter = Filter::of(&bytes).unwrap();
            prop_assert!(keys.iter().all(|key| filter.may_have(key)));
            let mut file = tempfile::tempfile().unwrap();
            file.write_all(&bytes).unwrap();
            prop_assert_eq!(Filter::of_file(&file).unwrap().unwrap().bits, filter.bits);
        }

        #[test]
        fn what_is_no_filter_is_none(bytes in proptest::collection::vec(any::<u8>(), 0..60), cut in 1..60_usize) {
            prop_assert!(Filter::of(&bytes).is_none());
            let names: Vec<String> = (0..20).map(|n| n.to_string()).collect();
            let whole = frame(names.iter().map(String::as_str));
            prop_assert!(Filter::of(&whole[cut.min(whole.len())..]).is_none(), "its beginning is missing");
            prop_assert!(Filter::of(&whole[..whole.len() - cut.min(whole.len())]).is_none(), "its end is missing");
        }
    }

    #[test]
    fn most_other_keys_are_told_from_those_of_the_file() {
        let keys: Vec<String> = (0..1000).map(|n| format!("account-{n}")).collect();
        let filter = Filter::of(&frame(keys.iter().map(String::as_str))).unwrap();
        let taken = (1000..11_000).filter(|n| filter.may_have(&format!("account-{n}"))).count();
        assert!(taken < 400, "{taken} of 10,000");
    }

    #[test]
    fn its_bytes_are_those_that_the_format_says() {
        // By hand from docs/FORMAT.md: the bits of SipHash-2-4 under a key of zeros, in 16 bytes.
        let keys: BTreeSet<String> = (0..16).map(|n| format!("{n:02}")).collect();
        let frame = frame(keys.iter().map(String::as_str));
        assert_eq!(frame.len(), 8 + 16 + 4 + 12);
        assert_eq!(frame[..8], [0x5E, 0x2A, 0x4D, 0x18, 32, 0, 0, 0]);
        assert_eq!(&frame[24..], b"\x10\0\0\0asof.keys/1\n");
        assert!(self::frame(keys.iter().take(15).map(String::as_str)).is_empty());
    }
}
