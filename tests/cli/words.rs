//! What a newcomer stumbled over: each is told in words that say what to do.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::{Value, json};

use super::{CONFIG, calls, frozen};

#[test]
fn what_is_written_in_the_wrong_shape_is_told_with_its_key() {
    let place = calls();
    place.change(
        "asof.toml",
        "time_zone = \"America/Chicago\"\n",
        "time_zone = \"America/Chicago\"\nlookback = [\"1d\"]\n",
    );
    place.change("asof.toml", "sale = [\"SALE\"]", "sale = { a = \"SALE\" }\nother = \"X\"");
    let alert = "[alerts.low]\nmetric = \"calls\"\nchange = \"same_week\"\nmore_than = \"10%\"\n";
    place.write("asof.toml", place.read("asof.toml") + alert);
    place.change("asof.toml", "minutes = { of = \"calls\"", "minutes = { of = \"cells\"");
    place.asof("check --offline");
    place.told(
        r#"
$ asof check --offline
! asof.toml:6:13: "lookback" is text, and should be a whole number
!   hint: write a whole number that is not negative, without quotes or a unit
! asof.toml:9:8: "sale" is a table, and should be a list
!   hint: write a list: sale = ["A", "B"]
! asof.toml:10:9: "other" is text, and should be a list
!   hint: write a list: other = ["A", "B"]
! asof.toml:25:18: "cells" is no events
!   hint: did you mean "calls"?
! asof.toml:30:10: "same_week" is none of same_weekday, previous_day, month_to_date
!   hint: did you mean "same_weekday"?
exit 2
"#,
    );
}

#[test]
fn check_tells_whether_programs_that_would_be_run_are_there() {
    let place = calls();
    let more = r#"
[alerts.low]
metric = "calls"
below = 1

[sinks.gone]
command = ["sinkk.sh"]

[sinks.here]
command = ["./sink.sh", "--all"]

[sinks.post]
webhook = "https://hooks.example.com/secret"
secret_env = "ASOF_NO_SUCH_SECRET"

[hooks]
before = ["./plain.txt"]

[heartbeat]
url = "https://beat.example.com/secret"
"#;
    place.write("asof.toml", format!("{CONFIG}{more}"));
    for (name, mode) in [("sink.sh", 0o755), ("plain.txt", 0o644)] {
        place.write(name, "#!/bin/sh\ntouch ran\n");
        fs::set_permissions(place.path(name), fs::Permissions::from_mode(mode)).unwrap();
    }
    place.asof("check --offline");
    assert!(!place.path("ran").exists());
    place.told(
        r#"
$ asof check --offline
ok    configuration  asof.toml is sound: 1 kind of events, 5 metrics
ok    alerts         low, missing_day
fail  sink gone      there is no program "sinkk.sh" on the PATH
                     hint: write its whole path; for one in this folder ./sinkk.sh
ok    sink here      runs ./sink.sh
fail  sink post      its secret is not there: ASOF_NO_SUCH_SECRET is not set
                     hint: set it where asof runs: ASOF_NO_SUCH_SECRET=…
ok    heartbeat      is called after each good save
fail  hook before    ./plain.txt can't be run
                     hint: make it executable: chmod +x ./plain.txt
exit 0
"#,
    );
}

#[test]
fn a_day_without_rows_after_days_that_had_some_is_frozen_with_a_warning() {
    let place = calls();
    // A week with one call a day, and none after it.
    for day in 1..=4 {
        place.sqlite("calls.db", &format!("insert into calls (at) values ('2025-11-0{day} 12:00:00')"));
    }
    for day in 1..=6 {
        place.done(&[&format!("save 2025-11-0{day}")]);
    }
    place.at("2025-11-08T03:00:00-06:00");
    place.done(&["save"]);
    place.at("2025-11-09T03:00:00-06:00");
    place.asof("save");
    // The day before had none either: that is no news.
    place.at("2025-11-10T03:00:00-06:00");
    place.asof("save");
    place.told(
        r#"
$ asof save
! warning: 2025-11-08 is frozen with 0 rows, and each of the 7 frozen days before it had at least 1: is the source filled up to it?
exit 0
$ asof save
exit 0
"#,
    );
}

#[test]
fn a_save_that_fails_while_it_looks_back_names_the_day_that_was_to_be_saved() {
    let place = calls();
    place.change(
        "asof.toml",
        "time_zone = \"America/Chicago\"\n",
        "time_zone = \"America/Chicago\"\nlookback = [2]\n",
    );
    place.done(&["save"]);
    place.at("2025-11-08T03:00:00-06:00");
    fs::remove_file(place.path("calls.db")).unwrap();
    place.asof("save --retry-for 0s");
    place.told(
        r#"
$ asof save --retry-for 0s
! error: 2025-11-07 was not saved: it looks back at earlier days first: 2025-11-06 could not be read: there is no file calls.db
!   hint: check the path in [source] url; it is relative to asof.toml
exit 5
"#,
    );
}

#[test]
fn an_alert_is_told_with_labels_and_units_and_why_is_never_cut() {
    let place = calls();
    let alerts = "[alerts.few]\nmetric = \"calls\"\nby = \"campaign\"\nbelow = 3\n[alerts.rate]\nmetric = \"conversion\"\nabove = 0.355\n";
    place.write("asof.toml", format!("{CONFIG}{alerts}"));
    place.done(&["save"]);
    place.asof("alerts");
    place.env("COLUMNS", "60");
    place.asof("alerts");
    place.told(
        r#"
$ asof alerts
2025-11-06
Alert        Member         State    Value  Expected  Why
few          ∅ no value     fires        1         3  1 is below 3
few          EASTSIDE 1027  fine         3         3  3 is within its bounds
few          Harbour 2044   fires        1         3  1 is below 3
rate                        fires  40.00 %   35.50 %  0.4 is above 0.355
missing_day                 fine         0         0  no day is missing
exit 4
$ asof alerts
2025-11-06
Alert        Member         State    Value  Expected
few          ∅ no value     fires        1         3
  1 is below 3
few          EASTSIDE 1027  fine         3         3
  3 is within its bounds
few          Harbour 2044   fires        1         3
  1 is below 3
rate                        fires  40.00 %   35.50 %
  0.4 is above 0.355
missing_day                 fine         0         0
  no day is missing
exit 4
"#,
    );
}

#[test]
fn a_change_smaller_than_the_digits_shown_can_be_seen() {
    let place = calls();
    place.write("asof.toml", CONFIG.replace("unit = \"min\"", "unit = \"$\""));
    place.done(&["save 2025-11-05", "save 2025-11-06"]);
    place.sqlite("calls.db", "update calls set seconds = 599.99 where seconds = 600");
    place.done(&["save 2025-11-06 --restate --reason 'fees'"]);
    place.asof("compare 2025-11-06@2 2025-11-06@1 --metric minutes,sales --by status");
    place.told(
        r#"
$ asof compare 2025-11-06@2 2025-11-06@1 --metric minutes,sales --by status
A  2025-11-06  Thu, edition 2, witnessed
B  2025-11-06  Thu, edition 1, witnessed

Metric        A       B  Difference   Change
Sales         2       2           0   0.00 %
Minutes  $16.50  $16.50   −$0.00017  <0.01 %

Sales by status  A  B  Difference  Change
“” empty         0  0           0       —
DROP             0  0           0       —
NA               0  0           0       —
SALE             2  2           0  0.00 %

Minutes by status       A       B  Difference   Change
SALE               $16.00  $16.00   −$0.00017  <0.01 %
DROP                $0.50   $0.50       $0.00   0.00 %
NA                  $0.00   $0.00       $0.00        —
“” empty                —       —           —        —
exit 0
"#,
    );
}

#[test]
fn of_a_metric_over_several_days_only_this_days_own_part_is_told() {
    let place = calls();
    place.done(&["save 2025-11-05", "save 2025-11-06"]);
    place.sqlite("calls.db", "update calls set status = 'SALE' where status = 'DROP'");
    place.asof("restore 2025-11-06 --metric week");
    place.asof("drift 2025-11-06 --metric week,sales --by status");
    let run = place.asof("drift 2025-11-06 --metric week --json");
    let day: Value = serde_json::from_str(run.stdout.lines().next().unwrap()).unwrap();
    let week = &day["metrics"]["week"];
    assert_eq!((&week["this_day"], &week["frozen"], &week["live"]), (&json!(true), &json!(0.4), &json!(0.6)));
    place.told(
        r#"
$ asof restore 2025-11-06 --metric week
Thursday 6 November 2025  Calls
● witnessed · frozen 7 Nov 03:00:00 CST · day 6 Nov 00:00 – 7 Nov 00:00 CST (24 h) · edition 1
newest event seen 23:59:59 · definitions ebe3·092c

                                  vs Thu 30 Oct  vs Wed 5 Nov  5 weeks
Conversion of the week  37.50  %              —      +4.17 pt                                   ▁▇
  3 sales / 8 calls · over 7 days, 2 of them frozen · this day 40.00 %
— Thu 30 Oct: not captured

      Conversion of
           the week
Hour         7 days
00         100.00 %  ████████████████████████
09          33.33 %  ████████
10           0.00 %
17         100.00 %  ████████████████████████
23           0.00 %
All         37.50 %

               Conversion of
                    the week
Campaign              7 days
Harbour 2044         50.00 %  ████████████████████████
EASTSIDE 1027        40.00 %  ███████████████████▎
∅ no value            0.00 %
All                  37.50 %

          Conversion of
               the week
Status           7 days
SALE           100.00 %  ████████████████████████
“” empty         0.00 %
DROP             0.00 %
NA               0.00 %
All             37.50 %
exit 0
$ asof drift 2025-11-06 --metric week,sales --by status
2025-11-06 Thu  edition 1  restated
  Metric                             Frozen      Now     Change
  Sales                                   2        3         +1  +50.00 %  restated
    status SALE                           2        3         +1  +50.00 %
  Conversion of the week, this day  40.00 %  60.00 %  +20.00 pt  +50.00 %  restated
exit 0
$ asof drift 2025-11-06 --metric week --json
{"date":"2025-11-06","edition":1,"event":"day","groups_differ_in":[],"kind":"restated","metrics":{"week":{"by":{"campaign":[{"change":0.333333333334,"frozen":0.333333333333,"key":"1027","label":"EASTSIDE","live":0.666666666667,"percentage":100.00}],"hour":[{"change":0.5,"frozen":0,"key":"09","label":null,"live":0.5,"percentage":null}]},"change":0.2,"frozen":0.4,"kind":"restated","live":0.6,"percentage":50.00,"this_day":true}},"provenance":"witnessed","rows":{"calls":{"frozen":5,"live":5,"shrunk":false}}}
{"days":1,"event":"done","failed":0,"frozen_again":0,"redefined":0,"restated":1,"source_shrunk":0,"unchanged":0,"unreadable":0}
exit 0
"#,
    );
}

#[test]
fn a_range_tells_metrics_and_of_a_day_without_rows_no_member_is_told() {
    let place = calls();
    place.done(&["save 2025-11-04", "save 2025-11-05", "save 2025-11-06"]);
    place.sqlite("calls.db", "update calls set status = 'SALE' where status = 'DROP'");
    place.sqlite("calls.db", "delete from calls where at < '2025-11-06'");
    place.asof("drift --from -7d");
    place.asof("drift --from 2025-11-06 --metric sales -v");
    place.asof("drift 2025-11-05");
    place.told(
        r#"
$ asof drift --from -7d
2025-11-04 Tue  edition 1  unchanged
2025-11-05 Wed  edition 1  source shrunk
  calls: 3 rows were frozen, 0 are there now
  Metric                             Frozen      Now    Change
  Calls                                   3        0        −3  −100.00 %  source shrunk
  Sales                                   1        0        −1  −100.00 %  source shrunk
  Minutes                           1.5 min  0.0 min  −1.5 min  −100.00 %  source shrunk
  Conversion                        33.33 %        —                       source shrunk
  Conversion of the week, this day  33.33 %        —                       source shrunk
2025-11-06 Thu  edition 1  restated
  Metric                              Frozen       Now     Change
  Calls                                    5         5          0    0.00 %  restated
  Sales                                    2         3         +1  +50.00 %  restated
  Minutes                           16.5 min  16.5 min    0.0 min    0.00 %  restated
  Conversion                         40.00 %   60.00 %  +20.00 pt  +50.00 %  restated
  Conversion of the week, this day   40.00 %   60.00 %  +20.00 pt  +50.00 %  restated
3 days: 1 unchanged, 1 restated, 1 source shrunk; -v tells which members moved
exit 0
$ asof drift --from 2025-11-06 --metric sales -v
2025-11-06 Thu  edition 1  restated
  Metric                    Frozen  Now  Change
  Sales                          2    3      +1   +50.00 %  restated
    hour 09                      0    1      +1
    campaign EASTSIDE 1027       1    2      +1  +100.00 %
    status SALE                  2    3      +1   +50.00 %
1 day: 1 restated
exit 0
$ asof drift 2025-11-05
2025-11-05 Wed  edition 1  source shrunk
  calls: 3 rows were frozen, 0 are there now
  Metric                             Frozen      Now    Change
  Calls                                   3        0        −3  −100.00 %  source shrunk
  Sales                                   1        0        −1  −100.00 %  source shrunk
  Minutes                           1.5 min  0.0 min  −1.5 min  −100.00 %  source shrunk
  Conversion                        33.33 %        —                       source shrunk
  Conversion of the week, this day  33.33 %        —                       source shrunk
exit 0
"#,
    );
}

#[test]
fn names_that_are_none_are_likened_to_those_that_are() {
    let place = frozen();
    place.asof("drift --metric call");
    place.asof("drift --by campain");
    place.asof("compare latest latest --metric sale");
    place.asof("compare latest latest --by stats");
    place.asof("settling --metric minute");
    place.asof("list --metric sale");
    place.asof("list --stats --metric sale");
    place.asof("compare");
    place.asof("compare latest");
    place.told(
        r#"
$ asof drift --metric call
! error: "call" is no metric
!   hint: did you mean "calls"? known metrics: calls, conversion, minutes, sales, week
exit 2
$ asof drift --by campain
! error: "campain" is no dimension
!   hint: did you mean "campaign"? known dimensions: campaign, hour, status
exit 2
$ asof compare latest latest --metric sale
! error: "sale" is no metric of these days
!   hint: did you mean "sales"? known metrics: calls, conversion, minutes, sales, week
exit 2
$ asof compare latest latest --by stats
! error: "stats" is no dimension of these days
!   hint: did you mean "status"? known dimensions: campaign, hour, status
exit 2
$ asof settling --metric minute
! error: "minute" is no metric of the archive
!   hint: did you mean "minutes"? known metrics: calls, sales, minutes, conversion
exit 2
$ asof list --metric sale
! error: "sale" is no metric
!   hint: did you mean "sales"? known metrics: calls, sales, minutes, conversion, week
exit 2
$ asof list --stats --metric sale
! error: "sale" is no metric of the configuration
!   hint: did you mean "sales"? known metrics: calls, sales, minutes, conversion, week
exit 2
$ asof compare
! error: compare needs two days or ranges
!   hint: `asof compare latest latest~7`, or `asof compare --to-date month` for this month so far
exit 2
$ asof compare latest
! error: there is nothing to hold latest against
!   hint: `asof compare latest latest~7`, or `asof compare --to-date month` for this month so far
exit 2
"#,
    );
}
