//! Reading PostgreSQL: one moment, nothing but reading, limits, locks, and servers that die.

use std::process::Stdio;
use std::time::{Duration, Instant};

use asof::model::Value;
use asof::model::manifest::Consistency;
use asof::source::{self, ErrorCode, SourceError};

use super::{number, open, query, rows, run, text, value, within};
use crate::support::postgres::{self, Server};

#[test]
fn a_postgresql_transaction_sees_one_state() {
    let db = postgres::db();
    db.sql(
        "create table calls (id int); insert into calls values (1); create view seen as select * from calls",
    );
    run(async {
        let mut session = open(&db.url()).await;
        let count = query("select count(*) from seen", Vec::new());
        assert_eq!(session.begin(&[&count]).await.unwrap(), Consistency::Snapshot);
        // Inserted before the first read, but after the transaction began.
        db.sql("insert into calls values (2)");
        assert_eq!(session.rows(&count).await.unwrap(), [[number("1")]]);
        session.end().await.unwrap();
        session.begin(&[]).await.unwrap();
        assert_eq!(session.rows(&count).await.unwrap(), [[number("2")]]);
        session.close().await;
    });
}

#[test]
fn rows_of_other_servers_make_no_snapshot() {
    let db = postgres::db();
    db.sql(
        "create foreign data wrapper nothing; create server far foreign data wrapper nothing;
         create foreign table \"Far calls\" (id int) server far; create table calls (id int);
         create view seen as select * from calls",
    );
    run(async {
        for (sql, expected) in [
            ("select * from calls", Consistency::Snapshot),
            ("select * from \"Far calls\"", Consistency::Statement),
            ("select * from SEEN", Consistency::Statement),
        ] {
            let mut session = open(&db.url()).await;
            assert_eq!(session.begin(&[&query(sql, Vec::new())]).await.unwrap(), expected, "{sql}");
        }
    });
}

#[test]
fn nothing_can_be_written_to_postgresql_whatever_the_account_may_do() {
    let db = postgres::db();
    db.sql(
        "create table t (id int); insert into t values (1); create sequence s;
         create function add() returns int language sql as 'insert into t values (9) returning id'",
    );
    run(async {
        for sql in [
            "insert into t values (2)",
            "insert into t values (2) returning id",
            "with gone as (delete from t returning id) select * from gone",
            "update t set id = 3",
            "delete from t",
            "drop table t",
            "truncate t",
            "select id into u from t",
            "create table u (id int)",
            "select add()",
            "select nextval('s')",
            "set session characteristics as transaction read write",
            "commit; delete from t",
        ] {
            for begun in [true, false] {
                let mut session = open(&db.admin_url()).await;
                if begun {
                    session.begin(&[]).await.unwrap();
                }
                let found = rows(&mut session, sql).await;
                match &found {
                    Err(SourceError::Refused { .. } | SourceError::NoColumns { .. }) => {}
                    other => panic!("{sql}: {other:?}"),
                }
                let hint = found.unwrap_err().hint();
                assert!(hint.is_some());
            }
        }
        let mut session = open(&db.admin_url()).await;
        let error = rows(&mut session, "delete from t returning id").await.unwrap_err();
        assert!(
            matches!(&error, SourceError::Refused { code: ErrorCode::State(state), .. } if state == "25006")
        );
        assert!(error.hint().unwrap().contains("only reads"), "{error}");
    });
    assert_eq!(db.sql("select id from t"), "1\n");
}

#[test]
fn postgresqls_refusals_are_told_with_their_state() {
    let db = postgres::db();
    db.sql("create table calls (id int, at timestamp); create table secret (id int); revoke all on secret from report");
    run(async {
        for (sql, missing, state, hint) in [
            ("select * from no_such_table", "no_such_table", "42P01", "correct"),
            ("select nope from calls", "nope", "42703", "correct"),
            ("select id from", "syntax", "42601", "correct"),
            ("select * from secret", "permission denied", "42501", "grant"),
            ("select * from calls where at >= 5", "operator does not exist", "42883", "time_is"),
            ("select 1 / (id - id) from calls union all select 1 / 0", "division by zero", "22012", "--sql"),
        ] {
            let mut session = open(&db.url()).await;
            let error = rows(&mut session, sql).await.unwrap_err();
            let SourceError::Refused { query, code, message } = &error else { panic!("{error:?}") };
            assert_eq!((query.as_str(), code.to_string().as_str()), ("events.calls", state), "{sql}");
            assert!(message.contains(missing), "{message}");
            assert!(error.hint().unwrap().contains(hint), "{sql}: {:?}", error.hint());
            assert!(!error.is_transient() && !error.is_unreachable());
            assert!(!session.is_usable());
            let again = rows(&mut session, "select 1").await.unwrap_err();
            assert!(matches!(again, SourceError::Lost { .. }), "{again:?}");
        }
        for params in [vec![], vec![number("1"); 2]] {
            let mut session = open(&db.url()).await;
            let found = params.len();
            let error = session.rows(&query("select id from calls where id = ?", params)).await.unwrap_err();
            assert_eq!(error, SourceError::Values { query: "events.calls".to_owned(), wanted: 1, found });
        }
    });
}

#[test]
fn a_slow_query_is_ended_by_postgresql() {
    let db = postgres::db();
    let settings = within(Duration::from_millis(300), &db.url());
    run(async {
        let mut session = source::open(&settings, &|_| None).await.unwrap();
        session.begin(&[]).await.unwrap();
        let error = rows(&mut session, "select pg_sleep(600)::text").await.unwrap_err();
        assert!(
            matches!(&error, SourceError::TimedOut { query, .. } if query == "events.calls"),
            "{error:?}"
        );
        assert!(!error.is_transient() && !error.is_unreachable() && !session.is_usable());
        assert!(error.to_string().contains("longer than 0.3 s"), "{error}");
    });
    let left = "select count(*) from pg_stat_activity where query like 'select pg_sleep(600)%' and state = 'active' and datname = current_database()";
    let started = Instant::now();
    while db.sql(left) != "0\n" {
        assert!(started.elapsed() < Duration::from_mins(2), "the query still runs");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_lock_that_is_not_let_go_is_told_as_one() {
    let db = postgres::db();
    db.sql("create table calls (id int)");
    let mut holder = db.server().client(&db.name);
    let mut holder = holder
        .args(["-c", "begin; lock table calls", "-c", "select pg_sleep(600)"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let held = "select count(*) from pg_locks where mode = 'AccessExclusiveLock' and granted and relation = 'calls'::regclass";
    let started = Instant::now();
    while db.sql(held) != "1\n" {
        assert!(started.elapsed() < Duration::from_mins(2), "the lock is not taken");
        std::thread::sleep(Duration::from_millis(20));
    }
    let error = run(async {
        let settings = within(Duration::from_millis(500), &db.url());
        let mut session = source::open(&settings, &|_| None).await.unwrap();
        rows(&mut session, "select count(*) from calls").await.unwrap_err()
    });
    holder.kill().unwrap();
    holder.wait().unwrap();
    assert!(matches!(&error, SourceError::Locked { query, .. } if query == "events.calls"), "{error:?}");
    assert!(error.is_transient());
}

#[test]
fn a_postgresql_that_dies_in_mid_query_is_lost_and_may_come_back() {
    let server = Server::start(&[], &[]);
    server.sql("postgres", "create database calls");
    run(async {
        let mut session = open(&server.url("calls")).await;
        session.begin(&[]).await.unwrap();
        // The first row has come when the server is killed; the last never will.
        let mut seen = 0;
        let sql = "select repeat('x', 16000), case when n < 40 then '' else pg_sleep(600)::text end from generate_series(1, 40) n";
        let error = session
            .read(&query(sql, Vec::new()), &mut |_row| {
                if seen == 0 {
                    server.kill();
                }
                seen += 1;
                Ok::<(), SourceError>(())
            })
            .await
            .unwrap_err();
        assert!(seen > 0);
        assert!(
            matches!(&error, SourceError::Lost { query: Some(query), .. } if query == "events.calls"),
            "{error:?}"
        );
        assert!(error.is_transient() && error.is_unreachable() && !session.is_usable());
    });
}

#[test]
fn a_connection_that_postgresql_ends_is_lost() {
    let db = postgres::db();
    run(async {
        let mut session = open(&db.url()).await;
        let Value::Number(id) = value(&mut session, "select pg_backend_pid()").await else { panic!() };
        db.sql(&format!("select pg_terminate_backend({id})"));
        let error = rows(&mut session, "select 1").await.unwrap_err();
        assert!(matches!(error, SourceError::Lost { .. }), "{error:?}");
    });
}

#[derive(Debug, PartialEq)]
enum Mine {
    Enough,
    Source,
}
impl From<SourceError> for Mine {
    fn from(_: SourceError) -> Self {
        Self::Source
    }
}

#[test]
fn rows_of_postgresql_come_one_by_one_and_reading_can_be_ended() {
    let db = postgres::db();
    run(async {
        let mut session = open(&db.url()).await;
        let all = query("select n from generate_series(1, 100000) n", Vec::new());
        let mut sum = 0;
        let columns = session
            .read(&all, &mut |row| {
                let [Value::Number(n)] = row.as_slice() else { panic!("{row:?}") };
                sum += n.to_i64().unwrap();
                Ok::<(), Mine>(())
            })
            .await
            .unwrap();
        assert_eq!(sum, 5_000_050_000);
        assert_eq!((columns[0].name.as_str(), columns[0].kind.as_str()), ("n", "int4"));
        let mut seen = 0;
        let ended = session
            .read(&all, &mut |_| {
                seen += 1;
                if seen == 10 { Err(Mine::Enough) } else { Ok(()) }
            })
            .await;
        assert_eq!((ended.unwrap_err(), seen, session.is_usable()), (Mine::Enough, 10, false));
    });
}

/// Four hundred megabytes: while nobody takes them, the server has to wait with most of them.
#[test]
fn postgresql_waits_until_its_rows_are_taken() {
    let db = postgres::db();
    // The task that moves the connection's bytes goes on while this one is busy with a row.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let url = db.url();
    let waits = "select count(*) from pg_stat_activity where wait_event = 'ClientWrite' and datname = current_database()";
    let sql = "select n, repeat('x', 4000) from generate_series(1, 100000) n";
    let rows = runtime.block_on(async {
        let reading = tokio::spawn(async move {
            let mut session = open(&url).await;
            let (mut rows, mut waited) = (0, 0);
            let started = Instant::now();
            let each = &mut |_row: &mut Vec<Value>| {
                rows += 1;
                while rows == 1 && waited < 5 {
                    waited = if db.sql(waits) == "1\n" { waited + 1 } else { 0 };
                    assert!(started.elapsed() < Duration::from_mins(2), "the server does not wait");
                    std::thread::sleep(Duration::from_millis(100));
                }
                Ok::<(), SourceError>(())
            };
            session.read(&query(sql, Vec::new()), each).await.unwrap();
            rows
        });
        reading.await.unwrap()
    });
    assert_eq!(rows, 100_000);
}

#[test]
fn a_read_of_postgresql_that_is_dropped_midway_ends_the_session() {
    let db = postgres::db();
    run(async {
        let mut session = open(&db.url()).await;
        let slow = query("select pg_sleep(600)::text", Vec::new());
        let cut = tokio::time::timeout(Duration::from_millis(300), session.rows(&slow)).await;
        assert!(cut.is_err() && !session.is_usable());
    });
    // The server looks after a while whether anybody is there to be answered.
    let left = "select count(*) from pg_stat_activity where query like 'select pg_sleep(600)%' and state = 'active' and datname = current_database()";
    let started = Instant::now();
    while db.sql(left) != "0\n" {
        assert!(started.elapsed() < Duration::from_mins(1), "the query still runs");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn the_session_with_postgresql_does_not_depend_on_the_account() {
    let db = postgres::db();
    for (name, odd) in [
        ("timezone", "'Asia/Tokyo'"),
        ("datestyle", "'SQL, DMY'"),
        ("default_transaction_isolation", "'read committed'"),
        ("default_transaction_read_only", "off"),
        ("statement_timeout", "0"),
        ("intervalstyle", "iso_8601"),
        ("extra_float_digits", "0"),
        ("bytea_output", "escape"),
        ("standard_conforming_strings", "off"),
    ] {
        db.sql(&format!("alter database {} set {name} = {odd}", db.name));
    }
    run(async {
        let mut session = open(&db.url()).await;
        session.begin(&[]).await.unwrap();
        for (sql, expected) in [
            ("select current_setting('timezone')", "UTC"),
            ("select current_setting('transaction_isolation')", "repeatable read"),
            ("select current_setting('transaction_read_only')", "on"),
            ("select current_setting('statement_timeout')", "1min"),
            ("select cast(timestamptz '2025-11-06 01:00:00+01' as text)", "2025-11-06 00:00:00+00"),
            ("select cast(date '2025-11-06' as text)", "2025-11-06"),
            ("select cast(interval '1 day 02:00:00' as text)", "1 day 02:00:00"),
            ("select cast(cast(0.1 as float8) + 0.2 as text)", "0.30000000000000004"),
            (r"select cast(cast('\xff' as bytea) as text)", r"\xff"),
            (r"select 'a\nb'", r"a\nb"),
        ] {
            assert_eq!(value(&mut session, sql).await, text(expected), "{sql}");
        }
    });
}
