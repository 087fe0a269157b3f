//! Turning what was read into an edition of a day, and putting it into the archive.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::decide::{By, Why};
use super::entities::shown::shown;
use super::past::Past;
use super::reading::{ReadSource, Reading};
use super::restate::SameKeys;
use super::seen::Counts;
use crate::archive::{self, Archive, ArchiveError, Commit, Headline};
use crate::calendar::{BeyondCalendar, Calendar, Window};
use crate::config::Config;
use crate::config::presentation::Section as ConfiguredSection;
use crate::metrics::document;
use crate::metrics::document::DayInput;
use crate::model::manifest::{self, Consistency, DefinitionsDoc, EventsRead, SourceDoc};
use crate::model::seen::KeysDoc;
use crate::model::{Definitions, Digest, Edition, Manifest, MetricsDoc, SnapshotId};
use crate::view::page::PageError;
use crate::view::{self, DayPage, Layout};

/// The version that is written into manifests.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// A day that was computed, not frozen yet.
#[derive(Clone, Debug)]
pub struct Computed {
    /// The numbers.
    pub doc: MetricsDoc,
    /// What it is; its files are not listed yet.
    pub manifest: Manifest,
    /// The files of its keys, by metric: what is in them.
    pub keys: BTreeMap<String, Vec<u8>>,
}

impl Computed {
    /// By what its keys are held against those of a frozen day.
    pub fn same_keys(&self) -> BTreeMap<String, SameKeys> {
        let digest = |name: &str| self.keys.get(name).map(|bytes| Digest::of(bytes));
        let same = |(name, keys): (&String, &KeysDoc)| {
            Some((name.clone(), SameKeys { key: keys.key, file: digest(name)? }))
        };
        self.manifest.keys.iter().filter_map(same).collect()
    }
}

/// Why a day that was read could not be frozen.
#[derive(Debug, thiserror::Error)]
pub enum FreezeError {
    /// The archive refused.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// A cube could not be written.
    #[error("the cube of {events} can't be written: {error}")]
    Cube {
        /// The events.
        events: String,
        /// Why.
        error: String,
        /// What to do about it.
        hint: Option<String>,
    },
    /// The page could not be written.
    #[error(transparent)]
    Page(#[from] PageError),
    /// The numbers could not be written.
    #[error("the numbers could not be written as JSON")]
    Json(#[from] serde_json::Error),
    /// The day lies at the end of the calendar.
    #[error(transparent)]
    Beyond(#[from] BeyondCalendar),
}

impl FreezeError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Archive(error) => error.hint(),
            Self::Cube { hint, .. } => hint.clone(),
            Self::Page(error) => error.hint(),
            Self::Json(_) | Self::Beyond(_) => None,
        }
    }
}

/// What an edition is made of, beside what was read.
#[derive(Clone, Copy)]
pub struct EditionInput<'a> {
    /// The configuration.
    pub config: &'a Config,
    /// The calendar.
    pub calendar: &'a Calendar,
    /// The day.
    pub window: &'a Window,
    /// Which edition it will be.
    pub edition: Edition,
    /// What sets it off.
    pub why: &'a Why,
    /// Which command does it.
    pub by: By,
    /// Why, in somebody's words.
    pub reason: Option<&'a str>,
    /// Frozen days before this one.
    pub past: &'a Past,
    /// Its distinct counts over time.
    pub seen: &'a Counts,
    /// The fingerprints of the definitions.
    pub fingerprints: &'a DefinitionsDoc,
    /// The archive's id.
    pub archive: &'a str,
}

/// Computes the numbers of a day that was read.
///
/// # Errors
/// At the end of the calendar.
pub fn compute(input: &EditionInput<'_>, reading: &Reading) -> Result<Computed, FreezeError> {
    let (config, day) = (input.config, input.window.day);
    let provenance = input.calendar.provenance(day, reading.captured_at)?;
    let fingerprints = input.fingerprints.clone();
    let mut doc = document(&DayInput {
        day,
        edition: input.edition,
        provenance,
        definitions: &config.definitions,
        fingerprints: &fingerprints,
        presentation: &config.presentation,
        cubes: &reading.cubes,
        past: &input.past.over,
    });
    input.past.earlier.tell(&mut doc, &config.definitions, &fingerprints);
    let mut kept = BTreeMap::new();
    let mut keys = BTreeMap::new();
    for (name, counts) in &input.seen.metrics {
        let found = reading.cubes.iter().find_map(|cube| cube.keys.get(name));
        let (Some(metric), Some(found), Some(key)) = (doc.metrics.get_mut(name), found, input.seen.key)
        else {
            continue;
        };
        metric.seen = Some(counts.clone());
        let count = found.hashes.len() as u64;
        keys.insert(name.clone(), KeysDoc { file: archive::keys::path_of(name), key, count });
        kept.insert(name.clone(), archive::keys::encode(&found.hashes));
    }
    let events: BTreeMap<String, EventsRead> = reading
        .cubes
        .iter()
        .zip(&reading.kept)
        .map(|(cube, kept)| {
            let read = EventsRead {
                rows: doc.events.get(&cube.name).map_or(0, |events| events.rows),
                newest: cube.newest(),
                groups: cube.crossed_groups(),
                numbers: kept.numbers,
                floats: cube.float_metrics(),
                lookups: reading.looked_up.get(&cube.name).cloned().unwrap_or_default(),
            };
            (cube.name.clone(), read)
        })
        .collect();
    let (source, sources) = sources(config, reading);
    let manifest = Manifest {
        format: manifest::FORMAT.to_owned(),
        archive: input.archive.to_owned(),
        date: day,
        edition: input.edition,
        provenance,
        captured_at: reading.captured_at,
        window: input.window.document(),
        source,
        sources,
        definitions: fingerprints,
        files: Vec::new(),
        events,
        keys,
        looks: BTreeMap::new(),
        reason: input.reason.map(str::to_owned),
        trigger: input.why.trigger(input.by).to_owned(),
        asof: VERSION.to_owned(),
    };
    Ok(Computed { doc, manifest, keys: kept })
}

/// What was read from where: the first source, and where they have names, all of them.
fn sources(config: &Config, reading: &Reading) -> (SourceDoc, BTreeMap<String, SourceDoc>) {
    let told = |read: &ReadSource| {
        let settings = config.sources.of(read.name.as_deref())?;
        let doc = SourceDoc {
            url: settings.redacted(),
            server: read.server.name.to_owned(),
            version: read.server.version.clone(),
            time_zone: settings.time_zone.name().to_owned(),
            consistency: read.consistency,
        };
        Some((read.name.clone(), doc))
    };
    let all: Vec<(Option<String>, SourceDoc)> = reading.sources.iter().filter_map(told).collect();
    // A day of no events asks nobody.
    let nobody = || {
        let main = config.sources.main();
        SourceDoc {
            url: main.redacted(),
            server: String::new(),
            version: String::new(),
            time_zone: main.time_zone.name().to_owned(),
            consistency: Consistency::Snapshot,
        }
    };
    let first = all.first().map_or_else(nobody, |(_, doc)| doc.clone());
    (first, all.into_iter().filter_map(|(name, doc)| Some((name?, doc))).collect())
}

/// Stages all files of an edition and commits it.
///
/// # Errors
/// When the archive refuses, or something can't be written.
pub fn freeze(
    archive: &Archive,
    config: &Config,
    computed: Computed,
    reading: &Reading,
    wait: Duration,
    now: DateTime<Utc>,
) -> Result<Commit, FreezeError> {
    let Computed { doc, mut manifest, keys } = computed;
    let shown = shown(archive, config, doc.date);
    manifest.looks = shown.looks;
    let mut staging = archive.stage(SnapshotId::new(doc.date, doc.edition))?;
    staging.write("metrics.json", &doc.to_json()?)?;
    for (cube, kept) in reading.cubes.iter().zip(&reading.kept) {
        let events = &cube.name;
        let bytes = kept.file.as_ref().map_err(|error| FreezeError::Cube {
            events: events.clone(),
            error: error.to_string(),
            hint: error.hint(),
        })?;
        staging.write(&format!("cubes/{events}.parquet"), bytes)?;
    }
    for (name, doc) in &manifest.keys {
        staging.write(&doc.file, keys.get(name).map_or(&[], Vec::as_slice))?;
    }
    for raw in &reading.raw {
        staging.write_from(&raw.path, &raw.packed)?;
    }
    let layout = layout(Some(config), &doc, &config.definitions);
    let page = DayPage::new(&view::DayInput {
        doc: &doc,
        manifest: &manifest,
        definitions: &config.definitions,
        layout: &layout,
        remarks: &shown.damaged,
        cubes: &reading.cubes,
        grown: &shown.grown,
    });
    staging.write("dashboard.html", &page.to_bytes()?)?;
    let values = doc.metrics.iter().map(|(name, metric)| (name.clone(), metric.figure.value.clone()));
    let seen = doc.metrics.iter().filter_map(|(name, metric)| Some((name.clone(), metric.seen.clone()?)));
    let headline = Headline { values: values.collect(), seen: seen.collect() };
    let sealed = staging.seal(manifest, &config.definitions)?;
    Ok(archive.commit(sealed, &headline, wait, now)?)
}

/// The layout of the page: as configured, or made from what there is. Without a configuration it is made
/// from what there is.
pub fn layout(config: Option<&Config>, doc: &MetricsDoc, definitions: &Definitions) -> Layout {
    let presentation = config.map(|config| &config.presentation);
    let configured = |section: &ConfiguredSection| view::Section {
        title: section.title.clone(),
        show: section.show.clone(),
        by: section.by.clone(),
        top: section.top.and_then(|top| usize::try_from(top).ok()),
    };
    let mut sections: Vec<view::Section> =
        presentation.into_iter().flat_map(|look| &look.sections).map(configured).collect();
    if sections.is_empty() {
        sections = view::lay_out(doc, definitions);
    }
    let title = presentation.and_then(|look| look.title.clone()).unwrap_or_else(|| {
        let labels: Vec<&str> = doc.events.values().map(|events| events.label.as_str()).collect();
        labels.join(", ")
    });
    Layout { title, sections }
}
