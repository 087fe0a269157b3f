//! What is found, as documents for programs: the same whether a command prints them or a server answers with them.

pub mod capture;
pub mod compare;
pub mod context;
pub mod coverage;
pub mod drift;
pub mod forecast;
pub mod growth;
pub mod history;
pub mod list;
pub mod moved;
pub mod series;
pub mod settling;
pub mod snapshots;
