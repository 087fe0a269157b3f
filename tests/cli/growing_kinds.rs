//! Growth from captures and from the source as it is, of what is not due, of large numbers, and on MariaDB.

use std::time::Duration;

use asof::config::Config;
use asof::model::entity::CaptureType;
use asof::model::progress::Silent;
use asof::ops::entities::capture::{CaptureRequest, capture};
use asof::ops::entities::look::LookRequest;
use chrono::{DateTime, Utc};
use serde_json::json;

use super::CONFIG;
use super::growing::{VIDEOS, after, by_sql, copy, day, days, grown, place};
use crate::support::command::Place;
use crate::support::mariadb::db;

/// Captures as `asof capture` does, at a moment.
fn capture_at(place: &Place, at: &str, keys: Option<&[&str]>) {
    let text = place
        .read("asof.toml")
        .replace("sqlite:calls.db", &format!("sqlite:{}", place.path("calls.db").display()));
    let text = text.replace(
        "[calendar]",
        &format!("[archive]\ndir = \"{}\"\n[calendar]", place.path("snapshots").display()),
    );
    let config = Config::parse_bytes(text.as_bytes(), &place.path("asof.toml")).unwrap();
    let at: DateTime<Utc> = at.parse().unwrap();
    let (env, now) = (|_: &str| None, || at);
    let request =
        LookRequest { env: &env, now: &now, retry_for: Duration::ZERO, wait: Duration::from_secs(10) };
    let asked = CaptureRequest {
        keys: keys.map(|keys| keys.iter().map(|key| (*key).to_owned()).collect()),
        ..CaptureRequest::of(CaptureType::Manual)
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime
        .block_on(capture(&config, "video", &config.entities["video"], &asked, &request, &Silent))
        .unwrap();
}

#[test]
fn the_newest_row_is_that_of_a_capture_and_a_day_may_have_only_one() {
    let place = days();
    place.sqlite("calls.db", "update videos set view_count = view_count + 1000");
    // Some entities: only theirs are newer.
    capture_at(&place, "2025-11-05T12:00:00-06:00", Some(&["10", "9"]));
    place.at("2025-11-05T13:00:00-06:00");
    let views = |arguments: &str| {
        let answer = grown(&place, arguments);
        let views = &answer["growth"]["views"];
        json!([answer["current"]["date"], answer["current"]["capture"], views["current"], views["previous"]])
    };
    // 10 had 42000 + 100 + 1 + 7 views in the look of 2025-11-04.
    assert_eq!(views("--key 10"), json!(["2025-11-05", true, 43_108, 42_108]));
    assert_eq!(views("--key 100 --period 1")[1], json!(false));
    assert_eq!((&views("")[0], &views("")[1]), (&json!("2025-11-04"), &json!(false)));
    capture_at(&place, "2025-11-05T14:00:00-06:00", None);
    // All: the whole of it is newer. 4 of 5 had views, and each has 1000 more.
    let before = by_sql(&place, ("2025-11-03", "2025-11-04"), "view_count", "true");
    let before = before["told"][0].as_i64().unwrap();
    assert_eq!(views(""), json!(["2025-11-05", true, before + 4000, before]));
    // Nobody looked at the end of that day, so its last capture stands for it.
    place.sqlite("calls.db", "update videos set view_count = view_count + 1");
    day(&place, "2025-11-06", "");
    assert_eq!(views(""), json!(["2025-11-06", false, before + 4004, before + 4000]));
}

#[test]
fn live_asks_the_source_and_keeps_nothing() {
    let place = days();
    place.sqlite(
        "calls.db",
        "update videos set view_count = view_count + 10; delete from videos where id = 9",
    );
    place.at("2025-11-05T15:30:00-06:00");
    let kept = place.tree("snapshots");
    place.asof("growth --live");
    place.asof("growth --live --key 10");
    place.asof("growth --live --key 9");
    assert!(place.tree("snapshots") == kept);
    place.told(
        r#"
$ asof growth --live
Video: 2025-11-05 (read just now, 5 Nov 2025 15:30 CST) against 2025-11-04 (seen 5 Nov 2025 00:30 CST), 15 h

Counter  Current  Previous  Growth   Change
Views     49,153    50,231  −1,078  −2.15 %
Likes        980       991     −11  −1.11 %
4 matched · 1 disappeared · 1 unknown
exit 0
$ asof growth --live --key 10
Video: 2025-11-05 (read just now, 5 Nov 2025 15:30 CST) against 2025-11-04 (seen 5 Nov 2025 00:30 CST), 15 h

Counter  Current  Previous  Growth   Change
Views     42,118    42,108     +10  +0.02 %
Likes        901       901       0   0.00 %
1 matched
exit 0
$ asof growth --live --key 9
! error: video "9" has no row in the look of 2025-11-05: it was not there
exit 1
"#,
    );
}

#[test]
fn what_is_not_due_is_neither_gone_nor_nothing() {
    let place = place();
    place.change(
        "asof.toml",
        "group_by = [",
        "schedule = [{ where = \"view_count > 6000\", every = \"day\" }]\ngroup_by = [",
    );
    // The first of the month: all are due. Then only those with many views.
    place.at("2025-11-02T00:30:00-05:00");
    place.done(&["save"]);
    place.sqlite(
        "calls.db",
        "update videos set view_count = view_count + 100; delete from videos where id = 2000",
    );
    place.at("2025-11-03T00:30:00-06:00");
    place.done(&["save"]);
    let answer = grown(&place, "");
    // 10 and 100 are matched, 9 is not due, 2000 is gone.
    assert_eq!(
        answer["parts"],
        json!({ "matched": 2, "appeared": 0, "disappeared": 1, "decreased": 0, "not_due": 1, "unknown": 1 })
    );
    let views = &answer["growth"]["views"];
    // 42100 + 7100 against 42000 + 7000 and what is gone, 500.
    assert_eq!(json!([views["current"], views["previous"]]), json!([49_200, 49_500]));
    // The newest row of one that was not due is an older one.
    place.asof("growth --key 9");
    place.asof("growth --from 2025-11-01 --to 2025-11-02 --key 9");
    place.told(
        r#"
$ asof growth --key 9
Video: 2025-11-01 (seen 2 Nov 2025 00:30 CDT)
! there is no row of video for 2025-10-31, so growth is unknown

Counter  Current  Previous  Growth  Change
Views      1,000         —       —       —
Likes         10         —       —       —
exit 0
$ asof growth --from 2025-11-01 --to 2025-11-02 --key 9
! error: video "9" has no row in the look of 2025-11-02: it was not due then
exit 1
"#,
    );
}

#[test]
fn counters_of_64_bits_stay_exact_and_keys_are_texts() {
    let place = place();
    place.sqlite(
        "calls.db",
        "delete from videos; insert into videos values
        (1, 'a', 'x', 9223372036854775807, 0), (2, 'a', 'y', 9223372036854775806, 0)",
    );
    place.at("2025-11-06T00:30:00-06:00");
    place.done(&["save"]);
    place.sqlite("calls.db", "update videos set view_count = -9223372036854775808 where id = 2");
    place.at("2025-11-07T00:30:00-06:00");
    place.done(&["save"]);
    let run = place.asof("--json growth --top 1");
    place.forget();
    for piece in [
        r#""views":{"appeared":0,"current":-1,"decreased":1,"disappeared":0,"growth":-18446744073709551614,"isIncrease":false,"percentage":-100.00,"previous":18446744073709551613,"unknown":0}"#,
        r#""likes":{"appeared":0,"current":0,"decreased":0,"disappeared":0,"growth":0,"isIncrease":false,"percentage":null,"previous":0,"unknown":0}"#,
    ] {
        assert!(compact(&run.stdout).contains(piece), "{}", run.stdout);
    }
    // As a number 2 would come before 10.
    place.sqlite("calls.db", "insert into videos values (10, 'a', 'z', 5, 0)");
    place.at("2025-11-08T00:30:00-06:00");
    place.done(&["save"]);
    let answer = grown(&place, "--key 10");
    assert_eq!(answer["growth"]["views"]["current"], json!(5));
    assert_eq!(answer["growth"]["views"]["previous"], json!(null));
}

fn compact(json: &str) -> String {
    json.chars().filter(|c| !c.is_whitespace()).collect()
}

#[test]
fn growth_on_mariadb_equals_its_own_sql() {
    let db = db();
    db.sql(
        "create table calls (id int primary key auto_increment, at datetime, campaign varchar(8), status varchar(8), seconds int, key (at));
         create table campaigns (id varchar(8), name varchar(20));
         create table videos (id bigint unsigned primary key, user_id int, title varchar(80), view_count bigint unsigned,
           like_count int);
         insert into videos select seq * 7919 % 100003, seq % 13, concat('v', seq), seq * seq * 1000003, nullif(seq % 50, 0)
           from seq_1_to_3000;",
    );
    let place = Place::new();
    place.write("asof.toml", format!("{CONFIG}{VIDEOS}").replace("sqlite:calls.db", &db.url()));
    for (date, sql) in [
        ("2025-11-05", ""),
        (
            "2025-11-06",
            "update videos set view_count = view_count + id % 97, like_count = like_count - (id % 5 = 0);
             delete from videos where id % 11 = 0;
             insert into videos select 200000 + seq, seq % 13, 'new', seq, null from seq_1_to_500;",
        ),
    ] {
        db.sql(&format!("{sql} create table {} as select * from videos", copy(date)));
        place.at(&after(date));
        place.done(&["save"]);
    }
    let answer = grown(&place, "--by user_id --top 3");
    let by_sql = |column: &str| {
        db.sql(&format!(
            "select sum(n.{column} is not null and o.{column} is not null), sum(n.{column} < o.{column}),
               (select sum(a.{column}) from seen_20251106 a left join seen_20251105 b using (id)
                 where b.id is null or b.{column} is not null),
               (select sum(b.{column}) from seen_20251105 b left join seen_20251106 a using (id)
                 where a.id is null or a.{column} is not null)
             from seen_20251106 n join seen_20251105 o using (id)"
        ))
    };
    for (counter, column) in [("views", "view_count"), ("likes", "like_count")] {
        let found = &answer["growth"][counter];
        let parts = &answer["parts"];
        let row = by_sql(column);
        let numbers: Vec<&str> = row.trim().split('\t').collect();
        let matched = parts["matched"].as_u64().unwrap();
        assert!(matched >= numbers[0].parse().unwrap());
        assert_eq!(found["decreased"].to_string(), numbers[1], "{counter}");
        assert_eq!(found["current"].to_string(), numbers[2], "{counter}");
        assert_eq!(found["previous"].to_string(), numbers[3], "{counter}");
    }
    let top = db.sql(
        "select n.id, cast(n.view_count as signed) - cast(o.view_count as signed) d from seen_20251106 n join seen_20251105 o using (id)
         order by d desc, cast(n.id as char) limit 3",
    );
    let movers = answer["top"]["views"].as_array().unwrap().iter();
    let movers: String =
        movers.map(|mover| format!("{}\t{}\n", mover["key"].as_str().unwrap(), mover["growth"])).collect();
    assert_eq!(movers, top);
    assert_eq!(answer["groups"].as_array().unwrap().len(), 13);
}

#[test]
fn growth_as_of_a_moment_is_what_was_told_then() {
    let place = place();
    place.at("2025-11-06T00:30:00-06:00");
    place.done(&["save"]);
    place.sqlite("calls.db", "update videos set view_count = view_count + 7");
    place.at("2025-11-07T00:30:00-06:00");
    place.done(&["save"]);
    let then = place.asof("growth --by user_id --top 2 --json").stdout;
    place.sqlite("calls.db", "update videos set view_count = view_count + 20");
    capture_at(&place, "2025-11-07T12:00:00-06:00", None);
    place.sqlite("calls.db", "delete from videos where id = 9");
    place.at("2025-11-08T00:30:00-06:00");
    place.done(&["save"]);
    assert_ne!(place.asof("growth --by user_id --top 2 --json").stdout, then);
    // The captures of that day were put together since; a time is one of the archive's calendar.
    for moment in ["2025-11-07T00:30", "2025-11-07T17:59:59Z", "2025-11-07T11:59"] {
        let run = place.asof(&format!("growth --by user_id --top 2 --json --as-of {moment}"));
        assert_eq!(run.stdout, then, "{moment}: {}", run.stderr);
    }
    let noon = grown(&place, "--as-of 2025-11-07T12:00");
    assert_eq!((&noon["current"]["capture"], &noon["current"]["date"]), (&json!(true), &json!("2025-11-07")));
    assert_eq!(noon["growth"]["views"]["growth"], 4 * 20, "of four videos since the look of the sixth");
    place.forget();
    place.asof("growth --as-of 2025-11-05");
    place.asof("growth --as-of 2025-11-05 --live");
    place.told(
        "
$ asof growth --as-of 2025-11-05
! error: nobody has looked at video yet
!   hint: asof save looks once a day, shortly after the day's end
exit 1
$ asof growth --as-of 2025-11-05 --live
! error: the argument '--as-of <TIME>' cannot be used with '--live'
! 
! Usage: asof growth --as-of <TIME> [ENTITY]
! 
! For more information, try '--help'.
exit 2
",
    );
}
