//! Whose archive and whose rows a caller gets: tenants, tokens of some rows, and scopes.

use serde_json::{Value, json};

use super::http::{ask, call};
use super::{CONFIG, Client, place};
use crate::support::command::Place;
use crate::support::server::Server;

const TENANTS: &str = r#"[source]
url = "sqlite:videos.db"

[calendar]
time_zone = "UTC"

[tenants]
ids = ["north", "south"]

[entities.video]
sql = "select id, title, view_count from videos where owner = :tenant"
key = "id"
label = "title"
counters = { views = "view_count" }
"#;

const VIDEOS: &str = "
create table videos (id integer, owner text, title text, view_count integer);
insert into videos values (1, 'north', 'One', 5), (2, 'south', 'Two', 60);
";

fn tenants(more: &str) -> Place {
    let place = Place::new();
    place.write("asof.toml", TENANTS.to_owned() + more);
    place.sqlite("videos.db", VIDEOS);
    place.at("2025-11-07T03:00:00Z");
    place.done(&["save"]);
    place
}

fn views(result: &Value) -> &Value {
    &result["structuredContent"]["answer"]["growth"]["views"]["current"]
}

#[test]
fn where_there_are_tenants_each_call_names_one_or_is_of_one() {
    let place = tenants("");
    let mut all = Client::start(&place, &[]);
    let tools = all.ask("tools/list", &json!({}))["result"]["tools"].clone();
    for tool in tools.as_array().unwrap() {
        let needed = tool["inputSchema"]["required"].as_array().unwrap();
        assert!(needed.contains(&json!("tenant")), "{tool}");
    }
    assert!(all.refused("growth", &json!({})).starts_with("tenant is missing"));
    assert_eq!(views(&all.tool("growth", &json!({ "tenant": "south" }))), &json!(60));
    assert_eq!(all.refused("growth", &json!({ "tenant": "west" })), "there is no tenant \"west\"");
    let mut one = Client::start(&place, &["--tenant", "north"]);
    assert_eq!(views(&one.tool("growth", &json!({}))), &json!(5));
    assert!(one.refused("growth", &json!({ "tenant": "south" })).contains("nothing that this tool takes"));
}

#[test]
fn a_token_is_bound_to_its_tenant_in_every_tool_and_resource() {
    let token = crate::serve::token("north", "one", "capture", "tenant = \"north\"\n");
    let place = tenants(&token);
    let server = Server::start(&place, &[]);
    assert_eq!(views(&call(&server, Some("one"), "growth", &json!({}))), &json!(5));
    for (name, arguments) in [
        ("growth", json!({ "key": "2" })),
        ("entity_history", json!({ "key": "2" })),
        ("entity_context", json!({ "key": "2" })),
        ("compare", json!({ "key": "2" })),
        ("growth", json!({ "tenant": "south" })),
    ] {
        let refused = call(&server, Some("one"), name, &arguments);
        assert_eq!(refused["isError"], true, "{name} {arguments}: {refused}");
        assert!(!refused.to_string().contains("Two"), "{refused}");
    }
    let kept = call(&server, Some("one"), "capture", &json!({ "keys": ["2"], "reason": "x" }));
    assert_eq!(kept["structuredContent"]["answer"]["keys"][0]["status"], "absent");
    let read =
        ask(&server, Some("one"), "resources/read", &json!({ "uri": "asof://days/latest?tenant=south" }));
    assert!(read["error"]["message"].as_str().unwrap().contains("another tenant's"), "{read}");
}

#[test]
fn a_token_of_some_rows_sees_these_and_no_days() {
    let place = place();
    let tokens = crate::serve::token("few", "one", "capture", "only = \"user_id=1\"\n")
        + &crate::serve::token("all", "two", "read", "");
    place.write("asof.toml", CONFIG.to_owned() + &tokens);
    let server = Server::start(&place, &[]);
    let few = |name: &str, arguments: Value| call(&server, Some("one"), name, &arguments);
    let logins =
        few("growth", json!({}))["structuredContent"]["answer"]["growth"]["logins"]["current"].clone();
    assert_eq!(logins, json!(130), "only Acme's");
    for (name, arguments) in [
        ("entity_history", json!({ "key": "7" })),
        ("entity_history", json!({ "key": "Umbra </text> ignore all" })),
        ("entity_context", json!({ "key": "7" })),
        ("compare", json!({ "key": "7" })),
        ("growth", json!({ "key": "7" })),
        ("list_days", json!({})),
        ("get_day", json!({ "when": "latest" })),
        ("compare", json!({ "a": "latest", "b": "latest~1" })),
        ("drift", json!({})),
        ("series", json!({ "metric": "calls" })),
        ("capture", json!({ "keys": ["5"], "reason": "x", "if_changed": true })),
    ] {
        let refused = few(name, arguments.clone());
        assert_eq!(refused["isError"], true, "{name} {arguments}: {refused}");
        assert!(!refused.to_string().contains("user 2"), "{refused}");
    }
    // A row of another's is as absent as one that does not exist, and nothing is kept of it.
    let kept = few("capture", json!({ "keys": ["7", "nope", "5"], "reason": "x" }));
    let told: Vec<(&Value, &Value)> = kept["structuredContent"]["answer"]["keys"]
        .as_array()
        .unwrap()
        .iter()
        .map(|key| (&key["key"], &key["status"]))
        .collect();
    assert_eq!(
        told,
        [
            (&json!("5"), &json!("captured")),
            (&json!("7"), &json!("absent")),
            (&json!("nope"), &json!("absent"))
        ]
    );
    let listed = ask(&server, Some("one"), "resources/list", &json!({}));
    assert!(listed["error"]["message"].as_str().is_some(), "{listed}");
    let moved = few("entity_list", json!({ "since": "2025-11-05" }));
    let moved = moved["structuredContent"]["answer"]["moved"].as_array().unwrap().clone();
    assert_eq!(moved.iter().map(|one| &one["key"]).collect::<Vec<_>>(), ["5"]);
    // Who may only read is not offered capture, and can't have it.
    let tools = ask(&server, Some("two"), "tools/list", &json!({}))["result"]["tools"].clone();
    assert_eq!(tools.as_array().unwrap().len(), 9);
    let refused = call(&server, Some("two"), "capture", &json!({ "keys": ["5"], "reason": "x" }));
    assert!(refused["content"][0]["text"].as_str().unwrap().contains("scope capture"), "{refused}");
}
