//! From cubes and the page's sections to what the page's script is given.

use std::collections::BTreeMap;

use super::data::{ColumnData, CubeData, Data, Digits, Dimension, FormatData, Metric, PanelData, SlotData};
use crate::metrics::cube::{Cube, Groups, Member};
use crate::metrics::rollup;
use crate::model::Number;
use crate::model::definitions::Measure;
use crate::model::metrics_doc::{DimensionDoc, MetricDoc};
use crate::plan::measures::{Fold, MetricColumns, ROWS};
use crate::view::breakdown::Breakdown;
use crate::view::day::{DayInput, SectionView};
use crate::view::format::Format;
use crate::view::panel::Panel;
use crate::view::text::{isolated, member_name, visible, within_sentence};
use crate::view::timeline::{self, Slot};

/// A cube on its way to the page: its groups by some of its crossed dimensions.
pub(super) struct Kept<'a> {
    pub(super) cube: &'a Cube,
    pub(super) groups: Groups,
}

impl<'a> Kept<'a> {
    /// The crossed groups of a cube; `None` when there are none that a choice could be made of.
    pub(super) fn of(cube: &'a Cube) -> Option<Self> {
        let crossed = cube.groupings.first().filter(|groups| cube.crossed && groups.holds_rows())?;
        (!crossed.dimensions.is_empty()).then(|| Self { cube, groups: crossed.clone() })
    }

    /// The same rolled up without a dimension; `None` when it was the last one.
    pub(super) fn without(self, name: &str) -> Option<Self> {
        let left: Vec<usize> = self
            .groups
            .dimensions
            .iter()
            .copied()
            .filter(|at| self.cube.dimensions.get(*at).is_some_and(|dimension| dimension.name != name))
            .collect();
        if left.len() == self.groups.dimensions.len() {
            return Some(self);
        }
        (!left.is_empty()).then(|| Self { groups: rollup::regroup(self.cube, &self.groups, &left), ..self })
    }

    /// How many bytes it takes at the very least: a digit and a comma for each number.
    pub(super) fn least_bytes(&self) -> usize {
        self.groups.rows.len().saturating_mul(2 * (self.groups.dimensions.len() + 1))
    }

    /// Its dimensions' names and how many members each has.
    pub(super) fn dimensions(&self) -> impl Iterator<Item = (&'a str, usize)> {
        let found = self.groups.dimensions.iter().filter_map(|at| self.cube.dimensions.get(*at));
        found.map(|dimension| (dimension.name.as_str(), dimension.members.len()))
    }
}

/// Builds the data; the notes are left to say.
pub(super) fn data(
    input: &DayInput<'_>,
    kept: &[Kept<'_>],
    sections: &[SectionView<'_>],
    panels: &[&Panel],
) -> Data {
    let known = Known::of(input, kept);
    let metrics: Vec<&str> = input.doc.metrics.keys().map(String::as_str).collect();
    let metric_at = |name: &str| metrics.iter().position(|known| *known == name);
    let cubes: Vec<(CubeData, Vec<usize>)> = kept.iter().map(|kept| cube(input, kept, &known)).collect();
    let metric_data = |(name, doc): (&String, &MetricDoc)| {
        let measure = &input.definitions.metrics.get(name)?.measure;
        Some(metric(name, doc, measure, kept, &cubes, &known, &metric_at))
    };
    let breakdowns = sections.iter().flat_map(|section| &section.breakdowns);
    Data {
        metrics: input.doc.metrics.iter().filter_map(metric_data).collect(),
        tiles: sections.iter().flat_map(|s| &s.tiles).filter_map(|tile| metric_at(tile.metric)).collect(),
        panels: breakdowns.zip(panels).map(|(b, panel)| panel_data(b, panel, &known, &metric_at)).collect(),
        dimensions: known.dimensions(input),
        cubes: cubes.into_iter().map(|(cube, _)| cube).collect(),
        notes: Vec::new(),
    }
}

/// The dimensions of all kept cubes by their names, with the members of all of them.
struct Known<'a> {
    names: Vec<&'a str>,
    members: Vec<Vec<&'a Member>>,
    places: Vec<BTreeMap<Option<&'a str>, usize>>,
}

impl<'a> Known<'a> {
    fn of(input: &DayInput<'a>, kept: &[Kept<'a>]) -> Self {
        let mut known = Self { names: Vec::new(), members: Vec::new(), places: Vec::new() };
        let wanted = |name: &str| kept.iter().any(|kept| kept.dimensions().any(|(found, _)| found == name));
        for described in input.doc.events.values().flat_map(|events| &events.dimensions) {
            if wanted(&described.name) && !known.names.contains(&described.name.as_str()) {
                known.names.push(&described.name);
            }
        }
        for name in &known.names {
            let mut members: Vec<&Member> = Vec::new();
            for kept in kept {
                let own = kept.cube.dimensions.iter().filter(|dimension| dimension.name == *name);
                let mut before: Option<usize> = None;
                // One that an earlier cube does not have stands behind the one before it.
                for member in own.flat_map(|dimension| &dimension.members) {
                    let found = members.iter().position(|known| known.key == member.key);
                    let place = found.unwrap_or_else(|| {
                        let place = before.map_or(0, |before| before + 1);
                        members.insert(place, member);
                        place
                    });
                    before = Some(place);
                }
            }
            known.places.push(members.iter().enumerate().map(|(at, m)| (m.key.as_deref(), at)).collect());
            known.members.push(members);
        }
        known
    }

    fn dimension(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|known| *known == name)
    }

    fn member(&self, dimension: usize, key: Option<&str>) -> Option<usize> {
        self.places.get(dimension)?.get(&key).copied()
    }

    fn dimensions(&self, input: &DayInput<'_>) -> Vec<Dimension> {
        let described = |name: &str| -> Option<&DimensionDoc> {
            input.doc.events.values().flat_map(|events| &events.dimensions).find(|found| found.name == name)
        };
        let of_name = self.names.iter().zip(&self.members).map(|(name, members)| {
            let label = described(name).map_or(*name, |found| found.label.as_str());
            let shown = |member: &&Member| {
                let name = member_name(member.key.as_deref(), member.label.as_deref());
                let small = name.small.map(|small| visible(&small).into_owned());
                (member.key.clone(), visible(&name.main).into_owned(), small)
            };
            Dimension {
                name: (*name).to_owned(),
                label: visible(label).into_owned(),
                word: isolated(&within_sentence(label)).into_owned(),
                time: described(name).is_some_and(|found| found.time.is_some()),
                members: members.iter().map(shown).collect(),
            }
        });
        of_name.collect()
    }
}

/// A cube's columns, and which aggregates they are.
fn cube(input: &DayInput<'_>, kept: &Kept<'_>, known: &Known<'_>) -> (CubeData, Vec<usize>) {
    let Kept { cube, groups } = kept;
    let mut aggregates = vec![ROWS];
    for columns in cube.columns.values() {
        let needed = places(columns).into_iter().filter(|at| groups.aggregates.contains(at));
        let new: Vec<usize> = needed.filter(|at| !aggregates.contains(at)).collect();
        aggregates.extend(new);
    }
    let label = input.doc.events.get(&cube.name).map_or(cube.name.as_str(), |events| &events.label);
    let members = groups.dimensions.iter().enumerate().map(|(place, at)| {
        let dimension = cube.dimensions.get(*at);
        let known_as: Vec<usize> = dimension
            .into_iter()
            .flat_map(|dimension| {
                let by = known.dimension(&dimension.name).unwrap_or_default();
                dimension.members.iter().map(move |m| known.member(by, m.key.as_deref()).unwrap_or_default())
            })
            .collect();
        let own = groups.rows.iter().filter_map(|row| row.members.get(place));
        own.filter_map(|own| known_as.get(*own as usize).copied()).collect()
    });
    let data = CubeData {
        word: isolated(&within_sentence(label)).into_owned(),
        by: kept.dimensions().filter_map(|(name, _)| known.dimension(name)).collect(),
        members: members.collect(),
        columns: aggregates.iter().map(|at| column(cube, groups, *at)).collect(),
    };
    (data, aggregates)
}

fn column(cube: &Cube, groups: &Groups, aggregate: usize) -> ColumnData {
    let values: Vec<Option<&Number>> = groups.rows.iter().map(|row| groups.value(row, aggregate)).collect();
    let trimmed: Vec<Option<Number>> = values.into_iter().map(|value| value.map(Number::trimmed)).collect();
    let places = trimmed.iter().flatten().map(|number| number.to_scaled().1).max().unwrap_or(0);
    ColumnData {
        fold: match cube.aggregates.get(aggregate).map(|found| found.fold) {
            Some(Fold::Min) => '<',
            Some(Fold::Max) => '>',
            _ => '+',
        },
        places,
        values: trimmed.iter().map(|value| value.as_ref().map(|number| Digits::of(number, places))).collect(),
    }
}

/// The aggregates that make a metric, in the order in which the script takes them.
fn places(columns: &MetricColumns) -> Vec<usize> {
    match columns {
        MetricColumns::Count(at) | MetricColumns::Min(at) | MetricColumns::Max(at) => vec![*at],
        MetricColumns::Sum { sum, rows } => vec![*sum, *rows],
        MetricColumns::Avg { sum, count } => vec![*sum, *count],
        MetricColumns::Distinct(_) => Vec::new(),
    }
}

fn metric(
    name: &str,
    doc: &MetricDoc,
    measure: &Measure,
    kept: &[Kept<'_>],
    cubes: &[(CubeData, Vec<usize>)],
    known: &Known<'_>,
    metric_at: &impl Fn(&str) -> Option<usize>,
) -> Metric {
    let of = kept.iter().position(|kept| Some(kept.cube.name.as_str()) == measure.of());
    let parts = match (of.and_then(|of| Some((kept.get(of)?, cubes.get(of)?))), measure) {
        (_, Measure::Ratio(ratio)) => {
            [&ratio.numerator, &ratio.denominator].into_iter().filter_map(|part| metric_at(part)).collect()
        }
        (Some((kept, (_, aggregates))), _) => {
            let columns = kept.cube.columns.get(name).map(places).unwrap_or_default();
            columns.iter().filter_map(|at| aggregates.iter().position(|found| found == at)).collect()
        }
        (None, _) => Vec::new(),
    };
    let mut by = BTreeMap::new();
    let mut total = None;
    if let (Measure::Distinct(_), Some(_)) = (measure, of) {
        let digits = |number: Option<&Number>| number.map(|number| Digits::of(number, 0));
        total = digits(doc.figure.value.as_ref());
        for (dimension, members) in &doc.by {
            let Some((at, all)) =
                known.dimension(dimension).and_then(|at| Some((at, known.members.get(at)?)))
            else {
                continue;
            };
            let value = |member: &&Member| {
                let own = members.iter().find(|found| found.key == member.key)?;
                digits(own.figure.value.as_ref())
            };
            by.insert(at, all.iter().map(value).collect());
        }
    }
    let format = Format::of_metric(doc);
    Metric {
        label: isolated(&doc.label).into_owned(),
        word: isolated(&within_sentence(&doc.label)).into_owned(),
        format: FormatData::of(&format),
        is: match measure {
            Measure::Count(_) => "count",
            Measure::Sum(_) => "sum",
            Measure::Min(_) => "min",
            Measure::Max(_) => "max",
            Measure::Avg(_) => "avg",
            Measure::Distinct(_) => "distinct",
            Measure::Ratio(_) => "ratio",
        },
        of,
        parts,
        divide: measure.divide().map(ToString::to_string),
        by,
        total,
        over: doc.over.is_some(),
    }
}

fn panel_data(
    breakdown: &Breakdown<'_>,
    panel: &Panel,
    known: &Known<'_>,
    metric_at: &impl Fn(&str) -> Option<usize>,
) -> PanelData {
    let by = known.dimension(breakdown.dimension);
    let member = |key: Option<&str>| known.member(by?, key);
    let slots = match breakdown.time {
        Some(span) if !panel.charts.is_empty() => timeline::filled(&breakdown.rows, span)
            .iter()
            .filter_map(|slot| match slot {
                Slot::Row(row) => member(row.key).map(SlotData::Member),
                Slot::Empty(minutes) => Some(SlotData::Empty(timeline::name(*minutes, span))),
            })
            .collect(),
        _ => Vec::new(),
    };
    PanelData {
        by,
        metrics: breakdown.columns.iter().filter_map(|column| metric_at(column.metric)).collect(),
        // Without a rest there is none for any choice: it only ever has fewer members.
        top: breakdown.rest.as_ref().map(|_| breakdown.rows.len()),
        shares: breakdown.has_shares(),
        charts: panel.charts.iter().map(|chart| chart.column).collect(),
        slots,
        notes: breakdown.notes.iter().map(|note| visible(note).into_owned()).collect(),
    }
}
