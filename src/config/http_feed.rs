//! Whether what an API is asked, and what becomes of its answers, is configured soundly.

use std::collections::BTreeMap;

use super::check::Checker;
use super::filled;
use super::http::{FeedSettings, MAX_PAGES, Pages, Times, WINDOW, joined};
use super::http_check::{headers, only_secrets, url};
use super::http_file::{Feed, PagesBy};
use super::template::Template;
use crate::model::table::TableDef;

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

/// Where a feed is written, and what may stand in braces there.
pub(super) struct Place<'p> {
    pub(super) path: &'p [&'p str],
    /// The names of its source's secrets.
    pub(super) secrets: &'p [&'p str],
    /// The names that stand for what is asked for.
    pub(super) asked: &'p [&'p str],
}

impl Place<'_> {
    fn at<'s>(&'s self, below: &[&'s str]) -> Vec<&'s str> {
        self.path.iter().copied().chain(below.iter().copied()).collect()
    }
}

/// Checks a feed, or what a lookup asks an API, which lies behind `base`.
pub(super) fn check(
    written: &Feed,
    base: Option<&Template>,
    place: &Place<'_>,
    checker: &mut Checker<'_, '_>,
) -> Option<FeedSettings> {
    let at = |key: &'static str| place.at(&[key]);
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
    only_secrets(&url_text, place.asked, &at("url"), place.secrets, checker);
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
        only_secrets(body, place.asked, &at("body"), place.secrets, checker);
        if !post {
            let hint = "write method = \"POST\", or leave the body out".to_owned();
            checker.problem(&at("body"), "a GET sends no body", hint);
        }
    }
    let of_the_day: Vec<&str> = WINDOW.into_iter().filter(|name| place.asked.contains(name)).collect();
    let headers = headers(&written.headers, (&of_the_day, place.secrets), &at("headers"), checker);
    let times = times(written.times.as_deref(), &at("times"), checker);
    for (key, pointer) in [("items", &written.items), ("total", &written.total)] {
        if let Some(pointer) = pointer {
            is_pointer(pointer, &at(key), checker);
        }
    }
    let asks = |name: &str| url_text.has(name) || body.as_ref().is_some_and(|body| body.has(name));
    let pages = pages(written, &asks, &at("pages"), checker);
    for (key, most) in [("max_pages", written.max_pages), ("max_items", written.max_items)] {
        if most == Some(0) {
            let hint = "write a number from 1, or leave it out".to_owned();
            checker.problem(&at(key), "there has to be room for something", hint);
        }
    }
    let path = place.path;
    let columns = filled::columns(path, &written.columns, &written.key, |name| format!("/{name}"), checker);
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

/// Notes what is no JSON pointer.
pub(super) fn is_pointer(pointer: &str, at: &[&str], checker: &mut Checker<'_, '_>) {
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
