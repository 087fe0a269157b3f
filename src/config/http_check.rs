//! Whether an API and its feeds are configured soundly.

use std::collections::BTreeMap;
use std::path::Path;

use indexmap::IndexMap;
use url::Url;

use super::PasswordFrom;
use super::check::{Checker, span};
use super::http::{
    FeedSettings, HttpSettings, JOBS, MAX_PAGES, Pages, RETRY_FOR, Times, WINDOW, is_this_machine, joined,
};
use super::http_file::{Feed, PagesBy, Secret};
use super::problem::{did_you_mean, listed};
use super::template::{Template, is_name};
use super::{file, filled};
use crate::model::table::TableDef;

/// No more pages are asked for side by side: they are all held in memory.
const MOST_JOBS: u64 = 16;
/// The names that stand for what is asked for.
const ASKED: [&str; 6] = ["start", "end", "date", "offset", "page", "cursor"];
/// Parameters whose values are secrets: they are frozen with the definitions as they are written.
const SECRETS: [&str; 10] = [
    "key",
    "api_key",
    "apikey",
    "token",
    "access_token",
    "secret",
    "client_secret",
    "password",
    "auth",
    "signature",
];

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
            let hint =
                "use lower-case letters, digits and _, and none of start, end, date, offset, page, cursor";
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
    let host =
        text.split_once("://").map_or("", |(_, rest)| rest.split(['/', '?', '#']).next().unwrap_or(rest));
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
    let columns = filled::columns(&path, &written.columns, &written.key, |name| format!("/{name}"), checker);
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

/// Notes a secret that is written out: the URL is frozen with the definitions.
fn literal_secrets(url: &str, at: &[&str], checker: &mut Checker<'_, '_>) {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
        if SECRETS.contains(&name.to_ascii_lowercase().replace('-', "_").as_str()) && !value.contains('{') {
            let hint = format!(
                "write {name}={{key}} and secrets = {{ key = {{ env = \"…\" }} }}: the url is frozen with the numbers"
            );
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
                checker.problem(
                    &at("by"),
                    format!("each page would be the first: nothing asks for the {name}"),
                    hint,
                );
            }
            (false, true) => {
                let hint = format!("write pages = {{ by = \"{name}\", … }}");
                checker.problem(
                    path,
                    format!("{{{name}}} is asked for, and pages are told apart otherwise"),
                    hint,
                );
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
