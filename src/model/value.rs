//! One cell of a row, as a source gives it.

use super::Number;

/// A value read from a source, or bound to a query.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// SQL's NULL.
    Null,
    /// Any number but a float, exact.
    Number(Number),
    /// A float.
    Float(f64),
    /// Text, in UTF-8.
    Text(String),
    /// Bytes that are no UTF-8 text.
    Bytes(Vec<u8>),
}

impl Value {
    /// Text of anything that converts into it.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(text.into())
    }

    /// It as text; `None` for NULL. Bytes that are no text are so as far as they go.
    pub fn to_text(&self) -> Option<String> {
        match self {
            Self::Null => None,
            Self::Number(number) => Some(number.to_string()),
            Self::Float(float) => Some(float.to_string()),
            Self::Text(text) => Some(text.clone()),
            Self::Bytes(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
        }
    }

    /// What kind of value it is, for messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "NULL",
            Self::Number(_) => "number",
            Self::Float(_) => "float",
            Self::Text(_) => "text",
            Self::Bytes(_) => "bytes",
        }
    }
}

impl From<i64> for Value {
    fn from(integer: i64) -> Self {
        Self::Number(integer.into())
    }
}
