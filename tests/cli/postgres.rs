//! Whole commands on PostgreSQL: check, save, drift and list, looks at entities, and worklists.

use serde_json::{Value, json};

use super::{CONFIG, worklist};
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
    place.told(
        r#"
$ asof check
ok    configuration  asof.toml is sound: 1 kind of events, 5 metrics
ok    source         postgres://report@[SERVER]/[DB] is PostgreSQL [VERSION], not encrypted
ok    account        can only read
ok    clock          not compared, since ASOF_NOW sets ours
warn  time zone      the server is at +05:30, but America/Chicago is at -06:00 now
                     hint: if the server writes its own local time, set [source] time_zone to its zone
ok    calls          the index by_time finds the day, about 4 rows
ok    calls          5 rows on 2025-11-06, in 5 groups of at most 50000
exit 0
$ asof save
exit 0
$ asof list
Day             Editions  Provenance   Calls  Sales  Minutes min  Conversion
2025-11-06 Thu  1         ● witnessed      5      2         16.5     40.00 %
exit 0
$ asof drift
2025-11-06 Thu  edition 1  unchanged
exit 0
$ asof drift
2025-11-06 Thu  edition 1  source shrunk
  calls: 5 rows were frozen, 4 are there now
  Metric                              Frozen       Now     Change
  Calls                                    5         4         −1   −20.00 %  source shrunk
    hour 23                                1         —         −1  −100.00 %  vanished
    campaign ∅ no value                    1         —         −1  −100.00 %  vanished
    status “” empty                        1         —         −1  −100.00 %  vanished
    status NA                              1         —         −1  −100.00 %  vanished
    status SALE                            2         3         +1   +50.00 %
  Sales                                    2         3         +1   +50.00 %  source shrunk
    hour 09                                0         1         +1
    campaign EASTSIDE 1027                 1         2         +1  +100.00 %
    status SALE                            2         3         +1   +50.00 %
  Minutes                           16.5 min  16.5 min    0.0 min     0.00 %  source shrunk
    hour 23                                —         —                        vanished
    campaign ∅ no value                    —         —                        vanished
    status “” empty                        —         —                        vanished
  Conversion                         40.00 %   75.00 %  +35.00 pt   +87.50 %  source shrunk
    hour 09                           0.00 %   50.00 %  +50.00 pt
    campaign EASTSIDE 1027           33.33 %   66.67 %  +33.33 pt  +100.00 %
  Conversion of the week, this day   40.00 %   75.00 %  +35.00 pt   +87.50 %  source shrunk
    hour 09                           0.00 %   50.00 %  +50.00 pt
    campaign EASTSIDE 1027           33.33 %   66.67 %  +33.33 pt  +100.00 %
exit 0
$ asof verify
exit 0
"#,
    );
    assert!(!place.tree("snapshots").is_empty());
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
        ("time_is = \"local\"", "time_is = \"epoch\"", "does not exist (error 42883)"),
    ] {
        place.change("asof.toml", from, to);
        for command in ["check", "save --retry-for 0s"] {
            let run = place.asof(command);
            assert_eq!(run.code, 1, "{to}: {}{}", run.stdout, run.stderr);
            assert!(
                format!("{}{}", run.stdout, run.stderr).contains(told),
                "{to}: {}{}",
                run.stdout,
                run.stderr
            );
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
    place.told(
        r#"
$ asof save --retry-for 0s
! error: 2025-11-06 could not be read: [SERVER] refuses the account `report`: it asks for a password, and none is given
!   hint: check the user in [source] url and where its password comes from; the account needs SELECT on the database, from this host
exit 5
"#,
    );
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
    // 1025 + 9007199254740993 + 3 of the second night against 1000 + 9007199254740993 + 7 of the first.
    for (counter, expected) in [
        ("views", [9_007_199_254_742_021_i64, 9_007_199_254_742_000, 21, 3, 7]),
        ("likes", [10, 11, -1, 0, 0]),
        ("comments", [1, 1, 0, 0, 0]),
        ("shares", [1, 1, 0, 0, 0]),
    ] {
        let of = &growth["growth"][counter];
        let told = ["current", "previous", "growth", "appeared", "disappeared"].map(|part| of[part].as_i64());
        assert_eq!(told, expected.map(Some), "{counter}");
    }
    let parts =
        json!({ "matched": 2, "appeared": 1, "disappeared": 1, "decreased": 1, "unknown": 1, "not_due": 0 });
    assert_eq!(growth["parts"], parts);
    let history = place.asof("history video 10").stdout;
    assert!(history.contains("9,007,199,254,740,993"), "{history}");
    let context = place.asof("context video 9").stdout;
    for line in ["- views: 1000 → 1025 (+25, +2.50 %)", "- comments: unknown", "- user_id: \"5\""] {
        assert!(context.contains(line), "{line}: {context}");
    }
    // Captured by key, each once; a key of another shape is none of theirs, and no error of the source.
    place.done(&["capture video --key 10 --key 12"]);
    let run = place.asof("capture video --key nonsense");
    assert!(!run.stderr.contains("invalid input") && run.code != 5, "{}", run.stderr);
}

const ACCOUNTS: &str = "
create type plan as enum ('active', 'lost');
create table accounts (id uuid primary key, name citext, logins bigint, revenue numeric(15,2), health float8, status plan, tier char(3), books jsonb, tags text[], vip boolean);
insert into accounts values
  ('00000000-0000-0000-0000-000000000005', 'Acme', 100, 1000.10, 70.5, 'active', 'd', '[\"PB-1\"]', '{b,\"a c\"}', true),
  ('00000000-0000-0000-0000-000000000007', 'Umbra', null, null, null, null, null, null, null, null);
create table calls (at timestamptz);
";

#[test]
fn entities_of_every_type_are_kept_as_they_are() {
    let config = super::capturing::CONFIG
        .replace("sqlite:crm.db", "sqlite:calls.db")
        .replace("\"utc\"", "\"instant\"")
        .replace("[\"status\", \"tier\"]", "[\"status\", \"tier\", \"vip\"]")
        .replace("lists = [\"books\"]", "lists = [\"books\", \"tags\"]");
    let (place, db) = on_postgresql(&config, ACCOUNTS);
    place.at("2025-11-07T00:05:00Z");
    place.done(&["check", "save", "verify"]);
    db.sql("update accounts set revenue = 1200.10, books = '[\"PB-1\", \"PB-2\"]', tags = '{}', vip = false where logins = 100");
    place.at("2025-11-07T09:00:00Z");
    place.done(&["capture account --key 00000000-0000-0000-0000-000000000005"]);
    let context = place.asof("context account 00000000-0000-0000-0000-000000000005").stdout;
    for line in [
        "- logins: 100",
        "- revenue: 1000.1 → 1200.1 (+200, +20.00 %)",
        "- health: 70.5",
        "- status: \"active\"",
        "- tier: \"d\"",
    ] {
        assert!(context.contains(line), "{line}: {context}");
    }
    let history = place.asof("history account Acme --json").stdout;
    for piece in ["PB-2", "a c"] {
        assert!(history.contains(piece), "{piece}: {history}");
    }
    place.forget();
}

#[test]
fn a_worklist_on_postgresql_is_the_one_on_sqlite() {
    let calls = "
        insert into calls (id, at, phone, status, lead_id, list) values
        (1, '1999-01-01 10:00:00', '+1 (314) 555-0100', 'SALE', 1, 'a'), (2, '2025-11-05 10:00:00', '3145550100', 'NA', 1, 'b'),
        (3, '2025-11-05 10:00:00', '3145550101', 'NA', 2, null), (4, '2026-08-01 10:00:00', '13145550102', 'XFER', 2, 'c'),
        (5, '2025-11-06 23:59:59', '3145550101', 'DROP', 3, 'it''s'), (6, '2025-11-06 11:00:00', '3145550102', 'B', 4, 'd'),
        (7, '2025-11-05 00:00:00', '5735550100', 'NA', 5, 'e'), (8, '2025-11-04 23:59:59', '3145550109', 'NA', 6, 'f'),
        (9, '2025-11-06 12:00:00', '3145550103', 'B', 7, 'g'), (10, '2025-11-06 12:00:00', null, 'B', 7, 'g');
        insert into dnc values ('573XXXXXXX');";
    let lite = Place::new();
    lite.write("asof.toml", worklist::CONFIG);
    lite.sqlite("calls.db", &format!("{}{calls}", worklist::SCHEMA));
    let tables = format!(
        "create table calls (id bigint, at timestamp, phone varchar(18), status varchar(8), lead_id int, list text);
         create table dnc (phone varchar(18)); {calls}"
    );
    let (place, _db) = on_postgresql(worklist::CONFIG, &tables);
    let (ours, theirs) = (worklist::counts(&place, ""), worklist::counts(&lite, ""));
    assert_eq!(ours, theirs);
    assert_eq!(ours["added"], 2);
    assert_eq!(place.read(worklist::FILE), lite.read(worklist::FILE));
    assert_eq!(worklist::names(&place, worklist::FILE), ["3145550101", "3145550103"]);
    // Nothing is in an empty list.
    place.change("asof.toml", "redial = [\"NA\", \"DROP\", \"B\"]", "redial = []");
    let run = place.asof(&format!("worklist redial {} --json", worklist::RANGE));
    assert_eq!(run.code, 0, "{}", run.stderr);
}

/// The tables of two presets whose SQL is plain, with rows of three days made by arithmetic.
fn made_up(preset: &str) -> String {
    let mut sql = match preset {
        "general" => "create table orders (created_at timestamp, status varchar(9), amount int, customer_id int);".to_owned(),
        _ => "create table calls (id int, called_at timestamp, phone_number varchar(20), status varchar(8), agent varchar(9), length_in_sec int, lead_id int);
              create table dnc (phone_number varchar(20)); insert into dnc values ('314555012X');"
            .to_owned(),
    };
    for n in 0..400_i64 {
        let second = n * n * 7919 % (3 * 86_400);
        let at = format!(
            "2025-11-0{} {:02}:{:02}:{:02}",
            5 + second / 86_400,
            second / 3600 % 24,
            second / 60 % 60,
            second % 60
        );
        let length = if n % 11 == 0 { "null".to_owned() } else { (n * 37 % 700).to_string() };
        let status = |all: &[&'static str]| all[usize::try_from(n * 13 % 7).unwrap() % all.len()];
        sql.push_str(&if preset == "general" {
                let status = status(&["paid", "shipped", "open", "lost"]);
                format!("insert into orders values ('{at}', '{status}', {length}, {});", n * 7 % 60)
        } else {
                let status = status(&["SALE", "NO SALE", "NA", "B", "DNC", "CALLBK", "AM"]);
                let phone = ["31455501", "1-314-555-01", "+131455501"][usize::try_from(n % 3).unwrap()];
                format!(
                    "insert into calls values ({n}, '{at}', '{phone}{:02}', '{status}', 'agent {}', {length}, {});",
                    n * 31 % 70,
                    n % 9,
                    n % 50
                )
        });
    }
    sql
}

#[test]
fn presets_of_plain_sql_give_the_same_numbers_as_on_sqlite() {
    for (preset, url) in
        [("general", "mysql://report@127.0.0.1/shop"), ("lead-backfill", "mysql://report@127.0.0.1/leads")]
    {
        let (lite, place, db) = (Place::new(), Place::new(), db());
        lite.sqlite("source.db", &format!("begin;{}commit", made_up(preset)));
        db.sql(&made_up(preset));
        let urls = ["sqlite:source.db".to_owned(), db.url()];
        for (place, source) in [&lite, &place].into_iter().zip(&urls) {
            place.done(&[&format!("init --preset {preset}")]);
            place.change("asof.toml", url, source);
            place.change("asof.toml", "password_env =", "# password_env =");
            place.done(&["check", "backfill --from 2025-11-05 --to 2025-11-06", "verify"]);
        }
        for day in ["2025-11-05", "2025-11-06"] {
            let file = format!("snapshots/{day}/metrics.json");
            assert_eq!(place.read(&file), lite.read(&file), "{preset} on {day}");
        }
        if preset == "lead-backfill" {
            assert_eq!(worklist::counts(&place, ""), worklist::counts(&lite, ""));
            assert_eq!(place.read(worklist::FILE), lite.read(worklist::FILE));
        }
    }
}
