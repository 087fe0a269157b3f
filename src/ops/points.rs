//! A metric's totals through time, from the ledger alone: no day is opened.
//!
//! Of each day's editions the latest counts whose folder is there. Where none is there the ledger still
//! knows what was seen, and the point says so.

use std::collections::BTreeMap;

use indexmap::IndexSet;

use super::list::{Gap, gaps};
use super::when::latest;
use crate::archive::{Archive, ArchiveError, Frozen, History, SnapshotLine};
use crate::model::{Day, Edition, Fingerprint, Number, Provenance};

/// A metric's total on one frozen day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Point {
    /// The day.
    pub day: Day,
    /// The edition whose value it is.
    pub edition: Edition,
    /// How that edition came to be known.
    pub provenance: Provenance,
    /// The value; `None` when it is unknown, which the note tells.
    pub value: Option<Number>,
    /// The fingerprint of what made the metric then; `None` when the day did not measure it or it can't be read.
    pub definitions: Option<Fingerprint>,
    /// What is to be said of it: why its value is unknown, or that its folder is missing.
    pub note: Option<String>,
}

/// A metric's totals on the frozen days of a range.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Points {
    /// The frozen days, in order.
    pub points: Vec<Point>,
    /// The spans of days between frozen ones, as far as they lie in the range.
    pub gaps: Vec<Gap>,
    /// What can't be read, as sentences.
    pub damaged: Vec<String>,
}

impl Points {
    /// The days since which the metric was defined otherwise than on the frozen day before, as far as both are known.
    pub fn redefined(&self) -> Vec<Day> {
        let known = self.points.iter().filter_map(|point| Some((point.day, point.definitions?)));
        let known: Vec<(Day, Fingerprint)> = known.collect();
        let changes = known.windows(2).filter_map(|pair| match pair {
            [(_, before), (day, now)] if before != now => Some(*day),
            _ => None,
        });
        changes.collect()
    }

    /// The point of a day.
    pub fn of_day(&self, day: Day) -> Option<&Point> {
        let at = self.points.binary_search_by_key(&day, |point| point.day).ok()?;
        self.points.get(at)
    }
}

/// A metric's totals on the frozen days from `from` to `to`, both inclusive; all days where these are `None`.
///
/// Each distinct text of definitions is read once.
pub fn points(
    archive: &Archive,
    history: &History,
    metric: &str,
    (from, to): (Option<Day>, Option<Day>),
) -> Points {
    let names = [metric.to_owned()];
    let mut definitions = Known { archive, metric, read: BTreeMap::new(), damaged: Vec::new() };
    let wanted = |day: Day| from.is_none_or(|from| from <= day) && to.is_none_or(|to| day <= to);
    let mut points = Vec::new();
    for (day, editions) in history.days().filter(|(day, _)| wanted(*day)) {
        let Some((line, present)) = counting(editions) else { continue };
        let missing = (!present).then(|| "its folder is missing; the ledger has its value".to_owned());
        let fingerprint = definitions.of(line);
        let (value, note) = match value(line, &names) {
            Ok(value) => (Some(value), missing),
            Err(why) => (None, Some(why)),
        };
        let (edition, provenance) = (line.edition, line.provenance);
        points.push(Point { day, edition, provenance, value, definitions: fingerprint, note });
    }
    let days: Vec<Day> = history.days().map(|(day, _)| day).collect();
    let gaps = gaps(days.into_iter(), archive.is_cold())
        .into_iter()
        .filter_map(|gap| gap.within(from, to))
        .collect();
    Points { points, gaps, damaged: definitions.damaged }
}

/// The names of all metrics that any frozen day measured; those of the newest day first.
pub fn metrics(history: &History) -> IndexSet<String> {
    let mut names = IndexSet::new();
    let mut before: Option<Fingerprint> = None;
    for (_, editions) in history.days().rev() {
        // Equal definitions measure the same, and most days have those of their neighbour.
        let Some((line, _)) = counting(editions).filter(|(line, _)| before != Some(line.definitions)) else {
            continue;
        };
        before = Some(line.definitions);
        names.extend(line.headline_list().unwrap_or_default().into_iter().map(|(name, _)| name));
    }
    names
}

/// The edition whose value counts, and whether its folder is there.
fn counting(editions: &[Frozen]) -> Option<(&SnapshotLine, bool)> {
    let there = latest(editions).map(|line| (line, true));
    there.or_else(|| editions.last().map(|frozen| (&frozen.line, false)))
}

/// The value of the one metric that is named, or why it is unknown.
fn value(line: &SnapshotLine, names: &[String]) -> Result<Number, String> {
    let values = line.values(names).map_err(|_| "the ledger's values of it can't be read".to_owned())?;
    if let Some(value) = values.into_iter().next().flatten() {
        return Ok(value);
    }
    let measured = line.headline_list().unwrap_or_default();
    let measured = measured.iter().any(|(name, _)| names.contains(name));
    Err(if measured { "unknown then" } else { "not measured then" }.to_owned())
}

/// The metric's fingerprint by that of all definitions.
struct Known<'a> {
    archive: &'a Archive,
    metric: &'a str,
    read: BTreeMap<Fingerprint, Option<Fingerprint>>,
    damaged: Vec<String>,
}

impl Known<'_> {
    fn of(&mut self, line: &SnapshotLine) -> Option<Fingerprint> {
        let Self { archive, metric, read, damaged } = self;
        *read.entry(line.definitions).or_insert_with(|| match archive.definitions(line.definitions) {
            Ok(definitions) => definitions.metric_fingerprint(metric),
            Err(error) => {
                damaged.push(unreadable(line.date, &error));
                None
            }
        })
    }
}

fn unreadable(day: Day, error: &ArchiveError) -> String {
    format!("what defined the numbers of {day} can't be read: {error}")
}

#[cfg(test)]
mod tests {
    use super::{Point, Points};
    use crate::model::{Digest, Edition, Fingerprint, Provenance};

    fn point(day: &str, definitions: Option<&str>) -> Point {
        Point {
            day: day.parse().unwrap(),
            edition: Edition::FIRST,
            provenance: Provenance::Witnessed,
            value: Some(1_i64.into()),
            definitions: definitions.map(|text| Fingerprint(Digest::of(text.as_bytes()))),
            note: None,
        }
    }

    #[test]
    fn a_change_of_definitions_is_found_past_days_that_did_not_measure() {
        let days = [
            point("2025-11-01", Some("a")),
            point("2025-11-02", None),
            point("2025-11-03", Some("a")),
            point("2025-11-05", None),
            point("2025-11-06", Some("b")),
            point("2025-11-07", Some("b")),
        ];
        let points = Points { points: days.into(), ..Points::default() };
        assert_eq!(points.redefined(), ["2025-11-06".parse().unwrap()]);
        assert_eq!(points.of_day("2025-11-03".parse().unwrap()), points.points.get(2));
        assert_eq!(points.of_day("2025-11-04".parse().unwrap()), None);
    }
}
