//! What can't be meant, asked of entities: refused with the way on, and nothing is kept.

use super::entities::seen;
use crate::support::server::Server;

#[test]
fn questions_that_can_not_be_meant_are_refused() {
    let place = seen();
    let server = Server::start(&place, &[]);
    let long = "k".repeat(600);
    let cases: Vec<(String, &str)> = [
        ("/api/growth/0", "400 urn:asof:bad-request: \"0\" is no number of days"),
        ("/api/growth/-1", "400 urn:asof:bad-request: \"-1\" is no number of days"),
        ("/api/growth/99999999999999999999", "400 urn:asof:bad-request"),
        ("/api/growth/1.5", "400 urn:asof:bad-request"),
        ("/api/growth/week", "400 urn:asof:bad-request"),
        ("/api/growth/%2e%2e%2f%2e%2e%2fetc", "400 urn:asof:bad-request"),
        ("/api/growth/36600", ""),
        (
            "/api/growth/1?entity=acount",
            "404 urn:asof:no-such-name: \"acount\" is no entity (did you mean \"account\"?",
        ),
        ("/api/growth/1?entity=../../etc", "404 urn:asof:no-such-name"),
        ("/api/growth/1?by=nope", "404 urn:asof:no-such-name: \"nope\" is no group or attribute of account"),
        ("/api/growth/1?where=status", "400 urn:asof:bad-request: where: there is no ="),
        ("/api/growth/1?where=nope=1", "404 urn:asof:no-such-name"),
        ("/api/growth/1?where=status='%20or%201=1", ""),
        ("/api/growth/1?top=0", "400 urn:asof:bad-request: top: \"0\" is no number from 1 to 1000"),
        (
            "/api/growth/1?live=perhaps",
            "400 urn:asof:bad-request: live: \"perhaps\" is neither true nor false",
        ),
        ("/api/growth/1?key=777", "404 urn:asof:no-such-key"),
        (
            "/api/growth/1?colour=red",
            "400 urn:asof:bad-request: \"colour\" is nothing that can be asked for here",
        ),
        ("/api/video-snapshots", "404 urn:asof:no-such-name: \"video\" is no entity"),
        ("/api/-snapshots", "404 urn:asof:no-such-name"),
        ("/api/account", "404 urn:asof:no-such-thing: there is nothing of this name"),
        ("/api/accounts/latest", "404 urn:asof:no-such-thing"),
        ("/api/account-snapshots/nothing", "404 urn:asof:no-such-thing"),
        (
            "/api/account-snapshots?limit=1001",
            "400 urn:asof:bad-request: limit: \"1001\" is no number from 1 to 1000",
        ),
        ("/api/account-snapshots?start_date=2025-13-41", "400 urn:asof:bad-request: start_date"),
        ("/api/account-snapshots?start_date=0000-00-00", "400 urn:asof:bad-request: start_date"),
        ("/api/account-snapshots?start_date=9999-12-31", ""),
        ("/api/account-snapshots?cursor=x", "400 urn:asof:bad-request: cursor: this is no end of a part"),
        ("/api/account-snapshots?cursor=9999-12-31:5%231", ""),
        (
            "/api/account-snapshots?account_id=5&key=5",
            "409 urn:asof:contradiction: account_id and key say the same",
        ),
        ("/api/account-snapshots/latest", "400 urn:asof:bad-request: \"account_id\" is missing"),
        ("/api/account-snapshots/latest?account_id=..%2F..%2Fetc%2Fpasswd", "404 urn:asof:no-such-key"),
        ("/api/account-snapshots/history?key=5&months=0", "400 urn:asof:bad-request: months"),
        ("/api/account-snapshots/history?key=5&months=99999", "400 urn:asof:bad-request: months"),
        ("/api/account-snapshots/history?key=5&months=12000", ""),
        ("/api/account-snapshots/context?key=5&max_tokens=1", "400 urn:asof:bad-request: max_tokens"),
        ("/api/coverage?status=old", "400 urn:asof:bad-request: status: \"old\" is none"),
        ("/api/coverage?entity=nope", "404 urn:asof:no-such-name"),
        (
            "/api/timeliness?from=2025-11-06&to=2025-11-05",
            "409 urn:asof:contradiction: the range from 2025-11-06 to 2025-11-05 runs backwards",
        ),
        ("/api/timeliness?from=never", "400 urn:asof:bad-request: from"),
    ]
    .map(|(path, told)| (path.to_owned(), told))
    .into_iter()
    .chain([(format!("/api/account-snapshots/latest?key={long}"), "400 urn:asof:bad-request")])
    .collect();
    for (path, expected) in cases {
        let answer = server.get(&path);
        if expected.is_empty() {
            assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        } else {
            let told = answer.problem();
            assert!(told.starts_with(expected), "{path}: {told}");
        }
    }
    assert_eq!(server.with("POST", "/api/growth/1", &[("Content-Length", "0")]).status, 405);
    assert_eq!(server.get("/api/growth/snapshot").status, 405);
    assert_eq!(server.get("/api/events").status, 405);
    assert_eq!(server.end(), (0, String::new()));
}

#[test]
fn bodies_that_can_not_be_meant_keep_nothing() {
    let place = seen();
    let server = Server::start(&place, &[]);
    let ledger = place.read("snapshots/ledger.jsonl");
    let event = |keys: &str, more: &str| {
        format!(r#"{{"event":"KPI_DATA_UPLOADED","entity":"account","keys":{keys}{more}}}"#)
    };
    let many = format!("[{}]", (0..10_000).map(|key| key.to_string()).collect::<Vec<_>>().join(","));
    let deep = "[".repeat(100_000);
    let cases = [
        ("/api/events", "{".to_owned(), "400 urn:asof:bad-request: the body is no JSON"),
        ("/api/events", deep, "400 urn:asof:bad-request: the body is no JSON"),
        ("/api/events", "[1]".to_owned(), "400 urn:asof:bad-request: the body is no JSON object"),
        ("/api/events", "{}".to_owned(), "400 urn:asof:bad-request: \"event\" is missing"),
        (
            "/api/events",
            event(&many, ""),
            "400 urn:asof:bad-request: there are 10000 keys, and there can be 1 to 1000",
        ),
        ("/api/events", event("[]", ""), "400 urn:asof:bad-request: there are 0 keys"),
        ("/api/events", event("5", ""), "400 urn:asof:bad-request: keys is no list"),
        ("/api/events", event("[5.5]", ""), "400 urn:asof:bad-request: a key is a whole number or a text"),
        ("/api/events", event("[null]", ""), "400 urn:asof:bad-request: a key is"),
        (
            "/api/events",
            event("[5]", r#","occurred_at":"9999-12-31T00:00:00Z""#),
            "409 urn:asof:contradiction: occurred_at: \"9999-12-31T00:00:00Z\" has yet to come",
        ),
        (
            "/api/events",
            event("[5]", r#","occurred_at":"2025-02-30T00:00:00Z""#),
            "400 urn:asof:bad-request: occurred_at",
        ),
        (
            "/api/events",
            event("[5]", r#","occurred_at":5"#),
            "400 urn:asof:bad-request: occurred_at is no text",
        ),
        (
            "/api/events",
            event("[5]", r#","when":"now""#),
            "400 urn:asof:bad-request: \"when\" is nothing that can be said here",
        ),
        (
            "/api/events",
            event("[5]", "").replace("KPI", "KPX"),
            "404 urn:asof:no-such-name: \"KPX_DATA_UPLOADED\" is no event of account",
        ),
        (
            "/api/events",
            event("[5]", "").replace("account", "nobody"),
            "404 urn:asof:no-such-name: \"nobody\" is no entity",
        ),
        (
            "/api/account-snapshots/create",
            r#"{"account_id":5,"keys":[5]}"#.to_owned(),
            "409 urn:asof:contradiction",
        ),
        (
            "/api/account-snapshots/create",
            r#"{"snapshot_type":"hourly"}"#.to_owned(),
            "400 urn:asof:bad-request: \"hourly\": there is no such type",
        ),
        (
            "/api/account-snapshots/create",
            format!(r#"{{"reason":"{}"}}"#, "x".repeat(501)),
            "400 urn:asof:bad-request: reason is longer",
        ),
        ("/api/video-snapshots/create", "{}".to_owned(), "404 urn:asof:no-such-name: \"video\" is no entity"),
        ("/api/growth/snapshot", r#"{"entity":"nope"}"#.to_owned(), "404 urn:asof:no-such-name"),
        ("/api/growth/snapshot?entity=account", "{}".to_owned(), "400 urn:asof:bad-request"),
    ];
    for (path, body, expected) in cases {
        let told = server.post(path, &[], &body).problem();
        assert!(told.starts_with(expected), "{path} {}: {told}", &body[..body.len().min(100)]);
    }
    let plain = format!(
        "POST /api/growth/snapshot HTTP/1.1\r\nHost: {}\r\nContent-Type: text/plain\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{{}}",
        server.address
    );
    assert_eq!(server.sent(plain.as_bytes()).status, 415);
    let elsewhere = server.post("/api/growth/snapshot", &[("Origin", "http://evil.example")], "{}");
    assert_eq!(elsewhere.status, 403);
    assert_eq!(place.read("snapshots/ledger.jsonl"), ledger);
    assert_eq!(server.end(), (0, String::new()));
}
