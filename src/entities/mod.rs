//! Entities: rows of a look, in order and numbered, and what is told of how they changed. Pure.

pub mod cells;
pub mod changes;
pub mod computed;
pub mod due;
pub mod look_table;
pub mod numbering;
pub mod period;
pub mod question;
pub mod table;
pub mod tokens;
pub mod trend;

pub use look_table::{LookTable, Piece};
pub use numbering::{Numbered, Previous, number};
pub use table::{LookError, TableBuilder};
