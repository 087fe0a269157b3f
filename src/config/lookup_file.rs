//! The shape of `[lookups.NAME]`, as written. What it means is checked in [`super::lookup`].

use indexmap::IndexMap;
use serde::Deserialize;

use super::column_file::Column;
use super::http_file::{Feed, Pages};

/// What a second system is asked about keys in hand.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lookup {
    /// The source that is asked, where there are several.
    pub from: Option<String>,
    /// What is asked about: an SQL expression over an event's row.
    pub key: String,
    /// What a database is asked, with the keys as `{keys}`.
    pub sql: Option<String>,
    /// `GET` when left out, or `POST`.
    pub method: Option<String>,
    /// Where an API is asked, behind the source's URL, with the keys as `{keys}` there or in the body.
    pub url: Option<String>,
    /// What is sent.
    pub body: Option<String>,
    /// Headers of its own; they win over the source's.
    #[serde(default)]
    pub headers: IndexMap<String, String>,
    /// How many keys one request asks about.
    pub batch: Option<u64>,
    /// Where the items are in an answer, as a JSON pointer; the answer itself when left out.
    pub items: Option<String>,
    /// Where an answer tells how many items it has in all.
    pub total: Option<String>,
    /// Where an item tells the key that it is about, as a JSON pointer.
    pub key_at: Option<String>,
    /// How an answer goes on behind its first page.
    pub pages: Option<Pages>,
    /// How many pages an answer may have.
    pub max_pages: Option<u64>,
    /// The columns that all answers may lack.
    #[serde(default)]
    pub optional: Vec<String>,
    /// What becomes a column, by its name.
    pub columns: IndexMap<String, Column>,
}

impl Lookup {
    /// What an API is asked, as a feed would be written.
    pub fn feed(&self) -> Feed {
        Feed {
            method: self.method.clone(),
            url: self.url.clone().unwrap_or_default(),
            body: self.body.clone(),
            headers: self.headers.clone(),
            times: None,
            items: self.items.clone(),
            total: self.total.clone(),
            pages: self.pages.clone(),
            max_pages: self.max_pages,
            max_items: None,
            key: Vec::new(),
            keep_raw: false,
            optional: self.optional.clone(),
            columns: self.columns.clone(),
        }
    }
}
