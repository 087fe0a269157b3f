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
        (Some(one), Some(other)) if float => one.is_close(other),
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
    /// For each dimension, the rows of each member, of a grouping that holds the whole day once; none
    /// where no such grouping is complete.
    by: BTreeMap<&'t str, BTreeMap<Option<&'t str>, Vec<usize>>>,
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
            by: BTreeMap::new(),
        };
        sums.total = sums.rows_of(None).unwrap_or_default();
        sums.by =
            sums.dimensions().into_iter().filter_map(|name| Some((name, sums.members(name)?))).collect();
        Ok(sums)
    }

    /// A column of numbers; nothing where there is none.
    fn numbers(&self, column: &str) -> &'t [Option<Number>] {
        match self.table.column(column) {
            Some(Cells::Number(cells)) => cells,
            _ => &[],
        }
    }

    /// A column of texts; nothing where there is none.
    fn texts(&self, column: &str) -> &'t [Option<String>] {
        match self.table.column(column) {
            Some(Cells::Text(cells)) => cells,
            _ => &[],
        }
    }

    /// The rows of the grouping of fewest dimensions, this one among them, that holds every row of the
    /// day once. Groupings that only count different values have no number of rows.
    fn rows_of(&self, dimension: Option<&str>) -> Option<Vec<usize>> {
        let counted = self.numbers("rows");
        let mut found: BTreeMap<(usize, &str), Vec<usize>> = BTreeMap::new();
        for (row, grouping) in self.groupings.iter().enumerate() {
            let fits = dimension.is_none_or(|dimension| grouping.split(',').any(|name| name == dimension));
            if fits && matches!(counted.get(row), Some(Some(_))) && self.complete.contains(*grouping) {
                let dimensions = grouping.split(',').filter(|name| !name.is_empty()).count();
                found.entry((dimensions, grouping)).or_default().push(row);
            }
        }
        found.into_values().next()
    }

    /// A column over some rows, as its fold says; unknown where it can't be told from parts.
    fn value(&self, column: &str, rows: &[usize]) -> Option<Number> {
        let cells = self.numbers(column);
        let values = || rows.iter().filter_map(|row| cells.get(*row)?.as_ref());
        match self.folds.get(column)?.as_str() {
            "sum" => values().next().map(|_| values().sum()),
            "min" => values().min().cloned(),
            "max" => values().max().cloned(),
            _ => None,
        }
    }

    /// The newest event's time.
    fn newest(&self) -> Option<&'t str> {
        let cells = self.texts("newest");
        self.total.iter().filter_map(|row| cells.get(*row)?.as_deref()).max()
    }

    /// The members of a dimension, in whatever grouping they occur, each with its rows.
    fn members(&self, dimension: &str) -> Option<BTreeMap<Option<&'t str>, Vec<usize>>> {
        let rows = self.rows_of(Some(dimension))?;
        let keys = self.texts(dimension);
        let key = |row: usize| keys.get(row).and_then(Option::as_deref);
        let mut members: BTreeMap<Option<&'t str>, Vec<usize>> = BTreeMap::new();
        for (row, grouping) in self.groupings.iter().enumerate() {
            if grouping.split(',').any(|name| name == dimension) {
                members.entry(key(row)).or_default();
            }
        }
        for row in rows {
            members.entry(key(row)).or_default().push(row);
        }
        Some(members)
    }

    /// What it says of a metric.
    fn told(&self, name: &str, measure: &Measure) -> Told {
        let Some(parts) = self.metrics.get(name) else { return Told::default() };
        if let (Measure::Distinct(distinct), Some(column)) = (measure, parts.get("distinct")) {
            return self.told_distinct(&distinct.by, parts, column);
        }
        let figure = |rows: &[usize]| {
            let value = |part: &str| self.value(parts.get(part)?, rows);
            made(parts, value, measure.divide())
        };
        let by = self.by.iter().map(|(dimension, members)| {
            let members = members.iter().map(|(key, rows)| (key.map(str::to_owned), figure(rows)));
            ((*dimension).to_owned(), members.collect())
        });
        Told { figure: figure(&self.total), by: by.collect() }
    }

    /// What it says of a count of different values, which was asked for each grouping by itself.
    fn told_distinct(&self, by: &[String], parts: &IndexMap<String, String>, column: &str) -> Told {
        let cells = self.numbers(column);
        let counted = |grouping: &str| {
            let rows = self.groupings.iter().enumerate().filter(move |(_, name)| **name == grouping);
            rows.filter_map(|(row, _)| Some((row, cells.get(row)?.as_ref()?))).collect::<Vec<_>>()
        };
        let figure = |count: Option<&Number>| made(parts, |_| count.cloned(), None);
        let mut told =
            Told { figure: figure(counted("").first().map(|(_, count)| *count)), by: BTreeMap::new() };
        for (dimension, members) in self.by.iter().filter(|(name, _)| by.iter().any(|by| by == *name)) {
            let keys = self.texts(dimension);
            let mut counts: BTreeMap<Option<&str>, Option<&Number>> =
                members.keys().map(|key| (*key, None)).collect();
            for (row, count) in counted(dimension) {
                counts.insert(keys.get(row).and_then(Option::as_deref), Some(count));
            }
            let members = counts.into_iter().map(|(key, count)| (key.map(str::to_owned), figure(count)));
            told.by.insert((*dimension).to_owned(), members.collect());
        }
        told
    }

    /// The dimensions that occur in a grouping.
    fn dimensions(&self) -> BTreeSet<&'t str> {
        self.groupings.iter().flat_map(|name| name.split(',')).filter(|name| !name.is_empty()).collect()
    }
}

/// The value of a metric whose parts are in these columns.
pub(super) fn made(
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
