//! The numbers of a day, from its cubes, as they are frozen.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;

use super::cube::Cube;
use super::figure;
use super::over::{self, PastDay};
use super::rollup::{Rollup, roll_up};
use crate::config::Presentation;
use crate::model::definitions::{Measure, MetricDef};
use crate::model::manifest::DefinitionsDoc;
use crate::model::metrics_doc::{
    DimensionDoc, EventsDoc, FORMAT, Figure, MemberDoc, MetricDoc, MetricsDoc, OverDoc,
};
use crate::model::{Day, Definitions, Edition, Provenance};

/// What the numbers of a day are made from.
pub struct DayInput<'a> {
    /// The day.
    pub day: Day,
    /// Which edition of it this will be.
    pub edition: Edition,
    /// How it came to be known.
    pub provenance: Provenance,
    /// What makes the numbers.
    pub definitions: &'a Definitions,
    /// The fingerprints of these definitions.
    pub fingerprints: &'a DefinitionsDoc,
    /// How they are shown.
    pub presentation: &'a Presentation,
    /// What was read, one for each kind of events.
    pub cubes: &'a [Cube],
    /// Frozen days before this one, for metrics over several days.
    pub past: &'a [PastDay],
}

/// The value of a metric and its breakdowns, before they are put in order.
#[derive(Clone, Debug, Default)]
struct Values {
    figure: Figure,
    by: BTreeMap<String, Vec<MemberDoc>>,
    not_by: BTreeMap<String, String>,
}

/// Computes all metrics of a day.
pub fn document(input: &DayInput<'_>) -> MetricsDoc {
    let rolled: Vec<(&Cube, Rollup)> = input.cubes.iter().map(|cube| (cube, roll_up(cube))).collect();
    let mut own: BTreeMap<&str, Values> = BTreeMap::new();
    for (name, metric) in &input.definitions.metrics {
        if let Some((cube, rollup)) =
            rolled.iter().find(|(cube, _)| Some(cube.name.as_str()) == metric.measure.of())
        {
            own.insert(name, values_of(name, metric, cube, rollup));
        }
    }
    let ratios: Vec<(&str, Values)> = input
        .definitions
        .metrics
        .iter()
        .filter_map(|(name, metric)| {
            let Measure::Ratio(ratio) = &metric.measure else { return None };
            let (above, below) = (own.get(ratio.numerator.as_str())?, own.get(ratio.denominator.as_str())?);
            Some((name.as_str(), ratio_of(above, below)))
        })
        .collect();
    own.extend(ratios);
    let metrics = input
        .presentation
        .metrics
        .keys()
        .filter_map(|name| Some((name.clone(), finished(name, &own, input)?)));
    MetricsDoc {
        format: FORMAT.to_owned(),
        date: input.day,
        edition: input.edition,
        provenance: input.provenance,
        previous: None,
        events: input.cubes.iter().map(|cube| (cube.name.clone(), events_doc(cube, input))).collect(),
        metrics: metrics.collect(),
    }
}

fn events_doc(cube: &Cube, input: &DayInput<'_>) -> EventsDoc {
    let look = input.presentation.events.get(&cube.name);
    let label = |name: &str| {
        look.and_then(|look| look.dimensions.get(name)).cloned().unwrap_or_else(|| name.to_owned())
    };
    let place = |name: &str| look.and_then(|look| look.dimensions.get_index_of(name));
    let mut dimensions: Vec<DimensionDoc> = cube
        .dimensions
        .iter()
        .map(|dimension| DimensionDoc {
            name: dimension.name.clone(),
            label: label(&dimension.name),
            time: dimension.span,
            alone: dimension.alone,
        })
        .collect();
    dimensions.sort_by_key(|dimension| place(&dimension.name));
    let notes = if cube.crossed {
        Vec::new()
    } else {
        vec![format!(
            "the crossed dimensions have more than {} groups, so each dimension was counted by itself",
            cube.max_groups
        )]
    };
    EventsDoc {
        label: look.map_or_else(|| cube.name.clone(), |look| look.label.clone()),
        rows: cube.rows().to_i64().and_then(|rows| u64::try_from(rows).ok()).unwrap_or(0),
        newest: cube.newest(),
        dimensions,
        crossed: cube.crossed,
        notes,
    }
}

fn values_of(name: &str, metric: &MetricDef, cube: &Cube, rollup: &Rollup) -> Values {
    let Some(columns) = cube.columns.get(name) else { return Values::default() };
    let divide = metric.measure.divide();
    let mut values = Values { figure: figure::of_cells(columns, &rollup.total, divide), ..Values::default() };
    for (dimension, members) in cube.dimensions.iter().zip(&rollup.by) {
        if let Measure::Distinct(distinct) = &metric.measure
            && !distinct.by.contains(&dimension.name)
        {
            continue;
        }
        let Some(cells) = members else {
            values.not_by.insert(dimension.name.clone(), format!("more than {} members", cube.max_groups));
            continue;
        };
        let members = dimension.members.iter().zip(cells).map(|(member, cells)| MemberDoc {
            key: member.key.clone(),
            label: member.label.clone(),
            figure: figure::of_cells(columns, cells, divide),
            day: None,
        });
        values.by.insert(dimension.name.clone(), members.collect());
    }
    values
}

fn ratio_of(above: &Values, below: &Values) -> Values {
    let mut values = Values { figure: figure::of_ratio(&above.figure, &below.figure), ..Values::default() };
    for (dimension, members) in &above.by {
        if let Some(others) = below.by.get(dimension) {
            values.by.insert(dimension.clone(), ratio_members(members, others));
        }
    }
    for (dimension, reason) in above.not_by.iter().chain(&below.not_by) {
        values.not_by.insert(dimension.clone(), reason.clone());
    }
    values
}

/// The ratio for every member that either side has; a side without it counts nothing.
fn ratio_members(above: &[MemberDoc], below: &[MemberDoc]) -> Vec<MemberDoc> {
    let nothing = figure::known(crate::model::Number::zero());
    let above_keys: BTreeSet<&Option<String>> = above.iter().map(|member| &member.key).collect();
    let below_by_key: BTreeMap<&Option<String>, &Figure> =
        below.iter().map(|member| (&member.key, &member.figure)).collect();
    let mut ratios: Vec<MemberDoc> = above
        .iter()
        .map(|member| {
            let other = below_by_key.get(&member.key).copied().unwrap_or(&nothing);
            MemberDoc { figure: figure::of_ratio(&member.figure, other), ..member.clone() }
        })
        .collect();
    for member in below {
        if !above_keys.contains(&member.key) {
            ratios.push(MemberDoc { figure: figure::of_ratio(&nothing, &member.figure), ..member.clone() });
        }
    }
    ratios
}

/// The metric as it is frozen: over several days where it is defined so, labelled and in order.
fn finished(name: &str, own: &BTreeMap<&str, Values>, input: &DayInput<'_>) -> Option<MetricDoc> {
    let metric = input.definitions.metrics.get(name)?;
    let look = input.presentation.metrics.get(name)?;
    let values = own.get(name)?;
    let mut doc = MetricDoc {
        label: look.label.clone(),
        unit: look.unit.clone(),
        good: look.good,
        of: metric.measure.of().map(str::to_owned),
        figure: values.figure.clone(),
        over: None,
        day: None,
        compared: None,
        recent: None,
        by: ordered(&values.by, metric, input),
        not_by: values.not_by.clone().into_iter().collect(),
    };
    if let Some(days) = metric.over_days {
        take_over(&mut doc, name, metric, days, own, input);
    }
    Some(doc)
}

/// Breakdowns in the order of the configuration.
fn ordered(
    by: &BTreeMap<String, Vec<MemberDoc>>,
    metric: &MetricDef,
    input: &DayInput<'_>,
) -> IndexMap<String, Vec<MemberDoc>> {
    let of = events_of(metric, input.definitions);
    let look = of.and_then(|events| input.presentation.events.get(events));
    let place = |name: &str| look.and_then(|look| look.dimensions.get_index_of(name)).unwrap_or(usize::MAX);
    let mut names: Vec<&String> = by.keys().collect();
    names.sort_by_key(|name| place(name));
    names.into_iter().filter_map(|name| Some((name.clone(), by.get(name)?.clone()))).collect()
}

/// The events a metric is counted over; for a ratio, those of its upper part.
fn events_of<'a>(metric: &'a MetricDef, definitions: &'a Definitions) -> Option<&'a str> {
    metric.measure.of().or_else(|| {
        let upper = metric.measure.parts().first().copied()?;
        definitions.metrics.get(upper)?.measure.of()
    })
}

/// Replaces the day's own values by those over the days that end with it, keeping the own ones.
fn take_over(
    doc: &mut MetricDoc,
    name: &str,
    metric: &MetricDef,
    days: u16,
    own: &BTreeMap<&str, Values>,
    input: &DayInput<'_>,
) {
    let parts = over::parts_of(name, &metric.measure);
    let from = input.day.checked_add(1 - i64::from(days)).unwrap_or(input.day);
    let same = |past: &&PastDay| {
        past.day >= from
            && past.day < input.day
            && parts.iter().all(|part| {
                past.metrics.contains_key(*part)
                    && past.definitions.metrics.get(*part) == input.fingerprints.metrics.get(*part)
            })
    };
    let past: Vec<&PastDay> = input.past.iter().filter(same).collect();
    let had = u16::try_from(past.len() + 1).unwrap_or(u16::MAX);
    let total = |part: &str| {
        let frozen = past.iter().filter_map(|past| past.metrics.get(part));
        let frozen = frozen.map(|doc| over::own(&doc.figure, doc.day.as_ref()));
        let today = own.get(part).map(|values| &values.figure);
        over::merge(measure_of(part, input), frozen.chain(today))
    };
    let merged = match parts.as_slice() {
        [above, below] => figure::of_ratio(&total(above), &total(below)),
        _ => total(name),
    };
    doc.day = Some(std::mem::replace(&mut doc.figure, merged));
    doc.over = Some(OverDoc { days, had, from });
    let dimensions: Vec<String> = doc.by.keys().cloned().collect();
    for dimension in dimensions {
        let differ = past.iter().filter(|past| !same_breakdown(past, &parts, &dimension, input)).count();
        if differ > 0 {
            doc.by.shift_remove(&dimension);
            let reason = format!("{differ} of the {} earlier days were broken down otherwise", past.len());
            doc.not_by.insert(dimension, reason);
            continue;
        }
        let side = |part: &str| members_over(part, &dimension, &past, own, input);
        let merged = match parts.as_slice() {
            [above, below] => ratio_members(&side(above), &side(below)),
            _ => side(name),
        };
        if let Some(members) = doc.by.get_mut(&dimension) {
            let day: BTreeMap<Option<String>, Figure> =
                members.drain(..).map(|member| (member.key, member.figure)).collect();
            let with_day = |member: MemberDoc| MemberDoc { day: day.get(&member.key).cloned(), ..member };
            members.extend(merged.into_iter().map(with_day));
        }
    }
}

fn measure_of<'a>(part: &str, input: &'a DayInput<'_>) -> &'a Measure {
    static NOTHING: Measure = Measure::Ratio(crate::model::definitions::Ratio {
        numerator: String::new(),
        denominator: String::new(),
    });
    input.definitions.metrics.get(part).map_or(&NOTHING, |metric| &metric.measure)
}

/// Whether a frozen day broke the parts down by the same expression.
fn same_breakdown(past: &PastDay, parts: &[&str], dimension: &str, input: &DayInput<'_>) -> bool {
    parts.iter().all(|part| {
        let Some(events) = measure_of(part, input).of() else { return false };
        let full = format!("{events}.{dimension}");
        let equal = past.definitions.dimensions.get(&full) == input.fingerprints.dimensions.get(&full);
        equal && past.metrics.get(*part).is_some_and(|doc| doc.by.contains_key(dimension))
    })
}

/// The members of one part over several days, in key order with NULL last; labels are the newest.
fn members_over(
    part: &str,
    dimension: &str,
    earlier: &[&PastDay],
    own: &BTreeMap<&str, Values>,
    input: &DayInput<'_>,
) -> Vec<MemberDoc> {
    let mut order: IndexMap<Option<String>, (Option<String>, Vec<Figure>)> = IndexMap::new();
    let today =
        own.get(part).and_then(|values| values.by.get(dimension)).map(Vec::as_slice).unwrap_or_default();
    let frozen = earlier.iter().rev().filter_map(|past| past.metrics.get(part)?.by.get(dimension));
    for (member, figure) in
        over::own_members(today).chain(frozen.flat_map(|members| over::own_members(members)))
    {
        let entry = order.entry(member.key.clone()).or_insert_with(|| (member.label.clone(), Vec::new()));
        if entry.0.is_none() {
            entry.0.clone_from(&member.label);
        }
        entry.1.push(figure.clone());
    }
    let spans = input.cubes.iter().flat_map(|cube| &cube.dimensions);
    let is_time = spans.into_iter().any(|found| found.name == dimension && found.span.is_some());
    let mut members: Vec<MemberDoc> = order
        .into_iter()
        .map(|(key, (label, figures))| MemberDoc {
            key,
            label,
            figure: over::merge(measure_of(part, input), figures.iter()),
            day: None,
        })
        .collect();
    if !is_time {
        members.sort_by(|one, other| (one.key.is_none(), &one.key).cmp(&(other.key.is_none(), &other.key)));
    }
    members
}
