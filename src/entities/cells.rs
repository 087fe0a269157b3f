//! Cells of a row to what a look keeps of them, each exactly or not at all, and back.

use std::fmt::Write as _;

use arrow_array::{Array as _, ArrayRef};
use arrow_schema::DataType;

use crate::model::entity::{FieldKind, FieldValue};
use crate::model::{Number, Value};

/// How many digits a gauge has.
pub const GAUGE_DIGITS: u8 = 38;
/// How many of them stand behind the point.
pub const GAUGE_PLACES: i8 = 9;

/// Bytes that are no text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoText;

/// A cell as text, spelled out in `room` where it is none.
///
/// # Errors
/// For bytes.
pub fn text<'t>(cell: &'t Value, room: &'t mut String) -> Result<Option<&'t str>, NoText> {
    room.clear();
    // Writing to a text does not fail.
    match cell {
        Value::Null => return Ok(None),
        Value::Number(number) => drop(write!(room, "{number}")),
        Value::Float(float) => drop(write!(room, "{float}")),
        Value::Text(text) => return Ok(Some(text)),
        Value::Bytes(_) => return Err(NoText),
    }
    Ok(Some(room))
}

/// A cell as a number, exact.
pub(super) fn number(cell: &Value) -> Result<Option<Number>, ()> {
    match cell {
        Value::Null => Ok(None),
        Value::Number(number) => Ok(Some(number.clone())),
        Value::Float(float) => Number::from_f64(*float).map(Some).ok_or(()),
        Value::Text(_) | Value::Bytes(_) => Err(()),
    }
}

/// A cell as a whole number of 64 bits.
pub(super) fn whole(cell: &Value) -> Result<Option<i64>, ()> {
    if let Value::Number(number) = cell {
        return number.to_i64().map(Some).ok_or(());
    }
    let Some(number) = number(cell)? else { return Ok(None) };
    // A float without a fraction is as whole as an integer.
    number.to_i64().map(Some).ok_or(())
}

pub(super) fn decimal(cell: &Value) -> Result<Option<i128>, ()> {
    let Some(number) = number(cell)? else { return Ok(None) };
    let (digits, scale) = number.trimmed().to_scaled();
    let digits = i128::try_from(&digits).map_err(|_| ())?;
    let missing = i64::from(GAUGE_PLACES) - scale;
    let power = u32::try_from(missing).ok().and_then(|power| 10_i128.checked_pow(power)).ok_or(())?;
    let scaled = digits.checked_mul(power).ok_or(())?;
    if scaled.unsigned_abs() < 10_u128.pow(u32::from(GAUGE_DIGITS)) { Ok(Some(scaled)) } else { Err(()) }
}

/// A cell as a list: a JSON array of texts, in which numbers are texts too.
pub(super) fn list(cell: &Value) -> Result<Option<Vec<String>>, ()> {
    let text = match cell {
        Value::Null => return Ok(None),
        Value::Text(text) => text,
        _ => return Err(()),
    };
    let items: Vec<serde_json::Value> = serde_json::from_str(text).map_err(|_| ())?;
    let texts = items.into_iter().map(|item| match item {
        serde_json::Value::String(text) => Some(text),
        serde_json::Value::Number(number) => Some(number.to_string()),
        // What is more than a text is kept as JSON.
        other @ (serde_json::Value::Object(_) | serde_json::Value::Array(_) | serde_json::Value::Bool(_)) => {
            Some(other.to_string())
        }
        serde_json::Value::Null => None,
    });
    // An aggregate over no rows may give [null].
    Ok(Some(texts.flatten().collect()))
}

/// The type of a field's column.
pub fn data_type(kind: FieldKind) -> DataType {
    match kind {
        FieldKind::Counter => DataType::Int64,
        FieldKind::Gauge => DataType::Decimal128(GAUGE_DIGITS, GAUGE_PLACES),
        FieldKind::Attribute | FieldKind::List => DataType::Utf8,
    }
}

/// The value of a field in a row of such a column; `None` is NULL, or a column of another type.
pub fn value_at(column: &ArrayRef, kind: FieldKind, row: usize) -> Option<FieldValue> {
    use arrow_array::cast::AsArray as _;
    use arrow_array::types::{Decimal128Type, Int64Type};
    if row >= column.len() || column.is_null(row) {
        return None;
    }
    match kind {
        FieldKind::Counter => {
            let whole = column.as_primitive_opt::<Int64Type>()?.value(row);
            Some(FieldValue::Number(whole.into()))
        }
        FieldKind::Gauge => {
            let digits = column.as_primitive_opt::<Decimal128Type>()?;
            let scale = i64::from(digits.scale());
            Some(FieldValue::Number(Number::from_scaled(digits.value(row).into(), scale).trimmed()))
        }
        FieldKind::Attribute => Some(FieldValue::Text(column.as_string_opt::<i32>()?.value(row).to_owned())),
        FieldKind::List => {
            let text = column.as_string_opt::<i32>()?.value(row);
            serde_json::from_str(text).ok().map(FieldValue::List)
        }
    }
}
