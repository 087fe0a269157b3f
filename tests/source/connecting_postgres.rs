//! Reaching PostgreSQL, what is said when it can't be reached, and what it tells of itself.

use std::fs;

use asof::source::SourceError;
use chrono::{TimeDelta, Utc};

use super::{number, open, query, refused, run, settings, text};
use crate::support::mariadb::{self, certificates, free_port};
use crate::support::postgres::{self, REPORT, Server, WRITER};

/// Nothing that asof says about an error may hold the password, in any form.
fn tells_no_secret(error: &SourceError) {
    let all = format!("{error} {error:?} {:?}", error.hint());
    for secret in [REPORT.1, "r3p%40rt", "hunter2"] {
        assert!(!all.contains(secret), "{all}");
    }
    assert!(error.hint().is_some(), "{all}");
}

#[test]
fn where_no_postgresql_answers_is_unreachable() {
    let port = free_port();
    let error = run(refused(&settings(&format!("postgres://report:hunter2@127.0.0.1:{port}/calls"))));
    assert!(matches!(&error, SourceError::Unreachable { port: found, .. } if *found == port), "{error:?}");
    assert!(error.is_transient() && error.is_unreachable());
    tells_no_secret(&error);
    let error = run(refused(&settings("postgres://report:hunter2@no-such-host.invalid/calls")));
    assert!(matches!(&error, SourceError::Unreachable { .. }), "{error:?}");
    tells_no_secret(&error);
    // MariaDB speaks first, and otherwise.
    let other = mariadb::db();
    let url = format!("postgres://report:hunter2@127.0.0.1:{}/calls", other.server().port());
    let error = run(refused(&settings(&url)));
    assert!(error.is_unreachable(), "{error:?}");
    tells_no_secret(&error);
}

#[test]
fn an_account_that_postgresql_refuses_is_denied_for_good() {
    let db = postgres::db();
    for (account, told) in [
        ("report:hunter2", "password authentication failed"),
        ("report", "it asks for a password, and none is given"),
        ("nobody:hunter2", "password authentication failed"),
    ] {
        let error = run(refused(&settings(&db.url_of(account))));
        let SourceError::AccessDenied { message, .. } = &error else { panic!("{error:?}") };
        assert!(message.contains(told), "{account}: {message}");
        assert!(!error.is_transient() && error.is_unreachable());
        tells_no_secret(&error);
    }
    db.sql(&format!("revoke connect on database {} from public", db.name));
    let error = run(refused(&settings(&db.url())));
    assert!(matches!(&error, SourceError::AccessDenied { .. }), "{error:?}");
    let error = run(refused(&settings(&db.server().url("no_such_db"))));
    assert!(
        matches!(&error, SourceError::UnknownDatabase { database, .. } if database == "no_such_db"),
        "{error:?}"
    );
    assert!(!error.is_transient() && error.is_unreachable());
    tells_no_secret(&error);
}

#[test]
fn a_postgresql_with_no_place_left_is_busy() {
    let db = postgres::db();
    let name = format!("{}_one", db.name);
    db.sql(&format!("create role {name} login password 'x' connection limit 1"));
    let error = run(async {
        let _first = open(&db.url_of(&format!("{name}:x"))).await;
        refused(&settings(&db.url_of(&format!("{name}:x")))).await
    });
    db.sql(&format!("drop role {name}"));
    assert!(matches!(&error, SourceError::Busy { .. }), "{error:?}");
    assert!(error.is_transient() && error.is_unreachable());
}

#[test]
fn encryption_with_postgresql_follows_the_url() {
    let dir = tempfile::tempdir().unwrap();
    certificates(dir.path());
    let path = |name: &str| dir.path().join(name);
    let files = [("cert.pem", path("cert.pem")), ("key.pem", path("key.pem"))];
    let files: Vec<_> = files.iter().map(|(name, from)| (*name, from.as_path())).collect();
    let server = Server::start(&files, &["ssl=on", "ssl_cert_file=cert.pem", "ssl_key_file=key.pem"]);
    server.sql("postgres", "create database calls");
    let ca = path("ca.pem").display().to_string();
    let cipher = |parameters: &str| {
        run(async {
            let mut session = open(&format!("{}{parameters}", server.url("calls"))).await;
            session.inspect().await.unwrap().tls
        })
    };
    assert_eq!(cipher(""), None, "off on loopback");
    for parameters in ["?ssl=prefer", "?ssl=require", &format!("?ssl=verify&ssl_ca={ca}")] {
        let cipher = cipher(parameters);
        assert!(
            cipher.as_ref().is_some_and(|cipher| cipher.contains("AES") || cipher.contains("CHACHA")),
            "{parameters}: {cipher:?}"
        );
    }
    // Not signed by one of the well-known roots; not for this name; no such file; no certificate.
    fs::write(path("bad.pem"), "nonsense").unwrap();
    let localhost = server.url("calls").replace("127.0.0.1", "localhost");
    for url in [
        format!("{}?ssl=verify", server.url("calls")),
        format!("{localhost}?ssl=verify&ssl_ca={ca}"),
        format!("{}?ssl=verify&ssl_ca={}", server.url("calls"), path("missing.pem").display()),
        format!("{}?ssl=verify&ssl_ca={}", server.url("calls"), path("bad.pem").display()),
    ] {
        let error = run(refused(&settings(&url)));
        assert!(matches!(&error, SourceError::Tls { .. }), "{url}: {error:?}");
        assert!(!error.is_transient() && error.is_unreachable());
        tells_no_secret(&error);
    }
    // A server that offers none.
    let db = postgres::db();
    run(async {
        let mut session = open(&format!("{}?ssl=prefer", db.url())).await;
        assert_eq!(session.inspect().await.unwrap().tls, None);
    });
    for mode in ["require", "verify"] {
        let error = run(refused(&settings(&format!("{}?ssl={mode}", db.url()))));
        assert!(matches!(&error, SourceError::Tls { .. }), "{error:?}");
        tells_no_secret(&error);
    }
}

#[test]
fn postgresql_tells_its_clock_zone_and_the_accounts_rights() {
    let db = postgres::db();
    db.sql("create schema sales; create table sales.calls (id int); create table t (id int, n int); grant update (n) on t to report");
    run(async {
        let report = open(&db.url()).await.inspect().await.unwrap();
        assert_eq!(report.server.name, "PostgreSQL");
        assert_eq!(db.sql("show server_version").trim(), report.server.version);
        assert!((Utc::now() - report.now).abs() < TimeDelta::minutes(5), "{}", report.now);
        let zone = report.zone.unwrap();
        assert_eq!((zone.offset_seconds, zone.setting.as_str()), (19_800, postgres::SERVER_ZONE));
        assert_eq!((report.limits_time, report.tls), (true, None));
        let told = |grants: Vec<asof::source::Grant>| {
            let told: Vec<_> =
                grants.iter().map(|grant| format!("{} {}", grant.privilege, grant.on)).collect();
            told.join("; ")
        };
        assert_eq!(told(report.writes.unwrap()), "UPDATE public.t");
        let report = open(&db.url_of(&format!("{}:{}", WRITER.0, WRITER.1))).await.inspect().await.unwrap();
        assert_eq!(
            told(report.writes.unwrap()),
            "DELETE public.t; DELETE sales.calls; INSERT public.t; INSERT sales.calls; UPDATE public.t; UPDATE sales.calls"
        );
        let report = open(&db.admin_url()).await.inspect().await.unwrap();
        assert_eq!(told(report.writes.unwrap()), "SUPERUSER *");
        // What may only be read.
        db.sql("revoke update (n) on t from report");
        assert_eq!(open(&db.url()).await.inspect().await.unwrap().writes, Some(Vec::new()));
    });
}

const RANGE: &str = "select count(*) from calls c where c.call_date >= ? and c.call_date < ?";

#[test]
fn postgresql_tells_which_index_finds_the_rows() {
    let db = postgres::db();
    db.sql(
        "create schema sales;
         create table calls (id int primary key, call_date timestamp, status text, n int);
         create index by_date on calls (call_date); create index by_both on calls (status, call_date);
         create index few on calls (n) where n > 5;
         insert into calls select n, timestamp '2025-11-01' + n * interval '1 minute', 'NA', n from generate_series(1, 20000) n;
         analyze calls; create view seen as select * from calls;
         grant usage on schema sales to report; create table sales.odd (\"Odd at\" timestamp); create index odd_at on sales.odd (\"Odd at\");
         insert into sales.odd select now() from generate_series(1, 20000)",
    );
    run(async {
        let mut session = open(&db.url()).await;
        let window = vec![text("2025-11-06 00:00:00"), text("2025-11-06 01:00:00")];
        let found = session.explain(&query(RANGE, window.clone())).await.unwrap();
        assert_eq!((found.len(), found[0].key.as_deref()), (1, Some("by_date")), "{found:?}");
        assert!(found[0].finds_by("call_date") && found[0].table == "c");
        assert!(found[0].rows.is_some_and(|rows| rows < 1000), "{found:?}");

        // Nested and in a union, as the plan writes them.
        let sql = format!("select * from ({RANGE} group by n union all {RANGE} and n > 0) q");
        let found = session.explain(&query(&sql, [window.clone(), window.clone()].concat())).await.unwrap();
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found.iter().all(|access| access.finds_by("call_date")));
        let cost = session.cost(&query(RANGE, window)).await.unwrap().unwrap();
        let all = session.cost(&query("select count(*) from calls", Vec::new())).await.unwrap().unwrap();
        assert!(cost > 0.0 && cost < all, "{cost} {all}");

        let sql = "select count(*) from calls where date(call_date) = ? and n > 1";
        let found = session.explain(&query(sql, vec![text("2025-11-06")])).await.unwrap();
        assert!(found[0].full_scan && !found[0].finds_by("call_date"), "{found:?}");
        assert_eq!((found[0].access.as_str(), found[0].rows), ("seq scan", Some(20_000)));
        // Never counted: by its size.
        let found = session.explain(&query("select * from sales.odd", Vec::new())).await.unwrap();
        assert!(found[0].full_scan && found[0].rows.is_some_and(|rows| rows > 5000), "{found:?}");

        for (table, column, expected) in [
            ("calls", "call_date", Some("by_date")),
            ("public.calls", "call_date", Some("by_date")),
            ("calls", "status", Some("by_both")),
            ("calls", "id", Some("calls_pkey")),
            ("calls", "n", None),
            ("CALLS", "call_date", None),
            ("sales.odd", "Odd at", Some("odd_at")),
            ("seen", "call_date", None),
            ("no_such_table", "call_date", None),
        ] {
            let index = session.leading_index(table, column).await.unwrap();
            assert_eq!(index.as_deref(), expected, "{table}.{column}");
        }
    });
}

#[test]
fn postgresql_describes_the_columns_of_a_query() {
    let db = postgres::db();
    db.sql("create table t (a int, b numeric(5,2), c timestamptz, d timestamp, e varchar(5), f bytea, g jsonb, h text[])");
    run(async {
        let mut session = open(&db.url()).await;
        let columns =
            session.describe(&query("select t.*, a + ? as p from t", vec![number("1")])).await.unwrap();
        let told: Vec<_> = columns.iter().map(|column| format!("{} {}", column.name, column.kind)).collect();
        assert_eq!(
            told,
            [
                "a int4",
                "b numeric",
                "c timestamptz",
                "d timestamp",
                "e varchar",
                "f bytea",
                "g jsonb",
                "h text[]",
                "p int4"
            ]
        );
        // A refusal here leaves the session usable, so that all queries can be checked.
        assert!(session.describe(&query("select nope from t", Vec::new())).await.is_err());
        assert!(session.explain(&query("select nope from t", Vec::new())).await.is_err());
        assert!(session.is_usable());
        assert!(session.describe(&query("select a from t", Vec::new())).await.is_ok());
        // But not inside of a transaction, which the server has given up.
        session.begin(&[]).await.unwrap();
        assert!(session.describe(&query("select nope from t", Vec::new())).await.is_err());
        assert!(!session.is_usable());
    });
}
