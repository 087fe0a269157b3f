//! What the headers of an answer say: how long to wait, and where the next page is. Pure.

use std::time::Duration;

use chrono::DateTime;
use reqwest::Url;
use reqwest::header::{self, HeaderMap};

/// For how long an API wants to be left alone: in seconds, or until a date by its own clock.
pub(super) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = |name| headers.get(name)?.to_str().ok().map(str::trim);
    let after = text(header::RETRY_AFTER)?;
    if let Ok(seconds) = after.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = |text: &str| DateTime::parse_from_rfc2822(text).ok();
    let wait = date(after)? - date(text(header::DATE)?)?;
    Some(wait.to_std().unwrap_or_default())
}

/// The URL of the next page in a `Link` header, as RFC 8288 has it.
pub(super) fn next_link(from: &Url, headers: &HeaderMap) -> Option<String> {
    let links = headers.get_all(header::LINK).iter().filter_map(|link| link.to_str().ok());
    links.flat_map(each_link).find_map(|(target, parameters)| {
        let is_next = parameters.split(';').filter_map(|parameter| parameter.trim().split_once('=')).any(
            |(name, value)| {
                let mut kinds = value.trim().trim_matches('"').split_ascii_whitespace();
                name.trim().eq_ignore_ascii_case("rel") && kinds.any(|kind| kind.eq_ignore_ascii_case("next"))
            },
        );
        is_next.then(|| from.join(target).ok().map(String::from)).flatten()
    })
}

/// Each target of a `Link` header with its parameters. A comma may stand in a URL.
fn each_link(header: &str) -> Vec<(&str, &str)> {
    let mut links = Vec::new();
    let mut rest = header;
    while let Some((target, behind)) = rest.split_once('<').and_then(|(_, rest)| rest.split_once('>')) {
        let end = behind.find(",<").or_else(|| behind.find(", <")).unwrap_or(behind.len());
        let (parameters, after) = behind.split_at(end);
        links.push((target, parameters));
        rest = after;
    }
    links
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderName, HeaderValue};

    use super::*;

    fn headers(pairs: &[(HeaderName, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), HeaderValue::from_str(value).unwrap())).collect()
    }

    #[test]
    fn how_long_to_wait_is_told_in_seconds_or_by_a_date() {
        let after = |text: &str| {
            retry_after(&headers(&[
                (header::RETRY_AFTER, text),
                (header::DATE, "Thu, 06 Nov 2025 09:00:00 GMT"),
            ]))
        };
        assert_eq!(after("7"), Some(Duration::from_secs(7)));
        assert_eq!(after("Thu, 06 Nov 2025 09:01:30 GMT"), Some(Duration::from_secs(90)));
        assert_eq!(after("Thu, 06 Nov 2025 08:00:00 GMT"), Some(Duration::ZERO));
        assert_eq!(after("soon"), None);
        assert_eq!(retry_after(&headers(&[(header::RETRY_AFTER, "Thu, 06 Nov 2025 09:01:30 GMT")])), None);
    }

    #[test]
    fn the_next_page_is_found_in_a_link_header() {
        let next = |link: &str| {
            let from = Url::parse("https://api.example/v1/calls?page=1").unwrap();
            next_link(&from, &headers(&[(header::LINK, link)]))
        };
        let both = r#"<https://api.example/v1/calls?a=1,2>; rel="prev", </v1/calls?page=3>; title="x"; rel="next last""#;
        assert_eq!(next(both).as_deref(), Some("https://api.example/v1/calls?page=3"));
        assert_eq!(next("<?page=2>;rel=next").as_deref(), Some("https://api.example/v1/calls?page=2"));
        assert_eq!(next(r#"<?page=2>; rel="last""#), None);
        assert_eq!(next("nothing"), None);
    }
}
