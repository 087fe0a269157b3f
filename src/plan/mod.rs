//! Definitions and a day to checked queries: pure.

pub mod query;

pub use query::Query;
