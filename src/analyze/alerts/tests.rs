//! Each kind of alert on numbers worked out by hand.

use super::{Series, State, judge};
use crate::config::alerts::{Against, Direction, MetricRule, Rule};
use crate::model::{Day, Number};

fn number(text: &str) -> Number {
    text.parse().unwrap()
}

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

/// Values of following days.
fn from(first: &str, values: impl IntoIterator<Item = i64>) -> Series {
    let first = day(first);
    let dated = values.into_iter().zip(0..);
    dated.map(|(value, at)| (first.checked_add(at).unwrap(), Number::from(value))).collect()
}

fn rule(rule: Rule) -> MetricRule {
    MetricRule { metric: "sales".into(), by: None, rule, direction: Direction::Both, ignore_below: None }
}

fn change(against: Against, more_than: &str) -> MetricRule {
    rule(Rule::Change { against, more_than: number(more_than) })
}

fn state(rule: &MetricRule, on: &str, series: &Series) -> State {
    judge(rule, 1, day(on), series).state
}

#[test]
fn bounds_are_no_alerts_themselves() {
    let bounds = rule(Rule::Bounds { above: Some(number("100")), below: Some(number("10")) });
    for (value, expected) in [(9, State::Fires), (10, State::Fine), (100, State::Fine), (101, State::Fires)] {
        assert_eq!(state(&bounds, "2025-11-06", &from("2025-11-06", [value])), expected, "{value}");
    }
    assert_eq!(state(&bounds, "2025-11-07", &from("2025-11-06", [1])), State::Unknown);
    let told = judge(&bounds, 1, day("2025-11-06"), &from("2025-11-06", [9]));
    assert_eq!((told.why.as_str(), told.expected), ("9 is below 10", Some(number("10"))));
}

#[test]
fn a_change_has_to_be_more_than_its_share() {
    let week = change(Against::SameWeekday, "0.2");
    let series = |last| from("2025-10-30", [100, 0, 0, 0, 0, 0, 0, last]);
    for (value, expected) in [(80, State::Fine), (79, State::Fires), (120, State::Fine), (121, State::Fires)]
    {
        assert_eq!(state(&week, "2025-11-06", &series(value)), expected, "{value}");
    }
    let told = judge(&week, 1, day("2025-11-06"), &series(50));
    assert_eq!(told.why, "50 against 100 (2025-10-30): 50.00 % less");
    let before = change(Against::PreviousDay, "0");
    assert_eq!(state(&before, "2025-11-06", &from("2025-11-05", [5, 5])), State::Fine);
    assert_eq!(state(&before, "2025-11-06", &from("2025-11-05", [5, 6])), State::Fires);
    assert_eq!(state(&before, "2025-11-05", &from("2025-11-05", [5, 6])), State::Unknown);
}

#[test]
fn what_was_nothing_and_is_something_has_changed() {
    let before = change(Against::PreviousDay, "5");
    let told = judge(&before, 1, day("2025-11-06"), &from("2025-11-05", [0, 6]));
    assert_eq!((told.state, told.why.as_str()), (State::Fires, "6 against 0 (2025-11-05): up from nothing"));
    assert_eq!(state(&before, "2025-11-06", &from("2025-11-05", [0, 0])), State::Fine);
}

#[test]
fn a_direction_and_small_counts_keep_still() {
    let mut week = change(Against::PreviousDay, "0.2");
    let series = |values: [i64; 2]| from("2025-11-05", values);
    week.direction = Direction::Down;
    assert_eq!(state(&week, "2025-11-06", &series([100, 200])), State::Fine);
    assert_eq!(state(&week, "2025-11-06", &series([100, 50])), State::Fires);
    week.direction = Direction::Up;
    assert_eq!(state(&week, "2025-11-06", &series([100, 200])), State::Fires);
    assert_eq!(state(&week, "2025-11-06", &series([100, 50])), State::Fine);
    week.direction = Direction::Both;
    week.ignore_below = Some(number("30"));
    assert_eq!(state(&week, "2025-11-06", &series([29, 3])), State::Fine);
    assert_eq!(state(&week, "2025-11-06", &series([30, 3])), State::Fires);
    assert_eq!(state(&week, "2025-11-06", &series([3, 30])), State::Fires);
}

#[test]
fn a_target_is_missed_to_both_sides() {
    let target = rule(Rule::Target { target: number("500"), more_than: number("0.1") });
    for (value, expected) in
        [(450, State::Fine), (449, State::Fires), (550, State::Fine), (551, State::Fires)]
    {
        assert_eq!(state(&target, "2025-11-06", &from("2025-11-06", [value])), expected, "{value}");
    }
}

#[test]
fn a_month_so_far_is_held_against_as_many_days() {
    let month = change(Against::MonthToDate, "0.2");
    // October has 31 days of 10, November two of 10 and one of 1: 21 against 30.
    let series = from("2025-10-01", (0..31).map(|_| 10).chain([10, 10, 1]));
    let told = judge(&month, 1, day("2025-11-03"), &series);
    assert_eq!((told.value, told.expected), (Some(number("21")), Some(number("30"))));
    assert_eq!(told.why, "21 against 30 (2025-10-01 to 2025-10-03): 30.00 % less");
    assert_eq!(told.state, State::Fires);
    assert_eq!(state(&month, "2025-11-02", &series), State::Fine);
    let mut gap = series.clone();
    gap.remove(&day("2025-10-02"));
    let told = judge(&month, 1, day("2025-11-03"), &gap);
    assert_eq!(told.state, State::Unknown);
    assert_eq!(told.why, "only 2 of the 3 days from 2025-10-01 to 2025-10-03 are known");
    // February 2025 has no 30th.
    let march = from("2025-02-01", (0..58).map(|_| 10));
    assert_eq!(state(&month, "2025-03-28", &march), State::Fine);
    let told = judge(&month, 1, day("2025-03-30"), &march);
    assert_eq!(told.state, State::Unknown);
}

#[test]
fn days_in_a_row_all_have_to_be_so() {
    let low = rule(Rule::Bounds { above: None, below: Some(number("10")) });
    let series = from("2025-11-03", [5, 20, 5, 5, 5]);
    let told = |on: &str, days: u16| judge(&low, days, day(on), &series);
    assert_eq!(told("2025-11-05", 2).state, State::Fine);
    assert_eq!(told("2025-11-05", 2).why, "5 is below 10; the first day of the 2 that it takes");
    assert_eq!(told("2025-11-06", 2).state, State::Fires);
    assert_eq!(told("2025-11-06", 3).state, State::Fine);
    assert_eq!(told("2025-11-07", 3).state, State::Fires);
    // Of a day that is not known it is not known whether it is in the row.
    let mut gap = series.clone();
    gap.remove(&day("2025-11-06"));
    let told = judge(&low, 2, day("2025-11-07"), &gap);
    assert_eq!(told.state, State::Unknown);
    assert_eq!(told.why, "5 is below 10; of 2 days in a row 2025-11-06 can't be judged");
    assert_eq!(judge(&low, 3, day("2025-11-07"), &gap).state, State::Unknown);
    // A day that was fine ends the row, whatever the days after it were.
    let told = judge(&low, 4, day("2025-11-07"), &gap);
    assert_eq!(
        (told.state, told.why.as_str()),
        (State::Fine, "5 is below 10; not all of the 4 that it takes")
    );
    assert_eq!(judge(&low, 2, day("2025-11-03"), &series).state, State::Unknown);
}

/// Weeks of about 100 on working days and 10 on weekends, from a Monday, a little different each day.
fn weeks(days: i64) -> Series {
    let mut random = fastrand::Rng::with_seed(1);
    from("2025-09-01", (0..days).map(|at| if at % 7 < 5 { random.i64(95..=105) } else { random.i64(9..=11) }))
}

#[test]
fn an_unusual_day_is_one_that_is_far_from_its_weekday() {
    let anomaly = rule(Rule::Anomaly);
    let with = |at: i64, value: i64| {
        let mut series = weeks(at);
        let on = day("2025-09-01").checked_add(at).unwrap();
        series.insert(on, Number::from(value));
        judge(&anomaly, 1, on, &series)
    };
    // 2025-10-06 is a Monday, 2025-10-11 a Saturday.
    assert_eq!(with(35, 100).state, State::Fine);
    assert_eq!(with(35, 40).state, State::Fires);
    assert_eq!(with(35, 10).state, State::Fires);
    assert_eq!(with(40, 10).state, State::Fine);
    assert_eq!(with(40, 100).state, State::Fires);
    let expected = with(35, 40).expected.unwrap().to_f64();
    assert!((95.0..105.0).contains(&expected), "{expected}");
    // One odd day before changes nothing.
    let mut series = weeks(36);
    series.insert(day("2025-09-29"), Number::from(5_i64));
    assert_eq!(state(&anomaly, "2025-10-06", &series), State::Fine);
}

#[test]
fn three_weeks_are_needed() {
    let anomaly = rule(Rule::Anomaly);
    let told = judge(&anomaly, 1, day("2025-09-21"), &weeks(21));
    assert_eq!(told.state, State::Unknown);
    assert_eq!(told.why, "20 days so far, and it takes 21 to know what is usual");
    assert_eq!(state(&anomaly, "2025-09-22", &weeks(22)), State::Fine);
}

#[test]
fn constants_stay_what_they_are() {
    let anomaly = rule(Rule::Anomaly);
    let constant = |usual: i64, last: i64| {
        let series = from("2025-09-01", (0..28).map(|_| usual).chain([last]));
        state(&anomaly, "2025-09-29", &series)
    };
    assert_eq!(constant(100, 100), State::Fine);
    assert_eq!(constant(100, 105), State::Fine);
    assert_eq!(constant(100, 109), State::Fine);
    assert_eq!(constant(100, 111), State::Fires);
    assert_eq!(constant(0, 0), State::Fine);
    assert_eq!(constant(0, 1), State::Fires);
}

#[test]
fn a_gap_is_no_zero() {
    let anomaly = rule(Rule::Anomaly);
    let mut series = weeks(36);
    for gone in ["2025-09-15", "2025-09-16", "2025-10-01"] {
        series.remove(&day(gone));
    }
    assert_eq!(state(&anomaly, "2025-10-06", &series), State::Fine);
}
