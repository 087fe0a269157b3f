//! `asof.toml` to a checked configuration.
//!
//! Reading it gives every problem at once, each with its place. What is written is in
//! [`file`], what it means in [`Config`].

mod account_word;
mod again;
pub mod alerts;
mod archive;
mod check;
mod column_file;

pub mod duration;
pub mod entities;
pub mod entity_file;
pub mod file;
pub mod files;
mod files_file;
mod filled;
pub mod http;
mod http_check;
mod http_feed;
mod http_file;
mod lookup;
mod lookup_file;
mod metrics;
pub mod notify;
mod notify_file;
pub mod presentation;
pub mod problem;
pub mod retention;
pub mod serve;
mod serve_file;
mod source;
mod source_file;
mod source_url;
pub mod source_written;
pub mod template;
pub mod tenant;
#[cfg(test)]
mod tests;
mod tree;
mod worklist;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use chrono::{NaiveTime, TimeDelta};
use chrono_tz::Tz;
use indexmap::IndexMap;

pub use alerts::AlertSettings;
pub use entities::EntitySettings;
pub use http::HttpSettings;
pub use notify::NotifySettings;
pub use presentation::Presentation;
pub use problem::{Problem, Problems};
pub use retention::RetentionSettings;
pub use serve::ServeSettings;
pub use source::{DEFAULT_TIMEOUT, PasswordFrom, SourceKind, SourceSettings, Sources};
pub use source_url::{ServerUrl, SourceUrl, SourceUrlError, SslMode};
pub use worklist::{CarryOf, Unknown, WorklistSettings};

use crate::model::definitions::CalendarDef;
use crate::model::{Definitions, Number};

/// A configuration in which everything fits together.
#[derive(Clone, Debug)]
pub struct Config {
    /// What is read.
    pub sources: Sources,
    /// Where frozen days are kept.
    pub archive: ArchiveSettings,
    /// How days are cut.
    pub calendar: CalendarSettings,
    /// The text of all that makes the numbers.
    pub definitions: Definitions,
    /// How they are shown.
    pub presentation: Presentation,
    /// How frozen days are held against the source.
    pub again: AgainSettings,
    /// Which frozen days are kept whole; `None` keeps all of them.
    pub retention: Option<RetentionSettings>,
    /// Lists of keys to work on, by name, in the order of the file. They change no number.
    pub worklists: IndexMap<String, WorklistSettings>,
    /// What somebody should hear of, by name, in the order of the file.
    pub alerts: IndexMap<String, AlertSettings>,
    /// Who hears of it, and what is run around a save.
    pub notify: NotifySettings,
    /// Things with a state now, by name, in the order of the file.
    pub entities: IndexMap<String, EntitySettings>,
    /// The tenants whose rows are kept apart; none where all rows are one's own.
    pub tenants: Vec<String>,
    /// How a server answers, and whom.
    pub serve: ServeSettings,
    /// The one whose archive and rows these are; `None` where there are no tenants or all are meant.
    pub tenant: Option<String>,
}

/// How days are cut, and when they are final.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CalendarSettings {
    /// The zone whose dates name the days.
    pub time_zone: Tz,
    /// The local time at which a day starts.
    pub day_starts_at: NaiveTime,
    /// How long after its end a day is final.
    pub final_after: TimeDelta,
}

impl CalendarSettings {
    /// The settings by which frozen days were cut; `None` when they name a zone or time that is not known.
    pub fn of(def: &CalendarDef, final_after: TimeDelta) -> Option<Self> {
        let day_starts_at = ["%H:%M:%S", "%H:%M"]
            .iter()
            .find_map(|format| NaiveTime::parse_from_str(&def.day_starts_at, format).ok())?;
        Some(Self { time_zone: def.time_zone.parse().ok()?, day_starts_at, final_after })
    }
}

/// How frozen days are held against the source, once they are read again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgainSettings {
    /// The ages in days at which each save reads days again, ascending, each once; none is 0.
    pub lookback: Vec<u16>,
    /// The share of a frozen day's rows that may be gone before its source counts as pruned.
    pub shrink_guard: Number,
    /// By which share a metric may move before it has drifted, by metric; 0 for those that are not here.
    pub tolerances: BTreeMap<String, Number>,
}

impl AgainSettings {
    /// By which share a metric may move before it has drifted.
    pub fn tolerance(&self, metric: &str) -> Number {
        self.tolerances.get(metric).cloned().unwrap_or_else(Number::zero)
    }
}

/// Where frozen days are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArchiveSettings {
    /// The archive's folder.
    pub dir: PathBuf,
    /// The file of the key under which values are kept; it does not lie in that folder.
    pub key_file: PathBuf,
}

impl Config {
    /// Reads the content of a configuration file, see [`Config::parse`].
    ///
    /// # Errors
    /// Every problem in it, or the first place that is no UTF-8.
    pub fn parse_bytes(bytes: &[u8], file: &Path) -> Result<Self, Problems> {
        match std::str::from_utf8(bytes) {
            Ok(text) => Self::parse(text, file),
            Err(error) => {
                let (line, column) = tree::end_of(bytes.get(..error.valid_up_to()).unwrap_or_default());
                let problem = Problem {
                    line: Some(line),
                    column: Some(column),
                    message: "this is no UTF-8 text".to_owned(),
                    hint: Some("save the file as UTF-8".to_owned()),
                };
                Err(Problems { file: file.to_owned(), list: vec![problem] })
            }
        }
    }

    /// Reads the text of a configuration file that lies at `file`; relative paths in it are
    /// relative to the file's folder.
    ///
    /// # Errors
    /// Every problem in it.
    pub fn parse(text: &str, file: &Path) -> Result<Self, Problems> {
        let problems = |mut list: Vec<Problem>| {
            list.sort_by_key(|problem| (problem.line.unwrap_or(usize::MAX), problem.column));
            list.dedup();
            Problems { file: file.to_owned(), list }
        };
        let tree = tree::Tree::parse(text).map_err(problems)?;
        let base = file.parent().unwrap_or(Path::new(""));
        let (written, mut list) = tree.read::<file::File>();
        let config = written.and_then(|written| check::check(&written, &tree, base, &mut list));
        match config {
            Some(config) if list.is_empty() => Ok(config),
            _ => Err(problems(list)),
        }
    }
}
