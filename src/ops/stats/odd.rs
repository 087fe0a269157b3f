//! The counts of frozen days in which odd days show.
//!
//! Days on which a metric was defined otherwise than it is now tell nothing about what is usual, and are left out.

use std::collections::{BTreeMap, BTreeSet};

use super::columns::{Column, Part, thing};
use super::{Cell, StatsRow};
use crate::analyze::odd::{Counts, NewSeries, Series};
use crate::archive::{Archive, Frozen};
use crate::config::Config;
use crate::model::definitions::Measure;
use crate::model::{Edition, Fingerprint};

/// The metric whose count tells how busy a day was: the first that counts all events of a kind; else the
/// first that counts some of them.
pub fn main_metric(config: &Config) -> Option<&str> {
    let mut counts = day_counts(config);
    let first = counts.clone().next();
    counts.find(|(_, measure)| measure.filter().is_none()).or(first).map(|(name, _)| name)
}

/// The metrics that count a day's events, in the order of the configuration.
fn day_counts(config: &Config) -> impl Iterator<Item = (&str, &Measure)> + Clone {
    config.presentation.metrics.keys().filter_map(|name| {
        let def = config.definitions.metrics.get(name)?;
        let counts = matches!(def.measure, Measure::Count(_)) && def.over_days.is_none();
        counts.then_some((name.as_str(), &def.measure))
    })
}

/// The metric that counts all events that another is taken over, where there is one.
pub(super) fn events_of<'a>(metric: &str, config: &'a Config) -> Option<&'a str> {
    let of = config.definitions.metrics.get(metric)?.measure.of();
    let mut all = day_counts(config).filter(|(_, measure)| measure.filter().is_none());
    all.find(|(_, measure)| measure.of() == of).map(|(name, _)| name)
}

/// The counts of all frozen days, of which `rows` are all, without those of editions.
pub(super) fn counts(
    archive: Option<&Archive>,
    config: &Config,
    columns: &[Column],
    rows: &[StatsRow],
) -> Counts {
    let same = Same::of(archive, config, rows);
    let series = |metric: &str, part: Part, of: String| {
        let place = columns.iter().position(|column| column.metric == metric && column.part == part);
        let value = |row: &StatsRow| {
            let count = count(row.cells.get(place?)?)?;
            let whole = part == Part::Value || has_earlier(row, metric);
            (whole && same.holds(row, metric)).then_some((row.day, count))
        };
        Series { of, values: rows.iter().filter_map(value).collect() }
    };
    let new = |column: &Column| {
        let metric = column.metric.as_str();
        let counted = thing(metric, config);
        let new = series(metric, Part::New, format!("new {counted}"));
        let events = match events_of(metric, config) {
            Some(events) => series(events, Part::Value, thing(events, config)),
            None => series(metric, Part::Value, counted),
        };
        NewSeries { new, events }
    };
    Counts {
        main: main_metric(config).map(|main| series(main, Part::Value, thing(main, config))),
        new: columns.iter().filter(|column| column.part == Part::New).map(new).collect(),
        rows: BTreeMap::new(),
    }
}

/// Notes with each row which of today's metrics were defined otherwise then.
pub(super) fn note_redefined(archive: &Archive, config: &Config, rows: &mut [StatsRow]) {
    let same = Same::of(Some(archive), config, rows);
    for row in rows {
        let metrics = config.definitions.metrics.keys().filter(|metric| !same.holds(row, metric));
        let metrics = metrics.cloned().collect();
        row.redefined = metrics;
    }
}

/// How many rows each of a day's editions was made of that counts the same rows as the configuration; none where there
/// is only one edition, and of those that can't be read. Their manifests are read.
pub fn rows_of(archive: &Archive, editions: &[Frozen], config: &Config) -> Vec<(Edition, u64)> {
    let there = editions.iter().filter(|frozen| frozen.present);
    let Some(main) = main_metric(config) else { return Vec::new() };
    let of = config.definitions.metrics.get(main).and_then(|def| def.measure.of());
    let (Some(of), true) = (of, there.clone().count() > 1) else { return Vec::new() };
    let now = config.definitions.metric_fingerprint(main);
    let rows = |frozen: &Frozen| {
        let manifest = archive.manifest(&frozen.line).ok()?;
        let same = manifest.definitions.metrics.get(main).copied() == now;
        let rows = manifest.events.get(of)?.rows;
        same.then_some((manifest.edition, rows))
    };
    there.filter_map(rows).collect()
}

/// A whole number that is not negative.
fn count(cell: &Cell) -> Option<u64> {
    cell.value.as_ref()?.to_i64().and_then(|count| u64::try_from(count).ok())
}

/// Whether anything was counted before the day, so that not all of it is new.
fn has_earlier(row: &StatsRow, metric: &str) -> bool {
    row.seen.get(metric).is_some_and(|seen| seen.basis.days > 1)
}

/// Which metrics were defined as they are now, by the fingerprint of all definitions of a day.
struct Same<'a>(BTreeMap<Fingerprint, BTreeSet<&'a str>>);

impl<'a> Same<'a> {
    fn of(archive: Option<&Archive>, config: &'a Config, rows: &[StatsRow]) -> Self {
        let now = &config.definitions;
        let names = || now.metrics.keys().map(String::as_str);
        let mut known = BTreeMap::from([(now.fingerprint(), names().collect())]);
        let mut fingerprints = None;
        for row in rows {
            known.entry(row.definitions).or_insert_with(|| {
                // Definitions that can't be read are none to compare with.
                let then = archive.and_then(|archive| archive.definitions(row.definitions).ok());
                let Some(then) = then else { return BTreeSet::new() };
                let now = fingerprints.get_or_insert_with(|| {
                    names().map(|name| (name, now.metric_fingerprint(name))).collect::<Vec<_>>()
                });
                let same = now.iter().filter(|(name, now)| then.metric_fingerprint(name) == *now);
                same.map(|(name, _)| *name).collect()
            });
        }
        Self(known)
    }

    fn holds(&self, row: &StatsRow, metric: &str) -> bool {
        self.0.get(&row.definitions).is_some_and(|same| same.contains(metric))
    }
}
