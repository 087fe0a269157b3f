//! The protocol over HTTP, request by request.

use serde_json::{Value, json};

use super::{hello, place};
use crate::cli::CONFIG;
use crate::support::server::{Answer, Server};

/// What is answered to a body.
pub fn post(server: &Server, headers: &[(&str, &str)], body: &str) -> Answer {
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let request = format!(
        "POST /mcp HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nAccept: application/json, text/event-stream\r\n\
         {headers}Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        server.address,
        body.len()
    );
    server.sent(request.as_bytes())
}

/// The answer to a request of the protocol.
pub fn ask(server: &Server, token: Option<&str>, method: &str, params: &Value) -> Value {
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params }).to_string();
    let bearer = token.map(|token| format!("Bearer {token}"));
    let headers: Vec<(&str, &str)> = bearer.iter().map(|sent| ("Authorization", sent.as_str())).collect();
    let answer = post(server, &headers, &body);
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (200, "application/json"),
        "{}",
        answer.text()
    );
    assert_eq!(answer.header("cache-control"), "no-store");
    answer.json()
}

/// The result of a tool.
pub fn call(server: &Server, token: Option<&str>, name: &str, arguments: &Value) -> Value {
    let answer = ask(server, token, "tools/call", &json!({ "name": name, "arguments": arguments }));
    assert_eq!(answer.get("error"), None, "{answer}");
    answer["result"].clone()
}

#[test]
fn each_request_stands_by_itself() {
    let place = place();
    let server = Server::start(&place, &[]);
    let said = ask(&server, None, "initialize", &hello());
    assert_eq!(said["result"]["serverInfo"]["name"], "asof");
    let day = call(&server, None, "get_day", &json!({ "when": "latest" }));
    assert_eq!(day["structuredContent"]["answer"]["metrics"]["calls"]["value"], json!(3));
    let accepted = post(&server, &[], r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
    assert_eq!(accepted.status, 202);
    // There are no sessions: nothing is to be listened to, and nothing to be ended.
    assert_eq!(server.get("/mcp").status, 405);
    assert_eq!(server.with("DELETE", "/mcp", &[]).status, 405);
    assert_eq!(server.end(), (0, String::new()));
}

#[test]
fn whoever_may_not_gets_nothing() {
    let place = place();
    let token = crate::serve::token("board", "one", "read", "");
    place.write("asof.toml", super::CONFIG.to_owned() + &token);
    let server = Server::start(&place, &[]);
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" }).to_string();
    assert_eq!(post(&server, &[], &body).status, 401);
    assert_eq!(post(&server, &[("Authorization", "Bearer two")], &body).status, 401);
    assert_eq!(post(&server, &[("Authorization", "Bearer one")], &body).status, 200);
    let of_page = [("Authorization", "Bearer one"), ("Origin", "https://evil.example")];
    assert_eq!(post(&server, &of_page, &body).status, 403);
    let named = format!(
        "POST /mcp HTTP/1.1\r\nHost: evil.example\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    assert_eq!(server.sent(named.as_bytes()).status, 421);
}

#[test]
fn what_is_no_message_is_refused_and_the_next_one_answered() {
    let place = place();
    let server = Server::start(&place, &[]);
    for body in ["", "garbage", "{}", "[]", "\u{0}", &"[".repeat(100_000)] {
        let status = post(&server, &[], body).status;
        assert!((400..500).contains(&status), "{status} for {body:.20}");
    }
    let huge =
        format!(r#"{{"jsonrpc":"2.0","id":1,"method":"ping","params":{{"x":"{}"}}}}"#, "x".repeat(2_000_000));
    assert_eq!(post(&server, &[], &huge).status, 413);
    assert_eq!(ask(&server, None, "ping", &json!({}))["result"], json!({}));
    let (code, said) = server.end();
    assert_eq!((code, said.as_str()), (0, ""));
    // The configuration of calls has no entities, which is told.
    let place = crate::cli::frozen();
    assert!(!CONFIG.contains("entities"));
    let server = Server::start(&place, &[]);
    let refused = call(&server, None, "growth", &json!({}));
    assert!(
        refused["content"][0]["text"].as_str().unwrap().starts_with("there are no entities"),
        "{refused}"
    );
}
