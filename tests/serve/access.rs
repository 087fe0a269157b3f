//! Who may ask for what, by which name, and from which page.

use std::fs;

use serde_json::json;

use super::token;
use crate::cli::{CONFIG, frozen};
use crate::support::command::Place;
use crate::support::server::{Answer, Server};

fn bearer(sent: &str) -> [(&'static str, &str); 1] {
    [("Authorization", sent)]
}

#[test]
fn without_tokens_it_listens_for_this_machine_only() {
    let place = frozen();
    place.asof("serve --listen 0.0.0.0:0");
    place.told(
        "
$ asof serve --listen 0.0.0.0:0
! error: 0.0.0.0:0 can be reached from elsewhere, and there are no tokens
!   hint: asof token new makes one; or listen at 127.0.0.1, for this machine only
exit 2
",
    );
}

#[test]
fn once_there_is_a_token_every_request_needs_one() {
    let place = frozen();
    let old = token("old", "three", "read", "expires = \"2025-11-06\"\n");
    let tokens =
        token("board", "one", "read", "") + &token("few", "two", "capture", "only = \"user_id=5\"\n") + &old;
    place.write("asof.toml", CONFIG.to_owned() + &tokens);
    let server = Server::start(&place, &[]);
    let without = server.get("/api/days");
    assert_eq!(
        without.problem(),
        "401 urn:asof:unauthorized: a token is needed (send a token as `Authorization: Bearer …`; asof token new makes one)"
    );
    assert_eq!(without.header("www-authenticate"), "Bearer realm=\"asof\"");
    let status = |path: &str, sent: &str| server.with("GET", path, &bearer(sent)).status;
    for path in
        ["/api/days", "/api/days/latest", "/api/compare?a=latest&b=latest", "/api/series/calls", "/metrics"]
    {
        assert_eq!(server.get(path).status, 401, "{path}");
        assert_eq!(status(path, "Bearer one"), 200, "{path}");
        assert_eq!(status(path, "Bearer wrong"), 401, "{path}");
        // A token of some rows gets nothing that tells of all.
        assert_eq!(status(path, "Bearer two"), 403, "{path}");
        // Its last day was yesterday.
        assert_eq!(status(path, "Bearer three"), 401, "{path}");
        let hash = asof::model::Digest::of(b"one");
        assert_eq!(status(path, &format!("Bearer {hash}")), 401, "the digest is no token");
    }
    // That it is up, and what can be asked for, is told to anybody: it says nothing of an archive.
    for path in ["/healthz", "/api", "/api/openapi.json"] {
        assert_eq!(server.get(path).status, 200, "{path}");
    }
    // No cookie is ever set, and no answer is kept where others see it.
    let answer = server.with("GET", "/api/days", &bearer("Bearer one"));
    assert_eq!(answer.header("set-cookie"), "");
    assert!(answer.header("cache-control").starts_with("private"));
}

#[test]
fn a_new_token_is_shown_once_with_the_lines_for_its_digest() {
    let place = frozen();
    let made = place.asof("token new --scope read --name board --expires 2026-12-31 --only 'user_id=5'");
    let (secret, lines) = made.stdout.split_once("\n\n").unwrap();
    assert!(secret.starts_with("asof_") && secret.len() == 48, "{secret}");
    let hash = asof::model::Digest::of(secret.as_bytes());
    let expected = format!(
        "[serve.tokens.board]\nhash = \"sha256:{hash}\"\nscope = \"read\"\nonly = \"user_id=5\"\nexpires = \"2026-12-31\"\n"
    );
    assert_eq!((lines, made.code), (expected.as_str(), 0));
    let other = place.asof("token new --scope capture --json");
    let other: serde_json::Value = serde_json::from_str(&other.stdout).unwrap();
    assert_eq!(
        (&other["name"], &other["scope"], &other["tenant"]),
        (&json!("capture"), &json!("capture"), &json!(null))
    );
    assert_ne!(other["token"], secret);
    place.write("asof.toml", format!("{CONFIG}\n{lines}"));
    let server = Server::start(&place, &[]);
    let answer = server.with("GET", "/api/days", &bearer(&format!("Bearer {secret}")));
    assert_eq!(
        answer.problem(),
        "403 urn:asof:forbidden: this token sees only rows with user_id=5, and days tell of all rows (ask for entities, or use a token without `only`)"
    );
    for wrong in [
        "--scope write",
        "",
        "--scope read --only user",
        "--scope read --expires soon",
        "--scope read --name A",
    ] {
        assert_eq!(place.asof(&format!("token new {wrong}")).code, 2, "{wrong}");
    }
}

#[test]
fn tokens_that_are_not_sound_are_told_with_their_places() {
    let place = Place::new();
    let lines = "\n[serve]\nhosts = [\"a b\"]\norigins = [\"https://x.example/\"]\nmax_requests = 0\nclient_timeout = \"0s\"\n\n[serve.tokens.board]\nhash = \"one\"\nscope = \"all\"\ntenant = \"acme\"\nonly = \"user\"\nexpires = \"soon\"\n";
    place.write("asof.toml", CONFIG.to_owned() + lines);
    let run = place.asof("check --offline");
    assert_eq!(run.code, 2);
    for told in [
        "\"a b\" is no name of a host",
        "\"https://x.example/\" is no origin",
        "nobody could ask anything",
        "nothing can be done in no time",
        "this is no digest of a token",
        "\"all\" is nothing that a token can allow",
        "there is no tenant \"acme\"",
        "\"user\" says no rows",
        "this is no day",
    ] {
        assert!(run.stderr.contains(told), "{told}: {}", run.stderr);
    }
}

#[test]
fn only_names_that_are_its_own_are_answered() {
    let place = frozen();
    place.write("asof.toml", CONFIG.to_owned() + "\n[serve]\nhosts = [\"Asof.Example\"]\n");
    let server = Server::start(&place, &[]);
    let port = server.address.port();
    let by = |host: &str| server.with("GET", "/api/days", &[("Host", host)]);
    for host in [
        "localhost",
        "127.0.0.1",
        &format!("LOCALHOST:{port}"),
        "asof.example",
        "asof.example:80",
        "[::1]:8787",
    ] {
        assert_eq!(by(host).status, 200, "{host}");
    }
    let evil = by("evil.example");
    assert_eq!(
        evil.problem(),
        "421 urn:asof:host: this is not \"evil.example\" (call it by localhost or its address, or add the name to hosts under [serve])"
    );
    for host in ["localhost.evil.example", "192.168.1.7", "127.0.0.1.evil.example", "0.0.0.0"] {
        assert_eq!(by(host).status, 421, "{host}");
    }
    for host in ["", "a@localhost", "local host", "localhost:x"] {
        assert_eq!(by(host).status, 400, "{host:?}");
    }
    let sent = |request: &str| server.sent(request.as_bytes()).status;
    assert_eq!(sent("GET /api/days HTTP/1.1\r\nConnection: close\r\n\r\n"), 400);
    assert_eq!(
        sent("GET /api/days HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\nConnection: close\r\n\r\n"),
        400
    );
    let absolute =
        "GET http://evil.example/api/days HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    assert_eq!(sent(absolute), 421);
}

#[test]
fn only_pages_that_are_listed_may_have_their_scripts_ask() {
    let place = frozen();
    place.write("asof.toml", CONFIG.to_owned() + "\n[serve]\norigins = [\"https://board.example\"]\n");
    let server = Server::start(&place, &[]);
    let from = |origin: &str| server.with("GET", "/api/days", &[("Origin", origin)]);
    assert_eq!(from(&format!("http://{}", server.address)).status, 200);
    for origin in ["https://evil.example", "null", "https://board.example.evil", "http://board.example", ""] {
        let answer = from(origin);
        assert_eq!((answer.status, answer.header("access-control-allow-origin")), (403, ""), "{origin}");
    }
    let listed = from("https://board.example");
    assert_eq!((listed.status, listed.header("access-control-allow-origin")), (200, "https://board.example"));
    let asks = [("Origin", "https://board.example"), ("Access-Control-Request-Method", "GET")];
    let preflight = server.with("OPTIONS", "/api/days", &asks);
    assert_eq!(
        (preflight.status, preflight.header("access-control-allow-headers")),
        (204, "authorization, content-type, if-none-match")
    );
    let plain = server.get("/api/days");
    assert_eq!(plain.header("access-control-allow-origin"), "");
}

#[test]
fn every_answer_tells_browsers_to_keep_it_to_itself() {
    let place = frozen();
    let server = Server::start(&place, &[]);
    let check = |answer: &Answer, what: &str| {
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{what}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{what}");
        let policy = answer.header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'") && policy.contains("frame-ancestors 'none'"),
            "{what}: {policy}"
        );
        assert!(!policy.contains("unsafe"), "{what}: {policy}");
    };
    for path in ["/api/days", "/healthz", "/nothing", "/api/days/never", "/days/latest", "/api", "/metrics"] {
        check(&server.get(path), path);
    }
    check(&server.with("GET", "/api/days", &[("Host", "evil.example")]), "evil");
    check(&server.with("DELETE", "/api/days", &[]), "DELETE");
}

#[test]
fn a_tenants_token_opens_that_tenants_archive_only() {
    let place = Place::new();
    let config = r#"[source]
url = "sqlite:videos.db"

[calendar]
time_zone = "America/Chicago"

[tenants]
ids = ["acme", "globex"]

[entities.video]
sql = "select id, title, view_count from videos where owner = :tenant"
key = "id"
label = "title"
counters = { views = "view_count" }
"#;
    let tokens = token("acme", "one", "read", "tenant = \"acme\"\n") + &token("all", "two", "read", "");
    place.write("asof.toml", config.to_owned() + &tokens);
    place.sqlite("videos.db", "create table videos (id, owner, title, view_count); insert into videos values (1, 'acme', 'A', 5), (2, 'globex', 'B', 7);");
    place.done(&["save"]);
    let id = |tenant: &str| {
        let archive = fs::read(place.path(&format!("snapshots/tenants/{tenant}/archive.json"))).unwrap();
        let archive: serde_json::Value = serde_json::from_slice(&archive).unwrap();
        archive["id"].clone()
    };
    let server = Server::start(&place, &[]);
    let ask = |path: &str, sent: &str| server.with("GET", path, &bearer(sent));
    assert_eq!(ask("/api/days", "Bearer one").json()["archive"], id("acme"));
    assert_eq!(ask("/api/days?tenant=acme", "Bearer one").json()["archive"], id("acme"));
    assert_eq!(ask("/api/days?tenant=globex", "Bearer two").json()["archive"], id("globex"));
    // Whether there is such a tenant is not told to another.
    for other in ["globex", "nobody", "..%2facme", ""] {
        let refused = ask(&format!("/api/days?tenant={other}"), "Bearer one");
        assert_eq!(
            refused.problem(),
            "403 urn:asof:forbidden: this token is another tenant's (leave tenant out)",
            "{other}"
        );
    }
    assert_eq!(ask("/api/days?tenant=nobody", "Bearer two").status, 404);
    assert_eq!(ask("/api/days", "Bearer two").status, 404);
    assert_eq!(ask("/api/days?tenant=acme&tenant=globex", "Bearer two").status, 400);
    let told = ask("/metrics", "Bearer one");
    assert!(
        told.text().contains("asof_archive_up{tenant=\"acme\"} 1") && !told.text().contains("globex"),
        "{}",
        told.text()
    );
    // Where one tenant is served, there is no other.
    let server = Server::start(&place, &["--tenant", "globex"]);
    let ask = |path: &str, sent: &str| server.with("GET", path, &bearer(sent));
    assert_eq!(ask("/api/days", "Bearer two").json()["archive"], id("globex"));
    assert_eq!(ask("/api/days", "Bearer one").status, 404);
    assert_eq!(ask("/api/days?tenant=globex", "Bearer one").status, 403);
}
