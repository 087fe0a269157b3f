//! `asof growth`: what counters did between two looks, against SQL over copies of the table as it was at each.

use std::time::Duration;

use asof::config::Config;
use asof::model::entity::CaptureType;
use asof::model::progress::Silent;
use asof::ops::entities::capture::{CaptureRequest, capture};
use asof::ops::entities::look::LookRequest;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::{CALLS, CONFIG};
use crate::support::command::Place;
use crate::support::mariadb::db;

const VIDEOS: &str = r#"
[entities.video]
sql = "select id, user_id, title, view_count, like_count from videos"
key = "id"
label = "title"
counters = { views = "view_count", likes = "like_count" }
group_by = ["user_id"]
"#;

const TABLE: &str = "
create table videos (id integer primary key, user_id text, title text, view_count integer, like_count integer);
insert into videos values (9, '5', 'Intro', 1000, 10), (10, '5', 'Deep dive', 42000, 900),
  (100, '6', 'Outtakes', 7000, null), (2000, '6', 'Removed', 500, 5);
";

/// The days with what happened in each; on 2025-11-01 nobody looks in time.
pub const DAYS: [(&str, &str); 6] = [
    ("2025-10-30", ""),
    ("2025-10-31", "update videos set view_count = view_count + 100"),
    ("2025-11-01", "update videos set view_count = view_count + 1"),
    (
        "2025-11-02",
        "delete from videos where id = 2000;
         insert into videos values (11, '7', 'New', 50, 1), (12, null, 'Nobody''s', null, 2);
         update videos set view_count = view_count - 400 where id = 100;",
    ),
    (
        "2025-11-03",
        "update videos set view_count = view_count + 250, like_count = like_count + 3, user_id = '5' where id = 11;
         update videos set like_count = 70 where id = 100;",
    ),
    ("2025-11-04", "update videos set view_count = view_count + 7, like_count = like_count + 1"),
];

/// A place whose configuration has these videos.
fn place() -> Place {
    let place = Place::new();
    place.write("asof.toml", format!("{CONFIG}{VIDEOS}"));
    // Half an hour after its end a day is final.
    place.change("asof.toml", "[calendar]\n", "[calendar]\nfinal_after = \"10m\"\n");
    place.sqlite("calls.db", CALLS);
    place.sqlite("calls.db", TABLE);
    place
}

/// The clock half an hour after a day's end; in Chicago clocks go back on 2025-11-02.
fn after(day: &str) -> String {
    let day: asof::model::Day = day.parse().unwrap();
    let next = day.checked_add(1).unwrap().to_string();
    let offset = if next.as_str() <= "2025-11-02" { "-05:00" } else { "-06:00" };
    format!("{next}T00:30:00{offset}")
}

/// Something happens in a day, a copy is made of what is there at its end, and asof looks.
fn day(place: &Place, day: &str, sql: &str) {
    place.sqlite("calls.db", &format!("{sql}; create table {} as select * from videos", copy(day)));
    place.at(&after(day));
    place.done(&["save"]);
}

pub fn copy(day: &str) -> String {
    format!("seen_{}", day.replace('-', ""))
}

/// All of [`DAYS`].
pub fn days() -> Place {
    let place = place();
    for (date, sql) in DAYS {
        if date == "2025-11-01" {
            place.sqlite("calls.db", sql);
            place.at("2025-11-02T09:00:00-06:00");
            assert_eq!(place.asof("save").code, 0);
            place.told(
                "
$ asof save
! warning: video of 2025-11-01 can't be known: it is 10 h after the day's end, and max_lag is 3 h
exit 0
",
            );
        } else {
            day(&place, date, sql);
        }
    }
    place
}

/// The answer as JSON.
#[track_caller]
fn grown(place: &Place, arguments: &str) -> Value {
    let run = place.asof(&format!("--json growth {arguments}"));
    place.forget();
    assert_eq!(run.code, 0, "growth {arguments}: {}", run.stderr);
    serde_json::from_str(&run.stdout).unwrap()
}

/// What SQL says of a counter between two copies, among the rows that pass; by hand in SQL, not by asof.
fn by_sql(place: &Place, (old, new): (&str, &str), column: &str, filter: &str) -> Value {
    let db = rusqlite::Connection::open(place.path("calls.db")).unwrap();
    let sql = format!(
        "with pairs as (
           select n.id is not null as now, o.id is not null as then_, n.{column} as n, o.{column} as o,
             case when n.id is not null then n.user_id else o.user_id end as user_id
           from {} n full join {} o on o.id = n.id),
         some as (select * from pairs where {filter}),
         told as (select *, (now and n is null) or (then_ and o is null) as unknown from some)
         select ifnull(sum(now and then_), 0), ifnull(sum(now and not then_), 0), ifnull(sum(then_ and not now), 0),
           ifnull(sum(now and then_ and n < o), 0), ifnull(sum(unknown), 0),
           ifnull(sum(case when now and not unknown then n else 0 end), 0), ifnull(sum(case when then_ and not unknown then o else 0 end), 0)
         from told",
        copy(new),
        copy(old)
    );
    let numbers: Vec<i64> = db.query_row(&sql, [], |row| (0..7).map(|at| row.get(at)).collect()).unwrap();
    let [matched, appeared, disappeared, decreased, unknown, current, previous] = numbers[..] else {
        panic!()
    };
    let growth = current - previous;
    let percentage: Option<String> = db
        .query_row(
            "select printf('%.2f', 100.0 * ?1 / nullif(?2, 0)) where ?2 <> 0",
            (growth, previous),
            |row| row.get(0),
        )
        .ok();
    let percentage: Option<Value> = percentage.map(|text| serde_json::from_str(&text).unwrap());
    json!({
        "parts": [matched, appeared, disappeared, decreased, unknown],
        "told": [current, previous, growth, percentage, growth > 0],
    })
}

/// The same out of an answer; the parts are those of one counter.
fn told(answer: &Value, counter: &str) -> Value {
    let found = &answer["growth"][counter];
    let parts = &answer["parts"];
    json!({
        "parts": [parts["matched"], parts["appeared"], parts["disappeared"], found["decreased"], found["unknown"]],
        "told": [found["current"], found["previous"], found["growth"], found["percentage"], found["isIncrease"]],
    })
}

#[test]
fn growth_equals_what_sql_says_of_copies_of_the_table() {
    let place = days();
    for (old, new, arguments) in [
        ("2025-11-03", "2025-11-04", ""),
        ("2025-11-03", "2025-11-04", "video --period 1"),
        ("2025-10-30", "2025-11-04", "video --days 5"),
        ("2025-10-30", "2025-11-02", "video --from 2025-10-30 --to 2025-11-02"),
        ("2025-10-31", "2025-11-03", "--from 2025-10-31 --to 2025-11-03"),
    ] {
        let answer = grown(&place, arguments);
        assert_eq!((&answer["current"]["date"], &answer["previous"]["date"]), (&json!(new), &json!(old)));
        for (counter, column) in [("views", "view_count"), ("likes", "like_count")] {
            let expected = by_sql(&place, (old, new), column, "true");
            assert_eq!(told(&answer, counter), expected, "{arguments} {counter}");
        }
    }
    for (filter, sql) in [("5", "user_id = '5'"), ("6", "user_id = '6'"), ("7", "user_id = '7'")] {
        let answer = grown(&place, &format!("--days 5 --where user_id={filter}"));
        let expected = by_sql(&place, ("2025-10-30", "2025-11-04"), "view_count", sql);
        if filter == "7" {
            // The only one of that user belongs to another now: there is nothing.
            assert_eq!(told(&answer, "views")["told"], json!([0, 0, 0, null, false]));
        } else {
            assert_eq!(told(&answer, "views"), expected, "{filter}");
        }
    }
    let groups = grown(&place, "--days 5 --by user_id");
    let groups = groups["groups"].as_array().unwrap();
    assert_eq!(
        groups.iter().map(|group| &group["key"]).collect::<Vec<_>>(),
        [&json!(null), &json!("5"), &json!("6")]
    );
    for (group, sql) in groups.iter().zip(["user_id is null", "user_id = '5'", "user_id = '6'"]) {
        let expected = by_sql(&place, ("2025-10-30", "2025-11-04"), "like_count", sql);
        assert_eq!(told(&json!({ "growth": group["growth"] }), "likes")["told"], expected["told"], "{sql}");
    }
}

#[test]
fn growth_is_told_with_its_parts_its_hours_and_what_grew_most() {
    let place = days();
    place.asof("growth --days 5 --by user_id --top 3");
    place.asof("growth video --from 2025-10-31 --to 2025-11-02");
    place.asof("growth video --days 2");
    place.asof("growth video --days 3");
    place.asof("growth video --days 3 --nearest");
    place.asof("growth video --period 30");
    place.asof("growth video --days 1 --key 11");
    place.asof("growth video --days 2 --key 11");
    place.asof("growth video --days 5 --key 11");
    place.asof("growth video --key 2000");
    place.asof("growth video --from 2025-11-01 --to 2025-11-02");
    place.asof("growth video --from 2025-10-31 --to 2025-11-01");
    place.asof("growth video --days 5 --by user_id --top 2 --csv");
    place.told(
        r#"
$ asof growth --days 5 --by user_id --top 3
Video: 2025-11-04 (seen 5 Nov 2025 00:30 CST) against 2025-10-30 (seen 31 Oct 2025 00:30 CDT), 121 h

Counter  Current  Previous  Growth   Change
Views     50,231    50,500    −269  −0.53 %
Likes        920       915      +5  +0.55 %
3 matched · 2 appeared · 1 disappeared · 1 decreased · 2 unknown

Views by user id  Current  Previous  Growth    Change
5                  43,523    43,000    +523   +1.22 %
6                   6,708     7,500    −792  −10.56 %
(none)                  —         —       —         —

Views: what grew most  Current  Previous  Growth    Change
Deep dive 10            42,108    42,000    +108   +0.26 %
Intro 9                  1,108     1,000    +108  +10.80 %
Outtakes 100             6,708     7,000    −292   −4.17 %

Likes by user id  Current  Previous  Growth     Change
5                     917       910      +7    +0.77 %
(none)                  3         0      +3          —
6                       0         5      −5  −100.00 %

Likes: what grew most  Current  Previous  Growth    Change
Deep dive 10               901       900      +1   +0.11 %
Intro 9                     11        10      +1  +10.00 %
exit 0
$ asof growth video --from 2025-10-31 --to 2025-11-02
Video: 2025-11-02 (seen 3 Nov 2025 00:30 CST) against 2025-10-31 (seen 1 Nov 2025 00:30 CDT), 49 h

Counter  Current  Previous  Growth   Change
Views     49,953    50,900    −947  −1.86 %
Likes        913       915      −2  −0.22 %
3 matched · 2 appeared · 1 disappeared · 1 decreased · 2 unknown
exit 0
$ asof growth video --days 2
Video: 2025-11-04 (seen 5 Nov 2025 00:30 CST) against 2025-11-02 (seen 3 Nov 2025 00:30 CST), 48 h

Counter  Current  Previous  Growth   Change
Views     50,231    49,953    +278  +0.56 %
Likes        920       913      +7  +0.77 %
5 matched · 2 unknown
exit 0
$ asof growth video --days 3
Video: 2025-11-04 (seen 5 Nov 2025 00:30 CST)
! there is no row of video for 2025-11-01, so growth is unknown: the look came 10 h after the day's end, and max_lag is 3 h
! the nearest is that of 2025-10-31: --nearest takes it
! this span works from the look of 2025-11-05 on

Counter  Current  Previous  Growth  Change
Views     50,231         —       —       —
Likes        991         —       —       —
exit 0
$ asof growth video --days 3 --nearest
Video: 2025-11-04 (seen 5 Nov 2025 00:30 CST) against 2025-10-31 (seen 1 Nov 2025 00:30 CDT), 97 h

Counter  Current  Previous  Growth   Change
Views     50,231    50,900    −669  −1.31 %
Likes        920       915      +5  +0.55 %
3 matched · 2 appeared · 1 disappeared · 1 decreased · 2 unknown
exit 0
$ asof growth video --period 30
Video: 2025-11-04 (seen 5 Nov 2025 00:30 CST)
! there is no row of video for 2025-10-05, so growth is unknown
! the nearest is that of 2025-10-30: --nearest takes it
! this span works from the look of 2025-11-29 on

Counter  Current  Previous  Growth  Change
Views     50,231         —       —       —
Likes        991         —       —       —
exit 0
$ asof growth video --days 1 --key 11
Video: 2025-11-04 (seen 5 Nov 2025 00:30 CST) against 2025-11-03 (seen 4 Nov 2025 00:30 CST), 24 h

Counter  Current  Previous  Growth    Change
Views        307       300      +7   +2.33 %
Likes          5         4      +1  +25.00 %
1 matched
exit 0
$ asof growth video --days 2 --key 11
Video: 2025-11-04 (seen 5 Nov 2025 00:30 CST) against 2025-11-02 (seen 3 Nov 2025 00:30 CST), 48 h

Counter  Current  Previous  Growth     Change
Views        307        50    +257  +514.00 %
Likes          5         1      +4  +400.00 %
1 matched
exit 0
$ asof growth video --days 5 --key 11
Video: 2025-11-04 (seen 5 Nov 2025 00:30 CST)
! there is no row of video for 2025-10-30, so growth is unknown: it was not there then
! the nearest is that of 2025-11-02: --nearest takes it
! this span works from the look of 2025-11-07 on

Counter  Current  Previous  Growth  Change
Views        307         —       —       —
Likes          5         —       —       —
exit 0
$ asof growth video --key 2000
! error: video "2000" has no row in the look of 2025-11-04: it was not there
exit 1
$ asof growth video --from 2025-11-01 --to 2025-11-02
Video: 2025-11-02 (seen 3 Nov 2025 00:30 CST)
! there is no row of video for 2025-11-01, so growth is unknown: the look came 10 h after the day's end, and max_lag is 3 h
! the nearest is that of 2025-10-31: --nearest takes it

Counter  Current  Previous  Growth  Change
Views     49,953         —       —       —
Likes        913         —       —       —
exit 0
$ asof growth video --from 2025-10-31 --to 2025-11-01
! error: there is no look at video for 2025-11-01: the look came 10 h after the day's end, and max_lag is 3 h
!   hint: the nearest look is that of 2025-10-31
exit 1
$ asof growth video --days 5 --by user_id --top 2 --csv
of,key,label,counter,current,previous,growth,percentage
total,,,views,50231,50500,-269,-0.53
total,,,likes,920,915,5,0.55
group,,,views,,,,
group,,,likes,3,0,3,
group,5,,views,43523,43000,523,1.22
group,5,,likes,917,910,7,0.77
group,6,,views,6708,7500,-792,-10.56
group,6,,likes,0,5,-5,-100.00
entity,10,Deep dive,views,42108,42000,108,0.26
entity,9,Intro,views,1108,1000,108,10.80
entity,10,Deep dive,likes,901,900,1,0.11
entity,9,Intro,likes,11,10,1,10.00
exit 0
"#,
    );
}

#[test]
fn what_can_t_be_told_is_refused_with_what_there_is() {
    let place = place();
    place.asof("growth");
    place.told(
        r#"
$ asof growth
! error: there is no archive at [DIR]/snapshots: the folder does not exist
!   hint: check `dir` under [archive] in asof.toml; the first `asof save` makes the archive
exit 1
"#,
    );
    // A day long gone is frozen, and nobody looks.
    place.done(&["save 2025-10-01"]);
    place.asof("growth");
    place.asof("growth sound");
    place.asof("growth --by title");
    place.asof("growth --from 2025-11-06 --to 2025-11-06");
    place.asof("growth --period 2");
    place.asof("growth --live --from 2025-11-06 --to 2025-11-07");
    place.asof("growth --where user_id");
    place.told(
        r#"
$ asof growth sound
! error: "sound" is no entity
!   hint: there are video
exit 2
$ asof growth --by title
! error: "title" is no group or attribute of video
!   hint: there are user_id
exit 2
$ asof growth --from 2025-11-06 --to 2025-11-06
! error: 2025-11-06 is not before 2025-11-06
!   hint: name the earlier day first
exit 2
$ asof growth --period 2
! error: invalid value '2' for '--period <DAYS>'
!   [possible values: 1, 7, 30]
! 
! For more information, try '--help'.
exit 2
$ asof growth --live --from 2025-11-06 --to 2025-11-07
! error: the argument '--live' cannot be used with '--from <DATE>'
! 
! Usage: asof growth --live --to <DATE> [ENTITY]
! 
! For more information, try '--help'.
exit 2
$ asof growth --where user_id
! error: invalid value 'user_id' for '--where <FIELD=VALUE>': write it as field=value
! 
! For more information, try '--help'.
exit 2
"#,
    );
}

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
    let request = LookRequest {
        env: &env,
        now: &now,
        tenant: None,
        retry_for: Duration::ZERO,
        wait: Duration::from_secs(10),
    };
    let asked = CaptureRequest {
        keys: keys.map(|keys| keys.iter().map(|key| (*key).to_owned()).collect()),
        filters: Vec::new(),
        kind: CaptureType::Manual,
        trigger: None,
        reason: None,
        actor: None,
        occurred_at: None,
        max_age: None,
        if_missing: false,
        if_changed: false,
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
fn a_counter_that_was_not_read_then_is_unknown_and_says_so() {
    let place = days();
    place.sqlite(
        "calls.db",
        "alter table videos rename column like_count to hearts; alter table videos add share_count integer",
    );
    place.change(
        "asof.toml",
        "title, view_count, like_count from",
        "title, view_count, hearts, share_count from",
    );
    place.change("asof.toml", "likes = \"like_count\"", "likes = \"hearts\", shares = \"share_count\"");
    // The definitions say more than the looks have; then the looks have other things than those before.
    place.asof("growth");
    place.told(
        r#"
$ asof growth
Video: 2025-11-04 (seen 5 Nov 2025 00:30 CST) against 2025-11-03 (seen 4 Nov 2025 00:30 CST), 24 h
! shares was not read on 2025-11-04

Counter  Current  Previous  Growth   Change
Views     50,231    50,203     +28  +0.06 %
Likes        991       986      +5  +0.51 %
Shares         —         —       —        —
5 matched · 1 unknown
exit 0
"#,
    );
    place.at("2025-11-06T00:30:00-06:00");
    place.done(&["save"]);
    place.asof("growth");
    place.told(
        r#"
$ asof growth
Video: 2025-11-05 (seen 6 Nov 2025 00:30 CST) against 2025-11-04 (seen 5 Nov 2025 00:30 CST), 24 h
! likes was the column like_count on 2025-11-04, and is hearts now
! shares was not read on 2025-11-04
! the query of video has changed since 2025-11-04

Counter  Current  Previous  Growth  Change
Views     50,231    50,231       0  0.00 %
Likes        991         —       —       —
Shares         —         —       —       —
5 matched · 5 unknown
exit 0
"#,
    );
    let answer = grown(&place, "");
    assert_eq!(answer["growth"]["likes"]["isIncrease"], json!(null));
    assert_eq!(answer["growth"]["shares"]["current"], json!(null));
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

#[test]
fn a_counter_has_a_series_a_forecast_and_alerts() {
    let place = days();
    place.asof("series video.views");
    place.asof("series video.views --growth --by user_id");
    place.asof("series video.likes --key 100 --last 3d");
    place.asof("series video.likes --growth --key 11 --csv");
    place.asof("series video.plays");
    place.asof("series calls --growth");
    place.asof("forecast video.views");
    let config = place.read("asof.toml");
    place.write("asof.toml", format!("{config}\n[alerts.many]\nmetric = \"video.views\"\nabove = 50000\n"));
    place.asof("alerts");
    place.change("asof.toml", "metric = \"video.views\"", "metric = \"video.plays\"\nby = \"user_id\"");
    place.asof("alerts");
    place.told(
        r#"
$ asof series video.views
50,900  █
        █
       ▄█
       ██
       ██  ▅▇
49,953 ██ ▁██
       2025-10-30 – 2025-11-04

Day             Views (video)  Change  Edition  Provenance
2025-10-30 Thu         50,500                1  ● witnessed
2025-10-31 Fri         50,900  +0.8 %        1  ● witnessed
2025-11-01      not captured
2025-11-02 Sun         49,953                1  ● witnessed
2025-11-03 Mon         50,203  +0.5 %        1  ● witnessed
2025-11-04 Tue         50,231  +0.1 %        1  ● witnessed
exit 0
$ asof series video.views --growth --by user_id
400  █
     █
     █  ▆
     █  █
     █  █
  0  █  █▄
    2025-10-30 – 2025-11-04

                Views (video),
Day                     growth   Change  Edition  Provenance     5    6  ∅ no value  7
2025-10-30 Thu               —                 1  ● witnessed    —    —           —  —
2025-10-31 Fri             400                 1  ● witnessed  200  200           —  —
2025-11-01      not captured
2025-11-02 Sun               —                 1  ● witnessed    —    —           —  —
2025-11-03 Mon             250                 1  ● witnessed  250    0           —  —
2025-11-04 Tue              28  −88.8 %        1  ● witnessed   21    7           —  —
2025-10-30: nothing is known of the day before
2025-11-02: nothing is known of the day before: the look came 10 h after the day's end, and max_lag is 3 h
exit 0
$ asof series video.likes --key 100 --last 3d
71   █
     █
     █
     █
     █
70  ▁█
   2025-11-02 – 2025-11-04

Day             Likes (video)  Change  Edition  Provenance
2025-11-02 Sun              —                1  ● witnessed
2025-11-03 Mon             70                1  ● witnessed
2025-11-04 Tue             71  +1.4 %        1  ● witnessed
2025-11-02: unknown then
exit 0
$ asof series video.likes --growth --key 11 --csv
date,value,edition,provenance,definitions,note
2025-10-30,,1,witnessed,[HEX],"video ""11"" has no row in the look of 2025-10-30: it was not there"
2025-10-31,,1,witnessed,[HEX],"video ""11"" has no row in the look of 2025-10-31: it was not there"
2025-11-01,,,,,not captured
2025-11-02,,1,witnessed,[HEX],"nothing is known of the day before: the look came 10 h after the day's end, and max_lag is 3 h"
2025-11-03,3,1,witnessed,[HEX],
2025-11-04,1,1,witnessed,[HEX],
exit 0
$ asof series video.plays
! error: "plays" is no counter of video
!   hint: there are views, likes
exit 2
$ asof series calls --growth
! error: "calls" is no counter of entities
!   hint: name one as ENTITY.COUNTER, such as video.views
exit 2
$ asof forecast video.views
! error: a forecast needs 21 known days, and there are 5
!   hint: asof backfill freezes earlier days; provisional days and days of another definition don't count
exit 1
$ asof alerts
2025-11-01
Alert        State       Value  Expected  Why
many         not judged      —         —  its value on 2025-11-01 is not known
missing_day  fine            0         0  no day is missing
exit 0
$ asof alerts
! asof.toml:35:10: "plays" is no counter of video
!   hint: known counters: "views" and "likes"
! asof.toml:36:6: an alert looks at video.plays of all entities only
!   hint: leave by out
exit 2
"#,
    );
}

#[test]
fn the_page_of_a_day_shows_growth_up_to_its_look() {
    let place = days();
    let page = place.read("snapshots/2025-11-04/dashboard.html");
    let body = page.split_once("<h2><bdi>Video</bdi></h2>").unwrap().1.split_once("</section>").unwrap().0;
    // The numbers are those of the answers that SQL was held against.
    for (counter, days) in [("views", 1), ("likes", 1)] {
        let answer = grown(&place, &format!("--days {days}"));
        let growth = answer["growth"][counter]["growth"].as_i64().unwrap();
        let percentage = answer["growth"][counter]["percentage"].to_string();
        assert!(body.contains(&format!("<b>+{growth} (+{percentage} %)</b> in 1 day</span>")), "{body}");
    }
    assert!(body.contains("in 7 days: unknown"), "{body}");
    assert!(body.contains("7 days: no look for 2025-10-28"), "{body}");
    assert!(body.contains("<bdi>Views: what grew most in 1 day"), "{body}");
    let rows = body.matches("<tr><th scope=\"row\">").count();
    assert_eq!(rows, 11, "four of five have views, all likes, and two totals");
    // Its manifest says which look that was, as the ledger has it.
    let manifest: Value = serde_json::from_str(&place.read("snapshots/2025-11-04/manifest.json")).unwrap();
    let ledger = place.read("snapshots/ledger.jsonl");
    let look = ledger.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let look = look.filter(|line| line["kind"] == "look").last().unwrap();
    assert_eq!(manifest["looks"]["video"], look["files"][0]["sha256"]);
    // A day without a look shows none.
    let page = place.read("snapshots/2025-11-01/dashboard.html");
    assert!(!page.contains("<bdi>Video</bdi>"));
    let manifest = place.read("snapshots/2025-11-01/manifest.json");
    assert!(!manifest.contains("\"looks\""));
    place.asof("verify");
    place.told("");
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
