//! One entity through time: which one is meant, its rows, and what is computed of them.

use std::collections::BTreeMap;

use arrow_array::Array as _;
use chrono::{DateTime, Utc};
use indexmap::IndexMap;

use super::fits::is_of;
use super::numbers::last_number;
use super::rows::{KeptRow, Rows};
use crate::archive::look_file::{GONE, KEY, LABEL, STATE, text_column};
use crate::archive::looks::{REST, ROWS};
use crate::archive::{Archive, ArchiveError, LookDoc, Looks};
use crate::calendar::Calendar;
use crate::config::EntitySettings;
use crate::config::entities::NumberSettings;
use crate::config::serve::Only;
use crate::entities::computed::{Computed, SeenRow, computed};
use crate::model::entity::{FieldKind, FieldValue};
use crate::model::{Day, Digest, EntityDef};

/// How many rows of an entity are read beyond those that a trend needs, since a look of a day may be
/// numbered after captures of the next.
const BEYOND: usize = 2;
/// How many days are read at once where rows of some are enough.
const FEW_DAYS: usize = 8;

/// The entities that are asked for, and what is told of their numbers.
#[derive(Clone, Debug)]
pub struct Subject {
    /// Their name.
    pub name: String,
    /// Their fields, in order.
    pub fields: IndexMap<String, FieldKind>,
    /// What is told of numbers.
    pub numbers: IndexMap<String, NumberSettings>,
}

impl Subject {
    /// As they are configured.
    pub fn new(name: &str, entity: &EntitySettings) -> Self {
        Self { name: name.to_owned(), fields: kinds(&entity.def), numbers: entity.numbers.clone() }
    }

    /// As they were defined when they were last seen; `None` where nobody ever looked.
    ///
    /// # Errors
    /// When the definition is missing or damaged.
    pub fn of_archive(archive: &Archive, name: &str, looks: &Looks) -> Result<Option<Self>, ArchiveError> {
        let of_looks = looks.looks.values().map(|line| (line.seq, line.doc.definition));
        let of_captures = looks.captures.iter().map(|line| (line.seq, line.doc.definition));
        let newest = of_looks.chain(of_captures).max_by_key(|(seq, _)| *seq);
        let Some((_, definition)) = newest else { return Ok(None) };
        let fields = kinds(&archive.entity_definition(definition)?);
        Ok(Some(Self { name: name.to_owned(), fields, numbers: IndexMap::new() }))
    }
}

fn kinds(def: &EntityDef) -> IndexMap<String, FieldKind> {
    def.fields.iter().map(|(name, field)| (name.clone(), field.kind)).collect()
}

/// An entity through time.
#[derive(Clone, Debug)]
pub struct Timeline {
    /// What it is one of.
    pub entity: String,
    /// Its key.
    pub key: String,
    /// What people call it, by the newest row.
    pub label: Option<String>,
    /// All fields that are told: those of today, then those that only older rows have.
    pub fields: IndexMap<String, FieldKind>,
    /// What is told of its numbers.
    pub numbers: IndexMap<String, NumberSettings>,
    /// Its rows, oldest first.
    pub rows: Vec<TimelineRow>,
    /// The days within for which nobody looked, and why.
    pub unlooked: Vec<(Day, String)>,
    /// The days within whose rows were thinned, and when.
    pub thinned: Vec<(Day, String)>,
    /// The number of its newest row, where that was thinned.
    pub newest_thinned: Option<u64>,
    /// The day of the look in which it was not any more, if that came after its last row.
    pub gone: Option<Day>,
}

/// A row, and what is computed of it.
#[derive(Clone, Debug)]
pub struct TimelineRow {
    /// As it was kept.
    pub kept: KeptRow,
    /// How it differs from the one before.
    pub computed: Computed,
}

/// Why an entity can't be told of.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// The archive has no row of it.
    #[error("no row of {entity} has the key or label {wanted:?}")]
    Unknown {
        /// What it would be one of.
        entity: String,
        /// What was asked for.
        wanted: String,
    },
    /// All of its rows were thinned.
    #[error("all rows of {entity} {key:?} were thinned: it had {rows}")]
    Thinned {
        /// What it is one of.
        entity: String,
        /// Its key.
        key: String,
        /// How many rows it had.
        rows: u64,
    },
    /// Several are called so.
    #[error("{} of {entity} are called {wanted:?}: {}", found.len(), named(found))]
    Several {
        /// What they are.
        entity: String,
        /// What was asked for.
        wanted: String,
        /// The key and label of each.
        found: Vec<(String, String)>,
    },
    /// The archive can't be read.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
}

/// How many matches an error names.
const MOST_NAMED: usize = 20;

fn named(found: &[(String, String)]) -> String {
    let names = found.iter().take(MOST_NAMED).map(|(key, label)| format!("{key} ({label})"));
    let more = found.len().saturating_sub(MOST_NAMED);
    let more = (more > 0).then(|| format!("and {more} more"));
    names.chain(more).collect::<Vec<_>>().join(", ")
}

impl HistoryError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Unknown { entity, .. } => {
                Some(format!("asof growth {entity} --top 20 lists some; asof save looks at all of them"))
            }
            Self::Thinned { .. } => Some("a cold store or a backup may have them".to_owned()),
            Self::Several { .. } => Some("name one by its key".to_owned()),
            Self::Archive(error) => error.hint(),
        }
    }
}

/// Tells entities through time.
pub struct Histories<'a> {
    /// The archive.
    pub archive: &'a Archive,
    /// What it holds of them.
    pub looks: &'a Looks,
    /// Which entities.
    pub subject: &'a Subject,
    /// In whose days rows are counted.
    pub calendar: Calendar,
    /// The only rows that there are for whoever asks; all others are as if they were not, and entities are
    /// named by their keys then.
    pub only: Option<&'a Only>,
}

impl Histories<'_> {
    /// The entity of this key or label, from a day on: its rows, and what is computed of them.
    ///
    /// # Errors
    /// When there is none or more than one, or the archive can't be read.
    pub fn timeline(&self, wanted: &str, from: Option<Day>) -> Result<Timeline, HistoryError> {
        let (key, rows) = self.find(wanted, from)?;
        let timeline = self.told(key, rows, from)?;
        Ok(self.with_thinned(timeline, from)?)
    }

    /// The same with its newest rows, whenever they were seen; from a day on all of them, and of those
    /// before as many as trends need.
    ///
    /// # Errors
    /// Those of [`Histories::timeline`].
    pub fn recent(&self, wanted: &str, from: Option<Day>) -> Result<Timeline, HistoryError> {
        let (key, rows) = self.find(wanted, from)?;
        let timeline = self.told(key, rows, None)?;
        Ok(self.with_thinned(timeline, from)?)
    }

    /// The same with what is to be said of rows that were thinned.
    fn with_thinned(&self, mut timeline: Timeline, from: Option<Day>) -> Result<Timeline, ArchiveError> {
        let days = self.looks.thinned_days().into_iter();
        let days = days.filter(|day| from.is_none_or(|from| from <= *day));
        timeline.thinned = days.filter_map(|day| Some((day, self.looks.why_thinned(day)?))).collect();
        let newest = timeline.rows.last();
        let may_be = newest.is_some_and(|newest| self.looks.thinned_after(newest.kept.at));
        // Whose that row was nobody knows any more.
        if may_be && self.only.is_none() {
            let last = last_number(self.archive, self.looks, &timeline.key)?;
            timeline.newest_thinned =
                Some(last).filter(|last| newest.is_some_and(|row| row.kept.row.seq < *last));
        }
        Ok(timeline)
    }

    /// The rows of the entity that is meant; with those before that trends need.
    fn find(&self, wanted: &str, from: Option<Day>) -> Result<(String, Vec<KeptRow>), HistoryError> {
        let reader = Rows::new(self.archive, &self.subject.name, self.looks)?;
        let rows = self.rows(&reader, wanted, from)?;
        if !rows.is_empty() {
            return Ok((wanted.to_owned(), rows));
        }
        let entity = || self.subject.name.clone();
        if self.only.is_some() {
            // Labels are looked for among all, and what was thinned is anybody's.
            return Err(HistoryError::Unknown { entity: entity(), wanted: wanted.to_owned() });
        }
        let found = self.by_label(&reader, wanted)?;
        let mut keys = found.into_iter();
        match (keys.next(), keys.next()) {
            (None, _) => {
                let has_gone = !self.looks.thinned_days().is_empty();
                let rows = if has_gone { last_number(self.archive, self.looks, wanted)? } else { 0 };
                let wanted = wanted.to_owned();
                Err(match rows {
                    0 => HistoryError::Unknown { entity: entity(), wanted },
                    rows => HistoryError::Thinned { entity: entity(), key: wanted, rows },
                })
            }
            (Some((key, _)), None) => {
                let rows = self.rows(&reader, &key, from)?;
                Ok((key, rows))
            }
            (Some(one), Some(other)) => {
                let found = [one, other].into_iter().chain(keys).collect();
                Err(HistoryError::Several { entity: entity(), wanted: wanted.to_owned(), found })
            }
        }
    }

    /// How many rows before the first one are needed to tell of it.
    fn before(&self) -> usize {
        let trends = self.subject.numbers.values().filter_map(|settings| settings.trend.as_ref());
        trends.map(|trend| usize::from(trend.over) - 1).max().unwrap_or(1).max(1) + BEYOND
    }

    /// The rows of a key, oldest first; from a day on and some before. Where it has none from that day on,
    /// its last ones.
    fn rows(&self, reader: &Rows<'_>, key: &str, from: Option<Day>) -> Result<Vec<KeptRow>, ArchiveError> {
        let is_seen = |row: &KeptRow| is_of(self.only, &row.row);
        if from.is_none() {
            let mut rows = reader.of_key(key)?;
            rows.retain(is_seen);
            return Ok(rows);
        }
        let mut days = reader.days();
        days.reverse();
        let mut rows: Vec<KeptRow> = Vec::new();
        for days in days.chunks(FEW_DAYS) {
            rows.extend(reader.of_key_on(key, days)?.into_iter().filter(is_seen));
            let older = rows.iter().filter(|row| from.is_some_and(|from| row.day < from)).count();
            if older >= self.before() {
                break;
            }
        }
        rows.sort_by_key(|row| row.row.seq);
        Ok(rows)
    }

    /// The entities of this label, by key: as they are called in the newest look or a capture; else those
    /// of the newest look that has one so called.
    fn by_label(&self, reader: &Rows<'_>, label: &str) -> Result<BTreeMap<String, String>, ArchiveError> {
        let mut all: BTreeMap<String, String> = BTreeMap::new();
        for day in self.looks.capture_days() {
            let rows = reader.captures(day)?.into_iter().map(|row| row.row);
            all.extend(rows.filter_map(|row| Some((row.key, row.label?))));
        }
        let called = |all: &BTreeMap<String, String>| {
            let by = |fits: &dyn Fn(&str) -> bool| -> BTreeMap<String, String> {
                let found = all.iter().filter(|(_, known)| fits(known));
                found.map(|(key, known)| (key.clone(), known.clone())).collect()
            };
            let exact = by(&|known| known == label);
            if exact.is_empty() { by(&|known| known.to_lowercase() == label.to_lowercase()) } else { exact }
        };
        let mut looks: Vec<&LookDoc> = self.looks.looks.values().map(|line| &line.doc).collect();
        looks.sort_by_key(|look| std::cmp::Reverse(look.captured_at));
        let mut looks = looks.into_iter();
        // What the newest look says of a name counts more than an older capture.
        if let Some(newest) = looks.next() {
            all.extend(self.labels(newest)?);
        }
        let mut found = called(&all);
        for look in looks {
            if !found.is_empty() {
                break;
            }
            found = called(&self.labels(look)?);
        }
        Ok(found)
    }

    fn labels(&self, look: &LookDoc) -> Result<BTreeMap<String, String>, ArchiveError> {
        let mut all = BTreeMap::new();
        let reader = self.archive.look_columns(look, ROWS, &[KEY, LABEL])?;
        for batch in reader.into_iter().flatten() {
            let batch = batch.map_err(|error| self.archive.look_damaged(look, ROWS, &error))?;
            let (Some(keys), Some(labels)) = (text_column(&batch, KEY), text_column(&batch, LABEL)) else {
                continue;
            };
            let rows = (0..keys.len()).filter(|at| labels.is_valid(*at));
            all.extend(rows.map(|at| (keys.value(at).to_owned(), labels.value(at).to_owned())));
        }
        Ok(all)
    }

    /// What is told of these rows, those before the day left away.
    pub(super) fn told(
        &self,
        key: String,
        rows: Vec<KeptRow>,
        from: Option<Day>,
    ) -> Result<Timeline, ArchiveError> {
        let mut fields = self.subject.fields.clone();
        for (name, value) in rows.iter().rev().flat_map(|row| &row.row.fields) {
            if !fields.contains_key(name) {
                fields.insert(name.clone(), kind_of(value.as_ref()));
            }
        }
        let mut numbers = self.subject.numbers.clone();
        for (name, kind) in &fields {
            if matches!(kind, FieldKind::Counter | FieldKind::Gauge) {
                numbers.entry(name.clone()).or_default();
            }
        }
        let seen: Vec<SeenRow<'_>> = rows
            .iter()
            .map(|row| SeenRow {
                taken: self.calendar.day_of(row.at).unwrap_or(row.day),
                at: row.at,
                row: &row.row,
            })
            .collect();
        let told = computed(&numbers, &seen);
        let all = rows.into_iter().zip(told).map(|(kept, computed)| TimelineRow { kept, computed });
        let all: Vec<TimelineRow> = all.collect();
        let newest = all.last().map(|row| row.kept.at);
        let label = all.last().and_then(|row| row.kept.row.label.clone());
        let gone = self.gone(&key, newest)?;
        let rows: Vec<TimelineRow> =
            all.into_iter().filter(|row| from.is_none_or(|from| row.kept.day >= from)).collect();
        let first = rows.first().map(|row| row.kept.day);
        let unlooked = self.looks.unlooked.values().filter(|line| {
            !self.looks.has_looked(line.doc.date) && first.is_some_and(|first| line.doc.date >= first)
        });
        let unlooked = unlooked.map(|line| (line.doc.date, line.doc.reason.clone())).collect();
        Ok(Timeline {
            entity: self.subject.name.clone(),
            key,
            label,
            fields,
            numbers,
            rows,
            unlooked,
            thinned: Vec::new(),
            newest_thinned: None,
            gone,
        })
    }

    /// The day of the newest look, if that was after the newest row and the entity was not any more.
    fn gone(&self, key: &str, newest: Option<DateTime<Utc>>) -> Result<Option<Day>, ArchiveError> {
        let look = self.looks.looks.values().map(|line| &line.doc).max_by_key(|look| look.captured_at);
        let Some(look) = look.filter(|look| newest.is_some_and(|newest| look.captured_at > newest)) else {
            return Ok(None);
        };
        let row = self.archive.look_row(look, REST, &[KEY, STATE], key)?;
        let state = row.as_ref().and_then(|row| text_column(row, STATE));
        let is_gone = state.is_some_and(|state| !state.is_empty() && state.value(0) == GONE);
        Ok(is_gone.then_some(look.date))
    }

    /// The digest of the archive's file that holds this row, by which it can be checked.
    ///
    /// # Errors
    /// When a file is missing or damaged.
    pub fn digest(&self, row: &KeptRow) -> Result<Option<Digest>, ArchiveError> {
        if row.capture.is_none() {
            let look = self.looks.looks.get(&row.day);
            let file = look.and_then(|line| line.doc.files.iter().find(|file| file.path == ROWS));
            return Ok(file.map(|file| file.sha256));
        }
        for file in self.looks.capture_files(row.day) {
            let rows = self.archive.capture_rows(&self.subject.name, row.day, file)?;
            if rows.iter().any(|kept| kept.row.key == row.row.key && kept.row.seq == row.row.seq) {
                return Ok(Some(file.sha256));
            }
        }
        Ok(None)
    }
}

/// What a field is, by a value of it.
fn kind_of(value: Option<&FieldValue>) -> FieldKind {
    match value {
        Some(FieldValue::Number(_)) => FieldKind::Gauge,
        Some(FieldValue::List(_)) => FieldKind::List,
        Some(FieldValue::Text(_)) | None => FieldKind::Attribute,
    }
}
