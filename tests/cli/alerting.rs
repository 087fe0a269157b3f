//! Alerts: what is judged, and what is told to a command, how often.

use std::os::unix::fs::PermissionsExt as _;

use serde_json::{Value, json};

use crate::support::command::Place;

const CONFIG: &str = r#"[source]
url = "sqlite:calls.db"

[calendar]
time_zone = "America/Chicago"

[events.calls]
table = "calls"
time = "at"
time_is = "local"

[events.calls.by]
campaign = "campaign"

[metrics]
sales = { of = "calls", count = true }
share = { ratio = ["sales", "sales"] }
"#;

/// A place in which so many sales of campaign `a` were made on each day from 2025-11-03, a Monday, and none of `b`.
pub(super) fn sales(counts: &[u32], alerts: &str) -> Place {
    let place = Place::new();
    place.write("asof.toml", format!("{CONFIG}\n{alerts}"));
    let mut sql = String::from(
        "create table calls (id integer primary key, at text, campaign text);
         create index by_time on calls (at);",
    );
    for (day, count) in (3..).zip(counts) {
        for _ in 0..*count {
            sql.push_str(&format!(
                "insert into calls (at, campaign) values ('2025-11-{day:02} 09:00:00', 'a');"
            ));
        }
    }
    place.sqlite("calls.db", &sql);
    place.at("2025-11-28T03:00:00-06:00");
    place
}

/// A program that adds what it gets to a file.
pub(super) fn program(place: &Place, name: &str, rest: &str) {
    place.write(name, format!("#!/bin/sh\nread -r line\necho \"$line\" >> {name}.got\n{rest}\n"));
    std::fs::set_permissions(place.path(name), std::fs::Permissions::from_mode(0o755)).unwrap();
    place.env("PATH", "/usr/bin:/bin");
}

/// The documents that a program got.
pub(super) fn got(place: &Place, name: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(place.path(&format!("{name}.got"))).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

pub(super) const LOW: &str =
    "[alerts.low]\nmetric = \"sales\"\nbelow = 10\n\n[sinks.ops]\ncommand = [\"./ops\"]\n";

#[test]
fn an_alert_is_told_once_and_again_after_it_has_cleared() {
    let place = sales(&[20, 4, 5, 20, 3], LOW);
    program(&place, "ops", "");
    for day in 3..=7 {
        place.asof(&format!("save 2025-11-0{day}"));
    }
    place.asof("save 2025-11-07");
    place.told(
        r#"
$ asof save 2025-11-03
exit 0
$ asof save 2025-11-04
! warning: alert low on 2025-11-04: sales: 4 is below 10
exit 0
$ asof save 2025-11-05
exit 0
$ asof save 2025-11-06
exit 0
$ asof save 2025-11-07
! warning: alert low on 2025-11-07: sales: 3 is below 10
exit 0
$ asof save 2025-11-07
exit 0
"#,
    );
    let got = got(&place, "ops");
    let days: Vec<&Value> = got.iter().map(|document| &document["day"]).collect();
    assert_eq!(days, ["2025-11-04", "2025-11-07"]);
    let page = place.path("snapshots/2025-11-04/dashboard.html");
    let ledger = place.read("snapshots/ledger.jsonl");
    let line: Value =
        serde_json::from_str(ledger.lines().find(|line| line.contains(r#""date":"2025-11-04""#)).unwrap())
            .unwrap();
    let alert = json!({
        "name": "low", "state": "fires", "metric": "sales", "member": null, "value": 4, "expected": 10,
        "reason": "sales: 4 is below 10", "day": "2025-11-04", "edition": 1,
        "manifest": line["manifest"], "page": page.to_str().unwrap(),
    });
    assert_eq!(got[0]["alerts"], json!([alert]));
    assert!(page.exists());
}

#[test]
fn any_day_is_judged_and_nothing_is_sent_unless_it_is_wanted() {
    let alerts = r#"
[alerts.drop]
metric = "sales"
change = "previous_day"
more_than = "20%"
direction = "down"
for = 2

[alerts.of_campaign]
metric = "sales"
by = "campaign"
above = 15

[alerts.odd]
metric = "sales"
anomaly = true

[alerts.late]
missing = true

[sinks.ops]
command = ["./ops"]
"#;
    let place = sales(&[20, 10, 5, 5], alerts);
    program(&place, "ops", "");
    place.at("2025-11-07T03:00:00-06:00");
    place.write("quiet.toml", CONFIG);
    place.done(&[
        "--config quiet.toml save 2025-11-03",
        "--config quiet.toml save 2025-11-04",
        "--config quiet.toml save 2025-11-05",
    ]);
    place.env("COLUMNS", "120");
    place.asof("alerts");
    place.asof("alerts 2025-11-03");
    place.asof("alerts 2025-11-09");
    place.asof("alerts latest@1");
    place.asof("--config quiet.toml alerts");
    place.told(
        r#"
$ asof alerts
2025-11-05
Alert        Member  State       Value  Expected  Why
drop                 fires           5        10  5 against 10 (2025-11-04): 50.00 % less; 2 days in a row
of_campaign  a       fine            5        15  5 is within its bounds
odd                  not judged      5         —  2 days so far, and it takes 21 to know what is usual
late                 fires           1         0  2025-11-06 is not frozen
exit 4
$ asof alerts 2025-11-03
2025-11-03
Alert        Member  State       Value  Expected  Why
drop                 not judged     20         —  its value on the day before is not known
of_campaign  a       fires          20        15  20 is above 15
odd                  not judged     20         —  0 days so far, and it takes 21 to know what is usual
late                 fine            0         0  no day is missing
exit 4
$ asof alerts 2025-11-09
! error: 2025-11-09 is not in the archive
!   hint: the nearest days that exist: 2025-11-05
exit 1
$ asof alerts latest@1
! error: alerts are judged by a day's latest edition
!   hint: name the day alone
exit 2
$ asof --config quiet.toml alerts
! error: the configuration has no alerts
!   hint: add [alerts.NAME] to the configuration
exit 2
"#,
    );
    assert!(got(&place, "ops").is_empty());
    assert!(!place.path("alerts.json").exists());
    place.asof("alerts --dry-run");
    assert!(place.take().contains("ops would get 2 alerts:\n{"));
    assert!(got(&place, "ops").is_empty() && !place.path("alerts.json").exists());
    place.asof("alerts --send");
    assert!(place.take().ends_with("ops got 2 alerts\nexit 4\n"));
    place.asof("alerts --send");
    assert!(place.take().ends_with("nothing is news\nexit 4\n"));
    assert_eq!(got(&place, "ops").len(), 1);
    let told: Value = serde_json::from_str(&place.asof("alerts --json").stdout).unwrap();
    assert_eq!(told["alerts"][1]["member"], json!({ "by": "campaign", "key": "a" }));
    assert_eq!(told["alerts"][2]["state"], "not judged");
    place.forget();
    // Once the day is there the alert is over.
    place.done(&["save 2025-11-06"]);
    place.asof("alerts");
    let told = place.take();
    assert!(told.contains("no day is missing") && told.ends_with("exit 0\n"), "{told}");
}

#[test]
fn a_save_after_a_missed_day_tells_of_it() {
    let place = sales(&[20, 20, 20, 20], "[alerts.late]\nmissing = true\n");
    place.done(&["save 2025-11-03"]);
    place.asof("save 2025-11-06");
    place.asof("save 2025-11-05");
    place.told(
        r#"
$ asof save 2025-11-06
! warning: alert late on 2025-11-06: 2 days from 2025-11-04 to 2025-11-05 are not frozen
exit 0
$ asof save 2025-11-05
exit 0
"#,
    );
}

#[test]
fn a_command_that_fails_or_hangs_loses_nothing_and_gets_it_the_next_time() {
    let place = sales(&[4, 20, 20], &LOW.replace("[\"./ops\"]", "[\"./ops\"]\ntimeout = \"500ms\""));
    program(&place, "ops", "echo no such channel >&2; exit 3");
    place.asof("save 2025-11-03");
    program(&place, "ops", "exec sleep 60");
    place.asof("save 2025-11-04");
    program(&place, "ops", "");
    place.asof("save 2025-11-05");
    place.at("2025-11-06T03:00:00-06:00");
    place.asof("alerts --send");
    place.told(
        r#"
$ asof save 2025-11-03
! warning: alert low on 2025-11-03: sales: 4 is below 10
! warning: the sink ops did not get its alerts: ./ops failed (exit status: 3): no such channel; the next save tries again
exit 0
$ asof save 2025-11-04
! warning: the sink ops did not get its alerts: ./ops took longer than 0.5 s and was given up; the next save tries again
exit 0
$ asof save 2025-11-05
exit 0
$ asof alerts --send
2025-11-05
Alert        State  Value  Expected  Why
low          fine      20        10  20 is within its bounds
missing_day  fine       0         0  no day is missing
nothing is news
exit 0
"#,
    );
    // It was tried three times, and is about the day that it was about, although the alert is over.
    let days: Vec<Value> = got(&place, "ops").iter().map(|told| told["day"].clone()).collect();
    assert_eq!(days, ["2025-11-03", "2025-11-03", "2025-11-03"]);
}

#[test]
fn a_sink_on_trial_prints_what_it_would_get() {
    let place = sales(&[4], &format!("{LOW}dry_run = true\n"));
    program(&place, "ops", "");
    let run = place.asof("save 2025-11-03");
    assert!(run.stdout.starts_with("ops would get 1 alert:\n{\"alerts\":[{"), "{}", run.stdout);
    assert!(got(&place, "ops").is_empty());
}

#[test]
fn what_can_not_be_is_told_at_once() {
    let wrong = r#"
[alerts.a]
metric = "sale"
below = 1

[alerts.b]
metric = "share"
change = "month_to_date"
more_than = "20%"

[alerts.c]
metric = "sales"
by = "campain"
change = "previous_day"

[alerts.d]
metric = "sales"
above = 1
anomaly = true

[alerts.e]
missing = true
direction = "up"

[alerts.missing_day]
metric = "sales"
below = 1

[sinks.a]
timeout = "5s"

[sinks.b]
webhook = "ftp://host/secret"

[hooks]
before = []
"#;
    let place = sales(&[1], wrong);
    place.asof("check --offline");
    place.told(
        r#"
$ asof check --offline
! asof.toml:21:10: "sale" is no metric
!   hint: did you mean "sales"?
! asof.toml:26:10: "share" can't be added up over the days of a month
!   hint: only counts and sums of single days add up: take same_weekday or previous_day
! asof.toml:31:6: "campain" is no dimension of "sales"
!   hint: did you mean "campaign"?
! asof.toml:32:10: it is not said how much is too much
!   hint: add more_than = "20%"
! asof.toml:34:9: "d" looks for more than one thing
!   hint: write one of above or below (or both), change, target, anomaly = true and missing = true
! asof.toml:41:13: "direction" means nothing with missing
!   hint: leave it out
! asof.toml:43:9: "missing_day" is the alert of days that are not frozen
!   hint: take another name for this one
! asof.toml:47:8: it is not said where "a" sends to
!   hint: write one of command = ["program"] and webhook = "https://…"
! asof.toml:51:11: this is no URL that can be called
!   hint: write https://host/path
! asof.toml:54:1: no program is named
!   hint: write the program and its arguments: ["mail", "ops@example.com"]
exit 2
"#,
    );
}
