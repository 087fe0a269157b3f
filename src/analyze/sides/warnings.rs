//! What a reader should know before two sides are held against each other.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use serde::Serialize;

use super::values::lacking;
use super::{MetricSides, Side, SideDay};
use crate::analyze::changed::{ChangedLine, changed, lines};
use crate::model::compared::PreviousDoc;
use crate::model::{Day, Fingerprint, Number, Provenance, SnapshotId};

/// The hours of most days.
const USUAL_HOURS: i64 = 24;

/// Which side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Which {
    /// The first that was named.
    A,
    /// The one it is held against.
    B,
}

/// From one definition of a metric to the next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DefinitionChange {
    /// A frozen day with the one definition.
    pub from: PreviousDoc,
    /// The first frozen day with the other.
    pub to: PreviousDoc,
    /// The lines that went and came.
    pub lines: Vec<ChangedLine>,
}

/// Something that makes the two sides less comparable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Warning {
    /// Days were frozen, and their numbers were thinned.
    Thinned {
        /// On which side.
        side: Which,
        /// The days.
        days: Vec<Day>,
        /// Of how many days.
        of: i64,
    },
    /// Days of A are left out, as the month before has none to hold against them.
    Shortened {
        /// The last day of A.
        to: Day,
        /// The last that was asked for.
        asked: Day,
    },
    /// A metric was not defined alike on all days.
    Definition {
        /// The metric, by name.
        metric: String,
        /// What people call it.
        label: String,
        /// How it was defined anew, as the days go.
        changes: Vec<DefinitionChange>,
    },
    /// A dimension was not defined alike on all days.
    Dimension {
        /// The events and the dimension: `calls.campaign`.
        dimension: String,
    },
    /// Days of a range are not frozen, so that its sums lack them.
    Missing {
        /// Of which side.
        side: Which,
        /// Which days.
        days: Vec<Day>,
        /// How many days the side spans.
        of: i64,
    },
    /// Days on which a metric is not known, so that its sum lacks them.
    Unknown {
        /// Of which side.
        side: Which,
        /// The metric, by name.
        metric: String,
        /// What people call it.
        label: String,
        /// Which days.
        days: Vec<Day>,
    },
    /// Days that were frozen before they were over or settled.
    Provisional {
        /// Of which side.
        side: Which,
        /// Which days.
        days: Vec<Day>,
    },
    /// A day that is shorter or longer than others.
    Hours {
        /// Of which side.
        side: Which,
        /// Which day.
        day: Day,
        /// How many hours it has.
        hours: Number,
    },
    /// The sides have different numbers of days.
    Lengths {
        /// The days of A.
        a: i64,
        /// The days of B.
        b: i64,
    },
    /// The sides have days in common.
    Overlap {
        /// The first of them.
        from: Day,
        /// The last of them.
        to: Day,
    },
}

/// What is to be known of these metrics on these sides.
pub fn warnings(a: &Side, b: &Side, metrics: &IndexMap<String, MetricSides>) -> Vec<Warning> {
    let mut found = definitions(a, b, metrics);
    let both = [(Which::A, a), (Which::B, b)];
    for (which, side) in both {
        if !side.missing.is_empty() {
            found.push(Warning::Missing { side: which, days: side.missing.clone(), of: side.length() });
        }
        if !side.thinned.is_empty() {
            found.push(Warning::Thinned { side: which, days: side.thinned.clone(), of: side.length() });
        }
    }
    for (which, side) in both.into_iter().filter(|(_, side)| !side.is_day()) {
        for (name, metric) in metrics {
            let days = lacking(side, name);
            // One that the side does not have at all is told in its place.
            if !days.is_empty() && days.len() < side.days.len() {
                let (metric, label) = (name.clone(), metric.label.clone());
                found.push(Warning::Unknown { side: which, metric, label, days });
            }
        }
    }
    for (which, side) in both {
        let provisional = side.days.iter().filter(|day| day.provenance == Provenance::Provisional);
        let days: Vec<Day> = provisional.map(|day| day.id.day).collect();
        if !days.is_empty() {
            found.push(Warning::Provisional { side: which, days });
        }
    }
    for (which, side) in both {
        let odd = side.days.iter().filter(|day| day.hours != Number::from(USUAL_HOURS));
        found.extend(odd.map(|day| Warning::Hours {
            side: which,
            day: day.id.day,
            hours: day.hours.clone(),
        }));
    }
    if a.length() != b.length() {
        found.push(Warning::Lengths { a: a.length(), b: b.length() });
    }
    let (from, to) = (a.from.max(b.from), a.to.min(b.to));
    if from <= to && !(a.is_day() && b.is_day()) {
        found.push(Warning::Overlap { from, to });
    }
    found
}

/// What was defined anew between or inside the sides, as the days go.
fn definitions(a: &Side, b: &Side, metrics: &IndexMap<String, MetricSides>) -> Vec<Warning> {
    let mut days: Vec<&SideDay> = a.days.iter().chain(&b.days).collect();
    days.sort_by_key(|day| day.id);
    // The first day of each definition, in the order of the days.
    let mut whole: IndexMap<Fingerprint, &SideDay> = IndexMap::new();
    for day in days {
        whole.entry(day.fingerprints.fingerprint).or_insert(day);
    }
    let mut found = Vec::new();
    for (name, metric) in metrics {
        let mut variants: IndexMap<Fingerprint, &SideDay> = IndexMap::new();
        for day in whole.values() {
            if let Some(fingerprint) = day.fingerprints.metrics.get(name) {
                variants.entry(*fingerprint).or_insert(day);
            }
        }
        let variants: Vec<&SideDay> = variants.into_values().collect();
        let changes: Vec<DefinitionChange> = variants
            .windows(2)
            .filter_map(|pair| {
                let [one, other] = pair else { return None };
                let (before, after) = (lines(&one.definitions, name), lines(&other.definitions, name));
                let edition = |id: SnapshotId| PreviousDoc { date: id.day, edition: id.edition };
                Some(DefinitionChange {
                    from: edition(one.id),
                    to: edition(other.id),
                    lines: changed(&before, &after),
                })
            })
            .collect();
        if !changes.is_empty() {
            let (metric, label) = (name.clone(), metric.label.clone());
            found.push(Warning::Definition { metric, label, changes });
        }
    }
    found.extend(dimensions(&whole, metrics));
    found
}

fn dimensions(
    whole: &IndexMap<Fingerprint, &SideDay>,
    metrics: &IndexMap<String, MetricSides>,
) -> Vec<Warning> {
    let mut known: BTreeMap<String, Vec<Fingerprint>> = BTreeMap::new();
    for day in whole.values() {
        for (name, metric) in metrics {
            for of in day.definitions.events_of(name) {
                for dimension in metric.by.keys() {
                    let full = format!("{of}.{dimension}");
                    if let Some(fingerprint) = day.fingerprints.dimensions.get(&full) {
                        let all = known.entry(full).or_default();
                        if !all.contains(fingerprint) {
                            all.push(*fingerprint);
                        }
                    }
                }
            }
        }
    }
    let changed = known.into_iter().filter(|(_, variants)| variants.len() > 1);
    changed.map(|(dimension, _)| Warning::Dimension { dimension }).collect()
}
