//! Rows as they were kept, of looks and captures alike.

use std::collections::{BTreeMap, BTreeSet};
use std::thread;

use arrow_array::{Array as _, RecordBatch};
use chrono::{DateTime, Utc};

use crate::archive::look_file::{KEY, LABEL, SEQ, seq_column, text_column};
use crate::archive::looks::ROWS;
use crate::archive::{Archive, ArchiveError, KeyReader, LookDoc, Looks};
use crate::entities::cells::value_at;
use crate::model::entity::{CaptureRow, CaptureType, EntityRow};
use crate::model::{Day, EntityDef, Fingerprint};

/// How many threads read days at once.
const MOST_THREADS: usize = 8;

/// A row with when and how it came to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptRow {
    /// Its business day: of a daily look the day that had ended, of a capture the day in which it was taken.
    pub day: Day,
    /// When the source was read.
    pub at: DateTime<Utc>,
    /// What it was captured for; `None` for a daily look.
    pub capture: Option<Why>,
    /// The definition by which it was read.
    pub definition: Fingerprint,
    /// What was seen.
    pub row: EntityRow,
}

/// Why a row was captured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Why {
    /// Its type.
    pub kind: CaptureType,
    /// What caused it.
    pub trigger: Option<String>,
    /// Why, in somebody's words.
    pub reason: Option<String>,
    /// Who asked for it.
    pub actor: Option<String>,
    /// When that happened which caused it.
    pub occurred_at: Option<DateTime<Utc>>,
    /// What changed, where that was asked for.
    pub changes: Vec<String>,
}

impl KeptRow {
    /// A row of a file of captures.
    pub fn of_capture(day: Day, row: CaptureRow) -> Self {
        Self {
            day,
            at: row.captured_at,
            capture: Some(Why {
                kind: row.kind,
                trigger: row.trigger,
                reason: row.reason,
                actor: row.actor,
                occurred_at: row.occurred_at,
                changes: row.changes,
            }),
            definition: row.definition,
            row: row.row,
        }
    }
}

/// Reads rows of one kind of entities.
pub struct Rows<'a> {
    pub(super) archive: &'a Archive,
    pub(super) name: &'a str,
    pub(super) looks: &'a Looks,
    /// The definitions by which there are looks.
    pub(super) definitions: BTreeMap<Fingerprint, EntityDef>,
}

impl<'a> Rows<'a> {
    /// For the entities of this name.
    ///
    /// # Errors
    /// When a definition is missing or damaged.
    pub fn new(archive: &'a Archive, name: &'a str, looks: &'a Looks) -> Result<Self, ArchiveError> {
        let used: BTreeSet<Fingerprint> = looks.looks.values().map(|line| line.doc.definition).collect();
        let definitions = used.into_iter().map(|print| Ok((print, archive.entity_definition(print)?)));
        Ok(Self { archive, name, looks, definitions: definitions.collect::<Result<_, ArchiveError>>()? })
    }

    /// The rows of a day's captures.
    ///
    /// # Errors
    /// When a file is missing or damaged.
    pub fn captures(&self, day: Day) -> Result<Vec<KeptRow>, ArchiveError> {
        let found = self.archive.captures(self.name, self.looks, day)?;
        Ok(found.into_iter().map(|row| KeptRow::of_capture(day, row)).collect())
    }

    /// All rows of a key, oldest first.
    ///
    /// # Errors
    /// When a file is missing or damaged.
    pub fn of_key(&self, key: &str) -> Result<Vec<KeptRow>, ArchiveError> {
        let mut rows = self.of_key_on(key, &self.days())?;
        rows.sort_by_key(|row| row.row.seq);
        Ok(rows)
    }

    /// The days that have looks or captures.
    pub fn days(&self) -> Vec<Day> {
        let mut days: Vec<Day> = self.looks.looks.keys().copied().chain(self.looks.capture_days()).collect();
        days.sort_unstable();
        days.dedup();
        days
    }

    /// The rows of a key on these days, in no certain order.
    ///
    /// # Errors
    /// When a file is missing or damaged.
    pub fn of_key_on(&self, key: &str, days: &[Day]) -> Result<Vec<KeptRow>, ArchiveError> {
        let some = |days: &mut dyn Iterator<Item = &Day>| {
            let mut rows = Vec::new();
            let mut reader = KeyReader::new(self.archive);
            for day in days {
                if let Some(line) = self.looks.looks.get(day) {
                    rows.extend(self.one_of_look(&mut reader, &line.doc, key)?);
                }
                let captured = reader.captures(self.name, self.looks, *day, key)?;
                rows.extend(captured.into_iter().map(|row| KeptRow::of_capture(*day, row)));
            }
            Ok::<_, ArchiveError>(rows)
        };
        // A day is two files that are read and uncompressed whole, and no day needs another.
        let threads =
            thread::available_parallelism().map_or(1, usize::from).min(MOST_THREADS).min(days.len());
        if threads < 2 {
            return some(&mut days.iter());
        }
        thread::scope(|scope| {
            let some = &some;
            let start = |at: usize| scope.spawn(move || some(&mut days.iter().skip(at).step_by(threads)));
            let running: Vec<_> = (0..threads).map(start).collect();
            let mut rows = Vec::new();
            for one in running {
                rows.extend(one.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?);
            }
            Ok(rows)
        })
    }

    /// The row of a key in a look.
    fn one_of_look(
        &self,
        reader: &mut KeyReader<'_>,
        look: &LookDoc,
        key: &str,
    ) -> Result<Option<KeptRow>, ArchiveError> {
        let Some(def) = self.definitions.get(&look.definition) else { return Ok(None) };
        let batch = reader.look_row(look, ROWS, &columns(def), key)?;
        Ok(batch.and_then(|batch| kept_row(look, def, &batch, 0)))
    }

    /// The rows of these keys in a look.
    pub(super) fn of_look(
        &self,
        look: &LookDoc,
        wanted: &BTreeSet<&str>,
    ) -> Result<Vec<KeptRow>, ArchiveError> {
        let Some(def) = self.definitions.get(&look.definition) else { return Ok(Vec::new()) };
        let (Some(first), Some(last)) = (wanted.first(), wanted.last()) else { return Ok(Vec::new()) };
        if wanted.len() == 1 {
            let row = self.one_of_look(&mut KeyReader::new(self.archive), look, first)?;
            return Ok(row.into_iter().collect());
        }
        let columns = columns(def);
        let mut rows = Vec::new();
        let reader = self.archive.look_between(look, ROWS, &columns, (first, last))?;
        for batch in reader.into_iter().flatten() {
            let batch = batch.map_err(|error| self.archive.look_damaged(look, ROWS, &error))?;
            let Some(keys) = text_column(&batch, KEY) else { continue };
            let places = (0..keys.len()).filter(|at| wanted.contains(keys.value(*at)));
            rows.extend(places.filter_map(|at| kept_row(look, def, &batch, at)));
        }
        Ok(rows)
    }
}

/// The columns of a row.
fn columns(def: &EntityDef) -> Vec<&str> {
    [KEY, SEQ, LABEL].into_iter().chain(def.fields.keys().map(String::as_str)).collect()
}

/// A row of a look.
pub(super) fn kept_row(look: &LookDoc, def: &EntityDef, batch: &RecordBatch, at: usize) -> Option<KeptRow> {
    let fields = def.fields.iter().filter_map(|(name, field)| {
        Some((name.clone(), value_at(batch.column_by_name(name)?, field.kind, at)))
    });
    let label = text_column(batch, LABEL).filter(|labels| labels.is_valid(at));
    Some(KeptRow {
        day: look.date,
        at: look.captured_at,
        capture: None,
        definition: look.definition,
        row: EntityRow {
            key: text_column(batch, KEY)?.value(at).to_owned(),
            seq: seq_column(batch)?.value(at),
            label: label.map(|labels| labels.value(at).to_owned()),
            fields: fields.collect(),
        },
    })
}
