//! Archives that are gone or damaged while they are served.

use std::fs;

use crate::cli::{calls, frozen};
use crate::support::server::Server;

#[test]
fn an_archive_that_goes_is_told_and_is_there_again_when_it_returns() {
    let place = frozen();
    let server = Server::start(&place, &[]);
    assert_eq!(server.get("/api/days/latest").status, 200);
    fs::rename(place.path("snapshots"), place.path("elsewhere")).unwrap();
    let gone = server.get("/api/days/latest");
    assert_eq!((gone.status, gone.header("retry-after")), (503, "5"), "{}", gone.text());
    assert!(gone.problem().starts_with("503 urn:asof:no-archive: "), "{}", gone.problem());
    assert!(!gone.text().contains(place.path("").to_str().unwrap()), "{}", gone.text());
    assert_eq!(server.get("/healthz").status, 503);
    assert!(server.get("/metrics").text().contains("asof_archive_up 0"));
    // A folder that is none yet.
    fs::create_dir(place.path("snapshots")).unwrap();
    assert_eq!(server.get("/api/days").status, 503);
    fs::remove_dir(place.path("snapshots")).unwrap();
    fs::rename(place.path("elsewhere"), place.path("snapshots")).unwrap();
    assert_eq!(server.get("/api/days/latest").status, 200);
    assert_eq!(server.get("/healthz").status, 200);
    let (code, said) = server.end();
    assert_eq!((code, said.lines().count()), (0, 3), "one line for each: {said}");
    assert!(said.lines().all(|line| line.starts_with("warning: 503 GET /")), "{said}");
}

#[test]
fn it_starts_before_there_is_an_archive() {
    let place = calls();
    let server = Server::start(&place, &[]);
    assert_eq!(server.get("/api/days").status, 503);
    place.done(&["save"]);
    assert_eq!(server.get("/api/days").json()["days"].as_array().unwrap().len(), 1);
}

#[test]
fn a_broken_day_is_told_as_broken_and_the_rest_is_served() {
    let place = calls();
    place.done(&["save 2025-11-05", "save 2025-11-06"]);
    let broken = place.read("snapshots/2025-11-05/metrics.json").replacen("\"value\":3", "\"value\":4", 1);
    place.write("snapshots/2025-11-05/metrics.json", &broken);
    place.write("snapshots/2025-11-05/dashboard.html", "<p>mine</p>");
    let server = Server::start(&place, &[]);
    for path in ["/api/days/2025-11-05", "/days/2025-11-05", "/api/compare?a=2025-11-06&b=2025-11-05"] {
        let answer = server.get(path);
        assert_eq!(answer.status, 500, "{path}");
        let told = answer.problem();
        assert!(
            told.starts_with("500 urn:asof:damaged: 2025-11-05/")
                && told.contains("has changed since it was frozen"),
            "{told}"
        );
    }
    for path in
        ["/api/days", "/api/days/2025-11-06", "/days/2025-11-06", "/api/series/calls", "/api/settling"]
    {
        assert_eq!(server.get(path).status, 200, "{path}");
    }
    // Its folder gone, the list says so.
    fs::remove_dir_all(place.path("snapshots/2025-11-05")).unwrap();
    let days = server.get("/api/days").json();
    assert_eq!(days["findings"][0], "the folder 2025-11-05 is missing, and the ledger has its line");
    assert_eq!(server.get("/api/days/2025-11-05").status, 500);
    assert_eq!(server.get("/api/days/2025-11-06").status, 200);
}
