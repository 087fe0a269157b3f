//! Archives that are kept open, and read again once something was added. One that is gone is looked for again at
//! every request, so it is there again as soon as its folder is.

use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, Utc};

use super::problem::Problem;
use crate::archive::{Archive, ArchiveError, History, Looks};
use crate::calendar::{Calendar, DayName, Moment};
use crate::config::Config;
use crate::config::serve::Only;
use crate::model::{Day, Digest};
use crate::ops::entities::history::{Histories, Subject};
use crate::ops::save::day_of;

/// An archive that is kept open.
pub struct Held {
    config: Arc<Config>,
    opened: Mutex<Option<(Stamp, Arc<Opened>)>>,
}

/// An archive as it was when it was last read.
pub struct Opened {
    /// The archive.
    pub archive: Archive,
    /// What it holds.
    pub history: History,
    /// What it holds of entities, by name; nothing where the ledger is damaged.
    pub looks: BTreeMap<String, Looks>,
    /// The configuration.
    pub config: Arc<Config>,
    /// Its calendar.
    pub calendar: Calendar,
    /// What tells this state of the archive from all others.
    pub state: Digest,
}

/// By what it is seen that something changed: the ledger, and the folder with the days.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Stamp([(u64, u64, i64, i64); 3]);

impl Held {
    /// The archive of a configuration; it is not opened yet.
    pub fn new(config: Config) -> Self {
        Self { config: Arc::new(config), opened: Mutex::default() }
    }

    /// The configuration.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The archive as it is now. It is read only when something changed since.
    ///
    /// # Errors
    /// When it is not there or can't be read.
    pub fn open(&self) -> Result<Arc<Opened>, ArchiveError> {
        let mut held = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        // The stamp is taken first: what is added while it is read is seen the next time.
        let stamp = self.stamp();
        if let (Ok(stamp), Some((before, opened))) = (&stamp, held.as_ref())
            && stamp == before
        {
            return Ok(Arc::clone(opened));
        }
        *held = None;
        let archive = Archive::open(&self.config.archive.dir)?;
        let history = archive.history()?;
        // Of a ledger with damaged lines nothing is certain, and the findings tell of them.
        let looks = if history.damaged().is_empty() { archive.looks(None)? } else { BTreeMap::new() };
        let calendar = Calendar::new(self.config.calendar);
        let state = match &stamp {
            Ok(stamp) => Digest::of(format!("{} {:?}", archive.id(), stamp.0).as_bytes()),
            Err(_) => Digest::of(archive.id().to_string().as_bytes()),
        };
        let config = Arc::clone(&self.config);
        let opened = Arc::new(Opened { archive, history, looks, config, calendar, state });
        if let Ok(stamp) = stamp {
            *held = Some((stamp, Arc::clone(&opened)));
        }
        Ok(opened)
    }

    fn stamp(&self) -> io::Result<Stamp> {
        let dir = &self.config.archive.dir;
        let of = |meta: Metadata| (meta.ino(), meta.len(), meta.mtime(), meta.mtime_nsec());
        let folder = of(fs::metadata(dir)?);
        let [archive, ledger] = [dir.join("archive.json"), dir.join("ledger.jsonl")].map(fs::metadata);
        Ok(Stamp([folder, of(archive?), of(ledger?)]))
    }
}

impl Opened {
    /// Histories of entities; with `only`, as if there were no other rows.
    pub fn histories<'a>(
        &'a self,
        looks: &'a Looks,
        subject: &'a Subject,
        only: Option<&'a Only>,
    ) -> Histories<'a> {
        Histories { archive: &self.archive, looks, subject, calendar: self.calendar, only }
    }

    /// The day in which now lies.
    ///
    /// # Errors
    /// Beyond the ends of the calendar.
    pub fn today(&self, now: DateTime<Utc>) -> Result<Day, Problem> {
        day_of(&self.calendar, DayName::DaysAgo(0), &|| now)
            .map_err(|error| Problem::mistake(error.to_string()).maybe_hint(error.hint()))
    }

    /// A day as it was named.
    ///
    /// # Errors
    /// When it lies before the calendar begins.
    pub fn day(&self, name: DayName, now: DateTime<Utc>) -> Result<Day, Problem> {
        name.resolve(self.today(now)?).ok_or_else(|| {
            Problem::bad(format!("{name} lies before the calendar begins")).hint("name a later day")
        })
    }

    /// What it held at a moment.
    ///
    /// # Errors
    /// When the archive had not begun by then, or can't be read.
    pub fn as_of(&self, then: Moment) -> Result<History, Problem> {
        let at = self.at(then)?;
        let lines = self.history.days().flat_map(|(_, editions)| editions).map(|frozen| frozen.line.at);
        if let Some(first) = lines.min().filter(|first| at < *first) {
            let (at, first) = (Moment::told(at, &self.calendar), Moment::told(first, &self.calendar));
            let detail = format!("at {at} nothing was frozen yet: the archive begins at {first}");
            return Err(Problem::not_found("no-such-day", detail).hint("name a later time"));
        }
        Ok(self.archive.history_as_of(Some(at))?)
    }

    /// What it held of entities at a moment, by their name.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn looks_as_of(&self, then: Moment) -> Result<BTreeMap<String, Looks>, Problem> {
        Ok(self.archive.looks(Some(self.at(then)?))?)
    }

    fn at(&self, then: Moment) -> Result<DateTime<Utc>, Problem> {
        then.resolve(&self.calendar).ok_or_else(|| {
            Problem::bad(format!("{then} lies beyond the ends of the calendar"))
                .hint("name a time within the years 1 to 9999")
        })
    }

    /// The key of an answer that follows from this state of the archive, from a question and from what day it is.
    pub fn key(&self, question: &str, today: Day) -> Digest {
        Digest::of(format!("{} {today} {question}", self.state).as_bytes())
    }
}
