//! Whether a day's document says what its cubes hold. The cubes are taken as they lie on disk, and
//! added up by another way than the one that made the document.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;
use serde::Deserialize;

use super::figure;
use super::span::{own, own_members};
use super::table::GROUPING;
use crate::model::cube_table::Cells;
use crate::model::definitions::Measure;
use crate::model::metrics_doc::{Figure, MetricDoc, MetricsDoc};
use crate::model::{CubeTable, Definitions, Number};
use crate::plan::measures::MetricColumns;

/// By how much of itself a float may differ.
const FLOAT_TOLERANCE: &str = "0.000000001";

/// The values of one metric by the members of one dimension.
type Members = BTreeMap<Option<String>, Figure>;

/// What the cubes say of one metric.
#[derive(Default)]
struct Told {
    figure: Figure,
    by: BTreeMap<String, Members>,
}

/// What a document says otherwise than its cubes, each as a sentence. `cubes` are by the name of their
/// events; nothing is said of events without one. `floats` names the metrics made of floats.
pub fn disagreements(
    doc: &MetricsDoc,
    definitions: &Definitions,
    cubes: &BTreeMap<String, CubeTable>,
    floats: &BTreeSet<String>,
) -> Vec<String> {
    let mut found = Vec::new();
    let mut told: BTreeMap<&str, Told> = BTreeMap::new();
    for (events, about) in &doc.events {
        let Some(table) = cubes.get(events) else { continue };
        let sums = match Sums::new(table) {
            Ok(sums) => sums,
            Err(what) => {
                found.push(format!("can't be held against the cube of {events}: {what}"));
                continue;
            }
        };
        let rows = sums.value("rows", &sums.total).unwrap_or_else(Number::zero);
        if rows != Number::from(about.rows) {
            found.push(format!("says that {events} has {} rows, and its cube holds {rows}", about.rows));
        }
        let newest = sums.newest();
        if newest != about.newest.as_deref() {
            let said = |time: Option<&str>| time.unwrap_or("none").to_owned();
            let (doc, cube) = (said(about.newest.as_deref()), said(newest));
            found.push(format!("says that the newest of {events} is {doc}, and its cube holds {cube}"));
        }
        for (name, metric) in &definitions.metrics {
            if metric.measure.of() == Some(events.as_str()) {
                told.insert(name, sums.told(name, &metric.measure));
            }
        }
    }
    let ratios: Vec<(&str, Told)> = definitions
        .metrics
        .iter()
        .filter_map(|(name, metric)| Some((name.as_str(), ratio(&metric.measure, definitions, &told)?)))
        .collect();
    told.extend(ratios);
    for (name, metric) in &doc.metrics {
        let Some(told) = told.get(name.as_str()) else { continue };
        let parts = definitions.metrics.get(name).map(|def| def.measure.parts()).unwrap_or_default();
        let float = floats.contains(name) || parts.iter().any(|part| floats.contains(*part));
        compare(name, metric, told, float, &mut found);
    }
    found
}

/// A ratio from what the cubes say of its two sides.
fn ratio(measure: &Measure, definitions: &Definitions, told: &BTreeMap<&str, Told>) -> Option<Told> {
    let Measure::Ratio(ratio) = measure else { return None };
    let (above, below) = (told.get(ratio.numerator.as_str())?, told.get(ratio.denominator.as_str())?);
    let nothing = |name: &String| Some(figure::of_no_rows(&definitions.metrics.get(name)?.measure));
    let (no_upper, no_lower) = (nothing(&ratio.numerator)?, nothing(&ratio.denominator)?);
    let mut by = BTreeMap::new();
    for (dimension, upper) in &above.by {
        let Some(lower) = below.by.get(dimension) else { continue };
        let keys: BTreeSet<&Option<String>> = upper.keys().chain(lower.keys()).collect();
        let members = keys.into_iter().map(|key| {
            let (upper, lower) = (upper.get(key).unwrap_or(&no_upper), lower.get(key).unwrap_or(&no_lower));
            (key.clone(), figure::of_ratio(upper, lower))
        });
        by.insert(dimension.clone(), members.collect());
    }
    Some(Told { figure: figure::of_ratio(&above.figure, &below.figure), by })
}

fn compare(name: &str, doc: &MetricDoc, told: &Told, float: bool, found: &mut Vec<String>) {
    let mut differ = |of: &str, said: &Figure, told: &Figure| {
        if let Some((part, said, told)) = difference(said, told, float) {
            found.push(format!("says that the {part} of {of} is {said}, and the cubes make {told}"));
        }
    };
    differ(name, own(doc), &told.figure);
    let none = Members::new();
    for dimension in doc.by.keys().chain(told.by.keys().filter(|name| !doc.by.contains_key(*name))) {
        let mut left: BTreeMap<&Option<String>, &Figure> =
            told.by.get(dimension).unwrap_or(&none).iter().collect();
        for (member, said) in own_members(doc, dimension) {
            let of = format!("{name} by {dimension} {}", key(member.key.as_ref()));
            match left.remove(&member.key) {
                Some(told) => differ(&of, said, told),
                None => differ(&of, said, &Figure::default()),
            }
        }
        for (member, told) in left {
            let of = format!("{name} by {dimension} {}", key(member.as_ref()));
            differ(&of, &Figure::default(), told);
        }
    }
}

fn key(key: Option<&String>) -> String {
    key.map_or_else(|| "NULL".to_owned(), |key| format!("{key:?}"))
}

/// The first part of a value that differs: its name, what is said, what it should be.
fn difference(said: &Figure, told: &Figure, float: bool) -> Option<(&'static str, String, String)> {
    let parts = |figure: &Figure| {
        let Figure { value, numerator, denominator, sum, count, exact, .. } = figure.clone();
        [
            ("value", value),
            ("numerator", numerator),
            ("denominator", denominator),
            ("sum", sum),
            ("count", count),
            ("exact value", exact),
        ]
    };
    let text = |number: Option<Number>| number.map_or_else(|| "unknown".to_owned(), |n| n.to_string());
    let mut pairs = parts(said).into_iter().zip(parts(told));
    pairs.find_map(|((part, said), (_, told))| {
        (!equal(said.as_ref(), told.as_ref(), float)).then(|| (part, text(said), text(told)))
    })
}

/// Whether two numbers are the same; floats may differ in their last digits.
fn equal(one: Option<&Number>, other: Option<&Number>, float: bool) -> bool {
    match (one, other) {
        (Some(one), Some(other)) if float => {
            let tolerance = FLOAT_TOLERANCE.parse().unwrap_or_else(|_| Number::zero());
            (one - other).abs() <= one.abs().max(other.abs()).times(&tolerance)
        }
        (one, other) => one == other,
    }
}

/// A cube's table, with what is said about it and the rows that its sums are taken of.
struct Sums<'t> {
    table: &'t CubeTable,
    metrics: IndexMap<String, IndexMap<String, String>>,
    folds: IndexMap<String, String>,
    /// The names of the groupings of which all rows are there.
    complete: BTreeSet<String>,
    groupings: Vec<&'t str>,
    /// The rows that hold the whole day once.
    total: Vec<usize>,
}

#[derive(Deserialize)]
struct GroupingFact {
    grouping: String,
    complete: bool,
}

impl<'t> Sums<'t> {
    fn new(table: &'t CubeTable) -> Result<Self, String> {
        fn fact<T: for<'a> Deserialize<'a>>(table: &CubeTable, name: &str) -> Result<T, String> {
            let text = table.metadata.get(name).ok_or_else(|| format!("it has no metadata {name}"))?;
            serde_json::from_str(text).map_err(|error| format!("its metadata {name} can't be read: {error}"))
        }
        let facts: Vec<GroupingFact> = fact(table, "asof.groupings")?;
        let Some(Cells::Text(names)) = table.column(GROUPING) else {
            return Err(format!("it has no text column {GROUPING}"));
        };
        let mut sums = Self {
            table,
            metrics: fact(table, "asof.metrics")?,
            folds: fact(table, "asof.folds")?,
            complete: facts.into_iter().filter(|fact| fact.complete).map(|fact| fact.grouping).collect(),
            groupings: names.iter().map(|name| name.as_deref().unwrap_or_default()).collect(),
            total: Vec::new(),
        };
        sums.total = sums.rows_of(None).unwrap_or_default();
        Ok(sums)
    }

    fn number(&self, column: &str, row: usize) -> Option<&Number> {
        match self.table.column(column)? {
            Cells::Number(cells) => cells.get(row)?.as_ref(),
            Cells::Text(_) => None,
        }
    }

    fn text(&self, column: &str, row: usize) -> Option<&'t str> {
        match self.table.column(column)? {
            Cells::Text(cells) => cells.get(row)?.as_deref(),
            Cells::Number(_) => None,
        }
    }

    /// The rows of the grouping of fewest dimensions, this one among them, that holds every row of the
    /// day once. Groupings that only count different values have no number of rows.
    fn rows_of(&self, dimension: Option<&str>) -> Option<Vec<usize>> {
        let mut found: BTreeMap<(usize, &str), Vec<usize>> = BTreeMap::new();
        for (row, grouping) in self.groupings.iter().enumerate() {
            let names: Vec<&str> = grouping.split(',').filter(|name| !name.is_empty()).collect();
            let fits = dimension.is_none_or(|dimension| names.contains(&dimension));
            if fits && self.complete.contains(*grouping) && self.number("rows", row).is_some() {
                found.entry((names.len(), grouping)).or_default().push(row);
            }
        }
        found.into_values().next()
    }

    /// A column over some rows, as its fold says; unknown where it can't be told from parts.
    fn value(&self, column: &str, rows: &[usize]) -> Option<Number> {
        let values = || rows.iter().filter_map(|row| self.number(column, *row));
        match self.folds.get(column)?.as_str() {
            "sum" => values().next().map(|_| values().sum()),
            "min" => values().min().cloned(),
            "max" => values().max().cloned(),
            _ => None,
        }
    }

    /// The newest event's time.
    fn newest(&self) -> Option<&'t str> {
        self.total.iter().filter_map(|row| self.text("newest", *row)).max()
    }

    /// What it says of a metric.
    fn told(&self, name: &str, measure: &Measure) -> Told {
        let Some(parts) = self.metrics.get(name) else { return Told::default() };
        let distinct = parts.get("distinct");
        let figure = |rows: &[usize], counted: Option<usize>| {
            let value = |part: &str| match distinct {
                Some(column) => self.number(column, counted?).cloned(),
                None => self.value(parts.get(part)?, rows),
            };
            made(parts, value, measure.divide())
        };
        let whole = distinct.and_then(|column| self.counted(column, "").first().copied());
        let mut told = Told { figure: figure(&self.total, whole), by: BTreeMap::new() };
        for dimension in self.dimensions() {
            if matches!(measure, Measure::Distinct(distinct) if !distinct.by.iter().any(|by| by == dimension))
            {
                continue;
            }
            let Some(rows) = self.rows_of(Some(dimension)) else { continue };
            let mut members: BTreeMap<Option<String>, (Vec<usize>, Option<usize>)> = BTreeMap::new();
            for (row, grouping) in self.groupings.iter().enumerate() {
                if grouping.split(',').any(|name| name == dimension) {
                    members.entry(self.text(dimension, row).map(str::to_owned)).or_default();
                }
            }
            let member = |row: usize| self.text(dimension, row).map(str::to_owned);
            for row in rows {
                members.entry(member(row)).or_default().0.push(row);
            }
            for row in distinct.map(|column| self.counted(column, dimension)).unwrap_or_default() {
                members.entry(member(row)).or_default().1 = Some(row);
            }
            let members = members.into_iter().map(|(key, (rows, counted))| (key, figure(&rows, counted)));
            told.by.insert(dimension.to_owned(), members.collect());
        }
        told
    }

    /// The rows of a grouping in which different values were counted.
    fn counted(&self, column: &str, grouping: &str) -> Vec<usize> {
        let rows = self.groupings.iter().enumerate().filter(|(_, name)| **name == grouping);
        rows.map(|(row, _)| row).filter(|row| self.number(column, *row).is_some()).collect()
    }

    /// The dimensions that occur in a grouping.
    fn dimensions(&self) -> BTreeSet<&'t str> {
        self.groupings.iter().flat_map(|name| name.split(',')).filter(|name| !name.is_empty()).collect()
    }
}

/// The value of a metric whose parts are in these columns.
fn made(
    parts: &IndexMap<String, String>,
    value: impl Fn(&str) -> Option<Number>,
    divide: Option<&Number>,
) -> Figure {
    let has = |part: &str| parts.contains_key(part);
    let (columns, names): (MetricColumns, &[&str]) = if has("distinct") {
        (MetricColumns::Distinct(0), &["distinct"])
    } else if has("sum") && has("count") {
        (MetricColumns::Avg { sum: 0, count: 1 }, &["sum", "count"])
    } else if has("sum") {
        (MetricColumns::Sum { sum: 0, rows: 1 }, &["sum", "rows"])
    } else if has("min") {
        (MetricColumns::Min(0), &["min"])
    } else if has("max") {
        (MetricColumns::Max(0), &["max"])
    } else {
        (MetricColumns::Count(0), &["count"])
    };
    let cells = names.iter().map(|part| value(part)).collect();
    figure::of_cells(&columns, &cells, divide)
}
