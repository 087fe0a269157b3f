//! A day's metrics beside those of the days before it, as far as these were frozen and made
//! in the same way.

use std::collections::BTreeMap;

use indexmap::IndexMap;

use super::compare;
use crate::model::compared::{
    ComparedDoc, ComparisonDoc, LevelDoc, MetricLevels, PreviousDoc, RECENT_DAYS, RecentDoc,
};
use crate::model::definitions::DimensionOf;
use crate::model::manifest::DefinitionsDoc;
use crate::model::metrics_doc::MetricDoc;
use crate::model::{Day, Definitions, Edition, MetricsDoc, Number};

/// How many days lie between two of the same weekday.
pub const WEEK: i64 = 7;

/// Why there is no value of a day that was not frozen.
pub const NOT_CAPTURED: &str = "not captured";
/// Why there is no value of a metric that counted something else.
pub const DEFINED_OTHERWISE: &str = "defined otherwise then";
/// Why there is no value of a metric that there was not yet.
pub const NOT_DEFINED: &str = "not defined then";
/// Why there is no value of a day that is damaged.
pub const UNREADABLE: &str = "that day can't be read";

/// The frozen days before a day, as the archive stood when it was captured.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Earlier {
    /// The last frozen day before it, however far back.
    pub previous: Option<PreviousDoc>,
    /// The frozen ones of the last five weeks; those of the day and later ones are passed over.
    pub days: BTreeMap<Day, EarlierDay>,
}

/// The latest edition of a day, as far as comparisons need it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EarlierDay {
    /// Which edition it is.
    pub edition: Edition,
    /// What made its numbers.
    pub made_by: MadeBy,
    /// The values of its metrics, by name.
    pub values: IndexMap<String, Option<Number>>,
    /// More of its metrics, where it was opened.
    pub levels: IndexMap<String, MetricLevels>,
}

/// What made the numbers of an earlier day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MadeBy {
    /// The same definitions as a whole.
    TheSame,
    /// Others, of which some may be the same.
    Others(DefinitionsDoc),
    /// That can't be told: the day is damaged.
    Unknown,
}

/// What a day's metrics are compared by.
#[derive(Clone, Copy)]
struct Today<'a> {
    day: Day,
    edition: Edition,
    definitions: &'a Definitions,
    fingerprints: &'a DefinitionsDoc,
}

impl Earlier {
    /// Tells each metric of a day how it compares with the days before.
    pub fn tell(&self, doc: &mut MetricsDoc, definitions: &Definitions, fingerprints: &DefinitionsDoc) {
        let today = Today { day: doc.date, edition: doc.edition, definitions, fingerprints };
        doc.previous = self.previous;
        for (name, metric) in &mut doc.metrics {
            let compared = ComparedDoc {
                same_weekday: self.comparison(name, metric, today, WEEK),
                previous_day: self.comparison(name, metric, today, 1),
            };
            metric.recent = self.recent(name, metric, today);
            metric.compared = Some(compared);
        }
    }

    fn comparison(
        &self,
        name: &str,
        metric: &MetricDoc,
        today: Today<'_>,
        back: i64,
    ) -> Option<ComparisonDoc> {
        let date = today.day.checked_add(-back)?;
        let earlier = self.days.get(&date);
        let found = earlier.map_or(Err(NOT_CAPTURED.to_owned()), |earlier| earlier.value(name, today));
        let (value, reason) = match found {
            Ok(value) => (Some(value.clone()), None),
            Err(reason) => (None, Some(reason)),
        };
        let change = metric.figure.value.as_ref().zip(value.as_ref());
        let by = match earlier {
            // Only the same weekday is drawn behind today's columns.
            Some(earlier) if back == WEEK && value.is_some() => earlier.levels(name, metric, today),
            _ => IndexMap::new(),
        };
        Some(ComparisonDoc {
            date,
            edition: earlier.map(|earlier| earlier.edition),
            change: change.map(|(value, baseline)| compare(value, baseline)),
            value,
            reason,
            by,
        })
    }

    fn recent(&self, name: &str, metric: &MetricDoc, today: Today<'_>) -> Option<RecentDoc> {
        let from = today.day.checked_add(1 - i64::from(RECENT_DAYS))?;
        let mut recent = RecentDoc { from, editions: Vec::new(), values: Vec::new() };
        for ahead in 0..i64::from(RECENT_DAYS) - 1 {
            let earlier = self.days.get(&from.checked_add(ahead)?);
            recent.editions.push(earlier.map(|earlier| earlier.edition));
            recent.values.push(earlier.and_then(|earlier| earlier.value(name, today).ok().cloned()));
        }
        recent.editions.push(Some(today.edition));
        recent.values.push(metric.figure.value.clone());
        Some(recent)
    }
}

impl EarlierDay {
    /// The value of a metric, or why there is none to compare with.
    fn value(&self, name: &str, today: Today<'_>) -> Result<&Number, String> {
        match &self.made_by {
            MadeBy::TheSame => {}
            MadeBy::Unknown => return Err(UNREADABLE.to_owned()),
            MadeBy::Others(then) => match then.metrics.get(name) {
                None => return Err(NOT_DEFINED.to_owned()),
                found if found != today.fingerprints.metrics.get(name) => {
                    return Err(DEFINED_OTHERWISE.to_owned());
                }
                Some(_) => {}
            },
        }
        let known = self.values.get(name).and_then(Option::as_ref);
        known.ok_or_else(|| {
            let reason = self.levels.get(name).and_then(|levels| levels.reason.clone());
            reason.unwrap_or_else(|| "unknown then".to_owned())
        })
    }

    /// The levels by those dimensions of time that today's metric has and that were the same.
    fn levels(&self, name: &str, metric: &MetricDoc, today: Today<'_>) -> IndexMap<String, Vec<LevelDoc>> {
        let Some(levels) = self.levels.get(name) else { return IndexMap::new() };
        let same = |dimension: &&String| {
            is_time(name, dimension, today.definitions)
                && match &self.made_by {
                    MadeBy::TheSame => true,
                    MadeBy::Unknown => false,
                    MadeBy::Others(then) => today.definitions.events_of(name).into_iter().all(|events| {
                        let full = format!("{events}.{dimension}");
                        then.dimensions.get(&full) == today.fingerprints.dimensions.get(&full)
                    }),
                }
        };
        let drawn = metric.by.keys().filter(same);
        drawn.filter_map(|dimension| Some((dimension.clone(), levels.by.get(dimension)?.clone()))).collect()
    }
}

/// Whether a metric's dimension cuts the day into spans of time.
fn is_time(metric: &str, dimension: &str, definitions: &Definitions) -> bool {
    let events = definitions.events_of(metric);
    let of_time = |events: &str| {
        let by = definitions.events.get(events).and_then(|events| events.by.get(dimension));
        by.is_some_and(|by| matches!(by.of, DimensionOf::Time(_)))
    };
    !events.is_empty() && events.into_iter().all(of_time)
}

/// The names of all dimensions that cut the day into spans of time.
pub fn time_dimensions(definitions: &Definitions) -> Vec<&str> {
    let by = definitions.events.values().flat_map(|events| &events.by);
    let of_time = by.filter(|(_, dimension)| matches!(dimension.of, DimensionOf::Time(_)));
    let mut names: Vec<&str> = of_time.map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    names
}
