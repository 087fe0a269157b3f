//! What nobody should send.

use std::io::Write as _;

use crate::cli::{CONFIG, frozen};
use crate::support::server::Server;

/// Words that are each understood, and contradict each other.
const CONTRADICTIONS: [&str; 4] = [
    "/api/days?from=2025-11-06&to=2025-11-01",
    "/api/compare",
    "/api/compare?a=latest",
    "/api/compare?a=2025-11-07..2025-11-01&b=latest",
];

#[test]
fn no_path_leads_out_of_the_archive_however_it_is_written() {
    let place = frozen();
    place.write("secret.txt", "the secret of this folder");
    let server = Server::start(&place, &[]);
    let paths = [
        "/../secret.txt",
        "/../../../../etc/passwd",
        "/%2e%2e/secret.txt",
        "/%2e%2e%2fsecret.txt",
        "/..%2f..%2fetc%2fpasswd",
        "/..%5c..%5csecret.txt",
        "/%252e%252e%252fsecret.txt",
        "/%c0%ae%c0%ae/secret.txt",
        "/%uff0e%uff0e/secret.txt",
        "//etc/passwd",
        "/secret.txt",
        "/archive.json",
        "/ledger.jsonl",
        "/.staging",
        "/definitions",
        "/2025-11-06/manifest.json",
        "/2025-11-06/metrics.json",
        "/2025-11-06/../../secret.txt",
        "/%2e%2e/dashboard.html",
        "/..%2f2025-11-06/dashboard.html",
        "/2025-11-06%2f../dashboard.html",
        "/days/..",
        "/days/%2e%2e%2f%2e%2e%2fsecret.txt",
        "/days/2025-11-06%2fmanifest.json",
        "/days/2025-11-06%00",
        "/days/2025-11-06%00.json",
        "/days/2025-11-06/manifest.json",
        "/api/days/../../secret.txt",
        "/api/days/..%2f..%2fsecret.txt",
        "/api/days/%2e%2e%2f%2e%2e%2fsecret.txt",
        "/api/days/....//....//secret.txt",
        "/api/days/%ff%fe",
        "/api/days/2025-11-06%0d%0aX-Evil:%201",
        "/api/days/latest?edition=..%2f1",
        "/api/series/..%2f..%2fsecret.txt",
        "/api/series/%3Cscript%3E",
        "/api/compare?a=..%2fsecret.txt&b=latest",
        "/api/drift?when=..%2fsecret.txt",
        "/api/drift?metric='%3Bdrop%20table%20calls",
        "/api/days?from=%ff",
        "/api/alerts?when=..%2f",
    ];
    for path in paths {
        let answer = server.get(path);
        assert!(matches!(answer.status, 400 | 404), "{path}: {}", answer.status);
        let text = answer.problem();
        for told in ["the secret", "root:", place.path("").to_str().unwrap()] {
            assert!(!text.contains(told), "{path}: {text}");
        }
        assert_eq!(answer.header("x-evil"), "");
    }
    assert_eq!(server.get("/api/days/2025-11-06").status, 200);
    let (code, said) = server.end();
    assert_eq!((code, said.as_str()), (0, ""), "what was asked wrongly is no news");
}

#[test]
fn absurd_days_and_limits_are_refused_with_the_way_on() {
    let place = frozen();
    let server = Server::start(&place, &[]);
    let told = |path: &str| server.get(path).problem();
    assert_eq!(
        told("/api/days/2025-11-01"),
        "404 urn:asof:no-such-day: 2025-11-01 is not in the archive (the nearest days that exist: 2025-11-06)"
    );
    assert_eq!(
        told("/api/days/tomorrow"),
        "400 urn:asof:bad-request: \"tomorrow\" names no day: give a date such as 2025-11-06, 2025-11-06@2 or 2025-11-06@original, latest, latest~3, yesterday or -7d (-)"
    );
    assert_eq!(
        told("/api/days/2025-11-06@9"),
        "404 urn:asof:no-such-day: 2025-11-06@9 is not in the archive: the day has edition 1 only (asof list shows what there is)"
    );
    assert_eq!(
        told("/api/days?limit=100000"),
        "400 urn:asof:bad-request: limit: \"100000\" is no number from 1 to 1000 (leave limit out for 100)"
    );
    assert_eq!(
        told("/api/days?form=2025-11-06"),
        "400 urn:asof:bad-request: \"form\" is nothing that can be asked for here (did you mean \"from\"? known words: from, to, limit, cursor)"
    );
    let long = format!("/api/days/{}", "9".repeat(4000));
    let bad = [
        "/api/days/0000-00-00",
        "/api/days/-99999999d",
        "/api/days/-4294967295d",
        "/api/days/latest~99999999999999",
        "/api/days/2025-11-06@0",
        "/api/days/2025-02-30",
        "/api/days/99999-01-01",
        "/api/days/latest?as_of=then",
        "/api/days/latest?as_of=9999-99-99T00:00",
        "/api/days?limit=-1",
        "/api/days?limit=0",
        "/api/days?cursor=x",
        "/api/days?from=2025-11-06&to=2025-11-01",
        "/api/days?from=-4294967295d",
        "/api/series/calls?last=0",
        "/api/series/calls?last=99999999999999999999",
        "/api/series/calls?forecast=91",
        "/api/series/calls?top=0&by=campaign",
        "/api/compare",
        "/api/compare?a=latest",
        "/api/compare?a=2025-11-07..2025-11-01&b=latest",
        "/api/compare?to_date=year",
        "/api/drift?definitions=mine",
        long.as_str(),
    ];
    for path in bad {
        let answer = server.get(path);
        let (expected, words) =
            if CONTRADICTIONS.contains(&path) { (409, "contradiction") } else { (400, "bad-request") };
        assert_eq!(answer.status, expected, "{path}: {}", answer.text());
        assert!(answer.problem().contains(words), "{path}: {}", answer.text());
    }
    for path in [
        "/api/days/9999-12-31",
        "/api/days/0001-01-01",
        "/api/days/latest~4000000000",
        "/api/series/nothing",
        "/api/series/calls?by=nothing",
        "/api/settling?metric=nothing",
        "/api/drift?metric=nothing",
        "/api/days?tenant=acme",
        "/api/days/latest?as_of=1970-01-01",
    ] {
        assert_eq!(server.get(path).status, 404, "{path}");
    }
}

#[test]
fn other_methods_are_told_which_there_are() {
    let place = frozen();
    let server = Server::start(&place, &[]);
    for method in ["POST", "PUT", "DELETE", "PATCH", "TRACE"] {
        let answer = server.with(method, "/api/days", &[]);
        assert_eq!((answer.status, answer.header("allow")), (405, "GET,HEAD"), "{method}");
        answer.problem();
    }
    let (head, get) = (server.with("HEAD", "/api/days/latest", &[]), server.get("/api/days/latest"));
    assert_eq!((head.status, head.body.len()), (200, 0));
    for name in ["content-length", "etag", "content-type", "cache-control"] {
        assert_eq!(head.header(name), get.header(name), "{name}");
    }
    let other = server.with("GET", "/api/days", &[("Accept", "image/png")]);
    assert_eq!(
        other.problem(),
        "406 urn:asof:not-acceptable: there is nothing here of a kind that is accepted (accept application/json or text/csv)"
    );
}

#[test]
fn a_body_of_a_hundred_megabytes_is_refused_before_it_is_read() {
    let place = frozen();
    let server = Server::start(&place, &[]);
    for (method, path) in [("POST", "/api/days"), ("GET", "/api/days"), ("POST", "/nothing")] {
        let announced = server.with(method, path, &[("Content-Length", "100000000")]);
        assert_eq!(announced.problem(), "413 urn:asof:too-large: a body has at most 1000000 bytes (-)");
    }
    // One that does not say how long it is.
    let mut request =
        format!("GET /api/days HTTP/1.1\r\nHost: {}\r\nTransfer-Encoding: chunked\r\n\r\n", server.address)
            .into_bytes();
    for _ in 0..20 {
        write!(request, "{:x}\r\n{}\r\n", 100_000, "x".repeat(100_000)).unwrap();
    }
    let answer = String::from_utf8_lossy(&server.raw(&request)).into_owned();
    assert!(answer.starts_with("HTTP/1.1 413 ") || answer.is_empty(), "{answer}");
    assert_eq!(server.get("/api/days").status, 200);
}

#[test]
fn what_is_no_request_is_refused_and_does_no_harm() {
    let place = frozen();
    place.write("asof.toml", CONFIG.to_owned() + "\n[serve]\nclient_timeout = \"700ms\"\n");
    let server = Server::start(&place, &["-v"]);
    let long = format!("GET /api/days HTTP/1.1\r\nHost: localhost\r\nX: {}\r\n\r\n", "x".repeat(200_000));
    let many = format!("GET /api/days HTTP/1.1\r\nHost: localhost\r\n{}\r\n", "X: y\r\n".repeat(500));
    for bytes in [
        "\r\n\r\n",
        "GET",
        "\0\0\0\0",
        "GET /\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "\u{16}\u{3}\u{1}",
        &long,
        &many,
    ] {
        let answer = String::from_utf8_lossy(&server.raw(bytes.as_bytes())).into_owned();
        let status = answer.split(' ').nth(1).unwrap_or("none");
        assert!(matches!(status, "400" | "431" | "414" | "none"), "{bytes:.40?}: {answer}");
    }
    assert_eq!(server.get("/api/days").status, 200);
    server.get("/api/days/never%1b%5b31m");
    let (code, said) = server.end();
    let told = "warning: 400 GET /api/days/never%1b%5b31m after ";
    assert!(code == 0 && said.lines().count() == 1 && said.starts_with(told), "{code} {said:?}");
    assert!(!said.contains('\u{1b}'), "{said:?}");
}

#[test]
fn one_address_can_ask_only_so_often() {
    let place = frozen();
    place.write("asof.toml", CONFIG.to_owned() + "\n[serve]\nrequests_per_second = 1\n");
    let server = Server::start(&place, &[]);
    let answers: Vec<_> = (0..6).map(|_| server.get("/healthz")).collect();
    let refused: Vec<_> = answers.iter().filter(|answer| answer.status == 429).collect();
    assert!(answers[0].status == 200 && answers[1].status == 200 && refused.len() >= 3, "{answers:?}");
    assert_eq!(refused[0].header("retry-after"), "1");
    refused[0].problem();
}
