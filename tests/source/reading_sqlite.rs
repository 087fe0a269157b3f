//! Reading SQLite files: one moment, nothing but reading, limits, and files that are none.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use asof::model::Value;
use asof::model::manifest::Consistency;
use asof::source::{self, SourceError};
use rusqlite::Connection;

use super::{number, open, query, refused, rows, run, settings, text, value, within};

struct File {
    _dir: tempfile::TempDir,
    path: PathBuf,
    writer: Connection,
}

/// A file with a table of two calls, and a connection that writes to it.
fn file(journal: &str) -> File {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("calls ?#.db");
    let writer = Connection::open(&path).unwrap();
    writer.pragma_update(None, "journal_mode", journal).unwrap();
    writer
        .execute_batch(
            "create table calls (id integer primary key, call_date text, status varchar(6));
             create index by_date on calls (call_date);
             create view seen as select * from calls;
             insert into calls values (1, '2025-11-06 09:00:00', 'SALE'), (2, '2025-11-06 10:00:00', null)",
        )
        .unwrap();
    File { _dir: dir, path, writer }
}

fn url(path: &Path) -> String {
    format!("sqlite:{}", path.display())
}

#[test]
fn a_transaction_sees_one_state_with_a_log() {
    let file = file("wal");
    run(async {
        let mut session = open(&url(&file.path)).await;
        assert_eq!(session.server().name, "SQLite");
        let count = query("select count(*) from calls", Vec::new());
        assert_eq!(session.begin(&[&count]).await.unwrap(), Consistency::Snapshot);
        file.writer.execute_batch("insert into calls (status) values ('NA')").unwrap();
        assert_eq!(session.rows(&count).await.unwrap(), [[number("2")]]);
        let mut later = open(&url(&file.path)).await;
        assert_eq!(later.rows(&count).await.unwrap(), [[number("3")]]);
    });
}

#[test]
fn a_transaction_sees_one_state_without_a_log() {
    let file = file("delete");
    file.writer.busy_timeout(Duration::ZERO).unwrap();
    run(async {
        let mut session = open(&url(&file.path)).await;
        assert_eq!(session.begin(&[]).await.unwrap(), Consistency::Snapshot);
        // The reader holds the file: a writer has to wait.
        assert!(file.writer.execute_batch("insert into calls (status) values ('NA')").is_err());
        assert_eq!(value(&mut session, "select count(*) from calls").await, number("2"));
        session.close().await;
    });
}

#[test]
fn a_closed_log_and_a_file_that_cannot_be_written_are_read() {
    let file = file("wal");
    let dir = file.path.parent().unwrap().to_owned();
    let copy = dir.join("copy.db");
    drop(file.writer);
    fs::copy(&file.path, &copy).unwrap();
    let mut rights = fs::metadata(&copy).unwrap().permissions();
    rights.set_readonly(true);
    fs::set_permissions(&copy, rights).unwrap();
    run(async {
        let mut session = open(&url(&copy)).await;
        assert_eq!(value(&mut session, "select count(*) from calls").await, number("2"));
    });
}

#[test]
fn where_no_log_can_be_made_the_file_is_read_unguarded() {
    let file = file("wal");
    drop(file.writer);
    // A folder in the place of the log keeps one from being made, even for root.
    let mut log = file.path.as_os_str().to_owned();
    log.push("-wal");
    fs::create_dir(&log).unwrap();
    run(async {
        let mut session = open(&url(&file.path)).await;
        assert_eq!(session.begin(&[]).await.unwrap(), Consistency::Statement);
        assert_eq!(value(&mut session, "select count(*) from calls").await, number("2"));
    });
}

#[test]
fn what_is_no_readable_database_is_refused_and_nothing_is_made() {
    let dir = tempfile::tempdir().unwrap();
    let missing = dir.path().join("calls.db");
    let error = run(refused(&settings(&url(&missing))));
    assert_eq!(error, SourceError::FileMissing { path: missing.clone() });
    assert!(!missing.exists() && error.is_unreachable() && !error.is_transient() && error.hint().is_some());

    fs::write(&missing, "this is no database, but it is long enough to look like a header of one").unwrap();
    let error = run(refused(&settings(&url(&missing))));
    assert_eq!(error, SourceError::NotADatabase { path: missing });

    let error = run(refused(&settings(&url(dir.path()))));
    assert!(matches!(error, SourceError::FileUnreadable { .. }), "{error:?}");
}

#[test]
fn a_file_locked_by_a_writer_is_waited_for_and_then_told() {
    let file = file("delete");
    file.writer.execute_batch("begin exclusive").unwrap();
    let error = run(refused(&within(Duration::from_millis(200), &url(&file.path))));
    assert!(matches!(&error, SourceError::Locked { .. }), "{error:?}");
    assert!(error.is_transient() && error.hint().is_some());
}

#[test]
fn nothing_can_be_written() {
    let file = file("wal");
    let other = file.path.with_file_name("other.db");
    run(async {
        for sql in [
            "insert into calls (status) values ('X')",
            "insert into calls (status) values ('X') returning id",
            "delete from calls",
            "drop table calls",
            "create table more (id)",
            "create temp table more (id)",
            "pragma journal_mode = delete",
            "pragma user_version = 7",
            "vacuum",
            "begin immediate",
            &format!("attach '{}' as other", other.display()),
            "select 1; delete from calls",
            "",
        ] {
            let mut session = open(&url(&file.path)).await;
            let found = rows(&mut session, sql).await;
            assert!(
                matches!(&found, Err(SourceError::Refused { .. } | SourceError::NoColumns { .. }))
                    || sql.starts_with("pragma"),
                "{sql}: {found:?}"
            );
        }
    });
    assert!(!other.exists());
    let whole: String = file
        .writer
        .query_row(
            "select count(*) || ' ' || (select count(*) from sqlite_schema) || ' ' || (select user_version from pragma_user_version)
             || ' ' || (select journal_mode from pragma_journal_mode) from calls",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(whole, "2 3 0 wal");
}

const ENDLESS: &str = "with recursive n(i) as (select 1 union all select i + 1 from n)";

#[test]
fn a_query_that_takes_too_long_is_stopped() {
    let file = file("wal");
    run(async {
        // One that gives no row, and one that gives rows for ever.
        for sql in [format!("{ENDLESS} select count(*) from n"), format!("{ENDLESS} select i from n")] {
            let settings = within(Duration::from_millis(200), &url(&file.path));
            let mut session = source::open(&settings, &|_| None).await.unwrap();
            let asked = query(&sql, Vec::new());
            let error = session.read(&asked, &mut |_| Ok::<(), SourceError>(())).await.unwrap_err();
            assert!(
                matches!(&error, SourceError::TimedOut { query, .. } if query == "events.calls"),
                "{error:?}"
            );
            assert!(!session.is_usable() && !error.is_transient());
            let again = rows(&mut session, "select 1").await.unwrap_err();
            assert!(matches!(again, SourceError::Lost { .. }), "{again:?}");
        }
    });
    // Nothing holds the file any more.
    file.writer.pragma_update(None, "journal_mode", "delete").unwrap();
}

#[test]
fn a_missing_table_or_column_is_told_in_sqlites_words() {
    let file = file("wal");
    run(async {
        for (sql, missing) in
            [("select * from nope", "nope"), ("select gone from calls", "gone"), ("selekt", "syntax error")]
        {
            let mut session = open(&url(&file.path)).await;
            let error = rows(&mut session, sql).await.unwrap_err();
            let SourceError::Refused { query, message, .. } = &error else { panic!("{error:?}") };
            assert!(query == "events.calls" && message.contains(missing), "{error:?}");
            assert!(!session.is_usable());
        }
    });
}

#[test]
fn many_rows_arrive_whole_and_in_order() {
    let file = file("wal");
    run(async {
        let mut session = open(&url(&file.path)).await;
        for count in [0, 1, 255, 256, 257, 10_000] {
            let sql = format!("{ENDLESS} select i, 'x' || i from n limit {count}");
            let found = rows(&mut session, &sql).await.unwrap();
            let wanted: Vec<Vec<Value>> =
                (1..=count).map(|i: i64| vec![i.into(), text(&format!("x{i}"))]).collect();
            assert!(found == wanted, "{count}");
        }
    });
}

#[test]
fn an_error_of_the_reader_ends_the_session_at_once() {
    let file = file("wal");
    run(async {
        let mut session = open(&url(&file.path)).await;
        let asked = query(&format!("{ENDLESS} select i from n"), Vec::new());
        let stop = SourceError::NoColumns { query: "mine".to_owned() };
        let error = session.read(&asked, &mut |_| Err(stop.clone())).await.unwrap_err();
        assert_eq!((error, session.is_usable()), (stop, false));
    });
}
