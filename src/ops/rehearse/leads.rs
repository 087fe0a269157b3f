//! Freezing the lead team's history: all of it is there, and one backfill reads it.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, Utc};
use rusqlite::Connection;

use super::{DemoError, begin, instant, io};
use crate::archive::{Archive, ArchiveId};
use crate::calendar::DayName;
use crate::config::Config;
use crate::model::{Day, Progress};
use crate::ops::decide::Wish;
use crate::ops::demo::leads::{self as demo, Leads, store};
use crate::ops::save::{SaveOutcome, SaveRequest, save};

/// The id of this demo's archive, so that a demo is the same byte for byte.
const ARCHIVE_ID: &str = "a50fa50f-0000-4000-8000-000000000004";
/// Its hash key, for the same reason. It hides nobody: the phones are made up.
const HASH_KEY: &str = "a50fa50f00004000800000000000feed\n";
/// The name of the demo's database in its folder.
const DATABASE: &str = "leads.db";

/// A lead team that was made.
#[derive(Clone, Debug)]
pub struct LeadTeam {
    /// Its folder.
    pub dir: PathBuf,
    /// How many calls the source has.
    pub calls: u64,
    /// How many days it covers.
    pub days: usize,
    /// How many of them were frozen.
    pub saved: usize,
}

/// Makes the demo in a folder that does not exist yet or is empty.
///
/// # Errors
/// When something is there, or can't be written.
pub async fn rehearse_leads(dir: &Path, progress: &dyn Progress) -> Result<LeadTeam, DemoError> {
    let text = demo::config();
    let config_path = begin(dir, &text)?;
    let config = Config::parse(&text, &config_path)?;
    let leads = Leads::make();
    store::fill(&mut Connection::open(dir.join(DATABASE))?, &leads)?;
    write_key(&dir.join("asof.key")).map_err(io(&dir.join("asof.key")))?;

    let (date, hour) = demo::MORNING;
    let morning = date.and_hms_opt(hour, 0, 0).unwrap_or_default();
    let now = instant(config.calendar.time_zone, morning)?;
    Archive::open_or_create(&config.archive.dir, ARCHIVE_ID.parse::<ArchiveId>().ok(), now)?;
    let days: Vec<Day> = demo::days().collect();
    let calls = u64::try_from(leads.calls.len()).unwrap_or(u64::MAX);
    let saved = freeze(&config, &days, now, progress).await?;
    Ok(LeadTeam { dir: dir.to_owned(), calls, days: days.len(), saved })
}

/// Writes the hash key where only its owner can read it.
fn write_key(path: &Path) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(HASH_KEY.as_bytes())
}

/// Freezes all days; gives how many.
async fn freeze(
    config: &Config,
    days: &[Day],
    now: DateTime<Utc>,
    progress: &dyn Progress,
) -> Result<usize, DemoError> {
    let mut saved = 0;
    for day in days {
        progress.step(&day.to_string());
        let request = SaveRequest {
            day: DayName::Date(*day),
            wish: Wish { provisional: false, restate: None },
            retry_for: Duration::ZERO,
            wait: Duration::from_mins(1),
        };
        let outcome = save(config, &request, &|_| None, &|| now, progress).await?;
        saved += usize::from(matches!(outcome, SaveOutcome::Frozen(_)));
    }
    Ok(saved)
}
