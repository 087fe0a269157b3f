//! A capture: what entities are now, because somebody asks or something happened.
//!
//! The cooldown is a matter of what the archive holds, so it holds across processes: it is asked again
//! under each try to keep the rows, and a capture that came in between starts the reckoning anew. Rows
//! are compared, numbered and written one by one, since there may be a million of them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::captured::{CaptureOutcome, Captured, Told};
use super::fits::fits;
use super::look::{EntityError, LookRequest, read};
use super::newest::Newest;
use super::numbers::LastNumbers;
use super::rows::Rows;
use crate::archive::captures::RowSink;
use crate::archive::{Archive, CaptureDoc, Kept, Looks};
use crate::calendar::Calendar;
use crate::config::{Config, EntitySettings};
use crate::entities::LookTable;
use crate::entities::changes::changes;
use crate::model::entity::{CaptureRow, CaptureType, EntityRow, FieldValue};
use crate::model::manifest::FileDoc;
use crate::model::{Digest, Progress};

/// How often a capture is reckoned anew when others come in between.
const TRIES: usize = 500;

/// How many rows are compared with those of before at once.
const CHUNK: usize = 1 << 13;

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

impl CaptureRequest {
    /// Of all entities, whatever is there already, and with nothing said of it but what it is for.
    pub fn of(kind: CaptureType) -> Self {
        Self {
            keys: None,
            filters: Vec::new(),
            kind,
            trigger: None,
            reason: None,
            actor: None,
            occurred_at: None,
            max_age: None,
            if_missing: false,
            if_changed: false,
        }
    }
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
    let open = || Archive::open_or_create(&config.archive.dir, None, (request.now)());
    let mut outcome = CaptureOutcome::new();
    // Keys that are named need not be read where a row that is there stops that.
    let mut wanted = asked.keys.clone();
    if let Some(keys) = &mut wanted {
        keys.sort_unstable();
        keys.dedup();
        let archive = open()?;
        let one = Capture { archive: &archive, name, entity, asked };
        let now = (request.now)();
        let newest = if one.stops() { one.newest(&one.looks()?, keys, now)? } else { BTreeMap::new() };
        // Of what was not one of those that are asked for the source says what it is now.
        let known = |key: &String| newest.get(key).filter(|known| one.was_asked(&known.row.row));
        keys.retain(|key| match known(key).and_then(|known| one.stopped(known, now)) {
            Some(stopped) => {
                outcome.others.insert(key.clone(), stopped.of(key));
                false
            }
            None => true,
        });
        if keys.is_empty() {
            return Ok(outcome);
        }
    }
    let (mut table, captured_at) =
        read(config, name, entity, wanted.as_deref(), None, request, progress).await?;
    outcome.captured_at = Some(captured_at);
    let archive = open()?;
    let one = Capture { archive: &archive, name, entity, asked };
    let places = one.places(&table, wanted.as_deref(), &mut outcome.others);
    progress.step(&format!("keeping {name}"));
    for _ in 0..TRIES {
        let looks = one.looks()?;
        let mut told = Vec::with_capacity(places.len());
        let doc = one.doc(&Calendar::new(config.calendar), captured_at)?;
        let staged = archive.stage_capture(&entity.def, doc, |sink| {
            one.fill(&looks, &table, &places, (captured_at, (request.now)()), sink, &mut told)?;
            let all = told.iter().all(|(_, told)| matches!(told, Told::Kept { .. }));
            // What is left out may have changed: only with every row it stands for all entities.
            Ok::<_, EntityError>(asked.keys.is_none() && asked.filters.is_empty() && all)
        })?;
        let done = match staged {
            None => true,
            Some(staged) => {
                let kept = archive.keep_capture(staged, looks.last, request.wait, (request.now)())?;
                matches!(kept, Kept::Done(_))
            }
        };
        if done {
            table.forget_fields();
            outcome.told = told;
            outcome.table = table;
            return Ok(outcome);
        }
    }
    Err(EntityError::Busy { entity: name.to_owned() })
}

struct Capture<'a> {
    archive: &'a Archive,
    name: &'a str,
    entity: &'a EntitySettings,
    asked: &'a CaptureRequest,
}

impl Capture<'_> {
    fn looks(&self) -> Result<Looks, EntityError> {
        Ok(self.archive.looks(None)?.remove(self.name).unwrap_or_default())
    }

    /// Whether a row that is there may stop it.
    fn stops(&self) -> bool {
        self.asked.if_missing
            || self.asked.max_age.is_some()
            || (self.asked.kind.cools_down() && !self.entity.cooldown.is_zero())
    }

    /// From when on rows count that were seen so lately that they may stop it.
    fn since(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        let span = self.entity.cooldown.max(self.asked.max_age.unwrap_or_default());
        let since = TimeDelta::from_std(span).ok().and_then(|span| now.checked_sub_signed(span));
        since.unwrap_or(DateTime::<Utc>::MIN_UTC)
    }

    /// What is known of these keys, which are sorted.
    fn newest(
        &self,
        looks: &Looks,
        keys: &[String],
        now: DateTime<Utc>,
    ) -> Result<BTreeMap<String, Newest>, EntityError> {
        let mut last = LastNumbers::new(self.archive, looks)?;
        let numbers = last.of(keys.iter().map(String::as_str));
        last.ended()?;
        Ok(Rows::new(self.archive, self.name, looks)?.newest(&numbers, Some(self.since(now)))?)
    }

    /// What stops a capture of an entity of which this is known already.
    fn stopped(&self, known: &Newest, now: DateTime<Utc>) -> Option<Told> {
        let seq = known.seen_as;
        // A clock that went back makes no row older.
        let age = now.signed_duration_since(known.seen).max(TimeDelta::zero()).to_std().unwrap_or_default();
        if self.asked.if_missing || self.asked.max_age.is_some_and(|most| age < most) {
            return Some(Told::Existing { at: known.seen, seq });
        }
        let cooldown = self.entity.cooldown;
        (self.asked.kind.cools_down() && age < cooldown)
            .then(|| Told::Cooldown { remaining: cooldown.saturating_sub(age), seq })
    }

    /// The places of the rows that are asked for, by key; of the others that are named it is told.
    fn places(
        &self,
        table: &LookTable,
        keys: Option<&[String]>,
        others: &mut BTreeMap<String, Captured>,
    ) -> Vec<u32> {
        let wanted: Option<BTreeSet<&str>> = keys.map(|keys| keys.iter().map(String::as_str).collect());
        let mut places = Vec::with_capacity(table.len());
        for (at, key) in table.sorted_keys() {
            // The source may hold keys equal that are not.
            if wanted.as_ref().is_some_and(|wanted| !wanted.contains(key)) {
                continue;
            }
            if self.passes(table, at) {
                places.push(u32::try_from(at).unwrap_or(u32::MAX));
            } else if wanted.is_some() {
                others.insert(key.to_owned(), Captured::Other);
            }
        }
        let mut found = places.iter().map(|at| table.key(*at as usize)).peekable();
        // Both are sorted.
        for key in wanted.into_iter().flatten() {
            if found.next_if_eq(&key).is_none() {
                others.entry(key.to_owned()).or_insert(Captured::Absent);
            }
        }
        places
    }

    /// Whether a row had the values that are asked for when it was kept.
    fn was_asked(&self, row: &EntityRow) -> bool {
        let field = |name: &String| row.fields.get(name).and_then(Option::as_ref);
        self.asked.filters.iter().all(|(name, wanted)| fits(field(name), wanted))
    }

    /// Whether a row has the values that are asked for.
    fn passes(&self, table: &LookTable, at: usize) -> bool {
        let mut filters = self.asked.filters.iter();
        filters.all(|(field, wanted)| fits(self.value(table, field, at).as_ref(), wanted))
    }

    fn value(&self, table: &LookTable, field: &str, at: usize) -> Option<FieldValue> {
        table.value(field, self.entity.def.fields.get(field)?.kind, at)
    }

    /// A row of what was read; it is not numbered yet.
    fn row(&self, table: &LookTable, at: usize) -> EntityRow {
        let fields = self.entity.def.fields.keys();
        EntityRow {
            key: table.key(at).to_owned(),
            seq: 0,
            label: table.label(at).map(str::to_owned),
            fields: fields.map(|name| (name.clone(), self.value(table, name, at))).collect(),
        }
    }

    /// Decides which rows are kept, numbers and writes them, and tells of each.
    fn fill(
        &self,
        looks: &Looks,
        table: &LookTable,
        places: &[u32],
        (captured_at, now): (DateTime<Utc>, DateTime<Utc>),
        sink: &mut RowSink<'_>,
        told: &mut Vec<(u32, Told)>,
    ) -> Result<(), EntityError> {
        let compares = self.stops() || self.asked.if_changed;
        let definition = self.entity.def.fingerprint();
        let rows = Rows::new(self.archive, self.name, looks)?;
        let mut last = LastNumbers::new(self.archive, looks)?;
        for chunk in places.chunks(CHUNK) {
            let numbers = last.of(chunk.iter().map(|at| table.key(*at as usize)));
            let since = self.stops().then(|| self.since(now));
            let newest = if compares { rows.newest(&numbers, since)? } else { BTreeMap::new() };
            for at in chunk {
                let row = self.row(table, *at as usize);
                let known = newest.get(&row.key);
                if let Some(stopped) = known.and_then(|known| self.stopped(known, now)) {
                    told.push((*at, stopped));
                    continue;
                }
                let mut happened = Vec::new();
                // Where the newest row was thinned, nobody knows whether anything happened since.
                let newest = known.filter(|known| numbers.get(&row.key) == Some(&known.row.row.seq));
                if let (Some(known), true) = (newest, self.asked.if_changed) {
                    happened = changes(&self.entity.changes, &known.row.row, &row);
                    if happened.is_empty() {
                        told.push((*at, Told::Unchanged { seq: known.row.row.seq }));
                        continue;
                    }
                }
                let seq = numbers.get(&row.key).copied().unwrap_or(0) + 1;
                told.push((*at, Told::Kept { seq, changes: happened.clone().into() }));
                sink.push(&CaptureRow {
                    captured_at,
                    kind: self.asked.kind,
                    trigger: self.asked.trigger.clone(),
                    reason: self.asked.reason.clone(),
                    actor: self.asked.actor.clone(),
                    occurred_at: self.asked.occurred_at,
                    changes: happened,
                    definition,
                    row: EntityRow { seq, ..row },
                })?;
            }
        }
        Ok(last.ended()?)
    }

    fn doc(&self, calendar: &Calendar, captured_at: DateTime<Utc>) -> Result<CaptureDoc, EntityError> {
        let date = calendar.day_of(captured_at);
        let date =
            date.ok_or_else(|| EntityError::Background("the clock is beyond the calendar".to_owned()))?;
        Ok(CaptureDoc {
            entity: self.name.to_owned(),
            date,
            captured_at,
            kind: self.asked.kind,
            rows: 0,
            full: false,
            file: FileDoc { path: String::new(), size: 0, sha256: Digest::of(b"") },
            definition: self.entity.def.fingerprint(),
        })
    }
}
