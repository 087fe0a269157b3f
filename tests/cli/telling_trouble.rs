//! Telling that goes wrong, and what no sink and no command is to get.

use std::io::Write as _;
use std::net::TcpListener;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use super::alerting::{LOW, got, program, sales};
use super::telling::{Call, call, hook};

/// A web server that reads each call, answers it with these bytes, and hangs up.
fn answering(answer: Vec<u8>) -> (u16, Receiver<Call>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (calls, called) = channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            calls.send(call(&stream)).unwrap();
            // Whoever has had enough of it hangs up.
            let _ = stream.write_all(&answer);
        }
    });
    (port, called)
}

#[test]
fn what_may_have_arrived_is_not_posted_again() {
    let long = format!("HTTP/1.1 200 OK\r\nx: {}\r\ncontent-length: 0\r\n\r\n", "x".repeat(70_000));
    let answers = [
        ("nonsense\r\n\r\n".to_owned(), "it was reached, and its answer can't be understood: it is no HTTP"),
        (long, "it was reached, and its answer can't be understood: its head is too long"),
        (String::new(), "it was reached, and hung up without an answer"),
    ];
    for (answer, why) in answers {
        let (port, called) = answering(answer.into_bytes());
        let place = sales(&[4], &hook(port, "retry_for = \"2s\""));
        place.asof("save 2025-11-03");
        place.told(&format!(
            r#"
$ asof save 2025-11-03
! warning: alert low on 2025-11-03: sales: 4 is below 10
! warning: the sink chat did not get its alerts: {why}; the next save tries again
exit 0
"#
        ));
        assert_eq!(called.try_iter().count(), 1, "{why}");
    }
}

#[test]
fn no_command_gets_a_secret() {
    let rest = "[sinks.chat]\nwebhook = \"http://127.0.0.1:9/hook\"\nsecret_env = \"HOOK\"\ndry_run = true\n\n\
                [hooks]\nbefore = [\"./before\"]\nafter = [\"./after\"]\n";
    let place = sales(&[4], &format!("{LOW}\n{rest}"));
    for name in ["ops", "before", "after"] {
        program(&place, name, &format!("env > {name}.env"));
    }
    place.secret("s3cr3t-of-the-hook");
    place.env("HOOK", "s3cr3t-of-the-hook");
    place.env("OTHER", "kept");
    place.done(&["save 2025-11-03"]);
    for name in ["ops", "before", "after"] {
        let env = place.read(&format!("{name}.env"));
        assert!(env.contains("OTHER=kept\n") && !env.contains("HOOK"), "{name}: {env}");
    }
    place.write(
        "failed.toml",
        place.read("asof.toml").replace("after = [\"./after\"]", "failed = [\"./after\"]"),
    );
    place.asof("--config failed.toml save today");
    assert!(!place.read("after.env").contains("HOOK"));
}

#[test]
fn of_a_command_that_takes_too_long_nothing_goes_on() {
    let hooks = "[hooks]\nbefore = [\"sh\", \"-c\", \"(sleep 2; touch went-on) & wait\"]\ntimeout = \"1s\"\n";
    let place = sales(&[4], hooks);
    place.env("PATH", "/usr/bin:/bin");
    place.asof("save 2025-11-03");
    place.told(
        r#"
$ asof save 2025-11-03
! error: the command before the save failed: sh took longer than 1 s and was given up
!   hint: nothing was read or frozen; it is named by before under [hooks]
exit 1
"#,
    );
    thread::sleep(Duration::from_millis(1500));
    assert!(!place.path("went-on").exists());
}

#[test]
fn a_secret_goes_to_nobody_in_clear_text() {
    let rest = r#"
[sinks.plain]
webhook = "http://hooks.example/x"
secret_env = "HOOK"

[sinks.user]
webhook = "http://me:hunter2@10.0.0.1/x"

[sinks.bare]
webhook = "http://hooks.example/x"

[sinks.here]
webhook = "http://localhost:9/x"
secret_env = "HOOK"

[sinks.here4]
webhook = "http://me:hunter2@127.0.0.1:9/x"

[sinks.here6]
webhook = "http://[::1]:9/x"
secret_env = "HOOK"

[sinks.sound]
webhook = "https://me:hunter2@hooks.example/x"
secret_env = "HOOK"

[heartbeat]
url = "http://me:hunter2@watch.example/ping"
"#;
    let place = sales(&[4], rest);
    place.secret("hunter2");
    place.asof("save 2025-11-03");
    place.told(
        r#"
$ asof save 2025-11-03
! asof.toml:21:11: this would send a secret in clear text
!   hint: write https://: http:// with a secret is for this machine only
! asof.toml:25:11: this would send a secret in clear text
!   hint: write https://: http:// with a secret is for this machine only
! asof.toml:46:7: this would send a secret in clear text
!   hint: write https://: http:// with a secret is for this machine only
exit 2
"#,
    );
}

#[test]
fn of_many_members_the_farthest_are_told() {
    let alerts = LOW
        .replace("metric = \"sales\"\nbelow = 10", "metric = \"sales\"\nby = \"campaign\"\nabove = 0")
        .replace("[alerts.low]", "[alerts.any]");
    let place = sales(&[], &alerts);
    program(&place, "ops", "");
    // Campaign cN has N calls, for N from 1 to 30.
    place.sqlite(
        "calls.db",
        "with recursive n(i) as (select 1 union all select i + 1 from n where i < 30)
         insert into calls (at, campaign)
         select '2025-11-03 09:00:00', printf('c%02d', a.i) from n a join n b on b.i <= a.i",
    );
    let run = place.asof("save 2025-11-03");
    place.forget();
    let lines: Vec<&str> = run.stderr.lines().collect();
    assert_eq!(lines.len(), 21, "{}", run.stderr);
    assert_eq!(lines[0], "warning: alert any on 2025-11-03: sales of campaign c11: 11 is above 0");
    assert_eq!(lines[19], "warning: alert any on 2025-11-03: sales of campaign c30: 30 is above 0");
    assert_eq!(
        lines[20],
        "warning: alert any on 2025-11-03: it fires for 10 more; asof alerts 2025-11-03 -v shows all"
    );
    let document = &got(&place, "ops")[0];
    let alerts = document["alerts"].as_array().unwrap();
    let keys: Vec<&Value> = alerts.iter().map(|alert| &alert["member"]["key"]).collect();
    let farthest: Vec<String> = (11..=30).map(|calls| format!("c{calls}")).collect();
    assert_eq!(keys, farthest.iter().collect::<Vec<_>>());
    assert_eq!(document["more"], json!({ "any": 10 }));
    // All are known to have been told of.
    let state: Value = serde_json::from_str(&place.read("alerts.json")).unwrap();
    assert_eq!(state["alerts"].as_array().unwrap().len(), 30);
    let rows =
        |line: &str| place.asof(line).stdout.lines().filter(|line| line.ends_with(" is above 0")).count();
    assert_eq!((rows("alerts --send"), rows("alerts -v")), (20, 30));
    assert!(place.asof("alerts").stdout.contains("\n10 more of any; -v shows all\n"));
    let told: Value = serde_json::from_str(&place.asof("alerts --json").stdout).unwrap();
    let of_members = told["alerts"].as_array().unwrap().iter().filter(|alert| alert["name"] == "any");
    assert_eq!(of_members.count(), 30);
}

#[test]
fn what_no_sink_got_is_news_still() {
    let place = sales(&[4], LOW);
    program(&place, "ops", "exit 1");
    place.asof("save 2025-11-03");
    place.asof("alerts --send");
    program(&place, "ops", "");
    place.asof("alerts --send");
    place.asof("alerts --send");
    place.write("nobody.toml", place.read("asof.toml").split("[sinks").next().unwrap());
    place.asof("--config nobody.toml alerts --send");
    place.told(
        r#"
$ asof save 2025-11-03
! warning: alert low on 2025-11-03: sales: 4 is below 10
! warning: the sink ops did not get its alerts: ./ops failed (exit status: 1); the next save tries again
exit 0
$ asof alerts --send
2025-11-03
Alert        State  Value  Expected  Why
low          fires      4        10  4 is below 10
missing_day  fires     24         0  24 days from 2025-11-04 to 2025-11-27 are not frozen
! warning: the sink ops did not get its alerts: ./ops failed (exit status: 1); the next save tries again
exit 4
$ asof alerts --send
2025-11-03
Alert        State  Value  Expected  Why
low          fires      4        10  4 is below 10
missing_day  fires     24         0  24 days from 2025-11-04 to 2025-11-27 are not frozen
ops got 1 alert
ops got 1 alert
exit 4
$ asof alerts --send
2025-11-03
Alert        State  Value  Expected  Why
low          fires      4        10  4 is below 10
missing_day  fires     24         0  24 days from 2025-11-04 to 2025-11-27 are not frozen
nothing is news
exit 4
$ asof --config nobody.toml alerts --send
2025-11-03
Alert        State  Value  Expected  Why
low          fires      4        10  4 is below 10
missing_day  fires     24         0  24 days from 2025-11-04 to 2025-11-27 are not frozen
there is no sink to send it to
exit 4
"#,
    );
}
