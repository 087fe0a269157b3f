//! The shape of `asof.toml`, as written. What it means is checked in [`super::check`].

use indexmap::IndexMap;
use serde::de::{self, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

pub use super::entity_file::{Entity, Tenants};
pub use super::lookup_file::Lookup;
pub use super::notify_file::{Heartbeat, Hooks, Sink};
pub use super::serve_file::{Serve, Token};
pub use super::source_file::{Kind, Source};

/// A whole configuration file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// What is read, where it is one thing.
    pub source: Option<Source>,
    /// What is read, by name, where it is several things.
    #[serde(default)]
    pub sources: IndexMap<String, Source>,
    /// Where frozen days are kept.
    #[serde(default)]
    pub archive: Archive,
    /// How days are cut.
    pub calendar: Option<Calendar>,
    /// Named lists, for use in SQL as `{name}`.
    #[serde(default)]
    pub lists: IndexMap<String, Vec<String>>,
    /// What a second system is asked about keys of events.
    #[serde(default)]
    pub lookups: IndexMap<String, Lookup>,
    /// Things that happened, each with a time.
    #[serde(default)]
    pub events: IndexMap<String, Events>,
    /// Named numbers.
    #[serde(default)]
    pub metrics: IndexMap<String, Metric>,
    /// The sections of the page, in order.
    #[serde(default)]
    pub dashboard: Vec<Dashboard>,
    /// Which frozen days are kept whole; all of them when left out.
    pub retention: Option<Retention>,
    /// What is to be done with what was found: lists of keys to work on.
    #[serde(default)]
    pub worklist: IndexMap<String, Worklist>,
    /// What somebody should hear of.
    #[serde(default)]
    pub alerts: IndexMap<String, Alert>,
    /// Where alerts are sent.
    #[serde(default)]
    pub sinks: IndexMap<String, Sink>,
    /// What is called after each good save.
    pub heartbeat: Option<Heartbeat>,
    /// Commands around a save.
    pub hooks: Option<Hooks>,
    /// Things with a state now, which must be seen to be known.
    #[serde(default)]
    pub entities: IndexMap<String, Entity>,
    /// Whose rows are kept apart.
    pub tenants: Option<Tenants>,
    /// How a server answers, and whom.
    pub serve: Option<Serve>,
}

/// `[archive]`
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Archive {
    /// The folder, relative to the configuration file; `snapshots` when left out.
    pub dir: Option<String>,
    /// What the pages are about, in a few words.
    pub title: Option<String>,
    /// The file of the key under which values are kept, relative to the configuration file; `asof.key` when left out.
    pub key_file: Option<String>,
}

/// `[calendar]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Calendar {
    /// The IANA name of the zone whose dates name the days.
    pub time_zone: String,
    /// The local time at which a day starts; midnight when left out.
    pub day_starts_at: Option<String>,
    /// How long after its end a day is final; two hours when left out.
    pub final_after: Option<String>,
    /// The ages in days at which each save reads frozen days again; none when left out.
    pub lookback: Option<Vec<u16>>,
    /// How many of a frozen day's rows may be gone before its source counts as pruned; `1%` when left out.
    pub shrink_guard: Option<String>,
}

/// `[events.NAME]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Events {
    /// The source they are read from, where there are several.
    pub from: Option<String>,
    /// The table whose rows are the events.
    pub table: Option<String>,
    /// Or the query that gives them, with `{window}` where the time is limited.
    pub sql: Option<String>,
    /// The column that holds each event's time.
    pub time: String,
    /// How it tells time: `local`, `utc`, `epoch` or `instant`.
    pub time_is: TimeIs,
    /// What people call them.
    pub label: Option<String>,
    /// How many groups the crossed dimensions may have; 50,000 when left out.
    pub max_groups: Option<u64>,
    /// What they can be broken down by.
    #[serde(default)]
    pub by: IndexMap<String, Dimension>,
}

/// How a time column tells time.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TimeIs {
    /// Local time of the source's zone, without a zone.
    Local,
    /// UTC, without a zone.
    Utc,
    /// Seconds since 1970-01-01 00:00 UTC.
    Epoch,
    /// An instant the database knows as such.
    Instant,
}

/// A dimension: an SQL expression, or a table that says more.
#[derive(Debug, Default)]
pub struct Dimension {
    /// The span of time its members are.
    pub time: Option<TimeSpan>,
    /// The SQL expression whose values are its members.
    pub sql: Option<String>,
    /// The query that gives members' names: key, label.
    pub labels: Option<String>,
    /// What people call it.
    pub label: Option<String>,
    /// Grouped by itself, not crossed with the others.
    pub alone: bool,
}

/// A span of time by which events can be grouped.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TimeSpan {
    /// Sixty minutes.
    Hour,
    /// Thirty minutes.
    HalfHour,
    /// Fifteen minutes.
    QuarterHour,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DimensionTable {
    time: Option<TimeSpan>,
    sql: Option<String>,
    labels: Option<String>,
    label: Option<String>,
    #[serde(default)]
    alone: bool,
}

impl<'de> Deserialize<'de> for Dimension {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextOrTable;

        impl<'de> Visitor<'de> for TextOrTable {
            type Value = Dimension;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an SQL expression in quotes, or a table such as { sql = \"…\", labels = \"…\" }")
            }

            fn visit_str<E: de::Error>(self, sql: &str) -> Result<Dimension, E> {
                Ok(Dimension { sql: Some(sql.to_owned()), ..Dimension::default() })
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Dimension, A::Error> {
                let table = DimensionTable::deserialize(de::value::MapAccessDeserializer::new(map))?;
                let DimensionTable { time, sql, labels, label, alone } = table;
                Ok(Dimension { time, sql, labels, label, alone })
            }
        }

        deserializer.deserialize_any(TextOrTable)
    }
}

/// `[metrics]`: one metric, with exactly one of `count`, `sum`, `min`, `max`, `avg`,
/// `distinct` and `ratio`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metric {
    /// The events it is taken over; not for a ratio.
    pub of: Option<String>,
    /// How many rows.
    pub count: Option<bool>,
    /// The sum of this SQL expression.
    pub sum: Option<String>,
    /// Its smallest value.
    pub min: Option<String>,
    /// Its largest value.
    pub max: Option<String>,
    /// Its mean.
    pub avg: Option<String>,
    /// How many different values it has.
    pub distinct: Option<String>,
    /// Two metrics: the one above the line and the one below it.
    pub ratio: Option<Vec<String>>,
    /// Only rows for which this SQL condition holds.
    #[serde(rename = "where")]
    pub filter: Option<String>,
    /// What the result is divided by.
    pub divide: Option<Decimal>,
    /// The dimensions a `distinct` is also counted by.
    pub by: Option<Vec<String>>,
    /// How the values of a `distinct` are read before they are told apart.
    #[serde(rename = "as")]
    pub kind: Option<KeyKind>,
    /// Whether a `distinct` is also counted over all archived days.
    pub cumulative: Option<bool>,
    /// Taken over so many days that end with the day itself: `30d`.
    pub over: Option<String>,
    /// By how much it may move before it has drifted: `0.5%`; not at all when left out.
    pub drift: Option<String>,
    /// What people call it.
    pub label: Option<String>,
    /// Its unit; `%` shows a fraction in percent.
    pub unit: Option<String>,
    /// Which way is good.
    pub good: Option<Good>,
}

/// How values are read before they are told apart.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyKind {
    /// As phone numbers.
    Phone,
}

/// Which way is good.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Good {
    /// More is better.
    Up,
    /// Less is better.
    Down,
}

/// A number that is written as an integer or with a point.
#[derive(Clone, Debug, PartialEq)]
pub struct Decimal(pub String);

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnyNumber;

        impl Visitor<'_> for AnyNumber {
            type Value = Decimal;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a number")
            }

            fn visit_i64<E: de::Error>(self, integer: i64) -> Result<Decimal, E> {
                Ok(Decimal(integer.to_string()))
            }

            fn visit_f64<E: de::Error>(self, float: f64) -> Result<Decimal, E> {
                Ok(Decimal(float.to_string()))
            }
        }

        deserializer.deserialize_any(AnyNumber)
    }
}

/// `[[dashboard]]`: one section of the page.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dashboard {
    /// Its heading.
    pub title: Option<String>,
    /// The metrics shown, in order.
    pub show: Vec<String>,
    /// The dimensions they are broken down by, in order.
    #[serde(default)]
    pub by: Vec<String>,
    /// How many members a table shows before the rest is summed.
    pub top: Option<u32>,
}

/// `[retention]`: which frozen days are kept whole.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Retention {
    /// For how long every day is kept: `12 months`.
    pub keep_daily: Option<String>,
    /// For how long one day of each week is.
    pub keep_weekly: Option<String>,
    /// For how long one day of each month is.
    pub keep_monthly: Option<String>,
    /// For how long one day of each quarter is.
    pub keep_quarterly: Option<String>,
    /// For how long one day of each year is.
    pub keep_yearly: Option<String>,
    /// The labels whose days are kept; every label when left out.
    pub keep_labels: Option<Vec<String>>,
    /// Which frozen day of a period stands for it: `last` when left out.
    pub prefer: Option<Prefer>,
}

/// Which frozen day of a period stands for it.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Prefer {
    /// The first.
    First,
    /// The last.
    Last,
}

/// `[worklist.NAME]`: keys to work on, found among events.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Worklist {
    /// The events it is made of.
    pub of: String,
    /// The SQL expression whose values are its keys.
    pub key: String,
    /// How these are made keys: `phone`; as they are when left out.
    #[serde(rename = "as")]
    pub kind: Option<KeyKind>,
    /// The SQL expression that tells how an event ended.
    pub outcome: String,
    /// The SQL expression that tells which of two events at the same time is the later.
    pub id: Option<String>,
    /// Lists of outcomes that put a key out for good.
    pub out: Vec<String>,
    /// The list of outcomes that the latest event must have; any when left out.
    pub take: Option<String>,
    /// What becomes of a key with an event whose outcome could not be looked up; it waits when left out.
    pub unknown: Option<Unknown>,
    /// What is kept with an entry.
    #[serde(default)]
    pub carry: Carry,
    /// Queries of keys that are out for good, by reason.
    #[serde(default)]
    pub never: IndexMap<String, String>,
    /// Its folder, relative to the configuration file; `worklists/NAME` when left out.
    pub dir: Option<String>,
}

/// What becomes of a key whose outcome could not be looked up.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unknown {
    /// It is kept out until it is known.
    Exclude,
    /// It is taken as if its outcome were wanted.
    Include,
}

/// What is kept with an entry: columns by their names, or expressions by the names of fields.
#[derive(Debug)]
pub enum Carry {
    /// Columns.
    Columns(Vec<String>),
    /// SQL expressions, by the fields they become.
    Fields(IndexMap<String, String>),
}

impl Default for Carry {
    fn default() -> Self {
        Self::Columns(Vec::new())
    }
}

impl<'de> Deserialize<'de> for Carry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ListOrTable;

        impl<'de> Visitor<'de> for ListOrTable {
            type Value = Carry;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a list of columns, or a table such as { lead = \"lead_id\" }")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Carry, A::Error> {
                Deserialize::deserialize(de::value::SeqAccessDeserializer::new(seq)).map(Carry::Columns)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Carry, A::Error> {
                Deserialize::deserialize(de::value::MapAccessDeserializer::new(map)).map(Carry::Fields)
            }
        }

        deserializer.deserialize_any(ListOrTable)
    }
}

/// `[alerts.NAME]`, with exactly one of `above` and `below`, `change`, `target`, `anomaly` and `missing`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Alert {
    /// The metric that is looked at; not for `missing`.
    pub metric: Option<String>,
    /// The dimension of which each member is looked at by itself.
    pub by: Option<String>,
    /// A value above this is an alert.
    pub above: Option<Decimal>,
    /// A value below this is an alert.
    pub below: Option<Decimal>,
    /// A change against these earlier days is an alert.
    pub change: Option<Against>,
    /// A value far from this is an alert.
    pub target: Option<Decimal>,
    /// By how much: `20%`.
    pub more_than: Option<String>,
    /// A value that is unusual for its weekday is an alert.
    pub anomaly: Option<bool>,
    /// A day that is not frozen is an alert.
    pub missing: Option<bool>,
    /// Which way a value has to go.
    pub direction: Option<Direction>,
    /// Where neither the value nor what was expected reaches this, there is no alert.
    pub ignore_below: Option<Decimal>,
    /// On how many days in a row.
    #[serde(rename = "for")]
    pub days: Option<u16>,
    /// For how many days nothing more is told: `3d`.
    pub snooze: Option<String>,
}

/// What a change is held against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Against {
    /// Seven days before.
    SameWeekday,
    /// The day before.
    PreviousDay,
    /// As many days of the month before.
    MonthToDate,
}

/// Which way a value has to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// More than expected.
    Up,
    /// Less than expected.
    Down,
    /// Either.
    Both,
}
