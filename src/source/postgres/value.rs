//! The server's binary values to ours, each exactly or not at all.

use std::error::Error;

use chrono::{DateTime, Datelike as _, NaiveDate, NaiveDateTime, TimeDelta};
use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, Kind, Type};

use super::SourceError;
use crate::model::Value;

/// Microseconds from 1970 to 2000, from which PostgreSQL counts.
const EPOCH: i64 = 946_684_800_000_000;

/// How a column's bytes are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ReadAs {
    /// A whole number of 2, 4 or 8 bytes.
    Whole,
    /// A number without sign.
    Oid,
    Float,
    Numeric,
    Bool,
    Text,
    /// Text that was filled up with blanks.
    Padded,
    Jsonb,
    Json,
    Bytes,
    Date,
    Timestamp,
    Time,
    Uuid,
    /// Of what is inside.
    Array(Box<ReadAs>),
}

/// A type as described to users: `int4`, `timestamptz`, `text[]`.
pub(super) fn kind(kind: &Type) -> String {
    match kind.kind() {
        Kind::Array(of) => format!("{}[]", of.name()).to_lowercase(),
        _ => kind.name().to_lowercase(),
    }
}

/// How a column is read. Those of types that can't be kept are refused before a row comes.
pub(super) fn read_as(column: &tokio_postgres::Column, query: &str) -> Result<ReadAs, SourceError> {
    of(column.type_()).ok_or_else(|| SourceError::Unmappable {
        query: query.to_owned(),
        column: column.name().to_owned(),
        value: format!("its type is {}", kind(column.type_())),
    })
}

fn of(kind: &Type) -> Option<ReadAs> {
    match kind.kind() {
        Kind::Enum(_) => return Some(ReadAs::Text),
        Kind::Domain(of_what) => return of(of_what),
        Kind::Array(element) => return Some(ReadAs::Array(Box::new(of(element)?))),
        _ => {}
    }
    Some(match kind.name() {
        "int2" | "int4" | "int8" => ReadAs::Whole,
        "oid" => ReadAs::Oid,
        "float4" | "float8" => ReadAs::Float,
        "numeric" => ReadAs::Numeric,
        "bool" => ReadAs::Bool,
        "text" | "varchar" | "name" | "citext" | "char" | "unknown" => ReadAs::Text,
        "bpchar" => ReadAs::Padded,
        "json" => ReadAs::Json,
        "jsonb" => ReadAs::Jsonb,
        "bytea" => ReadAs::Bytes,
        "date" => ReadAs::Date,
        "timestamp" | "timestamptz" => ReadAs::Timestamp,
        "time" => ReadAs::Time,
        "uuid" => ReadAs::Uuid,
        _ => return None,
    })
}

/// A cell's bytes, whatever its type.
struct Raw<'a>(Option<&'a [u8]>);

impl<'a> FromSql<'a> for Raw<'a> {
    fn from_sql(_kind: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(Some(raw)))
    }

    fn from_sql_null(_kind: &Type) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self(None))
    }

    fn accepts(_kind: &Type) -> bool {
        true
    }
}

/// The values of a row.
pub(super) fn row(row: &Row, kinds: &[ReadAs], query: &str) -> Result<Vec<Value>, SourceError> {
    let mut values = Vec::new();
    fill(&mut values, row, kinds, query)?;
    Ok(values)
}

/// Puts the values of a row in the place of those of the row before.
pub(super) fn fill(
    values: &mut Vec<Value>,
    row: &Row,
    kinds: &[ReadAs],
    query: &str,
) -> Result<(), SourceError> {
    values.clear();
    values.reserve(kinds.len());
    for (at, kind) in kinds.iter().enumerate() {
        let mapped = match row.try_get::<_, Raw<'_>>(at) {
            Ok(Raw(None)) => Ok(Value::Null),
            Ok(Raw(Some(bytes))) => map(kind, bytes),
            Err(error) => Err(error.to_string()),
        };
        values.push(mapped.map_err(|value| SourceError::Unmappable {
            query: query.to_owned(),
            column: row.columns().get(at).map_or_else(String::new, |column| column.name().to_owned()),
            value,
        })?);
    }
    Ok(())
}

/// One value; else what can't be kept, in words.
fn map(kind: &ReadAs, bytes: &[u8]) -> Result<Value, String> {
    let odd = || format!("{} bytes that make no {kind:?}", bytes.len()).to_lowercase();
    Ok(match kind {
        ReadAs::Whole => whole(bytes).ok_or_else(odd)?.into(),
        ReadAs::Oid => i64::from(u32::from_be_bytes(bytes.try_into().map_err(|_| odd())?)).into(),
        ReadAs::Float => float(bytes).ok_or_else(odd)??,
        ReadAs::Numeric => Value::Number(numeric(bytes).ok_or_else(odd)??.parse().map_err(|_| odd())?),
        ReadAs::Bool => i64::from(bytes != [0]).into(),
        ReadAs::Text | ReadAs::Json | ReadAs::Bytes => text(bytes),
        ReadAs::Padded => {
            let end = bytes.iter().rposition(|byte| *byte != b' ').map_or(0, |last| last + 1);
            text(bytes.get(..end).unwrap_or_default())
        }
        // Its first byte is the version of its form.
        ReadAs::Jsonb => match bytes.split_first() {
            Some((1, rest)) => text(rest),
            _ => return Err(odd()),
        },
        ReadAs::Date => Value::Text(date(i32::from_be_bytes(bytes.try_into().map_err(|_| odd())?))?),
        ReadAs::Timestamp => Value::Text(timestamp(whole(bytes).ok_or_else(odd)?)?),
        ReadAs::Time => Value::Text(time(whole(bytes).ok_or_else(odd)?)),
        ReadAs::Uuid => Value::Text(uuid::Uuid::from_slice(bytes).map_err(|_| odd())?.to_string()),
        ReadAs::Array(of) => Value::Text(array(of, bytes).ok_or_else(odd)??),
    })
}

/// All cells as text; without those that are none.
pub(super) fn texts(rows: impl IntoIterator<Item = Vec<Value>>) -> Vec<String> {
    rows.into_iter()
        .flatten()
        .filter_map(|value| match value {
            Value::Text(text) => Some(text),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        })
        .collect()
}

/// Text, or bytes that are none.
fn text(bytes: &[u8]) -> Value {
    match std::str::from_utf8(bytes) {
        Ok(text) => Value::text(text),
        Err(_) => Value::Bytes(bytes.to_vec()),
    }
}

fn whole(bytes: &[u8]) -> Option<i64> {
    Some(match bytes.len() {
        2 => i16::from_be_bytes(bytes.try_into().ok()?).into(),
        4 => i32::from_be_bytes(bytes.try_into().ok()?).into(),
        8 => i64::from_be_bytes(bytes.try_into().ok()?),
        _ => return None,
    })
}

fn float(bytes: &[u8]) -> Option<Result<Value, String>> {
    let float = match bytes.len() {
        // Its shortest text, read as a double: 0.1 stays 0.1.
        4 => f32::from_be_bytes(bytes.try_into().ok()?).to_string().parse().ok()?,
        8 => f64::from_be_bytes(bytes.try_into().ok()?),
        _ => return None,
    };
    Some(if float.is_finite() { Ok(Value::Float(float)) } else { Err(float.to_string()) })
}

/// A decimal, with as many digits behind the point as it has: the count of its digits to the base of 10,000,
/// the place of the first, a sign, the count of decimals, and the digits.
fn numeric(bytes: &[u8]) -> Option<Result<String, String>> {
    let mut words = bytes.chunks_exact(2).map(|two| u16::from_be_bytes([two[0], two[1]]));
    let (count, first) = (words.next()?, words.next()?.cast_signed());
    let (sign, decimals) = (words.next()?, words.next()?);
    match sign {
        0 | 0x4000 => {}
        0xc000 => return Some(Err("NaN".to_owned())),
        0xd000 => return Some(Err("Infinity".to_owned())),
        0xf000 => return Some(Err("-Infinity".to_owned())),
        _ => return None,
    }
    let digits: Vec<u16> = words.collect();
    if digits.len() != usize::from(count) {
        return None;
    }
    // The digit of that weight: 0 is the last before the point.
    let digit = |weight: i32| {
        let at = usize::try_from(i32::from(first) - weight).ok();
        at.and_then(|at| digits.get(at)).copied().unwrap_or(0)
    };
    let mut text = String::new();
    for weight in (0..=i32::from(first)).rev() {
        text.push_str(&format!("{:04}", digit(weight)));
    }
    let before = text.trim_start_matches('0');
    let mut written = if sign == 0 { String::new() } else { "-".to_owned() };
    written.push_str(if before.is_empty() { "0" } else { before });
    if decimals > 0 {
        let places = usize::from(decimals);
        let mut behind = String::new();
        for weight in 1..=i32::from(decimals.div_ceil(4)) {
            behind.push_str(&format!("{:04}", digit(-weight)));
        }
        written.push('.');
        written.push_str(behind.get(..places)?);
    }
    Some(Ok(written))
}

/// A date of the years 1 to 9999, of the days since 2000.
fn date(days: i32) -> Result<String, String> {
    let date = NaiveDate::from_ymd_opt(2000, 1, 1)
        .filter(|_| days != i32::MAX && days != i32::MIN)
        .and_then(|first| first.checked_add_signed(TimeDelta::days(days.into())));
    match date.filter(|date| (1..=9999).contains(&date.year())) {
        Some(date) => Ok(date.to_string()),
        None => Err(format!("a date {}", beyond(days == i32::MAX || days == i32::MIN))),
    }
}

/// A time of the years 1 to 9999, of the microseconds since 2000: as it is written, or of UTC.
fn timestamp(micros: i64) -> Result<String, String> {
    let time: Option<NaiveDateTime> = micros
        .checked_add(EPOCH)
        .filter(|_| micros != i64::MIN)
        .and_then(DateTime::from_timestamp_micros)
        .map(|time| time.naive_utc());
    match time.filter(|time| (1..=9999).contains(&time.year())) {
        Some(time) => {
            let text = time.format("%Y-%m-%d %H:%M:%S").to_string();
            Ok(text + &fraction(i64::from(time.and_utc().timestamp_subsec_micros())))
        }
        None => Err(format!("a time {}", beyond(micros == i64::MAX || micros == i64::MIN))),
    }
}

fn beyond(infinite: bool) -> &'static str {
    if infinite { "that is infinite" } else { "outside of the years 1 to 9999" }
}

/// A time of day, up to 24:00:00.
fn time(micros: i64) -> String {
    let seconds = micros / 1_000_000;
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    format!("{hours:02}:{minutes:02}:{:02}{}", seconds % 60, fraction(micros % 1_000_000))
}

/// The fraction of a second, as PostgreSQL writes it: without zeros at its end.
fn fraction(micros: i64) -> String {
    let digits = format!(".{micros:06}");
    digits.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// An array as JSON: its number of dimensions, whether it has NULLs, the type of its elements, for each
/// dimension its length and first index, then each element with its length before it.
fn array(of: &ReadAs, bytes: &[u8]) -> Option<Result<String, String>> {
    let mut bytes = Bytes(bytes);
    let dimensions = bytes.number()?;
    bytes.number()?;
    bytes.number()?;
    let mut lengths = Vec::new();
    for _ in 0..dimensions {
        lengths.push(usize::try_from(bytes.number()?).ok()?);
        bytes.number()?;
    }
    if lengths.is_empty() {
        return Some(Ok("[]".to_owned()));
    }
    elements(of, &lengths, &mut bytes)
}

fn elements(of: &ReadAs, lengths: &[usize], bytes: &mut Bytes<'_>) -> Option<Result<String, String>> {
    let Some((length, inner)) = lengths.split_first() else { return element(of, bytes) };
    let mut all = Vec::new();
    for _ in 0..*length {
        match elements(of, inner, bytes)? {
            Ok(one) => all.push(one),
            Err(value) => return Some(Err(value)),
        }
    }
    Some(Ok(format!("[{}]", all.join(","))))
}

fn element(of: &ReadAs, bytes: &mut Bytes<'_>) -> Option<Result<String, String>> {
    let length = bytes.number()?;
    if length == -1 {
        return Some(Ok("null".to_owned()));
    }
    let raw = bytes.take(usize::try_from(length).ok()?)?;
    Some(map(of, raw).and_then(|value| match (of, value) {
        (ReadAs::Bool, _) => Ok(if raw == [0] { "false" } else { "true" }.to_owned()),
        (ReadAs::Json | ReadAs::Jsonb, Value::Text(json)) => Ok(json),
        (_, Value::Null) => Ok("null".to_owned()),
        (_, Value::Number(number)) => Ok(number.to_string()),
        (_, Value::Float(float)) => Ok(serde_json::Value::from(float).to_string()),
        (_, Value::Text(text)) => Ok(serde_json::Value::from(text).to_string()),
        (_, Value::Bytes(_)) => Err("an array with bytes that are no text".to_owned()),
    }))
}

/// What is left of some bytes.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn number(&mut self) -> Option<i32> {
        Some(i32::from_be_bytes(self.take(4)?.try_into().ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::{ReadAs, date, map, numeric, time, timestamp};
    use crate::model::Value;

    fn words(words: &[u16]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_be_bytes()).collect()
    }

    #[test]
    fn decimals_keep_every_digit() {
        for (bytes, expected) in [
            (words(&[0, 0, 0, 0]), "0"),
            (words(&[0, 0, 0, 2]), "0.00"),
            (words(&[2, 0, 0, 2, 12, 5000]), "12.50"),
            (words(&[2, 0, 0x4000, 1, 12, 5000]), "-12.5"),
            (words(&[1, 2, 0, 0, 7]), "700000000"),
            // A weight of -2: the first digits are ten-thousandths of ten-thousandths.
            (words(&[1, 0xfffe, 0, 8, 1]), "0.00000001"),
            (words(&[2, 1, 0, 0, 1, 2]), "10002"),
        ] {
            assert_eq!(numeric(&bytes).unwrap().unwrap(), expected);
        }
        assert_eq!(numeric(&words(&[0, 0, 0xc000, 0])).unwrap().unwrap_err(), "NaN");
        assert_eq!(numeric(&words(&[0, 0, 0xd000, 0])).unwrap().unwrap_err(), "Infinity");
        for broken in [words(&[1, 0, 0, 0]), words(&[0, 0]), words(&[0, 0, 7, 0]), vec![0]] {
            assert!(numeric(&broken).is_none());
        }
    }

    #[test]
    fn times_are_written_as_the_server_writes_them() {
        assert_eq!(date(0).unwrap(), "2000-01-01");
        assert_eq!(date(-730_119).unwrap(), "0001-01-01");
        for beyond in [i32::MAX, i32::MIN, -730_120, 2_921_940] {
            assert!(date(beyond).is_err(), "{beyond}");
        }
        assert_eq!(timestamp(0).unwrap(), "2000-01-01 00:00:00");
        assert_eq!(timestamp(-1).unwrap(), "1999-12-31 23:59:59.999999");
        assert_eq!(timestamp(500_000).unwrap(), "2000-01-01 00:00:00.5");
        for beyond in [i64::MAX, i64::MIN, i64::MIN + 1, -70_000_000_000_000_000] {
            assert!(timestamp(beyond).is_err(), "{beyond}");
        }
        assert_eq!(time(86_400_000_000), "24:00:00");
        assert_eq!(time(3_723_000_100), "01:02:03.0001");
    }

    #[test]
    fn what_makes_no_value_is_refused_and_no_panic() {
        for kind in [
            ReadAs::Whole,
            ReadAs::Oid,
            ReadAs::Float,
            ReadAs::Numeric,
            ReadAs::Jsonb,
            ReadAs::Date,
            ReadAs::Timestamp,
            ReadAs::Time,
            ReadAs::Uuid,
            ReadAs::Array(Box::new(ReadAs::Whole)),
        ] {
            for length in [0, 1, 3, 5, 7, 9] {
                assert!(map(&kind, &vec![255; length]).is_err(), "{kind:?} {length}");
            }
        }
        assert_eq!(map(&ReadAs::Padded, b"NA   ").unwrap(), Value::text("NA"));
        assert_eq!(map(&ReadAs::Padded, b"   ").unwrap(), Value::text(""));
    }
}
