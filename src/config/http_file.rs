//! The shape of an HTTP API as a source, as written. What it means is checked in [`super::http`].

use indexmap::IndexMap;
use serde::Deserialize;

use super::column_file::Column;

/// `[sources.NAME.feeds.NAME]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Feed {
    /// `GET` when left out, or `POST`.
    pub method: Option<String>,
    /// Where its items are asked for, behind the source's URL.
    pub url: String,
    /// What is sent.
    pub body: Option<String>,
    /// Headers of its own; they win over the source's.
    #[serde(default)]
    pub headers: IndexMap<String, String>,
    /// How `{start}` and `{end}` are written.
    pub times: Option<String>,
    /// Where the items are in an answer, as a JSON pointer; the answer itself when left out.
    pub items: Option<String>,
    /// Where an answer tells how many items there are in all.
    pub total: Option<String>,
    /// How it goes on behind the first page.
    pub pages: Option<Pages>,
    /// How many pages there may be.
    pub max_pages: Option<u64>,
    /// How many items there may be.
    pub max_items: Option<u64>,
    /// The columns that tell items apart.
    #[serde(default)]
    pub key: Vec<String>,
    /// Whether the items are kept beside the day as they came.
    #[serde(default)]
    pub keep_raw: bool,
    /// The columns that all items of a page may lack.
    #[serde(default)]
    pub optional: Vec<String>,
    /// What becomes a column, by its name.
    pub columns: IndexMap<String, Column>,
}

/// How a feed goes on behind its first page.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pages {
    /// What tells pages apart.
    pub by: PagesBy,
    /// How many items a whole page has.
    pub size: Option<u64>,
    /// The number of the first page, or its offset.
    pub first: Option<u64>,
    /// Where an answer tells the next cursor or the next page's URL.
    pub next: Option<String>,
}

/// What tells pages apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PagesBy {
    /// `{offset}`: how many items come before.
    Offset,
    /// `{page}`: its number.
    Page,
    /// `{cursor}`: what the page before said.
    Cursor,
    /// A `Link` header or a URL in the page before.
    Link,
    /// There is one page.
    None,
}

/// Where a secret comes from: one of three.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Secret {
    /// An environment variable.
    pub env: Option<String>,
    /// A file that holds nothing else.
    pub file: Option<String>,
    /// The output of a command.
    pub command: Option<String>,
}
