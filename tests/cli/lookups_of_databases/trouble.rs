//! What goes wrong with them, and days that asked other questions.

use serde_json::{Value, json};

use super::calls::{BY_API, BY_SQL, DAYS, Ended, WORKLIST, answered, asked, calls, config, desk_rows};
use super::calls::{in_mariadb, in_sqlite};
use super::reckoned::{between, members};
use crate::support::api::{Api, Reply};
use crate::support::command::Place;

#[test]
fn where_the_second_system_fails_nothing_is_frozen() {
    let calls = calls();
    let desk = Api::new(|request| if request.number > 2 { Reply::status(500) } else { answered(request) });
    let place = Place::new();
    in_sqlite(&place, &calls, true);
    place.write("asof.toml", config("sqlite:calls.db", &desk.url(), BY_API));
    let run = place.asof("save 2025-11-02 --retry-for 0s");
    assert_ne!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert!(run.stderr.contains("500"), "{}", run.stderr);
    assert!(!place.path("snapshots/2025-11-02").exists());
    assert!(!place.path("worklists/redial").exists());
}

#[test]
fn a_day_of_too_many_groups_is_counted_by_each_dimension_and_asks_nothing_again() {
    let calls = calls();
    let desk = Api::new(answered);
    let place = Place::new();
    in_sqlite(&place, &calls, true);
    let config = config("sqlite:calls.db", &desk.url(), BY_API).replace(WORKLIST, "");
    place.write("asof.toml", config.replace("by.hour", "max_groups = 30\nby.hour"));
    place.done(&["save 2025-11-02"]);
    let (_, start, end) = DAYS[1];
    let of_day = between(&calls, start, end);
    let doc: Value = serde_json::from_str(&place.read("snapshots/2025-11-02/metrics.json")).unwrap();
    assert_eq!(doc["metrics"]["calls_utc"]["value"], json!(of_day.len()));
    let known = of_day.iter().filter(|call| matches!(call.ended(), Ended::As(_))).count();
    let told: u64 = members(&doc, "calls_utc", "outcome")
        .into_iter()
        .filter_map(|(key, count)| (key != "NULL").then_some(count))
        .sum();
    assert_eq!(told, u64::try_from(known).unwrap());
    assert_eq!(asked(&desk)["/outcomes"], of_day.len());
}

#[test]
fn what_sqlite_cannot_keep_or_read_is_told() {
    let calls = calls();
    let db = in_mariadb(&calls);
    let desk = Api::new(answered);
    let place = Place::new();
    let sound = config(&db.url(), &desk.url(), BY_API);
    let told = |from: &str, to: &str, line: &str| {
        assert!(sound.contains(from), "{from}");
        place.write("asof.toml", sound.replace(from, to));
        let run = place.asof(line);
        assert_ne!(run.code, 0, "{}", run.stdout);
        place.forget();
        run.stdout + &run.stderr
    };
    let long = told("sum = \"cost\"", "sum = \"wide\"", "save 2025-11-02");
    assert!(
        long.contains("the rows of epoch: the column wide is the number 12345678901.123456789, no decimal of at most 15 digits"),
        "{long}"
    );
    assert!(long.contains("cast it in an sql of the events' own"), "{long}");
    let foreign = told("where = \"answered\"", "where = \"if_null_or(answered)\"", "check 2025-11-02");
    assert!(foreign.contains("no such function: if_null_or"), "{foreign}");
    assert!(foreign.contains("write their expressions in its SQL"), "{foreign}");
    let kind = told("time = \"at_local\"", "time = \"at_instant\"", "save 2025-11-02");
    assert!(kind.contains("the time column has the type timestamp, which keeps instants"), "{kind}");
    assert!(!place.path("snapshots/2025-11-02").exists());
}

#[test]
fn days_that_asked_other_questions_are_read_again_by_their_own() {
    let calls = calls();
    let place = Place::new();
    in_sqlite(&place, &calls, true);
    place.sqlite("desk.db", &format!("begin;{}commit;", desk_rows(&calls)));
    place.write("asof.toml", config("sqlite:calls.db", "sqlite:desk.db", BY_SQL).replace(WORKLIST, ""));
    place.done(&["save 2025-11-01"]);
    place.change("asof.toml", "select list_id, owner from", "select list_id, 'nobody' as owner from");
    place.done(&["save 2025-11-02"]);
    let owners = |day: &str| {
        let doc: Value = serde_json::from_str(&place.read(&format!("snapshots/{day}/metrics.json"))).unwrap();
        members(&doc, "calls_utc", "owner").into_keys().collect::<Vec<_>>()
    };
    assert_eq!(owners("2025-11-01"), ["NULL", "owner 0", "owner 1"]);
    assert_eq!(owners("2025-11-02"), ["NULL", "nobody"]);
    // The same lists are asked about on both days, by one reader.
    place.done(&["drift --from 2025-11-01 --to 2025-11-02 --exit-code"]);
    // What is looked up of them has changed since: they differ.
    place.sqlite("desk.db", "update owners set owner = 'owner 1' where list_id = 102");
    let run = place.asof("drift --from 2025-11-01 --to 2025-11-02 --exit-code --json");
    assert_ne!(run.code, 0, "{}", run.stdout);
}
