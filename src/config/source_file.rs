//! The shape of a source, as written. What it means is checked in [`super::source`].

use indexmap::IndexMap;
use serde::Deserialize;

use super::file::Decimal;
use super::files_file::FileTable;
use super::http_file::{Feed, Secret};

/// `[source]` or `[sources.NAME]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// What it is; a database when left out.
    pub kind: Option<Kind>,
    /// `mysql://user@host:3306/database`, `postgres://user@host:5432/database` or `sqlite:file.db`; an API's address.
    pub url: Option<String>,
    /// The environment variable that holds the password.
    pub password_env: Option<String>,
    /// The file that holds the password.
    pub password_file: Option<String>,
    /// The command that prints the password.
    pub password_command: Option<String>,
    /// The folder of files, relative to the configuration file.
    pub dir: Option<String>,
    /// The tables that files fill, by name.
    #[serde(default)]
    pub tables: IndexMap<String, FileTable>,
    /// How long each query may take: `60s`.
    pub timeout: Option<String>,
    /// Whose local time the source's naive times are; the calendar's when left out.
    pub time_zone: Option<String>,
    /// What is sent with each request to an API.
    #[serde(default)]
    pub headers: IndexMap<String, String>,
    /// Where the secrets come from that stand in braces, by name.
    #[serde(default)]
    pub secrets: IndexMap<String, Secret>,
    /// How many requests a second an API is asked at most.
    pub max_requests_per_second: Option<Decimal>,
    /// How many pages are asked for side by side.
    pub jobs: Option<u64>,
    /// How long a request is tried again that failed for a passing reason.
    pub retry_for: Option<String>,
    /// The file of the authorities that an API's certificate is checked against.
    pub ca: Option<String>,
    /// Whether an API may be asked without encryption from another machine.
    #[serde(default)]
    pub insecure: bool,
    /// What an API is asked for, by the table that it becomes.
    #[serde(default)]
    pub feeds: IndexMap<String, Feed>,
}

/// What a source is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A database, as its URL says.
    Database,
    /// Files.
    Files,
    /// An API that is asked over HTTP.
    Http,
}
