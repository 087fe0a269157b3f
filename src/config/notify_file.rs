//! The shape of `[sinks]`, `[heartbeat]` and `[hooks]`, as written. What it means is checked in [`super::notify`].

use serde::Deserialize;

/// `[sinks.NAME]`, with one of `command` and `webhook`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sink {
    /// A program and its arguments; it gets the alerts on its standard input.
    pub command: Option<Vec<String>>,
    /// A URL to which they are posted.
    pub webhook: Option<String>,
    /// The environment variable that holds the webhook's secret.
    pub secret_env: Option<String>,
    /// How long one attempt may take.
    pub timeout: Option<String>,
    /// How long a webhook that fails is tried again.
    pub retry_for: Option<String>,
    /// Whether what would be sent is only printed.
    pub dry_run: Option<bool>,
}

/// `[heartbeat]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Heartbeat {
    /// The URL that is asked for.
    pub url: String,
    /// How long that may take.
    pub timeout: Option<String>,
}

/// `[hooks]`: each a program and its arguments.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hooks {
    /// Run before a save, which does not begin when it fails.
    pub before: Option<Vec<String>>,
    /// Run after a good save.
    pub after: Option<Vec<String>>,
    /// Run after a save that failed.
    pub failed: Option<Vec<String>>,
    /// How long each may take.
    pub timeout: Option<String>,
}
