//! Making a demo: its folder, its source, and what asof froze of it.

mod accounts;
mod call_centre;
mod leads;
mod looking;
mod videos;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use chrono::{DateTime, NaiveDateTime, Utc};
use chrono_tz::Tz;

use super::backfill::BackfillError;
use super::entities::look::EntityError;
use super::save::SaveError;
use super::worklist::WorklistError;
use crate::archive::ArchiveError;
use crate::calendar::{Overlap, first_instant_of};
use crate::config::Problems;
use crate::model::Day;

pub use accounts::{AccountHealth, rehearse_accounts};
pub use call_centre::{CallCentre, rehearse};
pub use leads::{LeadTeam, rehearse_leads};
pub use videos::{VideoGrowth, rehearse_videos};

/// The name of a demo's configuration in its folder.
const CONFIG: &str = "asof.toml";

/// Why a demo could not be made.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// Something is there.
    #[error("{} is there already and is not empty", dir.display())]
    NotEmpty {
        /// The folder.
        dir: PathBuf,
    },
    /// A file can't be written.
    #[error("{} can't be written: {error}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The database can't be written.
    #[error("the demo's database can't be written")]
    Database(#[from] rusqlite::Error),
    /// Its configuration has problems, which no demo should have.
    #[error(transparent)]
    Config(#[from] Problems),
    /// A night's save failed.
    #[error(transparent)]
    Save(#[from] SaveError),
    /// A night's look failed.
    #[error(transparent)]
    Look(#[from] EntityError),
    /// Its backfill can't begin.
    #[error(transparent)]
    Backfill(#[from] BackfillError),
    /// A day of it could not be frozen, which happens to no demo.
    #[error("{day} could not be frozen: {why}")]
    Day {
        /// The day.
        day: Day,
        /// Why, as a sentence.
        why: String,
    },
    /// Its worklist can't be made.
    #[error(transparent)]
    Worklist(#[from] WorklistError),
    /// The archive can't be made.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// A demo's clock names no instant.
    #[error("{local} is no time in {zone}")]
    Clock {
        /// The local time.
        local: NaiveDateTime,
        /// The zone.
        zone: &'static str,
    },
}

impl DemoError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NotEmpty { .. } => Some("name another folder: asof demo DIR".to_owned()),
            Self::Save(error) => error.hint(),
            Self::Look(error) => error.hint(),
            Self::Archive(error) => error.hint(),
            Self::Io { .. }
            | Self::Database(_)
            | Self::Config(_)
            | Self::Backfill(_)
            | Self::Worklist(_)
            | Self::Day { .. }
            | Self::Clock { .. } => None,
        }
    }
}

fn io(path: &Path) -> impl FnOnce(io::Error) -> DemoError {
    let path = path.to_owned();
    move |error| DemoError::Io { path, error }
}

/// Makes the folder, which must not exist yet or be empty, and writes the configuration into it; gives its path.
fn begin(dir: &Path, config: &str) -> Result<PathBuf, DemoError> {
    fs::create_dir_all(dir).map_err(io(dir))?;
    if fs::read_dir(dir).map_err(io(dir))?.next().is_some() {
        return Err(DemoError::NotEmpty { dir: dir.to_owned() });
    }
    let path = dir.join(CONFIG);
    fs::write(&path, config).map_err(io(&path))?;
    Ok(path)
}

fn instant(zone: Tz, local: NaiveDateTime) -> Result<DateTime<Utc>, DemoError> {
    first_instant_of(zone, local, Overlap::Earlier).ok_or(DemoError::Clock { local, zone: zone.name() })
}
