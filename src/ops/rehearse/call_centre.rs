//! Playing the call centre: each night's rows arrive, and `save` runs with that night's clock.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection;

use super::{DemoError, begin, instant};
use crate::archive::{Archive, ArchiveId};
use crate::calendar::DayName;
use crate::config::Config;
use crate::model::Progress;
use crate::ops::decide::Wish;
use crate::ops::demo::call_centre::{self as demo, DemoData, store};
use crate::ops::save::{SaveOutcome, SaveRequest, save};

/// The id of this demo's archive, so that a demo is the same byte for byte.
const ARCHIVE_ID: &str = "a50fa50f-0000-4000-8000-000000000001";
/// The name of the demo's database in its folder.
const DATABASE: &str = "calls.db";

/// A call centre that was made.
#[derive(Clone, Debug)]
pub struct CallCentre {
    /// Its folder.
    pub dir: PathBuf,
    /// How many calls the source has.
    pub calls: u64,
    /// How many days it covers.
    pub days: usize,
    /// How many editions were frozen.
    pub editions: usize,
}

/// Makes the demo in a folder that does not exist yet or is empty.
///
/// # Errors
/// When something is there, or can't be written.
pub async fn rehearse(dir: &Path, progress: &dyn Progress) -> Result<CallCentre, DemoError> {
    let config_path = begin(dir, demo::CONFIG)?;
    let config = Config::parse(demo::CONFIG, &config_path)?;
    let mut database = Connection::open(dir.join(DATABASE))?;
    store::create(&mut database)?;

    let nights = demo::nights();
    let mut made = CallCentre { dir: dir.to_owned(), calls: 0, days: nights.len(), editions: 0 };
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
            let outcome = save(&config, &request, &|_| None, &|| now, progress).await?.outcome?;
            made.editions += usize::from(matches!(outcome, SaveOutcome::Frozen(_)));
        }
    }
    made.calls =
        database.query_row("select count(*) from calls", [], |row| row.get::<_, i64>(0))?.unsigned_abs();
    Ok(made)
}
