//! The shape of `[sources.NAME.tables.TABLE]`, as written: a table that files fill. What it means is checked in
//! [`super::files`].

use indexmap::IndexMap;
use serde::Deserialize;

use super::column_file::Column;

/// A table that files fill.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FileTable {
    /// Which files: a pattern with `*`, `?` and `{date}`, relative to the source's folder.
    pub files: String,
    /// What is in them; by their names' end when left out.
    pub format: Option<Format>,
    /// How `{date}` is written: `%Y-%m-%d` when left out.
    pub date: Option<String>,
    /// How many days before and after those of the window have files that are read, too.
    pub around: Option<u16>,
    /// What a day without a file is: an error when left out.
    pub missing: Option<Missing>,
    /// What stands between the fields of a CSV file; a comma when left out.
    pub delimiter: Option<String>,
    /// The columns that tell rows apart; each row counts when left out.
    #[serde(default)]
    pub key: Vec<String>,
    /// Its columns, by name.
    pub columns: IndexMap<String, Column>,
}

/// What is in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Fields between commas, their names in the first line.
    Csv,
    /// A JSON object a line.
    Jsonl,
    /// Parquet.
    Parquet,
}

/// What a day without a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Missing {
    /// An error: the day can't be read yet.
    Error,
    /// A day without rows.
    Empty,
}
