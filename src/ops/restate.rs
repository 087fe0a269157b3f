//! Whether what was read differs from what is frozen: pure.
//!
//! Only values read from the source count, and only under equal definitions. What is
//! derived from other days never does, so that one restatement does not set off others. Where a day's
//! keys are kept, they count: other keys are a difference even if they are as many.

use std::collections::{BTreeMap, BTreeSet};

use crate::analyze::same::{apart, same_figure};
use crate::metrics::span::own;
use crate::model::definitions::Measure;
use crate::model::manifest::{DefinitionsDoc, EventsRead};
use crate::model::metrics_doc::{MetricDoc, MetricsDoc};
use crate::model::seen::{KeyId, KeysDoc};
use crate::model::{Definitions, Digest, Manifest};

/// One side of the comparison: what is frozen, or what was read now.
#[derive(Clone, Copy, Debug)]
pub struct Side<'a> {
    /// The numbers.
    pub doc: &'a MetricsDoc,
    /// What made them.
    pub fingerprints: &'a DefinitionsDoc,
    /// What was read.
    pub events: &'a BTreeMap<String, EventsRead>,
    /// The keys that are counted over time, by metric.
    pub keys: &'a BTreeMap<String, SameKeys>,
}

/// By what the keys of two readings are held against each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SameKeys {
    /// What they were hashed with: others can't be compared.
    pub key: KeyId,
    /// The digest of their file.
    pub file: Digest,
}

/// The keys that a frozen day kept.
pub fn kept_keys(manifest: &Manifest) -> BTreeMap<String, SameKeys> {
    let file = |path: &str| manifest.files.iter().find(|doc| doc.path == path).map(|doc| doc.sha256);
    let kept = |keys: &KeysDoc| Some(SameKeys { key: keys.key, file: file(&keys.file)? });
    manifest.keys.iter().filter_map(|(name, keys)| Some((name.clone(), kept(keys)?))).collect()
}

/// What differs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Differences {
    /// The metrics with a value that differs, in total or by a dimension.
    pub metrics: Vec<String>,
    /// The events of which single groups differ although no total or breakdown does.
    pub groups_of: Vec<String>,
    /// The metrics that are not compared, because they are defined differently now or are new.
    pub redefined: Vec<String>,
}

impl Differences {
    /// Whether no number differs.
    pub fn is_empty(&self) -> bool {
        self.metrics.is_empty() && self.groups_of.is_empty()
    }
}

/// Compares what was read now with what is frozen.
pub fn differences(frozen: Side<'_>, now: Side<'_>, definitions: &Definitions) -> Differences {
    let mut found = Differences::default();
    let floats: BTreeSet<&String> =
        frozen.events.values().chain(now.events.values()).flat_map(|events| &events.floats).collect();
    let mut moved_events = BTreeSet::new();
    for (name, metric) in &definitions.metrics {
        if matches!(metric.measure, Measure::Ratio(_)) {
            continue;
        }
        let (Some(old), Some(new)) = (frozen.doc.metrics.get(name), now.doc.metrics.get(name)) else {
            found.redefined.push(name.clone());
            continue;
        };
        if frozen.fingerprints.metrics.get(name) != now.fingerprints.metrics.get(name) {
            found.redefined.push(name.clone());
            continue;
        }
        let of = metric.measure.of().unwrap_or_default();
        let same_dimension = |dimension: &str| {
            let full = format!("{of}.{dimension}");
            frozen.fingerprints.dimensions.get(&full) == now.fingerprints.dimensions.get(&full)
        };
        let other_keys = match (frozen.keys.get(name), now.keys.get(name)) {
            (Some(old), Some(new)) => old.key == new.key && old.file != new.file,
            _ => false,
        };
        if other_keys || !same_metric(&metric.measure, (old, new), floats.contains(name), same_dimension) {
            found.metrics.push(name.clone());
            moved_events.insert(of.to_owned());
        }
    }
    if frozen.fingerprints.fingerprint == now.fingerprints.fingerprint {
        for (events, read) in now.events {
            // Groups can only be held against groups of the same kind: crossed, or each dimension by itself.
            let equal = frozen.events.get(events).is_some_and(|old| {
                old.numbers == read.numbers || old.groups.is_some() != read.groups.is_some()
            });
            if !equal && !moved_events.contains(events) {
                found.groups_of.push(events.clone());
            }
        }
    }
    found
}

fn same_metric(
    measure: &Measure,
    (old, new): (&MetricDoc, &MetricDoc),
    float: bool,
    same_dimension: impl Fn(&str) -> bool,
) -> bool {
    let both = |dimension: &&String| same_dimension(dimension) && new.by.contains_key(*dimension);
    same_figure(own(old), own(new), float)
        && old
            .by
            .keys()
            .filter(both)
            .all(|dimension| apart(Some(measure), (old, new), dimension, float).is_empty())
}
