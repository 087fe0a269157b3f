//! Editions of a day, and the name under which one of them is kept.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::Day;

/// The edition of a frozen day: 1 is the original, a later one is a restatement beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Edition(NonZeroU32);

impl Edition {
    /// Edition 1.
    pub const FIRST: Self = Self(NonZeroU32::MIN);

    /// The edition of that number; `None` for 0.
    pub fn new(number: u32) -> Option<Self> {
        NonZeroU32::new(number).map(Self)
    }

    /// The number, from 1.
    pub fn number(self) -> u32 {
        self.0.get()
    }

    /// The edition after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for Edition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One edition of one day. Its text is the name of its folder: `2025-11-06` for
/// edition 1, `2025-11-06@2` for the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SnapshotId {
    /// The day.
    pub day: Day,
    /// Which edition of it.
    pub edition: Edition,
}

impl SnapshotId {
    /// Edition `edition` of `day`.
    pub fn new(day: Day, edition: Edition) -> Self {
        Self { day, edition }
    }
}

impl fmt::Display for SnapshotId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.edition == Edition::FIRST {
            f.pad(&self.day.to_string())
        } else {
            f.pad(&format!("{}@{}", self.day, self.edition))
        }
    }
}

/// A text that names no edition of a day.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no day of an archive: write it as YYYY-MM-DD or YYYY-MM-DD@EDITION")]
pub struct SnapshotIdError {
    /// What was given.
    pub text: String,
}

impl FromStr for SnapshotId {
    type Err = SnapshotIdError;

    fn from_str(text: &str) -> Result<Self, SnapshotIdError> {
        let wrong = || SnapshotIdError { text: text.to_owned() };
        let (day, edition) = match text.split_once('@') {
            None => (text, Edition::FIRST),
            Some((day, number)) => {
                if number.starts_with(['0', '+']) {
                    return Err(wrong());
                }
                let number: u32 = number.parse().map_err(|_| wrong())?;
                (day, Edition::new(number).ok_or_else(wrong)?)
            }
        };
        Ok(Self { day: day.parse().map_err(|_| wrong())?, edition })
    }
}

#[cfg(test)]
mod tests {
    use super::SnapshotId;

    #[test]
    fn a_folder_name_reads_back() {
        for name in ["2025-11-06", "2025-11-06@2", "2025-11-06@10"] {
            assert_eq!(name.parse::<SnapshotId>().unwrap().to_string(), name);
        }
        for name in ["2025-11-06@0", "2025-11-06@02", "2025-11-06@", "2025-11-06@x", "index.html"] {
            assert!(name.parse::<SnapshotId>().is_err(), "{name}");
        }
    }
}
