//! A range of days: watched, stopped, killed, gone on with.

mod calendar;
mod changed;
mod killed;
mod resuming;
mod running;
mod trouble;
mod usage;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use asof::archive::Archive;

use crate::support::command::Place;

/// An archive that holds nothing yet, under a fixed id, so that the same days are the same bytes.
pub fn empty_archive(place: &Place) {
    let id = "0a50fa50-0000-4000-8000-00000000b4c1";
    place.write(
        "snapshots/archive.json",
        format!(
            "{{\"format\":\"asof.archive/1\",\"id\":\"{id}\",\"created_at\":\"2025-11-30T00:00:00Z\"}}\n"
        ),
    );
    place.write("snapshots/ledger.jsonl", "");
    fs::create_dir(place.path("snapshots/definitions")).unwrap();
}

/// The frozen days of a place: all their files.
pub fn days(place: &Place) -> BTreeMap<String, Vec<u8>> {
    let mut files = place.tree("snapshots");
    files.retain(|path, _| path.starts_with("20"));
    files
}

/// Names what differs between two sets of files, so that a failure can be read.
#[track_caller]
pub fn assert_same_files(one: &BTreeMap<String, Vec<u8>>, other: &BTreeMap<String, Vec<u8>>) {
    let names = |files: &BTreeMap<String, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(one), names(other));
    let differing: Vec<&String> =
        one.iter().filter(|(path, bytes)| other[*path] != **bytes).map(|(path, _)| path).collect();
    assert!(differing.is_empty(), "these files differ: {differing:?}");
}

/// Checks an archive from end to end: the ledger's chain, every day, every file by its digest.
/// Gives how many days are frozen.
pub fn verify(dir: &Path) -> usize {
    let archive = match Archive::open(dir) {
        Ok(archive) => archive,
        // Nothing was frozen yet.
        Err(_) if !dir.join("archive.json").exists() => return 0,
        Err(error) => panic!("{error}"),
    };
    let chain = archive.check_ledger().unwrap();
    assert_eq!(chain.damaged, []);
    let history = archive.history().unwrap();
    assert_eq!(history.unlisted(), []);
    let mut days = 0;
    for (day, editions) in history.days() {
        for frozen in editions {
            assert!(frozen.present, "{day} is in the ledger only");
            let manifest = archive.manifest(&frozen.line).unwrap();
            for file in &manifest.files {
                archive.read_file(&manifest, &file.path).unwrap();
            }
            archive.definitions(frozen.line.definitions).unwrap();
        }
        days += 1;
    }
    days
}
