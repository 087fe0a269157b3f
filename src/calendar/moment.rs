//! The ways of naming a moment on the command line: an instant, a local time, or the end of a day.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};

use super::{Calendar, Overlap, first_instant_of, local_text};
use crate::model::Day;

/// The ways in which a local time is written.
const LOCAL: [&str; 4] = ["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S"];

/// A moment as it was named: with an offset, in local time, or as the end of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// A time of RFC 3339.
    At(DateTime<Utc>),
    /// A time in the zone of a calendar.
    Local(NaiveDateTime),
    /// The last instant of a day.
    EndOf(Day),
}

/// A text that names no moment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} names no time: give 2025-11-08T09:00, 2025-11-08T09:00:00-06:00, or a date for its end")]
pub struct MomentError {
    /// What was given.
    pub text: String,
}

impl Moment {
    /// The instant that is meant in this calendar. Of a local time that occurs twice it is the earlier, and
    /// of one that clocks jumped over the first instant after it. `None` beyond the ends of the calendar.
    pub fn resolve(self, calendar: &Calendar) -> Option<DateTime<Utc>> {
        match self {
            Self::At(at) => Some(at),
            Self::Local(local) => first_instant_of(calendar.zone(), local, Overlap::Earlier),
            // What was written as the next day began belongs to that one.
            Self::EndOf(day) => calendar.window(day).ok()?.end.checked_sub_signed(TimeDelta::nanoseconds(1)),
        }
    }

    /// The instant as it is told, in the zone of this calendar, to the second.
    pub fn told(at: DateTime<Utc>, calendar: &Calendar) -> String {
        local_text(calendar.zone(), at)
    }
}

impl FromStr for Moment {
    type Err = MomentError;

    fn from_str(text: &str) -> Result<Self, MomentError> {
        if let Ok(at) = DateTime::parse_from_rfc3339(text) {
            return Ok(Self::At(at.to_utc()));
        }
        if let Ok(day) = text.parse() {
            return Ok(Self::EndOf(day));
        }
        let local = LOCAL.iter().find_map(|format| NaiveDateTime::parse_from_str(text, format).ok());
        local.map(Self::Local).ok_or_else(|| MomentError { text: text.to_owned() })
    }
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At(at) => at.to_rfc3339().fmt(f),
            Self::Local(local) => local.format("%Y-%m-%dT%H:%M:%S").fmt(f),
            Self::EndOf(day) => day.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::{NaiveTime, TimeDelta};

    use super::Moment;
    use crate::calendar::Calendar;
    use crate::config::CalendarSettings;

    fn resolved(text: &str, starts_at: &str) -> String {
        let calendar = Calendar::new(CalendarSettings {
            time_zone: chrono_tz::America::Chicago,
            day_starts_at: NaiveTime::parse_from_str(starts_at, "%H:%M").unwrap(),
            final_after: TimeDelta::hours(2),
        });
        text.parse::<Moment>().unwrap().resolve(&calendar).unwrap().to_rfc3339()
    }

    #[test]
    fn a_time_without_an_offset_is_one_of_the_calendars_zone() {
        assert_eq!(resolved("2025-11-08T09:00", "00:00"), "2025-11-08T15:00:00+00:00");
        assert_eq!(resolved("2025-11-08 09:00:30", "00:00"), "2025-11-08T15:00:30+00:00");
        assert_eq!(resolved("2025-11-08T09:00:00Z", "00:00"), "2025-11-08T09:00:00+00:00");
        assert_eq!(resolved("2025-11-08T09:00:00+01:00", "00:00"), "2025-11-08T08:00:00+00:00");
    }

    #[test]
    fn of_a_time_that_occurs_twice_the_earlier_is_meant_and_in_a_gap_its_end() {
        assert_eq!(resolved("2025-11-02T01:30", "00:00"), "2025-11-02T06:30:00+00:00");
        assert_eq!(resolved("2025-03-09T02:30", "00:00"), "2025-03-09T08:00:00+00:00");
    }

    #[test]
    fn a_date_is_the_last_instant_of_its_business_day() {
        assert_eq!(resolved("2025-11-08", "00:00"), "2025-11-09T05:59:59.999999999+00:00");
        assert_eq!(resolved("2025-11-08", "06:00"), "2025-11-09T11:59:59.999999999+00:00");
    }

    #[test]
    fn what_names_no_moment_is_refused() {
        for text in ["", "yesterday", "2025-11-08T", "2025-11-08T25:00", "2025-02-30", "09:00", "now"] {
            assert!(text.parse::<Moment>().is_err(), "{text}");
        }
    }
}
