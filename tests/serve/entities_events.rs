//! Captures and events over HTTP, how entities are covered, and how late that was.

use serde_json::{Value, json};

use super::entities::{CONFIG, did, seen};
use crate::support::command::Place;
use crate::support::mariadb::db;
use crate::support::server::Server;

fn event(server: &Server, keys: &Value, more: &str) -> Value {
    let body = format!(r#"{{"event":"KPI_DATA_UPLOADED","entity":"account","keys":{keys}{more}}}"#);
    let answer = server.post("/api/events", &[], &body);
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

fn told(answer: &Value) -> Vec<String> {
    let one = |one: &Value| {
        let word = |name: &str| one[name].to_string().replace('"', "");
        format!("{} {} {} {}", word("key"), word("status"), word("snapshot_id"), word("remaining_seconds"))
    };
    answer["results"].as_array().unwrap().iter().map(one).collect()
}

#[test]
fn an_event_captures_what_it_is_about_unless_that_was_just_seen() {
    let place = seen();
    let server = Server::start(&place, &[]);
    let first = event(&server, &json!([5, "7", 777]), r#","occurred_at":"2025-11-07T02:50:00+02:00""#);
    assert_eq!(told(&first), ["5 captured 5#3 null", "7 captured 7#3 null", "777 absent null null"]);
    assert_eq!(
        (&first["type"], &first["timestamp"]),
        (&json!("post_upload"), &json!("2025-11-07T01:00:00Z"))
    );
    assert_eq!(first["counts"], json!({ "absent": 1, "captured": 2 }));
    drop(server);
    // The cooldown holds across processes.
    place.at("2025-11-07T01:02:00Z");
    let server = Server::start(&place, &[]);
    let second = event(&server, &json!([5, 6]), "");
    assert_eq!(told(&second), ["5 skipped 5#3 180", "6 captured 6#3 null"]);
    assert_eq!(second["results"][0]["reason"], "cooldown");
    drop(server);
    place.at("2025-11-07T01:10:00Z");
    place.sqlite("crm.db", "update accounts set status = 'churn' where id = 5");
    let server = Server::start(&place, &[]);
    let third = event(&server, &json!([5, 6]), r#","if_changed":true"#);
    assert_eq!(told(&third), ["5 captured 5#4 null", "6 unchanged 6#3 null"]);
    assert_eq!(third["results"][0]["changes"], json!(["status_change"]));
    // From 00:50 to 01:00 are ten minutes, which is late.
    let late = server.get("/api/timeliness").json();
    let newest = &late["events"]["newest"];
    assert_eq!((&late["events"]["count"], &late["events"]["late"]), (&json!(2), &json!(2)));
    assert_eq!(
        (&newest[0]["lag_seconds"], &newest[0]["late"], &newest[0]["trigger"]),
        (&json!(600), &json!(true), &json!("kpi_data_uploaded"))
    );
    assert_eq!(
        late["looks"]["account"]["newest"][0],
        json!({ "date": "2025-11-06", "edition": null, "captured_at": "2025-11-07T00:10:00Z", "lag_seconds": 600 })
    );
    place.done(&["verify"]);
}

#[test]
fn captures_by_hand_are_of_one_of_some_or_of_all() {
    let place = seen();
    let server = Server::start(&place, &[]);
    let create = |body: Value| server.post("/api/account-snapshots/create", &[], &body.to_string());
    let one = create(
        json!({ "account_id": "5", "snapshot_type": "scheduled", "reason": "weekly", "trigger": "cron" }),
    )
    .json();
    assert_eq!(
        (told(&one), &one["message"]),
        (vec!["5 captured 5#3 null".to_owned()], &json!("captured 1 of 1 account"))
    );
    let some = create(json!({ "keys": [6, 777] })).json();
    assert_eq!(told(&some), ["6 captured 6#3 null", "777 absent null null"]);
    let all = server.post("/api/account-snapshots/create", &[], "").json();
    assert_eq!((&all["message"], &all["results"]), (&json!("captured 4 of 4 account"), &json!(null)));
    let latest = server.get("/api/account-snapshots/latest?account_id=5").json();
    assert_eq!((&latest["snapshot_id"], &latest["type"]), (&json!("5#4"), &json!("manual")));
    let gone = create(json!({ "account_id": 777 })).problem();
    assert!(gone.starts_with("404 urn:asof:no-such-key: there is no account \"777\""), "{gone}");
}

#[test]
fn it_is_told_what_is_due_and_what_can_not_be_had_any_more() {
    let place = seen();
    let covered = |now: &str, path: &str| {
        place.at(now);
        let server = Server::start(&place, &[]);
        server.get(path).json()
    };
    let status = |now: &str| {
        let all = covered(now, "/api/coverage?entity=account&limit=1");
        assert_eq!(all["next"], "5");
        (all["listed"][0].clone(), all["entities"]["account"].clone())
    };
    // Fifty minutes after the look.
    let (one, all) = status("2025-11-07T01:00:00Z");
    assert_eq!(
        one,
        json!({ "key": "5", "label": "Acme", "date": "2025-11-06", "captured_at": "2025-11-07T00:10:00Z", "age_seconds": 3000, "status": "current" })
    );
    assert_eq!(
        (&all["entities"], &all["without_snapshot"], &all["expected"]),
        (&json!(4), &json!(0), &json!("2025-11-06"))
    );
    assert_eq!(status("2025-11-08T02:59:00Z").0["status"], "due");
    let (one, all) = status("2025-11-08T03:01:00Z");
    assert_eq!((&one["status"], &all["counts"]["overdue"]), (&json!("overdue"), &json!(4)));
    assert_eq!(all["in_time_until"], "2025-11-08T03:00:00Z");
    let rest = covered("2025-11-08T03:01:00Z", "/api/coverage?entity=account&cursor=6&status=overdue");
    let keys: Vec<&Value> = rest["listed"].as_array().unwrap().iter().map(|one| &one["key"]).collect();
    assert_eq!(keys, ["7", "8"]);
    // One was captured since, and is as new as can be.
    place.done(&["capture account --key 6"]);
    let (_, all) = status("2025-11-08T03:02:00Z");
    assert_eq!((&all["counts"]["overdue"], &all["counts"]["current"]), (&json!(3), &json!(1)));
    assert_eq!(covered("2025-11-08T03:02:00Z", "/api/coverage").get("listed"), Some(&json!(null)));
}

#[test]
fn the_same_is_told_from_mariadb() {
    let db = db();
    db.sql(
        "create table accounts (id int primary key, name varchar(40), user_id varchar(9), views bigint unsigned, likes int,
           status varchar(9), notes varchar(40));
         insert into accounts values (5, 'Acme', '5', 1000, 1, 'active', '[]'), (6, 'Beta', '6', 2000, null, 'active', null);
         create table notes (id varchar(9), title varchar(9), at datetime, text varchar(99))",
    );
    let place = Place::new();
    place.write("asof.toml", CONFIG.replace("sqlite:crm.db", &db.url()));
    place.at("2025-11-06T00:10:00Z");
    place.done(&["save"]);
    db.sql("update accounts set views = views + 250");
    place.at("2025-11-07T00:10:00Z");
    place.done(&["save"]);
    db.sql("update accounts set views = views + 5 where id = 6");
    place.at("2025-11-07T01:00:00Z");
    let server = Server::start(&place, &[]);
    let number = |text: &str| text.parse::<serde_json::Number>().unwrap();
    // 3000 + 500, a sixth of it.
    assert_eq!(
        did(&server.get("/api/growth/1").json(), "views"),
        json!([3500, 3000, 500, number("16.67"), true])
    );
    assert_eq!(did(&server.get("/api/growth/1?live=true").json(), "views")[0], 3505);
    assert_eq!(told(&event(&server, &json!([6, 9]), "")), ["6 captured 6#3 null", "9 absent null null"]);
    assert_eq!(server.get("/api/account-snapshots/latest?account_id=6").json()["fields"]["views"], 2255);
    assert_eq!(
        server.get("/api/account-snapshots/context?account_id=6").json()["snapshot"]["snapshot_id"],
        "6#3"
    );
}
