//! What one side's metrics come to: a day's as they were frozen, a range's added up from the days' own.

use std::collections::BTreeMap;

use indexmap::{IndexMap, IndexSet};

use super::{Side, SideDay};
use crate::metrics::values::{Values, sort};
use crate::metrics::{figure, span};
use crate::model::Day;
use crate::model::definitions::{Measure, Ratio};
use crate::model::metrics_doc::{Figure, Good, MemberDoc, MetricDoc};

/// Why a ratio over several days is unknown although each of its parts is known on some.
const NEVER_BOTH: &str = "on no day are both of its parts known";

/// The metrics of a side, by name.
pub type SideMetrics = IndexMap<String, SideMetric>;

/// A metric of a side.
#[derive(Clone, Debug)]
pub struct SideMetric {
    /// What people call it.
    pub label: String,
    /// Its unit.
    pub unit: Option<String>,
    /// Which way is good.
    pub good: Option<Good>,
    /// What it measures, by the newest day.
    pub measure: Option<Measure>,
    /// Its dimensions in the order in which they are shown.
    pub dimensions: Vec<String>,
    /// Its value and its breakdowns.
    pub values: Values,
}

impl SideMetric {
    fn new(doc: &MetricDoc, measure: Option<&Measure>, values: Values) -> Self {
        Self {
            label: doc.label.clone(),
            unit: doc.unit.clone(),
            good: doc.good,
            measure: measure.cloned(),
            dimensions: doc.by.keys().cloned().collect(),
            values,
        }
    }

    /// The members of a dimension, or why there are none.
    pub(super) fn members(&self, dimension: &str) -> Result<&[MemberDoc], &str> {
        let members = self.values.by.get(dimension).map(Vec::as_slice);
        let why = || {
            let unknown = self.values.figure.reason.as_deref().filter(|_| self.values.by.is_empty());
            self.values.not_by.get(dimension).map(String::as_str).or(unknown)
        };
        members.ok_or_else(|| why().unwrap_or("not broken down by it"))
    }
}

impl SideDay {
    /// What a metric measures on this day.
    pub(super) fn measure(&self, name: &str) -> Option<&Measure> {
        self.definitions.metrics.get(name).map(|metric| &metric.measure)
    }
}

/// The metrics of a side: of a day as they were frozen, of a range from what each of its days had itself.
pub fn values(side: &Side) -> SideMetrics {
    if side.is_day() { of_day(side) } else { of_range(side) }
}

fn of_day(side: &Side) -> SideMetrics {
    let Some(day) = side.days.last() else { return IndexMap::new() };
    let of = |(name, doc): (&String, &MetricDoc)| {
        let values = Values {
            figure: doc.figure.clone(),
            by: doc.by.clone().into_iter().collect(),
            not_by: doc.not_by.clone().into_iter().collect(),
        };
        (name.clone(), SideMetric::new(doc, day.measure(name), values))
    };
    day.metrics.iter().map(of).collect()
}

fn of_range(side: &Side) -> SideMetrics {
    // As the newest day has them, then what only earlier days had.
    let names: IndexSet<&str> =
        side.days.iter().rev().flat_map(|day| day.metrics.keys().map(String::as_str)).collect();
    let metrics = names.into_iter().filter_map(|name| {
        let days: Vec<DayOf<'_>> =
            side.days.iter().filter_map(|day| Some((day, day.metrics.get(name)?))).collect();
        let (newest, doc) = *days.last()?;
        let measure = newest.measure(name);
        let values = match measure {
            None => unknown("what it measures is not known"),
            Some(measure) => match (differs(name, measure, &days), over(side, name), measure) {
                (Some(why), ..) => unknown(why),
                (None, Some(over), _) => {
                    unknown(format!("each day has it over {over} days, and these don't add up"))
                }
                (None, None, Measure::Ratio(ratio)) => of_ratio(side, ratio),
                (None, None, measure) => added(measure, &days),
            },
        };
        Some((name.to_owned(), SideMetric::new(doc, measure, values)))
    });
    metrics.collect()
}

/// A metric on a day.
type DayOf<'s> = (&'s SideDay, &'s MetricDoc);

/// Over how many days a metric is taken on the newest of the days on which it is taken over several.
fn over(side: &Side, name: &str) -> Option<u16> {
    side.days.iter().rev().find_map(|day| day.definitions.metrics.get(name)?.over_days)
}

/// Why the values of these days are no values of one kind.
fn differs(name: &str, measure: &Measure, days: &[DayOf<'_>]) -> Option<String> {
    let odd = days.iter().filter(|(day, _)| !adds_up(day.measure(name), measure)).count();
    (odd > 0).then(|| format!("it was measured otherwise on {odd} of the {} days", days.len()))
}

/// A ratio from its parts, over the days on which both are known: sums over different days make no ratio.
fn of_ratio(side: &Side, ratio: &Ratio) -> Values {
    let names = [ratio.numerator.as_str(), ratio.denominator.as_str()];
    let both = |day: &SideDay| names.iter().all(|name| day.metrics.contains_key(*name));
    let days: Vec<&SideDay> = side.days.iter().filter(|day| both(day)).collect();
    let Some(newest) = days.last() else {
        let there = |name: &&str| side.days.iter().any(|day| day.metrics.contains_key(*name));
        let all = names.iter().all(there);
        return unknown(if all { NEVER_BOTH } else { "what it is made of is not in the archive" });
    };
    let known: Vec<&SideDay> = days.iter().copied().filter(|day| knows(day, ratio)).collect();
    // Where nothing is known, the days say why.
    let used = if known.is_empty() { &days } else { &known };
    let part = |name: &str| {
        let measure = newest.measure(name)?;
        let days: Vec<DayOf<'_>> =
            used.iter().filter_map(|day| Some((*day, day.metrics.get(name)?))).collect();
        Some((measure, days))
    };
    let [Some((above, uppers)), Some((below, lowers))] = names.map(part) else {
        return unknown("what it is made of is not known");
    };
    for (side, name, measure, days) in
        [("numerator", names[0], above, &uppers), ("denominator", names[1], below, &lowers)]
    {
        if let Some(why) = differs(name, measure, days) {
            return unknown(format!("the {side} is unknown: {why}"));
        }
    }
    let pairs =
        uppers.iter().zip(&lowers).map(|((_, above), (_, below))| (span::own(above), span::own(below)));
    let mut values =
        Values { figure: over_both((above, below), &pairs.collect::<Vec<_>>()), ..Values::default() };
    let lacks = [without(&uppers), without(&lowers)];
    for dimension in uppers.iter().flat_map(|(_, doc)| doc.by.keys()).collect::<IndexSet<_>>() {
        if lacks.iter().any(|lacks| lacks.contains_key(dimension)) {
            continue;
        }
        let mut members = members((above, &uppers), (below, &lowers), dimension);
        sort(&mut members, &newest.definitions, above, dimension);
        values.by.insert(dimension.clone(), members);
    }
    values.not_by = lacks.into_iter().flatten().collect();
    values
}

/// The ratio of each member over the days on which both its parts are known.
fn members(
    above: (&Measure, &[DayOf<'_>]),
    below: (&Measure, &[DayOf<'_>]),
    dimension: &str,
) -> Vec<MemberDoc> {
    type Pairs<'s> = Vec<(&'s Figure, &'s Figure)>;
    let no_rows = (figure::of_no_rows(above.0), figure::of_no_rows(below.0));
    let mut all: IndexMap<&Option<String>, (Option<&String>, Pairs<'_>)> = IndexMap::new();
    // The newest first: its labels are those that are shown.
    for ((_, upper), (_, lower)) in above.1.iter().zip(below.1).rev() {
        let mut of_day: IndexMap<&Option<String>, (&MemberDoc, &Figure, &Figure)> = IndexMap::new();
        for (member, figure) in span::own_members(upper, dimension) {
            of_day.insert(&member.key, (member, figure, &no_rows.1));
        }
        for (member, figure) in span::own_members(lower, dimension) {
            of_day.entry(&member.key).or_insert((member, &no_rows.0, figure)).2 = figure;
        }
        for (key, (member, upper, lower)) in of_day {
            let (label, pairs) = all.entry(key).or_default();
            *label = label.or(member.label.as_ref());
            pairs.push((upper, lower));
        }
    }
    let member = |(key, (label, pairs)): (&Option<String>, (Option<&String>, Pairs<'_>))| MemberDoc {
        key: key.clone(),
        label: label.cloned(),
        figure: over_both((above.0, below.0), &pairs),
        day: None,
    };
    all.into_iter().map(member).collect()
}

/// One figure over another, each of the days on which both are known.
fn over_both((above, below): (&Measure, &Measure), pairs: &[(&Figure, &Figure)]) -> Figure {
    let known: Vec<(&Figure, &Figure)> = pairs
        .iter()
        .copied()
        .filter(|(above, below)| above.value.is_some() && below.value.is_some())
        .collect();
    let used = if known.is_empty() { pairs } else { &known };
    let figure = figure::of_ratio(
        &span::merge(above, used.iter().map(|(above, _)| *above)),
        &span::merge(below, used.iter().map(|(_, below)| *below)),
    );
    if known.is_empty() && figure.value.is_some() { figure::unknown(NEVER_BOTH) } else { figure }
}

/// Whether both parts of a ratio are known on a day.
fn knows(day: &SideDay, ratio: &Ratio) -> bool {
    let known = |name: &String| day.metrics.get(name).is_some_and(|doc| span::own(doc).value.is_some());
    known(&ratio.numerator) && known(&ratio.denominator)
}

/// Whether values of these two add up to one.
fn adds_up(one: Option<&Measure>, other: &Measure) -> bool {
    one.is_some_and(|one| {
        std::mem::discriminant(one) == std::mem::discriminant(other)
            && one.divide() == other.divide()
            && one.parts() == other.parts()
    })
}

fn unknown(reason: impl Into<String>) -> Values {
    Values { figure: figure::unknown(reason), ..Values::default() }
}

/// The days' own values as one, by all dimensions that all of them have.
fn added(measure: &Measure, days: &[DayOf<'_>]) -> Values {
    let mut values = Values {
        figure: span::merge(measure, days.iter().map(|(_, doc)| span::own(doc))),
        ..Values::default()
    };
    values.not_by = without(days);
    for dimension in days.iter().flat_map(|(_, doc)| doc.by.keys()).collect::<IndexSet<_>>() {
        if values.not_by.contains_key(dimension) {
            continue;
        }
        // The newest first: its labels are those that are shown.
        let members = days.iter().rev().flat_map(|(_, doc)| span::own_members(doc, dimension));
        values.by.insert(dimension.clone(), span::merge_members(measure, members));
    }
    values
}

/// The dimensions that not all of these days have, each with the reason.
fn without(days: &[DayOf<'_>]) -> BTreeMap<String, String> {
    let dimensions: IndexSet<&String> =
        days.iter().flat_map(|(_, doc)| doc.by.keys().chain(doc.not_by.keys())).collect();
    let lacking = dimensions.into_iter().filter_map(|dimension| {
        let without: Vec<&DayOf<'_>> =
            days.iter().filter(|(_, doc)| !doc.by.contains_key(dimension)).collect();
        let (day, doc) = without.first()?;
        let why = doc.not_by.get(dimension).map_or("not broken down by it", String::as_str);
        let reason = format!("{} of the {} days lack it, {} first: {why}", without.len(), days.len(), day.id);
        Some((dimension.clone(), reason))
    });
    lacking.collect()
}

/// The days of a range whose value is in no sum: those without the metric, and those on which it was unknown
/// where it adds up; of a ratio those on which not both its parts are known.
pub(super) fn lacking(side: &Side, name: &str) -> Vec<Day> {
    if over(side, name).is_some() {
        // It has no sum at all.
        return Vec::new();
    }
    let ratio = side.days.iter().rev().find_map(|day| match day.measure(name) {
        Some(Measure::Ratio(ratio)) => Some(ratio),
        _ => None,
    });
    let lacks = |day: &&SideDay| match ratio {
        Some(ratio) => !knows(day, ratio),
        None => day.metrics.get(name).is_none_or(|doc| {
            let sums = matches!(day.measure(name), Some(Measure::Sum(_) | Measure::Count(_)));
            sums && span::own(doc).value.is_none()
        }),
    };
    side.days.iter().filter(lacks).map(|day| day.id.day).collect()
}
