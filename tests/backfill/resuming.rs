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
    place.told(
        r#"
$ asof backfill --from 2025-12-01 --to 2025-12-04 --jobs 1
2025-12-01        3 calls          1 sales          1 minutes     day 1 of 4
2025-12-02        1 calls          0 sales        1.5 minutes     day 2 of 4
2025-12-03     failed: events.calls: column "minutes.max" holds the text "none", which is no number   day 3 of 4
               hint: let the SQL give a number, for instance by cast(… as decimal(20,4))
2025-12-04        2 calls          2 sales      0.333 minutes     day 4 of 4
totals            6 calls    3 saved, 0 already there, 1 failed
! error: 1 day failed
!   hint: backfill.json says why; asof backfill --resume tries again
exit 3
$ asof backfill --from 2025-12-01 --to 2025-12-04 --jobs 1 --redo none
2025-12-01        3 calls          1 sales          1 minutes     already there   day 1 of 4
2025-12-02        1 calls          0 sales        1.5 minutes     already there   day 2 of 4
2025-12-04        2 calls          2 sales      0.333 minutes     already there   day 4 of 4
totals            6 calls    0 saved, 3 already there, 1 failed
! error: 1 day failed
!   hint: backfill.json says why; asof backfill --resume tries again
exit 3
$ asof backfill --resume --jobs 1
2025-12-03        0 calls          0 sales    unknown minutes     day 3 of 4
               ! no calls; on the days around it usually 1 to 3 (median 2)
totals            6 calls    1 saved, 3 already there, 0 failed
odd days
2025-12-03     no calls; on the days around it usually 1 to 3 (median 2)
exit 0
$ asof backfill --resume
totals            6 calls    0 saved, 4 already there, 0 failed
odd days
2025-12-03     no calls; on the days around it usually 1 to 3 (median 2)
exit 0
"#,
    );
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
    place.told(
        "
$ asof backfill --config leads.toml --resume
! error: leads.backfill.json is no plan of a backfill: EOF while parsing a value at line 1 column 38
!   hint: move it away and name the range again: days that are frozen are not read again
exit 1
$ asof backfill --config leads.toml --from 2025-12-01 --to 2025-12-03 --jobs 1
2025-12-01        3 calls          1 sales        1.5 minutes     already there   day 1 of 3
2025-12-02        1 calls          0 sales        1.5 minutes     already there   day 2 of 3
2025-12-03        0 calls          0 sales          0 minutes     day 3 of 3
               ! no calls; on the days around it usually 1 to 3 (median 2)
totals            4 calls    1 saved, 2 already there, 0 failed
odd days
2025-12-03     no calls; on the days around it usually 1 to 3 (median 2)
! warning: leads.backfill.json is no plan of a backfill: EOF while parsing a value at line 1 column 38; a new one takes its place
exit 0
$ asof backfill --resume
! error: there is no configuration asof.toml
!   hint: asof init writes one; another place is named by --config FILE or ASOF_CONFIG
exit 2
$ asof backfill --resume
! error: there is no backfill to resume: backfill.json does not exist
!   hint: name a range: asof backfill --from 2025-12-01 --to 2026-01-07
exit 2
",
    );
}

#[test]
fn definitions_that_changed_since_are_told() {
    let place = failing();
    place.asof("backfill --from 2025-12-01 --to 2025-12-04");
    place.forget();
    place.change("asof.toml", "status = 'BAD'", "status = 'WORSE'");
    place.asof("backfill --resume --jobs 1 -v");
    place.told(
        "
$ asof backfill --resume --jobs 1 -v
2025-12-03        1 calls          0 sales    unknown minutes     day 3 of 4
totals            7 calls    1 saved, 3 already there, 0 failed
! warning: the definitions have changed since this backfill began: days that are frozen now are made by others than those before
exit 0
",
    );
}
