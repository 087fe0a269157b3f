//! What is found, as documents for programs: the same whether a command prints them or a server answers with them.

pub mod compare;
pub mod drift;
pub mod forecast;
pub mod list;
pub mod series;
pub mod settling;
