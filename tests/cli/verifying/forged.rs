//! Snapshots that were changed with all digests above them: what they hold is looked at, not only bytes.

use std::fs;

use asof::model::Digest;
use serde_json::{Value, json};

use super::{after, whole};
use crate::support::command::Place;

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
fn what_the_ledger_says_of_a_capture_is_held_against_its_manifest() {
    let place = whole();
    for (field, other) in
        [("reason", json!("another reason")), ("trigger", json!("save")), ("asof", json!("0.0.1"))]
    {
        let findings = after(&place, || forge(&place, &|manifest| manifest[field] = other.clone(), None));
        let told = "tells another reason, another trigger or another version of asof than the ledger";
        assert_eq!(findings, [format!("2025-11-06@2/manifest.json: {told}")], "{field}");
    }
}
