//! Runs that are killed at random moments, runs with more readers, runs with a day that fails:
//! the days are those of an undisturbed run.

use std::process::Stdio;
use std::thread::sleep;
use std::time::Duration;

use fastrand::Rng;

use super::trouble::{SIXTY, sixty_days_place, sixty_days_table};
use super::{assert_same_files, days, empty_archive, verify};
use crate::support::command::Place;
use crate::support::mariadb::{Db, db};

/// How often a run is killed.
const KILLS: usize = 50;

/// A database with 60 days of calls.
fn database() -> Db {
    let db = db();
    db.sql(&sixty_days_table("MyISAM"));
    db
}

fn undisturbed(db: &Db) -> Place {
    let place = sixty_days_place(&db.url());
    place.done(&[&format!("{} --jobs 1", SIXTY.join(" "))]);
    assert_eq!(verify(&place.path("snapshots")), 60);
    place
}

#[test]
fn a_run_that_is_killed_fifty_times_freezes_the_days_of_an_undisturbed_one() {
    let db = database();
    let expected = days(&undisturbed(&db));
    let seed = fastrand::u64(..);
    let mut rng = Rng::with_seed(seed);
    let mut place = sixty_days_place(&db.url());
    let (mut killed, mut whole) = (0, 0);
    while killed < KILLS || whole == 0 {
        let mut run = place.command(&SIXTY).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        sleep(Duration::from_millis(rng.u64(1..400)));
        let ended = run.try_wait().unwrap().is_some_and(|status| status.success());
        if !ended {
            run.kill().unwrap();
            run.wait().unwrap();
            killed += 1;
        }
        let frozen = verify(&place.path("snapshots"));
        if frozen == 60 && ended {
            assert_same_files(&days(&place), &expected);
            whole += 1;
            place = sixty_days_place(&db.url());
        }
    }
    // What the last one left is finished without being disturbed.
    place.done(&[&SIXTY.join(" ")]);
    assert_same_files(&days(&place), &expected);
    println!("seed {seed}: killed {killed} times, {whole} runs came to their end");
}

#[test]
fn four_readers_freeze_the_bytes_of_one() {
    let db = database();
    let one = undisturbed(&db);
    let four = sixty_days_place(&db.url());
    four.done(&[&format!("{} --jobs 4", SIXTY.join(" "))]);
    assert_same_files(&days(&four), &days(&one));
    assert_eq!(four.read("snapshots/ledger.jsonl"), one.read("snapshots/ledger.jsonl"));
}

#[test]
fn a_save_in_the_middle_leaves_every_earlier_day_as_it_would_be() {
    let db = database();
    let expected = days(&undisturbed(&db));
    let place = sixty_days_place(&db.url());
    let mut run = place.command(&SIXTY).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    place.done(&["save 2025-11-30", "save 2025-11-29 --quiet"]);
    assert!(run.wait().unwrap().success());
    let mut found = days(&place);
    found.retain(|path, _| path.as_str() < "2025-11-29");
    let mut earlier = expected;
    earlier.retain(|path, _| path.as_str() < "2025-11-29");
    assert_same_files(&found, &earlier);
    assert_eq!(verify(&place.path("snapshots")), 61);
}

#[test]
fn beside_a_day_that_always_fails_all_that_is_read_is_as_it_would_be() {
    let db = database();
    let whole = undisturbed(&db);
    let place = Place::new();
    // Subtracting below zero is an error of the server, on that one day only.
    let config = whole.read("asof.toml").replace(
        "sum = \"seconds\"",
        "sum = \"if(at >= '2025-10-20' and at < '2025-10-21', cast(0 as unsigned) - 1, seconds)\"",
    );
    place.write("asof.toml", config);
    place.write("asof.key", whole.read("asof.key"));
    place.at("2025-12-01T12:00:00Z");
    empty_archive(&place);
    let run = place.asof(&SIXTY.join(" "));
    assert_eq!(run.code, 3, "{}", run.stderr);
    assert_eq!(run.stdout.matches("failed: ").count(), 1, "{}", run.stdout);
    assert_eq!(verify(&place.path("snapshots")), 59);
    let (one, other) = (days(&whole), days(&place));
    // What was read is in the cubes and the keys; what is derived from the day before may miss it.
    let read = |path: &String| path.contains("/cubes/") || path.contains("/seen/");
    let cubes = other.iter().filter(|(path, _)| read(path) && !path.ends_with('/'));
    let mut compared = 0;
    for (path, bytes) in cubes {
        assert!(one[path] == *bytes, "{path} differs");
        compared += 1;
    }
    assert_eq!(compared, 3 * 59);
    // Once the query works, the day is done and nothing else.
    place.write("asof.toml", whole.read("asof.toml"));
    place.asof("backfill --resume");
    assert_eq!(verify(&place.path("snapshots")), 60);
}
