//! What a second system answers, in all its forms, and what becomes of what is wrong with it.

use serde_json::{Value, json};

use super::lookups::{BY_API, Ended, answered, at, by_outcome, ended, ended_of, frozen_by_outcome};
use super::place;
use crate::support::api::{Api, Reply, Request, by_offset, calls};
use crate::support::command::Place;
use crate::support::{mariadb, postgres};

/// A place with calls of one day, and what is looked up about them.
pub(super) fn one_day(
    desk: impl Fn(&Request) -> Reply + Send + Sync + 'static,
    lookup: &str,
) -> (Place, Api, Api) {
    let served = calls("2025-11-06T06:00:00Z", 1, 300);
    let api = Api::new(move |request| Reply::json(&by_offset(&served, request)));
    let desk = Api::new(desk);
    let place = place(&api, "");
    at(&place, &api, &desk.url(), lookup);
    place.change("asof.toml", "retry_for = \"60s\"", "retry_for = \"2s\"");
    place.hide(desk.port().to_string(), "DESK");
    (place, api, desk)
}

/// What a save says that fails; nothing is frozen by it.
#[track_caller]
pub(super) fn fails(place: &Place, code: i32, told: &str) {
    let run = place.asof("save");
    assert_eq!(run.code, code, "{}", run.stderr);
    assert!(run.stderr.contains(told), "{}", run.stderr);
    assert!(!place.path("snapshots/2025-11-06").exists());
    place.tree("");
    place.forget();
}

#[test]
fn a_second_system_that_fails_leaves_nothing_behind() {
    let with = |reply: fn(&Request) -> Reply, code: i32, told: &str| {
        let (place, _calls, _desk) = one_day(reply, BY_API);
        // The second one's, too.
        place.change("asof.toml", "retry_for = \"60s\"", "retry_for = \"2s\"");
        fails(&place, code, told);
    };
    with(|_| Reply::status(401), 5, "/outcomes answers with status 401");
    with(|_| Reply::status(404), 1, "/outcomes answers with status 404");
    with(
        |_| Reply::json(&json!({ "error": "no" })),
        1,
        "there is no list of items at \"/outcomes\"; there is /error",
    );
    with(
        |_| Reply::json(&json!({ "outcomes": [{ "id": "c0000001", "status": "NA" }] })),
        1,
        "lookup outcome: no item has anything at \"/call/id\", which becomes the key; there is /id, /status",
    );
    with(
        |_| Reply::json(&json!({ "outcomes": [{ "call": { "id": "c0000001" }, "state": "NA" }] })),
        1,
        "lookup outcome: no item has anything at \"/status\", which becomes the column status; there is /call, /state",
    );
    with(
        |_| Reply::json(&json!({ "outcomes": [{ "call": { "id": "c0000001" }, "status": ["NA"] }] })),
        1,
        "item 1: what is at \"/status\", for the column status, is a list, no text",
    );
    with(
        |request| {
            let mut page = answered(request);
            let mut again = page["outcomes"][0].clone();
            again["status"] = json!("OTHER");
            page["outcomes"].as_array_mut().unwrap().push(again);
            Reply::json(&page)
        },
        1,
        "lookup outcome: two answers about the key \"c0000",
    );
    // The first request is answered, and none after it.
    with(
        |request| if request.number == 1 { Reply::json(&answered(request)) } else { Reply::status(503) },
        1,
        "answers with status 503",
    );
}

#[test]
fn answers_come_in_pages_about_one_key_or_about_others() {
    // In pages of 50 by a cursor, with items that nobody asked about, and doubles.
    let (place, _calls, desk) = one_day(
        |request| {
            let page = answered(request);
            let items = page["outcomes"].as_array().unwrap();
            let body: Value = serde_json::from_str(&request.body).unwrap();
            let from = body.get("after").map_or(0, |after| after.as_str().unwrap().parse().unwrap());
            let mut here: Vec<Value> = items.iter().skip(from).take(50).cloned().collect();
            here.push(json!({ "call": { "id": "elsewhere" }, "status": "SALE" }));
            here.push(here[0].clone());
            let next = (from + 50 < items.len()).then(|| (from + 50).to_string());
            Reply::json(&json!({ "outcomes": here, "next": next }))
        },
        BY_API,
    );
    place.change("asof.toml", "\"{keys}\"}'", "\"{keys}\", \"after\": \"{cursor}\"}'");
    place.change("asof.toml", "key_at", "pages = { by = \"cursor\", next = \"/next\" }\nkey_at");
    place.done(&["save"]);
    let all = calls("2025-11-06T06:00:00Z", 1, 300);
    let doc = |place: &Place| -> Value {
        serde_json::from_str(&place.read("snapshots/2025-11-06/metrics.json")).unwrap()
    };
    let expected = by_outcome(&all, "2025-11-06T06", "2025-11-07T06");
    assert_eq!(frozen_by_outcome(&doc(&place)), expected);
    assert_eq!(desk.asked().len(), 6);
    // One key a request, in the path; what is not known there is not found.
    let (place, _calls, desk) = one_day(
        |request| match ended_of(request.path.trim_start_matches("/outcomes/")) {
            Ended::Unknown => Reply::status(404),
            Ended::Open => Reply::json(&json!({ "outcome": { "status": null } })),
            Ended::As(status) => Reply::json(&json!({ "outcome": { "status": status } })),
        },
        &BY_API.replace("method = \"POST\"\nurl = \"/outcomes\"", "url = \"/outcomes/{keys}\"").replace(
            "body = '{\"ids\": \"{keys}\"}'\nbatch = 200\nitems = \"/outcomes\"\nkey_at = \"/call/id\"",
            "batch = 1\nitems = \"/outcome\"",
        ),
    );
    place.done(&["save"]);
    assert_eq!(frozen_by_outcome(&doc(&place)), expected);
    assert_eq!(desk.asked().len(), 300);
    // Many keys in a parameter, with commas between them.
    let (place, _calls, desk) = one_day(
        |request| {
            let ids: Vec<&str> = request.query["ids"].split(',').collect();
            let body = json!({ "ids": ids }).to_string();
            let posted = Request { body, method: "POST".into(), path: "/outcomes".into(), ..request.clone() };
            Reply::json(&answered(&posted))
        },
        &BY_API
            .replace("method = \"POST\"\nurl = \"/outcomes\"", "url = \"/outcomes?ids={keys}\"")
            .replace("body = '{\"ids\": \"{keys}\"}'\n", ""),
    );
    place.done(&["save"]);
    assert_eq!(frozen_by_outcome(&doc(&place)), expected);
    assert_eq!(desk.asked().len(), 2);
}

#[test]
fn databases_and_files_answer_too() {
    let all = calls("2025-11-06T06:00:00Z", 1, 300);
    let expected = by_outcome(&all, "2025-11-06T06", "2025-11-07T06");
    let (mut rows, mut lines) = (Vec::new(), String::from("call_id,status\n"));
    for call in &all {
        let id = call["call_id"].as_str().unwrap();
        match ended(call) {
            Ended::Unknown => {}
            Ended::Open => {
                rows.push(format!("('{id}', null)"));
                lines.push_str(&format!("{id},\n"));
            }
            Ended::As(status) => {
                rows.push(format!("('{id}', '{status}')"));
                lines.push_str(&format!("{id},{status}\n"));
            }
        }
    }
    let sql = format!(
        "create table outcomes (call_id varchar(20) primary key, status varchar(20)); insert into outcomes values {};",
        rows.join(", ")
    );
    let (maria, postgres) = (mariadb::db(), postgres::db());
    maria.sql(&sql);
    postgres.sql(&sql);
    let mut frozen = Vec::new();
    for source in [
        format!("url = \"{}\"", maria.url()),
        format!("url = \"{}\"", postgres.url()),
        "url = \"sqlite:desk.db\"".to_owned(),
        "kind = \"files\"\ntables.outcomes = { files = \"outcomes.csv\", columns = { call_id = \"text\", status = \"text\" } }"
            .to_owned(),
    ] {
        let lookup = format!(
            "[sources.desk]\n{source}\n[lookups.outcome]\nfrom = \"desk\"\nkey = \"call_id\"\n\
             sql = \"select call_id, status from outcomes where call_id in {{keys}}\"\ncolumns = {{ status = \"text\" }}\n"
        );
        let (place, _calls, _desk) = one_day(|_| Reply::status(500), &lookup);
        place.sqlite("desk.db", &sql);
        place.write("outcomes.csv", &lines);
        place.done(&["check", "save", "verify", "drift 2025-11-06 --exit-code"]);
        let text = place.read("snapshots/2025-11-06/metrics.json");
        let doc: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(frozen_by_outcome(&doc), expected, "{source}");
        frozen.push(text);
    }
    assert!(frozen.iter().all(|text| *text == frozen[0]));
}

#[test]
fn what_a_query_answers_wrong_is_told() {
    for (sql, columns, told) in [
        (
            "select call_id from outcomes where call_id in {keys}",
            "status = \"text\"",
            "lookup outcome: the query gives no column \"status\" behind its first, which is the key: call_id",
        ),
        (
            "select call_id, 'x' as status from outcomes where call_id in {keys}",
            "status = \"integer\"",
            "lookup outcome: of the key \"c0000000\", status is the text \"x\", no number",
        ),
        (
            "select call_id, n as status from outcomes, (select 1 as n union all select 2) where call_id in {keys}",
            "status = \"integer\"",
            "lookup outcome: two answers about the key \"c0000000\" tell different things",
        ),
        (
            "select call_id, nowhere as status from outcomes where call_id in {keys}",
            "status = \"text\"",
            "no such column: nowhere",
        ),
    ] {
        let lookup = format!(
            "[sources.desk]\nurl = \"sqlite:desk.db\"\n[lookups.outcome]\nfrom = \"desk\"\nkey = \"call_id\"\n\
             sql = \"{sql}\"\ncolumns = {{ {columns} }}\n"
        );
        let (place, _calls, _desk) = one_day(|_| Reply::status(500), &lookup);
        place.sqlite("desk.db", "create table outcomes (call_id text, status text); insert into outcomes values ('c0000000', 'NA')");
        fails(&place, 1, told);
    }
}
