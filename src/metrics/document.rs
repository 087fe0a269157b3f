//! The numbers of a day, from its cubes, as they are frozen.

use std::collections::BTreeMap;

use indexmap::IndexMap;

use super::cube::Cube;
use super::over::{OverInput, PastDay, take_over};
use super::rollup::{Rollup, roll_up};
use super::values::{Part, Values};
use crate::config::Presentation;
use crate::model::definitions::{Measure, MetricDef};
use crate::model::manifest::DefinitionsDoc;
use crate::model::metrics_doc::{DimensionDoc, EventsDoc, FORMAT, MemberDoc, MetricDoc, MetricsDoc};
use crate::model::seen::ApartDoc;
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

/// Computes all metrics of a day.
pub fn document(input: &DayInput<'_>) -> MetricsDoc {
    let rolled: Vec<(&Cube, Rollup)> = input.cubes.iter().map(|cube| (cube, roll_up(cube))).collect();
    let mut own: BTreeMap<&str, Values> = BTreeMap::new();
    for (name, metric) in &input.definitions.metrics {
        if let Some((cube, rollup)) =
            rolled.iter().find(|(cube, _)| Some(cube.name.as_str()) == metric.measure.of())
        {
            own.insert(name, Values::of_cube(name, &metric.measure, cube, rollup));
        }
    }
    let part = |name: &str| {
        let measure = &input.definitions.metrics.get(name)?.measure;
        Some(Part { measure, values: own.get(name)? })
    };
    let ratios: Vec<(&str, Values)> = input
        .definitions
        .metrics
        .iter()
        .filter_map(|(name, metric)| {
            let Measure::Ratio(ratio) = &metric.measure else { return None };
            let (above, below) = (part(&ratio.numerator)?, part(&ratio.denominator)?);
            Some((name.as_str(), Values::of_ratio(above, below, input.definitions)))
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
        seen: None,
        apart: apart(name, &metric.measure, input),
        compared: None,
        recent: None,
        by: ordered(&values.by, metric, input),
        not_by: values.not_by.clone().into_iter().collect(),
    };
    let over = OverInput {
        day: input.day,
        definitions: input.definitions,
        fingerprints: input.fingerprints,
        own,
        past: input.past,
    };
    take_over(&mut doc, name, &over);
    Some(doc)
}

/// What a count of normalised keys left out.
fn apart(name: &str, measure: &Measure, input: &DayInput<'_>) -> Option<ApartDoc> {
    let normalised = matches!(measure, Measure::Distinct(distinct) if distinct.kind.is_some());
    let mut cubes = input.cubes.iter().filter(|_| normalised);
    cubes.find_map(|cube| cube.keys.get(name)).map(|keys| keys.apart)
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
