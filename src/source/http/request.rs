//! What an API is asked for one page of a feed.

use chrono_tz::Tz;
use reqwest::header::{self, HeaderValue};
use url::Url;

use super::client::{Ask, Client, LARGEST};
use super::error::HttpFault;
use super::walk::At;
use super::words::{in_body, in_url, is_json, shown, time};
use crate::calendar::Window;
use crate::config::HttpSettings;
use crate::config::http::{FeedSettings, is_this_machine, joined};
use crate::config::template::Template;

/// Stands for a cursor that there is none of yet.
const NO_CURSOR: &str = "\u{0}";
/// Stands for the keys as a list of JSON.
const LISTED: &str = "asof_keys_as_a_list";

/// What is asked about.
#[derive(Clone, Copy)]
pub(super) enum About<'r> {
    /// A day, or several.
    Window(&'r Window),
    /// Keys in hand.
    Keys(&'r [String]),
}

/// What is asked of a feed.
pub(super) struct Request<'r> {
    pub(super) settings: &'r HttpSettings,
    pub(super) feed: &'r FeedSettings,
    pub(super) client: &'r Client,
    pub(super) about: About<'r>,
    /// The source's zone.
    pub(super) zone: Tz,
}

impl Request<'_> {
    /// The request for a page.
    pub(super) fn ask(&self, at: &At) -> Result<Ask, HttpFault> {
        let method = if self.feed.post { "POST" } else { "GET" };
        let value = |name: &str| self.asked(name, at).or_else(|| self.secret(name));
        let written = Template::new(&without_empty_cursor(&joined(&self.settings.base, &self.feed.url), at));
        let in_place = |name: &str| match (name, self.about) {
            ("keys", About::Keys(keys)) => {
                Some(keys.iter().map(|key| in_url(key)).collect::<Vec<_>>().join(","))
            }
            _ => value(name).map(|text| in_url(&text)),
        };
        let base = Url::parse(&written.fill(in_place));
        let base = base.map_err(|error| HttpFault::Request { reason: error.to_string() })?;
        let (url, is_elsewhere) = match at {
            At::Link(Some(link)) => {
                let to = base.join(link);
                let to =
                    to.map_err(|_| HttpFault::Request { reason: "the next page has no URL".to_owned() })?;
                let is_elsewhere = to.origin() != base.origin();
                (to, is_elsewhere)
            }
            _ => (base.clone(), false),
        };
        let place = if let At::Link(Some(_)) = at {
            shown(&url, &self.client.secrets)
        } else {
            let is_told = |name: &str| name != "cursor" && name != "keys";
            let filled = written.fill(|name| self.asked(name, at).filter(|_| is_told(name)));
            filled.split(['?', '#']).next().unwrap_or_default().to_owned()
        };
        let shown = format!("{method} {place}");
        let open = url.scheme() != "https" && !(self.settings.insecure || is_this_machine(&url));
        if is_elsewhere && (open || self.feed.post || base.scheme() == "https" && url.scheme() != "https") {
            let why =
                if self.feed.post { "what is posted is not sent elsewhere" } else { "there is no https" };
            return Err(HttpFault::Redirect { request: shown, to: "to another host".to_owned(), why });
        }
        if base.scheme() == "https" && url.scheme() != "https" {
            return Err(HttpFault::Redirect {
                request: shown,
                to: "to the next page".to_owned(),
                why: "there is no https",
            });
        }
        let headers = if is_elsewhere {
            Client::headers([], &value)?
        } else {
            Client::headers(self.settings.headers.iter().chain(&self.feed.headers), &value)?
        };
        let mut ask = Ask { post: self.feed.post, url, shown, headers, body: None, limit: LARGEST };
        if let Some(body) = &self.feed.body {
            ask.body = Some(match self.about {
                About::Window(_) => filled(body, at, &value),
                About::Keys(keys) => filled(&listing(body), at, &|name| match name {
                    LISTED => Some(serde_json::Value::from(keys).to_string()),
                    _ => value(name),
                }),
            });
            let kind = if is_json(body) { "application/json" } else { "application/x-www-form-urlencoded" };
            ask.headers.entry(header::CONTENT_TYPE).or_insert(HeaderValue::from_static(kind));
        }
        Ok(ask)
    }

    /// What stands for a name, where it is none of a secret.
    fn asked(&self, name: &str, at: &At) -> Option<String> {
        match (self.about, name) {
            (About::Window(window), "start") => {
                return Some(time(&self.feed.times, self.zone, window.start));
            }
            (About::Window(window), "end") => return Some(time(&self.feed.times, self.zone, window.end)),
            (About::Window(window), "date") => return Some(window.day.to_string()),
            (About::Keys(keys), "keys") => return Some(keys.join(",")),
            _ => {}
        }
        match (name, at) {
            ("offset", At::Offset(number)) | ("page", At::Page(number)) => Some(number.to_string()),
            ("cursor", At::Cursor(Some(cursor))) => Some(cursor.clone()),
            ("cursor", At::Cursor(None)) => {
                Some(if self.feed.body.as_ref().is_some_and(is_json) { NO_CURSOR } else { "" }.to_owned())
            }
            _ => None,
        }
    }

    fn secret(&self, name: &str) -> Option<String> {
        self.client.secrets.get(name).map(str::to_owned)
    }
}

/// A body of JSON in which a text that is nothing but `{keys}` is a list of them.
fn listing(body: &Template) -> Template {
    if is_json(body) {
        return Template::new(&body.text().replace("\"{keys}\"", &format!("{{{LISTED}}}")));
    }
    body.clone()
}

/// A body with what stands for its names.
fn filled(body: &Template, at: &At, value: &dyn Fn(&str) -> Option<String>) -> String {
    let filled =
        body.fill(|name| value(name).map(|text| if name == LISTED { text } else { in_body(body, &text) }));
    if *at != At::Cursor(None) || !is_json(body) {
        return filled;
    }
    match serde_json::from_str(&filled) {
        Ok(mut json) => {
            drop_no_cursor(&mut json);
            json.to_string()
        }
        Err(_) => filled,
    }
}

/// The URL without the parameters that are nothing but a cursor, where there is none yet.
fn without_empty_cursor(url: &str, at: &At) -> String {
    let Some((place, query)) = url.split_once('?').filter(|_| *at == At::Cursor(None)) else {
        return url.to_owned();
    };
    let kept: Vec<&str> = query.split('&').filter(|pair| !pair.ends_with("={cursor}")).collect();
    if kept.is_empty() { place.to_owned() } else { format!("{place}?{}", kept.join("&")) }
}

/// Takes out what is nothing but a cursor that there is none of.
fn drop_no_cursor(json: &mut serde_json::Value) {
    match json {
        serde_json::Value::Object(object) => {
            object.retain(|_, value| value.as_str() != Some(NO_CURSOR));
            object.values_mut().for_each(drop_no_cursor);
        }
        serde_json::Value::Array(items) => items.iter_mut().for_each(drop_no_cursor),
        _ => {}
    }
}
