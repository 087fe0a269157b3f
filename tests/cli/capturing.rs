//! `asof capture`: what is kept, what stops it, and what is told.

use asof::archive::Archive;
use asof::model::Digest;
use asof::ops::entities::rows::Rows;
use serde_json::Value;

use crate::support::command::{Place, Run};

/// Accounts, and a table of calls that is empty.
pub const CONFIG: &str = r#"[source]
url = "sqlite:crm.db"

[calendar]
time_zone = "UTC"

[events.calls]
table = "calls"
time = "at"
time_is = "utc"

[metrics]
calls = { of = "calls", count = true }

[entities.account]
sql = "select * from accounts"
key = "id"
label = "name"
cooldown = "300s"
counters = { logins = "logins" }
gauges = { revenue = {}, health = {} }
attributes = ["status", "tier"]
lists = ["books"]
on = { KPI_DATA_UPLOADED = "post_upload", HEALTH_SCORES_UPDATED = "post_health_calc" }

[entities.account.changes]
health_score_change = { field = "health", more_than = "5 points" }
revenue_change = { field = "revenue", more_than = "10%" }
status_change = { field = "status", changed = true }
playbook_started = { field = "books", added = true }
playbook_completed = { field = "books", removed = true }
"#;

/// The tables, and three accounts.
pub const ACCOUNTS: &str = r#"
create table calls (at text);
create index calls_at on calls (at);
create table accounts (id integer primary key, name text, logins integer, revenue numeric, health numeric,
  status text, tier text, books text);
insert into accounts values
  (5, 'Acme', 100, 1000, 70, 'active', 'd', '["PB-1"]'),
  (7, 'Umbra', 200, 2000, 50, 'active', 'w', '[]'),
  (9, 'Nil', null, null, null, null, 'w', null);
"#;

/// Three accounts, at noon.
pub fn accounts() -> Place {
    let place = Place::new();
    place.write("asof.toml", CONFIG);
    place.sqlite("crm.db", ACCOUNTS);
    place.at("2025-11-06T12:00:00Z");
    place
}

/// What a command said as JSON, line by line.
pub fn lines(run: &Run) -> Vec<Value> {
    run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The ledger's lines of a kind.
pub fn ledger(place: &Place, kind: &str) -> Vec<Value> {
    let ledger = place.read("snapshots/ledger.jsonl");
    let lines = ledger.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.filter(|line| line["kind"] == kind).collect()
}

/// The numbers of all kept rows of a key, of looks and captures, in their order.
pub fn numbers(place: &Place, key: &str) -> Vec<u64> {
    let archive = Archive::open(place.path("snapshots")).unwrap();
    let looks = archive.looks(None).unwrap().remove("account").unwrap_or_default();
    let rows = Rows::new(&archive, "account", &looks).unwrap().of_key(key).unwrap();
    rows.iter().map(|row| row.row.seq).collect()
}

#[test]
fn what_is_kept_is_told_and_cron_hears_nothing_of_it() {
    let place = accounts();
    place.asof("capture account --key 5 --key 7 --reason 'before the call' --actor eve --occurred-at 2025-11-06T11:59");
    place.asof("capture account --key 5 -v");
    place.asof("capture account --key 5 --key nope -v");
    place.asof("capture account --key nope");
    place.asof("capture account -v");
    place.asof("capture account --where status=active --key 5 --key 9 --json");
    place.asof("capture account --where revenue=2000.00 -v");
    place.asof("capture account --where books=PB-1 -v");
    place.told(
        r#"
$ asof capture account --key 5 --key 7 --reason 'before the call' --actor eve --occurred-at 2025-11-06T11:59
exit 0
$ asof capture account --key 5 -v
captured 5#2 Acme
exit 0
$ asof capture account --key 5 --key nope -v
captured 5#3 Acme
! warning: account nope is not in the source
exit 0
$ asof capture account --key nope
! warning: account nope is not in the source
exit 1
$ asof capture account -v
captured 5#4 Acme
captured 7#2 Umbra
captured 9#1 Nil
captured 3 of 3 account
exit 0
$ asof capture account --where status=active --key 5 --key 9 --json
{"changes":[],"entity":"account","event":"capture","key":"5","label":"Acme","sequence":5,"snapshot_id":"5#5","status":"captured"}
{"entity":"account","event":"capture","key":"9","status":"other"}
{"absent":0,"captured":1,"captured_at":"2025-11-06T12:00:00Z","entity":"account","event":"summary","of":2,"trigger":null,"type":"manual"}
exit 0
$ asof capture account --where revenue=2000.00 -v
captured 7#3 Umbra
captured 1 of 1 account
exit 0
$ asof capture account --where books=PB-1 -v
captured 5#6 Acme
captured 1 of 1 account
exit 0
"#,
    );
    let first = &ledger(&place, "capture")[0];
    assert_eq!(
        (&first["rows"], &first["full"], &first["type"]),
        (&2.into(), &false.into(), &"manual".into())
    );
    // The file is what the ledger says, and has the row as it was, with why.
    let name = format!("captures/account/date=2025-11-06/{}", first["file"]["path"].as_str().unwrap());
    let bytes = std::fs::read(place.path("snapshots").join(name)).unwrap();
    assert_eq!(first["file"]["sha256"], Digest::of(&bytes).to_string());
    let text = String::from_utf8(zstd::decode_all(&bytes[..]).unwrap()).unwrap();
    let row: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    let fields = r#"{"logins":100,"revenue":1000,"health":70,"status":"active","tier":"d","books":["PB-1"]}"#;
    assert_eq!(row["row"]["fields"], serde_json::from_str::<Value>(fields).unwrap());
    assert_eq!(
        (&row["reason"], &row["actor"], &row["occurred_at"]),
        (&"before the call".into(), &"eve".into(), &"2025-11-06T11:59:00Z".into())
    );
    let full: Vec<bool> =
        ledger(&place, "capture").iter().map(|line| line["full"].as_bool().unwrap()).collect();
    assert_eq!(full, [false, false, false, true, false, false, false]);
}

#[test]
fn the_cooldown_holds_across_processes_by_key_and_for_events_only() {
    let place = accounts();
    place.asof("capture account --key 5 --event KPI_DATA_UPLOADED -v");
    place.at("2025-11-06T12:02:00Z");
    place.asof("capture account --key 5 --key 7 --event HEALTH_SCORES_UPDATED -v");
    place.at("2025-11-06T12:04:59Z");
    place.asof("capture account --key 5 --type event_driven -v");
    place.at("2025-11-06T12:04:59.001Z");
    place.asof("capture account --key 5 --type post_upload --json");
    place.at("2025-11-06T12:05:00Z");
    place.asof("capture account --key 5 --type event_driven --trigger status_change -v");
    // These pass, and count as rows for those that wait.
    for kind in ["manual", "scheduled", "rag_auto"] {
        place.asof(&format!("capture account --key 5 --type {kind} -v"));
    }
    place.at("2025-11-06T12:09:59Z");
    place.asof("capture account --event KPI_DATA_UPLOADED -v");
    place.told(
        r#"
$ asof capture account --key 5 --event KPI_DATA_UPLOADED -v
captured 5#1 Acme
exit 0
$ asof capture account --key 5 --key 7 --event HEALTH_SCORES_UPDATED -v
5 cooldown: 180s remaining
captured 7#1 Umbra
exit 0
$ asof capture account --key 5 --type event_driven -v
5 cooldown: 1s remaining
exit 0
$ asof capture account --key 5 --type post_upload --json
{"entity":"account","event":"capture","key":"5","remaining_seconds":1,"sequence":1,"snapshot_id":"5#1","status":"cooldown"}
{"absent":0,"captured":0,"captured_at":null,"entity":"account","event":"summary","of":1,"trigger":null,"type":"post_upload"}
exit 0
$ asof capture account --key 5 --type event_driven --trigger status_change -v
captured 5#2 Acme
exit 0
$ asof capture account --key 5 --type manual -v
captured 5#3 Acme
exit 0
$ asof capture account --key 5 --type scheduled -v
captured 5#4 Acme
exit 0
$ asof capture account --key 5 --type rag_auto -v
captured 5#5 Acme
exit 0
$ asof capture account --event KPI_DATA_UPLOADED -v
5 cooldown: 1s remaining
captured 7#2 Umbra
captured 9#1 Nil
captured 2 of 3 account
exit 0
"#,
    );
    let last = ledger(&place, "capture").pop().unwrap();
    assert_eq!(last["full"], false, "one row was left out");
    assert_eq!(last["type"], "post_upload");
}

#[test]
fn a_daily_look_counts_as_a_row_and_what_it_did_not_keep_does_not() {
    let place = accounts();
    let rules = "\n[[entities.account.schedule]]\nwhere = \"tier = 'd'\"\nevery = \"day\"\n";
    place.write("asof.toml", format!("{CONFIG}{rules}"));
    place.at("2025-11-07T00:05:00Z");
    place.done(&["save"]);
    place.at("2025-11-07T00:08:00Z");
    // 7 is monthly, and was not due.
    place.asof("capture account --key 5 --key 7 --type event_driven -v");
    place.told(
        r#"
$ asof capture account --key 5 --key 7 --type event_driven -v
5 cooldown: 120s remaining
captured 7#1 Umbra
exit 0
"#,
    );
    assert_eq!((numbers(&place, "5"), numbers(&place, "7")), (vec![1], vec![1]));
}

#[test]
fn a_clock_that_went_back_makes_no_row_older() {
    let place = accounts();
    place.done(&["capture account --key 5"]);
    place.at("2025-11-06T11:59:30Z");
    place.asof("capture account --key 5 --type event_driven -v");
    place.asof("capture account --key 5 --max-age 10s -v");
    place.asof("capture account --key 5 -v");
    place.at("2025-11-04T12:00:00Z");
    let run = place.asof("capture account --key 5");
    assert_eq!(run.code, 1, "a clock that is days behind keeps nothing: {}", run.stderr);
    assert!(run.stderr.contains("clock"), "{}", run.stderr);
    let told = place.take();
    assert!(
        told.starts_with(
            "$ asof capture account --key 5 --type event_driven -v\n5 cooldown: 300s remaining\nexit 0\n\
             $ asof capture account --key 5 --max-age 10s -v\n5 is there as 5#1, seen 0 s ago\nexit 0\n\
             $ asof capture account --key 5 -v\ncaptured 5#2 Acme\nexit 0\n"
        ),
        "{told}"
    );
    assert_eq!(numbers(&place, "5"), [1, 2]);
}

#[test]
fn a_row_that_is_young_enough_or_there_at_all_does_as_well() {
    let place = accounts();
    place.done(&["capture account --key 5"]);
    place.at("2025-11-06T12:04:59Z");
    place.asof("capture account --key 5 --max-age 300s --json");
    place.at("2025-11-06T12:05:00Z");
    place.asof("capture account --key 5 --key 7 --max-age 300s -v");
    place.asof("capture account --if-missing -v");
    place.asof("capture account --if-missing --key 5 -v");
    place.told(
        r#"
$ asof capture account --key 5 --max-age 300s --json
{"captured_at":"2025-11-06T12:00:00Z","entity":"account","event":"capture","key":"5","sequence":1,"snapshot_id":"5#1","status":"existing"}
{"absent":0,"captured":0,"captured_at":null,"entity":"account","event":"summary","of":1,"trigger":null,"type":"manual"}
exit 0
$ asof capture account --key 5 --key 7 --max-age 300s -v
captured 5#2 Acme
captured 7#1 Umbra
exit 0
$ asof capture account --if-missing -v
5 is there as 5#2, seen 0 s ago
7 is there as 7#1, seen 0 s ago
captured 9#1 Nil
captured 1 of 3 account
exit 0
$ asof capture account --if-missing --key 5 -v
5 is there as 5#2, seen 0 s ago
exit 0
"#,
    );
}

#[test]
fn a_poll_keeps_what_changed_by_the_rules_and_says_what_happened() {
    let place = accounts();
    let poll = "capture account --if-changed --type scheduled -v";
    place.asof(poll);
    place.asof(poll);
    // No more than 5 points and 10 %, and another order of the list.
    place.sqlite("crm.db", "update accounts set health = 75, revenue = 1100 where id = 5");
    place.asof(poll);
    place.sqlite("crm.db", "update accounts set health = 75.01, revenue = 899.99 where id = 5");
    place.asof(poll);
    place.sqlite("crm.db", r#"update accounts set status = 'churn', books = '["PB-2"]' where id = 7"#);
    place.sqlite(
        "crm.db",
        r#"update accounts set books = '["PB-3", "PB-2"]', status = 'active' where id = 5"#,
    );
    place.asof(&poll.replace("-v", "--json"));
    place.asof("capture account --key 5 --key 7 --if-changed -v");
    place.told(
        r#"
$ asof capture account --if-changed --type scheduled -v
captured 5#1 Acme
captured 7#1 Umbra
captured 9#1 Nil
captured 3 of 3 account
exit 0
$ asof capture account --if-changed --type scheduled -v
5 unchanged since 5#1
7 unchanged since 7#1
9 unchanged since 9#1
captured 0 of 3 account
exit 0
$ asof capture account --if-changed --type scheduled -v
5 unchanged since 5#1
7 unchanged since 7#1
9 unchanged since 9#1
captured 0 of 3 account
exit 0
$ asof capture account --if-changed --type scheduled -v
captured 5#2 Acme: health_score_change, revenue_change
7 unchanged since 7#1
9 unchanged since 9#1
captured 1 of 3 account
exit 0
$ asof capture account --if-changed --type scheduled --json
{"changes":["playbook_started","playbook_completed"],"entity":"account","event":"capture","key":"5","label":"Acme","sequence":3,"snapshot_id":"5#3","status":"captured"}
{"changes":["status_change","playbook_started"],"entity":"account","event":"capture","key":"7","label":"Umbra","sequence":2,"snapshot_id":"7#2","status":"captured"}
{"entity":"account","event":"capture","key":"9","sequence":1,"snapshot_id":"9#1","status":"unchanged"}
{"absent":0,"captured":2,"captured_at":"2025-11-06T12:00:00Z","entity":"account","event":"summary","of":3,"trigger":null,"type":"scheduled"}
exit 0
$ asof capture account --key 5 --key 7 --if-changed -v
5 unchanged since 5#3
7 unchanged since 7#2
exit 0
"#,
    );
    let archive = Archive::open(place.path("snapshots")).unwrap();
    let looks = archive.looks(None).unwrap().remove("account").unwrap();
    let rows = Rows::new(&archive, "account", &looks).unwrap().of_key("5").unwrap();
    let changes = rows[1].capture.as_ref().unwrap().changes.clone();
    assert_eq!(changes, ["health_score_change", "revenue_change"]);
    // A poll that found nothing is no file.
    assert_eq!(ledger(&place, "capture").len(), 3);
}
