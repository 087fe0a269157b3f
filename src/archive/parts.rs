//! A day's values with what they were made of, and nothing else: for adding up many days.
//!
//! What a day says of other days (how it compares, its last weeks) is passed over unparsed.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::reading::METRICS;
use super::{Archive, ArchiveError, document};
use crate::model::metrics_doc::{self, Figure, Good, MemberDoc, MetricDoc, OverDoc};
use crate::model::{Manifest, Number};

#[derive(Deserialize)]
struct Lean<'a> {
    #[serde(borrow)]
    metrics: IndexMap<String, &'a RawValue>,
}

// Without a flattened `Figure`, which would make every value pass through a buffer.
#[derive(Deserialize)]
struct LeanMetric {
    label: String,
    unit: Option<String>,
    good: Option<Good>,
    of: Option<String>,
    value: Option<Number>,
    reason: Option<String>,
    numerator: Option<Number>,
    denominator: Option<Number>,
    sum: Option<Number>,
    count: Option<Number>,
    exact: Option<Number>,
    over: Option<OverDoc>,
    day: Option<Figure>,
    #[serde(default)]
    by: IndexMap<String, Vec<LeanMember>>,
    #[serde(default)]
    not_by: IndexMap<String, String>,
}

#[derive(Deserialize)]
struct LeanMember {
    key: Option<String>,
    label: Option<String>,
    value: Option<Number>,
    reason: Option<String>,
    numerator: Option<Number>,
    denominator: Option<Number>,
    sum: Option<Number>,
    count: Option<Number>,
    exact: Option<Number>,
    day: Option<Figure>,
}

impl From<LeanMetric> for MetricDoc {
    fn from(lean: LeanMetric) -> Self {
        let LeanMetric { value, reason, numerator, denominator, sum, count, exact, .. } = lean;
        let by = lean.by.into_iter();
        Self {
            label: lean.label,
            unit: lean.unit,
            good: lean.good,
            of: lean.of,
            figure: Figure { value, reason, numerator, denominator, sum, count, exact },
            over: lean.over,
            day: lean.day,
            seen: None,
            apart: None,
            compared: None,
            recent: None,
            by: by.map(|(name, members)| (name, members.into_iter().map(Into::into).collect())).collect(),
            not_by: lean.not_by,
        }
    }
}

impl From<LeanMember> for MemberDoc {
    fn from(lean: LeanMember) -> Self {
        let LeanMember { value, reason, numerator, denominator, sum, count, exact, .. } = lean;
        Self {
            key: lean.key,
            label: lean.label,
            figure: Figure { value, reason, numerator, denominator, sum, count, exact },
            day: lean.day,
        }
    }
}

impl Archive {
    /// A snapshot's metrics of these names, all when none is given, without what they say of other days.
    ///
    /// # Errors
    /// Those of [`Archive::metrics`].
    pub fn parts(
        &self,
        manifest: &Manifest,
        names: &BTreeSet<&str>,
    ) -> Result<IndexMap<String, MetricDoc>, ArchiveError> {
        let bytes = self.read_file(manifest, METRICS)?;
        let path = self.metrics_path(manifest);
        let lean: Lean<'_> = document::read(&bytes, &path, metrics_doc::FORMAT)?;
        let wanted = |name: &str| names.is_empty() || names.contains(name);
        let chosen = lean.metrics.into_iter().filter(|(name, _)| wanted(name));
        chosen
            .map(|(name, text)| {
                let metric: LeanMetric = serde_json::from_str(text.get()).map_err(|error| {
                    document::damaged(&path, format!("can't be read: its metric {name}: {error}"))
                })?;
                Ok((name, metric.into()))
            })
            .collect()
    }
}
