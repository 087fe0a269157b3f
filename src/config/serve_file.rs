//! The shape of `[serve]`, as written. What it means is checked in [`super::serve`].

use indexmap::IndexMap;
use serde::Deserialize;

/// `[serve]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Serve {
    /// The names by which it may be called besides those of this machine itself.
    #[serde(default)]
    pub hosts: Vec<String>,
    /// The pages elsewhere whose scripts may call it: `https://board.example.com`.
    #[serde(default)]
    pub origins: Vec<String>,
    /// How many requests a second it takes from one address.
    pub requests_per_second: Option<u32>,
    /// How many requests it works on at once; others wait.
    pub max_requests: Option<u16>,
    /// How many requests at once may ask the source.
    pub max_source_queries: Option<u16>,
    /// How long a request may take.
    pub request_timeout: Option<String>,
    /// How long a request that asks the source may take.
    pub source_timeout: Option<String>,
    /// How long it waits for a client that sends or takes nothing.
    pub client_timeout: Option<String>,
    /// Who may ask, by name.
    #[serde(default)]
    pub tokens: IndexMap<String, Token>,
}

/// `[serve.tokens.NAME]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Token {
    /// The token's digest: `sha256:` and 64 hexadecimal digits.
    pub hash: String,
    /// `read` or `capture`.
    pub scope: String,
    /// The only tenant whose archive it opens.
    pub tenant: Option<String>,
    /// The only rows it sees: `user_id=5`.
    pub only: Option<String>,
    /// The last day on which it holds, in UTC: `2026-12-31`.
    pub expires: Option<String>,
}
