//! A query as it is sent: text, bound values, and a name for messages.

use crate::model::Value;

/// One SQL statement with its values. Values are bound, never written into the text.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// What it is called in messages: `events.calls`, `labels of calls.campaign`.
    pub name: String,
    /// The statement, with `?` for each bound value.
    pub sql: String,
    /// The values, in the order of the `?`.
    pub params: Vec<Value>,
}
