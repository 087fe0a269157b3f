//! Growth, snapshots, histories and contexts of entities, asked of a real server. The numbers are added up by hand.

use serde_json::{Value, json};

use crate::support::command::Place;
use crate::support::server::Server;

pub const CONFIG: &str = r#"[source]
url = "sqlite:crm.db"

[calendar]
time_zone = "UTC"

[entities.account]
sql = "select id, name, user_id, views, likes, status, notes from accounts"
key = "id"
label = "name"
cooldown = "300s"
counters = { views = "views", likes = "likes" }
attributes = ["user_id", "status"]
lists = ["notes"]
on = { KPI_DATA_UPLOADED = "post_upload" }

[entities.account.changes]
status_change = { field = "status", changed = true }

[entities.account.references.note]
ids = "notes"
sql = "select id, title, at, text from notes where id in {ids}"
"#;

pub const ACCOUNTS: &str = r#"
create table accounts (id integer primary key, name text, user_id text, views integer, likes integer, status text,
  notes text);
insert into accounts values (5, 'Acme', '5', 1000, 10, 'active', '["1"]'), (6, 'Beta', '6', 500, 5, 'active', '["2"]'),
  (7, 'Gamma', '5', 200, null, 'active', null), (8, 'Moved', '6', 300, 1, 'churn', '[]');
create table notes (id text, title text, at text, text text);
insert into notes values ('1', 'Kick-off', '2025-10-01 10:00:00', 'All went well.'), ('2', 'Private', null, 'Of Beta.');
"#;

/// Of the second day; the eighth goes from the sixth user to the fifth.
pub const SECOND: &str = "
update accounts set views = 1100 where id = 5;
update accounts set views = 900, status = 'at_risk' where id = 6;
update accounts set views = 150, likes = 4 where id = 7;
update accounts set views = 310, user_id = '5' where id = 8;
";

/// Two looks, ten minutes after midnight; now it is one o'clock of the day after.
pub fn seen_by(more: &str) -> Place {
    let place = Place::new();
    place.write("asof.toml", format!("{CONFIG}{more}"));
    place.sqlite("crm.db", ACCOUNTS);
    place.at("2025-11-06T00:10:00Z");
    place.done(&["save"]);
    place.sqlite("crm.db", SECOND);
    place.at("2025-11-07T00:10:00Z");
    place.done(&["save"]);
    place.at("2025-11-07T01:00:00Z");
    place
}

pub fn seen() -> Place {
    seen_by("")
}

/// What a counter did, as current, previous, growth, percentage and isIncrease.
pub fn did(document: &Value, counter: &str) -> Value {
    let growth = &document["growth"][counter];
    let plain = |value: &Value| match value.as_f64() {
        // 23.00 is 23.
        Some(number) if number.fract() == 0.0 => {
            json!(value.to_string().split('.').next().unwrap().parse::<i64>().unwrap())
        }
        _ => value.clone(),
    };
    json!(["current", "previous", "growth", "percentage", "isIncrease"].map(|name| plain(&growth[name])))
}

#[test]
fn growth_is_told_in_total_by_group_and_of_each() {
    let place = seen();
    let server = Server::start(&place, &[]);
    let answer = server.get("/api/growth/1");
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"));
    let day = answer.json();
    // 1100 + 900 + 150 + 310 after 1000 + 500 + 200 + 300.
    assert_eq!(did(&day, "views"), json!([2460, 2000, 460, 23, true]));
    // The likes of the seventh were not known the day before: 10 + 5 + 1 on both days.
    assert_eq!(did(&day, "likes"), json!([16, 16, 0, 0, false]));
    assert_eq!(day["growth"]["likes"]["unknown"], 1);
    assert_eq!((&day["period"], &day["entity"]), (&json!(1), &json!("account")));
    assert_eq!(day["timestamp"], "2025-11-07T00:10:00Z");
    assert_eq!(
        day["previous"],
        json!({ "date": "2025-11-05", "at": "2025-11-06T00:10:00Z", "capture": false, "live": false })
    );
    // A week before nobody had looked.
    let week = server.get("/api/growth/7?entity=account").json();
    assert_eq!(did(&week, "views"), json!([2460, null, null, null, null]));
    assert!(week["reason"].as_str().unwrap().contains("2025-10-30"), "{week}");
    let nearest = server.get("/api/growth/7?nearest=true").json();
    assert_eq!(did(&nearest, "views"), json!([2460, 2000, 460, 23, true]));
    let groups = server.get("/api/growth/1?by=user_id&top=2").json();
    let of = |key: &str| {
        groups["groups"].as_array().unwrap().iter().find(|group| group["key"] == key).unwrap().clone()
    };
    // The eighth belongs to whom it belongs now.
    assert_eq!(did(&of("5"), "views"), json!([1560, 1500, 60, 4, true]));
    assert_eq!(did(&of("6"), "views"), json!([900, 500, 400, 80, true]));
    let top: Vec<&Value> = groups["top"]["views"].as_array().unwrap().iter().map(|one| &one["key"]).collect();
    assert_eq!(top, ["6", "5"]);
    let some = server.get("/api/growth/1?where=status=at_risk").json();
    assert_eq!(did(&some, "views"), json!([900, 500, 400, 80, true]));
    let one = server.get("/api/growth/1?key=7").json();
    assert_eq!(did(&one, "views"), json!([150, 200, -50, -25, false]));
    let csv = server.with("GET", "/api/growth/1", &[("Accept", "text/csv")]);
    assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(csv.text().lines().nth(1), Some("total,,,views,2460,2000,460,23.00"));
}

#[test]
fn what_is_there_now_is_held_against_the_last_look_and_is_not_kept() {
    let place = seen();
    let server = Server::start(&place, &[]);
    place.sqlite("crm.db", "update accounts set views = 2000 where id = 5");
    let live = server.get("/api/growth/1?live=true");
    assert_eq!(live.header("cache-control"), "no-store");
    // 2000 + 900 + 150 + 310.
    assert_eq!(
        did(&live.json(), "views"),
        json!([3360, 2460, 900, "36.59".parse::<serde_json::Number>().unwrap(), true])
    );
    assert_eq!(live.json()["current"]["live"], true);
    assert_eq!(did(&server.get("/api/growth/1?live=true&key=5").json(), "views")[2], 900);
    assert_eq!(did(&server.get("/api/growth/1").json(), "views")[0], 2460);
    // A source that is not there keeps nobody from reading.
    std::fs::remove_file(place.path("crm.db")).unwrap();
    let failed = server.get("/api/growth/1?live=true");
    assert_eq!(failed.status, 502, "{}", failed.text());
    assert_eq!(server.get("/api/growth/1").status, 200);
}

#[test]
fn a_capture_of_all_is_the_newest_that_growth_tells_of() {
    let place = seen();
    let server = Server::start(&place, &[]);
    let tag = server.get("/api/growth/1").header("etag").to_owned();
    let known = |tag: &str| server.with("GET", "/api/growth/1", &[("If-None-Match", tag)]).status;
    assert_eq!(known(&tag), 304);
    place.sqlite("crm.db", "update accounts set views = 2000 where id = 5");
    let done = server.post("/api/growth/snapshot", &[], "");
    assert_eq!(done.status, 200, "{}", done.text());
    let done = done.json();
    assert_eq!(
        (&done["success"], &done["message"], &done["timestamp"]),
        (&json!(true), &json!("captured 4 of 4 account"), &json!("2025-11-07T01:00:00Z"))
    );
    assert_eq!(known(&tag), 200);
    let now = server.get("/api/growth/1").json();
    assert_eq!(did(&now, "views")[0], 3360);
    assert_eq!(
        (&now["current"]["capture"], &now["timestamp"]),
        (&json!(true), &json!("2025-11-07T01:00:00Z"))
    );
    place.done(&["verify"]);
}

#[test]
fn snapshots_come_a_part_at_a_time_the_newest_day_first() {
    let place = seen();
    let server = Server::start(&place, &[]);
    assert_eq!(
        server.post("/api/account-snapshots/create", &[], r#"{"account_id":6,"reason":"a call"}"#).status,
        200
    );
    let (mut path, mut ids) = ("/api/account-snapshots?limit=3".to_owned(), Vec::new());
    loop {
        let answer = server.get(&path);
        assert_eq!(answer.status, 200, "{}", answer.text());
        let part = answer.json();
        ids.extend(part["snapshots"].as_array().unwrap().iter().map(|row| {
            format!(
                "{} {} {}",
                row["date"].as_str().unwrap(),
                row["snapshot_id"].as_str().unwrap(),
                row["type"].as_str().unwrap()
            )
        }));
        if part["next"].is_null() {
            break;
        }
        let link = answer.header("link");
        path = link.strip_prefix('<').and_then(|link| link.split_once('>')).unwrap().0.to_owned();
    }
    assert_eq!(
        ids,
        [
            "2025-11-07 6#3 manual",
            "2025-11-06 5#2 look",
            "2025-11-06 6#2 look",
            "2025-11-06 7#2 look",
            "2025-11-06 8#2 look",
            "2025-11-05 5#1 look",
            "2025-11-05 6#1 look",
            "2025-11-05 7#1 look",
            "2025-11-05 8#1 look"
        ]
    );
    let since = server.get("/api/account-snapshots?account_id=6&start_date=2025-11-06").json();
    let rows = since["snapshots"].as_array().unwrap();
    let ids: Vec<&Value> = rows.iter().map(|row| &row["snapshot_id"]).collect();
    assert_eq!((ids, &rows[0]["reason"]), (vec![&json!("6#3"), &json!("6#2")], &json!("a call")));
    assert_eq!(rows[1]["numbers"]["views"]["change"], 400);
    let latest = server.get("/api/account-snapshots/latest?key=5").json();
    assert_eq!((&latest["snapshot_id"], &latest["fields"]["views"]), (&json!("5#2"), &json!(1100)));
    assert_eq!(latest["digest"].as_str().unwrap().len(), 64);
    // By its label, if only one is called so.
    assert_eq!(server.get("/api/account-snapshots/latest?key=Acme").json()["key"], "5");
}

#[test]
fn two_snapshots_are_compared_by_ids_or_by_dates() {
    let place = seen();
    let server = Server::start(&place, &[]);
    let path = "/api/account-snapshots/compare?";
    for query in [
        "snapshot_id_1=6%232&snapshot_id_2=6%231",
        "account_id=6&snapshot_id_1=2025-11-06&snapshot_id_2=2025-11-05",
        "account_id=6&snapshot_id_1=latest&snapshot_id_2=latest~1",
    ] {
        let answer = server.get(&format!("{path}{query}"));
        let compared = answer.json();
        let views = &compared["fields"]["views"];
        assert_eq!(
            (&views["a"], &views["b"], &views["change"]),
            (&json!(900), &json!(500), &json!(400)),
            "{query}"
        );
        assert_eq!(views["percentage"].to_string(), "80.00");
        assert_eq!(compared["fields"]["status"], json!({ "a": "at_risk", "b": "active", "same": false }));
    }
    for (query, problem) in [
        (
            "snapshot_id_1=6%232&snapshot_id_2=5%231",
            "409 urn:asof:contradiction: these are not of one and the same",
        ),
        ("snapshot_id_1=latest&snapshot_id_2=latest", "409 urn:asof:contradiction: nobody says of which one"),
        (
            "snapshot_id_1=6%239&snapshot_id_2=6%231",
            "404 urn:asof:no-such-snapshot: account 6 has no snapshot 6#9",
        ),
        ("snapshot_id_1=6%232", "400 urn:asof:bad-request: \"snapshot_id_2\" is missing"),
        (
            "account_id=6&snapshot_id_1=x&snapshot_id_2=latest",
            "400 urn:asof:bad-request: snapshot_id_1: \"x\" names no snapshot",
        ),
    ] {
        let told = server.get(&format!("{path}{query}")).problem();
        assert!(told.starts_with(problem), "{query}: {told}");
    }
}

#[test]
fn histories_are_those_of_the_command_line() {
    let place = seen();
    let server = Server::start(&place, &[]);
    let run = place.asof("history account 6 --json");
    let told: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(server.get("/api/account-snapshots/history?account_id=6").json(), told);
    assert_eq!(told["rows"][1]["numbers"]["views"]["change"], 400);
    let csv = place.asof("history account 6 --csv --months 1");
    let table =
        server.with("GET", "/api/account-snapshots/history?key=6&months=1", &[("Accept", "text/csv")]);
    assert_eq!(table.text(), csv.stdout);
    place.forget();
}

#[test]
fn a_context_has_the_texts_and_captures_a_first_snapshot_only_for_who_may() {
    let tokens = super::token("board", "one", "read", "") + &super::token("hook", "two", "capture", "");
    let place = seen_by(&tokens);
    place.sqlite("crm.db", "insert into accounts values (9, 'New', '5', 1, 1, 'active', '[\"1\"]')");
    let server = Server::start(&place, &[]);
    let asked = |path: &str, token: &str, more: &[(&str, &str)]| {
        let bearer = format!("Bearer {token}");
        let headers: Vec<(&str, &str)> =
            [("Authorization", bearer.as_str())].iter().chain(more).copied().collect();
        server.with("GET", &format!("/api/account-snapshots/context?{path}"), &headers)
    };
    let five = asked("account_id=5&question=How+was+it+yesterday%3F", "one", &[]).json();
    assert_eq!((&five["captured"], &five["snapshot"]["snapshot_id"]), (&json!(false), &json!("5#2")));
    assert_eq!(five["asked"][0]["to"], "2025-11-06");
    assert!(five["text"].as_str().unwrap().contains("All went well."), "{five}");
    assert_eq!(five["max_tokens"], 4000);
    let short = asked("account_id=5&max_tokens=200&history=true", "one", &[]).json();
    assert!(short["tokens"].as_u64().unwrap() <= 200 && short["left_out"].as_u64().unwrap() > 0, "{short}");
    // Nothing is captured for who may only read, for who does not want it, nor because a page elsewhere has it asked.
    let ledger = place.read("snapshots/ledger.jsonl");
    for (path, token, more) in [
        ("key=9", "one", &[][..]),
        ("key=9&no_capture=true", "two", &[]),
        ("key=9", "two", &[("Sec-Fetch-Site", "cross-site")]),
        ("key=999", "two", &[]),
    ] {
        let told = asked(path, token, more).problem();
        assert!(told.starts_with("404 urn:asof:no-such-key: there is no account"), "{path}: {told}");
    }
    assert_eq!(place.read("snapshots/ledger.jsonl"), ledger);
    let first = asked("key=9", "two", &[]).json();
    assert_eq!((&first["captured"], &first["snapshot"]["type"]), (&json!(true), &json!("rag_auto")));
    assert_eq!(first["snapshot"]["actor"], "hook");
    assert_eq!(asked("key=9", "one", &[]).json()["snapshot"]["snapshot_id"], "9#1");
}

#[test]
fn what_is_told_of_entities_is_told_as_open_api() {
    let place = seen();
    let server = Server::start(&place, &[]);
    let api = server.get("/api/openapi.json").json();
    let mut tried = 0;
    for (path, what) in api["paths"].as_object().unwrap() {
        let (method, what) = what.as_object().unwrap().iter().next().unwrap();
        if what["tags"][0] != "entities" {
            continue;
        }
        let asked = path.replace("{entity}", "account").replace("{period}", "1");
        let content = what["responses"]["200"]["content"].as_object().unwrap();
        for (kind, told) in content {
            let answer = if method == "post" {
                server.post(
                    &asked,
                    &[],
                    if asked == "/api/events" {
                        r#"{"event":"KPI_DATA_UPLOADED","entity":"account","keys":[5]}"#
                    } else {
                        "{}"
                    },
                )
            } else {
                let needed = what["parameters"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .filter(|one| one["required"] == true && one["in"] == "query");
                let words: Vec<String> = needed
                    .map(|one| match one["name"].as_str().unwrap() {
                        "key" => "key=5".to_owned(),
                        name => format!("{name}=5%23{}", name.trim_start_matches("snapshot_id_")),
                    })
                    .collect();
                server.with("GET", &format!("{asked}?{}", words.join("&")), &[("Accept", kind)])
            };
            let media = answer.header("content-type").split(';').next().unwrap().to_owned();
            assert_eq!((answer.status, media.as_str()), (200, kind.as_str()), "{path}: {}", answer.text());
            if let Some(shape) = told["schema"]["$ref"].as_str() {
                let shape = &api["components"]["schemas"][shape.rsplit('/').next().unwrap()];
                let document = answer.json();
                for (name, field) in shape["properties"].as_object().unwrap() {
                    let value =
                        document.get(name).unwrap_or_else(|| panic!("{path} has no {name}: {document}"));
                    let kinds =
                        field["type"].as_array().cloned().unwrap_or_else(|| vec![field["type"].clone()]);
                    let is = match value {
                        Value::Null => "null",
                        Value::Bool(_) => "boolean",
                        Value::Number(_) => "integer",
                        Value::String(_) => "string",
                        Value::Array(_) => "array",
                        Value::Object(_) => "object",
                    };
                    assert!(
                        kinds.contains(&json!(is)) || field.get("oneOf").is_some(),
                        "{path} {name}: {value} is no {field}"
                    );
                }
            }
            tried += 1;
        }
    }
    assert_eq!(tried, 14);
}
