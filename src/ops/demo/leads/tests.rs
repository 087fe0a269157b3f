//! What the lead team's data promises: see the module.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, NaiveDate, Timelike, Weekday};
use rusqlite::Connection;

use super::people::CLOSED;
use super::{FIRST, LAST, LeadCall, Leads, MORNING, PRESET, config, days, store};
use crate::model::Phone;

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn by_day(leads: &Leads) -> BTreeMap<NaiveDate, Vec<&LeadCall>> {
    let mut days: BTreeMap<_, Vec<_>> = FIRST.iter_days().take(38).map(|date| (date, Vec::new())).collect();
    for call in &leads.calls {
        days.get_mut(&call.called_at.date()).unwrap().push(call);
    }
    days
}

/// The usable phone of a call, as one key however it was written.
fn key(call: &LeadCall) -> Option<String> {
    match Phone::read(call.phone.as_deref()?) {
        Phone::Usable(key) => Some(key),
        Phone::Unusable(_) | Phone::Blank => None,
    }
}

fn keys(calls: &[&LeadCall]) -> BTreeSet<String> {
    calls.iter().filter_map(|call| key(call)).collect()
}

#[test]
fn it_is_the_same_each_time() {
    assert_eq!(Leads::make(), Leads::make());
    assert_eq!(days().count(), 38);
    assert_eq!(by_day(&Leads::make()).keys().next_back(), Some(&LAST));
    assert_eq!(MORNING.0, LAST.succ_opt().unwrap());
}

#[test]
fn there_are_22_000_calls_to_178_phones_that_come_in_over_the_weeks() {
    let leads = Leads::make();
    assert_eq!(leads.calls.len(), 22_000);
    let mut seen = BTreeSet::new();
    let mut shapes = Vec::new();
    for (date, calls) in by_day(&leads) {
        let unique = keys(&calls);
        let new = unique.iter().filter(|key| seen.insert((*key).clone())).count();
        shapes.push((date.to_string(), calls.len(), unique.len(), new, seen.len()));
    }
    let [first, second, ..] = shapes.as_slice() else { panic!("no days") };
    assert_eq!(first, &("2025-12-01".to_owned(), 500, 45, 45, 45));
    assert_eq!(second, &("2025-12-02".to_owned(), 650, 15, 12, 57));
    assert_eq!(shapes.last().unwrap().4, 178);
}

/// Days far from the others of their weekday: more than 3.5 robust standard deviations from their median.
fn far(counts: &BTreeMap<NaiveDate, usize>) -> Vec<NaiveDate> {
    let count = |date: &NaiveDate| f64::from(u32::try_from(counts[date]).unwrap());
    let median = |mut values: Vec<f64>| {
        values.sort_by(f64::total_cmp);
        f64::midpoint(values[(values.len() - 1) / 2], values[values.len() / 2])
    };
    let is_far = |date: &NaiveDate| {
        let peers = counts.keys().filter(|other| *other != date && other.weekday() == date.weekday());
        let peers: Vec<f64> = peers.map(count).collect();
        let middle = median(peers.clone());
        let spread = median(peers.iter().map(|one| (one - middle).abs()).collect());
        let off = (count(date) - middle).abs();
        off >= 3.0 && off * 0.6745 > 3.5 * spread
    };
    counts.keys().filter(|date| is_far(date)).copied().collect()
}

#[test]
fn odd_days_are_where_they_were_put_and_nowhere_else() {
    let leads = Leads::make();
    let days = by_day(&leads);
    let empty: Vec<_> = days.iter().filter(|(_, calls)| calls.is_empty()).map(|(date, _)| *date).collect();
    assert_eq!(empty, [date("2025-12-25")]);

    let mut seen = BTreeSet::new();
    let mut none_new = Vec::new();
    for (date, calls) in &days {
        let before = seen.len();
        seen.extend(keys(calls));
        if seen.len() == before && calls.len() > 300 {
            none_new.push(*date);
        }
    }
    assert_eq!(none_new, [date("2025-12-19")]);

    let calls = days.iter().map(|(date, calls)| (*date, calls.len()));
    assert_eq!(far(&calls.collect()), [date("2025-12-16"), date("2025-12-25")]);
    // On the first day everything is new.
    let mut seen = keys(&days[&FIRST]);
    let new = days
        .iter()
        .skip(1)
        .map(|(date, calls)| (*date, keys(calls).into_iter().filter(|key| seen.insert(key.clone())).count()));
    assert_eq!(far(&new.collect()), []);

    let tuesdays = ["2025-12-09", "2025-12-23", "2025-12-30"].map(|day| days[&date(day)].len());
    assert!(tuesdays.iter().all(|usual| days[&date("2025-12-16")].len() * 5 < usual * 2));
    assert!(days[&date("2025-12-16")].iter().all(|call| call.called_at.hour() >= 15));
}

#[test]
fn weekends_are_quiet_and_calls_come_in_order_within_working_hours() {
    let leads = Leads::make();
    assert!(leads.calls.is_sorted_by_key(|call| (call.called_at, call.id)));
    assert!(leads.calls.is_sorted_by(|one, other| one.id < other.id));
    assert!(leads.calls.iter().all(|call| (9..20).contains(&call.called_at.hour())));
    for (date, calls) in by_day(&leads) {
        let expected = match date.weekday() {
            _ if ["2025-12-16", "2025-12-25"].contains(&date.to_string().as_str()) => 0..250,
            Weekday::Sat => 350..480,
            Weekday::Sun => 150..260,
            _ => 480..900,
        };
        assert!(expected.contains(&calls.len()), "{date}: {}", calls.len());
    }
}

#[test]
fn one_phone_is_written_in_many_ways_and_some_are_no_phones() {
    let leads = Leads::make();
    let mut spellings: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    let (mut blank, mut unusable) = (0, BTreeMap::new());
    for call in &leads.calls {
        match call.phone.as_deref().map(Phone::read) {
            Some(Phone::Usable(key)) => {
                assert!(key.starts_with("+1") && &key[5..10] == "55501", "{key} is somebody's");
                spellings.entry(key).or_default().extend(call.phone.as_deref());
            }
            Some(Phone::Unusable(text)) => *unusable.entry(text).or_insert(0) += 1,
            Some(Phone::Blank) | None => blank += 1,
        }
    }
    let most = spellings.values().map(BTreeSet::len).max();
    assert_eq!(most, Some(4), "ten digits, +1, a leading 1, dashes");
    assert!(spellings.values().filter(|ways| ways.len() > 1).count() > 100);
    assert!((100..300).contains(&blank), "{blank}");
    assert_eq!(unusable.keys().map(String::as_str).collect::<Vec<_>>(), ["5550142", "5550177", "anonymous"]);
    assert!(unusable.values().all(|calls| (5..150).contains(calls)), "{unusable:?}");
    assert!(leads.calls.iter().any(|call| call.phone.is_none()));
}

#[test]
fn some_buy_some_ask_not_to_be_called_and_most_are_still_open() {
    let leads = Leads::make();
    let who = |statuses: &[&str]| -> BTreeSet<String> {
        leads.calls.iter().filter(|call| statuses.contains(&call.status)).filter_map(key).collect()
    };
    let (sold, refused) = (who(&["SALE"]), who(&["DNC"]));
    assert!((20..60).contains(&sold.len()), "{}", sold.len());
    assert!((5..30).contains(&refused.len()), "{}", refused.len());
    assert!(sold.is_disjoint(&refused));
    let all: BTreeSet<&str> = leads.calls.iter().map(|call| call.status).collect();
    assert_eq!(
        all.into_iter().collect::<Vec<_>>(),
        ["AM", "B", "CALLBK", "DNC", "NA", "NI", "NO SALE", "SALE"]
    );
    // Whoever only looks at the latest call, or takes NO SALE for a sale, gets another list.
    let mut latest = BTreeMap::new();
    for call in &leads.calls {
        if let Some(key) = key(call) {
            latest.insert(key, call.status);
        }
    }
    assert!(sold.iter().any(|key| latest[key] != "SALE"));
    assert!(who(&["NO SALE"]).difference(&sold).count() > 50);
    for outcome in ["NA", "AM", "B", "NI"] {
        assert!(latest.iter().any(|(key, last)| *last == outcome && !sold.contains(key)), "{outcome}");
    }
}

#[test]
fn the_do_not_call_list_holds_numbers_and_an_area() {
    let leads = Leads::make();
    let called: BTreeSet<String> = leads.calls.iter().filter_map(key).collect();
    let (patterns, numbers): (Vec<_>, Vec<_>) = leads.do_not_call.iter().partition(|one| one.contains('X'));
    assert_eq!(patterns, [&format!("{CLOSED}XXXXXXX")]);
    assert!((2..15).contains(&called.iter().filter(|key| key[2..].starts_with(CLOSED)).count()));
    let found =
        numbers.iter().filter(|one| matches!(Phone::read(one), Phone::Usable(key) if called.contains(&key)));
    assert_eq!((found.count(), numbers.len()), (4, 5));
    assert!(numbers.iter().all(|one| !one.contains(CLOSED)));
}

#[test]
fn sqlite_holds_all_of_it_and_finds_a_day_by_its_index() {
    let leads = Leads::make();
    let mut to = Connection::open_in_memory().unwrap();
    store::fill(&mut to, &leads).unwrap();
    let one = |sql: &str| to.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(one("select count(*) from calls"), 22_000);
    assert_eq!(
        one("select count(*) from calls where called_at >= '2025-12-16' and called_at < '2025-12-17'"),
        236
    );
    assert_eq!(one("select count(*) from dnc"), 6);
    assert!(one("select count(*) from calls where length_in_sec is null") > 100);
    let plan: String = to
        .query_row("explain query plan select * from calls where called_at >= '2025-12-16'", [], |row| {
            row.get(3)
        })
        .unwrap();
    assert!(plan.contains("calls_by_time"), "{plan}");
}

#[test]
fn the_demos_configuration_is_the_preset_with_a_source_beside_it() {
    let config = config();
    let lines = |text: &str| -> Vec<String> { text.lines().map(str::to_owned).collect() };
    let (preset, own) = (lines(PRESET), lines(&config));
    let only = |one: &[String], other: &[String]| -> Vec<String> {
        let differs = |line: &&String| !line.starts_with('#') && !other.contains(line);
        one.iter().filter(differs).map(|line| line.split("   ").next().unwrap_or(line).to_owned()).collect()
    };
    assert_eq!(only(&own, &preset), ["url = \"sqlite:leads.db\""]);
    assert_eq!(
        only(&preset, &own),
        ["url = \"mysql://report@127.0.0.1/leads\"", "password_env = \"ASOF_SOURCE_PASSWORD\""]
    );
    let parsed: toml::Table = config.parse().unwrap();
    for section in ["source", "calendar"] {
        assert_eq!(parsed[section]["time_zone"].as_str(), Some(super::TIME_ZONE), "{section}");
    }
}
