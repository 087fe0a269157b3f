//! Days of the archive beside each other: which are meant, what they hold, what differs.
//!
//! Each day's numbers are read once, checked by their digest, and of them only what is needed is
//! parsed; the two sides are read side by side.

mod span;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use indexmap::{IndexMap, IndexSet};

pub use span::{SpanError, SpanName, SpanNameError, month_to_date};

use super::side_by_side::both;
use super::when::{NotFound, When, find_latest, latest, nearest};
use crate::analyze::sides::{MetricSides, Side, SideDay, Warning, sides, values, warnings};
use crate::archive::{Archive, ArchiveError, History, METRICS, SnapshotLine};
use crate::config::problem::known_names;
use crate::model::{Day, Definitions, Fingerprint};

/// What is to be compared.
#[derive(Clone, Copy, Debug)]
pub enum Asked {
    /// Two days or ranges that were named.
    Named(SpanName, SpanName),
    /// The month of this day up to it, beside the equal span of the month before.
    MonthToDate(When),
}

/// Two sides, and what they differ by.
#[derive(Clone, Debug)]
pub struct Compared {
    /// The first that was named.
    pub a: Side,
    /// What it is held against.
    pub b: Side,
    /// The metrics, in the order in which they are shown.
    pub metrics: IndexMap<String, MetricSides>,
    /// What is to be known before.
    pub warnings: Vec<Warning>,
}

/// Why days can't be compared.
#[derive(Debug, thiserror::Error)]
pub enum CompareError {
    /// The days are not there.
    #[error(transparent)]
    Span(#[from] SpanError),
    /// No day of a range is frozen.
    #[error("no day from {from} to {to} is in the archive")]
    Nothing {
        /// Its first day.
        from: Day,
        /// Its last day.
        to: Day,
        /// The frozen days next to its first: before and after.
        nearest: Vec<Day>,
    },
    /// There is no month before.
    #[error("{0} lies in the calendar's first month")]
    FirstMonth(Day),
    /// Neither side has this.
    #[error("{name:?} is no {kind} of these days")]
    Unknown {
        /// `metric` or `dimension`.
        kind: &'static str,
        /// What was asked for.
        name: String,
        /// What there is.
        known: Vec<String>,
    },
    /// The archive can't be read.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
}

impl CompareError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Span(SpanError::NotFound(error)) => error.hint(),
            Self::Span(SpanError::Backwards { .. }) => Some("name the earlier day first".to_owned()),
            Self::Nothing { from, nearest, .. } => {
                NotFound::Day { day: *from, nearest: nearest.clone() }.hint()
            }
            Self::FirstMonth(_) => Some("name a later day".to_owned()),
            Self::Unknown { kind, name, known } => {
                Some(known_names(&format!("{kind}s"), name, known.iter().map(String::as_str)))
            }
            Self::Archive(error) => error.hint(),
        }
    }
}

impl From<NotFound> for CompareError {
    fn from(error: NotFound) -> Self {
        Self::Span(error.into())
    }
}

/// The lines of a side's days, before they are opened.
struct Found<'h> {
    from: Day,
    to: Day,
    lines: Vec<&'h SnapshotLine>,
    missing: Vec<Day>,
    thinned: Vec<Day>,
}

/// Compares two days or ranges by these metrics and dimensions, by all where none is named.
///
/// # Errors
/// When days are not there, names are unknown, or something is damaged.
pub fn compare(
    archive: &Archive,
    history: &History,
    asked: Asked,
    today: Day,
    (metrics, by): (&[String], &[String]),
) -> Result<Compared, CompareError> {
    let mut shortened = None;
    let (a, b) = match asked {
        Asked::Named(a, b) => (named(history, a, today)?, named(history, b, today)?),
        Asked::MonthToDate(when) => {
            let day = find_latest(history, when, today)?.line.date;
            let [a, b] = month_to_date(day).ok_or(CompareError::FirstMonth(day))?;
            shortened = (a.1 < day).then_some(Warning::Shortened { to: a.1, asked: day });
            (range(history, a.0, a.1)?, range(history, b.0, b.1)?)
        }
    };
    let definitions = definitions(archive, a.lines.iter().chain(&b.lines).copied())?;
    check_names(&definitions, metrics, by)?;
    let names = with_parts(&definitions, metrics);
    let read = |found: &Found<'_>| {
        let side = read(archive, found, &definitions, &names)?;
        Ok::<_, ArchiveError>((values(&side), side))
    };
    let (one, other) = both(|| read(&a), || read(&b));
    let ((one, a), (other, b)) = (one?, other?);
    let metrics = sides(&one, &other, metrics, by);
    let warnings = shortened.into_iter().chain(warnings(&a, &b, &metrics)).collect();
    Ok(Compared { a, b, metrics, warnings })
}

fn named(history: &History, name: SpanName, today: Day) -> Result<Found<'_>, CompareError> {
    if let SpanName::Day(when) = name {
        let line = &find_latest(history, when, today)?.line;
        return Ok(Found {
            from: line.date,
            to: line.date,
            lines: vec![line],
            missing: Vec::new(),
            thinned: Vec::new(),
        });
    }
    let (from, to) = name.days(history, today)?;
    range(history, from, to)
}

/// The latest editions of a range's days, and the days that have none.
fn range(history: &History, from: Day, to: Day) -> Result<Found<'_>, CompareError> {
    let mut found = Found { from, to, lines: Vec::new(), missing: Vec::new(), thinned: Vec::new() };
    let mut thinned = Vec::new();
    for day in (0..=to.days_since(from)).filter_map(|at| from.checked_add(at)) {
        let editions = history.day(day)?;
        match (latest(editions), editions.last()) {
            (Some(line), _) if history.pruned(&line.id()).iter().any(|path| path == METRICS) => {
                thinned.push(line);
            }
            (Some(line), _) => found.lines.push(line),
            // It was frozen, and none of it is left: that is damage and no gap.
            (None, Some(frozen)) => found.lines.push(&history.get(&frozen.line.id())?.line),
            (None, None) => found.missing.push(day),
        }
    }
    if found.lines.is_empty() {
        // Of none of them there are numbers: reading them tells so.
        found.lines = std::mem::take(&mut thinned);
    }
    found.thinned = thinned.iter().map(|line| line.date).collect();
    if found.lines.is_empty() {
        return Err(CompareError::Nothing { from, to, nearest: nearest(history, from) });
    }
    Ok(found)
}

type AllDefinitions = BTreeMap<Fingerprint, Arc<Definitions>>;

fn definitions<'l>(
    archive: &Archive,
    lines: impl Iterator<Item = &'l SnapshotLine>,
) -> Result<AllDefinitions, ArchiveError> {
    let prints: BTreeSet<Fingerprint> = lines.map(|line| line.definitions).collect();
    prints.into_iter().map(|print| Ok((print, Arc::new(archive.definitions(print)?)))).collect()
}

/// The metrics that are needed for these: those that they are made of, too. Empty when all are wanted.
fn with_parts<'n>(definitions: &'n AllDefinitions, metrics: &'n [String]) -> BTreeSet<&'n str> {
    let mut names: BTreeSet<&str> = metrics.iter().map(String::as_str).collect();
    for definitions in definitions.values() {
        for name in metrics {
            let parts = definitions.metrics.get(name).map(|metric| metric.measure.parts());
            names.extend(parts.unwrap_or_default());
        }
    }
    names
}

fn check_names(definitions: &AllDefinitions, metrics: &[String], by: &[String]) -> Result<(), CompareError> {
    let mut known: IndexSet<&str> = IndexSet::new();
    let mut dimensions: IndexSet<&str> = IndexSet::new();
    for definitions in definitions.values() {
        known.extend(definitions.metrics.keys().map(String::as_str));
        let shown = definitions.metrics.keys().filter(|name| metrics.is_empty() || metrics.contains(name));
        for name in shown {
            let of = definitions.events_of(name);
            let events = of.into_iter().filter_map(|of| definitions.events.get(of));
            dimensions.extend(events.flat_map(|events| events.by.keys().map(String::as_str)));
        }
    }
    for (kind, names, known) in [("metric", metrics, &known), ("dimension", by, &dimensions)] {
        if let Some(name) = names.iter().find(|name| !known.contains(name.as_str())) {
            let known = known.iter().map(|known| (*known).to_owned()).collect();
            return Err(CompareError::Unknown { kind, name: name.clone(), known });
        }
    }
    Ok(())
}

/// Opens a side's days.
fn read(
    archive: &Archive,
    found: &Found<'_>,
    definitions: &AllDefinitions,
    names: &BTreeSet<&str>,
) -> Result<Side, ArchiveError> {
    let day = |line: &&SnapshotLine| {
        let manifest = archive.manifest(line)?;
        let metrics = archive.parts(&manifest, names)?;
        let definitions = match definitions.get(&manifest.definitions.fingerprint) {
            Some(known) => Arc::clone(known),
            None => Arc::new(archive.definitions(manifest.definitions.fingerprint)?),
        };
        Ok(SideDay {
            id: line.id(),
            provenance: line.provenance,
            hours: manifest.window.hours,
            definitions,
            fingerprints: manifest.definitions,
            metrics,
        })
    };
    let days = found.lines.iter().map(day).collect::<Result<_, ArchiveError>>()?;
    let (missing, thinned) = (found.missing.clone(), found.thinned.clone());
    Ok(Side { from: found.from, to: found.to, days, missing, thinned })
}
