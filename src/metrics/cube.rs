//! One day's events as they were read: groups of members with their numbers, in one order.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest as _, Sha256};

use super::keys::Keys;
use crate::model::definitions::TimeSpan;
use crate::model::seen::ApartDoc;
use crate::model::{Digest, Number};
use crate::plan::measures::{Aggregate, MetricColumns, ROWS};

/// How many significant digits of a float are held to be meant.
const FLOAT_DIGITS: u64 = 10;

/// One day of one kind of events.
#[derive(Clone, Debug, PartialEq)]
pub struct Cube {
    /// Their name.
    pub name: String,
    /// What they are broken down by.
    pub dimensions: Vec<Dimension>,
    /// The aggregates that the rows hold.
    pub aggregates: Vec<Aggregate>,
    /// Which of them make each metric.
    pub columns: BTreeMap<String, MetricColumns>,
    /// The groups, by grouping.
    pub groupings: Vec<Groups>,
    /// The aggregates that came as floats: their sums depend on the order of adding.
    pub floats: BTreeSet<usize>,
    /// The different keys, by the name of the distinct metric, where it counts over time or normalises.
    pub keys: BTreeMap<String, Keys>,
    /// Whether the dimensions that don't stand alone were crossed.
    pub crossed: bool,
    /// How many rows one grouping may have.
    pub max_groups: u64,
}

/// A dimension with the members that occurred.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dimension {
    /// Its name.
    pub name: String,
    /// The span, if its members are spans of the day.
    pub span: Option<TimeSpan>,
    /// Grouped by itself.
    pub alone: bool,
    /// Spans in their order; others by spelling, NULL last.
    pub members: Vec<Member>,
}

/// A member of a dimension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its spelling; `None` is NULL.
    pub key: Option<String>,
    /// What people call it.
    pub label: Option<String>,
}

/// The groups of one grouping, ordered by their members.
#[derive(Clone, Debug, PartialEq)]
pub struct Groups {
    /// The dimensions, as indexes.
    pub dimensions: Vec<usize>,
    /// The aggregates, as indexes.
    pub aggregates: Vec<usize>,
    /// The groups; empty when there were too many.
    pub rows: Vec<Group>,
    /// Whether there were more than `max_groups`, so that none is kept.
    pub too_many: bool,
}

/// One group.
#[derive(Clone, Debug, PartialEq)]
pub struct Group {
    /// For each dimension of the grouping the member's index.
    pub members: Box<[u32]>,
    /// For each aggregate of the grouping its value; the newest time is not among the numbers.
    pub values: Box<[Option<Number>]>,
    /// The newest event's time.
    pub newest: Option<Box<str>>,
}

impl Cube {
    /// How many rows the window held.
    pub fn rows(&self) -> Number {
        let groups = self.groupings.iter().find(|groups| groups.holds_rows());
        groups.map_or_else(Number::zero, Groups::row_total)
    }

    /// The newest event's time.
    pub fn newest(&self) -> Option<String> {
        let groups = self.groupings.iter().find(|groups| groups.holds_rows())?;
        groups.rows.iter().filter_map(|row| row.newest.as_deref()).max().map(str::to_owned)
    }

    /// How many groups the crossed cube has; `None` when dimensions were read alone.
    pub fn crossed_groups(&self) -> Option<u64> {
        let groups = self.groupings.first().filter(|_| self.crossed)?;
        u64::try_from(groups.rows.len()).ok()
    }

    /// Gives members their names: `labels` maps a dimension's name and a key to a label.
    pub fn label(&mut self, labels: impl Fn(&str, &str) -> Option<String>) {
        for dimension in self.dimensions.iter_mut().filter(|dimension| dimension.span.is_none()) {
            for member in &mut dimension.members {
                member.label = member.key.as_deref().and_then(|key| labels(&dimension.name, key));
            }
        }
    }

    /// The digest of all numbers, whatever labels and newest times are: equal exactly when the
    /// same definitions read the same. Floats count with ten digits, since their sums depend
    /// on the order in which a database adds. Of keys only what is apart from them counts.
    pub fn numbers_digest(&self) -> Digest {
        let mut hash = Sha256::new();
        for groups in &self.groupings {
            for dimension in groups.dimensions.iter().filter_map(|at| self.dimensions.get(*at)) {
                hash.update(dimension.name.as_bytes());
                hash.update([0]);
            }
            hash.update([1, u8::from(groups.too_many)]);
            for row in &groups.rows {
                for (member, dimension) in row.members.iter().zip(&groups.dimensions) {
                    let member = self.member(*dimension, *member);
                    match member.and_then(|member| member.key.as_deref()) {
                        Some(key) => hash.update([b"=", key.as_bytes(), &[0]].concat()),
                        None => hash.update([2]),
                    }
                }
                for (value, aggregate) in row.values.iter().zip(&groups.aggregates) {
                    let column = self.aggregates.get(*aggregate).map_or("", |found| found.column.as_str());
                    let float = self.floats.contains(aggregate);
                    let kept = |value: &Number| {
                        if float { value.significant(FLOAT_DIGITS) } else { value.trimmed() }
                    };
                    let text =
                        value.as_ref().map_or_else(|| "null".to_owned(), |value| kept(value).to_string());
                    hash.update([column.as_bytes(), b":", text.as_bytes(), &[3]].concat());
                }
            }
        }
        // Not the keys: their hashes depend on a secret, which makes no number.
        for (metric, keys) in &self.keys {
            let ApartDoc { blank_rows, unusable, unusable_rows } = keys.apart;
            hash.update(format!("{metric}:{blank_rows},{unusable},{unusable_rows}").as_bytes());
            hash.update([4]);
        }
        Digest::from(<[u8; 32]>::from(hash.finalize()))
    }

    /// The metrics made of values that came as floats.
    pub fn float_metrics(&self) -> Vec<String> {
        let float = |columns: &MetricColumns| match columns {
            MetricColumns::Sum { sum, .. } | MetricColumns::Avg { sum, .. } => self.floats.contains(sum),
            MetricColumns::Min(at)
            | MetricColumns::Max(at)
            | MetricColumns::Count(at)
            | MetricColumns::Distinct(at) => self.floats.contains(at),
        };
        self.columns.iter().filter(|(_, columns)| float(columns)).map(|(name, _)| name.clone()).collect()
    }

    /// A member by its dimension's and its own index.
    pub fn member(&self, dimension: usize, member: u32) -> Option<&Member> {
        self.dimensions.get(dimension)?.members.get(member as usize)
    }
}

impl Groups {
    /// The value of an aggregate in one of its rows.
    pub fn value<'r>(&self, row: &'r Group, aggregate: usize) -> Option<&'r Number> {
        let at = self.aggregates.iter().position(|found| *found == aggregate)?;
        row.values.get(at)?.as_ref()
    }

    /// Whether its groups hold every row of the day exactly once, with their number.
    pub fn holds_rows(&self) -> bool {
        !self.too_many && self.aggregates.contains(&ROWS)
    }

    /// How many rows its groups hold.
    pub fn row_total(&self) -> Number {
        self.rows.iter().filter_map(|row| self.value(row, ROWS)).sum()
    }
}
