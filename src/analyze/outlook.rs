//! A forecast as it is told: its numbers rounded to what they can mean.

use crate::analyze::forecast::{BackTest, Expected, Forecast, Interval, Method};
use crate::model::{Day, Number};

/// How many digits of an expected number are told where it is not whole.
const DIGITS: u64 = 6;

/// A forecast, its numbers rounded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outlook {
    /// The days to come.
    pub days: Vec<Ahead>,
    /// How it was made.
    pub method: Method,
    /// What its intervals rest on.
    pub interval: Interval,
    /// The first and the last day that it rests on.
    pub basis: (Day, Day),
    /// How many known days it rests on.
    pub known: usize,
    /// Days for which the median of their weekday stood in.
    pub filled: Vec<Day>,
    /// Days that were left out since they were not over when they were captured.
    pub provisional: Vec<Day>,
    /// The day before which the metric was defined otherwise, which is why no earlier one counts.
    pub defined_since: Option<Day>,
    /// How earlier forecasts would have done.
    pub back_test: Option<Tested>,
}

/// A day to come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ahead {
    /// The day.
    pub day: Day,
    /// The value that is expected.
    pub value: Number,
    /// The lower end of the interval.
    pub low: Number,
    /// The upper end of the interval.
    pub high: Number,
}

/// How earlier forecasts would have done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tested {
    /// From how many days a forecast was made.
    pub origins: usize,
    /// How many days ahead each went.
    pub horizon: usize,
    /// How many forecast days were held against what came.
    pub days: usize,
    /// The mean absolute error.
    pub error: Number,
    /// That of the same weekday's value of the week before.
    pub error_of_last_week: Number,
    /// How many of the days lay inside their interval.
    pub inside: usize,
    /// Whether last week's value was nearer.
    pub worse: bool,
}

impl Outlook {
    /// The forecast with whole numbers if `whole`, else with six significant digits.
    pub fn of(forecast: Forecast, whole: bool) -> Self {
        let ahead = |day: &Expected| {
            let number = |float| rounded(float, whole);
            Ahead { day: day.day, value: number(day.value), low: number(day.low), high: number(day.high) }
        };
        Self {
            days: forecast.days.iter().map(ahead).collect(),
            method: forecast.method,
            interval: forecast.interval,
            basis: forecast.basis,
            known: forecast.known,
            filled: forecast.filled,
            provisional: Vec::new(),
            defined_since: None,
            back_test: forecast.back_test.as_ref().map(tested),
        }
    }
}

impl Tested {
    /// How many of the days lay inside their interval, in percent with one decimal; `None` for no days.
    pub fn inside_percentage(&self) -> Option<Number> {
        let inside = Number::from(u64::try_from(self.inside).ok()?).times(&Number::from(100_i64));
        inside.quotient(&Number::from(u64::try_from(self.days).ok()?), 1)
    }
}

fn tested(test: &BackTest) -> Tested {
    Tested {
        origins: test.origins,
        horizon: test.horizon,
        days: test.days,
        error: rounded(test.error, false),
        error_of_last_week: rounded(test.error_of_last_week, false),
        inside: test.inside,
        worse: test.is_worse_than_last_week(),
    }
}

/// The float as a number that claims no more than it knows. Forecasts are finite.
fn rounded(float: f64, whole: bool) -> Number {
    let number = Number::from_f64(float).unwrap_or_else(Number::zero);
    if whole { number.rounded(0) } else { number.significant(DIGITS).trimmed() }
}

#[cfg(test)]
mod tests {
    use super::rounded;

    #[test]
    fn numbers_claim_no_more_than_they_know() {
        assert_eq!(rounded(1234.5678, true).to_string(), "1235");
        assert_eq!(rounded(0.123_456_789, false).to_string(), "0.123457");
        assert_eq!(rounded(2.50, false).to_string(), "2.5");
    }
}
