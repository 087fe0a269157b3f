//! Archives that were thinned: they are whole, while and after it is done, and damage to what is left is found.

use std::collections::BTreeSet;
use std::fs;

use asof::archive::Archive;
use asof::model::Digest;
use serde_json::{Value, json};

use super::{after, found, whole};
use crate::cli::pruning::forty_days;
use crate::support::command::Place;

const POLICIES: [&str; 5] = [
    "keep_daily = \"3 days\"\nkeep_monthly = \"forever\"",
    "keep_weekly = \"1 month\"\nprefer = \"first\"",
    "keep_quarterly = \"forever\"\nkeep_yearly = \"2 years\"",
    "keep_labels = [\"audit\"]",
    "keep_daily = \"1 day\"\nkeep_labels = []",
];

/// The same place once more.
fn copy_of(original: &Place) -> Place {
    let place = Place::new();
    for (path, bytes) in original.tree("") {
        if !path.ends_with('/') {
            place.write(&path, bytes);
        }
    }
    place
}

#[test]
fn what_any_policy_left_is_whole() {
    let original = forty_days("");
    for policy in POLICIES {
        let place = copy_of(&original);
        let config = place.read("asof.toml");
        place.write("asof.toml", config.replace("[calendar]", &format!("[retention]\n{policy}\n[calendar]")));
        place.done(&["label 2025-10-10 audit", "pin 2025-10-12", "prune"]);
        assert_eq!(found(&place, "verify"), (0, Vec::new()), "{policy}");
        let thinned =
            Archive::open(place.path("snapshots")).unwrap().history().unwrap().all_thinned().count();
        assert!(thinned > 30, "{policy}: {thinned}");
        // Totals of the last week are needed by days to come.
        place.done(&["prune --drop-totals --to cold"]);
        assert_eq!(found(&place, "verify"), (0, Vec::new()), "{policy}");
        assert_eq!(found(&place, "verify --archive cold"), (0, Vec::new()), "{policy}");
        assert!(!place.path("snapshots/2025-10-02/metrics.json").exists());
        assert!(place.path("snapshots/2025-11-01/metrics.json").exists());
    }
}

#[test]
fn a_prune_that_was_cut_short_leaves_an_archive_that_is_whole() {
    let original = forty_days("[retention]\nkeep_monthly = \"forever\"");
    let place = copy_of(&original);
    place.done(&["prune --drop-totals"]);
    let done = place.tree("snapshots");
    // The line is written, and files that it names are still there: some, or all but the cubes' folder.
    for file in ["dashboard.html", "cubes/calls.parquet"] {
        fs::create_dir_all(place.path("snapshots/2025-11-05/cubes")).unwrap();
        let frozen = fs::read(original.path("snapshots/2025-11-05").join(file)).unwrap();
        place.write(&format!("snapshots/2025-11-05/{file}"), frozen);
        assert_eq!(found(&place, "verify"), (0, Vec::new()), "{file}");
    }
    place.done(&["prune"]);
    assert!(place.tree("snapshots").keys().eq(done.keys()));
}

#[test]
fn an_archive_is_whole_while_it_is_thinned() {
    let place = forty_days("[retention]\nkeep_monthly = \"forever\"");
    let mut prune = place.command(&["prune", "--to", "cold"]).spawn().unwrap();
    let mut looks = 0;
    while prune.try_wait().unwrap().is_none() {
        assert_eq!(found(&place, "verify"), (0, Vec::new()));
        looks += 1;
    }
    assert!(prune.wait().unwrap().success());
    assert!(looks > 0);
    assert_eq!(found(&place, "verify"), (0, Vec::new()));
}

#[test]
fn damage_to_what_is_left_of_a_thinned_day_is_found() {
    let place = forty_days("[retention]\nkeep_monthly = \"forever\"");
    place.done(&["prune"]);
    let path = |name: &str| place.path("snapshots/2025-10-05").join(name);
    let is_missing = |name: &str| format!("2025-10-05/{name}: is missing");
    for name in ["metrics.json", "manifest.json", "seen/people.keys"] {
        let findings = after(&place, || fs::remove_file(path(name)).unwrap());
        assert_eq!(findings, [is_missing(name)]);
        let findings = after(&place, || {
            let mut bytes = fs::read(path(name)).unwrap();
            bytes[3] ^= 1;
            fs::write(path(name), bytes).unwrap();
        });
        assert_eq!(findings.len(), 1, "{findings:?}");
        assert!(findings[0].starts_with(&format!("2025-10-05/{name}: ")), "{findings:?}");
    }
    // What came back must be what was frozen.
    let findings = after(&place, || place.write("snapshots/2025-10-05/dashboard.html", "another page"));
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert!(findings[0].starts_with("2025-10-05/dashboard.html: has changed since"), "{findings:?}");
    // A day that was not thinned may lack nothing.
    let findings = after(&place, || {
        fs::remove_file(place.path("snapshots/2025-10-31/dashboard.html")).unwrap();
    });
    assert_eq!(findings, ["2025-10-31/dashboard.html: is missing"]);
}

#[test]
fn all_parts_together_read_every_file_exactly_once() {
    let place = forty_days("[retention]\nkeep_daily = \"25 days\"");
    place.done(&["prune"]);
    let mut files = BTreeSet::new();
    for (path, mut bytes) in place.tree("snapshots") {
        let content = path.starts_with("20") && !path.ends_with("manifest.json") && !path.ends_with('/');
        if content {
            // Nothing but reading it tells.
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            place.write(&format!("snapshots/{path}"), bytes);
            files.insert(path);
        }
    }
    assert!(files.len() > 100);
    for parts in [1, 2, 7, 12] {
        let mut seen = BTreeSet::new();
        for part in 1..=parts {
            for finding in found(&place, &format!("verify --read-data-subset {part}/{parts}")).1 {
                let (path, _) = finding.split_once(": ").unwrap();
                assert!(
                    seen.insert(path.to_owned()),
                    "{path} was read twice, the second time in {part}/{parts}"
                );
            }
        }
        assert_eq!(seen, files, "{parts}");
    }
}

/// Adds a line to the ledger, chained as it must be.
fn add(place: &Place, mut line: Value) {
    let ledger = place.read("snapshots/ledger.jsonl");
    let last = ledger.lines().last().unwrap();
    let known: Value = serde_json::from_str(last).unwrap();
    line["seq"] = json!(known["seq"].as_u64().unwrap() + 1);
    line["at"] = known["at"].clone();
    line["prev"] = json!(Digest::of(last.as_bytes()).to_string());
    place.write("snapshots/ledger.jsonl", format!("{ledger}{line}\n"));
}

#[test]
fn lines_about_days_that_are_not_there_are_found() {
    let place = whole();
    let pruned = |date: &str, file: &str| json!({"kind": "pruned", "date": date, "edition": 1, "files": [file], "reason": "x"});
    let unknown = "which no line before it froze";
    for (line, what) in [
        (
            json!({"kind": "label", "date": "2025-11-01", "label": "audit", "set": true}),
            format!("is about 2025-11-01, {unknown}"),
        ),
        (
            json!({"kind": "note", "date": "2025-11-01", "text": "x"}),
            format!("is about 2025-11-01, {unknown}"),
        ),
        (
            json!({"kind": "pin", "date": "2026-11-06", "set": true}),
            format!("is about 2026-11-06, {unknown}"),
        ),
        (
            json!({"kind": "confirmed", "days": [
                {"date": "2025-11-05", "edition": 1, "captured_at": "2025-11-07T09:00:00Z"},
                {"date": "2025-11-05", "edition": 2, "captured_at": "2025-11-07T09:00:00Z"},
            ]}),
            format!("confirms 2025-11-05@2, {unknown}"),
        ),
        (pruned("2025-11-01", "dashboard.html"), format!("thins 2025-11-01, {unknown}")),
        (pruned("2025-11-05", "manifest.json"), "thins \"manifest.json\", which is never thinned".to_owned()),
        (
            pruned("2025-11-05", "seen/phones.keys"),
            "thins \"seen/phones.keys\", which is never thinned".to_owned(),
        ),
        (
            pruned("2025-11-05", "../archive.json"),
            "thins \"../archive.json\", which is never thinned".to_owned(),
        ),
    ] {
        assert_eq!(
            after(&place, || add(&place, line.clone())),
            [format!("ledger.jsonl:5: {what}")],
            "{line}"
        );
    }
    for line in [
        json!({"kind": "note", "date": "2025-11-05", "text": "x"}),
        json!({"kind": "confirmed", "days": [
            {"date": "2025-11-06", "edition": 2, "captured_at": "2025-11-07T09:00:00Z"},
        ]}),
        json!({"kind": "something of a later version", "date": "2025-11-01"}),
    ] {
        assert_eq!(after(&place, || add(&place, line.clone())), [""; 0], "{line}");
    }
}

#[test]
fn a_day_that_lost_an_edition_is_found() {
    let place = whole();
    let ledger = place.read("snapshots/ledger.jsonl");
    let last: Value = serde_json::from_str(ledger.lines().last().unwrap()).unwrap();
    let findings = after(&place, || {
        let mut line = last.clone();
        line["edition"] = json!(4);
        add(&place, line);
        // A line after it, so that it is none whose commit is under way.
        add(&place, json!({"kind": "note", "date": "2025-11-06", "text": "x"}));
    });
    assert_eq!(
        findings,
        [
            "ledger.jsonl:5: freezes edition 4 of 2025-11-06 where 3 belongs",
            "2025-11-06@4: is missing, and the ledger has its line",
        ]
    );
}
