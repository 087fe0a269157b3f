//! The daily look at entities: a unit of its own, which no frozen day and no failed query stops.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use indexmap::IndexMap;

use super::numbers::LastNumbers;
use crate::archive::look_ahead::Ahead;
use crate::archive::look_file::{GONE, LookFileError, NOT_DUE};
use crate::archive::look_write::{LookFacts, write_rest, write_rows};
use crate::archive::looks::{REST, ROWS};
use crate::archive::{Archive, ArchiveError, Kept, LookDoc, Looks, UnlookedDoc};
use crate::calendar::{Calendar, Window};
use crate::config::{Config, EntitySettings};
use crate::entities::due::is_due;
use crate::entities::look_table::PIECE;
use crate::entities::{LookError, LookTable, Numbered, TableBuilder, number};
use crate::model::entity::FieldKind;
use crate::model::{Day, Number, Progress, Value};
use crate::ops::reading::{Env, Now};
use crate::ops::sessions;
use crate::plan::EntityPlan;
use crate::plan::entity::Which;
use crate::plan::expand::UnknownName;
use crate::source::{self, SourceError, Transient};

/// How often a look is numbered again when captures come in between.
const TRIES: usize = 20;

/// What became of a look.
#[derive(Debug)]
pub enum Looked {
    /// It is kept.
    Kept(Box<LookDoc>),
    /// There is one already.
    Already,
    /// It was too late for the day: there is none, and the archive says why.
    TooLate {
        /// How long after the day's end.
        lag: TimeDelta,
        /// How long that may be.
        most: Duration,
    },
    /// It failed, and the next one may be in time.
    Failed(EntityError),
}

/// Why entities could not be looked at.
#[derive(Debug, thiserror::Error)]
pub enum EntityError {
    /// The source failed.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// Its rows can't be kept.
    #[error(transparent)]
    Look(#[from] LookError),
    /// No day is known for the time that it is.
    #[error("the clock tells a time beyond the ends of the calendar")]
    Clock,
    /// The SQL names an unknown list.
    #[error(transparent)]
    Name(#[from] UnknownName),
    /// The archive refuses.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// A file can't be made.
    #[error(transparent)]
    File(#[from] LookFileError),
    /// Others kept adding rows.
    #[error("captures of {entity} kept coming in between")]
    Busy {
        /// The entities.
        entity: String,
    },
    /// A thread that worked on what was read failed.
    #[error("what was seen could not be kept: {0}")]
    Background(String),
}

impl EntityError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Source(error) => error.hint(),
            Self::Look(error) => error.hint(),
            Self::Name(_) => Some("name a list of [lists] in the braces".to_owned()),
            Self::Archive(error) => error.hint(),
            Self::Busy { .. } => Some("try again when fewer events come in".to_owned()),
            Self::Clock | Self::File(_) | Self::Background(_) => None,
        }
    }

    /// Whether the source could not be reached.
    pub fn is_unreachable(&self) -> bool {
        matches!(self, Self::Source(error) if error.is_unreachable())
    }
}

impl Transient for EntityError {
    fn is_transient(&self) -> bool {
        matches!(self, Self::Source(error) if error.is_transient())
    }
}

/// How a look is taken.
#[derive(Clone, Copy)]
pub struct LookRequest<'a> {
    /// Looks up an environment variable.
    pub env: Env<'a>,
    /// The clock.
    pub now: Now<'a>,
    /// How long connection trouble is retried.
    pub retry_for: Duration,
    /// How long the archive's lock is waited for.
    pub wait: Duration,
}

/// Looks at all entities for a day that has just ended, each for itself.
pub async fn look_all(
    config: &Config,
    day: Day,
    request: &LookRequest<'_>,
    progress: &dyn Progress,
) -> Vec<(String, Looked)> {
    let mut all = Vec::new();
    for (name, entity) in &config.entities {
        let looked = look(config, name, entity, day, request, progress).await;
        all.push((name.clone(), looked.unwrap_or_else(Looked::Failed)));
    }
    all
}

async fn look(
    config: &Config,
    name: &str,
    entity: &EntitySettings,
    day: Day,
    request: &LookRequest<'_>,
    progress: &dyn Progress,
) -> Result<Looked, EntityError> {
    let archive = Archive::open_or_create(&config.archive.dir, None, (request.now)())?;
    let known = archive.looks(None)?.remove(name).unwrap_or_default();
    if known.has_looked(day) {
        return Ok(Looked::Already);
    }
    let calendar = Calendar::new(config.calendar);
    // A day whose end lies beyond the calendar has not ended.
    let Ok(window) = calendar.window(day) else { return Ok(Looked::Already) };
    let most = TimeDelta::from_std(entity.max_lag).unwrap_or(TimeDelta::MAX);
    let late = |lag: TimeDelta| -> Result<Looked, EntityError> {
        let reason = format!(
            "the look came {} after the day's end, and max_lag is {}",
            spoken(lag),
            spoken(TimeDelta::from_std(entity.max_lag).unwrap_or_default())
        );
        let doc = UnlookedDoc { entity: name.to_owned(), date: day, reason };
        archive.note_unlooked(&doc, request.wait, (request.now)())?;
        Ok(Looked::TooLate { lag, most: entity.max_lag })
    };
    let lag = (request.now)().signed_duration_since(window.end);
    if lag > most {
        return late(lag);
    }
    let start = || Ahead::start(&entity.def);
    let (table, captured_at, mut ahead) =
        read_with(config, (name, entity), None, Some(&window), request, progress, start).await?;
    // Retries may have taken long.
    let lag = captured_at.signed_duration_since(window.end);
    if lag > most {
        return late(lag);
    }
    progress.step(&format!("keeping {name}"));
    let known = Known { archive: &archive, name, entity };
    let doc = LookDoc {
        entity: name.to_owned(),
        date: day,
        captured_at,
        lag: lag.num_seconds(),
        seen: table.len() as u64,
        rows: 0,
        files: Vec::new(),
        definition: entity.def.fingerprint(),
        totals: IndexMap::new(),
        asof: env!("CARGO_PKG_VERSION").to_owned(),
    };
    for _ in 0..TRIES {
        match known.keep(&table, &doc, ahead.take(), request)? {
            Kept::Done(kept) => return Ok(Looked::Kept(Box::new(kept))),
            Kept::Taken if archive.looks(None)?.get(name).is_some_and(|looks| looks.has_looked(day)) => {
                return Ok(Looked::Already);
            }
            Kept::Taken => {}
        }
    }
    Err(EntityError::Busy { entity: name.to_owned() })
}

/// The day of a moment.
///
/// # Errors
/// Beyond the ends of the calendar.
pub fn today(config: &Config, at: DateTime<Utc>) -> Result<Window, EntityError> {
    let calendar = Calendar::new(config.calendar);
    let window = calendar.day_of(at).and_then(|day| calendar.window(day).ok());
    window.ok_or(EntityError::Clock)
}

/// Reads entities as they are now; those of these keys, or all. Connection trouble is retried.
///
/// What asof has to fetch first is fetched for the day of `window`: for a look the one that has ended, else today.
///
/// # Errors
/// Whatever the source says, or rows that can't be kept.
pub async fn read(
    config: &Config,
    name: &str,
    entity: &EntitySettings,
    keys: Option<&[String]>,
    window: Option<&Window>,
    request: &LookRequest<'_>,
    progress: &dyn Progress,
) -> Result<(LookTable, DateTime<Utc>), EntityError> {
    let read = read_with(config, (name, entity), keys, window, request, progress, || None).await?;
    Ok((read.0, read.1))
}

/// The same, where each full piece is encoded by what `start` gives while the rest is read, as long as rows come in
/// the order of their keys.
async fn read_with(
    config: &Config,
    (name, entity): (&str, &EntitySettings),
    keys: Option<&[String]>,
    window: Option<&Window>,
    request: &LookRequest<'_>,
    progress: &dyn Progress,
    start: impl Fn() -> Option<Ahead>,
) -> Result<(LookTable, DateTime<Utc>, Option<Ahead>), EntityError> {
    let tenant = config.tenant.as_deref();
    let plan = EntityPlan::new(name, &entity.def, Which { keys, tenant })?;
    let window = match window {
        Some(window) => *window,
        None => today(config, (request.now)())?,
    };
    let sources = config.sources.without_raw();
    source::with_retry(request.retry_for, progress, async || {
        progress.step("connecting");
        let mut session = sessions::open(&sources, entity.def.source.as_deref(), request.env).await?;
        session.fill(&window, &[&plan.query], progress).await?;
        session.begin(&[&plan.query]).await?;
        progress.step(&format!("looking at {name}"));
        let captured_at = (request.now)();
        let mut builder = TableBuilder::new(&plan, &entity.def);
        let mut ahead = start();
        let mut each = |row: &mut Vec<Value>| {
            if let (Some(piece), Some(ahead)) = (builder.push(row)?, &mut ahead) {
                ahead.take(piece);
            }
            Ok::<_, EntityError>(())
        };
        session.read(&plan.query, &mut each).await?;
        session.close().await;
        Ok((builder.finish()?, captured_at, ahead))
    })
    .await
}

struct Known<'a> {
    archive: &'a Archive,
    name: &'a str,
    entity: &'a EntitySettings,
}

impl Known<'_> {
    /// Numbers the rows after what the archive holds now, writes them, and keeps them.
    fn keep(
        &self,
        table: &LookTable,
        doc: &LookDoc,
        ahead: Option<Ahead>,
        request: &LookRequest<'_>,
    ) -> Result<Kept<LookDoc>, EntityError> {
        let looks: Looks = self.archive.looks(None)?.remove(self.name).unwrap_or_default();
        let due = |at: usize| table.due.get(at).is_none_or(|every| is_due(*every, doc.date));
        let mut before = LastNumbers::new(self.archive, &looks)?;
        let numbered = number(table.sorted_keys().map(|(at, key)| (key, due(at))), &mut before);
        before.ended()?;
        let Numbered { seqs, gone } = numbered;
        let (mut places, mut kept) = (Vec::with_capacity(seqs.len()), Vec::with_capacity(seqs.len()));
        let mut rest: Vec<(&str, u64, &str)> = Vec::new();
        for ((at, key), seq) in table.sorted_keys().zip(&seqs) {
            if due(at) {
                places.push(u32::try_from(at).unwrap_or(u32::MAX));
                kept.push(*seq);
            } else {
                rest.push((key, *seq, NOT_DUE));
            }
        }
        rest.extend(gone.iter().map(|(key, seq)| (key.as_str(), *seq, GONE)));
        rest.sort_unstable();
        let facts = LookFacts { entity: self.name, date: doc.date, def: &self.entity.def };
        let mut staging = self.archive.stage_look()?;
        staging.write(ROWS, |file| write_rows(file, &facts, table, &places, &kept, ahead))?;
        if !rest.is_empty() {
            staging.write(REST, |file| write_rest(file, &facts, &rest))?;
        }
        let totals = totals(table, &places, self.entity);
        let doc = LookDoc { rows: places.len() as u64, totals, ..doc.clone() };
        let staged = staging.seal(self.archive, &self.entity.def, doc)?;
        Ok(match self.archive.keep_look(staged, looks.last, request.wait, (request.now)())? {
            Kept::Done(said) => Kept::Done(said.doc),
            Kept::Taken => Kept::Taken,
        })
    }
}

/// The sum of each counter over these rows; `None` where none of them has a value.
fn totals(table: &LookTable, places: &[u32], entity: &EntitySettings) -> IndexMap<String, Option<Number>> {
    use arrow_array::Array as _;
    use arrow_array::cast::AsArray as _;
    use arrow_array::types::Int64Type;
    let mut totals = IndexMap::new();
    for field in entity.def.of_kind(FieldKind::Counter) {
        let columns =
            table.pieces.iter().map(|piece| piece.fields.get(field)?.as_primitive_opt::<Int64Type>());
        let Some(columns) = columns.collect::<Option<Vec<_>>>() else { continue };
        let value = |at: &u32| {
            let (column, row) = (columns.get(*at as usize / PIECE)?, *at as usize % PIECE);
            column.is_valid(row).then(|| column.value(row))
        };
        let (sum, count) = places
            .iter()
            .filter_map(value)
            .fold((0_i128, 0_u64), |(sum, count), value| (sum + i128::from(value), count + 1));
        let total = (count > 0).then(|| Number::from_scaled(sum.into(), 0));
        totals.insert(field.to_owned(), total);
    }
    totals
}

/// A span of time in words: `5 h 12 min`.
pub fn spoken(span: TimeDelta) -> String {
    let minutes = span.num_minutes();
    match (minutes / 60, minutes % 60) {
        (0, 0) => format!("{} s", span.num_seconds()),
        (0, minutes) => format!("{minutes} min"),
        (hours, 0) => format!("{hours} h"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}
