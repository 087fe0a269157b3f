//! What one side's metrics come to: a day's as they were frozen, a range's added up from the days' own.

use std::collections::BTreeMap;

use indexmap::{IndexMap, IndexSet};

use super::{Side, SideDay};
use crate::metrics::values::{Part, Values};
use crate::metrics::{figure, span};
use crate::model::Day;
use crate::model::definitions::Measure;
use crate::model::metrics_doc::{Figure, Good, MemberDoc, MetricDoc};

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

/// The metrics of a day as they were frozen; those over several days with what they had over these.
pub fn values(side: &Side) -> IndexMap<String, SideMetric> {
    of_day(
        side,
        |doc| doc.figure.clone(),
        |doc, dimension| doc.by.get(dimension).cloned().unwrap_or_default(),
    )
}

/// The metrics of a side from what each of its days had itself.
pub fn own_values(side: &Side) -> IndexMap<String, SideMetric> {
    if side.is_day() {
        return of_day(
            side,
            |doc| span::own(doc).clone(),
            |doc, dimension| {
                let own = span::own_members(doc, dimension);
                own.map(|(member, figure)| MemberDoc { figure: figure.clone(), day: None, ..member.clone() })
                    .collect()
            },
        );
    }
    of_range(side)
}

fn of_day(
    side: &Side,
    figure: impl Fn(&MetricDoc) -> Figure,
    members: impl Fn(&MetricDoc, &str) -> Vec<MemberDoc>,
) -> IndexMap<String, SideMetric> {
    let Some(day) = side.days.last() else { return IndexMap::new() };
    let of = |(name, doc): (&String, &MetricDoc)| {
        let values = Values {
            figure: figure(doc),
            by: doc.by.keys().map(|dimension| (dimension.clone(), members(doc, dimension))).collect(),
            not_by: doc.not_by.clone().into_iter().collect(),
        };
        (name.clone(), SideMetric::new(doc, day.measure(name), values))
    };
    day.metrics.iter().map(of).collect()
}

fn of_range(side: &Side) -> IndexMap<String, SideMetric> {
    // As the newest day has them, then what only earlier days had.
    let names: IndexSet<&str> =
        side.days.iter().rev().flat_map(|day| day.metrics.keys().map(String::as_str)).collect();
    let mut found: IndexMap<String, SideMetric> = IndexMap::with_capacity(names.len());
    let mut ratios: BTreeMap<&str, (&SideDay, &Measure)> = BTreeMap::new();
    for name in names {
        let days: Vec<(&SideDay, &MetricDoc)> =
            side.days.iter().filter_map(|day| Some((day, day.metrics.get(name)?))).collect();
        let Some((newest, doc)) = days.last() else { continue };
        let measure = newest.measure(name);
        let values = match measure {
            None => unknown("what it measures is not known"),
            Some(measure) => {
                let odd = days.iter().filter(|(day, _)| !adds_up(day.measure(name), measure)).count();
                if odd > 0 {
                    unknown(format!("it was measured otherwise on {odd} of the {} days", days.len()))
                } else if let Measure::Ratio(_) = measure {
                    ratios.insert(name, (newest, measure));
                    Values::default()
                } else {
                    added(measure, &days)
                }
            }
        };
        found.insert(name.to_owned(), SideMetric::new(doc, measure, values));
    }
    let made: Vec<(&str, Values)> = ratios
        .into_iter()
        .map(|(name, (day, measure))| {
            let part = |name: &str| {
                let part = found.get(name)?;
                Some(Part { measure: part.measure.as_ref()?, values: &part.values })
            };
            let parts = measure.parts();
            let both = parts.first().zip(parts.get(1));
            let both = both.and_then(|(above, below)| part(above).zip(part(below)));
            let values = both.map_or_else(
                || unknown("what it is made of is not in the archive"),
                |(above, below)| Values::of_ratio(above, below, &day.definitions),
            );
            (name, values)
        })
        .collect();
    for (name, values) in made {
        if let Some(metric) = found.get_mut(name) {
            metric.values = values;
        }
    }
    found
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
fn added(measure: &Measure, days: &[(&SideDay, &MetricDoc)]) -> Values {
    let mut values = Values {
        figure: span::merge(measure, days.iter().map(|(_, doc)| span::own(doc))),
        ..Values::default()
    };
    let dimensions: IndexSet<&String> =
        days.iter().flat_map(|(_, doc)| doc.by.keys().chain(doc.not_by.keys())).collect();
    for dimension in dimensions {
        let without: Vec<&(&SideDay, &MetricDoc)> =
            days.iter().filter(|(_, doc)| !doc.by.contains_key(dimension)).collect();
        if let Some((day, doc)) = without.first() {
            let why = doc.not_by.get(dimension).map_or("not broken down by it", String::as_str);
            let reason =
                format!("{} of the {} days lack it, {} first: {why}", without.len(), days.len(), day.id);
            values.not_by.insert(dimension.clone(), reason);
            continue;
        }
        // The newest first: its labels are those that are shown.
        let members = days.iter().rev().flat_map(|(_, doc)| span::own_members(doc, dimension));
        values.by.insert(dimension.clone(), span::merge_members(measure, members));
    }
    values
}

/// The days of a range whose value is in no sum: those without the metric, and those on which it was unknown
/// where it adds up.
pub(super) fn lacking(side: &Side, name: &str) -> Vec<Day> {
    let lacks = |day: &SideDay, name: &str| {
        let unknown = |doc: &MetricDoc| {
            let sums = matches!(day.measure(name), Some(Measure::Sum(_) | Measure::Count(_)));
            sums && span::own(doc).value.is_none()
        };
        day.metrics.get(name).is_none_or(unknown)
    };
    let days = side.days.iter().filter(|day| {
        let parts = day.measure(name).map(Measure::parts).unwrap_or_default();
        lacks(day, name) || parts.iter().any(|part| lacks(day, part))
    });
    days.map(|day| day.id.day).collect()
}
