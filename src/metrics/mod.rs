//! Rows to cube to values: pure.

pub mod agree;
pub mod builder;
mod cells;
pub mod chosen;
pub mod cube;
pub mod document;
pub mod figure;
mod keyed;
#[cfg(test)]
mod keyed_tests;
pub mod keys;
mod members;
pub mod over;
pub mod rollup;
pub mod seen;
pub mod span;
pub mod table;
#[cfg(test)]
mod tests;
pub mod values;

pub use builder::{CubeBuilder, CubeError, Pushed};
pub use cube::Cube;
pub use document::document;
