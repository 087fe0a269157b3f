//! Metrics whose values asof counts itself, from the configuration to `metrics.json`.

use serde_json::{Value, json};

use super::CONFIG;
use crate::support::command::Place;
use crate::support::mariadb::db;

/// Six calls on 2025-11-06 from two phones, with one value that is no number and one row without any.
const CALLS: &str = "
create table calls (at varchar(20), campaign varchar(9), status varchar(9), seconds int, phone varchar(20));
create table campaigns (id varchar(9), name varchar(20));
insert into calls values
  ('2025-11-06 00:00:00', '1027', 'SALE', 600, '(314) 555-0100'),
  ('2025-11-06 09:15:00', '1027', 'NA', 0, '13145550100'),
  ('2025-11-06 09:45:00', '1027', 'DROP', 30, '3145550101'),
  ('2025-11-06 17:30:00', '2044', 'SALE', 360, '+1 314 555 0100'),
  ('2025-11-06 18:30:00', '2044', 'NA', 0, '5550100'),
  ('2025-11-06 23:59:59', null, '', null, null);
";

const METRICS: &str = r#"
phones = { of = "calls", distinct = "phone", as = "phone", by = ["campaign"], label = "Unique phones" }
reached = { of = "calls", distinct = "phone", as = "phone", where = "seconds > 0", cumulative = true }
statuses = { of = "calls", distinct = "status", by = ["campaign"], cumulative = true }
"#;

fn config() -> String {
    CONFIG.replace("[metrics]\n", &format!("[metrics]\n{}", METRICS.trim_start()))
}

#[test]
fn phones_are_frozen_with_what_is_apart_from_them() {
    let place = Place::new();
    place.write("asof.toml", config());
    place.sqlite("calls.db", CALLS);
    place.done(&["save", "check"]);
    let doc: Value = serde_json::from_str(&place.read("snapshots/2025-11-06/metrics.json")).unwrap();
    let mut phones = doc["metrics"]["phones"].clone();
    phones.as_object_mut().unwrap().retain(|key, _| !["compared", "recent"].contains(&key.as_str()));
    assert_eq!(
        phones,
        json!({
            "label": "Unique phones", "unit": null, "of": "calls", "value": 2,
            "apart": { "blank_rows": 1, "unusable": 1, "unusable_rows": 1 },
            "by": { "campaign": [
                { "key": "1027", "value": 2 }, { "key": "2044", "value": 1 }, { "key": null, "value": 0 },
            ] },
        })
    );
    let reached = &doc["metrics"]["reached"];
    assert_eq!(reached["value"], 2);
    assert_eq!(reached["apart"], json!({ "blank_rows": 0, "unusable": 0, "unusable_rows": 0 }));
    let statuses = &doc["metrics"]["statuses"];
    assert_eq!((&statuses["value"], &statuses["apart"]), (&json!(4), &Value::Null));
    let counts: Vec<&Value> =
        statuses["by"]["campaign"].as_array().unwrap().iter().map(|member| &member["value"]).collect();
    assert_eq!(counts, [3, 2, 1]);
    // Read again, nothing differs; a phone that turns out to be none is a difference.
    place.done(&["save --restate --reason 'again'"]);
    assert!(!place.path("snapshots/2025-11-06@2").exists());
    place.sqlite("calls.db", "update calls set phone = 'none' where phone is null");
    place.done(&["save --restate --reason 'repaired'"]);
    let doc: Value = serde_json::from_str(&place.read("snapshots/2025-11-06@2/metrics.json")).unwrap();
    let apart = json!({ "blank_rows": 0, "unusable": 2, "unusable_rows": 2 });
    assert_eq!(doc["metrics"]["phones"]["apart"], apart);
}

/// The SQL that `check` shows is for people to run: it gives every value once for each grouping.
#[test]
fn the_sql_that_is_shown_runs() {
    let lite = Place::new();
    lite.write("asof.toml", config());
    lite.sqlite("calls.db", CALLS);
    let db = db();
    db.sql(CALLS);
    let maria = Place::new();
    maria.write("asof.toml", config().replace("sqlite:calls.db", &db.url()));
    for (place, on_lite) in [(lite, true), (maria, false)] {
        place.at("2025-11-07T03:00:00-06:00");
        let run = place.asof("check --json");
        assert_eq!(run.code, 0, "{}", run.stderr);
        let report: Value = serde_json::from_str(&run.stdout).unwrap();
        let sql = report["queries"][0]["sql"].as_str().unwrap();
        let rows: Vec<String> = if on_lite {
            let connection = rusqlite::Connection::open(place.path("calls.db")).unwrap();
            let mut statement = connection.prepare(sql).unwrap();
            let last = statement.column_count() - 1;
            let cell = |row: &rusqlite::Row<'_>| row.get::<_, Option<i64>>(last);
            let rows: Vec<Option<i64>> = statement.query_map([], cell).unwrap().map(Result::unwrap).collect();
            rows.into_iter().flatten().map(|rows| rows.to_string()).collect()
        } else {
            let told = db.sql(sql);
            let last =
                told.lines().filter_map(|line| line.rsplit('\t').next()).filter(|cell| *cell != "NULL");
            last.map(str::to_owned).collect()
        };
        // Six rows by campaign and phone, three texts with seconds, four statuses: all rows, some, all.
        let counts: Vec<u64> = rows.iter().map(|rows| rows.parse().unwrap()).collect();
        assert_eq!(counts.len(), 6 + 3 + 4, "{rows:?}");
        assert_eq!(counts.iter().sum::<u64>(), 6 + 3 + 6, "{rows:?}");
    }
}

#[test]
fn what_is_wrong_with_keyed_metrics_is_told_with_line_and_hint() {
    let place = Place::new();
    let text = config()
        .replace("[calendar]", "[archive]\nkey_file = \"snapshots/../snapshots/key\"\n\n[calendar]")
        .replace(
            "phones = { of = \"calls\", distinct = \"phone\", as = \"phone\"",
            "phones = { of = \"calls\", distinct = \"phone\", as = \"email\"",
        )
        .replace("sum = \"seconds\"", "sum = \"seconds\", cumulative = true")
        .replace("\"status in {sale}\"", "\"status in {sale}\", as = \"phone\"")
        .replace("week = { ratio = [\"sales\", \"calls\"]", "week = { ratio = [\"reached\", \"calls\"]");
    place.write("asof.toml", text);
    place.asof("check --offline");
    place.told(
        r#"
$ asof check --offline
! asof.toml:5:12: the key file "snapshots/../snapshots/key" lies in the archive "snapshots"
!   hint: keep the key apart: whoever has it and the archive can tell whose values were counted
! asof.toml:24:51: "email" is none of phone
! asof.toml:28:72: "as" means nothing with "count"
!   hint: only the values of a distinct are told apart
! asof.toml:29:57: "cumulative" means nothing with "sum"
!   hint: only the values of a distinct are kept for the days to come
! asof.toml:31:19: "reached" can't be a part of a ratio
!   hint: distinct counts of several days don't add up: leave over out
exit 2
"#,
    );
}
