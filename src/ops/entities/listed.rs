//! What a list of days tells of the looks at entities, from the ledger alone.

use std::collections::BTreeMap;

use crate::archive::Looks;
use crate::model::Day;
use crate::view::format::count;

/// What is known of a day's look at one kind of entities.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListedLook {
    /// There is one.
    Kept {
        /// How many rows it kept.
        rows: u64,
        /// How many entities it saw.
        seen: u64,
    },
    /// There was one, and its rows were thinned.
    Thinned {
        /// How many rows it kept.
        rows: u64,
        /// How many entities it saw.
        seen: u64,
        /// When, in words.
        why: String,
    },
    /// There is none, and the archive says why.
    Unlooked {
        /// Why.
        reason: String,
    },
    /// There is none, and nobody said why.
    Unknown,
}

/// What is known of a day's look.
pub fn listed(looks: &Looks, day: Day) -> ListedLook {
    if let Some(line) = looks.thinned_looks.get(&day).filter(|_| !looks.looks.contains_key(&day)) {
        let why = looks.why_thinned(day).unwrap_or_default();
        return ListedLook::Thinned { rows: line.doc.rows, seen: line.doc.seen, why };
    }
    match (looks.looks.get(&day), looks.unlooked.get(&day)) {
        (Some(look), _) => ListedLook::Kept { rows: look.doc.rows, seen: look.doc.seen },
        (None, Some(line)) => ListedLook::Unlooked { reason: line.doc.reason.clone() },
        (None, None) => ListedLook::Unknown,
    }
}

/// What is said of a day's looks: `4 video`, `no video: the look came too late`. A day before the first look
/// at a kind of entities has nothing to say of it.
pub fn said(all: &BTreeMap<String, Looks>, day: Day) -> Vec<String> {
    let words = all.iter().filter_map(|(name, looks)| match listed(looks, day) {
        ListedLook::Kept { rows, .. } => Some(format!("{} {name}", count(rows))),
        ListedLook::Thinned { rows, .. } => Some(format!("{} {name}, thinned", count(rows))),
        ListedLook::Unlooked { reason } => Some(format!("no {name}: {reason}")),
        ListedLook::Unknown => {
            let begun = looks.all_looks().keys().next().is_some_and(|first| *first < day);
            begun.then(|| format!("no {name}: nobody looked"))
        }
    });
    words.collect()
}
