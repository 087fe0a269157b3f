//! Forty days of made-up videos: counters that only ever tell today's total, and when asof looked at them.
//!
//! Most videos grow; some are new, two are taken down, one hides its comments, one spreads for a week, and an
//! audit takes views away from one user. In one night nothing ran, and in another it ran too late.

mod grow;
pub mod store;
#[cfg(test)]
mod tests;

use chrono::{Days, NaiveDate, NaiveDateTime};

use super::date;
use crate::model::Day;

/// The first day, a Monday.
pub const FIRST: NaiveDate = date(2025, 10, 6);
/// The last day, a Friday: 40 days in all.
pub const LAST: NaiveDate = date(2025, 11, 14);
/// The day on whose night nothing ran.
pub const MISSED: NaiveDate = date(2025, 10, 18);
/// The day that was looked at when it was too late for it.
pub const LATE: NaiveDate = date(2025, 11, 6);
/// The day on which an audit took views away from [`AUDITED`].
pub const AUDIT: NaiveDate = date(2025, 10, 29);
/// The user whose views the audit found to be bought.
pub const AUDITED: i64 = 8;
/// The IANA name of the zone that all times are in. Its clocks go back on 2025-11-02.
pub const TIME_ZONE: &str = "America/Chicago";

/// The configuration for videos, of which the demo's is one for a database of its own.
const PRESET: &str = include_str!("../../../../presets/video-growth.toml");
/// What the demo's begins with, instead of what the preset begins with.
const HEADER: &str = "\
# The demo's videos: made up, in videos.db, beside this file.
# Change what you like, then run `asof check`. `asof init --preset video-growth` writes the
# same for a database of your own.
";

/// A video, as a row of `videos`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Video {
    /// Its key.
    pub id: i64,
    /// Whose it is.
    pub user: i64,
    /// Its title.
    pub title: &'static str,
    /// How often it was viewed so far.
    pub views: i64,
    /// How many like it.
    pub likes: i64,
    /// How many comments it has; `None` where they are hidden.
    pub comments: Option<i64>,
    /// How often it was shared.
    pub shares: i64,
}

/// The end of one day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Night {
    /// The day that has just ended.
    pub day: Day,
    /// All videos there are then, by key.
    pub videos: Vec<Video>,
    /// When `asof save` ran, by the local clock; `None` in a night in which nothing ran.
    pub run: Option<NaiveDateTime>,
}

/// The forty days, night by night.
pub fn nights() -> Vec<Night> {
    let mut videos = Vec::new();
    let dates = FIRST.iter_days().take_while(|date| *date <= LAST);
    let night = |date: NaiveDate| {
        grow::live(&mut videos, date);
        let morning = date.checked_add_days(Days::new(1))?;
        let run = match date {
            MISSED => None,
            LATE => morning.and_hms_opt(8, 40, 0),
            _ => morning.and_hms_opt(0, 10, 0),
        };
        Some(Night { day: Day::new(date)?, videos: videos.clone(), run })
    };
    dates.filter_map(night).collect()
}

/// The demo's `asof.toml`: the preset, with a source beside it that needs no password.
pub fn config() -> String {
    super::own_config(PRESET, HEADER, "videos.db")
}
