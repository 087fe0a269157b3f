//! `asof.toml` to a checked configuration.

pub mod source;
pub mod source_url;

pub use source::{PasswordFrom, SourceSettings};
pub use source_url::{MysqlUrl, SourceUrl, SslMode};
