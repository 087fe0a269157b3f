//! Whole commands on PostgreSQL: check, save, drift and list, looks at entities, and worklists.

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
