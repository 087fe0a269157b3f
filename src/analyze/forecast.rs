//! What a metric's next days will probably bring, and how far that could be trusted so far.
//!
//! The week's pattern is taken out (MSTL), exponential smoothing goes on with what is left, and the pattern is
//! put back. A back-test gives each forecast that could have been made before its chance to be wrong, beside
//! the plainest one there is: the same weekday of the week before. What it was wrong by widens the interval, as
//! the model knows only how well it fits and not how well it foretells.

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

/// From how many errors of each day ahead an interval is widened, at least.
const LEAST_ERRORS: usize = 10;

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
    /// What its intervals rest on.
    pub interval: Interval,
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

/// What the intervals of a forecast rest on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Interval {
    /// They have no width: nothing ever moved.
    NoWidth,
    /// On how well the model fits.
    Model,
    /// On that, or on how far earlier forecasts were off where that is more.
    BackTest {
        /// From how many days these were made.
        origins: usize,
    },
}

/// How forecasts of earlier days would have done, with the intervals that would have been told then.
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
    let mut made = series.ahead(series.values.len(), horizon)?;
    let tried = series.try_again(horizon);
    let interval = made.widen(&tried, series.values.len());
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
        interval,
        basis: (first, day(length.saturating_sub(1)).unwrap_or(first)),
        known: series.values.iter().flatten().count(),
        filled: gaps.filter_map(|(at, _)| day(at)).collect(),
        back_test: series.back_test(horizon, &tried),
    })
}

/// One value a day, without days missing; the first and the last are known.
struct Series {
    first: Day,
    values: Vec<Option<f64>>,
}

/// What lies ahead: for each day the value, the lower and the upper end.
#[derive(Clone)]
struct Made {
    days: Vec<[f64; 3]>,
    method: Method,
    /// Whether no value was ever below zero: it is a count, or as good as one.
    never_negative: bool,
}

/// A forecast of the past: from how many days it was made, and by how much it was off on each day ahead, `None`
/// where nobody knows.
struct Tried {
    origin: usize,
    made: Made,
    errors: Vec<Option<f64>>,
}

impl Made {
    /// Widens the intervals to what would have held as many earlier forecasts as they promise: those whose days had
    /// come when this one was made, from so many days.
    fn widen(&mut self, tried: &[Tried], length: usize) -> Interval {
        if self.method != Method::Model {
            return Interval::NoWidth;
        }
        let of_step = |step: usize| {
            let known = tried.iter().rev().filter(|tried| tried.origin + step < length).take(MOST_ORIGINS);
            let mut errors: Vec<f64> =
                known.filter_map(|tried| tried.errors.get(step).copied().flatten()).collect();
            errors.sort_by(f64::total_cmp);
            held(&errors)
        };
        let Some(widths) = (0..self.days.len()).map(of_step).collect::<Option<Vec<f64>>>() else {
            return Interval::Model;
        };
        for ([value, low, high], width) in self.days.iter_mut().zip(widths) {
            *low = low.min(*value - width);
            *high = high.max(*value + width);
            if self.never_negative {
                *low = low.max(0.0);
            }
        }
        Interval::BackTest { origins: tried.len().min(MOST_ORIGINS) }
    }
}

/// The error that as many of these as an interval promises to hold do not exceed, and one still to come with the
/// same probability; `None` for too few.
fn held(sorted: &[f64]) -> Option<f64> {
    if sorted.len() < LEAST_ERRORS {
        return None;
    }
    let rank = ((sorted.len() + 1) * usize::from(LEVEL)).div_ceil(100).min(sorted.len());
    sorted.get(rank.checked_sub(1)?).copied()
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
            let days = (0..horizon).filter_map(day).collect();
            return Ok(Made { days, method, never_negative: false });
        }
        let mut days = modelled(&values, horizon).ok_or(NoForecast::NoModel)?;
        let never_negative = values.iter().all(|value| *value >= 0.0);
        if never_negative {
            for number in days.iter_mut().flatten() {
                *number = number.max(0.0);
            }
        }
        Ok(Made { days, method: Method::Model, never_negative })
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

    /// Forecasts from each of the last days that have a whole horizon behind them, the oldest first: those that are
    /// told of, and as many before them as their own intervals need.
    fn try_again(&self, horizon: usize) -> Vec<Tried> {
        let Some(newest) = self.values.len().checked_sub(horizon) else { return Vec::new() };
        let enough = |origin: &usize| {
            let known = self.values.get(..*origin).unwrap_or_default().iter().flatten().count();
            known >= LEAST_DAYS
        };
        let origins = MOST_ORIGINS * 2 + horizon.min(MOST_ORIGINS);
        let origins = (0..=newest).rev().take(origins).take_while(enough);
        let tried = origins.filter_map(|origin| {
            let made = self.ahead(origin, horizon).ok()?;
            let came = self.values.get(origin..).unwrap_or_default();
            let error =
                |(came, [value, ..]): (&Option<f64>, &[f64; 3])| came.map(|came| (came - value).abs());
            let errors = came.iter().zip(&made.days).map(error).collect();
            Some(Tried { origin, made, errors })
        });
        let mut tried: Vec<Tried> = tried.collect();
        tried.reverse();
        tried
    }

    /// How the last of these forecasts did, each with the interval that would have been told then.
    fn back_test(&self, horizon: usize, tried: &[Tried]) -> Option<BackTest> {
        let mut test =
            BackTest { origins: 0, horizon, days: 0, error: 0.0, error_of_last_week: 0.0, inside: 0 };
        let first = tried.len().saturating_sub(MOST_ORIGINS);
        for (at, Tried { origin, made, errors }) in tried.iter().enumerate().skip(first) {
            let mut made = made.clone();
            made.widen(tried.get(..at).unwrap_or_default(), *origin);
            let before = self.filled(*origin);
            test.origins += 1;
            let came = self.values.get(*origin..).unwrap_or_default();
            for (ahead, ((came, error), [_, low, high])) in came.iter().zip(errors).zip(made.days).enumerate()
            {
                let last_week = before.get(week_before(*origin, ahead));
                let (Some(came), Some(error), Some(last_week)) = (came, error, last_week) else { continue };
                test.days += 1;
                test.error += error;
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
mod tests;
