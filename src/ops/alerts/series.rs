//! The values of a metric, by day, as alerts look at them: of the latest editions that are not provisional, and only
//! where the metric was defined as it is now.

use std::collections::BTreeMap;

use super::Member;
use crate::analyze::alerts::{Series, reach};
use crate::archive::{Archive, ArchiveError, History, SnapshotLine};
use crate::config::Config;
use crate::config::alerts::MetricRule;
use crate::metrics::figure;
use crate::model::compared::MetricLevels;
use crate::model::{Day, Fingerprint, Number, Provenance};
use crate::ops::entities::series as entities;
use crate::ops::{points, when};

/// For how many days a member is looked at after the last one that had it: one that is gone is as much to hear of
/// as one that fell.
const GONE: i64 = 7;

/// The values that one rule looks at.
#[derive(Debug, Default)]
pub struct Values {
    /// One series, or one for each member of the rule's dimension that any of the days had.
    pub series: Vec<(Option<Member>, Series)>,
    /// Whether there is no other member on the day that is judged.
    pub whole: bool,
}

/// Reads the values of metrics; what is damaged is done without, and noted.
pub struct Reader<'a> {
    archive: &'a Archive,
    history: &'a History,
    config: &'a Config,
    /// Whether a dimension of a metric was defined alike under a fingerprint.
    alike: BTreeMap<(Fingerprint, String, String), bool>,
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

    /// The values that a rule needs to judge a day.
    pub fn values(&mut self, rule: &MetricRule, days: u16, day: Day) -> Values {
        let reach = reach(&rule.rule);
        let reach = if rule.by.is_some() { reach.max(GONE) } else { reach };
        let from = day.checked_add(-(reach + i64::from(days) - 1)).unwrap_or(day);
        if let Some((entity, counter)) = entities::parts(&rule.metric) {
            let series = self.of_counter(entity, counter, (from, day));
            return Values { series: vec![(None, series)], whole: true };
        }
        let found = points::points(self.archive, self.history, &rule.metric, (Some(from), Some(day)));
        self.damaged.extend(found.damaged.into_iter().map(|what| format!("alerts do without it: {what}")));
        let now = self.config.definitions.metric_fingerprint(&rule.metric);
        let settled = found.points.into_iter().filter(|point| {
            point.provenance != Provenance::Provisional
                && point.definitions.is_some()
                && point.definitions == now
        });
        match &rule.by {
            None => {
                let series = settled.filter_map(|point| Some((point.day, point.value?))).collect();
                Values { series: vec![(None, series)], whole: true }
            }
            Some(by) => {
                let days: Vec<Day> = settled.map(|point| point.day).collect();
                self.members(&days, rule, by, day)
            }
        }
    }

    /// The sums of a counter of entities, as far as it was defined as it is now.
    fn of_counter(&mut self, name: &str, counter: &str, (from, day): (Day, Day)) -> Series {
        let Some(entity) = self.config.entities.get(name) else { return Series::new() };
        let looks = match self.archive.looks(None) {
            Ok(mut looks) => looks.remove(name).unwrap_or_default(),
            Err(error) => {
                self.damaged.push(format!("alerts do without {name}: {error}"));
                return Series::new();
            }
        };
        let (archive, def) = (self.archive, &entity.def);
        let known = entities::Known { archive, name, def, looks: &looks, only: None };
        let now = entities::of_counter(&entity.def, counter);
        match entities::totals(known, counter, (Some(from), Some(day))) {
            Ok(found) => {
                let alike = found.points.into_iter().filter(|point| point.definitions == now);
                alike.filter_map(|point| Some((point.day, point.value?))).collect()
            }
            Err(error) => {
                self.damaged.push(format!("alerts do without {name}: {error}"));
                Series::new()
            }
        }
    }

    fn members(&mut self, days: &[Day], rule: &MetricRule, by: &str, judged: Day) -> Values {
        let mut members: BTreeMap<Option<String>, BTreeMap<Day, Option<Number>>> = BTreeMap::new();
        let mut broken_down = Vec::new();
        for day in days {
            let line = self.history.day(*day).ok().and_then(when::latest);
            let Some(line) = line.filter(|line| self.is_alike(line, &rule.metric, by)) else { continue };
            let Some(levels) = self.open(line, by) else { continue };
            let Some(of_day) = levels.get(&rule.metric).and_then(|levels| levels.by.get(by)) else {
                continue;
            };
            broken_down.push(*day);
            for level in of_day {
                members.entry(level.key.clone()).or_default().insert(*day, level.value.clone());
            }
        }
        // Of a member that a day did not have there was nothing; nothing is known of its smallest value, or of a ratio.
        let measure = self.config.definitions.metrics.get(&rule.metric).map(|def| &def.measure);
        let nothing = figure::of_nothing(measure).value;
        for values in members.values_mut() {
            for day in &broken_down {
                values.entry(*day).or_insert_with(|| nothing.clone());
            }
        }
        let member = |key| Some(Member { by: by.to_owned(), key });
        // What was there and unknown is no zero either.
        let known = |values: BTreeMap<Day, Option<Number>>| -> Series {
            values.into_iter().filter_map(|(day, value)| Some((day, value?))).collect()
        };
        Values {
            series: members.into_iter().map(|(key, values)| (member(key), known(values))).collect(),
            whole: broken_down.last() == Some(&judged),
        }
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

    /// Whether a dimension of all events that make the metric was defined as it is now.
    fn is_alike(&mut self, line: &SnapshotLine, metric: &str, by: &str) -> bool {
        let place = (line.definitions, metric.to_owned(), by.to_owned());
        if let Some(alike) = self.alike.get(&place) {
            return *alike;
        }
        let now = &self.config.definitions;
        // That they can't be read was noted when the metric's own were looked at.
        let alike = self.archive.definitions(line.definitions).is_ok_and(|then| {
            let events = now.events_of(metric);
            events
                .iter()
                .all(|events| then.dimension_fingerprint(events, by) == now.dimension_fingerprint(events, by))
        });
        self.alike.insert(place, alike);
        alike
    }
}
