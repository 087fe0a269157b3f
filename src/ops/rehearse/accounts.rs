//! Playing the accounts: what happens in each day, the captures of its events, and each night's look.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use rusqlite::Connection;

use super::looking::{Watched, looked, request};
use super::{DemoError, begin, instant};
use crate::archive::{Archive, ArchiveId};
use crate::config::Config;
use crate::model::Progress;
use crate::model::entity::CaptureType;
use crate::ops::demo::accounts::{self as demo, Step, store};
use crate::ops::entities::capture::{CaptureRequest, capture};

/// The id of this demo's archive, so that a demo is the same byte for byte.
const ARCHIVE_ID: &str = "a50fa50f-0000-4000-8000-000000000007";
/// The name of the demo's database in its folder.
const DATABASE: &str = "accounts.db";

/// Accounts that were made.
#[derive(Clone, Debug)]
pub struct AccountHealth {
    /// Their folder.
    pub dir: PathBuf,
    /// How many there are on the last day.
    pub accounts: u64,
    /// How many days it covers.
    pub days: usize,
    /// How many of them were looked at.
    pub looks: usize,
    /// How many rows events captured.
    pub captured: usize,
    /// How many rows they did not, since the account had just been seen.
    pub skipped: usize,
}

/// Makes the demo in a folder that does not exist yet or is empty.
///
/// # Errors
/// When something is there, or can't be written.
pub async fn rehearse_accounts(dir: &Path, progress: &dyn Progress) -> Result<AccountHealth, DemoError> {
    let text = demo::config();
    let config_path = begin(dir, &text)?;
    let config = Config::parse(&text, &config_path)?;
    let mut database = Connection::open(dir.join(DATABASE))?;
    store::create(&mut database, &demo::before())?;
    let nights = demo::nights();
    let mut made = AccountHealth {
        dir: dir.to_owned(),
        accounts: 0,
        days: nights.len(),
        looks: 0,
        captured: 0,
        skipped: 0,
    };
    for night in &nights {
        progress.step(&format!("{} and its night", night.day));
        for step in &night.steps {
            store::play(&mut database, step)?;
            let now = instant(config.calendar.time_zone, step.at)?;
            // The first step makes the archive, under its fixed id.
            Archive::open_or_create(&config.archive.dir, ARCHIVE_ID.parse::<ArchiveId>().ok(), now)?;
            let (captured, of) = happened(&config, step, now, progress).await?;
            made.captured += captured;
            made.skipped += of - captured;
        }
        if let Some(run) = night.run {
            let now = instant(config.calendar.time_zone, run)?;
            let seen = looked(&Watched { config: &config, day: night.day, now }, progress).await?;
            made.looks += usize::from(seen);
        }
    }
    let count = database.query_row("select count(*) from accounts", [], |row| row.get::<_, i64>(0))?;
    made.accounts = count.unsigned_abs();
    Ok(made)
}

/// Captures the accounts that a step's event tells of; gives how many rows were kept, and of how many.
async fn happened(
    config: &Config,
    step: &Step,
    now: DateTime<Utc>,
    progress: &dyn Progress,
) -> Result<(usize, usize), DemoError> {
    let Some((event, keys)) = &step.event else { return Ok((0, 0)) };
    let Some((name, entity)) = config.entities.first() else { return Ok((0, 0)) };
    let asked = CaptureRequest {
        keys: Some(keys.iter().map(i64::to_string).collect()),
        trigger: Some(event.to_lowercase()),
        occurred_at: Some(now),
        ..CaptureRequest::of(entity.on.get(*event).copied().unwrap_or(CaptureType::EventDriven))
    };
    let clock = || now;
    let outcome = capture(config, name, entity, &asked, &request(&clock), progress).await?;
    Ok((outcome.kept(), outcome.len()))
}
