//! `prune`: which days are thinned and which stay whole, the cold store, and runs that are killed.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Stdio;
use std::thread::sleep;
use std::time::Duration;

use asof::archive::{Archive, ArchiveError};
use fastrand::Rng;

use crate::support::command::Place;

/// Each month's last day, and every day of the last three.
const RETENTION: &str = "[retention]\nkeep_daily = \"3 days\"\nkeep_monthly = \"forever\"\n";

/// Calls on the forty days from 2025-09-28 to 2025-11-06, a call a day; frozen by a backfill.
pub(super) fn forty_days(retention: &str) -> Place {
    let place = Place::new();
    let config = format!(
        r#"[source]
url = "sqlite:calls.db"
{retention}
[calendar]
time_zone = "America/Chicago"
[events.calls]
table = "calls"
time = "at"
time_is = "local"
by.status = "status"
[metrics]
calls = {{ of = "calls", count = true }}
people = {{ of = "calls", distinct = "who", cumulative = true }}
"#
    );
    place.write("asof.toml", config);
    let first: asof::model::Day = "2025-09-28".parse().unwrap();
    let mut rows = String::from("create table calls (at text, who text, status text);");
    for at in 0..40 {
        let day = first.checked_add(at).unwrap();
        let _ = write!(rows, "insert into calls values ('{day} 12:00:00', 'a{}', 'SALE');", at % 7);
    }
    place.sqlite("calls.db", &rows);
    place.done(&["backfill --from 2025-09-28 --to 2025-11-06 --quiet"]);
    place
}

/// Few days, of which one is labelled and one pinned.
pub(super) fn few_days(retention: &str) -> Place {
    let place = super::calls();
    place.done(&["save 2025-10-30", "save 2025-10-31", "save 2025-11-01", "save 2025-11-05", "save"]);
    let config = place.read("asof.toml");
    place.write("asof.toml", format!("{config}\n{retention}"));
    place
}

pub(super) fn open(place: &Place, dir: &str) -> Archive {
    Archive::open(place.path(dir)).unwrap()
}

/// What is gone, by edition.
pub(super) fn pruned(place: &Place) -> BTreeMap<String, Vec<String>> {
    let history = open(place, "snapshots").history().unwrap();
    history.all_thinned().map(|(id, pruned)| (id.to_string(), pruned.files.clone())).collect()
}

/// The frozen days' files.
pub(super) fn days(place: &Place) -> BTreeMap<String, Vec<u8>> {
    let mut files = place.tree("snapshots");
    files.retain(|path, _| path.starts_with("20"));
    files
}

pub(super) fn chain_holds(place: &Place) {
    let check = open(place, "snapshots").check_ledger().unwrap();
    assert_eq!((check.damaged.len(), check.torn), (0, 0));
}

#[test]
fn a_dry_run_tells_what_becomes_of_each_day_and_does_nothing() {
    let place = few_days(
        "[retention]\nkeep_daily = \"1 day\"\nkeep_monthly = \"6 months\"\nkeep_labels = [\"audit\"]\n",
    );
    place.done(&["label 2025-10-30 audit", "save 2025-10-29", "label 2025-10-29 other"]);
    let before = place.tree("snapshots");
    place.asof("prune --dry-run");
    place.told(
        r#"
$ asof prune --dry-run
2025-10-29  thin  days reach back 1 day; 2025-10-31 stands for its month
2025-10-30  keep  label "audit"
2025-10-31  keep  stands for its month, 6 months
2025-11-01  thin  days reach back 1 day; 2025-11-06 stands for its month
2025-11-05  keep  days, 1 day
2025-11-06  keep  the newest day; days, 1 day; stands for its month, 6 months
4 to keep, 2 to thin: 4 files would be removed; nothing was done
exit 0
"#,
    );
    assert_eq!(place.tree("snapshots"), before);
    let run = place.asof("prune --dry-run --json");
    let json: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(
        json["days"][1],
        serde_json::json!({"date": "2025-10-30", "fate": "keep", "why": "label \"audit\""})
    );
    assert_eq!((&json["dry_run"], &json["thinned"]), (&true.into(), &serde_json::Value::Null));
}

#[test]
fn a_thinned_day_keeps_its_numbers_and_loses_its_page_and_cubes() {
    let place = forty_days(RETENTION);
    place.done(&["pin 2025-10-05"]);
    let before = days(&place);
    place.asof("prune -v");
    let told = place.take();
    assert!(told.contains("2025-10-05  keep  pinned\n"), "{told}");
    assert!(told.contains("33 editions thinned: 66 files of "), "{told}");
    // Kept: two month ends, the pinned day, 3 to 6 November.
    let whole =
        ["2025-09-30", "2025-10-05", "2025-10-31", "2025-11-03", "2025-11-04", "2025-11-05", "2025-11-06"];
    let after = days(&place);
    for (path, bytes) in &before {
        let (day, file) = path.split_once('/').unwrap();
        let goes = file == "dashboard.html" || file.starts_with("cubes/");
        if goes && !whole.contains(&day) {
            assert!(!after.contains_key(path), "{path} is still there");
        } else {
            assert_eq!(after.get(path), Some(bytes), "{path} is not as it was");
        }
    }
    assert!(after.keys().all(|path| before.contains_key(path)));
    assert_eq!(pruned(&place)["2025-10-01"], ["cubes/calls.parquet", "dashboard.html"]);
    chain_holds(&place);
    // Twice is once: not a byte more.
    let ledger = place.read("snapshots/ledger.jsonl");
    place.done(&["prune"]);
    assert_eq!((days(&place), place.read("snapshots/ledger.jsonl")), (after, ledger));
    let index = place.read("snapshots/index.html");
    assert!(!index.contains("2025-10-01/dashboard.html") && index.contains("2025-10-31/dashboard.html"));
    // The numbers are there, and days can be frozen after it.
    assert_eq!(place.asof("restore 2025-10-01 --json").code, 0);
    place.forget();
    place.at("2025-11-08T03:00:00-06:00");
    place.done(&["save"]);
    // What is asked for beyond that is said to be gone.
    let archive = open(&place, "snapshots");
    let history = archive.history().unwrap();
    let frozen = history.get(&"2025-10-01".parse().unwrap()).unwrap();
    let manifest = archive.manifest(&frozen.line).unwrap();
    let error = archive.read_file(&manifest, "dashboard.html").unwrap_err();
    assert!(matches!(error, ArchiveError::Pruned { to: None, .. }), "{error}");
    archive.metrics(&manifest).unwrap();
}

#[test]
fn the_page_of_a_thinned_day_is_rendered_anew_and_says_so() {
    let place = few_days("[retention]\nkeep_monthly = \"forever\"\n");
    place.done(&["prune"]);
    place.write("temp/.keep", "");
    place.env("TMPDIR", place.path("temp").to_str().unwrap());
    place.at("2025-11-09T10:00:00-06:00");
    let before = place.tree("snapshots");
    let run = place.asof("restore 2025-11-05 --html");
    let folder = run.stdout.strip_suffix("/asof-2025-11-05-anew.html\n").unwrap().to_owned();
    assert_eq!(std::path::Path::new(&folder).parent().unwrap(), place.path("temp"));
    assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o7777, 0o700);
    // Another archive's page, or another one's file, is not in the way and stays.
    let again = place.asof("restore 2025-11-05 --html").stdout;
    assert_ne!(again, run.stdout);
    place.forget();
    let page = fs::read_to_string(format!("{folder}/asof-2025-11-05-anew.html")).unwrap();
    assert_eq!(fs::read_to_string(again.trim_end()).unwrap(), page);
    let remark =
        "Rendered anew on 2025-11-09 16:00 UTC: the frozen page was thinned on 2025-11-07 09:00 UTC.";
    assert!(page.contains(remark));
    assert!(page.contains("Conversion") && page.contains("33.33"));
    assert_eq!(place.tree("snapshots"), before);
    place.asof("restore 2025-11-05 --output copies");
    place.told(
        r#"
$ asof restore 2025-11-05 --output copies
! error: snapshots/2025-11-05/cubes/calls.parquet was thinned on 2025-11-07
!   hint: its numbers are still there; a backup may hold the file
exit 1
"#,
    );
}

#[test]
fn totals_go_only_when_that_is_asked_for_and_all_editions_do() {
    let place = few_days("[retention]\nkeep_monthly = \"forever\"\n");
    place.sqlite("calls.db", "update calls set status = 'SALE' where at like '2025-11-05%'");
    place.done(&["save 2025-11-05 --restate --reason late", "pin 2025-10-30"]);
    // Far enough ahead for no day to come to be made of these.
    place.at("2025-11-20T03:00:00-06:00");
    place.done(&["save", "prune"]);
    let thinned = ["2025-11-01", "2025-11-05", "2025-11-05@2", "2025-11-06"];
    assert_eq!(pruned(&place).keys().collect::<Vec<_>>(), thinned);
    assert!(place.path("snapshots/2025-11-05@2/metrics.json").exists());
    place.done(&["prune --drop-totals"]);
    for id in thinned {
        let left: Vec<String> = place.tree(&format!("snapshots/{id}")).into_keys().collect();
        assert_eq!(left, ["manifest.json"]);
    }
    assert!(place.path("snapshots/2025-10-30/metrics.json").exists());
    place.asof("restore 2025-11-01");
    place.told(
        r#"
$ asof restore 2025-11-01
! error: snapshots/2025-11-01/metrics.json was thinned on 2025-11-20
!   hint: its totals are in the ledger, `asof list` shows them; a backup may hold the file
exit 1
"#,
    );
    chain_holds(&place);
}

#[test]
fn without_a_retention_nothing_is_done_and_one_that_keeps_nothing_is_refused() {
    let place = few_days("");
    let before = place.tree("snapshots");
    place.asof("prune");
    place.asof("prune -v --drop-totals --to cold");
    place.asof("prune --dry-run");
    place.asof("prune --json");
    place.asof("prune --dry-run --json");
    place.change("asof.toml", "[calendar]", "[retention]\nkeep_labels = [\"audit\"]\n[calendar]");
    place.asof("prune");
    place.change("asof.toml", "keep_labels = [\"audit\"]", "keep_daily = \"12 moons\"");
    place.asof("prune --dry-run");
    place.told(
        r#"
$ asof prune
exit 0
$ asof prune -v --drop-totals --to cold
the configuration has no [retention]: every day is kept whole, and nothing is pruned
exit 0
$ asof prune --dry-run
the configuration has no [retention]: every day is kept whole, and nothing is pruned
exit 0
$ asof prune --json
{"bytes":0,"days":[],"dry_run":false,"entities":[],"files":0,"removes":[],"retention":false,"thinned":[],"thinned_entities":[]}
exit 0
$ asof prune --dry-run --json
{"days":[],"dry_run":true,"entities":[],"removes":[],"retention":false}
exit 0
$ asof prune
! error: [retention] keeps no day: every frozen day but the newest would be thinned
!   hint: add a rule such as keep_monthly = "forever"
exit 2
$ asof prune --dry-run
! asof.toml:5:14: "12 moons" is no span of time to keep days for
!   hint: write forever, or a number and a unit: 90 days, 8 weeks, 12 months, 5 years
exit 2
"#,
    );
    assert_eq!(place.tree("snapshots"), before);
}

#[test]
fn labels_notes_and_pins_are_written_once_and_only_for_frozen_days() {
    let place = few_days("");
    place.asof("label 2025-11-05 audit -v");
    place.asof("label 2025-11-05 ' audit ' -v");
    place.asof("note latest 'the dialer was down' -v");
    place.asof("pin 2025-11-05");
    place.asof("pin 2025-11-05 -v");
    place.asof("pin 2025-11-05 --remove --json");
    place.asof("label 2025-11-05 none --remove -v");
    place.asof("label 2025-11-03 audit");
    place.asof("label 2025-11-05@1 audit");
    place.asof("note 2025-11-05 ' '");
    place.told(
        r#"
$ asof label 2025-11-05 audit -v
2025-11-05 has the label "audit"
exit 0
$ asof label 2025-11-05 ' audit ' -v
2025-11-05 has the label "audit" already
exit 0
$ asof note latest 'the dialer was down' -v
2025-11-06 has one note more
exit 0
$ asof pin 2025-11-05
exit 0
$ asof pin 2025-11-05 -v
2025-11-05 is pinned already
exit 0
$ asof pin 2025-11-05 --remove --json
{"changed":true,"date":"2025-11-05"}
exit 0
$ asof label 2025-11-05 none --remove -v
2025-11-05 does not have the label "none" already
exit 0
$ asof label 2025-11-03 audit
! error: 2025-11-03 is not in the archive
!   hint: the nearest days that exist: 2025-11-01 and 2025-11-05
exit 1
$ asof label 2025-11-05@1 audit
! error: 2025-11-05@1 names an edition, and what is said is said of the day
!   hint: leave out what follows the day
exit 2
$ asof note 2025-11-05 ' '
! error: the note is empty
!   hint: write a few words in quotes
exit 2
"#,
    );
    let ledger = place.read("snapshots/ledger.jsonl");
    let kinds = ["\"kind\":\"label\"", "\"kind\":\"note\"", "\"kind\":\"pin\""];
    assert_eq!(kinds.map(|kind| ledger.matches(kind).count()), [1, 1, 2]);
    chain_holds(&place);
    let index = place.read("snapshots/index.html");
    assert!(index.contains("label audit") && index.contains("note: the dialer was down"));
}

/// How often a run is killed, without a cold store and with one.
const KILLS: usize = 25;

#[test]
fn a_prune_that_is_killed_fifty_times_ends_where_an_undisturbed_one_does() {
    let seed = fastrand::u64(..);
    let mut rng = Rng::with_seed(seed);
    let original = forty_days(RETENTION);
    let start = original.tree("");
    let frozen: Vec<String> = days(&original).into_keys().collect();
    let mut between = 0;
    let fresh = || {
        let place = Place::new();
        for (path, bytes) in &start {
            if !path.ends_with('/') {
                place.write(path, bytes);
            }
        }
        place
    };
    for cold in [None, Some("--to")] {
        let arguments: Vec<&str> = ["prune"].into_iter().chain(cold).chain(cold.map(|_| "cold")).collect();
        let undisturbed = fresh();
        undisturbed.done(&[&arguments.join(" ")]);
        let (files, gone) = (days(&undisturbed), pruned(&undisturbed));
        assert_eq!(gone.len(), 34);
        let (mut killed, mut ended, mut longest) = (0, 0, 60_000);
        let mut place = fresh();
        while killed < KILLS || ended == 0 {
            let mut run =
                place.command(&arguments).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            sleep(Duration::from_micros(rng.u64(2_000..longest)));
            // Where copying is slow, each run comes a little further.
            longest += longest / 30;
            let whole = run.try_wait().unwrap().is_some();
            run.kill().unwrap();
            killed += usize::from(!run.wait().unwrap().success());
            let archive = open(&place, "snapshots");
            assert_eq!(archive.check_ledger().unwrap().damaged, [], "seed {seed}");
            // What is missing was named by a line before.
            let named = pruned(&place);
            let now = days(&place);
            for path in frozen.iter().filter(|path| !now.contains_key(*path)) {
                let (id, file) = path.split_once('/').unwrap();
                let file = file.trim_end_matches('/');
                let known = named.get(id).is_some_and(|gone| gone.iter().any(|one| one.starts_with(file)));
                assert!(known, "{path} is gone without a line, seed {seed}");
            }
            // Whenever it was stopped, what is there is whole.
            if rng.u8(..5) == 0 {
                assert_eq!(place.asof("verify --read-data-subset 1/9").code, 0, "seed {seed}");
                if place.path("cold/archive.json").exists() {
                    let run = place.asof("verify --archive cold --read-data-subset 1/9");
                    assert_eq!(run.code, 0, "seed {seed}: {}", run.stdout);
                }
                place.forget();
            }
            between += usize::from(!named.is_empty() && named != gone);
            if whole {
                assert_eq!(pruned(&place), gone, "seed {seed}");
                ended += 1;
                place = fresh();
            }
        }
        place.done(&[&arguments.join(" ")]);
        assert_eq!(
            (pruned(&place), days(&place).keys().collect::<Vec<_>>()),
            (gone, files.keys().collect()),
            "seed {seed}"
        );
        assert_eq!(days(&place), files, "seed {seed}");
        chain_holds(&place);
        assert_eq!(place.asof("verify").code, 0, "seed {seed}");
        if cold.is_some() {
            assert_eq!(place.asof("verify --archive cold").code, 0, "seed {seed}");
            let (cold, history) = (open(&place, "cold"), open(&place, "snapshots").history().unwrap());
            for (id, _) in history.all_thinned() {
                let manifest = cold.manifest(&history.get(id).unwrap().line).unwrap();
                for file in &manifest.files {
                    cold.read_file(&manifest, &file.path).unwrap();
                }
            }
        }
        println!("seed {seed}: killed {killed} times, {ended} runs came to their end");
    }
    assert!(between > 0, "no run was killed in the middle, seed {seed}");
}
