//! What a run says and does when all goes well.

use serde_json::Value;

use crate::support::command::Place;

/// Calls of four days, a day without any among them; the clock stands at the fifth, 03:00.
pub fn place() -> Place {
    let place = Place::new();
    place.sqlite(
        "calls.db",
        "create table calls (id integer primary key, at text, status text, seconds integer);
         create index by_time on calls (at);
         insert into calls (at, status, seconds) values
           ('2025-12-01 09:00:00', 'SALE', 60), ('2025-12-01 10:00:00', 'NA', 30), ('2025-12-01 23:59:59', 'NA', null),
           ('2025-12-02 00:00:00', 'NA', 90),
           ('2025-12-04 12:00:00', 'SALE', 10), ('2025-12-04 12:00:00', 'SALE', 20), ('2025-12-05 01:00:00', 'NA', 5);",
    );
    place.write(
        "asof.toml",
        r#"
[source]
url = "sqlite:calls.db"

[calendar]
time_zone = "America/Chicago"

[events.calls]
table = "calls"
time = "at"
time_is = "local"
by = { status = "status" }

[metrics]
calls = { of = "calls", count = true }
sales = { of = "calls", count = true, where = "status = 'SALE'" }
minutes = { of = "calls", sum = "seconds", divide = 60, unit = "min" }
"#,
    );
    place.at("2025-12-05T03:00:00-06:00");
    place
}

#[test]
fn a_range_is_frozen_day_by_day_and_what_is_there_is_skipped() {
    let place = place();
    place.done(&["save 2025-12-02"]);
    place.asof("backfill --from 2025-12-01 --to 2025-12-04 --jobs 1");
    place.asof("backfill --from 2025-12-01 --to 2025-12-04");
    place.asof("list");
    place.told(
        "
$ asof backfill --from 2025-12-01 --to 2025-12-04 --jobs 1
2025-12-01        3 calls          1 sales   1.5 min minutes    day 1 of 4
2025-12-02        1 calls          0 sales   1.5 min minutes    already there  day 2 of 4
2025-12-03        0 calls          0 sales     0 min minutes    day 3 of 4
2025-12-04        2 calls          2 sales   0.5 min minutes    day 4 of 4
totals            7 calls    3 saved, 1 already there, 0 failed
exit 0
",
    );
}

#[test]
fn provenance_follows_from_the_time_of_capture() {
    let place = place();
    place.done(&["backfill --from 2025-12-01 --to 2025-12-04"]);
    let provenance = |day: &str| {
        let manifest: Value =
            serde_json::from_str(&place.read(&format!("snapshots/{day}/manifest.json"))).unwrap();
        (
            manifest["provenance"].as_str().unwrap().to_owned(),
            manifest["trigger"].as_str().unwrap().to_owned(),
        )
    };
    // The clock stands at 03:00 after the fourth day, which is final since 02:00.
    assert_eq!(provenance("2025-12-04"), ("witnessed".into(), "backfill".into()));
    for day in ["2025-12-01", "2025-12-02", "2025-12-03"] {
        assert_eq!(provenance(day), ("reconstructed".into(), "backfill".into()));
    }
}

#[test]
fn a_provisional_day_gets_its_final_edition_and_a_day_that_is_not_over_waits() {
    let place = place();
    place.at("2025-12-04T20:00:00-06:00");
    place.done(&["save 2025-12-04 --provisional"]);
    place.at("2025-12-05T03:00:00-06:00");
    place.asof("backfill --from 2025-12-04 --to 2025-12-06");
    place.told("");
    assert!(place.path("snapshots/2025-12-04@2").is_dir());
    assert!(!place.path("snapshots/2025-12-05").exists());
}

#[test]
fn all_days_can_be_read_again_and_are_restated_where_a_number_differs() {
    let place = place();
    place.done(&["backfill --from 2025-12-01 --to 2025-12-04"]);
    place.sqlite(
        "calls.db",
        "insert into calls (at, status, seconds) values ('2025-12-02 18:00:00', 'SALE', 30)",
    );
    place.asof("backfill --from 2025-12-01 --to 2025-12-04 --redo all --reason 'late rows' --jobs 1");
    place.asof("list --json");
    place.told("");
    let manifest: Value = serde_json::from_str(&place.read("snapshots/2025-12-02@2/manifest.json")).unwrap();
    assert_eq!((&manifest["reason"], &manifest["trigger"]), (&"late rows".into(), &"restate".into()));
}

#[test]
fn programs_get_an_object_for_each_day_and_a_summary() {
    let place = place();
    place.done(&["save 2025-12-02"]);
    place.asof("backfill --from 2025-12-01 --to 2025-12-05 --json");
    place.told("");
}

#[test]
fn a_rehearsal_tells_what_would_be_done_and_writes_nothing() {
    let place = place();
    place.done(&["save 2025-12-02"]);
    let before = place.tree("");
    place.asof("backfill --from 2025-12-01 --to 2025-12-06 --dry-run");
    place.asof("backfill --from 2025-12-01 --to 2025-12-02 --dry-run --redo all --json");
    place.told("");
    assert_eq!(place.tree(""), before);
}

#[test]
fn quiet_says_nothing_and_the_page_of_all_days_has_every_day() {
    let place = place();
    place.asof("backfill --month 2025-12 --quiet --jobs 4");
    place.told(
        "
$ asof backfill --month 2025-12 --quiet --jobs 4
exit 0
",
    );
    let index = place.read("snapshots/index.html");
    for day in ["2025-12-01", "2025-12-02", "2025-12-03", "2025-12-04"] {
        assert!(index.contains(day), "{day} is not on the page of all days");
    }
}

#[test]
fn the_last_days_end_with_yesterday() {
    let place = place();
    place.asof("backfill --last 2d");
    place.asof("backfill --from -3d --quiet");
    place.told("");
    assert!(!place.path("snapshots/2025-12-05").exists());
    assert!(place.path("snapshots/2025-12-02").exists());
    assert!(!place.path("snapshots/2025-12-01").exists());
}
