//! What a token of some rows, or of one tenant, gets: all else is as if it were not there.

use serde_json::{Value, json};

use super::entities::{did, seen_by};
use super::token;
use crate::support::command::Place;
use crate::support::server::{Answer, Server};

fn bound() -> (Place, Server) {
    let only = "only = \"user_id=5\"\n";
    let tokens = token("five", "one", "read", only)
        + &token("hook", "two", "capture", only)
        + &token("all", "three", "capture", "")
        + &token("odd", "four", "read", "only = \"region=x\"\n");
    let place = seen_by(&tokens);
    let server = Server::start(&place, &[]);
    (place, server)
}

fn get(server: &Server, token: &str, path: &str) -> Answer {
    server.with("GET", path, &[("Authorization", &format!("Bearer {token}"))])
}

fn post(server: &Server, token: &str, path: &str, body: &Value) -> Answer {
    server.post(path, &[("Authorization", &format!("Bearer {token}"))], &body.to_string())
}

#[test]
fn growth_is_that_of_the_rows_that_are_seen_as_if_there_were_no_others() {
    let (_place, server) = bound();
    let day = get(&server, "one", "/api/growth/1?by=user_id&top=9").json();
    // 1100 + 150 + 310 after 1000 + 200: the eighth was another's the day before, so here it appeared.
    assert_eq!(did(&day, "views"), json!([1560, 1200, 360, 30, true]));
    assert_eq!(
        day["parts"],
        json!({ "matched": 2, "appeared": 1, "disappeared": 0, "decreased": 1, "not_due": 0, "unknown": 1 })
    );
    let groups: Vec<&Value> = day["groups"].as_array().unwrap().iter().map(|group| &group["key"]).collect();
    assert_eq!(groups, ["5"]);
    let top: Vec<&Value> = day["top"]["views"].as_array().unwrap().iter().map(|one| &one["key"]).collect();
    assert_eq!(top, ["5", "7"]);
    let live = get(&server, "one", "/api/growth/1?live=true").json();
    assert_eq!(did(&live, "views")[0], 1560);
    assert_eq!(did(&get(&server, "one", "/api/growth/1?where=user_id=6").json(), "views")[0], 0);
    // Whose answer was kept first makes no difference.
    assert_eq!(did(&get(&server, "three", "/api/growth/1?by=user_id&top=9").json(), "views")[0], 2460);
    assert_eq!(did(&get(&server, "one", "/api/growth/1?by=user_id&top=9").json(), "views")[0], 1560);
    let odd = get(&server, "four", "/api/growth/1").problem();
    assert!(odd.starts_with("403 urn:asof:forbidden: this token sees only rows with region=x"), "{odd}");
}

#[test]
fn what_is_another_s_is_told_of_as_what_there_is_not() {
    let (place, server) = bound();
    let paths = [
        "/api/growth/1?key=KEY",
        "/api/growth/1?live=true&key=KEY",
        "/api/account-snapshots?account_id=KEY",
        "/api/account-snapshots/latest?account_id=KEY",
        "/api/account-snapshots/history?account_id=KEY",
        "/api/account-snapshots/compare?snapshot_id_1=KEY%232&snapshot_id_2=KEY%231",
        "/api/account-snapshots/context?account_id=KEY",
    ];
    let told = |token: &str, path: &str, key: &str| {
        let answer = get(&server, token, &path.replace("KEY", key));
        (answer.status, answer.text().replace(key, "KEY"))
    };
    let ledger = place.read("snapshots/ledger.jsonl");
    for token in ["one", "two"] {
        for path in paths {
            let (theirs, nobodys) = (told(token, path, "6"), told(token, path, "777"));
            assert_eq!(theirs, nobodys, "{token} {path}");
            assert_eq!(theirs.0, 404, "{path}");
            assert_eq!(told(token, path, "Beta").0, 404, "{path}");
            assert_eq!(told(token, path, "5").0, 200, "{path}");
        }
    }
    // The eighth was another's in its first row.
    let history = get(&server, "one", "/api/account-snapshots/history?account_id=8").json();
    assert_eq!(history["rows"].as_array().unwrap().len(), 1);
    assert_eq!(history["rows"][0]["numbers"]["views"]["previous"], json!(null));
    let all = get(&server, "one", "/api/account-snapshots").json();
    let ids: Vec<&Value> =
        all["snapshots"].as_array().unwrap().iter().map(|row| &row["snapshot_id"]).collect();
    assert_eq!(ids, ["5#2", "7#2", "8#2", "5#1", "7#1"]);
    let body = |key: u32| json!({ "account_id": key, "reason": "mine" });
    let create = |key: u32| {
        let answer = post(&server, "two", "/api/account-snapshots/create", &body(key));
        (answer.status, answer.text().replace(&key.to_string(), "KEY"))
    };
    assert_eq!((create(6), create(6).0), (create(777), 404));
    assert_eq!(place.read("snapshots/ledger.jsonl"), ledger);
    assert_eq!(create(5).0, 200);
    // A capture of all is one of all that this one sees.
    let done = post(&server, "two", "/api/growth/snapshot", &json!({})).json();
    assert_eq!(done["message"], "captured 3 of 3 account");
    assert_eq!(done["counts"], json!({ "captured": 3 }));
    // What only some saw is not taken for all.
    assert_eq!(did(&get(&server, "three", "/api/growth/1").json(), "views")[0], 2460);
}

#[test]
fn events_of_another_s_are_those_of_what_there_is_not_even_while_it_cools_down() {
    let (_place, server) = bound();
    let event = |token: &str, key: u32| {
        let body = json!({ "event": "KPI_DATA_UPLOADED", "entity": "account", "keys": [key] });
        let answer = post(&server, token, "/api/events", &body);
        (answer.status, answer.text().replace(&key.to_string(), "KEY"))
    };
    assert_eq!(event("two", 6), event("two", 777));
    let told = |answer: &(u16, String)| {
        serde_json::from_str::<Value>(&answer.1).unwrap()["results"][0]["status"].clone()
    };
    assert_eq!(told(&event("three", 6)), "captured");
    assert_eq!(told(&event("three", 6)), "skipped");
    assert_eq!(event("two", 6), event("two", 777));
    assert_eq!(told(&event("two", 6)), "absent");
    assert_eq!(told(&event("two", 5)), "captured");
}

#[test]
fn coverage_and_timeliness_are_those_of_the_rows_that_are_seen() {
    let (_place, server) = bound();
    let covered = get(&server, "one", "/api/coverage?entity=account").json();
    let keys: Vec<&Value> = covered["listed"].as_array().unwrap().iter().map(|one| &one["key"]).collect();
    assert_eq!(
        (keys, &covered["entities"]["account"]["entities"]),
        (vec![&json!("5"), &json!("7"), &json!("8")], &json!(3))
    );
    let body = json!({ "event": "KPI_DATA_UPLOADED", "entity": "account", "keys": [5, 6], "occurred_at": "2025-11-07T00:59:00Z" });
    assert_eq!(post(&server, "three", "/api/events", &body).status, 200);
    let late = get(&server, "one", "/api/timeliness").json();
    assert_eq!((&late["days"], &late["events"]["count"]), (&json!(null), &json!(1)));
    assert_eq!(get(&server, "three", "/api/timeliness").json()["events"]["count"], 2);
}

#[test]
fn who_may_only_read_has_nothing_kept() {
    let (place, server) = bound();
    let ledger = place.read("snapshots/ledger.jsonl");
    for path in ["/api/account-snapshots/create", "/api/events", "/api/growth/snapshot"] {
        let told = post(&server, "one", path, &json!({})).problem();
        assert!(
            told.starts_with("403 urn:asof:forbidden: this token may read, and this needs capture"),
            "{told}"
        );
        assert_eq!(server.post(path, &[], "{}").status, 401);
    }
    assert_eq!(place.read("snapshots/ledger.jsonl"), ledger);
}

#[test]
fn a_token_of_one_tenant_reads_and_keeps_in_that_one_s_archive() {
    let place = Place::new();
    place.sqlite(
        "shop.db",
        "create table videos (id integer, owner text, views integer);
         insert into videos values (1, 'a', 10), (1, 'b', 300), (2, 'b', 4000)",
    );
    let tokens = token("ann", "one", "capture", "tenant = \"a\"\n") + &token("all", "two", "capture", "");
    place.write(
        "asof.toml",
        r#"[source]
url = "sqlite:shop.db"

[calendar]
time_zone = "UTC"

[tenants]
ids = ["a", "b"]

[entities.video]
sql = "select id, views from videos where owner = :tenant"
key = "id"
counters = { views = "views" }
"#
        .to_owned()
            + &tokens,
    );
    place.at("2025-11-07T00:10:00Z");
    place.done(&["save"]);
    place.at("2025-11-07T01:00:00Z");
    let server = Server::start(&place, &[]);
    assert_eq!(did(&get(&server, "one", "/api/growth/1").json(), "views")[0], 10);
    assert_eq!(did(&get(&server, "two", "/api/growth/1?tenant=b").json(), "views")[0], 4300);
    assert_eq!(did(&get(&server, "one", "/api/growth/1?live=true").json(), "views")[0], 10);
    for path in ["/api/growth/1?tenant=b", "/api/video-snapshots?tenant=b", "/api/coverage?tenant=b"] {
        assert_eq!(get(&server, "one", path).status, 403, "{path}");
    }
    assert_eq!(get(&server, "one", "/api/video-snapshots/latest?key=2").status, 404);
    let create = |token: &str, path: &str, key: u32| {
        post(&server, token, &format!("/api/video-snapshots/create{path}"), &json!({ "video_id": key }))
            .status
    };
    assert_eq!((create("one", "", 2), create("one", "?tenant=b", 2), create("one", "", 1)), (404, 403, 200));
    assert_eq!(create("two", "", 1), 404, "nobody said whose");
    assert_eq!(create("two", "?tenant=b", 2), 200);
    let ids = |path: &str| -> Vec<Value> {
        let all = get(&server, "two", path).json();
        all["snapshots"].as_array().unwrap().iter().map(|row| row["snapshot_id"].clone()).collect()
    };
    assert_eq!(ids("/api/video-snapshots?tenant=a"), ["1#2", "1#1"]);
    assert_eq!(ids("/api/video-snapshots?tenant=b"), ["2#2", "1#1", "2#1"]);
}
