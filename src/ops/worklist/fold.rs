//! Events to keys: when each was first and last seen, and how it ended the last time. Pure.
//!
//! The order in which events come does not matter: of two the later is the one with the greater
//! time, then the greater id; and where the source tells no difference, any that is always the same.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};

use indexmap::IndexSet;

use super::entries::quoted;
use super::key::Key;
use crate::model::Number;
use crate::model::definitions::KeyKind;

/// What tells two events at the same time apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Id {
    /// Nothing.
    None,
    /// A number.
    Number(Number),
    /// A text, in which numbers count as numbers: `9` comes before `10`.
    Text(Box<str>),
}

impl Ord for Id {
    fn cmp(&self, other: &Self) -> Ordering {
        let rank = |id: &Self| match id {
            Self::None => 0,
            Self::Number(_) => 1,
            Self::Text(_) => 2,
        };
        match (self, other) {
            (Self::Number(one), Self::Number(other)) => one.cmp(other),
            (Self::Text(one), Self::Text(other)) => natural(one, other),
            _ => rank(self).cmp(&rank(other)),
        }
    }
}

impl Id {
    /// It as JSON.
    fn packed(&self) -> String {
        match self {
            Self::None => String::new(),
            Self::Number(number) => number.to_string(),
            Self::Text(text) => quoted(text),
        }
    }

    /// It, from JSON.
    fn of(packed: &str) -> Self {
        if packed.starts_with('"') {
            return serde_json::from_str::<String>(packed).map_or(Self::None, |text| Self::Text(text.into()));
        }
        packed.parse().map_or(Self::None, Self::Number)
    }
}

impl PartialOrd for Id {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Compares texts piece by piece, runs of digits as numbers.
fn natural(one: &str, other: &str) -> Ordering {
    let (mut left, mut right) = (one, other);
    while let (Some(a), Some(b)) = (left.chars().next(), right.chars().next()) {
        let order = if a.is_ascii_digit() && b.is_ascii_digit() {
            let (a, b) = (digits(&mut left), digits(&mut right));
            a.len().cmp(&b.len()).then_with(|| a.cmp(b))
        } else {
            left = left.get(a.len_utf8()..).unwrap_or_default();
            right = right.get(b.len_utf8()..).unwrap_or_default();
            a.cmp(&b)
        };
        if order != Ordering::Equal {
            return order;
        }
    }
    left.len().cmp(&right.len()).then_with(|| one.cmp(other))
}

/// Takes the digits at the beginning, and gives them without leading zeros.
fn digits<'a>(text: &mut &'a str) -> &'a str {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, rest) = text.split_at(end);
    *text = rest;
    number.trim_start_matches('0')
}

/// One event, as it was read.
#[derive(Clone, Debug)]
pub struct Event {
    /// When it was: greater is later. Units are the source's.
    pub order: i64,
    /// That time as the source tells it, as JSON.
    pub told: String,
    /// What tells it from others at the same time.
    pub id: Id,
    /// The key's text; `None` for NULL.
    pub key: Option<String>,
    /// How it ended, as JSON.
    pub outcome: String,
    /// Whether that is wanted of the latest event.
    pub take: bool,
    /// Whether it lies in the range.
    pub in_range: bool,
    /// Whether a lookup that the outcome is made of knows nothing of it.
    pub unknown: bool,
    /// What is carried along, each as JSON, with line breaks between.
    pub carry: String,
}

/// What is known of a key. There may be very many of them, so texts are kept as one.
#[derive(Clone, Debug)]
pub struct Seen {
    first: i64,
    last: i64,
    outcome: u32,
    take: bool,
    in_range: bool,
    /// Whether any of its events has an outcome that could not be looked up.
    unknown: bool,
    /// Whether that is the latest.
    last_unknown: bool,
    texts: Box<str>,
}

/// The texts of a key.
#[derive(Clone, Copy, Debug)]
pub struct Texts<'s> {
    /// When it was first seen, as JSON.
    pub first: &'s str,
    /// The time of the latest event, as JSON.
    pub last: &'s str,
    /// What tells that event from others at the same time.
    id: &'s str,
    /// The key as that event spells it, as JSON.
    pub spelling: &'s str,
    /// What is carried along from it, each as JSON, with line breaks between.
    pub carry: &'s str,
}

impl Texts<'_> {
    /// None of them is JSON with a line break in it, but for the last.
    fn packed(&self) -> Box<str> {
        [self.first, self.last, self.id, self.spelling, self.carry].join("\n").into()
    }
}

impl Seen {
    /// When it was first seen: greater is later.
    pub fn first(&self) -> i64 {
        self.first
    }

    /// Whether the outcome of the latest event is wanted.
    pub fn take(&self) -> bool {
        self.take
    }

    /// Whether the outcome of any of its events could not be looked up.
    pub fn is_unknown(&self) -> bool {
        self.unknown
    }

    /// Whether the outcome of the latest event could not be looked up.
    pub fn is_last_unknown(&self) -> bool {
        self.last_unknown
    }

    /// Its texts.
    pub fn texts(&self) -> Texts<'_> {
        let mut parts = self.texts.splitn(5, '\n');
        let mut next = || parts.next().unwrap_or_default();
        Texts { first: next(), last: next(), id: next(), spelling: next(), carry: next() }
    }
}

/// All keys of the events so far.
#[derive(Debug, Default)]
pub struct Fold {
    kind: Option<KeyKind>,
    seen: HashMap<Box<str>, Seen>,
    /// Each outcome once: there are few of them.
    outcomes: IndexSet<Box<str>>,
    unusable: HashSet<Box<str>>,
    blank: u64,
}

impl Fold {
    /// No events yet.
    pub fn new(kind: Option<KeyKind>) -> Self {
        Self { kind, ..Self::default() }
    }

    /// Takes an event.
    pub fn push(&mut self, event: Event) {
        let spelling = event.key.unwrap_or_default();
        let key = match Key::read(self.kind, &spelling) {
            Key::Usable(key) => key,
            Key::Unusable => {
                if event.in_range && !self.unusable.contains(spelling.as_str()) {
                    self.unusable.insert(spelling.into());
                }
                return;
            }
            Key::Blank => {
                self.blank += u64::from(event.in_range);
                return;
            }
        };
        let (id, spelling) = (event.id.packed(), quoted(&spelling));
        let (told, carry) = (event.told.as_str(), event.carry.as_str());
        let outcome = self.intern(&event.outcome);
        let texts = Texts { first: told, last: told, id: &id, spelling: &spelling, carry };
        let order = event.order;
        let Some(seen) = self.seen.get_mut(&key) else {
            let seen = Seen {
                first: order,
                last: order,
                outcome,
                take: event.take,
                in_range: event.in_range,
                unknown: event.unknown,
                last_unknown: event.unknown,
                texts: texts.packed(),
            };
            self.seen.insert(key, seen);
            return;
        };
        seen.in_range |= event.in_range;
        seen.unknown |= event.unknown;
        let known = seen.texts();
        let mut merged = known;
        let first = (order, told) < (seen.first, known.first);
        if first {
            merged.first = told;
        }
        let by_source = order.cmp(&seen.last).then_with(|| event.id.cmp(&Id::of(known.id)));
        // Where the source tells no difference, the order of rows must make none either.
        let rest = |outcome: u32, texts: &Texts<'_>| {
            let outcome = self.outcomes.get_index(usize::try_from(outcome).unwrap_or(usize::MAX)).cloned();
            (outcome, texts.spelling.to_owned(), texts.carry.to_owned(), texts.last.to_owned())
        };
        let later = by_source.then_with(|| rest(outcome, &texts).cmp(&rest(seen.outcome, &known)))
            == Ordering::Greater;
        if later {
            merged = Texts { first: merged.first, ..texts };
        }
        if first || later {
            let texts = merged.packed();
            seen.texts = texts;
        }
        if first {
            seen.first = order;
        }
        if later {
            (seen.last, seen.outcome, seen.take) = (order, outcome, event.take);
            seen.last_unknown = event.unknown;
        }
    }

    fn intern(&mut self, outcome: &str) -> u32 {
        let place = match self.outcomes.get_index_of(outcome) {
            Some(place) => place,
            None => self.outcomes.insert_full(outcome.into()).0,
        };
        u32::try_from(place).unwrap_or(u32::MAX)
    }

    /// Whether a key was seen, in the range or after it.
    pub fn knows(&self, key: &str) -> bool {
        self.seen.contains_key(key)
    }

    /// The keys with an event in the range, in no order.
    pub fn candidates(&self) -> impl Iterator<Item = (&str, &Seen)> {
        self.seen.iter().filter(|(_, seen)| seen.in_range).map(|(key, seen)| (&**key, seen))
    }

    /// How the latest event of a key ended, as JSON.
    pub fn outcome(&self, seen: &Seen) -> &str {
        let place = usize::try_from(seen.outcome).unwrap_or(usize::MAX);
        self.outcomes.get_index(place).map_or("null", |outcome| outcome)
    }

    /// How many different texts of events in the range are no key of this kind.
    pub fn unusable(&self) -> u64 {
        self.unusable.len() as u64
    }

    /// How many events in the range have no key.
    pub fn blank(&self) -> u64 {
        self.blank
    }
}

#[cfg(test)]
mod tests {
    use std::cmp::Ordering;

    use super::{Id, natural};

    #[test]
    fn numbers_in_ids_count_as_numbers() {
        for (one, other) in [
            ("1762441200.9", "1762441200.10"),
            ("a9", "a10"),
            ("a009", "a10"),
            ("a", "b"),
            ("a", "a1"),
            ("", "0"),
            ("a01", "a1"),
            ("é1", "é2"),
            ("99999999999999999999998", "99999999999999999999999"),
        ] {
            assert_eq!(natural(one, other), Ordering::Less, "{one} {other}");
            assert_eq!(natural(other, one), Ordering::Greater, "{other} {one}");
        }
        assert!(Id::None < Id::Number(5_i64.into()) && Id::Number(10_i64.into()) < Id::Text("1".into()));
        assert!(Id::Number(9_i64.into()) < Id::Number(10_i64.into()));
    }
}
