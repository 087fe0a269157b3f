//! What there is, for programs: the shapes of answers, and the document made of them. The shapes are told here and made
//! in `ops::documents`; a test holds answers against them.

use serde::Serialize;
use utoipa::ToSchema;

/// What went wrong, by RFC 9457.
#[derive(Serialize, ToSchema)]
pub struct Problem {
    /// The kind of trouble: `urn:asof:no-such-day`.
    pub r#type: String,
    /// The status in words.
    pub title: String,
    /// The status.
    pub status: u16,
    /// What happened.
    pub detail: String,
    /// The way on.
    #[schema(required = false)]
    pub hint: Option<String>,
}

/// Whether the server is well.
#[derive(Serialize, ToSchema)]
pub struct Health {
    /// `ok`.
    pub status: String,
}

/// Some days of the archive.
#[derive(Serialize, ToSchema)]
pub struct Days {
    /// The archive's id.
    pub archive: String,
    /// The days, the earliest first.
    pub days: Vec<serde_json::Value>,
    /// The spans that nobody froze.
    pub gaps: Vec<serde_json::Value>,
    /// What is not as it should be, as sentences.
    pub findings: Vec<String>,
    /// The `cursor` of the next part; null of the last one.
    #[schema(required = true)]
    pub next: Option<String>,
}
