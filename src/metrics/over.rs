//! Metrics over several days, from the parts of frozen days: never an average of averages.

use std::collections::{BTreeMap, BTreeSet};

use super::figure;
use super::span::{merge, merge_members, own, own_members};
use super::values::{self, Values};
use crate::model::definitions::Measure;
use crate::model::manifest::DefinitionsDoc;
use crate::model::metrics_doc::{Figure, MemberDoc, MetricDoc, OverDoc};
use crate::model::{Day, Definitions};

/// What is needed of a frozen day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastDay {
    /// The day.
    pub day: Day,
    /// What made its numbers.
    pub definitions: DefinitionsDoc,
    /// The metrics named by [`needed`]; none where its numbers were thinned.
    pub metrics: BTreeMap<String, MetricDoc>,
    /// Whether its numbers were thinned.
    pub thinned: bool,
}

/// What a metric over several days is made from.
pub struct OverInput<'a> {
    /// The day.
    pub day: Day,
    /// What makes its numbers.
    pub definitions: &'a Definitions,
    /// The fingerprints of these definitions.
    pub fingerprints: &'a DefinitionsDoc,
    /// Its own values, by metric.
    pub own: &'a BTreeMap<&'a str, Values>,
    /// Frozen days before it.
    pub past: &'a [PastDay],
}

/// Which metrics of past days are needed, and how many days back at most; 0 when none are.
pub fn needed(definitions: &Definitions) -> (BTreeSet<&str>, u16) {
    let mut names = BTreeSet::new();
    let mut days = 0;
    for (name, metric) in &definitions.metrics {
        let Some(over) = metric.over_days else { continue };
        days = days.max(over.saturating_sub(1));
        names.extend(parts_of(name, &metric.measure));
    }
    (names, days)
}

/// The metrics whose frozen values make a metric over several days.
fn parts_of<'a>(name: &'a str, measure: &'a Measure) -> Vec<&'a str> {
    let parts = measure.parts();
    if parts.is_empty() { vec![name] } else { parts }
}

/// Replaces the day's own values by those over the days that end with it, keeping the own ones.
pub fn take_over(doc: &mut MetricDoc, name: &str, input: &OverInput<'_>) {
    let Some(metric) = input.definitions.metrics.get(name) else { return };
    let Some(days) = metric.over_days else { return };
    let sides: Vec<Side<'_>> =
        parts_of(name, &metric.measure).into_iter().filter_map(|part| Side::new(part, input)).collect();
    let from = input.day.checked_add(1 - i64::from(days)).unwrap_or(input.day);
    let span = from..input.day;
    let (lost, past): (Vec<&PastDay>, Vec<&PastDay>) = input
        .past
        .iter()
        .filter(|past| span.contains(&past.day) && sides.iter().all(|side| side.is_same(past, input)))
        .partition(|past| past.thinned);
    // Days that were never frozen are left out and told by their number. Of these the numbers were known.
    let lost = (!lost.is_empty()).then(|| {
        let all = lost.len() + past.len();
        format!("the totals of {} of the {all} earlier days were thinned", lost.len())
    });
    let merged = match sides.as_slice() {
        _ if lost.is_some() => figure::unknown(lost.as_deref().unwrap_or_default()),
        [only] => only.total(&past),
        [above, below] => figure::of_ratio(&above.total(&past), &below.total(&past)),
        _ => return,
    };
    doc.day = Some(std::mem::replace(&mut doc.figure, merged));
    doc.over = Some(OverDoc { days, had: u16::try_from(past.len() + 1).unwrap_or(u16::MAX), from });
    for (dimension, own) in std::mem::take(&mut doc.by) {
        let differ = past
            .iter()
            .filter(|past| !sides.iter().all(|side| side.is_same_by(&dimension, past, input)))
            .count();
        if lost.is_some() || differ > 0 {
            // The own values stay, for the days after this one.
            let reason = lost.clone().unwrap_or_else(|| {
                format!("{differ} of the {} earlier days were broken down otherwise", past.len())
            });
            let unknown = |member: MemberDoc| MemberDoc {
                day: Some(member.figure),
                figure: figure::unknown(reason.as_str()),
                ..member
            };
            doc.by.insert(dimension, own.into_iter().map(unknown).collect());
            continue;
        }
        let members = |side: &Side<'_>| side.members(&dimension, &past);
        let mut merged = match sides.as_slice() {
            [above, below] => {
                let (upper, lower) = (members(above), members(below));
                values::ratios((above.measure, &upper), (below.measure, &lower))
            }
            sides => sides.first().map(members).unwrap_or_default(),
        };
        if let Some(side) = sides.first() {
            values::sort(&mut merged, input.definitions, side.measure, &dimension);
        }
        let mut own: BTreeMap<Option<String>, Figure> =
            own.into_iter().map(|member| (member.key, member.figure)).collect();
        for member in &mut merged {
            member.day = own.remove(&member.key);
        }
        doc.by.insert(dimension, merged);
    }
}

/// One of the metrics that make a metric over several days.
struct Side<'a> {
    name: &'a str,
    measure: &'a Measure,
    today: &'a Values,
}

impl<'a> Side<'a> {
    fn new(name: &'a str, input: &OverInput<'a>) -> Option<Self> {
        let measure = &input.definitions.metrics.get(name)?.measure;
        Some(Self { name, measure, today: input.own.get(name)? })
    }

    /// Whether a frozen day measured the same.
    fn is_same(&self, past: &PastDay, input: &OverInput<'_>) -> bool {
        (past.thinned || past.metrics.contains_key(self.name))
            && past.definitions.metrics.get(self.name) == input.fingerprints.metrics.get(self.name)
    }

    /// Whether a frozen day broke it down by the same expression.
    fn is_same_by(&self, dimension: &str, past: &PastDay, input: &OverInput<'_>) -> bool {
        let full = format!("{}.{dimension}", self.measure.of().unwrap_or_default());
        past.definitions.dimensions.get(&full) == input.fingerprints.dimensions.get(&full)
            && past.metrics.get(self.name).is_some_and(|doc| doc.by.contains_key(dimension))
    }

    fn total(&self, past: &[&PastDay]) -> Figure {
        let frozen = past.iter().filter_map(|past| past.metrics.get(self.name)).map(own);
        merge(self.measure, frozen.chain([&self.today.figure]))
    }

    /// The members over several days, in no order; their labels are the newest.
    fn members(&self, dimension: &str, past: &[&PastDay]) -> Vec<MemberDoc> {
        let today = self.today.by.get(dimension).map(Vec::as_slice).unwrap_or_default();
        let frozen = past.iter().rev().filter_map(|past| past.metrics.get(self.name));
        let frozen = frozen.flat_map(|doc| own_members(doc, dimension));
        let today = today.iter().map(|member| (member, &member.figure));
        merge_members(self.measure, today.chain(frozen))
    }
}
