//! Telling somebody: a document to a command's standard input or to a webhook, and a call that says
//! that all is well. What is told, and when, is not decided here.

mod command;
mod web;

use std::time::Duration;

use crate::config::notify::{HeartbeatSettings, SinkSettings, SinkTo};

/// Looks up an environment variable.
pub type Env<'e> = &'e dyn Fn(&str) -> Option<String>;

/// Why somebody could not be told. No message holds a secret, or a URL, which may hold one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotifyError {
    /// A command can't be run.
    #[error("{program} can't be run: {reason}")]
    Run {
        /// The program.
        program: String,
        /// Why.
        reason: String,
    },
    /// A command failed.
    #[error("{program} failed ({status}){said}")]
    Failed {
        /// The program.
        program: String,
        /// How it ended.
        status: String,
        /// What it said on its standard error, behind a colon; empty when it said nothing.
        said: String,
    },
    /// It took too long.
    #[error("{what} took longer than {} s and was given up", limit.as_secs_f64())]
    TimedOut {
        /// The program, or `the webhook`.
        what: String,
        /// How long it was given.
        limit: Duration,
    },
    /// The secret is not there.
    #[error("the environment variable {name}, which holds the webhook's secret, is not set")]
    NoSecret {
        /// The variable.
        name: String,
    },
    /// The secret can't be sent.
    #[error("the environment variable {name} holds what can't stand in a header")]
    BadSecret {
        /// The variable.
        name: String,
    },
    /// The other side answered with an error.
    #[error("it answered with status {status}{tries}")]
    Status {
        /// The status.
        status: u16,
        /// How often it was tried, in words; empty for once.
        tries: String,
    },
    /// The other side was reached, and may have got it.
    #[error("it was reached, and {reason}")]
    NoAnswer {
        /// What came instead of an answer, as a clause.
        reason: String,
    },
    /// The other side could not be reached.
    #[error("it could not be reached: {reason}{tries}")]
    Unreachable {
        /// Why.
        reason: String,
        /// How often it was tried, in words; empty for once.
        tries: String,
    },
}

/// What the environment of a command tells of the tenant that it is about.
pub const TENANT: &str = "ASOF_TENANT";

/// What a command is run with.
#[derive(Clone, Copy, Debug, Default)]
pub struct Around<'a> {
    /// The variables that it does not get.
    pub secrets: &'a [String],
    /// The tenant that it is about, which it finds in [`TENANT`].
    pub tenant: Option<&'a str>,
}

/// Sends a document to a sink.
///
/// # Errors
/// When it did not get there within the sink's time.
pub fn send(
    sink: &SinkSettings,
    document: &str,
    env: Env<'_>,
    around: Around<'_>,
) -> Result<(), NotifyError> {
    match &sink.to {
        SinkTo::Command(words) => run(words, document, sink.timeout, around),
        SinkTo::Webhook { url, secret_env, retry_for } => {
            let secret = secret_env.as_deref().map(|name| web::secret(name, env)).transpose()?;
            web::post(url, secret.as_ref(), document, sink.timeout, *retry_for)
        }
    }
}

/// Runs a program with its arguments; the document is its standard input, and no shell reads them. Of the environment
/// it gets all but secrets.
///
/// # Errors
/// When it can't be run, fails, or takes longer than `timeout`; it is ended then, with all that it has started.
pub fn run(
    words: &[String],
    document: &str,
    timeout: Duration,
    around: Around<'_>,
) -> Result<(), NotifyError> {
    command::run(words, document, timeout, around)
}

/// Calls the heartbeat.
///
/// # Errors
/// When it does not answer well within its time.
pub fn beat(heartbeat: &HeartbeatSettings) -> Result<(), NotifyError> {
    web::get(&heartbeat.url, heartbeat.timeout)
}
