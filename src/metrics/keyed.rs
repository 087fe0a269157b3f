//! Counting the values of keyed metrics: each becomes a hash while its row streams by, and only the
//! hashes are held.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::cells::{as_bytes, as_i64, as_text};
use super::cube::{Group, Groups};
use super::keys::{KeyHash, Keys};
use super::members::Members;
use crate::model::definitions::KeyKind;
use crate::model::seen::ApartDoc;
use crate::model::{Number, Phone, Value};
use crate::plan::{EventsPlan, KeyGrouping, KeyedPlan, Statement};

/// Takes the rows of the groupings by values.
pub struct KeyCounter<'p> {
    plan: &'p EventsPlan,
    hash: KeyHash,
    found: Vec<Found>,
}

/// What a grouping by values gave so far.
struct Found {
    grouping: KeyGrouping,
    /// Whether it is the first of its metric, of which the total is made.
    first: bool,
    rows: u64,
    /// The keys, in no order and more than once.
    hashes: Vec<u64>,
    /// The same of values that are no usable keys.
    unusable: Vec<u64>,
    apart: ApartDoc,
    /// The keys by the member's place, where the grouping is by a dimension.
    members: Vec<Option<Vec<u64>>>,
    /// How many members there are.
    different: u64,
    /// Whether that is more than `max_groups`, so that none is kept.
    too_many: bool,
}

/// A cell that is not what it has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WrongCell {
    /// Its column.
    pub column: usize,
    /// What was needed.
    pub wanted: &'static str,
}

/// How many rows each grouping by the values of one metric counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowsOfKeys {
    /// Whether these are all rows of the day.
    pub all: bool,
    /// The numbers, which have to be equal.
    pub counted: Vec<u64>,
}

/// What a value is to the metric.
enum Read {
    Key(u64),
    Unusable(u64),
    Blank,
}

impl<'p> KeyCounter<'p> {
    /// Nothing yet of the rows of a statement. Without a hash of one's own the values are hashed under a
    /// secret that is none, which is good for counting and for nothing else.
    pub fn new(plan: &'p EventsPlan, statement: &Statement, hash: Option<&KeyHash>) -> Self {
        let found = |(at, grouping): (usize, &KeyGrouping)| Found {
            grouping: *grouping,
            first: !statement.keyed.iter().take(at).any(|before| before.keyed == grouping.keyed),
            rows: 0,
            hashes: Vec::new(),
            unusable: Vec::new(),
            apart: ApartDoc::default(),
            members: Vec::new(),
            different: 0,
            too_many: false,
        };
        Self {
            plan,
            hash: hash.cloned().unwrap_or_else(|| KeyHash::new([0; 16])),
            found: statement.keyed.iter().enumerate().map(found).collect(),
        }
    }

    /// Takes a row of a grouping by values; `members` are those of all dimensions.
    ///
    /// # Errors
    /// A cell that is no member or no number of rows.
    pub fn push(&mut self, number: usize, row: &[Value], members: &mut [Members]) -> Result<(), WrongCell> {
        let at = self.plan.value_column();
        let rows = row.get(at + 1).and_then(as_i64).and_then(|rows| u64::try_from(rows).ok());
        let rows = rows.ok_or(WrongCell { column: at + 1, wanted: "number of rows" })?;
        let Some(found) = self.found.get_mut(number) else { return Ok(()) };
        let Some(keyed) = self.plan.keyed.get(found.grouping.keyed) else { return Ok(()) };
        found.rows += rows;
        let hash = match read(keyed.kind, row.get(at).unwrap_or(&Value::Null), &self.hash) {
            Read::Key(hash) => Some(hash),
            Read::Unusable(hash) => {
                found.unusable.extend(found.first.then_some(hash));
                found.apart.unusable_rows += rows;
                None
            }
            Read::Blank => {
                found.apart.blank_rows += rows;
                None
            }
        };
        if found.first {
            found.hashes.extend(hash);
        }
        let Some(dimension) = found.grouping.dimension.filter(|_| !found.too_many) else { return Ok(()) };
        let column = self.plan.member_column(dimension);
        let place = members.get_mut(dimension).and_then(|members| members.place(row.get(column)?, None));
        let place = place.ok_or(WrongCell { column, wanted: "member of a dimension" })? as usize;
        if place >= found.members.len() {
            found.members.resize_with(place + 1, || None);
        }
        if let Some(member) = found.members.get_mut(place) {
            if member.is_none() {
                found.different += 1;
            }
            member.get_or_insert_default().extend(hash);
        }
        if found.different > self.plan.max_groups {
            found.too_many = true;
            found.members = Vec::new();
        }
        Ok(())
    }

    /// How many rows were counted, for each metric.
    pub fn rows(&self) -> Vec<RowsOfKeys> {
        let of_metric = |(at, plan): (usize, &KeyedPlan)| {
            let found = self.found.iter().filter(|found| found.grouping.keyed == at);
            RowsOfKeys { all: plan.takes_all_rows(), counted: found.map(|found| found.rows).collect() }
        };
        self.plan.keyed.iter().enumerate().map(of_metric).collect()
    }

    /// The keys of each metric; how many there are, in total and by dimensions, is put into `groupings`.
    /// `moved` tells for each dimension where its members are now.
    pub fn finish(self, moved: &[Vec<u32>], groupings: &mut Vec<Groups>) -> BTreeMap<String, Keys> {
        let mut keys = BTreeMap::new();
        for mut found in self.found {
            let Some(keyed) = self.plan.keyed.get(found.grouping.keyed) else { continue };
            if found.first {
                let unusable = different(&mut found.unusable);
                let count = different(&mut found.hashes);
                found.hashes.shrink_to_fit();
                let apart = ApartDoc { unusable, ..found.apart };
                keys.insert(keyed.metric.clone(), Keys { hashes: found.hashes, apart });
                put(groupings, Vec::new(), keyed.aggregate, [(Box::default(), count)].into(), false);
            }
            if let Some(dimension) = found.grouping.dimension {
                let places = moved.get(dimension).map(Vec::as_slice).unwrap_or_default();
                let count = |(hashes, place): (Option<Vec<u64>>, &u32)| {
                    Some(([*place].into(), different(&mut hashes?)))
                };
                let counts = found.members.into_iter().zip(places).filter_map(count).collect();
                put(groupings, vec![dimension], keyed.aggregate, counts, found.too_many);
            }
        }
        keys
    }
}

/// What a value is to a metric.
fn read(kind: Option<KeyKind>, value: &Value, hash: &KeyHash) -> Read {
    match kind {
        // NULL is no value, as in SQL; an empty text is one.
        None => as_bytes(value).map_or(Read::Blank, |key| Read::Key(hash.hash(&key))),
        Some(KeyKind::Phone) => {
            let text = match value {
                // Not as it is shown: that has digits for bytes that are no text.
                Value::Bytes(bytes) => Some(String::from_utf8_lossy(bytes)),
                other => as_text(other),
            };
            match Phone::read(&text.unwrap_or(Cow::Borrowed(""))) {
                Phone::Usable(number) => Read::Key(hash.hash(number.as_bytes())),
                Phone::Unusable(text) => Read::Unusable(hash.hash(text.as_bytes())),
                Phone::Blank => Read::Blank,
            }
        }
    }
}

/// Puts hashes in order, each once, and tells how many there are.
fn different(hashes: &mut Vec<u64>) -> u64 {
    hashes.sort_unstable();
    hashes.dedup();
    hashes.len() as u64
}

/// Puts the counts of an aggregate into the grouping by these dimensions, or makes it.
fn put(
    groupings: &mut Vec<Groups>,
    dimensions: Vec<usize>,
    aggregate: usize,
    mut counts: BTreeMap<Box<[u32]>, u64>,
    too_many: bool,
) {
    let value = |count: u64| Some(Number::from(count));
    let Some(groups) = groupings.iter_mut().find(|groups| groups.dimensions == dimensions) else {
        let group = |(members, count)| Group { members, values: [value(count)].into(), newest: None };
        let rows = counts.into_iter().map(group).collect();
        groupings.push(Groups { dimensions, aggregates: vec![aggregate], rows, too_many });
        return;
    };
    let before = groups.aggregates.len();
    groups.aggregates.push(aggregate);
    groups.too_many |= too_many;
    if groups.too_many {
        groups.rows = Vec::new();
        return;
    }
    for row in &mut groups.rows {
        let count = counts.remove(&row.members).unwrap_or(0);
        row.values = std::mem::take(&mut row.values).into_iter().chain([value(count)]).collect();
    }
    // Where all of the grouping is from values, the metrics before may have none of these members' rows.
    let others = counts.into_iter().map(|(members, count)| {
        let values = std::iter::repeat_n(value(0), before).chain([value(count)]).collect();
        Group { members, values, newest: None }
    });
    groups.rows.extend(others);
    groups.rows.sort_by(|one, other| one.members.cmp(&other.members));
}
