//! `prune` and entities where something comes between: runs that are killed, readers of before, lines that lie.

use std::fs;

use asof::archive::look_file::KEY;
use asof::archive::looks::ROWS;
use asof::archive::{Archive, ArchiveError};
use asof::model::Digest;
use serde_json::{Value, json};

use super::growing::{day, place};
use super::pruning::chain_holds;
use super::thinning_looks::{copy_of, held, looks, sound};
use crate::support::command::Place;

/// `asof prune` under strace, which kills it at the nth of these calls; whether it ended by itself.
fn killed_at(place: &Place, line: &[&str], call: &str, nth: usize) -> bool {
    let log = place.path("strace.log");
    let (trace, inject) = (format!("trace={call}"), format!("inject={call}:signal=KILL:when={nth}"));
    let before = ["strace", "-f", "-o", log.to_str().unwrap(), "-e", &trace, "-e", &inject];
    let ended = place.command_by(&before, line).output().expect("this test needs strace").status.success();
    fs::remove_file(log).unwrap();
    ended
}

#[test]
fn a_prune_that_is_killed_at_any_step_loses_nothing_and_the_next_one_ends_where_it_would_have() {
    let original = looks();
    for arguments in [&["prune"][..], &["prune", "--to", "cold"]] {
        let undisturbed = copy_of(&original);
        undisturbed.done(&[&arguments.join(" ")]);
        let (end, cold) = (held(&undisturbed, "snapshots"), held(&undisturbed, "cold"));
        let (mut killed, mut between) = (0, 0);
        for call in ["unlink,rmdir,unlinkat", "fdatasync", "fsync"] {
            for nth in (arguments.len()..).step_by(3) {
                let place = copy_of(&original);
                let ended = killed_at(&place, arguments, call, nth);
                let left = held(&place, "snapshots");
                between += usize::from(left != end && left != held(&original, "snapshots"));
                sound(&place);
                if arguments.len() > 1 {
                    let there = held(&place, "cold");
                    let whole = held(&original, "snapshots");
                    let copied = |path: &String| there.get(path) == whole.get(path);
                    assert!(
                        whole.keys().filter(|path| !left.contains_key(*path)).all(copied),
                        "{call} {nth}"
                    );
                    if place.path("cold/definitions").exists() && place.path("cold/archive.json").exists() {
                        let run = place.asof("verify --archive cold --json");
                        assert_eq!(run.code, 0, "{call} {nth}: {}", run.stdout);
                    }
                }
                place.done(&[&arguments.join(" ")]);
                assert!(held(&place, "snapshots") == end, "{call} {nth}");
                assert!(held(&place, "cold") == cold, "{call} {nth}");
                let folders = place.tree("snapshots/entities/video");
                assert_eq!(folders, undisturbed.tree("snapshots/entities/video"), "{call} {nth}");
                chain_holds(&place);
                sound(&place);
                if ended {
                    break;
                }
                killed += 1;
            }
        }
        assert!(killed > 8 && between > 3, "{killed} were killed, {between} in the middle");
    }
}

#[test]
fn who_reads_by_the_ledger_of_before_is_told_that_it_was_thinned() {
    let place = looks();
    let archive = Archive::open(place.path("snapshots")).unwrap();
    let before = archive.looks(None).unwrap().remove("video").unwrap();
    place.done(&["prune --to cold"]);
    let day = "2025-09-03".parse().unwrap();
    let found = archive.look_columns(&before.looks[&day].doc, ROWS, &[KEY]);
    let Err(ArchiveError::Pruned { to: Some(to), .. }) = found else { panic!("it is told otherwise") };
    assert!(to.ends_with("cold"), "{to:?}");
    let day = "2025-09-15".parse().unwrap();
    let found = archive.captures("video", &before, day);
    assert!(matches!(found, Err(ArchiveError::Pruned { .. })), "{found:?}");
    // What is missing and was not thinned is damage as ever.
    fs::remove_dir_all(place.path("snapshots/entities/video/date=2025-10-20")).unwrap();
    let day = "2025-10-20".parse().unwrap();
    let found = archive.look_columns(&before.looks[&day].doc, ROWS, &[KEY]);
    assert!(matches!(found, Err(ArchiveError::Damaged { .. })));
    assert_eq!(place.asof("verify").code, 4);
}

#[test]
fn files_of_captures_for_which_another_stands_go_with_it() {
    let place = place();
    day(&place, "2025-08-01", "");
    place.at("2025-08-15T12:00:00-05:00");
    place.done(&["capture video --key 9", "capture video --key 10"]);
    // They are put together here, and the files of before stay for an hour.
    day(&place, "2025-09-30", "");
    let folder = "snapshots/captures/video/date=2025-08-15";
    assert_eq!(place.tree(folder).len(), 3);
    let config = place.read("asof.toml");
    place.write("asof.toml", config + "\n[retention]\nkeep_yearly = \"forever\"\n");
    place.at("2025-10-01T00:50:00-05:00");
    place.done(&["prune"]);
    assert!(!place.path(folder).exists());
    sound(&place);
    place.at("2025-10-01T02:50:00-05:00");
    place.done(&["save"]);
    sound(&place);
}

#[test]
fn lines_that_thin_what_they_may_not_are_found_whoever_chained_them() {
    let place = looks();
    place.done(&["prune"]);
    let whole = place.read("snapshots/ledger.jsonl");
    for (path, other, told) in [
        ("entities/video/date=2025-10-02/rest.parquet", "other.parquet", "which no line names"),
        ("entities/video/date=2025-10-02/rest.parquet", "../rest.parquet", "can't be the file of a look"),
    ] {
        let (folder, _) = path.rsplit_once('/').unwrap();
        let mut prev = Digest::of(place.read("snapshots/archive.json").as_bytes());
        let mut text = String::new();
        for line in whole.lines() {
            let thins = line.contains("\"kind\":\"thinned\"");
            let mut line =
                if thins { line.replace(path, &format!("{folder}/{other}")) } else { line.to_owned() };
            let at = line.find("\"prev\":\"").unwrap() + 8;
            line.replace_range(at..at + 64, &prev.to_string());
            prev = Digest::of(line.as_bytes());
            text += &format!("{line}\n");
        }
        place.write("snapshots/ledger.jsonl", text);
        let run = place.asof("verify");
        assert_eq!(run.code, 4);
        assert!(run.stdout.contains(told), "{}", run.stdout);
        place.write("snapshots/ledger.jsonl", &whole);
    }
    // The newest look is never thinned, whatever a line says.
    let newest = "entities/video/date=2025-11-04/rows.parquet";
    let last = whole.lines().last().unwrap();
    let (prev, mut line) = (Digest::of(last.as_bytes()), serde_json::from_str::<Value>(last).unwrap());
    let seq = whole.lines().count() + 1;
    line = json!({
        "seq": seq, "at": line["at"], "prev": prev, "kind": "thinned", "entity": "video", "date": "2025-11-04",
        "files": [newest], "reason": "none",
    });
    place.write("snapshots/ledger.jsonl", format!("{whole}{line}\n"));
    let run = place.asof("verify");
    assert_eq!(run.code, 4);
    assert!(run.stdout.contains("thins the newest look, which is never thinned"), "{}", run.stdout);
}
