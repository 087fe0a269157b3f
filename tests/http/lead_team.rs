//! The preset of a lead team behind two APIs, as it is written but for where the APIs are: twelve days of calls, what came
//! of them, and whom to call again, held against the calls themselves.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::support::api::{Api, Reply, Request};
use crate::support::command::Place;

const CALLS_KEY: &str = "c4lls-s3cr3t";
const DESK_KEY: &str = "d3sk-s3cr3t-2";
const A_DAY: u64 = 1_300;
const DAYS: u64 = 12;

/// A call, and what came of it, where anybody knows.
#[derive(Clone)]
struct Call {
    id: String,
    lead: u64,
    phone: String,
    at: chrono::DateTime<chrono::Utc>,
    seconds: u64,
    cents: u64,
    outcome: Option<(&'static str, String)>,
}

/// From midnight of 2025-10-26 in Chicago on; clocks go back in the night to 2 November.
fn made() -> Vec<Call> {
    let first: chrono::DateTime<chrono::Utc> = "2025-10-26T05:00:00Z".parse().unwrap();
    let call = |number: u64| {
        let lead = number * 7_919 % 4_001;
        // The same phone in the spellings of three lists.
        let phone = match number % 3 {
            0 => format!("+1314555{lead:04}"),
            1 => format!("314-555-{lead:04}"),
            _ => format!("(314) 555 {lead:04}"),
        };
        let status = ["NA", "NI", "CALLBK", "B", "SALE", "AM", "NO SALE", "NA", "DNC", "AM", "NA"];
        let status = status[usize::try_from(number * 31 % 233 % 11).unwrap()];
        let known = number % 211 != 5;
        Call {
            id: format!("call-{number:06}"),
            lead,
            phone,
            at: first + chrono::TimeDelta::seconds(i64::try_from(number * 86_400 / A_DAY).unwrap()),
            seconds: number * 29 % 611,
            cents: number * 17 % 95,
            outcome: known.then(|| (status, format!("Agent {}", number % 17))),
        }
    };
    (0..A_DAY * DAYS).map(call).collect()
}

fn calls_page(all: &[Call], request: &Request) -> Value {
    assert_eq!(request.headers["authorization"], format!("Bearer {CALLS_KEY}"));
    let end = |name: &str| request.query[name].parse::<chrono::DateTime<chrono::Utc>>().unwrap();
    let found: Vec<&Call> = all.iter().filter(|call| (end("from")..end("to")).contains(&call.at)).collect();
    let page = found.iter().skip(request.number_of("offset")).take(request.number_of("limit"));
    let item = |call: &&Call| {
        json!({
            "call_id": call.id,
            "metadata": { "lead_id": call.lead },
            "to": call.phone,
            "created_at": call.at.to_rfc3339(),
            "call_length": call.seconds,
            "price": serde_json::Number::from_string_unchecked(format!("0.{:02}", call.cents)),
        })
    };
    json!({ "calls": page.map(item).collect::<Vec<_>>(), "total_count": found.len() })
}

fn outcomes(all: &[Call], request: &Request) -> Value {
    assert_eq!(request.headers["authorization"], format!("Bearer {DESK_KEY}"));
    let body: Value = serde_json::from_str(&request.body).unwrap();
    let known: BTreeMap<&str, &Call> = all.iter().map(|call| (call.id.as_str(), call)).collect();
    let item = |id: &Value| {
        let (status, agent) = known[id.as_str().unwrap()].outcome.as_ref()?;
        Some(json!({ "call_id": id, "status": status, "agent": { "name": agent } }))
    };
    let items: Vec<Value> = body["call_ids"].as_array().unwrap().iter().filter_map(item).collect();
    json!({ "outcomes": items })
}

/// A number to the nearest hundredth, in hundredths.
fn hundredths(number: &Value) -> u64 {
    let text = number.to_string();
    let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
    let part: u64 = format!("{part:0<3.3}").parse().unwrap();
    whole.parse::<u64>().unwrap() * 100 + (part + 5) / 10
}

fn phone(call: &Call) -> String {
    format!("+1314555{:04}", call.lead)
}

#[test]
fn the_preset_freezes_calls_with_what_came_of_them_and_lists_whom_to_call_again() {
    let all = std::sync::Arc::new(made());
    let (served, known) = (all.clone(), all.clone());
    let fault = |request: &Request| request.number.is_multiple_of(10);
    let api = Api::new(move |request| {
        if fault(request) { Reply::status(502) } else { Reply::json(&calls_page(&served, request)) }
    });
    let desk = Api::new(move |request| {
        let page = outcomes(&known, request);
        if fault(request) { Reply::Cut(page.to_string()) } else { Reply::json(&page) }
    });
    let place = Place::new();
    for (name, key) in [("ASOF_CALLS_KEY", CALLS_KEY), ("ASOF_DESK_KEY", DESK_KEY)] {
        place.env(name, key);
        place.secret(key);
    }
    place.done(&["init --preset lead-backfill-api"]);
    place.change("asof.toml", "https://api.example.com", &api.url());
    place.change("asof.toml", "https://desk.example.com", &desk.url());
    place.change("asof.toml", "max_requests_per_second = 5 ", "max_requests_per_second = 500 ");
    place.at("2025-11-07T09:00:00-06:00");
    place.done(&["check 2025-11-06"]);
    let run = place.asof("backfill --from 2025-10-26 --to 2025-11-06 --jobs 2");
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    let day_of = |call: &Call| call.at.with_timezone(&chrono_tz::America::Chicago).date_naive().to_string();
    let mut before: BTreeSet<String> = BTreeSet::new();
    for day in "2025-10-26".parse::<chrono::NaiveDate>().unwrap().iter_days().take(12) {
        let day = day.to_string();
        let called: Vec<&Call> = all.iter().filter(|call| day_of(call) == day).collect();
        let text = place.read(&format!("snapshots/{day}/metrics.json"));
        let doc: Value = serde_json::from_str(&text).unwrap();
        let value = |metric: &str| doc["metrics"][metric]["value"].clone();
        let with = |wanted: &[&str]| {
            let is = |call: &&&Call| call.outcome.as_ref().is_some_and(|(status, _)| wanted.contains(status));
            called.iter().filter(is).count()
        };
        let answered = ["SALE", "NO SALE", "NI", "CALLBK", "DNC"];
        assert_eq!(value("calls"), json!(called.len()), "{day}");
        assert_eq!(value("answered"), json!(with(&answered)), "{day}");
        assert_eq!(value("sales"), json!(with(&["SALE"])), "{day}");
        assert_eq!(value("callbacks"), json!(with(&["CALLBK"])), "{day}");
        assert_eq!(value("do_not_call"), json!(with(&["DNC"])), "{day}");
        let open = called.iter().filter(|call| call.outcome.is_none()).count();
        assert_eq!(value("open_calls"), json!(open), "{day}");
        let cents: u64 = called.iter().map(|call| call.cents).sum();
        assert_eq!(hundredths(&value("cost")), cents, "{day}");
        let seconds: u64 = called.iter().map(|call| call.seconds).sum();
        assert_eq!(hundredths(&value("minutes")), (seconds * 100 + 30) / 60, "{day}");
        let phones: BTreeSet<String> = called.iter().map(|call| phone(call)).collect();
        let seen = &doc["metrics"]["phones"];
        assert_eq!(seen["value"], json!(phones.len()), "{day}");
        before.extend(phones);
        assert_eq!(seen["seen"]["cumulative"], json!(before.len()), "{day}");
        let mut agents: BTreeMap<Option<&str>, u64> = BTreeMap::new();
        for call in &called {
            *agents.entry(call.outcome.as_ref().map(|(_, agent)| agent.as_str())).or_default() += 1;
        }
        let told = doc["metrics"]["calls"]["by"]["agent"].as_array().unwrap();
        let told: BTreeMap<Option<&str>, u64> =
            told.iter().map(|member| (member["key"].as_str(), member["value"].as_u64().unwrap())).collect();
        assert_eq!(told, agents, "{day}");
    }
    // Whom to call again: reckoned phone by phone.
    let mut phones: BTreeMap<String, Vec<&Call>> = BTreeMap::new();
    for call in all.iter() {
        phones.entry(phone(call)).or_default().push(call);
    }
    let is_wanted = |calls: &Vec<&Call>| {
        let ended = |call: &&Call| call.outcome.as_ref().map(|(status, _)| *status);
        let out = calls.iter().any(|call| matches!(ended(call), None | Some("SALE" | "DNC")));
        !out && matches!(ended(calls.last().unwrap()), Some("NA" | "B" | "AM" | "CALLBK"))
    };
    let expected: BTreeMap<String, (Value, Value)> = phones
        .iter()
        .filter(|(_, calls)| is_wanted(calls))
        .map(|(phone, calls)| {
            let last = calls.last().unwrap();
            (phone.clone(), (json!(last.lead.to_string()), json!(last.outcome.as_ref().unwrap().0)))
        })
        .collect();
    let queue: Value =
        serde_json::from_str(&place.read("worklists/redial/redial-queue_2025-11.json")).unwrap();
    let written: BTreeMap<String, (Value, Value)> = queue
        .as_object()
        .unwrap()
        .values()
        .map(|entry| {
            let phone = entry["phone_key"].as_str().unwrap().to_owned();
            (phone, (entry["lead_id"].clone(), entry["last_outcome"].clone()))
        })
        .collect();
    assert!(expected.len() > 300, "{}", expected.len());
    assert_eq!(written, expected);
    place.done(&["verify", "list", "compare 2025-11-05 2025-11-06", "drift 2025-11-06 --exit-code"]);
    let page = place.read("snapshots/2025-11-06/dashboard.html");
    assert!(page.contains("lookup outcome") && page.contains("Without an outcome"));
    assert!(place.tree("").len() > 12 * 4);
}
