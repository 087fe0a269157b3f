//! What a metric's next days will probably bring, and how far that could be trusted so far.
//!
//! The week's pattern is taken out (MSTL), exponential smoothing goes on with what is left, and the pattern is
//! put back. A back-test gives each forecast that could have been made before its chance to be wrong, beside
//! the plainest one there is: the same weekday of the week before.

use std::collections::BTreeMap;

use augurs::ets::AutoETS;
use augurs::mstl::MSTLModel;
use augurs::{Fit as _, Predict as _};
use chrono::{Datelike as _, Weekday};

use super::usual::median;
use crate::model::Day;

/// How many known days a forecast needs.
pub const LEAST_DAYS: usize = 21;

/// How many days it looks back at most: a year of whole weeks.
pub const MOST_DAYS: usize = 364;

/// How probable it is that a day lies inside its interval, in percent.
pub const LEVEL: u8 = 80;

/// From how many days forecasts are tried again at most.
const MOST_ORIGINS: usize = 28;

/// How many days a week has.
const WEEK: usize = 7;

/// The model is given numbers of this size at most, as it reckons in few digits.
const SCALE: f64 = 1000.0;

/// Additive errors, a trend if that fits better, and no season: that one is taken out before.
const MODEL: &str = "AZN";

/// A forecast.
#[derive(Clone, Debug, PartialEq)]
pub struct Forecast {
    /// The days to come.
    pub days: Vec<Expected>,
    /// How it was made.
    pub method: Method,
    /// The first and the last day that it rests on.
    pub basis: (Day, Day),
    /// How many known days it rests on.
    pub known: usize,
    /// The days between that are not known, for which the median of their weekday stood in.
    pub filled: Vec<Day>,
    /// How earlier forecasts would have done; `None` when there are too few days to try one.
    pub back_test: Option<BackTest>,
}

/// A day to come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Expected {
    /// The day.
    pub day: Day,
    /// The value that is expected.
    pub value: f64,
    /// The lower end of the interval.
    pub low: f64,
    /// The upper end of the interval.
    pub high: f64,
}

/// How a forecast was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// All days were the same, so it is that value.
    Constant,
    /// Each day was as the same weekday before, so it is that week again.
    SameWeek,
    /// By the model.
    Model,
}

/// How forecasts of earlier days would have done.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BackTest {
    /// From how many days a forecast was made.
    pub origins: usize,
    /// How many days ahead each went.
    pub horizon: usize,
    /// How many forecast days were held against what came.
    pub days: usize,
    /// The mean absolute error of these forecasts.
    pub error: f64,
    /// The same of the last known value of the same weekday.
    pub error_of_last_week: f64,
    /// How many of the days lay inside their interval.
    pub inside: usize,
}

impl BackTest {
    /// Whether the value of the same weekday last week was nearer.
    pub fn is_worse_than_last_week(&self) -> bool {
        self.error > self.error_of_last_week
    }
}

/// Why there is no forecast.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoForecast {
    /// Too few days are known.
    #[error("a forecast needs {LEAST_DAYS} known days, and there are {known}")]
    TooFew {
        /// How many are.
        known: usize,
    },
    /// Most days are not known.
    #[error("only {known} of the last {days} days are known, and a forecast needs more than half of them")]
    TooManyGaps {
        /// How many are.
        known: usize,
        /// Of how many.
        days: usize,
    },
    /// The model does not get along with the numbers.
    #[error("no model fits these numbers")]
    NoModel,
}

/// The forecast for so many days after the last known one. The days come in order and may have gaps:
/// days that are missing are the same as those without a value.
///
/// # Errors
/// When too little is known, or no model fits.
pub fn forecast(values: &[(Day, Option<f64>)], horizon: usize) -> Result<Forecast, NoForecast> {
    let series = Series::of(values)?;
    let made = series.ahead(series.values.len(), horizon)?;
    let first = series.first;
    let day = |at: usize| first.checked_add(i64::try_from(at).ok()?);
    let length = series.values.len();
    let days = made.days.into_iter().enumerate();
    let days = days
        .filter_map(|(at, [value, low, high])| Some(Expected { day: day(length + at)?, value, low, high }));
    let gaps = series.values.iter().enumerate().filter(|(_, value)| value.is_none());
    Ok(Forecast {
        days: days.collect(),
        method: made.method,
        basis: (first, day(length.saturating_sub(1)).unwrap_or(first)),
        known: series.values.iter().flatten().count(),
        filled: gaps.filter_map(|(at, _)| day(at)).collect(),
        back_test: series.back_test(horizon),
    })
}

/// One value a day, without days missing; the first and the last are known.
struct Series {
    first: Day,
    values: Vec<Option<f64>>,
}

/// What lies ahead: for each day the value, the lower and the upper end.
struct Made {
    days: Vec<[f64; 3]>,
    method: Method,
}

impl Series {
    fn of(values: &[(Day, Option<f64>)]) -> Result<Self, NoForecast> {
        let known = values.iter().filter_map(|(day, value)| Some((*day, value.filter(|v| v.is_finite())?)));
        let known: BTreeMap<Day, f64> = known.collect();
        let few = NoForecast::TooFew { known: known.len() };
        let last = *known.keys().next_back().ok_or(few)?;
        let earliest = last.checked_add(1 - i64::try_from(MOST_DAYS).unwrap_or(0)).unwrap_or(last);
        let first = *known.range(earliest..).next().ok_or(few)?.0;
        let span = usize::try_from(last.days_since(first) + 1).unwrap_or(0);
        let day = |at: usize| first.checked_add(i64::try_from(at).ok()?);
        let values: Vec<Option<f64>> =
            (0..span).map(|at| day(at).and_then(|day| known.get(&day).copied())).collect();
        let inside = values.iter().flatten().count();
        if inside < LEAST_DAYS {
            return Err(NoForecast::TooFew { known: inside });
        }
        if inside * 2 <= span {
            return Err(NoForecast::TooManyGaps { known: inside, days: span });
        }
        Ok(Self { first, values })
    }

    /// What lay ahead of the first so many days, from these alone.
    fn ahead(&self, length: usize, horizon: usize) -> Result<Made, NoForecast> {
        let values = self.filled(length);
        let repeats = values.iter().zip(values.iter().skip(WEEK)).all(|(one, other)| same(*one, *other));
        if repeats {
            let constant = values.windows(2).all(|pair| matches!(pair, [a, b] if same(*a, *b)));
            let day = |ahead: usize| values.get(week_before(length, ahead)).map(|value| [*value; 3]);
            let method = if constant { Method::Constant } else { Method::SameWeek };
            return Ok(Made { days: (0..horizon).filter_map(day).collect(), method });
        }
        let mut days = modelled(&values, horizon).ok_or(NoForecast::NoModel)?;
        // What was never below zero is a count, or as good as one.
        if values.iter().all(|value| *value >= 0.0) {
            for number in days.iter_mut().flatten() {
                *number = number.max(0.0);
            }
        }
        Ok(Made { days, method: Method::Model })
    }

    /// The first so many values, with the median of their weekday where one is not known.
    fn filled(&self, length: usize) -> Vec<f64> {
        let values = self.values.get(..length).unwrap_or(&self.values);
        let mut by_weekday: [Vec<f64>; WEEK] = Default::default();
        for (at, value) in values.iter().enumerate() {
            if let (Some(value), Some(list)) = (value, by_weekday.get_mut(at % WEEK)) {
                list.push(*value);
            }
        }
        let overall = median(values.iter().flatten().copied().collect()).unwrap_or(0.0);
        let medians = by_weekday.map(|list| median(list).unwrap_or(overall));
        let fill = |(at, value): (usize, &Option<f64>)| {
            value.unwrap_or_else(|| medians.get(at % WEEK).copied().unwrap_or(overall))
        };
        values.iter().enumerate().map(fill).collect()
    }

    /// Forecasts from each of the last days that have a whole horizon behind them.
    fn back_test(&self, horizon: usize) -> Option<BackTest> {
        let length = self.values.len();
        let mut test =
            BackTest { origins: 0, horizon, days: 0, error: 0.0, error_of_last_week: 0.0, inside: 0 };
        let newest = length.checked_sub(horizon)?;
        let enough = |origin: &usize| {
            let known = self.values.get(..*origin).unwrap_or_default().iter().flatten().count();
            known >= LEAST_DAYS
        };
        for origin in (0..=newest).rev().take(MOST_ORIGINS).take_while(enough) {
            let Ok(made) = self.ahead(origin, horizon) else { continue };
            let before = self.filled(origin);
            test.origins += 1;
            let came = self.values.get(origin..).unwrap_or_default();
            for (ahead, (came, [value, low, high])) in came.iter().zip(made.days).enumerate() {
                let last_week = before.get(week_before(origin, ahead));
                let (Some(came), Some(last_week)) = (came, last_week) else { continue };
                test.days += 1;
                test.error += (came - value).abs();
                test.error_of_last_week += (came - last_week).abs();
                // An interval without width still holds what it names.
                let slack = came.abs() * 1e-9;
                test.inside += usize::from(low - slack <= *came && *came <= high + slack);
            }
        }
        if test.days == 0 {
            return None;
        }
        test.error /= to_f64(test.days);
        test.error_of_last_week /= to_f64(test.days);
        Some(test)
    }
}

/// The place of the last day before `origin` with the weekday of the one that lies so far ahead of it.
fn week_before(origin: usize, ahead: usize) -> usize {
    (origin + ahead % WEEK).saturating_sub(WEEK)
}

fn modelled(values: &[f64], horizon: usize) -> Option<Vec<[f64; 3]>> {
    let largest = values.iter().fold(0.0_f64, |largest, value| largest.max(value.abs()));
    let factor = SCALE / largest;
    if !factor.is_normal() {
        return None;
    }
    let scaled: Vec<f64> = values.iter().map(|value| value * factor).collect();
    let trend = AutoETS::new(1, MODEL).ok()?.into_trend_model();
    let fitted = MSTLModel::new(vec![WEEK], trend).fit(&scaled).ok()?;
    let ahead = fitted.predict(horizon, f64::from(LEVEL) / 100.0).ok()?;
    let ends = ahead.intervals?;
    let days = ahead.point.iter().zip(ends.lower.iter().zip(&ends.upper));
    let days: Vec<[f64; 3]> =
        days.map(|(value, (low, high))| [value, low, high].map(|number| number / factor)).collect();
    (days.len() == horizon && days.iter().flatten().all(|number| number.is_finite())).then_some(days)
}

fn same(one: f64, other: f64) -> bool {
    one.total_cmp(&other).is_eq()
}

/// Small counts, as floats for reckoning.
fn to_f64(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::from(u32::MAX), f64::from)
}

/// Which weekdays some days are, each once, from Monday.
pub fn weekdays(days: &[Day]) -> Vec<Weekday> {
    let mut found: Vec<Weekday> = days.iter().map(|day| day.date().weekday()).collect();
    found.sort_by_key(Weekday::num_days_from_monday);
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use super::{Method, NoForecast, forecast};
    use crate::model::Day;

    /// Values from Monday 2025-09-01 on.
    fn days(values: impl IntoIterator<Item = Option<f64>>) -> Vec<(Day, Option<f64>)> {
        let first: Day = "2025-09-01".parse().unwrap();
        let day = |at: usize| first.checked_add(i64::try_from(at).unwrap()).unwrap();
        values.into_iter().enumerate().map(|(at, value)| (day(at), value)).collect()
    }

    const WEEKS: [f64; 7] = [500.0, 480.0, 470.0, 490.0, 450.0, 120.0, 80.0];

    fn pattern(at: usize) -> f64 {
        WEEKS[at % 7]
    }

    fn at(at: usize) -> f64 {
        f64::from(u32::try_from(at).unwrap())
    }

    #[test]
    fn twenty_days_are_too_few_and_twenty_one_are_enough() {
        let some = |count| days((0..count).map(|at| Some(pattern(at))));
        assert_eq!(forecast(&some(20), 7).unwrap_err(), NoForecast::TooFew { known: 20 });
        assert!(forecast(&some(21), 7).is_ok());
        assert_eq!(forecast(&[], 7).unwrap_err(), NoForecast::TooFew { known: 0 });
        // Days without a value don't count.
        let mut gaps = some(25);
        for day in gaps.iter_mut().take(9).skip(4) {
            day.1 = None;
        }
        assert_eq!(forecast(&gaps, 7).unwrap_err(), NoForecast::TooFew { known: 20 });
    }

    #[test]
    fn mostly_gaps_are_refused() {
        let values = (0..61).map(|at| (at % 3 == 0).then_some(5.0 + f64::from(at)));
        let error = forecast(&days(values), 7).unwrap_err();
        assert_eq!(error, NoForecast::TooManyGaps { known: 21, days: 61 });
    }

    #[test]
    fn a_constant_stays_what_it_is() {
        let made = forecast(&days([Some(7.0); 40]), 14).unwrap();
        assert_eq!(made.method, Method::Constant);
        let numbers = made.days.iter().flat_map(|day| [day.value, day.low, day.high]);
        assert!(numbers.into_iter().all(|number| super::same(number, 7.0)), "{made:?}");
        assert_eq!(made.days.len(), 14);
        // 40 days from 1 September: the forecast begins on 11 October.
        assert_eq!(made.days[0].day, "2025-10-11".parse().unwrap());
        let test = made.back_test.unwrap();
        // From day 21 to day 26, each 14 days ahead.
        assert_eq!((test.origins, test.days, test.inside), (6, 84, 84));
        assert!(!test.is_worse_than_last_week());
        let zeros = forecast(&days([Some(0.0); 21]), 3).unwrap();
        assert!(zeros.method == Method::Constant && super::same(zeros.days[2].value, 0.0));
    }

    #[test]
    fn a_week_that_repeats_is_repeated() {
        let made = forecast(&days((0..40).map(|at| Some(pattern(at)))), 10).unwrap();
        assert_eq!(made.method, Method::SameWeek);
        let expected: Vec<f64> = (40..50).map(pattern).collect();
        assert!(
            made.days.iter().zip(&expected).all(|(day, value)| super::same(day.value, *value)),
            "{made:?}"
        );
        assert_eq!(made.days.len(), expected.len());
    }

    #[test]
    fn a_weekly_pattern_that_grows_is_forecast_nearly_exactly() {
        // 2 more each day, on top of the pattern.
        let value = |day: usize| pattern(day) + 2.0 * at(day);
        let made = forecast(&days((0..84).map(|day| Some(value(day)))), 14).unwrap();
        assert_eq!(made.method, Method::Model);
        for (ahead, day) in made.days.iter().enumerate() {
            let wanted = value(84 + ahead);
            assert!((day.value - wanted).abs() < wanted * 0.01, "{ahead}: {day:?}, not {wanted}");
            assert!(day.low <= day.value && day.value <= day.high, "{day:?}");
        }
        let test = made.back_test.unwrap();
        // Last week's value is 14 short in the first week and 28 in the second: 21 in the mean.
        assert!((test.error_of_last_week - 21.0).abs() < 1e-9, "{test:?}");
        assert_eq!((test.origins, test.days), (28, 28 * 14));
        assert!(!test.is_worse_than_last_week(), "{test:?}");
    }

    #[test]
    fn gaps_are_filled_with_the_median_of_their_weekday() {
        let mut values: Vec<Option<f64>> = (0..42).map(|at| Some(pattern(at))).collect();
        // A Saturday and a Sunday are not known: the pattern is whole again once they are filled.
        (values[12], values[27]) = (None, None);
        let made = forecast(&days(values), 7).unwrap();
        assert_eq!(made.filled, ["2025-09-13".parse().unwrap(), "2025-09-28".parse().unwrap()]);
        assert_eq!((made.method, made.known), (Method::SameWeek, 40));
        assert!(super::same(made.days[5].value, 120.0), "{made:?}");
        assert_eq!(super::weekdays(&made.filled), [chrono::Weekday::Sat, chrono::Weekday::Sun]);
    }

    #[test]
    fn counts_never_fall_below_zero() {
        let falling = (0..60).map(|day| Some((300.0 - 5.0 * at(day) + pattern(day) / 20.0).max(0.0)));
        let made = forecast(&days(falling), 30).unwrap();
        assert!(made.days.iter().all(|day| day.low >= 0.0 && day.value >= 0.0), "{made:?}");
    }

    #[test]
    fn only_the_last_year_is_looked_at() {
        let made = forecast(&days((0..500).map(|at| Some(pattern(at)))), 1).unwrap();
        assert_eq!((made.known, made.basis.0), (364, days([None; 137])[136].0));
    }
}
