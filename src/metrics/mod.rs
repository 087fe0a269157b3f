//! Rows to cube to values: pure.

pub mod cube;
pub mod document;
pub mod figure;
pub mod over;
pub mod rollup;
pub mod table;
pub mod values;

pub use cube::{Cube, CubeBuilder, CubeError, Pushed};
pub use document::document;
