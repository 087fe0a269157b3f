//! The values of a metric, by day, as alerts look at them: of the latest editions that are not provisional, and only
//! where the metric was defined as it is now.

use std::collections::BTreeMap;

use super::Member;
use crate::analyze::alerts::{Series, reach};
use crate::archive::{Archive, ArchiveError, History, SnapshotLine};
use crate::config::Config;
use crate::config::alerts::MetricRule;
use crate::model::compared::MetricLevels;
use crate::model::definitions::Measure;
use crate::model::{Day, Fingerprint, Number, Provenance};
use crate::ops::when;

/// Reads the values of metrics; what is damaged is done without, and noted.
pub struct Reader<'a> {
    archive: &'a Archive,
    history: &'a History,
    config: &'a Config,
    /// Whether a metric, and perhaps a dimension, was defined alike under a fingerprint.
    alike: BTreeMap<(Fingerprint, String, Option<String>), bool>,
    /// The days that were opened, by the dimension that was read.
    opened: BTreeMap<(Day, String), Option<BTreeMap<String, MetricLevels>>>,
    /// What could not be read, as sentences.
    pub damaged: Vec<String>,
}

impl<'a> Reader<'a> {
    /// A reader of an archive.
    pub fn new(archive: &'a Archive, history: &'a History, config: &'a Config) -> Self {
        Self {
            archive,
            history,
            config,
            alike: BTreeMap::new(),
            opened: BTreeMap::new(),
            damaged: Vec::new(),
        }
    }

    /// The values that a rule needs to judge a day; one series, or one for each member of its dimension
    /// that any of these days had.
    pub fn series(&mut self, rule: &MetricRule, days: u16, day: Day) -> Vec<(Option<Member>, Series)> {
        let from = day.checked_add(-(reach(&rule.rule) + i64::from(days) - 1)).unwrap_or(day);
        let history = self.history;
        let in_reach = history.days().filter(|(found, _)| from <= *found && *found <= day);
        let settled = in_reach
            .filter_map(|(_, editions)| when::latest(editions))
            .filter(|line| line.provenance != Provenance::Provisional);
        let lines: Vec<&SnapshotLine> =
            settled.filter(|line| self.is_alike(line, &rule.metric, rule.by.as_deref())).collect();
        match &rule.by {
            None => vec![(None, totals(&lines, &rule.metric))],
            Some(by) => self.members(&lines, rule, by),
        }
    }

    fn members(
        &mut self,
        lines: &[&SnapshotLine],
        rule: &MetricRule,
        by: &str,
    ) -> Vec<(Option<Member>, Series)> {
        let mut members: BTreeMap<Option<String>, Series> = BTreeMap::new();
        let mut broken_down = Vec::new();
        for line in lines {
            let Some(levels) = self.open(line, by) else { continue };
            let Some(of_day) = levels.get(&rule.metric).and_then(|levels| levels.by.get(by)) else {
                continue;
            };
            broken_down.push(line.date);
            for level in of_day {
                let series = members.entry(level.key.clone()).or_default();
                series.extend(level.value.clone().map(|value| (line.date, value)));
            }
        }
        // A member that a day did not have was counted 0 times; of other measures nothing is known.
        let counts = self.config.definitions.metrics.get(&rule.metric);
        if counts.is_some_and(|def| matches!(def.measure, Measure::Count(_))) {
            for series in members.values_mut() {
                for day in &broken_down {
                    series.entry(*day).or_insert_with(Number::zero);
                }
            }
        }
        let member = |key| Some(Member { by: by.to_owned(), key });
        members.into_iter().map(|(key, series)| (member(key), series)).collect()
    }

    fn open(&mut self, line: &SnapshotLine, by: &str) -> Option<&BTreeMap<String, MetricLevels>> {
        let place = (line.date, by.to_owned());
        if !self.opened.contains_key(&place) {
            let read = || -> Result<_, ArchiveError> {
                let manifest = self.archive.manifest(line)?;
                self.archive.levels(&manifest, &[by])
            };
            let levels = match read() {
                Ok(levels) => Some(levels.into_iter().collect()),
                Err(error) => {
                    self.damaged.push(format!("alerts do without {}: {error}", line.id()));
                    None
                }
            };
            self.opened.insert(place.clone(), levels);
        }
        self.opened.get(&place).and_then(Option::as_ref)
    }

    fn is_alike(&mut self, line: &SnapshotLine, metric: &str, by: Option<&str>) -> bool {
        let place = (line.definitions, metric.to_owned(), by.map(str::to_owned));
        if let Some(alike) = self.alike.get(&place) {
            return *alike;
        }
        let now = &self.config.definitions;
        let alike = match self.archive.definitions(line.definitions) {
            Ok(then) => {
                let of = now.metrics.get(metric).map(|def| &def.measure);
                // A ratio is made of its parts' events.
                let events: Vec<&str> = match of {
                    Some(Measure::Ratio(ratio)) => [&ratio.numerator, &ratio.denominator]
                        .into_iter()
                        .filter_map(|part| now.metrics.get(part)?.measure.of())
                        .collect(),
                    other => other.and_then(Measure::of).into_iter().collect(),
                };
                let same_dimension = by.is_none_or(|by| {
                    events.iter().all(|events| {
                        then.dimension_fingerprint(events, by) == now.dimension_fingerprint(events, by)
                    })
                });
                same_dimension && then.metric_fingerprint(metric) == now.metric_fingerprint(metric)
            }
            Err(error) => {
                self.damaged.push(format!("alerts do without {}: {error}", line.id()));
                false
            }
        };
        self.alike.insert(place, alike);
        alike
    }
}

/// The values of whole days, from the ledger.
fn totals(lines: &[&SnapshotLine], metric: &str) -> Series {
    let names = [metric.to_owned()];
    let value = |line: &&SnapshotLine| {
        let value = line.values(&names).ok()?.into_iter().next()??;
        Some((line.date, value))
    };
    lines.iter().filter_map(value).collect()
}
