//! Freezing days and reading them again.

use std::fs;
use std::time::Duration;

use asof::archive::{Archive, ArchiveError, ArchiveId, Commit};
use asof::model::{Digest, Edition, Fingerprint};

use super::{
    Fixture, at, day, definitions, freeze, headline, id, manifest, metrics_json, sealed, try_freeze,
};

#[test]
fn a_frozen_day_reads_back_as_it_was_written() {
    let fixture = Fixture::with_days();
    fixture.assert_sound();
    assert_eq!(fixture.editions(), ["2025-11-05", "2025-11-06", "2025-11-06@2", "2025-11-07"]);

    let history = fixture.archive.history().unwrap();
    let line = &history.get(&id("2025-11-06@2")).unwrap().line;
    assert_eq!((line.seq, line.at), (3, at("2025-11-07T09:00:00Z")));
    assert_eq!(line.headline().unwrap(), headline(210).values);
    let manifest = fixture.archive.manifest(line).unwrap();
    assert_eq!(manifest.archive, fixture.archive.id().to_string());
    assert_eq!(manifest.definitions.fingerprint, definitions("vicidial_log").fingerprint());
    let paths: Vec<_> = manifest.files.iter().map(|doc| doc.path.as_str()).collect();
    assert_eq!(paths, ["cubes/calls.parquet", "dashboard.html", "metrics.json"]);
    let written = metrics_json(id("2025-11-06@2"), 210);
    assert_eq!(fixture.archive.read_file(&manifest, "metrics.json").unwrap(), written);
    assert_eq!(fixture.archive.definitions(line.definitions).unwrap(), definitions("vicidial_log"));
    assert!(fixture.archive.page(&line.id()).is_file());

    let all = fixture.archive.metrics(&manifest).unwrap();
    let chosen = fixture.archive.chosen_metrics(&manifest, &["minutes", "unheard_of"]).unwrap();
    assert_eq!(chosen.keys().collect::<Vec<_>>(), ["minutes"]);
    assert_eq!(chosen["minutes"], all.metrics["minutes"]);
    assert_eq!(chosen["minutes"].figure.value.as_ref().unwrap().to_string(), "737.10");
}

#[test]
fn every_line_of_the_ledger_is_chained_to_the_one_before_and_the_first_to_the_archive() {
    let fixture = Fixture::with_days();
    let mut before = fs::read(fixture.dir().join("archive.json")).unwrap();
    let lines = fixture.ledger();
    for (at, line) in lines.iter().enumerate() {
        let value: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(value["seq"].as_u64(), Some(at as u64 + 1));
        assert_eq!(value["prev"].as_str().unwrap(), Digest::of(&before).to_string());
        assert_eq!(value["kind"], "snapshot");
        before = line.clone().into_bytes();
    }
    let check = fixture.archive.check_ledger().unwrap();
    assert_eq!((check.lines, check.torn), (4, 0));
    assert_eq!(check.head, Digest::of(&before));
}

#[test]
fn nothing_is_left_in_staging_after_a_commit_or_a_change_of_mind() {
    let fixture = Fixture::with_days();
    let mut staging = fixture.archive.stage(id("2025-11-08")).unwrap();
    staging.write("metrics.json", b"{}").unwrap();
    drop(staging);
    drop(sealed(&fixture.archive, "2025-11-08", 1, at("2025-11-09T02:00:00Z")).unwrap());
    let left: Vec<_> = fs::read_dir(fixture.dir().join(".staging")).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
    fixture.assert_sound();
}

#[test]
fn an_edition_that_is_not_the_next_one_is_taken_and_nothing_is_written() {
    let fixture = Fixture::with_days();
    let before = fixture.ledger();
    for name in ["2025-11-06", "2025-11-06@2", "2025-11-06@4"] {
        let Commit::Taken { editions } =
            try_freeze(&fixture.archive, name, 999, "2025-11-09T02:00:00Z").unwrap()
        else {
            panic!("{name} was written")
        };
        let numbers: Vec<_> = editions.iter().map(|line| line.edition.number()).collect();
        assert_eq!(numbers, [1, 2]);
    }
    // A second edition of a day that has no first.
    let missing = try_freeze(&fixture.archive, "2025-11-08@2", 999, "2025-11-09T02:00:00Z").unwrap();
    assert!(matches!(missing, Commit::Taken { editions } if editions.is_empty()));
    assert_eq!(fixture.ledger(), before);
    fixture.assert_sound();
    let history = fixture.archive.history().unwrap();
    assert_eq!(history.next_edition(day("2025-11-06")).number(), 3);
    assert_eq!(history.next_edition(day("2025-11-08")), Edition::FIRST);
}

#[test]
fn definitions_are_kept_once_for_each_text() {
    let fixture = Fixture::with_days();
    let kept = || fs::read_dir(fixture.dir().join("definitions")).unwrap().count();
    assert_eq!(kept(), 1);
    let mut staging = fixture.archive.stage(id("2025-11-08")).unwrap();
    staging.write("metrics.json", b"{}").unwrap();
    let now = at("2025-11-09T02:00:00Z");
    let sealed = staging.seal(manifest(id("2025-11-08"), now), &definitions("other_log")).unwrap();
    fixture.archive.commit(sealed, &headline(1), Duration::ZERO, now).unwrap();
    assert_eq!(kept(), 2);
    fixture.assert_sound();
    let unknown = Fingerprint(Digest::of(b"never kept"));
    let error = fixture.archive.definitions(unknown).unwrap_err().to_string();
    assert!(error.ends_with(&format!("definitions/{unknown}.json is missing")), "{error}");
}

#[test]
fn a_path_that_leads_out_of_the_snapshot_or_comes_twice_is_refused() {
    let fixture = Fixture::new();
    let mut staging = fixture.archive.stage(id("2025-11-08")).unwrap();
    for path in ["../x", "/etc/x", "a/../../x", "manifest.json", "", "a b"] {
        assert!(matches!(staging.write(path, b"x"), Err(ArchiveError::BadPath { .. })), "{path}");
    }
    staging.write("cubes/a", b"x").unwrap();
    staging.write("cubes/b", b"x").unwrap();
    assert!(staging.write("cubes/a", b"y").is_err());
    let hostile = {
        let mut manifest = manifest(id("2025-11-08"), at("2025-11-09T02:00:00Z"));
        manifest.date = day("2025-11-08");
        let sha256 = Digest::of(b"");
        manifest.files =
            vec![asof::model::manifest::FileDoc { path: "../archive.json".into(), size: 0, sha256 }];
        manifest
    };
    assert!(matches!(
        fixture.archive.read_file(&hostile, "../archive.json"),
        Err(ArchiveError::BadPath { .. })
    ));
}

#[test]
fn what_is_no_archive_is_said_to_be_none() {
    let root = tempfile::tempdir().unwrap();
    let missing = root.path().join("none");
    assert!(matches!(Archive::open(&missing), Err(ArchiveError::Missing { .. })));
    assert!(!missing.exists());
    assert!(matches!(Archive::open(root.path()), Err(ArchiveError::NotAnArchive { .. })));
    let file = root.path().join("file");
    fs::write(&file, "x").unwrap();
    assert!(matches!(Archive::open(&file), Err(ArchiveError::NotAnArchive { .. })));
    assert!(Archive::open_or_create(&file, None, at("2025-11-01T00:00:00Z")).is_err());
    assert_eq!(fs::read(&file).unwrap(), b"x");
}

#[test]
fn an_archive_is_made_once_with_the_id_that_was_asked_for() {
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("a/b/snapshots");
    let wanted: ArchiveId = "6f0d6f1e-0c77-4f0e-9df5-7a8c6f8c1a11".parse().unwrap();
    let made = Archive::open_or_create(&dir, Some(wanted), at("2025-11-01T00:00:00Z")).unwrap();
    assert_eq!(made.id(), wanted);
    let again = Archive::open_or_create(&dir, None, at("2026-01-01T00:00:00Z")).unwrap();
    assert_eq!((again.id(), again.created_at()), (wanted, at("2025-11-01T00:00:00Z")));
    assert_eq!(
        fs::read_to_string(dir.join("archive.json")).unwrap(),
        "{\"format\":\"asof.archive/1\",\"id\":\"6f0d6f1e-0c77-4f0e-9df5-7a8c6f8c1a11\",\
         \"created_at\":\"2025-11-01T00:00:00Z\"}\n"
    );
    assert!("not a uuid".parse::<ArchiveId>().is_err());
}

#[test]
fn no_archive_is_made_among_other_things() {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join(".gitkeep"), "").unwrap();
    fs::write(root.path().join("notes.txt"), "mine").unwrap();
    let error = Archive::open_or_create(root.path(), None, at("2025-11-01T00:00:00Z")).unwrap_err();
    assert!(matches!(&error, ArchiveError::NotEmpty { found, .. } if found == "notes.txt"), "{error}");
    fs::remove_file(root.path().join("notes.txt")).unwrap();
    Archive::open_or_create(root.path(), None, at("2025-11-01T00:00:00Z")).unwrap();
}

#[test]
fn an_archive_that_lost_its_archive_json_is_not_made_anew() {
    let fixture = Fixture::with_days();
    fs::remove_file(fixture.dir().join("archive.json")).unwrap();
    let error = Archive::open_or_create(fixture.dir(), None, at("2025-11-10T00:00:00Z")).unwrap_err();
    assert!(matches!(error, ArchiveError::NotEmpty { .. }), "{error}");
    assert!(error.hint().unwrap().contains("backup"));
}

#[test]
fn lines_of_a_kind_that_is_not_known_yet_are_passed_over() {
    let fixture = Fixture::with_days();
    let last = fixture.ledger().last().unwrap().clone();
    let prev = Digest::of(last.as_bytes());
    let strange = format!(
        "{{\"seq\":5,\"at\":\"2025-11-08T03:00:00Z\",\"prev\":\"{prev}\",\"kind\":\"moved\",\"date\":[1,2],\"headline\":7}}\n"
    );
    let path = fixture.archive.ledger_path();
    let mut text = fs::read_to_string(&path).unwrap();
    text.push_str(&strange);
    fs::write(&path, text).unwrap();
    fixture.assert_sound();
    let line = freeze(&fixture.archive, "2025-11-08", 400, "2025-11-09T02:00:00Z");
    assert_eq!(line.seq, 6);
    fixture.assert_sound();
}

/// The names of an object's fields and of those inside it, but not the keys of maps of metrics and the like.
fn field_names(value: &serde_json::Value, into: &mut Vec<String>) {
    const MAPS: [&str; 3] = ["headline", "metrics", "events"];
    match value {
        serde_json::Value::Object(fields) => {
            for (name, inner) in fields {
                into.push(name.clone());
                match inner {
                    serde_json::Value::Object(map) if MAPS.contains(&name.as_str()) => {
                        map.values().for_each(|inner| field_names(inner, into));
                    }
                    _ => field_names(inner, into),
                }
            }
        }
        serde_json::Value::Array(items) => items.iter().for_each(|item| field_names(item, into)),
        _ => {}
    }
}

#[test]
fn every_field_of_every_document_is_in_the_page_about_the_format() {
    let page = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/FORMAT.md")).unwrap();
    let fixture = Fixture::with_days();
    // The other kinds of lines are written by a recovery.
    fs::remove_dir_all(fixture.dir().join("2025-11-07")).unwrap();
    let ledger = fs::read_to_string(fixture.archive.ledger_path()).unwrap();
    fs::write(fixture.archive.ledger_path(), ledger + "{").unwrap();
    freeze(&fixture.archive, "2025-11-07", 300, "2025-11-09T02:00:00Z");

    let mut documents = fixture.ledger();
    for name in ["archive.json", "2025-11-06/manifest.json", "2025-11-06/metrics.json"] {
        documents.push(fs::read_to_string(fixture.dir().join(name)).unwrap());
    }
    let mut names = Vec::new();
    for document in &documents {
        field_names(&serde_json::from_str(document).unwrap(), &mut names);
    }
    assert!(names.len() > 100);
    for name in names {
        assert!(page.contains(&format!("`{name}`")), "docs/FORMAT.md says nothing of `{name}`");
    }
}
