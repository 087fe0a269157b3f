//! The rows of a look once they came: in pieces, column by column, with their order by key.
//!
//! Pieces never grow, so nothing is copied when a million rows come, and those that are full can be worked on
//! while the rest is still read.

use std::sync::Arc;

use arrow_array::{Array, ArrayRef, StringArray};
use arrow_schema::ArrowError;
use arrow_select::interleave::interleave;
use indexmap::IndexMap;

use super::cells::value_at;
use crate::model::entity::{Every, FieldKind, FieldValue};

/// How many rows a piece has; the last one may have fewer.
pub const PIECE: usize = 1 << 17;

/// Rows in the order in which they came.
#[derive(Clone, Debug)]
pub struct Piece {
    /// Their keys.
    pub keys: StringArray,
    /// Their labels, where the definition has one.
    pub labels: Option<StringArray>,
    /// The fields by name, in the definition's order.
    pub fields: IndexMap<String, ArrayRef>,
}

/// One of the columns of what was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column<'n> {
    /// The keys.
    Key,
    /// The labels.
    Label,
    /// The field of this name.
    Field(&'n str),
}

impl Piece {
    /// A column, if it has it.
    pub fn column(&self, column: Column<'_>) -> Option<ArrayRef> {
        match column {
            Column::Key => Some(Arc::new(self.keys.clone())),
            Column::Label => Some(Arc::new(self.labels.clone()?)),
            Column::Field(name) => self.fields.get(name).cloned(),
        }
    }
}

/// The rows of a look, sorted by key. A row is named by its place among those that came.
#[derive(Clone, Debug, Default)]
pub struct LookTable {
    /// The rows as they came; at least one piece, which is empty where there are no rows.
    pub pieces: Vec<Arc<Piece>>,
    /// How often each row is kept, as they came.
    pub due: Vec<Every>,
    /// The places of the rows, by key.
    pub order: Vec<u32>,
}

impl LookTable {
    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// The keys with their places, sorted.
    pub fn sorted_keys(&self) -> impl Iterator<Item = (usize, &str)> {
        self.order.iter().map(|at| (*at as usize, self.key(*at as usize)))
    }

    /// The key of the row at a place.
    pub fn key(&self, at: usize) -> &str {
        self.pieces.get(at / PIECE).map_or("", |piece| piece.keys.value(at % PIECE))
    }

    /// What people call the row at a place.
    pub fn label(&self, at: usize) -> Option<&str> {
        let labels = self.pieces.get(at / PIECE)?.labels.as_ref()?;
        labels.is_valid(at % PIECE).then(|| labels.value(at % PIECE))
    }

    /// A field of the row at a place; `None` is NULL, or a field that was not read.
    pub fn value(&self, field: &str, kind: FieldKind, at: usize) -> Option<FieldValue> {
        value_at(self.pieces.get(at / PIECE)?.fields.get(field)?, kind, at % PIECE)
    }

    /// One column of the rows at these places, in their order.
    ///
    /// # Errors
    /// When the pieces don't all have such a column.
    pub fn take(&self, places: &[u32], column: Column<'_>) -> Result<ArrayRef, ArrowError> {
        let columns: Vec<ArrayRef> = self.pieces.iter().filter_map(|piece| piece.column(column)).collect();
        let columns: Vec<&dyn Array> = columns.iter().map(AsRef::as_ref).collect();
        let places: Vec<(usize, usize)> =
            places.iter().map(|at| (*at as usize / PIECE, *at as usize % PIECE)).collect();
        interleave(&columns, &places)
    }

    /// Lets go of all but the keys and labels.
    pub fn forget_fields(&mut self) {
        for piece in &mut self.pieces {
            Arc::make_mut(piece).fields.clear();
        }
    }
}
