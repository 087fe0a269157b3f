//! What became of each entity of a capture. There may be a million of them.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::entities::LookTable;
use crate::model::entity::RowId;

/// What became of one entity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Captured {
    /// Its row is kept.
    Kept {
        /// The row's id.
        id: RowId,
        /// What people call it.
        label: Option<String>,
        /// What happened since the last row, where that was asked.
        changes: Vec<String>,
    },
    /// It was seen too lately.
    Cooldown {
        /// How long it still is.
        remaining: Duration,
        /// The row in which it was seen.
        id: RowId,
    },
    /// There is a row that does.
    Existing {
        /// The row's id.
        id: RowId,
        /// When it was seen.
        at: DateTime<Utc>,
    },
    /// Nothing happened since this row.
    Unchanged {
        /// The row's id.
        id: RowId,
    },
    /// It is in the source, and its fields are not those that were asked for.
    Other,
    /// The source has no such entity.
    Absent,
}

/// The same in little space: keys and labels are those of what was read.
#[derive(Clone, Debug)]
pub(super) enum Told {
    Kept { seq: u64, changes: Box<[String]> },
    Cooldown { remaining: Duration, seq: u64 },
    Existing { at: DateTime<Utc>, seq: u64 },
    Unchanged { seq: u64 },
}

/// What a capture did.
#[derive(Debug)]
pub struct CaptureOutcome {
    /// When the source was read; `None` when it was not.
    pub captured_at: Option<DateTime<Utc>>,
    /// Those of which no row was compared or kept.
    pub(super) others: BTreeMap<String, Captured>,
    /// The rest, by their places in what was read, sorted by key.
    pub(super) told: Vec<(u32, Told)>,
    /// What was read, without its fields.
    pub(super) table: LookTable,
}

impl CaptureOutcome {
    pub(super) fn new() -> Self {
        Self { captured_at: None, others: BTreeMap::new(), told: Vec::new(), table: LookTable::default() }
    }

    /// What became of each, sorted by key.
    pub fn each(&self) -> impl Iterator<Item = (&str, Captured)> {
        let mut others = self.others.iter().map(|(key, what)| (key.as_str(), what.clone())).peekable();
        let mut told = self.told.iter().map(|(at, told)| self.of(*at as usize, told)).peekable();
        std::iter::from_fn(move || {
            let first = match (others.peek(), told.peek()) {
                (Some((other, _)), Some((key, _))) => other < key,
                (other, _) => other.is_some(),
            };
            if first { others.next() } else { told.next() }
        })
    }

    /// How many rows were kept.
    pub fn kept(&self) -> usize {
        self.told.iter().filter(|(_, told)| matches!(told, Told::Kept { .. })).count()
    }

    /// How many entities something is told of.
    pub fn len(&self) -> usize {
        self.others.len() + self.told.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn of(&self, at: usize, told: &Told) -> (&str, Captured) {
        let key = self.table.key(at);
        let mut captured = told.of(key);
        if let Captured::Kept { label, .. } = &mut captured {
            *label = self.table.label(at).map(str::to_owned);
        }
        (key, captured)
    }
}

impl Told {
    /// The same of a key, without its label.
    pub(super) fn of(&self, key: &str) -> Captured {
        let id = |seq: &u64| RowId { key: key.to_owned(), seq: *seq };
        match self {
            Self::Kept { seq, changes } => {
                Captured::Kept { id: id(seq), label: None, changes: changes.to_vec() }
            }
            Self::Cooldown { remaining, seq } => Captured::Cooldown { remaining: *remaining, id: id(seq) },
            Self::Existing { at, seq } => Captured::Existing { id: id(seq), at: *at },
            Self::Unchanged { seq } => Captured::Unchanged { id: id(seq) },
        }
    }
}
