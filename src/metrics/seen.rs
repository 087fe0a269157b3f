//! Keys of several days against each other: pure.
//!
//! Nothing here grows with the number of keys, but for an index of those of one day.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::collections::binary_heap::PeekMut;

/// For each stream how many of its keys no earlier stream has; all of them are merged once.
///
/// The streams are ascending and in the order of their days. So the sum of what is
/// given for the first `n` of them is how many different keys these have.
///
/// # Errors
/// The first error of a stream, with the stream's place.
pub fn first_seen<S, E>(mut streams: Vec<S>) -> Result<Vec<u64>, (usize, E)>
where
    S: Iterator<Item = Result<u64, E>>,
{
    let mut counts = vec![0_u64; streams.len()];
    let mut heap = BinaryHeap::with_capacity(streams.len());
    for (at, stream) in streams.iter_mut().enumerate() {
        if let Some(key) = stream.next() {
            heap.push(Reverse((key.map_err(|error| (at, error))?, at)));
        }
    }
    let mut last = None;
    while let Some(mut top) = heap.peek_mut() {
        // Of equal keys that of the earliest stream comes first.
        let Reverse((key, at)) = *top;
        if last != Some(key) {
            last = Some(key);
            if let Some(count) = counts.get_mut(at) {
                *count += 1;
            }
        }
        match streams.get_mut(at).and_then(Iterator::next) {
            Some(next) => *top = Reverse((next.map_err(|error| (at, error))?, at)),
            None => drop(PeekMut::pop(top)),
        }
    }
    Ok(counts)
}

/// Which of a day's keys other days have too, whose keys pass by piece by piece.
///
/// A stream's keys are looked up by their highest bits. Hashes are spread evenly, so that mostly
/// tells at once, and as both sides ascend, the index is walked from its beginning to its end.
#[derive(Debug)]
pub struct Unseen<'k> {
    keys: &'k [u64],
    seen: Vec<bool>,
    /// Where the keys begin whose highest bits are the place in this list, and where the last ones end.
    starts: Vec<u32>,
    shift: u32,
}

/// The most bits by which keys are looked up: an index of four megabytes.
const MOST_BITS: u32 = 20;

impl<'k> Unseen<'k> {
    /// None of these keys, which must be ascending, was seen yet.
    pub fn new(keys: &'k [u64]) -> Self {
        let bits = (keys.len().max(1).ilog2() + 3).min(MOST_BITS);
        let shift = u64::BITS - bits;
        let mut starts = Vec::with_capacity((1 << bits) + 1);
        let mut at = 0;
        for bucket in 0..1_u64 << bits {
            starts.push(u32::try_from(at).unwrap_or(u32::MAX));
            at += keys
                .get(at..)
                .map_or(0, |rest| rest.iter().take_while(|key| *key >> shift == bucket).count());
        }
        starts.push(u32::try_from(at).unwrap_or(u32::MAX));
        Self { keys, seen: vec![false; keys.len()], starts, shift }
    }

    /// Notes keys that another day has, in any order and any number of pieces.
    pub fn note(&mut self, others: &[u64]) {
        for key in others {
            let bucket = usize::try_from(key >> self.shift).unwrap_or(usize::MAX);
            let Some([start, end]) = self.starts.get(bucket..).and_then(|rest| rest.first_chunk::<2>())
            else {
                continue;
            };
            if start == end {
                continue;
            }
            let start = *start as usize;
            let Some(candidates) = self.keys.get(start..*end as usize) else { continue };
            if let Ok(place) = candidates.binary_search(key)
                && let Some(seen) = self.seen.get_mut(start + place)
            {
                *seen = true;
            }
        }
    }

    /// How many of the keys no other day had.
    pub fn count(&self) -> u64 {
        self.seen.iter().filter(|seen| !**seen).count() as u64
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::convert::Infallible;

    use proptest::prelude::*;

    use super::{Unseen, first_seen};

    fn stream(keys: &BTreeSet<u64>) -> impl Iterator<Item = Result<u64, Infallible>> {
        keys.iter().copied().map(Ok)
    }

    /// Days of keys that often have some in common: few different ones, spread over all bits.
    fn days() -> impl Strategy<Value = Vec<BTreeSet<u64>>> {
        let key = prop_oneof![
            (0_u64..40).prop_map(|number| number.wrapping_mul(0x9e37_79b9_7f4a_7c15)),
            0_u64..20,
            Just(u64::MAX),
        ];
        proptest::collection::vec(proptest::collection::btree_set(key, 0..30), 0..12)
    }

    proptest! {
        #[test]
        fn merging_agrees_with_sets(days in days()) {
            let mut before = BTreeSet::<u64>::new();
            let expected: Vec<u64> = days
                .iter()
                .map(|day| {
                    let known = before.len();
                    before.extend(day);
                    (before.len() - known) as u64
                })
                .collect();
            let merged = first_seen(days.iter().map(stream).collect()).unwrap();
            prop_assert_eq!(&merged, &expected);
            prop_assert_eq!(merged.iter().sum::<u64>(), before.len() as u64);
        }

        #[test]
        fn one_day_against_others_agrees_with_sets(days in days(), day in proptest::collection::btree_set(any::<u64>(), 0..200)) {
            // Some of the others' keys among its own.
            let shared = days.iter().flatten().step_by(2).copied();
            let day: BTreeSet<u64> = day.into_iter().chain(shared).collect();
            let keys: Vec<u64> = day.iter().copied().collect();
            let mut unseen = Unseen::new(&keys);
            for other in &days {
                unseen.note(&other.iter().copied().collect::<Vec<_>>());
            }
            let others: BTreeSet<u64> = days.iter().flatten().copied().collect();
            prop_assert_eq!(unseen.count(), day.difference(&others).count() as u64);
        }

        #[test]
        fn both_ways_of_counting_agree(days in days()) {
            let merged = first_seen(days.iter().map(stream).collect()).unwrap();
            for (at, day) in days.iter().enumerate() {
                let keys: Vec<u64> = day.iter().copied().collect();
                let mut unseen = Unseen::new(&keys);
                for other in &days[..at] {
                    unseen.note(&other.iter().copied().collect::<Vec<_>>());
                }
                prop_assert_eq!(unseen.count(), merged[at]);
            }
        }
    }

    #[test]
    fn keys_that_are_crowded_are_told_apart_all_the_same() {
        let keys: Vec<u64> = (0..5000).collect();
        let mut unseen = Unseen::new(&keys);
        unseen.note(&(4000..9000).collect::<Vec<_>>());
        assert_eq!(unseen.count(), 4000);
    }

    #[test]
    fn an_error_names_its_stream() {
        let broken = vec![vec![Ok(1), Ok(7)], vec![Ok(2), Err("gone")], vec![Ok(3)]];
        let streams: Vec<_> = broken.into_iter().map(Vec::into_iter).collect();
        assert_eq!(first_seen(streams), Err((1, "gone")));
    }
}
