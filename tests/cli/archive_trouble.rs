//! Archives that are damaged, locked, full, not ours, or from another time.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::process::Output;

use super::{calls, frozen};
use crate::support::command::Place;

/// Runs a command that must fail and leave every byte of the archive as it was.
#[track_caller]
fn refused(place: &Place, line: &str) {
    let before = place.tree("snapshots");
    assert_ne!(place.asof(line).code, 0, "{line}");
    assert!(place.tree("snapshots") == before, "{line} changed the archive");
}

#[test]
fn an_archive_that_is_a_file_or_holds_other_things_is_refused() {
    let place = calls();
    place.write("snapshots", "a file");
    for line in ["save", "list", "restore"] {
        place.asof(line);
    }
    assert_eq!(place.read("snapshots"), "a file");
    fs::remove_file(place.path("snapshots")).unwrap();
    place.write("snapshots/holiday.jpg", "mine");
    for line in ["save", "list", "restore"] {
        refused(&place, line);
    }
    place.told(r#"
$ asof save
! error: can't read snapshots: Not a directory (os error 20)
!   hint: a file is where a folder belongs: check `dir` under [archive]
exit 1
$ asof list
! error: snapshots is no archive: it has no archive.json
!   hint: check `dir` under [archive] in asof.toml; the first `asof save` makes the archive
exit 1
$ asof restore
! error: snapshots is no archive: it has no archive.json
!   hint: check `dir` under [archive] in asof.toml; the first `asof save` makes the archive
exit 1
$ asof save
! error: can't make an archive in snapshots: it has no archive.json and holds holiday.jpg
!   hint: name a new or empty folder as `dir` under [archive]; if this is an archive that lost its archive.json, restore that file from a backup
exit 1
$ asof list
! error: snapshots is no archive: it has no archive.json
!   hint: check `dir` under [archive] in asof.toml; the first `asof save` makes the archive
exit 1
$ asof restore
! error: snapshots is no archive: it has no archive.json
!   hint: check `dir` under [archive] in asof.toml; the first `asof save` makes the archive
exit 1
"#);
}

#[test]
fn a_newer_format_is_left_alone() {
    let place = frozen();
    place.change("snapshots/archive.json", "asof.archive/1", "asof.archive/2");
    for line in [
        "save 2025-11-05",
        "list",
        "restore --json",
        "compare latest latest",
        "drift",
        "settling",
        "series calls",
    ] {
        refused(&place, line);
    }
    place.told(
        r#"
$ asof save 2025-11-05
! error: snapshots/archive.json has the format asof.archive/2, and this version of asof reads no newer one than asof.archive/1
!   hint: install a newer version of asof; this one leaves the archive as it is
exit 1
$ asof list
! error: snapshots/archive.json has the format asof.archive/2, and this version of asof reads no newer one than asof.archive/1
!   hint: install a newer version of asof; this one leaves the archive as it is
exit 1
$ asof restore --json
! {"error":{"exit_code":1,"hint":"install a newer version of asof; this one leaves the archive as it is","message":"snapshots/archive.json has the format asof.archive/2, and this version of asof reads no newer one than asof.archive/1"}}
exit 1
$ asof compare latest latest
! error: snapshots/archive.json has the format asof.archive/2, and this version of asof reads no newer one than asof.archive/1
!   hint: install a newer version of asof; this one leaves the archive as it is
exit 1
$ asof drift
! error: snapshots/archive.json has the format asof.archive/2, and this version of asof reads no newer one than asof.archive/1
!   hint: install a newer version of asof; this one leaves the archive as it is
exit 1
$ asof settling
! error: snapshots/archive.json has the format asof.archive/2, and this version of asof reads no newer one than asof.archive/1
!   hint: install a newer version of asof; this one leaves the archive as it is
exit 1
$ asof series calls
! error: snapshots/archive.json has the format asof.archive/2, and this version of asof reads no newer one than asof.archive/1
!   hint: install a newer version of asof; this one leaves the archive as it is
exit 1
"#,
    );
}

#[test]
fn a_damaged_archive_document_is_told() {
    let place = frozen();
    for content in [
        "",
        "{",
        "[]",
        "{\"format\":\"other/1\"}",
        "{\"format\":\"asof.archive/1\",\"id\":\"x\",\"created_at\":\"y\"}",
        "\u{0}",
    ] {
        place.write("snapshots/archive.json", content);
        refused(&place, "list");
    }
    fs::remove_file(place.path("snapshots/archive.json")).unwrap();
    for line in ["save 2025-11-05", "list", "restore"] {
        refused(&place, line);
    }
    place.told(r#"
$ asof list
! error: snapshots/archive.json can't be read: EOF while parsing a value at line 1 column 0
!   hint: restore it from a backup; asof never repairs what was frozen
exit 1
$ asof list
! error: snapshots/archive.json can't be read: EOF while parsing an object at line 1 column 1
!   hint: restore it from a backup; asof never repairs what was frozen
exit 1
$ asof list
! error: snapshots/archive.json can't be read: invalid length 0, expected a JSON object at line 1 column 2
!   hint: restore it from a backup; asof never repairs what was frozen
exit 1
$ asof list
! error: snapshots/archive.json has the format "other/1" where "asof.archive/1" belongs
!   hint: restore it from a backup; asof never repairs what was frozen
exit 1
$ asof list
! error: snapshots/archive.json can't be read: "x" is no archive id: it must be a UUID at line 1 column 35
!   hint: restore it from a backup; asof never repairs what was frozen
exit 1
$ asof list
! error: snapshots/archive.json can't be read: expected value at line 1 column 1
!   hint: restore it from a backup; asof never repairs what was frozen
exit 1
$ asof save 2025-11-05
! error: can't make an archive in snapshots: it has no archive.json and holds definitions
!   hint: name a new or empty folder as `dir` under [archive]; if this is an archive that lost its archive.json, restore that file from a backup
exit 1
$ asof list
! error: snapshots is no archive: it has no archive.json
!   hint: check `dir` under [archive] in asof.toml; the first `asof save` makes the archive
exit 1
$ asof restore
! error: snapshots is no archive: it has no archive.json
!   hint: check `dir` under [archive] in asof.toml; the first `asof save` makes the archive
exit 1
"#);
}

#[test]
fn a_damaged_manifest_is_told_and_never_shown() {
    let place = frozen();
    let manifest = place.read("snapshots/2025-11-06/manifest.json");
    for content in [manifest.replace("witnessed", "provisional"), String::new(), "{}".to_owned()] {
        place.write("snapshots/2025-11-06/manifest.json", content);
        refused(&place, "restore");
    }
    fs::remove_file(place.path("snapshots/2025-11-06/manifest.json")).unwrap();
    for line in ["restore --json", "restore --html", "restore --output copy", "save --restate --reason again"]
    {
        refused(&place, line);
    }
    assert_eq!(place.asof("list").code, 0);
    place.told(r#"
$ asof restore
! error: snapshots/2025-11-06/manifest.json has changed since it was frozen: its SHA-256 is [HEX], and the ledger says [HEX]
!   hint: restore it from a backup; asof never repairs what was frozen
exit 1
$ asof restore
! error: snapshots/2025-11-06/manifest.json has changed since it was frozen: its SHA-256 is [HEX], and the ledger says [HEX]
!   hint: restore it from a backup; asof never repairs what was frozen
exit 1
$ asof restore
! error: snapshots/2025-11-06/manifest.json has changed since it was frozen: its SHA-256 is [HEX], and the ledger says [HEX]
!   hint: restore it from a backup; asof never repairs what was frozen
exit 1
$ asof restore --json
! {"error":{"exit_code":1,"hint":"restore it from a backup; asof never repairs what was frozen","message":"snapshots/2025-11-06/manifest.json is missing"}}
exit 1
$ asof restore --html
! error: snapshots/2025-11-06/manifest.json is missing
!   hint: restore it from a backup; asof never repairs what was frozen
exit 1
$ asof restore --output copy
! error: snapshots/2025-11-06/manifest.json is missing
!   hint: restore it from a backup; asof never repairs what was frozen
exit 1
$ asof save --restate --reason again
! error: snapshots/2025-11-06/manifest.json is missing
!   hint: restore it from a backup; asof never repairs what was frozen
exit 1
$ asof list
Day             Editions  Provenance   Calls  Sales  Minutes min  Conversion
2025-11-06 Thu  1         ● witnessed      5      2         16.5     40.00 %
exit 0
"#);
    assert!(!place.path("copy/2025-11-06").exists());
}

#[test]
fn changed_numbers_are_told_and_never_shown() {
    let place = frozen();
    place.change("snapshots/2025-11-06/metrics.json", "\"value\":5", "\"value\":6");
    refused(&place, "restore");
    refused(&place, "restore --json");
    refused(&place, "restore 2025-11-06 --json --metric calls");
    fs::remove_file(place.path("snapshots/2025-11-06/metrics.json")).unwrap();
    refused(&place, "restore");
    refused(&place, "save --restate --reason again");
    place.told(r#"
$ asof restore
! error: snapshots/2025-11-06/metrics.json has changed since it was frozen: its SHA-256 is [HEX], and its manifest says [HEX]
!   hint: restore it from a backup; asof never repairs what was frozen
exit 1
$ asof restore --json
! {"error":{"exit_code":1,"hint":"restore it from a backup; asof never repairs what was frozen","message":"snapshots/2025-11-06/metrics.json has changed since it was frozen: its SHA-256 is [HEX], and its manifest says [HEX]"}}
exit 1
$ asof restore 2025-11-06 --json --metric calls
! {"error":{"exit_code":1,"hint":"restore it from a backup; asof never repairs what was frozen","message":"snapshots/2025-11-06/metrics.json has changed since it was frozen: its SHA-256 is [HEX], and its manifest says [HEX]"}}
exit 1
$ asof restore
! error: snapshots/2025-11-06/metrics.json is missing
!   hint: restore it from a backup; asof never repairs what was frozen
exit 1
$ asof save --restate --reason again
! error: snapshots/2025-11-06/metrics.json is missing
!   hint: restore it from a backup; asof never repairs what was frozen
exit 1
"#);
}

#[test]
fn lost_definitions_are_told() {
    let place = frozen();
    fs::remove_dir_all(place.path("snapshots/definitions")).unwrap();
    place.write("snapshots/definitions/other.json", "{}");
    let run = place.asof("restore");
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("definitions/") && run.stderr.contains("hint: "), "{}", run.stderr);
}

#[test]
fn a_torn_line_stops_nobody_and_the_next_save_repairs_it() {
    let place = frozen();
    let whole = place.read("snapshots/ledger.jsonl");
    place.write("snapshots/ledger.jsonl", format!("{whole}{{\"seq\":2,\"at\":\"2025-"));
    place.asof("list");
    assert_eq!(place.asof("restore --html").code, 0);
    place.forget();
    place.asof("save 2025-11-05");
    place.asof("list");
    place.told(
        r#"
$ asof save 2025-11-05
exit 0
$ asof list
Day             Editions  Provenance       Calls  Sales  Minutes min  Conversion
2025-11-05 Wed  1         ○ reconstructed      3      1          1.5     33.33 %
2025-11-06 Thu  1         ● witnessed          5      2         16.5     40.00 %
exit 0
"#,
    );
    let ledger = place.read("snapshots/ledger.jsonl");
    let kinds: Vec<String> = ledger
        .lines()
        .map(|line| {
            serde_json::from_str::<serde_json::Value>(line).unwrap()["kind"].as_str().unwrap().to_owned()
        })
        .collect();
    assert_eq!(kinds, ["snapshot", "repaired", "snapshot"]);
    assert!(ledger.starts_with(&whole));
}

#[test]
fn a_damaged_line_stops_writers() {
    let place = frozen();
    place.asof("save 2025-11-05");
    let ledger = place.read("snapshots/ledger.jsonl");
    place.forget();
    place.write("snapshots/ledger.jsonl", ledger.replacen("\"seq\":1,", "\"seq\":7,", 1));
    refused(&place, "save 2025-11-04");
    place.asof("list");
    place.write("snapshots/ledger.jsonl", format!("nonsense\n{ledger}"));
    refused(&place, "save 2025-11-04");
    place.asof("list");
    fs::remove_file(place.path("snapshots/ledger.jsonl")).unwrap();
    for line in ["save 2025-11-04", "list", "restore"] {
        refused(&place, line);
    }
    place.told(r#"
$ asof save 2025-11-04
! error: line 1 of snapshots/ledger.jsonl has the number 7 where 1 belongs
!   hint: restore ledger.jsonl from a backup, with all lines that were added since; the days' own files are not touched by this
exit 1
$ asof list
Day             Editions  Provenance       Calls  Sales  Minutes min  Conversion
2025-11-05 Wed  1         ○ reconstructed      3      1          1.5     33.33 %
2025-11-06 Thu  1         ● witnessed          5      2         16.5     40.00 %
! line 1 of the ledger has the number 7 where 1 belongs
! line 2 of the ledger has the number 2 where 8 belongs
exit 0
$ asof save 2025-11-04
! error: line 1 of snapshots/ledger.jsonl can't be read: expected ident at line 1 column 2
!   hint: restore ledger.jsonl from a backup, with all lines that were added since; the days' own files are not touched by this
exit 1
$ asof list
Day             Editions  Provenance       Calls  Sales  Minutes min  Conversion
2025-11-05 Wed  1         ○ reconstructed      3      1          1.5     33.33 %
2025-11-06 Thu  1         ● witnessed          5      2         16.5     40.00 %
! line 1 of the ledger can't be read: expected ident at line 1 column 2
! line 2 of the ledger has the number 1 where 2 belongs
exit 0
$ asof save 2025-11-04
! error: snapshots/ledger.jsonl is missing
!   hint: restore it from a backup; asof never repairs what was frozen
exit 1
$ asof list
! error: snapshots/ledger.jsonl is missing
!   hint: restore it from a backup; asof never repairs what was frozen
exit 1
$ asof restore
! error: snapshots/ledger.jsonl is missing
!   hint: restore it from a backup; asof never repairs what was frozen
exit 1
"#);
}

#[test]
fn a_clock_that_went_back_stops_a_save() {
    let place = frozen();
    place.at("2025-11-07T02:30:00-06:00");
    refused(&place, "save 2025-11-05");
    place.told(r#"
$ asof save 2025-11-05
! error: 2025-11-05 could not be frozen: the clock says 2025-11-07T08:30:00Z, which is before the archive's last entry of 2025-11-07T09:00:00Z
!   hint: set this machine's clock right, and see that ASOF_NOW is not set by mistake
exit 1
"#);
    // A few minutes are what clocks are corrected by.
    place.at("2025-11-07T02:55:00-06:00");
    assert_eq!(place.asof("save 2025-11-05").code, 0);
}

#[test]
fn a_second_writer_waits_and_then_gives_up() {
    let place = frozen();
    let lock = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .open(place.path("snapshots/.lock"))
        .unwrap();
    lock.lock().unwrap();
    refused(&place, "save 2025-11-05 --wait 1s");
    refused(&place, "save 2025-11-05 --wait 0s --json");
    for line in ["note 2025-11-06 x", "label 2025-11-06 x", "pin 2025-11-06"] {
        refused(&place, &format!("{line} --wait 0s"));
    }
    // Readers, and a save that has nothing to do, need no lock.
    place.asof("save");
    place.asof("list");
    place.told(r#"
$ asof save 2025-11-05 --wait 1s
! error: 2025-11-05 could not be frozen: another run holds the archive's lock snapshots/.lock, and has for 1 s
!   hint: try again when that run is over, or wait longer with --wait
exit 6
$ asof save 2025-11-05 --wait 0s --json
! {"error":{"exit_code":6,"hint":"try again when that run is over, or wait longer with --wait","message":"2025-11-05 could not be frozen: another run holds the archive's lock snapshots/.lock"}}
exit 6
$ asof note 2025-11-06 x --wait 0s
! error: another run holds the archive's lock snapshots/.lock
!   hint: try again when that run is over, or wait longer with --wait
exit 6
$ asof label 2025-11-06 x --wait 0s
! error: another run holds the archive's lock snapshots/.lock
!   hint: try again when that run is over, or wait longer with --wait
exit 6
$ asof pin 2025-11-06 --wait 0s
! error: another run holds the archive's lock snapshots/.lock
!   hint: try again when that run is over, or wait longer with --wait
exit 6
$ asof save
exit 0
$ asof list
Day             Editions  Provenance   Calls  Sales  Minutes min  Conversion
2025-11-06 Thu  1         ● witnessed      5      2         16.5     40.00 %
exit 0
"#);
    let mut waiting = place.command(&["save", "2025-11-05"]).spawn().unwrap();
    lock.unlock().unwrap();
    assert!(waiting.wait().unwrap().success());
}

/// Runs a command in a process that may write files of that many times 512 bytes only.
fn with_small_files(place: &Place, blocks: u64, arguments: &[&str]) -> Output {
    // Without the signal the write itself fails, as it does on a full disk.
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
    place.command_by(&["/bin/sh", "-c", &script], arguments).output().unwrap()
}

#[test]
fn a_file_that_does_not_fit_leaves_no_half_day() {
    let place = calls();
    let output = with_small_files(&place, 1, &["save"]);
    place.tell("save", &output);
    let place_of_the_first = place.tree("snapshots");
    assert!(
        place_of_the_first.keys().all(|path| !path.starts_with("2025")),
        "{:?}",
        place_of_the_first.keys()
    );
    place.asof("list");
    assert_eq!(place.asof("save").code, 0);
    place.told(r#"
$ asof save
! error: 2025-11-06 could not be frozen: can't write snapshots/.staging/[HEX]/snapshot/metrics.json: File too large (os error 27)
!   hint: a limit on the size of files stopped it; raise it and run it again; the archive is as it was
exit 1
$ asof list
no day is frozen here yet
exit 0
$ asof save
exit 0
"#);
    assert!(!place.tree("snapshots").keys().any(|path| path.starts_with(".staging/") && path != ".staging/"));
}

#[test]
fn a_disk_that_is_full_for_the_next_day_leaves_the_others_alone() {
    let place = frozen();
    let before = place.tree("snapshots");
    for blocks in [1, 8, 40] {
        let output = with_small_files(&place, blocks, &["save"]);
        assert_eq!(output.status.code(), Some(0), "a save of what is frozen writes nothing");
        let output = with_small_files(&place, blocks, &["save", "2025-11-05", "--json"]);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("File too large") && said.contains("the archive is as it was"), "{said}");
        assert!(place.tree("snapshots") == before, "{blocks}");
    }
    assert_eq!(place.asof("save 2025-11-05").code, 0);
}

#[test]
fn an_archive_that_may_only_be_read_is_read() {
    let place = frozen();
    let dirs = ["snapshots/.staging", "snapshots/definitions", "snapshots"];
    let set = |mode| {
        dirs.map(|dir| fs::set_permissions(place.path(dir), fs::Permissions::from_mode(mode)).unwrap())
    };
    set(0o555);
    // Root may write wherever it likes, unless it gives that right up.
    let root = fs::metadata("/proc/self").unwrap().uid() == 0;
    let before: &[&str] = if root { &["setpriv", "--bounding-set=-all", "--inh-caps=-all"] } else { &[] };
    place.env("PATH", "/usr/bin:/bin");
    let run = |line: &str| {
        let words: Vec<&str> = line.split(' ').collect();
        let output =
            place.command_by(before, &words).output().expect("this test needs setpriv when run by root");
        place.tell(line, &output);
    };
    let tree = place.tree("snapshots");
    run("save 2025-11-05");
    run("save 2025-11-06");
    run("list");
    assert!(place.tree("snapshots") == tree);
    set(0o755);
    place.told(r#"
$ asof save 2025-11-05
! error: 2025-11-05 could not be frozen: can't create snapshots/.staging/[HEX]: Permission denied (os error 13)
!   hint: run asof as the user who owns the archive, or give this user the right to it
exit 1
$ asof save 2025-11-06
exit 0
$ asof list
Day             Editions  Provenance   Calls  Sales  Minutes min  Conversion
2025-11-06 Thu  1         ● witnessed      5      2         16.5     40.00 %
exit 0
"#);
}
