//! How a frozen day and the same day as the source has it now lie apart: metric by metric, and which
//! members that comes from. Pure.
//!
//! Only the day's own values count. Labels, comparisons and what is taken over several days never do:
//! they follow from other days.

use std::collections::BTreeSet;

use indexmap::IndexMap;

use super::compare::compare;
use super::same::{OnSide, apart, same_figure};
use crate::metrics::figure;
use crate::metrics::span::own;
use crate::model::compared::ChangeDoc;
use crate::model::definitions::{Measure, MetricDef};
use crate::model::manifest::DefinitionsDoc;
use crate::model::metrics_doc::{Figure, MetricDoc, MetricsDoc};
use crate::model::{Definitions, Number};

/// What has become of a number or a day, the worst last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// It reads the same.
    Unchanged,
    /// It is not read by what it was frozen by.
    Redefined,
    /// Rows were changed or came late.
    Restated,
    /// Rows are gone: they were archived or pruned.
    SourceShrunk,
    /// The source no longer takes the queries.
    Unreadable,
}

impl Kind {
    /// Every kind, the worst last.
    pub const ALL: [Self; 5] =
        [Self::Unchanged, Self::Redefined, Self::Restated, Self::SourceShrunk, Self::Unreadable];

    /// The word, as it stands in documents.
    pub fn word(self) -> &'static str {
        match self {
            Self::Unchanged => "unchanged",
            Self::Redefined => "redefined",
            Self::Restated => "restated",
            Self::SourceShrunk => "source_shrunk",
            Self::Unreadable => "unreadable",
        }
    }
}

/// One side: what is frozen, or what was read now.
#[derive(Clone, Copy, Debug)]
pub struct Side<'a> {
    /// The numbers.
    pub doc: &'a MetricsDoc,
    /// What makes them.
    pub definitions: &'a Definitions,
    /// Its fingerprints.
    pub fingerprints: &'a DefinitionsDoc,
}

/// What is held against each other.
#[derive(Clone, Copy)]
pub struct Input<'a> {
    /// What is frozen.
    pub frozen: Side<'a>,
    /// What was read now.
    pub live: Side<'a>,
    /// The metrics made of floats, on either side.
    pub floats: &'a BTreeSet<String>,
    /// The events of which rows are gone.
    pub shrunk: &'a BTreeSet<String>,
    /// The metrics of which other keys were counted, even if as many.
    pub other_keys: &'a BTreeSet<String>,
    /// The events of which single groups differ although no total or breakdown does.
    pub groups_of: &'a [String],
    /// By which share of its frozen value a metric may move.
    pub tolerance: &'a dyn Fn(&str) -> Number,
    /// Only these metrics; all when there are none.
    pub only: &'a [String],
}

/// How a day lies apart from what is frozen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayDrift {
    /// The worst of all.
    pub kind: Kind,
    /// Each metric, in the order of the frozen document, new ones last.
    pub metrics: IndexMap<String, MetricDrift>,
    /// The events of which single groups differ although no total or breakdown does.
    pub groups_of: Vec<String>,
}

/// How a metric is defined now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Defined {
    /// As it was.
    Alike,
    /// Otherwise than it was.
    Changed,
    /// It was not there.
    Added,
    /// It is there no more.
    Removed,
}

/// How a metric lies apart from what is frozen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetricDrift {
    /// What people call it.
    pub label: String,
    /// Its unit, as in the document.
    pub unit: Option<String>,
    /// What has become of it.
    pub kind: Kind,
    /// How it is defined now.
    pub defined: Defined,
    /// Whether it is taken over several days: only this day's own part is held against each other then.
    pub this_day: bool,
    /// The value of the whole day on both sides.
    pub pair: Pair,
    /// Whether it has moved, but by no more than it may.
    pub within_tolerance: bool,
    /// Whether other keys were counted.
    pub other_keys: bool,
    /// The members that moved, by dimension: the largest change first.
    pub by: IndexMap<String, Vec<MemberDrift>>,
}

/// A value on both sides.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pair {
    /// What is frozen; `None` when it is unknown or not there.
    pub frozen: Option<Number>,
    /// What was read now.
    pub live: Option<Number>,
    /// From the one to the other, where both are known.
    pub change: Option<ChangeDoc>,
}

/// Whether a member is on both sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// It is.
    Both,
    /// Only the source has it now.
    Appeared,
    /// Only the frozen day has it.
    Vanished,
}

/// How a member of a dimension lies apart from what is frozen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberDrift {
    /// The member; `None` is NULL.
    pub key: Option<String>,
    /// What people call it.
    pub label: Option<String>,
    /// Whether it is on both sides.
    pub presence: Presence,
    /// Its value on both sides. What is counted or summed counts as 0 on the side that has no rows of it.
    pub pair: Pair,
}

/// Holds a frozen day against what was read now.
pub fn drift(input: &Input<'_>) -> DayDrift {
    let wanted = |name: &&String| input.only.is_empty() || input.only.contains(name);
    let (frozen, live) = (&input.frozen.doc.metrics, &input.live.doc.metrics);
    let names: Vec<&String> =
        frozen.keys().chain(live.keys().filter(|name| !frozen.contains_key(*name))).filter(wanted).collect();
    let metrics: IndexMap<String, MetricDrift> =
        names.into_iter().filter_map(|name| Some((name.clone(), metric(name, input)?))).collect();
    let groups_of = if input.only.is_empty() { input.groups_of.to_vec() } else { Vec::new() };
    let gone = |name: &String| events_of(name, input).iter().any(|events| input.shrunk.contains(*events));
    let shrunk = if input.only.is_empty() { !input.shrunk.is_empty() } else { metrics.keys().any(gone) };
    let worst = metrics.values().map(|metric| metric.kind);
    let worst = worst
        .chain((!groups_of.is_empty()).then_some(Kind::Restated))
        .chain(shrunk.then_some(Kind::SourceShrunk));
    DayDrift { kind: worst.max().unwrap_or(Kind::Unchanged), metrics, groups_of }
}

/// The definition of a metric, on either side.
fn definition<'a>(name: &str, input: &Input<'a>) -> Option<&'a MetricDef> {
    let of = |side: &Side<'a>| side.definitions.metrics.get(name);
    of(&input.frozen).or_else(|| of(&input.live))
}

/// The events that a metric, or the parts of a ratio, are taken over.
fn events_of<'a>(name: &str, input: &Input<'a>) -> Vec<&'a str> {
    let frozen = input.frozen.definitions;
    if frozen.metrics.contains_key(name) { frozen } else { input.live.definitions }.events_of(name)
}

fn metric(name: &str, input: &Input<'_>) -> Option<MetricDrift> {
    let (old, new) = (input.frozen.doc.metrics.get(name), input.live.doc.metrics.get(name));
    let shown = old.or(new)?;
    let prints = |side: &Side<'_>| side.fingerprints.metrics.get(name).copied();
    let defined = match (old, new) {
        (None, _) => Defined::Added,
        (_, None) => Defined::Removed,
        _ if prints(&input.frozen) != prints(&input.live) => Defined::Changed,
        _ => Defined::Alike,
    };
    let measure = definition(name, input).map(|metric| &metric.measure);
    let parts = measure.map(Measure::parts).unwrap_or_default();
    let float = input.floats.contains(name) || parts.iter().any(|part| input.floats.contains(*part));
    let adds = matches!(measure, Some(Measure::Count(_) | Measure::Sum(_) | Measure::Distinct(_)));
    let (total, same) = match (old, new) {
        (Some(old), Some(new)) => {
            (pair(Some(own(old)), Some(own(new))), same_figure(own(old), own(new), float))
        }
        (old, new) => (pair(old.map(own), new.map(own)), false),
    };
    let by = match (old, new) {
        (Some(old), Some(new)) => members(name, (old, new), float, measure, input),
        _ => IndexMap::new(),
    };
    let other_keys = input.other_keys.contains(name);
    let moved = !same || !by.is_empty() || other_keys;
    let gone = events_of(name, input).iter().any(|events| input.shrunk.contains(*events));
    let allowed = total.frozen.as_ref().map(|frozen| (input.tolerance)(name).times(&frozen.abs()));
    let within = |change: &Number| allowed.as_ref().is_some_and(|allowed| change.abs() <= *allowed);
    // What only moves from one member to another is told too, where members add up to the total.
    let mut added = by.values().flatten().filter(|_| adds).map(|member| &member.pair);
    let tolerated = !(input.tolerance)(name).is_zero()
        && total.change.as_ref().is_some_and(|found| within(&found.change))
        && added.all(|pair| pair.change.as_ref().is_some_and(|found| within(&found.change)));
    let kind = match defined {
        Defined::Changed | Defined::Added | Defined::Removed => Kind::Redefined,
        Defined::Alike if !moved => Kind::Unchanged,
        Defined::Alike if gone => Kind::SourceShrunk,
        Defined::Alike if tolerated => Kind::Unchanged,
        Defined::Alike => Kind::Restated,
    };
    Some(MetricDrift {
        label: shown.label.clone(),
        unit: shown.unit.clone(),
        kind,
        defined,
        this_day: old.into_iter().chain(new).any(|doc| doc.day.is_some()),
        pair: total,
        within_tolerance: moved && kind == Kind::Unchanged,
        other_keys,
        by,
    })
}

/// The members that moved, by the dimensions that both sides have alike.
fn members(
    name: &str,
    (old, new): (&MetricDoc, &MetricDoc),
    float: bool,
    measure: Option<&Measure>,
    input: &Input<'_>,
) -> IndexMap<String, Vec<MemberDrift>> {
    let events = events_of(name, input);
    let alike = |dimension: &&String| {
        new.by.contains_key(*dimension)
            && events.iter().all(|events| {
                let full = format!("{events}.{dimension}");
                let print = |side: &Side<'_>| side.fingerprints.dimensions.get(&full).copied();
                print(&input.frozen) == print(&input.live)
            })
    };
    let mut by = IndexMap::new();
    for dimension in old.by.keys().filter(alike) {
        let moved = apart(measure, (old, new), dimension, float);
        let mut moved: Vec<MemberDrift> = moved.into_iter().map(|both| member_drift(both, measure)).collect();
        moved.sort_by(|one, other| size(&other.pair).cmp(&size(&one.pair)).then(one.key.cmp(&other.key)));
        if !moved.is_empty() {
            by.insert(dimension.clone(), moved);
        }
    }
    by
}

fn member_drift((old, new): (OnSide<'_>, OnSide<'_>), measure: Option<&Measure>) -> MemberDrift {
    let member = old.or(new).map(|(member, _)| member);
    let presence = match (old, new) {
        (Some(_), Some(_)) => Presence::Both,
        (None, _) => Presence::Appeared,
        (_, None) => Presence::Vanished,
    };
    let nothing = figure::of_nothing(measure);
    let figure = |found: OnSide<'_>| pair_value(found.map_or(&nothing, |(_, figure)| figure));
    MemberDrift {
        key: member.and_then(|member| member.key.clone()),
        label: member.and_then(|member| member.label.clone()),
        presence,
        pair: pair_of(figure(old), figure(new)),
    }
}

/// How much a member has moved, for their order.
fn size(pair: &Pair) -> Number {
    let lone = || pair.frozen.as_ref().or(pair.live.as_ref()).map(Number::abs);
    pair.change.as_ref().map(|found| found.change.abs()).or_else(lone).unwrap_or_else(Number::zero)
}

fn pair_value(figure: &Figure) -> Option<Number> {
    figure.value.clone()
}

fn pair(old: Option<&Figure>, new: Option<&Figure>) -> Pair {
    pair_of(old.and_then(pair_value), new.and_then(pair_value))
}

fn pair_of(frozen: Option<Number>, live: Option<Number>) -> Pair {
    let change = match (&frozen, &live) {
        (Some(frozen), Some(live)) => Some(compare(live, frozen)),
        _ => None,
    };
    Pair { frozen, live, change }
}

#[cfg(test)]
mod tests;
