//! How the source is reached, as configured: nothing is opened or looked up here.

use std::path::PathBuf;
use std::time::Duration;

use super::SourceUrl;

/// How long a query may take when nothing else is configured.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_mins(1);

/// All that is needed to open the source.
#[derive(Clone, Debug)]
pub struct SourceSettings {
    /// Where it is.
    pub url: SourceUrl,
    /// Where its password comes from; it wins over one in the URL.
    pub password: PasswordFrom,
    /// How long each query may take.
    pub timeout: Duration,
    /// The zone whose local time the source's naive times are.
    pub time_zone: chrono_tz::Tz,
}

/// Where a password comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum PasswordFrom {
    /// From the URL, or there is none.
    #[default]
    None,
    /// An environment variable, by its name.
    Env(String),
    /// A file that holds nothing else; newlines at its end don't count.
    File(PathBuf),
    /// The standard output of a command; newlines at its end don't count.
    ///
    /// It is split at spaces into a program and its arguments and run without a shell;
    /// `'…'` and `"…"` keep spaces together.
    Command(String),
}
