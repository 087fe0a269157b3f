//! What earlier days do to the day that is frozen: nothing that would keep it from being frozen.

use serde_json::{Value, json};

use super::calls;

#[test]
fn a_damaged_earlier_day_is_left_out_and_said_even_to_cron() {
    let place = calls();
    place.done(&["save 2025-11-05"]);
    place.change("snapshots/2025-11-05/manifest.json", "\"reconstructed\"", "\"witnessed\"");
    place.asof("save");
    let told = place.take();
    assert!(
        told.starts_with(
            "$ asof save\n! warning: 2025-11-05 is left out of the metrics that are taken over several days: "
        ),
        "{told}"
    );
    assert!(told.ends_with("exit 0\n"), "{told}");
    let stored: Value = serde_json::from_str(&place.read("snapshots/2025-11-06/metrics.json")).unwrap();
    // Two sales of five calls on the day itself; the damaged day's one of three does not count.
    let week = &stored["metrics"]["week"];
    assert_eq!(week["over"], json!({ "days": 7, "had": 1, "from": "2025-10-31" }));
    assert_eq!((&week["numerator"], &week["denominator"]), (&json!(2), &json!(5)));
}
