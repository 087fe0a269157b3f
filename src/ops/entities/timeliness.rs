//! How late the archive came to know things: after a day's end, and after what caused a capture.

use chrono::{DateTime, TimeDelta, Utc};

use super::fits::is_of;
use super::rows::{KeptRow, Rows};
use crate::archive::{Archive, ArchiveError, History, Looks};
use crate::calendar::Calendar;
use crate::config::serve::Only;
use crate::model::{Day, Edition};

/// How long after what happened a capture is still in time.
pub const IN_TIME: TimeDelta = TimeDelta::minutes(5);

/// A reading of a day, and how long after its end it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved {
    /// The day.
    pub day: Day,
    /// Which edition, of a frozen day; `None` of a look at entities.
    pub edition: Option<Edition>,
    /// When the source was read.
    pub at: DateTime<Utc>,
    /// How long that was after the day's end; negative before it.
    pub lag: TimeDelta,
}

/// A capture that was caused by something, and how long after that it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caused {
    /// The row.
    pub kept: KeptRow,
    /// When that happened which caused it.
    pub occurred_at: DateTime<Utc>,
    /// How long after that it was captured; negative where it was said to happen later.
    pub lag: TimeDelta,
}

impl Caused {
    /// Whether it came too late.
    pub fn is_late(&self) -> bool {
        self.lag > IN_TIME
    }
}

/// The first edition of each frozen day of a span.
pub fn saves(history: &History, calendar: &Calendar, (from, to): (Day, Day)) -> Vec<Saved> {
    let days = history.days().filter(|(day, _)| (from..=to).contains(day));
    let first = days.filter_map(|(day, editions)| {
        let line = &editions.first()?.line;
        saved(calendar, day, line.captured_at, Some(line.edition))
    });
    first.collect()
}

/// The looks of a span.
pub fn looks(looks: &Looks, calendar: &Calendar, (from, to): (Day, Day)) -> Vec<Saved> {
    let of_span = looks.looks.range(from..=to);
    of_span.filter_map(|(day, line)| saved(calendar, *day, line.doc.captured_at, None)).collect()
}

fn saved(calendar: &Calendar, day: Day, at: DateTime<Utc>, edition: Option<Edition>) -> Option<Saved> {
    let end = calendar.window(day).ok()?.end;
    Some(Saved { day, edition, at, lag: at.signed_duration_since(end) })
}

/// The captures of a span that were caused by something whose time is known, oldest first.
///
/// # Errors
/// When the archive can't be read.
pub fn caused(
    (archive, name, looks): (&Archive, &str, &Looks),
    only: Option<&Only>,
    (from, to): (Day, Day),
) -> Result<Vec<Caused>, ArchiveError> {
    let rows = Rows::new(archive, name, looks)?;
    let mut all = Vec::new();
    for day in looks.capture_days().into_iter().filter(|day| (from..=to).contains(day)) {
        let own = rows.captures(day)?.into_iter().filter(|kept| is_of(only, &kept.row));
        all.extend(own.filter_map(|kept| {
            let occurred_at = kept.capture.as_ref()?.occurred_at?;
            let lag = kept.at.signed_duration_since(occurred_at);
            Some(Caused { kept, occurred_at, lag })
        }));
    }
    all.sort_by(|one, other| {
        one.kept.at.cmp(&other.kept.at).then_with(|| one.kept.row.key.cmp(&other.kept.row.key))
    });
    Ok(all)
}
