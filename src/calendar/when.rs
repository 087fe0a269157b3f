//! The ways of naming a day on the command line, relative to now.

use std::fmt;
use std::str::FromStr;

use crate::model::Day;

/// A day as it was named: a date, `today`, `yesterday`, or `-7d` for seven days before today.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DayName {
    /// A calendar date.
    Date(Day),
    /// So many days before the day in which now lies.
    DaysAgo(u32),
}

/// A text that names no day.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} names no day: give a date such as 2025-11-06, yesterday, today, or -7d")]
pub struct DayNameError {
    /// What was given.
    pub text: String,
}

impl DayName {
    /// The day that is meant when today is `today`; `None` before the calendar begins.
    pub fn resolve(self, today: Day) -> Option<Day> {
        match self {
            Self::Date(day) => Some(day),
            Self::DaysAgo(days) => today.checked_add(-i64::from(days)),
        }
    }
}

impl FromStr for DayName {
    type Err = DayNameError;

    fn from_str(text: &str) -> Result<Self, DayNameError> {
        let wrong = || DayNameError { text: text.to_owned() };
        match text {
            "today" => return Ok(Self::DaysAgo(0)),
            "yesterday" => return Ok(Self::DaysAgo(1)),
            _ => {}
        }
        if let Some(days) = text.strip_prefix('-').and_then(|rest| rest.strip_suffix('d')) {
            let plain = !days.is_empty() && days.bytes().all(|b| b.is_ascii_digit());
            return if plain { days.parse().map(Self::DaysAgo).map_err(|_| wrong()) } else { Err(wrong()) };
        }
        text.parse().map(Self::Date).map_err(|_| wrong())
    }
}

impl fmt::Display for DayName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Date(day) => day.fmt(f),
            Self::DaysAgo(0) => f.write_str("today"),
            Self::DaysAgo(1) => f.write_str("yesterday"),
            Self::DaysAgo(days) => write!(f, "-{days}d"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::DayName;

    #[test]
    fn days_have_names() {
        let today = "2025-11-07".parse().unwrap();
        let day = |text: &str| text.parse::<DayName>().unwrap().resolve(today).unwrap().to_string();
        assert_eq!(day("yesterday"), "2025-11-06");
        assert_eq!(day("today"), "2025-11-07");
        assert_eq!(day("-7d"), "2025-10-31");
        assert_eq!(day("2024-02-29"), "2024-02-29");
        for text in ["tomorrow", "-d", "--7d", "7d", "-7", "2025-02-29", "-99999999999d"] {
            assert!(text.parse::<DayName>().is_err(), "{text}");
        }
    }
}
