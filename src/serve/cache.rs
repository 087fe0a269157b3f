//! Answers that are kept, by digest. What was not asked for the longest goes first once there is no room.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use super::answer::Answer;
use crate::model::Digest;

/// What an entry costs beside its body.
const OVERHEAD: usize = 512;

/// Answers that are kept.
pub struct Cache {
    most: usize,
    kept: Mutex<Kept>,
    /// What is being made, so that it is made once whoever else asks for it meanwhile.
    making: Mutex<HashMap<Digest, Arc<Mutex<()>>>>,
}

#[derive(Default)]
struct Kept {
    by_key: HashMap<Digest, (u64, Answer)>,
    by_age: BTreeMap<u64, Digest>,
    clock: u64,
    bytes: usize,
    hits: u64,
    misses: u64,
}

/// How a cache fares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fares {
    /// How many bytes it holds.
    pub bytes: usize,
    /// How often it had what was asked for.
    pub hits: u64,
    /// How often it had not.
    pub misses: u64,
}

impl Cache {
    /// A cache of so many bytes at most.
    pub fn new(most: usize) -> Self {
        Self { most, kept: Mutex::default(), making: Mutex::default() }
    }

    /// What is kept under a key, or what is made now, which is kept from then on. What fails is not kept.
    ///
    /// # Errors
    /// Those of making it.
    pub fn get<E>(&self, key: Digest, make: impl FnOnce() -> Result<Answer, E>) -> Result<Answer, E> {
        if let Some(answer) = self.find(key, true) {
            return Ok(answer);
        }
        let gate = {
            let mut making = self.making.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(making.entry(key).or_default())
        };
        let _turn = gate.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(answer) = self.find(key, false) {
            return Ok(answer);
        }
        let done = make();
        if let Ok(answer) = &done {
            self.keep(key, answer.clone());
        }
        self.making.lock().unwrap_or_else(PoisonError::into_inner).remove(&key);
        done
    }

    /// How it fares.
    pub fn fares(&self) -> Fares {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        Fares { bytes: kept.bytes, hits: kept.hits, misses: kept.misses }
    }

    fn find(&self, key: Digest, first: bool) -> Option<Answer> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let now = kept.clock + 1;
        let Some((age, answer)) = kept.by_key.get_mut(&key) else {
            kept.misses += u64::from(first);
            return None;
        };
        let before = std::mem::replace(age, now);
        let answer = answer.clone();
        kept.by_age.remove(&before);
        kept.by_age.insert(now, key);
        kept.clock = now;
        kept.hits += u64::from(first);
        Some(answer)
    }

    fn keep(&self, key: Digest, answer: Answer) {
        let size = answer.body.len() + OVERHEAD;
        // One answer is not to push out all others.
        if size > self.most / 4 {
            return;
        }
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.clock += 1;
        let now = kept.clock;
        if let Some((age, before)) = kept.by_key.insert(key, (now, answer)) {
            kept.by_age.remove(&age);
            kept.bytes -= before.body.len() + OVERHEAD;
        }
        kept.by_age.insert(now, key);
        kept.bytes += size;
        while kept.bytes > self.most
            && let Some((_, oldest)) = kept.by_age.pop_first()
        {
            if let Some((_, gone)) = kept.by_key.remove(&oldest) {
                kept.bytes -= gone.body.len() + OVERHEAD;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::atomic::{AtomicU32, Ordering};

    use proptest::prelude::*;

    use super::{Answer, Cache, OVERHEAD};
    use crate::model::Digest;

    fn answer(size: usize) -> Answer {
        Answer::json_bytes(vec![b' '; size])
    }

    fn asked(cache: &Cache, key: u8, size: usize) -> bool {
        let mut is_fresh = false;
        let make = || {
            is_fresh = true;
            Ok::<_, Infallible>(answer(size))
        };
        let Ok(_) = cache.get(Digest::of(&[key]), make);
        is_fresh
    }

    #[test]
    fn what_was_not_asked_for_the_longest_goes_first() {
        let cache = Cache::new(4 * (OVERHEAD + 100));
        for key in 0..4 {
            assert!(asked(&cache, key, 100));
        }
        assert!(!asked(&cache, 0, 100));
        assert!(asked(&cache, 4, 100), "a fifth");
        assert!(!asked(&cache, 0, 100), "it was asked for since");
        assert!(asked(&cache, 1, 100), "it was not");
    }

    #[test]
    fn an_answer_as_large_as_the_cache_is_not_kept() {
        let cache = Cache::new(10_000);
        assert!(asked(&cache, 0, 9_000));
        assert!(asked(&cache, 0, 9_000));
        assert_eq!(cache.fares().bytes, 0);
    }

    #[test]
    fn what_many_ask_for_at_once_is_made_once() {
        let (cache, made) = (Cache::new(100_000), AtomicU32::new(0));
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let answer = cache.get(Digest::of(b"one"), || {
                        std::thread::sleep(std::time::Duration::from_millis(30));
                        made.fetch_add(1, Ordering::Relaxed);
                        Ok::<_, Infallible>(answer(100))
                    });
                    assert_eq!(answer.unwrap().body.len(), 100);
                });
            }
        });
        assert_eq!(made.load(Ordering::Relaxed), 1);
        assert!(cache.making.lock().unwrap().is_empty());
    }

    proptest! {
        #[test]
        fn it_never_holds_more_than_it_may(asks in proptest::collection::vec((0_u8..20, 0_usize..6000), 1..200)) {
            let cache = Cache::new(20_000);
            for (key, size) in asks {
                asked(&cache, key, size);
                let kept = cache.kept.lock().unwrap();
                let held: usize = kept.by_key.values().map(|(_, answer)| answer.body.len() + OVERHEAD).sum();
                prop_assert_eq!(held, kept.bytes);
                prop_assert!(held <= 20_000);
                prop_assert_eq!(kept.by_key.len(), kept.by_age.len());
            }
        }
    }
}
