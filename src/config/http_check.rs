//! Whether an API and its feeds are configured soundly.

use std::collections::BTreeMap;
use std::path::Path;

use indexmap::IndexMap;
use url::Url;

use super::PasswordFrom;
use super::check::{Checker, span};
use super::http::{HttpSettings, JOBS, RETRY_FOR, WINDOW, is_this_machine};
use super::http_file::Secret;
use super::problem::{did_you_mean, listed};
use super::template::{Template, is_name};
use super::{file, filled, http_feed};

/// No more pages are asked for side by side: they are all held in memory.
const MOST_JOBS: u64 = 16;
/// The names that stand for what is asked for.
const ASKED: [&str; 7] = ["start", "end", "date", "offset", "page", "cursor", "keys"];
/// Those that a feed knows.
const OF_A_FEED: [&str; 6] = ["start", "end", "date", "offset", "page", "cursor"];
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
    let headers = headers(&written.headers, (&WINDOW, &place.secrets), &place.at(&["headers"]), checker);
    let mut secrets = BTreeMap::new();
    for (name, secret) in &written.secrets {
        let at = place.at(&["secrets", name]);
        if !is_name(name) || ASKED.contains(&name.as_str()) {
            let hint = "use lower-case letters, digits and _, and none of start, end, date, offset, page, cursor, keys";
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
    if checker.names_below(&place.at(&["feeds"])).is_empty() && checker.names("lookups").is_empty() {
        let hint = "add [….feeds.NAME] with url, items and columns; NAME is the table it becomes".to_owned();
        checker.problem(path, "the API has no feeds", hint);
    }
    let mut feeds = IndexMap::new();
    for (name, written) in &written.feeds {
        checker.name(&place.at(&["feeds", name]), name);
        filled::reserved(&place.at(&["feeds", name]), name, checker);
        let path = place.at(&["feeds", name]);
        let of_it = http_feed::Place { path: &path, secrets: &place.secrets, asked: &OF_A_FEED };
        if let Some(feed) = http_feed::check(written, base.as_ref(), &of_it, checker) {
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
        lookups: IndexMap::new(),
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
pub(super) fn url(template: &Template, at: &[&str], insecure: bool, checker: &mut Checker<'_, '_>) {
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

/// Checks headers, in which those names and secrets may stand.
pub(super) fn headers(
    written: &IndexMap<String, String>,
    (known, secrets): (&[&str], &[&str]),
    path: &[&str],
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
        only_secrets(&template, known, &at, secrets, checker);
        headers.insert(name.to_ascii_lowercase(), template);
    }
    headers
}

/// Notes names in braces that are neither secrets nor known.
pub(super) fn only_secrets(
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
