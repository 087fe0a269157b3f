//! Calls over HTTP, each with a limit of time.

use std::io::ErrorKind;
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

/// Posts a document. An attempt that fails is made again until `retry_for` is over; one after which the other side may
/// have got it is not.
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
    /// No connection was made.
    Unreachable(String),
    /// It may have got there.
    NoAnswer(String),
}

fn outcome(answer: Result<u16, Error>) -> Result<(), Failure> {
    match answer {
        Ok(200..=299) => Ok(()),
        Ok(status) => Err(Failure::Status(status)),
        Err(Error::Timeout(_)) => Err(Failure::TimedOut),
        Err(Error::HostNotFound) => Err(Failure::Unreachable("its host is not known".to_owned())),
        Err(Error::BadUri(_)) => Err(Failure::Unreachable("its URL can't be called".to_owned())),
        Err(Error::Io(error)) => Err(match error.kind() {
            ErrorKind::TimedOut => Failure::TimedOut,
            ErrorKind::UnexpectedEof
            | ErrorKind::ConnectionReset
            | ErrorKind::ConnectionAborted
            | ErrorKind::BrokenPipe => Failure::NoAnswer("hung up without an answer".to_owned()),
            _ => Failure::Unreachable(error.to_string()),
        }),
        Err(Error::Protocol(_)) => Err(not_understood("it is no HTTP")),
        Err(Error::LargeResponseHeader(..)) => Err(not_understood("its head is too long")),
        Err(error) => Err(Failure::Unreachable(error.to_string())),
    }
}

fn not_understood(why: &str) -> Failure {
    Failure::NoAnswer(format!("its answer can't be understood: {why}"))
}

impl Failure {
    /// Whether it may go well the next time.
    fn passes(&self) -> bool {
        match self {
            Self::Status(status) => matches!(status, 408 | 429 | 500..=599),
            Self::TimedOut | Self::NoAnswer(_) => false,
            Self::Unreachable(_) => true,
        }
    }

    fn told(self, what: &str, limit: Duration, tries: u32) -> NotifyError {
        let tries = if tries > 1 { format!(", {tries} times") } else { String::new() };
        match self {
            Self::Status(status) => NotifyError::Status { status, tries },
            Self::TimedOut => NotifyError::TimedOut { what: what.to_owned(), limit },
            Self::NoAnswer(reason) => NotifyError::NoAnswer { reason },
            Self::Unreachable(reason) => NotifyError::Unreachable { reason, tries },
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;
    use std::time::Duration;

    use super::post;

    #[test]
    fn what_can_not_be_reached_is_tried_again() {
        // Nobody listens there any more.
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let url = format!("http://127.0.0.1:{port}/");
        // After 0, 250 and 750 ms; the next time would be after 1,750.
        let told = post(&url, None, "{}", Duration::from_secs(5), Duration::from_millis(1500)).unwrap_err();
        let told = told.to_string();
        assert!(told.starts_with("it could not be reached: ") && told.ends_with(", 3 times"), "{told}");
    }
}
