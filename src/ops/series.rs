//! A metric through time: its totals from the ledger, and by a dimension's members from the days themselves.

use indexmap::IndexMap;

use super::points::{self, Point, Points};
use super::when::latest;
use crate::analyze::compare;
use crate::archive::{Archive, ArchiveError, History, SnapshotLine};
use crate::config::Presentation;
use crate::config::presentation::label_of;
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
    /// Its values, one for each total; `None` where the day did not have the member.
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
            let like = crate::config::problem::did_you_mean(name, known.iter().map(String::as_str));
            let list = format!("known {what}: {}", known.join(", "));
            Some(like.map_or(list.clone(), |like| format!("{like} {list}")))
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
        let mut found: IndexMap<Option<String>, Vec<Option<Number>>> = IndexMap::new();
        let days = self.totals.points.len();
        let mut defined: Vec<(Day, Fingerprint)> = Vec::new();
        let (mut any, mut newest) = (false, None);
        for (at, point) in self.totals.points.iter().enumerate() {
            let Some(line) = line(history, point) else { continue };
            match opened(archive, line, (&self.metric, dimension)) {
                Ok((members, definition)) => {
                    newest = Some(line);
                    let Some(members) = members else { continue };
                    any = true;
                    defined.extend(definition.map(|definition| (point.day, definition)));
                    for LevelDoc { key, value } in members {
                        let values = found.entry(key).or_insert_with(|| vec![None; days]);
                        if let Some(place) = values.get_mut(at) {
                            *place = value;
                        }
                    }
                }
                Err(error) => {
                    self.totals.damaged.push(format!("{} can't be read: {error}", line.id()));
                }
            }
        }
        let doc = newest.and_then(|line| metric_of(archive, line, &self.metric));
        if !any {
            let known = doc.map(|doc| doc.by.into_keys().collect()).unwrap_or_default();
            let (metric, name) = (self.metric.clone(), dimension.to_owned());
            return Err(SeriesError::Dimension { metric, name, known });
        }
        let labels = doc.and_then(|doc| doc.by.get(dimension).cloned()).unwrap_or_default();
        let label = |key: &Option<String>| {
            labels.iter().find(|member| member.key == *key).and_then(|member| member.label.clone())
        };
        let mut members: Vec<(Number, Member)> = found
            .into_iter()
            .map(|(key, values)| {
                let sum: Number = values.iter().flatten().sum();
                (sum, Member { label: label(&key), key, values })
            })
            .collect();
        members.sort_by(|one, other| other.0.cmp(&one.0).then_with(|| one.1.key.cmp(&other.1.key)));
        let shown = top.unwrap_or(members.len()).min(members.len());
        let more = members.len() - shown;
        members.truncate(shown);
        let redefined = defined.windows(2).filter_map(|pair| match pair {
            [(_, before), (day, now)] if before != now => Some(*day),
            _ => None,
        });
        self.split = Some(Split {
            dimension: dimension.to_owned(),
            members: members.into_iter().map(|(_, member)| member).collect(),
            more,
            redefined: redefined.collect(),
        });
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

/// A day's members and what defined the dimension; `None` where the metric is not broken down by it.
type Opened = (Option<Vec<LevelDoc>>, Option<Fingerprint>);

fn opened(
    archive: &Archive,
    line: &SnapshotLine,
    (metric, dimension): (&str, &str),
) -> Result<Opened, ArchiveError> {
    let manifest = archive.manifest(line)?;
    let mut levels = archive.levels(&manifest, &[dimension])?;
    let members = levels.shift_remove(metric).and_then(|mut levels| levels.by.shift_remove(dimension));
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
