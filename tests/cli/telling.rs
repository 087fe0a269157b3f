//! Webhooks, the heartbeat, and the commands around a save.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::alerting::{got, program, sales};

/// What a webhook was sent: its head and its body.
pub(super) type Call = (String, String);

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

pub(super) fn call(stream: &TcpStream) -> Call {
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

pub(super) fn hook(port: u16, more: &str) -> String {
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
! warning: the sink chat did not get its alerts: the webhook took longer than 1 s and was given up; the next save tries again
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
! warning: the sink chat did not get its alerts: the environment variable HOOK, which holds the webhook's secret, is not set; the next save tries again
exit 0
$ asof save 2025-11-04
! warning: the sink chat did not get its alerts: it answered with status 403; the next save tries again
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
