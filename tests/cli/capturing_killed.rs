//! Captures that are killed, and captures of days that have ended: put together, and read as before.

use std::fs;
use std::process::Output;

use asof::archive::Archive;
use serde_json::Value;

use super::capturing::{accounts, ledger, lines, numbers};
use crate::support::command::Place;

/// A command under strace, which must be there.
fn traced(place: &Place, options: &[&str], arguments: &[&str]) -> Output {
    let log = place.path("strace.log");
    let mut before = vec!["strace", "-f", "-o", log.to_str().unwrap()];
    before.extend(options);
    let mut command = place.command_by(&before, arguments);
    command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command
        .output()
        .unwrap_or_else(|error| panic!("this test needs strace, which scripts/test installs: {error}"))
}

/// The names of the files of a day's captures.
fn files(place: &Place, day: &str) -> Vec<String> {
    let tree = place.tree(&format!("snapshots/captures/account/date={day}"));
    tree.into_keys().collect()
}

#[test]
fn a_capture_that_is_killed_leaves_nothing_or_a_whole_one() {
    let mut abandoned = 0;
    for call in ["fsync", "renameat2", "write", "mkdir"] {
        let mut killed = 0;
        for nth in 1.. {
            let place = accounts();
            place.done(&["capture account --key 9"]);
            let inject = format!("inject={call}:signal=KILL:when={nth}");
            let trace = format!("trace={call}");
            let out = traced(&place, &["-e", &trace, "-e", &inject], &["capture", "account"]);
            let kept = numbers(&place, "5").len();
            assert!(kept <= 1, "{inject}");
            assert_eq!(numbers(&place, "9").len(), 1 + kept, "{inject}: all rows or none");
            let again = place.asof("capture account --json");
            assert_eq!(again.code, 0, "{inject}: {}", again.stderr);
            assert_eq!(lines(&again)[0]["sequence"], kept + 1, "{inject}");
            assert_eq!(numbers(&place, "9"), (1..=2 + kept as u64).collect::<Vec<u64>>(), "{inject}");
            abandoned += ledger(&place, "abandoned").len();
            if out.status.success() {
                assert_eq!(kept, 1, "{inject}");
                break;
            }
            killed += 1;
        }
        assert!(killed > 0, "no {call} was hit");
    }
    assert!(abandoned > 0, "a line without its file was closed by the next writer");
}

/// Three captures on 2025-11-06, one before a look and after another.
fn captured() -> Place {
    let place = accounts();
    place.at("2025-11-06T00:10:00Z");
    place.done(&["save"]);
    place.at("2025-11-06T10:00:00Z");
    place.done(&["capture account --key 5"]);
    place.sqlite("crm.db", "update accounts set logins = logins + 10");
    place.at("2025-11-06T11:00:00Z");
    place.done(&["capture account"]);
    place.at("2025-11-06T12:00:00Z");
    place.done(&["capture account --key 7 --reason late"]);
    place
}

/// What is read of it: all rows of each key, and growth of one by its captures.
fn read(place: &Place) -> (Vec<Vec<u64>>, Value) {
    let growth = place.asof("growth account --key 7 --days 2 --json");
    assert_eq!(growth.code, 0, "{}", growth.stderr);
    (["5", "7", "9"].map(|key| numbers(place, key)).to_vec(), serde_json::from_str(&growth.stdout).unwrap())
}

#[test]
fn captures_of_days_that_have_ended_are_put_together_when_the_next_one_is_saved() {
    let place = captured();
    let before = read(&place);
    assert_eq!(before.0, [vec![1, 2, 3], vec![1, 2, 3], vec![1, 2]]);
    assert_eq!(before.1["growth"]["logins"]["current"], 210);
    let parts = files(&place, "2025-11-06");
    assert_eq!(parts.len(), 3);
    place.at("2025-11-07T00:10:00Z");
    place.done(&["save"]);
    // They stay for those who read them at this moment.
    let mut all = parts.clone();
    all.push("day.jsonl.zst".to_owned());
    assert_eq!(files(&place, "2025-11-06"), all);
    let line = &ledger(&place, "compacted")[0];
    let mut of: Vec<String> = serde_json::from_value(line["of"].clone()).unwrap();
    of.sort();
    assert_eq!(of, parts);
    assert_eq!(numbers(&place, "5"), [1, 2, 3, 4]);
    // A late one, of the same day, and one that is of today.
    place.at("2025-11-07T09:00:00Z");
    place.done(&["capture account --key 5"]);
    place.at("2025-11-08T00:10:00Z");
    place.done(&["save"]);
    assert_eq!(files(&place, "2025-11-06"), ["day.jsonl.zst"]);
    assert_eq!(ledger(&place, "compacted").len(), 1, "one file need not be put together");
    assert_eq!(
        ["5", "7", "9"].map(|key| numbers(&place, key)),
        [vec![1, 2, 3, 4, 5, 6], vec![1, 2, 3, 4, 5], vec![1, 2, 3, 4]]
    );
    // The cooldown finds the row that lies in it, too.
    let run = place.asof("capture account --key 7 --if-changed --json");
    assert_eq!(lines(&run)[0]["snapshot_id"], "7#5");
    assert_eq!(lines(&run)[0]["status"], "unchanged");
}

#[test]
fn putting_together_that_is_killed_is_finished_by_the_next_save() {
    let mut unfinished = 0;
    for call in ["fsync", "renameat2", "unlink"] {
        for nth in 1.. {
            let place = captured();
            let rows = read(&place);
            place.at("2025-11-07T04:00:00Z");
            // Too late for a look: what this save does to entities is putting them together.
            place.done(&["save"]);
            place.at("2025-11-08T04:00:00Z");
            assert_eq!((files(&place, "2025-11-06").len(), ledger(&place, "compacted").len()), (4, 1));
            place.done(&["capture account --key 5"]);
            let inject = format!("inject={call}:signal=KILL:when={nth}");
            let trace = format!("trace={call}");
            let out = traced(&place, &["-e", &trace, "-e", &inject], &["save"]);
            if !out.status.success() && files(&place, "2025-11-06").len() > 1 {
                unfinished += 1;
            }
            place.at("2025-11-09T04:00:00Z");
            place.done(&["save"]);
            assert_eq!(files(&place, "2025-11-06"), ["day.jsonl.zst"], "{inject}");
            assert_eq!(read(&place).0[1..], rows.0[1..], "{inject}");
            if out.status.success() || nth > 40 {
                break;
            }
        }
    }
    assert!(unfinished > 0);
}

#[test]
fn captures_are_put_together_whole_when_that_is_killed() {
    for call in ["fsync", "renameat2"] {
        let mut killed = 0;
        for nth in 1.. {
            let place = captured();
            let rows = read(&place);
            place.at("2025-11-07T04:00:00Z");
            let inject = format!("inject={call}:signal=KILL:when={nth}");
            let trace = format!("trace={call}");
            let out = traced(&place, &["-e", &trace, "-e", &inject], &["save"]);
            assert_eq!(read(&place), rows, "{inject}");
            place.done(&["save"]);
            assert_eq!(read(&place), rows, "{inject}");
            assert!(files(&place, "2025-11-06").contains(&"day.jsonl.zst".to_owned()), "{inject}");
            if out.status.success() {
                break;
            }
            killed += 1;
        }
        assert!(killed > 0, "no {call} was hit");
    }
}

#[test]
fn large_captures_are_put_together_row_by_row() {
    let place = accounts();
    // Names that can't be compressed: files of about a megabyte.
    place.sqlite(
        "crm.db",
        "delete from accounts;
         with recursive ids(id) as (select 1 union all select id + 1 from ids where id < 1500)
         insert into accounts (id, name, logins) select id, hex(randomblob(700)), id from ids",
    );
    for hour in ["10", "11", "12"] {
        place.at(&format!("2025-11-06T{hour}:00:00Z"));
        place.done(&["capture account"]);
    }
    place.done(&["capture account --key 77"]);
    let rows = || {
        let archive = Archive::open(place.path("snapshots")).unwrap();
        let looks = archive.looks(None).unwrap().remove("account").unwrap();
        let day = "2025-11-06".parse().unwrap();
        let files = looks.capture_files(day);
        let rows = files.iter().flat_map(|file| archive.capture_rows("account", day, file).unwrap());
        (files.iter().map(|file| file.size).collect::<Vec<_>>(), rows.collect::<Vec<_>>())
    };
    let (sizes, mut before) = rows();
    assert!(sizes.len() == 4 && sizes.iter().sum::<u64>() > 3 << 20, "{sizes:?}");
    place.at("2025-11-07T04:00:00Z");
    place.done(&["save"]);
    let (sizes, after) = rows();
    assert_eq!(sizes.len(), 1);
    before.sort_by_key(|row| (row.row.key.clone(), row.row.seq));
    assert!(before == after, "the same rows, sorted by key and number");
    assert_eq!(after.len(), 4501);
    assert_eq!(numbers(&place, "77"), [1, 2, 3, 4]);
    place.done(&["capture account --key 1500 --key 77"]);
    assert_eq!((numbers(&place, "77").pop(), numbers(&place, "1500").pop()), (Some(5), Some(4)));
}

#[test]
fn a_damaged_file_of_captures_is_told_and_nothing_is_removed() {
    let place = captured();
    let part = &files(&place, "2025-11-06")[1];
    let path = format!("snapshots/captures/account/date=2025-11-06/{part}");
    let mut bytes = fs::read(place.path(&path)).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    place.write(&path, bytes);
    place.at("2025-11-07T04:00:00Z");
    let run = place.asof("save");
    assert_eq!(run.code, 0, "the day is frozen all the same: {}", run.stderr);
    assert!(run.stderr.contains("has changed since it was kept"), "{}", run.stderr);
    assert_eq!(files(&place, "2025-11-06").len(), 3);
    assert_eq!(place.asof("capture account --key 5").code, 1);
}
