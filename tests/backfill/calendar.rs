//! A range across both changes of clocks.

use serde_json::Value;

use crate::support::command::Place;

#[test]
fn days_of_23_and_25_hours_hold_the_calls_of_their_own_hours() {
    let place = Place::new();
    // A call every 20 minutes of UTC, from 2025-03-01 on.
    place.sqlite(
        "calls.db",
        "create table calls (at integer);
         with recursive n(i) as (select 0 union all select i + 1 from n where i < 18500)
         insert into calls select 1740787200 + i * 1200 from n;
         create index by_time on calls (at);",
    );
    place.write(
        "asof.toml",
        r#"
source = { url = "sqlite:calls.db" }
calendar = { time_zone = "America/Chicago" }
events.calls = { table = "calls", time = "at", time_is = "epoch", by = { hour = { time = "hour" } } }
metrics.calls = { of = "calls", count = true }
"#,
    );
    place.at("2025-11-10T12:00:00Z");
    place.asof("backfill --from 2025-03-05 --to 2025-11-05 --quiet --jobs 4");
    place.told(
        "
$ asof backfill --from 2025-03-05 --to 2025-11-05 --quiet --jobs 4
exit 0
",
    );
    let listed = place.asof("list --json --metric calls");
    let listed: Value = serde_json::from_str(&listed.stdout).unwrap();
    let days = listed["days"].as_array().unwrap();
    assert_eq!(days.len(), 246);
    for day in days {
        // Three calls an hour; clocks go forward on 9 March and back on 2 November.
        let calls = match day["date"].as_str().unwrap() {
            "2025-03-09" => 69,
            "2025-11-02" => 75,
            _ => 72,
        };
        assert_eq!(day["editions"][0]["metrics"]["calls"], calls, "{day}");
    }
}

#[test]
fn a_day_that_clocks_jumped_over_is_nothing_to_freeze_and_no_failure() {
    let place = Place::new();
    place.sqlite("calls.db", "create table calls (at integer); insert into calls values (1325120000);");
    place.write(
        "asof.toml",
        r#"
source = { url = "sqlite:calls.db" }
calendar = { time_zone = "Pacific/Apia" }
events.calls = { table = "calls", time = "at", time_is = "epoch" }
metrics.calls = { of = "calls", count = true }
"#,
    );
    place.at("2012-01-10T12:00:00Z");
    place.asof("backfill --from 2011-12-29 --to 2011-12-31 --jobs 1");
    place.asof("backfill --resume");
    place.told(
        "
$ asof backfill --from 2011-12-29 --to 2011-12-31 --jobs 1
2011-12-29        0 calls     day 1 of 3
2011-12-30     no hours: clocks jumped over it   day 2 of 3
2011-12-31        0 calls     day 3 of 3
totals            0 calls    2 saved, 0 already there, 0 failed, 1 without hours
exit 0
$ asof backfill --resume
2011-12-30     no hours: clocks jumped over it   day 2 of 3
totals            0 calls    0 saved, 2 already there, 0 failed, 1 without hours
exit 0
",
    );
}
