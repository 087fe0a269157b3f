//! What is answered, held against the command line and against numbers worked out by hand.

use serde_json::{Value, json};

use crate::cli::{CONFIG, calls, frozen};
use crate::support::server::Server;

#[test]
fn a_day_comes_byte_for_byte_as_it_was_frozen() {
    let place = frozen();
    let server = Server::start(&place, &[]);
    let stored = place.read("snapshots/2025-11-06/metrics.json");
    let digest = asof::model::Digest::of(stored.as_bytes());
    for (path, holds) in [
        ("/api/days/2025-11-06", "private, no-cache"),
        ("/api/days/latest", "private, no-cache"),
        ("/api/days/-1d?edition=latest", "private, no-cache"),
        ("/api/days/2025-11-06?as_of=2025-11-07T03:00", "private, no-cache"),
        ("/api/days/2025-11-06@1", "private, max-age=31536000, immutable"),
        ("/api/days/2025-11-06?edition=1", "private, max-age=31536000, immutable"),
    ] {
        let answer = server.get(path);
        assert_eq!((answer.status, answer.text()), (200, stored.as_str()), "{path}");
        assert_eq!(answer.header("etag"), format!("\"{digest}\""), "{path}");
        assert_eq!(answer.header("cache-control"), holds, "{path}");
    }
    let csv = server.with("GET", "/api/days/latest", &[("Accept", "text/csv")]);
    assert_ne!(csv.header("etag"), format!("\"{digest}\""));
    let lines: Vec<&str> = csv.text().lines().collect();
    assert_eq!(lines[0], "date,edition,provenance,metric,unit,dimension,key,null,label,value,reason");
    assert!(lines.contains(&"2025-11-06,1,witnessed,calls,,,,,Calls,5,"), "{lines:#?}");
    assert!(lines.contains(&"2025-11-06,1,witnessed,calls,,campaign,1027,,EASTSIDE,3,"), "{lines:#?}");
    assert!(lines.contains(&"2025-11-06,1,witnessed,calls,,campaign,,true,,1,"), "{lines:#?}");
}

#[test]
fn the_page_is_the_frozen_one_and_its_links_lead_on() {
    let place = calls();
    place.done(&["save 2025-11-05", "save 2025-11-06"]);
    let server = Server::start(&place, &[]);
    let stored = place.read("snapshots/2025-11-06/dashboard.html");
    let page = server.get("/days/2025-11-06");
    assert_eq!((page.text(), page.header("content-type")), (stored.as_str(), "text/html; charset=utf-8"));
    // The page's own policy, by digest, said by the server too.
    let policy = page.header("content-security-policy");
    assert!(policy.contains("style-src 'sha256-") && policy.contains("script-src 'sha256-"), "{policy}");
    assert!(stored.contains("href=\"../2025-11-05/dashboard.html\""));
    let before = server.get("/2025-11-05/dashboard.html");
    assert_eq!(before.text(), place.read("snapshots/2025-11-05/dashboard.html"));
    assert_eq!(server.with("GET", "/days/2025-11-06", &[("If-None-Match", page.header("etag"))]).status, 304);
}

#[test]
fn documents_are_those_of_the_command_line() {
    let place = calls();
    place.write("asof.toml", CONFIG.to_owned() + "\n[alerts.few]\nmetric = \"calls\"\nbelow = 10\n");
    place.done(&["save 2025-11-05", "save 2025-11-06"]);
    let server = Server::start(&place, &[]);
    let told = |line: &str| {
        let run = place.asof(line);
        serde_json::from_str::<Value>(run.stdout.lines().next().unwrap()).unwrap()
    };
    for (path, line) in [
        ("/api/compare?a=2025-11-06&b=2025-11-05", "compare 2025-11-06 2025-11-05 --json"),
        (
            "/api/compare?a=latest&b=latest~1&metric=calls,sales&by=campaign",
            "compare latest latest~1 --metric calls,sales --by campaign --json",
        ),
        ("/api/series/calls", "series calls --json"),
        ("/api/series/sales?last=1&by=campaign&top=1", "series sales --last 1d --by campaign --top 1 --json"),
        ("/api/settling", "settling --json"),
        ("/api/settling?metric=calls", "settling --metric calls --json"),
        ("/api/drift?when=2025-11-06", "drift 2025-11-06 --json"),
        (
            "/api/drift?when=2025-11-05&metric=calls&definitions=current",
            "drift 2025-11-05 --metric calls --definitions current --json",
        ),
    ] {
        let answer = server.get(path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        assert_eq!(answer.json(), told(line), "{path}");
    }
    let month = server.get("/api/compare?to_date=month").problem();
    assert!(
        month.starts_with("404 urn:asof:no-such-day: no day from 2025-10-01 to 2025-10-06 is"),
        "{month}"
    );
    // Five calls against three.
    let compared = server.get("/api/compare?a=2025-11-06&b=2025-11-05").json();
    assert_eq!(compared["metrics"]["calls"]["difference"], json!(2));
    let csv = server.with("GET", "/api/series/calls", &[("Accept", "text/csv")]);
    let rows: Vec<Vec<&str>> = csv.text().lines().map(|line| line.split(',').take(3).collect()).collect();
    assert_eq!(rows, [["date", "value", "edition"], ["2025-11-05", "3", "1"], ["2025-11-06", "5", "1"]]);
    let alerts = server.get("/api/alerts").json();
    assert_eq!((&alerts["day"], &alerts["alerts"][0]["state"]), (&json!("2025-11-06"), &json!("fires")));
    assert_eq!(alerts["alerts"][0]["page"], "/2025-11-06/dashboard.html");
    assert_eq!(server.get("/2025-11-06/dashboard.html").status, 200);
}

#[test]
fn what_changed_in_the_source_is_told_and_nothing_is_written() {
    let place = frozen();
    let server = Server::start(&place, &[]);
    let before = place.tree("snapshots");
    place.sqlite("calls.db", "update calls set status = 'SALE' where at = '2025-11-06 09:15:00'");
    let drift = server.get("/api/drift").json();
    assert_eq!(drift["kind"], "restated");
    assert_eq!(
        (&drift["metrics"]["sales"]["frozen"], &drift["metrics"]["sales"]["live"]),
        (&json!(2), &json!(3))
    );
    assert!(place.tree("snapshots") == before);
    std::fs::remove_file(place.path("calls.db")).unwrap();
    let gone = server.get("/api/drift");
    assert_eq!(gone.status, 502);
    assert!(gone.problem().starts_with("502 urn:asof:source: "), "{}", gone.problem());
    assert_eq!(server.get("/api/days/latest").status, 200);
}

#[test]
fn an_archive_is_asked_as_it_was_then() {
    let place = frozen();
    place.at("2025-11-08T03:00:00-06:00");
    place.sqlite("calls.db", "update calls set status = 'SALE' where at = '2025-11-06 09:15:00'");
    place.done(&["save 2025-11-06 --restate --reason late"]);
    let server = Server::start(&place, &[]);
    let edition = |path: &str| server.get(path).json()["edition"].clone();
    assert_eq!(edition("/api/days/2025-11-06"), 1);
    assert_eq!(edition("/api/days/2025-11-06?edition=latest"), 2);
    assert_eq!(edition("/api/days/2025-11-06?edition=latest&as_of=2025-11-07T12:00"), 1);
    let sales =
        |query: &str| server.get(&format!("/api/series/sales{query}")).json()["points"][0]["value"].clone();
    assert_eq!((sales(""), sales("?as_of=2025-11-07T12:00")), (json!(3), json!(2)));
}

#[test]
fn counts_are_told_to_prometheus() {
    let place = frozen();
    let server = Server::start(&place, &[]);
    server.get("/api/days/latest");
    server.get("/api/days/latest");
    server.get("/nothing");
    let answer = server.get("/metrics");
    assert_eq!(answer.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    for line in [
        "asof_requests_total{class=\"2xx\"} 2",
        "asof_requests_total{class=\"4xx\"} 1",
        "asof_requests_at_work 1",
        "asof_cache_hits_total 1",
        "asof_cache_misses_total 1",
        "asof_archive_up 1",
        "asof_days 1",
        // 2025-11-07 03:00 in Chicago.
        "asof_newest_captured_timestamp_seconds 1762506000",
    ] {
        assert!(answer.text().lines().any(|other| other == line), "{line}\n{}", answer.text());
    }
}

#[test]
fn everything_is_told_as_open_api() {
    let place = frozen();
    let server = Server::start(&place, &[]);
    let api = server.get("/api/openapi.json").json();
    assert_eq!(api["openapi"], "3.1.0");
    for (path, what) in api["paths"].as_object().unwrap() {
        let path = path.replace("{when}", "latest").replace("{metric}", "calls");
        if what.as_object().unwrap().values().any(|method| method["tags"][0] == "entities") {
            // There are none here.
            continue;
        }
        let kinds = what["get"]["responses"]["200"]["content"].as_object().unwrap();
        let path = if path == "/api/compare" { "/api/compare?a=latest&b=latest".to_owned() } else { path };
        for kind in kinds.keys() {
            let answer = server.with("GET", &path, &[("Accept", kind)]);
            let media = answer.header("content-type").split(';').next().unwrap();
            // Nothing is configured to be alerted of.
            let expected =
                if path == "/api/alerts" { (404, "application/problem+json") } else { (200, kind.as_str()) };
            assert_eq!((answer.status, media), expected, "{path} {kind}: {}", answer.text());
        }
    }
    let page = server.get("/api");
    assert!(page.text().contains("<title>asof: the API</title>"));
    assert!(!page.text().contains("http://") && !page.text().contains("https://"), "it asks nobody else");
}
