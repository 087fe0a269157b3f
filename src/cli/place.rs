//! Which archive a command reads: that of the configuration, or one that is named and needs none.

use std::path::PathBuf;

use chrono::{DateTime, TimeDelta, Utc};

use super::context::Context;
use super::failure::Failure;
use crate::archive::{Archive, History};
use crate::calendar::{Calendar, DayName};
use crate::config::{CalendarSettings, Config};
use crate::model::Day;
use crate::ops::save::day_of;
use crate::ops::when;

/// Which archive is read.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Place {
    /// Read the archive in this folder; no configuration is needed then
    #[arg(long, value_name = "DIR")]
    archive: Option<PathBuf>,
}

/// An archive that was opened for reading.
pub struct Opened {
    /// The archive.
    pub archive: Archive,
    /// What it holds.
    pub history: History,
    /// The configuration; `None` when the archive was named.
    pub config: Option<Config>,
    /// The day in which now lies, in the zone of the configuration or else of the newest frozen day.
    pub today: Day,
}

impl Place {
    /// The archive's folder; the configuration is only read when none is named.
    ///
    /// # Errors
    /// When the configuration is needed and has problems.
    pub fn dir(&self, context: &Context<'_>) -> Result<PathBuf, Failure> {
        match &self.archive {
            Some(dir) => Ok(dir.clone()),
            None => Ok(context.config()?.archive.dir),
        }
    }

    /// Opens the archive; with `as_of`, as it was then.
    ///
    /// # Errors
    /// When there is none or it can't be read, and when the configuration is needed and has problems.
    pub fn open(&self, context: &Context<'_>, as_of: Option<DateTime<Utc>>) -> Result<Opened, Failure> {
        let (dir, config) = match &self.archive {
            Some(dir) => (dir.clone(), None),
            None => {
                let config = context.config()?;
                (config.archive.dir.clone(), Some(config))
            }
        };
        let archive = Archive::open(&dir)?;
        let history = archive.history_as_of(as_of)?;
        let today = match &config {
            Some(config) => context.today(config)?,
            None => day_of(&calendar(&archive, &history), DayName::DaysAgo(0), &|| context.now())?,
        };
        Ok(Opened { archive, history, config, today })
    }
}

/// The calendar of the newest frozen day; that of UTC where no day tells.
fn calendar(archive: &Archive, history: &History) -> Calendar {
    let mut newest = history.days().rev().filter_map(|(_, editions)| when::latest(editions));
    let settings = newest.next().and_then(|line| {
        let definitions = archive.definitions(line.definitions).ok()?;
        CalendarSettings::of(&definitions.calendar, TimeDelta::zero())
    });
    Calendar::new(settings.unwrap_or(CalendarSettings {
        time_zone: chrono_tz::UTC,
        day_starts_at: chrono::NaiveTime::MIN,
        final_after: TimeDelta::zero(),
    }))
}
