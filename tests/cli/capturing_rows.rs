//! Captured rows: what can't be kept, how they are numbered, and captures that run at once.

use std::collections::{BTreeMap, BTreeSet};
use std::process::{Child, Stdio};

use asof::archive::Archive;
use asof::ops::entities::rows::Rows;

use super::capturing::{ACCOUNTS, CONFIG, accounts, ledger, numbers};
use crate::support::command::Place;
use crate::support::mariadb::{REPORT, db};

#[test]
fn what_is_asked_for_wrongly_is_told() {
    let place = accounts();
    for (line, said) in [
        ("capture nothing", "\"nothing\" is no entity"),
        ("capture account --where mood=good", "\"mood\" is no field of account"),
        ("capture account --event NOBODY", "\"NOBODY\" is no event of account"),
        ("capture account --type daily", "there is no such type"),
        ("capture account --type manual --event KPI_DATA_UPLOADED", "cannot be used with"),
        ("capture account --max-age soon", "a whole number and a unit"),
        ("capture account --occurred-at yesterday-ish", "names no time"),
        ("capture account --occurred-at 2999-01-01T00:00", "has yet to come"),
    ] {
        let run = place.asof(line);
        assert_eq!(run.code, 2, "{line}: {}", run.stderr);
        assert!(run.stderr.contains(said), "{line}: {}", run.stderr);
    }
    let rules = CONFIG.find("[entities.account.changes]").unwrap();
    place.write("asof.toml", &CONFIG[..rules]);
    let run = place.asof("capture account --if-changed");
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("nothing says what counts as a change of account"), "{}", run.stderr);
    assert!(!place.path("snapshots").exists());
}

#[test]
fn what_the_source_can_not_give_keeps_nothing() {
    for (sql, said) in [
        ("alter table accounts rename column id to ident", "no such column"),
        (
            "drop table accounts; create table accounts as select null as id, 'x' as name, 1 as logins, 1 as revenue,
             1 as health, 'a' as status, 'd' as tier, null as books",
            "row 1 of the query has no key: its id is NULL",
        ),
        ("update accounts set logins = 'many' where id = 7", "logins of 7 is \"many\""),
        ("update accounts set books = 'PB-1, PB-2' where id = 5", "books of 5 is \"PB-1, PB-2\""),
        (
            "create table copy as select * from accounts; insert into copy select * from accounts where id > 5;
             drop table accounts; alter table copy rename to accounts",
            "more than one row for 2 values of id: 7, 9",
        ),
        ("drop table accounts", "no such table"),
    ] {
        let place = accounts();
        place.done(&["capture account --key 5"]);
        place.sqlite("crm.db", sql);
        let run = place.asof("capture account --retry-for 0s");
        assert_eq!(run.code, 1, "{sql}: {}", run.stderr);
        assert!(run.stderr.contains(said), "{sql}: {}", run.stderr);
        assert_eq!(ledger(&place, "capture").len(), 1, "{sql}");
        assert_eq!(numbers(&place, "5"), [1]);
    }
    let place = accounts();
    std::fs::remove_file(place.path("crm.db")).unwrap();
    assert_eq!(place.asof("capture account --retry-for 0s").code, 5);
}

#[test]
fn an_entity_that_is_gone_is_told_and_goes_on_counting_when_it_comes_back() {
    let place = accounts();
    place.done(&["capture account"]);
    place.sqlite("crm.db", "delete from accounts where id = 7");
    place.asof("capture account --key 7");
    place.asof("capture account -v");
    place.at("2025-11-07T00:05:00Z");
    place.done(&["save"]);
    place.sqlite("crm.db", "insert into accounts (id, name) values (7, 'Umbra again')");
    place.asof("capture account --key 7 -v");
    place.told(
        r#"
$ asof capture account --key 7 -v
captured 7#2 Umbra again
exit 0
"#,
    );
    assert_eq!((numbers(&place, "5"), numbers(&place, "7")), (vec![1, 2, 3], vec![1, 2]));
}

#[test]
fn rows_are_numbered_as_an_independent_count_has_it() {
    let place = Place::new();
    let rules = "\n[[entities.account.schedule]]\nwhere = \"tier = 'd'\"\nevery = \"day\"\n\n\
                 [[entities.account.schedule]]\nwhere = \"tier = 'w'\"\nevery = \"week\"\n";
    place.write("asof.toml", format!("{CONFIG}{rules}"));
    place.sqlite("crm.db", &ACCOUNTS[..ACCOUNTS.find("insert").unwrap()]);
    let mut seed = 12345_u64;
    let mut dice = |of: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % of
    };
    let mut expected: BTreeMap<u64, Vec<u64>> = BTreeMap::new();
    let mut there: BTreeSet<u64> = BTreeSet::new();
    let count = |expected: &mut BTreeMap<u64, Vec<u64>>, key: u64| {
        let rows = expected.entry(key).or_default();
        rows.push(rows.len() as u64 + 1);
    };
    // 2025-10-27 is a Monday, 2025-11-01 the first of a month.
    for day in 0..14_u32 {
        let date = chrono::NaiveDate::from_ymd_opt(2025, 10, 27).unwrap() + chrono::Days::new(day.into());
        for key in 0..9 {
            let sql = match (there.contains(&key), dice(4)) {
                (false, 0 | 1) => {
                    there.insert(key);
                    let tier = ["d", "w", "m"][usize::try_from(key % 3).unwrap()];
                    format!("insert into accounts (id, tier) values ({key}, '{tier}')")
                }
                (true, 0) => {
                    there.remove(&key);
                    format!("delete from accounts where id = {key}")
                }
                _ => continue,
            };
            place.sqlite("crm.db", &sql);
        }
        for capture in 0..dice(3) {
            place.at(&format!("{date}T1{capture}:00:00Z"));
            if dice(2) == 0 {
                place.done(&["capture account"]);
                for key in &there {
                    count(&mut expected, *key);
                }
            } else {
                let key = dice(9);
                place.asof(&format!("capture account --key {key}"));
                if there.contains(&key) {
                    count(&mut expected, key);
                }
            }
        }
        place.at(&format!("{}T00:30:00Z", date + chrono::Days::new(1)));
        place.done(&["save"]);
        let weekday = chrono::Datelike::weekday(&date);
        for key in &there {
            let due = match key % 3 {
                0 => true,
                1 => weekday == chrono::Weekday::Mon,
                _ => chrono::Datelike::day(&date) == 1,
            };
            if due {
                count(&mut expected, *key);
            }
        }
    }
    for key in 0..9 {
        let expected = expected.remove(&key).unwrap_or_default();
        assert_eq!(numbers(&place, &key.to_string()), expected, "key {key}");
    }
    assert!(!ledger(&place, "compacted").is_empty(), "some days had several captures");
}

fn started(place: &Place, arguments: &[&str]) -> Child {
    place.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn ended(child: Child) -> String {
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn of_captures_at_once_one_is_kept_of_an_event_and_no_two_have_one_number() {
    let place = accounts();
    let event = ["capture", "account", "--key", "5", "--type", "event_driven", "-v"];
    let all: Vec<Child> = (0..6).map(|_| started(&place, &event)).collect();
    let mut told: Vec<String> = all.into_iter().map(ended).collect();
    told.sort();
    let mut expected = vec!["5 cooldown: 300s remaining\n".to_owned(); 5];
    expected.push("captured 5#1 Acme\n".to_owned());
    assert_eq!(told, expected);
    let manual = ["capture", "account", "-v"];
    let all: Vec<Child> = (0..6).map(|_| started(&place, &manual)).collect();
    for child in all {
        ended(child);
    }
    assert_eq!(numbers(&place, "5"), [1, 2, 3, 4, 5, 6, 7]);
    assert_eq!(numbers(&place, "9"), [1, 2, 3, 4, 5, 6]);
}

#[test]
fn captures_while_a_save_runs_and_the_save_lose_nothing() {
    let place = accounts();
    place.at("2025-11-07T00:05:00Z");
    let mut all = vec![started(&place, &["save"])];
    for _ in 0..4 {
        all.push(started(&place, &["capture", "account", "--key", "7"]));
        all.push(started(&place, &["capture", "account"]));
    }
    for child in all {
        ended(child);
    }
    assert_eq!(numbers(&place, "7"), (1..=9).collect::<Vec<u64>>());
    assert_eq!(numbers(&place, "5"), (1..=5).collect::<Vec<u64>>());
    assert_eq!(ledger(&place, "look").len(), 1);
    assert_eq!(ledger(&place, "snapshot").len(), 1, "and the day is frozen");
}

#[test]
fn on_a_server_keys_that_its_collation_holds_equal_are_told_apart() {
    let db = db();
    db.sql(
        "create table accounts (id varchar(10) character set utf8mb4 collate utf8mb4_bin primary key,
           name varchar(20), logins bigint unsigned, revenue decimal(15,2), health decimal(5,2), status varchar(9),
           tier char(1), books json);
         create view soft as select id collate utf8mb4_general_ci as id, name, logins, revenue, health, status, tier,
           books from accounts;
         insert into accounts values ('a', 'small', 9223372036854775807, 1234567890123.45, 70.5, 'active', 'd', '[1, \"b\"]'),
           ('A', 'large', 1, 1, 1, null, 'd', null)",
    );
    let place = Place::new();
    place.write(
        "asof.toml",
        CONFIG
            .replace("sqlite:crm.db", &db.url_without_password())
            .replace("[calendar]", "password_env = \"PW\"\n\n[calendar]")
            .replace("from accounts", "from soft"),
    );
    place.env("PW", REPORT.1);
    place.at("2025-11-06T12:00:00Z");
    place.asof("capture account --key a --type event_driven -v");
    place.asof("capture account --key a --key A --type event_driven -v");
    place.told(
        r#"
$ asof capture account --key a --type event_driven -v
captured a#1 small
exit 0
$ asof capture account --key a --key A --type event_driven -v
captured A#1 large
a cooldown: 300s remaining
exit 0
"#,
    );
    let archive = Archive::open(place.path("snapshots")).unwrap();
    let looks = archive.looks(None).unwrap().remove("account").unwrap();
    let rows = Rows::new(&archive, "account", &looks).unwrap().of_key("a").unwrap();
    let fields: Vec<String> =
        rows[0].row.fields.values().map(|value| value.as_ref().unwrap().to_string()).collect();
    assert_eq!(fields, ["9223372036854775807", "1234567890123.45", "70.5", "active", "d", "1, b"]);
    assert_eq!(rows.len(), 1);
}
