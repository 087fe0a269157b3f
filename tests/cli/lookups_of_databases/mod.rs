//! What a second system knows of calls that lie in a database: counted and listed, held against what the test itself
//! reckons, and the same from MariaDB, PostgreSQL and SQLite.

mod calls;
mod reckoned;
mod trouble;

use std::sync::{Arc, Mutex};
use std::thread::sleep;
use std::time::Duration;

use self::calls::{BY_API, BY_SQL, Call, DAYS, answered, asked, calls, config, desk_rows};
use self::calls::{in_mariadb, in_postgresql, in_sqlite};
use self::reckoned::{as_reckoned, between, queue};
use crate::support::api::Api;
use crate::support::command::Place;

const BACKFILL: &str = "backfill --from 2025-11-01 --to 2025-11-03 --jobs 1";

/// Freezes the three days and gives their numbers, after they were held against the calls.
fn frozen(place: &Place, calls: &[Call]) -> Vec<String> {
    let run = place.asof(BACKFILL);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{}", run.stdout);
    as_reckoned(place, calls);
    place.forget();
    place.done(&["verify"]);
    DAYS.iter().map(|(day, _, _)| place.read(&format!("snapshots/{day}/metrics.json"))).collect()
}

#[test]
fn all_databases_give_the_same_bytes_and_an_api_is_asked_once() {
    let calls = calls();
    assert!(queue(&calls).len() > 30, "{}", queue(&calls).len());
    let in_range = between(&calls, DAYS[0].1, DAYS[2].2).len();
    let mut all = Vec::new();
    for engine in ["mariadb", "postgresql", "sqlite"] {
        let place = Place::new();
        let (mut maria, mut postgres) = (None, None);
        let url = match engine {
            "mariadb" => maria.insert(in_mariadb(&calls)).url(),
            "postgresql" => postgres.insert(in_postgresql(&calls)).url(),
            _ => {
                in_sqlite(&place, &calls, false);
                "sqlite:calls.db".to_owned()
            }
        };
        let desk = Api::new(answered);
        place.write("asof.toml", config(&url, &desk.url(), BY_API));
        let checked = place.asof("check 2025-11-02");
        assert_eq!(checked.code, 0, "{engine}: {}{}", checked.stdout, checked.stderr);
        desk.asked();
        all.push(frozen(&place, &calls));
        // The days' keys by the run, and all those of the worklist by itself.
        let expected = [("/outcomes".to_owned(), in_range + calls.len()), ("/owners".to_owned(), 7)].into();
        assert_eq!(asked(&desk), expected, "{engine}");
        place.done(&["drift --from 2025-11-01 --to 2025-11-03 --exit-code"]);
    }
    assert_eq!(all[0], all[1]);
    assert_eq!(all[0], all[2]);
}

#[test]
fn another_database_answers_by_sql() {
    let calls = calls();
    let (maria, postgres) = (in_mariadb(&calls), in_postgresql(&calls));
    maria.sql(&format!("begin;{}commit;", desk_rows(&calls)));
    postgres.sql(&format!("begin;{}commit;", desk_rows(&calls)));
    for (url, desk) in [
        (maria.url(), postgres.url()),
        (postgres.url(), maria.url()),
        // The database that has the calls may be the one that is asked.
        (maria.url(), maria.url()),
        ("sqlite:calls.db".to_owned(), postgres.url()),
        (maria.url(), "sqlite:desk.db".to_owned()),
    ] {
        let place = Place::new();
        if url.starts_with("sqlite") {
            in_sqlite(&place, &calls, true);
        }
        if desk.starts_with("sqlite") {
            place.sqlite("desk.db", &format!("begin;{}commit;", desk_rows(&calls)));
        }
        place.write("asof.toml", config(&url, &desk, BY_SQL));
        frozen(&place, &calls);
    }
}

#[test]
fn nothing_is_held_of_the_database_while_others_are_asked() {
    let calls = calls();
    let db = in_mariadb(&calls);
    let (server, name) = (db.server(), db.sql("select database()").trim().to_owned());
    let seen = Arc::new(Mutex::new(Vec::new()));
    let seen_by_desk = Arc::clone(&seen);
    let desk = Api::new(move |request| {
        let sql = format!(
            "select count(*) from information_schema.processlist where db = '{name}' and id <> connection_id()"
        );
        let mut open = String::new();
        // A server takes a moment to let go of a connection that was closed.
        for _ in 0..100 {
            open = server.sql("mysql", &sql).trim().to_owned();
            if open == "0" {
                break;
            }
            sleep(Duration::from_millis(20));
        }
        seen_by_desk.lock().unwrap().push(open);
        answered(request)
    });
    let place = Place::new();
    place.write("asof.toml", config(&db.url(), &desk.url(), BY_API));
    frozen(&place, &calls);
    let seen = seen.lock().unwrap();
    assert!(seen.len() > 10 && seen.iter().all(|open| open == "0"), "{seen:?}");
}
