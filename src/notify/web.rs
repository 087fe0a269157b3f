//! Calls over HTTP, each with a limit of time.

use std::thread;
use std::time::{Duration, Instant};

use secrecy::{ExposeSecret as _, SecretString};
use ureq::http::HeaderValue;
use ureq::{Agent, Error};

use super::{Env, NotifyError};

/// The pause before the second attempt; each one after it is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// No pause is longer.
const LONGEST_PAUSE: Duration = Duration::from_secs(8);

/// The secret that an environment variable holds.
pub(super) fn secret(name: &str, env: Env<'_>) -> Result<SecretString, NotifyError> {
    let text = env(name).filter(|text| !text.is_empty());
    let secret = text.ok_or_else(|| NotifyError::NoSecret { name: name.to_owned() })?;
    if HeaderValue::from_str(&secret).is_err() {
        return Err(NotifyError::BadSecret { name: name.to_owned() });
    }
    Ok(SecretString::from(secret))
}

/// Posts a document. An attempt that fails is made again until `retry_for` is over; one that takes longer than
/// `timeout` is not, since the other side may have got it.
pub(super) fn post(
    url: &str,
    secret: Option<&SecretString>,
    document: &str,
    timeout: Duration,
    retry_for: Duration,
) -> Result<(), NotifyError> {
    let agent = agent(timeout);
    let deadline = Instant::now() + retry_for;
    let (mut pause, mut tries) = (FIRST_PAUSE, 1);
    loop {
        let mut request = agent.post(url).header("Content-Type", "application/json");
        if let Some(secret) = secret {
            request = request.header("Authorization", format!("Bearer {}", secret.expose_secret()));
        }
        let failure = match outcome(request.send(document).map(|answer| answer.status().as_u16())) {
            Ok(()) => return Ok(()),
            Err(failure) => failure,
        };
        if !failure.passes() || Instant::now() + pause > deadline {
            return Err(failure.told("the webhook", timeout, tries));
        }
        thread::sleep(pause);
        pause = (pause * 2).min(LONGEST_PAUSE);
        tries += 1;
    }
}

/// Asks for a URL, once.
pub(super) fn get(url: &str, timeout: Duration) -> Result<(), NotifyError> {
    let answer = agent(timeout).get(url).call().map(|answer| answer.status().as_u16());
    outcome(answer).map_err(|failure| failure.told("the call", timeout, 1))
}

/// A client that follows no redirects: a secret goes where it was meant to go, and nowhere else.
fn agent(timeout: Duration) -> Agent {
    let config = Agent::config_builder()
        .timeout_global(Some(timeout))
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .user_agent(concat!("asof/", env!("CARGO_PKG_VERSION")))
        .build();
    config.new_agent()
}

/// Why one attempt failed.
enum Failure {
    Status(u16),
    TimedOut,
    Other(String),
}

fn outcome(answer: Result<u16, Error>) -> Result<(), Failure> {
    match answer {
        Ok(200..=299) => Ok(()),
        Ok(status) => Err(Failure::Status(status)),
        Err(Error::Timeout(_)) => Err(Failure::TimedOut),
        Err(Error::Io(error)) if error.kind() == std::io::ErrorKind::TimedOut => Err(Failure::TimedOut),
        Err(Error::Io(error)) => Err(Failure::Other(error.to_string())),
        Err(Error::HostNotFound) => Err(Failure::Other("its host is not known".to_owned())),
        Err(Error::BadUri(_)) => Err(Failure::Other("its URL can't be called".to_owned())),
        Err(error) => Err(Failure::Other(error.to_string())),
    }
}

impl Failure {
    /// Whether it may go well the next time.
    fn passes(&self) -> bool {
        match self {
            Self::Status(status) => matches!(status, 408 | 429 | 500..=599),
            Self::TimedOut => false,
            Self::Other(_) => true,
        }
    }

    fn told(self, what: &str, limit: Duration, tries: u32) -> NotifyError {
        let tries = if tries > 1 { format!(", {tries} times") } else { String::new() };
        match self {
            Self::Status(status) => NotifyError::Status { status, tries },
            Self::TimedOut => NotifyError::TimedOut { what: what.to_owned(), limit },
            Self::Other(reason) => NotifyError::Unreachable { reason, tries },
        }
    }
}
