//! The driver's values to ours and back, each exactly or not at all.
//!
//! The column's type decides what bytes mean, as numbers, text and bits all arrive as such.

use mysql_async::consts::{ColumnFlags, ColumnType};
use mysql_async::{Params, Row, Value as Raw};

use super::{Column, SourceError};
use crate::model::{Number, Value};
use crate::plan::Query;

/// A column as described to users. Those of types that can't be read are refused before a row comes.
pub(super) fn column(column: &mysql_async::Column, query: &str) -> Result<Column, SourceError> {
    let name = column.name_str().into_owned();
    match kind(column) {
        Some(kind) => Ok(Column { name, kind: kind.to_owned() }),
        None => Err(SourceError::Unmappable {
            query: query.to_owned(),
            column: name,
            value: format!("its type is {:?}", column.column_type())
                .replace("MYSQL_TYPE_", "")
                .to_lowercase(),
        }),
    }
}

fn kind(column: &mysql_async::Column) -> Option<&'static str> {
    let is = |flag| column.flags().contains(flag);
    // 63 is the character set of bytes.
    let binary = column.character_set() == 63;
    Some(match column.column_type() {
        ColumnType::MYSQL_TYPE_NULL => "null",
        ColumnType::MYSQL_TYPE_TINY
        | ColumnType::MYSQL_TYPE_SHORT
        | ColumnType::MYSQL_TYPE_INT24
        | ColumnType::MYSQL_TYPE_LONG
        | ColumnType::MYSQL_TYPE_LONGLONG => "integer",
        ColumnType::MYSQL_TYPE_YEAR => "year",
        ColumnType::MYSQL_TYPE_DECIMAL | ColumnType::MYSQL_TYPE_NEWDECIMAL => "decimal",
        ColumnType::MYSQL_TYPE_FLOAT => "float",
        ColumnType::MYSQL_TYPE_DOUBLE => "double",
        ColumnType::MYSQL_TYPE_BIT => "bit",
        ColumnType::MYSQL_TYPE_DATE | ColumnType::MYSQL_TYPE_NEWDATE => "date",
        ColumnType::MYSQL_TYPE_DATETIME => "datetime",
        ColumnType::MYSQL_TYPE_TIMESTAMP => "timestamp",
        ColumnType::MYSQL_TYPE_TIME => "time",
        ColumnType::MYSQL_TYPE_JSON => "json",
        ColumnType::MYSQL_TYPE_ENUM => "enum",
        ColumnType::MYSQL_TYPE_SET => "set",
        ColumnType::MYSQL_TYPE_STRING
        | ColumnType::MYSQL_TYPE_VAR_STRING
        | ColumnType::MYSQL_TYPE_VARCHAR
        | ColumnType::MYSQL_TYPE_TINY_BLOB
        | ColumnType::MYSQL_TYPE_BLOB
        | ColumnType::MYSQL_TYPE_MEDIUM_BLOB
        | ColumnType::MYSQL_TYPE_LONG_BLOB => match (is(ColumnFlags::ENUM_FLAG), is(ColumnFlags::SET_FLAG)) {
            (true, _) => "enum",
            (_, true) => "set",
            _ if binary => "binary",
            _ => "text",
        },
        _ => return None,
    })
}

/// The values of a row.
pub(super) fn row(row: Row, query: &str) -> Result<Vec<Value>, SourceError> {
    let mut values = Vec::new();
    fill(&mut values, row, query)?;
    Ok(values)
}

/// Puts the values of a row in the place of those of the row before.
pub(super) fn fill(values: &mut Vec<Value>, row: Row, query: &str) -> Result<(), SourceError> {
    values.clear();
    values.reserve(row.len());
    let columns = row.columns();
    for (column, cell) in columns.iter().zip(row.unwrap_raw()) {
        let mapped = map(column, cell.unwrap_or(Raw::NULL));
        values.push(mapped.map_err(|cell| SourceError::Unmappable {
            query: query.to_owned(),
            column: column.name_str().into_owned(),
            value: preview(&cell),
        })?);
    }
    Ok(())
}

/// One value; given back if it can't be kept as it is.
fn map(column: &mysql_async::Column, cell: Raw) -> Result<Value, Raw> {
    let kind = column.column_type();
    let mapped = match cell {
        Raw::NULL => Some(Value::Null),
        Raw::Int(integer) => Some(Value::Number(integer.into())),
        Raw::UInt(integer) => Some(Value::Number(integer.into())),
        // Its shortest text, read as a double: 0.1 stays 0.1.
        Raw::Float(float) => float.to_string().parse().ok().and_then(finite),
        Raw::Double(float) => finite(float),
        Raw::Date(year, month, day, hour, minute, second, micros) => {
            let date = format!("{year:04}-{month:02}-{day:02}");
            Some(Value::Text(match kind {
                ColumnType::MYSQL_TYPE_DATE | ColumnType::MYSQL_TYPE_NEWDATE => date,
                _ => {
                    let fraction = fraction(micros, column.decimals());
                    format!("{date} {hour:02}:{minute:02}:{second:02}{fraction}")
                }
            }))
        }
        Raw::Time(negative, days, hours, minutes, seconds, micros) => {
            let sign = if negative { "-" } else { "" };
            let hours = u64::from(days) * 24 + u64::from(hours);
            let fraction = fraction(micros, column.decimals());
            Some(Value::Text(format!("{sign}{hours:02}:{minutes:02}:{seconds:02}{fraction}")))
        }
        Raw::Bytes(ref bytes) if kind == ColumnType::MYSQL_TYPE_BIT => bits(bytes),
        Raw::Bytes(ref bytes)
            if matches!(kind, ColumnType::MYSQL_TYPE_DECIMAL | ColumnType::MYSQL_TYPE_NEWDECIMAL) =>
        {
            std::str::from_utf8(bytes).ok().and_then(|text| text.parse().ok()).map(Value::Number)
        }
        Raw::Bytes(bytes) => {
            return Ok(
                String::from_utf8(bytes).map_or_else(|error| Value::Bytes(error.into_bytes()), Value::Text)
            );
        }
    };
    mapped.ok_or(cell)
}

/// The number that up to 64 bits make, the highest first.
fn bits(bytes: &[u8]) -> Option<Value> {
    let number = bytes
        .iter()
        .try_fold(0_u64, |bits, byte| (bits >> 56 == 0).then_some((bits << 8) | u64::from(*byte)))?;
    Some(Value::Number(number.into()))
}

fn finite(float: f64) -> Option<Value> {
    float.is_finite().then_some(Value::Float(float))
}

/// The fraction of a second with as many digits as the column has.
fn fraction(micros: u32, decimals: u8) -> String {
    let digits = match decimals {
        1..=6 => usize::from(decimals),
        _ if micros == 0 => return String::new(),
        // An expression may leave their number open.
        _ => 6,
    };
    let all = format!("{micros:06}");
    format!(".{}", all.get(..digits).unwrap_or(&all))
}

/// A value for a message.
fn preview(cell: &Raw) -> String {
    match cell {
        Raw::Bytes(bytes) => bytes.iter().take(40).copied().collect::<Vec<_>>().escape_ascii().to_string(),
        Raw::Float(float) => float.to_string(),
        Raw::Double(float) => float.to_string(),
        other => other.as_sql(true),
    }
}

/// The values bound to a query.
///
/// A number that is no 64-bit integer goes as its decimal text.
pub(super) fn params(query: &Query) -> Result<Params, SourceError> {
    if query.params.is_empty() {
        return Ok(Params::Empty);
    }
    let bound = query.params.iter().map(|value| match value {
        Value::Null => Ok(Raw::NULL),
        Value::Number(number) => Ok(bound_number(number)),
        Value::Float(float) if float.is_finite() => Ok(Raw::Double(*float)),
        Value::Float(float) => Err(SourceError::Unmappable {
            query: query.name.clone(),
            column: "?".to_owned(),
            value: float.to_string(),
        }),
        Value::Text(text) => Ok(Raw::Bytes(text.clone().into_bytes())),
        Value::Bytes(bytes) => Ok(Raw::Bytes(bytes.clone())),
    });
    Ok(Params::Positional(bound.collect::<Result<_, _>>()?))
}

fn bound_number(number: &Number) -> Raw {
    match (number.to_i64(), number.to_string()) {
        (Some(integer), _) => Raw::Int(integer),
        (None, text) => text.parse().map_or_else(|_| Raw::Bytes(text.into_bytes()), Raw::UInt),
    }
}
