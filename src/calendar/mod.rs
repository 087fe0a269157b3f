//! Which instants belong to which business day.
//!
//! Days are cut at calendar dates in a zone, never by adding 86,400 seconds, so a day
//! on which clocks change has 23 or 25 hours. Windows of following days tile time:
//! each ends where the next one starts.

mod moment;
mod when;
mod zone;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

use crate::config::CalendarSettings;
use crate::model::manifest::WindowDoc;
use crate::model::{Day, Number, Provenance};

pub use moment::{Moment, MomentError};
pub use when::{DayName, DayNameError};
pub use zone::{Overlap, first_instant_of, is_ambiguous, local_text};

/// Cuts time into days.
#[derive(Clone, Copy, Debug)]
pub struct Calendar {
    settings: CalendarSettings,
}

/// A day's half-open span of time, `[start, end)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The day.
    pub day: Day,
    /// Its first instant.
    pub start: DateTime<Utc>,
    /// The first instant after it.
    pub end: DateTime<Utc>,
    /// The zone in which the day is named.
    pub zone: Tz,
}

/// A day whose start lies outside of what can be computed with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the day {day} lies beyond the ends of the calendar")]
pub struct BeyondCalendar {
    /// The day.
    pub day: Day,
}

impl Calendar {
    /// A calendar of these settings.
    pub fn new(settings: CalendarSettings) -> Self {
        Self { settings }
    }

    /// The zone in which days are named.
    pub fn zone(&self) -> Tz {
        self.settings.time_zone
    }

    /// The day's span of time.
    ///
    /// # Errors
    /// At the ends of the calendar, where there is no next day.
    pub fn window(&self, day: Day) -> Result<Window, BeyondCalendar> {
        let next = day.checked_add(1).ok_or(BeyondCalendar { day })?;
        let (start, end) = (self.start_of(day), self.start_of(next));
        match (start, end) {
            (Some(start), Some(end)) => Ok(Window { day, start, end, zone: self.zone() }),
            _ => Err(BeyondCalendar { day }),
        }
    }

    /// The span of time from the start of one day to the end of another, named after the first.
    ///
    /// # Errors
    /// At the ends of the calendar.
    pub fn span(&self, from: Day, to: Day) -> Result<Window, BeyondCalendar> {
        Ok(Window { end: self.window(to)?.end, ..self.window(from)? })
    }

    /// When the day becomes final: its end and the time rows are given to settle.
    ///
    /// # Errors
    /// At the ends of the calendar.
    pub fn final_at(&self, day: Day) -> Result<DateTime<Utc>, BeyondCalendar> {
        let end = self.window(day)?.end;
        end.checked_add_signed(self.settings.final_after).ok_or(BeyondCalendar { day })
    }

    /// What a capture of `day` at `captured_at` is.
    ///
    /// # Errors
    /// At the ends of the calendar.
    pub fn provenance(&self, day: Day, captured_at: DateTime<Utc>) -> Result<Provenance, BeyondCalendar> {
        let next = day.checked_add(1).ok_or(BeyondCalendar { day })?;
        Ok(Provenance::of(captured_at, self.final_at(day)?, self.final_at(next)?))
    }

    /// The day to which an instant belongs; `None` beyond the ends of the calendar.
    pub fn day_of(&self, instant: DateTime<Utc>) -> Option<Day> {
        // The local date is right but for the hours before the day's start, and a change of
        // clocks can move it by one more.
        let guess = Day::new(instant.with_timezone(&self.zone()).date_naive())?;
        [0, -1, 1, -2]
            .into_iter()
            .filter_map(|step| guess.checked_add(step))
            .find(|day| self.window(*day).is_ok_and(|window| window.start <= instant && instant < window.end))
    }

    fn start_of(&self, day: Day) -> Option<DateTime<Utc>> {
        first_instant_of(self.zone(), day.date().and_time(self.settings.day_starts_at), Overlap::Earlier)
    }
}

impl Window {
    /// How long the day is.
    pub fn length(&self) -> TimeDelta {
        self.end - self.start
    }

    /// The window as it stands in a manifest.
    pub fn document(&self) -> WindowDoc {
        let seconds = Number::from(self.length().num_seconds());
        WindowDoc {
            time_zone: self.zone.name().to_owned(),
            start_local: local_text(self.zone, self.start),
            end_local: local_text(self.zone, self.end),
            start: self.start,
            end: self.end,
            hours: seconds.ratio(&Number::from(3600_i64)).unwrap_or_else(Number::zero),
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::{NaiveTime, TimeDelta};
    use proptest::prelude::*;

    use super::Calendar;
    use crate::config::CalendarSettings;
    use crate::model::{Day, Provenance};

    fn calendar(zone: &str, start: &str) -> Calendar {
        Calendar::new(CalendarSettings {
            time_zone: zone.parse().unwrap(),
            day_starts_at: NaiveTime::parse_from_str(start, "%H:%M").unwrap(),
            final_after: TimeDelta::hours(2),
        })
    }

    fn hours(zone: &str, start: &str, day: &str) -> i64 {
        calendar(zone, start).window(day.parse().unwrap()).unwrap().length().num_minutes()
    }

    #[test]
    fn a_day_on_which_clocks_change_has_23_or_25_hours() {
        assert_eq!(hours("America/Chicago", "00:00", "2025-11-06"), 24 * 60);
        assert_eq!(hours("America/Chicago", "00:00", "2025-11-02"), 25 * 60);
        assert_eq!(hours("America/Chicago", "00:00", "2025-03-09"), 23 * 60);
        assert_eq!(hours("Australia/Lord_Howe", "00:00", "2025-04-06"), 24 * 60 + 30);
    }

    #[test]
    fn a_start_in_the_gap_is_the_first_instant_after_it() {
        // 02:30 does not exist on 2025-03-09: the day starts at 03:00 CDT, which is 08:00 UTC.
        let day = calendar("America/Chicago", "02:30").window("2025-03-09".parse().unwrap()).unwrap();
        assert_eq!(day.start.to_rfc3339(), "2025-03-09T08:00:00+00:00");
        // A whole date is missing in Samoa: 2011-12-30 is empty and 12-31 starts where it would.
        let samoa = calendar("Pacific/Apia", "00:00");
        let missing = samoa.window("2011-12-30".parse().unwrap()).unwrap();
        assert_eq!(missing.length(), TimeDelta::zero());
    }

    #[test]
    fn a_start_in_the_overlap_is_the_earlier_one() {
        // 01:30 occurs twice on 2025-11-02; the first is CDT, 06:30 UTC.
        let day = calendar("America/Chicago", "01:30").window("2025-11-02".parse().unwrap()).unwrap();
        assert_eq!(day.start.to_rfc3339(), "2025-11-02T06:30:00+00:00");
    }

    #[test]
    fn provenance_follows_from_the_time_of_capture() {
        let calendar = calendar("America/Chicago", "00:00");
        let day: Day = "2025-11-06".parse().unwrap();
        let at = |text: &str| calendar.provenance(day, text.parse().unwrap()).unwrap();
        assert_eq!(at("2025-11-07T07:59:59Z"), Provenance::Provisional);
        assert_eq!(at("2025-11-07T08:00:00Z"), Provenance::Witnessed);
        assert_eq!(at("2025-11-08T07:59:59Z"), Provenance::Witnessed);
        assert_eq!(at("2025-11-08T08:00:00Z"), Provenance::Reconstructed);
    }

    #[test]
    fn the_ends_of_the_calendar_are_errors() {
        assert!(calendar("UTC", "00:00").window("9999-12-31".parse().unwrap()).is_err());
    }

    proptest! {
        #[test]
        fn windows_tile_the_calendar(
            zone in prop::sample::select(vec![
                "America/Chicago", "Europe/Berlin", "Asia/Kolkata", "America/Havana", "Pacific/Apia",
                "Australia/Lord_Howe", "Africa/Casablanca", "America/Santiago", "UTC",
            ]),
            start in prop::sample::select(vec!["00:00", "01:30", "02:30", "06:00", "23:59"]),
            offset in 0i64..25_000,
        ) {
            let calendar = calendar(zone, start);
            let day = "1971-01-01".parse::<Day>().unwrap().checked_add(offset).unwrap();
            let window = calendar.window(day).unwrap();
            prop_assert!(window.start <= window.end);
            prop_assert_eq!(window.end, calendar.window(day.checked_add(1).unwrap()).unwrap().start);
            if window.length() > TimeDelta::zero() {
                prop_assert_eq!(calendar.day_of(window.start), Some(day));
                prop_assert_eq!(calendar.day_of(window.end - TimeDelta::seconds(1)), Some(day));
            }
        }
    }
}
