//! Entities: looking at them, and what is told of what was seen.

pub mod capture;
pub mod growth;
pub mod listed;
pub mod look;
pub mod numbers;
pub mod rows;
