//! Reading a frozen day again, by the definitions that were frozen with it: what the source says of it
//! now, and freezing that as the day's next edition.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::day::{self, DayPlan, Finish, SaveError, SaveOutcome};
use super::decide::{By, Why};
use super::freeze::{self, Computed, EditionInput, FreezeError};
use super::past::{self, Past};
use super::reading::{Now, Reader, Reading, ReadingError};
use super::restate::{Differences, Side, differences, kept_keys};
use super::seen::Seen;
use crate::archive::{Archive, ArchiveError, History, SnapshotLine};
use crate::calendar::{BeyondCalendar, Calendar, Window};
use crate::config::presentation::{EventsLook, MetricLook};
use crate::config::{CalendarSettings, Config, Presentation};
use crate::metrics::keys::KeyHash;
use crate::model::definitions::Dialect;
use crate::model::manifest::DefinitionsDoc;
use crate::model::{Definitions, Manifest, MetricsDoc, Number, Progress};
use crate::plan::{Plan, PlanError};
use crate::source::SourceError;

/// A frozen edition, opened.
#[derive(Clone, Debug)]
pub struct FrozenDay {
    /// The ledger's line about it.
    pub line: SnapshotLine,
    /// What it is.
    pub manifest: Manifest,
    /// Its numbers.
    pub doc: MetricsDoc,
    /// What made them.
    pub definitions: Definitions,
}

/// A day as the source has it now.
#[derive(Debug)]
pub struct Live {
    /// Its numbers, as they would be frozen now, without what other days would tell.
    pub computed: Computed,
    /// What was read.
    pub reading: Reading,
    /// What was read it by.
    by: ReadBy,
}

/// By what a day is read.
#[derive(Clone, Debug)]
struct ReadBy {
    config: Config,
    calendar: Calendar,
    fingerprints: DefinitionsDoc,
    window: Window,
    plan: Plan,
}

/// Events of which rows are gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shrunk {
    /// The events.
    pub events: String,
    /// How many rows were frozen.
    pub frozen: u64,
    /// How many there are now.
    pub live: u64,
}

/// Why a frozen day could not be read again.
#[derive(Debug, thiserror::Error)]
pub enum RereadError {
    /// Its definitions name a zone or a time that this version does not know.
    #[error("its definitions cut days in a way that is not understood")]
    Calendar,
    /// It was frozen from a source that speaks other SQL.
    #[error("it was frozen from {} and the source now is {}", name(*frozen), name(*now))]
    OtherSource {
        /// The SQL that its definitions are written in.
        frozen: Dialect,
        /// The SQL that the source speaks.
        now: Dialect,
    },
    /// It was frozen from a source of which the configuration knows nothing.
    #[error("it was frozen from the source {0:?}, which is not in the configuration")]
    NoSource(String),
    /// It lies at the end of the calendar.
    #[error(transparent)]
    Beyond(#[from] BeyondCalendar),
    /// Its queries can't be made.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The source could not be read.
    #[error(transparent)]
    Reading(#[from] ReadingError),
    /// Its numbers could not be computed.
    #[error(transparent)]
    Freeze(#[from] FreezeError),
}

impl RereadError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Plan(error) => error.hint(),
            Self::Reading(error) => error.hint(),
            Self::Freeze(error) => error.hint(),
            Self::NoSource(name) => Some(format!("add [sources.{name}], or call the source so again")),
            Self::OtherSource { .. } | Self::Calendar | Self::Beyond(_) => None,
        }
    }

    /// Whether it is about the connection, and no answer of the source.
    pub fn is_connection(&self) -> bool {
        match self {
            Self::Reading(ReadingError::Source(error)) => {
                error.is_unreachable() || matches!(error, SourceError::Lost { .. })
            }
            _ => false,
        }
    }
}

fn name(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Mysql => "MySQL or MariaDB",
        Dialect::Sqlite => "SQLite",
        Dialect::Postgres => "PostgreSQL",
    }
}

/// Opens a frozen edition, every byte checked.
///
/// # Errors
/// When it is damaged.
pub fn open(archive: &Archive, line: &SnapshotLine) -> Result<FrozenDay, ArchiveError> {
    let manifest = archive.manifest(line)?;
    let doc = archive.metrics(&manifest)?;
    let definitions = archive.definitions(manifest.definitions.fingerprint)?;
    Ok(FrozenDay { line: line.clone(), manifest, doc, definitions })
}

impl FrozenDay {
    /// The configuration as it has to be for this day: its definitions, shown as they were.
    ///
    /// # Errors
    /// When its definitions can't be used with the source.
    fn config(&self, config: &Config) -> Result<Config, RereadError> {
        for events in self.definitions.events.values() {
            let frozen = self.definitions.source_of(events).dialect;
            let now = config.sources.of(events.source.as_deref());
            let now = now.ok_or_else(|| RereadError::NoSource(events.source.clone().unwrap_or_default()))?;
            if frozen != now.dialect() {
                return Err(RereadError::OtherSource { frozen, now: now.dialect() });
            }
        }
        let calendar = CalendarSettings::of(&self.definitions.calendar, config.calendar.final_after);
        let mut then = config.clone();
        then.calendar = calendar.ok_or(RereadError::Calendar)?;
        then.sources = config.sources.in_zones_of(&self.definitions).map_err(|_| RereadError::Calendar)?;
        then.definitions = self.definitions.clone();
        then.presentation = self.presentation(&config.presentation);
        Ok(then)
    }

    /// Labels, units and order as they were frozen; the layout as it is now, as far as it fits.
    fn presentation(&self, now: &Presentation) -> Presentation {
        let events = self.doc.events.iter().map(|(name, doc)| {
            let dimensions = doc.dimensions.iter();
            let look = EventsLook {
                label: doc.label.clone(),
                max_groups: now.max_groups(name),
                dimensions: dimensions.map(|found| (found.name.clone(), found.label.clone())).collect(),
            };
            (name.clone(), look)
        });
        let metrics = self.doc.metrics.iter().map(|(name, doc)| {
            let look = MetricLook { label: doc.label.clone(), unit: doc.unit.clone(), good: doc.good };
            (name.clone(), look)
        });
        let has = |dimension: &String| {
            let mut all = self.doc.events.values().flat_map(|events| &events.dimensions);
            all.any(|found| found.name == *dimension)
        };
        let mut sections = now.sections.clone();
        for section in &mut sections {
            section.show.retain(|name| self.doc.metrics.contains_key(name));
            section.by.retain(has);
        }
        sections.retain(|section| !section.show.is_empty());
        Presentation {
            title: now.title.clone(),
            events: events.collect(),
            metrics: metrics.collect(),
            sections,
        }
    }
}

/// By which definitions a frozen day is read again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ByWhich {
    /// Those that were frozen with it.
    Frozen,
    /// Those of the configuration.
    Current,
}

/// What a day is read again with.
#[derive(Clone, Copy)]
pub struct Again<'a> {
    /// The configuration.
    pub config: &'a Config,
    /// Which definitions are used.
    pub which: ByWhich,
    /// What keys are hashed with.
    pub hash: Option<&'a KeyHash>,
    /// How long connection trouble is retried.
    pub retry_for: Duration,
    /// The clock.
    pub now: Now<'a>,
}

/// Reads a frozen day again.
///
/// # Errors
/// When its definitions can't be used, or the source does not give what they ask for.
pub async fn read(
    reader: &mut Reader<'_>,
    again: &Again<'_>,
    archive: &Archive,
    frozen: &FrozenDay,
    progress: &dyn Progress,
) -> Result<Live, RereadError> {
    let config = match again.which {
        ByWhich::Frozen => frozen.config(again.config)?,
        ByWhich::Current => again.config.clone(),
    };
    let calendar = Calendar::new(config.calendar);
    let window = calendar.window(frozen.line.date)?;
    let plan = Plan::new(&config.definitions, window, config.tenant.as_deref(), |events| {
        config.presentation.max_groups(events)
    })?;
    let reading = reader.read_as(&config.sources, &plan, again.retry_for, again.now, progress).await?;
    let fingerprints = DefinitionsDoc::of(&config.definitions);
    // No other day is looked at: only what comes from the source is held against the frozen day.
    let mut seen = Seen::new(&config.definitions, &fingerprints, again.hash.map(KeyHash::id));
    let computed = freeze::compute(
        &EditionInput {
            config: &config,
            calendar: &calendar,
            window: &window,
            edition: frozen.line.edition.next(),
            why: &Why::Restate { after: frozen.line.edition },
            by: By::Save,
            reason: None,
            past: &Past::default(),
            seen: &seen.count(&reading.cubes, window.day),
            fingerprints: &fingerprints,
            archive: &archive.id().to_string(),
        },
        &reading,
    )?;
    Ok(Live { computed, reading, by: ReadBy { config, calendar, fingerprints, window, plan } })
}

/// What differs between a frozen day and the same day now.
pub fn differ(frozen: &FrozenDay, live: &Live) -> Differences {
    let (kept, now) = (kept_keys(&frozen.manifest), live.computed.same_keys());
    let then = Side {
        doc: &frozen.doc,
        fingerprints: &frozen.manifest.definitions,
        events: &frozen.manifest.events,
        keys: &kept,
    };
    let now = Side {
        doc: &live.computed.doc,
        fingerprints: &live.computed.manifest.definitions,
        events: &live.computed.manifest.events,
        keys: &now,
    };
    differences(then, now, &live.by.config.definitions)
}

/// The events of which a larger share of rows is gone than `guard`: they were archived or pruned.
pub fn shrunk(frozen: &FrozenDay, live: &Live, guard: &Number) -> Vec<Shrunk> {
    let rows = |manifest: &Manifest| -> BTreeMap<String, u64> {
        manifest.events.iter().map(|(name, read)| (name.clone(), read.rows)).collect()
    };
    gone(&rows(&frozen.manifest), &rows(&live.computed.manifest), guard)
}

/// The events of which a larger share of rows is gone than `guard`, from the rows of both.
pub fn gone(frozen: &BTreeMap<String, u64>, live: &BTreeMap<String, u64>, guard: &Number) -> Vec<Shrunk> {
    let both = frozen.iter().filter_map(|(name, rows)| Some((name, *rows, *live.get(name)?)));
    both.filter(|(_, frozen, live)| {
        let lost = Number::from(frozen.saturating_sub(*live));
        live < frozen && lost > guard.times(&Number::from(*frozen))
    })
    .map(|(name, frozen, live)| Shrunk { events: name.clone(), frozen, live })
    .collect()
}

/// What a day that was read again is frozen with.
#[derive(Clone, Copy)]
pub struct FreezeAgain<'a> {
    /// The archive.
    pub archive: &'a Archive,
    /// What it holds now.
    pub history: &'a History,
    /// What sets it off.
    pub why: &'a Why,
    /// Why, in somebody's words.
    pub reason: Option<&'a str>,
    /// What keys are hashed with.
    pub hash: Option<&'a KeyHash>,
    /// How long the archive's lock is waited for.
    pub wait: Duration,
    /// The time by the clock.
    pub now: DateTime<Utc>,
}

/// Freezes what was read as the day's next edition.
///
/// # Errors
/// When the archive refuses, or something can't be written.
pub fn freeze(input: &FreezeAgain<'_>, frozen: &FrozenDay, live: Live) -> Result<SaveOutcome, SaveError> {
    let FreezeAgain { archive, history, .. } = *input;
    let Live { reading, by, .. } = live;
    let day = by.window.day;
    let definitions = &by.config.definitions;
    let past = past::load(archive, history, definitions, day)?;
    let mut seen = Seen::new(definitions, &by.fingerprints, input.hash.map(KeyHash::id));
    seen.catch_up(archive, history, day)?;
    let counts = seen.count(&reading.cubes, day);
    let plan = DayPlan {
        window: by.window,
        edition: history.next_edition(day),
        why: input.why.clone(),
        latest: Some(frozen.line.clone()),
        plan: by.plan,
    };
    let finish = Finish {
        config: &by.config,
        calendar: &by.calendar,
        fingerprints: &by.fingerprints,
        past: &past,
        seen: &counts,
        by: By::Save,
        reason: input.reason,
        wait: input.wait,
        now: input.now,
    };
    day::finish(&finish, archive, plan, &reading)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::gone;

    #[test]
    fn rows_are_gone_only_beyond_the_guard() {
        let rows = |rows: u64| BTreeMap::from([("calls".to_owned(), rows)]);
        let guard = "0.01".parse().unwrap();
        for (frozen, live, expected) in [
            (1000, 990, false),
            (1000, 989, true),
            (1000, 1001, false),
            (0, 0, false),
            (1, 0, true),
            (0, 5, false),
        ] {
            assert_eq!(!gone(&rows(frozen), &rows(live), &guard).is_empty(), expected, "{frozen} {live}");
        }
    }
}
