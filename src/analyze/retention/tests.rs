//! What stays by hand-made expectation, and the laws of retention.

use proptest::prelude::*;

use super::{Fate, FrozenDay, Keep, Passed, plan};
use crate::config::RetentionSettings;
use crate::config::retention::{KeepRule, KeepSpan, Period};
use crate::model::Day;

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

fn plain(day: Day) -> FrozenDay {
    FrozenDay { day, labels: Vec::new(), pinned: false, provisional: false, thinned: false }
}

fn range(first: &str, count: i64) -> Vec<FrozenDay> {
    (0..count).map(|at| plain(day(first).checked_add(at).unwrap())).collect()
}

fn rule(period: Period, span: KeepSpan) -> KeepRule {
    KeepRule { period, span }
}

fn kept(settings: &RetentionSettings, days: &[FrozenDay]) -> Vec<String> {
    let plan = plan(settings, days, day("2030-01-01"));
    plan.days
        .into_iter()
        .filter(|(_, fate)| matches!(fate, Fate::Kept(_)))
        .map(|(day, _)| day.to_string())
        .collect()
}

#[test]
fn the_last_day_of_each_month_stays_when_its_days_go() {
    // 2025-08-20 to 2025-11-06; the newest week of days, and months for ever.
    let days = range("2025-08-20", 79);
    let rules = vec![rule(Period::Day, KeepSpan::Days(3)), rule(Period::Month, KeepSpan::Forever)];
    let settings = RetentionSettings { rules, ..RetentionSettings::default() };
    let expected =
        ["2025-08-31", "2025-09-30", "2025-10-31", "2025-11-03", "2025-11-04", "2025-11-05", "2025-11-06"];
    assert_eq!(kept(&settings, &days), expected);
    let first = RetentionSettings { first: true, ..settings.clone() };
    let expected = [
        "2025-08-20",
        "2025-09-01",
        "2025-10-01",
        "2025-11-01",
        "2025-11-03",
        "2025-11-04",
        "2025-11-05",
        "2025-11-06",
    ];
    assert_eq!(kept(&first, &days), expected);
    let weeks = RetentionSettings {
        rules: vec![rule(Period::Week, KeepSpan::Months(1)), rule(Period::Quarter, KeepSpan::Forever)],
        ..RetentionSettings::default()
    };
    // Sundays since 6 October, the end of the third quarter, and the newest.
    let expected = ["2025-09-30", "2025-10-12", "2025-10-19", "2025-10-26", "2025-11-02", "2025-11-06"];
    assert_eq!(kept(&weeks, &days), expected);
    let years = RetentionSettings {
        rules: vec![rule(Period::Year, KeepSpan::Forever)],
        ..RetentionSettings::default()
    };
    assert_eq!(
        kept(&years, &range("2023-12-30", 735)),
        ["2023-12-31", "2024-12-31", "2025-12-31", "2026-01-02"]
    );
}

#[test]
fn every_reason_is_told() {
    let mut days = range("2025-10-30", 3);
    days[0].labels = vec!["x".to_owned()];
    let settings = RetentionSettings {
        rules: vec![rule(Period::Day, KeepSpan::Days(1)), rule(Period::Month, KeepSpan::Forever)],
        labels: Some(vec!["audit".to_owned()]),
        first: false,
    };
    let daily = rule(Period::Day, KeepSpan::Days(1));
    let monthly = rule(Period::Month, KeepSpan::Forever);
    let found = plan(&settings, &days, day("2025-11-02"));
    let expected = [
        (
            day("2025-10-30"),
            Fate::Thinned(vec![Passed::Older(daily), Passed::Other(Period::Month, day("2025-10-31"))]),
        ),
        (day("2025-10-31"), Fate::Kept(vec![Keep::Rule(daily), Keep::Rule(monthly)])),
        (day("2025-11-01"), Fate::Kept(vec![Keep::Newest, Keep::Rule(daily), Keep::Rule(monthly)])),
    ];
    assert_eq!(found.days, expected);
    // Whatever label a day has keeps it when none is named.
    let any = RetentionSettings { labels: None, ..settings };
    let found = plan(&any, &days, day("2025-11-02"));
    assert_eq!(found.days[0].1, Fate::Kept(vec![Keep::Label("x".to_owned())]));
}

#[test]
fn a_provisional_day_stands_only_where_no_other_does() {
    let mut days = range("2025-10-29", 5);
    days[2].provisional = true;
    let settings = RetentionSettings {
        rules: vec![rule(Period::Month, KeepSpan::Forever)],
        ..RetentionSettings::default()
    };
    assert_eq!(kept(&settings, &days), ["2025-10-30", "2025-11-02"]);
}

#[test]
fn a_policy_without_a_rule_that_keeps_a_day_keeps_nothing() {
    let settings =
        RetentionSettings { labels: Some(vec!["audit".to_owned()]), ..RetentionSettings::default() };
    let mut days = range("2025-11-01", 4);
    assert!(plan(&settings, &days, day("2025-11-06")).keeps_nothing());
    days[1].pinned = true;
    assert!(!plan(&settings, &days, day("2025-11-06")).keeps_nothing());
}

fn spans() -> impl Strategy<Value = KeepSpan> {
    prop_oneof![
        Just(KeepSpan::Forever),
        (1..60_u32).prop_map(KeepSpan::Days),
        (1..15_u32).prop_map(KeepSpan::Months)
    ]
}

fn settings() -> impl Strategy<Value = RetentionSettings> {
    let periods = [Period::Day, Period::Week, Period::Month, Period::Quarter, Period::Year];
    let rules = prop::collection::vec((prop::sample::select(periods.to_vec()), spans()), 0..4);
    let labels = prop::option::of(Just(vec!["audit".to_owned()]));
    (rules, labels, any::<bool>()).prop_map(|(rules, labels, first)| RetentionSettings {
        rules: rules.into_iter().map(|(period, span)| KeepRule { period, span }).collect(),
        labels,
        first,
    })
}

fn archives() -> impl Strategy<Value = Vec<FrozenDay>> {
    let drawn = (1..9_i64, 0..20_u8, any::<bool>(), 0..5_u8);
    prop::collection::vec(drawn, 1..80).prop_map(|steps| {
        let mut at = day("2024-01-28");
        let mut days = Vec::new();
        for (step, mark, provisional, thinned) in steps {
            at = at.checked_add(step).unwrap();
            let labels = match mark {
                0 => vec!["audit".to_owned()],
                1 => vec!["other".to_owned()],
                _ => Vec::new(),
            };
            let thinned = thinned == 0;
            days.push(FrozenDay { day: at, labels, pinned: mark == 2, provisional, thinned });
        }
        days
    })
}

proptest! {
    #[test]
    fn nothing_that_a_rule_keeps_is_thinned(settings in settings(), days in archives()) {
        let found = plan(&settings, &days, day("2030-01-01"));
        prop_assert_eq!(found.days.len(), days.len());
        let newest = days.iter().rev().find(|day| !day.thinned);
        let last = days.last().unwrap().day;
        for (day, (_, fate)) in days.iter().zip(&found.days) {
            prop_assert_eq!(day.thinned, matches!(fate, Fate::Before { .. }));
            if day.thinned {
                continue;
            }
            let goes = matches!(fate, Fate::Thinned(_));
            let labelled = day.labels.iter().any(|label| settings.labels.is_none() || label == "audit");
            if day.pinned || labelled || Some(day) == newest {
                prop_assert!(!goes, "{} is pinned, labelled or the newest", day.day);
            }
            for rule in settings.rules.iter().filter(|rule| rule.period == Period::Day) {
                let reached = rule.span.reaches(last).is_none_or(|since| since <= day.day);
                prop_assert!(!(goes && reached), "{} is no older than {:?}", day.day, rule);
            }
        }
        // Of a period that is kept for ever something stays, if anything was left of it.
        for rule in settings.rules.iter().filter(|rule| rule.span == KeepSpan::Forever) {
            let period = |day: Day| super::period_of(day, rule.period);
            for day in days.iter().filter(|day| !day.thinned) {
                let stays = found.days.iter().any(|(other, fate)| {
                    period(*other) == period(day.day) && matches!(fate, Fate::Kept(_))
                });
                prop_assert!(stays, "nothing is left of the {:?} of {}", rule.period, day.day);
            }
        }
    }

    #[test]
    fn thinning_twice_is_thinning_once(settings in settings(), mut days in archives()) {
        let once = plan(&settings, &days, day("2030-01-01"));
        let gone: Vec<Day> = once.thinned().collect();
        for day in &mut days {
            day.thinned |= gone.contains(&day.day);
        }
        let twice = plan(&settings, &days, day("2030-01-01"));
        prop_assert_eq!(twice.thinned().count(), 0);
        for ((_, one), (_, other)) in once.days.iter().zip(&twice.days) {
            if matches!(one, Fate::Kept(_)) {
                prop_assert_eq!(one, other);
            }
        }
    }
}
