//! `list`: days, editions, gaps, and what is not as it should be.

use std::fs;

use serde_json::Value;

use super::calls;
use crate::support::command::Place;

/// Four days with a gap, one of them with two editions.
fn four_days() -> Place {
    let place = calls();
    place.done(&["save 2025-11-01", "save 2025-11-05", "save 2025-11-06", "save 2025-11-07 --provisional"]);
    place.sqlite("calls.db", "update calls set status = 'SALE' where status = 'DROP'");
    place.at("2025-11-09T03:00:00-06:00");
    place.done(&["save 2025-11-06 --restate --reason 'late disposition'"]);
    place
}

#[test]
fn days_editions_provenance_and_gaps_are_shown() {
    let place = four_days();
    place.asof("list");
    place.asof("list --from 2025-11-05 --to 2025-11-06");
    place.asof("list --from -4d");
    place.asof("list --from yesterday");
    place.asof("list --metric week --metric sales");
    place.asof("list --quiet");
    place.env("COLUMNS", "60");
    place.asof("list");
    place.told(
        r#"
$ asof list
Day             Editions  Provenance       Calls  Sales  Minutes min  Conversion
2025-11-01 Sat  1         ○ reconstructed      0      0          0.0           —
2025-11-02 – 2025-11-04, 3 days: not captured
2025-11-05 Wed  1         ○ reconstructed      3      1          1.5     33.33 %
2025-11-06 Thu  1 2       ● witnessed          5      2         16.5     40.00 %  @2 differs: late …
2025-11-07 Fri  1         ◐ provisional        1      1          1.0    100.00 %
where editions differ, the first that is not provisional is shown, as by `asof restore`;
list --stats, series and compare take the latest
exit 0
$ asof list --from 2025-11-05 --to 2025-11-06
Day             Editions  Provenance       Calls  Sales  Minutes min  Conversion
2025-11-05 Wed  1         ○ reconstructed      3      1          1.5     33.33 %
2025-11-06 Thu  1 2       ● witnessed          5      2         16.5     40.00 %  @2 differs: late …
where editions differ, the first that is not provisional is shown, as by `asof restore`;
list --stats, series and compare take the latest
exit 0
$ asof list --from -4d
Day             Editions  Provenance       Calls  Sales  Minutes min  Conversion
2025-11-05 Wed  1         ○ reconstructed      3      1          1.5     33.33 %
2025-11-06 Thu  1 2       ● witnessed          5      2         16.5     40.00 %  @2 differs: late …
2025-11-07 Fri  1         ◐ provisional        1      1          1.0    100.00 %
where editions differ, the first that is not provisional is shown, as by `asof restore`;
list --stats, series and compare take the latest
exit 0
$ asof list --from yesterday
no day of that range is frozen
exit 0
$ asof list --metric week --metric sales
                                           Conversion of
Day             Editions  Provenance            the week  Sales
2025-11-01 Sat  1         ○ reconstructed              —      0
2025-11-02 – 2025-11-04, 3 days: not captured
2025-11-05 Wed  1         ○ reconstructed        33.33 %      1
2025-11-06 Thu  1 2       ● witnessed            37.50 %      2  @2 differs: late disposition
2025-11-07 Fri  1         ◐ provisional          44.44 %      1
where editions differ, the first that is not provisional is shown, as by `asof restore`;
list --stats, series and compare take the latest
exit 0
$ asof list --quiet
exit 0
$ asof list
Day             Editions  Provenance       Calls  Sales
2025-11-01 Sat  1         ○ reconstructed      0      0
2025-11-02 – 2025-11-04, 3 days: not captured
2025-11-05 Wed  1         ○ reconstructed      3      1
2025-11-06 Thu  1 2       ● witnessed          5      2
2025-11-07 Fri  1         ◐ provisional        1      1
(not all columns fit: a wider terminal shows more)
where editions differ, the first that is not provisional is shown, as by `asof restore`;
list --stats, series and compare take the latest
exit 0
"#,
    );
}

#[test]
fn a_program_is_told_the_same() {
    let place = four_days();
    let run = place.asof("list --json --from 2025-11-05");
    place.forget();
    let told: Value = serde_json::from_str(&run.stdout).unwrap();
    let days = told["days"].as_array().unwrap();
    let dates: Vec<&str> = days.iter().map(|day| day["date"].as_str().unwrap()).collect();
    assert_eq!(dates, ["2025-11-05", "2025-11-06", "2025-11-07"]);
    assert_eq!(told["gaps"], serde_json::json!([]));
    let whole: Value = serde_json::from_str(&place.asof("list --json").stdout).unwrap();
    assert_eq!(whole["gaps"], serde_json::json!([{ "from": "2025-11-02", "to": "2025-11-04", "days": 3 }]));
    assert_eq!(whole["findings"], serde_json::json!([]));
    assert_eq!(days[1]["shown"], 1);
    let second = &days[1]["editions"][1];
    assert_eq!((&second["edition"], &second["provenance"]), (&2.into(), &"reconstructed".into()));
    assert_eq!((&second["trigger"], &second["reason"]), (&"restate".into(), &"late disposition".into()));
    assert_eq!(second["captured_at"], "2025-11-09T09:00:00Z");
    assert_eq!(
        second["metrics"].to_string(),
        r#"{"calls":5,"conversion":0.6,"minutes":16.5,"sales":3,"week":0.5}"#
    );
    assert_eq!(days[1]["editions"][0]["metrics"]["sales"].to_string(), "2");
}

#[test]
fn an_archive_that_is_not_there_is_told() {
    let place = calls();
    place.asof("list");
    place.asof("list --json");
    fs::create_dir(place.path("snapshots")).unwrap();
    place.asof("list");
    place.asof("restore");
    place.told(r#"
$ asof list
! error: there is no archive at snapshots: the folder does not exist
!   hint: check `dir` under [archive] in asof.toml; the first `asof save` makes the archive
exit 1
$ asof list --json
! {"error":{"exit_code":1,"hint":"check `dir` under [archive] in asof.toml; the first `asof save` makes the archive","message":"there is no archive at snapshots: the folder does not exist"}}
exit 1
$ asof list
! error: snapshots is no archive: it has no archive.json
!   hint: check `dir` under [archive] in asof.toml; the first `asof save` makes the archive
exit 1
$ asof restore
! error: snapshots is no archive: it has no archive.json
!   hint: check `dir` under [archive] in asof.toml; the first `asof save` makes the archive
exit 1
"#);
}

#[test]
fn a_metric_that_is_none_is_told_with_those_that_are() {
    let place = four_days();
    place.asof("list --metric cells");
    place.asof("list --metric cells --json");
    place.told(r#"
$ asof list --metric cells
! error: "cells" is no metric
!   hint: did you mean "calls"? known metrics: calls, sales, minutes, conversion, week
exit 2
$ asof list --metric cells --json
! {"error":{"exit_code":2,"hint":"did you mean \"calls\"? known metrics: calls, sales, minutes, conversion, week","message":"\"cells\" is no metric"}}
exit 2
"#);
}

#[test]
fn what_is_not_as_it_should_be_is_told_below() {
    let place = four_days();
    fs::remove_dir_all(place.path("snapshots/2025-11-05")).unwrap();
    fs::create_dir(place.path("snapshots/2025-10-31")).unwrap();
    let ledger = place.read("snapshots/ledger.jsonl");
    place.write("snapshots/ledger.jsonl", format!("{ledger}{{\"seq\":6,\"at\":"));
    place.asof("list");
    place.asof("restore 2025-11-05");
    place.asof("restore 2025-10-31");
    place.told(
        r#"
$ asof list
Day             Editions  Provenance       Calls  Sales  Minutes min  Conversion
2025-11-01 Sat  1         ○ reconstructed      0      0          0.0           —
2025-11-02 – 2025-11-04, 3 days: not captured
2025-11-05 Wed  1         ○ reconstructed      3      1          1.5     33.33 %
2025-11-06 Thu  1 2       ● witnessed          5      2         16.5     40.00 %  @2 differs: late …
2025-11-07 Fri  1         ◐ provisional        1      1          1.0    100.00 %
where editions differ, the first that is not provisional is shown, as by `asof restore`;
list --stats, series and compare take the latest
! the folder 2025-11-05 is missing, and the ledger has its line
! the folder 2025-10-31 is not in the ledger, so it does not count
! the last line of the ledger is not finished; it does not count
exit 0
$ asof restore 2025-11-05
! error: snapshots/2025-11-05 is missing, and the ledger has its line
!   hint: restore it from a backup; asof never repairs what was frozen
exit 1
$ asof restore 2025-10-31
! error: 2025-10-31 is not in the archive
!   hint: the nearest days that exist: 2025-11-01
exit 1
"#,
    );
    let run = place.asof("list --json");
    let told: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(told["findings"].as_array().unwrap().len(), 3);
    assert_eq!(told["days"][1]["editions"][0]["present"], false);
}

#[test]
fn colours_come_where_they_are_wanted_only() {
    let place = four_days();
    let plain = place.asof("list").stdout;
    assert!(!plain.contains('\u{1b}'));
    let colored = place.asof("list --color always").stdout;
    assert!(colored.contains("\u{1b}[32m●"), "{colored}");
    assert_eq!(place.asof("list --color never").stdout, plain);
    place.env("NO_COLOR", "1");
    assert_eq!(place.asof("list").stdout, plain);
    // What is asked for in so many words wins over the environment.
    assert_eq!(place.asof("list --color always").stdout, colored);
    assert!(place.asof("restore --color always").stdout.contains('\u{1b}'));
    assert!(!place.asof("restore").stdout.contains('\u{1b}'));
}
