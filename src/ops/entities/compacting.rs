//! Captures of days that have ended, put together in one file for each day.

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::archive::{Archive, ArchiveError};
use crate::calendar::Calendar;
use crate::config::Config;

/// Puts the captures of all days together that have ended. What was begun and not finished is finished.
///
/// # Errors
/// When a file of captures is damaged, the lock stays taken, or the disk refuses. Nothing is lost then.
pub fn compact_ended(config: &Config, wait: Duration, now: DateTime<Utc>) -> Result<(), ArchiveError> {
    // Beyond the calendar no day has ended.
    let Some(today) = Calendar::new(config.calendar).day_of(now) else { return Ok(()) };
    let archive = Archive::open(&config.archive.dir)?;
    for (entity, looks) in archive.looks(None)? {
        for day in archive.to_compact(&entity, &looks, today, now) {
            archive.compact_captures(&entity, day, wait, now)?;
        }
    }
    Ok(())
}
