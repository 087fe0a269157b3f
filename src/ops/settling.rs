//! How days settle, from the ledger alone: each edition is a look at its day, and so is each time that it was read
//! again without a number that differs.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;

use super::list::findings;
use crate::analyze::settling::{Look, Looks, Settling, settling};
use crate::archive::{Archive, Frozen, History, SnapshotLine};
use crate::calendar::Calendar;
use crate::model::{Day, Definitions, Fingerprint, Number};

/// How the metrics of an archive settle.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Each metric, in the order of the newest day.
    pub metrics: IndexMap<String, MetricReport>,
    /// Metrics that are left out: they are taken over several days, and what is frozen of them follows from those.
    pub over: BTreeSet<String>,
    /// What is not as it should be, as sentences.
    pub findings: Vec<String>,
}

/// How a metric settles.
#[derive(Clone, Debug)]
pub struct MetricReport {
    /// The share by which it may move.
    pub tolerance: Number,
    /// How it settles.
    pub settling: Settling,
    /// How many looks are left out, since it was defined otherwise then than in the day's latest edition.
    pub redefined: usize,
}

/// Finds how the metrics of an archive settle.
pub fn collect(
    archive: &Archive,
    history: &History,
    calendar: &Calendar,
    tolerance: impl Fn(&str) -> Number,
) -> Report {
    let mut known = Known { archive, files: BTreeMap::new(), metrics: BTreeMap::new() };
    let mut report = Report::default();
    let mut all: IndexMap<String, (Vec<Looks>, usize)> = IndexMap::new();
    for (day, editions) in history.days().rev() {
        let Some(last) = editions.last() else { continue };
        let Ok(values) = last.line.headline() else {
            report.findings.push(format!("{day} is left out: its line of the ledger has no values"));
            continue;
        };
        let looks = looks_at(day, editions, history, calendar);
        for (name, value) in values {
            match known.is_over(&last.line, &name) {
                Some(false) => {}
                Some(true) => {
                    report.over.insert(name);
                    continue;
                }
                None => continue,
            }
            let (days, redefined) = all.entry(name.clone()).or_default();
            let mut seen = Looks { looks: Vec::new(), last: value };
            for (age, line, values) in &looks {
                if known.alike(line, &last.line, &name) {
                    let value = values.get(&name).cloned().flatten();
                    seen.looks.push(Look { age: *age, value });
                } else {
                    *redefined += 1;
                }
            }
            days.push(seen);
        }
    }
    let damaged = known.files.iter().filter(|(_, file)| file.is_none());
    report.findings.extend(damaged.map(|(fingerprint, _)| {
        format!("days are left out whose definitions {fingerprint} are missing or changed")
    }));
    report.findings.extend(findings(history));
    let settled = |(name, (days, redefined)): (String, (Vec<Looks>, usize))| {
        let tolerance = tolerance(&name);
        (name, MetricReport { settling: settling(&days, &tolerance), tolerance, redefined })
    };
    report.metrics = all.into_iter().map(settled).collect();
    report
}

/// A look at a day: its age then, the edition that was in force after it, and that edition's values.
type LookAt<'h> = (i64, &'h SnapshotLine, IndexMap<String, Option<Number>>);

/// What was in force after each look at a day, in the order of time, with the age of the day then.
fn looks_at<'h>(
    day: Day,
    editions: &'h [Frozen],
    history: &'h History,
    calendar: &Calendar,
) -> Vec<LookAt<'h>> {
    let again = history.confirmations(day).iter().filter_map(|confirmed| {
        let line = editions.iter().find(|frozen| frozen.line.edition == confirmed.edition)?;
        Some((confirmed.captured_at, &line.line))
    });
    let frozen = editions.iter().map(|frozen| (frozen.line.captured_at, &frozen.line));
    let mut looks: Vec<_> = frozen.chain(again).collect();
    looks.sort_by_key(|(at, line)| (*at, line.edition));
    let aged = looks.into_iter().filter_map(|(at, line)| {
        let age = calendar.day_of(at)?.days_since(day);
        Some((age, line, line.headline().ok()?))
    });
    aged.collect()
}

/// The definitions that were looked up.
struct Known<'a> {
    archive: &'a Archive,
    /// Those that were read; `None` for what can't be.
    files: BTreeMap<Fingerprint, Option<Definitions>>,
    metrics: BTreeMap<(Fingerprint, String), Option<Fingerprint>>,
}

impl Known<'_> {
    fn definitions(&mut self, of: Fingerprint) -> Option<&Definitions> {
        let archive = self.archive;
        self.files.entry(of).or_insert_with(|| archive.definitions(of).ok()).as_ref()
    }

    /// Whether a metric is taken over several days; `None` where that is not known.
    fn is_over(&mut self, line: &SnapshotLine, name: &str) -> Option<bool> {
        let metric = self.definitions(line.definitions)?.metrics.get(name)?;
        Some(metric.over_days.is_some())
    }

    /// Whether a metric was defined alike in two editions.
    fn alike(&mut self, one: &SnapshotLine, other: &SnapshotLine, name: &str) -> bool {
        one.definitions == other.definitions || {
            let one = self.metric(one.definitions, name);
            one.is_some() && one == self.metric(other.definitions, name)
        }
    }

    fn metric(&mut self, of: Fingerprint, name: &str) -> Option<Fingerprint> {
        if let Some(found) = self.metrics.get(&(of, name.to_owned())) {
            return *found;
        }
        let found = self.definitions(of).and_then(|definitions| definitions.metric_fingerprint(name));
        self.metrics.insert((of, name.to_owned()), found);
        found
    }
}
