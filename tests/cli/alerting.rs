//! Alerts: what is judged, what is told to whom and how often, and what is run around a save.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

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
fn sales(counts: &[u32], alerts: &str) -> Place {
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
fn program(place: &Place, name: &str, rest: &str) {
    place.write(name, format!("#!/bin/sh\nread -r line\necho \"$line\" >> {name}.got\n{rest}\n"));
    std::fs::set_permissions(place.path(name), std::fs::Permissions::from_mode(0o755)).unwrap();
    place.env("PATH", "/usr/bin:/bin");
}

/// The documents that a program got.
fn got(place: &Place, name: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(place.path(&format!("{name}.got"))).unwrap_or_default();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

const LOW: &str = "[alerts.low]\nmetric = \"sales\"\nbelow = 10\n\n[sinks.ops]\ncommand = [\"./ops\"]\n";

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
    let place = sales(&[4, 4, 4], &LOW.replace("[\"./ops\"]", "[\"./ops\"]\ntimeout = \"500ms\""));
    program(&place, "ops", "echo no such channel >&2; exit 3");
    place.asof("save 2025-11-03");
    program(&place, "ops", "exec sleep 60");
    place.asof("save 2025-11-04");
    program(&place, "ops", "");
    place.asof("save 2025-11-05");
    place.asof("alerts --send");
    place.told(
        r#"
$ asof save 2025-11-03
! warning: alert low on 2025-11-03: sales: 4 is below 10
! warning: the sink ops did not get its alerts: ./ops failed (exit status: 3): no such channel; the next save tries again while the alert fires
exit 0
$ asof save 2025-11-04
! warning: the sink ops did not get its alerts: ./ops took longer than 0.5 s and was given up; the next save tries again while the alert fires
exit 0
$ asof save 2025-11-05
exit 0
$ asof alerts --send
2025-11-05
Alert  State  Value  Expected  Why
low    fires      4        10  4 is below 10
nothing is news
exit 4
"#,
    );
    assert_eq!(got(&place, "ops").len(), 3);
}

#[test]
fn a_sink_on_trial_prints_what_it_would_get() {
    let place = sales(&[4], &format!("{LOW}dry_run = true\n"));
    program(&place, "ops", "");
    let run = place.asof("save 2025-11-03");
    assert!(run.stdout.starts_with("ops would get 1 alert:\n{\"alerts\":[{"), "{}", run.stdout);
    assert!(got(&place, "ops").is_empty());
}

/// What a webhook was sent: its head and its body.
type Call = (String, String);

/// A web server that answers each call with the next of these statuses, and then no more; `None` hangs.
fn server(statuses: Vec<Option<u16>>) -> (u16, Receiver<Call>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (calls, called) = channel();
    thread::spawn(move || {
        let mut open = Vec::new();
        for status in statuses {
            let (mut stream, _) = listener.accept().unwrap();
            calls.send(call(&stream)).unwrap();
            match status {
                Some(status) => {
                    let answer =
                        format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
                    stream.write_all(answer.as_bytes()).unwrap();
                }
                None => open.push(stream),
            }
        }
        thread::sleep(Duration::from_secs(30));
    });
    (port, called)
}

fn call(stream: &TcpStream) -> Call {
    let mut reader = BufReader::new(stream);
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if line.trim().is_empty() {
            break;
        }
        if let Some(text) = line.to_lowercase().strip_prefix("content-length:") {
            length = text.trim().parse().unwrap();
        }
        head.push_str(&line);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    (head, String::from_utf8(body).unwrap())
}

fn hook(port: u16, more: &str) -> String {
    format!(
        "[alerts.low]\nmetric = \"sales\"\nbelow = 10\n\n[sinks.chat]\nwebhook = \"http://127.0.0.1:{port}/hook\"\n{more}\n"
    )
}

#[test]
fn a_webhook_is_posted_with_its_secret_and_tried_again() {
    let (port, called) = server(vec![Some(500), Some(500), Some(200)]);
    let place = sales(&[4], &hook(port, "secret_env = \"HOOK\"\nretry_for = \"20s\""));
    place.secret("s3cr3t-of-the-hook");
    place.env("HOOK", "s3cr3t-of-the-hook");
    place.asof("save 2025-11-03");
    place.told(
        r#"
$ asof save 2025-11-03
! warning: alert low on 2025-11-03: sales: 4 is below 10
exit 0
"#,
    );
    let calls: Vec<Call> = (0..3).map(|_| called.recv_timeout(Duration::from_secs(5)).unwrap()).collect();
    for (head, body) in &calls {
        assert!(head.starts_with("POST /hook HTTP/1.1\r\n"), "{head}");
        assert!(head.to_lowercase().contains("authorization: bearer s3cr3t-of-the-hook\r\n"), "{head}");
        assert!(head.to_lowercase().contains("content-type: application/json\r\n"), "{head}");
        let document: Value = serde_json::from_str(body).unwrap();
        assert_eq!(document["alerts"][0]["reason"], "sales: 4 is below 10");
    }
    place.tree("snapshots");
    assert!(!place.read("alerts.json").contains("s3cr3t"));
}

#[test]
fn a_webhook_that_hangs_is_given_up_in_time_and_the_day_stays_frozen() {
    let (port, _called) = server(vec![None]);
    let place = sales(&[4], &hook(port, "timeout = \"1s\""));
    let begun = Instant::now();
    place.asof("save 2025-11-03");
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    place.asof("list");
    place.told(
        r#"
$ asof save 2025-11-03
! warning: alert low on 2025-11-03: sales: 4 is below 10
! warning: the sink chat did not get its alerts: the webhook took longer than 1 s and was given up; the next save tries again while the alert fires
exit 0
$ asof list
Day             Editions  Provenance       Sales  Share
2025-11-03 Mon  1         ○ reconstructed      4      1
exit 0
"#,
    );
}

#[test]
fn a_secret_that_is_missing_and_a_refusal_are_told() {
    let (port, _called) = server(vec![Some(403)]);
    let place = sales(&[4, 4], &hook(port, "secret_env = \"HOOK\""));
    place.asof("save 2025-11-03");
    place.env("HOOK", "x");
    place.asof("save 2025-11-04");
    place.told(
        r#"
$ asof save 2025-11-03
! warning: alert low on 2025-11-03: sales: 4 is below 10
! warning: the sink chat did not get its alerts: the environment variable HOOK, which holds the webhook's secret, is not set; the next save tries again while the alert fires
exit 0
$ asof save 2025-11-04
! warning: the sink chat did not get its alerts: it answered with status 403; the next save tries again while the alert fires
exit 0
"#,
    );
}

#[test]
fn a_good_save_calls_the_heartbeat_and_another_does_not() {
    let (port, called) = server(vec![Some(200), Some(200), Some(500)]);
    let place = sales(&[4], &format!("[heartbeat]\nurl = \"http://127.0.0.1:{port}/ping\"\n"));
    place.asof("save 2025-11-03");
    place.asof("save 2025-11-03");
    place.asof("save today");
    place.asof("save 2025-11-03");
    place.told(
        r#"
$ asof save 2025-11-03
exit 0
$ asof save 2025-11-03
exit 0
$ asof save today
! error: 2025-11-28 has not ended: it ends at 2025-11-29 00:00 CST
!   hint: wait until it is over, or freeze it as it stands with --provisional
exit 2
$ asof save 2025-11-03
! warning: the heartbeat failed: it answered with status 500
exit 0
"#,
    );
    let calls: Vec<Call> = called.try_iter().collect();
    assert_eq!(calls.len(), 3);
    assert!(calls[0].0.starts_with("GET /ping HTTP/1.1\r\n"), "{}", calls[0].0);
}

#[test]
fn commands_are_run_around_a_save() {
    let hooks = "[hooks]\nbefore = [\"./before\"]\nafter = [\"./after\"]\nfailed = [\"./failed\"]\n";
    let place = sales(&[4, 4], hooks);
    for name in ["before", "after", "failed"] {
        program(&place, name, "");
    }
    place.asof("save 2025-11-03");
    assert_eq!(got(&place, "before"), [json!({ "hook": "before", "date": "2025-11-03" })]);
    let after = got(&place, "after");
    assert_eq!((&after[0]["hook"], &after[0]["outcome"]["status"]), (&json!("after"), &json!("frozen")));
    assert!(got(&place, "failed").is_empty());
    place.asof("list");
    assert_eq!(got(&place, "before").len(), 1);
    program(&place, "before", "echo the replica is behind >&2; exit 1");
    program(&place, "failed", "exit 1");
    place.forget();
    place.asof("save 2025-11-04");
    place.told(
        r#"
$ asof save 2025-11-04
! warning: the command after the failed save failed: ./failed failed (exit status: 1)
! error: the command before the save failed: ./before failed (exit status: 1): the replica is behind
!   hint: nothing was read or frozen; it is named by before under [hooks]
exit 1
"#,
    );
    assert!(!place.path("snapshots/2025-11-04").exists());
    let failed = got(&place, "failed");
    assert_eq!((failed[0]["hook"].as_str(), failed[0]["exit"].as_u64()), (Some("failed"), Some(1)));
    assert_eq!(got(&place, "after").len(), 1);
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
! asof.toml:43:8: it is not said where "a" sends to
!   hint: write one of command = ["program"] and webhook = "https://…"
! asof.toml:47:11: this is no URL that can be called
!   hint: write https://host/path
! asof.toml:50:1: no program is named
!   hint: write the program and its arguments: ["mail", "ops@example.com"]
exit 2
"#,
    );
}
