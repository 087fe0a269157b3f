//! A day behind an API is frozen as any other.

use super::{BY_OFFSET, KEY, expected, frozen, place};
use crate::support::api::{Api, Reply, by_offset, calls};

#[test]
fn a_day_is_frozen_with_every_call_once() {
    let all = calls("2025-11-05T00:00:00Z", 3, 721);
    let served = all.clone();
    let api = Api::new(move |request| Reply::json(&by_offset(&served, request)));
    let place = place(&api, BY_OFFSET);
    place.asof("save -v");
    place.told("");
    assert_eq!(frozen(&place, "2025-11-06"), expected(&all, "2025-11-06T06", "2025-11-07T06"));
    let asked = api.asked();
    assert_eq!(asked.len(), 8, "{asked:#?}");
    for request in &asked {
        assert_eq!(request.headers["authorization"], format!("Bearer {KEY}"));
        assert_eq!(request.query["key"], KEY);
        assert_eq!(request.query["from"], "2025-11-06T06:00:00Z");
        assert_eq!(request.query["to"], "2025-11-07T06:00:00Z");
    }
    // The tree is looked through for secrets.
    assert!(!place.tree("").is_empty());
    place.done(&["verify", "drift 2025-11-06", "list", "restore 2025-11-06", "check"]);
    let manifest = place.read("snapshots/2025-11-06/manifest.json");
    assert!(manifest.contains(&format!("\"url\": \"{}\"", api.url())), "{manifest}");
}
