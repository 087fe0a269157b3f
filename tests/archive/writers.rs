//! Several writers and readers at once, and what dead ones leave behind.

use std::collections::HashSet;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use asof::archive::{Archive, ArchiveError, Commit};

use super::child::{self, DONE, TAKEN, Task};
use super::{Fixture, PATIENCE, assert_sound, assert_whole, at, freeze, headline, id, sealed, try_freeze};

/// Starts a child and waits until it says that it is ready.
fn ready(task: Task, fixture: &Fixture, names: &[&str]) -> Child {
    let mut child = child::command(None, &[], task, fixture.dir(), names).spawn().unwrap();
    let output = child.stdout.take().unwrap();
    let mut lines = BufReader::new(output).lines();
    assert!(lines.any(|line| line.unwrap().ends_with("ready")), "the child ended too soon");
    child
}

fn staged(fixture: &Fixture) -> usize {
    fs::read_dir(fixture.dir().join(".staging")).unwrap().count()
}

#[test]
fn of_many_threads_that_freeze_one_day_one_succeeds_and_the_others_are_told() {
    let fixture = Fixture::new();
    let outcomes: Vec<Commit> = thread::scope(|scope| {
        let run = || try_freeze(&fixture.archive, "2025-11-06", 200, "2025-11-07T02:00:00Z").unwrap();
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(run)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let done = outcomes.iter().filter(|outcome| matches!(outcome, Commit::Done(_))).count();
    assert_eq!(done, 1);
    assert_eq!(fixture.ledger().len(), 1);
    assert_eq!(staged(&fixture), 0);
    fixture.assert_sound();
}

#[test]
fn processes_at_once_freeze_all_their_days_and_share_one_archive() {
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("snapshots");
    // Day 30 is wanted by all of them, the others by one each; the archive does not exist yet.
    let wanted = ["2025-11-01", "2025-11-02", "2025-11-03", "2025-11-04"];
    let children: Vec<Child> = wanted
        .iter()
        .map(|name| {
            let mut command = child::command(None, &[], Task::Freeze, &dir, &[name, "2025-11-30"]);
            command.env("ASOF_TEST_CLOCK", "2025-12-30T02:00:00Z").stdin(Stdio::null()).spawn().unwrap()
        })
        .collect();
    let mut codes: Vec<i32> =
        children.into_iter().map(|child| child.wait_with_output().unwrap().status.code().unwrap()).collect();
    codes.sort_unstable();
    assert_eq!(codes, [DONE, TAKEN, TAKEN, TAKEN]);
    let archive = Archive::open(&dir).unwrap();
    assert_sound(&archive);
    assert_eq!(archive.check_ledger().unwrap().lines, 5);
    assert_eq!(archive.history().unwrap().days().count(), 5);
}

#[test]
fn of_many_that_make_an_archive_at_once_all_get_the_same() {
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("snapshots");
    let ids: HashSet<String> = thread::scope(|scope| {
        let make = || {
            let archive = Archive::open_or_create(&dir, None, at("2025-11-01T00:00:00Z")).unwrap();
            archive.id().to_string()
        };
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(make)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(ids.len(), 1);
    freeze(&Archive::open(&dir).unwrap(), "2025-11-06", 1, "2025-11-07T02:00:00Z");
    assert_sound(&Archive::open(&dir).unwrap());
}

#[test]
fn a_lock_that_another_process_keeps_is_an_error_and_its_death_opens_it() {
    let fixture = Fixture::with_days();
    let before = fixture.ledger();
    let mut holder = ready(Task::Hold, &fixture, &[]);
    let now = at("2025-11-09T02:00:00Z");
    for wait in [Duration::ZERO, Duration::from_millis(30)] {
        let waiting = sealed(&fixture.archive, "2025-11-08", 400, now).unwrap();
        let error = fixture.archive.commit(waiting, &headline(400), wait, now).unwrap_err();
        assert!(matches!(error, ArchiveError::Locked { .. }), "{error}");
        assert!(error.hint().unwrap().contains("--wait"));
    }
    // Readers need no lock, and staging takes none.
    fixture.assert_sound();
    assert_eq!((fixture.ledger(), staged(&fixture)), (before, 0));

    let waiting = sealed(&fixture.archive, "2025-11-08", 400, now).unwrap();
    thread::scope(|scope| {
        let commit = scope.spawn(|| fixture.archive.commit(waiting, &headline(400), PATIENCE, now));
        holder.kill().unwrap();
        holder.wait().unwrap();
        assert!(matches!(commit.join().unwrap().unwrap(), Commit::Done(_)));
    });
    fixture.assert_sound();
}

#[test]
fn what_a_dead_process_staged_is_removed_and_what_a_living_one_staged_stays() {
    let fixture = Fixture::with_days();
    let mut dead = ready(Task::Pause, &fixture, &["2025-11-08"]);
    let mut living = ready(Task::Pause, &fixture, &["2025-11-09"]);
    dead.kill().unwrap();
    dead.wait().unwrap();
    assert_eq!(staged(&fixture), 2);
    freeze(&fixture.archive, "2025-11-10", 500, "2025-11-11T02:00:00Z");
    assert_eq!(staged(&fixture), 1);
    drop(living.stdin.take());
    assert_eq!(living.wait().unwrap().code(), Some(DONE));
    assert_eq!(staged(&fixture), 0);
    assert_eq!(&fixture.editions()[4..], ["2025-11-09", "2025-11-10"]);
    fixture.assert_sound();
}

#[test]
fn claims_made_and_swept_at_once_never_take_a_living_one() {
    let fixture = Fixture::new();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..40 {
                    // Each one sweeps before it makes its own; all that it wrote must still be there.
                    let sealed = sealed(&fixture.archive, "2025-11-06", 1, at("2025-11-07T02:00:00Z"));
                    assert_eq!(sealed.unwrap().manifest().files.len(), 3);
                }
            });
        }
    });
    assert_eq!(staged(&fixture), 0);
}

#[test]
fn readers_see_whole_days_only_while_a_writer_adds_them() {
    let fixture = Fixture::new();
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut most = 0;
            loop {
                let last_look = over.load(Ordering::Acquire);
                let history = fixture.archive.history().unwrap();
                assert_eq!(history.unlisted(), []);
                assert_eq!(history.damaged(), []);
                let frozen: Vec<_> = history.days().flat_map(|(_, editions)| editions).collect();
                assert!(frozen.iter().all(|frozen| frozen.present));
                assert!(frozen.len() >= most, "a day went away");
                most = frozen.len();
                if let Some(newest) = frozen.last() {
                    assert_whole(&fixture.archive, &newest.line);
                }
                if last_look {
                    return most;
                }
            }
        });
        for number in 1..=30 {
            let name = format!("2025-11-{number:02}");
            freeze(&fixture.archive, &name, number, &format!("2025-12-{number:02}T02:00:00Z"));
        }
        over.store(true, Ordering::Release);
        assert_eq!(reader.join().unwrap(), 30);
    });
    fixture.assert_sound();
}

#[test]
fn a_clock_well_behind_the_last_line_stops_a_writer_and_a_little_behind_does_not() {
    let fixture = Fixture::with_days();
    let before = fixture.ledger();
    // The last line is of 02:00 on the 8th.
    let error = try_freeze(&fixture.archive, "2025-11-04", 1, "2025-11-08T01:49:59Z").unwrap_err();
    assert!(matches!(error, ArchiveError::ClockBehind { .. }), "{error}");
    assert_eq!(
        error.to_string(),
        "the clock says 2025-11-08T01:49:59Z, which is before the archive's last entry of 2025-11-08T02:00:00Z"
    );
    assert_eq!((fixture.ledger(), staged(&fixture)), (before, 0));
    let line = freeze(&fixture.archive, "2025-11-04", 1, "2025-11-08T01:50:00Z");
    // Time does not go back in the ledger; when the source was read is told as it was.
    assert_eq!(line.at, at("2025-11-08T02:00:00Z"));
    assert_eq!(line.captured_at, at("2025-11-08T01:50:00Z"));
    fixture.assert_sound();
}

#[test]
fn a_folder_without_a_line_is_in_the_way_and_stays_as_it_is() {
    let fixture = Fixture::with_days();
    let stranger = fixture.dir().join("2025-11-08");
    fs::create_dir(&stranger).unwrap();
    fs::write(stranger.join("mine.txt"), "mine").unwrap();
    let before = fixture.ledger();
    let error = try_freeze(&fixture.archive, "2025-11-08", 1, "2025-11-09T02:00:00Z").unwrap_err();
    assert!(matches!(&error, ArchiveError::InTheWay { path } if *path == stranger), "{error}");
    let history = fixture.archive.history().unwrap();
    assert_eq!(history.unlisted(), [id("2025-11-08")]);
    assert!(matches!(history.get(&id("2025-11-08")), Err(ArchiveError::Unlisted { .. })));
    assert_eq!(fs::read(stranger.join("mine.txt")).unwrap(), b"mine");
    assert_eq!(fixture.ledger(), before);
    // Other days are not held up by it.
    freeze(&fixture.archive, "2025-11-09", 1, "2025-11-10T02:00:00Z");
}
