//! How often an anomaly is told of on made-up days of several shapes: of ordinary ones, and of ones that fell by 30 %.
//! No seed here is one that anything was chosen by.

use std::ops::Range;

use fastrand::Rng;

use super::{Series, State, judge};
use crate::config::alerts::{Direction, MetricRule, Rule};
use crate::model::{Day, Number};

/// Days on which eight weeks are known.
const LATE: Range<i64> = 56..98;
/// Days on which three to five weeks are.
const EARLY: Range<i64> = 21..35;

/// A wait until the next of events that come once in a while on average.
fn wait(random: &mut Rng) -> f64 {
    -(1.0 - random.f64()).ln()
}

/// How many independent events came of so many expected.
fn poisson(random: &mut Rng, mean: f64) -> f64 {
    let (mut waited, mut count) = (wait(random), 0.0);
    while waited < mean {
        waited += wait(random);
        count += 1.0;
    }
    count
}

/// A weekday's share, from a Monday on.
fn week(at: i32) -> f64 {
    let week = [1.0, 0.95, 1.0, 1.05, 1.1, 0.4, 0.25];
    usize::try_from(at % 7).ok().and_then(|at| week.get(at)).copied().unwrap()
}

/// What a day has of which only this share is there.
type Shape = fn(random: &mut Rng, at: i32, share: f64) -> f64;

const SHAPES: [(&str, Shape); 7] = [
    ("a count of 2,000 a day", |random, at, share| poisson(random, 2_000.0 * week(at) * share)),
    ("a count of 200 a day", |random, at, share| poisson(random, 200.0 * week(at) * share)),
    ("the same, growing by 1 % a day", |random, at, share| {
        poisson(random, 200.0 * week(at) * share * 1.01_f64.powi(at))
    }),
    ("a count of 200 a day that differs by 15 % by itself", |random, at, share| {
        // A gamma distribution of shape 45.
        let level = (0..45).map(|_| wait(random)).sum::<f64>() / 45.0;
        poisson(random, 200.0 * week(at) * share * level)
    }),
    ("a count of 15 a day", |random, at, share| poisson(random, 15.0 * week(at) * share)),
    ("a count of 3 a day", |random, at, share| poisson(random, 3.0 * week(at) * share)),
    ("a ratio of 20 % of 300 a day", |random, at, share| {
        // So many sales of calls, each by itself.
        let (sales, others) = (300.0 * week(at) * 0.2 * share, 300.0 * week(at) * (1.0 - 0.2 * share));
        let (sales, others) = (poisson(random, sales), poisson(random, others));
        sales / (sales + others).max(1.0)
    }),
];

/// How many percent of days are told of: of ordinary ones, and of ones that fell by 30 %.
fn told(shape: Shape, seeds: Range<u64>, days: Range<i64>) -> (f64, f64) {
    let rule = MetricRule {
        metric: "sales".into(),
        by: None,
        rule: Rule::Anomaly,
        direction: Direction::Both,
        ignore_below: None,
    };
    let first: Day = "2025-09-01".parse().unwrap();
    let (mut judged, mut ordinary, mut fallen) = (0.0, 0.0, 0.0);
    for seed in seeds {
        let (mut random, mut series) = (Rng::with_seed(seed), Series::new());
        for at in 0..days.end {
            let day = first.checked_add(at).unwrap();
            let mut value = |share| {
                let value = shape(&mut random, i32::try_from(at).unwrap(), share);
                Number::from_f64(value).unwrap()
            };
            let (whole, low) = (value(1.0), value(0.7));
            if days.contains(&at) {
                let mut fires = |value: &Number| {
                    series.insert(day, value.clone());
                    f64::from(u8::from(judge(&rule, 1, day, &series).state == State::Fires))
                };
                fallen += fires(&low);
                ordinary += fires(&whole);
                judged += 1.0;
            }
            series.insert(day, whole);
        }
    }
    (100.0 * ordinary / judged, 100.0 * fallen / judged)
}

#[test]
fn ordinary_days_are_rarely_told_of_and_large_counts_that_fell_often_are() {
    // How many of the days that fell have to be found, in percent, with eight weeks.
    let found = [70.0, 25.0, 20.0, 0.0, 0.0, 0.0, 0.0];
    for ((name, shape), found) in SHAPES.into_iter().zip(found) {
        let (ordinary, fallen) = told(shape, 40_000..40_005, LATE);
        assert!(ordinary <= 5.0 && fallen >= found, "{name}: {ordinary} and {fallen} of a hundred");
        let (ordinary, _) = told(shape, 50_000..50_010, EARLY);
        assert!(ordinary <= 7.5, "{name}, early: {ordinary} of a hundred");
    }
}

#[test]
fn the_figures_are_those_that_are_written_down() {
    let documented = include_str!("../../../docs/CONFIG.md");
    let rows = std::thread::scope(|scope| {
        let shapes = SHAPES.map(|(name, shape)| {
            let late = scope.spawn(move || told(shape, 20_000..20_010, LATE));
            let early = scope.spawn(move || told(shape, 30_000..30_015, EARLY));
            (name, late, early)
        });
        shapes.map(|(name, late, early)| {
            let (late, early) = (late.join().unwrap(), early.join().unwrap());
            format!("| {name} | {:.1} % | {:.0} % | {:.1} % | {:.0} % |", late.0, late.1, early.0, early.1)
        })
    });
    let missing: Vec<&String> = rows.iter().filter(|row| !documented.contains(*row)).collect();
    assert!(missing.is_empty(), "measured otherwise:\n{rows:#?}");
}
