//! A small archive of every released format. It is never changed: what was frozen under an
//! earlier version has to be read by every later one.
//!
//! Format 1 was made by version 0.1.0: 2025-11-05 with a restatement, 2025-11-06 provisional and
//! final, a line for 2025-11-07 that was abandoned, a torn line that was repaired, and 2025-11-08.

use std::fs;
use std::path::{Path, PathBuf};

use asof::archive::{Archive, cube_file};
use asof::model::Provenance;

use super::{at, id, try_freeze};

fn golden(version: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/archive/golden").join(version)
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// The totals of an edition, as text; checked against its digests on the way.
fn totals(archive: &Archive, name: &str, metrics: &[&str]) -> Vec<String> {
    let history = archive.history().unwrap();
    let manifest = archive.manifest(&history.get(&id(name)).unwrap().line).unwrap();
    for file in &manifest.files {
        archive.read_file(&manifest, &file.path).unwrap();
    }
    archive.definitions(manifest.definitions.fingerprint).unwrap();
    let cube = cube_file::decode(archive.read_file(&manifest, "cubes/calls.parquet").unwrap()).unwrap();
    assert_eq!(cube.metadata["asof.format"], "asof.cube/1");
    let doc = archive.metrics(&manifest).unwrap();
    let text = |name: &&str| doc.metrics[*name].figure.value.as_ref().unwrap().to_string();
    metrics.iter().map(text).collect()
}

#[test]
fn an_archive_of_format_1_is_read_as_it_was_frozen() {
    let archive = Archive::open(golden("1").join("snapshots")).unwrap();
    let check = archive.check_ledger().unwrap();
    assert_eq!((check.lines, check.torn, check.damaged.len()), (8, 0, 0));
    let history = archive.history().unwrap();
    let days: Vec<(String, Vec<(u32, Provenance)>)> = history
        .days()
        .map(|(day, editions)| {
            let editions =
                editions.iter().map(|frozen| (frozen.line.edition.number(), frozen.line.provenance));
            (day.to_string(), editions.collect())
        })
        .collect();
    let (provisional, witnessed, reconstructed) =
        (Provenance::Provisional, Provenance::Witnessed, Provenance::Reconstructed);
    assert_eq!(
        days,
        [
            ("2025-11-05".to_owned(), vec![(1, witnessed), (2, reconstructed)]),
            ("2025-11-06".to_owned(), vec![(1, provisional), (2, witnessed)]),
            ("2025-11-08".to_owned(), vec![(1, witnessed)]),
        ]
    );
    let metrics = ["calls", "sales", "minutes", "talk", "shortest", "campaigns", "conversion", "week"];
    let expected = [
        // Three calls of 60, 0 and unknown seconds, one sale, two campaigns.
        ("2025-11-05", ["3", "1", "1", "30", "0", "2", "0.333333333333", "0.333333333333"]),
        // The second call became a sale.
        ("2025-11-05@2", ["3", "2", "1", "30", "0", "2", "0.666666666667", "0.666666666667"]),
        // Two calls of 600 and 30 seconds, one sale; 2 of 5 with the day before as it was then.
        ("2025-11-06", ["2", "1", "10.5", "315", "30", "1", "0.5", "0.4"]),
        ("2025-11-06@2", ["2", "1", "10.5", "315", "30", "1", "0.5", "0.4"]),
        // One call of 90 seconds, a sale; 4 of 6 with the latest editions of the days before.
        ("2025-11-08", ["1", "1", "1.5", "90", "90", "1", "1", "0.666666666667"]),
    ];
    for (name, values) in expected {
        assert_eq!(totals(&archive, name, &metrics), values, "{name}");
    }
}

#[test]
fn an_archive_of_format_1_can_be_added_to() {
    let dir = tempfile::tempdir().unwrap();
    copy(&golden("1").join("snapshots"), dir.path());
    let before = fs::read(dir.path().join("ledger.jsonl")).unwrap();
    let archive = Archive::open_or_create(dir.path(), None, at("2025-11-10T00:00:00Z")).unwrap();
    try_freeze(&archive, "2025-11-09", 7, "2025-11-10T09:00:00Z").unwrap();
    assert!(archive.history().unwrap().get(&id("2025-11-09")).is_ok());
    assert!(fs::read(archive.ledger_path()).unwrap().starts_with(&before));
    assert_eq!(archive.check_ledger().unwrap().damaged.len(), 0);
}
