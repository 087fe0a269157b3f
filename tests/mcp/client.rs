//! The official client, in another language: it lists and calls every tool, over both ways, and holds each answer against
//! the schema that the tool gives.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use super::{CONFIG, place};
use crate::support::command::{NOW, Place};
use crate::support::server::Server;

const SCRIPT: &str = include_str!("client.py");

fn run(place: &Place, arguments: &[&str]) -> Value {
    let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools/mcp");
    assert!(tools.exists(), "scripts/fetch-mcp-client puts the client below target/tools");
    let out = Command::new("python3")
        .args(["-c", SCRIPT])
        .args(arguments)
        .current_dir(place.path(""))
        .env("PYTHONPATH", tools)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "{said}");
    serde_json::from_slice(&out.stdout).unwrap_or_else(|error| panic!("{error}: {said}"))
}

fn check(told: &Value) {
    assert_eq!(told["server"], "asof");
    assert_eq!(told["instructions"], json!(true));
    let called = told["called"].as_object().unwrap();
    assert_eq!(called.len(), 10, "{told}");
    for (tool, result) in called {
        assert_eq!(result, &json!({ "error": false, "sound": true, "cites": true }), "{tool}");
    }
    assert_eq!(told["wrong"], json!(true), "a wrong argument is the tool's error");
    assert_eq!(told["resources"], json!(["asof://days/2025-11-06@1", "asof://days/2025-11-05@1"]));
    assert_eq!(told["templates"], json!(["asof://days/{when}"]));
    assert_eq!(told["calls"], json!(3));
}

#[test]
fn the_official_client_lists_and_calls_every_tool_over_standard_input_and_output() {
    let place = place();
    for mode in ["auto", "legacy"] {
        check(&run(&place, &["stdio", mode, env!("CARGO_BIN_EXE_asof"), NOW]));
    }
}

#[test]
fn and_over_http_with_a_token() {
    let place = place();
    let token = crate::serve::token("model", "one", "capture", "");
    place.write("asof.toml", CONFIG.to_owned() + &token);
    let server = Server::start(&place, &[]);
    for mode in ["auto", "legacy"] {
        check(&run(&place, &["http", mode, &format!("http://{}/mcp", server.address), "one"]));
    }
    assert_eq!(server.end().0, 0);
}
