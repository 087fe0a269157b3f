//! How a column tells time, and what it is the time of: by its type, its name and what a sample shows.

use chrono::{DateTime, NaiveDate, NaiveDateTime};

use super::column::{Kind, any, kind, words};
use super::{ColumnSample, SampleFacts};
use crate::model::Value;
use crate::model::definitions::Dialect;
use crate::source::ColumnFacts;

/// Whole numbers from 2000 to 2100 may be seconds since 1970.
const PLAUSIBLE: std::ops::Range<i64> = 946_684_800..4_102_444_800;

/// A column of time.
#[derive(Clone, Debug)]
pub(super) struct When {
    /// Its name.
    pub(super) column: String,
    /// How it tells time, in the words of the configuration.
    pub(super) time_is: &'static str,
    /// Whether it tells hours.
    pub(super) hours: bool,
    /// Whether an index begins with it.
    pub(super) indexed: bool,
    /// Why it is taken for a time.
    pub(super) why: String,
    /// How well it fits a time at which something happened.
    pub(super) fits: i32,
    /// What it is the time of.
    pub(super) of: Of,
}

/// What a time is the time of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Of {
    /// Something that happened.
    Event,
    /// The making of a row, which may be a thing or something that happened.
    Making,
    /// A change of the row, or its end.
    Change,
}

/// What a time of this name is the time of.
fn of(words: &[String]) -> Of {
    let change = [
        "updated",
        "update",
        "modified",
        "modify",
        "changed",
        "change",
        "last",
        "latest",
        "until",
        "expires",
        "expired",
        "expiry",
        "expiration",
        "deleted",
        "end",
        "ended",
        "finished",
        "completed",
        "closed",
        "due",
        "scheduled",
        "next",
        "birth",
        "birthday",
        "dob",
        "valid",
    ];
    let making = [
        "created",
        "create",
        "creation",
        "published",
        "uploaded",
        "registered",
        "registration",
        "joined",
        "signup",
        "inserted",
        "added",
        "posted",
    ];
    if any(words, &change) {
        Of::Change
    } else if any(words, &making) {
        Of::Making
    } else {
        Of::Event
    }
}

/// Whether a column may tell time, by its type and its name alone.
pub(super) fn may_tell_time(dialect: Dialect, column: &ColumnFacts) -> bool {
    let timely = || {
        let words = words(&column.name);
        any(
            &words,
            &[
                "time",
                "date",
                "datetime",
                "epoch",
                "timestamp",
                "ts",
                "when",
                "stamp",
                "created",
                "started",
                "happened",
                "occurred",
            ],
        ) || words.last().is_some_and(|word| {
            word == "at" || word == "on" || word.ends_with("time") || word.ends_with("date")
        })
    };
    match kind(dialect, &column.kind) {
        Kind::Local | Kind::Instant | Kind::Date => true,
        Kind::Integer { .. } => timely(),
        Kind::Unknown => {
            dialect == Dialect::Sqlite
                && (timely() || ["date", "time"].iter().any(|word| column.kind.contains(word)))
        }
        Kind::Text => dialect == Dialect::Sqlite && timely(),
        _ => false,
    }
}

/// How a column tells time, if it does.
pub(super) fn when(dialect: Dialect, column: &ColumnFacts, sample: &SampleFacts) -> Option<When> {
    if !may_tell_time(dialect, column) {
        return None;
    }
    let seen = sample.columns.get(&column.name);
    let (time_is, hours, what) = match kind(dialect, &column.kind) {
        Kind::Local => ("local", true, format!("it is a {}, which has no zone", column.kind)),
        Kind::Instant => ("instant", true, format!("it is a {}, which keeps instants", column.kind)),
        Kind::Date => ("local", false, "it is a date".to_owned()),
        Kind::Integer { .. } => epoch(seen?)?,
        _ => written(seen?)?,
    };
    let words = words(&column.name);
    let of = of(&words);
    let mut fits = if hours { 3 } else { 1 } - i32::from(time_is == "epoch") * 2;
    fits += if column.indexed { 4 } else { 0 };
    fits += match of {
        Of::Change => -12,
        Of::Making => 1,
        Of::Event => {
            i32::from(any(
                &words,
                &[
                    "call", "event", "happened", "occurred", "order", "ordered", "placed", "start",
                    "started", "sent",
                ],
            )) * 2
        }
    };
    if seen.is_some_and(|seen| seen.filled * 2 < sample.rows) {
        fits -= 8;
    }
    let indexed = if column.indexed { ", and begins an index" } else { "" };
    let why = format!("{:?} tells the time: {what}{indexed}", column.name);
    Some(When { column: column.name.clone(), time_is, hours, indexed: column.indexed, why, fits, of })
}

fn epoch(seen: &ColumnSample) -> Option<(&'static str, bool, String)> {
    let Some(Value::Number(most)) = &seen.most else { return None };
    let plausible = most.to_i64().is_some_and(|most| PLAUSIBLE.contains(&most));
    plausible.then(|| ("epoch", true, format!("its numbers are seconds since 1970, up to {most}")))
}

/// How texts tell time, if all that were seen do.
fn written(seen: &ColumnSample) -> Option<(&'static str, bool, String)> {
    let texts: Vec<&str> = seen
        .values
        .iter()
        .map(|value| if let Value::Text(text) = value { Some(text.as_str()) } else { None })
        .collect::<Option<_>>()?;
    let first = texts.first()?;
    let zoned = texts.iter().filter(|text| has_offset(text)).count();
    if zoned == texts.len() {
        return Some(("instant", true, format!("its texts have an offset, such as {first:?}")));
    }
    let dates = texts.iter().filter(|text| NaiveDate::parse_from_str(text, "%Y-%m-%d").is_ok()).count();
    let naive = texts.iter().filter(|text| is_naive(text)).count();
    if naive + dates < texts.len() {
        return None;
    }
    Some(("local", naive > 0, format!("its texts have no zone, such as {first:?}")))
}

fn has_offset(text: &str) -> bool {
    DateTime::parse_from_rfc3339(text).is_ok()
        || DateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f%:z").is_ok()
}

fn is_naive(text: &str) -> bool {
    ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M"]
        .iter()
        .any(|format| NaiveDateTime::parse_from_str(text, format).is_ok())
}
