//! Whole commands on PostgreSQL: check, save, drift and list, looks at entities, and worklists.

use serde_json::Value;

use super::CONFIG;
use crate::support::command::Place;
use crate::support::postgres::{Db, REPORT, db};

const TABLE: &str = "
create table calls (id serial primary key, at timestamp, campaign varchar(8), status varchar(6), seconds int);
create index by_time on calls (at);
create table campaigns (id varchar(8), name varchar(40));
insert into campaigns values ('1027', 'EASTSIDE'), ('2044', 'Harbour');
insert into calls (at, campaign, status, seconds) values
  ('2025-11-06 00:00:00', '1027', 'SALE', 600), ('2025-11-06 09:15:00', '1027', 'NA', 0),
  ('2025-11-06 09:45:00', '1027', 'DROP', 30), ('2025-11-06 17:30:00', '2044', 'SALE', 360),
  ('2025-11-06 23:59:59', null, '', null);
";

/// A place whose account may only read a database with these tables.
fn on_postgresql(config: &str, tables: &str) -> (Place, Db) {
    let db = db();
    db.sql(tables);
    let place = Place::new();
    place.write("asof.toml", config.replace("sqlite:calls.db", &db.url()));
    place.hide(format!("127.0.0.1:{}", db.server().port()), "SERVER");
    place.hide(db.name.clone(), "DB");
    place.hide(db.sql("show server_version").trim().to_owned(), "VERSION");
    place.secret(REPORT.1);
    place.secret("r3p%40rt");
    (place, db)
}

#[test]
fn a_day_is_checked_saved_listed_and_compared_with_what_postgresql_says_now() {
    let (place, db) = on_postgresql(CONFIG, TABLE);
    place.asof("check");
    place.asof("save");
    place.asof("list");
    place.asof("drift");
    db.sql("update calls set status = 'SALE' where status = 'NA'; delete from calls where campaign is null");
    place.asof("drift");
    place.asof("verify");
    place.told("");
}

#[test]
fn the_queries_on_postgresql_can_be_run_by_hand() {
    let (place, db) = on_postgresql(CONFIG, TABLE);
    let run = place.asof("check --sql");
    // Each call of that day is a group of its own, and there are two campaigns.
    assert_eq!(db.sql(&run.stdout).lines().count(), 5 + 2, "{}", run.stdout);
    assert!(run.stdout.contains("set time zone 'UTC';"), "{}", run.stdout);
}

#[test]
fn what_does_not_fit_postgresql_freezes_nothing_and_is_told() {
    let (place, db) = on_postgresql(CONFIG, TABLE);
    for (from, to, told) in [
        ("time_is = \"local\"", "time_is = \"instant\"", "which has no zone: it is \"local\""),
        ("time_is = \"local\"", "time_is = \"epoch\"", "operator does not exist"),
    ] {
        place.change("asof.toml", from, to);
        for command in ["check", "save --retry-for 0s"] {
            let run = place.asof(command);
            assert_eq!(run.code, 1, "{to}: {}{}", run.stdout, run.stderr);
            assert!(format!("{}{}", run.stdout, run.stderr).contains(told), "{to}: {}{}", run.stdout, run.stderr);
        }
        place.change("asof.toml", to, from);
    }
    db.sql("alter table calls alter column seconds type interval using make_interval(secs => seconds)");
    let run = place.asof("save --retry-for 0s");
    assert_eq!(run.code, 1, "{}", run.stderr);
    assert!(run.stderr.contains("interval"), "{}", run.stderr);
    assert!(!place.path("snapshots/2025-11-06").exists());
}

#[test]
fn a_server_that_wants_a_password_and_has_none_is_told_so() {
    let (place, db) = on_postgresql(CONFIG, TABLE);
    place.change("asof.toml", &db.url(), &db.url_of("report"));
    place.asof("save --retry-for 0s");
    place.told("");
}

const VIDEOS: &str = "
create table videos (id bigint primary key, user_id int, title text, view_count bigint, like_count bigint, comment_count bigint, share_count bigint);
insert into videos values (9, 5, 'Nine', 1000, 10, null, 0), (10, 5, 'Ten', 9007199254740993, 1, 1, 1), (11, 12, 'Gone soon', 7, 0, 0, 0);
";

#[test]
fn the_preset_for_videos_runs_on_postgresql() {
    let place = Place::new();
    place.at("2025-11-06T00:10:00-06:00");
    place.done(&["init --preset video-growth"]);
    let db = db();
    db.sql(VIDEOS);
    place.change("asof.toml", "mysql://report@127.0.0.1/videos", &db.url());
    place.change("asof.toml", "password_env =", "# password_env =");
    let check = place.asof("check");
    assert_eq!(check.code, 0, "{}{}", check.stdout, check.stderr);
    place.done(&["save"]);
    db.sql("update videos set view_count = view_count + 25 where id = 9; update videos set like_count = 0 where id = 10; delete from videos where id = 11; insert into videos values (12, 12, 'New', 3, 0, 0, 0)");
    place.at("2025-11-07T00:10:00-06:00");
    place.done(&["save", "verify"]);
    let growth: Value = serde_json::from_str(&place.asof("growth video --period 1 --json").stdout).unwrap();
    let text = growth.to_string();
    place.asof("growth video --period 1");
    place.asof("history video 10");
    place.asof("context video 9");
    place.asof("history video no-such");
    place.told(&text);
}
