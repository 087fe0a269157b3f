//! How much is held at once: pages that are too large to be held beside others, and items that are kept as they came.

use serde_json::{Value, json};

use super::{BY_OFFSET, expected, frozen, place};
use crate::support::api::{Api, Reply, by_offset, calls};

const FIRST: &str = "2025-11-05T00:00:00Z";

#[test]
fn a_page_that_is_too_large_beside_others_is_read_by_itself() {
    let all = calls(FIRST, 3, 250);
    let served = all.clone();
    let api = Api::new(move |request| {
        let mut page = by_offset(&served, request);
        if request.number_of("offset") == 200 {
            // Sixteen side by side have 4 MB each.
            page["calls"][0]["notes"] = json!("x".repeat(4_100_000));
        }
        Reply::json(&page)
    });
    let place = place(&api, BY_OFFSET);
    place.change("asof.toml", "retry_for", "jobs = 16\nretry_for");
    let run = place.asof("save -v");
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(frozen(&place, "2025-11-06"), expected(&all, "2025-11-06T06", "2025-11-07T06"));
    let offsets: Vec<usize> = api.asked().iter().map(|request| request.number_of("offset")).collect();
    // Both others come beside each other, in any order; then one by one.
    assert_eq!((offsets[0], &offsets[3..]), (0, &[0, 100, 200][..]), "{offsets:?}");
}

#[test]
fn items_are_put_aside_only_where_they_will_be_kept() {
    let all = calls(FIRST, 3, 250);
    let served = all.clone();
    let api = Api::new(move |request| Reply::json(&by_offset(&served, request)));
    let place = place(&api, &format!("keep_raw = true\n{BY_OFFSET}"));
    place.done(&["save"]);
    // Nothing can be put aside any more: who only looks does not notice.
    place.env("TMPDIR", "/nowhere/to/be/found");
    place.done(&["check", "drift 2025-11-06"]);
    place.at("2025-11-08T03:00:00-06:00");
    let run = place.asof("save");
    assert_eq!(run.code, 1, "{}", run.stderr);
    let said = "the items of calls can't be put aside: No such file or directory";
    assert!(run.stderr.contains(said) && run.stderr.contains("TMPDIR"), "{}", run.stderr);
    assert!(!place.path("snapshots/2025-11-07").exists());
    place.env("TMPDIR", place.path("").to_str().unwrap());
    place.done(&["save", "verify"]);
    let packed = std::fs::read(place.path("snapshots/2025-11-07/raw/bland.calls.jsonl.zst")).unwrap();
    let text = String::from_utf8(zstd::decode_all(&*packed).unwrap()).unwrap();
    let kept: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let begins = |call: &&Value| call["created"]["at"].as_str().unwrap() >= "2025-11-07T06";
    assert_eq!(kept, all.iter().filter(begins).cloned().collect::<Vec<Value>>());
    assert!(place.tree("").keys().all(|path| !path.starts_with("asof-")), "nothing of it lies about");
}
