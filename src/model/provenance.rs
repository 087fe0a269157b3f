//! How a number came to be known, which follows from when it was captured.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// How far a frozen day can be trusted to be what was seen at the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Provenance {
    /// Captured before the day was final.
    Provisional,
    /// Captured once the day was final and before the next day was.
    Witnessed,
    /// Captured later, from what the rows said then.
    Reconstructed,
}

impl Provenance {
    /// The provenance of a capture at `captured_at` of a day that was final at
    /// `final_at` and whose next day was final at `next_final_at`.
    pub fn of(captured_at: DateTime<Utc>, final_at: DateTime<Utc>, next_final_at: DateTime<Utc>) -> Self {
        if captured_at < final_at {
            Self::Provisional
        } else if captured_at < next_final_at {
            Self::Witnessed
        } else {
            Self::Reconstructed
        }
    }

    /// The word, as it stands in documents.
    pub fn word(self) -> &'static str {
        match self {
            Self::Provisional => "provisional",
            Self::Witnessed => "witnessed",
            Self::Reconstructed => "reconstructed",
        }
    }
}

impl fmt::Display for Provenance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}
