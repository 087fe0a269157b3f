//! `verify`: what is damaged × where × how is found, under its path; what is whole is found whole.

mod damage;
mod filters;
mod forged;
mod looks;
mod odd;
mod thinned;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::support::command::Place;

/// Every kind of metric, floats among them, and keys of a count over time.
const CONFIG: &str = r#"[source]
url = "sqlite:calls.db"

[calendar]
time_zone = "America/Chicago"

[events.calls]
table = "calls"
time = "at"
time_is = "local"

[events.calls.by]
hour = { time = "hour" }
campaign = "campaign"
status = { sql = "status", alone = true }

[metrics]
calls = { of = "calls", count = true }
sales = { of = "calls", count = true, where = "status = 'SALE'" }
minutes = { of = "calls", sum = "seconds", divide = 60 }
talk = { of = "calls", avg = "seconds" }
cost = { of = "calls", sum = "cost" }
mean_cost = { of = "calls", avg = "cost" }
shortest = { of = "calls", min = "seconds" }
longest = { of = "calls", max = "seconds", divide = 60 }
phones = { of = "calls", distinct = "phone", as = "phone", by = ["campaign"], cumulative = true }
states = { of = "calls", distinct = "status", by = ["campaign"] }
conversion = { ratio = ["sales", "calls"] }
week = { ratio = ["sales", "calls"], over = "7d" }
minutes_of_week = { of = "calls", sum = "seconds", divide = 60, over = "7d" }
"#;

const CALLS: &str = "
create table calls (id integer primary key, at text, campaign text, status text, seconds integer, cost real, phone text);
create index by_time on calls (at);
insert into calls (at, campaign, status, seconds, cost, phone) values
  ('2025-11-05 09:00:00', '1027', 'SALE', 60, 0.1, '3145550100'),
  ('2025-11-05 10:00:00', '1027', 'NA', 0, 0.2, '3145550101'),
  ('2025-11-05 23:59:59', '2044', 'NA', 30, 0.3, '3145550101'),
  ('2025-11-06 00:00:00', '1027', 'SALE', 600, 0.7, '3145550102'),
  ('2025-11-06 09:15:00', '1027', 'NA', 0, 0.1, '3145550100'),
  ('2025-11-06 09:45:00', '1027', 'DROP', 30, 0.1, ''),
  ('2025-11-06 17:30:00', '2044', 'SALE', 360, 1.1, 'unknown'),
  ('2025-11-06 23:59:59', null, '', null, null, null),
  ('2025-11-07 00:00:00', '1027', 'SALE', 60, 0.1, '3145550103');
";

/// Three frozen days, one without any call, and a restatement: four snapshots.
fn whole() -> Place {
    let place = Place::new();
    place.write("asof.toml", CONFIG);
    place.sqlite("calls.db", CALLS);
    place.done(&["save 2025-11-04", "save 2025-11-05", "save 2025-11-06"]);
    place.sqlite("calls.db", "update calls set status = 'SALE' where status = 'DROP'");
    place.done(&["save 2025-11-06 --restate --reason 'late disposition'"]);
    place
}

/// The findings, as `path: what`.
fn found(place: &Place, line: &str) -> (i32, Vec<String>) {
    let run = place.asof(&format!("{line} --json"));
    place.forget();
    let document: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{}", run.stderr));
    let findings = document["findings"].as_array().unwrap();
    assert_eq!(document["ok"], findings.is_empty());
    let text = |finding: &Value| {
        assert!(finding["hint"].is_string(), "{finding}");
        let line = finding["line"].as_u64().map(|line| format!(":{line}")).unwrap_or_default();
        format!("{}{line}: {}", finding["path"].as_str().unwrap(), finding["what"].as_str().unwrap())
    };
    (run.code, findings.iter().map(text).collect())
}

/// What is found in the archive once something was done to it, which is undone again.
fn after(place: &Place, damage: impl FnOnce()) -> Vec<String> {
    let healthy = place.tree("snapshots");
    damage();
    let (code, findings) = found(place, "verify --archive snapshots");
    assert_eq!(code, if findings.is_empty() { 0 } else { 4 });
    fs::remove_dir_all(place.path("snapshots")).unwrap();
    for (path, content) in &healthy {
        if path.ends_with('/') {
            fs::create_dir_all(place.path("snapshots").join(path)).unwrap();
        } else {
            place.write(&format!("snapshots/{path}"), content);
        }
    }
    findings
}

#[test]
fn an_archive_that_is_whole_has_no_findings() {
    let place = whole();
    place.asof("verify");
    place.asof("verify -v");
    place.asof("verify -v --read-data-subset 1/1");
    let before = place.tree("snapshots");
    let (code, findings) = found(&place, "verify");
    assert_eq!((code, findings.as_slice()), (0, [].as_slice()));
    assert!(before == place.tree("snapshots"), "nothing may be written");
    place.asof("verify");
    // Neither a source nor a configuration is needed.
    fs::remove_file(place.path("calls.db")).unwrap();
    place.write("asof.toml", "this is no configuration");
    assert_eq!(found(&place, "verify --archive snapshots"), (0, Vec::new()));
    assert_eq!(place.asof("verify").code, 2);
}

#[test]
fn archives_of_earlier_versions_and_the_sample_are_whole() {
    let place = Place::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (dir, days) in [("tests/archive/golden/1/snapshots", 5), ("snapshots", 36)] {
        let run = place.asof(&format!("verify --archive {} --json", root.join(dir).display()));
        let document: Value = serde_json::from_str(&run.stdout).unwrap();
        assert_eq!((run.code, &document["findings"]), (0, &json!([])), "{dir}");
        assert_eq!((&document["snapshots"], &document["read"]), (&json!(days), &json!(days)));
    }
}

#[test]
fn what_is_missing_or_too_much_is_found() {
    let place = whole();
    let path = |name: &str| place.path("snapshots").join(name);
    let missing = after(&place, || fs::remove_dir_all(path("2025-11-05")).unwrap());
    assert_eq!(missing, ["2025-11-05: is missing, and the ledger has its line"]);
    let renamed = after(&place, || fs::rename(path("2025-11-05"), path("2025-10-05")).unwrap());
    assert_eq!(
        renamed,
        [
            "2025-10-05: has no line in the ledger, so it is no part of the archive",
            "2025-11-05: is missing, and the ledger has its line"
        ]
    );
    let unlisted = after(&place, || {
        place.write("snapshots/2025-11-05/notes.txt", "mine");
        place.write("snapshots/2025-11-05/cubes/.hidden", "mine");
        // What is no part of a snapshot is passed over, as readers do.
        place.write("snapshots/README", "mine");
    });
    let what = "is not listed in the manifest, so it is no part of the snapshot";
    assert_eq!(
        unlisted,
        [format!("2025-11-05/cubes/.hidden: {what}"), format!("2025-11-05/notes.txt: {what}")]
    );
    // An index is derived.
    assert_eq!(after(&place, || drop(fs::remove_file(path("index.html")))), [""; 0]);
}

#[test]
fn a_part_reads_the_files_of_some_days_and_each_day_is_in_one() {
    let place = whole();
    for day in ["2025-11-04", "2025-11-05", "2025-11-06", "2025-11-06@2"] {
        let path = format!("snapshots/{day}/dashboard.html");
        let mut bytes = fs::read(place.path(&path)).unwrap();
        bytes[10] ^= 1;
        place.write(&path, bytes);
    }
    let mut all = BTreeSet::new();
    for part in 1..=3 {
        let (code, findings) = found(&place, &format!("verify --read-data-subset {part}/3"));
        assert_eq!(code, 4);
        let days: BTreeSet<String> = findings.iter().map(|finding| finding[..10].to_owned()).collect();
        assert_eq!(days.len(), 1, "{findings:?}");
        assert!(days.into_iter().all(|day| all.insert(day)));
    }
    assert_eq!(all.len(), 3);
    // Sizes and manifests are looked at in every part.
    place.write("snapshots/2025-11-04/metrics.json", "{}");
    fs::remove_file(place.path("snapshots/2025-11-05/dashboard.html")).unwrap();
    for part in 1..=3 {
        let (_, findings) = found(&place, &format!("verify --read-data-subset {part}/3"));
        for path in ["2025-11-04/metrics.json: ", "2025-11-05/dashboard.html: is missing"] {
            assert!(findings.iter().any(|finding| finding.starts_with(path)), "{part}: {findings:?}");
        }
    }
    for wrong in ["0/7", "8/7", "7", "a/b"] {
        assert_eq!(place.asof(&format!("verify --read-data-subset {wrong}")).code, 2, "{wrong}");
    }
}

#[test]
fn people_are_told_in_lines() {
    let place = whole();
    let hide_bytes = |text: &str| {
        let bytes = text.split(", ").find(|piece| piece.contains(" bytes")).unwrap();
        place.hide(bytes.split([':', '(']).next().unwrap().trim(), "BYTES");
    };
    place.asof("verify");
    hide_bytes(&place.asof("verify -v").stdout);
    hide_bytes(&place.asof("verify -v --read-data-subset 1/3").stdout);
    place.asof("verify --archive nowhere");
    fs::remove_file(place.path("snapshots/2025-11-05/dashboard.html")).unwrap();
    fs::remove_file(place.path("snapshots/2025-11-06/cubes/calls.parquet")).unwrap();
    place.write("snapshots/2025-11-06/mine", "mine");
    hide_bytes(&place.asof("verify").stdout);
    place.asof("verify --quiet");
    place.told(
        r#"
$ asof verify
exit 0
$ asof verify -v
4 snapshots, 23 files, [BYTES]: everything is as it was frozen
exit 0
$ asof verify -v --read-data-subset 1/3
4 snapshots, 23 files, [BYTES] (part 1/3: the files of 1 snapshot were read): everything is as it was frozen
exit 0
$ asof verify --archive nowhere
! error: there is no archive at nowhere: the folder does not exist
!   hint: name the folder in which archive.json is with --archive
exit 1
$ asof verify
! 2025-11-05/dashboard.html       is missing
! 2025-11-06/cubes/calls.parquet  is missing
  hint: restore it from a backup; asof never repairs what was frozen
! 2025-11-06/mine                 is not listed in the manifest, so it is no part of the snapshot
  hint: asof did not put it there: move it out of the archive
4 snapshots, 21 files, [BYTES]: 3 findings
exit 4
$ asof verify --quiet
exit 4
"#,
    );
}
