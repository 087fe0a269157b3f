//! Metrics over several days, from the parts of frozen days.

use super::place::{LATER, Place, Source, pairs, twelve};

const CONFIG: &str = r#"
[calendar]
time_zone = "UTC"
[events.calls]
table = "calls"
time = "at"
time_is = "utc"
by.campaign = "campaign"
by.hour = { time = "hour" }
[events.sales]
table = "sales"
time = "at"
time_is = "utc"
by.campaign = "campaign"
by.hour = { time = "hour" }
[metrics]
calls = { of = "calls", count = true }
sold = { of = "sales", count = true }
calls_3d = { of = "calls", count = true, over = "3d" }
seconds_3d = { of = "calls", sum = "seconds", divide = 60, over = "3d" }
mean_3d = { of = "calls", avg = "seconds", over = "3d" }
least_3d = { of = "calls", min = "seconds", divide = 3, over = "3d" }
most_3d = { of = "calls", max = "seconds", over = "3d" }
long_3d = { of = "calls", count = true, where = "seconds > 100", over = "3d" }
rate_3d = { ratio = ["sold", "calls"], over = "3d" }
"#;

fn source(rows: &[(&str, &str, Option<i64>)]) -> [Source; 2] {
    let sources = Source::both();
    for source in &sources {
        source.run(
            "create table calls (at datetime, campaign varchar(20), seconds int);
             create table sales (at datetime, campaign varchar(20));",
        );
        add(source, rows);
    }
    sources
}

fn add(source: &Source, rows: &[(&str, &str, Option<i64>)]) {
    for (at, campaign, seconds) in rows {
        let seconds = seconds.map_or("null".to_owned(), |seconds| seconds.to_string());
        source.run(&format!("insert into calls values ('2025-11-{at}:00', '{campaign}', {seconds});"));
    }
}

fn sell(source: &Source, at: &str, campaign: &str) {
    source.run(&format!("insert into sales values ('2025-11-{at}:00', '{campaign}');"));
}

const ROWS: &[(&str, &str, Option<i64>)] = &[
    ("01 09:00", "A", Some(10)),
    ("01 08:00", "A", Some(20)),
    ("01 10:00", "B", None),
    ("02 11:00", "B", Some(200)),
    ("03 07:00", "B", Some(7)),
    ("03 09:00", "C", Some(90)),
    ("04 09:00", "C", Some(1)),
];

#[test]
fn a_member_without_rows_on_a_day_is_not_counted_again_on_the_next() {
    for source in source(ROWS) {
        let place = Place::new(&source, CONFIG);
        place.save("2025-11-01");
        let second = place.save("2025-11-02");
        assert_eq!(second.by("calls_3d", "campaign"), pairs(&[("A", "2"), ("B", "2")]));
        let third = place.save("2025-11-03");
        assert_eq!(third.value("calls_3d"), "6");
        assert_eq!(third.by("calls_3d", "campaign"), pairs(&[("A", "2"), ("B", "3"), ("C", "1")]));
        assert_eq!(third.by("long_3d", "campaign"), pairs(&[("A", "0"), ("B", "1"), ("C", "0")]));
        let fourth = place.save("2025-11-04");
        assert_eq!(fourth.value("calls_3d"), "4");
        // A's rows lie before these three days: it is no member of them.
        assert_eq!(fourth.by("calls_3d", "campaign"), pairs(&[("B", "2"), ("C", "2")]));
    }
}

#[test]
fn every_kind_is_made_of_parts() {
    for source in source(ROWS) {
        let place = Place::new(&source, CONFIG);
        for day in ["2025-11-01", "2025-11-02"] {
            place.save(day);
        }
        let doc = place.save("2025-11-03");
        let by = |metric: &str| doc.by(metric, "campaign");
        assert_eq!(doc.value("seconds_3d"), twelve(10 + 20 + 200 + 7 + 90, 60));
        // B's only value of the first day is NULL, which adds nothing to the other days'.
        assert_eq!(by("seconds_3d"), pairs(&[("A", "0.5"), ("B", "3.45"), ("C", "1.5")]));
        assert_eq!(doc.value("mean_3d"), twelve(327, 5));
        assert_eq!(by("mean_3d"), pairs(&[("A", "15"), ("B", "103.5"), ("C", "90")]));
        assert_eq!(doc.value("least_3d"), twelve(7, 3));
        assert_eq!(by("least_3d"), pairs(&[("A", &twelve(10, 3)), ("B", &twelve(7, 3)), ("C", "30")]));
        assert_eq!(doc.value("most_3d"), "200");
        assert_eq!(doc.value("long_3d"), "1");
        assert_eq!(doc.field("calls_3d", "over"), r#"{"days":3,"from":"2025-11-01","had":3}"#);
        assert_eq!(doc.0["metrics"]["calls_3d"]["day"]["value"].to_string(), "2");
        // Hours stand in the order of the day, wherever they were first seen.
        assert_eq!(
            doc.by("calls_3d", "hour"),
            pairs(&[("07", "1"), ("08", "1"), ("09", "2"), ("10", "1"), ("11", "1")])
        );
    }
}

#[test]
fn values_that_are_unknown_on_every_day_stay_unknown() {
    for source in source(&[("01 09:00", "A", None), ("02 09:00", "A", None), ("02 10:00", "B", Some(3))]) {
        let place = Place::new(&source, CONFIG);
        let first = place.save("2025-11-01");
        assert_eq!(first.value("seconds_3d"), "null");
        assert_eq!(first.field("seconds_3d", "reason"), "\"every value is NULL\"");
        let doc = place.save("2025-11-02");
        assert_eq!(doc.value("seconds_3d"), "0.05");
        assert_eq!(doc.by("seconds_3d", "campaign"), pairs(&[("A", "null"), ("B", "0.05")]));
        assert_eq!(doc.by("mean_3d", "campaign"), pairs(&[("A", "null"), ("B", "3")]));
    }
}

#[test]
fn a_ratio_of_two_events_is_right_at_each_level() {
    for source in source(ROWS) {
        for (at, campaign) in [("01 07:30", "A"), ("02 12:00", "D"), ("03 09:10", "C"), ("03 09:20", "C")] {
            sell(&source, at, campaign);
        }
        let place = Place::new(&source, CONFIG);
        for day in ["2025-11-01", "2025-11-02"] {
            place.save(day);
        }
        let doc = place.save("2025-11-03");
        assert_eq!(doc.value("rate_3d"), twelve(4, 6));
        assert_eq!(
            doc.by("rate_3d", "campaign"),
            pairs(&[("A", "0.5"), ("B", "0"), ("C", "2"), ("D", "null")])
        );
        assert_eq!(
            doc.by("rate_3d", "hour"),
            pairs(&[("07", "1"), ("08", "0"), ("09", "1"), ("10", "0"), ("11", "0"), ("12", "null"),])
        );
        let d = &doc.members("rate_3d", "campaign")[3];
        assert_eq!((d["numerator"].to_string(), d["denominator"].to_string()), ("1".into(), "0".into()));
        assert_eq!(doc.0["metrics"]["rate_3d"]["day"]["value"].to_string(), "1");
    }
}

#[test]
fn gaps_are_told_and_a_day_that_is_provisional_counts_as_it_stands() {
    for source in source(ROWS) {
        let place = Place::new(&source, CONFIG);
        place.save_at("2025-11-02T12:00:00Z", &["2025-11-02", "--provisional"]);
        add(&source, &[("02 13:00", "A", Some(5))]);
        let doc = place.save("2025-11-03");
        assert_eq!(doc.field("calls_3d", "over"), r#"{"days":3,"from":"2025-11-01","had":2}"#);
        assert_eq!(doc.value("calls_3d"), "3");
        // Once it is final, its next edition is what later days are made of.
        place.save("2025-11-02");
        assert_eq!(place.save("2025-11-04").value("calls_3d"), (2 + 2 + 1).to_string());
    }
}

#[test]
fn a_restated_day_counts_with_its_latest_edition() {
    for source in source(ROWS) {
        let place = Place::new(&source, CONFIG);
        place.save("2025-11-01");
        place.save("2025-11-02");
        add(&source, &[("01 23:00", "A", Some(5))]);
        place.save_at(LATER, &["2025-11-01", "--restate", "--reason", "late rows"]);
        assert_eq!(place.doc("2025-11-01@2").value("calls"), "4");
        let doc = place.save("2025-11-03");
        assert_eq!(doc.value("calls_3d"), "7");
        assert_eq!(doc.by("calls_3d", "campaign"), pairs(&[("A", "3"), ("B", "3"), ("C", "1")]));
    }
}

/// What follows from other days only never makes a restatement.
#[test]
fn a_day_is_not_restated_because_an_earlier_one_was() {
    for source in source(ROWS) {
        let place = Place::new(&source, CONFIG);
        place.save("2025-11-02");
        place.save("2025-11-03");
        // Now there is a day before, with a member that the others don't have.
        place.save("2025-11-01");
        for day in ["2025-11-02", "2025-11-03"] {
            place.save_at(LATER, &[day, "--restate", "--reason", "why not"]);
            assert!(!place.path().join(format!("snapshots/{day}@2")).exists(), "{day}");
        }
    }
}

#[test]
fn days_frozen_under_other_definitions_are_not_counted() {
    for source in source(ROWS) {
        let place = Place::new(&source, CONFIG);
        place.save("2025-11-01");
        let other = CONFIG.replace("seconds > 100", "seconds > 5").replace(
            "by.campaign = \"campaign\"\nby.hour = { time = \"hour\" }\n[events.sales]",
            "by.campaign = \"lower(campaign)\"\nby.hour = { time = \"hour\" }\n[events.sales]",
        );
        place.configure(&source, &other);
        place.save("2025-11-02");
        let doc = place.save("2025-11-03");
        // The condition changed, so the first day is not among the three.
        assert_eq!(doc.field("long_3d", "over"), r#"{"days":3,"from":"2025-11-01","had":2}"#);
        assert_eq!(doc.value("long_3d"), "3");
        // The total of the calls is what it was, but not what they are broken down by.
        assert_eq!(doc.value("calls_3d"), "6");
        let campaigns = doc.members("calls_3d", "campaign");
        assert_eq!(doc.by("calls_3d", "campaign"), pairs(&[("b", "null"), ("c", "null")]));
        assert_eq!(campaigns[0]["reason"], "1 of the 2 earlier days were broken down otherwise");
        assert_eq!(campaigns[0]["day"]["value"].to_string(), "1");
        assert_eq!(doc.by("calls_3d", "hour").len(), 5);
        // That passes once all three days are broken down alike.
        let doc = place.save("2025-11-04");
        assert_eq!(doc.by("calls_3d", "campaign"), pairs(&[("b", "2"), ("c", "2")]));
    }
}
