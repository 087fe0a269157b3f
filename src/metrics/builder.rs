//! A statement's rows to a cube.
//!
//! Rows come in any order and with spellings that differ between groupings. Members are
//! told apart by the key that the source's collation gives, shown in their binary-smallest
//! spelling, and put in one order, so that equal data gives an equal cube.

use std::collections::BTreeSet;

use super::cells::{as_i64, as_number, as_text};
use super::cube::{Cube, Dimension, Group, Groups};
use super::keyed::{KeyCounter, RowsOfKeys};
use super::keys::KeyHash;
use super::members::Members;
use super::rollup::folded;
use crate::model::{Number, Value};
use crate::plan::measures::{Aggregate, Fold, NEWEST};
use crate::plan::{EventsPlan, Grouping, Statement};

/// What can't be taken from a source's rows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CubeError {
    /// A value that is no number where one is needed, or the like.
    #[error("{query}: column {column:?} holds {value}, which is no {wanted}")]
    Unmappable {
        /// The query.
        query: String,
        /// The column.
        column: String,
        /// The value, shortened.
        value: String,
        /// What was needed.
        wanted: &'static str,
    },
    /// The groupings of one statement counted different numbers of rows.
    #[error(
        "{query}: the groupings disagree, {one} rows in one and {other} in another: the table changed while it was read"
    )]
    Torn {
        /// The query.
        query: String,
        /// How many rows one grouping counted.
        one: String,
        /// How many another counted.
        other: String,
    },
    /// The source told rows apart by a member that it holds equal in another place.
    #[error(
        "{query}: two groups have the same member {member} of {dimension}, so different values can't be counted by it"
    )]
    Undecided {
        /// The query.
        query: String,
        /// The dimension.
        dimension: String,
        /// The member.
        member: String,
    },
}

/// What became of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pushed {
    /// It was taken.
    Taken,
    /// The crossed cube has more groups than it may: read each dimension alone instead.
    TooManyGroups,
}

/// Takes the rows of a statement.
pub struct CubeBuilder<'p> {
    plan: &'p EventsPlan,
    statement: &'p Statement,
    crossed: bool,
    members: Vec<Members>,
    groups: Vec<Groups>,
    keys: KeyCounter<'p>,
    floats: BTreeSet<usize>,
}

impl<'p> CubeBuilder<'p> {
    /// A builder for the rows of the statement that crosses dimensions, or of the other one. Values that are
    /// read become hashes under `hash`; without one they are only good for counting.
    pub fn new(plan: &'p EventsPlan, crossed: bool, hash: Option<&KeyHash>) -> Self {
        let statement = if crossed { &plan.crossed } else { &plan.alone };
        let empty = |Grouping { dimensions, aggregates }: &Grouping| Groups {
            dimensions: dimensions.clone(),
            aggregates: aggregates.clone(),
            rows: Vec::new(),
            too_many: false,
        };
        Self {
            plan,
            statement,
            crossed,
            members: plan.dimensions.iter().map(|dimension| Members::new(dimension.span.is_some())).collect(),
            groups: statement.groupings.iter().map(empty).collect(),
            keys: KeyCounter::new(plan, statement, hash),
            floats: BTreeSet::new(),
        }
    }

    /// Takes one row.
    ///
    /// # Errors
    /// A value that is no number where one is needed.
    pub fn push(&mut self, row: &[Value]) -> Result<Pushed, CubeError> {
        let number = row.first().and_then(as_i64).and_then(|number| usize::try_from(number).ok());
        let Some(groups) = number.and_then(|number| self.groups.get_mut(number)) else {
            return self.push_value(number, row);
        };
        if groups.too_many {
            return Ok(Pushed::Taken);
        }
        if groups.rows.len() as u64 >= self.plan.max_groups {
            if self.crossed && number == Some(0) {
                return Ok(Pushed::TooManyGroups);
            }
            groups.too_many = true;
            groups.rows = Vec::new();
            return Ok(Pushed::Taken);
        }
        let mut members = Vec::with_capacity(groups.dimensions.len());
        let mut at = 1;
        for (place, dimension) in self.plan.dimensions.iter().enumerate() {
            let here = groups.dimensions.contains(&place);
            if here {
                let found =
                    self.members.get_mut(place).and_then(|all| all.place(row.get(at)?, row.get(at + 1)));
                let Some(member) = found else {
                    return Err(self.unmappable(row, at, "member of a dimension"));
                };
                members.push(member);
            }
            at += dimension.width();
        }
        let mut values = Vec::with_capacity(groups.aggregates.len());
        let mut newest = None;
        for aggregate in &groups.aggregates {
            let column = at + aggregate;
            let value = row.get(column).unwrap_or(&Value::Null);
            if matches!(value, Value::Float(_)) {
                self.floats.insert(*aggregate);
            }
            if *aggregate == NEWEST {
                newest = as_text(value).map(|text| text.into_owned().into_boxed_str());
                values.push(None);
                continue;
            }
            match as_number(value) {
                Ok(number) => values.push(number),
                Err(()) => return Err(self.unmappable(row, column, "number")),
            }
        }
        groups.rows.push(Group { members: members.into(), values: values.into(), newest });
        Ok(Pushed::Taken)
    }

    /// Takes a row of a grouping by values.
    fn push_value(&mut self, number: Option<usize>, row: &[Value]) -> Result<Pushed, CubeError> {
        let number = number.and_then(|number| number.checked_sub(self.groups.len()));
        let Some(number) = number.filter(|number| *number < self.statement.keyed.len()) else {
            return Err(self.unmappable(row, 0, "number of a grouping"));
        };
        match self.keys.push(number, row, &mut self.members) {
            Ok(()) => Ok(Pushed::Taken),
            Err(wrong) => Err(self.unmappable(row, wrong.column, wrong.wanted)),
        }
    }

    /// The cube, in its one order.
    ///
    /// # Errors
    /// When groupings of the same rows counted different numbers of them.
    pub fn finish(self) -> Result<Cube, CubeError> {
        let query = self.statement.query.name.as_str();
        let mut dimensions = Vec::new();
        let mut moved = Vec::new();
        for (plan, members) in self.plan.dimensions.iter().zip(self.members) {
            let (members, places) = members.ordered(&self.plan.bounds, plan.span);
            dimensions.push(Dimension {
                name: plan.name.clone(),
                span: plan.span,
                alone: plan.alone,
                members,
            });
            moved.push(places);
        }
        let mut groupings = self.groups;
        for groups in &mut groupings {
            for row in &mut groups.rows {
                for (member, dimension) in row.members.iter_mut().zip(&groups.dimensions) {
                    let place = moved.get(*dimension).and_then(|places| places.get(*member as usize));
                    *member = place.copied().unwrap_or(*member);
                }
            }
            groups.rows.sort_by(|one, other| one.members.cmp(&other.members));
            let aggregates = &self.plan.aggregates.list;
            merge_equal(groups, aggregates).map_err(|group| undecided(&group, groups, &dimensions, query))?;
        }
        let rows = self.keys.rows();
        let keys = self.keys.finish(&moved, &mut groupings);
        let cube = Cube {
            name: self.plan.name.clone(),
            dimensions,
            aggregates: self.plan.aggregates.list.clone(),
            columns: self.plan.aggregates.metrics.clone(),
            groupings,
            floats: self.floats,
            keys,
            crossed: self.crossed,
            max_groups: self.plan.max_groups,
        };
        agree(&cube, &rows, query)?;
        Ok(cube)
    }

    fn unmappable(&self, row: &[Value], column: usize, wanted: &'static str) -> CubeError {
        let value = row.get(column).unwrap_or(&Value::Null);
        CubeError::Unmappable {
            query: self.statement.query.name.clone(),
            column: self.plan.column_name(column),
            value: match value {
                Value::Text(text) => format!("the text {:?}", text.chars().take(60).collect::<String>()),
                Value::Float(float) => float.to_string(),
                other => other.kind().to_owned(),
            },
            wanted,
        }
    }
}

/// Whether all groupings that hold the same rows counted as many: those that hold every row, and
/// those by the values of each metric.
fn agree(cube: &Cube, keyed: &[RowsOfKeys], query: &str) -> Result<(), CubeError> {
    let whole = cube.groupings.iter().filter(|groups| groups.holds_rows()).map(Groups::row_total);
    let values = |all: bool| keyed.iter().filter(move |rows| rows.all == all);
    equal(whole.chain(values(true).flat_map(|rows| &rows.counted).map(|rows| Number::from(*rows))), query)?;
    values(false).try_for_each(|rows| equal(rows.counted.iter().map(|rows| Number::from(*rows)), query))
}

fn equal(mut totals: impl Iterator<Item = Number>, query: &str) -> Result<(), CubeError> {
    let Some(one) = totals.next() else { return Ok(()) };
    match totals.find(|other| *other != one) {
        None => Ok(()),
        Some(other) => {
            Err(CubeError::Torn { query: query.to_owned(), one: one.to_string(), other: other.to_string() })
        }
    }
}

/// Makes one of neighbouring groups with the same members: a source may tell texts apart that
/// are invalid in its own character set, although its collation gives them the same key.
/// Gives a group back whose different values were counted in two.
fn merge_equal(groups: &mut Groups, aggregates: &[Aggregate]) -> Result<(), Group> {
    let mut merged: Vec<Group> = Vec::with_capacity(groups.rows.len());
    for row in std::mem::take(&mut groups.rows) {
        let Some(last) = merged.last_mut().filter(|last| last.members == row.members) else {
            merged.push(row);
            continue;
        };
        for (place, at) in groups.aggregates.iter().enumerate() {
            let (Some(into), Some(Some(value)), Some(aggregate)) =
                (last.values.get_mut(place), row.values.get(place), aggregates.get(*at))
            else {
                continue;
            };
            if aggregate.fold == Fold::Distinct {
                return Err(row);
            }
            *into = folded(aggregate.fold, into.take(), value);
        }
        last.newest = std::mem::take(&mut last.newest).max(row.newest);
    }
    groups.rows = merged;
    Ok(())
}

fn undecided(group: &Group, groups: &Groups, dimensions: &[Dimension], query: &str) -> CubeError {
    let found = groups.dimensions.first().and_then(|at| dimensions.get(*at));
    let member = group.members.first().and_then(|at| found?.members.get(*at as usize));
    CubeError::Undecided {
        query: query.to_owned(),
        dimension: found.map_or_else(String::new, |dimension| dimension.name.clone()),
        member: format!("{:?}", member.and_then(|member| member.key.as_deref()).unwrap_or_default()),
    }
}
