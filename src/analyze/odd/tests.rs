//! Odd days, with findings worked out by hand, and their laws.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{Counts, NewSeries, Odd, Series, find, on};
use crate::model::{Day, Edition};

/// A Monday.
const FIRST: &str = "2025-12-01";

fn day(number: usize) -> Day {
    let first: Day = FIRST.parse().unwrap();
    first.checked_add(i64::try_from(number).unwrap()).unwrap()
}

fn series(of: &str, values: &[u64]) -> Series {
    let values = values.iter().enumerate().map(|(at, value)| (day(at), *value)).collect();
    Series { of: of.into(), values }
}

fn calls(values: &[u64]) -> Counts {
    Counts { main: Some(series("calls", values)), ..Counts::default() }
}

/// The places of the odd days, each with its findings.
fn places(counts: &Counts) -> Vec<(usize, Vec<Odd>)> {
    let found = find(counts).into_iter();
    found.map(|(odd, why)| (usize::try_from(odd.days_since(day(0))).unwrap(), why)).collect()
}

#[test]
fn a_day_without_events_in_a_busy_range_is_odd() {
    // Two weeks without Sundays; the second Wednesday is silent.
    let counts = calls(&[50, 52, 51, 50, 49, 20, 0, 50, 52, 0, 53, 49, 21, 0]);
    let found = places(&counts);
    let [(9, why)] = found.as_slice() else { panic!("{found:?}") };
    let [Odd::Silent { of, usual }] = why.as_slice() else { panic!("{why:?}") };
    // Around it: seven days before (51 50 49 20 0 50 52) and four after (53 49 21 0); ascending
    // 0 0 20 21 49 49 50 50 51 52 53: the median is the sixth, the quartiles the third and the ninth.
    assert_eq!((of.as_str(), usual.from, usual.to, usual.median.to_string()), ("calls", 20, 51, "49".into()));
    assert_eq!(usual.days, 11);
    assert_eq!(&on(&counts, day(9)), why);
}

#[test]
fn silence_before_the_first_event_is_not_odd_and_after_the_last_it_is_for_a_while() {
    let mut values = vec![0; 10];
    values.extend([50; 20]);
    assert_eq!(places(&calls(&values)), []);
    let mut values = vec![50; 20];
    values.push(0);
    assert_eq!(places(&calls(&values)).len(), 1);
    assert_eq!(places(&calls(&[0; 30])), []);
}

#[test]
fn events_with_nothing_new_are_odd_where_something_usually_is() {
    let with = |new: &[u64], events: &[u64]| {
        let new = NewSeries { new: series("new phones", new), events: series("calls", events) };
        Counts { new: vec![new], ..Counts::default() }
    };
    let found = places(&with(&[12, 9, 0, 11, 10], &[500, 510, 505, 490, 500]));
    let [(2, why)] = found.as_slice() else { panic!("{found:?}") };
    let [Odd::NothingNew { of, events, count: 505, usual }] = why.as_slice() else { panic!("{why:?}") };
    // 9 10 11 12
    assert_eq!(
        (of.as_str(), events.as_str(), usual.median.to_string()),
        ("new phones", "calls", "10.5".into())
    );
    // Without events, that alone is to be said; and where nothing is ever new, nothing is odd.
    assert_eq!(places(&with(&[12, 9, 0, 11, 10], &[500, 510, 0, 490, 500])), []);
    assert_eq!(places(&with(&[12, 0, 0, 0, 0, 0, 0], &[500; 7])), []);
    assert_eq!(places(&with(&[12, 9, 0, 11, 10], &[])), []);
}

#[test]
fn a_weekday_far_from_its_peers_is_odd() {
    // Seven Tuesdays, of which the fourth has 120; the other days are alike.
    let tuesdays = [640, 650, 655, 120, 665, 690, 660];
    let values: Vec<u64> = tuesdays.iter().flat_map(|tuesday| [600, *tuesday, 610]).collect();
    let at = |at: usize| day(7 * (at / 3) + at % 3);
    let values: BTreeMap<Day, u64> =
        values.into_iter().enumerate().map(|(nth, value)| (at(nth), value)).collect();
    let counts = Counts { main: Some(Series { of: "calls".into(), values }), ..Counts::default() };
    let found = places(&counts);
    let [(22, why)] = found.as_slice() else { panic!("{found:?}") };
    let [Odd::Far { value: 120, usual, .. }] = why.as_slice() else { panic!("{why:?}") };
    // 640 650 655 660 665 690
    assert_eq!((usual.from, usual.to, usual.median.to_string(), usual.days), (650, 665, "657.5".into(), 6));
}

#[test]
fn it_takes_five_peers_to_say_what_is_usual() {
    let weeks = |weeks: usize| {
        let mut values: Vec<u64> =
            std::iter::repeat_n([500, 510, 505, 490, 500, 200, 100], weeks).flatten().collect();
        values[7] = 5_000;
        calls(&values)
    };
    assert_eq!(places(&weeks(5)), []);
    assert_eq!(places(&weeks(6)).len(), 1);
}

#[test]
fn fewer_rows_than_an_earlier_edition_had_are_odd() {
    let edition = |number: u32| Edition::new(number).unwrap();
    let editions = |rows: &[u64]| {
        let rows = (1..).zip(rows).map(|(number, rows)| (edition(number), *rows)).collect();
        Counts { rows: [(day(0), rows)].into(), ..Counts::default() }
    };
    assert_eq!(places(&editions(&[10, 10])), []);
    assert_eq!(places(&editions(&[10, 12, 11, 12])), []);
    assert_eq!(places(&editions(&[10])), []);
    let fewer = Odd::FewerRows { rows: 11, edition: edition(2), before: 12 };
    assert_eq!(places(&editions(&[10, 12, 12, 11])), [(0, vec![fewer])]);
}

#[test]
fn findings_are_told_to_programs_with_their_kind() {
    let counts = calls(&[50, 50, 0, 50, 50]);
    let told = serde_json::to_string(&on(&counts, day(2))).unwrap();
    let expected = r#"[{"kind":"silent","of":"calls","usual":{"from":50,"to":50,"median":50,"days":4}}]"#;
    assert_eq!(told, expected);
}

fn counts() -> impl Strategy<Value = Counts> {
    // Multiples of 6: then a deviation that is not 0 is at least 3, whatever the median.
    let value = || prop_oneof![3 => (90_u64..110).prop_map(|n| n * 6), 1 => (0_u64..200).prop_map(|n| n * 6), 1 => Just(0)];
    let days = || prop::collection::btree_map(0_usize..120, value(), 0..100);
    (days(), days()).prop_map(|(main, new)| {
        let series = |of: &str, values: BTreeMap<usize, u64>| Series {
            of: of.into(),
            values: values.into_iter().map(|(at, value)| (day(at), value)).collect(),
        };
        let main = series("calls", main);
        let new = NewSeries { new: series("new phones", new), events: main.clone() };
        Counts { main: Some(main), new: vec![new], ..Counts::default() }
    })
}

/// The same days with so many times as much on each.
fn scaled(counts: &Counts, factor: u64) -> Counts {
    let mut scaled = counts.clone();
    let new = scaled.new.iter_mut().flat_map(|new| [&mut new.new, &mut new.events]);
    for series in scaled.main.iter_mut().chain(new) {
        series.values.values_mut().for_each(|value| *value *= factor);
    }
    scaled
}

/// The days with the kinds of their findings.
fn kinds(counts: &Counts) -> Vec<(Day, Vec<&'static str>)> {
    let kind = |odd: &Odd| match odd {
        Odd::Silent { .. } => "silent",
        Odd::NothingNew { .. } => "nothing new",
        Odd::Far { .. } => "far",
        Odd::FewerRows { .. } => "fewer rows",
    };
    find(counts).into_iter().map(|(day, why)| (day, why.iter().map(kind).collect())).collect()
}

proptest! {
    #[test]
    fn larger_numbers_in_the_same_proportion_are_at_least_as_odd(counts in counts(), factor in 1_u64..1_000_000) {
        let (found, larger) = (kinds(&counts), kinds(&scaled(&counts, factor)));
        for (day, kinds) in found {
            let still = larger.iter().find(|(found, _)| *found == day).map(|(_, kinds)| kinds.as_slice());
            prop_assert!(kinds.iter().all(|kind| still.unwrap_or_default().contains(kind)), "{day}");
        }
    }

    #[test]
    fn in_large_numbers_only_the_proportion_matters(counts in counts(), factor in 1_u64..100_000) {
        // A million times as many: then chance spreads less than any deviation there is.
        let large = scaled(&counts, 1_000_000);
        prop_assert_eq!(kinds(&scaled(&large, factor)), kinds(&large));
    }

    #[test]
    fn days_that_are_all_alike_are_never_odd(value in any::<u64>(), days in prop::collection::btree_set(0_usize..200, 0..150)) {
        let alike = |of: &str| Series { of: of.into(), values: days.iter().map(|at| (day(*at), value)).collect() };
        let new = NewSeries { new: alike("new phones"), events: alike("calls") };
        let counts = Counts { main: Some(alike("calls")), new: vec![new], ..Counts::default() };
        prop_assert_eq!(find(&counts), BTreeMap::new());
    }

    #[test]
    fn one_day_is_judged_as_it_is_among_all(counts in counts()) {
        let all = find(&counts);
        for at in 0..120 {
            prop_assert_eq!(on(&counts, day(at)), all.get(&day(at)).cloned().unwrap_or_default());
        }
    }

    #[test]
    fn which_of_its_peers_came_first_does_not_matter(counts in counts(), weeks in Just((0..17).collect::<Vec<i64>>()).prop_shuffle()) {
        // Whole weeks change places: each day keeps its weekday and so its peers.
        let moved = |at: Day| {
            let number = at.days_since(day(0));
            let week = weeks.get(usize::try_from(number / 7).unwrap()).copied().unwrap_or(number / 7);
            day(usize::try_from(week * 7 + number % 7).unwrap())
        };
        let mut shuffled = counts.clone();
        if let Some(main) = &mut shuffled.main {
            main.values = main.values.iter().map(|(day, value)| (moved(*day), *value)).collect();
        }
        let far = |counts: &Counts, moved: &dyn Fn(Day) -> Day| -> BTreeMap<Day, bool> {
            let main = counts.main.as_ref().unwrap();
            let above = main.values.iter().filter(|(_, value)| **value > 0);
            let is_far = |day: Day| on(counts, day).iter().any(|odd| matches!(odd, Odd::Far { of, .. } if of == "calls"));
            above.map(|(day, _)| (moved(*day), is_far(*day))).collect()
        };
        prop_assert_eq!(far(&counts, &moved), far(&shuffled, &|day| day));
    }
}
