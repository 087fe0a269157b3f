//! What is told of the server by its `OpenAPI` document, held against the server: by a client in another language that knows nothing
//! else, and by schemathesis, which makes up what may be asked and what may not.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::entities::{ACCOUNTS, CONFIG as ENTITIES, SECOND};
use crate::cli::{CALLS, CONFIG};
use crate::support::command::Place;
use crate::support::server::Server;

/// Days and accounts in one archive, frozen twice, so that all there is can be asked for.
pub(super) fn both(more: &str) -> Place {
    let place = Place::new();
    let entities = ENTITIES.find("[entities.account]").map(|at| &ENTITIES[at..]).unwrap();
    let alerts = "\n[alerts.few]\nmetric = \"calls\"\nbelow = 10\n";
    place.write("asof.toml", format!("{CONFIG}\n{entities}{alerts}{more}"));
    place.sqlite("calls.db", &format!("{CALLS}{ACCOUNTS}"));
    place.at("2025-11-06T02:10:00-06:00");
    place.done(&["save"]);
    place.sqlite("calls.db", SECOND);
    place.at("2025-11-07T02:10:00-06:00");
    place.done(&["save"]);
    place.at("2025-11-07T03:00:00-06:00");
    place
}

#[test]
fn a_client_goes_through_all_of_it_by_its_open_api_alone() {
    let place = both("");
    let server = Server::start(&place, &[]);
    let client = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/serve/client.py");
    let address = format!("http://{}", server.address);
    let run = Command::new("python3").arg(client).arg(address).output().unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let done: Value = serde_json::from_slice(&run.stdout).unwrap();
    let api = server.get("/api/openapi.json").json();
    let of = |method: &str| {
        api["paths"].as_object().unwrap().values().filter(|item| item.get(method).is_some()).count()
    };
    assert_eq!(
        (done["GET"].as_u64(), done["POST"].as_u64()),
        (Some(of("get") as u64), Some(of("post") as u64))
    );
    assert!(done["parts"].as_u64() > Some(8), "{done}");
    let (code, said) = server.end();
    assert_eq!((code, said.as_str()), (0, ""));
}

/// Lets schemathesis try everything, with these lines of its configuration.
fn tried(name: &str, settings: &str) {
    let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/tools/schemathesis");
    assert!(
        tools.join("bin/schemathesis").exists(),
        "this test needs schemathesis in {}: run scripts/fetch-schemathesis",
        tools.display()
    );
    let place = both("\n[serve]\nrequests_per_second = 100000\n");
    let server = Server::start(&place, &[]);
    place.write("schemathesis.toml", settings);
    let run = Command::new("python3")
        .arg(tools.join("bin/schemathesis"))
        .args(["run", &format!("http://{}/api/openapi.json", server.address)])
        .args(["--generation-deterministic", "--max-examples", "10", "--no-color"])
        .args(["--phases", "examples,coverage,fuzzing", "--no-shrink", "--output-sanitize", "false"])
        .args(["--suppress-health-check", "all", "--request-timeout", "60"])
        .current_dir(place.path("."))
        .env("PYTHONPATH", &tools)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success(), "{name}: {said}{}", String::from_utf8_lossy(&run.stderr));
    // Whatever was asked, the archive is whole.
    place.done(&["verify"]);
    let (code, said) = server.end();
    assert_eq!((code, said.as_str()), (0, ""), "{name}");
}

#[test]
fn schemathesis_finds_nothing_that_is_not_told() {
    tried("anything", "");
}

#[test]
fn schemathesis_finds_nothing_where_there_is_something() {
    let known = r#"[parameters]
"path.entity" = "account"
"path.metric" = "account.views"
"query.key" = "5"
"query.entity" = "account"
"#;
    tried("what there is", known);
}
