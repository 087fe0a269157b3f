//! Trouble on the way: a source that goes away, a locked archive, another run, somebody's Ctrl-C.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::running::place;
use super::{assert_same_files, days, empty_archive, verify};
use crate::support::command::Place;
use crate::support::mariadb::{Server, db};

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_mins(2);

#[test]
fn a_source_that_is_not_there_ends_the_run() {
    let place = place();
    place.change("asof.toml", "calls.db", "gone.db");
    place.asof("backfill --last 4d --jobs 1");
    place.asof("backfill --last 4d --dry-run");
    place.told(
        "
$ asof backfill --last 4d --jobs 1
totals      0 saved, 0 already there, 1 failed, 3 left
! error: 2025-12-01 could not be read: there is no file gone.db
!   hint: check the path in [source] url; it is relative to asof.toml
exit 5
$ asof backfill --last 4d --dry-run
! error: there is no file gone.db
!   hint: check the path in [source] url; it is relative to asof.toml
exit 5
",
    );
}

#[test]
fn a_locked_archive_ends_the_run_and_nothing_is_lost() {
    let place = place();
    place.done(&["backfill --from 2025-12-01 --to 2025-12-01"]);
    let lock = File::options().write(true).open(place.path("snapshots/.lock")).unwrap();
    lock.lock().unwrap();
    place.asof("backfill --from 2025-12-01 --to 2025-12-03 --wait 0s --jobs 1");
    drop(lock);
    place.asof("backfill --resume --jobs 1");
    place.told(
        "
$ asof backfill --from 2025-12-01 --to 2025-12-03 --wait 0s --jobs 1
2025-12-01        3 calls          1 sales        1.5 minutes     already there   day 1 of 3
totals            3 calls    0 saved, 1 already there, 0 failed, 2 left
! error: 2025-12-02 could not be frozen: another run holds the archive's lock snapshots/.lock
!   hint: try again when that run is over, or wait longer with --wait
exit 6
$ asof backfill --resume --jobs 1
2025-12-02        1 calls          0 sales        1.5 minutes     day 2 of 3
2025-12-03        0 calls          0 sales          0 minutes     day 3 of 3
               ! no calls; on the days around it usually 1 to 3 (median 2)
totals            4 calls    2 saved, 1 already there, 0 failed
odd days
2025-12-03     no calls; on the days around it usually 1 to 3 (median 2)
exit 0
",
    );
    assert_eq!(verify(&place.path("snapshots")), 3);
}

#[test]
fn two_runs_at_once_are_one_too_many() {
    let place = place();
    let lock =
        File::options().write(true).create(true).truncate(false).open(place.path(".backfill.lock")).unwrap();
    lock.lock().unwrap();
    place.asof("backfill --last 2d");
    place.told(
        "
$ asof backfill --last 2d
! error: another backfill of this configuration is running
!   hint: wait until it is over, or stop it: the next run goes on there
exit 6
",
    );
    assert!(!place.path("snapshots").exists());
}

#[test]
fn a_folder_that_can_not_be_written_is_told_before_anything_is_read() {
    let place = place();
    // A folder under the plan's name stands for all that keeps a file from being written.
    fs::create_dir(place.path("backfill.json")).unwrap();
    let run = place.asof("backfill --last 2d");
    assert_eq!(run.code, 1, "{}", run.stderr);
    assert!(run.stderr.contains("backfill.json"), "{}", run.stderr);
    assert!(!place.path("snapshots").exists());
}

/// Starts a run that takes its time, and waits until it has told of its first day.
fn started(place: &Place, arguments: &[&str]) -> (std::process::Child, BufReader<std::process::ChildStdout>) {
    let mut run = place.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut out = BufReader::new(run.stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    assert!(line.starts_with("2025-12-01"), "{line}");
    (run, out)
}

#[test]
fn an_interrupted_run_ends_between_two_days_and_the_next_goes_on() {
    for signal in ["-INT", "-TERM"] {
        let place = place();
        // The second day waits for its turn for an hour, unless the run is interrupted.
        let slow = ["backfill", "--from", "2025-12-01", "--to", "2025-12-04", "--rate", "1/h"];
        let (mut run, _out) = started(&place, &slow);
        assert!(Command::new("kill").args([signal, &run.id().to_string()]).status().unwrap().success());
        assert_eq!(run.wait().unwrap().code(), Some(130));
        assert_eq!(verify(&place.path("snapshots")), 1);
        let plan = place.read("backfill.json");
        assert!(plan.contains(r#"{"date":"2025-12-01","status":"saved","edition":1}"#), "{plan}");
        assert!(plan.contains(r#"{"date":"2025-12-02","status":"missing"}"#), "{plan}");
        place.done(&["backfill --resume"]);
        assert_eq!(verify(&place.path("snapshots")), 4);
    }
}

#[test]
fn a_save_gets_its_turn_while_a_backfill_runs() {
    let place = place();
    let slow = ["backfill", "--from", "2025-12-01", "--to", "2025-12-04", "--rate", "1/h"];
    let (mut run, _out) = started(&place, &slow);
    place.asof("save --wait 0s");
    place.told(
        "
$ asof save --wait 0s
exit 0
",
    );
    assert!(place.path("snapshots/2025-12-04").is_dir());
    Command::new("kill").arg(run.id().to_string()).status().unwrap();
    run.wait().unwrap();
    place.asof("backfill --resume --jobs 1");
    place.told(
        "
$ asof backfill --resume --jobs 1
2025-12-02        1 calls          0 sales        1.5 minutes     day 2 of 4
2025-12-03        0 calls          0 sales          0 minutes     day 3 of 4
               ! no calls; on the days around it usually 1 to 3 (median 2)
2025-12-04        2 calls          2 sales        0.5 minutes     already there   day 4 of 4
totals            6 calls    2 saved, 2 already there, 0 failed
odd days
2025-12-03     no calls; on the days around it usually 1 to 3 (median 2)
exit 0
",
    );
    assert_eq!(verify(&place.path("snapshots")), 4);
}

/// A server with 60 days of calls, and a place whose configuration reads them.
pub fn sixty_days(server: &Server) -> Place {
    server.sql("", "create database months");
    server.sql("months", &sixty_days_table("InnoDB"));
    sixty_days_place(&server.url("months"))
}

/// The SQL that makes a table with 60 days of calls.
pub fn sixty_days_table(engine: &str) -> String {
    format!(
        "create table calls (id int primary key auto_increment, at datetime, status varchar(6), campaign varchar(8),
           phone varchar(18), seconds int, key (at)) engine={engine};
         insert into calls (at, status, campaign, phone, seconds)
           select '2025-10-01' + interval seq * 864 second, elt(1 + seq % 5, 'NA', 'SALE', 'B', 'na', null),
             concat('C', seq % 3), concat('314555', lpad(seq * 7919 % 1500, 4, '0')), seq % 97
           from seq_1_to_5999;"
    )
}

/// A place that reads sixty days of calls from this URL.
pub fn sixty_days_place(url: &str) -> Place {
    let place = Place::new();
    place.write(
        "asof.toml",
        format!(
            r#"
[source]
url = "{url}"

[calendar]
time_zone = "America/Chicago"

[events.calls]
table = "calls"
time = "at"
time_is = "local"

[events.calls.by]
hour = {{ time = "hour" }}
campaign = "campaign"
status = "status"

[metrics]
calls = {{ of = "calls", count = true }}
sales = {{ of = "calls", count = true, where = "status = 'SALE'" }}
minutes = {{ of = "calls", sum = "seconds", divide = 60, unit = "min" }}
phones = {{ of = "calls", distinct = "phone", as = "phone", by = ["campaign"], cumulative = true }}
callers = {{ of = "calls", distinct = "concat(campaign, phone)", where = "status <> 'B'", cumulative = true }}
conversion = {{ ratio = ["sales", "calls"], unit = "%" }}
weekly = {{ ratio = ["sales", "calls"], unit = "%", over = "7d" }}
"#
        ),
    );
    // One key for all, so that the same days are the same bytes.
    place.write("asof.key", "0123456789abcdef0123456789abcdef\n");
    place.at("2025-12-01T12:00:00Z");
    empty_archive(&place);
    place
}

/// The range that [`sixty_days`] holds.
pub const SIXTY: [&str; 5] = ["backfill", "--from", "2025-10-01", "--to", "2025-11-29"];

#[test]
fn a_day_that_is_being_read_is_seen_in_the_plan_and_read_again_after_a_kill() {
    let db = db();
    db.sql("create table calls (at datetime, phone varchar(18), seconds int, status varchar(6), campaign varchar(8), key (at)) engine=MyISAM");
    let place = sixty_days_place(&db.url());
    // Another client keeps the table to itself until it is killed.
    let mut holder = db
        .server()
        .client(&db.name)
        .arg("--unbuffered")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut asks = holder.stdin.take().unwrap();
    writeln!(asks, "lock tables calls write; select 'held';").unwrap();
    let mut held = BufReader::new(holder.stdout.take().unwrap());
    held.read_line(&mut String::new()).unwrap();
    let mut run = place
        .command(&["backfill", "--last", "2d"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let running = r#"{"date":"2025-11-29","status":"running"}"#;
    let began = Instant::now();
    while !fs::read_to_string(place.path("backfill.json")).is_ok_and(|plan| plan.contains(running)) {
        assert!(began.elapsed() < PATIENCE, "no day is seen to be read");
        sleep(Duration::from_millis(20));
    }
    run.kill().unwrap();
    run.wait().unwrap();
    assert!(place.read("backfill.json").contains(running));
    drop(asks);
    holder.kill().unwrap();
    holder.wait().unwrap();
    place.done(&["backfill --resume"]);
    assert_eq!(verify(&place.path("snapshots")), 2);
}

#[test]
fn a_server_that_is_stopped_in_mid_run_is_waited_for() {
    let mut server = Server::start(&[]);
    let undisturbed = sixty_days(&server);
    undisturbed.done(&[&SIXTY.join(" ")]);
    let place = sixty_days_place(&server.url("months"));
    // At this rate it takes six seconds at least: the server goes away long before that.
    let slow = [SIXTY.as_slice(), &["--rate", "10/s"]].concat();
    let mut run = place.command(&slow).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut out = BufReader::new(run.stdout.take().unwrap());
    for _ in 0..5 {
        out.read_line(&mut String::new()).unwrap();
    }
    server.stop();
    assert!(run.try_wait().unwrap().is_none(), "the run ended before the server did");
    sleep(Duration::from_secs(10));
    server.start_again();
    let began = Instant::now();
    while run.try_wait().unwrap().is_none() {
        assert!(began.elapsed() < PATIENCE, "the run does not end");
        // Somebody has to read what it says.
        out.read_line(&mut String::new()).unwrap();
    }
    assert_eq!(run.wait().unwrap().code(), Some(0));
    assert_same_files(&days(&place), &days(&undisturbed));
}
