//! Looks that were cut short or hindered: there is none or a whole one, and the next save goes on.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::support::command::Place;

const CONFIG: &str = r#"[source]
url = "sqlite:videos.db"

[calendar]
time_zone = "America/Chicago"

[events.calls]
table = "calls"
time = "at"
time_is = "local"

[metrics]
calls = { of = "calls", count = true }

[entities.video]
sql = "select id, title, view_count from videos"
key = "id"
label = "title"
counters = { views = "view_count" }
"#;

const VIDEOS: &str = "
create table calls (at text);
create index by_time on calls (at);
create table videos (id integer, title text, view_count integer);
with recursive n(i) as (select 1 union all select i + 1 from n where i < 3000)
insert into videos select i, 'Video ' || (i * 7919 % 100003), i * i from n;
";

const LOOK: &str = "entities/video/date=2025-11-06";

fn place() -> Place {
    let place = Place::new();
    place.write("asof.toml", CONFIG);
    place.sqlite("videos.db", VIDEOS);
    place.at("2025-11-06T02:00:00-06:00");
    place.done(&["save"]);
    place.at("2025-11-07T02:00:00-06:00");
    place
}

fn has_look(place: &Place) -> bool {
    place.path("snapshots").join(LOOK).exists()
}

#[track_caller]
fn sound(place: &Place) {
    let run = place.asof("verify --json");
    assert_eq!(run.code, 0, "{}", run.stdout);
    place.forget();
}

/// The growth of a day, which needs both looks.
#[track_caller]
fn goes_on(place: &Place) {
    let run = place.asof("save");
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(has_look(place));
    sound(place);
    let looks = place.read("snapshots/ledger.jsonl").matches("\"kind\":\"look\"").count();
    let abandoned =
        place.read("snapshots/ledger.jsonl").matches("\"entity\":\"video\",\"date\":\"2025-11-06\"}").count();
    assert_eq!(looks - abandoned, 2, "each day has one look in effect");
    assert!(fs::read_dir(place.path("snapshots/.staging")).unwrap().next().is_none(), "nothing is left over");
    place.forget();
}

/// `asof save` under strace, which kills it at the nth of these calls; whether it ended by itself.
fn killed_at(place: &Place, call: &str, nth: usize) -> bool {
    let log = place.path("strace.log");
    let (trace, inject) = (format!("trace={call}"), format!("inject={call}:signal=KILL:when={nth}"));
    let before = ["strace", "-f", "-o", log.to_str().unwrap(), "-e", &trace, "-e", &inject];
    place.command_by(&before, &["save"]).output().expect("this test needs strace").status.success()
}

#[test]
fn a_look_that_is_killed_at_any_step_leaves_none_or_a_whole_one_and_the_next_save_goes_on() {
    for call in ["fsync,fdatasync", "renameat2", "mkdir"] {
        for nth in 1.. {
            let place = place();
            let ended = killed_at(&place, call, nth);
            sound(&place);
            goes_on(&place);
            if ended {
                assert!(nth > 2, "no {call} was hit");
                break;
            }
        }
    }
}

#[test]
fn a_save_that_is_killed_at_any_moment_leaves_no_look_or_a_whole_one() {
    let (mut with, mut without) = (0, 0);
    for pause in 0..14 {
        let place = place();
        let mut child = place.command(&["save"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(pause * 6));
        child.kill().unwrap();
        child.wait().unwrap();
        sound(&place);
        *(if has_look(&place) { &mut with } else { &mut without }) += 1;
        goes_on(&place);
    }
    assert_eq!(with + without, 14);
}

#[test]
fn a_disk_that_is_full_keeps_nothing_of_a_look_and_the_next_save_goes_on() {
    // In blocks of 512 bytes or 1024, by the shell; both are less than the look's file.
    for blocks in [1, 4, 16] {
        let place = place();
        let limited = format!("ulimit -f {blocks}; trap '' XFSZ; exec \"$0\" \"$@\"");
        let output = place.command_by(&["sh", "-c", &limited], &["save"]).output().unwrap();
        let run = place.tell("save", &output);
        assert_ne!(run.code, 0, "{}", run.stderr);
        assert!(
            run.stderr.contains("was not looked at") || run.stderr.contains("File too large"),
            "{}",
            run.stderr
        );
        assert!(!has_look(&place));
        sound(&place);
        goes_on(&place);
    }
}

#[test]
fn a_line_without_its_folder_is_closed_by_the_next_writer() {
    let place = place();
    place.done(&["save"]);
    // As a crash between the line and the rename leaves it.
    let ledger = place.read("snapshots/ledger.jsonl");
    let end = ledger.match_indices('\n').nth(2).unwrap().0 + 1;
    assert!(ledger[..end].lines().last().unwrap().contains("\"kind\":\"look\""), "{ledger}");
    place.write("snapshots/ledger.jsonl", &ledger[..end]);
    fs::remove_dir_all(place.path("snapshots").join(LOOK)).unwrap();
    fs::remove_dir_all(place.path("snapshots/2025-11-06")).unwrap();
    sound(&place);
    goes_on(&place);
    let ledger = place.read("snapshots/ledger.jsonl");
    let kinds: Vec<&str> = ledger
        .lines()
        .map(|line| line.split("\"kind\":\"").nth(1).unwrap().split('"').next().unwrap())
        .collect();
    assert_eq!(kinds, ["look", "snapshot", "look", "abandoned", "look", "snapshot"]);
}

#[test]
fn a_folder_without_a_line_is_found_and_never_taken_for_a_look() {
    let place = place();
    copy(&place.path("snapshots/entities/video/date=2025-11-05"), &place.path("snapshots").join(LOOK));
    let before = place.tree(&format!("snapshots/{LOOK}"));
    let run = place.asof("save");
    assert_eq!(run.code, 3, "{}", run.stderr);
    assert!(run.stderr.contains("video of 2025-11-06 was not looked at"), "{}", run.stderr);
    assert!(run.stderr.contains("is in the way"), "{}", run.stderr);
    assert!(place.path("snapshots/2025-11-06/manifest.json").exists(), "the day is frozen all the same");
    assert!(before == place.tree(&format!("snapshots/{LOOK}")));
    let run = place.asof("verify");
    assert_eq!(run.code, 4);
    assert!(run.stdout.contains(LOOK) && run.stdout.contains("has no line in the ledger"), "{}", run.stdout);
    // Once it is gone, the look can be taken.
    fs::remove_dir_all(place.path("snapshots").join(LOOK)).unwrap();
    goes_on(&place);
}

fn copy(from: &Path, to: &Path) {
    assert!(Command::new("cp").arg("-r").args([from, to]).status().unwrap().success());
}
