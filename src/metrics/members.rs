//! The members of a dimension while they are collected.
//!
//! They are told apart by the key that the source's collation gives, and are put in order at the end.

use std::cmp::Ordering;
use std::collections::HashMap;

use super::cells::{as_bytes, as_i64, as_text};
use super::cube::Member;
use crate::model::Value;
use crate::model::definitions::TimeSpan;
use crate::plan::time::Bounds;

/// The members of one dimension that have come so far, by places in the order of their coming.
pub struct Members {
    /// Whether they are spans of the day.
    slots: bool,
    by_slot: HashMap<i64, u32>,
    by_key: HashMap<Vec<u8>, u32>,
    null: Option<u32>,
    list: Vec<(Key, Option<String>)>,
}

/// What tells members apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Slot(i64),
    Collated(Vec<u8>),
    Null,
}

impl Members {
    /// None yet; spans of the day or others.
    pub fn new(slots: bool) -> Self {
        Self { slots, by_slot: HashMap::new(), by_key: HashMap::new(), null: None, list: Vec::new() }
    }

    /// The place of a member, by a span's number or by a key and, where it is known, a spelling;
    /// `None` when that is no member.
    pub fn place(&mut self, key: &Value, spelling: Option<&Value>) -> Option<u32> {
        let next = u32::try_from(self.list.len()).unwrap_or(u32::MAX);
        if matches!(key, Value::Null) {
            if self.null.is_none() {
                self.list.push((Key::Null, None));
            }
            return Some(*self.null.get_or_insert(next));
        }
        if self.slots {
            let slot = as_i64(key)?;
            let place = *self.by_slot.entry(slot).or_insert(next);
            if place == next {
                self.list.push((Key::Slot(slot), None));
            }
            return Some(place);
        }
        let key = as_bytes(key)?;
        let spelling = spelling.map(|spelling| as_text(spelling).unwrap_or_default());
        let Some(place) = self.by_key.get(key.as_ref()).copied() else {
            self.by_key.insert(key.to_vec(), next);
            self.list.push((Key::Collated(key.into_owned()), spelling.map(Into::into)));
            return Some(next);
        };
        if let (Some((_, known)), Some(spelling)) = (self.list.get_mut(place as usize), spelling)
            && known.as_deref().is_none_or(|known| *spelling < *known)
        {
            *known = Some(spelling.into_owned());
        }
        Some(place)
    }

    /// The members in order, and for each old place its new one.
    pub fn ordered(self, bounds: &Bounds, span: Option<TimeSpan>) -> (Vec<Member>, Vec<u32>) {
        let mut order: Vec<usize> = (0..self.list.len()).collect();
        order.sort_by(|one, other| match (self.list.get(*one), self.list.get(*other)) {
            (Some((Key::Null, _)), Some((Key::Null, _))) => Ordering::Equal,
            (Some((Key::Null, _)), _) => Ordering::Greater,
            (_, Some((Key::Null, _))) => Ordering::Less,
            (Some((Key::Slot(one), _)), Some((Key::Slot(other), _))) => one.cmp(other),
            (Some((key, one)), Some((other_key, other))) => one.cmp(other).then_with(|| key.cmp(other_key)),
            _ => Ordering::Equal,
        });
        let mut places = vec![0; order.len()];
        let mut members = Vec::with_capacity(order.len());
        for (new, old) in order.into_iter().enumerate() {
            if let Some(place) = places.get_mut(old) {
                *place = u32::try_from(new).unwrap_or(u32::MAX);
            }
            members.push(match self.list.get(old) {
                Some((Key::Slot(number), _)) => {
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
