//! What is compared, as it was named: a frozen day, `2025-11-01..2025-11-07`, or a month so far.

use std::fmt;
use std::str::FromStr;

use chrono::{Datelike as _, NaiveDate};

use crate::archive::History;
use crate::model::Day;
use crate::ops::when::{NotFound, When, WhenError, WhichDay, find_latest};

/// What stands between the first and the last day of a range.
const BETWEEN: &str = "..";

/// A day or a range of days as it was named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpanName {
    /// A frozen day.
    Day(When),
    /// From one day to another.
    Range(When, When),
}

/// A text that names neither a day nor a range.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpanNameError {
    /// One of its ends names no day.
    #[error(transparent)]
    When(#[from] WhenError),
    /// An end of a range names an edition.
    #[error("{text:?} names an edition: a range takes the latest of each of its days")]
    Edition {
        /// What was given.
        text: String,
    },
}

/// Why a name does not lead to days.
#[derive(Debug, thiserror::Error)]
pub enum SpanError {
    /// There is no such frozen day.
    #[error(transparent)]
    NotFound(#[from] NotFound),
    /// The last day lies before the first.
    #[error("the range {name} runs backwards: {from} is later than {to}")]
    Backwards {
        /// As it was named.
        name: SpanName,
        /// Its first day.
        from: Day,
        /// Its last day.
        to: Day,
    },
}

impl FromStr for SpanName {
    type Err = SpanNameError;

    fn from_str(text: &str) -> Result<Self, SpanNameError> {
        let Some((from, to)) = text.split_once(BETWEEN) else { return Ok(Self::Day(text.parse()?)) };
        let (from, to): (When, When) = (from.parse()?, to.parse()?);
        if from.edition.is_some() || to.edition.is_some() {
            return Err(SpanNameError::Edition { text: text.to_owned() });
        }
        Ok(Self::Range(from, to))
    }
}

impl fmt::Display for SpanName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Day(when) => when.fmt(f),
            Self::Range(from, to) => write!(f, "{from}{BETWEEN}{to}"),
        }
    }
}

impl SpanName {
    /// The first and the last day that are meant; those of a range need not be frozen.
    ///
    /// # Errors
    /// When the range runs backwards, or a name leads nowhere.
    pub fn days(self, history: &History, today: Day) -> Result<(Day, Day), SpanError> {
        let (from, to) = match self {
            Self::Day(when) => {
                let day = find_latest(history, when, today)?.line.date;
                (day, day)
            }
            Self::Range(from, to) => (end(history, from, today)?, end(history, to, today)?),
        };
        if from > to { Err(SpanError::Backwards { name: self, from, to }) } else { Ok((from, to)) }
    }
}

/// An end of a range.
fn end(history: &History, when: When, today: Day) -> Result<Day, NotFound> {
    match when.day {
        WhichDay::Named(name) => name.resolve(today).ok_or(NotFound::BeforeCalendar(when)),
        WhichDay::Latest { .. } => Ok(find_latest(history, when, today)?.line.date),
    }
}

/// The month of a day up to it, and the equal span of the month before. Where that month is shorter, both spans
/// have as many days as it has.
/// `None` in the calendar's first month.
pub fn month_to_date(day: Day) -> Option<[(Day, Day); 2]> {
    let first = |date: NaiveDate| date.with_day(1);
    let this = first(day.date())?;
    let last_before = this.pred_opt()?;
    let before = first(last_before)?;
    let end = last_before.day().min(day.date().day());
    let days = [(this, this.with_day(end)?), (before, before.with_day(end)?)];
    let [one, other] = days.map(|(from, to)| Day::new(from).zip(Day::new(to)));
    Some([one?, other?])
}

#[cfg(test)]
mod tests {
    use super::{SpanName, SpanNameError, month_to_date};

    #[test]
    fn days_and_ranges_have_names() {
        for text in
            ["2025-11-06", "latest~1@2", "2025-11-01..2025-11-07", "-7d..yesterday", "latest~6..latest"]
        {
            assert_eq!(text.parse::<SpanName>().unwrap().to_string(), text);
        }
        for text in ["", "..", "2025-11-01..", "..latest", "2025-11-01...2025-11-02", "a..b"] {
            assert!(matches!(text.parse::<SpanName>(), Err(SpanNameError::When(_))), "{text}");
        }
        assert!(matches!("2025-11-01@2..latest".parse::<SpanName>(), Err(SpanNameError::Edition { .. })));
    }

    #[test]
    fn a_month_so_far_is_held_against_as_much_of_the_one_before() {
        let told = |day: &str| {
            let [(a, b), (c, d)] = month_to_date(day.parse().unwrap()).unwrap();
            format!("{a} {b} {c} {d}")
        };
        assert_eq!(told("2025-11-06"), "2025-11-01 2025-11-06 2025-10-01 2025-10-06");
        assert_eq!(told("2025-03-31"), "2025-03-01 2025-03-28 2025-02-01 2025-02-28");
        assert_eq!(told("2025-07-31"), "2025-07-01 2025-07-30 2025-06-01 2025-06-30");
        assert_eq!(told("2024-03-31"), "2024-03-01 2024-03-29 2024-02-01 2024-02-29");
        assert_eq!(told("2025-02-28"), "2025-02-01 2025-02-28 2025-01-01 2025-01-28");
        assert_eq!(told("2024-03-29"), "2024-03-01 2024-03-29 2024-02-01 2024-02-29");
        assert_eq!(told("2025-01-31"), "2025-01-01 2025-01-31 2024-12-01 2024-12-31");
    }
}
