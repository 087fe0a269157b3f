//! `asof worklist` on MariaDB, and over events of every kind: tables, SQL, and four ways of telling time.

use serde_json::{Value, json};

use super::worklist::{CONFIG, FILE, RANGE, counts, names, place};
use crate::support::command::Place;
use crate::support::mariadb::{self, Db, db};

/// A place whose source is this database.
fn on(db: &Db) -> Place {
    let place = Place::new();
    place.write("asof.toml", CONFIG.replace("url = \"sqlite:calls.db\"", &format!("url = \"{}\"", db.url())));
    place.secret(mariadb::REPORT.1);
    place.secret("r3p%40rt");
    place
}

const TABLES: &str = "
create table calls (id varchar(20) primary key, at datetime, phone varchar(18), status varchar(8), lead_id int unsigned,
  list decimal(12,2), key (at)) engine = myisam default charset = latin1;
create table dnc (phone varchar(18)) engine = myisam default charset = utf8mb3;
";

#[test]
fn outcomes_are_what_the_source_holds_equal_and_numbers_stay_as_they_are() {
    let db = db();
    db.sql(TABLES);
    db.sql(
        "insert into calls values
        ('1762441200.9', '2025-11-05 10:00:00', '3145550100', 'NA', 4294967295, 12.50),
        ('1762441200.10', '2025-11-05 10:00:00', '3145550100', 'na ', 17, null),
        ('2', '2025-11-05 10:00:00', '3145550101', 'NA', 1, 1),
        ('3', '0000-00-00 00:00:00', '3145550101', 'sale', 1, 1),
        ('4', '2025-11-05 10:00:00', '3145550102', 'NA', 1, 1),
        ('5', null, '13145550102', 'DNC', 1, 1),
        ('6', '2025-11-05 10:00:00', '3145550103', 'NO SALE', 1, 1),
        ('7', '2025-11-06 10:00:00', '3145550103', 'DROP', 1, 1),
        ('8', '2025-11-06 10:00:00', '', 'NA', 1, 1),
        ('9', '2025-11-06 10:00:00', 'caf\u{e9}', 'NA', 1, 1),
        ('10', '2025-11-06 10:00:00', '5735550100', 'NA', 1, 1);
        insert into dnc values ('573XXXXXXX');",
    );
    let place = on(&db);
    let told = counts(&place, "");
    assert_eq!(told["out"], json!({ "sale": 1, "dnc": 1, "dnc_list": 1 }));
    assert_eq!((&told["unusable"], &told["blank"]), (&1.into(), &1.into()));
    assert_eq!(
        place.read(FILE),
        r#"{
  "3145550100": {"lead_id": 17, "list": null, "phone_number": "3145550100", "phone_key": "+13145550100", "status": "pending", "attempts": 0, "first_seen": "2025-11-05 10:00:00", "last_seen": "2025-11-05 10:00:00", "last_outcome": "na "},
  "3145550103": {"lead_id": 1, "list": 1.00, "phone_number": "3145550103", "phone_key": "+13145550103", "status": "pending", "attempts": 0, "first_seen": "2025-11-05 10:00:00", "last_seen": "2025-11-06 10:00:00", "last_outcome": "DROP"}
}
"#
    );
}

#[test]
fn who_is_added_and_who_is_out_is_what_sql_says() {
    let db = db();
    db.sql(TABLES);
    // 4,000 calls of 300 phones in two spellings, from long before the range to after it.
    db.sql(
        "set rand_seed1 = 7, rand_seed2 = 9;
        insert into calls select seq, '2025-09-01' + interval floor(rand() * 7500000 / 60) * 60 second,
          concat(if(rand() < 0.3, '1', ''), 3145550000 + floor(rand() * 300)),
          if(rand() < 0.02, 'SALE', if(rand() < 0.02, 'DNC', elt(1 + floor(rand() * 6), 'NA', 'CALLBK', 'NA', 'DROP', 'NO SALE', 'B'))), seq, 0
        from seq_1_to_4000;
        insert into dnc select concat('314555', lpad(seq * 37, 4, '0')) from seq_1_to_5;",
    );
    let place = on(&db);
    let told = counts(&place, "");
    let keys = "
      with numbered as (
        select right(phone, 10) as p, at, status, row_number() over (partition by right(phone, 10) order by at desc, cast(id as unsigned) desc) as n
        from calls),
      phones as (
        select p, max(at >= '2025-11-05' and at < '2025-11-07') as here, max(status = 'SALE') as sale, max(status = 'DNC') as dnc,
          p in (select phone from dnc) as listed, max(if(n = 1, status, '')) as latest
        from numbered group by p) ";
    let one = |sql: &str| {
        db.sql(&format!("{keys} select count(*) from phones where here and {sql}"))
            .trim()
            .parse::<u64>()
            .unwrap()
    };
    let clean = "not sale and not dnc and not listed";
    assert_eq!(told["out"]["sale"], one("sale"));
    assert_eq!(told["out"]["dnc"], one("not sale and dnc"));
    assert_eq!(told["out"]["dnc_list"], one("not sale and not dnc and listed"));
    let others = db.sql(&format!(
        "{keys} select latest, count(*) from phones where here and {clean} and latest not in ('NA', 'DROP', 'B') group by latest"
    ));
    let latest: Value = others
        .lines()
        .filter_map(|line| line.split_once('\t'))
        .map(|(latest, n)| (latest.to_owned(), n.parse().unwrap()))
        .collect::<serde_json::Map<_, _>>()
        .into();
    assert_eq!(told["latest"], latest);
    assert!(!latest.as_object().unwrap().is_empty());
    assert_eq!(told["added"], one(&format!("{clean} and latest in ('NA', 'DROP', 'B')")));
    assert!(one("sale") > 5 && one("not sale and dnc") > 5 && one(clean) > 20, "{told}");
    let expected = db.sql(&format!(
        "{keys} select p from phones where here and {clean} and latest in ('NA', 'DROP', 'B') order by p"
    ));
    let entries: Value = serde_json::from_str(&place.read(FILE)).unwrap();
    let mut added: Vec<&str> = entries
        .as_object()
        .unwrap()
        .values()
        .map(|entry| &entry["phone_key"].as_str().unwrap()[2..])
        .collect();
    added.sort_unstable();
    assert_eq!(added, expected.lines().collect::<Vec<_>>());
}

/// Three phones: one that is added, one that was sold long ago, one that was called after the range.
fn in_time(place: &Place) -> (Vec<String>, u64) {
    let told = counts(place, "");
    (names(place, FILE), told["out"]["sale"].as_u64().unwrap())
}

#[test]
fn events_from_sql_are_looked_at_through_all_history() {
    for (kind, time_is, time) in [
        ("datetime", "local", "'%'"),
        ("datetime", "utc", "'%' + interval 6 hour"),
        ("int unsigned", "epoch", "timestampdiff(second, '1970-01-01', '%' + interval 6 hour)"),
        ("timestamp", "instant", "'%'"),
        ("datetime(3)", "local", "'%'"),
    ] {
        for condition in ["{window}", "at >= {start} and at < {end}"] {
            let db = db();
            let at = |text: &str| time.replace('%', text);
            db.sql(&format!(
                "set time_zone = '-06:00';
                create table live (id int, at {kind} null, phone varchar(18), status varchar(6), lead_id int, list int);
                create table archive like live;
                create table dnc (phone varchar(18));
                insert into live values (1, {}, '3145550100', 'NA', 1, 1), (2, {}, '3145550101', 'NA', 1, 1),
                  (3, {}, '3145550102', 'CALLBK', 1, 1), (4, {}, '3145550102', 'NA', 1, 1);
                insert into archive values (5, {}, '3145550101', 'SALE', 1, 1), (6, {}, '3145550104', 'NA', 1, 1)",
                at("2025-11-05 00:00:00"),
                at("2025-11-06 23:59:59"),
                at("2025-11-06 10:00:00"),
                at("2037-01-01 10:00:00"),
                at("1971-02-03 10:00:00"),
                at("2025-11-04 23:59:59"),
            ));
            let place = on(&db);
            let sql = format!(
                "time_is = \"{time_is}\"\nsql = \"select * from live where {condition} union all select * from archive where {condition}\"",
            );
            place.change("asof.toml", "table = \"calls\"\n", "");
            place.change("asof.toml", "time_is = \"local\"", &sql);
            let expected = (vec!["3145550100".to_owned(), "3145550102".to_owned()], 1);
            assert_eq!(in_time(&place), expected, "{kind} {time_is} {condition}");
        }
    }
}

#[test]
fn sqlite_tells_time_in_its_own_ways() {
    for (time_is, write) in [
        ("local", (|local: &str, _: i64| format!("'{local}'")) as fn(&str, i64) -> String),
        ("local", |local, _| format!("'{}'", local.replace(' ', "T"))),
        ("utc", |_, epoch| format!("datetime({epoch}, 'unixepoch')")),
        ("epoch", |_, epoch| epoch.to_string()),
        ("epoch", |_, epoch| format!("{epoch}.5")),
        ("instant", |local, _| format!("'{local}-06:00'")),
        ("instant", |_, epoch| format!("strftime('%Y-%m-%dT%H:%M:%SZ', {epoch}, 'unixepoch')")),
    ] {
        for events in [
            "table = \"calls\"",
            "sql = \"select * from calls where {window}\"",
            "sql = \"select * from calls where at >= {start} and at < {end}\"",
        ] {
            let calls = place(&[]);
            if time_is == "epoch" {
                let columns = "(id integer, at numeric, phone text, status text, lead_id integer, list text)";
                calls.sqlite("calls.db", &format!("drop table calls; create table calls {columns}"));
            }
            let seconds = |sql: &str| -> i64 {
                let db = rusqlite::Connection::open_in_memory().unwrap();
                db.query_row(&format!("select unixepoch('{sql}', '+6 hours')"), [], |row| row.get(0)).unwrap()
            };
            for (id, at, phone, status) in [
                (1, "2025-11-05 00:00:00", "3145550100", "NA"),
                (2, "2025-11-06 23:59:59", "3145550101", "NA"),
                (3, "2025-11-06 10:00:00", "3145550102", "CALLBK"),
                (4, "2037-01-01 10:00:00", "3145550102", "NA"),
                (5, "1971-02-03 10:00:00", "3145550101", "SALE"),
                (6, "2025-11-04 23:59:58", "3145550104", "NA"),
            ] {
                let at = write(at, seconds(at));
                calls.sqlite(
                    "calls.db",
                    &format!("insert into calls values ({id}, {at}, '{phone}', '{status}', 1, null)"),
                );
            }
            calls.change("asof.toml", "table = \"calls\"", events);
            calls.change("asof.toml", "time_is = \"local\"", &format!("time_is = \"{time_is}\""));
            // Bounds in text compare with text of one kind only, which is what such SQL has to see to.
            let text = events.contains("{start}") && (time_is == "instant" || write("a b", 0).contains('T'));
            if !text {
                let expected = (vec!["3145550100".to_owned(), "3145550102".to_owned()], 1);
                assert_eq!(
                    in_time(&calls),
                    expected,
                    "{time_is} {events} {}",
                    write("2025-11-05 00:00:00", 0)
                );
            }
        }
    }
}

#[test]
fn times_are_written_as_the_source_tells_them() {
    let db = db();
    db.sql(
        "create table calls (id int, at int unsigned, phone varchar(18), status varchar(6), lead_id int, list int);
        create table dnc (phone varchar(18));
        insert into calls values (1, 1762351200, '3145550100', 'NA', 1, 1), (2, 1762437600, '3145550100', 'NA', 1, 1)",
    );
    let place = on(&db);
    place.change("asof.toml", "\"local\"", "\"epoch\"");
    counts(&place, "");
    let text = place.read(FILE);
    assert!(text.contains("\"first_seen\": 1762351200, \"last_seen\": 1762437600,"), "{text}");
}

#[test]
fn trouble_with_the_source_is_told_and_nothing_is_written() {
    let db = db();
    db.sql(TABLES);
    db.sql("insert into calls values ('1', '2025-11-05 10:00:00', '3145550100', 'NA', 1, 1)");
    let place = on(&db);
    let worklist = || place.asof(&format!("worklist redial {RANGE}"));
    place.change("asof.toml", "key = \"phone\"", "key = \"phon\"");
    worklist();
    place.change("asof.toml", "key = \"phon\"", "key = \"phone\"");
    place.change("asof.toml", "select phone from dnc", "delete from dnc");
    worklist();
    place.change("asof.toml", "delete from dnc", "select phone from dnc");
    place.change("asof.toml", "\"local\"", "\"instant\"");
    worklist();
    place.change("asof.toml", "\"instant\"", "\"local\"");
    place.change("asof.toml", "127.0.0.1", "127.0.0.2");
    place.hide(db.name.clone(), "DB");
    place.hide(format!("127.0.0.2:{}", db.server().port()), "SERVER");
    place.asof(&format!("worklist redial {RANGE} --retry-for 0s"));
    assert!(!place.path("worklists").exists());
    place.told(
        r#"
$ asof worklist redial --from 2025-11-05 --to 2025-11-06
! error: the worklist "redial" could not be read: worklist.redial is refused by the source: Unknown column 'phon' in 'SELECT' (error 1054)
!   hint: correct the table, the column or the SQL in asof.toml; `asof check --sql` shows the whole query
exit 1
$ asof worklist redial --from 2025-11-05 --to 2025-11-06
! error: the worklist "redial" could not be read: worklist.redial.never.dnc_list is refused by the source: DELETE command denied to user 'report'@'127.0.0.1' for table `[DB]`.`dnc` (error 1142)
!   hint: grant the account SELECT on it
exit 1
$ asof worklist redial --from 2025-11-05 --to 2025-11-06
! error: the worklist "redial" could not be read: events.calls: the time column has the type datetime, which has no zone: it is "local", or "utc" if UTC is written into it
!   hint: set time_is to what the column is
exit 1
$ asof worklist redial --from 2025-11-05 --to 2025-11-06 --retry-for 0s
! error: the worklist "redial" could not be read: can't reach [SERVER]: Connection refused (os error 111)
!   hint: check [source] url, that the server runs, and that no firewall is between
exit 5
"#,
    );
}

#[test]
fn a_time_that_sqlite_cannot_read_is_told() {
    let place = place(&[(1, "2025-11-05 25:00:00", "3145550100", "NA", 1)]);
    place.asof(&format!("worklist redial {RANGE}"));
    place.told(
        r#"
$ asof worklist redial --from 2025-11-05 --to 2025-11-06
! error: the worklist "redial" could not be read: events.calls: the source can't read the time "2025-11-05 25:00:00"
!   hint: SQLite reads 2025-11-06 09:00:00 with Z or an offset such as -06:00 behind it; let the events' SQL write it so
exit 1
"#,
    );
}

#[test]
fn check_looks_at_the_queries_of_worklists() {
    let db = db();
    db.sql(TABLES);
    db.sql("insert into calls values ('1', '2025-11-06 10:00:00', '3145550100', 'NA', 1, 1)");
    let place = on(&db);
    let sound = place.asof("check --sql");
    assert_eq!(sound.code, 0);
    assert!(
        sound.stdout.contains("-- ok    worklist       redial can be read, by 3 queries\n"),
        "{}",
        sound.stdout
    );
    for name in ["worklist.redial", "worklist.redial.out", "worklist.redial.never.dnc_list"] {
        assert!(sound.stdout.contains(&format!("\n-- {name}\n")), "{}", sound.stdout);
    }
    // All of it is a script: one call by metric and one by worklist, and nobody who is out.
    assert_eq!(db.sql(&sound.stdout).lines().count(), 2);
    place.change("asof.toml", "outcome = \"status\"", "outcome = \"state\"");
    let broken = place.asof("check");
    assert_eq!(broken.code, 1);
    let told = "fail  worklist       worklist.redial is refused by the source: Unknown column 'state'";
    assert!(broken.stdout.contains(told), "{}", broken.stdout);
    assert!(
        broken.stdout.contains("fail  worklist       worklist.redial.out is refused"),
        "{}",
        broken.stdout
    );
    place.change("asof.toml", "carry = [\"lead_id\", \"list\"]", "carry = { status = \"status\" }");
    place.forget();
    place.asof("check --offline");
    place.told(
        r#"
$ asof check --offline
! asof.toml:28:20: an entry has a field "status" of its own
!   hint: give it another name: carry = { source_status = "status" }
exit 2
"#,
    );
}
