//! What a run says and does when all goes well.

use serde_json::Value;

use crate::support::command::Place;
use crate::support::mariadb::db;

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
2025-12-01        3 calls          1 sales        1.5 minutes     day 1 of 4
2025-12-02        1 calls          0 sales        1.5 minutes     already there   day 2 of 4
2025-12-03        0 calls          0 sales          0 minutes     day 3 of 4
               ! no calls; on the days around it usually 1 to 3 (median 2)
2025-12-04        2 calls          2 sales        0.5 minutes     day 4 of 4
totals            6 calls    3 saved, 1 already there, 0 failed
odd days
2025-12-03     no calls; on the days around it usually 1 to 3 (median 2)
exit 0
$ asof backfill --from 2025-12-01 --to 2025-12-04
2025-12-01        3 calls          1 sales        1.5 minutes     already there   day 1 of 4
2025-12-02        1 calls          0 sales        1.5 minutes     already there   day 2 of 4
2025-12-03        0 calls          0 sales          0 minutes     already there   day 3 of 4
               ! no calls; on the days around it usually 1 to 3 (median 2)
2025-12-04        2 calls          2 sales        0.5 minutes     already there   day 4 of 4
totals            6 calls    0 saved, 4 already there, 0 failed
odd days
2025-12-03     no calls; on the days around it usually 1 to 3 (median 2)
exit 0
$ asof list
Day             Editions  Provenance       Calls  Sales  Minutes min
2025-12-01 Mon  1         ○ reconstructed      3      1          1.5
2025-12-02 Tue  1         ○ reconstructed      1      0          1.5
2025-12-03 Wed  1         ○ reconstructed      0      0          0.0
2025-12-04 Thu  1         ● witnessed          2      2          0.5
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
    place.told(
        "
$ asof backfill --from 2025-12-04 --to 2025-12-06
2025-12-04        2 calls          2 sales        0.5 minutes     final, edition 2   day 1 of 3
2025-12-05     not over yet                                       day 2 of 3
2025-12-06     not over yet                                       day 3 of 3
totals            2 calls    1 saved, 0 already there, 0 failed, 2 not over yet
exit 0
",
    );
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
    place.told(
        "
$ asof backfill --from 2025-12-01 --to 2025-12-04 --redo all --reason 'late rows' --jobs 1
2025-12-01        3 calls          1 sales        1.5 minutes     reads the same   day 1 of 4
2025-12-02        2 calls          1 sales          2 minutes     restated, edition 2   day 2 of 4
2025-12-03        0 calls          0 sales          0 minutes     reads the same   day 3 of 4
               ! no calls; on the days around it usually 2 to 3 (median 2)
2025-12-04        2 calls          2 sales        0.5 minutes     reads the same   day 4 of 4
totals            7 calls    1 saved, 0 already there, 0 failed, 3 read the same
odd days
2025-12-03     no calls; on the days around it usually 2 to 3 (median 2)
exit 0
",
    );
    assert_eq!(place.asof("restore 2025-12-02@2 --metric calls").code, 0);
    let manifest: Value = serde_json::from_str(&place.read("snapshots/2025-12-02@2/manifest.json")).unwrap();
    assert_eq!((&manifest["reason"], &manifest["trigger"]), (&"late rows".into(), &"restate".into()));
}

#[test]
fn programs_get_an_object_for_each_day_and_a_summary() {
    let place = place();
    place.done(&["save 2025-12-02"]);
    place.asof("backfill --from 2025-12-01 --to 2025-12-05 --json");
    place.told(
        r#"
$ asof backfill --from 2025-12-01 --to 2025-12-05 --json
{"date":"2025-12-01","edition":1,"event":"day","metrics":{"calls":3,"minutes":1.5,"sales":1},"of":5,"place":1,"provenance":"reconstructed","rows":3,"status":"saved","trigger":"backfill"}
{"date":"2025-12-02","edition":1,"event":"day","metrics":{"calls":1,"minutes":1.5,"sales":0},"of":5,"place":2,"provenance":"reconstructed","status":"skipped","why":"frozen already"}
{"date":"2025-12-03","edition":1,"event":"day","metrics":{"calls":0,"minutes":0,"sales":0},"odd":[{"date":"2025-12-03","kind":"silent","of":"calls","text":"no calls; on the days around it usually 1 to 3 (median 2)","usual":{"days":2,"from":1,"median":2,"to":3}}],"of":5,"place":3,"provenance":"reconstructed","rows":0,"status":"saved","trigger":"backfill"}
{"date":"2025-12-04","edition":1,"event":"day","metrics":{"calls":2,"minutes":0.5,"sales":2},"of":5,"place":4,"provenance":"witnessed","rows":2,"status":"saved","trigger":"backfill"}
{"date":"2025-12-05","event":"day","of":5,"place":5,"status":"missing","why":"2025-12-05 has not ended: it ends at 2025-12-06 00:00 CST"}
{"already_there":1,"event":"summary","failed":[],"from":"2025-12-01","left":0,"no_hours":0,"not_over":1,"odd":[{"date":"2025-12-03","kind":"silent","of":"calls","text":"no calls; on the days around it usually 1 to 3 (median 2)","usual":{"days":3,"from":1,"median":2,"to":3}}],"saved":3,"seen":{},"status":"done","to":"2025-12-05","totals":{"calls":6,"sales":3},"unchanged":0}
exit 0
"#,
    );
}

#[test]
fn a_rehearsal_tells_what_would_be_done_and_writes_nothing() {
    let place = place();
    place.done(&["save 2025-12-02"]);
    let before = place.tree("");
    place.asof("backfill --from 2025-12-01 --to 2025-12-06 --dry-run");
    place.asof("backfill --from 2025-12-01 --to 2025-12-02 --dry-run --redo all --json");
    place.told(
        r#"
$ asof backfill --from 2025-12-01 --to 2025-12-06 --dry-run
2025-12-01   would be frozen
2025-12-02   already there (reconstructed)
2025-12-03   would be frozen
2025-12-04   would be frozen
2025-12-05   can't be frozen: 2025-12-05 has not ended: it ends at 2025-12-06 00:00 CST
2025-12-06   can't be frozen: 2025-12-06 has not begun: it begins at 2025-12-06 00:00 CST
3 of 6 days would be read; nothing was written
exit 0
$ asof backfill --from 2025-12-01 --to 2025-12-02 --dry-run --redo all --json
{"cost":null,"date":"2025-12-01","edition":1,"event":"day","rows":null,"will":"freeze"}
{"cost":null,"date":"2025-12-02","edition":2,"event":"day","rows":null,"will":"read_again"}
{"cost":null,"days":2,"dry_run":true,"event":"summary","rows":null,"would_read":2}
exit 0
"#,
    );
    assert_eq!(place.tree(""), before);
}

#[test]
fn what_is_taken_over_several_days_is_not_added_up() {
    let place = place();
    place.change(
        "asof.toml",
        "[metrics]",
        "[metrics]\nof_two_days = { of = \"calls\", count = true, over = \"2d\" }",
    );
    let json = place.asof("backfill --from 2025-12-01 --to 2025-12-02 --json");
    let summary: Value = serde_json::from_str(json.stdout.lines().last().unwrap()).unwrap();
    assert_eq!(summary["totals"], serde_json::json!({ "calls": 4, "sales": 1 }));
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
    place.told(
        "
$ asof backfill --last 2d
2025-12-03        0 calls          0 sales          0 minutes     day 1 of 2
2025-12-04        2 calls          2 sales        0.5 minutes     day 2 of 2
totals            2 calls    2 saved, 0 already there, 0 failed
exit 0
$ asof backfill --from -3d --quiet
exit 0
",
    );
    assert!(!place.path("snapshots/2025-12-05").exists());
    assert!(place.path("snapshots/2025-12-02").exists());
    assert!(!place.path("snapshots/2025-12-01").exists());
}

#[test]
fn a_rehearsal_tells_the_rows_and_the_cost_that_the_server_expects() {
    let db = db();
    db.sql(
        "create table calls (id int primary key auto_increment, at datetime, status varchar(6), seconds int, key (at)) engine=InnoDB;
         insert into calls (at, status) select '2025-12-01' + interval seq * 10 second, elt(1 + seq % 2, 'NA', 'SALE')
           from seq_1_to_60000;
         analyze table calls;",
    );
    let place = place();
    place.change("asof.toml", "sqlite:calls.db", &db.url());
    let run = place.asof("backfill --from 2025-12-01 --to 2025-12-04 --dry-run --json");
    let lines: Vec<Value> = run.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let (days, summary) = lines.split_at(4);
    let (mut rows, mut cost) = (0, 0.0);
    for (day, number) in days.iter().zip(1..) {
        // The server's own client asks the same: one grouping by status is all that there is.
        let window = format!("at >= '2025-12-0{number}' and at < '2025-12-0{}'", number + 1);
        let explained = db
            .sql(&format!("explain select at from calls where {window}; show status like 'Last_query_cost'"));
        let words: Vec<&str> = explained.split_whitespace().collect();
        let expected_cost: f64 = words.last().unwrap().parse().unwrap();
        let expected_rows: u64 = words.iter().rev().skip(2).find_map(|word| word.parse().ok()).unwrap();
        assert_eq!(day["rows"], expected_rows, "{explained}");
        assert!((day["cost"].as_f64().unwrap() - expected_cost).abs() < 0.01, "{day} {explained}");
        rows += expected_rows;
        cost += expected_cost;
    }
    assert_eq!(summary[0]["rows"], rows);
    assert!((summary[0]["cost"].as_f64().unwrap() - cost).abs() < 0.01);
    assert!(!place.path("snapshots").exists());
    let told = place.asof("backfill --from 2025-12-01 --to 2025-12-01 --dry-run");
    assert!(told.stdout.contains(" rows looked at, cost "), "{}", told.stdout);
}
