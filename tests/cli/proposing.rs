//! `asof init --from`: what is proposed works, and its numbers are those of SQL.

use serde_json::{Value, json};

use crate::support::command::Place;
use crate::support::mariadb::{Db, REPORT, WRITER, db};
use crate::support::vicidial::{Charset, Engine, Spec, generate, schema};

const DAY: &str = "2025-11-06";

pub const VIDEOS: &str = "
create table videos (id bigint primary key, user_id bigint not null, title varchar(200) not null,
  view_count bigint not null, like_count bigint not null, comment_count bigint, share_count bigint not null);
insert into videos values (1, 5, 'Intro', 1000, 10, 1, 0), (2, 5, 'Deep dive', 42000, 900, 30, 17),
  (3, 6, 'Outtakes', 7000, 70, null, 3), (4, 6, 'It''s', 500, 5, 2, 1);
";

/// Rows of VICIDIAL's tables on one day.
fn rows() -> Vec<String> {
    generate(&Spec { seed: 11, charset: Charset::Utf8, days: vec![(DAY.parse().unwrap(), 3000)] })
}

/// VICIDIAL's tables as SQLite has them.
fn sqlite_schema() -> String {
    let mut made: Vec<(String, String)> = Vec::new();
    for statement in schema(Engine::MyIsam) {
        let Some(rest) = statement.strip_prefix("create table ") else { continue };
        let (name, body) = rest.split_once(' ').unwrap();
        let columns = if let Some(like) = body.strip_prefix("like ") {
            made.iter().find(|(name, _)| name == like).unwrap().1.clone()
        } else {
            let lines = body.lines().map(str::trim).filter(|line| !line.starts_with(['(', ')']));
            let columns =
                lines.filter(|line| !line.starts_with("index") && !line.starts_with("unique index"));
            let columns = columns.map(|line| line.trim_end_matches(',').replace(" unsigned", ""));
            let columns = columns.map(|line| {
                line.replace("int(9) auto_increment primary key not null", "integer primary key")
            });
            // `status enum('Y','N') default 'N'` is a text.
            let columns = columns.map(|line| match line.split_once(" enum(") {
                Some((name, _)) => format!("{name} text"),
                None => line,
            });
            columns.collect::<Vec<_>>().join(", ")
        };
        made.push((name.to_owned(), columns));
    }
    let tables = made.iter().map(|(name, columns)| format!("create table {name} ({columns});\n"));
    let indexes =
        ["vicidial_log", "vicidial_log_archive", "vicidial_closer_log", "vicidial_closer_log_archive"]
            .map(|table| format!("create index {table}_call_date on {table} (call_date);\n"));
    let agents = ["vicidial_agent_log", "vicidial_agent_log_archive"]
        .map(|table| format!("create index {table}_event_time on {table} (event_time);\n"));
    tables.chain(indexes).chain(agents).collect()
}

/// Calls and seconds of the day, in total and by campaign: the live rows, and archived ones that are not live.
fn calls_by_sql(columns: &str, log: &str, key: &str, group: &str) -> String {
    let day = format!("call_date >= '{DAY}' and call_date < '2025-11-07'");
    format!(
        "select {columns} from (select * from {log} where {day} union all select * from {log}_archive \
         where {day} and {key} not in (select {key} from {log})) as c{group}"
    )
}

const SECONDS: &str = "sum(case when length_in_sec < 0 then 0 else length_in_sec end)";

/// Checks the configuration, saves the day and gives what was frozen.
pub fn frozen(place: &Place) -> Value {
    let check = place.asof("check --json");
    let found: Value = serde_json::from_str(&check.stdout).unwrap_or_else(|_| panic!("{}", check.stderr));
    assert_eq!((check.code, &found["ok"]), (0, &json!(true)), "{found}");
    assert_eq!(place.asof("save").code, 0, "{}", place.take());
    let stored = serde_json::from_str(&place.asof(&format!("restore {DAY} --json")).stdout).unwrap();
    place.forget();
    stored
}

pub fn value(stored: &Value, metric: &str) -> String {
    stored["metrics"][metric]["value"].to_string()
}

/// The members of a metric as `key value`, without those of NULL.
pub fn members(stored: &Value, metric: &str, by: &str) -> Vec<String> {
    let members = stored["metrics"][metric]["by"][by].as_array().unwrap_or_else(|| panic!("{stored}"));
    let known = members.iter().filter_map(|one| Some(format!("{} {}", one["key"].as_str()?, one["value"])));
    let mut known: Vec<String> = known.collect();
    known.sort();
    known
}

#[test]
fn what_is_proposed_for_vicidial_on_mariadb_freezes_the_presets_totals() {
    let db = db();
    db.sql("alter database character set utf8 collate utf8_unicode_ci");
    let script = [schema(Engine::MyIsam), rows()].concat();
    db.sql(&(script.join(";\n") + ";"));
    let place = Place::new();
    place.secret(REPORT.1);
    place.secret("r3p%40rt");
    let url = db.url();
    let output = place.command(&["init", "--from", &url]).output().unwrap();
    let run = place.tell("init --from [URL]", &output);
    assert_eq!(run.code, 0, "{}", run.stderr);
    place.hide(db.url_without_password(), "URL");
    place.told(
        "
$ asof init --from [URL]
wrote ./asof.toml

proposed from [URL]:
  events    vicidial_log, vicidial_agent_log, vicidial_closer_log
  not taken 10 tables: the file says why

next:
  look it through: each choice says why it was made
  put the password into the environment variable ASOF_SOURCE_PASSWORD: it is not in the file
  asof check
  asof save
exit 0
",
    );
    let text = place.read("asof.toml");
    assert!(!text.contains("r3p"), "{text}");
    assert!(text.contains("password_env = \"ASOF_SOURCE_PASSWORD\""), "{text}");
    // The server is at -06:00 all year.
    assert_eq!(text.matches("time_zone = \"Etc/GMT+6\"").count(), 2, "{text}");
    place.env("ASOF_SOURCE_PASSWORD", REPORT.1);
    let stored = frozen(&place);
    let sql = |sql: &str| db.sql(sql).trim().to_owned();
    let both = format!("count(*), {SECONDS}");
    for (log, key) in [("vicidial_log", "uniqueid"), ("vicidial_closer_log", "closecallid")] {
        let found = [value(&stored, log), value(&stored, &format!("{log}_length_in_sec"))].join("\t");
        assert_eq!(found, sql(&calls_by_sql(&both, log, key, "")), "{log}");
    }
    let by_campaign = sql(&calls_by_sql(
        "concat(min(binary campaign_id), ' ', count(*))",
        "vicidial_log",
        "uniqueid",
        " where campaign_id is not null group by campaign_id order by 1",
    ));
    let expected: Vec<&str> = by_campaign.lines().collect();
    assert_eq!(members(&stored, "vicidial_log", "campaign"), expected);
    let talk = sql(&format!(
        "select sum(talk_sec) from (select * from vicidial_agent_log where date(event_time) = '{DAY}' union all \
         select * from vicidial_agent_log_archive where date(event_time) = '{DAY}' \
         and agent_log_id not in (select agent_log_id from vicidial_agent_log)) as c"
    ));
    assert_eq!(value(&stored, "talk_sec"), talk);
}

#[test]
fn what_is_proposed_for_vicidial_on_sqlite_freezes_the_presets_totals() {
    let place = Place::new();
    let inserts: Vec<String> = rows().into_iter().filter(|sql| !sql.starts_with("set ")).collect();
    place.sqlite("calls.db", &format!("{}{};", sqlite_schema(), inserts.join(";\n")));
    place.asof("init --from sqlite:calls.db --table vicidial_log --table VICIDIAL_closer_log");
    place.told(
        "
$ asof init --from sqlite:calls.db --table vicidial_log --table VICIDIAL_closer_log
wrote ./asof.toml

proposed from sqlite:calls.db:
  events    vicidial_log, vicidial_closer_log

next:
  look it through: each choice says why it was made
  asof check
  asof save
exit 0
",
    );
    let text = place.read("asof.toml");
    assert!(!text.contains("password") && text.contains("time_is = \"local\""), "{text}");
    let stored = frozen(&place);
    let database = rusqlite::Connection::open(place.path("calls.db")).unwrap();
    for (log, key) in [("vicidial_log", "uniqueid"), ("vicidial_closer_log", "closecallid")] {
        let expected = database
            .query_row(&calls_by_sql(&format!("count(*), {SECONDS}"), log, key, ""), [], |row| {
                Ok([row.get::<_, i64>(0)?.to_string(), row.get::<_, i64>(1)?.to_string()])
            })
            .unwrap();
        assert_eq!([value(&stored, log), value(&stored, &format!("{log}_length_in_sec"))], expected, "{log}");
    }
}

/// What a look holds in all: views, likes, comments where they are known, shares.
fn looked_at(place: &Place, later: &str) -> [Value; 4] {
    place.at(later);
    place.done(&["save"]);
    let run = place.asof("growth videos --from 2025-11-06 --to 2025-11-07 --json");
    let grown: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{}", run.stderr));
    ["views", "likes", "comments", "shares"].map(|counter| grown["growth"][counter]["previous"].clone())
}

pub fn videos_are_looked_at(place: &Place, url: &str, offset: &str) {
    place.at(&format!("2025-11-07T01:00:00{offset}"));
    let output = place.command(&["init", "--from", url]).output().unwrap();
    let run = place.tell("init", &output);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert!(run.stdout.contains("  entities  videos\nkept a first look at 4 videos\n"), "{}", run.stdout);
    let text = place.read("asof.toml");
    let counters = r#"counters = { views = "view_count", likes = "like_count", comments = "comment_count", shares = "share_count" }"#;
    assert!(text.contains(counters) && text.contains("group_by = [\"user_id\"]"), "{text}");
    assert!(text.contains("label = \"title\""), "{text}");
    place.forget();
    let check: Value = serde_json::from_str(&place.asof("check --json").stdout).unwrap();
    assert_eq!(check["ok"], true, "{check}");
    place.done(&["save"]);
    assert_eq!(
        looked_at(place, &format!("2025-11-08T01:00:00{offset}")),
        [json!(50_500), json!(985), json!(33), json!(21)]
    );
}

#[test]
fn what_is_proposed_for_videos_on_sqlite_looks_at_the_presets_totals() {
    let place = Place::new();
    place.sqlite("videos.db", VIDEOS);
    // A save soon after a day's end is a look at that day: here one of UTC.
    videos_are_looked_at(&place, "sqlite:videos.db", "Z");
}

#[test]
fn what_is_proposed_for_videos_on_mariadb_looks_at_the_presets_totals() {
    let db = db();
    db.sql(VIDEOS);
    let place = Place::new();
    place.secret(REPORT.1);
    place.env("SHOP_PASSWORD", REPORT.1);
    let url = db.url_without_password();
    place.asof(&format!("init there --from {url} --password-env SHOP_PASSWORD"));
    assert!(place.read("there/asof.toml").contains("password_env = \"SHOP_PASSWORD\""));
    place.forget();
    // The password of the URL is at hand for the first look, and only there.
    place.env("ASOF_SOURCE_PASSWORD", REPORT.1);
    videos_are_looked_at(&place, &url, "-06:00");
}

#[test]
fn what_the_first_look_needs_stands_in_the_url_and_not_in_the_file() {
    let db = db();
    db.sql(VIDEOS);
    let place = Place::new();
    place.secret(REPORT.1);
    let output = place.command(&["init", "--json", "--from", &db.url()]).output().unwrap();
    let run = place.tell("init", &output);
    let told: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{}", run.stderr));
    assert_eq!(
        told,
        json!({
            "config": "./asof.toml",
            "proposed": {
                "from": db.url_without_password(),
                "events": [],
                "entities": ["videos"],
                "not_taken": 0,
                "password_env": "ASOF_SOURCE_PASSWORD",
            },
            "first_looks": [{ "entity": "videos", "captured": 4, "reason": null }],
        })
    );
    assert!(!place.tree(".").is_empty(), "no file holds the password");
}

fn proposed(place: &Place, db: &Db) -> String {
    let _ = std::fs::remove_file(place.path("asof.toml"));
    let url = format!("mysql://{WRITER}@127.0.0.1:{}/{}", db.server().port(), db.name);
    let run = place.asof(&format!("init --from {url}"));
    format!("{}{}", run.stdout, run.stderr)
}

#[test]
fn odd_tables_are_no_trouble() {
    let db = db();
    let place = Place::new();
    let said = proposed(&place, &db);
    assert!(said.contains("has no tables that this account can see"), "{said}");
    db.sql("create table plain (a int, b text)");
    let said = proposed(&place, &db);
    assert!(said.contains("nothing in mysql://"), "{said}");
    assert!(
        said.contains("\"plain\": no column tells a time, and none is a counter, and no key of one column"),
        "{said}"
    );
    let wide: Vec<String> = (0..1000).map(|number| format!("c{number} int")).collect();
    db.sql(&format!("create table wide (at datetime, {}, index (at))", wide.join(", ")));
    db.sql(
        "create table `my ``odd``.table` (`at it` timestamp(3) not null default now(3), `sta'tus` varchar(9), `group` varchar(9), `x{y}` int, `a\"b` int, key (`at it`));
         insert into `my ``odd``.table` (`sta'tus`, `group`, `x{y}`, `a\"b`) values ('a', 'x', 1, 3), ('b', 'y', 2, 4), ('a', 'x', 1, 3), ('b', 'y', 2, 4), ('a', 'x', 5, 6);
         create table empty (id int primary key, event_time datetime);
         create table `{braces}` (id int primary key, event_time datetime);
         create view broken as select a, b from plain;
         create view seen as select event_time, id from empty;
         drop table plain;",
    );
    let said = proposed(&place, &db);
    assert!(said.contains("  events    "), "{said}");
    let text = place.read("asof.toml");
    for (piece, why) in [
        ("[events.my_odd_table]", "its name can be written"),
        ("select t.*, t.`at it` as happened_at from `my ``odd``.table` as t", "so can its column's"),
        ("time_is = \"instant\"", "a timestamp"),
        ("sta_tus = \"`sta'tus`\"", "a dimension"),
        ("group = \"`group`\"", "a word of SQL"),
        ("sum = '`a\"b`'", "a sum"),
        ("[events.empty]", "an empty table"),
        (
            "# \"seen\": it could not be looked at: ",
            "a view whose plan the account may not see, which check asks for",
        ),
        ("[events.wide]", "a wide one"),
        ("# \"{braces}\": its name can't stand in the SQL of a configuration.", "one that can't"),
        ("# \"broken\": ", "a view of what is gone"),
    ] {
        assert!(text.contains(piece), "{why}: {piece} is not in\n{text}");
    }
    assert!(!text.contains("x{y}"), "{text}");
    place.at(&chrono::Utc::now().checked_add_days(chrono::Days::new(1)).unwrap().to_rfc3339());
    let check: Value = serde_json::from_str(&place.asof("check --json").stdout).unwrap();
    assert_eq!(check["ok"], true, "{check}");
}

#[test]
fn wrong_words_are_told_and_leave_nothing() {
    let place = Place::new();
    place.sqlite("shop.db", "create table orders (id integer primary key, placed_at text, total integer)");
    place.write(
        "no.db",
        "this is no database, however long one looks at it; not at all, and not ever. ".repeat(20),
    );
    place.asof("init --from sqlite:shop.db --table order");
    place.asof("init --from sqlite:shop.db");
    place.asof("init --from sqlite:nothing.db");
    place.asof("init --from sqlite:no.db");
    place.asof("init --from mysql://u:hunter2@h/d?x=1");
    place.asof("init --table orders");
    place.told(
        r#"
$ asof init --from sqlite:shop.db --table order
! error: there is no table "order"
!   hint: did you mean "orders"?
exit 2
$ asof init --from sqlite:shop.db
! error: nothing in sqlite:shop.db looks like events or entities; "orders": no column tells a time, and none is a counter; it is empty, so that none could be seen
!   hint: asof init --preset general writes a configuration to fill in by hand
exit 1
$ asof init --from sqlite:nothing.db
! error: there is no file nothing.db
!   hint: check the path behind sqlite:, which is relative to the folder that asof runs in
exit 5
$ asof init --from sqlite:no.db
! error: no.db is no SQLite database
!   hint: check the path in [source] url; an encrypted database can't be read either
exit 5
$ asof init --from mysql://u:hunter2@h/d?x=1
! error: the source's url has an unknown parameter `x`
!   hint: known parameters are ssl and ssl_ca
exit 2
$ asof init --table orders
! error: the following required arguments were not provided:
!   --from <URL>
! 
! Usage: asof init --from <URL> --table <NAME> [DIR]
! 
! For more information, try '--help'.
exit 2
"#,
    );
    assert!(!place.path("asof.toml").exists());
    place.write("asof.toml", "mine");
    assert_eq!(
        place.asof("init --from mysql://nobody@127.0.0.1:1/d").code,
        1,
        "nothing is asked for nothing"
    );
    assert_eq!(place.read("asof.toml"), "mine");
}

#[test]
fn a_database_in_another_folder_is_found_from_there() {
    let place = Place::new();
    place.sqlite(
        "shop.db",
        "create table orders (id integer primary key, placed_at text, status text, amount numeric);
         create index orders_placed on orders (placed_at);
         insert into orders (placed_at, status, amount) values ('2025-11-06T10:00:00Z', 'paid', 10),
           ('2025-11-06T23:30:00Z', 'paid', 5), ('2025-11-07T00:30:00Z', 'open', 7), ('2025-11-06T11:00:00Z', 'open', 2);",
    );
    place.done(&["init --from sqlite:shop.db deep/er"]);
    let text = place.read("deep/er/asof.toml");
    assert!(text.contains("time_is = \"instant\""), "{text}");
    place.env("ASOF_CONFIG", "deep/er/asof.toml");
    let stored = frozen(&place);
    assert_eq!((value(&stored, "orders"), value(&stored, "amount")), ("3".to_owned(), "17".to_owned()));
    assert_eq!(members(&stored, "amount", "status"), ["open 2", "paid 15"]);
}
