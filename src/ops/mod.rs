//! Use cases: each returns an outcome.

pub mod demo;
