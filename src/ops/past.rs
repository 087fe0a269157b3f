//! The frozen days before a day that is being frozen: those that its metrics over several days
//! need, and those that it is compared with.
//!
//! It is the archive as it stands now, and only days before this one: what a backfill adds later,
//! before or after it, changes nothing that is frozen.

use std::collections::BTreeMap;

use super::when;
use crate::analyze::earlier::{self, Earlier, EarlierDay, MadeBy, WEEK};
use crate::archive::{Archive, ArchiveError, History, SnapshotLine};
use crate::metrics::over::{self, PastDay};
use crate::model::compared::{PreviousDoc, RECENT_DAYS};
use crate::model::{Day, Definitions, Fingerprint, Manifest};

/// The frozen days before a day.
#[derive(Clone, Debug, Default)]
pub struct Past {
    /// For its metrics over several days.
    pub over: Vec<PastDay>,
    /// For its comparisons.
    pub earlier: Earlier,
    /// Days that had to be left out because they are damaged, as sentences.
    pub damaged: Vec<String>,
}

/// The days before `day`, the latest edition of each, as far as they are frozen.
///
/// # Errors
/// When the ledger is damaged. A damaged day is done without, and that is said: what is only
/// derived must not keep a day from being frozen while it can be seen.
pub fn load(
    archive: &Archive,
    history: &History,
    definitions: &Definitions,
    day: Day,
) -> Result<Past, ArchiveError> {
    let (names, over_days) = over::needed(definitions);
    let names: Vec<&str> = names.into_iter().collect();
    let fingerprint = definitions.fingerprint();
    let dimensions = earlier::time_dimensions(definitions);
    let mut past = Past {
        earlier: Earlier { previous: previous(history, day), ..Earlier::default() },
        ..Past::default()
    };
    for back in 1..=i64::from(over_days.max(RECENT_DAYS - 1)) {
        let Some(date) = day.checked_add(-back) else { break };
        let Some(line) = when::latest(history.day(date)?) else { continue };
        let mut manifest = None;
        if back <= i64::from(over_days) {
            match over_day(archive, line, &names) {
                Ok((read, over)) => {
                    past.over.push(over);
                    manifest = Some(read);
                }
                Err(error) => past.damaged.push(format!(
                    "{date} is left out of the metrics that are taken over several days: {error}"
                )),
            }
        }
        if back < i64::from(RECENT_DAYS) {
            let opened = Opened { archive, line, manifest };
            past.earlier.days.insert(date, opened.day(fingerprint, back, &dimensions));
        }
    }
    past.over.reverse();
    Ok(past)
}

/// A frozen day for metrics over several days.
fn over_day(
    archive: &Archive,
    line: &SnapshotLine,
    names: &[&str],
) -> Result<(Manifest, PastDay), ArchiveError> {
    let manifest = archive.manifest(line)?;
    let (metrics, thinned) = match archive.chosen_metrics(&manifest, names) {
        Ok(metrics) => (metrics.into_iter().collect(), false),
        Err(ArchiveError::Pruned { .. }) => (BTreeMap::new(), true),
        Err(error) => return Err(error),
    };
    let over = PastDay { day: line.date, definitions: manifest.definitions.clone(), metrics, thinned };
    Ok((manifest, over))
}

/// The last frozen day before a day.
fn previous(history: &History, day: Day) -> Option<PreviousDoc> {
    let before = history.days().rev().filter(|(date, _)| *date < day);
    let mut latest = before.filter_map(|(date, editions)| Some((date, when::latest(editions)?)));
    latest.next().map(|(date, line)| PreviousDoc { date, edition: line.edition })
}

/// A frozen day that is opened no further than needed.
struct Opened<'a> {
    archive: &'a Archive,
    line: &'a SnapshotLine,
    manifest: Option<Manifest>,
}

impl Opened<'_> {
    fn day(mut self, now: Fingerprint, back: i64, dimensions: &[&str]) -> EarlierDay {
        let made_by = if self.line.definitions == now {
            MadeBy::TheSame
        } else {
            self.manifest().map_or(MadeBy::Unknown, |manifest| MadeBy::Others(manifest.definitions.clone()))
        };
        let Ok(values) = self.line.headline() else {
            let (values, levels) = Default::default();
            return EarlierDay { edition: self.line.edition, made_by: MadeBy::Unknown, values, levels };
        };
        // Its numbers are opened for their levels, and for why one of them is unknown.
        let wanted = back == WEEK || back == 1 && values.values().any(Option::is_none);
        let archive = self.archive;
        let levels = if wanted { self.manifest() } else { None };
        let dimensions = if back == WEEK { dimensions } else { &[] };
        let levels = levels.and_then(|manifest| archive.levels(manifest, dimensions).ok());
        EarlierDay { edition: self.line.edition, made_by, values, levels: levels.unwrap_or_default() }
    }

    fn manifest(&mut self) -> Option<&Manifest> {
        if self.manifest.is_none() {
            self.manifest = self.archive.manifest(self.line).ok();
        }
        self.manifest.as_ref()
    }
}
