//! How a server answers, and whom.

use std::str::FromStr as _;
use std::time::Duration;

use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};
use indexmap::IndexMap;
use url::Url;

use super::check::{Checker, span};
use super::file::{self, File};
use super::problem::listed;
use crate::model::Digest;

/// What stands before the digest of a token.
pub const HASH: &str = "sha256:";

/// How a server answers, and whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServeSettings {
    /// The names by which it may be called besides those of this machine itself, in lower case, without a port.
    pub hosts: Vec<String>,
    /// The origins of pages elsewhere whose scripts may call it, as browsers write them.
    pub origins: Vec<String>,
    /// How many requests a second it takes from one address.
    pub requests_per_second: u32,
    /// How many requests it works on at once.
    pub max_requests: usize,
    /// How many requests at once may ask the source.
    pub max_source_queries: usize,
    /// How long a request may take.
    pub request_timeout: Duration,
    /// How long a request that asks the source may take.
    pub source_timeout: Duration,
    /// How long it waits for a client that sends or takes nothing.
    pub client_timeout: Duration,
    /// Who may ask, by name, in the order of the file.
    pub tokens: IndexMap<String, TokenSettings>,
}

impl Default for ServeSettings {
    fn default() -> Self {
        Self {
            hosts: Vec::new(),
            origins: Vec::new(),
            requests_per_second: 2000,
            max_requests: 64,
            max_source_queries: 2,
            request_timeout: Duration::from_secs(30),
            source_timeout: Duration::from_mins(2),
            client_timeout: Duration::from_secs(15),
            tokens: IndexMap::new(),
        }
    }
}

/// A token, of which only the digest is known here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenSettings {
    /// Its digest.
    pub hash: Digest,
    /// What it allows.
    pub scope: Scope,
    /// The only tenant whose archive it opens.
    pub tenant: Option<String>,
    /// The only rows it sees.
    pub only: Option<Only>,
    /// The instant from which on it holds no more.
    pub expires: Option<DateTime<Utc>>,
}

/// What somebody may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// Ask what is in the archive, and what the source says now.
    Read,
    /// That, and have something kept in the archive.
    Capture,
}

impl Scope {
    /// As it is written.
    pub fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Capture => "capture",
        }
    }
}

/// The only rows of entities that somebody sees: those that have a value in a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Only {
    /// The field.
    pub field: String,
    /// Its value, as text.
    pub value: String,
}

impl std::str::FromStr for Only {
    type Err = OnlyError;

    fn from_str(text: &str) -> Result<Self, OnlyError> {
        let plain = |field: &str| {
            let mut letters = field.bytes();
            letters.next().is_some_and(|b| b.is_ascii_lowercase())
                && letters.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        };
        let parts = text.split_once('=').filter(|(field, value)| plain(field) && !value.is_empty());
        let (field, value) = parts.ok_or_else(|| OnlyError { text: text.to_owned() })?;
        Ok(Self { field: field.to_owned(), value: value.to_owned() })
    }
}

impl std::fmt::Display for Only {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}={}", self.field, self.value)
    }
}

/// A text that says no rows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} says no rows: write a field and its value, such as user_id=5")]
pub struct OnlyError {
    /// What was given.
    pub text: String,
}

/// Until when something holds of which a last day is named, in UTC. `None` of what is no day.
pub fn end_of(day: &str) -> Option<DateTime<Utc>> {
    let day = NaiveDate::parse_from_str(day, "%Y-%m-%d").ok()?;
    Some(day.checked_add_days(Days::new(1))?.and_time(NaiveTime::MIN).and_utc())
}

/// Checks `[serve]`.
pub fn check(file: &File, tenants: &[String], checker: &mut Checker<'_, '_>) -> ServeSettings {
    let usual = ServeSettings::default();
    let Some(written) = &file.serve else { return usual };
    for (item, host) in written.hosts.iter().enumerate() {
        let sound = !host.is_empty() && !host.contains(['/', ':', ' ', '@', '*']);
        if !sound {
            let hint = "write a name without a port, such as asof.example.com".to_owned();
            let path = ["serve", "hosts", &item.to_string()];
            checker.problem(&path, format!("{host:?} is no name of a host"), hint);
        }
    }
    for (item, origin) in written.origins.iter().enumerate() {
        let url = Url::parse(origin).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        if url.is_none_or(|url| url.origin().ascii_serialization() != *origin) {
            let hint = "write it as a browser does, such as https://board.example.com".to_owned();
            let path = ["serve", "origins", &item.to_string()];
            checker.problem(&path, format!("{origin:?} is no origin"), hint);
        }
    }
    let mut tokens = IndexMap::new();
    for (name, token) in &written.tokens {
        checker.name(&["serve", "tokens", name], name);
        if let Some(token) = self::token(name, token, tenants, checker) {
            let twin = tokens.iter().find(|(_, other): &(&String, &TokenSettings)| other.hash == token.hash);
            if let Some((twin, _)) = twin {
                let hint = "make one for each by asof token new".to_owned();
                let path = ["serve", "tokens", name, "hash"];
                checker.problem(&path, format!("{name:?} and {twin:?} are the same token"), hint);
            }
            tokens.insert(name.clone(), token);
        }
    }
    let mut positive = |key: &str, number: Option<u64>, usual: u64| {
        if number == Some(0) {
            let hint = "write a number of at least 1, or leave it out".to_owned();
            checker.problem(&["serve", key], "nobody could ask anything", hint);
        }
        number.unwrap_or(usual)
    };
    let each = positive("requests_per_second", written.requests_per_second.map(u64::from), 2000);
    let at_once = positive("max_requests", written.max_requests.map(u64::from), 64);
    let queries = positive("max_source_queries", written.max_source_queries.map(u64::from), 2);
    let mut time = |key: &str, text: Option<&String>, usual: Duration| {
        let path = ["serve", key];
        let span = text.map_or(Some(usual), |text| span(text, &path, checker)).unwrap_or(usual);
        if span.is_zero() {
            checker.problem(&path, "nothing can be done in no time", "write a span such as 30s".to_owned());
        }
        span
    };
    ServeSettings {
        hosts: written.hosts.iter().map(|host| host.to_ascii_lowercase()).collect(),
        origins: written.origins.clone(),
        requests_per_second: u32::try_from(each).unwrap_or(u32::MAX),
        max_requests: usize::try_from(at_once).unwrap_or(usize::MAX),
        max_source_queries: usize::try_from(queries).unwrap_or(usize::MAX),
        request_timeout: time("request_timeout", written.request_timeout.as_ref(), usual.request_timeout),
        source_timeout: time("source_timeout", written.source_timeout.as_ref(), usual.source_timeout),
        client_timeout: time("client_timeout", written.client_timeout.as_ref(), usual.client_timeout),
        tokens,
    }
}

/// A token, as far as it is sound.
fn token(
    name: &str,
    written: &file::Token,
    tenants: &[String],
    checker: &mut Checker<'_, '_>,
) -> Option<TokenSettings> {
    let path = |key| ["serve", "tokens", name, key];
    let hash = written.hash.strip_prefix(HASH).and_then(|hash| Digest::from_str(hash).ok());
    if hash.is_none() {
        let hint = "asof token new makes a token, and prints the lines for it".to_owned();
        checker.problem(&path("hash"), "this is no digest of a token", hint);
    }
    let scope = [Scope::Read, Scope::Capture].into_iter().find(|scope| scope.word() == written.scope);
    if scope.is_none() {
        let message = format!("{:?} is nothing that a token can allow", written.scope);
        checker.problem(&path("scope"), message, "write \"read\" or \"capture\"".to_owned());
    }
    if let Some(tenant) = written.tenant.as_ref().filter(|tenant| !tenants.contains(tenant)) {
        let hint = format!("there are {}", listed(tenants.iter().map(String::as_str)));
        checker.problem(&path("tenant"), format!("there is no tenant {tenant:?}"), hint);
    }
    let only = written.only.as_ref().map(|text| text.parse::<Only>());
    if let Some(Err(error)) = &only {
        checker.problem(&path("only"), error.to_string(), None);
    }
    let expires = written.expires.as_ref().map(|text| end_of(text));
    if expires == Some(None) {
        let hint = "write the last day on which it holds, such as \"2026-12-31\"".to_owned();
        checker.problem(&path("expires"), "this is no day", hint);
    }
    let (only, expires) = (only.transpose().ok()?, expires.flatten());
    Some(TokenSettings { hash: hash?, scope: scope?, tenant: written.tenant.clone(), only, expires })
}
