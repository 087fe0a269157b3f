//! Parquet: a row after the other, whatever wrote it.

use std::collections::HashMap;
use std::fs::File;

use chrono::DateTime;
use parquet::basic::LogicalType;
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::record::Field;

use super::{Found, Push, Wrong, row};
use crate::model::table::TableDef;

/// A field as text, and which kind of text it is.
enum Owned {
    Null,
    Bool(bool),
    Number(String),
    Text(String),
    Json(serde_json::Value),
}

pub(super) fn read(file: File, def: &TableDef, push: Push<'_>) -> Result<(), Wrong> {
    let whole = |error: parquet::errors::ParquetError| Wrong::whole(error.to_string());
    let reader = SerializedFileReader::new(file).map_err(whole)?;
    let schema = reader.metadata().file_metadata().schema();
    let mut is_utc = HashMap::new();
    for field in schema.get_fields() {
        let utc = matches!(
            field.get_basic_info().logical_type_ref(),
            Some(LogicalType::Timestamp(timestamp)) if timestamp.is_adjusted_to_u_t_c
        );
        is_utc.insert(field.name().to_owned(), utc);
    }
    for (column, def) in &def.columns {
        if !is_utc.contains_key(&def.at) {
            return Err(Wrong::whole(format!("{column}: no column is named {:?}", def.at)));
        }
    }
    let rows = reader.get_row_iter(None).map_err(whole)?;
    for (number, found) in (1_u64..).zip(rows) {
        let place = || format!("row {number}");
        let found = found.map_err(|error| Wrong::at(place(), error.to_string()))?;
        let mut fields = HashMap::new();
        for (name, field) in found.get_column_iter() {
            let utc = is_utc.get(name).copied().unwrap_or_default();
            // What no column takes may be of any type.
            if def.columns.values().any(|column| column.at == *name) {
                let owned =
                    owned(field, utc).map_err(|reason| Wrong::at(place(), format!("{name} {reason}")))?;
                fields.insert(name.as_str(), owned);
            }
        }
        let row =
            row(def, place, |_, column| fields.get(column.at.as_str()).map_or(Found::Null, Owned::found))?;
        if !push(row) {
            break;
        }
    }
    Ok(())
}

impl Owned {
    fn found(&self) -> Found<'_> {
        match self {
            Self::Null => Found::Null,
            Self::Bool(bool) => Found::Bool(*bool),
            Self::Number(number) => Found::Number(number),
            Self::Text(text) => Found::Text(text),
            Self::Json(json) => Found::Json(json),
        }
    }
}

fn owned(field: &Field, is_utc: bool) -> Result<Owned, String> {
    let time = |at: Option<DateTime<chrono::Utc>>| {
        let mark = if is_utc { "Z" } else { "" };
        at.map(|at| Owned::Text(format!("{}{mark}", at.format("%Y-%m-%dT%H:%M:%S%.f"))))
            .ok_or_else(|| "is a time that no calendar has".to_owned())
    };
    Ok(match field {
        Field::Null => Owned::Null,
        Field::Bool(bool) => Owned::Bool(*bool),
        Field::Byte(number) => Owned::Number(number.to_string()),
        Field::Short(number) => Owned::Number(number.to_string()),
        Field::Int(number) => Owned::Number(number.to_string()),
        Field::Long(number) => Owned::Number(number.to_string()),
        Field::UByte(number) => Owned::Number(number.to_string()),
        Field::UShort(number) => Owned::Number(number.to_string()),
        Field::UInt(number) => Owned::Number(number.to_string()),
        Field::ULong(number) => Owned::Number(number.to_string()),
        Field::Float(number) => Owned::Number(number.to_string()),
        Field::Double(number) => Owned::Number(number.to_string()),
        Field::Decimal(_) => Owned::Number(field.to_string()),
        Field::Str(text) => Owned::Text(text.clone()),
        Field::Bytes(bytes) => match std::str::from_utf8(bytes.data()) {
            Ok(text) => Owned::Text(text.to_owned()),
            Err(_) => return Err("is bytes that are no UTF-8 text".to_owned()),
        },
        Field::Date(days) => {
            let seconds = i64::from(*days) * 86_400;
            let date = DateTime::from_timestamp(seconds, 0).ok_or("is a date that no calendar has")?;
            Owned::Text(date.format("%Y-%m-%d").to_string())
        }
        Field::TimestampMillis(at) => time(DateTime::from_timestamp_millis(*at))?,
        Field::TimestampMicros(at) => time(DateTime::from_timestamp_micros(*at))?,
        Field::ListInternal(list) => {
            let texts = list.elements().iter().map(|element| Ok(json(owned(element, false)?)));
            Owned::Json(serde_json::Value::Array(texts.collect::<Result<_, String>>()?))
        }
        Field::Group(_) | Field::MapInternal(_) => return Err("has columns of its own".to_owned()),
        _ => return Err("is of a type that is not read".to_owned()),
    })
}

fn json(owned: Owned) -> serde_json::Value {
    match owned {
        Owned::Null => serde_json::Value::Null,
        Owned::Bool(bool) => bool.into(),
        Owned::Number(text) => serde_json::from_str(&text).unwrap_or(serde_json::Value::String(text)),
        Owned::Text(text) => text.into(),
        Owned::Json(json) => json,
    }
}
