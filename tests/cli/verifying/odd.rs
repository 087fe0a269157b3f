//! What lies in an archive and is of another kind than it should be: links, pipes, folders and files too many.

use std::fs;
use std::os::unix::fs::symlink;

use super::{after, whole};
use crate::support::command::Place;

fn pipe(place: &Place, path: &str) {
    fs::remove_file(place.path(path)).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(place.path(path)).status().unwrap().success());
}

#[test]
fn links_are_found() {
    let place = whole();
    for path in ["2025-11-05", "2025-11-05/cubes", "2025-11-05/seen/phones.keys", "definitions"] {
        let findings = after(&place, || {
            let full = place.path("snapshots").join(path);
            fs::rename(&full, place.path("elsewhere")).unwrap();
            symlink(place.path("elsewhere"), &full).unwrap();
        });
        assert_eq!(findings, [format!("{path}: is a symbolic link")]);
        let moved = place.path("elsewhere");
        if moved.is_dir() { fs::remove_dir_all(moved).unwrap() } else { fs::remove_file(moved).unwrap() }
    }
}

#[test]
fn what_is_no_file_is_never_waited_for() {
    let place = whole();
    let definitions = place.tree("snapshots/definitions").into_keys().next().unwrap();
    for path in [
        "2025-11-05/manifest.json",
        "2025-11-05/metrics.json",
        "2025-11-05/cubes/calls.parquet",
        "2025-11-05/seen/phones.keys",
        "2025-11-05/dashboard.html",
        "archive.json",
        "ledger.jsonl",
        &format!("definitions/{definitions}"),
    ] {
        let findings = after(&place, || {
            pipe(&place, &format!("snapshots/{path}"));
            for line in [
                "list",
                "restore 2025-11-05",
                "series calls --by campaign",
                "save 2025-11-05 --restate --reason x",
            ] {
                assert!(place.asof(line).code < 6, "{path}: {line}");
            }
        });
        assert!(findings.contains(&format!("{path}: is no file")), "{findings:?}");
    }
    let run_without_lock = after(&place, || {
        let _ = fs::remove_file(place.path("snapshots/.lock"));
        place.write("snapshots/.lock", "");
        pipe(&place, "snapshots/.lock");
        assert_eq!(place.asof("note 2025-11-05 x").code, 1);
    });
    assert_eq!(run_without_lock, [""; 0]);
}

#[test]
fn folders_and_files_that_are_too_many_are_found() {
    let place = whole();
    let no_part = "is not listed in the manifest, so it is no part of the snapshot";
    let findings = after(&place, || fs::create_dir_all(place.path("snapshots/2025-11-05/sub/deep")).unwrap());
    assert_eq!(findings, [format!("2025-11-05/sub/deep: {no_part}")]);
    let no_definitions = "is no file of definitions, so it is no part of the archive";
    let findings = after(&place, || {
        place.write("snapshots/definitions/notes.txt", "x");
        fs::create_dir(place.path("snapshots/definitions/old")).unwrap();
    });
    assert_eq!(
        findings,
        [format!("definitions/notes.txt: {no_definitions}"), format!("definitions/old: {no_definitions}")]
    );
}
