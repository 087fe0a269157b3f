//! One side of growth: a daily look, a capture, or what was just read; and its rows, column by column.

use arrow_array::cast::AsArray as _;
use arrow_array::types::Int64Type;
use arrow_array::{Array as _, Int64Array, RecordBatch, StringArray};
use chrono::{DateTime, Utc};

use super::fits::is_of;
use super::growth::Seen;
use crate::analyze::growth::{NotDue, Piece};
use crate::archive::look_file::{KEY, LABEL, NOT_DUE, SEQ, STATE, seq_column, text_column};
use crate::archive::looks::{REST, ROWS};
use crate::archive::{Archive, ArchiveError, CaptureDoc, LookDoc, Looks};
use crate::config::serve::Only;
use crate::entities::LookTable;
use crate::entities::look_table::Column;
use crate::model::entity::{CaptureRow, FieldKind, FieldValue};
use crate::model::{Day, EntityDef, Number};

/// How many rows of what was just read make a piece.
const PIECE: usize = 1 << 16;

/// Entities as they are now, which are not kept.
pub struct Live {
    /// The day in which that was.
    pub day: Day,
    /// When the source was read.
    pub at: DateTime<Utc>,
    /// What was seen.
    pub table: LookTable,
}

/// A side.
#[derive(Clone, Copy)]
pub(super) enum Side<'a> {
    Look(&'a LookDoc),
    Capture(&'a CaptureDoc),
    Live(&'a Live),
}

impl Side<'_> {
    pub(super) fn seen(&self) -> Seen {
        match self {
            Self::Look(look) => Seen { day: look.date, at: look.captured_at, capture: false, live: false },
            Self::Capture(capture) => {
                Seen { day: capture.date, at: capture.captured_at, capture: true, live: false }
            }
            Self::Live(live) => Seen { day: live.day, at: live.at, capture: false, live: true },
        }
    }
}

/// What a side has of the one key that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Presence {
    /// A row; also where all keys are asked for.
    Row,
    /// It was seen, and its row was not due.
    NotDue,
    /// It was not there.
    Absent,
    /// It was not asked for.
    Unasked,
}

/// What is read of a side.
pub(super) struct Wanted<'a> {
    /// The names of the counters.
    pub(super) counters: Vec<&'a str>,
    /// What they are grouped by.
    pub(super) by: Option<&'a str>,
    /// Attributes and the values that they must have.
    pub(super) filters: &'a [(String, String)],
    /// The one key.
    pub(super) key: Option<&'a str>,
    /// Whether labels are needed.
    pub(super) labels: bool,
    /// The only rows that there are.
    pub(super) only: Option<&'a Only>,
}

/// The rows of a side, piece by piece.
pub(super) type Pieces<'s> = Box<dyn Iterator<Item = Result<Piece, ArchiveError>> + 's>;

/// Reads sides.
pub(super) struct Sides<'a> {
    pub(super) archive: &'a Archive,
    pub(super) name: &'a str,
    /// The definition of now.
    pub(super) def: &'a EntityDef,
    pub(super) looks: &'a Looks,
    pub(super) wanted: Wanted<'a>,
}

impl<'a> Sides<'a> {
    /// The definition by which a side was read.
    pub(super) fn definition(&self, side: Side<'a>) -> Result<EntityDef, ArchiveError> {
        match side {
            Side::Look(look) => self.archive.entity_definition(look.definition),
            Side::Capture(capture) => self.archive.entity_definition(capture.definition),
            Side::Live(_) => Ok(self.def.clone()),
        }
    }

    /// What a side has of the key.
    pub(super) fn presence(&self, side: Side<'a>) -> Result<Presence, ArchiveError> {
        let Some(key) = self.wanted.key else {
            let full = if let Side::Capture(capture) = side { capture.full } else { true };
            return Ok(if full { Presence::Row } else { Presence::Unasked });
        };
        match side {
            Side::Look(look) => {
                let columns: Vec<&str> = [KEY].into_iter().chain(self.only_field()).collect();
                if let Some(row) = self.archive.look_row(look, ROWS, &columns, key)? {
                    let seen = |column: Option<&StringArray>, wanted: &str| {
                        column.is_some_and(|column| column.is_valid(0) && column.value(0) == wanted)
                    };
                    let only = self.wanted.only;
                    let is_there = only.is_none_or(|only| seen(text_column(&row, &only.field), &only.value));
                    return Ok(if is_there { Presence::Row } else { Presence::Absent });
                }
                let rest = self.archive.look_row(look, REST, &[KEY, STATE], key)?;
                let waits = rest.is_some_and(|row| {
                    text_column(&row, STATE).is_some_and(|states| states.value(0) == NOT_DUE)
                });
                Ok(if waits { Presence::NotDue } else { Presence::Absent })
            }
            Side::Capture(capture) => {
                let found = self.captured(capture)?.iter().any(|row| row.row.key == key);
                Ok(match (found, capture.full) {
                    (true, _) => Presence::Row,
                    (false, true) => Presence::Absent,
                    (false, false) => Presence::Unasked,
                })
            }
            Side::Live(live) => {
                let is_there = |at: usize| {
                    self.wanted.only.is_none_or(|only| {
                        let value = live.table.value(&only.field, FieldKind::Attribute, at);
                        value.as_ref().and_then(FieldValue::text) == Some(only.value.as_str())
                    })
                };
                let found = live.table.sorted_keys().any(|(at, other)| other == key && is_there(at));
                Ok(if found { Presence::Row } else { Presence::Absent })
            }
        }
    }

    /// The number of the key's row in a side.
    pub(super) fn number(&self, side: Side<'a>, key: &str) -> Result<Option<u64>, ArchiveError> {
        match side {
            Side::Look(look) => {
                let row = self.archive.look_row(look, ROWS, &[KEY, SEQ], key)?;
                let seqs = row.as_ref().and_then(seq_column);
                Ok(seqs.filter(|seqs| !seqs.is_empty()).map(|seqs| seqs.value(0)))
            }
            Side::Capture(capture) => {
                let rows = self.captured(capture)?.into_iter().filter(|row| row.row.key == key);
                Ok(rows.map(|row| row.row.seq).max())
            }
            Side::Live(_) => Ok(None),
        }
    }

    /// The keys that were seen and have no row, sorted.
    pub(super) fn not_due(&self, side: Side<'a>) -> Result<NotDue, ArchiveError> {
        let Side::Look(look) = side else { return Ok(NotDue::new()) };
        let mut keys = NotDue::new();
        let Some(reader) = self.archive.look_columns(look, REST, &[KEY, STATE])? else { return Ok(keys) };
        for batch in reader {
            let batch = batch.map_err(|error| self.archive.look_damaged(look, REST, &error))?;
            let (Some(found), Some(states)) = (text_column(&batch, KEY), text_column(&batch, STATE)) else {
                continue;
            };
            let waiting = (0..found.len()).filter(|at| states.value(*at) == NOT_DUE);
            keys.extend(waiting.map(|at| found.value(at).to_owned()));
        }
        Ok(keys)
    }

    /// The rows of a side.
    pub(super) fn pieces<'s>(&'s self, side: Side<'a>) -> Result<Pieces<'s>, ArchiveError> {
        match side {
            Side::Look(look) => {
                if let Some(key) = self.wanted.key {
                    let row = self.archive.look_row(look, ROWS, &self.columns(), key)?;
                    return Ok(Box::new(row.map(|row| Ok(self.piece(&row))).into_iter()));
                }
                let reader = self.archive.look_columns(look, ROWS, &self.columns())?;
                Ok(Box::new(reader.into_iter().flatten().map(|batch| {
                    batch
                        .map(|batch| self.piece(&batch))
                        .map_err(|error| self.archive.look_damaged(look, ROWS, &error))
                })))
            }
            Side::Capture(capture) => {
                let mut rows = self.captured(capture)?;
                rows.retain(|row| self.wanted.key.is_none_or(|key| row.row.key == key));
                // Of captures in the same instant the last one counts.
                rows.sort_by(|one, other| {
                    one.row.key.cmp(&other.row.key).then(other.row.seq.cmp(&one.row.seq))
                });
                rows.dedup_by(|one, other| one.row.key == other.row.key);
                Ok(Box::new(std::iter::once(Ok(self.captured_piece(&rows)))))
            }
            Side::Live(live) => Ok(Box::new(
                live.table.order.chunks(PIECE).map(|places| self.live_piece(&live.table, places)),
            )),
        }
    }

    /// The rows of a capture, wherever they lie by now.
    fn captured(&self, capture: &CaptureDoc) -> Result<Vec<CaptureRow>, ArchiveError> {
        let mut rows = Vec::new();
        for file in self.looks.capture_files(capture.date) {
            let found = self.archive.capture_rows(self.name, capture.date, file)?;
            let own = found.into_iter().filter(|row| row.captured_at == capture.captured_at);
            rows.extend(own.filter(|row| is_of(self.wanted.only, &row.row)));
        }
        Ok(rows)
    }

    fn columns(&self) -> Vec<&str> {
        let wanted = &self.wanted;
        let mut columns = vec![KEY];
        columns.extend(wanted.labels.then_some(LABEL));
        columns.extend(&wanted.counters);
        columns.extend(wanted.by);
        columns.extend(wanted.filters.iter().map(|(field, _)| field.as_str()));
        columns.extend(self.only_field());
        columns
    }

    fn only_field(&self) -> Option<&'a str> {
        self.wanted.only.map(|only| only.field.as_str())
    }

    fn only(&self, column: impl Fn(&str) -> Option<StringArray>) -> Option<(Option<StringArray>, String)> {
        self.wanted.only.map(|only| (column(&only.field), only.value.clone()))
    }

    fn piece(&self, batch: &RecordBatch) -> Piece {
        let counter = |name: &&str| batch.column_by_name(name)?.as_primitive_opt::<Int64Type>().cloned();
        Piece {
            keys: text_column(batch, KEY).cloned().unwrap_or_else(|| StringArray::new_null(0)),
            labels: text_column(batch, LABEL).cloned(),
            counters: self.wanted.counters.iter().map(counter).collect(),
            group: self.wanted.by.and_then(|by| text_column(batch, by).cloned()),
            filters: self.filters(|field| text_column(batch, field).cloned()),
            only: self.only(|field| text_column(batch, field).cloned()),
        }
    }

    fn filters(&self, column: impl Fn(&str) -> Option<StringArray>) -> Vec<(Option<StringArray>, String)> {
        let filters = self.wanted.filters.iter();
        filters.map(|(field, value)| (column(field), value.clone())).collect()
    }

    fn captured_piece(&self, rows: &[CaptureRow]) -> Piece {
        let text = |field: &str| -> Option<StringArray> {
            let texts = rows.iter().map(|row| row.row.fields.get(field)?.as_ref().and_then(FieldValue::text));
            Some(texts.collect())
        };
        let counter = |field: &&str| -> Option<Int64Array> {
            let numbers = rows.iter().map(|row| row.row.number(field).and_then(Number::to_i64));
            Some(numbers.collect())
        };
        Piece {
            keys: rows.iter().map(|row| Some(row.row.key.as_str())).collect(),
            labels: Some(rows.iter().map(|row| row.row.label.as_deref()).collect()),
            counters: self.wanted.counters.iter().map(counter).collect(),
            group: self.wanted.by.and_then(text),
            filters: self.filters(text),
            // They were chosen already.
            only: None,
        }
    }

    fn live_piece(&self, table: &LookTable, places: &[u32]) -> Result<Piece, ArchiveError> {
        let wanted = self.columns();
        let first = table.pieces.first();
        let label = first.and_then(|piece| piece.labels.as_ref()).map(|_| (LABEL, Column::Label));
        let names = first.into_iter().flat_map(|piece| piece.fields.keys().map(String::as_str));
        let fields = names.filter(|name| wanted.contains(name)).map(|name| (name, Column::Field(name)));
        let columns = std::iter::once((KEY, Column::Key)).chain(label).chain(fields);
        let taken = columns.map(|(name, column)| Ok((name, table.take(places, column)?, true)));
        let batch = taken.collect::<Result<Vec<_>, _>>().and_then(RecordBatch::try_from_iter_with_nullable);
        let batch = batch.map_err(|error| ArchiveError::Io {
            doing: "sort what was read for",
            path: self.archive.dir().to_owned(),
            error: std::io::Error::other(error),
        })?;
        Ok(self.piece(&batch))
    }

    /// The names of the counters.
    pub(super) fn counters_of(def: &EntityDef) -> Vec<&str> {
        def.of_kind(FieldKind::Counter).collect()
    }
}
