//! What a second system knows of calls: counted, listed, and held against what the test itself reckons.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::backfilling::{days, many};
use super::{KEY, place};
use crate::support::api::{Api, Reply, Request, by_offset, calls};
use crate::support::command::Place;

/// The secret of the second system.
const DESK: &str = "d3sk-s3cr3t";

/// What the second system knows of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// Nothing.
    Unknown,
    /// The call, and not how it ended.
    Open,
    /// How it ended.
    As(&'static str),
}

/// It knows nothing of each 173rd call, and of each 401st not how it ended.
pub(super) fn ended(call: &Value) -> Ended {
    ended_of(call["call_id"].as_str().unwrap())
}

pub(super) fn ended_of(call_id: &str) -> Ended {
    let number: u64 = call_id.trim_start_matches('c').parse().unwrap();
    match number % 401 {
        _ if number % 173 == 11 => Ended::Unknown,
        7 => Ended::Open,
        rest if rest % 97 == 0 => Ended::As("SALE"),
        rest if rest % 89 == 1 => Ended::As("DNC"),
        rest if rest % 5 == 2 => Ended::As("CALLBK"),
        rest if rest % 3 == 0 => Ended::As("NA"),
        _ => Ended::As("NI"),
    }
}

/// A second system: it is asked for a list of ids, and answers about those that it knows, in an order of its own.
pub(super) fn answered(request: &Request) -> Value {
    assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/outcomes"), "{request:?}");
    assert_eq!(request.headers["x-desk"], DESK);
    let body: Value = serde_json::from_str(&request.body).unwrap();
    let ids = body["ids"].as_array().unwrap();
    assert!(!ids.is_empty() && ids.len() <= 200, "{body}");
    let item = |id: &Value| {
        let status = match ended_of(id.as_str().unwrap()) {
            Ended::Unknown => return None,
            Ended::Open => Value::Null,
            Ended::As(status) => json!(status),
        };
        Some(json!({ "call": { "id": id }, "status": status, "seconds": 7 }))
    };
    let items: Vec<Value> = ids.iter().rev().filter_map(item).collect();
    json!({ "outcomes": items })
}

const CALLS: &str = r#"
[sources.bland]
kind = "http"
url = "@calls"
headers = { authorization = "Bearer {key}" }
secrets = { key = { env = "BLAND_KEY" } }
retry_for = "60s"
timeout = "4s"

[sources.bland.feeds.calls]
url = "/v1/calls?from={start}&to={end}&limit=1000&offset={offset}&key={key}"
items = "/calls"
total = "/total_count"
pages = { by = "offset", size = 1000 }
key = ["call_id"]
columns = { call_id = "text", created_at = { at = "/created/at", type = "time" }, phone = { at = "/to" } }

[calendar]
time_zone = "America/Chicago"

[lists]
sale = ["SALE"]
dnc = ["DNC"]
redial = ["NA", "CALLBK"]

[events.calls]
from = "bland"
table = "calls"
time = "created_at"
time_is = "instant"
by.outcome = "lookup.outcome.status"

[metrics]
calls = { of = "calls", count = true }
sales = { of = "calls", count = true, where = "lookup.outcome.status in {sale}" }
sellers = { of = "calls", distinct = "phone", where = "lookup.outcome.status in {sale}", as = "phone" }

"#;

pub(super) const WORKLIST: &str = r#"
[worklist.redial]
of = "calls"
key = "phone"
as = "phone"
outcome = "lookup.outcome.status"
id = "call_id"
out = ["sale", "dnc"]
take = "redial"
carry = { call_id = "call_id" }
"#;

pub(super) const BY_API: &str = r#"
[sources.desk]
kind = "http"
url = "@desk"
headers = { x-desk = "{desk}" }
secrets = { desk = { env = "DESK_KEY" } }
retry_for = "60s"
timeout = "4s"

[lookups.outcome]
from = "desk"
key = "call_id"
method = "POST"
url = "/outcomes"
body = '{"ids": "{keys}"}'
batch = 200
items = "/outcomes"
key_at = "/call/id"
columns = { status = "text" }
"#;

pub(super) fn at(place: &Place, calls: &Api, desk: &str, lookup: &str) {
    let config = format!("{CALLS}{WORKLIST}{lookup}").replace("@calls", &calls.url()).replace("@desk", desk);
    place.write("asof.toml", config);
    place.env("DESK_KEY", DESK);
    place.secret(DESK);
}

/// A day of calls by how they ended; `None` where nobody knows.
pub(super) fn by_outcome(calls: &[Value], start: &str, end: &str) -> BTreeMap<Option<String>, u64> {
    let mut by = BTreeMap::new();
    for call in calls {
        let begun = call["created"]["at"].as_str().unwrap();
        if begun >= start && begun < end {
            let ended = match ended(call) {
                Ended::As(status) => Some(status.to_owned()),
                Ended::Open | Ended::Unknown => None,
            };
            *by.entry(ended).or_insert(0) += 1;
        }
    }
    by
}

pub(super) fn frozen_by_outcome(doc: &Value) -> BTreeMap<Option<String>, u64> {
    let members = doc["metrics"]["calls"]["by"]["outcome"].as_array().unwrap();
    members
        .iter()
        .map(|member| (member["key"].as_str().map(str::to_owned), member["value"].as_u64().unwrap()))
        .collect()
}

/// The phones to call again: for each its latest call. A phone with a call of which nobody knows anything waits.
fn queue(calls: &[Value], include: bool) -> (BTreeMap<String, String>, BTreeMap<&'static str, u64>) {
    let mut phones: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
    for call in calls {
        phones.entry(call["to"].as_str().unwrap()).or_default().push(call);
    }
    let (mut queue, mut told) = (BTreeMap::new(), BTreeMap::new());
    for (phone, calls) in phones {
        let ever = |status: Ended| calls.iter().any(|call| ended(call) == status);
        // In the order of time, and ids go up with it.
        let latest = calls.last().unwrap();
        let became = if ever(Ended::As("SALE")) {
            "sale"
        } else if ever(Ended::As("DNC")) {
            "dnc"
        } else if !include && ever(Ended::Unknown) {
            "unknown"
        } else {
            match ended(latest) {
                Ended::Unknown | Ended::As("NA" | "CALLBK") => {
                    queue.insert(phone.to_owned(), latest["call_id"].as_str().unwrap().to_owned());
                    "added"
                }
                Ended::Open => "NULL",
                Ended::As(_) => "NI",
            }
        };
        *told.entry(became).or_insert(0) += 1;
    }
    (queue, told)
}

fn written(place: &Place) -> BTreeMap<String, String> {
    let text = place.read("worklists/redial/redial-queue_2025-11.json");
    let doc: Value = serde_json::from_str(&text).unwrap();
    let entries = doc.as_object().unwrap().iter();
    entries.map(|(phone, entry)| (phone.clone(), entry["call_id"].as_str().unwrap().to_owned())).collect()
}

#[test]
fn a_backfill_and_its_redial_queue_know_what_the_second_system_knows() {
    let all = many();
    let served = all.clone();
    let faulty = |request: &Request, page: Value| match request.number {
        number if number % 10 != 0 => Reply::json(&page),
        number => match number / 10 % 4 {
            0 => Reply::status(503),
            1 => Reply::Cut(page.to_string()),
            2 => Reply::Text(200, Vec::new(), page.to_string().replacen('"', "", 1)),
            _ => Reply::status(429).with("Retry-After", "0"),
        },
    };
    let api = Api::new(move |request| faulty(request, by_offset(&served, request)));
    let desk = Api::new(move |request| faulty(request, answered(request)));
    let place = place(&api, "");
    at(&place, &api, &desk.url(), BY_API);
    place.hide(desk.port().to_string(), "PORT");
    let run = place.asof("backfill --from 2025-09-30 --to 2025-11-06 --jobs 2 -v");
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    for (day, start, end) in days() {
        let doc: Value = serde_json::from_str(&place.read(&format!("snapshots/{day}/metrics.json"))).unwrap();
        let expected = by_outcome(&all, &start, &end);
        assert_eq!(frozen_by_outcome(&doc), expected, "{day}");
        let sold = expected.get(&Some("SALE".to_owned())).copied().unwrap_or_default();
        assert_eq!(doc["metrics"]["sales"]["value"], json!(sold), "{day}");
        let called: Vec<&Value> = all
            .iter()
            .filter(|call| (start.as_str()..end.as_str()).contains(&call["created"]["at"].as_str().unwrap()))
            .collect();
        let sellers: BTreeSet<&str> = called
            .iter()
            .filter(|call| ended(call) == Ended::As("SALE"))
            .map(|call| call["to"].as_str().unwrap())
            .collect();
        assert_eq!(doc["metrics"]["sellers"]["value"], json!(sellers.len()), "{day}");
        let unknown = called.iter().filter(|call| ended(call) == Ended::Unknown).count();
        let manifest: Value =
            serde_json::from_str(&place.read(&format!("snapshots/{day}/manifest.json"))).unwrap();
        assert_eq!(
            manifest["events"]["calls"]["lookups"]["outcome"],
            json!({ "keys": called.len(), "unknown": unknown, "without_key": 0 }),
            "{day}"
        );
    }
    let (expected, told) = queue(&all, false);
    assert!(expected.len() > 1_000 && told["unknown"] > 20 && told["NULL"] > 5, "{told:?}");
    assert_eq!(written(&place), expected);
    let again = place.asof("worklist redial --json --dry-run");
    let counts: Value = serde_json::from_str(again.stdout.trim()).unwrap();
    assert_eq!(
        (&counts["added"], &counts["already"], &counts["unknown"], &counts["out"], &counts["latest"]),
        (
            &json!(0),
            &json!(told["added"]),
            &json!(told["unknown"]),
            &json!({ "sale": told["sale"], "dnc": told["dnc"] }),
            &json!({ "NI": told["NI"], "NULL": told["NULL"] }),
        )
    );
    // With what is not known taken in.
    place.change("asof.toml", "take = \"redial\"", "take = \"redial\"\nunknown = \"include\"");
    assert_eq!(place.asof("worklist redial").code, 0);
    let (expected, _) = queue(&all, true);
    assert_eq!(written(&place), expected);
    place.forget();
    place.done(&["verify", "drift --from 2025-11-05 --to 2025-11-06 --exit-code"]);
    // It holds no secret, and neither does what lies beside it.
    assert!(place.tree("").len() > 38 * 4 && KEY != DESK);
}

#[test]
fn a_key_is_asked_about_once_in_a_run() {
    let all = calls("2025-11-05T00:00:00Z", 3, 250);
    // The same few ids come back on each day.
    let served: Vec<Value> = all
        .into_iter()
        .enumerate()
        .map(|(number, mut call)| {
            call["batch"] = json!(format!("c{:07}", number % 40));
            call
        })
        .collect();
    let api = Api::new(move |request| Reply::json(&by_offset(&served, request)));
    let desk = Api::new(|request| Reply::json(&answered(request)));
    let place = place(&api, "");
    at(&place, &api, &desk.url(), BY_API);
    place.change("asof.toml", "phone = { at = \"/to\" }", "phone = { at = \"/to\" }, batch = \"text\"");
    place.change("asof.toml", "key = \"call_id\"\nmethod", "key = \"batch\"\nmethod");
    place.change("asof.toml", "batch = 200", "batch = 7");
    place.change("asof.toml", WORKLIST, "");
    place.done(&["backfill --from 2025-11-05 --to 2025-11-06 --jobs 1"]);
    let asked: Vec<usize> = desk
        .asked()
        .iter()
        .map(|request| serde_json::from_str::<Value>(&request.body).unwrap()["ids"].as_array().unwrap().len())
        .collect();
    assert_eq!(asked.iter().sum::<usize>(), 40, "{asked:?}");
    assert_eq!(asked.len(), 6, "{asked:?}");
}
