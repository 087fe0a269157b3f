//! Alerts of days that are missing, come late, or are not what they were.

use serde_json::{Value, json};

use super::alerting::{LOW, got, program, sales};
use crate::support::command::Place;

fn at(place: &Place, day: u32) {
    place.at(&format!("2025-11-{day:02}T03:00:00-06:00"));
}

#[test]
fn a_day_that_is_not_frozen_is_an_alert_until_it_is() {
    let place = sales(&[20, 20, 20, 20], LOW);
    program(&place, "ops", "");
    at(&place, 7);
    place.done(&["save 2025-11-03", "save 2025-11-04"]);
    place.asof("alerts 2025-11-05");
    place.asof("alerts 2025-11-05 --send");
    place.asof("alerts yesterday --send");
    place.asof("alerts --send");
    // What is not over, and what was never meant to be frozen.
    place.asof("alerts 2025-11-07");
    place.asof("alerts 2025-11-02");
    place.asof("save 2025-11-05");
    place.asof("alerts 2025-11-05 --send");
    place.asof("save 2025-11-06");
    place.asof("alerts");
    place.told(
        r#"
$ asof alerts 2025-11-05
2025-11-05
Alert        State       Value  Expected  Why
low          not judged      —         —  the day is not frozen
missing_day  fires           2         0  2 days from 2025-11-05 to 2025-11-06 are not frozen
exit 4
$ asof alerts 2025-11-05 --send
2025-11-05
Alert        State       Value  Expected  Why
low          not judged      —         —  the day is not frozen
missing_day  fires           2         0  2 days from 2025-11-05 to 2025-11-06 are not frozen
ops got 1 alert
exit 4
$ asof alerts yesterday --send
2025-11-06
Alert        State       Value  Expected  Why
low          not judged      —         —  the day is not frozen
missing_day  fires           2         0  2 days from 2025-11-05 to 2025-11-06 are not frozen
nothing is news
exit 4
$ asof alerts --send
2025-11-04
Alert        State  Value  Expected  Why
low          fine      20        10  20 is within its bounds
missing_day  fires      2         0  2 days from 2025-11-05 to 2025-11-06 are not frozen
nothing is news
exit 4
$ asof alerts 2025-11-07
! error: 2025-11-07 is not in the archive
!   hint: the nearest days that exist: 2025-11-04
exit 1
$ asof alerts 2025-11-02
! error: 2025-11-02 is not in the archive
!   hint: the nearest days that exist: 2025-11-03
exit 1
$ asof save 2025-11-05
exit 0
$ asof alerts 2025-11-05 --send
2025-11-05
Alert        State  Value  Expected  Why
low          fine      20        10  20 is within its bounds
missing_day  fires      1         0  2025-11-06 is not frozen
nothing is news
exit 4
$ asof save 2025-11-06
exit 0
$ asof alerts
2025-11-06
Alert        State  Value  Expected  Why
low          fine      20        10  20 is within its bounds
missing_day  fine       0         0  no day is missing
exit 0
"#,
    );
    let told = got(&place, "ops");
    let found =
        (told.len(), &told[0]["day"], &told[0]["edition"], &told[0]["page"], &told[0]["alerts"][0]["reason"]);
    let reason = "2 days from 2025-11-05 to 2025-11-06 are not frozen".into();
    assert_eq!(found, (1, &"2025-11-05".into(), &Value::Null, &Value::Null, &reason));
}

#[test]
fn missing_days_have_a_rule_of_their_own_or_none() {
    let place = sales(&[20, 20, 20, 20], &format!("{LOW}\n[alerts.missing_day]\nmissing = false\n"));
    program(&place, "ops", "");
    at(&place, 7);
    place.done(&["save 2025-11-03"]);
    place.asof("save 2025-11-06");
    place.asof("alerts 2025-11-05");
    place.change(
        "asof.toml",
        "[alerts.missing_day]\nmissing = false",
        "[alerts.late]\nmissing = true\nfor = 3",
    );
    place.asof("alerts");
    place.change("asof.toml", "for = 3", "for = 2\nsnooze = \"2d\"");
    place.asof("alerts");
    place.told(
        r#"
$ asof save 2025-11-06
exit 0
$ asof alerts 2025-11-05
! error: 2025-11-05 is not in the archive
!   hint: the nearest days that exist: 2025-11-03 and 2025-11-06
exit 1
$ asof alerts
2025-11-06
Alert  State  Value  Expected
low    fine      20        10
  20 is within its bounds
late   fine       2         0
  2 days from 2025-11-04 to 2025-11-05 are not frozen; it takes 3 days in a row
exit 0
$ asof alerts
2025-11-06
Alert  State  Value  Expected  Why
low    fine      20        10  20 is within its bounds
late   fires      2         0  2 days from 2025-11-04 to 2025-11-05 are not frozen
exit 4
"#,
    );
}

#[test]
fn days_that_a_save_restates_are_judged_and_nothing_is_told_twice() {
    let place = sales(&[20, 20, 20, 20, 20], &LOW.replace("sales", "of_a"));
    place.change(
        "asof.toml",
        "share =",
        "of_a = { of = \"calls\", count = true, where = \"campaign = 'a'\" }\nshare =",
    );
    place.change("asof.toml", "[calendar]", "[calendar]\nlookback = [1, 2, 3]");
    program(&place, "ops", "");
    // So many of a day's 20 sales are campaign a's from now on.
    let of_a = |day: u32, count: u32| {
        place.sqlite(
            "calls.db",
            &format!(
                "update calls set campaign = case when (select count(*) from calls c where date(c.at) = date(calls.at)
                   and c.id <= calls.id) <= {count} then 'a' else 'b' end where date(at) = '2025-11-{day:02}'"
            ),
        );
    };
    for (today, change) in
        [(4, None), (5, None), (6, Some((4, 5))), (7, Some((4, 3))), (8, Some((7, 8))), (9, Some((7, 20)))]
    {
        if let Some((day, count)) = change {
            of_a(day, count);
        }
        at(&place, today);
        place.asof("save -v");
    }
    // Three nights are slept through.
    at(&place, 13);
    place.asof("save -v");
    place.told(
        r#"
$ asof save -v
froze 2025-11-03 (witnessed) from 20 rows
  Sales 20 · Of a 20 · Share 1
  snapshots/2025-11-03/dashboard.html
exit 0
$ asof save -v
read again, and unchanged: 2025-11-03
froze 2025-11-04 (witnessed) from 20 rows
  Sales 20 · Of a 20 · Share 1
  snapshots/2025-11-04/dashboard.html
exit 0
$ asof save -v
froze 2025-11-04@2 (reconstructed): read again, it differs in of_a, sales
read again, and unchanged: 2025-11-03
froze 2025-11-05 (witnessed) from 20 rows
  Sales 20 · Of a 20 · Share 1
  snapshots/2025-11-05/dashboard.html
! warning: alert low on 2025-11-04: of_a: 5 is below 10
exit 0
$ asof save -v
froze 2025-11-04@3 (reconstructed): read again, it differs in of_a, sales
read again, and unchanged: 2025-11-05
froze 2025-11-06 (witnessed) from 20 rows
  Sales 20 · Of a 20 · Share 1
  snapshots/2025-11-06/dashboard.html
exit 0
$ asof save -v
read again, and unchanged: 2025-11-05, 2025-11-06
froze 2025-11-07 (witnessed) from 20 rows
  Sales 20 · Of a 8 · Share 1
  snapshots/2025-11-07/dashboard.html
! warning: alert low on 2025-11-07: of_a: 8 is below 10
exit 0
$ asof save -v
froze 2025-11-07@2 (reconstructed): read again, it differs in of_a, sales
read again, and unchanged: 2025-11-06
froze 2025-11-08 (witnessed) from 0 rows
  Sales 0 · Of a 0 · Share unknown
  snapshots/2025-11-08/dashboard.html
! warning: alert low on 2025-11-08: of_a: 0 is below 10
exit 0
$ asof save -v
froze 2025-11-10 (reconstructed): no save froze it in its time
froze 2025-11-11 (reconstructed): no save froze it in its time
froze 2025-11-12 (witnessed) from 0 rows
  Sales 0 · Of a 0 · Share unknown
  snapshots/2025-11-12/dashboard.html
! warning: alert missing_day on 2025-11-10: 2025-11-09 is not frozen
exit 0
"#,
    );
    let days: Vec<Value> =
        got(&place, "ops").iter().map(|told| json!([told["day"], told["edition"]])).collect();
    assert_eq!(
        days,
        [
            json!(["2025-11-04", 2]),
            json!(["2025-11-07", 1]),
            json!(["2025-11-08", 1]),
            json!(["2025-11-10", 1])
        ]
    );
}

#[test]
fn a_backfill_tells_nobody_and_the_next_save_begins_where_it_is() {
    let place = sales(&[4, 20, 4, 20, 4], LOW);
    program(&place, "ops", "");
    place.done(&["save 2025-11-07"]);
    assert_eq!(got(&place, "ops").len(), 1);
    place.asof("-v backfill --from 2025-11-03 --to 2025-11-05");
    place.asof("save 2025-11-06");
    place.told(
        r#"
$ asof -v backfill --from 2025-11-03 --to 2025-11-05
2025-11-03        4 sales          1 share     day 1 of 3
2025-11-04       20 sales          1 share     day 2 of 3
2025-11-05        4 sales          1 share     day 3 of 3
totals           28 sales    3 saved, 0 already there, 0 failed
nobody is told of alerts by a backfill; asof alerts DAY judges a day
exit 0
$ asof save 2025-11-06
exit 0
"#,
    );
    assert_eq!(got(&place, "ops").len(), 1);
}

#[test]
fn what_only_reads_tells_nobody() {
    let rest = "[heartbeat]\nurl = \"http://127.0.0.1:9/\"\n\n[hooks]\nbefore = [\"./hook\"]\nafter = [\"./hook\"]\nfailed = [\"./hook\"]\n";
    let place = sales(&[4, 20, 5], &format!("{LOW}\n{rest}"));
    place.write("quiet.toml", place.read("asof.toml").split("[alerts.low]").next().unwrap());
    place.done(&["--config quiet.toml backfill --from 2025-11-03 --to 2025-11-05"]);
    program(&place, "ops", "");
    program(&place, "hook", "");
    place.change("asof.toml", "[alerts.low]", "[retention]\nkeep_daily = \"1 month\"\n\n[alerts.low]");
    for line in [
        "list",
        "list --stats",
        "restore 2025-11-05",
        "restore 2025-11-05 --json",
        "compare 2025-11-05 2025-11-03",
        "verify",
        "drift",
        "settling",
        "series sales",
        "forecast sales",
        "prune --dry-run",
        "alerts",
        "alerts --dry-run",
        "check",
        "schedule",
        "restore 2025-11-09",
        "compare 2025-11-05 2025-11-09",
        "alerts 2025-11-02",
    ] {
        place.asof(line);
        let told = place.take();
        assert!(line == "check" || !told.contains("heartbeat"), "{told}");
        assert!(!place.path("hook.got").exists() && !place.path("ops.got").exists(), "asof {line}: {told}");
        assert!(!place.path("alerts.json").exists(), "{line}");
    }
    // The same commands would: it is all there.
    place.asof("save 2025-11-03");
    assert!(place.take().contains("the heartbeat failed"));
    place.asof("alerts --send");
    assert_eq!((got(&place, "hook").len(), got(&place, "ops").len()), (2, 1));
}

#[test]
fn a_day_that_is_not_known_does_not_clear_what_takes_days_in_a_row() {
    let alerts = LOW.replace("below = 10\n", "below = 10\nfor = 2\n");
    let place = sales(&[4, 4, 4, 4, 4], &format!("{alerts}\n[alerts.missing_day]\nmissing = false\n"));
    program(&place, "ops", "");
    for day in [3, 4, 6, 7] {
        place.asof(&format!("save 2025-11-0{day}"));
    }
    place.asof("alerts 2025-11-06");
    place.told(
        r#"
$ asof save 2025-11-03
exit 0
$ asof save 2025-11-04
! warning: alert low on 2025-11-04: sales: 4 is below 10; 2 days in a row
exit 0
$ asof save 2025-11-06
exit 0
$ asof save 2025-11-07
exit 0
$ asof alerts 2025-11-06
2025-11-06
Alert  State       Value  Expected  Why
low    not judged      4        10  4 is below 10; of 2 days in a row 2025-11-05 can't be judged
exit 0
"#,
    );
    assert_eq!(got(&place, "ops").len(), 1);
}
