//! The numbers of rows: the how manieth kept row of its key each is.
//!
//! Both sides are sorted by key, so one pass merges them. Keys that were seen before and are not any
//! more keep their number with the look, so that they go on counting when they come back.

use std::cmp::Ordering;

/// What was known of a key before: its last number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Previous {
    /// The key.
    pub key: String,
    /// How many of its rows were kept.
    pub seq: u64,
}

/// Numbers for the rows of a look.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Numbered {
    /// For each row, in their order: its number if it is kept, else the last one of its key, 0 for none.
    pub seqs: Vec<u64>,
    /// Keys of before that are not among the rows, each with its last number, sorted by key.
    pub gone: Vec<(String, u64)>,
}

/// Numbers rows that are sorted by key, each told with whether it is kept, after what was known before,
/// sorted by key too.
pub fn number<'a>(
    rows: impl IntoIterator<Item = (&'a str, bool)>,
    before: impl IntoIterator<Item = Previous>,
) -> Numbered {
    let mut numbered = Numbered::default();
    let mut before = before.into_iter().peekable();
    for (key, kept) in rows {
        let mut last = 0;
        while let Some(known) = before.next_if(|known| known.key.as_str() <= key) {
            match known.key.as_str().cmp(key) {
                Ordering::Equal => last = last.max(known.seq),
                _ => numbered.gone.push((known.key, known.seq)),
            }
        }
        numbered.seqs.push(last + u64::from(kept));
    }
    numbered.gone.extend(before.map(|known| (known.key, known.seq)));
    // Before may tell of a key more than once: of its look, and of a capture since.
    numbered.gone.dedup_by(|next, one| {
        let same = next.0 == one.0;
        if same {
            one.1 = one.1.max(next.1);
        }
        same
    });
    numbered
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::{Previous, number};

    proptest! {
        #[test]
        fn every_key_counts_its_kept_rows(
            looks in proptest::collection::vec(proptest::collection::btree_map("[a-d]{1,2}", any::<bool>(), 0..8), 1..6)
        ) {
            let mut counted: BTreeMap<String, u64> = BTreeMap::new();
            let mut before: Vec<(String, u64)> = Vec::new();
            for look in &looks {
                let known = before.iter().cloned().map(|(key, seq)| Previous { key, seq });
                let numbered = number(look.iter().map(|(key, kept)| (key.as_str(), *kept)), known);
                let mut after: Vec<(String, u64)> = numbered.gone.clone();
                for ((key, kept), seq) in look.iter().zip(&numbered.seqs) {
                    let count = counted.entry(key.clone()).or_default();
                    *count += u64::from(*kept);
                    prop_assert_eq!(seq, &*count);
                    after.push((key.clone(), *seq));
                }
                after.sort();
                before = after;
            }
            let expected: Vec<(String, u64)> = counted.into_iter().collect();
            prop_assert_eq!(before, expected);
        }
    }

    #[test]
    fn of_two_numbers_for_a_key_the_higher_counts() {
        let before = [("a", 3), ("b", 1), ("b", 4), ("c", 2), ("c", 1)]
            .map(|(key, seq)| Previous { key: key.to_owned(), seq });
        let numbered = number([("b", true)], before);
        assert_eq!(numbered.seqs, [5]);
        assert_eq!(numbered.gone, [("a".to_owned(), 3), ("c".to_owned(), 2)]);
    }
}
