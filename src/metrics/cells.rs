//! What the cells of a row are taken for.

use std::borrow::Cow;

use crate::model::{Number, Value};

/// A whole number.
pub fn as_i64(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.to_i64(),
        Value::Float(float) => Number::from_f64(*float)?.to_i64(),
        _ => None,
    }
}

/// A number, or none for NULL.
///
/// # Errors
/// When it is something else.
pub fn as_number(value: &Value) -> Result<Option<Number>, ()> {
    match value {
        Value::Null => Ok(None),
        Value::Number(number) => Ok(Some(number.clone())),
        Value::Float(float) => Number::from_f64(*float).map(Some).ok_or(()),
        Value::Text(_) | Value::Bytes(_) => Err(()),
    }
}

/// Anything as text; bytes that are no UTF-8 are shown as `\xE9`.
pub fn as_text(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::Null => None,
        Value::Number(number) => Some(number.to_string().into()),
        Value::Float(float) => Some(float.to_string().into()),
        Value::Text(text) => Some(text.as_str().into()),
        Value::Bytes(bytes) => Some(escaped(bytes).into()),
    }
}

/// Anything as the bytes of its text.
pub fn as_bytes(value: &Value) -> Option<Cow<'_, [u8]>> {
    match value {
        Value::Null => None,
        Value::Number(number) => Some(number.to_string().into_bytes().into()),
        Value::Float(float) => Some(float.to_string().into_bytes().into()),
        Value::Text(text) => Some(text.as_bytes().into()),
        Value::Bytes(bytes) => Some(bytes.as_slice().into()),
    }
}

fn escaped(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|byte| format!("\\x{byte:02X}")));
    }
    text
}
