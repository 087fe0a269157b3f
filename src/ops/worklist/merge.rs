//! What becomes of a worklist's files: entries that are added, and those that are excluded. Pure.

use std::collections::{BTreeMap, HashSet};

use indexmap::IndexMap;

use super::entries::{Entries, quoted};
use super::fold::{Fold, Seen};
use super::outs::Outs;
use crate::config::Unknown;
use crate::model::definitions::KeyKind;

/// The files of a worklist, by month: `2025-11`.
pub type Queues = BTreeMap<String, Queue>;

/// One month's file.
#[derive(Debug, Default)]
pub struct Queue {
    /// Its entries.
    pub entries: Entries,
    /// Whether it differs from what is on disk.
    pub changed: bool,
}

/// What was found in the source.
#[derive(Clone, Copy, Debug)]
pub struct Found<'a> {
    /// The keys.
    pub fold: &'a Fold,
    /// Those that are out for good.
    pub outs: &'a Outs,
    /// The names of what is carried along.
    pub carry: &'a [&'a str],
    /// How keys are made.
    pub kind: Option<KeyKind>,
    /// What becomes of keys whose outcome could not be looked up.
    pub unknown: Unknown,
}

/// When it is merged.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    /// The month, `2025-11`.
    pub month: &'a str,
    /// The time, RFC 3339.
    pub at: &'a str,
}

/// How many keys became what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Entries that were added.
    pub added: u64,
    /// Keys that are in some month's file already.
    pub already: u64,
    /// Entries that were excluded now, by reason.
    pub excluded: IndexMap<String, u64>,
    /// Keys that are out for good, by reason.
    pub out: IndexMap<String, u64>,
    /// Keys whose latest outcome is not wanted, by that outcome; `NULL` where it has none.
    pub latest: BTreeMap<String, u64>,
    /// Keys that wait, as the outcome of one of their events could not be looked up.
    pub unknown: u64,
    /// Different texts of events in the range that are no key.
    pub unusable: u64,
    /// Events in the range without a key.
    pub blank: u64,
}

/// Merges what was found into the files.
pub fn merge(queues: &mut Queues, found: Found<'_>, run: Run<'_>) -> Counts {
    let Found { fold, outs, carry, kind, unknown } = found;
    let mut counts = Counts { unusable: fold.unusable(), blank: fold.blank(), ..Counts::default() };
    for reason in outs.reasons() {
        counts.excluded.insert(reason.clone(), 0);
        counts.out.insert(reason.clone(), 0);
    }
    let count = |counts: &mut IndexMap<String, u64>, reason: &str| {
        *counts.entry(reason.to_owned()).or_default() += 1;
    };
    let name = |reason: usize| outs.reasons().get(reason).map_or("", String::as_str);
    for queue in queues.values_mut() {
        let reason = |key: &str| outs.reason(key).map(|number| Reason { number, name: name(number) });
        queue.entries.exclude(kind, run.at, reason, |reason| {
            queue.changed = true;
            count(&mut counts.excluded, reason.name);
        });
    }
    let known: HashSet<Box<str>> =
        queues.values().flat_map(|queue| queue.entries.keys(kind)).flatten().collect();
    let mut new = Vec::new();
    for (key, seen) in fold.candidates() {
        if let Some(reason) = outs.reason(key) {
            count(&mut counts.out, name(reason));
        } else if unknown == Unknown::Exclude && (seen.is_unknown() || outs.is_unknown(key)) {
            counts.unknown += 1;
        } else if !(seen.take() || seen.is_last_unknown()) {
            *counts.latest.entry(words(fold.outcome(seen))).or_default() += 1;
        } else if known.contains(key) {
            counts.already += 1;
        } else {
            new.push((seen.first(), key, seen));
        }
    }
    // Who has waited longest comes first.
    new.sort_unstable_by_key(|(first, key, _)| (*first, *key));
    if !new.is_empty() {
        let queue = queues.entry(run.month.to_owned()).or_default();
        queue.changed = true;
        for (_, key, seen) in new {
            let (name, fields) = (text_of(seen.texts().spelling), fields(kind, carry, key, seen, fold));
            counts.added += u64::from(queue.entries.add(&name, &fields));
        }
    }
    counts
}

/// A reason that is compared by its number.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Reason<'a> {
    number: usize,
    name: &'a str,
}

impl AsRef<str> for Reason<'_> {
    fn as_ref(&self) -> &str {
        self.name
    }
}

/// The fields of a new entry, each as JSON.
fn fields<'a>(
    kind: Option<KeyKind>,
    carry: &[&'a str],
    key: &str,
    seen: &Seen,
    fold: &Fold,
) -> Vec<(&'a str, String)> {
    let texts = seen.texts();
    let carried = carry.iter().copied().zip(texts.carry.split('\n').map(str::to_owned));
    let mut fields: Vec<(&str, String)> = carried.collect();
    match kind {
        Some(KeyKind::Phone) => {
            fields.push(("phone_number", texts.spelling.to_owned()));
            fields.push(("phone_key", quoted(key)));
        }
        None => fields.push(("key", quoted(key))),
    }
    fields.push(("status", quoted("pending")));
    fields.push(("attempts", "0".to_owned()));
    fields.push(("first_seen", texts.first.to_owned()));
    fields.push(("last_seen", texts.last.to_owned()));
    fields.push(("last_outcome", fold.outcome(seen).to_owned()));
    fields
}

/// A JSON value as it is spoken of.
fn words(json: &str) -> String {
    if json == "null" { "NULL".to_owned() } else { text_of(json) }
}

/// The text that a JSON value stands for; anything else as it is.
fn text_of(json: &str) -> String {
    serde_json::from_str::<String>(json).unwrap_or_else(|_| json.to_owned())
}
