//! Playing the demo: each night's rows arrive, and `save` runs with that night's clock.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, NaiveDateTime, Utc};
use chrono_tz::Tz;
use rusqlite::Connection;

use super::decide::Wish;
use super::demo::{self, DemoData, store};
use super::save::{SaveError, SaveOutcome, SaveRequest, save};
use crate::archive::{Archive, ArchiveError, ArchiveId};
use crate::calendar::{DayName, Overlap, first_instant_of};
use crate::config::{Config, Problems};
use crate::model::Progress;

/// The id of every demo's archive, so that a demo is the same byte for byte.
const ARCHIVE_ID: &str = "a50fa50f-0000-4000-8000-000000000001";
/// The name of the demo's database in its folder.
const DATABASE: &str = "calls.db";
/// The name of its configuration.
const CONFIG: &str = "asof.toml";

/// A demo that was made.
#[derive(Clone, Debug)]
pub struct Demo {
    /// Its folder.
    pub dir: PathBuf,
    /// How many calls the source has.
    pub calls: u64,
    /// How many days it covers.
    pub days: usize,
    /// How many editions were frozen.
    pub editions: usize,
}

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
    /// The archive can't be made.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// A night's clock names no instant.
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
            Self::Archive(error) => error.hint(),
            Self::Io { .. } | Self::Database(_) | Self::Config(_) | Self::Clock { .. } => None,
        }
    }
}

/// Makes the demo in a folder that does not exist yet or is empty.
///
/// # Errors
/// When something is there, or can't be written.
pub async fn rehearse(dir: &Path, progress: &dyn Progress) -> Result<Demo, DemoError> {
    let io = |path: &Path| {
        let path = path.to_owned();
        move |error| DemoError::Io { path, error }
    };
    fs::create_dir_all(dir).map_err(io(dir))?;
    if fs::read_dir(dir).map_err(io(dir))?.next().is_some() {
        return Err(DemoError::NotEmpty { dir: dir.to_owned() });
    }
    let config_path = dir.join(CONFIG);
    fs::write(&config_path, demo::CONFIG).map_err(io(&config_path))?;
    let config = Config::parse(demo::CONFIG, &config_path)?;
    let mut database = Connection::open(dir.join(DATABASE))?;
    store::create(&mut database)?;

    let nights = demo::nights();
    let mut made = Demo { dir: dir.to_owned(), calls: 0, days: nights.len(), editions: 0 };
    for night in &nights {
        progress.step(&format!("the night after {}", night.day));
        store::play(&mut database, &DemoData::rows_of(night.day), &DemoData::late_changes(night.day))?;
        for run in &night.runs {
            let now = instant(config.calendar.time_zone, run.at)?;
            // The first night makes the archive, under its fixed id.
            Archive::open_or_create(&config.archive.dir, ARCHIVE_ID.parse::<ArchiveId>().ok(), now)?;
            let request = SaveRequest {
                day: DayName::Date(run.day),
                wish: Wish { provisional: false, restate: run.restate.map(str::to_owned) },
                retry_for: Duration::ZERO,
                wait: Duration::from_mins(1),
            };
            let outcome = save(&config, &request, &|_| None, &|| now, progress).await?;
            made.editions += usize::from(matches!(outcome, SaveOutcome::Frozen(_)));
        }
    }
    made.calls =
        database.query_row("select count(*) from calls", [], |row| row.get::<_, i64>(0))?.unsigned_abs();
    Ok(made)
}

fn instant(zone: Tz, local: NaiveDateTime) -> Result<DateTime<Utc>, DemoError> {
    first_instant_of(zone, local, Overlap::Earlier).ok_or(DemoError::Clock { local, zone: zone.name() })
}
