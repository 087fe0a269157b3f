//! An API that is not there: told within seconds where it never was, waited for where it was there before.

use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::{BY_OFFSET, KEY, config, expected, frozen, place};
use crate::support::api::{Api, Reply, by_offset, calls};
use crate::support::command::Place;

const FIRST: &str = "2025-11-05T00:00:00Z";
/// What nobody who sits there would take for a program that hangs.
const SECONDS: Duration = Duration::from_secs(15);

/// A folder with an API at this URL, which is tried again for five minutes as nothing else is said.
fn patient(url: &str) -> Place {
    let place = Place::new();
    place.env("BLAND_KEY", KEY);
    place.secret(KEY);
    place.write("asof.toml", config(url, BY_OFFSET));
    place.change("asof.toml", "retry_for = \"3s\"\n", "");
    place
}

/// What `save` and `check` say of it, in time.
#[track_caller]
fn told_in_time(place: &Place) -> [String; 2] {
    let started = Instant::now();
    let saved = place.asof("save");
    assert_eq!(saved.code, 5, "{}", saved.stderr);
    assert!(started.elapsed() < SECONDS, "a save took {:?}", started.elapsed());
    assert!(!place.path("snapshots/2025-11-06").exists());
    let started = Instant::now();
    let checked = place.asof("check");
    assert_ne!(checked.code, 0, "{}", checked.stdout);
    assert!(started.elapsed() < SECONDS, "a check took {:?}", started.elapsed());
    [saved.stderr, checked.stdout]
}

#[test]
fn an_api_that_never_was_there_is_told_within_seconds() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    for told in told_in_time(&patient(&format!("http://{nobody}"))) {
        let said =
            format!("bland.calls, page 1: GET http://{nobody}/v1/calls can't be reached: Connection refused");
        assert!(told.contains(&said), "{told}");
        // Not at the first refusal: it may just be on its way up.
        let (_, tries) = told.split_once("(tried ").unwrap();
        assert!(tries.split_once(' ').unwrap().0.parse::<u32>().unwrap() >= 3, "{told}");
        assert!(told.contains("check the source's url, and that no firewall is between"), "{told}");
    }
}

#[test]
fn a_host_that_nobody_knows_is_told_within_seconds() {
    let place = patient("https://asof-test.invalid");
    place.change("asof.toml", "kind = \"http\"", "kind = \"http\"\ntimeout = \"4s\"");
    for told in told_in_time(&place) {
        assert!(told.contains("GET https://asof-test.invalid/v1/calls can't be reached: "), "{told}");
    }
}

#[test]
fn check_waits_some_seconds_only_for_an_api_that_has_trouble() {
    let api = Api::new(|_| Reply::status(503));
    let place = patient(&api.url());
    let started = Instant::now();
    let run = place.asof("check");
    assert!(run.stdout.contains("answers with status 503 (tried "), "{}{}", run.stdout, run.stderr);
    assert!(started.elapsed() < Duration::from_secs(30), "{:?}", started.elapsed());
}

#[test]
fn an_api_that_was_there_is_waited_for() {
    let all = calls(FIRST, 3, 250);
    let served = all.clone();
    // Each answer ends its connection, so that the next page needs a new one.
    let answers = move |request: &crate::support::api::Request| {
        Reply::json(&by_offset(&served, request)).with("Connection", "close")
    };
    let pages = Arc::new(Mutex::new(0));
    let (counted, first) = (Arc::clone(&pages), answers.clone());
    let api = Api::new(move |request| {
        *counted.lock().unwrap() += 1;
        first(request)
    });
    let (place, port) = (place(&api, BY_OFFSET), api.port());
    place.change("asof.toml", "retry_for = \"3s\"", "retry_for = \"2m\"\nmax_requests_per_second = 2");
    let child = place.command(&["save"]).spawn().unwrap();
    while *pages.lock().unwrap() == 0 {
        std::thread::sleep(Duration::from_millis(20));
    }
    // For longer than one that never answered is looked for.
    drop(api);
    std::thread::sleep(Duration::from_secs(6));
    let again = Api::at(port, answers);
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert_eq!(frozen(&place, "2025-11-06"), expected(&all, "2025-11-06T06", "2025-11-07T06"));
    assert!(
        again.asked().iter().all(|request| request.number_of("offset") > 0),
        "the first page came before"
    );
}
