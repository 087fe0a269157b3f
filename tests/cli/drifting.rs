//! `drift`: what a frozen day reads as now, by its own definitions.

use serde_json::{Value, json};

use super::{calls, frozen};
use crate::support::command::{Place, Run};
use crate::support::mariadb::{self, db};

/// The lines of a run as JSON.
pub fn lines(run: &Run) -> Vec<Value> {
    run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// What `drift … --json` says of the one day it looks at.
pub fn day(place: &Place, arguments: &str) -> Value {
    let run = place.asof(&format!("drift {arguments} --json"));
    assert_eq!(run.code, 0, "{}", run.stderr);
    place.forget();
    let mut lines = lines(&run);
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert_eq!((&lines[0]["event"], &lines[1]["event"]), (&json!("day"), &json!("done")));
    lines.swap_remove(0)
}

/// JSON with its numbers to the digit.
fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// A day with 1,000 calls, ten of them sales: at half past each hour of ten.
fn thousand() -> Place {
    let place = calls();
    place.sqlite(
        "calls.db",
        "delete from calls;
         with recursive n(i) as (select 0 union all select i + 1 from n where i < 999)
         insert into calls (at, campaign, status, seconds)
         select format('2025-11-06 %02d:30:00', i / 100), '1027', iif(i % 100 = 0, 'SALE', 'NA'), 60 from n",
    );
    place.done(&["save"]);
    place
}

#[test]
fn a_day_that_reads_the_same_is_unchanged() {
    let place = frozen();
    // Other names change no number.
    place.sqlite("calls.db", "update campaigns set name = 'Westside'");
    let before = place.tree(".");
    place.asof("drift");
    place.asof("drift 2025-11-06 --exit-code --metric sales -v");
    place.asof("drift --json --metric calls --exit-code");
    assert_eq!(place.tree("."), before);
    place.told(
        r#"
$ asof drift
2025-11-06 Thu  edition 1  unchanged
exit 0
$ asof drift 2025-11-06 --exit-code --metric sales -v
2025-11-06 Thu  edition 1  unchanged
  Metric  Frozen  Now  Change
  Sales        2    2       0  0.00 %  unchanged
exit 0
$ asof drift --json --metric calls --exit-code
{"date":"2025-11-06","edition":1,"event":"day","groups_differ_in":[],"kind":"unchanged","metrics":{"calls":{"by":{},"change":0,"frozen":5,"kind":"unchanged","live":5,"percentage":0.00}},"provenance":"witnessed","rows":{"calls":{"frozen":5,"live":5,"shrunk":false}}}
{"days":1,"event":"done","failed":0,"frozen_again":0,"redefined":0,"restated":0,"source_shrunk":0,"unchanged":1,"unreadable":0}
exit 0
"#,
    );
}

#[test]
fn a_changed_disposition_is_told_with_the_members_it_came_from() {
    let place = frozen();
    place.sqlite("calls.db", "update calls set status = 'SALE' where status = 'DROP'");
    place.at("2025-11-10T03:00:00-06:00");
    let before = place.tree(".");
    let sales = &day(&place, "")["metrics"]["sales"];
    // Sales 2 before, and the dropped call at 09:45 of campaign 1027 now.
    assert_eq!(
        *sales,
        parsed(
            r#"{
                "frozen": 2, "live": 3, "change": 1, "percentage": 50.00, "kind": "restated",
                "by": {
                    "hour": [{ "key": "09", "label": null, "frozen": 0, "live": 1, "change": 1, "percentage": null }],
                    "campaign": [{ "key": "1027", "label": "EASTSIDE", "frozen": 1, "live": 2, "change": 1, "percentage": 100.00 }],
                    "status": [{ "key": "SALE", "label": null, "frozen": 2, "live": 3, "change": 1, "percentage": 50.00 }]
                }
            }"#
        )
    );
    place.asof("drift");
    place.asof("drift --metric calls --metric minutes --by status --exit-code");
    assert_eq!(place.tree("."), before);
    place.told(
        r#"
$ asof drift
2025-11-06 Thu  edition 1  restated
  Metric                              Frozen       Now     Change
  Calls                                    5         5          0     0.00 %  restated
    status DROP                            1         —         −1  −100.00 %  vanished
    status SALE                            2         3         +1   +50.00 %
  Sales                                    2         3         +1   +50.00 %  restated
    hour 09                                0         1         +1
    campaign EASTSIDE 1027                 1         2         +1  +100.00 %
    status SALE                            2         3         +1   +50.00 %
  Minutes                           16.5 min  16.5 min    0.0 min     0.00 %  restated
    status DROP                      0.5 min         —   −0.5 min  −100.00 %  vanished
    status SALE                     16.0 min  16.5 min   +0.5 min    +3.12 %
  Conversion                         40.00 %   60.00 %  +20.00 pt   +50.00 %  restated
    hour 09                           0.00 %   50.00 %  +50.00 pt
    campaign EASTSIDE 1027           33.33 %   66.67 %  +33.33 pt  +100.00 %
  Conversion of the week, this day   40.00 %   60.00 %  +20.00 pt   +50.00 %  restated
    hour 09                           0.00 %   50.00 %  +50.00 pt
    campaign EASTSIDE 1027           33.33 %   66.67 %  +33.33 pt  +100.00 %
exit 0
$ asof drift --metric calls --metric minutes --by status --exit-code
2025-11-06 Thu  edition 1  restated
  Metric           Frozen       Now    Change
  Calls                 5         5         0     0.00 %  restated
    status DROP         1         —        −1  −100.00 %  vanished
    status SALE         2         3        +1   +50.00 %
  Minutes        16.5 min  16.5 min   0.0 min     0.00 %  restated
    status DROP   0.5 min         —  −0.5 min  −100.00 %  vanished
    status SALE  16.0 min  16.5 min  +0.5 min    +3.12 %
exit 4
"#,
    );
}

#[test]
fn late_rows_are_restated_by_the_values_of_the_day_alone() {
    let place = frozen();
    place.sqlite(
        "calls.db",
        "insert into calls (at, campaign, status, seconds) values ('2025-11-06 12:00:00', '2044', 'NA', 90)",
    );
    let found = day(&place, "2025-11-06");
    assert_eq!(found["rows"], json!({ "calls": { "frozen": 5, "live": 6, "shrunk": false } }));
    // 2 of 5 calls were sales, 2 of 6 are; the week has no other day.
    for ratio in ["conversion", "week"] {
        let metric = &found["metrics"][ratio];
        assert_eq!(metric["kind"], "restated");
        assert_eq!(
            (&metric["frozen"], metric["live"].to_string()),
            (&json!(0.4), "0.333333333333".to_owned())
        );
    }
    assert_eq!(found["metrics"]["sales"]["kind"], "unchanged");
    // Another day is frozen: what is taken over the week differs, and nothing of the day itself does.
    place.sqlite("calls.db", "delete from calls where at = '2025-11-06 12:00:00'");
    place.done(&["save 2025-11-05"]);
    assert_eq!(day(&place, "2025-11-06")["kind"], "unchanged");
}

#[test]
fn rows_that_are_gone_are_no_restatement() {
    let place = thousand();
    place.sqlite("calls.db", "delete from calls where at < '2025-11-06 01:00:00' and id % 10 = 1");
    // Ten of a thousand rows: as many as may go.
    assert_eq!(day(&place, "")["kind"], "restated");
    place.sqlite("calls.db", "delete from calls where at > '2025-11-06 09:00:00' and status = 'SALE'");
    let found = day(&place, "");
    assert_eq!(found["kind"], "source_shrunk");
    assert_eq!(found["rows"]["calls"], json!({ "frozen": 1000, "live": 989, "shrunk": true }));
    let before = place.tree("snapshots");
    place.asof("drift --restate --reason 'statuses were cleaned up' --by status");
    assert_eq!(place.tree("snapshots"), before);
    place.change(
        "asof.toml",
        "time_zone = \"America/Chicago\"",
        "time_zone = \"America/Chicago\"\nshrink_guard = \"2%\"",
    );
    place.asof("drift --by status --metric calls");
    place.told(
        r#"
$ asof drift --restate --reason 'statuses were cleaned up' --by status
2025-11-06 Thu  edition 1  source shrunk
  calls: 1,000 rows were frozen, 989 are there now
  Metric                               Frozen      Now    Change
  Calls                                 1,000      989       −11   −1.10 %  source shrunk
    status NA                             990      981        −9   −0.91 %
    status SALE                            10        8        −2  −20.00 %
  Sales                                    10        8        −2  −20.00 %  source shrunk
    status SALE                            10        8        −2  −20.00 %
  Minutes                           1,000 min  989 min   −11 min   −1.10 %  source shrunk
    status NA                         990 min  981 min    −9 min   −0.91 %
    status SALE                        10 min    8 min    −2 min  −20.00 %
  Conversion                           1.00 %   0.81 %  −0.19 pt  −19.11 %  source shrunk
  Conversion of the week, this day     1.00 %   0.81 %  −0.19 pt  −19.11 %  source shrunk
! warning: 2025-11-06 is not restated: rows of it are gone from the source
exit 0
$ asof drift --by status --metric calls
2025-11-06 Thu  edition 1  restated
  Metric         Frozen  Now  Change
  Calls           1,000  989     −11   −1.10 %  restated
    status NA       990  981      −9   −0.91 %
    status SALE      10    8      −2  −20.00 %
exit 0
"#,
    );
}

#[test]
fn sums_of_floats_may_differ_in_their_last_digits() {
    let place = calls();
    place.sqlite("calls.db", "create table paid (at text, amount real);
        insert into paid values ('2025-11-06 09:00:00', 0.1), ('2025-11-06 09:00:01', 0.2), ('2025-11-06 09:00:02', 0.3)");
    place.change("asof.toml", "[metrics]\n", "[events.paid]\ntable = \"paid\"\ntime = \"at\"\ntime_is = \"local\"\n\n[metrics]\npaid = { of = \"paid\", sum = \"amount\" }\n");
    place.done(&["save"]);
    let before = day(&place, "")["metrics"]["paid"]["live"].clone();
    // Moved by less than a billionth: below what sums of floats are told apart by.
    place.sqlite("calls.db", "update paid set amount = 0.3 + 1e-13 where amount > 0.25");
    let found = day(&place, "");
    assert_ne!(found["metrics"]["paid"]["live"], before);
    assert_eq!(found["kind"], "unchanged");
    place.sqlite("calls.db", "update paid set amount = 0.30001 where amount > 0.25");
    assert_eq!(day(&place, "")["metrics"]["paid"]["kind"], "restated");
}

#[test]
fn a_tolerance_lets_a_metric_move_and_says_so() {
    let place = thousand();
    place.change(
        "asof.toml",
        "calls = { of = \"calls\", count = true }",
        "calls = { of = \"calls\", count = true, drift = \"0.5%\" }",
    );
    place.sqlite("calls.db", "insert into calls (at, campaign, status) select '2025-11-06 12:00:00', '1027', 'NA' from calls limit 5");
    // Five of a thousand are half a percent; the rate of sales has no tolerance.
    place.asof("drift --metric calls --exit-code");
    place.asof("drift --metric calls --metric sales --exit-code --json --by campaign");
    place.sqlite(
        "calls.db",
        "insert into calls (at, campaign, status) values ('2025-11-06 12:00:00', '1027', 'NA')",
    );
    place.asof("drift --metric calls --exit-code --by campaign");
    place.told(
        r#"
$ asof drift --metric calls --exit-code
2025-11-06 Thu  edition 1  unchanged
  Metric                    Frozen    Now  Change
  Calls                      1,000  1,005      +5  +0.50 %  unchanged, moved within its tolerance
    hour 12                      —      5      +5           appeared
    campaign EASTSIDE 1027   1,000  1,005      +5  +0.50 %
    status NA                  990    995      +5  +0.51 %
exit 0
$ asof drift --metric calls --metric sales --exit-code --json --by campaign
{"date":"2025-11-06","edition":1,"event":"day","groups_differ_in":[],"kind":"unchanged","metrics":{"calls":{"by":{"campaign":[{"change":5,"frozen":1000,"key":"1027","label":"EASTSIDE","live":1005,"percentage":0.50}]},"change":5,"frozen":1000,"kind":"unchanged","live":1005,"percentage":0.50,"within_tolerance":true},"sales":{"by":{},"change":0,"frozen":10,"kind":"unchanged","live":10,"percentage":0.00}},"provenance":"witnessed","rows":{"calls":{"frozen":1000,"live":1005,"shrunk":false}}}
{"days":1,"event":"done","failed":0,"frozen_again":0,"redefined":0,"restated":0,"source_shrunk":0,"unchanged":1,"unreadable":0}
exit 0
$ asof drift --metric calls --exit-code --by campaign
2025-11-06 Thu  edition 1  restated
  Metric                    Frozen    Now  Change
  Calls                      1,000  1,006      +6  +0.60 %  restated
    campaign EASTSIDE 1027   1,000  1,006      +6  +0.60 %
exit 4
"#,
    );
}

#[test]
fn a_day_of_mariadb_drifts_alike() {
    let db = db();
    db.sql(
        "create table calls (id int auto_increment primary key, at datetime, campaign varchar(8), status varchar(6), seconds int, key (at)) engine = myisam;
         create table campaigns (id varchar(8), name varchar(20));
         insert into calls (at, campaign, status, seconds) select '2025-11-06 09:00:00' + interval seq second, if(seq % 2, '1027', null), if(seq % 4, 'NA', 'SALE'), 30 from seq_1_to_200;",
    );
    let place = calls();
    place.change("asof.toml", "url = \"sqlite:calls.db\"", &format!("url = \"{}\"", db.url()));
    place.secret(mariadb::REPORT.1);
    place.done(&["save"]);
    let before = place.tree("snapshots");
    assert_eq!(day(&place, "")["kind"], "unchanged");
    db.sql("update calls set status = 'SALE' where id in (1, 2, 3); insert into calls (at, status, seconds) values ('2025-11-06 09:00:00', 'NA', 60)");
    // A quarter of 200 calls were sales, all of them without a campaign; 200 · 30 s are 100 min, 60 s more 101.
    let found = day(&place, "");
    let sales = &found["metrics"]["sales"];
    let told = json!([sales["frozen"], sales["live"], sales["change"], sales["percentage"]]);
    assert_eq!(told, parsed("[50, 53, 3, 6.00]"));
    assert_eq!(
        sales["by"]["campaign"],
        parsed(
            r#"[
                { "key": "1027", "label": null, "frozen": 0, "live": 2, "change": 2, "percentage": null },
                { "key": null, "label": null, "frozen": 50, "live": 51, "change": 1, "percentage": 2.00 }
            ]"#
        )
    );
    let minutes = &found["metrics"]["minutes"];
    assert_eq!(json!([minutes["frozen"], minutes["live"]]), json!([100, 101]));
    assert_eq!(found["kind"], "restated");
    db.sql("delete from calls where id > 190");
    assert_eq!(day(&place, "")["kind"], "source_shrunk");
    db.sql("alter table calls drop column seconds");
    place.asof("drift --exit-code");
    place.told(
        r#"
$ asof drift --exit-code
2025-11-06 Thu  edition 1  unreadable
  events.calls is refused by the source: Unknown column 'seconds' in 'SELECT' (error 1054)
exit 4
"#,
    );
    assert_eq!(place.tree("snapshots"), before);
}

#[test]
fn other_keys_and_other_groups_are_a_change_although_no_number_is() {
    let place = calls();
    place.change(
        "asof.toml",
        "[metrics]\n",
        "[metrics]\nplaces = { of = \"calls\", distinct = \"upper(campaign)\", cumulative = true }\n",
    );
    place.sqlite(
        "calls.db",
        "insert into calls (at, campaign, status) values
           ('2025-11-06 12:00:00', '1027', 'NA'), ('2025-11-06 13:00:00', '2044', 'NA')",
    );
    place.done(&["save"]);
    // Each hour and each campaign has what it had: only their crossing differs.
    place.sqlite(
        "calls.db",
        "update calls set campaign = '2044' where at = '2025-11-06 12:00:00';
         update calls set campaign = '1027' where at = '2025-11-06 13:00:00'",
    );
    assert_eq!(day(&place, "")["groups_differ_in"], json!(["calls"]));
    assert_eq!(
        place.asof("drift --exit-code").stdout,
        "\
2025-11-06 Thu  edition 1  restated
  single groups of calls differ, and no total or breakdown does
"
    );
    place.sqlite("calls.db", "update calls set campaign = '3000' where campaign = '2044'");
    let found = day(&place, "--metric places");
    let places = &found["metrics"]["places"];
    assert_eq!(json!([places["frozen"], places["live"], places["other_keys"]]), json!([2, 2, true]));
    assert_eq!((&places["kind"], &found["kind"]), (&json!("restated"), &json!("restated")));
    place.asof("drift --metric places");
    // Without the key file nothing can be said of keys.
    std::fs::remove_file(place.path("asof.key")).unwrap();
    place.asof("drift");
    place.told(
        r#"
$ asof drift --metric places
2025-11-06 Thu  edition 1  restated
  Metric  Frozen  Now  Change
  Places       2    2       0  0.00 %  restated, other keys were counted
exit 0
$ asof drift
! error: the key file asof.key is missing, and 2025-11-06 was counted with the key that was in it
!   hint: restore it from a backup; to begin to count anew instead, make another one: (umask 077; od -An -N16 -tx1 /dev/urandom | tr -d ' ' > asof.key)
exit 1
"#,
    );
}
