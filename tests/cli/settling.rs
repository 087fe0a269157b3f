//! `settling`: from which age on a metric holds still, by editions and by confirmations.

use std::fmt::Write as _;
use std::fs;
use std::time::Duration;

use asof::archive::{Archive, Confirmation};
use asof::model::{Day, Edition};
use chrono::NaiveTime;
use serde_json::{Value, json};

use super::{CONFIG, calls};
use crate::support::command::Place;
use crate::view::markup;

fn first() -> Day {
    "2025-10-01".parse().unwrap()
}

/// So many days of four calls. Each is frozen on the next morning with one sale; a call is a sale only later, and
/// the day is restated when it is seven days old.
fn restated(days: i64) -> Place {
    let place = Place::new();
    place.write("asof.toml", CONFIG);
    let mut sql =
        "create table calls (id integer primary key, at text, campaign text, status text, seconds integer);
        create table campaigns (id text, name text);"
            .to_owned();
    for back in 0..days {
        let day = first().checked_add(back).unwrap();
        for status in ["SALE", "DROP", "NA", "NA"] {
            let _ = write!(sql, "insert into calls values (null, '{day} 10:00:00', '1027', '{status}', 60);");
        }
    }
    place.sqlite("calls.db", &sql);
    for morning in 1..days + 7 {
        let today = first().checked_add(morning).unwrap();
        place.at(&format!("{today}T03:00:00-06:00"));
        if morning <= days {
            place.done(&["save"]);
        }
        if morning >= 7 {
            let day = today.checked_add(-7).unwrap();
            place.sqlite(
                "calls.db",
                &format!("update calls set status = 'SALE' where status = 'DROP' and at like '{day}%'"),
            );
            place.done(&[&format!("save {day} --restate --reason late")]);
        }
    }
    place
}

/// Notes that the second editions were read again and still hold, thirty days after their days.
fn confirm(place: &Place, days: i64) {
    let captured = |day: Day| day.checked_add(30).unwrap().date().and_time(NaiveTime::MIN).and_utc();
    let again: Vec<Confirmation> = (0..days)
        .map(|back| first().checked_add(back).unwrap())
        .map(|date| Confirmation {
            date,
            edition: Edition::new(2).unwrap(),
            // The midnight of UTC after that day, which is still that day's evening in Chicago.
            captured_at: captured(date) + Duration::from_hours(24),
        })
        .collect();
    let archive = Archive::open(place.path("snapshots")).unwrap();
    archive.confirm(&again, Duration::from_secs(5), "2025-12-01T09:00:00Z".parse().unwrap()).unwrap();
}

#[test]
fn a_metric_is_settled_from_the_age_after_which_days_hold_still() {
    let place = restated(20);
    place.at("2025-12-02T03:00:00-06:00");
    place.asof("settling --metric sales --metric calls");
    confirm(&place, 20);
    place.asof("settling --metric sales --metric calls --metric week");
    place.change("asof.toml", r#"good = "up" }"#, r#"good = "up", drift = "50%" }"#);
    place.asof("settling --metric sales");
    place.told(
        r#"
$ asof settling --metric sales --metric calls
Calls  settled after 1 day: 20 of 20 days did not move since
From age  Days  Settled  Median moved  95 % at most
1 day       20       20        0.00 %        0.00 %

Sales  not settled: there is no age after which 95 % of the days did not move
From age  Days  Settled  Median moved  95 % at most
1 day       20        0       50.00 %       50.00 %

exit 0
$ asof settling --metric sales --metric calls --metric week
Calls  settled after 1 day: 20 of 20 days did not move since
From age  Days  Settled  Median moved  95 % at most
1 day       20       20        0.00 %        0.00 %

Sales  settled after 7 days: 20 of 20 days did not move since
From age  Days  Settled  Median moved  95 % at most
1 day       20        0       50.00 %       50.00 %
7 days      20       20        0.00 %        0.00 %

Left out, since it is taken over several days and follows from them: week.
exit 0
$ asof settling --metric sales
Sales  settled after 1 day: 20 of 20 days moved no more than 50.00 % since
From age  Days  Settled  Median moved  95 % at most
1 day       20       20       50.00 %       50.00 %
7 days      20       20        0.00 %        0.00 %

exit 0
"#,
    );
    let run = place.asof("settling --json --metric sales --metric week");
    let told: Value = serde_json::from_str(&run.stdout).unwrap();
    let expected = json!({
        "metrics": [{
            "metric": "sales", "tolerance": 0.5, "settled_after": 1, "reason": null, "days": 20,
            "needed_days": 20, "redefined": 0,
            "ages": [
                { "age": 1, "days": 20, "within": 20, "median": 0.5, "p95": 0.5, "reason": null },
                { "age": 7, "days": 20, "within": 20, "median": 0, "p95": 0, "reason": null },
            ],
        }],
        "left_out": ["week"],
        "findings": [],
    });
    assert_eq!(told, expected);
}

#[test]
fn too_few_days_tell_only_how_many_they_are() {
    let place = restated(3);
    place.asof("settling --metric calls");
    let run = place.asof("settling --metric calls --json");
    let told: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(told["metrics"][0]["settled_after"], Value::Null);
    assert_eq!(
        (&told["metrics"][0]["reason"], &told["metrics"][0]["days"]),
        (&json!("too few days"), &json!(3))
    );
    place.forget();
    place.asof("settling --metric calls");
    place.asof("settling --metric cells");
    place.told(
        r#"
$ asof settling --metric calls
Calls  not known yet: 3 of the 20 days that are needed tell
From age  Days  Settled  Median moved  95 % at most
1 day        3        3        0.00 %        0.00 %

exit 0
$ asof settling --metric cells
! error: "cells" is no metric of the archive
!   hint: did you mean "calls"? known metrics: calls, sales, minutes, conversion
exit 2
"#,
    );
}

#[test]
fn provisional_editions_are_looks_and_other_definitions_are_none() {
    let place = calls();
    place.at("2025-11-06T23:30:00-06:00");
    place.done(&["save 2025-11-06 --provisional"]);
    place.at("2025-11-07T03:00:00-06:00");
    place.sqlite("calls.db", "delete from calls where at = '2025-11-06 09:15:00'");
    place.done(&["save"]);
    let ages = |metric: &str| {
        let run = place.asof(&format!("settling --json --metric {metric}"));
        let told: Value = serde_json::from_str(&run.stdout).unwrap();
        (told["metrics"][0]["ages"].clone(), told["metrics"][0]["redefined"].clone())
    };
    // Five calls on the evening itself, four of them in the end: a quarter.
    let evening = |moved: f64| json!([{ "age": 0, "days": 1, "within": 0, "median": moved, "p95": moved, "reason": null }]);
    assert_eq!(ages("calls"), (evening(0.25), json!(0)));
    // Another definition of a sale, and a number that makes an edition.
    place.change("asof.toml", "sale = [\"SALE\"]", "sale = [\"SALE\", \"DROP\"]");
    place.sqlite("calls.db", "delete from calls where at = '2025-11-06 00:00:00'");
    place.at("2025-11-09T03:00:00-06:00");
    place.done(&["save 2025-11-06 --restate --reason 'other sales'"]);
    assert_eq!(ages("sales"), (json!([]), json!(2)));
    assert_eq!(ages("calls").0.as_array().map(Vec::len), Some(2));
    let shown = place.asof("settling --metric sales").stdout;
    assert!(shown.contains("sales: 2 looks are left out, since it was defined otherwise then."), "{shown}");
}

#[test]
fn the_page_is_one_new_file_outside_the_archive() {
    let place = restated(4);
    confirm(&place, 4);
    place.change("asof.toml", r#"good = "up" }"#, r#"good = "up", label = "Sales <b>&" }"#);
    place.at("2025-12-02T03:00:00-06:00");
    place.asof("settling --html settling.html");
    place.asof("settling --html settling.html");
    place.asof("settling --html snapshots/settling.html");
    place.asof("settling --html nowhere/settling.html");
    place.told(
        r#"
$ asof settling --html settling.html
settling.html
exit 0
$ asof settling --html settling.html
! error: settling.html is there already
!   hint: choose another name: nothing is overwritten
exit 1
$ asof settling --html snapshots/settling.html
! error: snapshots/settling.html lies in the archive, where nothing but frozen days belongs
!   hint: choose a folder outside of it
exit 1
$ asof settling --html nowhere/settling.html
! error: nowhere/settling.html can't be written: No such file or directory (os error 2)
!   hint: name a file in a folder that you may write into, on a disk with room
exit 1
"#,
    );
    assert!(!place.path("snapshots/settling.html").exists());
    let page = fs::read_to_string(place.path("settling.html")).unwrap();
    markup::parse(&page).unwrap();
    assert!(page.contains("Sales &#60;b&#62;&#38;") && page.contains("<svg"), "{page}");
    for outside in ["http:", "https:", "src=", "href=", "<script", " style="] {
        assert!(!page.contains(outside), "{outside}");
    }
    assert!(page.contains("Not known yet: 4 of the 20 days that are needed tell"));
}

#[test]
fn another_archive_needs_no_configuration() {
    let place = restated(3);
    let with = place.asof("settling").stdout;
    fs::rename(place.path("snapshots"), place.path("moved")).unwrap();
    fs::remove_file(place.path("asof.toml")).unwrap();
    assert_eq!(place.asof("settling --archive moved").stdout, with);
}

/// 28 days of ten calls, each saved on the next morning with a lookback. A call of each day is a sale at once, a
/// second one since the first afternoon, a third one since the second. A fourth one comes late, on one day.
#[test]
fn nights_that_look_back_tell_how_days_settle() {
    let place = Place::new();
    place.write("asof.toml", CONFIG);
    place.change("asof.toml", "[lists]", "lookback = [1, 2, 3, 7]\n\n[lists]");
    let date = |number: i64| first().checked_add(number).unwrap();
    let mut sql =
        "create table calls (id integer primary key, at text, campaign text, status text, seconds integer);
        create table campaigns (id text, name text);"
            .to_owned();
    for number in 0..28 {
        for call in 0..10 {
            let status = if call == 0 { "SALE" } else { "NA" };
            let _ = write!(
                sql,
                "insert into calls values (null, '{} 1{call}:00:00', 'A', '{status}', 60);",
                date(number)
            );
        }
    }
    place.sqlite("calls.db", &sql);
    let sell = |number: i64, call: i64| {
        let at = date(number);
        place
            .sqlite("calls.db", &format!("update calls set status = 'SALE' where at = '{at} 1{call}:00:00'"));
    };
    for morning in 1..=28 {
        place.at(&format!("{}T03:00:00-06:00", date(morning)));
        place.done(&["save"]);
        // On the first and on the second afternoon after their day.
        sell(morning - 1, 1);
        sell(morning - 2, 2);
        if morning == 26 {
            // The 22nd day, five days later.
            sell(21, 3);
        }
    }
    place.asof("settling --metric calls --metric sales");
    // An age of 3 is told of by days that were looked at again on their seventh morning: 22, one of which had moved
    // from three sales to four; a day before 21, and two days before that 19, all of which held still.
    place.asof(&format!("settling --metric sales --as-of {}", date(27)));
    place.asof(&format!("settling --metric sales --as-of {}", date(25)));
    place.told(
        r#"
$ asof settling --metric calls --metric sales
Calls  settled after 1 day: 27 of 27 days did not move since
From age  Days  Settled  Median moved  95 % at most
1 day       27       27        0.00 %        0.00 %
2 days      26       26        0.00 %        0.00 %
3 days      22       22        0.00 %        0.00 %

Sales  settled after 3 days: 21 of 22 days did not move since
From age  Days  Settled  Median moved  95 % at most
1 day       27        0       66.67 %       66.67 %
2 days      26        0       33.33 %       33.33 %
3 days      22       21        0.00 %        0.00 %

exit 0
$ asof settling --metric sales --as-of 2025-10-28
Sales  settled after 3 days: 21 of 21 days did not move since
From age  Days  Settled  Median moved  95 % at most
1 day       26        0       66.67 %       66.67 %
2 days      25        0       33.33 %       33.33 %
3 days      21       21        0.00 %        0.00 %

exit 0
$ asof settling --metric sales --as-of 2025-10-26
Sales  not known yet: 19 of the 20 days that are needed tell
From age  Days  Settled  Median moved  95 % at most
1 day       24        0       66.67 %       66.67 %
2 days      23        0       33.33 %       33.33 %
3 days      19       19        0.00 %        0.00 %

exit 0
"#,
    );
    let json = |arguments: &str| {
        let run = place.asof(&format!("settling --metric sales --json {arguments}"));
        let told: Value = serde_json::from_str(&run.stdout).unwrap();
        let metric = &told["metrics"][0];
        (metric["settled_after"].clone(), metric["reason"].clone(), metric["days"].clone())
    };
    assert_eq!(json(""), (json!(3), json!(null), json!(22)));
    assert_eq!(json(&format!("--as-of {}", date(25))), (json!(null), json!("too few days"), json!(19)));
    // Each night but the first few found two days that had changed, and one that had not.
    let ledger = place.read("snapshots/ledger.jsonl");
    let kinds = |kind: &str| ledger.matches(&format!("\"kind\":\"{kind}\"")).count();
    // 28 first editions, 27 second, 26 third and the one that came late; 21 days held on their seventh morning.
    assert_eq!((kinds("snapshot"), kinds("confirmed")), (28 + 27 + 26 + 1, 21));
    assert_eq!(place.asof("verify").code, 0);
}
