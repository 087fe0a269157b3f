//! What changed since the last run: a plan that somebody edited, an archive that is gone, other definitions; and
//! a source that lets fewer in than there are readers.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Command, Stdio};

use super::running::place;
use super::trouble::{SIXTY, sixty_days, sixty_days_place};
use super::{assert_same_files, days, verify};
use crate::support::mariadb::{self, Server};

#[test]
fn days_that_the_archive_has_lost_are_frozen_again_whatever_the_plan_says() {
    let place = place();
    place.done(&["backfill --from 2025-12-01 --to 2025-12-04"]);
    fs::remove_dir_all(place.path("snapshots")).unwrap();
    place.asof("backfill --resume --jobs 1 --dry-run");
    place.asof("backfill --resume --jobs 1");
    place.told(
        "
$ asof backfill --resume --jobs 1 --dry-run
2025-12-01   would be frozen
2025-12-02   would be frozen
2025-12-03   would be frozen
2025-12-04   would be frozen
4 of 4 days would be read; nothing was written
! warning: 4 days that an earlier run has frozen are in the archive no more, and are read again
exit 0
$ asof backfill --resume --jobs 1
2025-12-01        3 calls          1 sales        1.5 minutes     day 1 of 4
2025-12-02        1 calls          0 sales        1.5 minutes     day 2 of 4
2025-12-03        0 calls          0 sales          0 minutes     day 3 of 4
               ! no calls; on the days around it usually 1 to 3 (median 2)
2025-12-04        2 calls          2 sales        0.5 minutes     day 4 of 4
totals            6 calls    4 saved, 0 already there, 0 failed
odd days
2025-12-03     no calls; on the days around it usually 1 to 3 (median 2)
! warning: 4 days that an earlier run has frozen are in the archive no more, and are read again
exit 0
",
    );
    assert_eq!(verify(&place.path("snapshots")), 4);
}

#[test]
fn a_plan_that_lacks_days_of_its_range_is_refused() {
    let place = place();
    place.done(&["backfill --from 2025-12-01 --to 2025-12-02"]);
    place.change("backfill.json", "\"to\": \"2025-12-02\"", "\"to\": \"2025-12-04\"");
    place.asof("backfill --resume");
    place.change("backfill.json", "\"from\": \"2025-12-01\"", "\"from\": \"2025-12-09\"");
    place.asof("backfill --resume");
    place.told(
        "
$ asof backfill --resume
! error: backfill.json is no plan of a backfill: its days are not those from 2025-12-01 to 2025-12-04, each once and in order
!   hint: move it away and name the range again: days that are frozen are not read again
exit 1
$ asof backfill --resume
! error: backfill.json is no plan of a backfill: its range from 2025-12-09 to 2025-12-04 runs backwards
!   hint: move it away and name the range again: days that are frozen are not read again
exit 1
",
    );
}

#[test]
fn a_password_that_can_not_be_had_is_asked_for_once_and_ends_the_run() {
    let place = place();
    place.change(
        "asof.toml",
        "url = \"sqlite:calls.db\"",
        "url = \"mysql://report@127.0.0.1:1/calls\"\npassword_env = \"NO_SUCH_PASSWORD\"",
    );
    place.asof("backfill --from 2025-12-01 --to 2025-12-04");
    place.told(
        "
$ asof backfill --from 2025-12-01 --to 2025-12-04
totals      0 saved, 0 already there, 1 failed, 3 left
! error: 2025-12-01 could not be read: can't get the source's password: the environment variable NO_SUCH_PASSWORD is not set
!   hint: check password_env, password_file or password_command in [source], or its secrets
exit 1
",
    );
}

#[test]
fn metrics_that_are_defined_otherwise_now_are_told_when_days_are_read_again() {
    let place = place();
    place.done(&["backfill --from 2025-12-01 --to 2025-12-02"]);
    place.change("asof.toml", "status = 'SALE'", "status = 'NA'");
    place.asof("backfill --from 2025-12-01 --to 2025-12-03 --redo all --jobs 1");
    place.asof("list --stats --metric calls --metric sales");
    place.told(
        "
$ asof backfill --from 2025-12-01 --to 2025-12-03 --redo all --jobs 1
2025-12-01        3 calls          1 sales        1.5 minutes     reads the same   day 1 of 3
2025-12-02        1 calls          0 sales        1.5 minutes     reads the same   day 2 of 3
2025-12-03        0 calls          0 sales          0 minutes     day 3 of 3
               ! no calls; on the days around it usually 1 to 3 (median 2)
totals            4 calls    1 saved, 0 already there, 0 failed, 2 read the same
odd days
2025-12-03     no calls; on the days around it usually 1 to 3 (median 2)
! warning: not compared, since defined differently when the days were frozen: sales
exit 0
$ asof list --stats --metric calls --metric sales
Day                    Calls  Sales
2025-12-01  Mon  ○         3      1
2025-12-02  Tue  ○         1      0
2025-12-03  Wed  ○  !      0      0
3 days                     4      1
○ reconstructed · ! odd, see below
Sales: defined otherwise than now on 2 of 3 days
! 2025-12-03 Wed: no calls; on the days around it usually 1 to 3 (median 2)
exit 0
",
    );
}

#[test]
fn what_can_not_be_written_is_told_once() {
    let place = place();
    fs::create_dir(place.path("backfill-stats.json")).unwrap();
    place.asof("backfill --from 2025-12-01 --to 2025-12-02");
    place.told(
        "
$ asof backfill --from 2025-12-01 --to 2025-12-02
2025-12-01        3 calls          1 sales        1.5 minutes     day 1 of 2
2025-12-02        1 calls          0 sales        1.5 minutes     day 2 of 2
totals            4 calls    2 saved, 0 already there, 0 failed
! warning: the statistics are out of date: can't replace backfill-stats.json: Is a directory (os error 21)
exit 0
",
    );
    let mut left: Vec<String> = fs::read_dir(place.path(""))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    left.sort();
    assert_eq!(
        left,
        [".backfill.lock", "asof.toml", "backfill-stats.json", "backfill.json", "calls.db", "snapshots"]
    );
}

#[test]
fn readers_that_the_source_has_no_room_for_leave_their_days_to_the_others() {
    let server = Server::start(&[]);
    let undisturbed = sixty_days(&server);
    undisturbed.done(&[&SIXTY.join(" ")]);
    for (readers, jobs) in [(1, "2"), (3, "8")] {
        server.sql("", &format!("create user few{readers} with max_user_connections {readers}; grant select on *.* to few{readers}"));
        let place = sixty_days_place(&format!("mysql://few{readers}@127.0.0.1:{}/months", server.port()));
        let run = place.asof(&format!("{} --retry-for 0s --jobs {jobs} -v", SIXTY.join(" ")));
        assert_eq!(run.code, 0, "{}", run.stderr);
        assert_eq!(run.stderr.matches("fewer connections").count(), 1, "{}", run.stderr);
        let without_source = |files: BTreeMap<String, Vec<u8>>| {
            files.into_iter().filter(|(path, _)| path.ends_with("metrics.json")).collect()
        };
        assert_same_files(&without_source(days(&place)), &without_source(days(&undisturbed)));
        assert_eq!(verify(&place.path("snapshots")), 60);
    }
}

#[test]
fn one_ctrl_c_ends_a_worklist_after_a_backfill_too() {
    let db = mariadb::db();
    db.sql(
        "create table calls (id int primary key, at datetime, phone varchar(18), status varchar(6), key (at)) engine=InnoDB;
         insert into calls values (1, '2025-12-01 09:00:00', '3145550100', 'NA');",
    );
    let place = place();
    place.change("asof.toml", "sqlite:calls.db", &db.url());
    place.change(
        "asof.toml",
        "minutes = { of = \"calls\", sum = \"seconds\", divide = 60, unit = \"min\" }",
        "",
    );
    let config = place.read("asof.toml");
    place.write(
        "asof.toml",
        config
            + r#"
[lists]
sale = ["SALE"]
redial = ["NA"]

[worklist.redial]
of = "calls"
key = "phone"
as = "phone"
outcome = "status"
id = "id"
out = ["sale"]
take = "redial"
never = { slow = "select sleep(600)" }
"#,
    );
    let arguments = ["backfill", "--from", "2025-12-01", "--to", "2025-12-01"];
    let mut run = place.command(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(run.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().starts_with("totals")));
    assert!(Command::new("kill").args(["-INT", &run.id().to_string()]).status().unwrap().success());
    assert_eq!(run.wait().unwrap().code(), Some(130));
    let mut said = String::new();
    run.stderr.take().unwrap().read_to_string(&mut said).unwrap();
    assert_eq!(
        said,
        "error: interrupted before the worklist \"redial\" was brought up to date
  hint: asof worklist redial does it\n"
    );
    assert!(!place.path("worklists/redial/redial-queue_2025-12.json").exists());
}
