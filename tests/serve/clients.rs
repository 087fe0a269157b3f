//! Clients that are slow, or go.

use std::io::{Read as _, Write as _};
use std::time::{Duration, Instant};

use crate::cli::{CONFIG, frozen};
use crate::support::command::Place;
use crate::support::server::Server;

fn impatient() -> Place {
    let place = frozen();
    let lines = "\n[serve]\nclient_timeout = \"700ms\"\nrequest_timeout = \"1s\"\n";
    place.write("asof.toml", CONFIG.to_owned() + lines);
    place
}

#[test]
fn a_client_that_does_not_say_what_it_wants_is_cut() {
    let place = impatient();
    let server = Server::start(&place, &[]);
    for begin in ["", "GET /api/da", "GET /api/days HTTP/1.1\r\nHost: localhost\r\n"] {
        let mut stream = server.connect();
        stream.write_all(begin.as_bytes()).unwrap();
        let began = Instant::now();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        assert!(began.elapsed() < Duration::from_secs(10), "{begin:?}");
    }
    let mut slow = server.connect();
    let head = format!(
        "GET /api/days HTTP/1.1\r\nHost: {}\r\nContent-Length: 10\r\nConnection: close\r\n\r\nabc",
        server.address
    );
    slow.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    let _ = slow.read_to_string(&mut answer);
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert_eq!(server.get("/api/days").status, 200);
}

#[test]
fn a_client_that_takes_no_answer_is_cut() {
    let place = impatient();
    let server = Server::start(&place, &[]);
    let size = server.get("/days/latest").body.len();
    let mut stream = server.connect();
    stream.set_write_timeout(Some(Duration::from_secs(5))).unwrap();
    let wanted = 100_000_000 / size;
    let request = format!("GET /days/latest HTTP/1.1\r\nHost: {}\r\n\r\n", server.address);
    let _ = stream.write_all(request.repeat(wanted).as_bytes());
    // It takes nothing for longer than the server waits.
    std::thread::sleep(Duration::from_secs(3));
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    assert!(answer.len() < wanted * size, "{} of {}", answer.len(), wanted * size);
    assert_eq!(server.get("/api/days").status, 200);
}

#[test]
fn a_source_that_does_not_answer_keeps_nobody_from_reading() {
    let place = frozen();
    let lines = "\n[serve]\nmax_source_queries = 1\nsource_timeout = \"2s\"\nmax_requests = 2\n";
    place.write("asof.toml", CONFIG.to_owned() + lines);
    let server = Server::start(&place, &[]);
    assert_eq!(server.get("/api/drift").json()["kind"], "unchanged");
    // Somebody else has the file for himself.
    let db = rusqlite::Connection::open(place.path("calls.db")).unwrap();
    db.execute_batch("begin exclusive").unwrap();
    std::thread::scope(|scope| {
        let asking: Vec<_> = (0..3).map(|_| scope.spawn(|| server.get("/api/drift"))).collect();
        std::thread::sleep(Duration::from_millis(300));
        let began = Instant::now();
        for _ in 0..20 {
            assert_eq!(server.get("/api/days/latest").status, 200);
        }
        assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
        for asked in asking {
            let answer = asked.join().unwrap();
            assert!(matches!(answer.status, 502 | 503), "{} {}", answer.status, answer.text());
        }
    });
    db.execute_batch("rollback").unwrap();
    assert_eq!(server.get("/api/drift").json()["kind"], "unchanged");
}
