//! The frozen days that metrics over several days need.

use crate::archive::{Archive, ArchiveError, History};
use crate::metrics::over::{self, PastDay};
use crate::model::{Day, Definitions};

/// The days before `day` that its metrics are taken over, the latest edition of each, as far
/// as they are frozen.
///
/// # Errors
/// When one of them is damaged.
pub fn load(
    archive: &Archive,
    history: &History,
    definitions: &Definitions,
    day: Day,
) -> Result<Vec<PastDay>, ArchiveError> {
    let (names, days) = over::needed(definitions);
    let names: Vec<&str> = names.into_iter().collect();
    let mut past = Vec::new();
    for back in 1..=i64::from(days) {
        let Some(earlier) = day.checked_add(-back) else { break };
        let Some(latest) = history.day(earlier)?.iter().rfind(|frozen| frozen.present) else { continue };
        let manifest = archive.manifest(&latest.line)?;
        let metrics = archive.chosen_metrics(&manifest, &names)?.into_iter().collect();
        past.push(PastDay { day: earlier, definitions: manifest.definitions, metrics });
    }
    past.reverse();
    Ok(past)
}
