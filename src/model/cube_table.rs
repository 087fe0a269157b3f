//! A cube as a plain table, by columns: what a cube file holds.

use indexmap::IndexMap;

use super::Number;

/// A table by columns, with facts about it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CubeTable {
    /// The columns, all of the same length, each with a name of its own.
    pub columns: Vec<CubeColumn>,
    /// Facts about the table, by name.
    pub metadata: IndexMap<String, String>,
}

/// A named column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CubeColumn {
    /// Its name.
    pub name: String,
    /// Its cells.
    pub cells: Cells,
}

/// The cells of a column, from the first row to the last; `None` is NULL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cells {
    /// Texts.
    Text(Vec<Option<String>>),
    /// Exact numbers.
    Number(Vec<Option<Number>>),
}

impl Cells {
    /// How many there are.
    pub fn len(&self) -> usize {
        match self {
            Self::Text(cells) => cells.len(),
            Self::Number(cells) => cells.len(),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl CubeTable {
    /// The column of that name.
    pub fn column(&self, name: &str) -> Option<&Cells> {
        self.columns.iter().find(|column| column.name == name).map(|column| &column.cells)
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.columns.first().map_or(0, |column| column.cells.len())
    }
}
