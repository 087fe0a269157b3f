//! Cold stores: what `prune --to` makes, that it is read like an archive and written by nobody else, and
//! which folders can't become one.

use std::fs;

use super::pruning::{days, few_days, open, pruned};
use crate::support::command::Place;

const MONTHS: &str = "[retention]\nkeep_monthly = \"forever\"\n";

/// Five days, three of them thinned with a copy in `cold`.
fn thinned() -> Place {
    let place = few_days(MONTHS);
    place.done(&["prune --to cold"]);
    place
}

#[test]
fn a_cold_store_is_an_archive_of_whole_days() {
    let place = few_days("[retention]\nkeep_monthly = \"forever\"\n");
    let before = days(&place);
    place.done(&["prune --to cold"]);
    let thinned = ["2025-10-30", "2025-11-01", "2025-11-05"];
    assert_eq!(pruned(&place).keys().collect::<Vec<_>>(), thinned);
    let cold = open(&place, "cold");
    assert_eq!(cold.id(), open(&place, "snapshots").id());
    assert_eq!(cold.check_ledger().unwrap().damaged, []);
    let history = cold.history().unwrap();
    for id in thinned {
        let frozen = history.get(&id.parse().unwrap()).unwrap();
        let manifest = cold.manifest(&frozen.line).unwrap();
        for file in &manifest.files {
            let bytes = cold.read_file(&manifest, &file.path).unwrap();
            assert_eq!(before[&format!("{id}/{}", file.path)], bytes);
        }
        cold.definitions(frozen.line.definitions).unwrap();
    }
    place.done(&["prune --to cold"]);
    // Nobody thins a cold store, and no other archive becomes one.
    let config = place.read("asof.toml");
    place.write("asof.toml", config.replace("[calendar]", "[archive]\ndir = \"cold\"\n[calendar]"));
    place.asof("prune");
    place.write("asof.toml", config);
    place.write("other/file", "");
    place.sqlite("calls.db", "update calls set status = 'SALE' where at like '2025-11-05%'");
    place.asof("save 2025-11-05 --restate --reason late");
    place.asof("prune --to other");
    place.asof("prune --to snapshots/cold");
    place.told(
        r#"
$ asof prune
! error: cold is a cold store: copies of days, which are only read
!   hint: check `dir` under [archive]: it must name the archive that the days were copied from; to read the copies, name this folder with --archive
exit 1
$ asof save 2025-11-05 --restate --reason late
exit 0
$ asof prune --to other
! error: other can't be the cold store of this archive: it holds other things
!   hint: name a new or empty folder outside of the archive
exit 1
$ asof prune --to snapshots/cold
! error: snapshots/cold can't be the cold store of this archive: it lies in the archive, or the archive in it
!   hint: name a new or empty folder outside of the archive
exit 1
"#,
    );
    assert!(!pruned(&place).contains_key("2025-11-05@2"));
}

#[test]
fn a_damaged_copy_stops_thinning_its_day() {
    let place = few_days("[retention]\nkeep_monthly = \"forever\"\n");
    let marker = "{\"format\":\"asof.cold-store/1\",\"id\":\"5d8f3f6e-7d0c-4f0b-9a1e-2b6c3d4e5f60\"}\n";
    place.write("cold/cold-store.json", marker);
    place.write("cold/2025-11-01/dashboard.html", "other");
    let before = days(&place);
    let run = place.asof("prune --to cold");
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("2025-11-01/dashboard.html is no copy of what was frozen"), "{}", run.stderr);
    assert_eq!(days(&place), before);
    assert!(pruned(&place).is_empty());
}

#[test]
fn a_cold_store_is_read_like_an_archive_and_nothing_is_said_of_days_that_it_has_not() {
    let place = thinned();
    // Edition 1 of the restated day is in the store, edition 2 is not.
    place.sqlite("calls.db", "update calls set status = 'SALE' where at like '2025-11-05%'");
    place.done(&["save 2025-11-05 --restate --reason late"]);
    let before = place.tree("cold");
    place.asof("verify --archive cold");
    place.asof("list --archive cold");
    place.asof("restore latest --archive cold --html");
    place.asof("restore 2025-11-06 --archive cold");
    place.asof("compare 2025-11-01 2025-11-05 --archive cold --metric calls --by status");
    place.asof("series calls --archive cold --csv");
    place.told(
        r#"
$ asof verify --archive cold
exit 0
$ asof list --archive cold
Day             Editions  Provenance       Calls  Sales  Minutes min  Conversion
2025-10-30 Thu  1         ○ reconstructed      0      0          0.0           —
2025-10-31      not copied
2025-11-01 Sat  1         ○ reconstructed      0      0          0.0           —
2025-11-02 – 2025-11-04, 3 days: not copied
2025-11-05 Wed  1         ○ reconstructed      3      1          1.5     33.33 %
exit 0
$ asof restore latest --archive cold --html
[DIR]/cold/2025-11-05/dashboard.html
exit 0
$ asof restore 2025-11-06 --archive cold
! error: 2025-11-06 is not in the archive
!   hint: the nearest days that exist: 2025-11-05
exit 1
$ asof compare 2025-11-01 2025-11-05 --archive cold --metric calls --by status
A  2025-11-01  Sat, edition 1, reconstructed
B  2025-11-05  Wed, edition 1, reconstructed

Metric  A  B  Difference     Change
Calls   0  3          −3  −100.00 %

Calls by status  A  B  Difference     Change
NA only in B     0  2          −2  −100.00 %
SALE only in B   0  1          −1  −100.00 %
exit 0
$ asof series calls --archive cold --csv
date,value,edition,provenance,definitions,note
2025-10-30,0,1,reconstructed,[HEX],
2025-10-31,,,,,not copied
2025-11-01,0,1,reconstructed,[HEX],
2025-11-02,,,,,not copied
2025-11-03,,,,,not copied
2025-11-04,,,,,not copied
2025-11-05,3,1,reconstructed,[HEX],
exit 0
"#,
    );
    assert_eq!(place.tree("cold"), before);
}

#[test]
fn nothing_but_prune_writes_into_a_cold_store() {
    let place = thinned();
    let config = place.read("asof.toml");
    place.write("asof.toml", config.replace("[calendar]", "[archive]\ndir = \"cold\"\n[calendar]"));
    let before = place.tree("cold");
    let refused = "error: cold is a cold store: copies of days, which are only read\n";
    for line in [
        "save",
        "save 2025-11-05 --restate --reason late",
        "backfill --from 2025-10-01 --to 2025-10-03",
        "backfill --from 2025-10-01 --to 2025-10-03 --dry-run",
        "drift 2025-11-05 --restate --reason late",
        "label 2025-11-05 audit",
        "note 2025-11-05 quiet",
        "pin 2025-11-05",
        "prune",
        "prune --dry-run",
        "prune --to colder",
    ] {
        let run = place.asof(line);
        assert_eq!((run.code, run.stdout.as_str()), (1, ""), "{line}");
        assert!(run.stderr.starts_with(refused) && run.stderr.contains("hint: "), "{line}: {}", run.stderr);
    }
    let run = place.asof("check");
    assert!(run.code == 1 && run.stdout.contains("archive        cold is a cold store"), "{}", run.stdout);
    // What only reads does.
    for line in ["list", "drift 2025-11-05", "verify", "restore 2025-11-05"] {
        assert_eq!(place.asof(line).code, 0, "{line}");
    }
    assert_eq!(place.tree("cold"), before);
}

#[test]
fn a_folder_that_can_not_be_the_store_is_refused_before_anything_is_done() {
    let place = few_days(MONTHS);
    place.write("file", "mine");
    place.write("other/file", "mine");
    // The store of another archive, a copy of this one, and a link into it.
    let theirs = thinned();
    for (path, bytes) in theirs.tree("cold").into_iter().filter(|(path, _)| !path.ends_with('/')) {
        place.write(&format!("theirs/{path}"), bytes);
    }
    for (path, bytes) in place.tree("snapshots").into_iter().filter(|(path, _)| !path.ends_with('/')) {
        place.write(&format!("copy/{path}"), bytes);
    }
    let before = place.tree("");
    std::os::unix::fs::symlink(place.path("snapshots"), place.path("link")).unwrap();
    for (to, why) in [
        ("snapshots", "it lies in the archive, or the archive in it"),
        ("snapshots/cold", "it lies in the archive, or the archive in it"),
        ("link/cold", "it lies in the archive, or the archive in it"),
        (".", "it lies in the archive, or the archive in it"),
        ("file", "it is no folder"),
        ("file/cold", "a part of its path is a file"),
        ("other", "it holds other things"),
        ("copy", "it is an archive of its own"),
        ("theirs", "it is that of another archive"),
    ] {
        for more in ["", " --dry-run"] {
            let run = place.asof(&format!("prune --to {to}{more}"));
            assert_eq!(run.code, 1, "{to}");
            let told = format!("error: {to} can't be the cold store of this archive: {why}\n");
            assert!(run.stderr.starts_with(&told), "{to}: {}", run.stderr);
        }
    }
    fs::remove_file(place.path("link")).unwrap();
    assert_eq!(place.tree(""), before);
    assert!(pruned(&place).is_empty());
}

#[test]
fn a_store_that_knows_more_than_the_archive_is_not_made_to_forget_it() {
    let place = few_days(MONTHS);
    let ledger = place.read("snapshots/ledger.jsonl");
    place.done(&["prune --to cold"]);
    // The archive came back from a backup.
    let cold = place.tree("cold");
    place.write("snapshots/ledger.jsonl", ledger);
    let run = place.asof("prune --to cold");
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("its ledger has lines that the archive's ledger does not have"));
    assert_eq!(place.tree("cold"), cold);
}

#[test]
fn a_disk_that_is_full_leaves_every_day_whole() {
    let place = few_days(MONTHS);
    let before = days(&place);
    // Blocks of 512 bytes: the ledger fits, a page does not.
    let script = "trap '' XFSZ; ulimit -f 20; exec \"$0\" \"$@\"";
    let output = place.command_by(&["/bin/sh", "-c", script], &["prune", "--to", "cold"]).output().unwrap();
    let run = place.tell("prune --to cold", &output);
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("can't write cold/.partial-"), "{}", run.stderr);
    assert_eq!(days(&place), before);
    assert!(pruned(&place).is_empty());
    // Half a copy is no day, and the next run makes it whole.
    assert_eq!(place.asof("verify --archive cold").code, 0);
    place.done(&["prune --to cold", "verify", "verify --archive cold"]);
    assert_eq!(pruned(&place).len(), 3);
}

#[test]
fn what_is_missing_or_changed_in_a_cold_store_is_found() {
    let place = thinned();
    place.done(&["verify", "verify --archive cold"]);
    fs::rename(place.path("cold"), place.path("moved")).unwrap();
    fs::remove_file(place.path("moved/2025-11-01/dashboard.html")).unwrap();
    fs::remove_dir_all(place.path("moved/2025-11-05")).unwrap();
    let mut page = fs::read(place.path("moved/2025-10-30/cubes/calls.parquet")).unwrap();
    page[20] ^= 1;
    place.write("moved/2025-10-30/cubes/calls.parquet", page);
    place.asof("verify --archive moved --json");
    let told = place.take();
    for finding in [
        "\"path\":\"2025-11-01/dashboard.html\",\"what\":\"is missing\"",
        "\"path\":\"2025-11-05\",\"what\":\"is missing, and the ledger says that it was copied here\"",
        "\"path\":\"2025-10-30/cubes/calls.parquet\",\"what\":\"has changed since it was frozen",
    ] {
        assert!(told.contains(finding), "{told}");
    }
    assert!(told.contains("exit 4"));
}

#[test]
fn what_was_thinned_without_a_copy_is_not_said_to_have_one() {
    let place = few_days(MONTHS);
    place.at("2025-11-20T03:00:00-06:00");
    place.done(&["save", "prune", "prune --drop-totals --to cold"]);
    // The page went before there was a store, the numbers after it.
    place.asof("restore 2025-11-05 --output copies");
    place.asof("restore 2025-11-05 --archive cold");
    let told = place.take();
    assert!(told.contains("snapshots/2025-11-05/metrics.json was thinned on 2025-11-20"), "{told}");
    assert!(told.contains("cold: read it there, with --archive"), "{told}");
    assert!(told.contains("Wednesday 5 November 2025"), "{told}");
    place.done(&["verify", "verify --archive cold"]);
    let archive = open(&place, "snapshots");
    let history = archive.history().unwrap();
    let frozen = history.get(&"2025-11-05".parse().unwrap()).unwrap();
    let manifest = archive.manifest(&frozen.line).unwrap();
    let hint = archive.read_file(&manifest, "dashboard.html").unwrap_err().hint().unwrap();
    assert_eq!(hint, "its totals are in the ledger, `asof list` shows them; a backup may hold the file");
}

#[test]
fn totals_that_days_to_come_are_made_of_stay_and_what_is_lost_is_not_known() {
    let place = super::pruning::forty_days("[retention]\nkeep_monthly = \"forever\"");
    let month = "[metrics]\nmonth = { of = \"calls\", count = true, over = \"30d\" }";
    place.change("asof.toml", "[metrics]", month);
    fs::remove_dir_all(place.path("snapshots")).unwrap();
    for plan in ["backfill.json", "backfill-stats.json"] {
        let _ = fs::remove_file(place.path(plan));
    }
    place.done(&["backfill --from 2025-09-28 --to 2025-11-05 --quiet"]);
    place.asof("prune --drop-totals --dry-run");
    let told = place.take();
    // Thirty days that end with 6 November begin on 8 October.
    let goes = "2025-10-07  thin  2025-10-31 stands for its month; its totals go too\n";
    assert!(told.contains(goes), "{told}");
    let stays = "stands for its month; its totals stay, since days to come are made of them\n";
    assert!(told.contains(&format!("2025-10-08  thin  2025-10-31 {stays}")), "{told}");
    place.done(&["prune --drop-totals"]);
    assert!(!place.path("snapshots/2025-10-07/metrics.json").exists());
    assert!(place.path("snapshots/2025-10-07/seen/people.keys").exists());
    assert!(place.path("snapshots/2025-10-08/metrics.json").exists());
    // A call a day: thirty, and of the seven people none is new.
    let run = place.asof("save");
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    let month = |when: &str| {
        let run = place.asof(&format!("restore {when} --json"));
        let json: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
        (json["metrics"]["month"].clone(), json["metrics"]["people"]["seen"].clone())
    };
    let (over, seen) = month("2025-11-06");
    assert_eq!((&over["value"], &over["over"]["had"]), (&30.into(), &30.into()));
    assert_eq!((&seen["new"], &seen["cumulative"]), (&0.into(), &7.into()));
    // A restatement of an older day can't know its thirty days any more, and says why.
    place.sqlite("calls.db", "insert into calls values ('2025-10-20 13:00:00', 'a1', 'SALE')");
    let run = place.asof("save 2025-10-20 --restate --reason late");
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    let (over, _) = month("2025-10-20@2");
    // Of the 22 days from 28 September to 19 October nine are without totals: those before 8 October
    // but 30 September.
    assert_eq!((&over["value"], &over["day"]["value"]), (&serde_json::Value::Null, &2.into()));
    assert_eq!(over["reason"], "the totals of 9 of the 22 earlier days were thinned");
    place.done(&["verify"]);
}

#[test]
fn a_day_that_is_pinned_is_thinned_once_it_is_not_and_all_its_editions_are() {
    let place = few_days(MONTHS);
    place.sqlite("calls.db", "update calls set status = 'SALE' where at like '2025-11-05%'");
    place.done(&["save 2025-11-05 --restate --reason late", "pin 2025-11-05", "prune"]);
    assert_eq!(pruned(&place).into_keys().collect::<Vec<_>>(), ["2025-10-30", "2025-11-01"]);
    place.done(&["prune", "pin 2025-11-05 --remove", "prune", "verify"]);
    let all = ["2025-10-30", "2025-11-01", "2025-11-05", "2025-11-05@2"];
    assert_eq!(pruned(&place).into_keys().collect::<Vec<_>>(), all);
    // Pinned too late: what is gone does not come back, and nothing more goes.
    place.done(&["pin 2025-11-01", "prune --drop-totals"]);
    assert!(place.path("snapshots/2025-11-01/metrics.json").exists());
}
