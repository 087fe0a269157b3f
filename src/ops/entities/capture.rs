//! A capture: what entities are now, because somebody asks or something happened.
//!
//! The cooldown is a matter of what the archive holds, so it holds across processes: it is asked again
//! under each try to keep the rows, and a capture that came in between starts the reckoning anew.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use arrow_array::Array as _;
use chrono::{DateTime, TimeDelta, Utc};

use super::look::{EntityError, LookRequest, read};
use super::numbers::LastNumbers;
use super::rows::{KeptRow, Rows};
use crate::archive::{Archive, CaptureDoc, Kept, Looks};
use crate::calendar::Calendar;
use crate::config::{Config, EntitySettings};
use crate::entities::LookTable;
use crate::entities::cells::value_at;
use crate::entities::changes::changes;
use crate::model::entity::{CaptureRow, CaptureType, EntityRow, RowId};
use crate::model::manifest::FileDoc;
use crate::model::{Day, Digest, Progress};

/// How often a capture is reckoned anew when others come in between.
const TRIES: usize = 20;

/// What is asked for.
#[derive(Clone, Debug)]
pub struct CaptureRequest {
    /// Which entities: all of them when `None`.
    pub keys: Option<Vec<String>>,
    /// Only entities whose fields have these values.
    pub filters: Vec<(String, String)>,
    /// Why.
    pub kind: CaptureType,
    /// What caused it.
    pub trigger: Option<String>,
    /// Why, in somebody's words.
    pub reason: Option<String>,
    /// Who asks.
    pub actor: Option<String>,
    /// When that happened which caused it.
    pub occurred_at: Option<DateTime<Utc>>,
    /// A row that is younger than this does as well.
    pub max_age: Option<Duration>,
    /// Any row does as well.
    pub if_missing: bool,
    /// A row is only kept if something happened since the last one.
    pub if_changed: bool,
}

/// What became of one entity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Captured {
    /// Its row is kept.
    Kept {
        /// The row's id.
        id: RowId,
        /// What people call it.
        label: Option<String>,
        /// What happened since the last row, where that was asked.
        changes: Vec<String>,
    },
    /// It was seen too lately.
    Cooldown {
        /// How long it still is.
        remaining: Duration,
    },
    /// There is a row that does.
    Existing {
        /// The row's id.
        id: RowId,
        /// When it was seen.
        at: DateTime<Utc>,
    },
    /// Nothing happened since this row.
    Unchanged {
        /// The row's id.
        id: RowId,
    },
    /// The source has no such entity.
    Absent,
}

/// What a capture did: for each key, in their order.
#[derive(Clone, Debug)]
pub struct CaptureOutcome {
    /// When the source was read; `None` when it was not.
    pub captured_at: Option<DateTime<Utc>>,
    /// By key.
    pub keys: BTreeMap<String, Captured>,
}

/// Captures entities.
///
/// # Errors
/// Whatever the source or the archive says. Nothing is kept then.
pub async fn capture(
    config: &Config,
    name: &str,
    entity: &EntitySettings,
    asked: &CaptureRequest,
    request: &LookRequest<'_>,
    progress: &dyn Progress,
) -> Result<CaptureOutcome, EntityError> {
    let archive = Archive::open_or_create(&config.archive.dir, None, (request.now)())?;
    let one = Capture { archive: &archive, name, entity, asked, calendar: Calendar::new(config.calendar) };
    let mut outcome = CaptureOutcome { captured_at: None, keys: BTreeMap::new() };
    // Keys that are named need not be read where a row that is there stops that.
    let mut wanted = asked.keys.clone();
    if let Some(keys) = &mut wanted {
        let looks = one.looks()?;
        let named: BTreeSet<String> = keys.iter().cloned().collect();
        let newest = Rows::new(&archive, name, &looks)?.newest(&named)?;
        keys.sort_unstable();
        keys.dedup();
        keys.retain(|key| match newest.get(key).and_then(|row| one.stopped(row, (request.now)())) {
            Some(stopped) => {
                outcome.keys.insert(key.clone(), stopped);
                false
            }
            None => true,
        });
        if keys.is_empty() {
            return Ok(outcome);
        }
    }
    let (table, captured_at) = read(config, name, entity, wanted.as_deref(), request, progress).await?;
    outcome.captured_at = Some(captured_at);
    let rows = one.rows(&table, wanted.as_deref());
    for key in wanted.iter().flatten() {
        if !rows.iter().any(|row| row.key == *key) {
            outcome.keys.insert(key.clone(), Captured::Absent);
        }
    }
    progress.step(&format!("keeping {name}"));
    for _ in 0..TRIES {
        let looks = one.looks()?;
        let (kept, told) = one.decide(&looks, &rows, captured_at, (request.now)())?;
        if kept.is_empty() {
            outcome.keys.extend(told);
            return Ok(outcome);
        }
        let doc = one.doc(captured_at, asked.keys.is_none() && asked.filters.is_empty())?;
        let staged = archive.stage_capture(&kept, &entity.def, doc)?;
        match archive.keep_capture(staged, looks.last, request.wait, (request.now)())? {
            Kept::Done(_) => {
                outcome.keys.extend(told);
                return Ok(outcome);
            }
            Kept::Taken => {}
        }
    }
    Err(EntityError::Busy { entity: name.to_owned() })
}

struct Capture<'a> {
    archive: &'a Archive,
    name: &'a str,
    entity: &'a EntitySettings,
    asked: &'a CaptureRequest,
    calendar: Calendar,
}

impl Capture<'_> {
    fn looks(&self) -> Result<Looks, EntityError> {
        Ok(self.archive.looks(None)?.remove(self.name).unwrap_or_default())
    }

    /// What stops a capture of an entity that has this row already.
    fn stopped(&self, row: &KeptRow, now: DateTime<Utc>) -> Option<Captured> {
        let id = row.row.snapshot_id();
        // A clock that went back makes no row older.
        let age = now.signed_duration_since(row.at).max(TimeDelta::zero());
        let younger = |than: Duration| TimeDelta::from_std(than).is_ok_and(|than| age < than);
        if self.asked.if_missing || self.asked.max_age.is_some_and(younger) {
            return Some(Captured::Existing { id, at: row.at });
        }
        let cooldown = self.entity.cooldown;
        if self.asked.kind.cools_down() && younger(cooldown) {
            let remaining = cooldown.saturating_sub(age.to_std().unwrap_or_default());
            return Some(Captured::Cooldown { remaining });
        }
        None
    }

    /// The rows of what was read that are asked for; they are not numbered yet.
    fn rows(&self, table: &LookTable, keys: Option<&[String]>) -> Vec<EntityRow> {
        let def = &self.entity.def;
        let wanted: Option<BTreeSet<&String>> = keys.map(|keys| keys.iter().collect());
        let mut rows = Vec::new();
        for (at, key) in table.sorted_keys() {
            // The source may hold keys equal that are not.
            if wanted.as_ref().is_some_and(|wanted| !wanted.iter().any(|known| known.as_str() == key)) {
                continue;
            }
            let value = |name: &String| {
                table.fields.get(name).and_then(|column| value_at(column, def.fields.get(name)?.kind, at))
            };
            let label = table.labels.as_ref().filter(|labels| labels.is_valid(at));
            let row = EntityRow {
                key: key.to_owned(),
                seq: 0,
                label: label.map(|labels| labels.value(at).to_owned()),
                fields: def.fields.keys().map(|name| (name.clone(), value(name))).collect(),
            };
            let passes = self.asked.filters.iter().all(|(field, wanted)| {
                let value = row.fields.get(field).and_then(Option::as_ref);
                value.is_some_and(|value| value.to_string() == *wanted)
            });
            if passes {
                rows.push(row);
            }
        }
        rows
    }

    /// Which rows are kept, numbered, and what is told of each.
    fn decide(
        &self,
        looks: &Looks,
        rows: &[EntityRow],
        captured_at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<(Vec<CaptureRow>, BTreeMap<String, Captured>), EntityError> {
        let keys: BTreeSet<String> = rows.iter().map(|row| row.key.clone()).collect();
        let newest = Rows::new(self.archive, self.name, looks)?.newest(&keys)?;
        let mut numbers: BTreeMap<String, u64> = BTreeMap::new();
        let mut last = LastNumbers::new(self.archive, looks)?;
        for known in last.by_ref().filter(|known| keys.contains(&known.key)) {
            let number = numbers.entry(known.key).or_default();
            *number = known.seq.max(*number);
        }
        last.ended()?;
        let (mut kept, mut told) = (Vec::new(), BTreeMap::new());
        for row in rows {
            let before = newest.get(&row.key);
            if let Some(stopped) = before.and_then(|before| self.stopped(before, now)) {
                told.insert(row.key.clone(), stopped);
                continue;
            }
            let happened = match before {
                Some(before) if self.asked.if_changed => {
                    let happened = changes(&self.entity.changes, &before.row, row);
                    if happened.is_empty() {
                        told.insert(row.key.clone(), Captured::Unchanged { id: before.row.snapshot_id() });
                        continue;
                    }
                    happened
                }
                _ => Vec::new(),
            };
            let seq = numbers.get(&row.key).copied().unwrap_or(0) + 1;
            let row = EntityRow { seq, ..row.clone() };
            let captured =
                Captured::Kept { id: row.snapshot_id(), label: row.label.clone(), changes: happened.clone() };
            told.insert(row.key.clone(), captured);
            kept.push(CaptureRow {
                captured_at,
                kind: self.asked.kind,
                trigger: self.asked.trigger.clone(),
                reason: self.asked.reason.clone(),
                actor: self.asked.actor.clone(),
                occurred_at: self.asked.occurred_at,
                changes: happened,
                definition: self.entity.def.fingerprint(),
                row,
            });
        }
        Ok((kept, told))
    }

    fn doc(&self, captured_at: DateTime<Utc>, full: bool) -> Result<CaptureDoc, EntityError> {
        let date: Option<Day> = self.calendar.day_of(captured_at);
        let date =
            date.ok_or_else(|| EntityError::Background("the clock is beyond the calendar".to_owned()))?;
        Ok(CaptureDoc {
            entity: self.name.to_owned(),
            date,
            captured_at,
            kind: self.asked.kind,
            rows: 0,
            full,
            file: FileDoc { path: String::new(), size: 0, sha256: Digest::of(b"") },
            definition: self.entity.def.fingerprint(),
        })
    }
}
