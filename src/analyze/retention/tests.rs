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

#[test]
fn months_end_where_their_last_frozen_day_is() {
    // Leap days, months of 28 days, and a last day of the month that nobody froze.
    let mut days = range("2024-01-20", 420);
    assert_eq!(days.last().unwrap().day, day("2025-03-14"));
    days.retain(|frozen| frozen.day != day("2024-10-31") && frozen.day != day("2024-10-30"));
    let settings = RetentionSettings {
        rules: vec![rule(Period::Month, KeepSpan::Months(12))],
        ..RetentionSettings::default()
    };
    // Twelve months before 14 March 2025 lie in March 2024, and that month counts as a whole.
    let expected = [
        "2024-03-31",
        "2024-04-30",
        "2024-05-31",
        "2024-06-30",
        "2024-07-31",
        "2024-08-31",
        "2024-09-30",
        "2024-10-29",
        "2024-11-30",
        "2024-12-31",
        "2025-01-31",
        "2025-02-28",
        "2025-03-14",
    ];
    assert_eq!(kept(&settings, &days), expected);
    let until_leap_day: Vec<FrozenDay> =
        days.iter().filter(|frozen| frozen.day <= day("2024-02-29")).cloned().collect();
    assert_eq!(kept(&settings, &until_leap_day), ["2024-01-31", "2024-02-29"]);
    let yearly = RetentionSettings {
        rules: vec![rule(Period::Day, KeepSpan::Months(12))],
        ..RetentionSettings::default()
    };
    // A year before a leap day is the 28th, which is still kept.
    let days = range("2023-02-25", 370);
    assert_eq!(days.last().unwrap().day, day("2024-02-29"));
    assert_eq!(kept(&yearly, &days)[0], "2023-02-28");
}

#[test]
fn the_first_day_of_a_period_stands_for_it_even_where_the_span_ends_later_in_it() {
    let days = range("2025-08-01", 98);
    assert_eq!(days.last().unwrap().day, day("2025-11-06"));
    let first = |months| RetentionSettings {
        rules: vec![rule(Period::Month, KeepSpan::Months(months))],
        first: true,
        ..RetentionSettings::default()
    };
    assert_eq!(kept(&first(1), &days), ["2025-10-01", "2025-11-01", "2025-11-06"]);
    assert_eq!(kept(&first(2), &days), ["2025-09-01", "2025-10-01", "2025-11-01", "2025-11-06"]);
}

#[test]
fn spans_reach_back_from_today_where_the_newest_day_lies_after_it() {
    let days = range("2025-11-01", 6);
    let settings = RetentionSettings {
        rules: vec![rule(Period::Day, KeepSpan::Days(1))],
        ..RetentionSettings::default()
    };
    let kept = |today: &str| {
        let plan = plan(&settings, &days, day(today));
        plan.days.iter().filter(|(_, fate)| matches!(fate, Fate::Kept(_))).count()
    };
    // A clock that is behind keeps more; one that is far ahead takes nothing away.
    assert_eq!([kept("2025-11-06"), kept("2025-11-04"), kept("2040-01-01")], [2, 4, 2]);
}

/// What is whole after days were frozen one by one, and thinned after each.
fn lived(settings: &RetentionSettings, first: &str, count: i64) -> Vec<Day> {
    let mut days: Vec<FrozenDay> = Vec::new();
    for new in range(first, count) {
        let today = new.day;
        days.push(new);
        let gone: Vec<Day> = plan(settings, &days, today).thinned().collect();
        for day in &mut days {
            day.thinned |= gone.contains(&day.day);
        }
    }
    days.into_iter().filter(|day| !day.thinned).map(|day| day.day).collect()
}

#[test]
fn thinning_every_night_ends_where_thinning_once_does() {
    let rules = vec![
        rule(Period::Day, KeepSpan::Days(10)),
        rule(Period::Month, KeepSpan::Months(5)),
        rule(Period::Quarter, KeepSpan::Forever),
    ];
    for first in [false, true] {
        let settings = RetentionSettings { rules: rules.clone(), first, ..RetentionSettings::default() };
        let days = range("2024-01-01", 500);
        let last = days.last().unwrap().day;
        let once = plan(&settings, &days, last);
        let once: Vec<Day> =
            once.days.iter().filter(|(_, fate)| matches!(fate, Fate::Kept(_))).map(|(day, _)| *day).collect();
        assert_eq!(lived(&settings, "2024-01-01", 500), once, "first: {first}");
    }
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

    #[test]
    fn a_longer_span_or_one_rule_more_keeps_all_that_was_kept(
        settings in settings(),
        more in (prop::sample::select(vec![Period::Day, Period::Week, Period::Month, Period::Quarter, Period::Year]), spans()),
        days in archives(),
    ) {
        let kept = |settings: &RetentionSettings| -> Vec<Day> {
            let plan = plan(settings, &days, day("2030-01-01"));
            plan.days.iter().filter(|(_, fate)| matches!(fate, Fate::Kept(_))).map(|(day, _)| *day).collect()
        };
        let longer = |span: KeepSpan| match span {
            KeepSpan::Forever => KeepSpan::Forever,
            KeepSpan::Days(days) => KeepSpan::Days(days + 13),
            KeepSpan::Months(months) => KeepSpan::Months(months + 2),
        };
        let before = kept(&settings);
        let rules = settings.rules.iter().map(|rule| KeepRule { span: longer(rule.span), ..*rule }).collect();
        let longer = kept(&RetentionSettings { rules, ..settings.clone() });
        let mut rules = settings.rules.clone();
        rules.push(rule(more.0, more.1));
        let with_one_more = kept(&RetentionSettings { rules, ..settings.clone() });
        let every_label = kept(&RetentionSettings { labels: None, ..settings.clone() });
        for day in &before {
            prop_assert!(longer.contains(day), "{day} is not kept by longer spans");
            prop_assert!(with_one_more.contains(day), "{day} is not kept with {more:?} beside");
            prop_assert!(every_label.contains(day), "{day} is not kept by every label");
        }
    }

    #[test]
    fn a_policy_is_refused_if_and_only_if_no_rule_label_or_pin_keeps_anything_of_what_would_be_thinned(
        settings in settings(),
        days in archives(),
    ) {
        let found = plan(&settings, &days, day("2030-01-01"));
        let whole = days.iter().filter(|day| !day.thinned).count();
        let kept = whole - found.thinned().count();
        // Of what was whole something stays always, and where it is only the newest, something says so.
        prop_assert!(whole == 0 || kept > 0);
        if settings.rules.is_empty() && whole > 1 {
            let named = |day: &FrozenDay| {
                day.pinned || day.labels.iter().any(|label| settings.labels.is_none() || label == "audit")
            };
            let any = days.iter().any(|day| !day.thinned && named(day));
            prop_assert_eq!(found.keeps_nothing(), !any);
        } else if days.last().is_some_and(|day| !day.thinned) {
            // Spans reach back from the newest day. Where that was thinned before, all that is still whole
            // may be older than every span.
            prop_assert!(!found.keeps_nothing());
        }
    }
}
