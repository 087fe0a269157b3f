//! A table that asof fills itself: which part of a feed's or a file's items becomes which column.
//!
//! It is frozen with the numbers, since it makes them. No secret is in it.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// How the rows of a table come about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableDef {
    /// Where items come from: the template of a URL, or a pattern of files. It names secrets and holds none.
    pub from: String,
    /// Where the items are in an answer, as a JSON pointer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub items: Option<String>,
    /// The columns that tell items apart; none where each item counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub key: Vec<String>,
    /// Its columns, by name.
    pub columns: BTreeMap<String, ColumnDef>,
    /// What else decides which items there are, by the name of the setting.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub settings: BTreeMap<String, String>,
}

/// A column of a table that asof fills.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnDef {
    /// Where its value is: a JSON pointer into the item, or the name of a file's column.
    pub at: String,
    /// What its values are.
    #[serde(rename = "type")]
    pub kind: ColumnKind,
    /// How a time is written, where it is no ISO 8601.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
}

/// What the values of a column are. An item that has something else there is an error, never a guess.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ColumnKind {
    /// Text; a number stays as it is written.
    Text,
    /// A whole number of 64 bits.
    Integer,
    /// A decimal number of at most 15 digits.
    Decimal,
    /// `true` and `false`, as 1 and 0.
    Boolean,
    /// A time: with an offset it is kept in UTC, without one as it is.
    Time,
    /// Any JSON, as its text.
    Json,
}

impl ColumnKind {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Text, Self::Integer, Self::Decimal, Self::Boolean, Self::Time, Self::Json];

    /// Its name in a configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Integer => "integer",
            Self::Decimal => "decimal",
            Self::Boolean => "boolean",
            Self::Time => "time",
            Self::Json => "json",
        }
    }
}

impl fmt::Display for ColumnKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for ColumnKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|kind| kind.name() == text);
        found.ok_or_else(|| format!("a column is one of {}", Self::ALL.map(Self::name).join(", ")))
    }
}
