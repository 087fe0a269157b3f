//! Asks an API: at its pace, again where it failed for a passing reason, and nothing secret to anybody else.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, Response, StatusCode, Url, header};
use serde_json::value::RawValue;
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::Instant;

use super::error::HttpFault;
use super::headers::{next_link, retry_after};
use super::pace::Pace;
use super::words::{Secrets, shown};
use crate::config::HttpSettings;
use crate::config::http::is_this_machine;
use crate::config::template::Template;
use crate::source::{SourceError, password};

/// No answer is larger: it is held in memory as a whole.
pub(super) const LARGEST: u64 = 64_000_000;
/// How often an answer leads elsewhere before that is enough.
const MOST_REDIRECTS: usize = 5;
/// How often an answer is asked for again that is no JSON: what is no API never has any.
const TRIES_FOR_JSON: u32 = 4;
/// How long it is left alone at least, whatever it says.
const LEAST_PAUSE: Duration = Duration::from_millis(250);
/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(20);
/// How long an API is looked for that never answered: most likely it is not where it is said to be.
const LOOKED_FOR: Duration = Duration::from_secs(3);
/// How long is waited for what passes where a person waits.
const PATIENCE: Duration = Duration::from_secs(10);

/// An API that can be asked.
#[derive(Clone)]
pub(in crate::source) struct Client {
    http: reqwest::Client,
    pace: Arc<Pace>,
    pub(in crate::source) secrets: Arc<Secrets>,
    timeout: Duration,
    connect: Duration,
    retry_for: Duration,
    insecure: bool,
}

/// What is asked.
#[derive(Clone, Debug)]
pub(in crate::source) struct Ask {
    pub(in crate::source) post: bool,
    pub(in crate::source) url: Url,
    /// The method and the URL as they are shown: without parameters and secrets.
    pub(in crate::source) shown: String,
    pub(in crate::source) headers: HeaderMap,
    pub(in crate::source) body: Option<String>,
    /// How many bytes the answer may have.
    pub(in crate::source) limit: u64,
}

/// What it answers.
#[derive(Debug)]
pub(in crate::source) struct Answer {
    /// Sound JSON.
    pub(in crate::source) json: Box<RawValue>,
    /// Where the next page is, where a header says so.
    pub(in crate::source) next: Option<String>,
}

/// Why there is no answer, and how often it was tried.
#[derive(Debug)]
pub(in crate::source) struct Failed {
    pub(in crate::source) what: HttpFault,
    pub(in crate::source) tries: u32,
}

/// How one attempt went wrong.
enum Trouble {
    /// It may pass; the API may say when.
    Passing(HttpFault, Option<Duration>),
    /// It will not.
    Lasting(HttpFault),
}

impl Client {
    /// A client of this API, with its secrets.
    ///
    /// # Errors
    /// When a secret, or the file of authorities, can't be had.
    pub(in crate::source) async fn open(
        settings: &HttpSettings,
        timeout: Duration,
        env: &(dyn Fn(&str) -> Option<String> + Sync),
    ) -> Result<Self, SourceError> {
        let mut secrets = BTreeMap::new();
        for (name, from) in &settings.secrets {
            let secret = password::resolve(from, env).await.map_err(|error| match error {
                SourceError::Password { reason, .. } => {
                    let source = settings.name.as_ref().map(|source| format!(" of {source}"));
                    let of = format!("the secret {name}{}", source.unwrap_or_default());
                    SourceError::Password { of, reason }
                }
                other => other,
            })?;
            secrets.extend(secret.map(|secret| (name.clone(), secret)));
        }
        let connect = timeout.min(CONNECT);
        let mut builder = reqwest::Client::builder()
            .use_rustls_tls()
            .http1_only()
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .timeout(timeout)
            .connect_timeout(connect)
            .user_agent(concat!("asof/", env!("CARGO_PKG_VERSION")));
        let base = Url::parse(&settings.base.fill(|_| Some("1".to_owned())));
        if base.is_ok_and(|url| is_this_machine(&url)) {
            builder = builder.no_proxy();
        }
        if let Some(path) = &settings.ca {
            let unreadable = |reason: String| SourceError::FileUnreadable { path: path.clone(), reason };
            let pem = std::fs::read(path).map_err(|error| unreadable(error.to_string()))?;
            let found = reqwest::Certificate::from_pem_bundle(&pem);
            let found = found.map_err(|_| unreadable("it holds no certificates as PEM".to_owned()))?;
            if found.is_empty() {
                return Err(unreadable("it holds no certificates as PEM".to_owned()));
            }
            builder = builder.tls_built_in_root_certs(false);
            builder = found.into_iter().fold(builder, reqwest::ClientBuilder::add_root_certificate);
        }
        let http = builder.build().map_err(|error| SourceError::Protocol {
            host: settings.redacted(),
            port: 0,
            reason: deepest(&error.without_url()),
        })?;
        Ok(Self {
            http,
            pace: Pace::of(settings.base.text(), settings.max_requests_per_second),
            secrets: Arc::new(Secrets(secrets)),
            timeout,
            connect,
            retry_for: settings.retry_for,
            insecure: settings.insecure,
        })
    }

    /// The same for where a person waits: what passes is waited for some seconds only.
    pub(in crate::source) fn impatient(&self) -> Self {
        Self { retry_for: self.retry_for.min(PATIENCE), ..self.clone() }
    }

    /// The headers with what `value` gives for their names; a later one of the same name wins.
    pub(in crate::source) fn headers<'h>(
        templates: impl IntoIterator<Item = (&'h String, &'h Template)>,
        value: &dyn Fn(&str) -> Option<String>,
    ) -> Result<HeaderMap, HttpFault> {
        let wrong = |name: &str| HttpFault::Request {
            reason: format!("what the header {name} holds can't be sent: a secret is one line of text"),
        };
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        for (name, template) in templates {
            let mut text = HeaderValue::from_str(&template.fill(value)).map_err(|_| wrong(name))?;
            text.set_sensitive(true);
            headers.insert(HeaderName::try_from(name.as_str()).map_err(|_| wrong(name))?, text);
        }
        Ok(headers)
    }

    /// Asks until there is a whole answer of JSON, for as long as `retry_for`; while nobody was ever there, for some
    /// seconds only. Each further attempt is told to `told`.
    ///
    /// # Errors
    /// What went wrong last.
    pub(in crate::source) async fn ask(
        &self,
        ask: &Ask,
        told: &UnboundedSender<String>,
    ) -> Result<Answer, Failed> {
        let started = Instant::now();
        let mut tries = 0;
        let mut pauses = ExponentialBuilder::new()
            .with_min_delay(Duration::from_millis(250))
            .with_max_delay(Duration::from_secs(20))
            .without_max_times()
            .with_jitter()
            .build();
        loop {
            tries += 1;
            let (what, wait) = match self.attempt(ask).await {
                Ok(answer) => return Ok(answer),
                Err(Trouble::Lasting(what)) => return Err(Failed { what, tries }),
                Err(Trouble::Passing(what, wait)) => (what, wait),
            };
            let is_nowhere = matches!(what, HttpFault::Unreachable { .. }) && !self.pace.has_answered();
            let retry_for = if is_nowhere { self.retry_for.min(LOOKED_FOR) } else { self.retry_for };
            let left = retry_for.saturating_sub(started.elapsed());
            let hopeless = matches!(what, HttpFault::NotJson { .. }) && tries >= TRIES_FOR_JSON;
            if left.is_zero() || hopeless {
                return Err(Failed { what, tries });
            }
            let pause = match (wait, what) {
                (Some(wait), HttpFault::Status { request, status }) if wait > left => {
                    return Err(Failed { what: HttpFault::Throttled { request, status, wait }, tries });
                }
                (Some(wait), what) => {
                    let wait = wait.max(LEAST_PAUSE);
                    // The others would only hear the same.
                    self.pace.hold(wait);
                    tell(told, &what, wait);
                    wait
                }
                (None, what) => {
                    let pause = pauses.next().unwrap_or(left).min(left);
                    tell(told, &what, pause);
                    pause
                }
            };
            tokio::time::sleep(pause).await;
        }
    }

    /// Asks once, and follows where the answer leads.
    async fn attempt(&self, ask: &Ask) -> Result<Answer, Trouble> {
        let mut url = ask.url.clone();
        let mut is_elsewhere = false;
        for _ in 0..=MOST_REDIRECTS {
            self.pace.turn().await;
            let method = if ask.post { Method::POST } else { Method::GET };
            let mut request = self.http.request(method, url.clone());
            if is_elsewhere {
                request = request.header(header::ACCEPT, "application/json");
            } else {
                request = request.headers(ask.headers.clone());
                if let Some(body) = &ask.body {
                    request = request.body(body.clone());
                }
            }
            let response = request.send().await.map_err(|error| self.trouble(ask, &error.without_url()))?;
            self.pace.note_answer();
            let status = response.status();
            if !matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308) {
                return self.answer(ask, &url, response).await;
            }
            let to = location(&url, &response);
            let refused = |to: Option<&Url>, why| {
                let to =
                    to.map_or_else(|| "nowhere".to_owned(), |to| format!("to {}", shown(to, &self.secrets)));
                Trouble::Lasting(HttpFault::Redirect { request: ask.shown.clone(), to, why })
            };
            let Some(to) = to else { return Err(refused(None, "it does not say where")) };
            let same = to.origin() == ask.url.origin();
            if to.scheme() != "https" && (url.scheme() == "https" || !(self.insecure || is_this_machine(&to)))
            {
                return Err(refused(Some(&to), "there is no https"));
            }
            if ask.post
                && !(same
                    && matches!(status, StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT))
            {
                return Err(refused(Some(&to), "what was posted is not sent elsewhere"));
            }
            // Once it was elsewhere, what is configured stays at home.
            is_elsewhere |= !same;
            url = to;
        }
        Err(Trouble::Lasting(HttpFault::Redirect {
            request: ask.shown.clone(),
            to: format!("on and on, at last to {}", shown(&url, &self.secrets)),
            why: "it was led elsewhere 5 times already",
        }))
    }

    async fn answer(&self, ask: &Ask, url: &Url, mut response: Response) -> Result<Answer, Trouble> {
        let status = response.status();
        if !status.is_success() {
            let fault = HttpFault::Status { request: ask.shown.clone(), status: status.as_u16() };
            return Err(match status.as_u16() {
                408 | 425 | 429 | 500..=599 => Trouble::Passing(fault, retry_after(response.headers())),
                _ => Trouble::Lasting(fault),
            });
        }
        let limit = ask.limit;
        let too_large = || Trouble::Lasting(HttpFault::TooLarge { request: ask.shown.clone(), limit });
        let length = response.content_length();
        if length.is_some_and(|length| length > limit) {
            return Err(too_large());
        }
        let next = next_link(url, response.headers());
        // With room for all of it, what is there is not copied while it grows.
        let mut bytes = Vec::with_capacity(usize::try_from(length.unwrap_or_default()).unwrap_or_default());
        while let Some(chunk) =
            response.chunk().await.map_err(|error| self.trouble(ask, &error.without_url()))?
        {
            if (bytes.len() + chunk.len()) as u64 > limit {
                return Err(too_large());
            }
            bytes.extend_from_slice(&chunk);
        }
        let not_json = |reason: String| {
            Trouble::Passing(HttpFault::NotJson { request: ask.shown.clone(), reason }, None)
        };
        let text = String::from_utf8(bytes).map_err(|_| not_json("it is no UTF-8 text".to_owned()))?;
        let json = RawValue::from_string(text).map_err(|error| not_json(error.to_string()))?;
        Ok(Answer { json, next })
    }

    fn trouble(&self, ask: &Ask, error: &reqwest::Error) -> Trouble {
        let request = ask.shown.clone();
        let reason = self.secrets.masked(&deepest(error));
        if error.is_timeout() && error.is_connect() {
            let reason = format!("no connection within {} s", self.connect.as_secs_f64());
            return Trouble::Passing(HttpFault::Unreachable { request, reason }, None);
        }
        if error.is_timeout() {
            return Trouble::Passing(HttpFault::TimedOut { request, timeout: self.timeout }, None);
        }
        if is_tls(error) {
            return Trouble::Lasting(HttpFault::Tls { request, reason });
        }
        if error.is_builder() {
            return Trouble::Lasting(HttpFault::Request { reason });
        }
        let fault = if error.is_connect() {
            HttpFault::Unreachable { request, reason }
        } else {
            HttpFault::Cut { request, reason }
        };
        Trouble::Passing(fault, None)
    }
}

fn tell(told: &UnboundedSender<String>, what: &HttpFault, pause: Duration) {
    // When nobody listens any more, nobody needs to know.
    let _ = told.send(format!("{what}; again in {:.1} s", pause.as_secs_f64()));
}

/// The words of the error that began it.
fn deepest(error: &(dyn std::error::Error + 'static)) -> String {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    last.to_string()
}

/// Whether there is no encrypted connection that can be trusted: rustls says so by invalid data.
fn is_tls(error: &reqwest::Error) -> bool {
    let mut next: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = next {
        let mut inner = error.downcast_ref::<std::io::Error>();
        while let Some(io) = inner {
            if io.kind() == std::io::ErrorKind::InvalidData {
                return true;
            }
            // What one wraps is no source of it.
            inner = io.get_ref().and_then(|inner| inner.downcast_ref());
        }
        next = error.source();
    }
    false
}

fn location(from: &Url, response: &Response) -> Option<Url> {
    let to = response.headers().get(header::LOCATION)?.to_str().ok()?;
    from.join(to).ok().filter(|to| matches!(to.scheme(), "http" | "https"))
}
