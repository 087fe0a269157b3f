//! Distinct counts over time, as they are frozen: a day's keys beside those of earlier days.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Day, Digest};

/// A cumulative distinct count: the day's keys beside those of all earlier archived days.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenDoc {
    /// How many different keys the day has.
    pub unique: u64,
    /// How many of them no earlier archived day has; `None` when that could not be known.
    pub new: Option<u64>,
    /// How many different keys all days up to this one have; `None` when that could not be known.
    pub cumulative: Option<u64>,
    /// Why something is unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What `new` and `cumulative` rest on.
    pub basis: BasisDoc,
}

/// The days that a cumulative count rests on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BasisDoc {
    /// The first of them; the day itself where there is no earlier one.
    pub since: Day,
    /// How many they are, the day itself included.
    pub days: u32,
    /// How many days from `since` on are not among them.
    pub gaps: u32,
    /// Archived days that could not be counted, each with the reason; they are among the gaps
    /// where they lie after `since`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<LeftOutDoc>,
}

/// Archived days that could not be counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOutDoc {
    /// How many.
    pub days: u32,
    /// Why.
    pub reason: String,
}

/// What a metric of normalised keys did not count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApartDoc {
    /// Rows without a key: NULL, or nothing but blanks.
    pub blank_rows: u64,
    /// Different values that are no usable key.
    pub unusable: u64,
    /// Rows that have one of these.
    pub unusable_rows: u64,
}

/// The keys of a day, as a file of the snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeysDoc {
    /// Its path inside the day's folder.
    pub file: String,
    /// Which hash key made it.
    pub key: KeyId,
    /// How many keys it has.
    pub count: u64,
}

/// Tells hash keys apart without telling them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct KeyId([u8; 8]);

/// A text that is no id of a hash key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no id of a hash key: it must have 16 hexadecimal digits")]
pub struct KeyIdError {
    /// What was given.
    pub text: String,
}

impl KeyId {
    /// The id of a hash key: the first half of a digest of it, from which the key can't be found.
    pub fn of(key: &[u8]) -> Self {
        let digest = Digest::of(&[b"asof hash key ".as_slice(), key].concat()).to_string();
        digest.get(..16).and_then(|half| half.parse().ok()).unwrap_or(Self([0; 8]))
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl FromStr for KeyId {
    type Err = KeyIdError;

    fn from_str(text: &str) -> Result<Self, KeyIdError> {
        let wrong = || KeyIdError { text: text.chars().take(40).collect() };
        if text.len() != 16 || !text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(wrong());
        }
        u64::from_str_radix(text, 16).map(|number| Self(number.to_be_bytes())).map_err(|_| wrong())
    }
}

impl TryFrom<String> for KeyId {
    type Error = KeyIdError;

    fn try_from(text: String) -> Result<Self, KeyIdError> {
        text.parse()
    }
}

impl From<KeyId> for String {
    fn from(id: KeyId) -> Self {
        id.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::KeyId;

    #[test]
    fn the_id_of_a_key_is_sixteen_digits_and_its_own() {
        let (one, other) = (KeyId::of(&[1; 16]), KeyId::of(&[2; 16]));
        assert_ne!(one, other);
        assert_eq!(one.to_string().len(), 16);
        assert_eq!(one.to_string().parse(), Ok(one));
        assert!("0123".parse::<KeyId>().is_err());
        assert!("0123456789ABCDEF".parse::<KeyId>().is_err());
    }
}
