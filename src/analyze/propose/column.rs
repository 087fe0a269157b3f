//! What a column is by its type, its name and what a sample shows: a time, a counter, an id, a number to add up.

use chrono::{DateTime, NaiveDate, NaiveDateTime};

use super::{ColumnSample, SampleFacts};
use crate::model::Value;
use crate::model::definitions::Dialect;
use crate::source::ColumnFacts;

/// Whole numbers from 2000 to 2100 may be seconds since 1970.
const PLAUSIBLE: std::ops::Range<i64> = 946_684_800..4_102_444_800;

/// What a type holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Local times.
    Local,
    /// Instants.
    Instant,
    /// Dates.
    Date,
    /// Whole numbers.
    Integer {
        /// None of them is negative.
        unsigned: bool,
    },
    /// Exact numbers.
    Decimal,
    /// Floats.
    Float,
    /// Yes or no.
    Flag,
    /// Short texts, or one of a list.
    Text,
    /// Whatever is written into it.
    Unknown,
    /// Long texts, bytes and whatever else is neither counted nor grouped by.
    Other,
}

/// What a declared type holds.
pub(super) fn kind(dialect: Dialect, declared: &str) -> Kind {
    let has = |word: &str| declared.contains(word);
    if dialect == Dialect::Sqlite {
        // By SQLite's own rules, with those types in front by which people mean something.
        return match declared {
            "" => Kind::Unknown,
            _ if has("bool") => Kind::Flag,
            _ if has("date") || has("time") => Kind::Unknown,
            _ if has("int") => Kind::Integer { unsigned: false },
            _ if has("char") || has("clob") || has("text") || has("enum") => Kind::Text,
            _ if has("blob") => Kind::Other,
            _ if has("real") || has("floa") || has("doub") => Kind::Float,
            _ => Kind::Decimal,
        };
    }
    let first = declared.split(['(', ' ']).next().unwrap_or_default();
    match first {
        "datetime" => Kind::Local,
        "timestamp" | "timestamptz" => Kind::Instant,
        "date" => Kind::Date,
        "tinyint" if declared.starts_with("tinyint(1)") => Kind::Flag,
        "boolean" | "bool" => Kind::Flag,
        "tinyint" | "smallint" | "mediumint" | "int" | "integer" | "bigint" => {
            Kind::Integer { unsigned: has("unsigned") }
        }
        "decimal" | "numeric" => Kind::Decimal,
        "float" | "double" | "real" => Kind::Float,
        "char" | "varchar" | "enum" | "set" | "uuid" | "inet4" | "inet6" => Kind::Text,
        _ => Kind::Other,
    }
}

/// Whether SQL in a configuration can name it: braces stand for lists there, and `?` and `:` for values.
pub(super) fn is_usable(name: &str) -> bool {
    !name.is_empty() && !name.contains(['{', '}', '?', ':']) && !name.contains(char::is_control)
}

/// The words of a name, in lower case: `viewCount` and `view_count` are the same two.
pub(super) fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut lower = false;
    for letter in name.chars() {
        let breaks = !letter.is_alphanumeric() || letter.is_uppercase() && lower;
        if breaks && words.last().is_some_and(|word| !word.is_empty()) {
            words.push(String::new());
        }
        lower = letter.is_lowercase() || letter.is_numeric();
        if letter.is_alphanumeric() {
            if let Some(word) = words.last_mut() {
                word.extend(letter.to_lowercase());
            }
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

fn any(words: &[String], list: &[&str]) -> bool {
    words.iter().any(|word| list.contains(&word.as_str()))
}

/// Whether it tells of a person.
pub(super) fn is_personal(words: &[String]) -> bool {
    any(
        words,
        &[
            "phone", "mobile", "email", "mail", "ip", "ssn", "password", "passwd", "secret", "token",
            "address", "street", "dob", "birthday",
        ],
    )
}

/// Whether its values name something: they are told apart and never added up.
pub(super) fn is_id(words: &[String]) -> bool {
    const NO_IDS: [&str; 14] = [
        "paid", "unpaid", "prepaid", "postpaid", "grid", "valid", "invalid", "avoid", "liquid", "solid",
        "rapid", "android", "hybrid", "fluid",
    ];
    let named = [
        "id",
        "ids",
        "uuid",
        "guid",
        "key",
        "code",
        "no",
        "nr",
        "number",
        "hash",
        "type",
        "kind",
        "status",
        "state",
        "flag",
        "category",
        "class",
        "version",
        "year",
        "month",
        "weekday",
        "zip",
        "port",
        "lat",
        "lng",
        "lon",
        "latitude",
        "longitude",
        "index",
        "idx",
        "pid",
        "rank",
        "position",
        "priority",
        "level",
        "phone",
    ];
    let last = words.last().map_or("", String::as_str);
    let first = words.first().map_or("", String::as_str);
    named.contains(&last)
        || ["is", "has"].contains(&first)
        || (last.ends_with("id") && last.len() > 4 && !NO_IDS.contains(&last))
}

/// A counter: a number of things that only ever should grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Counter {
    /// By a word that nothing else has: views, likes.
    Surely,
    /// By the shape of its name: `…_count`, `total_…`.
    Perhaps,
}

/// Whether a name is that of a counter.
pub(super) fn counter(words: &[String]) -> Option<Counter> {
    const COUNTED: [&str; 32] = [
        "view",
        "like",
        "dislike",
        "comment",
        "share",
        "follower",
        "follow",
        "subscriber",
        "play",
        "download",
        "click",
        "visit",
        "vote",
        "upvote",
        "downvote",
        "post",
        "repl",
        "reply",
        "reaction",
        "impression",
        "favorite",
        "favourite",
        "retweet",
        "repost",
        "upload",
        "login",
        "install",
        "star",
        "fork",
        "watch",
        "member",
        "video",
    ];
    let counted = |word: &str| {
        let one =
            word.strip_suffix("ies").map_or_else(|| word.strip_suffix('s').unwrap_or(word), |stem| stem);
        COUNTED.contains(&one)
    };
    let (first, last) = (words.first()?.as_str(), words.last()?.as_str());
    let surely = words.iter().any(|word| counted(word));
    let shaped = words.len() > 1
        && (["count", "counts", "counter", "total"].contains(&last)
            || ["total", "num", "count"].contains(&first));
    match (shaped, words.len()) {
        (true, _) if surely => Some(Counter::Surely),
        (true, _) => Some(Counter::Perhaps),
        (false, 1) if surely && last.ends_with('s') => Some(Counter::Surely),
        _ => None,
    }
}

/// The unit of a span of time that a name tells.
pub(super) fn unit(words: &[String]) -> Option<&'static str> {
    words.iter().rev().find_map(|word| match word.as_str() {
        "sec" | "secs" | "second" | "seconds" => Some("s"),
        "ms" | "millis" | "milliseconds" => Some("ms"),
        "mins" | "minute" | "minutes" => Some("min"),
        "hour" | "hours" => Some("h"),
        _ => None,
    })
}

/// Whether a number is one of which the mean says more than the sum.
pub(super) fn is_mean(words: &[String]) -> bool {
    any(
        words,
        &[
            "rate",
            "ratio",
            "percent",
            "percentage",
            "pct",
            "score",
            "avg",
            "average",
            "temperature",
            "rating",
            "speed",
        ],
    )
}

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
