//! The whole of it on a real server: rows are changed, added late, archived, and a list is edited; then
//! every command that holds days against each other tells exactly that, and no byte of a first edition moves.

use serde_json::{Value, json};

use crate::support::command::Place;
use crate::support::mariadb::{REPORT, db};

const CONFIG: &str = r#"[source]
url = "URL"
password_env = "ASOF_SOURCE_PASSWORD"

[calendar]
time_zone = "America/Chicago"
lookback = [1, 2, 3, 4]

[lists]
opt_in = ["SALE", "XFER"]

[events.calls]
table = "calls"
time = "at"
time_is = "local"

[events.calls.by]
status = "status"

[metrics]
calls = { of = "calls", count = true }
opt_ins = { of = "calls", count = true, where = "status in {opt_in}" }
seconds = { of = "calls", sum = "seconds" }

[retention]
keep_daily = "2 days"
"#;

fn documents(place: &Place, line: &str) -> Vec<Value> {
    let run = place.asof(line);
    assert_eq!(run.code, 0, "{line}: {}{}", run.stdout, run.stderr);
    run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// What was frozen and what is there now of a metric.
fn both(day: &Value, metric: &str) -> Value {
    let found = &day["metrics"][metric];
    json!([found["kind"], found["frozen"], found["live"]])
}

#[test]
fn what_was_done_to_the_data_is_told_and_no_first_edition_changes() {
    let db = db();
    // Two hundred calls on each of three days, 30 seconds each: a quarter of them are sales.
    db.sql(
        "create table calls (id int auto_increment primary key, at datetime, status varchar(6), seconds int, key (at));
         insert into calls (at, status, seconds)
           select '2025-11-03' + interval day.seq day + interval call_.seq * 400 second,
                  if(call_.seq % 4 = 0, 'SALE', 'NA'), 30
           from seq_0_to_2 day join seq_0_to_199 call_;
         create table calls_archive like calls",
    );
    let place = Place::new();
    place.write("asof.toml", CONFIG.replace("URL", &db.url_without_password()));
    place.env("ASOF_SOURCE_PASSWORD", REPORT.1);
    for day in 4..=6 {
        place.at(&format!("2025-11-{day:02}T03:00:00-06:00"));
        place.done(&["save"]);
    }
    let firsts = ["2025-11-03", "2025-11-04", "2025-11-05"].map(|day| format!("snapshots/{day}"));
    let before = firsts.each_ref().map(|folder| place.tree(folder));

    // Three dispositions, ten late rows, an archive job that moves 150 rows, and another list.
    db.sql(
        "update calls set status = 'XFER' where status = 'NA' and at >= '2025-11-05' order by id limit 3;
         insert into calls (at, status, seconds) select '2025-11-04 12:00:00', 'NA', 60 from seq_1_to_10;
         insert into calls_archive select * from calls where at < '2025-11-04' order by id limit 150;
         delete from calls where at < '2025-11-04' order by id limit 150",
    );
    place.change("asof.toml", "[\"SALE\", \"XFER\"]", "[\"SALE\", \"XFER\", \"NA\"]");

    place.at("2025-11-06T12:00:00-06:00");
    let drift = documents(&place, "drift --from 2025-11-03 --to 2025-11-05 --json");
    let kinds: Vec<&Value> =
        drift.iter().filter(|day| day["event"] == "day").map(|day| &day["kind"]).collect();
    assert_eq!(kinds, ["source_shrunk", "restated", "restated"]);
    assert_eq!(both(&drift[0], "calls"), json!(["source_shrunk", 200, 50]));
    assert_eq!(both(&drift[1], "calls"), json!(["restated", 200, 210]));
    assert_eq!(both(&drift[1], "seconds"), json!(["restated", 6000, 6600]));
    assert_eq!(both(&drift[1], "opt_ins"), json!(["unchanged", 50, 50]), "the edited list is no drift");
    // As many calls as before, by other statuses.
    assert_eq!(both(&drift[2], "calls"), json!(["restated", 200, 200]));
    assert_eq!(both(&drift[2], "seconds")[1], 6000);
    assert_eq!(both(&drift[2], "opt_ins"), json!(["restated", 50, 53]));
    assert_eq!(place.asof("drift --from 2025-11-03 --to 2025-11-05 --exit-code -q").code, 4);

    place.at("2025-11-07T03:00:00-06:00");
    place.forget();
    place.asof("save -v");
    place.asof("restore 2025-11-05 --as-of 2025-11-06T12:00 --metric opt_ins");
    place.asof("restore 2025-11-05@latest --metric opt_ins");
    place.asof("list");
    place.asof("settling --metric opt_ins");
    place.asof("verify");
    place.asof("prune --dry-run");
    place.told(
        r#"
$ asof save -v
froze 2025-11-04@2 (reconstructed): read again, it differs in calls, seconds
froze 2025-11-05@2 (reconstructed): read again, it differs in calls, opt_ins, seconds
froze 2025-11-06 (witnessed) from 0 rows
  Calls 0 · Opt ins 0 · Seconds 0
  snapshots/2025-11-06/dashboard.html
! warning: 2025-11-03: the source has only 50 of 200 rows of calls left; the frozen day stands
exit 0
$ asof restore 2025-11-05 --as-of 2025-11-06T12:00 --metric opt_ins
Wednesday 5 November 2025  Calls
● witnessed · frozen 6 Nov 03:00:00 CST · day 5 Nov 00:00 – 6 Nov 00:00 CST (24 h) · edition 1
newest event seen 22:06:40 · definitions fdbc·de7a

               vs Wed 29 Oct  vs Tue 4 Nov  5 weeks
Opt ins  50                —         0.0 %                                  ▃▃▃
— Wed 29 Oct: not captured

Status  Opt ins                              Share
SALE         50  ████████████████████████  100.0 %
NA            0                              0.0 %
All          50                            100.0 %
exit 0
$ asof restore 2025-11-05@latest --metric opt_ins
Wednesday 5 November 2025  Calls
○ reconstructed · frozen 7 Nov 03:00:00 CST · day 5 Nov 00:00 – 6 Nov 00:00 CST (24 h) · edition 2
newest event seen 22:06:40 · definitions fdbc·de7a
! The day has 2 editions; this is the latest.
! Reconstructed: frozen after the next day was final, from what the rows said by then.
! This is edition 2 and restates edition 1, which stays as it was: lookback.
Compared with edition 2 of Tue 4 Nov (2025-11-04@2), the latest when this day was frozen.

               vs Wed 29 Oct  vs Tue 4 Nov  5 weeks
Opt ins  53                —        +6.0 %                                  ▁▁▇
— Wed 29 Oct: not captured

Status  Opt ins                              Share
SALE         50  ████████████████████████   94.3 %
XFER          3  █▌                          5.7 %
NA            0                              0.0 %
All          53                            100.0 %

Changed in 2025-11-05@2, frozen 7 Nov 2025 03:00 CST: lookback
Metric   2025-11-05  2025-11-05@2  Change
Opt ins          50            53  +6.0 %
exit 0
$ asof list
Day             Editions  Provenance   Calls  Opt ins  Seconds
2025-11-03 Mon  1         ● witnessed    200       50    6,000
2025-11-04 Tue  1 2       ● witnessed    200       50    6,000  @2 differs: lookback
2025-11-05 Wed  1 2       ● witnessed    200       50    6,000  @2 differs: lookback
2025-11-06 Thu  1         ● witnessed      0        0        0
where editions differ, the first that is not provisional is shown, as by `asof restore`;
list --stats, series and compare take the latest
exit 0
$ asof settling --metric opt_ins
Opt ins  not known yet: 3 of the 20 days that are needed tell
From age  Days  Settled  Median moved  95 % at most
1 day        3        2        0.00 %        5.66 %
2 days       2        2        0.00 %        0.00 %

exit 0
$ asof verify
exit 0
$ asof prune --dry-run
2025-11-03  thin  days reach back 2 days
2025-11-04  keep  days, 2 days
2025-11-05  keep  days, 2 days
2025-11-06  keep  the newest day; days, 2 days
3 to keep, 1 to thin: 2 files would be removed; nothing was done
exit 0
"#,
    );

    let settling = documents(&place, "settling --json --metric opt_ins");
    let opt_ins = &settling[0]["metrics"][0];
    assert_eq!(json!([opt_ins["settled_after"], opt_ins["reason"]]), json!([null, "too few days"]));
    // Read again by the definitions that were frozen with it, the day is what its second edition says.
    assert_eq!(documents(&place, "drift 2025-11-05 --json")[0]["kind"], "unchanged");
    let after = firsts.each_ref().map(|folder| place.tree(folder));
    assert_eq!(after, before, "no byte of edition 1 has changed");
}
