//! A metric through time: its totals from the ledger, and by a dimension's members from the days themselves.

use std::collections::BTreeMap;

use indexmap::IndexMap;

use super::points::{self, Point, Points};
use super::side_by_side::both;
use super::when::latest;
use crate::analyze::compare;
use crate::archive::reading::METRICS;
use crate::archive::{Archive, ArchiveError, History, SnapshotLine};
use crate::config::Presentation;
use crate::config::presentation::label_of;
use crate::config::problem::known_names;
use crate::metrics::figure;
use crate::model::compared::{ChangeDoc, LevelDoc};
use crate::model::metrics_doc::MetricDoc;
use crate::model::{Day, Fingerprint, Number};

/// A metric through time.
#[derive(Clone, Debug)]
pub struct Series {
    /// The metric's name.
    pub metric: String,
    /// What people call it.
    pub label: String,
    /// Its unit.
    pub unit: Option<String>,
    /// Its totals.
    pub totals: Points,
    /// How each total compares with the day before; `None` where that is not known or was defined otherwise.
    pub changes: Vec<Option<ChangeDoc>>,
    /// The days since which it was defined otherwise.
    pub redefined: Vec<Day>,
    /// Its values by the members of a dimension.
    pub split: Option<Split>,
}

/// The values by a dimension's members.
#[derive(Clone, Debug)]
pub struct Split {
    /// The dimension's name.
    pub dimension: String,
    /// Its members, the one with the largest sum first.
    pub members: Vec<Member>,
    /// How many more there are.
    pub more: usize,
    /// The days since which the dimension was defined otherwise.
    pub redefined: Vec<Day>,
}

/// A member through time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The member as the source spells it; `None` is NULL.
    pub key: Option<String>,
    /// What people call it, by the newest day.
    pub label: Option<String>,
    /// Its values, one for each total. A day that lacks the member had no rows of it: 0 of what is counted or summed,
    /// and else `None`, as on days that are not broken down by the dimension.
    pub values: Vec<Option<Number>>,
}

/// Why there is no series.
#[derive(Debug, thiserror::Error)]
pub enum SeriesError {
    /// No frozen day measured such a metric.
    #[error("{name:?} is no metric of this archive")]
    Metric {
        /// What was asked for.
        name: String,
        /// Those that there are.
        known: Vec<String>,
    },
    /// No day of the range has such a dimension for the metric.
    #[error("{metric} is not broken down by {name:?} on any of these days")]
    Dimension {
        /// The metric.
        metric: String,
        /// What was asked for.
        name: String,
        /// Those that its newest day has.
        known: Vec<String>,
    },
    /// No day of the range is frozen.
    #[error("no day of that range is frozen")]
    Nothing,
    /// The archive can't be read.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
}

impl SeriesError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        let known = |known: &[String], name: &str, what: &str| {
            Some(known_names(what, name, known.iter().map(String::as_str)))
        };
        match self {
            Self::Metric { known: list, .. } | Self::Dimension { known: list, .. } if list.is_empty() => None,
            Self::Metric { name, known: list } => known(list, name, "metrics"),
            Self::Dimension { name, known: list, .. } => known(list, name, "dimensions"),
            Self::Nothing => Some("asof list shows what is frozen".to_owned()),
            Self::Archive(error) => error.hint(),
        }
    }
}

/// A metric on the frozen days of a range, both ends inclusive.
///
/// # Errors
/// When no frozen day measured it, or none of the range is frozen.
pub fn series(
    (archive, history): (&Archive, &History),
    presentation: Option<&Presentation>,
    metric: &str,
    range: (Option<Day>, Option<Day>),
) -> Result<Series, SeriesError> {
    let totals = points::points(archive, history, metric, range);
    // Where it has a value it is known; else all days have to be asked.
    if !totals.points.iter().any(|point| point.value.is_some()) {
        history.intact()?;
        let known = points::metrics(history);
        if history.days().next().is_some() && !known.contains(metric) {
            let known = known.into_iter().collect();
            return Err(SeriesError::Metric { name: metric.to_owned(), known });
        }
    }
    if totals.points.is_empty() {
        return Err(SeriesError::Nothing);
    }
    let (label, unit) = look((archive, history), presentation, metric);
    Ok(Series {
        metric: metric.to_owned(),
        label,
        unit,
        changes: changes(&totals.points),
        redefined: totals.redefined(),
        totals,
        split: None,
    })
}

impl Series {
    /// Adds the values by a dimension's members: the first `top` by their sums, or all. Each day is opened for that.
    ///
    /// # Errors
    /// When no day has such a dimension.
    pub fn split(
        &mut self,
        (archive, history): (&Archive, &History),
        dimension: &str,
        top: Option<usize>,
    ) -> Result<(), SeriesError> {
        let points = &self.totals.points;
        let (early, late) = points.split_at(points.len() / 2);
        let read = |from: usize, points: &[Point]| {
            let mut found = Found::default();
            for (at, point) in (from..).zip(points) {
                found.read((archive, history), (at, point), (&self.metric, dimension));
            }
            found
        };
        let (mut all, other) = both(|| read(0, early), || read(early.len(), late));
        all.extend(other);
        let Found { members, lacking, defined, newest, thinned, damaged, .. } = all;
        let days = points.len();
        for at in thinned {
            if let Some(point) = self.totals.points.get_mut(at) {
                point.note.get_or_insert_with(|| THINNED.to_owned());
            }
        }
        self.totals.damaged.extend(damaged);
        let doc = newest.and_then(|line| metric_of(archive, line, &self.metric));
        if lacking.is_empty() {
            let known = doc.map(|doc| doc.by.into_keys().collect()).unwrap_or_default();
            let (metric, name) = (self.metric.clone(), dimension.to_owned());
            return Err(SeriesError::Dimension { metric, name, known });
        }
        let labels = doc.and_then(|doc| doc.by.get(dimension).cloned()).unwrap_or_default();
        let label = |key: &Option<String>| {
            labels.iter().find(|member| member.key == *key).and_then(|member| member.label.clone())
        };
        let sums = members.into_iter().map(|(key, values)| {
            let sum: Number = values.iter().filter_map(|(_, value)| value.as_ref()).sum();
            (sum, key, values)
        });
        let mut members: Vec<(Number, Option<String>, Values)> = sums.collect();
        members.sort_by(|one, other| other.0.cmp(&one.0).then_with(|| one.1.cmp(&other.1)));
        let shown = top.unwrap_or(members.len()).min(members.len());
        let more = members.len() - shown;
        members.truncate(shown);
        // Only those that are shown get a value for each day: of the others there may be many.
        let member = |(_, key, known): (Number, Option<String>, Values)| {
            let mut values = vec![None; days];
            for (at, value) in lacking.iter().cloned().chain(known) {
                if let Some(place) = values.get_mut(at) {
                    *place = value;
                }
            }
            Member { label: label(&key), key, values }
        };
        let members = members.into_iter().map(member).collect();
        let redefined = defined.windows(2).filter_map(|pair| match pair {
            [(_, before), (day, now)] if before != now => Some(*day),
            _ => None,
        });
        self.split =
            Some(Split { dimension: dimension.to_owned(), members, more, redefined: redefined.collect() });
        Ok(())
    }

    /// What is not as it should be, as sentences, and what is to be said of single days.
    pub fn remarks(&self) -> Vec<String> {
        let mut same: IndexMap<&str, Vec<Day>> = IndexMap::new();
        for point in &self.totals.points {
            if let Some(note) = &point.note {
                same.entry(note).or_default().push(point.day);
            }
        }
        // Days that were pruned are many, and one sentence says it of all.
        let noted = same.into_iter().map(|(note, days)| match (days.first(), days.last()) {
            (Some(first), Some(last)) if days.len() > 1 => {
                format!("{} days from {first} to {last}, each: {note}", days.len())
            }
            (first, _) => first.map_or_else(String::new, |day| format!("{day}: {note}")),
        });
        noted.chain(self.totals.damaged.iter().cloned()).collect()
    }
}

/// What people call a metric and its unit: by the configuration, else by the newest day that has it.
pub fn look(
    (archive, history): (&Archive, &History),
    presentation: Option<&Presentation>,
    metric: &str,
) -> (String, Option<String>) {
    if let Some(look) = presentation.and_then(|presentation| presentation.metrics.get(metric)) {
        return (look.label.clone(), look.unit.clone());
    }
    let lines = history.days().rev().filter_map(|(_, editions)| latest(editions));
    // A metric that was given up stands in no newer day, whose line tells that without opening it.
    let mut having = lines.filter(|line| {
        line.headline_list().is_ok_and(|values| values.iter().any(|(name, _)| name == metric))
    });
    match having.next().and_then(|line| metric_of(archive, line, metric)) {
        Some(doc) => (doc.label, doc.unit),
        None => (label_of(metric), None),
    }
}

fn metric_of(archive: &Archive, line: &SnapshotLine, metric: &str) -> Option<MetricDoc> {
    let manifest = archive.manifest(line).ok()?;
    archive.chosen_metrics(&manifest, &[metric]).ok()?.shift_remove(metric)
}

/// The line of a point, if its folder is there.
fn line<'h>(history: &'h History, point: &Point) -> Option<&'h SnapshotLine> {
    latest(history.day(point.day).ok()?).filter(|line| line.edition == point.edition)
}

/// What is said of a day of which only the total is left.
const THINNED: &str = "its numbers by members were thinned";

/// Values on days, each by the day's place.
type Values = Vec<(usize, Option<Number>)>;

/// What was read of some days.
#[derive(Default)]
struct Found<'h> {
    /// The values of each member on the days that have it.
    members: IndexMap<Option<String>, Values>,
    /// What a member has on a day that lacks it, for each day that is broken down.
    lacking: Values,
    /// What defined the dimension.
    defined: Vec<(Day, Fingerprint)>,
    /// The newest day that could be read.
    newest: Option<&'h SnapshotLine>,
    /// The places of the days whose numbers were thinned.
    thinned: Vec<usize>,
    /// What can't be read, as sentences.
    damaged: Vec<String>,
    /// The value of no rows, by definitions.
    nothing: BTreeMap<Fingerprint, Option<Number>>,
}

impl<'h> Found<'h> {
    fn read(
        &mut self,
        (archive, history): (&Archive, &'h History),
        (at, point): (usize, &Point),
        (metric, dimension): (&str, &str),
    ) {
        let Some(line) = line(history, point) else { return };
        if history.pruned(&line.id()).iter().any(|gone| gone == METRICS) {
            self.thinned.push(at);
            return;
        }
        match opened(archive, line, (metric, dimension)) {
            Ok((members, definition)) => {
                self.newest = Some(line);
                let Some(members) = members else { return };
                let nothing = self.nothing.entry(line.definitions).or_insert_with(|| {
                    // That they can't be read is told of the totals.
                    let definitions = archive.definitions(line.definitions).ok()?;
                    let measure = definitions.metrics.get(metric).map(|metric| &metric.measure);
                    figure::of_nothing(measure).value
                });
                self.lacking.push((at, nothing.clone()));
                self.defined.extend(definition.map(|definition| (point.day, definition)));
                for LevelDoc { key, value } in members {
                    self.members.entry(key).or_default().push((at, value));
                }
            }
            Err(error) => self.damaged.push(format!("{} can't be read: {error}", line.id())),
        }
    }

    /// Adds later days.
    fn extend(&mut self, later: Self) {
        for (key, values) in later.members {
            self.members.entry(key).or_default().extend(values);
        }
        self.lacking.extend(later.lacking);
        self.defined.extend(later.defined);
        self.newest = later.newest.or(self.newest);
        self.thinned.extend(later.thinned);
        self.damaged.extend(later.damaged);
    }
}

/// A day's members and what defined the dimension; `None` where the metric is not broken down by it.
type Opened = (Option<Vec<LevelDoc>>, Option<Fingerprint>);

fn opened(
    archive: &Archive,
    line: &SnapshotLine,
    (metric, dimension): (&str, &str),
) -> Result<Opened, ArchiveError> {
    let manifest = archive.manifest(line)?;
    let members = archive.level(&manifest, metric, dimension)?;
    // Dimensions of one name may belong to several events; their fingerprints together tell a change.
    let ending = format!(".{dimension}");
    let mut named = manifest.definitions.dimensions.iter().filter(|(name, _)| name.ends_with(&ending));
    let definition = match (named.next(), named.next()) {
        (Some((_, only)), None) => Some(*only),
        _ => None,
    };
    Ok((members, definition))
}

/// Each total beside that of the day before, where both are known and were defined alike.
pub(super) fn changes(points: &[Point]) -> Vec<Option<ChangeDoc>> {
    let mut before: Option<&Point> = None;
    let mut changes = Vec::with_capacity(points.len());
    for point in points {
        let comparable = before.filter(|before| {
            point.day.days_since(before.day) == 1
                && before.definitions.is_some()
                && before.definitions == point.definitions
        });
        let values = comparable.and_then(|before| Some((point.value.as_ref()?, before.value.as_ref()?)));
        changes.push(values.map(|(value, baseline)| compare(value, baseline)));
        before = Some(point);
    }
    changes
}
