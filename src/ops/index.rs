//! The page of all days, made again from the ledger after each save.

use std::fs;
use std::path::PathBuf;

use indexmap::IndexSet;

use super::when::shown;
use crate::archive::{Archive, ArchiveError, Frozen, History};
use crate::config::presentation::label_of;
use crate::config::{Config, Presentation};
use crate::model::Number;
use crate::ops::entities::listed;
use crate::view::IndexPage;
use crate::view::index::{IndexDay, IndexEdition, IndexInput, IndexMetric, IndexPageError};

/// Its name in the archive's folder.
pub const NAME: &str = "index.html";

/// The values of an edition, by the names of their metrics.
type Headline = Vec<(String, Option<Number>)>;

/// How often it is made again when a day is added meanwhile.
const TRIES: usize = 3;

/// Why the page of all days could not be written.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// The archive can't be read or written.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The page could not be made.
    #[error(transparent)]
    Page(#[from] IndexPageError),
}

impl IndexError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Archive(error) => error.hint(),
            Self::Page(error) => error.hint(),
        }
    }
}

/// Makes the page of all days from the ledger, and puts it in the place of the one before.
///
/// # Errors
/// When the ledger can't be read or the page can't be written.
pub fn rebuild(archive: &Archive, config: &Config) -> Result<PathBuf, IndexError> {
    let mut path = archive.dir().join(NAME);
    for _ in 0..TRIES {
        let before = ledger_size(archive);
        let history = archive.history()?;
        let page = IndexPage::new(&IndexInput {
            archive: archive.id().to_string(),
            ..of(archive, &history, config)?
        })?
        .to_bytes()?;
        path = archive.replace_derived(NAME, &page)?;
        // Another writer may have added a day and been overtaken by this page.
        if ledger_size(archive) == before {
            break;
        }
    }
    Ok(path)
}

/// Whether the page is missing, or older than the ledger.
pub fn is_stale(archive: &Archive) -> bool {
    let written = |path: PathBuf| fs::metadata(path).and_then(|meta| meta.modified()).ok();
    match (written(archive.dir().join(NAME)), written(archive.ledger_path())) {
        (Some(page), Some(ledger)) => page < ledger,
        _ => true,
    }
}

fn ledger_size(archive: &Archive) -> Option<u64> {
    fs::metadata(archive.ledger_path()).map(|meta| meta.len()).ok()
}

/// What the page is made of, with what was looked at on each day.
fn of(archive: &Archive, history: &History, config: &Config) -> Result<IndexInput, ArchiveError> {
    let mut input = input(history, config);
    // Of a ledger with damaged lines nothing is certain, and the page tells of them.
    if history.damaged().is_empty() {
        let looks = archive.looks(None)?;
        for day in &mut input.days {
            day.looks = listed::said(&looks, day.day);
        }
    }
    Ok(input)
}

/// What the page is made of, but for entities.
pub fn input(history: &History, config: &Config) -> IndexInput {
    let headline = |frozen: &Frozen| frozen.line.headline_list().unwrap_or_default();
    let headlines: Vec<Vec<Headline>> =
        history.days().map(|(_, editions)| editions.iter().map(headline).collect()).collect();
    let names = names(&config.presentation, &headlines);
    let days = history.days().zip(headlines).map(|((day, editions), headlines)| IndexDay {
        day,
        shown: shown_place(editions),
        editions: editions.iter().zip(headlines).map(|both| edition(history, both, &names)).collect(),
        labels: history.marks(day).labels.iter().map(|label| (*label).to_owned()).collect(),
        notes: history.marks(day).notes.iter().map(|(_, note)| (*note).to_owned()).collect(),
        pinned: history.marks(day).pinned,
        looks: Vec::new(),
    });
    IndexInput {
        title: title(config),
        archive: String::new(),
        zone: config.calendar.time_zone.name().to_owned(),
        main: main_metric(&config.presentation, &names),
        days: days.collect(),
        findings: super::list::findings(history),
        served: None,
        metrics: names.into_iter().map(|name| metric(name, &config.presentation)).collect(),
    }
}

fn edition(
    history: &History,
    (frozen, headline): (&Frozen, Headline),
    names: &IndexSet<String>,
) -> IndexEdition {
    let line = &frozen.line;
    IndexEdition {
        edition: line.edition,
        provenance: line.provenance,
        captured_at: line.captured_at,
        reason: line.reason.clone(),
        present: frozen.present,
        thinned: history.pruned(&line.id()).iter().any(|path| path == "dashboard.html"),
        values: in_order(headline, names),
    }
}

/// The values in the order of all metrics.
fn in_order(headline: Headline, names: &IndexSet<String>) -> Vec<Option<Number>> {
    if names.iter().eq(headline.iter().map(|(name, _)| name)) {
        return headline.into_iter().map(|(_, value)| value).collect();
    }
    let mut values = vec![None; names.len()];
    for (name, value) in headline {
        if let Some(slot) = names.get_index_of(&name).and_then(|at| values.get_mut(at)) {
            *slot = value;
        }
    }
    values
}

/// The place of the edition that is shown when none is named.
fn shown_place(editions: &[Frozen]) -> usize {
    let edition = shown(editions).map(|frozen| frozen.line.edition);
    editions.iter().position(|frozen| Some(frozen.line.edition) == edition).unwrap_or(0)
}

/// The metrics of all days: those of the configuration first, in its order.
fn names(presentation: &Presentation, headlines: &[Vec<Headline>]) -> IndexSet<String> {
    let mut found: IndexSet<&str> = IndexSet::new();
    let mut before: &[(String, Option<Number>)] = &[];
    // The newest days first: their order is nearest to that of the configuration.
    for headline in headlines.iter().rev().flatten() {
        // Most have the same as their neighbour.
        if !headline.iter().map(|pair| &pair.0).eq(before.iter().map(|pair| &pair.0)) {
            found.extend(headline.iter().map(|(name, _)| name.as_str()));
        }
        before = headline;
    }
    let configured = presentation.metrics.keys().map(String::as_str).filter(|name| found.contains(name));
    let mut names: IndexSet<String> = configured.map(str::to_owned).collect();
    names.extend(found.into_iter().map(str::to_owned));
    names
}

/// The first metric of the first section that has values; else the first of all.
fn main_metric(presentation: &Presentation, names: &IndexSet<String>) -> usize {
    let mut shown = presentation.sections.iter().flat_map(|section| &section.show);
    shown.find_map(|name| names.get_index_of(name)).unwrap_or(0)
}

fn metric(name: String, presentation: &Presentation) -> IndexMetric {
    match presentation.metrics.get(&name) {
        Some(look) => {
            IndexMetric { label: look.label.clone(), unit: look.unit.clone(), good: look.good, name }
        }
        None => IndexMetric { label: label_of(&name), unit: None, good: None, name },
    }
}

/// What the archive is about: as the configuration says, else its events.
pub fn title(config: &Config) -> String {
    config.presentation.title.clone().unwrap_or_else(|| {
        let labels: Vec<&str> =
            config.presentation.events.values().map(|events| events.label.as_str()).collect();
        labels.join(", ")
    })
}
