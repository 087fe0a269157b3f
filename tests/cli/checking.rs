//! `check`: what it looks at, and what it says when something will not work.

use serde_json::Value;

use super::{CONFIG, calls};
use crate::support::command::Place;
use crate::support::mariadb::{self, Db, db};

/// A table of VICIDIAL's kind with five calls on 2025-11-06, two of them sales.
const TABLE: &str = "
create table calls (id int primary key auto_increment, at datetime, campaign varchar(8), status varchar(6), seconds int, index by_time (at)) engine = innodb;
create table campaigns (id varchar(8), name varchar(40));
insert into campaigns values ('1027', 'EASTSIDE'), ('2044', 'Harbour');
insert into calls (at, campaign, status, seconds) values
  ('2025-11-06 00:00:00', '1027', 'SALE', 600), ('2025-11-06 09:15:00', '1027', 'NA', 0),
  ('2025-11-06 09:45:00', '1027', 'DROP', 30), ('2025-11-06 17:30:00', '2044', 'SALE', 360),
  ('2025-11-06 23:59:59', null, '', null);
";

/// The call centre in a database of its own, and a place whose account may only read.
fn on_mariadb(table: &str) -> (Place, Db) {
    let db = db();
    db.sql(table);
    let place = Place::new();
    place.write("asof.toml", CONFIG.replace("url = \"sqlite:calls.db\"", &format!("url = \"{}\"", db.url())));
    place.hide(format!("127.0.0.1:{}", db.server().port()), "SERVER");
    place.hide(db.name.clone(), "DB");
    place.hide(db.server().sql("", "select version()").trim().to_owned(), "VERSION");
    place.secret(mariadb::REPORT.1);
    place.secret("r3p%40rt");
    (place, db)
}

/// Hides the text of the queries, which is for other tests to look at.
fn hide_sql(place: &Place) {
    let told: Value = serde_json::from_str(&place.asof("check --json").stdout).unwrap();
    for query in told["queries"].as_array().unwrap() {
        let sql = query["sql"].as_str().unwrap();
        let in_json = query["sql"].to_string();
        place.hide(in_json.trim_matches('"'), "SQL");
        place.hide(sql, "SQL");
    }
}

#[test]
fn a_sound_sqlite_source_is_said_to_work() {
    let place = calls();
    place.hide(rusqlite::version(), "VERSION");
    place.asof("check");
    place.asof("check -v");
    place.asof("check --sql");
    hide_sql(&place);
    place.told(r#"
$ asof check
ok    configuration  asof.toml is sound: 1 kind of events, 5 metrics
ok    source         sqlite:calls.db is SQLite [VERSION]
ok    calls          the index by_time finds the day
ok    calls          5 rows on 2025-11-06, in 5 groups of at most 50000
exit 0
$ asof check -v
ok    configuration  asof.toml is sound: 1 kind of events, 5 metrics
ok    source         sqlite:calls.db is SQLite [VERSION]
ok    calls          the index by_time finds the day
ok    calls          5 rows on 2025-11-06, in 5 groups of at most 50000
      events.calls   calls: search by by_time (SEARCH calls USING INDEX by_time (at>? AND at<?))
      events.calls   asof_groups0: scan by no index (SCAN asof_groups0)
      labels of calls.campaign campaigns: scan by no index (SCAN campaigns)
exit 0
$ asof check --sql
-- ok    configuration  asof.toml is sound: 1 kind of events, 5 metrics
-- ok    source         sqlite:calls.db is SQLite [VERSION]
-- ok    calls          the index by_time finds the day
-- ok    calls          5 rows on 2025-11-06, in 5 groups of at most 50000

-- events.calls
[SQL];
-- calls: search by by_time (SEARCH calls USING INDEX by_time (at>? AND at<?))
-- asof_groups0: scan by no index (SCAN asof_groups0)

-- labels of calls.campaign
[SQL];
-- campaigns: scan by no index (SCAN campaigns)
exit 0
$ asof check --json
{"config":"asof.toml","day":"2025-11-06","findings":[{"about":"configuration","hint":null,"level":"ok","text":"asof.toml is sound: 1 kind of events, 5 metrics"},{"about":"source","hint":null,"level":"ok","text":"sqlite:calls.db is SQLite [VERSION]"},{"about":"calls","hint":null,"level":"ok","text":"the index by_time finds the day"},{"about":"calls","hint":null,"level":"ok","text":"5 rows on 2025-11-06, in 5 groups of at most 50000"}],"ok":true,"queries":[{"access":[{"access":"search","columns":["at","at"],"full_scan":false,"key":"by_time","note":"SEARCH calls USING INDEX by_time (at>? AND at<?)","rows":null,"table":"calls"},{"access":"scan","columns":[],"full_scan":true,"key":null,"note":"SCAN asof_groups0","rows":null,"table":"asof_groups0"}],"name":"events.calls","sql":"[SQL]"},{"access":[{"access":"scan","columns":[],"full_scan":true,"key":null,"note":"SCAN campaigns","rows":null,"table":"campaigns"}],"name":"labels of calls.campaign","sql":"[SQL]"}]}
exit 0
"#);
    assert!(place.tree("snapshots").is_empty());
}

#[test]
fn a_sound_server_is_said_to_work() {
    let (place, _db) = on_mariadb(TABLE);
    place.asof("check");
    place.told(
        r#"
$ asof check
ok    configuration  asof.toml is sound: 1 kind of events, 5 metrics
ok    source         mysql://report@[SERVER]/[DB] is MariaDB [VERSION], not encrypted
ok    account        can only read
ok    clock          not compared, since ASOF_NOW sets ours
ok    time zone      the server is at -06:00, as America/Chicago is now
ok    calls          at has the index by_time, which the source does not use for so few rows
ok    calls          5 rows on 2025-11-06, in 5 groups of at most 50000
exit 0
"#,
    );
}

#[test]
fn the_queries_are_shown_so_that_they_can_be_run_by_hand() {
    let (place, db) = on_mariadb(TABLE);
    let run = place.asof("check --sql");
    hide_sql(&place);
    place.told(r#"
$ asof check --sql
-- ok    configuration  asof.toml is sound: 1 kind of events, 5 metrics
-- ok    source         mysql://report@[SERVER]/[DB] is MariaDB [VERSION], not encrypted
-- ok    account        can only read
-- ok    clock          not compared, since ASOF_NOW sets ours
-- ok    time zone      the server is at -06:00, as America/Chicago is now
-- ok    calls          at has the index by_time, which the source does not use for so few rows
-- ok    calls          5 rows on 2025-11-06, in 5 groups of at most 50000
set names utf8mb4; set session sql_mode = '', time_zone = '+00:00';

-- events.calls
[SQL];
-- calls: ALL by no index, about 5 rows (where calls.`at` >= '2025-11-06 00:00:00' and calls.`at` < '2025-11-07 00:00:00')

-- labels of calls.campaign
[SQL];
-- campaigns: ALL by no index, about 2 rows
exit 0
$ asof check --json
{"config":"asof.toml","day":"2025-11-06","findings":[{"about":"configuration","hint":null,"level":"ok","text":"asof.toml is sound: 1 kind of events, 5 metrics"},{"about":"source","hint":null,"level":"ok","text":"mysql://report@[SERVER]/[DB] is MariaDB [VERSION], not encrypted"},{"about":"account","hint":null,"level":"ok","text":"can only read"},{"about":"clock","hint":null,"level":"ok","text":"not compared, since ASOF_NOW sets ours"},{"about":"time zone","hint":null,"level":"ok","text":"the server is at -06:00, as America/Chicago is now"},{"about":"calls","hint":null,"level":"ok","text":"at has the index by_time, which the source does not use for so few rows"},{"about":"calls","hint":null,"level":"ok","text":"5 rows on 2025-11-06, in 5 groups of at most 50000"}],"ok":true,"queries":[{"access":[{"access":"ALL","columns":[],"full_scan":true,"key":null,"note":"where calls.`at` >= '2025-11-06 00:00:00' and calls.`at` < '2025-11-07 00:00:00'","rows":5,"table":"calls"}],"name":"events.calls","sql":"[SQL]"},{"access":[{"access":"ALL","columns":[],"full_scan":true,"key":null,"note":null,"rows":2,"table":"campaigns"}],"name":"labels of calls.campaign","sql":"[SQL]"}]}
exit 0
"#);
    // All of it is a script: each call of that day is a group of its own, and there are two campaigns.
    assert_eq!(db.sql(&run.stdout).lines().count(), 5 + 2);
}

#[test]
fn an_account_that_can_write_is_warned_of() {
    let (place, db) = on_mariadb(TABLE);
    place.write(
        "asof.toml",
        CONFIG.replace(
            "sqlite:calls.db",
            &format!("mysql://{}@127.0.0.1:{}/{}", mariadb::WRITER, db.server().port(), db.name),
        ),
    );
    assert_eq!(place.asof("check").code, 0);
    place.told(
        r#"
$ asof check
ok    configuration  asof.toml is sound: 1 kind of events, 5 metrics
ok    source         mysql://writer@[SERVER]/[DB] is MariaDB [VERSION], not encrypted
warn  account        can write: CREATE on *.*, DELETE on *.*, DROP on *.* and more; asof never does
                     hint: give asof an account of its own with SELECT only
ok    clock          not compared, since ASOF_NOW sets ours
ok    time zone      the server is at -06:00, as America/Chicago is now
ok    calls          at has the index by_time, which the source does not use for so few rows
ok    calls          5 rows on 2025-11-06, in 5 groups of at most 50000
exit 0
"#,
    );
    place.write("asof.toml", CONFIG.replace("sqlite:calls.db", &db.admin_url()));
    place.secret(mariadb::ADMIN.1);
    let said = place.asof("check --json").stdout;
    assert!(said.contains(r#""level":"warning""#) && said.contains("can write"), "{said}");
}

#[test]
fn what_slows_a_save_or_bursts_its_cube_is_warned_of() {
    let (place, db) = on_mariadb(&TABLE.replace(", index by_time (at)", ""));
    // Enough rows for it to matter that all of them are read.
    db.sql("insert into calls (at) select '2025-01-01' + interval seq minute from seq_1_to_6000; analyze table calls");
    place.change("asof.toml", "time_is = \"local\"\n", "time_is = \"local\"\nmax_groups = 10\n");
    place.asof("check");
    place.change("asof.toml", "max_groups = 10", "max_groups = 4");
    place.asof("check");
    let told = place.take();
    // The engine's estimate of a table's rows is its own.
    assert!(told.contains("warn  calls          every row of calls is read, about "), "{told}");
    assert!(told.contains("hint: create an index that begins with at\n"), "{told}");
    assert!(
        told.contains("warn  calls          5 rows on 2025-11-06, in 5 groups of at most 10\n"),
        "{told}"
    );
    assert!(
        told.contains("warn  calls          5 rows on 2025-11-06, in more than 4 groups of at most 4\n"),
        "{told}"
    );
    assert_eq!(told.matches("exit 0").count(), 2, "{told}");
}

#[test]
fn a_column_that_tells_time_otherwise_is_an_error() {
    let (place, db) = on_mariadb(&TABLE.replace("at datetime", "at timestamp"));
    assert_eq!(place.asof("check").code, 1);
    place.change("asof.toml", "\"local\"", "\"epoch\"");
    place.asof("check");
    place.change("asof.toml", "\"epoch\"", "\"instant\"");
    assert_eq!(place.asof("check").code, 0);
    place.told(
        r#"
$ asof check
ok    configuration  asof.toml is sound: 1 kind of events, 5 metrics
ok    source         mysql://report@[SERVER]/[DB] is MariaDB [VERSION], not encrypted
ok    account        can only read
ok    clock          not compared, since ASOF_NOW sets ours
ok    time zone      the server is at -06:00, as America/Chicago is now
fail  calls          the column at has the type timestamp, which keeps instants, not local times: it is "instant"
                     hint: set time_is to what the column is
ok    calls          at has the index by_time, which the source does not use for so few rows
exit 1
$ asof check
ok    configuration  asof.toml is sound: 1 kind of events, 5 metrics
ok    source         mysql://report@[SERVER]/[DB] is MariaDB [VERSION], not encrypted
ok    account        can only read
ok    clock          not compared, since ASOF_NOW sets ours
ok    time zone      the server is at -06:00, as America/Chicago is now
fail  calls          the column at has the type timestamp, which is no number of seconds
                     hint: set time_is to what the column is
ok    calls          at has the index by_time, which the source does not use for so few rows
exit 1
$ asof check
ok    configuration  asof.toml is sound: 1 kind of events, 5 metrics
ok    source         mysql://report@[SERVER]/[DB] is MariaDB [VERSION], not encrypted
ok    account        can only read
ok    clock          not compared, since ASOF_NOW sets ours
ok    time zone      the server is at -06:00, as America/Chicago is now
ok    calls          at has the index by_time, which the source does not use for so few rows
ok    calls          5 rows on 2025-11-06, in 5 groups of at most 50000
exit 0
"#,
    );
    db.sql("alter table calls modify at datetime");
    place.asof("check");
    db.sql("alter table calls drop key by_time, drop at, add at int");
    place.asof("check");
    place.change("asof.toml", "\"instant\"", "\"local\"");
    hide_sql(&place);
    place.told(r#"
$ asof check
ok    configuration  asof.toml is sound: 1 kind of events, 5 metrics
ok    source         mysql://report@[SERVER]/[DB] is MariaDB [VERSION], not encrypted
ok    account        can only read
ok    clock          not compared, since ASOF_NOW sets ours
ok    time zone      the server is at -06:00, as America/Chicago is now
fail  calls          the column at has the type datetime, which has no zone: it is "local", or "utc" if UTC is written into it
                     hint: set time_is to what the column is
ok    calls          at has the index by_time, which the source does not use for so few rows
exit 1
$ asof check
ok    configuration  asof.toml is sound: 1 kind of events, 5 metrics
ok    source         mysql://report@[SERVER]/[DB] is MariaDB [VERSION], not encrypted
ok    account        can only read
ok    clock          not compared, since ASOF_NOW sets ours
ok    time zone      the server is at -06:00, as America/Chicago is now
fail  calls          the column at has the type integer, which is a number: it is "epoch"
                     hint: set time_is to what the column is
exit 1
$ asof check --json
{"config":"asof.toml","day":"2025-11-06","findings":[{"about":"configuration","hint":null,"level":"ok","text":"asof.toml is sound: 1 kind of events, 5 metrics"},{"about":"source","hint":null,"level":"ok","text":"mysql://report@[SERVER]/[DB] is MariaDB [VERSION], not encrypted"},{"about":"account","hint":null,"level":"ok","text":"can only read"},{"about":"clock","hint":null,"level":"ok","text":"not compared, since ASOF_NOW sets ours"},{"about":"time zone","hint":null,"level":"ok","text":"the server is at -06:00, as America/Chicago is now"},{"about":"calls","hint":"set time_is to what the column is","level":"error","text":"the column at has the type integer, which is a number: it is \"epoch\""}],"ok":false,"queries":[{"access":[{"access":"ALL","columns":[],"full_scan":true,"key":null,"note":"where calls.`at` >= '2025-11-06 00:00:00' and calls.`at` < '2025-11-07 00:00:00'","rows":5,"table":"calls"}],"name":"events.calls","sql":"[SQL]"},{"access":[{"access":"ALL","columns":[],"full_scan":true,"key":null,"note":null,"rows":2,"table":"campaigns"}],"name":"labels of calls.campaign","sql":"[SQL]"}]}
exit 1
"#);
}

#[test]
fn a_day_that_begins_at_an_hour_which_occurs_twice_is_an_error_for_local_times() {
    let place = calls();
    place.change("asof.toml", "\n\n[lists]", "\nday_starts_at = \"01:30\"\n\n[lists]");
    place.hide(rusqlite::version(), "VERSION");
    place.asof("check");
    place.asof("save 2025-11-02");
    place.asof("save 2025-11-01");
    place.told(r#"
$ asof check
ok    configuration  asof.toml is sound: 1 kind of events, 5 metrics
fail  calendar       the day 2026-10-31 begins or ends at 2026-11-01 01:30:00 in America/Chicago, which occurs twice when clocks go back: a column of local times can't tell the two apart
                     hint: let day_starts_at be a time that clocks never repeat, or read a column that tells UTC
ok    source         sqlite:calls.db is SQLite [VERSION]
ok    calls          the index by_time finds the day
ok    calls          5 rows on 2025-11-06, in 5 groups of at most 50000
exit 1
$ asof save 2025-11-02
! error: the day 2025-11-02 begins or ends at 2025-11-02 01:30:00 in America/Chicago, which occurs twice when clocks go back: a column of local times can't tell the two apart
!   hint: let day_starts_at be a time that clocks never repeat, or read a column that tells UTC
exit 2
$ asof save 2025-11-01
! error: the day 2025-11-01 begins or ends at 2025-11-02 01:30:00 in America/Chicago, which occurs twice when clocks go back: a column of local times can't tell the two apart
!   hint: let day_starts_at be a time that clocks never repeat, or read a column that tells UTC
exit 2
"#);
    assert!(place.tree("snapshots").is_empty());
}

#[test]
fn a_server_in_another_zone_is_warned_of() {
    // The tests' server is at -06:00, as Chicago is in winter and Kolkata never.
    let (place, _db) = on_mariadb(TABLE);
    place.change("asof.toml", "America/Chicago", "Asia/Kolkata");
    place.asof("check");
    let told = place.take();
    assert!(
        told.contains("warn  time zone      the server is at -06:00, but Asia/Kolkata is at +05:30 now\n"),
        "{told}"
    );
    assert!(
        told.contains("hint: if the server writes its own local time, set [source] time_zone to its zone\n"),
        "{told}"
    );
}

#[test]
fn the_servers_clock_is_compared_unless_ours_is_set() {
    let (place, _db) = on_mariadb(TABLE);
    place.asof("check");
    assert!(place.take().contains("ok    clock          not compared, since ASOF_NOW sets ours\n"));
    let output = place.command(&["check"]).env_remove("ASOF_NOW").output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("ok    clock          the server's agrees with ours\n"), "{said}");
}

#[test]
fn a_table_or_a_column_that_is_not_there_is_an_error() {
    let (place, db) = on_mariadb(TABLE);
    db.sql("drop table campaigns");
    place.asof("check");
    place.change("asof.toml", "status = \"status\"", "status = \"state\"");
    place.asof("check");
    place.change("asof.toml", "table = \"calls\"", "table = \"cells\"");
    place.asof("check");
    hide_sql(&place);
    place.asof("save");
    place.told(r#"
$ asof check
ok    configuration  asof.toml is sound: 1 kind of events, 5 metrics
ok    source         mysql://report@[SERVER]/[DB] is MariaDB [VERSION], not encrypted
ok    account        can only read
ok    clock          not compared, since ASOF_NOW sets ours
ok    time zone      the server is at -06:00, as America/Chicago is now
ok    calls          at has the index by_time, which the source does not use for so few rows
fail  labels         labels of calls.campaign is refused by the source: Table '[DB].campaigns' doesn't exist (error 1146)
                     hint: correct the table, the column or the SQL in asof.toml; `asof check --sql` shows the whole query
exit 1
$ asof check
ok    configuration  asof.toml is sound: 1 kind of events, 5 metrics
ok    source         mysql://report@[SERVER]/[DB] is MariaDB [VERSION], not encrypted
ok    account        can only read
ok    clock          not compared, since ASOF_NOW sets ours
ok    time zone      the server is at -06:00, as America/Chicago is now
fail  calls          events.calls is refused by the source: Unknown column 'state' in 'SELECT' (error 1054)
                     hint: correct the table, the column or the SQL in asof.toml; `asof check --sql` shows the whole query
fail  labels         labels of calls.campaign is refused by the source: Table '[DB].campaigns' doesn't exist (error 1146)
                     hint: correct the table, the column or the SQL in asof.toml; `asof check --sql` shows the whole query
exit 1
$ asof check
ok    configuration  asof.toml is sound: 1 kind of events, 5 metrics
ok    source         mysql://report@[SERVER]/[DB] is MariaDB [VERSION], not encrypted
ok    account        can only read
ok    clock          not compared, since ASOF_NOW sets ours
ok    time zone      the server is at -06:00, as America/Chicago is now
fail  calls          events.calls is refused by the source: Table '[DB].cells' doesn't exist (error 1146)
                     hint: correct the table, the column or the SQL in asof.toml; `asof check --sql` shows the whole query
fail  labels         labels of calls.campaign is refused by the source: Table '[DB].campaigns' doesn't exist (error 1146)
                     hint: correct the table, the column or the SQL in asof.toml; `asof check --sql` shows the whole query
exit 1
$ asof check --json
{"config":"asof.toml","day":"2025-11-06","findings":[{"about":"configuration","hint":null,"level":"ok","text":"asof.toml is sound: 1 kind of events, 5 metrics"},{"about":"source","hint":null,"level":"ok","text":"mysql://report@[SERVER]/[DB] is MariaDB [VERSION], not encrypted"},{"about":"account","hint":null,"level":"ok","text":"can only read"},{"about":"clock","hint":null,"level":"ok","text":"not compared, since ASOF_NOW sets ours"},{"about":"time zone","hint":null,"level":"ok","text":"the server is at -06:00, as America/Chicago is now"},{"about":"calls","hint":"correct the table, the column or the SQL in asof.toml; `asof check --sql` shows the whole query","level":"error","text":"events.calls is refused by the source: Table '[DB].cells' doesn't exist (error 1146)"},{"about":"labels","hint":"correct the table, the column or the SQL in asof.toml; `asof check --sql` shows the whole query","level":"error","text":"labels of calls.campaign is refused by the source: Table '[DB].campaigns' doesn't exist (error 1146)"}],"ok":false,"queries":[{"access":[],"name":"events.calls","sql":"[SQL]"},{"access":[],"name":"labels of calls.campaign","sql":"[SQL]"}]}
exit 1
$ asof save
! error: 2025-11-06 could not be read: events.calls is refused by the source: Table '[DB].cells' doesn't exist (error 1146)
!   hint: correct the table, the column or the SQL in asof.toml; `asof check --sql` shows the whole query
exit 1
"#);
    let place = calls();
    place.hide(rusqlite::version(), "VERSION");
    place.change("asof.toml", "time = \"at\"", "time = \"called_at\"");
    place.asof("check");
    place.change("asof.toml", "table = \"calls\"", "table = \"cells\"");
    place.asof("check");
    place.asof("save");
    place.change("asof.toml", "sum = \"seconds\"", "sum = \"seconds +\"");
    place.change("asof.toml", "table = \"cells\"", "table = \"calls\"");
    place.asof("save");
    place.told(
        r#"
$ asof check
ok    configuration  asof.toml is sound: 1 kind of events, 5 metrics
ok    source         sqlite:calls.db is SQLite [VERSION]
fail  calls          events.calls is refused by the source: no such column: "called_at" - should this be a string literal in single-quotes? (error 1)
                     hint: correct the table, the column or the SQL in asof.toml; `asof check --sql` shows the whole query
exit 1
$ asof check
ok    configuration  asof.toml is sound: 1 kind of events, 5 metrics
ok    source         sqlite:calls.db is SQLite [VERSION]
fail  calls          events.calls is refused by the source: no such table: cells (error 1)
                     hint: correct the table, the column or the SQL in asof.toml; `asof check --sql` shows the whole query
exit 1
$ asof save
! error: 2025-11-06 could not be read: events.calls is refused by the source: no such table: cells (error 1)
!   hint: correct the table, the column or the SQL in asof.toml; `asof check --sql` shows the whole query
exit 1
$ asof save
! error: 2025-11-06 could not be read: events.calls is refused by the source: near ")": syntax error (error 1)
!   hint: correct the table, the column or the SQL in asof.toml; `asof check --sql` shows the whole query
exit 1
"#,
    );
    assert!(place.tree("snapshots").is_empty());
}
