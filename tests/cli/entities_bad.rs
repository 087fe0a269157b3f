//! What sources give that can't be looked at, keys that are almost alike, and values at the edge of what there is.

use serde_json::{Value, json};

use super::capturing::{CONFIG, accounts, ledger};
use crate::support::command::Place;
use crate::support::mariadb::{REPORT, db};

#[test]
fn what_the_source_can_not_give_costs_the_look_and_neither_the_day_nor_the_next_look() {
    for (sql, said) in [
        ("alter table accounts rename column id to ident", "no such column: asof_rows.id (error 1); asof_rows is what its sql gives"),
        (
            "drop table accounts; create table accounts as select null as id, 'x' as name, 1 as logins, 1 as revenue,
             1 as health, 'a' as status, 'd' as tier, null as books",
            "row 1 of the query has no key: its id is NULL",
        ),
        ("update accounts set logins = 'many' where id = 7", "logins of 7 is \"many\", which is no whole number of 64 bits"),
        ("update accounts set health = 'fine' where id = 7", "health of 7 is \"fine\", which is no number"),
        ("update accounts set books = 'PB-1, PB-2' where id = 5", "books of 5 is \"PB-1, PB-2\", which is no JSON"),
        ("update accounts set books = '{\"PB\": 1}' where id = 5", "which is no JSON"),
        (
            "create table copy as select * from accounts; insert into copy select * from accounts where id > 5;
             drop table accounts; alter table copy rename to accounts",
            "more than one row for 2 values of id: 7, 9",
        ),
    ] {
        let place = accounts();
        std::fs::copy(place.path("crm.db"), place.path("sound.db")).unwrap();
        place.sqlite("crm.db", sql);
        place.at("2025-11-07T00:05:00Z");
        let run = place.asof("save --retry-for 0s");
        assert_eq!(run.code, 3, "{sql}: {}", run.stderr);
        assert!(run.stderr.contains(said), "{sql}: {}", run.stderr);
        assert_eq!((ledger(&place, "look").len(), ledger(&place, "snapshot").len()), (0, 1), "{sql}");
        // Put right within the time that a look may take, the same day is looked at after all.
        std::fs::rename(place.path("sound.db"), place.path("crm.db")).unwrap();
        place.at("2025-11-07T01:05:00Z");
        place.done(&["save", "verify"]);
        assert_eq!((ledger(&place, "look").len(), ledger(&place, "snapshot").len()), (1, 1), "{sql}");
    }
}

/// Keys that a number, a collation, or a glance might take for one another; sorted as texts are.
const KEYS: [&str; 9] = ["10", "9", "A", "a", "a ", "a\u{301}", "á", "日本", "🚀"];

#[test]
fn keys_that_are_almost_alike_stay_apart_in_looks_growth_captures_and_histories() {
    let db = db();
    db.sql(
        "create table held (id varchar(20) character set utf8mb4 collate utf8mb4_nopad_bin primary key,
           name varchar(20), logins bigint, revenue decimal(15,2), health decimal(5,2), status varchar(9), tier char(1),
           books json);
         create view accounts as select id collate utf8mb4_general_ci as id, name, logins, revenue, health, status,
           tier, books from held;",
    );
    for (at, key) in KEYS.iter().enumerate() {
        db.sql(&format!("insert into held (id, name, logins) values ('{key}', 'Of {at}', {at})"));
    }
    let place = Place::new();
    let config = CONFIG.replace("sqlite:crm.db", &db.url_without_password());
    let config = config.replace("[calendar]", "password_env = \"PW\"\n\n[calendar]");
    let events = config.find("[events.calls]").unwrap()..config.find("[entities.account]").unwrap();
    place.write("asof.toml", format!("{}{}", &config[..events.start], &config[events.end..]));
    place.env("PW", REPORT.1);
    place.at("2025-11-06T00:05:00Z");
    place.done(&["save"]);
    for (at, key) in KEYS.iter().enumerate() {
        db.sql(&format!("update held set logins = {} where id = binary '{key}'", at * 100));
    }
    place.at("2025-11-07T00:05:00Z");
    place.done(&["save"]);
    let told = |line: &str| -> Value {
        let run = place.asof(&format!("{line} --json"));
        assert_eq!(run.code, 0, "{line}: {}", run.stderr);
        serde_json::from_str(run.stdout.lines().next().unwrap()).map_or_else(
            |_| serde_json::from_str(&run.stdout).unwrap(),
            |first: Value| if first.is_object() { first } else { Value::Null },
        )
    };
    let all = told("growth account");
    assert_eq!(all["parts"]["matched"], 9);
    assert_eq!(all["growth"]["logins"]["growth"], 36 * 99);
    for (at, key) in KEYS.iter().enumerate() {
        let grown = told(&format!("growth account --key '{key}'"));
        let logins = &grown["growth"]["logins"];
        assert_eq!((&logins["previous"], &logins["current"]), (&at.into(), &(at * 100).into()), "{key:?}");
        assert_eq!(told(&format!("capture account --key '{key}'"))["snapshot_id"], format!("{key}#3"));
        let history = told(&format!("history account '{key}'"));
        let rows: Vec<&Value> = history["rows"].as_array().unwrap().iter().map(|row| &row["label"]).collect();
        assert_eq!(rows, vec![&json!(format!("Of {at}")); 3], "{key:?}");
    }
    place.done(&["verify"]);
}

#[test]
fn values_at_the_edge_of_what_there_is_are_kept_as_they_are_or_refused() {
    let db = db();
    db.sql(
        "create table held (id int primary key, least bigint, most bigint unsigned, cents decimal(38,9), small double,
           day date, at datetime(6), took time, flag tinyint(1), words json);
         insert into held values
           (1, -9223372036854775808, 9223372036854775807, 99999999999999999999999999999.999999999, 0.1, '0001-01-01',
            '9999-12-31 23:59:59.999999', '-838:59:59', 1, '[]'),
           (2, 0, 0, -0.000000001, -1e-9, '2024-02-29', '2025-11-02 01:30:00', '00:00:00', 0, '[\"\", \"null\", null, 1.50]'),
           (3, null, null, null, null, null, null, null, null, null);",
    );
    let place = Place::new();
    place.write(
        "asof.toml",
        format!(
            "[source]\nurl = \"{}\"\npassword_env = \"PW\"\n\n[calendar]\ntime_zone = \"UTC\"\n\n[entities.thing]\n\
             sql = \"select * from held\"\nkey = \"id\"\ncounters = {{ least = \"least\", most = \"most\" }}\n\
             gauges = {{ cents = {{}}, small = {{}} }}\nattributes = [\"day\", \"at\", \"took\", \"flag\"]\nlists = [\"words\"]\n",
            db.url_without_password()
        ),
    );
    place.env("PW", REPORT.1);
    place.at("2025-11-06T00:05:00Z");
    place.done(&["save", "capture thing"]);
    for (key, expected) in [
        (
            1,
            r#"{"at":"9999-12-31 23:59:59.999999","cents":99999999999999999999999999999.999999999,"day":"0001-01-01","flag":"1","least":-9223372036854775808,"most":9223372036854775807,"small":0.1,"took":"-838:59:59","words":[]}"#,
        ),
        (
            2,
            r#"{"at":"2025-11-02 01:30:00.000000","cents":-0.000000001,"day":"2024-02-29","flag":"0","least":0,"most":0,"small":-0.000000001,"took":"00:00:00","words":["","null","1.50"]}"#,
        ),
        (
            3,
            r#"{"at":null,"cents":null,"day":null,"flag":null,"least":null,"most":null,"small":null,"took":null,"words":null}"#,
        ),
    ] {
        let run = place.asof(&format!("history thing {key} --json"));
        let told: Value = serde_json::from_str(&run.stdout).unwrap();
        let fields: Vec<String> =
            told["rows"].as_array().unwrap().iter().map(|row| row["fields"].to_string()).collect();
        assert_eq!(fields, [expected; 2], "of the look and of the capture");
    }
    for (sql, said) in [
        (
            "update held set most = 9223372036854775808 where id = 2",
            "most of 2 is 9223372036854775808, which is no whole number of 64 bits",
        ),
        ("update held set most = null, small = 1e300 where id = 2", "small of 2 is "),
    ] {
        db.sql(sql);
        let run = place.asof("capture thing");
        assert_eq!(run.code, 1, "{sql}: {}", run.stderr);
        assert!(run.stderr.contains(said), "{sql}: {}", run.stderr);
    }
    place.done(&["verify"]);
}
