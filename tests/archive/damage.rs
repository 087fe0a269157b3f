//! What is damaged × how × what is then said: never a wrong number, never a panic.

use std::fs;
use std::path::PathBuf;

use asof::archive::{Archive, ArchiveError};
use asof::model::Digest;

use super::{Fixture, day, freeze, id, try_freeze};

/// Ways to damage a file.
#[derive(Clone, Copy, Debug)]
enum How {
    Remove,
    Truncate,
    Empty,
    Flip,
    Extend,
    Folder,
}

const ALL: [How; 6] = [How::Remove, How::Truncate, How::Empty, How::Flip, How::Extend, How::Folder];

fn damage(path: &PathBuf, how: How) {
    let mut bytes = fs::read(path).unwrap();
    fs::remove_file(path).unwrap();
    match how {
        How::Remove => return,
        How::Folder => return fs::create_dir(path).unwrap(),
        How::Truncate => bytes.truncate(bytes.len() / 2),
        How::Empty => bytes.clear(),
        How::Flip => {
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
        }
        How::Extend => bytes.push(b' '),
    }
    fs::write(path, bytes).unwrap();
}

/// Reads all of one edition, as whoever shows it does.
fn read_all(archive: &Archive, name: &str) -> Result<(), ArchiveError> {
    let history = archive.history()?;
    let line = &history.get(&id(name))?.line;
    let manifest = archive.manifest(line)?;
    archive.metrics(&manifest)?;
    for doc in &manifest.files {
        archive.read_file(&manifest, &doc.path)?;
    }
    archive.definitions(line.definitions)?;
    Ok(())
}

#[test]
fn every_damage_to_a_days_files_is_an_error_that_names_the_file() {
    let definitions = super::definitions("vicidial_log").fingerprint();
    let files = [
        "2025-11-06/manifest.json".to_owned(),
        "2025-11-06/metrics.json".to_owned(),
        "2025-11-06/dashboard.html".to_owned(),
        "2025-11-06/cubes/calls.parquet".to_owned(),
        format!("definitions/{definitions}.json"),
    ];
    for file in &files {
        for how in ALL {
            let fixture = Fixture::with_days();
            read_all(&fixture.archive, "2025-11-06").unwrap();
            damage(&fixture.dir().join(file), how);
            let error = read_all(&fixture.archive, "2025-11-06").unwrap_err();
            assert!(error.to_string().contains(file.as_str()), "{file} {how:?}: {error}");
            if !matches!(how, How::Folder) {
                assert!(matches!(error, ArchiveError::Damaged { .. }), "{file} {how:?}: {error}");
                assert!(error.hint().unwrap().contains("backup"), "{file} {how:?}");
            }
            // What is frozen beside it can still be read, and the next day can be frozen.
            if !file.starts_with("definitions") {
                read_all(&fixture.archive, "2025-11-06@2").unwrap();
            }
            freeze(&fixture.archive, "2025-11-08", 1, "2025-11-09T02:00:00Z");
        }
    }
}

#[test]
fn a_folder_that_is_gone_is_damage_to_that_edition_only() {
    let fixture = Fixture::with_days();
    fs::remove_dir_all(fixture.dir().join("2025-11-06")).unwrap();
    let error = read_all(&fixture.archive, "2025-11-06").unwrap_err();
    assert!(error.to_string().ends_with("2025-11-06 is missing, and the ledger has its line"), "{error}");
    read_all(&fixture.archive, "2025-11-06@2").unwrap();
    // Its number is not given again.
    let history = fixture.archive.history().unwrap();
    assert_eq!(history.next_edition(day("2025-11-06")).number(), 3);
    freeze(&fixture.archive, "2025-11-06@3", 1, "2025-11-09T02:00:00Z");
    assert_eq!(fixture.archive.history().unwrap().day(day("2025-11-06")).unwrap().len(), 3);
}

#[test]
fn an_archive_json_that_is_garbage_or_newer_is_refused() {
    let fixture = Fixture::with_days();
    let path = fixture.dir().join("archive.json");
    let healthy = fs::read_to_string(&path).unwrap();
    for garbage in [
        "",
        "x",
        "{}",
        "{\"format\":7}",
        "{\"format\":\"asof.archive\"}",
        "{\"format\":\"asof.archive/1\"}",
        "{\"format\":\"asof.archive/0\"}",
        "{\"format\":\"other/1\"}",
    ] {
        fs::write(&path, garbage).unwrap();
        let error = Archive::open(fixture.dir()).unwrap_err();
        assert!(
            matches!(&error, ArchiveError::Damaged { path: named, .. } if *named == path),
            "{garbage}: {error}"
        );
        let made = Archive::open_or_create(fixture.dir(), None, super::at("2026-01-01T00:00:00Z"));
        assert!(made.is_err(), "{garbage}");
        assert_eq!(fs::read_to_string(&path).unwrap(), garbage);
    }
    fs::write(&path, "{\"format\":\"asof.archive/2\",\"something\":\"else\"}").unwrap();
    let error = Archive::open(fixture.dir()).unwrap_err();
    assert!(error.to_string().ends_with(
        "archive.json has the format asof.archive/2, and this version of asof reads no newer one than asof.archive/1"
    ));
    assert!(error.hint().unwrap().contains("newer version of asof"));
    fs::write(&path, healthy).unwrap();
    fixture.assert_sound();
}

#[test]
fn a_manifest_of_a_newer_format_is_refused_as_newer() {
    let fixture = Fixture::with_days();
    // As a newer version of asof would have written it: the ledger has its digest.
    let newer = "{\"format\":\"asof.snapshot/2\"}\n";
    let path = fixture.dir().join("2025-11-07/manifest.json");
    let before = Digest::of(&fs::read(&path).unwrap()).to_string();
    let after = Digest::of(newer.as_bytes()).to_string();
    fs::write(&path, newer).unwrap();
    let ledger = fs::read_to_string(fixture.archive.ledger_path()).unwrap().replace(&before, &after);
    fs::write(fixture.archive.ledger_path(), ledger).unwrap();
    let error = read_all(&fixture.archive, "2025-11-07").unwrap_err();
    assert!(matches!(error, ArchiveError::Newer { .. }), "{error}");
}

#[test]
fn a_missing_ledger_is_an_error_for_readers_and_writers() {
    let fixture = Fixture::with_days();
    fs::remove_file(fixture.archive.ledger_path()).unwrap();
    assert!(matches!(fixture.archive.history(), Err(ArchiveError::Damaged { .. })));
    assert!(fixture.archive.check_ledger().is_err());
    let error = try_freeze(&fixture.archive, "2025-11-08", 1, "2025-11-09T02:00:00Z").unwrap_err();
    assert!(error.to_string().ends_with("ledger.jsonl is missing"), "{error}");
    assert!(!fixture.archive.ledger_path().exists());
}

#[test]
fn a_torn_last_line_is_passed_over_and_cut_and_the_cut_is_recorded() {
    // A half line, one byte, NULs as a power cut leaves them, a line with a hole, no UTF-8 at all.
    let tails: [&[u8]; 5] =
        [b"{\"seq\":5,\"at\":\"2025-11-08T", b"{", &[0; 700], b"{\"seq\":5,\0\0\0\0\"}\n", &[0xff; 9]];
    for tail in tails {
        let fixture = Fixture::with_days();
        let path = fixture.archive.ledger_path();
        let healthy = fs::read(&path).unwrap();
        fs::write(&path, [&healthy, tail].concat()).unwrap();

        let history = fixture.archive.history().unwrap();
        assert!(history.torn());
        assert_eq!((history.damaged(), fixture.editions().len()), (&[][..], 4));
        let check = fixture.archive.check_ledger().unwrap();
        assert_eq!((check.torn, check.damaged.len()), (tail.len() as u64, 0));

        freeze(&fixture.archive, "2025-11-08", 1, "2025-11-09T02:00:00Z");
        let lines = fixture.ledger();
        assert_eq!(lines.len(), 6);
        let repaired: serde_json::Value = serde_json::from_str(&lines[4]).unwrap();
        assert_eq!(repaired["kind"], "repaired");
        assert_eq!(repaired["bytes"], tail.len());
        assert_eq!(repaired["sha256"].as_str().unwrap(), Digest::of(tail).to_string());
        assert!(fs::read(&path).unwrap().starts_with(&healthy));
        assert!(!fixture.archive.history().unwrap().torn());
        fixture.assert_sound();
    }
}

#[test]
fn a_line_without_its_folder_counts_for_nothing_and_is_closed_by_the_next_writer() {
    let fixture = Fixture::with_days();
    // As if the process had died between the line and the rename, and the next one while closing it.
    fs::remove_dir_all(fixture.dir().join("2025-11-07")).unwrap();
    let path = fixture.archive.ledger_path();
    let torn = [fs::read(&path).unwrap(), b"{\"seq\":5,\"kind\":\"aband".to_vec()].concat();
    fs::write(&path, torn).unwrap();

    let history = fixture.archive.history().unwrap();
    assert!(matches!(history.get(&id("2025-11-07")), Err(ArchiveError::Unknown { .. })));
    assert_eq!(history.next_edition(day("2025-11-07")).number(), 1);
    freeze(&fixture.archive, "2025-11-07", 301, "2025-11-09T02:00:00Z");
    let kinds: Vec<String> = fixture
        .ledger()
        .iter()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["kind"].as_str().unwrap().into())
        .collect();
    assert_eq!(kinds, ["snapshot", "snapshot", "snapshot", "snapshot", "repaired", "abandoned", "snapshot"]);
    let abandoned: serde_json::Value = serde_json::from_str(&fixture.ledger()[5]).unwrap();
    assert_eq!((abandoned["of"].as_u64(), abandoned["date"].as_str()), (Some(4), Some("2025-11-07")));
    fixture.assert_sound();
    let history = fixture.archive.history().unwrap();
    assert_eq!(history.get(&id("2025-11-07")).unwrap().line.seq, 7);
    // A folder that goes missing once others were closed is damage, and is not closed.
    fs::remove_dir_all(fixture.dir().join("2025-11-06@2")).unwrap();
    freeze(&fixture.archive, "2025-11-08", 1, "2025-11-10T02:00:00Z");
    assert!(read_all(&fixture.archive, "2025-11-06@2").is_err());
    assert_eq!(fixture.ledger().len(), 8);
}

#[test]
fn a_damaged_line_in_the_middle_stops_writers_and_only_readers_that_it_could_mislead() {
    for bad in [
        "",
        "{",
        "{\"seq\":3}",
        "not json",
        "{\"seq\":3,\"at\":\"2025-11-07T09:00:00Z\",\"kind\":\"snapshot\"}",
    ] {
        let fixture = Fixture::with_days();
        let mut lines = fixture.ledger();
        lines[2] = bad.to_owned();
        fs::write(fixture.archive.ledger_path(), lines.join("\n") + "\n").unwrap();

        let error = try_freeze(&fixture.archive, "2025-11-08", 1, "2025-11-09T02:00:00Z").unwrap_err();
        assert!(matches!(error, ArchiveError::LedgerLine { line: 3, .. }), "{bad}: {error}");
        assert!(error.to_string().starts_with("line 3 of "), "{error}");
        assert_eq!(fixture.ledger(), lines);

        let history = fixture.archive.history().unwrap();
        assert_eq!(history.damaged().len(), 1);
        assert!(matches!(history.intact(), Err(ArchiveError::LedgerLine { line: 3, .. })));
        // The line was that of 2025-11-06@2: its folder shows that something is missing about this day.
        assert!(matches!(history.day(day("2025-11-06")), Err(ArchiveError::LedgerLine { line: 3, .. })));
        read_all(&fixture.archive, "2025-11-05").unwrap();
        read_all(&fixture.archive, "2025-11-07").unwrap();
        assert_eq!(fixture.archive.check_ledger().unwrap().damaged[0].line, 3);
    }
}

#[test]
fn a_line_that_was_removed_stops_writers() {
    let fixture = Fixture::with_days();
    let mut lines = fixture.ledger();
    lines.remove(1);
    fs::write(fixture.archive.ledger_path(), lines.join("\n") + "\n").unwrap();
    let error = try_freeze(&fixture.archive, "2025-11-08", 1, "2025-11-09T02:00:00Z").unwrap_err();
    assert!(error.to_string().ends_with("has the number 3 where 2 belongs"), "{error}");
    let history = fixture.archive.history().unwrap();
    assert_eq!(history.unlisted(), [id("2025-11-06")]);
    assert!(history.day(day("2025-11-06")).is_err());
    read_all(&fixture.archive, "2025-11-07").unwrap();
}

#[test]
fn lines_cut_from_the_end_leave_folders_that_are_never_taken_in() {
    let fixture = Fixture::with_days();
    let lines = fixture.ledger();
    fs::write(fixture.archive.ledger_path(), lines[..3].join("\n") + "\n").unwrap();
    let history = fixture.archive.history().unwrap();
    assert_eq!(history.unlisted(), [id("2025-11-07")]);
    let error = try_freeze(&fixture.archive, "2025-11-07", 1, "2025-11-09T02:00:00Z").unwrap_err();
    assert!(matches!(error, ArchiveError::InTheWay { .. }), "{error}");
    assert!(fixture.dir().join("2025-11-07/manifest.json").exists());
}

#[test]
fn a_changed_number_in_the_ledger_breaks_its_chain_where_it_was_changed() {
    let fixture = Fixture::with_days();
    let mut lines = fixture.ledger();
    lines[1] = lines[1].replace("\"calls\":200", "\"calls\":999");
    fs::write(fixture.archive.ledger_path(), lines.join("\n") + "\n").unwrap();
    let check = fixture.archive.check_ledger().unwrap();
    assert_eq!(check.damaged.len(), 1);
    assert_eq!(check.damaged[0].line, 3);
    assert_eq!(check.damaged[0].what, "does not name the digest of line 2: one of the two was changed");
    // It can be read, so nobody is stopped by it.
    freeze(&fixture.archive, "2025-11-08", 1, "2025-11-09T02:00:00Z");
    assert_eq!(fixture.archive.check_ledger().unwrap().damaged, check.damaged);
}

#[test]
fn the_chain_shows_every_change_of_a_byte_but_in_the_last_line() {
    let fixture = Fixture::with_days();
    let path = fixture.archive.ledger_path();
    let healthy = fs::read(&path).unwrap();
    let last_line = healthy[..healthy.len() - 1].iter().rposition(|byte| *byte == b'\n').unwrap() + 1;
    for at in 0..last_line {
        let mut changed = healthy.clone();
        changed[at] ^= 1;
        fs::write(&path, &changed).unwrap();
        assert_ne!(fixture.archive.check_ledger().unwrap().damaged, [], "byte {at}");
        // Whatever it is, reading it is no panic.
        let _ = fixture.archive.history().unwrap().days().count();
    }
    // In the last line it is the digest of the manifest that tells, and the head that somebody wrote down.
    fs::write(&path, &healthy).unwrap();
    let head = fixture.archive.check_ledger().unwrap().head;
    let text = String::from_utf8(healthy).unwrap();
    fs::write(&path, text.replace("\"calls\":300", "\"calls\":301")).unwrap();
    assert_ne!(fixture.archive.check_ledger().unwrap().head, head);
}

#[test]
fn an_archive_json_that_was_changed_breaks_the_chain_at_its_first_line() {
    let fixture = Fixture::with_days();
    let path = fixture.dir().join("archive.json");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("2025-11-01", "2025-10-01")).unwrap();
    let check = Archive::open(fixture.dir()).unwrap().check_ledger().unwrap();
    assert_eq!(check.damaged.len(), 1);
    assert_eq!(
        (check.damaged[0].line, check.damaged[0].what.as_str()),
        (1, "does not name the digest of archive.json: one of the two was changed")
    );
}
