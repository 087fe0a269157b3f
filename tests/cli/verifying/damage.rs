//! What is damaged × how: found under its path.

use std::fs;

use super::{after, whole};

/// What is done to a file's bytes.
type Change = fn(&mut Vec<u8>);

#[test]
fn every_damage_to_every_kind_of_file_is_found_under_its_path() {
    let place = whole();
    let definitions: Vec<String> = place
        .tree("snapshots")
        .into_keys()
        .filter(|path| path.starts_with("definitions/") && !path.ends_with('/'))
        .collect();
    let mut files: Vec<String> =
        ["manifest.json", "metrics.json", "dashboard.html", "cubes/calls.parquet", "seen/phones.keys"]
            .map(|file| format!("2025-11-06/{file}"))
            .into();
    files.extend(definitions);
    files.extend(["archive.json".to_owned(), "ledger.jsonl".to_owned()]);
    let ways: [(&str, Change); 4] = [
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
