//! How gently the source is read: a pause after each day, and at most so many days in a while.

use std::str::FromStr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// At most so many days begun in a span of time: `30/min`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// The time from the beginning of one day to that of the next.
    pub interval: Duration,
}

/// A text that is no rate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("write a whole number of days and a unit of time: 2/s, 30/min or 600/h")]
pub struct RateError;

impl FromStr for Rate {
    type Err = RateError;

    fn from_str(text: &str) -> Result<Self, RateError> {
        let (number, unit) = text.split_once('/').ok_or(RateError)?;
        let number: u32 = number.trim().parse().map_err(|_| RateError)?;
        let seconds = match unit.trim() {
            "s" | "sec" => 1,
            "m" | "min" => 60,
            "h" | "hour" => 3600,
            _ => return Err(RateError),
        };
        Duration::from_secs(seconds).checked_div(number).map(|interval| Self { interval }).ok_or(RateError)
    }
}

/// The pace that all connections of a run keep together.
#[derive(Debug)]
pub struct Pace {
    rate: Option<Rate>,
    next: Mutex<Duration>,
}

impl Pace {
    /// A pace of at most this rate.
    pub fn new(rate: Option<Rate>) -> Self {
        Self { rate, next: Mutex::default() }
    }

    /// How long to wait before a day may be begun; the turn is taken with it. `elapsed` is the time since
    /// some fixed moment.
    pub fn turn(&self, elapsed: Duration) -> Duration {
        let Some(rate) = self.rate else { return Duration::ZERO };
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let begins = (*next).max(elapsed);
        *next = begins.saturating_add(rate.interval);
        begins.saturating_sub(elapsed)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Pace, Rate};

    #[test]
    fn rates_are_days_in_a_unit_of_time() {
        let interval = |text: &str| text.parse::<Rate>().map(|rate| rate.interval);
        assert_eq!(interval("2/s"), Ok(Duration::from_millis(500)));
        assert_eq!(interval("30/min"), Ok(Duration::from_secs(2)));
        assert_eq!(interval("600/h"), Ok(Duration::from_secs(6)));
        for text in ["", "30", "/min", "0/s", "-1/s", "1.5/s", "30/day", "30 per min"] {
            assert!(interval(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn turns_keep_their_distance_and_time_that_went_by_is_not_made_up_for() {
        let ms = Duration::from_millis;
        let pace = Pace::new("2/s".parse().ok());
        assert_eq!(pace.turn(ms(0)), ms(0));
        assert_eq!(pace.turn(ms(0)), ms(500));
        assert_eq!(pace.turn(ms(100)), ms(900));
        assert_eq!(pace.turn(ms(9000)), ms(0));
        assert_eq!(pace.turn(ms(9000)), ms(500));
        assert_eq!(Pace::new(None).turn(ms(0)), ms(0));
    }
}
