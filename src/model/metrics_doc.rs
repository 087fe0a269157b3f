//! `metrics.json`: the numbers of a frozen day, for people and programs.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::compared::{ComparedDoc, PreviousDoc, RecentDoc};
use super::definitions::TimeSpan;
use super::seen::{ApartDoc, SeenDoc};
use super::{Day, Edition, Number, Provenance};

/// The format name and version in `metrics.json`.
pub const FORMAT: &str = "asof.metrics/1";

/// The numbers of one edition of one day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MetricsDoc {
    /// Always [`FORMAT`].
    pub format: String,
    /// The day.
    pub date: Day,
    /// Which edition of it.
    pub edition: Edition,
    /// How it came to be known.
    pub provenance: Provenance,
    /// The frozen day before this one, as far as it was known then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<PreviousDoc>,
    /// What the numbers were counted over, by the name of the events.
    pub events: IndexMap<String, EventsDoc>,
    /// The numbers, in the order of the configuration.
    pub metrics: IndexMap<String, MetricDoc>,
}

/// Events, as the page needs to know them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventsDoc {
    /// What people call them.
    pub label: String,
    /// How many rows the window held.
    pub rows: u64,
    /// The newest event's time as the source tells it; `None` when there was no event.
    pub newest: Option<String>,
    /// What they are broken down by, in the order of the configuration.
    pub dimensions: Vec<DimensionDoc>,
    /// Whether the dimensions that are not `alone` are crossed in the cube; false when that
    /// would have given more groups than `max_groups`.
    pub crossed: bool,
    /// What the reader should know about how they were read.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// A dimension, as the page needs to know it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DimensionDoc {
    /// Its name in the configuration.
    pub name: String,
    /// What people call it.
    pub label: String,
    /// The span of time, if its members are spans of the day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<TimeSpan>,
    /// Grouped by itself, not crossed with the others.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub alone: bool,
}

/// Which way is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Good {
    /// More is better.
    Up,
    /// Less is better.
    Down,
}

/// One metric of one day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MetricDoc {
    /// What people call it.
    pub label: String,
    /// Its unit; `%` means that the value is a plain fraction which is shown in percent.
    pub unit: Option<String>,
    /// Which way is good, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub good: Option<Good>,
    /// The events it is counted over; a ratio has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    /// The value of the whole day, or of `over` the days that end with it.
    #[serde(flatten)]
    pub figure: Figure,
    /// Over which days it was taken, when that is not the day alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub over: Option<OverDoc>,
    /// The day's own value, when `over` took more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day: Option<Figure>,
    /// The day beside all earlier archived days, for a cumulative distinct count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<SeenDoc>,
    /// What it did not count, for a distinct count of normalised keys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub apart: Option<ApartDoc>,
    /// How it compares with earlier days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compared: Option<ComparedDoc>,
    /// Its last five weeks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recent: Option<RecentDoc>,
    /// The value by each dimension's members: spans of time in their order, others by key, NULL last.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub by: IndexMap<String, Vec<MemberDoc>>,
    /// Dimensions it could not be broken down by, each with the reason.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub not_by: IndexMap<String, String>,
}

/// A value with what it was made of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figure {
    /// The value; `None` when it is unknown.
    pub value: Option<Number>,
    /// Why it is unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// A ratio's upper part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub numerator: Option<Number>,
    /// A ratio's lower part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub denominator: Option<Number>,
    /// The exact sum behind an average or behind a divided sum.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sum: Option<Number>,
    /// How many values that are not NULL an average was taken of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<Number>,
    /// The exact minimum or maximum before it was divided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exact: Option<Number>,
}

/// Over which days a value was taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OverDoc {
    /// How many days it should cover, this one included.
    pub days: u16,
    /// How many of them were frozen under the same definitions and so are in the value.
    pub had: u16,
    /// The first day it should cover.
    pub from: Day,
}

/// The value of one member of a dimension.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemberDoc {
    /// The member as the source spells it; `None` is NULL, which is not the empty text.
    pub key: Option<String>,
    /// What people call it, as it was then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Its value.
    #[serde(flatten)]
    pub figure: Figure,
    /// The day's own value, when `over` took more; without it, only other days had the member.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day: Option<Figure>,
}

impl MetricsDoc {
    /// The JSON text that is stored, ending in a newline.
    ///
    /// # Errors
    /// None in practice: every field is plain data.
    pub fn to_json(&self) -> serde_json::Result<Vec<u8>> {
        let mut bytes = serde_json::to_vec(self)?;
        bytes.push(b'\n');
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::{Figure, MemberDoc};

    #[test]
    fn a_member_with_many_digits_round_trips() {
        let json = r#"{"key":null,"value":12345678901234567890123456789.5,"sum":737.10}"#;
        let member: MemberDoc = serde_json::from_str(json).unwrap();
        assert_eq!(member.key, None);
        assert_eq!(member.figure.value.as_ref().unwrap().to_string(), "12345678901234567890123456789.5");
        assert_eq!(serde_json::to_string(&member).unwrap(), json);
        let unknown = Figure { reason: Some("no rows".into()), ..Figure::default() };
        assert_eq!(serde_json::to_string(&unknown).unwrap(), r#"{"value":null,"reason":"no rows"}"#);
    }
}
