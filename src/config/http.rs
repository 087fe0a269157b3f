//! HTTP APIs as sources: how they are asked, and which of their items become which table.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use indexmap::IndexMap;
use url::{Host, Url};

use super::PasswordFrom;
use super::check::{Checker, span};
use super::{file, filled};
use super::http_file::{Feed, PagesBy, Secret};
use super::problem::{did_you_mean, listed};
use super::template::{Template, is_name};
use crate::model::table::TableDef;

/// How long a request is tried again when nothing else is configured.
pub const RETRY_FOR: Duration = Duration::from_mins(5);
/// How many pages are asked for side by side when nothing else is configured.
pub const JOBS: usize = 4;
/// How many pages a feed may have when nothing else is configured.
pub const MAX_PAGES: u64 = 10_000;
/// No more pages are asked for side by side: they are all held in memory.
const MOST_JOBS: u64 = 16;
/// The names that stand for what is asked for.
const ASKED: [&str; 6] = ["start", "end", "date", "offset", "page", "cursor"];
/// The names that stand for the day.
const WINDOW: [&str; 3] = ["start", "end", "date"];
/// Parameters whose values are secrets: they are frozen with the definitions as they are written.
const SECRETS: [&str; 10] = [
    "key", "api_key", "apikey", "token", "access_token", "secret", "client_secret", "password", "auth", "signature",
];

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
        let variable = |from| if let &PasswordFrom::Env(ref name) = from { Some(name.as_str()) } else { None };
        self.secrets.values().filter_map(variable).collect()
    }

    /// The tables that its feeds become, by name.
    pub fn tables(&self) -> BTreeMap<String, TableDef> {
        self.feeds.iter().map(|(name, feed)| (name.clone(), feed.table.clone())).collect()
    }
}

impl FeedSettings {
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

/// What is checked, and where it is written.
struct Place<'p> {
    path: &'p [&'p str],
    secrets: Vec<&'p str>,
    insecure: bool,
}

impl Place<'_> {
    fn at<'s>(&'s self, below: &[&'s str]) -> Vec<&'s str> {
        self.path.iter().copied().chain(below.iter().copied()).collect()
    }
}

/// Checks a source with `kind = "http"`.
pub(super) fn check(
    written: &file::Source,
    path: &[&str],
    base_dir: &Path,
    checker: &mut Checker<'_, '_>,
) -> Option<HttpSettings> {
    let secret_names = written.secrets.keys().map(String::as_str).collect();
    let place = Place { path, secrets: secret_names, insecure: written.insecure };
    let base = base(written, &place, checker);
    let headers = headers(&written.headers, &place.at(&["headers"]), &place.secrets, checker);
    let mut secrets = BTreeMap::new();
    for (name, secret) in &written.secrets {
        let at = place.at(&["secrets", name]);
        if !is_name(name) || ASKED.contains(&name.as_str()) {
            let hint = "use lower-case letters, digits and _, and none of start, end, date, offset, page, cursor";
            checker.problem(&at, format!("a secret can't be named {name:?}"), hint.to_owned());
        }
        if let Some(from) = secret_from(secret, &at, base_dir, checker) {
            secrets.insert(name.clone(), from);
        }
    }
    let rate = written.max_requests_per_second.as_ref().map(|rate| rate.0.parse::<f64>().unwrap_or(0.0));
    if rate.is_some_and(|rate| !(rate.is_finite() && rate >= 0.001)) {
        let hint = "write a number such as 5 or 0.5".to_owned();
        checker.problem(&place.at(&["max_requests_per_second"]), "it is no rate", hint);
    }
    let jobs = written.jobs.unwrap_or(JOBS as u64);
    if !(1..=MOST_JOBS).contains(&jobs) {
        let hint = format!("write a number from 1 to {MOST_JOBS}");
        checker.problem(&place.at(&["jobs"]), format!("{jobs} is no number of requests at once"), hint);
    }
    let retry_for = match &written.retry_for {
        None => Some(RETRY_FOR),
        Some(text) => span(text, &place.at(&["retry_for"]), checker),
    };
    if checker.names_below(&place.at(&["feeds"])).is_empty() {
        let hint = "add [….feeds.NAME] with url, items and columns; NAME is the table it becomes".to_owned();
        checker.problem(path, "the API has no feeds", hint);
    }
    let mut feeds = IndexMap::new();
    for (name, written) in &written.feeds {
        checker.name(&place.at(&["feeds", name]), name);
        if let Some(feed) = feed(name, written, base.as_ref(), &place, checker) {
            feeds.insert(name.clone(), feed);
        }
    }
    Some(HttpSettings {
        name: (path.len() > 1).then(|| path.last().map(|name| (*name).to_owned())).flatten(),
        base: base?,
        headers,
        secrets,
        max_requests_per_second: rate,
        jobs: usize::try_from(jobs).unwrap_or(1),
        retry_for: retry_for?,
        ca: written.ca.as_ref().map(|file| base_dir.join(file)),
        insecure: written.insecure,
        feeds,
    })
}

fn base(written: &file::Source, place: &Place<'_>, checker: &mut Checker<'_, '_>) -> Option<Template> {
    let at = place.at(&["url"]);
    let Some(text) = written.url.as_deref() else {
        let hint = "add url = \"https://api.example.com\"".to_owned();
        checker.problem(place.path, "the source has no url", hint);
        return None;
    };
    let template = Template::new(text);
    only_secrets(&template, &[], &at, &place.secrets, checker);
    let before = checker.count();
    if text.contains(['?', '#']) {
        let hint = "put parameters into the urls of the feeds".to_owned();
        checker.problem(&at, "what the urls begin with has no parameters", hint);
    }
    url(&template, &at, place.insecure, checker);
    (checker.count() == before).then_some(template)
}

/// Notes a URL that can't be asked, or not safely.
fn url(template: &Template, at: &[&str], insecure: bool, checker: &mut Checker<'_, '_>) {
    let text = template.text();
    let host = text.split_once("://").map_or("", |(_, rest)| rest.split(['/', '?', '#']).next().unwrap_or(rest));
    if host.contains('{') {
        let hint = "write the host out: what is asked has to be known".to_owned();
        return checker.problem(at, "the host of a url can't be filled in", hint);
    }
    let filled = template.fill(|_| Some("1".to_owned()));
    let parsed = match Url::parse(&filled) {
        Ok(parsed) if ["http", "https"].contains(&parsed.scheme()) => parsed,
        _ => {
            let hint = "write https://host/path".to_owned();
            return checker.problem(at, "it is no URL of an API", hint);
        }
    };
    if !parsed.username().is_empty() || parsed.password().is_some() {
        let hint = "send it as a header: headers = { authorization = \"Basic {login}\" }".to_owned();
        return checker.problem(at, "a url can't hold an account", hint);
    }
    if parsed.scheme() == "http" && !is_this_machine(&parsed) && !insecure {
        let hint = "write https://, or insecure = true where secrets and numbers may be read and changed on their way";
        checker.problem(at, "without https everybody on the way can read and change it", hint.to_owned());
    }
}

fn secret_from(
    written: &Secret,
    at: &[&str],
    base_dir: &Path,
    checker: &mut Checker<'_, '_>,
) -> Option<PasswordFrom> {
    let given: Vec<PasswordFrom> = [
        written.env.clone().map(PasswordFrom::Env),
        written.file.as_ref().map(|file| PasswordFrom::File(base_dir.join(file))),
        written.command.clone().map(PasswordFrom::Command),
    ]
    .into_iter()
    .flatten()
    .collect();
    if given.len() != 1 {
        let hint = "give one of env = \"VARIABLE\", file = \"path\" and command = \"…\"".to_owned();
        checker.problem(at, "it is not clear where the secret comes from", hint);
    }
    given.into_iter().next()
}

fn headers(
    written: &IndexMap<String, String>,
    path: &[&str],
    secrets: &[&str],
    checker: &mut Checker<'_, '_>,
) -> IndexMap<String, Template> {
    let mut headers = IndexMap::new();
    for (name, value) in written {
        let at: Vec<&str> = path.iter().copied().chain([name.as_str()]).collect();
        let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
        if name.is_empty() || !name.bytes().all(token) {
            checker.problem(&at, format!("{name:?} is no name of a header"), None);
        }
        if value.chars().any(char::is_control) {
            checker.problem(&at, "a header is one line of text", None);
        }
        let template = Template::new(value);
        only_secrets(&template, &WINDOW, &at, secrets, checker);
        headers.insert(name.to_ascii_lowercase(), template);
    }
    headers
}

/// Notes names in braces that are neither secrets nor known.
fn only_secrets(
    template: &Template,
    known: &[&str],
    at: &[&str],
    secrets: &[&str],
    checker: &mut Checker<'_, '_>,
) {
    for name in template.names() {
        if known.contains(&name) || secrets.contains(&name) {
            continue;
        }
        let all = || known.iter().chain(secrets).copied();
        let hint = did_you_mean(name, all()).unwrap_or_else(|| {
            if ASKED.contains(&name) {
                format!("what can stand here: {}", listed(all()))
            } else {
                format!("add secrets = {{ {name} = {{ env = \"…\" }} }}")
            }
        });
        checker.problem(at, format!("nothing is known as {{{name}}} here"), hint);
    }
}

fn feed(
    name: &str,
    written: &Feed,
    base: Option<&Template>,
    place: &Place<'_>,
    checker: &mut Checker<'_, '_>,
) -> Option<FeedSettings> {
    let at = |key: &'static str| place.at(&["feeds", name, key]);
    let before = checker.count();
    let post = match written.method.as_deref() {
        None | Some("GET") => false,
        Some("POST") => true,
        Some(other) => {
            let hint = "write GET or POST: asof only reads".to_owned();
            checker.problem(&at("method"), format!("it can't be asked by {other:?}"), hint);
            false
        }
    };
    let url_text = Template::new(&written.url);
    only_secrets(&url_text, &ASKED, &at("url"), &place.secrets, checker);
    literal_secrets(&written.url, &at("url"), checker);
    match base {
        _ if written.url.contains("://") => {
            let hint = "write what stands behind the source's url; another host is another source".to_owned();
            checker.problem(&at("url"), "a feed lies behind the source's url", hint);
        }
        Some(base) if written.url.starts_with(['/', '?']) || written.url.is_empty() => {
            url(&Template::new(&joined(base, &url_text)), &at("url"), true, checker);
        }
        Some(_) => {
            let hint = "begin it with / or ?".to_owned();
            checker.problem(&at("url"), "it can't stand behind the source's url", hint);
        }
        None => {}
    }
    let body = written.body.as_deref().map(Template::new);
    if let Some(body) = &body {
        only_secrets(body, &ASKED, &at("body"), &place.secrets, checker);
        if !post {
            let hint = "write method = \"POST\", or leave the body out".to_owned();
            checker.problem(&at("body"), "a GET sends no body", hint);
        }
    }
    let headers = headers(&written.headers, &at("headers"), &place.secrets, checker);
    let times = times(written.times.as_deref(), &at("times"), checker);
    for (key, pointer) in [("items", &written.items), ("total", &written.total)] {
        if let Some(pointer) = pointer {
            is_pointer(pointer, &at(key), checker);
        }
    }
    let asks = |name: &str| url_text.has(name) || body.as_ref().is_some_and(|body| body.has(name));
    let pages = pages(written, &asks, &place.at(&["feeds", name, "pages"]), checker);
    for (key, most) in [("max_pages", written.max_pages), ("max_items", written.max_items)] {
        if most == Some(0) {
            let hint = "write a number from 1, or leave it out".to_owned();
            checker.problem(&at(key), "there has to be room for something", hint);
        }
    }
    let path = place.at(&["feeds", name]);
    let columns =
        filled::columns(&path, &written.columns, &written.key, |name| format!("/{name}"), checker);
    for (name, column) in &columns {
        let at: Vec<&str> = path.iter().copied().chain(["columns", name.as_str()]).collect();
        is_pointer(&column.at, &at, checker);
    }
    for column in &written.optional {
        if !written.columns.contains_key(column) || written.key.contains(column) {
            let hint = "name columns that are no part of the key".to_owned();
            checker.problem(&at("optional"), format!("{column:?} is none that may be missing"), hint);
        }
    }
    if written.keep_raw && written.key.is_empty() {
        let hint = "add key = [\"…\"]: the columns that tell items apart".to_owned();
        checker.problem(&at("keep_raw"), "items without a key can't be kept in an order", hint);
    }
    let base = base.filter(|_| checker.count() == before)?;
    let mut settings = BTreeMap::from([("times".to_owned(), times.text().to_owned())]);
    if let Some(body) = &body {
        settings.insert("body".to_owned(), body.text().to_owned());
    }
    let method = if post { "POST" } else { "GET" };
    let table = TableDef {
        from: format!("{method} {}", joined(base, &url_text)),
        items: written.items.clone(),
        key: written.key.clone(),
        columns,
        settings,
    };
    Some(FeedSettings {
        post,
        url: url_text,
        body,
        headers,
        times,
        total: written.total.clone(),
        pages: pages?,
        max_pages: written.max_pages.unwrap_or(MAX_PAGES),
        max_items: written.max_items,
        keep_raw: written.keep_raw,
        optional: written.optional.clone(),
        table,
    })
}

/// A feed's URL with what it begins with.
pub fn joined(base: &Template, url: &Template) -> String {
    let base = base.text();
    let base = if url.text().starts_with('/') { base.trim_end_matches('/') } else { base };
    format!("{base}{}", url.text())
}

/// Notes a secret that is written out: the URL is frozen with the definitions.
fn literal_secrets(url: &str, at: &[&str], checker: &mut Checker<'_, '_>) {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
        if SECRETS.contains(&name.to_ascii_lowercase().replace('-', "_").as_str()) && !value.contains('{') {
            let hint = format!("write {name}={{key}} and secrets = {{ key = {{ env = \"…\" }} }}: the url is frozen with the numbers");
            checker.problem(at, format!("the secret {name} is written out"), hint);
        }
    }
}

fn times(written: Option<&str>, at: &[&str], checker: &mut Checker<'_, '_>) -> Times {
    match written {
        None | Some("rfc3339") => Times::Rfc3339,
        Some("epoch") => Times::Epoch,
        Some("epoch_ms") => Times::EpochMs,
        Some(format) => {
            use chrono::format::{Item, StrftimeItems};
            let wrong = StrftimeItems::new(format).any(|item| matches!(item, Item::Error));
            if wrong || !format.contains('%') {
                let hint = "write rfc3339, epoch, epoch_ms, or a format such as %Y-%m-%d %H:%M:%S".to_owned();
                checker.problem(at, format!("{format:?} is no way to write times"), hint);
            }
            Times::Format(format.to_owned())
        }
    }
}

impl Times {
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

fn is_pointer(pointer: &str, at: &[&str], checker: &mut Checker<'_, '_>) {
    if !(pointer.is_empty() || pointer.starts_with('/')) {
        let hint = format!("write \"/{}\"", pointer.replace('.', "/"));
        checker.problem(at, format!("{pointer:?} is no JSON pointer"), hint);
    }
}

fn pages(
    written: &Feed,
    asks: &dyn Fn(&str) -> bool,
    path: &[&str],
    checker: &mut Checker<'_, '_>,
) -> Option<Pages> {
    let at = |key: &'static str| path.iter().copied().chain([key]).collect::<Vec<_>>();
    let by = written.pages.as_ref().map_or(PagesBy::None, |pages| pages.by);
    let (size, first, next) = written
        .pages
        .as_ref()
        .map_or((None, None, None), |pages| (pages.size, pages.first, pages.next.clone()));
    let word = match by {
        PagesBy::Offset => Some("offset"),
        PagesBy::Page => Some("page"),
        PagesBy::Cursor => Some("cursor"),
        PagesBy::Link | PagesBy::None => None,
    };
    for name in ["offset", "page", "cursor"] {
        match (Some(name) == word, asks(name)) {
            (true, false) => {
                let hint = format!("put {{{name}}} into the url or the body");
                checker.problem(&at("by"), format!("each page would be the first: nothing asks for the {name}"), hint);
            }
            (false, true) => {
                let hint = format!("write pages = {{ by = \"{name}\", … }}");
                checker.problem(path, format!("{{{name}}} is asked for, and pages are told apart otherwise"), hint);
            }
            _ => {}
        }
    }
    if let Some(next) = &next {
        is_pointer(next, &at("next"), checker);
    }
    let counted = matches!(by, PagesBy::Offset | PagesBy::Page);
    if !counted && (size.is_some() || first.is_some()) {
        let hint = "leave size and first out: they go with by = \"offset\" and by = \"page\"".to_owned();
        checker.problem(path, "such pages have no numbers", hint);
    }
    if next.is_some() && !matches!(by, PagesBy::Cursor | PagesBy::Link) {
        let hint = "leave it out: it goes with by = \"cursor\" and by = \"link\"".to_owned();
        checker.problem(&at("next"), "such pages don't tell the next one", hint);
    }
    if size == Some(0) {
        checker.problem(&at("size"), "a page of nothing", "write how many items a whole page has".to_owned());
    }
    Some(match by {
        PagesBy::Offset => Pages::Offset { first: first.unwrap_or(0), size },
        PagesBy::Page => Pages::Page { first: first.unwrap_or(1), size },
        PagesBy::Cursor => {
            if next.is_none() {
                let hint = "add next = \"/next_cursor\": where an answer tells it".to_owned();
                checker.problem(path, "it is not said where the next cursor is", hint);
            }
            Pages::Cursor { next: next? }
        }
        PagesBy::Link => Pages::Link { next },
        PagesBy::None => Pages::One,
    })
}
