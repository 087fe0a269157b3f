//! What once made wrong numbers of lookups, or asked for ever: each of these was seen.

use serde_json::{Value, json};

use super::lookups::{BY_API, WORKLIST, answered, at, by_outcome, frozen_by_outcome};
use super::lookups_answered::{fails, one_day};
use super::place;
use crate::support::api::{Api, Reply, by_offset, calls};

fn frozen(place: &crate::support::command::Place, day: &str) -> Value {
    serde_json::from_str(&place.read(&format!("snapshots/{day}/metrics.json"))).unwrap()
}

#[test]
fn a_key_named_as_a_row_number_is_the_column_of_the_event() {
    let (place, _calls, _desk) = one_day(|request| Reply::json(&answered(request)), BY_API);
    place.change("asof.toml", "call_id = \"text\", created_at", "oid = { at = \"/call_id\" }, created_at");
    place.change("asof.toml", "key = [\"call_id\"]", "key = [\"oid\"]");
    place.change("asof.toml", "key = \"call_id\"\nmethod", "key = \"oid\"\nmethod");
    place.change("asof.toml", "id = \"call_id\"\n", "id = \"oid\"\n");
    place.change("asof.toml", "call_id = \"call_id\"", "call_id = \"oid\"");
    place.done(&["save"]);
    let all = calls("2025-11-06T06:00:00Z", 1, 300);
    let expected = by_outcome(&all, "2025-11-06T06", "2025-11-07T06");
    assert_eq!(frozen_by_outcome(&frozen(&place, "2025-11-06")), expected);
}

#[test]
fn a_short_range_knows_whom_an_earlier_day_put_out() {
    // One phone is called on two days: it said no on the first.
    let call = |id: &str, at: &str| json!({ "call_id": id, "created": { "at": at }, "to": "+13125550100" });
    let served = [call("a", "2025-11-04T15:00:00Z"), call("b", "2025-11-06T15:00:00Z")];
    let api = Api::new(move |request| Reply::json(&by_offset(&served, request)));
    let desk = Api::new(|request| {
        let body: Value = serde_json::from_str(&request.body).unwrap();
        let known = [("a", "DNC"), ("b", "NA")];
        let asked = |id: &str| body["ids"].as_array().unwrap().contains(&json!(id));
        let item = |(id, status): &(&str, &str)| json!({ "call": { "id": id }, "status": status });
        let items: Vec<Value> = known.iter().filter(|(id, _)| asked(id)).map(item).collect();
        Reply::json(&json!({ "outcomes": items }))
    });
    let place = place(&api, "");
    at(&place, &api, &desk.url(), BY_API);
    place.done(&["save 2025-11-04", "save 2025-11-06"]);
    let run = place.asof("worklist redial --from 2025-11-06 --json");
    assert!(run.stdout.contains("\"added\":0") && run.stdout.contains("\"dnc\":1"), "{}", run.stdout);
    assert!(!place.path("worklists/redial/redial-queue_2025-11.json").exists());
    // Nothing is made up about a day that is not frozen yet: the plan can be looked at.
    let run = place.asof("backfill --from 2025-11-05 --to 2025-11-05 --dry-run");
    assert!(run.code == 0 && !(run.stdout + &run.stderr).contains("would fail"));
    place.forget();
}

#[test]
fn answers_that_do_not_fit_together_freeze_nothing() {
    let with = |change: fn(&mut Value), batch: &str, code: i32, told: &str| {
        let (place, _calls, _desk) = one_day(
            move |request| {
                let mut page = answered(request);
                change(&mut page);
                Reply::json(&page)
            },
            &BY_API.replace("batch = 200", batch),
        );
        place.change("asof.toml", "retry_for = \"60s\"", "retry_for = \"2s\"");
        fails(&place, code, told);
    };
    let total = "batch = 200\ntotal = \"/count\"";
    with(|_| {}, total, 1, "there is no total at \"/count\"");
    with(|page| page["count"] = json!(1_000), total, 1, "it tells of 1000 items and gives");
    // As many items as there should be, and one of them twice.
    with(
        |page| {
            let items = page["outcomes"].as_array_mut().unwrap();
            let count = items.len();
            let first = items[0].clone();
            items[count - 1] = first;
            page["count"] = json!(count);
        },
        total,
        1,
        "different ones",
    );
    // The key is looked for where another one is.
    with(
        |page| {
            for item in page["outcomes"].as_array_mut().unwrap() {
                item["call"]["id"] = json!("agent-6");
                item["status"] = json!("NA");
            }
        },
        "batch = 200",
        1,
        "answers, and none is about a key that was asked about",
    );
    // What the API was told in a header is in no message.
    with(
        |page| {
            let items = page["outcomes"].as_array_mut().unwrap();
            items.clear();
            items.push(json!({ "Bearer d3sk-s3cr3t": 1 }));
        },
        "batch = 200",
        1,
        "there is /Bearer {desk}",
    );
}

#[test]
fn one_key_is_answered_by_what_has_its_columns() {
    let one = BY_API.replace("method = \"POST\"\nurl = \"/outcomes\"", "url = \"/outcomes/{keys}\"").replace(
        "body = '{\"ids\": \"{keys}\"}'\nbatch = 200\nitems = \"/outcomes\"\nkey_at = \"/call/id\"",
        "batch = 1",
    );
    let (place, _calls, _desk) = one_day(|_| Reply::json(&json!({ "error": "too many" })), &one);
    fails(&place, 1, "no item has anything at \"/status\", which becomes the column status; there is /error");
}

#[test]
fn a_key_that_is_another_one_each_time_is_not_asked_about_for_ever() {
    let (place, _calls, desk) = one_day(|_| Reply::json(&json!({ "outcomes": [] })), BY_API);
    place.change("asof.toml", "key = \"call_id\"\nmethod", "key = \"random()\"\nmethod");
    fails(&place, 1, "lookup outcome: its key is not the same each time it is read");
    assert!(desk.asked().len() < 10);
}

#[test]
fn half_of_a_letter_is_no_text() {
    let api = Api::new(|_| {
        let text = r#"{"calls": [{"call_id": "a\ud83d", "created": {"at": "2025-11-06T12:00:00Z"}, "to": "1"}], "total_count": 1}"#;
        Reply::Text(200, Vec::new(), text.to_owned())
    });
    let place = place(&api, "");
    at(&place, &api, "http://127.0.0.1:1", BY_API);
    fails(&place, 1, "is a text with half of a letter in it");
}

#[test]
fn files_of_the_day_answer_about_that_day_only() {
    let served = [
        json!({ "call_id": "a", "created": { "at": "2025-11-05T15:00:00Z" }, "to": "1" }),
        json!({ "call_id": "b", "created": { "at": "2025-11-06T15:00:00Z" }, "to": "1" }),
    ];
    let api = Api::new(move |request| Reply::json(&by_offset(&served, request)));
    let place = place(&api, "");
    let lookup = "[sources.desk]\nkind = \"files\"\n\
         tables.outcomes = { files = \"outcomes-{date}.csv\", columns = { phone = \"text\", status = \"text\" } }\n\
         [lookups.outcome]\nfrom = \"desk\"\nkey = \"phone\"\n\
         sql = \"select phone, status from outcomes where phone in {keys}\"\ncolumns = { status = \"text\" }\n";
    at(&place, &api, "", lookup);
    place.change("asof.toml", WORKLIST, "");
    place.write("outcomes-2025-11-05.csv", "phone,status\n1,NA\n");
    place.write("outcomes-2025-11-06.csv", "phone,status\n1,SALE\n");
    place.done(&["backfill --from 2025-11-05 --to 2025-11-06 --jobs 1"]);
    assert_eq!(frozen(&place, "2025-11-05")["metrics"]["sales"]["value"], json!(0));
    assert_eq!(frozen(&place, "2025-11-06")["metrics"]["sales"]["value"], json!(1));
}

#[test]
fn a_day_is_read_again_by_the_question_of_then() {
    let served = calls("2025-11-06T06:00:00Z", 1, 300);
    let api = Api::new(move |request| Reply::json(&by_offset(&served, request)));
    let desk = Api::new(|request| {
        let mut page = answered(request);
        let body: Value = serde_json::from_str(&request.body).unwrap();
        if body["kind"] == json!("final") {
            for item in page["outcomes"].as_array_mut().unwrap() {
                item["status"] = json!("CLOSED");
            }
        }
        Reply::json(&page)
    });
    let place = place(&api, "");
    at(&place, &api, &desk.url(), BY_API);
    place.done(&["save"]);
    place.change("asof.toml", "{\"ids\": \"{keys}\"}", "{\"ids\": \"{keys}\", \"kind\": \"final\"}");
    place.done(&["drift 2025-11-06 --exit-code"]);
    let run = place.asof("drift 2025-11-06 --definitions current --json");
    // Asked as the configuration says now, nobody has sold anything.
    assert!(run.stdout.contains("\"live\":0,\"percentage\":-100.00"), "{}", run.stdout);
    place.forget();
    // A day whose lookup is not in the configuration any more says so.
    let text = place.read("asof.toml");
    let (before, desk) = text.split_once("[sources.desk]").unwrap();
    let calls = before.split("[worklist.redial]").next().unwrap();
    let desk = desk.split("[lookups.outcome]").next().unwrap();
    let without = format!(
        "{calls}[sources.desk]{desk}[sources.desk.feeds.none]\nurl = \"/\"\ncolumns = {{ id = \"text\" }}\n"
    )
    .replace("by.outcome = \"lookup.outcome.status\"\n", "")
    .replace(", where = \"lookup.outcome.status in {sale}\"", "");
    place.write("asof.toml", without);
    let run = place.asof("drift 2025-11-06");
    assert!(
        run.stdout.contains("lookup outcome: the configuration does not say how it is asked any more"),
        "{}",
        run.stdout
    );
    place.forget();
}
