//! What the numbers of a frozen day are for a choice of members, from its cubes as they lie on disk. What they can't tell
//! is unknown, and never the number of the whole day. The script of a frozen page does the same for itself.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;

use super::agree::made;
use super::figure;
use super::table::GROUPING;
use crate::model::cube_table::Cells;
use crate::model::definitions::Measure;
use crate::model::metrics_doc::{EventsDoc, Figure, MemberDoc, MetricDoc, MetricsDoc};
use crate::model::{CubeTable, Definitions, Number};

/// Why a number is not known that is known of the whole day.
pub const NOT_KNOWN: &str = "not known for this choice";

/// Which members are chosen: of each dimension that is named, some; `None` is NULL.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choice(pub BTreeMap<String, BTreeSet<Option<String>>>);

/// A day for a choice.
pub struct Chosen {
    /// Its numbers. They say nothing of other days.
    pub doc: MetricsDoc,
    /// Of each kind of events how many rows are chosen; `None` where that is not known.
    pub rows: BTreeMap<String, Option<Number>>,
    /// The dimensions by which nothing is known for this choice.
    pub without: BTreeSet<String>,
}

/// The rows of each member of a dimension.
type ByMember = BTreeMap<Option<String>, Vec<usize>>;

/// The crossed groups of a cube that are chosen.
struct Groups<'t> {
    table: &'t CubeTable,
    metrics: IndexMap<String, IndexMap<String, String>>,
    folds: IndexMap<String, String>,
    all: Vec<usize>,
    by: BTreeMap<&'t str, ByMember>,
}

/// The names of the dimensions that are crossed with each other; none where each was counted by itself.
pub fn crossed(events: &EventsDoc) -> Vec<&str> {
    let crossed = events.dimensions.iter().filter(|dimension| events.crossed && !dimension.alone);
    crossed.map(|dimension| dimension.name.as_str()).collect()
}

/// How many rows of these events each member of a dimension has.
pub fn rows_of(table: &CubeTable, about: &EventsDoc, dimension: &str) -> BTreeMap<Option<String>, Number> {
    let Some(groups) = Groups::of(table, about, &Choice::default()) else { return BTreeMap::new() };
    let members = groups.by.get(dimension).into_iter().flatten();
    members.map(|(key, rows)| (key.clone(), groups.rows(rows))).collect()
}

/// The numbers of a day for a choice.
pub fn chosen(
    doc: &MetricsDoc,
    definitions: &Definitions,
    cubes: &BTreeMap<String, CubeTable>,
    choice: &Choice,
) -> Chosen {
    let of = |(name, about): (&String, &EventsDoc)| {
        Some((name.clone(), Groups::of(cubes.get(name)?, about, choice)?))
    };
    let groups: BTreeMap<String, Groups<'_>> = doc.events.iter().filter_map(of).collect();
    let day = Day { doc, definitions, choice, groups };
    let (mut told, mut without) = (doc.clone(), BTreeSet::new());
    told.previous = None;
    for (name, metric) in &mut told.metrics {
        day.metric(name, metric, &mut without);
    }
    let rows = doc.events.keys().map(|name| {
        let rows = day.groups.get(name).map(|groups| groups.rows(&groups.all));
        (name.clone(), rows)
    });
    // What some metric is known by is not said to be unknown.
    without.retain(|dimension| !told.metrics.values().any(|metric| metric.by.contains_key(dimension)));
    Chosen { rows: rows.collect(), doc: told, without }
}

struct Day<'a> {
    doc: &'a MetricsDoc,
    definitions: &'a Definitions,
    choice: &'a Choice,
    groups: BTreeMap<String, Groups<'a>>,
}

/// One member of a dimension.
type Within<'w> = Option<(&'w str, &'w Option<String>)>;

impl<'a> Day<'a> {
    /// Puts what is chosen in the place of what is known of the whole day.
    fn metric(&self, name: &str, metric: &mut MetricDoc, without: &mut BTreeSet<String>) {
        let figure = |within: Within<'_>| {
            if metric.over.is_some() { figure::unknown(NOT_KNOWN) } else { self.figure(name, within) }
        };
        let total = figure(None);
        let mut by = IndexMap::new();
        for (dimension, members) in &metric.by {
            if !self.knows(name, dimension) {
                without.insert(dimension.clone());
                continue;
            }
            let happened = |member: &&MemberDoc| self.happened(name, Some((dimension, &member.key)));
            let told = |member: &MemberDoc| MemberDoc {
                figure: figure(Some((dimension, &member.key))),
                day: None,
                ..member.clone()
            };
            by.insert(dimension.clone(), members.iter().filter(happened).map(told).collect());
        }
        (metric.figure, metric.by) = (total, by);
        (metric.over, metric.day, metric.seen, metric.apart) = (None, None, None, None);
        (metric.compared, metric.recent) = (None, None);
    }

    fn measure(&self, name: &str) -> Option<&Measure> {
        self.definitions.metrics.get(name).map(|metric| &metric.measure)
    }

    /// The groups of the events that a metric counts.
    fn groups(&self, measure: &Measure) -> Option<&Groups<'a>> {
        self.groups.get(measure.of()?)
    }

    /// Whether the members of a dimension can be told apart.
    fn knows(&self, name: &str, dimension: &str) -> bool {
        let Some(measure) = self.measure(name) else { return false };
        match measure {
            Measure::Ratio(ratio) => {
                self.knows(&ratio.numerator, dimension) && self.knows(&ratio.denominator, dimension)
            }
            _ => self.groups(measure).is_some_and(|groups| groups.by.contains_key(dimension)),
        }
    }

    /// Whether there are any rows.
    fn happened(&self, name: &str, within: Within<'_>) -> bool {
        match self.measure(name) {
            Some(Measure::Ratio(ratio)) => {
                self.happened(&ratio.numerator, within) || self.happened(&ratio.denominator, within)
            }
            Some(measure) => self.groups(measure).is_some_and(|groups| !groups.within(within).is_empty()),
            None => false,
        }
    }

    fn figure(&self, name: &str, within: Within<'_>) -> Figure {
        let unknown = || figure::unknown(NOT_KNOWN);
        let Some(measure) = self.measure(name) else { return unknown() };
        if let Measure::Ratio(ratio) = measure {
            let parts = [&ratio.numerator, &ratio.denominator].map(|part| self.figure(part, within));
            let [above, below] = &parts;
            let is_unknown = |figure: &Figure| figure.reason.as_deref() == Some(NOT_KNOWN);
            return if is_unknown(above) || is_unknown(below) {
                unknown()
            } else {
                figure::of_ratio(above, below)
            };
        }
        let Some(groups) = self.groups(measure) else { return unknown() };
        let rows = groups.within(within);
        if matches!(measure, Measure::Distinct(_)) {
            return if rows.is_empty() { figure::known(Number::zero()) } else { self.distinct(name, within) };
        }
        let Some(parts) = groups.metrics.get(name) else { return unknown() };
        made(parts, |part| groups.value(parts.get(part)?, rows), measure.divide())
    }

    /// Counts of different values don't add up: one is known for a single member that it was counted by.
    fn distinct(&self, name: &str, within: Within<'_>) -> Figure {
        let mut choice = self.choice.0.clone();
        if let Some((dimension, key)) = within {
            choice.insert(dimension.to_owned(), BTreeSet::from([key.clone()]));
        }
        let mut chosen = choice.iter();
        let (Some((dimension, keys)), None) = (chosen.next(), chosen.next()) else {
            return figure::unknown(NOT_KNOWN);
        };
        let mut keys = keys.iter();
        let (Some(key), None) = (keys.next(), keys.next()) else { return figure::unknown(NOT_KNOWN) };
        let metric = self.doc.metrics.get(name).filter(|metric| metric.over.is_none());
        let members = metric.and_then(|metric| metric.by.get(dimension));
        let member = members.and_then(|members| members.iter().find(|member| member.key == *key));
        member.map_or_else(|| figure::unknown(NOT_KNOWN), |member| member.figure.clone())
    }
}

impl<'t> Groups<'t> {
    /// `None` where the dimensions were not crossed, or one that is chosen is not among them.
    fn of(table: &'t CubeTable, about: &EventsDoc, choice: &Choice) -> Option<Self> {
        let fact = |name: &str| table.metadata.get(name);
        let crossed: BTreeSet<&str> = crossed(about).into_iter().collect();
        if crossed.is_empty() || choice.0.keys().any(|name| !crossed.contains(name.as_str())) {
            return None;
        }
        let Some(Cells::Text(groupings)) = table.column(GROUPING) else { return None };
        let is_crossed = |grouping: &Option<String>| {
            grouping.as_ref().is_some_and(|names| names.split(',').collect::<BTreeSet<_>>() == crossed)
        };
        let Some(Cells::Number(counted)) = table.column("rows") else { return None };
        let mut columns: Vec<(&'t str, &'t [Option<String>])> = Vec::new();
        for column in &table.columns {
            if let (true, Cells::Text(cells)) = (crossed.contains(column.name.as_str()), &column.cells) {
                columns.push((&column.name, cells));
            }
        }
        let fits = |row: usize| {
            columns.iter().all(|(name, cells)| {
                let wanted = choice.0.get(*name);
                wanted.is_none_or(|wanted| cells.get(row).is_some_and(|key| wanted.contains(key)))
            })
        };
        let rows = groupings.iter().enumerate().filter(|(_, grouping)| is_crossed(grouping));
        let rows = rows.map(|(row, _)| row).filter(|row| matches!(counted.get(*row), Some(Some(_))));
        let all: Vec<usize> = rows.filter(|row| fits(*row)).collect();
        let mut by: BTreeMap<&str, ByMember> = BTreeMap::new();
        for (name, cells) in &columns {
            let members = by.entry(name).or_default();
            for row in &all {
                members.entry(cells.get(*row).cloned().flatten()).or_default().push(*row);
            }
        }
        Some(Self {
            table,
            metrics: serde_json::from_str(fact("asof.metrics")?).ok()?,
            folds: serde_json::from_str(fact("asof.folds")?).ok()?,
            all,
            by,
        })
    }

    /// The rows of a member, or all.
    fn within(&self, within: Within<'_>) -> &[usize] {
        let Some((dimension, key)) = within else { return &self.all };
        self.by.get(dimension).and_then(|members| members.get(key)).map_or(&[], Vec::as_slice)
    }

    /// How many rows of the source these groups hold.
    fn rows(&self, groups: &[usize]) -> Number {
        self.value("rows", groups).unwrap_or_else(Number::zero)
    }

    /// A column over some groups, as its fold says.
    fn value(&self, column: &str, rows: &[usize]) -> Option<Number> {
        let Some(Cells::Number(cells)) = self.table.column(column) else { return None };
        let values = || rows.iter().filter_map(|row| cells.get(*row)?.as_ref());
        match self.folds.get(column)?.as_str() {
            "sum" => values().next().map(|_| values().sum()),
            "min" => values().min().cloned(),
            "max" => values().max().cloned(),
            _ => None,
        }
    }
}
