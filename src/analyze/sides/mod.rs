//! Two days, or two ranges of days, beside each other: each metric on both sides, what it differs by,
//! and which members of a dimension moved it.

mod values;
mod warnings;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use indexmap::{IndexMap, IndexSet};
use serde::Serialize;

pub use values::{SideMetric, SideMetrics, values};
pub use warnings::{DefinitionChange, Warning, Which, warnings};

use super::compare;
use crate::metrics::figure;
use crate::model::definitions::Measure;
use crate::model::manifest::DefinitionsDoc;
use crate::model::metrics_doc::{Figure, Good, MemberDoc, MetricDoc};
use crate::model::{Day, Definitions, Number, Provenance, SnapshotId};

/// The unit of rates, whose values are fractions.
const RATE: &str = "%";

/// A frozen day of a side.
#[derive(Clone, Debug)]
pub struct SideDay {
    /// Which edition of which day.
    pub id: SnapshotId,
    /// How it came to be known.
    pub provenance: Provenance,
    /// How many hours it has.
    pub hours: Number,
    /// What made its numbers.
    pub definitions: Arc<Definitions>,
    /// The fingerprints of these.
    pub fingerprints: DefinitionsDoc,
    /// Its metrics.
    pub metrics: IndexMap<String, MetricDoc>,
}

/// A day or a range of days.
#[derive(Clone, Debug)]
pub struct Side {
    /// Its first day.
    pub from: Day,
    /// Its last day.
    pub to: Day,
    /// Those of its days that are frozen, in order.
    pub days: Vec<SideDay>,
    /// Those that are not.
    pub missing: Vec<Day>,
    /// Those that were frozen and of which the numbers were thinned.
    pub thinned: Vec<Day>,
}

impl Side {
    /// How many days it spans, frozen or not.
    pub fn length(&self) -> i64 {
        self.to.days_since(self.from) + 1
    }

    /// Whether it is one day.
    pub fn is_day(&self) -> bool {
        self.from == self.to
    }
}

/// Two values and what they differ by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Beside {
    /// The value of A.
    pub a: Figure,
    /// The value of B.
    pub b: Figure,
    /// A − B, exact and in the metric's own unit.
    pub difference: Option<Number>,
    /// The difference in percentage points, for a rate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub points: Option<Number>,
    /// The difference in percent of B's size, with 2 decimals; none for a rate.
    pub percentage: Option<Number>,
    /// Why there is no difference, or no percentage.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Whether a member is there on both sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Fate {
    /// Only A has it.
    Appeared,
    /// Only B has it.
    Vanished,
}

/// A member of a dimension on both sides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MovedMember {
    /// The member as the source spells it; `None` is NULL.
    pub key: Option<String>,
    /// What people call it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Whether it is only on one side.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fate: Option<Fate>,
    /// Its values.
    #[serde(flatten)]
    pub beside: Beside,
}

/// A metric on both sides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MetricSides {
    /// What people call it.
    pub label: String,
    /// Its unit.
    pub unit: Option<String>,
    /// Which way is good.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub good: Option<Good>,
    /// Its values.
    #[serde(flatten)]
    pub beside: Beside,
    /// The members of each dimension: what moved most comes first, what is unknown last.
    pub by: IndexMap<String, Vec<MovedMember>>,
    /// Dimensions by which it can't be compared, each with the reason.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub not_by: IndexMap<String, String>,
}

/// The metrics of two sides beside each other: those of these names and dimensions, all where none is named.
pub fn sides(
    one: &SideMetrics,
    other: &SideMetrics,
    metrics: &[String],
    by: &[String],
) -> IndexMap<String, MetricSides> {
    let names: IndexSet<String> = one.keys().chain(other.keys()).cloned().collect();
    let wanted = |name: &String| metrics.is_empty() || metrics.contains(name);
    let names = names.into_iter().filter(wanted);
    names
        .filter_map(|name| {
            let both = beside_each_other(one.get(&name), other.get(&name), by)?;
            Some((name, both))
        })
        .collect()
}

fn beside_each_other(a: Option<&SideMetric>, b: Option<&SideMetric>, by: &[String]) -> Option<MetricSides> {
    let looks = a.or(b)?;
    let (label, unit, good) = (looks.label.clone(), looks.unit.clone(), looks.good);
    let absent = || figure::unknown("it has no such metric");
    let rate = unit.as_deref() == Some(RATE);
    let mut sides = MetricSides {
        label,
        unit,
        good,
        beside: beside(
            a.map_or_else(absent, |a| a.values.figure.clone()),
            b.map_or_else(absent, |b| b.values.figure.clone()),
            rate,
        ),
        by: IndexMap::new(),
        not_by: IndexMap::new(),
    };
    let (Some(a), Some(b)) = (a, b) else { return Some(sides) };
    let wanted = |name: &&String| by.is_empty() || by.contains(name);
    let known = |side: &'_ SideMetric| {
        side.values.by.keys().chain(side.values.not_by.keys()).cloned().collect::<Vec<_>>()
    };
    let names: IndexSet<String> = a.dimensions.iter().cloned().chain(known(a)).chain(known(b)).collect();
    for dimension in names.iter().filter(wanted) {
        match (a.members(dimension), b.members(dimension)) {
            (Ok(one), Ok(other)) => {
                let members = moved((one, a.measure.as_ref()), (other, b.measure.as_ref()), rate);
                sides.by.insert(dimension.clone(), members);
            }
            (Err(reason), _) => {
                sides.not_by.insert(dimension.clone(), format!("A: {reason}"));
            }
            (_, Err(reason)) => {
                sides.not_by.insert(dimension.clone(), format!("B: {reason}"));
            }
        }
    }
    Some(sides)
}

/// Two values and what they differ by; between rates that is points.
pub fn beside(a: Figure, b: Figure, rate: bool) -> Beside {
    let unknown = |side: &str, figure: &Figure| {
        let why = figure.reason.as_deref().unwrap_or("not captured");
        format!("{side} is unknown: {why}")
    };
    let mut found = Beside { a, b, difference: None, points: None, percentage: None, reason: None };
    match (&found.a.value, &found.b.value) {
        (Some(one), Some(other)) => {
            let change = compare(one, other);
            if rate {
                found.points = Some(change.change.times(&Number::from(100_i64)).trimmed());
            } else {
                found.reason = change.percentage.is_none().then(|| "B is 0".to_owned());
                found.percentage = change.percentage;
            }
            found.difference = Some(change.change);
        }
        (None, _) => found.reason = Some(unknown("A", &found.a)),
        (_, None) => found.reason = Some(unknown("B", &found.b)),
    }
    found
}

/// A member as each side has it.
type OnBoth<'m> = (Option<&'m MemberDoc>, Option<&'m MemberDoc>);

/// The members of a dimension on both sides. One that a side lacks had no rows there.
fn moved(
    a: (&[MemberDoc], Option<&Measure>),
    b: (&[MemberDoc], Option<&Measure>),
    rate: bool,
) -> Vec<MovedMember> {
    let mut all: BTreeMap<(bool, &Option<String>), OnBoth<'_>> = BTreeMap::new();
    for member in a.0 {
        all.entry((member.key.is_none(), &member.key)).or_default().0 = Some(member);
    }
    for member in b.0 {
        all.entry((member.key.is_none(), &member.key)).or_default().1 = Some(member);
    }
    let (without_a, without_b) = (figure::of_nothing(a.1), figure::of_nothing(b.1));
    let mut moved: Vec<MovedMember> = all
        .into_iter()
        .map(|((_, key), (one, other))| {
            let label = |member: Option<&MemberDoc>| member.and_then(|member| member.label.clone());
            let value = |member: Option<&MemberDoc>, none: &Figure| {
                member.map_or_else(|| none.clone(), |member| member.figure.clone())
            };
            MovedMember {
                key: key.clone(),
                label: label(one).or_else(|| label(other)),
                fate: match (one, other) {
                    (Some(_), None) => Some(Fate::Appeared),
                    (None, Some(_)) => Some(Fate::Vanished),
                    _ => None,
                },
                beside: beside(value(one, &without_a), value(other, &without_b), rate),
            }
        })
        .collect();
    // Largest first; what is unknown comes last. Equal ones stay in the order of their keys.
    moved.sort_by_cached_key(|member| std::cmp::Reverse(member.beside.difference.as_ref().map(Number::abs)));
    moved
}
