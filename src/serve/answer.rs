//! What is answered: a body with its digest, and how long it holds.

use axum::body::{Body, Bytes};
use axum::http::header::{
    ACCEPT, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH, LINK,
    VARY,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use serde_json::Value;

use super::problem::Problem;
use crate::model::Digest;

/// JSON.
pub const JSON: &str = "application/json";
/// A table for spreadsheets.
pub const CSV: &str = "text/csv; charset=utf-8";
/// A page.
pub const HTML: &str = "text/html; charset=utf-8";

/// How long an answer holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holds {
    /// For ever: it was frozen.
    Forever,
    /// Until something else is frozen: it is to be asked for again, by its digest.
    UntilAsked,
    /// It is of this moment.
    Now,
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// What is answered.
    pub body: Bytes,
    /// Its media type.
    pub media: &'static str,
    /// Its digest, by which a client asks whether it still holds; `None` of what never does.
    pub digest: Option<Digest>,
    /// How long it holds.
    pub holds: Holds,
    /// The status; 200 of most.
    pub status: StatusCode,
    /// The policy of a page; `None` allows nothing.
    pub policy: Option<String>,
    /// Where the next part is.
    pub next: Option<String>,
}

impl Answer {
    /// A JSON document.
    ///
    /// # Errors
    /// None in practice: such documents can be written.
    pub fn json(document: &Value) -> Result<Self, Problem> {
        let written = serde_json::to_vec(document);
        Ok(Self::json_bytes(written.map_err(|error| Problem::mistake(error.to_string()))?))
    }

    /// JSON that is written already.
    pub fn json_bytes(bytes: Vec<u8>) -> Self {
        Self::of(JSON, bytes)
    }

    /// A body of some kind, to be asked for again by its digest.
    pub fn of(media: &'static str, bytes: Vec<u8>) -> Self {
        let digest = Some(Digest::of(&bytes));
        Self {
            body: bytes.into(),
            media,
            digest,
            holds: Holds::UntilAsked,
            status: StatusCode::OK,
            policy: None,
            next: None,
        }
    }

    /// The same, holding otherwise.
    #[must_use]
    pub fn holding(self, holds: Holds) -> Self {
        let digest = self.digest.filter(|_| holds != Holds::Now);
        Self { digest, holds, ..self }
    }

    /// It as a response to a request with these headers: 304 where the client has it.
    pub fn into_response(self, asked: &HeaderMap) -> Response<Body> {
        let tag = self.digest.map(|digest| format!("\"{digest}\""));
        let known = tag.as_deref().is_some_and(|tag| self.status == StatusCode::OK && matches(asked, tag));
        let mut response = Response::new(if known { Body::empty() } else { Body::from(self.body.clone()) });
        *response.status_mut() = if known { StatusCode::NOT_MODIFIED } else { self.status };
        let headers = response.headers_mut();
        let mut set = |name: HeaderName, value: &str| {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(name, value);
            }
        };
        if let Some(tag) = &tag {
            set(ETAG, tag);
        }
        set(
            CACHE_CONTROL,
            match self.holds {
                Holds::Forever => "private, max-age=31536000, immutable",
                Holds::UntilAsked => "private, no-cache",
                Holds::Now => "no-store",
            },
        );
        set(VARY, "accept, authorization, origin");
        if let Some(next) = &self.next {
            set(LINK, &format!("<{next}>; rel=\"next\""));
        }
        if !known {
            set(CONTENT_TYPE, self.media);
            set(CONTENT_LENGTH, &self.body.len().to_string());
            if let Some(policy) = &self.policy {
                set(CONTENT_SECURITY_POLICY, policy);
            }
        }
        response
    }
}

/// Whether one of the digests that the client has is this one.
fn matches(asked: &HeaderMap, tag: &str) -> bool {
    let lists = asked.get_all(IF_NONE_MATCH).iter().filter_map(|list| list.to_str().ok());
    let mut tags = lists.flat_map(|list| list.split(',')).map(str::trim);
    tags.any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
}

/// Which of these media types the client likes best; the first of them where it does not say.
///
/// # Errors
/// When it takes none of them.
pub fn best(asked: &HeaderMap, offered: &[&'static str]) -> Result<&'static str, Problem> {
    let lists: Vec<&str> = asked.get_all(ACCEPT).iter().filter_map(|list| list.to_str().ok()).collect();
    let wanted: Vec<(&str, f32)> = lists.iter().flat_map(|list| list.split(',')).map(weighed).collect();
    if wanted.is_empty() {
        return offered.first().copied().ok_or_else(|| Problem::mistake("nothing is offered"));
    }
    let weight = |media: &str| {
        let name = media.split(';').next().unwrap_or(media);
        let group = name.split('/').next().unwrap_or(name);
        // The one that says it most exactly decides.
        let exact = |pattern: &str| match pattern {
            "*/*" => Some(1),
            pattern if pattern == name => Some(3),
            pattern if pattern.strip_suffix("/*") == Some(group) => Some(2),
            _ => None,
        };
        let said = wanted.iter().filter_map(|(pattern, weight)| Some((exact(pattern)?, *weight)));
        said.max_by_key(|(exact, _)| *exact).map_or(0.0, |(_, weight)| weight)
    };
    let mut found: Option<(&'static str, f32)> = None;
    for media in offered {
        let weight = weight(media);
        if weight > 0.0 && found.is_none_or(|(_, most)| weight > most) {
            found = Some((media, weight));
        }
    }
    found.map(|(media, _)| media).ok_or_else(|| {
        let names: Vec<&str> = offered.iter().map(|media| media.split(';').next().unwrap_or(media)).collect();
        Problem::new(
            StatusCode::NOT_ACCEPTABLE,
            "not-acceptable",
            "there is nothing here of a kind that is accepted",
        )
        .hint(format!("accept {}", names.join(" or ")))
    })
}

/// A media type as it is wanted, and how much.
fn weighed(item: &str) -> (&str, f32) {
    let mut parts = item.split(';').map(str::trim);
    let name = parts.next().unwrap_or_default();
    let weight = parts.find_map(|part| part.strip_prefix("q=")).and_then(|weight| weight.parse().ok());
    (name, weight.unwrap_or(1.0))
}

#[cfg(test)]
mod tests {
    use axum::http::header::{ACCEPT, IF_NONE_MATCH};
    use axum::http::{HeaderMap, HeaderValue};

    use super::{CSV, HTML, JSON, best, matches};

    #[test]
    fn the_client_says_what_it_likes_best() {
        let best = |accept: &'static str, offered: &[&'static str]| {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT, HeaderValue::from_static(accept));
            best(&headers, offered).ok()
        };
        assert_eq!(best("*/*", &[JSON, CSV]), Some(JSON));
        assert_eq!(best("text/csv", &[JSON, CSV]), Some(CSV));
        assert_eq!(best("text/*;q=0.5, application/json;q=0.4", &[JSON, CSV]), Some(CSV));
        assert_eq!(best("text/csv;q=0, */*", &[JSON, CSV]), Some(JSON));
        assert_eq!(best("text/html,application/xhtml+xml,*/*;q=0.8", &[JSON, HTML]), Some(HTML));
        assert_eq!(best("image/png", &[JSON, CSV]), None);
        assert_eq!(best("application/json;q=x", &[JSON]), Some(JSON));
        assert_eq!(super::best(&HeaderMap::new(), &[JSON, CSV]).unwrap(), JSON);
    }

    #[test]
    fn a_known_digest_is_found_in_a_list() {
        let has = |list: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(IF_NONE_MATCH, HeaderValue::from_static(list));
            matches(&headers, "\"abc\"")
        };
        assert!(has("\"abc\"") && has("\"x\", W/\"abc\"") && has("*"));
        assert!(!has("\"ab\"") && !has("abc") && !has(""));
    }
}
