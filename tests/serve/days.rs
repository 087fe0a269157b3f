//! The days of an archive, asked for over HTTP.

use serde_json::json;

use crate::cli::{calls, frozen};
use crate::support::server::Server;

#[test]
fn the_server_is_well_and_ends_when_it_is_asked_to() {
    let place = frozen();
    let server = Server::start(&place, &[]);
    let well = server.get("/healthz");
    assert_eq!((well.status, well.text()), (200, r#"{"status":"ok"}"#));
    assert_eq!(well.header("cache-control"), "no-store");
    assert_eq!(server.end(), (0, String::new()));
}

#[test]
fn the_days_have_their_editions_and_main_numbers() {
    let place = frozen();
    let server = Server::start(&place, &[]);
    let answer = server.get("/api/days");
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/json"));
    let days = answer.json();
    assert_eq!(days["next"], json!(null));
    assert_eq!(days["findings"], json!([]));
    assert!(days.get("dir").is_none(), "no path of this machine is told: {days}");
    let edition = &days["days"][0]["editions"][0];
    assert_eq!(
        (&days["days"][0]["date"], &edition["provenance"]),
        (&json!("2025-11-06"), &json!("witnessed"))
    );
    // Five calls, two of them sales, 990 seconds.
    let metrics = json!({ "calls": 5, "sales": 2, "minutes": 16.5, "conversion": 0.4, "week": 0.4 });
    assert_eq!(edition["metrics"], metrics);
    let csv = server.with("GET", "/api/days", &[("Accept", "text/csv")]);
    assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8");
    let lines: Vec<&str> = csv.text().lines().collect();
    assert_eq!(lines[0], "date,edition,provenance,captured_at,calls,sales,minutes,conversion,week");
    assert_eq!(lines[1], "2025-11-06,1,witnessed,2025-11-07T09:00:00+00:00,5,2,16.5,0.4,0.4");
}

#[test]
fn days_come_a_part_at_a_time_with_the_gaps_between_them() {
    let place = calls();
    place.done(&["save 2025-11-01", "save 2025-11-02", "save 2025-11-05", "save 2025-11-06"]);
    let server = Server::start(&place, &[]);
    let (mut path, mut seen, mut parts) = ("/api/days?limit=2".to_owned(), Vec::new(), 0);
    loop {
        let answer = server.get(&path);
        let part = answer.json();
        let dates =
            part["days"].as_array().unwrap().iter().map(|day| day["date"].as_str().unwrap().to_owned());
        seen.extend(dates);
        seen.extend(part["gaps"].as_array().unwrap().iter().map(|gap| format!("gap of {}", gap["days"])));
        parts += 1;
        let Some(next) = part["next"].as_str() else { break };
        path = format!("/api/days?limit=2&cursor={next}");
        assert_eq!(answer.header("link"), format!("</api/days?cursor={next}&limit=2>; rel=\"next\""));
    }
    assert_eq!(parts, 2);
    assert_eq!(seen, ["2025-11-01", "2025-11-02", "gap of 2", "2025-11-05", "2025-11-06"]);
    let some = server.get("/api/days?from=2025-11-02&to=2025-11-05").json();
    let dates: Vec<&str> =
        some["days"].as_array().unwrap().iter().map(|day| day["date"].as_str().unwrap()).collect();
    assert_eq!(dates, ["2025-11-02", "2025-11-05"]);
}

#[test]
fn what_was_not_changed_is_not_sent_again_and_a_new_day_is_seen_at_once() {
    let place = frozen();
    let server = Server::start(&place, &[]);
    let first = server.get("/api/days");
    let tag = first.header("etag").to_owned();
    assert_eq!(first.header("cache-control"), "private, no-cache");
    let again = server.with("GET", "/api/days", &[("If-None-Match", &tag)]);
    assert_eq!((again.status, again.body.len(), again.header("etag")), (304, 0, tag.as_str()));
    place.done(&["save 2025-11-05"]);
    let after = server.with("GET", "/api/days", &[("If-None-Match", &tag)]);
    assert_eq!((after.status, after.json()["days"].as_array().unwrap().len()), (200, 2));
}
