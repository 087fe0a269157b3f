//! SQLite's values to ours and back.

use rusqlite::types::{Null, ValueRef};
use rusqlite::{Row, Statement};

use super::{Column, Query, Reals, SourceError};
use crate::model::Value;
use crate::source::filled;

pub(super) fn columns(statement: &Statement<'_>) -> Vec<Column> {
    statement
        .columns()
        .map(|column| Column {
            name: column.name().to_owned(),
            kind: column.decl_type().unwrap_or_default().to_lowercase(),
        })
        .collect()
}

pub(super) fn row(
    row: &Row<'_>,
    columns: &[Column],
    reals: Reals,
    query: &str,
) -> Result<Vec<Value>, SourceError> {
    let unmappable = |column: &Column, value: String| SourceError::Unmappable {
        query: query.to_owned(),
        column: column.name.clone(),
        value,
    };
    columns
        .iter()
        .enumerate()
        .map(|(at, column)| match row.get_ref(at).map_err(|error| unmappable(column, error.to_string()))? {
            ValueRef::Null => Ok(Value::Null),
            ValueRef::Integer(integer) => Ok(integer.into()),
            ValueRef::Real(float) if float.is_finite() => Ok(match reals {
                Reals::Floats => Value::Float(float),
                Reals::Decimals => filled::decimal(float).map_or(Value::Float(float), Value::Number),
            }),
            ValueRef::Real(float) => Err(unmappable(column, float.to_string())),
            ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Ok(match std::str::from_utf8(bytes) {
                Ok(text) => Value::text(text),
                Err(_) => Value::Bytes(bytes.to_vec()),
            }),
        })
        .collect()
}

/// Binds a query's values. A number that is no 64-bit integer goes as the nearest float.
pub(super) fn bind(statement: &mut Statement<'_>, query: &Query) -> rusqlite::Result<()> {
    for (at, value) in (1..).zip(&query.params) {
        match value {
            Value::Null => statement.raw_bind_parameter(at, Null)?,
            Value::Number(number) => match number.to_i64() {
                Some(integer) => statement.raw_bind_parameter(at, integer)?,
                None => statement.raw_bind_parameter(at, number.to_f64())?,
            },
            Value::Float(float) => statement.raw_bind_parameter(at, float)?,
            Value::Text(text) => statement.raw_bind_parameter(at, text)?,
            Value::Bytes(bytes) => statement.raw_bind_parameter(at, bytes)?,
        }
    }
    Ok(())
}
