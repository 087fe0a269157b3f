//! The days of an archive as a document.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::archive::{Looks, Marks};
use crate::model::Day;
use crate::ops::entities::listed::{ListedLook, listed};
use crate::ops::list::{ListedDay, Listing};

/// The list as JSON, with the chosen metrics only when some are chosen.
pub fn document(listing: &Listing, metrics: &[String], seen: &BTreeMap<String, Looks>) -> Value {
    let day = |day: &ListedDay| {
        let mut document = day_document(day, metrics);
        if !seen.is_empty() {
            let looks =
                seen.iter().map(|(name, looks)| (name.clone(), look_document(&listed(looks, day.day))));
            document["entities"] = Value::Object(looks.collect());
        }
        document
    };
    let days: Vec<Value> = listing.days.iter().map(day).collect();
    let gap = |(from, to, days): (Day, Day, i64)| json!({ "from": from, "to": to, "days": days });
    json!({
        "archive": listing.archive,
        "dir": listing.dir.display().to_string(),
        "days": days,
        "gaps": listing.gaps.iter().map(|found| gap((found.from, found.to, found.days))).collect::<Vec<_>>(),
        "findings": listing.findings,
    })
}

/// A look of a day, or why there is none.
fn look_document(look: &ListedLook) -> Value {
    let (rows, seen, reason) = match look {
        ListedLook::Kept { rows, seen } => (Some(rows), Some(seen), None),
        ListedLook::Thinned { rows, seen, why } => (Some(rows), Some(seen), Some(why.as_str())),
        ListedLook::Unlooked { reason } => (None, None, Some(reason.as_str())),
        ListedLook::Unknown => (None, None, Some("nobody looked")),
    };
    json!({ "rows": rows, "seen": seen, "reason": reason })
}

/// A day with its editions; of their metrics only those of these names, if there are any.
pub fn day_document(day: &ListedDay, metrics: &[String]) -> Value {
    let editions: Vec<Value> = day
        .editions
        .iter()
        .zip(&day.thinned)
        .map(|(frozen, thinned)| {
            let line = &frozen.line;
            let mut headline = line.headline().unwrap_or_default();
            headline.retain(|name, _| metrics.is_empty() || metrics.contains(name));
            let mut document = json!({
                "edition": line.edition,
                "provenance": line.provenance,
                "captured_at": line.captured_at,
                "trigger": line.trigger,
                "reason": line.reason,
                "manifest": line.manifest,
                "definitions": line.definitions,
                "present": frozen.present,
                "metrics": headline,
            });
            if let Some(thinned) = thinned {
                document["thinned"] = json!({ "at": thinned.at, "files": thinned.files });
            }
            document
        })
        .collect();
    let shown = day.edition().map(|frozen| frozen.line.edition);
    let mut document = json!({ "date": day.day, "shown": shown, "editions": editions });
    let Marks { labels, notes, pinned } = &day.marks;
    if !labels.is_empty() {
        document["labels"] = json!(labels);
    }
    if !notes.is_empty() {
        document["notes"] = notes.iter().map(|(at, text)| json!({ "at": at, "text": text })).collect();
    }
    if *pinned {
        document["pinned"] = json!(true);
    }
    document
}
