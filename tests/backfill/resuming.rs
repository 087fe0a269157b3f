//! Going on where a run stopped: the plan, what failed, what is left.

use std::fs;

use serde_json::Value;

use super::running::place;
use crate::support::command::Place;

/// A place in which the third of December fails: its one row holds text that is no number.
fn failing() -> Place {
    let place = place();
    place.change("asof.toml", "sum = \"seconds\"", "max = \"iif(status = 'BAD', 'none', seconds)\"");
    place.sqlite("calls.db", "insert into calls (at, status) values ('2025-12-03 08:00:00', 'BAD')");
    place
}

fn statuses(place: &Place) -> Vec<(String, String)> {
    let plan: Value = serde_json::from_str(&place.read("backfill.json")).unwrap();
    let days = plan["days"].as_array().unwrap();
    let text = |day: &Value, name: &str| day[name].as_str().unwrap().to_owned();
    days.iter().map(|day| (text(day, "date"), text(day, "status"))).collect()
}

#[test]
fn a_day_that_fails_does_not_end_the_run_and_is_tried_again() {
    let place = failing();
    place.asof("backfill --from 2025-12-01 --to 2025-12-04 --jobs 1");
    place.asof("backfill --from 2025-12-01 --to 2025-12-04 --jobs 1 --redo none");
    place.sqlite("calls.db", "delete from calls where status = 'BAD'");
    place.asof("backfill --resume --jobs 1");
    place.asof("backfill --resume");
    place.told("");
    let told: Vec<String> = statuses(&place).into_iter().map(|(_, status)| status).collect();
    assert_eq!(told, ["skipped", "skipped", "saved", "skipped"]);
}

#[test]
fn the_plan_has_absolute_dates_and_says_why_a_day_failed() {
    let place = failing();
    place.asof("backfill --last 4d");
    let plan: Value = serde_json::from_str(&place.read("backfill.json")).unwrap();
    assert_eq!((plan["from"].as_str(), plan["to"].as_str()), (Some("2025-12-01"), Some("2025-12-04")));
    assert_eq!(plan["days"][2]["status"], "failed");
    let why = plan["days"][2]["why"].as_str().unwrap();
    assert!(why.contains("events.calls: column \"minutes.max\" holds the text \"none\""), "{why}");
    assert!(!place.path("snapshots/backfill.json").exists(), "a plan is no part of the archive");
}

#[test]
fn a_plan_of_another_name_and_an_unreadable_one() {
    let place = place();
    fs::rename(place.path("asof.toml"), place.path("leads.toml")).unwrap();
    place.done(&["backfill --config leads.toml --from 2025-12-01 --to 2025-12-02"]);
    assert!(place.path("leads.backfill.json").exists());
    place.write("leads.backfill.json", "{ \"format\": \"asof.backfill/1\", \"from\":");
    place.asof("backfill --config leads.toml --resume");
    place.asof("backfill --config leads.toml --from 2025-12-01 --to 2025-12-03 --jobs 1");
    place.asof("backfill --resume");
    fs::rename(place.path("leads.toml"), place.path("asof.toml")).unwrap();
    place.asof("backfill --resume");
    place.told("");
}

#[test]
fn definitions_that_changed_since_are_told() {
    let place = failing();
    place.asof("backfill --from 2025-12-01 --to 2025-12-04");
    place.forget();
    place.change("asof.toml", "status = 'BAD'", "status = 'WORSE'");
    place.asof("backfill --resume --jobs 1 -v");
    place.told("");
}
