//! HTTP APIs as sources: how they are asked, and which of their items become which table.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use indexmap::IndexMap;
use url::{Host, Url};

use super::PasswordFrom;
use super::template::Template;
use crate::model::lookup::LookupDef;
use crate::model::table::TableDef;

/// How long a request is tried again when nothing else is configured.
pub const RETRY_FOR: Duration = Duration::from_mins(5);
/// How many pages are asked for side by side when nothing else is configured.
pub const JOBS: usize = 4;
/// How many pages a feed may have when nothing else is configured.
pub const MAX_PAGES: u64 = 10_000;
/// The names that stand for the day.
pub(super) const WINDOW: [&str; 3] = ["start", "end", "date"];

/// An HTTP API.
#[derive(Clone, Debug)]
pub struct HttpSettings {
    /// Its name, where sources have names.
    pub name: Option<String>,
    /// What the URLs of its feeds begin with.
    pub base: Template,
    /// What is sent with each request.
    pub headers: IndexMap<String, Template>,
    /// Where the secrets come from that stand in braces.
    pub secrets: BTreeMap<String, PasswordFrom>,
    /// How many requests a second it is asked at most.
    pub max_requests_per_second: Option<f64>,
    /// How many pages are asked for side by side.
    pub jobs: usize,
    /// How long a request is tried again that failed for a passing reason.
    pub retry_for: Duration,
    /// The file of the authorities that its certificate is checked against.
    pub ca: Option<PathBuf>,
    /// Whether it may be asked without encryption from another machine.
    pub insecure: bool,
    /// What is asked for, by the table that it becomes.
    pub feeds: IndexMap<String, FeedSettings>,
    /// What it is asked about keys in hand, by the lookup.
    pub lookups: IndexMap<String, LookupSettings>,
}

/// What an API is asked about keys in hand.
#[derive(Clone, Debug)]
pub struct LookupSettings {
    /// The request, and what becomes of its answer.
    pub feed: FeedSettings,
    /// How many keys one request asks about.
    pub batch: usize,
}

/// What is asked for, and what becomes of it.
#[derive(Clone, Debug)]
pub struct FeedSettings {
    /// Whether it is a POST.
    pub post: bool,
    /// Its URL, behind the source's.
    pub url: Template,
    /// What is sent.
    pub body: Option<Template>,
    /// Headers of its own.
    pub headers: IndexMap<String, Template>,
    /// How times are written.
    pub times: Times,
    /// Where an answer tells how many items there are in all.
    pub total: Option<String>,
    /// How it goes on.
    pub pages: Pages,
    /// How many pages there may be.
    pub max_pages: u64,
    /// How many items there may be.
    pub max_items: Option<u64>,
    /// Whether the items are kept beside the day as they came.
    pub keep_raw: bool,
    /// The columns that all items of a page may lack.
    pub optional: Vec<String>,
    /// What its items become.
    pub table: TableDef,
}

/// How a feed goes on behind its first page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pages {
    /// `{offset}` tells how many items come before.
    Offset {
        /// The first one.
        first: u64,
        /// How many items a whole page has.
        size: Option<u64>,
    },
    /// `{page}` tells its number.
    Page {
        /// The first one.
        first: u64,
        /// How many items a whole page has.
        size: Option<u64>,
    },
    /// `{cursor}` is what the page before says at this pointer.
    Cursor {
        /// The JSON pointer.
        next: String,
    },
    /// The page before has the URL, in its `Link` header or at this pointer.
    Link {
        /// The JSON pointer.
        next: Option<String>,
    },
    /// There is one page.
    One,
}

/// How the API writes times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Times {
    /// `2025-11-06T06:00:00Z`
    Rfc3339,
    /// Seconds since 1970.
    Epoch,
    /// Milliseconds since 1970.
    EpochMs,
    /// As this says, in the source's zone.
    Format(String),
}

impl HttpSettings {
    /// Where it is: without what may be secret.
    pub fn redacted(&self) -> String {
        let text = self.base.text();
        text.split(['?', '#']).next().unwrap_or(text).to_owned()
    }

    /// The environment variables that its secrets come from.
    pub fn variables(&self) -> Vec<&str> {
        let mut variables = Vec::new();
        for from in self.secrets.values() {
            if let PasswordFrom::Env(name) = from {
                variables.push(name.as_str());
            }
        }
        variables
    }

    /// Asks as it was asked when these definitions were frozen, and makes of it what was made of it then.
    pub(super) fn read_as(
        &mut self,
        tables: &BTreeMap<String, TableDef>,
        lookups: &BTreeMap<String, LookupDef>,
    ) {
        for (name, feed) in &mut self.feeds {
            if let Some(then) = tables.get(name) {
                feed.ask_as(&self.base, then);
            }
        }
        for (name, asked) in &mut self.lookups {
            if let Some(then) = lookups.get(name) {
                asked.feed.ask_as(&self.base, &then.table);
            }
        }
    }

    /// The tables that its feeds become, by name.
    pub fn tables(&self) -> BTreeMap<String, TableDef> {
        self.feeds.iter().map(|(name, feed)| (name.clone(), feed.table.clone())).collect()
    }
}

impl FeedSettings {
    /// Asks as `then` says, where that lies behind the same `base`: an API that has moved is asked as it is now.
    fn ask_as(&mut self, base: &Template, then: &TableDef) {
        let method = then.from.split_once(' ').filter(|(method, _)| ["GET", "POST"].contains(method));
        let start = base.text().trim_end_matches('/');
        let behind = method.and_then(|(method, url)| Some((method, url.strip_prefix(start)?)));
        let Some((method, url)) = behind.filter(|(_, url)| url.is_empty() || url.starts_with(['/', '?']))
        else {
            self.table = TableDef { from: self.table.from.clone(), ..then.clone() };
            return;
        };
        self.post = method == "POST";
        self.url = Template::new(url);
        self.body = then.settings.get("body").map(|body| Template::new(body));
        if let Some(times) = then.settings.get("times") {
            self.times = Times::of(times);
        }
        self.table = then.clone();
    }

    /// Whether what it gives depends on the day.
    pub fn is_of_a_day(&self) -> bool {
        let texts = [Some(&self.url), self.body.as_ref()].into_iter().flatten().chain(self.headers.values());
        texts.into_iter().any(|text| WINDOW.iter().any(|name| text.has(name)))
    }
}

/// Whether a host is this machine.
pub fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
        None => false,
    }
}

/// A feed's URL with what it begins with.
pub fn joined(base: &Template, url: &Template) -> String {
    let base = base.text();
    let base = if url.text().starts_with('/') { base.trim_end_matches('/') } else { base };
    format!("{base}{}", url.text())
}

impl Times {
    /// What was written in a configuration.
    fn of(text: &str) -> Self {
        match text {
            "rfc3339" => Self::Rfc3339,
            "epoch" => Self::Epoch,
            "epoch_ms" => Self::EpochMs,
            format => Self::Format(format.to_owned()),
        }
    }

    /// As it is written in a configuration.
    pub fn text(&self) -> &str {
        match self {
            Self::Rfc3339 => "rfc3339",
            Self::Epoch => "epoch",
            Self::EpochMs => "epoch_ms",
            Self::Format(format) => format,
        }
    }
}
