//! What went wrong with a request, as RFC 9457 has it, with what to do about it.

use axum::body::Body;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, Response, StatusCode};
use serde_json::json;

use crate::archive::ArchiveError;
use crate::ops::compare::{CompareError, SpanError};
use crate::ops::series::SeriesError;
use crate::ops::when::NotFound;

/// The media type of what went wrong.
pub const MEDIA_TYPE: &str = "application/problem+json";

/// Why a request is not answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The status.
    pub status: StatusCode,
    /// What kind of trouble it is, as a word that stays: `no-such-day`.
    pub kind: &'static str,
    /// What happened, as a clause.
    pub detail: String,
    /// The way on.
    pub hint: Option<String>,
    /// After how many seconds it may be tried again.
    pub retry_after: Option<u64>,
}

/// What went wrong, for the line in the log.
#[derive(Clone, Debug)]
pub struct Told(pub String);

impl Problem {
    /// Trouble of a kind.
    pub fn new(status: StatusCode, kind: &'static str, detail: impl Into<String>) -> Self {
        Self { status, kind, detail: detail.into(), hint: None, retry_after: None }
    }

    /// The same with a way on.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// The same with a way on, if there is one.
    #[must_use]
    pub fn maybe_hint(self, hint: Option<String>) -> Self {
        Self { hint, ..self }
    }

    /// The same, to be tried again after so many seconds.
    #[must_use]
    pub fn after(self, seconds: u64) -> Self {
        Self { retry_after: Some(seconds), ..self }
    }

    /// A request that can't be understood.
    pub fn bad(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad-request", detail)
    }

    /// Words that are each understood, and contradict each other.
    pub fn contradiction(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, "contradiction", detail)
    }

    /// What there isn't.
    pub fn not_found(kind: &'static str, detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, kind, detail)
    }

    /// What this one may not have.
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", detail)
    }

    /// A mistake of the program.
    pub fn mistake(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "mistake", detail)
            .hint("this is a mistake in asof: please report it")
    }

    /// It as an answer.
    pub fn into_response(self) -> Response<Body> {
        let title = self.status.canonical_reason().unwrap_or("Trouble");
        let mut document = json!({
            "type": format!("urn:asof:{}", self.kind),
            "title": title,
            "status": self.status.as_u16(),
            "detail": self.detail,
        });
        if let Some(hint) = &self.hint {
            document["hint"] = json!(hint);
        }
        let mut response = Response::new(Body::from(document.to_string()));
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"asof\""));
        }
        response.extensions_mut().insert(Told(self.detail));
        response
    }
}

impl From<ArchiveError> for Problem {
    fn from(error: ArchiveError) -> Self {
        let hint = error.hint();
        let (status, kind) = match &error {
            ArchiveError::Missing { .. } | ArchiveError::NotAnArchive { .. } => {
                (StatusCode::SERVICE_UNAVAILABLE, "no-archive")
            }
            ArchiveError::Unknown { .. } | ArchiveError::NoSuchFile { .. } => {
                (StatusCode::NOT_FOUND, "no-such-day")
            }
            ArchiveError::Pruned { .. } => (StatusCode::GONE, "thinned"),
            ArchiveError::Locked { .. } => (StatusCode::SERVICE_UNAVAILABLE, "locked"),
            ArchiveError::Damaged { .. }
            | ArchiveError::LedgerLine { .. }
            | ArchiveError::Unlisted { .. } => (StatusCode::INTERNAL_SERVER_ERROR, "damaged"),
            _ => (StatusCode::INTERNAL_SERVER_ERROR, "archive"),
        };
        let problem = Self::new(status, kind, error.to_string()).maybe_hint(hint);
        if status == StatusCode::SERVICE_UNAVAILABLE { problem.after(5) } else { problem }
    }
}

impl From<NotFound> for Problem {
    fn from(error: NotFound) -> Self {
        let hint = error.hint();
        match error {
            NotFound::Archive(error) => error.into(),
            NotFound::BeforeCalendar(_) => Self::bad(error.to_string()).maybe_hint(hint),
            NotFound::Day { .. } | NotFound::Edition { .. } | NotFound::TooFew { .. } => {
                Self::not_found("no-such-day", error.to_string()).maybe_hint(hint)
            }
        }
    }
}

impl From<CompareError> for Problem {
    fn from(error: CompareError) -> Self {
        let hint = error.hint();
        match error {
            CompareError::Archive(error) => error.into(),
            CompareError::Span(SpanError::NotFound(error)) => error.into(),
            CompareError::Nothing { .. } => {
                Self::not_found("no-such-day", error.to_string()).maybe_hint(hint)
            }
            CompareError::Unknown { .. } => {
                Self::not_found("no-such-name", error.to_string()).maybe_hint(hint)
            }
            CompareError::Span(SpanError::Backwards { .. }) | CompareError::FirstMonth(_) => {
                Self::contradiction(error.to_string()).maybe_hint(hint)
            }
        }
    }
}

impl From<SeriesError> for Problem {
    fn from(error: SeriesError) -> Self {
        let hint = error.hint();
        match error {
            SeriesError::Archive(error) => error.into(),
            SeriesError::Metric { .. } => {
                Self::not_found("no-such-metric", error.to_string()).maybe_hint(hint)
            }
            SeriesError::Dimension { .. } => {
                Self::not_found("no-such-name", error.to_string()).maybe_hint(hint)
            }
            SeriesError::Nothing => Self::not_found("no-such-day", error.to_string()).maybe_hint(hint),
        }
    }
}
