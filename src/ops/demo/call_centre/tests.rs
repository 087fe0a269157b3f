//! What the demo promises: see the module.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, NaiveDate, TimeDelta, TimeZone, Timelike};
use rusqlite::Connection;

use super::nights::{CUT_OFF, CUT_OFF_FOUND, EARLY, LATE, MISSED};
use super::{CallRow, Change, DemoData, HOLIDAY, LAST, nights, store};
use crate::model::Day;

fn rows(date: NaiveDate) -> Vec<CallRow> {
    DemoData::rows_of(Day::new(date).unwrap())
}

fn on(date: &str) -> Vec<CallRow> {
    rows(date.parse().unwrap())
}

fn all() -> Vec<CallRow> {
    DemoData::days().flat_map(DemoData::rows_of).collect()
}

#[test]
fn a_day_is_the_same_however_often_and_in_whatever_order_it_is_asked_for() {
    let days: Vec<Day> = DemoData::days().collect();
    assert_eq!(days.len(), 35);
    let forwards: Vec<_> = days.iter().map(|day| DemoData::rows_of(*day)).collect();
    let mut backwards: Vec<_> = days.iter().rev().map(|day| DemoData::rows_of(*day)).collect();
    backwards.reverse();
    assert_eq!(forwards, backwards);
    assert_eq!(DemoData::late_changes(days[20]), DemoData::late_changes(days[20]));
    assert!(on("2025-10-05").is_empty() && on("2025-11-10").is_empty());
}

#[test]
fn there_are_about_fifty_thousand_calls_with_plausible_outcomes() {
    let all = all();
    assert!((45_000..56_000).contains(&all.len()), "{}", all.len());
    let share =
        |status: Option<&str>| all.iter().filter(|row| row.status == status).count() * 10_000 / all.len();
    assert!((50..100).contains(&share(Some("SALE"))), "{}", share(Some("SALE")));
    assert!((50..250).contains(&share(None)), "{}", share(None));
    let phones: BTreeSet<_> = all.iter().map(|row| &row.phone).collect();
    assert!(phones.len() * 3 < all.len() * 2, "phones repeat");
    assert!(all.iter().all(|row| row.phone.len() == 10 && row.phone[3..].starts_with("555")));
}

#[test]
fn weekdays_are_busy_weekends_are_not_and_a_holiday_is_quiet() {
    for day in DemoData::days().map(Day::date) {
        let calls = rows(day).len();
        let expected = match day.weekday() {
            _ if day == HOLIDAY => 300..420,
            chrono::Weekday::Sat => 450..650,
            chrono::Weekday::Sun => 50..120,
            _ => 1_500..2_501,
        };
        assert!(expected.contains(&calls), "{day}: {calls}");
    }
    let peers = ["2025-10-06", "2025-10-20"].map(|day| on(day).len());
    assert!(peers.iter().all(|peer| rows(HOLIDAY).len() * 3 < *peer));
}

#[test]
fn a_weekday_has_two_peaks_and_a_lunch_dip() {
    let mut hours = BTreeMap::new();
    for row in on("2025-10-08") {
        *hours.entry(row.call_date.hour()).or_insert(0) += 1;
    }
    assert!(hours[&12] * 3 < hours[&10] * 2 && hours[&12] * 3 < hours[&15] * 2, "{hours:?}");
    assert_eq!(hours.keys().copied().collect::<Vec<_>>(), (8..=20).collect::<Vec<_>>());
}

#[test]
fn keys_are_unique_and_rows_lie_within_their_day() {
    let mut keys = BTreeSet::new();
    for day in DemoData::days() {
        let rows = DemoData::rows_of(day);
        assert!(rows.iter().all(|row| row.call_date.date() == day.date() && keys.insert(row.id)));
        assert!(rows.is_sorted_by_key(|row| (row.id, row.call_date)));
    }
    for change in DemoData::days().flat_map(DemoData::late_changes) {
        if let Change::Insert(row) = change {
            assert!(keys.insert(row.id));
        }
    }
}

#[test]
fn the_crossed_cube_of_a_day_is_moderate() {
    for day in DemoData::days() {
        let groups: BTreeSet<_> = DemoData::rows_of(day)
            .into_iter()
            .map(|row| (row.call_date.hour(), row.campaign, row.status))
            .collect();
        assert!(groups.len() <= 700, "{day}: {}", groups.len());
    }
}

/// The days of the rows that a night's changes touch, with how often.
fn touched(dates: &BTreeMap<i64, NaiveDate>, night: NaiveDate) -> BTreeMap<NaiveDate, usize> {
    let mut touched = BTreeMap::new();
    for change in DemoData::late_changes(Day::new(night).unwrap()) {
        let date = match change {
            Change::SetStatus { id, .. } => dates[&id],
            Change::Insert(row) => row.call_date.date(),
        };
        *touched.entry(date).or_insert(0) += 1;
    }
    touched
}

#[test]
fn late_changes_touch_rows_of_earlier_days_only() {
    let dates: BTreeMap<i64, NaiveDate> = all().iter().map(|row| (row.id, row.call_date.date())).collect();
    let touched = |night| touched(&dates, night);
    for day in DemoData::days() {
        assert!(touched(day.date()).keys().all(|date| *date < day.date()), "{day}");
    }
    assert!(touched("2025-10-09".parse().unwrap()).len() == 3, "rows stay open for three days");
    // What is saved again has other numbers then.
    assert!(touched(EARLY.succ_opt().unwrap()).contains_key(&EARLY));
    assert!(touched(CUT_OFF_FOUND)[&CUT_OFF] > 37);
}

#[test]
fn the_nights_hold_every_kind_of_day() {
    let nights = nights();
    let runs: Vec<_> = nights.iter().flat_map(|night| &night.runs).collect();
    assert!(runs.is_sorted_by_key(|run| run.at), "the clock never goes back");
    let of = |date: NaiveDate| runs.iter().filter(|run| run.day.date() == date).collect::<Vec<_>>();
    let age = |date: NaiveDate, nth: usize| {
        of(date)[nth].at - date.succ_opt().unwrap().and_hms_opt(0, 0, 0).unwrap()
    };
    let (final_after, day) = (TimeDelta::hours(2), TimeDelta::days(1));

    assert!(of(MISSED).is_empty());
    assert!(of(LATE).len() == 1 && age(LATE, 0) > day * 2 + final_after);
    assert!(of(EARLY).len() == 2 && age(EARLY, 0) < final_after && age(EARLY, 1) > final_after);
    assert!(of(LAST).len() == 1 && age(LAST, 0) < final_after);
    assert!(of(CUT_OFF).len() == 2 && of(CUT_OFF)[1].restate.is_some());
    let special = [MISSED, LATE, EARLY, LAST, CUT_OFF];
    for date in DemoData::days().map(Day::date).filter(|date| !special.contains(date)) {
        assert!(of(date).len() == 1 && age(date, 0) > final_after && age(date, 0) < day, "{date}");
    }
    for run in &runs {
        let local = chrono_tz::America::Chicago.from_local_datetime(&run.at);
        assert!(local.single().is_some(), "{} occurs once", run.at);
    }
}

#[test]
fn sqlite_holds_what_was_played_and_the_names_of_all_that_occurs() {
    let mut to = Connection::open_in_memory().unwrap();
    store::create(&mut to).unwrap();
    for night in nights() {
        let (rows, changes) = (DemoData::rows_of(night.day), DemoData::late_changes(night.day));
        store::play(&mut to, &rows, &changes).unwrap();
    }
    let one = |sql: &str| to.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(one("select count(*) from calls"), i64::try_from(all().len()).unwrap() + 37);
    for (column, table) in
        [("campaign_id", "campaigns"), ("list_id", "lists"), ("status", "statuses"), ("user", "agents")]
    {
        let unnamed =
            format!("select count(*) from calls where {column} not in (select {column} from {table})");
        assert_eq!(one(&unnamed), 0, "{column}");
    }
    assert_eq!(
        one("select count(*) from calls where call_date like '2025-10-24 15:%' and id % 10000 > 9000"),
        37
    );
}

#[test]
fn the_configuration_is_for_the_zone_that_the_rows_are_in() {
    let config: toml::Table = super::CONFIG.parse().unwrap();
    for section in ["source", "calendar"] {
        assert_eq!(config[section]["time_zone"].as_str(), Some(super::TIME_ZONE), "{section}");
    }
}
