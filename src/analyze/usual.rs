//! What is usual on a day: its weekday's level over a smoothed trend, and how far days lie from that.
//!
//! The days before are split into trend, weekday and remainder by a decomposition that single odd days hardly
//! move. An estimate in floats: it decides nothing that is kept.

use augurs::mstl::stlrs::Stl;

use super::alerts::Series;
use crate::model::Day;

/// The least days that have to be known: three weeks.
pub const LEAST_DAYS: usize = 21;
/// The most days before that are looked at: eight weeks.
pub const WINDOW: i64 = 56;

/// Over how many days the trend is smoothed: five weeks, so that it follows no single day.
const TREND: usize = 35;
/// How many numbers are fitted: a level for each weekday, and a line.
const FITTED: usize = 9;
/// How many days a week has.
const WEEK: usize = 7;
/// What makes the median distance of normal values their standard deviation.
const NORMAL: f64 = 1.4826;
/// No spread is smaller than this share of what is expected: where all days were alike, a little more is no news.
const LEAST_SHARE: f64 = 0.02;

/// What floats leave of a sum that is 0.
const NOISE: f64 = 1e-9;

/// What is usual.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Usual {
    /// The expected value.
    pub expected: f64,
    /// How far days usually lie from what is expected.
    pub spread: f64,
}

/// What is usual on `day`, from the values before it.
///
/// # Errors
/// How many days are known, when those are too few.
pub fn usual(day: Day, series: &Series) -> Result<Usual, usize> {
    let from = day.checked_add(-WINDOW).unwrap_or(day);
    let known: Vec<(i64, f64)> = series
        .range(from..day)
        .map(|(then, value)| (day.days_since(*then), value.to_f64()))
        .filter(|(_, value)| value.is_finite())
        .collect();
    let (Some((oldest, _)), true) = (known.first(), known.len() >= LEAST_DAYS) else {
        return Err(known.len());
    };
    // The last is the day before, so that the next one has the weekday of the day itself.
    let slots = usize::try_from(*oldest).unwrap_or_default();
    let mut values: Vec<Option<f64>> = vec![None; slots];
    for (ago, value) in &known {
        let place = usize::try_from(oldest - ago).ok();
        if let Some(slot) = place.and_then(|place| values.get_mut(place)) {
            *slot = Some(*value);
        }
    }
    let filled: Vec<f64> = (0..slots).map(|at| filled(&values, at)).collect();
    let mut params = Stl::params();
    // So long that a weekday's level is that of all weeks, and not bent by each.
    params.robust(true).seasonal_length(10 * slots + 1).seasonal_degree(0);
    // A line: with a level alone all days of what grows by 1 % a day were far off, and none that fell was found.
    params.trend_length(TREND).trend_degree(1);
    let split = params.fit(&filled, WEEK).map_err(|_| known.len())?;
    let trend = split.trend().last().copied().unwrap_or_default();
    let weekday =
        slots.checked_sub(WEEK).and_then(|at| split.seasonal().get(at)).copied().unwrap_or_default();
    let rest: Vec<f64> = split
        .remainder()
        .iter()
        .zip(&values)
        .filter(|(_, value)| value.is_some())
        .map(|(rest, _)| *rest)
        .collect();
    let middle = median(rest.clone()).unwrap_or_default();
    // The levels were fitted to these same days, which so lie nearer to them than the next one will.
    let next = (count(known.len() + FITTED) / count(known.len() - FITTED)).sqrt();
    let distances = rest.iter().map(|rest| (rest - middle).abs());
    let spread = next * NORMAL * median(distances.collect()).unwrap_or_default();
    let sum = trend + weekday + middle;
    let expected = if sum.abs() < NOISE { 0.0 } else { sum };
    Ok(Usual { expected, spread: spread.max(LEAST_SHARE * expected.abs()).max(NOISE) })
}

/// The value of a day; for one that is not known the median of the same weekday, or of all days.
fn filled(values: &[Option<f64>], at: usize) -> f64 {
    values.get(at).copied().flatten().unwrap_or_else(|| {
        let peers: Vec<f64> = values.iter().skip(at % WEEK).step_by(WEEK).copied().flatten().collect();
        let all = || median(values.iter().copied().flatten().collect());
        median(peers).or_else(all).unwrap_or_default()
    })
}

/// A number of days as a float.
fn count(days: usize) -> f64 {
    u32::try_from(days).map_or(f64::INFINITY, f64::from)
}

/// The middle value; of an even number the mean of the two in the middle.
pub(super) fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let half = values.len() / 2;
    let upper = values.get(half).copied()?;
    if values.len() % 2 == 1 {
        return Some(upper);
    }
    values.get(half.checked_sub(1)?).map(|lower| f64::midpoint(*lower, upper))
}
