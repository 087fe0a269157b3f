//! A statement's rows to a cube.
//!
//! Rows come in any order and with spellings that differ between groupings. Members are
//! told apart by the key that the source's collation gives, shown in their binary-smallest
//! spelling, and put in one order, so that equal data gives an equal cube.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::cube::{Cube, Dimension, Group, Groups, Member};
use super::rollup::folded;
use crate::model::definitions::TimeSpan;
use crate::model::{Number, Value};
use crate::plan::measures::{Aggregate, Fold, NEWEST};
use crate::plan::time::Bounds;
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
    interned: Vec<Interned>,
    groups: Vec<Groups>,
    floats: BTreeSet<usize>,
}

/// The members of one dimension while they are collected.
#[derive(Default)]
struct Interned {
    places: HashMap<MemberKey, u32>,
    members: Vec<(MemberKey, Option<String>)>,
}

/// What tells members apart.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum MemberKey {
    Slot(i64),
    Collated(Vec<u8>),
    Null,
}

impl<'p> CubeBuilder<'p> {
    /// A builder for the rows of the statement that crosses dimensions, or of the other one.
    pub fn new(plan: &'p EventsPlan, crossed: bool) -> Self {
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
            interned: plan.dimensions.iter().map(|_| Interned::default()).collect(),
            groups: statement.groupings.iter().map(empty).collect(),
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
            return Err(self.unmappable(row, 0, "number of a grouping"));
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
            let width = if dimension.span.is_some() { 1 } else { 2 };
            if here {
                let member = match dimension.span {
                    Some(_) => slot_member(row.get(at)),
                    None => collated_member(row.get(at), row.get(at + 1)),
                };
                let Some((key, spelling)) = member else {
                    return Err(self.unmappable(row, at, "member of a dimension"));
                };
                if let Some(interned) = self.interned.get_mut(place) {
                    members.push(interned.place(key, spelling));
                }
            }
            at += width;
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
                newest = as_text(value).map(String::into_boxed_str);
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

    /// The cube, in its one order.
    ///
    /// # Errors
    /// When groupings of the same rows counted different numbers of them.
    pub fn finish(self) -> Result<Cube, CubeError> {
        let query = self.statement.query.name.as_str();
        let mut dimensions = Vec::new();
        let mut moved = Vec::new();
        for (plan, interned) in self.plan.dimensions.iter().zip(self.interned) {
            let (members, places) = interned.ordered(&self.plan.bounds, plan.span);
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
        let cube = Cube {
            name: self.plan.name.clone(),
            dimensions,
            aggregates: self.plan.aggregates.list.clone(),
            columns: self.plan.aggregates.metrics.clone(),
            groupings,
            floats: self.floats,
            keys: BTreeMap::new(),
            crossed: self.crossed,
            max_groups: self.plan.max_groups,
        };
        agree(&cube, query)?;
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

impl Interned {
    fn place(&mut self, key: MemberKey, spelling: Option<String>) -> u32 {
        let next = u32::try_from(self.members.len()).unwrap_or(u32::MAX);
        let place = *self.places.entry(key.clone()).or_insert(next);
        match self.members.get_mut(place as usize) {
            None => self.members.push((key, spelling)),
            Some((_, known)) if spelling < *known => *known = spelling,
            Some(_) => {}
        }
        place
    }

    /// The members in order, and for each old place its new one.
    fn ordered(self, bounds: &Bounds, span: Option<TimeSpan>) -> (Vec<Member>, Vec<u32>) {
        let mut order: Vec<usize> = (0..self.members.len()).collect();
        order.sort_by(|one, other| match (self.members.get(*one), self.members.get(*other)) {
            (Some((MemberKey::Null, _)), Some((MemberKey::Null, _))) => std::cmp::Ordering::Equal,
            (Some((MemberKey::Null, _)), _) => std::cmp::Ordering::Greater,
            (_, Some((MemberKey::Null, _))) => std::cmp::Ordering::Less,
            (Some((MemberKey::Slot(one), _)), Some((MemberKey::Slot(other), _))) => one.cmp(other),
            (Some((key, one)), Some((other_key, other))) => one.cmp(other).then_with(|| key.cmp(other_key)),
            _ => std::cmp::Ordering::Equal,
        });
        let mut places = vec![0; order.len()];
        let mut members = Vec::with_capacity(order.len());
        for (new, old) in order.into_iter().enumerate() {
            if let Some(place) = places.get_mut(old) {
                *place = u32::try_from(new).unwrap_or(u32::MAX);
            }
            members.push(match self.members.get(old) {
                Some((MemberKey::Slot(number), _)) => {
                    let slot = bounds.slot(*number, span.unwrap_or(TimeSpan::Hour));
                    Member { key: Some(slot.key), label: slot.label }
                }
                Some((_, spelling)) => Member { key: spelling.clone(), label: None },
                None => Member { key: None, label: None },
            });
        }
        (members, places)
    }
}

/// Whether all groupings that hold every row counted as many.
fn agree(cube: &Cube, query: &str) -> Result<(), CubeError> {
    let mut totals = cube.groupings.iter().filter(|groups| groups.holds_rows()).map(Groups::row_total);
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

fn as_i64(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.to_i64(),
        Value::Float(float) => Number::from_f64(*float)?.to_i64(),
        _ => None,
    }
}

fn as_number(value: &Value) -> Result<Option<Number>, ()> {
    match value {
        Value::Null => Ok(None),
        Value::Number(number) => Ok(Some(number.clone())),
        Value::Float(float) => Number::from_f64(*float).map(Some).ok_or(()),
        Value::Text(_) | Value::Bytes(_) => Err(()),
    }
}

fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::Number(number) => Some(number.to_string()),
        Value::Float(float) => Some(float.to_string()),
        Value::Text(text) => Some(text.clone()),
        Value::Bytes(bytes) => Some(escaped(bytes)),
    }
}

fn slot_member(slot: Option<&Value>) -> Option<(MemberKey, Option<String>)> {
    match slot? {
        Value::Null => Some((MemberKey::Null, None)),
        value => Some((MemberKey::Slot(as_i64(value)?), None)),
    }
}

fn collated_member(key: Option<&Value>, spelling: Option<&Value>) -> Option<(MemberKey, Option<String>)> {
    let key = match key? {
        Value::Null => return Some((MemberKey::Null, None)),
        Value::Text(text) => text.clone().into_bytes(),
        Value::Bytes(bytes) => bytes.clone(),
        other => as_text(other)?.into_bytes(),
    };
    Some((MemberKey::Collated(key), Some(as_text(spelling?).unwrap_or_default())))
}

/// Bytes as text; what is no UTF-8 is shown as `\xE9`.
fn escaped(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|byte| format!("\\x{byte:02X}")));
    }
    text
}
