//! `list --stats`: the numbers of days, what they add up to, what differs from what was frozen, and odd days.

use std::fs;

use asof::archive::Archive;
use asof::config::Config;
use asof::ops::stats::{self, Stats};
use serde_json::{Value, json};

use crate::support::command::Place;

/// A call centre that counts its phones over time.
const CONFIG: &str = r#"[source]
url = "sqlite:calls.db"

[calendar]
time_zone = "America/Chicago"

[events.calls]
table = "calls"
time = "at"
time_is = "local"

[metrics]
calls = { of = "calls", count = true }
phones = { of = "calls", distinct = "phone", as = "phone", cumulative = true, label = "Unique phones" }
minutes = { of = "calls", sum = "seconds", divide = 60, unit = "min" }
length = { of = "calls", avg = "seconds", unit = "s", label = "Average call" }
"#;

/// Monday: two phones. Tuesday: one of them and a third, and a call without a number. Wednesday: the first and a
/// fourth. Thursday: the third, the fourth and a fifth.
const CALLS: &str = "
create table calls (id integer primary key, at text, phone text, seconds integer);
create index by_time on calls (at);
insert into calls (at, phone, seconds) values
  ('2025-11-03 09:00:00', '3145550101', 60), ('2025-11-03 09:10:00', '(314) 555-0102', 30),
  ('2025-11-03 09:20:00', '3145550102', 30),
  ('2025-11-04 09:00:00', '13145550102', 90), ('2025-11-04 09:10:00', '3145550103', 90), ('2025-11-04 09:20:00', '', 0),
  ('2025-11-05 09:00:00', '3145550101', 15), ('2025-11-05 09:10:00', '3145550104', 15),
  ('2025-11-06 09:00:00', '3145550103', 40), ('2025-11-06 09:10:00', '3145550104', 40),
  ('2025-11-06 09:20:00', '3145550105', 40);
";

fn phones() -> Place {
    let place = Place::new();
    place.write("asof.toml", CONFIG);
    place.sqlite("calls.db", CALLS);
    place
}

/// Without Wednesday.
fn three_days() -> Place {
    let place = phones();
    place.done(&["save 2025-11-03", "save 2025-11-04", "save 2025-11-06"]);
    place
}

/// So many calls on each day from 2025-09-01, a Monday, by as many phones as there are places in the list; each call
/// by a phone of its own.
fn busy(calls: impl Iterator<Item = u32>) -> Place {
    let place = phones();
    let first = chrono::NaiveDate::from_ymd_opt(2025, 9, 1).unwrap();
    let mut sql = String::from("begin; delete from calls;");
    let mut phone = 3_145_550_000_u64;
    for (day, calls) in first.iter_days().zip(calls) {
        for _ in 0..calls {
            phone += 1;
            sql.push_str(&format!(
                "insert into calls (at, phone, seconds) values ('{day} 09:00:00', '{phone}', 1);"
            ));
        }
    }
    place.sqlite("calls.db", &(sql + "commit;"));
    place
}

#[test]
fn days_have_their_numbers_and_a_total() {
    let place = three_days();
    place.asof("list --stats");
    place.asof("list --stats --from 2025-11-04 --to 2025-11-05 --metric phones");
    place.asof("list --stats --to 2025-11-01");
    place.asof("list --csv");
    place.asof("list --csv --metric minutes --metric calls --from 2025-11-06");
    place.told(
        r#"
$ asof list --stats
Day                 Calls  Unique phones  New phones  Phones so far  Minutes min  Average call s
2025-11-03  Mon  ○      3              2           2              2            2              40
2025-11-04  Tue  ○      3              2           1              3            3              60
2025-11-05      not captured
2025-11-06  Thu  ●      3              3           2              5            2              40
3 days                  9                          5              5            7
● witnessed · ○ reconstructed
Phones so far: since 3 Nov 2025, counted over 3 days, 1 gap
exit 0
$ asof list --stats --from 2025-11-04 --to 2025-11-05 --metric phones
Day                 Unique phones  New phones  Phones so far
2025-11-04  Tue  ○              2           1              3
1 day                                       1              3
○ reconstructed
Phones so far: since 3 Nov 2025, counted over 2 days
exit 0
$ asof list --stats --to 2025-11-01
no day of that range is frozen
exit 0
$ asof list --csv
date,totalCalls,uniquePhones,newPhones,cumulativeUniquePhones,minutes,averageCall
2025-11-03,3,2,2,2,2,40
2025-11-04,3,2,1,3,3,60
2025-11-06,3,3,2,5,2,40
exit 0
$ asof list --csv --metric minutes --metric calls --from 2025-11-06
date,minutes,totalCalls
2025-11-06,2,3
exit 0
"#,
    );
}

#[test]
fn a_day_that_is_inserted_shows_what_was_frozen_otherwise() {
    let place = three_days();
    let frozen = place.tree("snapshots");
    place.done(&["save 2025-11-05"]);
    place.asof("list --stats --metric phones");
    place.asof("list --csv --metric phones");
    place.told(
        r#"
$ asof list --stats --metric phones
Day                 Unique phones  New phones              Phones so far
2025-11-03  Mon  ○              2           2                          2
2025-11-04  Tue  ○              2           1                          3
2025-11-05  Wed  ○              2           1                          4
2025-11-06  Thu  ●              3           1  (frozen 2)              5
4 days                                      5                          5
● witnessed · ○ reconstructed
frozen: as it was counted when the day was frozen; days were added, restated or lost since
Phones so far: since 3 Nov 2025, counted over 4 days
exit 0
$ asof list --csv --metric phones
date,uniquePhones,newPhones,cumulativeUniquePhones
2025-11-03,2,2,2
2025-11-04,2,1,3
2025-11-05,2,1,4
2025-11-06,3,1,5
exit 0
"#,
    );
    let told: Value =
        serde_json::from_str(&place.asof("list --stats --json --metric phones").stdout).unwrap();
    assert_eq!(
        told["stats"][3],
        json!({
            "date": "2025-11-06", "edition": 1, "provenance": "witnessed",
            "uniquePhones": 3, "newPhones": 1, "cumulativeUniquePhones": 5, "frozen": { "newPhones": 2 },
        })
    );
    assert_eq!(told["stats"][2].get("frozen"), None);
    assert_eq!(told["basis"], json!({ "phones": { "since": "2025-11-03", "days": 4, "gaps": 0 } }));
    assert_eq!(told["columns"][1]["total"], 5);
    assert_eq!((&told["odd"], &told["gaps"], &told["findings"]), (&json!([]), &json!([]), &json!([])));
    // Looking changes nothing.
    let now = place.tree("snapshots");
    assert!(
        frozen.iter().filter(|(path, _)| path.starts_with("2025")).all(|(path, bytes)| now[path] == *bytes)
    );
}

#[test]
fn the_document_has_a_day_a_line_as_counted_now_or_as_frozen() {
    let place = three_days();
    let path = place.path("asof.toml");
    let config = Config::parse(&place.read("asof.toml"), &path).unwrap();
    let document = |stats: Stats| String::from_utf8(stats::document(&stats)).unwrap();
    let both = || {
        let archive = Archive::open(&config.archive.dir).unwrap();
        let history = archive.history().unwrap();
        let now = stats::collect(&archive, &history, &config).unwrap();
        (document(now), document(stats::frozen(&archive, &history, &config)))
    };
    let (now, frozen) = both();
    assert_eq!(now, frozen);
    place.done(&["save 2025-11-05"]);
    let (now, frozen) = both();
    let expected = "\
[
{\"date\":\"2025-11-03\",\"totalCalls\":3,\"uniquePhones\":2,\"newPhones\":2,\"cumulativeUniquePhones\":2,\"minutes\":2,\"averageCall\":40},
{\"date\":\"2025-11-04\",\"totalCalls\":3,\"uniquePhones\":2,\"newPhones\":1,\"cumulativeUniquePhones\":3,\"minutes\":3,\"averageCall\":60},
{\"date\":\"2025-11-05\",\"totalCalls\":2,\"uniquePhones\":2,\"newPhones\":1,\"cumulativeUniquePhones\":4,\"minutes\":0.5,\"averageCall\":15},
{\"date\":\"2025-11-06\",\"totalCalls\":3,\"uniquePhones\":3,\"newPhones\":1,\"cumulativeUniquePhones\":5,\"minutes\":2,\"averageCall\":40}
]
";
    assert_eq!(now, expected);
    let on_thursday = "\"uniquePhones\":3,\"newPhones\":";
    assert_eq!(frozen, expected.replace(&format!("{on_thursday}1"), &format!("{on_thursday}2")));
    assert_eq!(document(Stats::default()), "[]\n");
}

#[test]
fn what_can_not_be_asked_for_is_told() {
    let place = three_days();
    place.asof("list --stats --metric cells");
    place.asof("list --csv --json");
    place.told(
        r#"
$ asof list --stats --metric cells
! error: "cells" is no metric of the configuration
!   hint: did you mean "calls"? known metrics: calls, phones, minutes, length
exit 2
$ asof list --csv --json
! {"error":{"exit_code":2,"hint":"see asof --help","message":"the argument '--csv' cannot be used with '--json'"}}
exit 2
"#,
    );
}

#[test]
fn odd_days_are_marked_and_told_with_their_numbers() {
    // Eight weeks of 20 calls and no Sundays; a silent Wednesday in the third, a Friday of 90 in the sixth.
    let calls = (0..56).map(|day| match day {
        16 => 0,
        39 => 90,
        day if day % 7 == 6 => 0,
        _ => 20,
    });
    let place = busy(calls);
    // On the second Monday only phones of the day before.
    place.sqlite(
        "calls.db",
        "
        update calls set phone = (select min(phone) from calls) where at like '2025-09-08%'",
    );
    place.done(&["backfill --from 2025-09-01 --to 2025-10-26 --quiet"]);
    place.asof("list --stats --from 2025-09-08 --to 2025-09-08");
    place.asof("list --stats --from 2025-09-17 --to 2025-09-18 --metric calls");
    place.asof("list --stats --from 2025-10-10 --to 2025-10-12 --metric calls");
    place.told(
        r#"
$ asof list --stats --from 2025-09-08 --to 2025-09-08
Day                    Calls  Unique phones  New phones  Phones so far  Minutes min  Average call s
2025-09-08  Mon  ○  !     20              1           0            120        0.333               1
1 day                     20                          0            120        0.333
○ reconstructed · ! odd, see below
Phones so far: since 1 Sep 2025, counted over 8 days
! 2025-09-08 Mon: 20 calls and no new phones; on the days around it usually 20
exit 0
$ asof list --stats --from 2025-09-17 --to 2025-09-18 --metric calls
Day                    Calls
2025-09-17  Wed  ○  !      0
2025-09-18  Thu  ○        20
2 days                    20
○ reconstructed · ! odd, see below
! 2025-09-17 Wed: no calls; on the days around it usually 20
exit 0
$ asof list --stats --from 2025-10-10 --to 2025-10-12 --metric calls
Day                    Calls
2025-10-10  Fri  ○  !     90
2025-10-11  Sat  ○        20
2025-10-12  Sun  ○         0
3 days                   110
○ reconstructed · ! odd, see below
! 2025-10-10 Fri: far from other Fridays: 90 calls, usually 20
! 2025-10-10 Fri: far from other Fridays: 90 new phones, usually 20
exit 0
"#,
    );
    let told: Value = serde_json::from_str(&place.asof("list --stats --json").stdout).unwrap();
    let dates: Vec<&str> =
        told["odd"].as_array().unwrap().iter().map(|odd| odd["date"].as_str().unwrap()).collect();
    assert_eq!(dates, ["2025-09-08", "2025-09-17", "2025-10-10", "2025-10-10"]);
    assert_eq!(told["odd"][1]["kind"], "silent");
}

#[test]
fn a_day_of_fewer_rows_than_before_is_odd() {
    let place = three_days();
    place.sqlite("calls.db", "delete from calls where at = '2025-11-04 09:10:00'");
    place.done(&["save 2025-11-04 --restate --reason 'rows were deleted'"]);
    place.asof("list --stats");
    place.told(
        r#"
$ asof list --stats
Day                    Calls  Unique phones  New phones              Phones so far  Minutes min
2025-11-03  Mon  ○         3              2           2                          2          2.0
2025-11-04  Tue  ○  !      2              1           0                          2          1.5
2025-11-05      not captured
2025-11-06  Thu  ●         3              3           3  (frozen 2)              5          2.0
3 days                     8                          5                          5          5.5
(not all columns fit: a wider terminal shows more, --metric chooses, --csv has all)
● witnessed · ○ reconstructed · ! odd, see below · 1 day by its latest edition
frozen: as it was counted when the day was frozen; days were added, restated or lost since
Phones so far: since 3 Nov 2025, counted over 3 days, 1 gap
! 2025-11-04 Tue: made of 2 rows, and edition 1 was made of 3
exit 0
"#,
    );
}

#[test]
fn names_are_formed_from_labels_and_no_two_are_equal() {
    let place = phones();
    place.change(
        "asof.toml",
        "[metrics]\n",
        "[metrics]\nall = { of = \"calls\", count = true, label = \"Calls\" }\n",
    );
    place.change("asof.toml", "label = \"Average call\"", "label = \"Länge (Ø)\"");
    place.done(&["save"]);
    place.asof("list --csv");
    place.told(
        r#"
$ asof list --csv
date,totalCalls,calls,uniquePhones,newPhones,cumulativeUniquePhones,minutes,längeØ
2025-11-06,3,3,3,3,3,2,40
exit 0
"#,
    );
}

#[test]
fn damaged_keys_are_told_and_done_without() {
    let place = three_days();
    let keys = "snapshots/2025-11-04/seen/phones.keys";
    let mut bytes = fs::read(place.path(keys)).unwrap();
    bytes[15] ^= 1;
    fs::write(place.path(keys), bytes).unwrap();
    place.asof("list --stats --metric phones");
    place.asof("list --csv --metric phones");
    place.told(
        r#"
$ asof list --stats --metric phones
Day                 Unique phones  New phones              Phones so far
2025-11-03  Mon  ○              2           2                          2
2025-11-04  Tue  ○              2           —  (frozen 1)              —  (frozen 3)
2025-11-05      not captured
2025-11-06  Thu  ●              3           3  (frozen 2)              5
3 days                                      5                          5
● witnessed · ○ reconstructed
frozen: as it was counted when the day was frozen; days were added, restated or lost since
New phones: unknown on 1 of 3 days, which are not in the total
Phones so far: since 3 Nov 2025, counted over 2 days, 2 gaps, 1 frozen day left out: damaged
! 2025-11-04 is left out of the distinct counts over time: snapshots/2025-11-04/seen/phones.keys has changed since it was frozen: its SHA-256 is [HEX], and its manifest says [HEX]
exit 0
$ asof list --csv --metric phones
date,uniquePhones,newPhones,cumulativeUniquePhones
2025-11-03,2,2,2
2025-11-04,2,,
2025-11-06,3,3,5
! warning: 2025-11-04 is left out of the distinct counts over time: snapshots/2025-11-04/seen/phones.keys has changed since it was frozen: its SHA-256 is [HEX], and its manifest says [HEX]
exit 0
"#,
    );
}
