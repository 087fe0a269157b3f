//! Many ask while days are saved and thinned: nobody is refused, nothing is lost, and memory stays bounded.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::sleep;
use std::time::Duration;

use serde_json::json;

use super::told::both;
use crate::support::server::Server;

/// What is asked for, again and again.
const PATHS: [&str; 10] = [
    "/api/days/latest",
    "/api/days/2025-11-05",
    "/days/latest",
    "/days/2025-11-05",
    "/api/days",
    "/api/series/calls",
    "/api/growth/1",
    "/api/series/account.views",
    "/api/account-snapshots/latest?key=5",
    "/api/compare?a=2025-11-06&b=2025-11-05",
];

#[test]
fn nothing_is_lost_while_days_are_saved_and_thinned() {
    let retention = "\n[serve]\nrequests_per_second = 100000\n\n[retention]\nkeep_daily = \"1 day\"\n";
    let place = both(retention);
    let server = Server::start(&place, &["--cache", "4MB"]);
    let frozen: BTreeMap<&str, Vec<u8>> =
        ["/api/days/2025-11-05", "/api/days/2025-11-06"].map(|path| (path, server.get(path).body)).into();
    let (over, asked) = (AtomicBool::new(false), AtomicU64::new(0));
    let odd: Mutex<Vec<String>> = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for part in 0..3 {
            let (server, over, asked, odd) = (&server, &over, &asked, &odd);
            scope.spawn(move || {
                for path in PATHS.iter().cycle().skip(part * 3) {
                    if over.load(Ordering::Relaxed) {
                        break;
                    }
                    let answer = server.get(path);
                    if answer.status != 200 {
                        odd.lock().unwrap().push(format!("{path}: {} {}", answer.status, answer.text()));
                    }
                    asked.fetch_add(1, Ordering::Relaxed);
                    // What nobody asked before is never at hand.
                    let other =
                        format!("/api/account-snapshots?limit={}", 1 + asked.load(Ordering::Relaxed) % 999);
                    let status = server.get(&other).status;
                    if status != 200 {
                        odd.lock().unwrap().push(format!("{other}: {status}"));
                    }
                }
            });
        }
        sleep(Duration::from_secs(3));
        place.at("2025-11-08T02:10:00-06:00");
        place.sqlite("calls.db", "update accounts set views = 2000 where id = 5");
        place.done(&["save"]);
        // 2000 + 900 + 150 + 310 after 1100 + 900 + 150 + 310.
        let growth = server.get("/api/growth/1").json();
        assert_eq!(growth["growth"]["views"]["growth"], json!(900), "{growth}");
        sleep(Duration::from_secs(3));
        place.done(&["prune"]);
        sleep(Duration::from_secs(3));
        over.store(true, Ordering::Relaxed);
    });
    let odd = odd.into_inner().unwrap();
    assert!(odd.is_empty(), "{} of {asked:?}: {:#?}", odd.len(), &odd[..odd.len().min(5)]);
    assert!(asked.load(Ordering::Relaxed) > 100, "{asked:?}");
    // The numbers are those that were frozen; the page of a thinned day is made anew.
    for (path, body) in &frozen {
        assert_eq!(&server.get(path).body, body, "{path}");
    }
    assert_eq!(server.get("/api/days/latest").json()["date"], "2025-11-07");
    let thinned = server.get("/days/2025-11-05");
    assert!(
        thinned.status == 200 && !place.path("snapshots/2025-11-05/dashboard.html").exists(),
        "made anew"
    );
    assert_eq!(server.get("/days/2025-11-07").status, 200);
    place.done(&["verify"]);
    let memory = server.most_memory();
    assert!(memory < 150_000_000, "{memory}");
    let (code, said) = server.end();
    assert_eq!((code, said.as_str()), (0, ""));
}
