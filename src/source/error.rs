//! What can go wrong with a source: facts only, and never a password.
//!
//! Text that came from a server may hold any character; whoever prints it makes it safe.

use std::path::PathBuf;
use std::time::Duration;

use super::http::HttpError;

/// What went wrong with the source.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// The configuration has no source of this name.
    #[error("there is no source {name:?} in the configuration")]
    NoSuchSource {
        /// The name.
        name: String,
    },
    /// What a lookup answers can't be taken.
    #[error("lookup {lookup}: {reason}")]
    Lookup {
        /// The lookup.
        lookup: String,
        /// What is wrong.
        reason: String,
        /// What to do about it.
        hint: &'static str,
    },
    /// Nothing answers at this address.
    #[error("can't reach {host}:{port}: {reason}")]
    Unreachable {
        /// The host as configured.
        host: String,
        /// The port.
        port: u16,
        /// In the words of the operating system.
        reason: String,
    },
    /// The server takes no more connections for now.
    #[error("{host}:{port} takes no connection now: {message}")]
    Busy {
        /// The host.
        host: String,
        /// The port.
        port: u16,
        /// In the words of the server.
        message: String,
    },
    /// The account, its password or its right to this database is refused.
    #[error("{host}:{port} refuses the account `{user}`: {message}")]
    AccessDenied {
        /// The host.
        host: String,
        /// The port.
        port: u16,
        /// The account.
        user: String,
        /// In the words of the server.
        message: String,
    },
    /// The server has no such database.
    #[error("{host}:{port} has no database `{database}`")]
    UnknownDatabase {
        /// The host.
        host: String,
        /// The port.
        port: u16,
        /// The database.
        database: String,
    },
    /// The encrypted connection that was asked for can't be had.
    #[error("no encrypted connection to {host}:{port}: {reason}")]
    Tls {
        /// The host.
        host: String,
        /// The port.
        port: u16,
        /// What is wrong.
        reason: String,
    },
    /// The server speaks in a way that is not understood.
    #[error("{host}:{port} can't be understood: {reason}")]
    Protocol {
        /// The host.
        host: String,
        /// The port.
        port: u16,
        /// What is wrong.
        reason: String,
    },
    /// The connection broke.
    #[error("lost the connection to the source{}: {reason}", during(query.as_ref()))]
    Lost {
        /// The query that was running, by its name.
        query: Option<String>,
        /// What is known about it.
        reason: String,
    },
    /// A query waited for another's lock, or lost against it.
    #[error("{query} could not be read because of a lock: {message}")]
    Locked {
        /// The query, by its name.
        query: String,
        /// In the words of the server.
        message: String,
    },
    /// A query took too long.
    #[error("{query} took longer than {} s", timeout.as_secs_f64())]
    TimedOut {
        /// The query, by its name.
        query: String,
        /// How long it was allowed to take.
        timeout: Duration,
    },
    /// The server refuses a query.
    #[error("{query} is refused by the source: {message} (error {code}){}", explained(message))]
    Refused {
        /// The query, by its name.
        query: String,
        /// The server's name for it.
        code: ErrorCode,
        /// In the words of the server.
        message: String,
    },
    /// A statement reads nothing.
    #[error("{query} is no query: it gives no columns")]
    NoColumns {
        /// The query, by its name.
        query: String,
    },
    /// A query's values don't fit its text.
    #[error("{query} has {found} values for its {wanted} places")]
    Values {
        /// The query, by its name.
        query: String,
        /// How many `?` it has.
        wanted: usize,
        /// How many values there are.
        found: usize,
    },
    /// A value that can't be kept exactly.
    #[error("{query} gives a value in column `{column}` that can't be kept: {value}")]
    Unmappable {
        /// The query, by its name.
        query: String,
        /// The column.
        column: String,
        /// The value, cut short, and what it is.
        value: String,
    },
    /// The password could not be had.
    #[error("can't get {of}: {reason}")]
    Password {
        /// Which one: `the source's password`, `the secret key of bland`.
        of: String,
        /// What is wrong, without any secret.
        reason: String,
    },
    /// A value of a database can't be taken over into a table of the moment.
    #[error("{query}: the column {column} {reason}")]
    Staged {
        /// The query, by its name.
        query: String,
        /// The column.
        column: String,
        /// What of it can't be kept.
        reason: String,
    },
    /// An item that a table is filled with can't be taken.
    #[error("{table}: {place}: {reason}")]
    Item {
        /// The table.
        table: String,
        /// Where: the file and the line.
        place: String,
        /// What is wrong, with the column.
        reason: String,
    },
    /// An API failed, or what it gives can't be taken.
    #[error(transparent)]
    Http(Box<HttpError>),
    /// The items of a feed, which are to be kept as they came, can't be put aside until the day is frozen.
    #[error("the items of {table} can't be put aside: {reason}")]
    Aside {
        /// The table.
        table: String,
        /// In the words of the operating system.
        reason: String,
    },
    /// A day has no file.
    #[error("{table}: there is no file {pattern}")]
    NoFile {
        /// The table.
        table: String,
        /// What is looked for, with the day's date.
        pattern: String,
    },
    /// Somebody wrote into a file while it was read.
    #[error("{} changed while it was read", path.display())]
    Changing {
        /// The file.
        path: PathBuf,
    },
    /// There is no such SQLite file.
    #[error("there is no file {}", path.display())]
    FileMissing {
        /// The file.
        path: PathBuf,
    },
    /// An SQLite file can't be opened.
    #[error("can't open {}: {reason}", path.display())]
    FileUnreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A file is no SQLite database.
    #[error("{} is no SQLite database", path.display())]
    NotADatabase {
        /// The file.
        path: PathBuf,
    },
}

/// What a server calls an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ErrorCode {
    /// The number of MySQL, MariaDB or SQLite.
    Number(u16),
    /// The five letters and digits of PostgreSQL.
    State(String),
}

impl std::fmt::Display for ErrorCode {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(number) => write!(formatter, "{number}"),
            Self::State(state) => formatter.write_str(state),
        }
    }
}

impl ErrorCode {
    /// What to do about it.
    fn hint(&self) -> &'static str {
        const GRANT: &str = "grant the account SELECT on it";
        const CORRECT: &str =
            "correct the table, the column or the SQL in asof.toml; `asof check --sql` shows the whole query";
        const READ: &str = "asof only reads: its SQL must not write";
        match self {
            Self::Number(1142 | 1143 | 1227 | 1370) => GRANT,
            Self::Number(1 | 1146 | 1054 | 1064 | 1305) => CORRECT,
            Self::Number(1792) => READ,
            Self::State(state) => match state.as_str() {
                "42501" => GRANT,
                "42601" | "42703" | "42P01" | "3F000" => CORRECT,
                "42804" | "42846" | "42883" | "42725" => {
                    "see whether time_is says what the time column is, and write cast(… as …) where types differ"
                }
                "25006" => READ,
                _ => "`asof check --sql` shows the whole query",
            },
            Self::Number(_) => "`asof check --sql` shows the whole query",
        }
    }
}

impl From<HttpError> for SourceError {
    fn from(error: HttpError) -> Self {
        Self::Http(Box::new(error))
    }
}

/// What a name that is asof's own stands for, where the server's words have it.
fn explained(message: &str) -> &'static str {
    if message.contains("asof_rows.") { "; asof_rows is what its sql gives" } else { "" }
}

fn during(query: Option<&String>) -> String {
    query.map(|query| format!(" during {query}")).unwrap_or_default()
}

impl SourceError {
    /// Whether trying again soon may help: trouble with the connection or a lock.
    pub fn is_transient(&self) -> bool {
        matches!(
            self,
            Self::Unreachable { .. }
                | Self::Busy { .. }
                | Self::Lost { .. }
                | Self::Locked { .. }
                | Self::Changing { .. }
        )
    }

    /// Whether it is about reaching the source at all, and not about what was asked of it.
    pub fn is_unreachable(&self) -> bool {
        match self {
            Self::Unreachable { .. }
            | Self::Busy { .. }
            | Self::AccessDenied { .. }
            | Self::UnknownDatabase { .. }
            | Self::Tls { .. }
            | Self::Protocol { .. }
            | Self::Lost { .. }
            | Self::FileMissing { .. }
            | Self::FileUnreadable { .. }
            | Self::NotADatabase { .. } => true,
            Self::Http(error) => error.is_unreachable(),
            Self::NoSuchSource { .. }
            | Self::Lookup { .. }
            | Self::Staged { .. }
            | Self::Item { .. }
            | Self::NoFile { .. }
            | Self::Aside { .. }
            | Self::Changing { .. }
            | Self::Locked { .. }
            | Self::TimedOut { .. }
            | Self::Refused { .. }
            | Self::NoColumns { .. }
            | Self::Values { .. }
            | Self::Unmappable { .. }
            | Self::Password { .. } => false,
        }
    }

    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::Http(error) => return Some(error.hint()),
            Self::Lookup { hint, .. } => hint,
            Self::Staged { .. } => {
                "cast it in an sql of the events' own, for example by cast(… as char) or round(…, 4); events with lookups are counted by SQLite"
            }
            Self::Item { .. } => "correct it there, or the column in asof.toml; nothing was frozen",
            Self::Aside { .. } => {
                "make room in /var/tmp, or name another folder by the environment variable TMPDIR"
            }
            Self::NoFile { .. } => {
                "let it be written first; a day that has none by right is told by missing = \"empty\""
            }
            Self::Changing { .. } => "let it be written under another name, and renamed when it is whole",
            Self::NoSuchSource { .. } => "add it as [sources.NAME], or call a source so again",
            Self::Unreachable { .. } => {
                "check [source] url, that the server runs, and that no firewall is between"
            }
            Self::Busy { .. } => "try again later, or let the server take more connections of this account",
            Self::AccessDenied { .. } => {
                "check the user in [source] url and where its password comes from; the account needs SELECT on the database, from this host"
            }
            Self::UnknownDatabase { .. } => "check the database's name at the end of [source] url",
            Self::Tls { .. } => {
                "check the server's certificate and ssl_ca, or choose another ssl in [source] url: off, prefer, require, verify"
            }
            Self::Protocol { .. } => {
                "check that [source] url names a database server of that kind, and its port"
            }
            Self::Lost { .. } => "look at the server's log; asof tries again for as long as --retry-for says",
            Self::Locked { .. } => "something else writes to the source for long: try again later",
            Self::TimedOut { .. } => {
                "run `asof check` to see whether the time column's index is used, or raise [source] timeout"
            }
            Self::Refused { code, .. } => code.hint(),
            Self::NoColumns { .. } => "asof only reads: write a select",
            Self::Values { .. } => {
                "a `?` in SQL stands for a bound value: write a question mark inside text as char(63), and PostgreSQL's operator as ??"
            }
            Self::Unmappable { .. } => {
                "convert it in SQL, for example by cast(… as char), or cast(… as text) on PostgreSQL"
            }
            Self::Password { .. } => {
                "check password_env, password_file or password_command in [source], or its secrets"
            }
            Self::FileMissing { .. } => "check the path in [source] url; it is relative to asof.toml",
            Self::FileUnreadable { .. } => {
                "check the path in [source] url, the rights of the file and of its folder, and that the file is whole"
            }
            Self::NotADatabase { .. } => {
                "check the path in [source] url; an encrypted database can't be read either"
            }
        };
        Some(hint.to_owned())
    }
}
