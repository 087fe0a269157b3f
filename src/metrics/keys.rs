//! The different keys of a day, as keyed 64-bit hashes: what a distinct count over time is made of.

use std::fmt;
use std::hash::Hasher as _;

use siphasher::sip::SipHasher24;

use crate::model::seen::{ApartDoc, KeyId};

/// Turns keys into hashes under a secret: without it nobody can tell which key a hash belongs to.
///
/// SipHash-2-4 is a keyed pseudo-random function of 64 bits (Aumasson and Bernstein, 2012). Of ten million keys
/// two share a hash with a probability of about 3 in a million.
#[derive(Clone)]
pub struct KeyHash {
    secret: [u8; 16],
}

/// The different keys of one metric on one day.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keys {
    /// Their hashes, ascending, each once.
    pub hashes: Vec<u64>,
    /// What was not counted.
    pub apart: ApartDoc,
}

impl KeyHash {
    /// Hashes under this secret.
    pub fn new(secret: [u8; 16]) -> Self {
        Self { secret }
    }

    /// Which secret it is, without telling it.
    pub fn id(&self) -> KeyId {
        KeyId::of(&self.secret)
    }

    /// The hash of a key.
    pub fn hash(&self, key: &[u8]) -> u64 {
        let mut hasher = SipHasher24::new_with_key(&self.secret);
        hasher.write(key);
        hasher.finish()
    }
}

impl fmt::Debug for KeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyHash({})", self.id())
    }
}

#[cfg(test)]
mod tests {
    use super::KeyHash;

    #[test]
    fn hashes_depend_on_the_secret() {
        let (one, other) = (KeyHash::new([1; 16]), KeyHash::new([2; 16]));
        assert_eq!(one.hash(b"+13145550100"), one.hash(b"+13145550100"));
        assert_ne!(one.hash(b"+13145550100"), other.hash(b"+13145550100"));
        assert_ne!(one.hash(b"+13145550100"), one.hash(b"+13145550101"));
        assert!(!format!("{one:?}").contains("1, 1"), "the secret shows: {one:?}");
    }

    #[test]
    fn the_hash_is_the_published_one() {
        // The first and the last of the test vectors that the authors published: key 00 01 … 0f.
        let secret = std::array::from_fn(|at| u8::try_from(at).unwrap());
        let hash = KeyHash::new(secret);
        assert_eq!(hash.hash(&[]).to_le_bytes(), [0x31, 0x0e, 0x0e, 0xdd, 0x47, 0xdb, 0x6f, 0x72]);
        let message: Vec<u8> = (0..63).collect();
        assert_eq!(hash.hash(&message).to_le_bytes(), [0x72, 0x45, 0x06, 0xeb, 0x4c, 0x32, 0x8a, 0x95]);
    }
}
