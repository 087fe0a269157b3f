//! What passes is tried again; what doesn't is not.

use std::sync::Mutex;
use std::time::Duration;

use asof::model::Progress;
use asof::source::{self, SourceError, with_retry};

use super::{run, settings};
use crate::support::mariadb::{self, REPORT, Server, free_port};

#[derive(Default)]
struct Said(Mutex<Vec<String>>);

impl Progress for Said {
    fn warn(&self, sentence: &str) {
        self.0.lock().unwrap().push(sentence.to_owned());
    }
}

#[test]
fn a_server_that_comes_up_later_is_reached() {
    let port = free_port();
    let settings = settings(&format!("mysql://writer@127.0.0.1:{port}/mysql"));
    let said = Said::default();
    let mut server = None;
    let session = run(with_retry(Duration::from_mins(2), &said, async || {
        let opened = source::open(&settings, &|_| None).await;
        // It is started only after the first try has failed.
        server.get_or_insert_with(|| Server::start_on(port, &[]));
        opened
    }));
    assert_eq!(session.unwrap().server().name, "MariaDB");
    let said = said.0.into_inner().unwrap();
    assert!(!said.is_empty() && said.iter().all(|line| line.contains("trying again in")), "{said:?}");
}

#[test]
fn a_wrong_password_is_tried_once() {
    let db = mariadb::db();
    let settings = settings(&db.url().replace("r3p", "wrong"));
    let said = Said::default();
    let mut tries = 0;
    let result = run(with_retry(Duration::from_mins(10), &said, async || {
        tries += 1;
        source::open(&settings, &|_| None).await
    }));
    assert!(matches!(result, Err(SourceError::AccessDenied { .. })));
    assert_eq!((tries, said.0.into_inner().unwrap().len()), (1, 0));
}

#[test]
fn without_time_left_there_is_one_try() {
    let settings = settings(&format!("mysql://{}:hunter2@127.0.0.1:{}/calls", REPORT.0, free_port()));
    let said = Said::default();
    let mut tries = 0;
    let result = run(with_retry(Duration::ZERO, &said, async || {
        tries += 1;
        source::open(&settings, &|_| None).await
    }));
    assert!(matches!(result, Err(SourceError::Unreachable { .. })));
    assert_eq!((tries, said.0.into_inner().unwrap().len()), (1, 0));
}

#[test]
fn tries_end_when_the_time_is_up() {
    let settings = settings(&format!("mysql://{}:hunter2@127.0.0.1:{}/calls", REPORT.0, free_port()));
    let said = Said::default();
    let mut tries = 0;
    let result = run(with_retry(Duration::from_millis(700), &said, async || {
        tries += 1;
        source::open(&settings, &|_| None).await
    }));
    assert!(matches!(result, Err(SourceError::Unreachable { .. })));
    let said = said.0.into_inner().unwrap();
    assert!(tries >= 2 && said.len() == tries - 1, "{said:?}");
    assert!(said.iter().all(|line| !line.contains("hunter2")), "{said:?}");
}
