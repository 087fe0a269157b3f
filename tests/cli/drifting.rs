//! `drift`: what a frozen day reads as now, by its own definitions.

use serde_json::{Value, json};

use super::{calls, frozen};
use crate::support::command::{Place, Run};
use crate::support::mariadb::{self, db};

/// The lines of a run as JSON.
fn lines(run: &Run) -> Vec<Value> {
    run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// What `drift … --json` says of the one day it looks at.
fn day(place: &Place, arguments: &str) -> Value {
    let run = place.asof(&format!("drift {arguments} --json"));
    assert_eq!(run.code, 0, "{}", run.stderr);
    place.forget();
    let mut lines = lines(&run);
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert_eq!((&lines[0]["event"], &lines[1]["event"]), (&json!("day"), &json!("done")));
    lines.swap_remove(0)
}

/// The kinds of a day's metrics.
fn kinds(day: &Value) -> Vec<(String, String)> {
    let metrics = day["metrics"].as_object().unwrap().iter();
    metrics.map(|(name, metric)| (name.clone(), metric["kind"].as_str().unwrap().to_owned())).collect()
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
    place.told("");
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
        json!({
            "frozen": 2, "live": 3, "change": 1, "percentage": 50.00, "kind": "restated",
            "by": {
                "hour": [{ "key": "09", "label": null, "frozen": 0, "live": 1, "change": 1, "percentage": null }],
                "campaign": [{ "key": "1027", "label": "EASTSIDE", "frozen": 1, "live": 2, "change": 1, "percentage": 100.00 }],
                "status": [{ "key": "SALE", "label": null, "frozen": 2, "live": 3, "change": 1, "percentage": 50.00 }],
            },
        })
    );
    place.asof("drift");
    place.asof("drift --metric calls --metric minutes --by status --exit-code");
    assert_eq!(place.tree("."), before);
    place.told("");
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
    place.asof("drift --restate --reason 'statuses were cleaned up' --metric calls");
    place.asof("drift --restate --reason 'statuses were cleaned up' --by status");
    assert_eq!(place.tree("snapshots"), before);
    place.change(
        "asof.toml",
        "time_zone = \"America/Chicago\"",
        "time_zone = \"America/Chicago\"\nshrink_guard = \"2%\"",
    );
    place.asof("drift --by status --metric calls");
    place.told("");
}

#[test]
fn what_the_source_no_longer_takes_is_unreadable() {
    let place = calls();
    place.done(&["save 2025-11-05", "save 2025-11-06"]);
    place.change(
        "asof.toml",
        "minutes = { of = \"calls\", sum = \"seconds\", divide = 60, unit = \"min\" }\n",
        "",
    );
    place.done(&["save 2025-11-06 --restate --reason 'without minutes'"]);
    place.sqlite("calls.db", "alter table calls drop column seconds");
    let before = place.tree("snapshots");
    place.asof("drift 2025-11-05");
    place.asof("drift 2025-11-05 --exit-code --json");
    place.asof("drift 2025-11-05 --definitions current");
    place.asof("drift --from 2025-11-01 --restate --reason 'clean'");
    place.asof("drift --from 2025-11-01 --exit-code -q");
    assert_eq!(place.tree("snapshots"), before);
    place.write("calls.db", "");
    std::fs::remove_file(place.path("calls.db")).unwrap();
    place.asof("drift --retry-for 0s --exit-code");
    place.told("");
}

#[test]
fn other_definitions_are_no_drift_and_are_told_when_asked_for() {
    let place = frozen();
    place.change("asof.toml", "sale = [\"SALE\"]", "sale = [\"SALE\", \"DROP\"]");
    place.change(
        "asof.toml",
        "minutes = {",
        "longest = { of = \"calls\", max = \"seconds\" }\nminutes_spoken = {",
    );
    let before = place.tree("snapshots");
    assert_eq!(day(&place, "")["kind"], "unchanged");
    let found = day(&place, "--definitions current");
    let told = kinds(&found);
    let expected = [
        ("calls", "unchanged"),
        ("sales", "redefined"),
        ("minutes", "redefined"),
        ("conversion", "redefined"),
        ("week", "redefined"),
        ("longest", "redefined"),
        ("minutes_spoken", "redefined"),
    ];
    assert_eq!(told, expected.map(|(name, kind)| (name.to_owned(), kind.to_owned())));
    let metric = |name: &str| {
        let metric = &found["metrics"][name];
        json!([metric["defined"], metric["frozen"], metric["live"]])
    };
    // Two sales and a drop; 16.5 minutes; the longest call took ten.
    assert_eq!(metric("sales"), json!(["changed", 2, 3]));
    assert_eq!(metric("minutes"), json!(["removed", 16.5, null]));
    assert_eq!(metric("minutes_spoken"), json!(["added", null, 16.5]));
    assert_eq!(metric("longest"), json!(["added", null, 600]));
    assert_eq!(found["kind"], "redefined");
    place.asof("drift --definitions current --exit-code --by campaign");
    place.asof("drift --definitions current --restate --reason 'other sales'");
    assert_eq!(place.tree("snapshots"), before);
    place.told("");
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
    place.told("");
}

#[test]
fn a_range_is_told_day_by_day_and_restated_where_rows_were_changed() {
    let place = calls();
    place.done(&["save 2025-11-04", "save 2025-11-05", "save 2025-11-06"]);
    place.sqlite("calls.db", "update calls set status = 'SALE' where at = '2025-11-05 10:00:00'");
    place.at("2025-11-10T03:00:00-06:00");
    let before = place.tree("snapshots");
    let run = place.asof("drift --from 2025-11-01 --to 2025-11-06 --json");
    let told = lines(&run);
    let days: Vec<_> = told.iter().map(|line| (line["date"].clone(), line["kind"].clone())).collect();
    assert_eq!(
        days,
        [
            (json!("2025-11-04"), json!("unchanged")),
            (json!("2025-11-05"), json!("restated")),
            (json!("2025-11-06"), json!("unchanged")),
            (Value::Null, Value::Null)
        ]
    );
    assert_eq!(
        told[3],
        json!({ "event": "done", "days": 3, "unchanged": 2, "redefined": 0, "restated": 1, "source_shrunk": 0,
                "unreadable": 0, "failed": 0, "frozen_again": 0 })
    );
    assert_eq!(place.tree("snapshots"), before);
    place.forget();
    place.asof("drift --from -30d --exit-code");
    assert_eq!(place.tree("snapshots"), before);
    place.asof("drift --from -30d --restate --reason 'late disposition' --metric sales");
    place.asof("drift --from -30d --restate --reason 'late disposition' -q");
    place.asof("drift --from -30d --exit-code");
    place.asof("drift 2025-11-05@1 --metric sales --by hour");
    place.asof("drift 2025-11-05@1 --restate --reason 'again'");
    place.asof("list --metric sales");
    place.asof("check --archive");
    place.told("");
    let after = place.tree("snapshots");
    for (path, content) in &before {
        if !["ledger.jsonl", "index.html"].contains(&path.as_str()) {
            assert_eq!(after.get(path), Some(content), "{path}");
        }
    }
    let manifest: Value = serde_json::from_str(&place.read("snapshots/2025-11-05@2/manifest.json")).unwrap();
    assert_eq!((&manifest["trigger"], &manifest["reason"]), (&json!("restate"), &json!("late disposition")));
}

#[test]
fn a_restatement_uses_the_definitions_that_were_frozen() {
    let place = frozen();
    place.change("asof.toml", "sale = [\"SALE\"]", "sale = [\"SALE\", \"DROP\"]");
    place.sqlite("calls.db", "update calls set status = 'SALE' where status = 'NA'");
    place.asof("drift --restate --reason 'late disposition' --by hour");
    let print = |edition: &str| {
        let text = place.read(&format!("snapshots/2025-11-06{edition}/manifest.json"));
        let manifest: Value = serde_json::from_str(&text).unwrap();
        manifest["definitions"]["fingerprint"].clone()
    };
    assert_eq!(print(""), print("@2"));
    place.told("");
}

#[test]
fn wrong_questions_are_refused() {
    let place = frozen();
    for line in [
        "drift --from 2025-11-06 --to 2025-11-05",
        "drift 2025-11-05",
        "drift --to 2025-11-05",
        "drift --metric sale",
        "drift --by list",
        "drift 2025-11-06 --from 2025-11-05",
        "drift --restate",
        "drift --reason x",
    ] {
        place.asof(line);
    }
    place.told("");
}

#[test]
fn a_damaged_day_keeps_no_other_from_being_looked_at() {
    let place = calls();
    place.done(&["save 2025-11-05", "save 2025-11-06"]);
    place.write("snapshots/2025-11-05/metrics.json", "{}");
    place.asof("drift --from 2025-11-01");
    place.asof("drift 2025-11-05 --json");
    place.told("");
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
    // 50 of 200 calls were sales; now 53 of 201, and 100.5 + … minutes: 200 · 30 s + 60 s = 101 min.
    let found = day(&place, "");
    let sales = &found["metrics"]["sales"];
    assert_eq!(
        json!([sales["frozen"], sales["live"], sales["change"], sales["percentage"]]),
        json!([50, 53, 3, 6.00])
    );
    assert_eq!(
        sales["by"]["campaign"],
        json!([
            { "key": "1027", "label": null, "frozen": 0, "live": 2, "change": 2, "percentage": null },
            { "key": null, "label": null, "frozen": 50, "live": 51, "change": 1, "percentage": 2.00 },
        ])
    );
    let minutes = &found["metrics"]["minutes"];
    assert_eq!(json!([minutes["frozen"], minutes["live"]]), json!([100, 101]));
    assert_eq!(found["kind"], "restated");
    db.sql("delete from calls where id > 190");
    assert_eq!(day(&place, "")["kind"], "source_shrunk");
    db.sql("alter table calls drop column seconds");
    place.asof("drift --exit-code");
    place.told("");
    assert_eq!(place.tree("snapshots"), before);
}
