//! What entities did between two looks: which looks are meant, and what came of them.

use arrow_array::cast::AsArray as _;
use arrow_array::types::Int64Type;
use arrow_array::{Array as _, Int64Array, RecordBatch, StringArray};
use chrono::{DateTime, Utc};

use crate::analyze::growth::{Asked, Grown, NotDue, Piece, grow};
use crate::archive::look_file::{KEY, LABEL, NOT_DUE, STATE, text_column};
use crate::archive::looks::{REST, ROWS};
use crate::archive::{Archive, ArchiveError, CaptureDoc, LookDoc, Looks};
use crate::model::entity::{CaptureRow, FieldKind, FieldValue};
use crate::model::{Day, EntityDef};

/// What is asked for.
#[derive(Clone, Debug)]
pub struct GrowthRequest {
    /// From when to when.
    pub span: Span,
    /// Whether the nearest look there is takes the place of one that is missing.
    pub nearest: bool,
    /// The field they are grouped by.
    pub by: Option<String>,
    /// Only entities whose fields have these values.
    pub filters: Vec<(String, String)>,
    /// Only the entity of this key.
    pub key: Option<String>,
    /// How many are listed that grew most.
    pub top: usize,
}

/// From when to when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    /// So many business days back from the newest row.
    Days(u16),
    /// From the look of one day to that of another.
    Between(Day, Day),
}

/// One side of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Its business day: of a daily look the day that had ended, of a capture the day in which it was taken.
    pub day: Day,
    /// When the source was read.
    pub at: DateTime<Utc>,
    /// Whether it is a capture and no daily look.
    pub capture: bool,
}

/// Why there is nothing to hold the newest row against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoBaseline {
    /// The day whose look is missing.
    pub day: Day,
    /// Why, as far as the archive says.
    pub reason: Option<String>,
    /// The nearest day that has a look.
    pub nearest: Option<Day>,
    /// The first day from whose look on this span will work; `None` where that can't be said.
    pub works_from: Option<Day>,
}

/// What came out.
#[derive(Clone, Debug)]
pub struct Growth {
    /// The newer side.
    pub current: Seen,
    /// The older side, or why there is none.
    pub previous: Result<Seen, NoBaseline>,
    /// What every counter did; `None` without an older side.
    pub grown: Option<Grown>,
    /// What the counters are on the newer side; the sums over all of its rows that pass.
    pub now: Grown,
}

/// Why growth can't be told.
#[derive(Debug, thiserror::Error)]
pub enum GrowthError {
    /// Nobody ever looked.
    #[error("nobody has looked at {entity} yet")]
    NoLook {
        /// The entities.
        entity: String,
    },
    /// A day has no look.
    #[error("there is no look at {entity} for {day}")]
    NoDay {
        /// The entities.
        entity: String,
        /// The day.
        day: Day,
        /// Why, as far as the archive says.
        reason: Option<String>,
        /// The nearest day that has one.
        nearest: Option<Day>,
    },
    /// There is no such field.
    #[error("{name:?} is no {kind} of {entity}")]
    NoField {
        /// The entities.
        entity: String,
        /// What was asked for.
        name: String,
        /// What it should be.
        kind: &'static str,
        /// What there is.
        known: Vec<String>,
    },
    /// There are no counters.
    #[error("{entity} has no counters, and only these grow")]
    NoCounters {
        /// The entities.
        entity: String,
    },
    /// The older day is not before the newer one.
    #[error("{from} is not before {to}")]
    Backwards {
        /// The older one.
        from: Day,
        /// The newer one.
        to: Day,
    },
    /// The archive can't be read.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
}

impl GrowthError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoLook { .. } => Some("asof save looks once a day, shortly after the day's end".to_owned()),
            Self::NoDay { nearest, .. } => nearest.map(|day| format!("the nearest look is that of {day}")),
            Self::NoField { known, .. } if known.is_empty() => None,
            Self::NoField { known, .. } => Some(format!("there are {}", known.join(", "))),
            Self::NoCounters { .. } => Some("name columns under counters".to_owned()),
            Self::Backwards { .. } => Some("name the earlier day first".to_owned()),
            Self::Archive(error) => error.hint(),
        }
    }
}

/// What is read of a side.
#[derive(Clone, Copy)]
enum Kept<'a> {
    Look(&'a LookDoc),
    Capture(&'a CaptureDoc),
}

impl Kept<'_> {
    fn seen(&self) -> Seen {
        match self {
            Self::Look(look) => Seen { day: look.date, at: look.captured_at, capture: false },
            Self::Capture(capture) => Seen { day: capture.date, at: capture.captured_at, capture: true },
        }
    }
}

/// Tells what entities did.
///
/// # Errors
/// When nobody ever looked, a name is unknown, or the archive can't be read.
pub fn growth(
    archive: &Archive,
    name: &str,
    def: &EntityDef,
    looks: &Looks,
    request: &GrowthRequest,
) -> Result<Growth, GrowthError> {
    let reader = Reader { archive, name, def, looks, request };
    reader.check()?;
    let (current, wanted) = match request.span {
        Span::Days(days) => {
            let current = reader.newest().ok_or_else(|| GrowthError::NoLook { entity: name.to_owned() })?;
            (current, current.seen().day.checked_add(-i64::from(days)))
        }
        Span::Between(from, to) if from >= to => return Err(GrowthError::Backwards { from, to }),
        Span::Between(from, to) => (reader.of_day(to)?, Some(from)),
    };
    let current_seen = current.seen();
    let older = wanted.and_then(|day| looks.looks.get(&day)).map(|line| &line.doc);
    let previous = match (older, wanted) {
        (Some(look), _) => Ok(look),
        (None, wanted) => Err(reader.no_baseline(wanted.unwrap_or(current_seen.day), current_seen.day)),
    };
    let previous = match previous {
        Err(missing) if request.nearest => {
            let nearest = missing.nearest.filter(|day| *day < current_seen.day);
            nearest.and_then(|day| looks.looks.get(&day)).map_or(Err(missing), |line| Ok(&line.doc))
        }
        other => other,
    };
    let asked = reader.asked();
    let nothing = || std::iter::empty::<Result<Piece, ArchiveError>>();
    let now = grow(reader.pieces(current)?, nothing(), (&NotDue::new(), &NotDue::new()), &asked)?;
    let grown = match &previous {
        Err(_) => None,
        Ok(older) => {
            let not_due = (reader.not_due(current)?, reader.not_due(Kept::Look(older))?);
            let (new, old) = (reader.pieces(current)?, reader.pieces(Kept::Look(older))?);
            Some(grow(new, old, (&not_due.0, &not_due.1), &asked)?)
        }
    };
    Ok(Growth { current: current_seen, previous: previous.map(|look| Kept::Look(look).seen()), grown, now })
}

struct Reader<'a> {
    archive: &'a Archive,
    name: &'a str,
    def: &'a EntityDef,
    looks: &'a Looks,
    request: &'a GrowthRequest,
}

impl<'a> Reader<'a> {
    fn check(&self) -> Result<(), GrowthError> {
        if self.def.of_kind(FieldKind::Counter).next().is_none() {
            return Err(GrowthError::NoCounters { entity: self.name.to_owned() });
        }
        let filters = self.request.filters.iter().map(|(field, _)| field);
        for field in self.request.by.iter().chain(filters) {
            if self.def.fields.get(field).is_none_or(|def| def.kind != FieldKind::Attribute) {
                return Err(GrowthError::NoField {
                    entity: self.name.to_owned(),
                    name: field.clone(),
                    kind: "group or attribute",
                    known: self.def.of_kind(FieldKind::Attribute).map(str::to_owned).collect(),
                });
            }
        }
        Ok(())
    }

    fn asked(&self) -> Asked {
        Asked {
            counters: self.def.of_kind(FieldKind::Counter).map(str::to_owned).collect(),
            top: self.request.top,
            grouped: self.request.by.is_some(),
        }
    }

    /// The newest look at all entities, be it a daily one or a capture; with a key, the newest row of it.
    fn newest(&self) -> Option<Kept<'a>> {
        let look = self.looks.looks.values().map(|line| Kept::Look(&line.doc));
        let captures = self.looks.captures.iter().map(|line| &line.doc);
        let captures = captures.filter(|capture| capture.full || self.captured(capture)).map(Kept::Capture);
        look.chain(captures).max_by_key(|kept| kept.seen().at)
    }

    /// Whether a capture of some entities has the one that is asked for.
    fn captured(&self, capture: &CaptureDoc) -> bool {
        self.request.key.as_ref().is_some_and(|key| {
            self.captures(capture).is_ok_and(|rows| rows.iter().any(|row| row.row.key == *key))
        })
    }

    fn of_day(&self, day: Day) -> Result<Kept<'a>, GrowthError> {
        let look = self.looks.looks.get(&day).map(|line| Kept::Look(&line.doc));
        look.ok_or_else(|| GrowthError::NoDay {
            entity: self.name.to_owned(),
            day,
            reason: self.reason(day),
            nearest: self.nearest(day),
        })
    }

    fn reason(&self, day: Day) -> Option<String> {
        self.looks.unlooked.get(&day).map(|line| line.doc.reason.clone())
    }

    /// The nearest day that has a look; of two the earlier.
    fn nearest(&self, day: Day) -> Option<Day> {
        self.looks.looks.keys().copied().min_by_key(|other| (other.days_since(day).abs(), *other))
    }

    fn no_baseline(&self, day: Day, current: Day) -> NoBaseline {
        let days = current.days_since(day);
        // Each look is a baseline for that of so many days later.
        let next = self.looks.looks.keys().filter_map(|look| look.checked_add(days));
        let works_from = next.filter(|works| *works > current).min();
        NoBaseline { day, reason: self.reason(day), nearest: self.nearest(day), works_from }
    }

    /// The keys that were seen and have no row, sorted.
    fn not_due(&self, kept: Kept<'_>) -> Result<NotDue, ArchiveError> {
        let Kept::Look(look) = kept else { return Ok(NotDue::new()) };
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

    /// The rows of a side, piece by piece.
    fn pieces<'s>(
        &'s self,
        kept: Kept<'a>,
    ) -> Result<Box<dyn Iterator<Item = Result<Piece, ArchiveError>> + 's>, ArchiveError> {
        match kept {
            Kept::Look(look) => {
                if let Some(key) = &self.request.key {
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
            Kept::Capture(capture) => {
                let mut rows = self.captures(capture)?;
                rows.retain(|row| self.request.key.as_ref().is_none_or(|key| row.row.key == *key));
                rows.sort_by(|one, other| one.row.key.cmp(&other.row.key));
                Ok(Box::new(std::iter::once(Ok(self.captured_piece(&rows)))))
            }
        }
    }

    /// The rows of a capture, wherever they lie by now.
    fn captures(&self, capture: &CaptureDoc) -> Result<Vec<CaptureRow>, ArchiveError> {
        let mut rows = self.archive.captures(self.name, self.looks, capture.date)?;
        rows.retain(|row| row.captured_at == capture.captured_at);
        Ok(rows)
    }

    fn columns(&self) -> Vec<&str> {
        let mut columns = vec![KEY];
        if self.request.top > 0 || self.request.key.is_some() {
            columns.push(LABEL);
        }
        columns.extend(self.def.of_kind(FieldKind::Counter));
        columns.extend(self.request.by.as_deref());
        columns.extend(self.request.filters.iter().map(|(field, _)| field.as_str()));
        columns
    }

    fn piece(&self, batch: &RecordBatch) -> Piece {
        let counter = |name: &str| batch.column_by_name(name)?.as_primitive_opt::<Int64Type>().cloned();
        Piece {
            keys: text_column(batch, KEY).cloned().unwrap_or_else(|| StringArray::new_null(0)),
            labels: text_column(batch, LABEL).cloned(),
            counters: self.def.of_kind(FieldKind::Counter).map(counter).collect(),
            group: self.request.by.as_deref().and_then(|by| text_column(batch, by).cloned()),
            filters: self.filters(|field| text_column(batch, field).cloned()),
        }
    }

    fn filters(&self, column: impl Fn(&str) -> Option<StringArray>) -> Vec<(Option<StringArray>, String)> {
        let filters = self.request.filters.iter();
        filters.map(|(field, value)| (column(field), value.clone())).collect()
    }

    fn captured_piece(&self, rows: &[CaptureRow]) -> Piece {
        let text = |field: &str| -> Option<StringArray> {
            let texts = rows.iter().map(|row| row.row.fields.get(field)?.as_ref().and_then(FieldValue::text));
            Some(texts.collect())
        };
        let counter = |field: &str| -> Option<Int64Array> {
            let numbers = rows.iter().map(|row| row.row.number(field).and_then(crate::model::Number::to_i64));
            Some(numbers.collect())
        };
        Piece {
            keys: rows.iter().map(|row| Some(row.row.key.as_str())).collect(),
            labels: Some(rows.iter().map(|row| row.row.label.as_deref()).collect()),
            counters: self.def.of_kind(FieldKind::Counter).map(counter).collect(),
            group: self.request.by.as_deref().and_then(text),
            filters: self.filters(text),
        }
    }
}
