//! `drift`: ranges, other definitions, what can't be read, and restating.

use serde_json::{Value, json};

use super::drifting::{day, lines};
use super::{calls, frozen};

/// The kinds of a day's metrics.
fn kinds(day: &Value) -> Vec<(String, String)> {
    let metrics = day["metrics"].as_object().unwrap().iter();
    metrics.map(|(name, metric)| (name.clone(), metric["kind"].as_str().unwrap().to_owned())).collect()
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
    place.sqlite("calls.db", "alter table calls drop column seconds");
    place.done(&["save 2025-11-04"]);
    let before = place.tree("snapshots");
    place.asof("drift 2025-11-05");
    // A range of that one day ends alike.
    place.asof("drift --from 2025-11-05 --to 2025-11-05");
    place.asof("drift 2025-11-05 --exit-code --json");
    place.asof("drift 2025-11-05 --definitions current");
    place.asof("drift --from 2025-11-01 --restate --reason 'clean'");
    place.asof("drift --from 2025-11-01 --exit-code -q");
    assert_eq!(place.tree("snapshots"), before);
    std::fs::remove_file(place.path("calls.db")).unwrap();
    place.asof("drift --retry-for 0s --exit-code");
    place.told(
        r#"
$ asof drift 2025-11-05
2025-11-05 Wed  edition 1  unreadable
  events.calls is refused by the source: no such column: seconds (error 1)
exit 1
$ asof drift --from 2025-11-05 --to 2025-11-05
2025-11-05 Wed  edition 1  unreadable
  events.calls is refused by the source: no such column: seconds (error 1)
1 day: 1 unreadable
exit 1
$ asof drift 2025-11-05 --exit-code --json
{"date":"2025-11-05","edition":1,"error":"events.calls is refused by the source: no such column: seconds (error 1)","event":"day","hint":"correct the table, the column or the SQL in asof.toml; `asof check --sql` shows the whole query","kind":"unreadable","provenance":"reconstructed"}
{"days":1,"event":"done","failed":0,"frozen_again":0,"redefined":0,"restated":0,"source_shrunk":0,"unchanged":0,"unreadable":1}
exit 4
$ asof drift 2025-11-05 --definitions current
2025-11-05 Wed  edition 1  redefined
  Metric    Frozen  Now  Change
  Minutes  1.5 min    —            redefined: gone
exit 0
$ asof drift --from 2025-11-01 --restate --reason 'clean'
2025-11-04 Tue  edition 1  unchanged
2025-11-05 Wed  edition 1  unreadable
  events.calls is refused by the source: no such column: seconds (error 1)
2025-11-06 Thu  edition 1  unreadable
  events.calls is refused by the source: no such column: seconds (error 1)
3 days: 1 unchanged, 2 unreadable
! warning: 2025-11-05 is not restated: it can't be read
! warning: 2025-11-06 is not restated: it can't be read
exit 3
$ asof drift --from 2025-11-01 --exit-code -q
exit 4
$ asof drift --retry-for 0s --exit-code
! error: 2025-11-06 could not be read: there is no file calls.db
!   hint: check the path in [source] url; it is relative to asof.toml
exit 5
"#,
    );
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
        ("conversion", "redefined"),
        ("longest", "redefined"),
        ("minutes", "redefined"),
        ("minutes_spoken", "redefined"),
        ("sales", "redefined"),
        ("week", "redefined"),
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
    place.told(
        r#"
$ asof drift --definitions current --exit-code --by campaign
2025-11-06 Thu  edition 1  redefined
  Metric                              Frozen       Now     Change
  Sales                                    2         3         +1   +50.00 %  redefined
    campaign EASTSIDE 1027                 1         2         +1  +100.00 %
  Minutes                           16.5 min         —                        redefined: gone
  Conversion                         40.00 %   60.00 %  +20.00 pt   +50.00 %  redefined
    campaign EASTSIDE 1027           33.33 %   66.67 %  +33.33 pt  +100.00 %
  Conversion of the week, this day   40.00 %   60.00 %  +20.00 pt   +50.00 %  redefined
    campaign EASTSIDE 1027           33.33 %   66.67 %  +33.33 pt  +100.00 %
  Longest                                  —       600                        redefined: new
  Minutes spoken                           —  16.5 min                        redefined: new
exit 4
$ asof drift --definitions current --restate --reason 'other sales'
2025-11-06 Thu  edition 1  redefined
  Metric                              Frozen       Now      Change
  Sales                                    2         3          +1   +50.00 %  redefined
    hour 09                                0         1          +1
    campaign EASTSIDE 1027                 1         2          +1  +100.00 %
    status DROP                            0         1          +1
  Minutes                           16.5 min         —                         redefined: gone
  Conversion                         40.00 %   60.00 %   +20.00 pt   +50.00 %  redefined
    hour 09                           0.00 %   50.00 %   +50.00 pt
    campaign EASTSIDE 1027           33.33 %   66.67 %   +33.33 pt  +100.00 %
    status DROP                       0.00 %  100.00 %  +100.00 pt
  Conversion of the week, this day   40.00 %   60.00 %   +20.00 pt   +50.00 %  redefined
    hour 09                           0.00 %   50.00 %   +50.00 pt
    campaign EASTSIDE 1027           33.33 %   66.67 %   +33.33 pt  +100.00 %
    status DROP                       0.00 %  100.00 %  +100.00 pt
  Longest                                  —       600                         redefined: new
  Minutes spoken                           —  16.5 min                         redefined: new
exit 0
"#,
    );
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
    place.asof("drift --from -30d --restate --reason 'late disposition' -q");
    place.asof("drift --from -30d --exit-code");
    place.asof("drift 2025-11-05@1 --metric sales --by hour");
    place.asof("drift 2025-11-05@1 --restate --reason 'again'");
    place.asof("list --metric sales");
    place.told(
        r#"
$ asof drift --from -30d --exit-code
2025-11-04 Tue  edition 1  unchanged
2025-11-05 Wed  edition 1  restated
  Metric                             Frozen      Now     Change
  Calls                                   3        3          0     0.00 %  restated
  Sales                                   1        2         +1  +100.00 %  restated
  Conversion                        33.33 %  66.67 %  +33.33 pt  +100.00 %  restated
  Conversion of the week, this day  33.33 %  66.67 %  +33.33 pt  +100.00 %  restated
2025-11-06 Thu  edition 1  unchanged
3 days: 2 unchanged, 1 restated; -v tells which members moved
exit 4
$ asof drift --from -30d --restate --reason 'late disposition' -q
exit 0
$ asof drift --from -30d --exit-code
2025-11-04 Tue  edition 1  unchanged
2025-11-05 Wed  edition 2  unchanged
2025-11-06 Thu  edition 1  unchanged
3 days: 3 unchanged
exit 0
$ asof drift 2025-11-05@1 --metric sales --by hour
2025-11-05 Wed  edition 1  restated
  Metric     Frozen  Now  Change
  Sales           1    2      +1  +100.00 %  restated
    hour 10       0    1      +1
exit 0
$ asof drift 2025-11-05@1 --restate --reason 'again'
! error: 2025-11-05 is not the latest edition: that is 2025-11-05@2
!   hint: leave the edition out: a restatement follows the latest
exit 2
$ asof list --metric sales
Day             Editions  Provenance       Sales
2025-11-04 Tue  1         ○ reconstructed      0
2025-11-05 Wed  1 2       ○ reconstructed      1  @2 differs: late disposition
2025-11-06 Thu  1         ● witnessed          2
where editions differ, the first that is not provisional is shown, as by `asof restore`;
list --stats, series and compare take the latest
exit 0
"#,
    );
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
    place.told(
        r#"
$ asof drift --restate --reason 'late disposition' --by hour
2025-11-06 Thu  edition 1  restated
  frozen again as 2025-11-06@2
  Metric                             Frozen      Now     Change
  Calls                                   5        5          0    0.00 %  restated
  Sales                                   2        3         +1  +50.00 %  restated
    hour 09                               0        1         +1
  Conversion                        40.00 %  60.00 %  +20.00 pt  +50.00 %  restated
    hour 09                          0.00 %  50.00 %  +50.00 pt
  Conversion of the week, this day  40.00 %  60.00 %  +20.00 pt  +50.00 %  restated
    hour 09                          0.00 %  50.00 %  +50.00 pt
exit 0
"#,
    );
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
        "drift --restate --reason x --metric calls",
    ] {
        place.asof(line);
    }
    place.told(
        r#"
$ asof drift --from 2025-11-06 --to 2025-11-05
! error: the range from 2025-11-06 to 2025-11-05 runs backwards
!   hint: let --from be the earlier day
exit 2
$ asof drift 2025-11-05
! error: 2025-11-05 is not in the archive
!   hint: the nearest days that exist: 2025-11-06
exit 1
$ asof drift --to 2025-11-05
! error: no day of that range is in the archive
!   hint: asof list shows what there is
exit 1
$ asof drift --metric sale
! error: "sale" is no metric
!   hint: did you mean "sales"? known metrics: calls, conversion, minutes, sales, week
exit 2
$ asof drift --by list
! error: "list" is no dimension
!   hint: known dimensions: campaign, hour, status
exit 2
$ asof drift 2025-11-06 --from 2025-11-05
! error: the argument '[WHEN]' cannot be used with '--from <DATE>'
! 
! Usage: asof drift <WHEN>
! 
! For more information, try '--help'.
exit 2
$ asof drift --restate
! error: the following required arguments were not provided:
!   --reason <TEXT>
! 
! Usage: asof drift --restate --reason <TEXT> [WHEN]
! 
! For more information, try '--help'.
exit 2
$ asof drift --reason x
! error: the following required arguments were not provided:
!   --restate
! 
! Usage: asof drift --reason <TEXT> --restate [WHEN]
! 
! For more information, try '--help'.
exit 2
$ asof drift --restate --reason x --metric calls
! error: the argument '--restate' cannot be used with '--metric <NAME>'
! 
! Usage: asof drift --restate --reason <TEXT> [WHEN]
! 
! For more information, try '--help'.
exit 2
"#,
    );
}

#[test]
fn a_damaged_day_keeps_no_other_from_being_looked_at() {
    let place = calls();
    place.done(&["save 2025-11-05", "save 2025-11-06"]);
    place.write("snapshots/2025-11-05/metrics.json", "{}");
    place.asof("drift --from 2025-11-01");
    place.asof("drift --from 2025-11-01 --json -q");
    place.asof("drift 2025-11-05");
    place.asof("drift --from 2025-11-05 --to 2025-11-05");
    place.told(
        r#"
$ asof drift --from 2025-11-01
2025-11-06 Thu  edition 1  unchanged
2 days: 1 unchanged, 1 failed
! warning: 2025-11-05 could not be looked at: snapshots/2025-11-05/metrics.json has changed since it was frozen: it has 2 bytes, and its manifest says 5729
! error: 1 day could not be looked at
exit 3
$ asof drift --from 2025-11-01 --json -q
{"date":"2025-11-05","edition":1,"error":"snapshots/2025-11-05/metrics.json has changed since it was frozen: it has 2 bytes, and its manifest says 5729","event":"day","hint":"restore it from a backup; asof never repairs what was frozen","kind":null,"provenance":"reconstructed"}
{"date":"2025-11-06","edition":1,"event":"day","groups_differ_in":[],"kind":"unchanged","metrics":{"calls":{"by":{},"change":0,"frozen":5,"kind":"unchanged","live":5,"percentage":0.00},"conversion":{"by":{},"change":0.0,"frozen":0.4,"kind":"unchanged","live":0.4,"percentage":0.00},"minutes":{"by":{},"change":0.0,"frozen":16.5,"kind":"unchanged","live":16.5,"percentage":0.00},"sales":{"by":{},"change":0,"frozen":2,"kind":"unchanged","live":2,"percentage":0.00},"week":{"by":{},"change":0.0,"frozen":0.4,"kind":"unchanged","live":0.4,"percentage":0.00,"this_day":true}},"provenance":"witnessed","rows":{"calls":{"frozen":5,"live":5,"shrunk":false}}}
{"days":2,"event":"done","failed":1,"frozen_again":0,"redefined":0,"restated":0,"source_shrunk":0,"unchanged":1,"unreadable":0}
! {"error":{"exit_code":3,"hint":null,"message":"1 day could not be looked at"}}
exit 3
$ asof drift 2025-11-05
! error: snapshots/2025-11-05/metrics.json has changed since it was frozen: it has 2 bytes, and its manifest says 5729
!   hint: restore it from a backup; asof never repairs what was frozen
exit 1
$ asof drift --from 2025-11-05 --to 2025-11-05
1 day: 1 failed
! error: snapshots/2025-11-05/metrics.json has changed since it was frozen: it has 2 bytes, and its manifest says 5729
!   hint: restore it from a backup; asof never repairs what was frozen
exit 1
"#,
    );
}
