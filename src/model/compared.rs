//! What `metrics.json` says of the days before: how each metric has changed, and its last
//! five weeks. All of it is derived, from the archive as it stood when the day was frozen.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::{Day, Edition, Number};

/// How many days [`RecentDoc`] tells of: five weeks, the day itself included.
pub const RECENT_DAYS: u16 = 35;

/// An edition that was the latest of its day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PreviousDoc {
    /// The day.
    pub date: Day,
    /// Its latest edition then.
    pub edition: Edition,
}

/// A metric beside the same metric of earlier days.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComparedDoc {
    /// Seven days before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub same_weekday: Option<ComparisonDoc>,
    /// The day before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_day: Option<ComparisonDoc>,
}

/// A metric beside its value on one earlier day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComparisonDoc {
    /// The earlier day.
    pub date: Day,
    /// Its latest edition then, from which the value was taken; `None` when it was not captured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edition: Option<Edition>,
    /// The value on that day; `None` when there is none to compare with.
    pub value: Option<Number>,
    /// Why there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What has changed, where both values are known.
    #[serde(flatten)]
    pub change: Option<ChangeDoc>,
    /// The values on that day by dimensions of time, for the levels in charts.
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub by: IndexMap<String, Vec<LevelDoc>>,
}

/// The change from a baseline to a value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeDoc {
    /// The value less the baseline, exact and in the metric's own unit; between rates, which are
    /// fractions, a hundredth of it is a percentage point.
    pub change: Number,
    /// The change in percent of the baseline's size, with 2 decimals; `None` when the baseline is 0.
    pub percentage: Option<Number>,
}

/// The value of one span of time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LevelDoc {
    /// The span, as the member of the dimension is called.
    pub key: Option<String>,
    /// The value; `None` when it was unknown.
    pub value: Option<Number>,
}

/// What a comparison needs of a frozen metric beside its value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MetricLevels {
    /// Why its value was unknown, if it was.
    pub reason: Option<String>,
    /// Its values by the dimensions that were asked for.
    pub by: IndexMap<String, Vec<LevelDoc>>,
}

/// A metric on the days up to this one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecentDoc {
    /// The first of the days; they follow each other without gaps, and this day is the last.
    pub from: Day,
    /// The edition that each value was taken from; `None` for a day that was not captured.
    pub editions: Vec<Option<Edition>>,
    /// The values; `None` also where one was unknown, or the metric was defined otherwise.
    pub values: Vec<Option<Number>>,
}

#[cfg(test)]
mod tests {
    use super::ComparisonDoc;

    #[test]
    fn a_comparison_round_trips() {
        for json in [
            r#"{"date":"2025-10-30","edition":1,"value":20029,"change":741,"percentage":3.70}"#,
            r#"{"date":"2025-10-30","edition":2,"value":0,"change":5,"percentage":null}"#,
            r#"{"date":"2025-10-30","value":null,"reason":"not captured"}"#,
            r#"{"date":"2025-10-30","edition":1,"value":1,"change":0.10,"percentage":10.00,"by":{"hour":[{"key":"08","value":1}]}}"#,
        ] {
            let comparison: ComparisonDoc = serde_json::from_str(json).unwrap();
            assert_eq!(serde_json::to_string(&comparison).unwrap(), json);
        }
    }
}
