//! Entities: looking at them, and what is told of what was seen.

pub mod growth;
pub mod look;
pub mod numbers;
