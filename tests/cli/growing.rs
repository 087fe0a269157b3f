//! `asof growth`: what counters did between two looks, against SQL over copies of the table as it was at each.

use serde_json::{Value, json};

use super::{CALLS, CONFIG};
use crate::support::command::Place;

pub const VIDEOS: &str = r#"
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
pub fn place() -> Place {
    let place = Place::new();
    place.write("asof.toml", format!("{CONFIG}{VIDEOS}"));
    // Half an hour after its end a day is final.
    place.change("asof.toml", "[calendar]\n", "[calendar]\nfinal_after = \"10m\"\n");
    place.sqlite("calls.db", CALLS);
    place.sqlite("calls.db", TABLE);
    place
}

/// The clock half an hour after a day's end; in Chicago clocks go back on 2025-11-02.
pub fn after(day: &str) -> String {
    let day: asof::model::Day = day.parse().unwrap();
    let next = day.checked_add(1).unwrap().to_string();
    let offset = if next.as_str() <= "2025-11-02" { "-05:00" } else { "-06:00" };
    format!("{next}T00:30:00{offset}")
}

/// Something happens in a day, a copy is made of what is there at its end, and asof looks.
pub fn day(place: &Place, day: &str, sql: &str) {
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
pub fn grown(place: &Place, arguments: &str) -> Value {
    let run = place.asof(&format!("--json growth {arguments}"));
    place.forget();
    assert_eq!(run.code, 0, "growth {arguments}: {}", run.stderr);
    serde_json::from_str(&run.stdout).unwrap()
}

/// What SQL says of a counter between two copies, among the rows that pass; by hand in SQL, not by asof.
pub fn by_sql(place: &Place, (old, new): (&str, &str), column: &str, filter: &str) -> Value {
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
! error: there is no archive at snapshots: the folder does not exist
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
$ asof growth
! error: nobody has looked at video yet
!   hint: asof save looks once a day, shortly after the day's end
exit 1
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
