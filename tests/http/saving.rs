//! A day behind an API is frozen as any other.

use super::{BY_OFFSET, KEY, expected, frozen, place};
use crate::support::api::{Api, Reply, by_offset, calls};

#[test]
fn a_day_is_frozen_with_every_call_once() {
    let all = calls("2025-11-05T00:00:00Z", 3, 721);
    let served = all.clone();
    let api = Api::new(move |request| Reply::json(&by_offset(&served, request)));
    let place = place(&api, BY_OFFSET);
    place.asof("save -v");
    assert!(place.take().contains("froze 2025-11-06 (witnessed) from 721 rows"));
    assert_eq!(frozen(&place, "2025-11-06"), expected(&all, "2025-11-06T06", "2025-11-07T06"));
    let asked = api.asked();
    assert_eq!(asked.len(), 8, "{asked:#?}");
    for request in &asked {
        assert_eq!(request.headers["authorization"], format!("Bearer {KEY}"));
        assert_eq!(request.query["key"], KEY);
        assert_eq!(request.query["from"], "2025-11-06T06:00:00Z");
        assert_eq!(request.query["to"], "2025-11-07T06:00:00Z");
    }
    // The tree is looked through for secrets.
    assert!(!place.tree("").is_empty());
    place.done(&["verify", "drift 2025-11-06", "list", "restore 2025-11-06", "check"]);
    let manifest = place.read("snapshots/2025-11-06/manifest.json");
    assert!(manifest.contains(&format!("\"url\": \"{}\"", api.url())), "{manifest}");
}

#[test]
fn drift_is_told_by_the_columns_of_then() {
    let all = calls("2025-11-05T00:00:00Z", 3, 250);
    let served = std::sync::Arc::new(std::sync::Mutex::new(all));
    let now = std::sync::Arc::clone(&served);
    let api = Api::new(move |request| Reply::json(&by_offset(&now.lock().unwrap(), request)));
    let place = place(&api, BY_OFFSET);
    place.done(&["save"]);
    // A column has another name by now, and two calls became longer by a minute.
    place.change("asof.toml", "length = \"integer\"", "seconds = { at = \"/length\", type = \"integer\" }");
    place.change("asof.toml", "sum = \"length\"", "sum = \"seconds\"");
    let run = place.asof("drift 2025-11-06 --exit-code");
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    for call in &mut served.lock().unwrap()[400..402] {
        let longer = call["length"].as_u64().unwrap() + 60;
        call["length"] = longer.into();
    }
    let run = place.asof("drift 2025-11-06 --exit-code --json");
    assert_eq!(run.code, 4, "{}{}", run.stdout, run.stderr);
    assert!(run.stdout.contains("\"change\":120"), "{}", run.stdout);
    place.forget();
}

#[test]
fn entities_behind_an_api_are_looked_at() {
    let api = Api::new(|request| {
        assert!(request.path.starts_with("/v1/agents"));
        let agents: Vec<_> = (1..=5)
            .map(|at| serde_json::json!({ "id": at, "name": format!("Agent {at}"), "calls": at * 100 }))
            .collect();
        Reply::json(&serde_json::json!({ "agents": agents }))
    });
    let place = super::place(&api, BY_OFFSET);
    place.write(
        "asof.toml",
        format!(
            r#"
[source]
kind = "http"
url = "{}"
[source.feeds.agents]
url = "/v1/agents"
items = "/agents"
key = ["id"]
columns = {{ id = "integer", name = "text", calls = "integer" }}
[calendar]
time_zone = "America/Chicago"
[entities.agent]
sql = "select id, name, calls from agents"
key = "id"
label = "name"
counters = {{ calls = "calls" }}
"#,
            api.url()
        ),
    );
    let run = place.asof("save");
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
    let run = place.asof("history agent 3 --json");
    assert!(run.code == 0 && run.stdout.contains("300"), "{}{}", run.stdout, run.stderr);
    assert_eq!(api.asked().len(), 1);
    place.forget();
}

#[test]
fn an_api_is_asked_no_quicker_than_it_may_be() {
    let all = calls("2025-11-05T00:00:00Z", 3, 721);
    let api = Api::new(move |request| Reply::json(&by_offset(&all, request)));
    let place = place(&api, BY_OFFSET);
    place.change("asof.toml", "retry_for", "max_requests_per_second = 10\nretry_for");
    let started = std::time::Instant::now();
    place.done(&["save"]);
    // Eight requests, the first one at once.
    assert_eq!(api.asked().len(), 8);
    assert!(started.elapsed() >= std::time::Duration::from_millis(700), "{:?}", started.elapsed());
}
