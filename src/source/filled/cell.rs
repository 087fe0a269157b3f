//! What an item has for a column, as the database keeps it: exact, or refused with a reason.

use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use rusqlite::ToSql;
use rusqlite::types::{ToSqlOutput, Value as Sql};

use crate::model::Number;
use crate::model::table::{ColumnDef, ColumnKind};

/// How many digits of a decimal a float keeps.
pub const DECIMAL_DIGITS: usize = 15;

/// What an item has, before its column's type is looked at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Found<'a> {
    /// Nothing.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number as it is written.
    Number(&'a str),
    /// A text.
    Text(&'a str),
    /// A text of which nobody said whether it is a number: a cell of a CSV file.
    Plain(&'a str),
    /// A list or an object.
    Json(&'a serde_json::Value),
}

/// A cell of a table that asof fills.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// NULL.
    Null,
    /// A whole number.
    Integer(i64),
    /// A decimal of at most [`DECIMAL_DIGITS`] digits, so that its digits can be had again.
    Real(f64),
    /// A text.
    Text(String),
}

impl ToSql for Cell {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Null => ToSqlOutput::Owned(Sql::Null),
            Self::Integer(integer) => ToSqlOutput::Owned(Sql::Integer(*integer)),
            Self::Real(real) => ToSqlOutput::Owned(Sql::Real(*real)),
            Self::Text(text) => text.to_sql()?,
        })
    }
}

impl<'a> Found<'a> {
    /// What a JSON value is.
    pub fn of_json(value: &'a serde_json::Value) -> Self {
        match value {
            serde_json::Value::Null => Self::Null,
            serde_json::Value::Bool(bool) => Self::Bool(*bool),
            serde_json::Value::Number(number) => Self::Number(number.as_str()),
            serde_json::Value::String(text) => Self::Text(text),
            serde_json::Value::Array(_) | serde_json::Value::Object(_) => Self::Json(value),
        }
    }

    /// What it is, cut short, for messages.
    pub fn told(self) -> String {
        let short = |text: &str| text.chars().take(60).collect::<String>();
        match self {
            Self::Null => "nothing".to_owned(),
            Self::Bool(bool) => bool.to_string(),
            Self::Number(number) => format!("the number {}", short(number)),
            Self::Text(text) | Self::Plain(text) => format!("the text {:?}", short(text)),
            Self::Json(serde_json::Value::Array(_)) => "a list".to_owned(),
            Self::Json(_) => "an object".to_owned(),
        }
    }
}

/// Makes a cell of what was found.
///
/// # Errors
/// Why it can't be kept as the column's type, as a clause: `is the text "x", no integer`.
pub fn cell(def: &ColumnDef, found: Found<'_>) -> Result<Cell, String> {
    let no = |what: &str| Err(format!("is {}, no {what}", found.told()));
    Ok(match (def.kind, found) {
        (_, Found::Null) => Cell::Null,
        (ColumnKind::Text, Found::Text(text) | Found::Plain(text) | Found::Number(text)) => {
            Cell::Text(text.to_owned())
        }
        (ColumnKind::Text, Found::Json(_)) => return no("text; type = \"json\" keeps it"),
        (ColumnKind::Integer, Found::Number(text) | Found::Plain(text)) => match integer(text) {
            Some(integer) => Cell::Integer(integer),
            None => return no("whole number of 64 bits"),
        },
        (ColumnKind::Decimal, Found::Number(text) | Found::Plain(text)) => match decimal(text) {
            Some(cell) => cell,
            None => return no("decimal of at most 15 digits"),
        },
        (ColumnKind::Integer | ColumnKind::Decimal, Found::Text(_)) => {
            return no("number; take it as \"text\", and let the SQL make a number of it by cast(… as …)");
        }
        (ColumnKind::Integer | ColumnKind::Decimal, Found::Bool(_) | Found::Json(_)) => return no("number"),
        (ColumnKind::Boolean, Found::Bool(bool)) => Cell::Integer(i64::from(bool)),
        (ColumnKind::Boolean, Found::Plain(text) | Found::Number(text)) => {
            match text.to_ascii_lowercase().as_str() {
                "1" | "true" => Cell::Integer(1),
                "0" | "false" => Cell::Integer(0),
                _ => return no("true or false"),
            }
        }
        (ColumnKind::Boolean, Found::Text(_) | Found::Json(_)) => return no("true or false"),
        (ColumnKind::Time, Found::Text(text) | Found::Plain(text) | Found::Number(text)) => {
            match time(text, def.format.as_deref(), matches!(found, Found::Number(_))) {
                Some(time) => Cell::Text(time),
                None => return no("time that can be read; say how it is written by format = \"…\""),
            }
        }
        (ColumnKind::Time, Found::Bool(_) | Found::Json(_)) => return no("time"),
        (ColumnKind::Json, Found::Json(value)) => Cell::Text(value.to_string()),
        (ColumnKind::Json, Found::Text(text)) => Cell::Text(serde_json::Value::from(text).to_string()),
        (ColumnKind::Text | ColumnKind::Json, Found::Bool(bool)) => Cell::Text(bool.to_string()),
        (ColumnKind::Json, Found::Number(text)) => Cell::Text(text.to_owned()),
        (ColumnKind::Json, Found::Plain(text)) => {
            if serde_json::from_str::<serde::de::IgnoredAny>(text).is_err() {
                return no("JSON");
            }
            Cell::Text(text.to_owned())
        }
    })
}

/// A number of plain digits, maybe with a point and an exponent.
fn number(text: &str) -> Option<Number> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let plain = digits.starts_with(|c: char| c.is_ascii_digit()) && text.len() <= 60;
    // An exponent of many digits would make a number of many more.
    let exponent = text.split(['e', 'E']).nth(1).is_none_or(|exponent| exponent.len() <= 3);
    if plain && exponent { text.parse().ok() } else { None }
}

fn integer(text: &str) -> Option<i64> {
    if let Ok(integer) = text.parse() {
        return Some(integer).filter(|_| !text.starts_with('+'));
    }
    let number = number(text)?;
    if number.rounded(0) == number { number.to_i64() } else { None }
}

fn decimal(text: &str) -> Option<Cell> {
    let number = number(text)?.trimmed();
    if let Some(integer) = number.to_i64() {
        return Some(Cell::Integer(integer));
    }
    let float = number.to_f64();
    // That a float gives its digits again is what makes it exact.
    (Number::from_f64(float).is_some_and(|again| again.trimmed() == number)
        && digits(&number) <= DECIMAL_DIGITS)
        .then_some(Cell::Real(float))
}

/// How many significant digits a number has.
pub fn digits(number: &Number) -> usize {
    let (digits, _) = number.trimmed().to_scaled();
    digits.magnitude().to_string().len()
}

/// A time as SQLite reads it, and as other databases write it: in UTC where its offset is known, else as it is.
fn time(text: &str, format: Option<&str>, is_number: bool) -> Option<String> {
    let naive = |at: NaiveDateTime| at.format("%Y-%m-%d %H:%M:%S%.f").to_string();
    let utc = |at: DateTime<Utc>| naive(at.naive_utc());
    match format {
        Some("epoch") => utc(DateTime::from_timestamp(integer(text)?, 0)?).into(),
        Some("epoch_ms") => utc(DateTime::from_timestamp_millis(integer(text)?)?).into(),
        Some(format) => match DateTime::parse_from_str(text, format) {
            Ok(at) => Some(utc(at.to_utc())),
            Err(_) => NaiveDateTime::parse_from_str(text, format).ok().map(naive).or_else(|| {
                let date = NaiveDate::parse_from_str(text, format).ok()?;
                Some(date.format("%Y-%m-%d").to_string())
            }),
        },
        // A bare number says nothing of what it counts.
        None if is_number => None,
        None => {
            let forms = ["%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%d %H:%M:%S%.f%#z", "%Y-%m-%d %H:%M:%S%.f %#z"];
            let instant = DateTime::parse_from_rfc3339(text)
                .ok()
                .or_else(|| forms.iter().find_map(|form| DateTime::parse_from_str(text, form).ok()));
            if let Some(at) = instant {
                return Some(utc(at.to_utc()));
            }
            let forms = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"];
            forms.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok()).map(naive).or_else(
                || {
                    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
                    Some(date.format("%Y-%m-%d").to_string())
                },
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Cell, Found, cell};
    use crate::model::table::{ColumnDef, ColumnKind};

    fn of(kind: ColumnKind, format: Option<&str>, found: Found<'_>) -> Result<Cell, String> {
        let format = format.map(str::to_owned);
        cell(&ColumnDef { at: "/x".into(), kind, format }, found)
    }

    #[expect(clippy::unnecessary_wraps, reason = "it is what a cell comes as")]
    fn text(text: &str) -> Result<Cell, String> {
        Ok(Cell::Text(text.to_owned()))
    }

    #[test]
    fn numbers_are_exact_or_refused() {
        use ColumnKind::{Decimal, Integer, Text};
        assert_eq!(of(Integer, None, Found::Number("9223372036854775807")), Ok(Cell::Integer(i64::MAX)));
        assert_eq!(of(Integer, None, Found::Number("5.0")), Ok(Cell::Integer(5)));
        assert_eq!(of(Integer, None, Found::Plain("-7")), Ok(Cell::Integer(-7)));
        for wrong in ["9223372036854775808", "5.5", "1e400", "1e99999999999", "0x5", "+5", " 5", "", "nan"] {
            assert!(of(Integer, None, Found::Plain(wrong)).is_err(), "{wrong:?}");
        }
        assert_eq!(of(Decimal, None, Found::Number("12.50")), Ok(Cell::Real(12.5)));
        assert_eq!(of(Decimal, None, Found::Number("1e3")), Ok(Cell::Integer(1000)));
        assert_eq!(of(Decimal, None, Found::Number("0.1")), Ok(Cell::Real(0.1)));
        assert_eq!(
            of(Decimal, None, Found::Number("1234567890123.45")),
            Ok(Cell::Real(1_234_567_890_123.45))
        );
        assert!(of(Decimal, None, Found::Number("12345678901234.567")).is_err());
        assert_eq!(of(Text, None, Found::Number("12.50")), text("12.50"));
        assert_eq!(
            of(Integer, None, Found::Text("5")).unwrap_err(),
            "is the text \"5\", no number; take it as \"text\", and let the SQL make a number of it by cast(… as …)"
        );
    }

    #[test]
    fn times_with_an_offset_are_utc_and_others_as_they_are() {
        let time = |format, written| of(ColumnKind::Time, format, Found::Text(written));
        assert_eq!(time(None, "2025-11-06T09:00:00Z"), text("2025-11-06 09:00:00"));
        assert_eq!(time(None, "2025-11-06T09:00:00.250-06:00"), text("2025-11-06 15:00:00.250"));
        assert_eq!(time(None, "2025-11-06 09:00:00+0100"), text("2025-11-06 08:00:00"));
        assert_eq!(time(None, "2025-11-06T09:00:00"), text("2025-11-06 09:00:00"));
        assert_eq!(time(None, "2025-11-06"), text("2025-11-06"));
        assert_eq!(time(Some("%m/%d/%Y %I:%M %p"), "11/06/2025 02:30 PM"), text("2025-11-06 14:30:00"));
        assert_eq!(time(Some("epoch"), "1762419600"), text("2025-11-06 09:00:00"));
        let epoch = of(ColumnKind::Time, Some("epoch_ms"), Found::Number("1762419600250"));
        assert_eq!(epoch, text("2025-11-06 09:00:00.250"));
        for wrong in ["", "noon", "06.11.2025", "2025-13-01 00:00:00", "1762419600"] {
            assert!(time(None, wrong).is_err(), "{wrong:?}");
        }
        assert!(of(ColumnKind::Time, None, Found::Number("1762419600")).is_err());
    }

    #[test]
    fn what_is_nothing_is_null_and_lists_are_json() {
        for kind in ColumnKind::ALL {
            assert_eq!(of(kind, None, Found::Null), Ok(Cell::Null));
        }
        let list = serde_json::json!(["a", 1.50]);
        assert_eq!(of(ColumnKind::Json, None, Found::of_json(&list)), text("[\"a\",1.5]"));
        assert_eq!(
            of(ColumnKind::Text, None, Found::of_json(&list)).unwrap_err(),
            "is a list, no text; type = \"json\" keeps it"
        );
        assert_eq!(of(ColumnKind::Boolean, None, Found::Bool(true)), Ok(Cell::Integer(1)));
        assert_eq!(of(ColumnKind::Boolean, None, Found::Plain("False")), Ok(Cell::Integer(0)));
        assert!(of(ColumnKind::Boolean, None, Found::Text("yes")).is_err());
    }
}
