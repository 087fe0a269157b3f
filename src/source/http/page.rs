//! A page of an answer to rows: pure.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};

use super::error::HttpFault;
use super::words::Secrets;
use crate::config::http::{FeedSettings, Pages};
use crate::model::Digest;
use crate::model::table::ColumnDef;
use crate::source::filled::cell::{Cell, Found, cell};
use crate::source::filled::tables::Row;

/// How many items are looked at to tell what they have, and how deep.
const LOOKED_AT: usize = 100;
const DEEPEST: usize = 4;

/// What is in a page.
#[derive(Debug)]
pub(super) struct Page {
    /// Its items.
    pub(super) rows: Vec<Row>,
    /// How many items there are in all, where it tells.
    pub(super) total: Option<u64>,
    /// What leads to the next one, where it is told in the page.
    pub(super) next: Option<String>,
    /// By what it is known again.
    pub(super) digest: Digest,
    /// Whether any item has something for each column, in the order of their names.
    pub(super) seen: Vec<bool>,
    /// What the first item has, where there is one.
    pub(super) instead: Option<String>,
    /// How many bytes it is written in.
    pub(super) size: u64,
}

/// Reads a page. On the first one each column must be somewhere, and the total where it should be.
pub(super) fn read(
    json: &RawValue,
    feed: &FeedSettings,
    is_first: bool,
    secrets: &Secrets,
) -> Result<Page, HttpFault> {
    let page = read_any(json, feed, false, secrets)?;
    if let (true, Some(pointer), None) = (is_first, &feed.total, page.total) {
        return Err(HttpFault::NoTotal { pointer: pointer.clone(), found: known(json, secrets) });
    }
    if is_first && let Some(first) = &page.instead {
        for ((name, def), seen) in feed.table.columns.iter().zip(&page.seen) {
            if !(*seen || feed.optional.contains(name)) {
                return Err(HttpFault::NoColumn {
                    column: format!("the column {name}"),
                    pointer: def.at.clone(),
                    found: first.clone(),
                });
            }
        }
    }
    Ok(page)
}

/// Reads a page of which any column may be missing; an object alone is an item, where there may be one only.
pub(super) fn read_any(
    json: &RawValue,
    feed: &FeedSettings,
    is_one: bool,
    secrets: &Secrets,
) -> Result<Page, HttpFault> {
    let pointer = feed.table.items.as_deref().unwrap_or_default();
    let one = |found| object(found).filter(|_| is_one).map(|_| vec![found]);
    let items = at(json, pointer).and_then(|found| list(found).or_else(|| one(found)));
    let Some(items) = items else {
        let found = at(json, pointer)
            .map_or_else(|| known(json, secrets), |other| format!("there is {}", kind(other)));
        return Err(HttpFault::NoItems { pointer: pointer.to_owned(), found });
    };
    let total = match &feed.total {
        None => None,
        Some(pointer) => match at(json, pointer) {
            Some(found) => Some(count(found).ok_or_else(|| HttpFault::NoTotal {
                pointer: pointer.clone(),
                found: format!("there is {}", kind(found)),
            })?),
            None => None,
        },
    };
    let next = match &feed.pages {
        Pages::Cursor { next } | Pages::Link { next: Some(next) } => match at(json, next) {
            None => None,
            Some(found) => {
                cursor(found).map_err(|found| HttpFault::NoNext { pointer: next.clone(), found })?
            }
        },
        _ => None,
    };
    let places: Vec<Place<'_>> =
        feed.table.columns.iter().map(|(name, def)| Place::new(feed, name, def)).collect();
    let mut seen = vec![false; places.len()];
    let mut rows = Vec::with_capacity(items.len());
    let mut digest = Sha256::new();
    for (item, raw) in (1..).zip(&items) {
        rows.push(row(raw, &places, item, feed.keep_raw, &mut seen, secrets)?);
        digest.update(raw.get());
        digest.update("\n");
    }
    let instead = items.first().map(|first| known(first, secrets));
    let digest = Digest::from(<[u8; 32]>::from(digest.finalize()));
    Ok(Page { rows, total, next, digest, seen, instead, size: json.get().len() as u64 })
}

/// What the items of a page have: where, as JSON pointers in the order of their names, and of which kinds it is.
pub(super) fn fields(json: &RawValue, feed: &FeedSettings) -> Vec<(String, String)> {
    let mut found: BTreeMap<String, BTreeSet<&'static str>> = BTreeMap::new();
    let items = at(json, feed.table.items.as_deref().unwrap_or_default()).and_then(list).unwrap_or_default();
    for item in items.into_iter().take(LOOKED_AT) {
        below(item, "", 0, &mut found);
    }
    found.into_iter().map(|(pointer, kinds)| (pointer, Vec::from_iter(kinds).join(" or "))).collect()
}

fn below(json: &RawValue, pointer: &str, depth: usize, found: &mut BTreeMap<String, BTreeSet<&'static str>>) {
    match object(json).filter(|_| depth < DEEPEST) {
        Some(object) => {
            for (name, inner) in object {
                let step = name.replace('~', "~0").replace('/', "~1");
                below(inner, &format!("{pointer}/{step}"), depth + 1, found);
            }
        }
        None => {
            found.entry(pointer.to_owned()).or_default().insert(kind(json));
        }
    }
}

/// Where a column's value is.
struct Place<'f> {
    name: &'f str,
    def: &'f ColumnDef,
    /// The first step, and the steps behind it.
    steps: Option<(Cow<'f, str>, &'f str)>,
    is_key: bool,
}

impl<'f> Place<'f> {
    fn new(feed: &'f FeedSettings, name: &'f str, def: &'f ColumnDef) -> Self {
        let steps = first_step(&def.at);
        Self { name, def, steps, is_key: feed.table.key.iter().any(|key| key == name) }
    }
}

fn row(
    raw: &RawValue,
    places: &[Place<'_>],
    item: usize,
    keep: bool,
    seen: &mut [bool],
    secrets: &Secrets,
) -> Result<Row, HttpFault> {
    let object = object(raw).ok_or(HttpFault::NoObject { item, found: kind(raw) })?;
    let mut cells = Vec::with_capacity(places.len());
    for (place, seen) in places.iter().zip(seen) {
        let found = match &place.steps {
            None => Some(raw),
            Some((first, rest)) => object.get(first.as_ref()).and_then(|inner| at(inner, rest)),
        };
        *seen |= found.is_some();
        let cell = match found.map_or(Ok(Cell::Null), |found| made(place.def, found)) {
            Ok(Cell::Null) if place.is_key => Err("is nothing, and a part of the key".to_owned()),
            made => made,
        };
        let cell = cell.map_err(|reason| HttpFault::Value {
            item,
            column: place.name.to_owned(),
            pointer: place.def.at.clone(),
            reason: secrets.masked(&reason),
        });
        cells.push(cell?);
    }
    Ok(Row { cells, raw: keep.then(|| one_line(raw.get())) })
}

/// A cell of what is there.
fn made(def: &ColumnDef, found: &RawValue) -> Result<Cell, String> {
    let text = found.get();
    match text.as_bytes().first() {
        Some(b'"') => {
            let text =
                text_of(found).ok_or("is a text with half of a letter in it: \\ud800 to \\udfff alone")?;
            cell(def, Found::Text(&text))
        }
        Some(b'n') => cell(def, Found::Null),
        Some(b't') => cell(def, Found::Bool(true)),
        Some(b'f') => cell(def, Found::Bool(false)),
        Some(b'{' | b'[') => {
            let value: serde_json::Value = serde_json::from_str(text).map_err(|error| error.to_string())?;
            cell(def, Found::of_json(&value))
        }
        _ => cell(def, Found::Number(text)),
    }
}

/// What a text is, its escapes resolved.
fn text_of(raw: &RawValue) -> Option<Cow<'_, str>> {
    let text = raw.get();
    let inner = text.strip_prefix('"')?.strip_suffix('"')?;
    if inner.contains('\\') {
        return serde_json::from_str::<String>(text).ok().map(Cow::Owned);
    }
    Some(Cow::Borrowed(inner))
}

/// An item on one line: a line's end stands in JSON only where a blank could stand.
fn one_line(text: &str) -> String {
    if text.contains(['\n', '\r']) { text.replace(['\n', '\r'], " ") } else { text.to_owned() }
}

/// The first step of a pointer, and the pointer behind it; `None` for the value itself.
fn first_step(pointer: &str) -> Option<(Cow<'_, str>, &str)> {
    let behind = pointer.strip_prefix('/')?;
    let (step, rest) = behind.find('/').map_or((behind, ""), |at| behind.split_at(at));
    let step = if step.contains('~') {
        Cow::Owned(step.replace("~1", "/").replace("~0", "~"))
    } else {
        Cow::Borrowed(step)
    };
    Some((step, rest))
}

/// What a JSON pointer points at.
fn at<'j>(json: &'j RawValue, pointer: &str) -> Option<&'j RawValue> {
    let (mut found, mut pointer) = (json, pointer);
    while let Some((step, rest)) = first_step(pointer) {
        found = match found.get().as_bytes().first() {
            Some(b'{') => *object(found)?.get(step.as_ref())?,
            Some(b'[') => list(found)?.into_iter().nth(step.parse().ok()?)?,
            _ => return None,
        };
        pointer = rest;
    }
    Some(found)
}

fn object(json: &RawValue) -> Option<BTreeMap<Cow<'_, str>, &RawValue>> {
    serde_json::from_str(json.get()).ok()
}

fn list(json: &RawValue) -> Option<Vec<&RawValue>> {
    serde_json::from_str(json.get()).ok()
}

/// A number of items: as a number, or as digits in quotes.
fn count(json: &RawValue) -> Option<u64> {
    json.get().trim_matches('"').parse().ok()
}

/// What leads on, where something does; else, where it can't be anything of that kind, what it is.
fn cursor(json: &RawValue) -> Result<Option<String>, &'static str> {
    match json.get().as_bytes().first() {
        Some(b'n' | b'f') => Ok(None),
        Some(b'"') => match text_of(json) {
            Some(text) => Ok(Some(text.into_owned()).filter(|text| !text.is_empty())),
            None => Err("a text with half of a letter in it"),
        },
        Some(b'-' | b'0'..=b'9') => Ok(Some(json.get().to_owned())),
        _ => Err(kind(json)),
    }
}

/// What something is, without its value.
fn kind(json: &RawValue) -> &'static str {
    match json.get().as_bytes().first() {
        Some(b'"') => "a text",
        Some(b'n') => "null",
        Some(b't' | b'f') => "true or false",
        Some(b'{') => "an object",
        Some(b'[') => "a list",
        _ => "a number",
    }
}

/// What there is instead: the names in an object.
fn known(json: &RawValue, secrets: &Secrets) -> String {
    match object(json) {
        Some(object) if object.is_empty() => "it is empty".to_owned(),
        Some(object) => {
            let names: Vec<String> = object
                .keys()
                .take(12)
                .map(|name| format!("/{}", name.replace('~', "~0").replace('/', "~1")))
                .collect();
            let more = if object.len() > names.len() { " and more" } else { "" };
            secrets.masked(&format!("there is {}{more}", names.join(", ")))
        }
        None => format!("there is {}", kind(json)),
    }
}
