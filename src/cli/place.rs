//! Which archive a command reads: that of the configuration, or one that is named and needs none.

use std::path::PathBuf;

use chrono::{DateTime, TimeDelta, Utc};

use super::context::Context;
use super::exit;
use super::failure::Failure;
use crate::archive::{Archive, ArchiveError, History, Looks};
use crate::calendar::{Calendar, DayName, Moment};
use crate::config::{CalendarSettings, Config};
use crate::model::Day;
use crate::ops::entities::history::{Histories, Subject};
use crate::ops::index;
use crate::ops::save::day_of;
use crate::ops::when;
use crate::view::Origin;

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
    /// The calendar of the configuration, or else of the newest frozen day.
    pub calendar: Calendar,
    /// The moment as of which it is read; `None` for now.
    pub as_of: Option<DateTime<Utc>>,
}

impl Opened {
    /// Histories of entities.
    pub fn histories<'a>(&'a self, looks: &'a Looks, subject: &'a Subject) -> Histories<'a> {
        Histories { archive: &self.archive, looks, subject, calendar: self.calendar, only: None }
    }

    /// Where a page that is made of it comes from.
    pub fn origin(&self, context: &Context<'_>) -> Origin {
        Origin {
            title: self.config.as_ref().map(index::title).unwrap_or_default(),
            archive: self.archive.id().to_string(),
            made_at: context.now(),
            as_of: self.as_of,
            zone: self.calendar.zone().name().to_owned(),
        }
    }
}

impl Place {
    /// Whether an archive was named.
    pub fn is_named(&self) -> bool {
        self.archive.is_some()
    }

    /// The archive's folder; the configuration is only read when none is named.
    ///
    /// # Errors
    /// When the configuration is needed and has problems.
    pub fn dir(&self, context: &Context<'_>) -> Result<PathBuf, Failure> {
        match self.named(context)? {
            Some(dir) => match Archive::open(dir) {
                Err(error @ ArchiveError::Missing { .. }) => Err(self.failed(error)),
                _ => Ok(dir.clone()),
            },
            None => Ok(context.config()?.archive.dir),
        }
    }

    /// An archive that is not there: where it was named, the configuration is not to blame.
    fn failed(&self, error: ArchiveError) -> Failure {
        let absent = matches!(error, ArchiveError::Missing { .. } | ArchiveError::NotAnArchive { .. });
        let failure = Failure::from(error);
        let hint = "name the folder in which archive.json is with --archive";
        let hint = if absent && self.archive.is_some() { Some(hint.to_owned()) } else { failure.hint };
        Failure { hint, ..failure }
    }

    /// The archive's folder, if it was named; then no tenant can be named too.
    fn named(&self, context: &Context<'_>) -> Result<Option<&PathBuf>, Failure> {
        if self.archive.is_some() && context.tenant().is_some() {
            let message = "--archive and --tenant both say which archive is read".to_owned();
            return Err(Failure::said(exit::USAGE, message, Some("leave one of them out".to_owned())));
        }
        Ok(self.archive.as_ref())
    }

    /// Opens the archive; with a moment, as it was then. A local time is one of the archive's calendar.
    ///
    /// # Errors
    /// When there is none or it can't be read, when the configuration is needed and has problems, and when the
    /// archive had not begun by then.
    pub fn open(&self, context: &Context<'_>, then: Option<Moment>) -> Result<Opened, Failure> {
        let (dir, config) = if let Some(dir) = self.named(context)? {
            (dir.clone(), None)
        } else {
            let config = context.config()?;
            (config.archive.dir.clone(), Some(config))
        };
        let archive = Archive::open(&dir).map_err(|error| self.failed(error))?;
        let mut history = archive.history()?;
        let calendar = match &config {
            Some(config) => Calendar::new(config.calendar),
            None => newest_calendar(&archive, &history),
        };
        let today = day_of(&calendar, DayName::DaysAgo(0), &|| context.now())?;
        let as_of = then.map(|then| instant(then, &calendar)).transpose()?;
        if let Some(as_of) = as_of {
            history = past(&archive, &history, as_of, &calendar)?;
        }
        Ok(Opened { archive, history, config, today, calendar, as_of })
    }
}

/// A moment as it was named, in the archive's calendar.
///
/// # Errors
/// When it lies beyond the calendar.
pub(super) fn instant(then: Moment, calendar: &Calendar) -> Result<DateTime<Utc>, Failure> {
    then.resolve(calendar).ok_or_else(|| {
        let hint = Some("name a time within the years 1 to 9999".to_owned());
        Failure::said(exit::USAGE, format!("{then} lies beyond the ends of the calendar"), hint)
    })
}

/// What the archive held at a moment.
fn past(
    archive: &Archive,
    now: &History,
    as_of: DateTime<Utc>,
    calendar: &Calendar,
) -> Result<History, Failure> {
    let lines = now.days().flat_map(|(_, editions)| editions).map(|frozen| frozen.line.at);
    if let Some(first) = lines.min().filter(|first| as_of < *first) {
        let (as_of, first) = (Moment::told(as_of, calendar), Moment::told(first, calendar));
        let message = format!("at {as_of} nothing was frozen yet: the archive begins at {first}");
        return Err(Failure::said(exit::FAILED, message, Some("name a later time".to_owned())));
    }
    Ok(archive.history_as_of(Some(as_of))?)
}

/// The calendar of the newest frozen day; that of UTC where no day tells.
fn newest_calendar(archive: &Archive, history: &History) -> Calendar {
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
