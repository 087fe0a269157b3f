//! `prune` and entities: which looks and captures go, what is told of them then, the cold store, and runs that
//! are killed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde_json::{Value, json};

use super::growing::{by_sql, day, grown, place};
use super::pruning::chain_holds;
use crate::support::command::Place;

const RETENTION: &str = "\n[retention]\nkeep_daily = \"2 days\"\nkeep_monthly = \"forever\"\n";

const THINNED: [&str; 5] = ["2025-09-01", "2025-09-03", "2025-09-15", "2025-10-01", "2025-10-02"];

/// Looks on a few days of three months, a day of captures alone, one day that is pinned. Video 2000 is there on
/// the first day only.
pub(super) fn looks() -> Place {
    let place = place();
    for (at, (date, sql)) in [
        ("2025-09-01", ""),
        ("2025-09-02", "delete from videos where id = 2000"),
        ("2025-09-03", ""),
        ("2025-09-30", ""),
        ("2025-10-01", ""),
        ("2025-10-02", ""),
        ("2025-10-10", ""),
        ("2025-10-20", ""),
        ("2025-11-03", ""),
        ("2025-11-04", ""),
    ]
    .into_iter()
    .enumerate()
    {
        if date == "2025-09-30" {
            place.at("2025-09-15T12:00:00-05:00");
            place.done(&["capture video --key 9 --reason before", "capture video --key 10"]);
        }
        let grows = format!("update videos set view_count = view_count + {}", 100 + at);
        day(&place, date, &format!("{sql}; {grows}"));
    }
    place.at("2025-11-05T03:00:00-06:00");
    place.done(&["pin 2025-09-02"]);
    let config = place.read("asof.toml");
    place.write("asof.toml", config + RETENTION);
    place
}

pub(super) fn copy_of(original: &Place) -> Place {
    let place = Place::new();
    for (path, bytes) in original.tree("").into_iter().filter(|(path, _)| !path.ends_with('/')) {
        place.write(&path, bytes);
    }
    place.at("2025-11-05T03:00:00-06:00");
    place
}

/// The files of looks and captures.
pub(super) fn held(place: &Place, dir: &str) -> BTreeMap<String, Vec<u8>> {
    let mut files = place.tree(dir);
    files.retain(|path, _| {
        !path.ends_with('/') && (path.starts_with("entities/") || path.starts_with("captures/"))
    });
    files
}

fn days_of(files: &BTreeMap<String, Vec<u8>>) -> BTreeSet<String> {
    files.keys().filter_map(|path| path.split("date=").nth(1)).map(|rest| rest[..10].to_owned()).collect()
}

#[track_caller]
fn json_of(place: &Place, line: &str) -> Value {
    let run = place.asof(line);
    place.forget();
    assert_eq!(run.code, 0, "{line}: {}", run.stderr);
    serde_json::from_str(&run.stdout).unwrap()
}

#[track_caller]
pub(super) fn sound(place: &Place) {
    let run = place.asof("verify --json");
    assert_eq!(run.code, 0, "{}", run.stdout);
    place.forget();
}

#[test]
fn the_retention_of_days_thins_looks_and_captures_too_and_a_dry_run_tells_it() {
    let place = looks();
    let before = held(&place, "snapshots");
    let run = place.asof("prune --dry-run");
    place.forget();
    let told: Vec<&str> = run.stdout.lines().filter(|line| line.contains("video")).collect();
    assert_eq!(
        told,
        [
            "2025-09-01  thin  video: days reach back 2 days; 2025-09-30 stands for its month",
            "2025-09-02  keep  video: pinned",
            "2025-09-03  thin  video: days reach back 2 days; 2025-09-30 stands for its month",
            "2025-09-15  thin  video: days reach back 2 days; 2025-09-30 stands for its month",
            "2025-09-30  keep  video: stands for its month, forever",
            "2025-10-01  thin  video: days reach back 2 days; 2025-10-20 stands for its month",
            "2025-10-02  thin  video: days reach back 2 days; 2025-10-20 stands for its month",
            "2025-10-10  keep  video: pages of days to come show growth since then",
            "2025-10-20  keep  video: stands for its month, forever",
            "2025-11-03  keep  video: days, 2 days",
            "2025-11-04  keep  video: the newest day; days, 2 days; stands for its month, forever",
            "5 to keep, 5 to thin; video: 6 to keep, 5 to thin: 18 files would be removed; nothing was done",
        ]
    );
    let dry = json_of(&place, "prune --dry-run --json");
    assert!(held(&place, "snapshots") == before);
    let done = json_of(&place, "prune --json");
    assert_eq!(dry["removes"], done["removes"]);
    assert_eq!(dry["entities"], done["entities"]);
    let expected = THINNED.map(|date| json!({ "entity": "video", "date": date }));
    assert_eq!(done["thinned_entities"], json!(expected));
    let after = held(&place, "snapshots");
    let gone: BTreeMap<_, _> = before
        .iter()
        .filter(|(path, _)| !after.contains_key(*path))
        .map(|(p, b)| (p.clone(), b.clone()))
        .collect();
    assert_eq!(days_of(&gone), THINNED.map(str::to_owned).into());
    assert!(after.iter().all(|(path, bytes)| before.get(path) == Some(bytes)));
    assert!(days_of(&after).is_disjoint(&THINNED.map(str::to_owned).into()), "nothing of such a day is left");
    let removes: BTreeSet<&str> =
        done["removes"].as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect();
    assert!(gone.keys().all(|path| removes.contains(path.as_str())));
    sound(&place);
    chain_holds(&place);
    // Twice is once.
    let ledger = place.read("snapshots/ledger.jsonl");
    place.done(&["prune"]);
    assert_eq!(place.read("snapshots/ledger.jsonl"), ledger);
    assert!(held(&place, "snapshots") == after);
}

#[test]
fn what_was_thinned_is_told_as_thinned_and_never_as_missing_or_none() {
    let place = looks();
    let whole = json_of(&place, "series video.views --json");
    place.done(&["prune"]);
    // Between two days that stayed all is as it was.
    let found = grown(&place, "video --from 2025-09-30 --to 2025-11-04");
    let sql = by_sql(&place, ("2025-09-30", "2025-11-04"), "view_count", "1");
    assert_eq!(found["growth"]["views"]["current"], sql["told"][0]);
    assert_eq!(found["growth"]["views"]["previous"], sql["told"][1]);
    // Over one that was thinned nothing is told, and why; the nearest is named.
    let found = grown(&place, "video --from 2025-09-03 --to 2025-11-04");
    assert_eq!(found["growth"]["views"]["previous"], Value::Null);
    assert_eq!(found["growth"]["views"]["growth"], Value::Null);
    let text = found.to_string();
    assert!(text.contains("it was thinned on 2025-11-05"), "{text}");
    assert!(text.contains("2025-09-02"), "{text}");
    let run = place.asof("growth video --from 2025-09-02 --to 2025-10-01");
    assert_eq!(run.code, 1, "{}", run.stdout);
    assert!(
        run.stderr.contains("there is no look at video for 2025-10-01: it was thinned on 2025-11-05"),
        "{}",
        run.stderr
    );
    // Sums come from the ledger, as before; what is told by group needs the rows.
    assert_eq!(json_of(&place, "series video.views --json"), whole);
    let run = place.asof("series video.views --by user_id --json");
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stdout.contains("it was thinned on 2025-11-05"), "{}", run.stdout);
    // The history has a gap that is told, with the numbers of the rows that are left.
    let history = json_of(&place, "history video 9 --json");
    let rows: Vec<(&str, u64)> = history["rows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["date"].as_str().unwrap(), row["seq"].as_u64().unwrap()))
        .collect();
    assert_eq!(
        rows,
        [
            ("2025-09-02", 2),
            ("2025-09-30", 5),
            ("2025-10-10", 8),
            ("2025-10-20", 9),
            ("2025-11-03", 10),
            ("2025-11-04", 11)
        ]
    );
    let thinned = THINNED.map(|date| json!({ "date": date, "reason": "it was thinned on 2025-11-05" }));
    assert_eq!((&history["thinned"], &history["newest_thinned"]), (&json!(thinned), &Value::Null));
    let run = place.asof("history video 9");
    let note = "! no rows of 5 days from 2025-09-01 to 2025-10-02: it was thinned on 2025-11-05\n";
    assert!(run.stdout.contains(note), "{}", run.stdout);
    let run = place.asof("history video 2000");
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("all rows of video \"2000\" were thinned: it had 1"), "{}", run.stderr);
    let run = place.asof("compare video 9 latest 2025-10-02");
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("it was thinned on 2025-11-05; the nearest are those of"), "{}", run.stderr);
    let moved = json_of(&place, "list video --changed --since 2025-10-02 --json");
    assert_eq!(moved["thinned"], json!(["2025-10-01", "2025-10-02"]));
    let listed = json_of(&place, "list --json");
    let first = &listed["days"][0];
    assert_eq!(first["date"], "2025-09-01");
    assert_eq!(
        first["entities"]["video"],
        json!({ "rows": 4, "seen": 4, "reason": "it was thinned on 2025-11-05" })
    );
    let run = place.asof("list");
    assert!(run.stdout.contains("thinned; video"), "{}", run.stdout);
    // A moment before that asks for what is gone as well.
    let run = place.asof("list video --changed --since 2025-10-02 --as-of 2025-11-05T01:00 --json");
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stdout.contains("2025-10-01"), "{}", run.stdout);
    sound(&place);
}

#[test]
fn rows_go_on_being_numbered_after_those_that_were_thinned() {
    let place = looks();
    place.done(&["prune"]);
    day(&place, "2025-11-05", "insert into videos values (2000, '6', 'Back', 5, 5)");
    let history = json_of(&place, "history video 2000 --json");
    assert_eq!((&history["rows"][0]["seq"], &history["rows"][1]), (&json!(2), &Value::Null));
    place.done(&["capture video --key 9"]);
    let history = json_of(&place, "history video 9 --json");
    let last = history["rows"].as_array().unwrap().last().unwrap();
    assert_eq!(last["seq"], 13);
    sound(&place);
    // What came since is not thinned, though no rule of days keeps a day of captures alone.
    place.change("asof.toml", "keep_daily = \"2 days\"\n", "");
    let run = place.asof("prune --dry-run");
    place.forget();
    assert!(run.stdout.contains("2025-11-06  keep  video: the newest day"), "{}", run.stdout);
    assert!(
        run.stdout.contains("2025-11-05  keep  video: rows to come are numbered by it"),
        "{}",
        run.stdout
    );
    // All that nothing needs goes, the month's rows stay, and numbers go on.
    place.done(&["prune"]);
    sound(&place);
    day(&place, "2025-11-06", "");
    let history = json_of(&place, "history video 2000 --json");
    let last = history["rows"].as_array().unwrap().last().unwrap();
    assert_eq!((&last["date"], &last["seq"]), (&json!("2025-11-06"), &json!(3)));
    sound(&place);
}

#[test]
fn a_cold_store_has_the_looks_and_captures_and_tells_of_them() {
    let place = looks();
    let before = held(&place, "snapshots");
    let asked = ["--from 2025-09-01 --to 2025-09-03", "--from 2025-10-01 --to 2025-10-02"];
    let told = asked.map(|span| grown(&place, &format!("video {span}")));
    place.done(&["prune --to cold"]);
    let cold = held(&place, "cold");
    assert_eq!(days_of(&cold), THINNED.map(str::to_owned).into());
    assert!(cold.iter().all(|(path, bytes)| before.get(path) == Some(bytes)));
    sound(&place);
    let run = place.asof("verify --archive cold --json");
    assert_eq!(run.code, 0, "{}", run.stdout);
    for (span, told) in asked.iter().zip(&told) {
        assert_eq!(grown(&place, &format!("video {span} --archive cold"))["growth"], told["growth"]);
    }
    let history = json_of(&place, "history video 2000 --archive cold --json");
    assert_eq!((&history["rows"][0]["seq"], &history["rows"][1]), (&json!(1), &Value::Null));
    // A copy that is not there any more, or another, is found.
    let path = "cold/entities/video/date=2025-09-03/rows.parquet";
    let bytes = fs::read(place.path(path)).unwrap();
    fs::remove_file(place.path(path)).unwrap();
    let run = place.asof("verify --archive cold");
    assert_eq!(run.code, 4);
    assert!(run.stdout.contains("entities/video/date=2025-09-03"), "{}", run.stdout);
    place.write(path, &bytes[..bytes.len() - 1]);
    assert_eq!(place.asof("verify --archive cold").code, 4);
    place.write(path, &bytes);
    assert_eq!(place.asof("verify --archive cold").code, 0);
    place.forget();
    // Who puts the files of a day back reads them again, and nobody removes them.
    for (path, bytes) in cold.iter().filter(|(path, _)| path.contains("2025-09-03")) {
        place.write(&format!("snapshots/{path}"), bytes);
    }
    sound(&place);
    assert_eq!(grown(&place, "video --from 2025-09-02 --to 2025-09-03")["growth"]["views"]["growth"], 306);
    place.done(&["prune"]);
    assert!(place.path("snapshots/entities/video/date=2025-09-03/rows.parquet").exists());
}

#[test]
fn a_damaged_look_is_left_as_it_is_and_the_others_are_thinned() {
    let place = looks();
    let rows = "snapshots/entities/video/date=2025-09-03/rows.parquet";
    let mut bytes = fs::read(place.path(rows)).unwrap();
    bytes[20] ^= 1;
    place.write(rows, &bytes);
    let captures = place.path("snapshots/captures/video/date=2025-09-15");
    fs::rename(&captures, place.path("elsewhere")).unwrap();
    std::os::unix::fs::symlink(place.path("elsewhere"), &captures).unwrap();
    let elsewhere = place.tree("elsewhere");
    for line in ["prune --dry-run", "prune", "prune --to cold"] {
        let run = place.asof(line);
        assert_eq!(run.code, if line == "prune --dry-run" { 0 } else { 3 });
        let told = format!("video of 2025-09-03 is left whole: {rows} has changed since it was kept");
        assert!(run.stderr.contains(&told), "{}", run.stderr);
        let told =
            "video of 2025-09-15 is left whole: snapshots/captures/video/date=2025-09-15 is a symbolic link";
        assert!(run.stderr.contains(told), "{}", run.stderr);
    }
    assert!(place.tree("elsewhere") == elsewhere);
    assert!(place.path(rows).exists() && place.path("elsewhere/day.jsonl.zst").exists());
    assert!(!place.path("snapshots/entities/video/date=2025-09-01").exists());
}

#[test]
fn a_day_that_is_pinned_after_a_run_was_cut_short_keeps_what_is_left() {
    let original = looks();
    let place = copy_of(&original);
    place.done(&["prune"]);
    let path = "snapshots/entities/video/date=2025-10-02/rows.parquet";
    let put_back = |place: &Place| place.write(path, fs::read(original.path(path)).unwrap());
    put_back(&place);
    let dry = json_of(&place, "prune --dry-run --json");
    assert_eq!(dry["removes"], json!(["entities/video/date=2025-10-02/rows.parquet"]));
    place.done(&["pin 2025-10-02", "prune"]);
    assert!(place.path(path).exists());
    place.done(&["pin 2025-10-02 --remove"]);
    let run = place.asof("prune -v");
    assert!(run.stdout.contains("video of 2025-10-02: 1 file of "), "{}", run.stdout);
    assert!(!place.path("snapshots/entities/video/date=2025-10-02").exists());
    sound(&place);
}

#[test]
fn where_the_newest_row_of_one_was_thinned_no_older_row_stands_for_it() {
    let place = place();
    let schedule = "schedule = [{ where = \"view_count > 6000\", every = \"day\" }]\ngroup_by = [";
    place.change("asof.toml", "group_by = [", schedule);
    let config = place.read("asof.toml");
    let changes = "\n[entities.video.changes]\nmoved = { field = \"user_id\", changed = true }\n";
    place.write("asof.toml", config + changes);
    // On the first of a month all are due, and then only those with many views: 9 has but two rows.
    for date in ["2025-09-01", "2025-10-01", "2025-10-20", "2025-11-03", "2025-11-04"] {
        day(&place, date, "");
    }
    place.at("2025-11-05T03:00:00-06:00");
    place.done(&["pin 2025-09-01"]);
    let run = place.asof("capture video --key 9 --if-changed --json");
    assert!(run.stdout.contains("unchanged"), "{}", run.stdout);
    let config = place.read("asof.toml");
    place.write("asof.toml", config + RETENTION);
    place.done(&["prune"]);
    assert!(!place.path("snapshots/entities/video/date=2025-10-01").exists());
    let run = place.asof("growth --key 9");
    assert_eq!(run.code, 1, "{}", run.stdout);
    assert!(
        run.stderr.contains("the newest row of video \"9\", its number 2, was thinned"),
        "{}",
        run.stderr
    );
    let run = place.asof("growth --key 10 --days 15");
    assert_eq!(run.code, 0, "{}", run.stderr);
    let run = place.asof("history video 9");
    assert!(run.stdout.contains("! its newest row, #2, was thinned\n"), "{}", run.stdout);
    let run = place.asof("context video 9");
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stdout.contains("its newest row, #2, was thinned"), "{}", run.stdout);
    // Nobody knows whether anything changed since, so the row is kept.
    place.done(&["capture video --key 9 --if-changed"]);
    let history = json_of(&place, "history video 9 --json");
    let seqs: Vec<&Value> = history["rows"].as_array().unwrap().iter().map(|row| &row["seq"]).collect();
    assert_eq!((seqs, &history["newest_thinned"]), (vec![&json!(1), &json!(3)], &Value::Null));
    sound(&place);
}

#[test]
fn what_a_cooldown_or_the_newest_capture_of_all_needs_is_not_thinned() {
    let place = place();
    for date in ["2025-09-01", "2025-09-20", "2025-09-30", "2025-11-04"] {
        if date == "2025-09-20" {
            place.at("2025-09-15T12:00:00-05:00");
            place.done(&["capture video"]);
        }
        day(&place, date, "");
    }
    place.at("2025-11-05T03:00:00-06:00");
    place.change("asof.toml", "group_by = [", "cooldown = \"48d\"\ngroup_by = [");
    let config = place.read("asof.toml");
    place.write("asof.toml", config + RETENTION);
    let run = place.asof("prune --dry-run");
    let told: Vec<&str> = run.stdout.lines().filter(|line| line.contains("video: ")).take(4).collect();
    // 48 days before are 18 September, 04:00 in Chicago; that look was taken on the 21st.
    assert_eq!(
        told,
        [
            "2025-09-01  thin  video: days reach back 2 days; 2025-09-30 stands for its month",
            "2025-09-15  keep  video: the newest capture of all",
            "2025-09-20  keep  video: its rows may still stop a capture",
            "2025-09-30  keep  video: stands for its month, forever",
        ]
    );
    // Where nothing would be left, nothing is done.
    place.change(
        "asof.toml",
        "keep_daily = \"2 days\"\nkeep_monthly = \"forever\"",
        "keep_labels = [\"audit\"]",
    );
    place.done(&["label 2025-09-30 audit"]);
    place.done(&["prune --dry-run"]);
    place.done(&["label 2025-09-30 audit --remove"]);
    let before = place.tree("snapshots");
    assert_eq!(place.asof("prune").code, 2);
    assert!(place.tree("snapshots") == before);
}
