//! Reading MariaDB: one moment, nothing but reading, limits, and servers that die.

use std::time::{Duration, Instant};

use asof::model::Value;
use asof::model::manifest::Consistency;
use asof::source::{self, ErrorCode, SourceError};

use super::{number, open, query, rows, run, settings, text, value, within};
use crate::support::mariadb::{self, Server};

#[test]
fn an_innodb_transaction_sees_one_state() {
    let db = mariadb::db();
    db.sql("create table calls (id int) engine=innodb; insert into calls values (1)");
    run(async {
        let mut session = open(&db.url()).await;
        let count = query("select count(*) from calls", Vec::new());
        assert_eq!(session.begin(&[&count]).await.unwrap(), Consistency::Snapshot);
        // Inserted before the first read, but after the transaction began.
        db.sql("insert into calls values (2)");
        assert_eq!(session.rows(&count).await.unwrap(), [[number("1")]]);
        db.sql("insert into calls values (3)");
        assert_eq!(session.rows(&count).await.unwrap(), [[number("1")]]);
        session.close().await;
        let mut later = open(&db.url()).await;
        assert_eq!(value(&mut later, "select count(*) from calls").await, number("3"));
    });
}

#[test]
fn a_server_that_reads_committed_rows_by_default_gives_a_snapshot_all_the_same() {
    let server = Server::start(&["--transaction-isolation=READ-COMMITTED"]);
    server.sql("", "create database d; create table d.calls (id int) engine=innodb");
    run(async {
        let mut session = open(&server.url("d")).await;
        session.begin(&[]).await.unwrap();
        server.sql("d", "insert into calls values (1)");
        assert_eq!(value(&mut session, "select count(*) from calls").await, number("0"));
    });
}

#[test]
fn only_tables_with_snapshots_make_a_snapshot() {
    let db = mariadb::db();
    db.sql(
        "create table inno (id int) engine=innodb; create table isam (id int) engine=myisam;
         create table `odd name` (id int) engine=aria; create view seen as select * from isam",
    );
    let cases = [
        (vec!["select * from inno"], Consistency::Snapshot),
        (vec!["select 1"], Consistency::Snapshot),
        (vec!["select * from isam"], Consistency::Statement),
        (vec!["select * from ISAM"], Consistency::Statement),
        (vec!["select * from inno", "select * from inno join isam using (id)"], Consistency::Statement),
        (vec!["select * from `odd name`"], Consistency::Statement),
        (vec!["select * from seen"], Consistency::Statement),
        (vec!["select * from information_schema.tables limit 0"], Consistency::Statement),
        (vec!["select * from mysql.db"], Consistency::Statement),
    ];
    run(async {
        for (sql, expected) in cases {
            let mut session = open(&db.admin_url()).await;
            let queries: Vec<_> = sql.iter().map(|sql| query(sql, Vec::new())).collect();
            let found = session.begin(&queries.iter().collect::<Vec<_>>()).await.unwrap();
            assert_eq!(found, expected, "{sql:?}");
        }
    });
}

#[test]
fn nothing_can_be_written_whatever_the_account_may_do() {
    let db = mariadb::db();
    db.sql(
        "create table inno (id int) engine=innodb; create table isam (id int) engine=myisam;
         create sequence numbers;
         delimiter //
         create function writes() returns int begin insert into isam values (9); return 1; end//",
    );
    run(async {
        for begun in [false, true] {
            for sql in [
                "insert into inno values (1)",
                "insert into isam values (1)",
                "delete from isam",
                "drop table isam",
                "truncate inno",
                "create table more (id int)",
                "alter table isam add x int",
                "select writes()",
                "select nextval(numbers)",
                "select * from inno for update",
                "select 1 into outfile '/tmp/asof-must-not-exist'",
                "set global max_connections = 5",
                "set session transaction read write",
                "do 1",
            ] {
                let mut session = open(&db.admin_url()).await;
                if begun {
                    session.begin(&[]).await.unwrap();
                }
                match rows(&mut session, sql).await {
                    Err(SourceError::Refused { .. } | SourceError::NoColumns { .. }) => {}
                    // Locking rows writes nothing.
                    Ok(_) if sql.ends_with("for update") => {}
                    other => panic!("{sql}: {other:?}"),
                }
            }
        }
    });
    assert_eq!(db.sql("select count(*) from inno union all select count(*) from isam"), "0\n0\n");
    assert_eq!(
        db.sql("select count(*) from information_schema.tables where table_schema = database()"),
        "3\n"
    );
}

#[test]
fn two_statements_in_one_are_refused() {
    let db = mariadb::db();
    run(async {
        let mut session = open(&db.url()).await;
        let error = rows(&mut session, "select 1; select 2").await.unwrap_err();
        assert!(matches!(error, SourceError::Refused { code: ErrorCode::Number(1064), .. }), "{error:?}");
    });
}

#[test]
fn a_missing_table_or_column_is_told_in_the_servers_words() {
    let db = mariadb::db();
    db.sql("create table calls (id int)");
    run(async {
        for (sql, missing, wanted) in [
            ("select * from no_such_table", "no_such_table", 1146),
            ("select nope from calls", "nope", 1054),
            ("select id from", "syntax", 1064),
        ] {
            let mut session = open(&db.url()).await;
            let error = rows(&mut session, sql).await.unwrap_err();
            let SourceError::Refused { query, code, message } = &error else { panic!("{error:?}") };
            assert_eq!((query.as_str(), code), ("events.calls", &ErrorCode::Number(wanted)));
            assert!(message.contains(missing), "{message}");
            assert!(!error.is_transient() && !error.is_unreachable() && error.hint().is_some());
            // After an error inside a read the connection is gone.
            assert!(!session.is_usable());
            let again = rows(&mut session, "select 1").await.unwrap_err();
            assert!(matches!(again, SourceError::Lost { .. }) && again.is_transient(), "{again:?}");
        }
    });
}

#[test]
fn the_number_of_bound_values_must_fit() {
    let db = mariadb::db();
    run(async {
        for params in [vec![], vec![number("1"); 2]] {
            let mut session = open(&db.url()).await;
            let found = params.len();
            let error = session.rows(&query("select ?", params)).await.unwrap_err();
            assert_eq!(error, SourceError::Values { query: "events.calls".to_owned(), wanted: 1, found });
        }
    });
}

#[test]
fn a_query_that_takes_too_long_is_ended_by_the_server() {
    let db = mariadb::db();
    let settings = within(Duration::from_millis(300), &db.url());
    run(async {
        let mut session = source::open(&settings, &|_| None).await.unwrap();
        session.begin(&[]).await.unwrap();
        // Without an end of its own within the test.
        let error = rows(&mut session, "select sleep(600)").await.unwrap_err();
        assert!(
            matches!(&error, SourceError::TimedOut { query, .. } if query == "events.calls"),
            "{error:?}"
        );
        assert!(!error.is_transient() && !error.is_unreachable());
        assert!(error.to_string().contains("longer than 0.3 s"), "{error}");
        assert!(!session.is_usable());
    });
    // The server tells of the error a moment before it forgets the query; by itself that would end much later.
    let left = "select count(*) from information_schema.processlist where info like 'select sleep(600)'";
    let started = Instant::now();
    while db.sql(left) != "0\n" {
        assert!(started.elapsed() < Duration::from_mins(2), "the query still runs");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_server_that_dies_in_mid_query_is_lost_and_may_come_back() {
    let server = Server::start(&[]);
    server.sql("", "create database calls");
    run(async {
        let mut session = open(&server.url("calls")).await;
        session.begin(&[]).await.unwrap();
        // The first row has come when the server is killed; the second never will.
        let mut seen = 0;
        let asked =
            query("select repeat('x', 16000), sleep(if(seq < 20, 0, 600)) from seq_1_to_21", Vec::new());
        let error = session
            .read(&asked, &mut |_row| {
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
fn a_killed_connection_is_lost() {
    let db = mariadb::db();
    run(async {
        let mut session = open(&db.url()).await;
        let Value::Number(id) = value(&mut session, "select connection_id()").await else { panic!() };
        db.sql(&format!("kill {id}"));
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
fn rows_come_one_by_one_and_reading_can_be_ended() {
    let db = mariadb::db();
    db.sql("create table numbers as select seq from seq_1_to_100000");
    run(async {
        let mut session = open(&db.url()).await;
        let all = query("select seq from numbers order by seq", Vec::new());
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
        assert_eq!((columns[0].name.as_str(), columns[0].kind.as_str()), ("seq", "integer"));
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

#[test]
fn a_read_that_is_dropped_midway_ends_the_session() {
    let db = mariadb::db();
    run(async {
        let mut session = open(&db.url()).await;
        let slow = query("select sleep(600)", Vec::new());
        let cut = tokio::time::timeout(Duration::from_millis(100), session.rows(&slow)).await;
        assert!(cut.is_err() && !session.is_usable());
    });
}

#[test]
fn the_session_is_in_utc_with_text_in_utf8() {
    let db = mariadb::db();
    run(async {
        let mut session = open(&db.url()).await;
        for (sql, expected) in [
            ("select @@time_zone", text("+00:00")),
            ("select @@sql_mode", text("")),
            ("select @@tx_isolation", text("REPEATABLE-READ")),
            ("select @@tx_read_only", number("1")),
            ("select @@character_set_results", text("utf8mb4")),
            ("select @@collation_connection", text("utf8mb4_general_ci")),
            ("select @@max_statement_time", number("60.000000")),
            ("select timestampdiff(second, utc_timestamp(), now())", number("0")),
        ] {
            let found = value(&mut session, sql).await;
            let equal = found == expected || found == Value::Float(60.0) && sql.contains("statement_time");
            assert!(equal, "{sql}: {found:?}");
        }
    });
}

#[test]
fn it_makes_no_difference_which_socket_the_server_names() {
    // Through a tunnel, that path would belong to another server; here nothing must follow it.
    let db = mariadb::db();
    run(async {
        let mut session = source::open(&settings(&db.url()), &|_| None).await.unwrap();
        let sql = "select host from information_schema.processlist where id = connection_id()";
        let Value::Text(host) = value(&mut session, sql).await else { panic!() };
        assert!(host.starts_with("127.0.0.1:"), "{host}");
    });
}
