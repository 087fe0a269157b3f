//! asof freezes what a database says each day, so that it can be asked again later.
//!
//! The layers, from the top; each uses only those below it:
//!
//! | layer | what it is for |
//! | --- | --- |
//! | [`cli`] | arguments, one file for each command; the only place that prints |
//! | [`mcp`] | the archive as tools for language models |
//! | [`serve`] | the archive as an API and as pages |
//! | [`ops`] | use cases: each returns an outcome |
//! | [`view`] | typed pages and tables: data in, bytes out |
//! | [`notify`] | telling somebody: commands and webhooks |
//! | [`analyze`] | one day beside others: pure |
//! | [`archive`] | the folder tree: staging, committing, reading |
//! | [`metrics`] | rows to cube to values: pure |
//! | [`entities`] | rows of entities, and how they changed: pure |
//! | [`source`] | a plan's queries to rows |
//! | [`plan`] | definitions and a day to queries |
//! | [`calendar`] | day to window |
//! | [`config`] | `asof.toml` to a checked configuration |
//! | [`model`] | plain types that all share |

pub mod analyze;
pub mod archive;
pub mod calendar;
pub mod cli;
pub mod config;
pub mod entities;
pub mod mcp;
pub mod metrics;
pub mod model;
pub mod notify;
pub mod ops;
pub mod plan;
pub mod serve;
pub mod source;
pub mod view;
