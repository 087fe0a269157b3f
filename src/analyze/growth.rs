//! Growth: what counters did between two looks at the same entities, and what that is made of.
//!
//! Both looks are sorted by key, so one pass merges them, column by column. What is on one side only,
//! and what was not due or is not known on the other, is told apart and never taken for 0.

use std::cmp::{Ordering, Reverse};
use std::collections::{BTreeMap, BinaryHeap};

use arrow_array::{Array as _, Int64Array, StringArray};
use indexmap::IndexMap;

use crate::model::Number;

mod runs;

/// Some rows of a look, sorted by key: columns of one length.
#[derive(Clone, Debug)]
pub struct Piece {
    /// The keys.
    pub keys: StringArray,
    /// What people call them.
    pub labels: Option<StringArray>,
    /// The counters, in the order of their names; `None` is a counter that was not read then.
    pub counters: Vec<Option<Int64Array>>,
    /// What they are grouped by.
    pub group: Option<StringArray>,
    /// What decides whether they are looked at: each with the value that it must have.
    pub filters: Vec<(Option<StringArray>, String)>,
    /// The same of the only rows that there are for whoever asks: all others are as if they were not.
    pub only: Option<(Option<StringArray>, String)>,
}

/// Keys of a side that have no row there though they were seen, sorted.
pub type NotDue = Vec<String>;

/// What is asked for.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// The names of the counters, and on which sides they were read.
    pub counters: Vec<(String, Compared)>,
    /// How many entities are listed that grew most; for each counter.
    pub top: usize,
    /// Whether the groups are told.
    pub grouped: bool,
}

/// On which sides a counter was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Compared {
    /// On both, in the same way.
    #[default]
    Both,
    /// Only on the newer one, or there is no older one.
    Newer,
    /// On none that counts.
    Neither,
}

/// How many entities are what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    /// On both sides.
    pub matched: u64,
    /// Only on the newer one.
    pub appeared: u64,
    /// Only on the older one.
    pub disappeared: u64,
    /// Matched, and a counter went down.
    pub decreased: u64,
    /// Seen on both sides, and not due on one of them: in no sum.
    pub not_due: u64,
    /// A counter is not known on a side where they are: in no sum of that counter.
    pub unknown: u64,
}

/// What a counter did, over all entities that can be compared or over some of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// Over the newer side.
    pub current: i128,
    /// Over the older side.
    pub previous: i128,
    /// How many entities have a part in it.
    pub rows: u64,
    /// Of what appeared.
    pub appeared: i128,
    /// Of what disappeared.
    pub disappeared: i128,
    /// How many matched entities went down.
    pub decreased: u64,
    /// How many entities are not known on a side where they are.
    pub unknown: u64,
    /// On which sides the counter was read.
    pub compared: Compared,
}

impl Sums {
    /// The newer sum; `None` where the counter was not read or no row has a value.
    pub fn newer(&self) -> Option<i128> {
        (self.compared != Compared::Neither && self.known()).then_some(self.current)
    }

    /// The older sum, likewise.
    pub fn older(&self) -> Option<i128> {
        (self.compared == Compared::Both && self.known()).then_some(self.previous)
    }

    /// The newer less the older, where both are known.
    pub fn growth(&self) -> Option<i128> {
        Some(self.newer()? - self.older()?)
    }

    /// In percent of the older, 2 decimals, half to even; `None` for a share of nothing.
    pub fn percentage(&self) -> Option<Number> {
        percentage(self.newer()?, self.older()?)
    }

    /// Nothing sums up to 0; rows of which none is known don't.
    fn known(&self) -> bool {
        self.rows > 0 || self.unknown == 0
    }
}

/// The change from one value to another in percent of it, 2 decimals, half to even; `None` from 0.
pub fn percentage(current: i128, previous: i128) -> Option<Number> {
    let change = Number::from_scaled((current - previous).into(), 0);
    let base = Number::from_scaled(previous.into(), 0).abs();
    change.times(&Number::from(100_i64)).quotient(&base, 2)
}

/// What one entity did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mover {
    /// Its key.
    pub key: String,
    /// What people call it.
    pub label: Option<String>,
    /// Its newer value.
    pub current: i64,
    /// Its older value; `None` for one that appeared.
    pub previous: Option<i64>,
}

impl Mover {
    /// The newer less the older, if there is one; else all of it.
    pub fn growth(&self) -> i128 {
        i128::from(self.current) - i128::from(self.previous.unwrap_or(0))
    }
}

/// What came out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grown {
    /// How many entities are what.
    pub parts: Parts,
    /// What each counter did.
    pub counters: IndexMap<String, Sums>,
    /// The same by group; an entity belongs to the group that it has now, or had last.
    pub groups: BTreeMap<Option<String>, Vec<Sums>>,
    /// The matched entities that grew most, by counter.
    pub top: IndexMap<String, Vec<Mover>>,
}

impl Grown {
    /// Of no rows, with the counters that are asked for.
    pub fn nothing(asked: &Asked) -> Self {
        Tally::new(asked).finish()
    }
}

/// A side while it is gone through.
struct Side<I> {
    pieces: I,
    piece: Option<Piece>,
    at: usize,
}

impl<E, I: Iterator<Item = Result<Piece, E>>> Side<I> {
    fn new(pieces: I) -> Result<Self, E> {
        let mut side = Self { pieces, piece: None, at: 0 };
        side.piece = side.pieces.next().transpose()?;
        side.settle()?;
        Ok(side)
    }

    /// Goes on to the next row that there is, if it is at none.
    fn settle(&mut self) -> Result<(), E> {
        while let Some(piece) = &self.piece {
            if self.at >= piece.keys.len() {
                self.piece = self.pieces.next().transpose()?;
                self.at = 0;
            } else if piece.is_hidden(self.at) {
                self.at += 1;
            } else {
                break;
            }
        }
        Ok(())
    }

    fn advance(&mut self, rows: usize) -> Result<(), E> {
        self.at += rows;
        self.settle()
    }

    /// The row at hand.
    fn row(&self) -> Option<(&Piece, usize)> {
        self.piece.as_ref().map(|piece| (piece, self.at))
    }
}

impl Piece {
    fn value(&self, counter: usize, row: usize) -> Option<i64> {
        let column = self.counters.get(counter)?.as_ref()?;
        column.is_valid(row).then(|| column.value(row))
    }

    fn passes(&self, row: usize) -> bool {
        self.filters.iter().all(|filter| has(filter, row))
    }

    /// Whether there is no such row for whoever asks.
    fn is_hidden(&self, row: usize) -> bool {
        self.only.as_ref().is_some_and(|only| !has(only, row))
    }

    fn group(&self, row: usize) -> Option<String> {
        let column = self.group.as_ref()?;
        column.is_valid(row).then(|| column.value(row).to_owned())
    }
}

/// Whether a row has a value in a column.
fn has((column, wanted): &(Option<StringArray>, String), row: usize) -> bool {
    column.as_ref().is_some_and(|column| column.is_valid(row) && column.value(row) == wanted)
}

/// Merges the rows of two looks. `not_due` are the keys that were seen and have no row: of the newer
/// side, and of the older one, each sorted.
///
/// # Errors
/// Those of the sides.
pub fn grow<E>(
    current: impl Iterator<Item = Result<Piece, E>>,
    previous: impl Iterator<Item = Result<Piece, E>>,
    not_due: (&NotDue, &NotDue),
    asked: &Asked,
) -> Result<Grown, E> {
    let mut tally = Tally::new(asked);
    let (mut new, mut old) = (Side::new(current)?, Side::new(previous)?);
    loop {
        let order = match (new.row(), old.row()) {
            (Some((new, at)), Some((old, then))) => new.keys.value(at).cmp(old.keys.value(then)),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => break,
        };
        match order {
            Ordering::Equal => {
                let mut rows = 1;
                if let (Some(new), Some(old)) = (new.row(), old.row()) {
                    rows = tally.many_matched(new, old).unwrap_or_else(|| {
                        tally.matched(new, old);
                        1
                    });
                }
                new.advance(rows)?;
                old.advance(rows)?;
            }
            Ordering::Less => {
                if let Some((piece, at)) = new.row()
                    && piece.passes(at)
                {
                    let waits =
                        not_due.1.binary_search_by(|key| key.as_str().cmp(piece.keys.value(at))).is_ok();
                    tally.alone((piece, at), waits, true);
                }
                new.advance(1)?;
            }
            Ordering::Greater => {
                if let Some((piece, at)) = old.row()
                    && piece.passes(at)
                {
                    let waits =
                        not_due.0.binary_search_by(|key| key.as_str().cmp(piece.keys.value(at))).is_ok();
                    tally.alone((piece, at), waits, false);
                }
                old.advance(1)?;
            }
        }
    }
    Ok(tally.finish())
}

struct Tally<'a> {
    asked: &'a Asked,
    parts: Parts,
    sums: Vec<Sums>,
    groups: BTreeMap<Option<String>, Vec<Sums>>,
    /// Those that grew most so far, the least of them on top.
    top: Vec<BinaryHeap<Least>>,
}

/// One that grew much, by its growth and then its key: the least of them comes first.
type Least = Reverse<(i128, Reverse<String>, Ranked)>;

/// What is kept of one that grew much; its growth and key decide its place.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Ranked {
    label: Option<String>,
    current: i64,
    previous: i64,
}

impl<'a> Tally<'a> {
    fn new(asked: &'a Asked) -> Self {
        let counters = asked.counters.len();
        Self {
            asked,
            parts: Parts::default(),
            sums: sums(asked),
            groups: BTreeMap::new(),
            top: (0..counters).map(|_| BinaryHeap::new()).collect(),
        }
    }

    fn compared(&self, counter: usize) -> Compared {
        self.asked.counters.get(counter).map_or(Compared::Neither, |(_, compared)| *compared)
    }

    /// Adds to a counter's sum, and to that of the row's group.
    fn add(&mut self, counter: usize, (piece, row): (&Piece, usize), add: impl Fn(&mut Sums)) {
        if let Some(sums) = self.sums.get_mut(counter) {
            add(sums);
        }
        if self.asked.grouped {
            let group = self.groups.entry(piece.group(row)).or_insert_with(|| sums(self.asked));
            if let Some(sums) = group.get_mut(counter) {
                add(sums);
            }
        }
    }

    fn matched(&mut self, new: (&Piece, usize), old: (&Piece, usize)) {
        // It belongs to where it is now.
        if !new.0.passes(new.1) {
            return;
        }
        self.parts.matched += 1;
        let (mut fell, mut unknown) = (false, false);
        for counter in 0..self.asked.counters.len() {
            match self.compared(counter) {
                Compared::Both => {}
                Compared::Newer => {
                    unknown |= !self.alone_counter(counter, new, true);
                    continue;
                }
                Compared::Neither => continue,
            }
            let (Some(current), Some(previous)) = (new.0.value(counter, new.1), old.0.value(counter, old.1))
            else {
                unknown = true;
                self.add(counter, new, |sums| sums.unknown += 1);
                continue;
            };
            fell |= current < previous;
            self.add(counter, new, |sums| {
                sums.current += i128::from(current);
                sums.previous += i128::from(previous);
                sums.rows += 1;
                sums.decreased += u64::from(current < previous);
            });
            self.rank(counter, new, current, previous);
        }
        self.parts.decreased += u64::from(fell);
        self.parts.unknown += u64::from(unknown);
    }

    fn alone(&mut self, row: (&Piece, usize), waits: bool, newer: bool) {
        if waits {
            self.parts.not_due += 1;
            return;
        }
        if newer {
            self.parts.appeared += 1;
        } else {
            self.parts.disappeared += 1;
        }
        let mut unknown = false;
        for counter in 0..self.asked.counters.len() {
            let counts = match self.compared(counter) {
                Compared::Both => true,
                Compared::Newer => newer,
                Compared::Neither => false,
            };
            unknown |= counts && !self.alone_counter(counter, row, newer);
        }
        self.parts.unknown += u64::from(unknown);
    }

    /// Adds a counter of a row that stands alone, unless it is not known.
    fn alone_counter(&mut self, counter: usize, row: (&Piece, usize), newer: bool) -> bool {
        let Some(value) = row.0.value(counter, row.1).map(i128::from) else {
            self.add(counter, row, |sums| sums.unknown += 1);
            return false;
        };
        // Without an older value nobody knows whether it is new.
        let both = self.compared(counter) == Compared::Both;
        self.add(counter, row, |sums| {
            sums.rows += 1;
            if newer {
                sums.current += value;
                sums.appeared += if both { value } else { 0 };
            } else {
                sums.previous += value;
                sums.disappeared += value;
            }
        });
        true
    }

    fn rank(&mut self, counter: usize, (piece, row): (&Piece, usize), current: i64, previous: i64) {
        let growth = i128::from(current) - i128::from(previous);
        let Some(heap) = self.top.get_mut(counter) else { return };
        if self.asked.top == 0 {
            return;
        }
        // Most rows are not among the first, and cost no more than this.
        if heap.len() >= self.asked.top && heap.peek().is_some_and(|Reverse((least, ..))| growth < *least) {
            return;
        }
        let label = piece.labels.as_ref().filter(|labels| labels.is_valid(row));
        let label = label.map(|labels| labels.value(row).to_owned());
        let ranked = Ranked { label, current, previous };
        heap.push(Reverse((growth, Reverse(piece.keys.value(row).to_owned()), ranked)));
        if heap.len() > self.asked.top {
            heap.pop();
        }
    }

    fn finish(self) -> Grown {
        let names = || self.asked.counters.iter().map(|(name, _)| name.clone());
        let movers = self.top.into_iter().map(|heap| {
            let sorted = heap.into_sorted_vec().into_iter();
            sorted
                .map(|Reverse((_, Reverse(key), ranked))| Mover {
                    key,
                    label: ranked.label,
                    current: ranked.current,
                    previous: Some(ranked.previous),
                })
                .collect()
        });
        Grown {
            parts: self.parts,
            counters: names().zip(self.sums).collect(),
            groups: self.groups,
            top: names().zip(movers).collect(),
        }
    }
}

/// Where the sums of all counters begin.
fn sums(asked: &Asked) -> Vec<Sums> {
    asked.counters.iter().map(|(_, compared)| Sums { compared: *compared, ..Sums::default() }).collect()
}

#[cfg(test)]
mod tests;
