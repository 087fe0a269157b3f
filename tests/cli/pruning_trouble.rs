//! `prune` where something is in its way: other runs, links, damage, and what earlier runs left.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::process::Stdio;

use serde_json::Value;

use super::pruning::{chain_holds, days, few_days, forty_days, pruned};
use crate::support::command::Place;

/// Of the five days 2025-10-30, 2025-11-01 and 2025-11-05 are thinned.
const MONTHS: &str = "[retention]\nkeep_monthly = \"forever\"\n";

/// The same place once more.
fn copy_of(original: &Place) -> Place {
    let place = Place::new();
    for (path, bytes) in original.tree("").into_iter().filter(|(path, _)| !path.ends_with('/')) {
        place.write(&path, bytes);
    }
    place
}

/// The frozen files that are there.
fn files(place: &Place) -> BTreeSet<String> {
    days(place).into_keys().filter(|path| !path.ends_with('/')).collect()
}

/// What a command tells as JSON that it removes or would remove, once it ended with this code.
fn removes(place: &Place, line: &str) -> BTreeSet<String> {
    let run = place.asof(&format!("{line} --json"));
    place.forget();
    let document: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{}", run.stderr));
    let paths = document["removes"].as_array().unwrap().iter();
    paths.map(|path| path.as_str().unwrap().to_owned()).collect()
}

#[test]
fn several_that_copy_into_one_store_at_once_lose_nothing() {
    let original = forty_days("[retention]\nkeep_monthly = \"forever\"");
    let before = days(&original);
    for _ in 0..3 {
        let place = copy_of(&original);
        let start = || {
            let mut command = place.command(&["prune", "--to", "cold"]);
            command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap()
        };
        for run in [start(), start(), start()] {
            let output = run.wait_with_output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        }
        let left = days(&place);
        let gone = before.iter().filter(|(path, _)| !left.contains_key(*path));
        let gone: Vec<_> = gone.filter(|(path, _)| !path.ends_with('/')).collect();
        assert_eq!(gone.len(), 2 * 37);
        for (path, bytes) in gone {
            assert!(fs::read(place.path("cold").join(path)).unwrap() == *bytes, "{path}");
        }
        place.done(&["verify", "verify --archive cold"]);
        let hidden = |name: &String| name.starts_with('.') && name != ".lock";
        assert_eq!(place.tree("cold").into_keys().find(hidden), None);
    }
}

#[test]
fn a_store_that_another_run_writes_into_is_waited_for() {
    let place = few_days(MONTHS);
    fs::create_dir(place.path("cold")).unwrap();
    let lock = File::create(place.path("cold/.lock")).unwrap();
    lock.lock().unwrap();
    let before = place.tree("snapshots");
    place.asof("prune --to cold --wait 0s");
    place.told(
        r#"
$ asof prune --to cold --wait 0s
! error: another run holds the archive's lock cold/.lock
!   hint: try again when that run is over, or wait longer with --wait
exit 6
"#,
    );
    let days = |tree: BTreeMap<String, Vec<u8>>| -> Vec<_> {
        tree.into_iter().filter(|(path, _)| !path.starts_with('.')).collect()
    };
    assert_eq!(days(place.tree("snapshots")), days(before));
    drop(lock);
    place.done(&["prune --to cold", "verify", "verify --archive cold"]);
}

#[test]
fn a_dry_run_tells_each_file_that_the_run_removes() {
    let original = forty_days("");
    for (policy, at) in [
        ("keep_daily = \"3 days\"\nkeep_monthly = \"forever\"", "2025-11-07T03:00:00-06:00"),
        ("keep_weekly = \"1 month\"\nprefer = \"first\"", "2025-11-07T03:00:00-06:00"),
        ("keep_daily = \"7 days\"", "2025-12-20T03:00:00-06:00"),
    ] {
        let place = copy_of(&original);
        place.at(at);
        place.change("asof.toml", "[calendar]", &format!("[retention]\n{policy}\n[calendar]"));
        place.done(&["pin 2025-10-12"]);
        for line in ["prune --to cold", "prune --drop-totals --to cold", "prune --drop-totals"] {
            let before = files(&place);
            let told = removes(&place, &format!("{line} --dry-run"));
            assert_eq!(files(&place), before);
            assert_eq!(removes(&place, line), told);
            let gone: BTreeSet<String> = before.difference(&files(&place)).cloned().collect();
            assert_eq!(gone, told, "{policy}: {line}");
            assert_eq!(gone.is_empty(), line == "prune --drop-totals", "{policy}: {line}");
        }
    }
}

#[test]
fn a_dry_run_says_that_totals_of_days_thinned_before_would_go() {
    let place = few_days(MONTHS);
    place.at("2025-11-20T03:00:00-06:00");
    place.done(&["save", "prune"]);
    place.asof("prune --drop-totals --dry-run");
    place.asof("prune --drop-totals -v");
    place.asof("prune --drop-totals --dry-run");
    place.told(
        r#"
$ asof prune --drop-totals --dry-run
2025-10-30  gone  thinned before; its totals go too
2025-10-31  keep  stands for its month, forever
2025-11-01  gone  thinned before; its totals go too
2025-11-05  gone  thinned before; its totals go too
2025-11-06  gone  thinned before; its totals go too
2025-11-19  keep  the newest day; stands for its month, forever
2 to keep, 0 to thin, 4 thinned before to lose their totals: 4 files would be removed; nothing was done
exit 0
$ asof prune --drop-totals -v
2025-10-30  gone  thinned before; its totals go too
2025-10-31  keep  stands for its month, forever
2025-11-01  gone  thinned before; its totals go too
2025-11-05  gone  thinned before; its totals go too
2025-11-06  gone  thinned before; its totals go too
2025-11-19  keep  the newest day; stands for its month, forever
4 editions thinned: 4 files of 20597 bytes removed
exit 0
$ asof prune --drop-totals --dry-run
2025-10-30  gone  thinned before
2025-10-31  keep  stands for its month, forever
2025-11-01  gone  thinned before
2025-11-05  gone  thinned before
2025-11-06  gone  thinned before
2025-11-19  keep  the newest day; stands for its month, forever
2 to keep, 0 to thin: 0 files would be removed; nothing was done
exit 0
"#,
    );
}

#[test]
fn nothing_is_removed_through_a_link() {
    for (linked, what) in [
        ("2025-11-01", "is a symbolic link"),
        ("2025-11-01/cubes", "is a symbolic link"),
        ("2025-11-01/dashboard.html", "is a symbolic link"),
    ] {
        let place = few_days(MONTHS);
        let path = place.path("snapshots").join(linked);
        fs::rename(&path, place.path("elsewhere")).unwrap();
        symlink(place.path("elsewhere"), &path).unwrap();
        let elsewhere = || {
            if place.path("elsewhere").is_dir() { place.tree("elsewhere") } else { BTreeMap::new() }
        };
        let before = elsewhere();
        for line in ["prune --dry-run", "prune", "prune --to cold"] {
            let run = place.asof(line);
            assert_eq!(run.code, if line == "prune --dry-run" { 0 } else { 3 }, "{linked}");
            let told = format!("2025-11-01 is left whole: snapshots/{linked} {what}");
            assert!(run.stderr.contains(&told), "{linked}: {}", run.stderr);
        }
        assert_eq!(elsewhere(), before);
        assert!(place.path("elsewhere").exists());
        assert_eq!(pruned(&place).into_keys().collect::<Vec<_>>(), ["2025-10-30", "2025-11-05"]);
        let run = place.asof("verify");
        assert_eq!(run.code, 4);
        assert!(run.stdout.contains(linked) && run.stdout.contains(what), "{}", run.stdout);
    }
}

#[test]
fn nothing_is_copied_through_a_link() {
    for linked in ["2025-11-01", "2025-11-01/cubes", "2025-11-01/dashboard.html", "definitions"] {
        let place = few_days(MONTHS);
        let marker = "{\"format\":\"asof.cold-store/1\",\"id\":\"5d8f3f6e-7d0c-4f0b-9a1e-2b6c3d4e5f60\"}\n";
        place.write("cold/cold-store.json", marker);
        let path = place.path("cold").join(linked);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        symlink(place.path("snapshots").join(linked), &path).unwrap();
        let before = days(&place);
        let run = place.asof("prune --to cold");
        assert_eq!(run.code, 1, "{linked}");
        let told = format!("error: cold/{linked} is a symbolic link\n");
        assert!(run.stderr.contains(&told), "{linked}: {}", run.stderr);
        assert_eq!(days(&place), before);
        assert!(pruned(&place).is_empty());
    }
}

#[test]
fn a_damaged_day_is_left_whole_and_the_others_are_thinned() {
    let place = few_days(MONTHS);
    let cube = "snapshots/2025-11-01/cubes/calls.parquet";
    let mut bytes = fs::read(place.path(cube)).unwrap();
    bytes[20] ^= 1;
    place.write(cube, &bytes);
    fs::remove_file(place.path("snapshots/2025-10-30/dashboard.html")).unwrap();
    let whole = place.tree("snapshots/2025-11-01");
    for line in ["prune --dry-run", "prune", "prune --to cold"] {
        let run = place.asof(line);
        assert_eq!(run.code, if line == "prune --dry-run" { 0 } else { 3 });
        let told = format!("2025-11-01 is left whole: {cube} has changed since it was frozen");
        assert!(run.stderr.contains(&told), "{}", run.stderr);
        let told = "2025-10-30 is left whole: snapshots/2025-10-30/dashboard.html is missing";
        assert!(run.stderr.contains(told), "{}", run.stderr);
    }
    assert_eq!(place.tree("snapshots/2025-11-01"), whole);
    assert_eq!(pruned(&place).into_keys().collect::<Vec<_>>(), ["2025-11-05"]);
    chain_holds(&place);
}

/// Puts files of the last day that was thinned back, as a run that was killed would have left them.
fn cut_short() -> (Place, Place) {
    let original = few_days(MONTHS);
    let place = copy_of(&original);
    place.done(&["prune"]);
    put_back(&place, &original, "2025-11-05");
    (place, original)
}

fn put_back(place: &Place, original: &Place, day: &str) {
    for file in ["dashboard.html", "cubes/calls.parquet"] {
        let path = format!("snapshots/{day}/{file}");
        place.write(&path, fs::read(original.path(&path)).unwrap());
    }
}

#[test]
fn what_a_run_that_was_cut_short_left_is_told_and_removed_even_without_a_retention() {
    let (place, _original) = cut_short();
    place.change("asof.toml", MONTHS, "");
    let left = ["2025-11-05/cubes/calls.parquet", "2025-11-05/dashboard.html"];
    let told = removes(&place, "prune --dry-run");
    assert_eq!(told.into_iter().collect::<Vec<_>>(), left);
    place.asof("prune --dry-run");
    place.asof("prune -v");
    place.asof("prune -v");
    place.told(
        r#"
$ asof prune --dry-run
2025-11-05: 2 files of 58059 bytes are still to be removed, a run before was cut short
the configuration has no [retention]: every day is kept whole, and nothing is pruned
exit 0
$ asof prune -v
2025-11-05: 2 files of 58059 bytes removed that a run before, cut short, had left
the configuration has no [retention]: every day is kept whole, and nothing is pruned
exit 0
$ asof prune -v
the configuration has no [retention]: every day is kept whole, and nothing is pruned
exit 0
"#,
    );
    assert!(!place.path("snapshots/2025-11-05/cubes").exists());
    place.done(&["verify"]);
}

#[test]
fn what_was_put_back_stays_where_the_day_is_pinned_or_others_were_thinned_since() {
    let (place, original) = cut_short();
    put_back(&place, &original, "2025-11-01");
    place.done(&["pin 2025-11-05"]);
    let before = files(&place);
    assert_eq!(removes(&place, "prune --dry-run"), BTreeSet::new());
    place.done(&["prune", "prune --to cold", "verify"]);
    assert_eq!(files(&place), before);
    place.done(&["pin 2025-11-05 --remove", "prune", "verify"]);
    assert!(!place.path("snapshots/2025-11-05/dashboard.html").exists());
    assert!(place.path("snapshots/2025-11-01/dashboard.html").exists());
}

#[test]
fn a_damaged_ledger_stops_a_dry_run() {
    let place = few_days(MONTHS);
    place.change("snapshots/ledger.jsonl", "\"seq\":2", "\"seq\":7");
    for line in ["prune --dry-run", "prune"] {
        let run = place.asof(line);
        assert_eq!(run.code, 1);
        assert!(run.stderr.contains("line 2 of snapshots/ledger.jsonl has the number 7"), "{}", run.stderr);
    }
}

#[test]
fn a_damaged_copy_is_told_with_the_way_on() {
    let place = few_days(MONTHS);
    place.done(&["prune --to cold", "prune --to cold"]);
    let marker = place.read("cold/cold-store.json");
    let place = few_days(MONTHS);
    place.write("cold/cold-store.json", marker);
    place.write("cold/2025-11-01/dashboard.html", "other");
    place.asof("prune --to cold");
    place.told(
        r#"
$ asof prune --to cold
! error: cold/2025-11-01/dashboard.html is no copy of what was frozen: its SHA-256 is [HEX], not [HEX]
!   hint: remove cold/2025-11-01/dashboard.html and prune again: the archive still has the original
exit 1
"#,
    );
    fs::remove_file(place.path("cold/2025-11-01/dashboard.html")).unwrap();
    place.done(&["prune --to cold", "verify", "verify --archive cold"]);
}

#[test]
fn one_sentence_tells_of_all_days_whose_numbers_are_gone() {
    let place = few_days(MONTHS);
    place.at("2025-11-20T03:00:00-06:00");
    place.done(&["save", "prune --drop-totals"]);
    let run = place.asof("series calls --by status");
    assert_eq!(run.code, 0);
    let told = "4 days from 2025-10-30 to 2025-11-06, each: its numbers by members were thinned";
    let all = format!("{}{}", run.stdout, run.stderr);
    assert_eq!(all.matches("thinned").count(), 1, "{all}");
    assert!(all.contains(told), "{all}");
}
