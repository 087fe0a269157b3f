//! Forecasts of series whose future is known, and what must hold of any.

use super::{Interval, Method, NoForecast, Series, forecast};
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
    assert!(made.days.iter().zip(&expected).all(|(day, value)| super::same(day.value, *value)), "{made:?}");
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

/// A pattern with made-up noise that is always the same.
fn noisy(days: usize) -> Vec<f64> {
    let mut state = 42_u32;
    let mut noise = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        f64::from(state >> 8) / f64::from(1_u32 << 24) - 0.5
    };
    (0..days).map(|day| pattern(day) * (1.0 + 0.6 * noise())).collect()
}

#[test]
fn intervals_are_as_wide_as_earlier_forecasts_were_wrong() {
    let (values, horizon) = (noisy(120), 7);
    let some = |length: usize| days(values[..length].iter().copied().map(Some));
    let made = forecast(&some(120), horizon).unwrap();
    assert_eq!(made.interval, Interval::BackTest { origins: 28 });
    // The same forecasts, made one by one from the first 86 to 113 days.
    let values_of = |origin: usize| -> Vec<f64> {
        let alone = Series::of(&some(origin)).unwrap().ahead(origin, horizon).unwrap();
        alone.days.iter().map(|[value, ..]| *value).collect()
    };
    let tried: Vec<(usize, Vec<f64>)> = (86..=113).map(|origin| (origin, values_of(origin))).collect();
    for (step, day) in made.days.iter().enumerate() {
        let error = |(origin, made): &(usize, Vec<f64>)| (made[step] - values[origin + step]).abs();
        let mut errors: Vec<f64> = tried.iter().map(error).collect();
        errors.sort_by(f64::total_cmp);
        // 80 % of 29 is 23.2, so the 24th of the 28.
        let width = errors[23];
        let (below, above) = (day.value - day.low, day.high - day.value);
        assert!(above >= width * 0.999_999, "{step}: {day:?} {width}");
        assert!(below >= width * 0.999_999 || day.low.abs() < 1e-9, "{step}: {day:?} {width}");
    }
    let test = made.back_test.unwrap();
    assert_eq!((test.origins, test.days), (28, 196));
    assert!(test.inside * 100 >= test.days * 75, "{test:?}");
}

#[test]
fn few_tries_leave_the_interval_to_the_model() {
    // From 21 to 30 days: 10 tries of one day each, and 9 of two.
    let values = noisy(31);
    let some = || days(values.iter().copied().map(Some));
    assert_eq!(forecast(&some(), 1).unwrap().interval, Interval::BackTest { origins: 10 });
    assert_eq!(forecast(&some(), 2).unwrap().interval, Interval::Model);
    assert_eq!(forecast(&days([Some(7.0); 60]), 7).unwrap().interval, Interval::NoWidth);
}

#[test]
fn whatever_came_before_the_numbers_are_finite_and_in_order() {
    let base = noisy(90);
    let with = |change: &dyn Fn(usize, f64) -> Option<f64>| -> Vec<Option<f64>> {
        base.iter().enumerate().map(|(at, value)| change(at, *value)).collect()
    };
    let cases = [
        ("one giant", with(&|at, value| Some(if at == 70 { 1e12 } else { value }))),
        ("a giant at the end", with(&|at, value| Some(if at == 89 { 1e15 } else { value }))),
        ("near the end of floats", with(&|at, value| Some(if at == 40 { 1e300 } else { value }))),
        ("tiny", with(&|_, value| Some(value * 1e-300))),
        ("gaps", with(&|at, value| (at % 5 != 3).then_some(value))),
        ("a week of gaps", with(&|at, value| (!(50..57).contains(&at)).then_some(value))),
        ("zero but once", with(&|at, _| Some(if at == 60 { 3.0 } else { 0.0 }))),
        ("zero from one day on", with(&|at, value| Some(if at > 45 { 0.0 } else { value }))),
        ("below zero", with(&|_, value| Some(200.0 - value))),
        ("always below zero", with(&|_, value| Some(-1.0 - value))),
        ("shares", with(&|_, value| Some((value / 800.0).min(1.0)))),
        ("no numbers", with(&|at, value| Some(if at % 9 == 4 { f64::NAN } else { value }))),
        ("endless", with(&|at, value| Some(if at % 9 == 4 { f64::INFINITY } else { value }))),
    ];
    for (name, values) in cases {
        let counted = values.iter().flatten().all(|value| value.is_nan() || *value >= 0.0);
        let made = match forecast(&days(values), 14) {
            Ok(made) => made,
            Err(NoForecast::NoModel) => continue,
            Err(error) => panic!("{name}: {error}"),
        };
        assert_eq!(made.days.len(), 14, "{name}");
        for day in &made.days {
            let numbers = [day.low, day.value, day.high];
            assert!(numbers.iter().all(|number| number.is_finite()), "{name}: {day:?}");
            assert!(day.low <= day.value && day.value <= day.high, "{name}: {day:?}");
            assert!(!counted || day.low >= 0.0, "{name}: {day:?}");
        }
        let test = made.back_test.unwrap();
        assert!(test.error.is_finite() && test.error_of_last_week.is_finite(), "{name}: {test:?}");
    }
}
