//! `verify`: what is damaged × where × how is found, under its path; what is whole is found whole.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use asof::model::Digest;
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
fn every_damage_to_every_kind_of_file_is_found_under_its_path() {
    let place = whole();
    let definitions: Vec<String> = place
        .tree("snapshots")
        .into_keys()
        .filter(|path| path.starts_with("definitions/") && path.ends_with(".json"))
        .collect();
    let mut files: Vec<String> =
        ["manifest.json", "metrics.json", "dashboard.html", "cubes/calls.parquet", "seen/phones.keys"]
            .map(|file| format!("2025-11-06/{file}"))
            .into();
    files.extend(definitions);
    files.extend(["archive.json".to_owned(), "ledger.jsonl".to_owned()]);
    let ways: [(&str, fn(&mut Vec<u8>)); 4] = [
        ("flipped", |bytes| {
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
        }),
        ("truncated", |bytes| bytes.truncate(bytes.len() / 2)),
        ("emptied", Vec::clear),
        ("extended", |bytes| bytes.push(b' ')),
    ];
    for file in &files {
        let path = place.path("snapshots").join(file);
        let named = |findings: &[String], how: &str| {
            // A change of archive.json that can be read shows where the ledger is chained on it.
            let fits = |finding: &String| {
                finding.starts_with(&format!("{file}:"))
                    || (file == "archive.json"
                        && finding.starts_with("ledger.jsonl:1: ")
                        && finding.contains(file))
            };
            assert!(findings.iter().any(fits), "{file} {how}: {findings:?}");
            // What is not about the ledger is about nothing else.
            if !matches!(file.as_str(), "archive.json" | "ledger.jsonl") {
                assert_eq!(findings.len(), 1, "{file} {how}: {findings:?}");
            }
        };
        for (how, change) in ways {
            let findings = after(&place, || {
                let mut bytes = fs::read(&path).unwrap();
                change(&mut bytes);
                fs::write(&path, bytes).unwrap();
            });
            named(&findings, how);
        }
        named(&after(&place, || fs::remove_file(&path).unwrap()), "removed");
        // Without these two nothing can be looked at: that the system refuses them is a failure.
        if !matches!(file.as_str(), "archive.json" | "ledger.jsonl") {
            let folder = after(&place, || {
                fs::remove_file(&path).unwrap();
                fs::create_dir(&path).unwrap();
            });
            named(&folder, "a folder");
        }
        if let Some(name) = file.strip_prefix("2025-11-06/") {
            let other = place.path("snapshots/2025-11-05").join(name);
            let replaced = after(&place, || {
                fs::copy(&other, &path).unwrap();
            });
            named(&replaced, "another day's");
            if name == "manifest.json" {
                assert!(replaced[0].ends_with("; it is that of 2025-11-05"), "{replaced:?}");
            }
        }
    }
    assert_eq!(after(&place, || {}), [""; 0]);
}

#[test]
fn what_was_done_to_the_ledger_is_found_at_its_line() {
    let place = whole();
    let lines: Vec<String> = place.read("snapshots/ledger.jsonl").lines().map(str::to_owned).collect();
    assert_eq!(lines.len(), 4);
    let with = |lines: &[&str], end: &str| {
        let text = lines.iter().map(|line| format!("{line}\n")).collect::<String>() + end;
        after(&place, || place.write("snapshots/ledger.jsonl", text))
    };
    let [one, two, three, four] = [0, 1, 2, 3].map(|at| lines[at].as_str());

    let changed = two.replace("\"calls\":3", "\"calls\":4");
    assert_ne!(changed, two);
    let findings = with(&[one, &changed, three, four], "");
    assert_eq!(
        findings,
        [
            "ledger.jsonl:3: does not name the digest of line 2: one of the two was changed",
            "2025-11-05/metrics.json: says that calls is 3, and the ledger says 4"
        ]
    );
    // The last line has none after it; its numbers are held against the day's.
    let changed = four.replace("\"calls\":5", "\"calls\":6");
    let findings = with(&[one, two, three, &changed], "");
    assert_eq!(findings, ["2025-11-06@2/metrics.json: says that calls is 5, and the ledger says 6"]);

    let removed = with(&[one, three, four], "");
    assert!(removed[0].starts_with("ledger.jsonl:2: "), "{removed:?}");
    assert!(
        removed.iter().any(|finding| finding.starts_with("2025-11-05: has no line in the ledger")),
        "{removed:?}"
    );
    let swapped = with(&[one, three, two, four], "");
    assert!(swapped.iter().any(|finding| finding.starts_with("ledger.jsonl:2: ")), "{swapped:?}");
    assert!(swapped.iter().any(|finding| finding.starts_with("ledger.jsonl:4: ")), "{swapped:?}");
    let cut = with(&[one, two, three], &four[..four.len() / 2]);
    assert_eq!(cut.len(), 2, "{cut:?}");
    assert!(cut[0].starts_with("ledger.jsonl:4: is no whole line: "), "{cut:?}");
    assert!(cut[1].starts_with("2025-11-06@2: has no line in the ledger"), "{cut:?}");
    let shorter = with(&[one, two, three], "");
    assert_eq!(shorter.len(), 1, "{shorter:?}");
    let nonsense = with(&[one, "nonsense", three, four], "");
    assert!(
        nonsense.iter().any(|finding| finding.starts_with("ledger.jsonl:2: can't be read")),
        "{nonsense:?}"
    );
    assert!(nonsense.iter().any(|finding| finding.starts_with("2025-11-05: ")), "{nonsense:?}");
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
fn a_snapshot_of_another_archive_is_told_as_such() {
    let (place, other) = (whole(), whole());
    let findings = after(&place, || {
        for (name, content) in other.tree("snapshots/2025-11-05") {
            if !name.ends_with('/') {
                place.write(&format!("snapshots/2025-11-05/{name}"), content);
            }
        }
    });
    let archive: Value = serde_json::from_str(&other.read("snapshots/archive.json")).unwrap();
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert!(findings[0].starts_with("2025-11-05/manifest.json: has changed since"), "{findings:?}");
    let told = format!("; it is of another archive, {}", archive["id"].as_str().unwrap());
    assert!(findings[0].ends_with(&told), "{findings:?}");
    // Even where the ledger was made to fit it.
    let findings =
        after(&place, || forge(&place, &|manifest| manifest["archive"] = archive["id"].clone(), None));
    assert_eq!(findings.len(), 1, "{findings:?}");
    assert!(findings[0].starts_with("2025-11-06@2/manifest.json: is of another archive, "), "{findings:?}");
}

/// Changes the manifest of the last snapshot, and one piece of its numbers, with all digests above them.
fn forge(place: &Place, change: &dyn Fn(&mut Value), numbers: Option<(&str, &str)>) {
    let folder = "snapshots/2025-11-06@2";
    let before = place.read(&format!("{folder}/manifest.json"));
    let mut manifest: Value = serde_json::from_str(&before).unwrap();
    change(&mut manifest);
    if let Some((piece, other)) = numbers {
        place.change(&format!("{folder}/metrics.json"), piece, other);
        let bytes = place.read(&format!("{folder}/metrics.json"));
        for file in manifest["files"].as_array_mut().unwrap() {
            if file["path"] == "metrics.json" {
                file["size"] = json!(bytes.len());
                file["sha256"] = json!(Digest::of(bytes.as_bytes()).to_string());
            }
        }
    }
    let after = manifest.to_string();
    place.write(&format!("{folder}/manifest.json"), &after);
    let digest = |text: &str| Digest::of(text.as_bytes()).to_string();
    place.change("snapshots/ledger.jsonl", &digest(&before), &digest(&after));
}

#[test]
fn numbers_that_the_cubes_do_not_make_are_found() {
    let place = whole();
    let text = place.read("snapshots/2025-11-06@2/metrics.json");
    let numbers: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(numbers["metrics"]["minutes"]["value"].to_string(), "16.5");
    let as_it_is = after(&place, || forge(&place, &|_| {}, None));
    assert_eq!(as_it_is, [""; 0]);
    // Each: a piece of the document, what it is made to be, and what is said then.
    let cases = [
        (
            r#""value":16.5,"sum":990"#,
            r#""value":16.6,"sum":990"#,
            "the value of minutes is 16.6, and the cubes make 16.5",
        ),
        (
            r#""value":16.5,"sum":990"#,
            r#""value":16.5,"sum":991"#,
            "the sum of minutes is 991, and the cubes make 990",
        ),
        (
            r#""numerator":3,"denominator":5"#,
            r#""numerator":2,"denominator":5"#,
            "the numerator of conversion is 2, and the cubes make 3",
        ),
        (r#""rows":5"#, r#""rows":6"#, "calls has 6 rows, and its cube holds 5"),
        (
            r#"{"key":"2044","value":1}"#,
            r#"{"key":"2045","value":1}"#,
            "calls by campaign \"2045\" is 1, and the cubes make unknown",
        ),
        (
            r#"{"key":"2044","value":1}"#,
            r#"{"key":"2044","value":2}"#,
            "calls by campaign \"2044\" is 2, and the cubes make 1",
        ),
        (
            r#"{"key":null,"value":1}"#,
            r#"{"key":"","value":1}"#,
            "calls by campaign \"\" is 1, and the cubes make unknown",
        ),
        (
            r#""newest":"2025-11-06 23:59:59""#,
            r#""newest":"2025-11-06 23:59:58""#,
            "the newest of calls is 2025-11-06 23:59:58",
        ),
    ];
    for (piece, other, what) in cases {
        let findings = after(&place, || forge(&place, &|_| {}, Some((piece, other))));
        assert!(
            findings.iter().all(|finding| finding.starts_with("2025-11-06@2/metrics.json: ")),
            "{findings:?}"
        );
        assert!(findings.iter().any(|finding| finding.contains(what)), "{what}: {findings:?}");
    }
    // Only the last digits of a float may differ.
    let cost = numbers["metrics"]["cost"]["value"].to_string();
    let piece = format!("\"value\":{cost}");
    let near = format!("\"value\":{cost}0000000001");
    let near = if cost.contains('.') { near } else { format!("\"value\":{cost}.0000000001") };
    let findings = after(&place, || forge(&place, &|_| {}, Some((&piece, &near))));
    assert!(findings.iter().all(|finding| !finding.contains("and the cubes make")), "{findings:?}");
}

#[test]
fn a_newer_format_is_told_as_such() {
    let place = whole();
    let newer = |path: &str, of: &str| {
        format!("{path}: has the format {of}/2, and this version of asof reads no newer one than {of}/1")
    };
    let manifest =
        after(&place, || forge(&place, &|manifest| manifest["format"] = json!("asof.snapshot/2"), None));
    assert_eq!(manifest, [newer("2025-11-06@2/manifest.json", "asof.snapshot")]);
    let metrics = after(&place, || forge(&place, &|_| {}, Some(("asof.metrics/1", "asof.metrics/2"))));
    assert_eq!(metrics, [newer("2025-11-06@2/metrics.json", "asof.metrics")]);
    let archive =
        after(&place, || place.change("snapshots/archive.json", "asof.archive/1", "asof.archive/2"));
    assert_eq!(archive, [newer("archive.json", "asof.archive")]);
    let hint = place.asof("verify --archive nowhere");
    assert_eq!(hint.code, 1);
}

#[test]
fn keys_that_are_not_in_order_or_as_many_are_found() {
    let place = whole();
    let keys = "snapshots/2025-11-06@2/seen/phones.keys";
    let reversed: Vec<u8> = fs::read(place.path(keys)).unwrap().rchunks(8).flatten().copied().collect();
    assert_eq!(reversed.len(), 16);
    let fit = |bytes: &[u8], count: u64| {
        let (size, digest) = (bytes.len(), Digest::of(bytes).to_string());
        move |manifest: &mut Value| {
            manifest["keys"]["phones"]["count"] = json!(count);
            for file in manifest["files"].as_array_mut().unwrap() {
                if file["path"] == "seen/phones.keys" {
                    file["size"] = json!(size);
                    file["sha256"] = json!(digest);
                }
            }
        }
    };
    let findings = after(&place, || {
        place.write(keys, &reversed);
        forge(&place, &fit(&reversed, 2), None);
    });
    assert_eq!(
        findings,
        ["2025-11-06@2/seen/phones.keys: has changed since it was frozen: its keys are not in order"]
    );
    let findings = after(&place, || {
        place.write(keys, &reversed[..8]);
        forge(&place, &fit(&reversed[..8], 1), None);
    });
    assert_eq!(findings, ["2025-11-06@2/metrics.json: counts other phones than the 1 keys that were kept"]);
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
!   hint: check `dir` under [archive] in asof.toml; the first `asof save` makes the archive
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
