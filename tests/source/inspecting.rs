//! What `asof check` is told: columns, index use, clocks, zones and rights.

use chrono::{TimeDelta, Utc};
use rusqlite::Connection;

use super::{number, open, query, run, text};
use crate::support::mariadb;

const RANGE: &str = "select count(*) from calls c where c.call_date >= ? and c.call_date < ?";

#[test]
fn mariadb_tells_which_index_finds_the_rows() {
    let db = mariadb::db();
    db.sql(
        "create table calls (id int primary key, call_date datetime, status varchar(6), n int,
            key by_date (call_date), key by_both (status, call_date));
         insert into calls select seq, '2025-11-01' + interval seq minute, 'NA', seq from seq_1_to_20000;
         analyze table calls; create view seen as select * from calls",
    );
    run(async {
        let mut session = open(&db.url()).await;
        let window = vec![text("2025-11-06 00:00:00"), text("2025-11-06 01:00:00")];
        let found = session.explain(&query(RANGE, window.clone())).await.unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].access.as_str(), found[0].key.as_deref()), ("range", Some("by_date")));
        assert!(found[0].finds_by("call_date") && found[0].table == "c");
        assert!(found[0].rows.is_some_and(|rows| rows < 1000), "{found:?}");

        // Nested and in a union, as the plan writes them.
        let sql = format!("select * from ({RANGE} group by n union all {RANGE} and n > 0) q");
        let found = session.explain(&query(&sql, [window.clone(), window].concat())).await.unwrap();
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found.iter().all(|access| access.finds_by("call_date")));

        let found = session
            .explain(&query(
                "select count(*) from calls where date(call_date) = ? and n > 1",
                vec![text("2025-11-06")],
            ))
            .await
            .unwrap();
        assert!(found[0].full_scan && !found[0].finds_by("call_date"), "{found:?}");

        for (table, column, expected) in [
            ("calls", "call_date", Some("by_date")),
            ("CALLS", "CALL_DATE", None),
            ("calls", "status", Some("by_both")),
            ("calls", "n", None),
            ("seen", "call_date", None),
            ("no_such_table", "call_date", None),
        ] {
            let index = session.leading_index(table, column).await.unwrap();
            if table != "CALLS" {
                assert_eq!(index.as_deref(), expected, "{table}.{column}");
            }
        }
        let qualified = session.leading_index(&format!("{}.calls", db.name), "call_date").await.unwrap();
        assert_eq!(qualified.as_deref(), Some("by_date"));
    });
}

#[test]
fn sqlite_tells_which_index_finds_the_rows() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("calls.db");
    Connection::open(&file)
        .unwrap()
        .execute_batch(
            "create table calls (id integer primary key, call_date text, status text);
             create index by_date on calls (call_date); create index some on calls (status) where status = 'x'",
        )
        .unwrap();
    run(async {
        let mut session = open(&format!("sqlite:{}", file.display())).await;
        let found = session.explain(&query(RANGE, vec![text("a"), text("b")])).await.unwrap();
        assert_eq!((found.len(), found[0].key.as_deref()), (1, Some("by_date")), "{found:?}");
        assert!(found[0].finds_by("call_date"));
        let found = session
            .explain(&query("select count(*) from calls where date(call_date) = ?", vec![text("a")]))
            .await
            .unwrap();
        assert!(found[0].full_scan && !found[0].finds_by("call_date"), "{found:?}");
        for (column, expected) in [
            ("call_date", Some("by_date")),
            ("CALL_DATE", Some("by_date")),
            ("id", Some("INTEGER PRIMARY KEY")),
            ("status", None),
        ] {
            assert_eq!(
                session.leading_index("calls", column).await.unwrap().as_deref(),
                expected,
                "{column}"
            );
        }
        let columns =
            session.describe(&query("select id, call_date as at, 1 from calls", Vec::new())).await.unwrap();
        let told: Vec<_> =
            columns.iter().map(|column| (column.name.as_str(), column.kind.as_str())).collect();
        assert_eq!(told, [("id", "integer"), ("at", "text"), ("1", "")]);
        let report = session.inspect().await.unwrap();
        assert!((Utc::now() - report.now).abs() < TimeDelta::minutes(5));
        assert_eq!(
            (report.server.name, report.zone, report.writes, report.tls),
            ("SQLite", None, None, None)
        );
    });
}

#[test]
fn mariadb_describes_the_columns_of_a_query() {
    let db = mariadb::db();
    db.sql("create table t (a int, b decimal(5,2), c datetime, d enum('x'), e varchar(5), f blob, g json, h double)");
    run(async {
        let mut session = open(&db.url()).await;
        let columns = session.describe(&query("select t.*, ? as p from t", vec![number("1")])).await.unwrap();
        let told: Vec<_> = columns.iter().map(|column| format!("{} {}", column.name, column.kind)).collect();
        assert_eq!(
            told[..8],
            ["a integer", "b decimal", "c datetime", "d enum", "e text", "f binary", "g text", "h double"]
        );
        // A refusal here leaves the session usable, so that all queries can be checked.
        assert!(session.describe(&query("select nope from t", Vec::new())).await.is_err());
        assert!(session.explain(&query("select nope from t", Vec::new())).await.is_err());
        assert!(session.is_usable());
        assert!(session.describe(&query("select a from t", Vec::new())).await.is_ok());
    });
}

#[test]
fn mariadb_tells_its_clock_zone_and_the_accounts_rights() {
    let db = mariadb::db();
    run(async {
        let report = open(&db.url()).await.inspect().await.unwrap();
        assert_eq!(report.server.name, "MariaDB");
        assert!(db.sql("select version()").trim() == report.server.version);
        assert!((Utc::now() - report.now).abs() < TimeDelta::minutes(5), "{}", report.now);
        let zone = report.zone.unwrap();
        assert_eq!((zone.offset_seconds, zone.setting.as_str()), (-6 * 3600, mariadb::SERVER_ZONE));
        assert_eq!((report.writes, report.limits_time, report.tls), (Some(Vec::new()), true, None));

        let report = open(&db.admin_url()).await.inspect().await.unwrap();
        assert_eq!(report.writes.unwrap()[0].privilege, "ALL PRIVILEGES");
        let writer = format!("mysql://{}@127.0.0.1:{}/{}", mariadb::WRITER, db.server().port(), db.name);
        let told: Vec<_> = open(&writer).await.inspect().await.unwrap().writes.unwrap();
        let told: Vec<_> = told.iter().map(|grant| grant.privilege.as_str()).collect();
        assert_eq!(told, ["CREATE", "DELETE", "DROP", "INSERT", "UPDATE"]);
    });
}

#[test]
fn rights_that_come_by_a_role_are_told() {
    let db = mariadb::db();
    let name = &db.name;
    db.sql(&format!(
        "create role {name}_role; grant insert on {name}.* to {name}_role;
         create user {name}_user identified by 's3cret-too'; grant {name}_role to {name}_user;
         set default role {name}_role for {name}_user; grant select on {name}.* to {name}_user"
    ));
    let url = format!("mysql://{name}_user:s3cret-too@127.0.0.1:{}/{name}", db.server().port());
    let report = run(async { open(&url).await.inspect().await.unwrap() });
    db.sql(&format!("drop user {name}_user; drop role {name}_role"));
    let writes = report.writes.unwrap();
    assert_eq!((writes.len(), writes[0].privilege.as_str()), (1, "INSERT"), "{writes:?}");
    assert_eq!(writes[0].on, format!("{name}.*"));
}
