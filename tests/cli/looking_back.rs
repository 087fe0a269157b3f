//! What a save does before its own day: frozen days are read again at their ages.

use serde_json::Value;

use super::calls;
use crate::support::command::Place;

/// The call centre, looking back over three days.
fn looking_back() -> Place {
    let place = calls();
    place.change("asof.toml", "[lists]", "lookback = [1, 2, 3]\n\n[lists]");
    place
}

fn at(place: &Place, day: u32) {
    place.at(&format!("2025-11-{day:02}T03:00:00-06:00"));
}

/// The ledger's lines of a kind.
fn lines(place: &Place, kind: &str) -> Vec<Value> {
    let ledger = place.read("snapshots/ledger.jsonl");
    let lines = ledger.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.filter(|line| line["kind"] == kind).collect()
}

#[test]
fn a_save_confirms_restates_and_makes_up_for_nights_that_were_slept_through() {
    let place = looking_back();
    at(&place, 6);
    place.asof("save -v");
    at(&place, 7);
    place.asof("save -v");
    let first = place.tree("snapshots/2025-11-05");
    place.sqlite("calls.db", "update calls set status = 'SALE' where at = '2025-11-05 10:00:00'");
    at(&place, 8);
    place.asof("save -v");
    // Another list is no other day: its own definitions are what it is read by.
    place.change("asof.toml", "sale = [\"SALE\"]", "sale = [\"SALE\", \"NA\"]");
    at(&place, 9);
    place.asof("save -v");
    at(&place, 12);
    place.asof("save -v");
    place.asof("list");
    place.told(
        r#"
$ asof save -v
froze 2025-11-05 (witnessed) from 3 rows
  Calls 3 · Sales 1 · Minutes 1.5 min · Conversion 33.33 % · Conversion of the week 33.33 %
  snapshots/2025-11-05/dashboard.html
exit 0
$ asof save -v
read again, and unchanged: 2025-11-05
froze 2025-11-06 (witnessed) from 5 rows
  Calls 5 · Sales 2 · Minutes 16.5 min · Conversion 40.00 % · Conversion of the week 37.50 %
  snapshots/2025-11-06/dashboard.html
exit 0
$ asof save -v
froze 2025-11-05@2 (reconstructed): read again, it differs in calls, sales
read again, and unchanged: 2025-11-06
froze 2025-11-07 (witnessed) from 1 row
  Calls 1 · Sales 1 · Minutes 1 min · Conversion 100.00 % · Conversion of the week 55.56 %
  snapshots/2025-11-07/dashboard.html
exit 0
$ asof save -v
read again, and unchanged: 2025-11-06, 2025-11-07
froze 2025-11-08 (witnessed) from 0 rows
  Calls 0 · Sales 0 · Minutes 0 min · Conversion unknown · Conversion of the week unknown
  snapshots/2025-11-08/dashboard.html
exit 0
$ asof save -v
froze 2025-11-09 (reconstructed): no save froze it in its time
froze 2025-11-10 (reconstructed): no save froze it in its time
froze 2025-11-11 (witnessed) from 0 rows
  Calls 0 · Sales 0 · Minutes 0 min · Conversion unknown · Conversion of the week unknown
  snapshots/2025-11-11/dashboard.html
exit 0
$ asof list
Day             Editions  Provenance       Calls  Sales  Minutes min  Conversion
2025-11-05 Wed  1 2       ● witnessed          3      1          1.5     33.33 %  @2 lookback
2025-11-06 Thu  1         ● witnessed          5      2         16.5     40.00 %
2025-11-07 Fri  1         ● witnessed          1      1          1.0    100.00 %
2025-11-08 Sat  1         ● witnessed          0      0          0.0           —
2025-11-09 Sun  1         ○ reconstructed      0      0          0.0           —
2025-11-10 Mon  1         ○ reconstructed      0      0          0.0           —
2025-11-11 Tue  1         ● witnessed          0      0          0.0           —
exit 0
"#,
    );
    assert_eq!(place.tree("snapshots/2025-11-05"), first, "edition 1 stays as it is");
    let confirmed: Vec<String> = lines(&place, "confirmed")
        .iter()
        .map(|line| {
            let days = line["days"].as_array().unwrap().iter();
            days.map(|day| format!("{}@{} ", day["date"].as_str().unwrap(), day["edition"])).collect()
        })
        .collect();
    assert_eq!(confirmed, ["2025-11-05@1 ", "2025-11-06@1 ", "2025-11-06@1 2025-11-07@1 "]);
    let again = &lines(&place, "snapshot")[2];
    assert_eq!(
        (&again["edition"], &again["reason"], &again["trigger"]),
        (&2.into(), &"lookback".into(), &"lookback".into())
    );
}

#[test]
fn a_day_whose_rows_are_gone_stands_and_is_warned_of() {
    let place = looking_back();
    at(&place, 6);
    place.done(&["save"]);
    let first = place.tree("snapshots/2025-11-05");
    place.sqlite("calls.db", "delete from calls where at < '2025-11-05 12:00:00'");
    at(&place, 7);
    place.asof("save");
    at(&place, 8);
    place.asof("save --json");
    place.told(
        r#"
$ asof save
! warning: 2025-11-05: the source has only 1 of 3 rows of calls left; the frozen day stands
exit 0
$ asof save --json
{"date":"2025-11-05","edition":1,"event":"lookback","rows":[{"events":"calls","frozen":3,"live":1}],"status":"source_shrunk"}
{"date":"2025-11-06","edition":1,"event":"lookback","status":"confirmed"}
{"date":"2025-11-07","differs_in":null,"edition":1,"event":"day","folder":"snapshots/2025-11-07","groups_differ_in":null,"metrics":{"calls":1,"conversion":1,"minutes":1,"sales":1,"week":0.444444444444},"notes":[],"provenance":"witnessed","rows":1,"status":"frozen","trigger":"save","warnings":[]}
! {"warning":"2025-11-05: the source has only 1 of 3 rows of calls left; the frozen day stands"}
exit 0
"#,
    );
    assert_eq!(place.tree("snapshots/2025-11-05"), first);
    assert!(!place.path("snapshots/2025-11-05@2").exists());
    assert_eq!(lines(&place, "confirmed").len(), 1, "only that of 2025-11-06");
}

#[test]
fn a_provisional_day_is_final_at_the_next_look_and_a_column_that_is_gone_keeps_no_day_from_being_saved() {
    let place = looking_back();
    at(&place, 6);
    place.done(&["save"]);
    place.at("2025-11-07T00:30:00-06:00");
    place.done(&["save"]);
    place.sqlite("calls.db", "alter table calls add outcome text; update calls set outcome = status");
    place.at("2025-11-09T03:00:00-06:00");
    place.asof("save -v");
    place.sqlite("calls.db", "alter table calls drop column status");
    place.change("asof.toml", "status = \"status\"", "status = \"outcome\"");
    place.change("asof.toml", "where = \"status", "where = \"outcome");
    at(&place, 10);
    place.asof("save -v");
    place.told(
        r#"
$ asof save -v
froze 2025-11-06@2 (reconstructed): edition 1 was provisional and stays beside it
froze 2025-11-07 (reconstructed): no save froze it in its time
froze 2025-11-08 (witnessed) from 0 rows
  Calls 0 · Sales 0 · Minutes 0 min · Conversion unknown · Conversion of the week 44.44 %
  snapshots/2025-11-08/dashboard.html
exit 0
$ asof save -v
froze 2025-11-09 (witnessed) from 0 rows
  Calls 0 · Sales 0 · Minutes 0 min · Conversion unknown · Conversion of the week unknown
  snapshots/2025-11-09/dashboard.html
! warning: 2025-11-07 could not be looked back at, what is frozen of it stands: events.calls is refused by the source: no such column: status (error 1)
! warning: 2025-11-08 could not be looked back at, what is frozen of it stands: events.calls is refused by the source: no such column: status (error 1)
exit 0
"#,
    );
}
