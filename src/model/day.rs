//! A business day, named by its calendar date in the configured zone.

use std::fmt;
use std::str::FromStr;

use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Serialize};

/// A business day: a calendar date, `YYYY-MM-DD`, between the years 1 and 9999.
///
/// Which instants belong to it is the calendar's to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Day(NaiveDate);

/// A text that names no day.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no date: write it as YYYY-MM-DD")]
pub struct DayError {
    /// What was given.
    pub text: String,
}

impl Day {
    /// The day of a calendar date; `None` outside the years 1 to 9999.
    pub fn new(date: NaiveDate) -> Option<Self> {
        (1..=9999).contains(&date.year()).then_some(Self(date))
    }

    /// The calendar date.
    pub fn date(self) -> NaiveDate {
        self.0
    }

    /// The day `days` later (earlier when negative), or `None` past the ends of the calendar.
    pub fn checked_add(self, days: i64) -> Option<Self> {
        let span = chrono::TimeDelta::try_days(days)?;
        Self::new(self.0.checked_add_signed(span)?)
    }

    /// How many days lie between `earlier` and this one; negative when it is later.
    pub fn days_since(self, earlier: Self) -> i64 {
        (self.0 - earlier.0).num_days()
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{:04}-{:02}-{:02}", self.0.year(), self.0.month(), self.0.day()))
    }
}

impl FromStr for Day {
    type Err = DayError;

    fn from_str(text: &str) -> Result<Self, DayError> {
        let digits = |part: &str| -> Option<u32> {
            part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse().ok()).flatten()
        };
        // By hand, since a folder of thousands of days is read by it.
        let date = || {
            let [year, month, day] = [text.get(..4)?, text.get(5..7)?, text.get(8..)?].map(digits);
            let shaped = text.len() == 10 && text.get(4..5)? == "-" && text.get(7..8)? == "-";
            shaped.then(|| NaiveDate::from_ymd_opt(i32::try_from(year?).ok()?, month?, day?)).flatten()
        };
        date().and_then(Self::new).ok_or_else(|| DayError { text: text.to_owned() })
    }
}

impl TryFrom<String> for Day {
    type Error = DayError;

    fn try_from(text: String) -> Result<Self, DayError> {
        text.parse()
    }
}

impl From<Day> for String {
    fn from(day: Day) -> Self {
        day.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::Day;

    #[test]
    fn only_the_full_iso_form_is_a_day() {
        assert_eq!("2025-11-06".parse::<Day>().map(|day| day.to_string()), Ok("2025-11-06".into()));
        for text in [
            "2025-11-6",
            "25-11-06",
            "2025-02-29",
            "2025/11/06",
            "",
            "+2025-11-06",
            "0000-01-01",
            "2025-1é-06",
            "2025-11-+6",
            "２025-11-06",
        ] {
            assert!(text.parse::<Day>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_calendar_has_ends() {
        let last: Day = "9999-12-31".parse().unwrap();
        assert_eq!(last.checked_add(1), None);
        assert_eq!(last.checked_add(i64::MAX), None);
        assert_eq!(last.checked_add(-1).unwrap().days_since(last), -1);
    }
}
