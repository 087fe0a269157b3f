//! What the frozen days of a range add up to, from the ledger.

use indexmap::IndexMap;

use crate::archive::{History, SnapshotLine};
use crate::config::Config;
use crate::model::definitions::Measure;
use crate::model::seen::SeenDoc;
use crate::model::{Day, Number};
use crate::ops::when;

/// What the latest editions of a range's days add up to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// The sums of what is counted, by metric; other kinds don't add up.
    pub sums: IndexMap<String, Number>,
    /// The distinct counts over time as of the last frozen day, by metric.
    pub seen: IndexMap<String, SeenDoc>,
}

impl Totals {
    /// Adds up the frozen days from `from` to `to`.
    pub fn of(config: &Config, history: &History, from: Day, to: Day) -> Self {
        let days = history.days().filter(|(day, _)| (from..=to).contains(day));
        let lines: Vec<&SnapshotLine> = days.filter_map(|(_, editions)| when::latest(editions)).collect();
        let counts = config.presentation.metrics.keys().filter(|name| {
            let metric = config.definitions.metrics.get(*name);
            // What is taken over several days has days in common with its neighbours.
            metric.is_some_and(|metric| {
                matches!(metric.measure, Measure::Count(_)) && metric.over_days.is_none()
            })
        });
        let names: Vec<String> = counts.cloned().collect();
        let mut sums = vec![Number::zero(); names.len()];
        for line in &lines {
            let values = line.values(&names).unwrap_or_default();
            for (sum, value) in sums.iter_mut().zip(values) {
                if let Some(value) = value {
                    *sum = std::mem::replace(sum, Number::zero()) + &value;
                }
            }
        }
        let seen = lines.last().and_then(|line| line.seen().ok()).unwrap_or_default();
        Self { sums: names.into_iter().zip(sums).collect(), seen }
    }
}
