//! The rows of a look while they come, column by column: checked, exact, and in the end sorted by key.
//!
//! Columns are kept as the archive writes them, since a look may have a million rows; and nothing is made anew for
//! a row that could be used again for the next.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::mem;
use std::sync::Arc;

use arrow_array::ArrayRef;
use arrow_array::builder::{Decimal128Builder, Int64Builder, StringBuilder};
use arrow_schema::ArrowError;
use indexmap::IndexMap;

use super::cells::{GAUGE_DIGITS, GAUGE_PLACES, NoText, decimal, list, text, whole};
use super::due::how_often;
use super::look_table::{LookTable, PIECE, Piece};
use crate::model::Value;
use crate::model::entity::{EntityDef, Every, FieldKind};
use crate::plan::EntityPlan;

/// How many keys are named in an error.
const NAMED: usize = 5;

/// Why the rows of a look can't be kept.
#[derive(Debug, thiserror::Error)]
pub enum LookError {
    /// A row without a key.
    #[error("entities.{entity}: row {row} of the query has no key: its {column} is NULL")]
    NoKey {
        /// The entities.
        entity: String,
        /// Which row, from 1.
        row: usize,
        /// The key's column.
        column: String,
    },
    /// Several rows of one key.
    #[error("entities.{entity}: the query gives more than one row for {} of {column}: {}", many(*keys), named.join(", "))]
    Twice {
        /// The entities.
        entity: String,
        /// The key's column.
        column: String,
        /// How many keys have more than one row.
        keys: usize,
        /// Some of them.
        named: Vec<String>,
    },
    /// A value that a field can't hold.
    #[error("entities.{entity}: {column} of {key} is {value}, which is no {wanted}")]
    Value {
        /// The entities.
        entity: String,
        /// The column.
        column: String,
        /// The key of the row.
        key: String,
        /// The value, shortened.
        value: String,
        /// What was wanted: `whole number of 64 bits`.
        wanted: &'static str,
    },
    /// More than a file can hold.
    #[error("entities.{entity}: the texts of one column are more than 2 GiB")]
    TooLarge {
        /// The entities.
        entity: String,
    },
    /// The columns don't make a table.
    #[error("the rows can't be kept: {0}")]
    Table(#[from] ArrowError),
}

fn many(keys: usize) -> String {
    if keys == 1 { "a value".to_owned() } else { format!("{keys} values") }
}

impl LookError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoKey { .. } => Some("let the SQL leave such rows out: where … is not null".to_owned()),
            Self::Twice { .. } => {
                Some("let the SQL give one row for each, or name another column as the key".to_owned())
            }
            Self::Value { wanted, .. } if wanted.contains("JSON") => {
                Some("let the SQL give a JSON array of texts, or name it under attributes".to_owned())
            }
            Self::Value { .. } => Some("let the SQL give a number, or name it under attributes".to_owned()),
            Self::TooLarge { .. } | Self::Table(_) => None,
        }
    }
}

/// Takes the rows of a look as they come.
pub struct TableBuilder {
    entity: String,
    key_column: String,
    /// The names of the fields with their columns in the query and their kinds.
    fields: Vec<(String, String, Builder)>,
    keys: StringBuilder,
    labels: Option<StringBuilder>,
    rules: Vec<Every>,
    due: Vec<Every>,
    /// The pieces that are full.
    pieces: Vec<Arc<Piece>>,
    /// The bytes of all texts.
    bytes: usize,
    sorted: bool,
    /// The key of the newest row, and the one before it.
    key: String,
    last: String,
    /// Where a number is spelled out.
    room: String,
}

enum Builder {
    Counter(Int64Builder),
    Gauge(Decimal128Builder),
    Text(StringBuilder),
    List(StringBuilder),
}

impl TableBuilder {
    /// For the rows that a plan gives.
    pub fn new(plan: &EntityPlan, def: &EntityDef) -> Self {
        let builder = |kind: FieldKind| match kind {
            FieldKind::Counter => Builder::Counter(Int64Builder::new()),
            FieldKind::Gauge => Builder::Gauge(Decimal128Builder::new()),
            FieldKind::Attribute => Builder::Text(StringBuilder::new()),
            FieldKind::List => Builder::List(StringBuilder::new()),
        };
        let fields =
            def.fields.iter().map(|(name, field)| (name.clone(), field.column.clone(), builder(field.kind)));
        Self {
            entity: plan.name.clone(),
            key_column: def.key.clone(),
            fields: fields.collect(),
            keys: StringBuilder::new(),
            labels: def.label.as_ref().map(|_| StringBuilder::new()),
            rules: plan.rules.clone(),
            due: Vec::new(),
            pieces: Vec::new(),
            bytes: 0,
            sorted: true,
            key: String::new(),
            last: String::new(),
            room: String::new(),
        }
    }

    /// Takes a row as the plan's query gives it. Where that fills a piece, gives it, as long as all rows came
    /// in the order of their keys.
    ///
    /// # Errors
    /// When it has no key, or a value that its field can't hold.
    pub fn push(&mut self, row: &[Value]) -> Result<Option<&Arc<Piece>>, LookError> {
        let mut cells = row.iter();
        let key = cells.next().unwrap_or(&Value::Null);
        mem::swap(&mut self.key, &mut self.last);
        match text(key, &mut self.room) {
            Ok(Some(key)) => {
                self.key.clear();
                self.key.push_str(key);
            }
            Ok(None) => {
                return Err(LookError::NoKey {
                    entity: self.entity.clone(),
                    row: self.due.len() + 1,
                    column: self.key_column.clone(),
                });
            }
            Err(NoText) => return Err(self.unfit(&self.key_column, "?", key, "text")),
        }
        if let Some(labels) = &mut self.labels {
            // A label is for people: bytes that are no text are shown as well as they can be.
            let label = match cells.next().unwrap_or(&Value::Null) {
                Value::Bytes(bytes) => Some(String::from_utf8_lossy(bytes)),
                other => text(other, &mut self.room).unwrap_or_default().map(Cow::Borrowed),
            };
            self.bytes += label.as_ref().map_or(0, |label| label.len());
            labels.append_option(label);
        }
        for (_, column, builder) in &mut self.fields {
            let cell = cells.next().unwrap_or(&Value::Null);
            if let Err(wanted) = builder.push(cell, &mut self.room, &mut self.bytes) {
                let column = column.clone();
                return Err(self.unfit(&column, &self.key, cell, wanted));
            }
        }
        let matches = |value: &Value| matches!(value, Value::Number(number) if !number.is_zero());
        let rules = self.rules.iter().zip(cells).filter(|(_, cell)| matches(cell));
        let every = how_often(rules.map(|(every, _)| *every), !self.rules.is_empty());
        self.bytes += self.key.len();
        if self.bytes > i32::MAX as usize {
            return Err(LookError::TooLarge { entity: self.entity.clone() });
        }
        if !self.due.is_empty() && self.key <= self.last {
            self.sorted = false;
        }
        self.due.push(every);
        self.keys.append_value(&self.key);
        if !self.due.len().is_multiple_of(PIECE) {
            return Ok(None);
        }
        self.end_piece()?;
        Ok(if self.sorted { self.pieces.last() } else { None })
    }

    /// What came since the last piece becomes one.
    fn end_piece(&mut self) -> Result<(), LookError> {
        let mut fields = IndexMap::with_capacity(self.fields.len());
        for (name, _, builder) in &mut self.fields {
            fields.insert(name.clone(), builder.finish()?);
        }
        let labels = self.labels.as_mut().map(StringBuilder::finish);
        self.pieces.push(Arc::new(Piece { keys: self.keys.finish(), labels, fields }));
        Ok(())
    }

    fn unfit(&self, column: &str, key: &str, value: &Value, wanted: &'static str) -> LookError {
        let shown = match value {
            Value::Null => "NULL".to_owned(),
            Value::Number(number) => number.to_string(),
            Value::Float(float) => float.to_string(),
            Value::Text(text) => format!("{:?}", text.chars().take(60).collect::<String>()),
            Value::Bytes(bytes) => {
                bytes.iter().take(40).copied().collect::<Vec<_>>().escape_ascii().to_string()
            }
        };
        LookError::Value {
            entity: self.entity.clone(),
            column: column.to_owned(),
            key: key.chars().take(60).collect(),
            value: shown,
            wanted,
        }
    }

    /// The rows, sorted by key.
    ///
    /// # Errors
    /// When a key has more than one row.
    pub fn finish(mut self) -> Result<LookTable, LookError> {
        if self.pieces.is_empty() || !self.due.len().is_multiple_of(PIECE) {
            self.end_piece()?;
        }
        let order = (0..u32::try_from(self.due.len()).unwrap_or(u32::MAX)).collect();
        let mut table = LookTable { pieces: self.pieces, due: self.due, order };
        // Rows that came in the order of their keys have each key once.
        if self.sorted {
            return Ok(table);
        }
        let mut order = mem::take(&mut table.order);
        order.sort_by(|one, other| table.key(*one as usize).cmp(table.key(*other as usize)));
        table.order = order;
        let pairs = table.sorted_keys().zip(table.sorted_keys().skip(1));
        let twice: BTreeSet<&str> =
            pairs.filter(|((_, one), (_, next))| one == next).map(|((_, one), _)| one).collect();
        if !twice.is_empty() {
            return Err(LookError::Twice {
                entity: self.entity,
                column: self.key_column,
                keys: twice.len(),
                named: twice.iter().take(NAMED).map(|key| key.chars().take(60).collect()).collect(),
            });
        }
        Ok(table)
    }
}

impl Builder {
    /// Takes a cell; tells what was wanted if it can't be taken.
    fn push(&mut self, cell: &Value, room: &mut String, bytes: &mut usize) -> Result<(), &'static str> {
        match self {
            Self::Counter(builder) => {
                builder.append_option(whole(cell).map_err(|()| "whole number of 64 bits")?);
            }
            Self::Gauge(builder) => {
                let wanted = "number with at most 29 digits before and 9 behind its point";
                builder.append_option(decimal(cell).map_err(|()| wanted)?);
            }
            Self::Text(builder) => {
                let text = text(cell, room).map_err(|NoText| "text")?;
                *bytes += text.map_or(0, str::len);
                builder.append_option(text);
            }
            Self::List(builder) => {
                let list = list(cell).map_err(|()| "JSON array of texts")?;
                let text = list.map(|list| serde_json::to_string(&list).unwrap_or_default());
                *bytes += text.as_ref().map_or(0, String::len);
                builder.append_option(text);
            }
        }
        Ok(())
    }

    /// What it took, as a column; it goes on with an empty one.
    fn finish(&mut self) -> Result<ArrayRef, ArrowError> {
        Ok(match self {
            Self::Counter(builder) => Arc::new(builder.finish()),
            Self::Gauge(builder) => {
                Arc::new(builder.finish().with_precision_and_scale(GAUGE_DIGITS, GAUGE_PLACES)?)
            }
            Self::Text(builder) | Self::List(builder) => Arc::new(builder.finish()),
        })
    }
}

#[cfg(test)]
#[path = "table_tests.rs"]
mod tests;
