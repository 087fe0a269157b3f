//! Every type of MariaDB and SQLite becomes the same value that the server means, or an error.

use asof::model::Value;
use asof::source::SourceError;

use super::{number, open, query, rows, run, text, value};
use crate::support::mariadb;

#[test]
fn each_mariadb_type_arrives_exactly() {
    let db = mariadb::db();
    let digits = "12345678901234567890123456789012345.678901234567890123456789012345";
    let cases: &[(&str, &str, Value)] = &[
        ("tinyint", "-128", number("-128")),
        ("tinyint unsigned", "255", number("255")),
        ("smallint unsigned", "65535", number("65535")),
        ("mediumint", "-8388608", number("-8388608")),
        ("int", "-2147483648", number("-2147483648")),
        ("bigint", "-9223372036854775808", number("-9223372036854775808")),
        ("bigint unsigned", "18446744073709551615", number("18446744073709551615")),
        ("boolean", "true", number("1")),
        ("year", "2025", number("2025")),
        ("decimal(65,30)", digits, number(digits)),
        ("decimal(65,30)", &format!("-{digits}"), number(&format!("-{digits}"))),
        ("decimal(7,2)", "12.5", number("12.50")),
        ("float", "0.1", Value::Float(0.1)),
        ("float", "16777216", Value::Float(16_777_216.0)),
        ("double", "0.1", Value::Float(0.1)),
        ("double", "1.7976931348623157e308", Value::Float(f64::MAX)),
        ("date", "'2025-11-06'", text("2025-11-06")),
        ("date", "'0000-00-00'", text("0000-00-00")),
        ("date", "'2025-00-15'", text("2025-00-15")),
        ("datetime", "'2025-11-06 13:05:09'", text("2025-11-06 13:05:09")),
        ("datetime", "'2025-11-06'", text("2025-11-06 00:00:00")),
        ("datetime", "'0000-00-00 00:00:00'", text("0000-00-00 00:00:00")),
        ("datetime", "'2025-00-15 01:02:03'", text("2025-00-15 01:02:03")),
        ("datetime(3)", "'2025-11-06 13:05:09.5'", text("2025-11-06 13:05:09.500")),
        ("datetime(3)", "'2025-11-06 13:05:09'", text("2025-11-06 13:05:09.000")),
        ("datetime(6)", "'2025-11-06 13:05:09.000001'", text("2025-11-06 13:05:09.000001")),
        // The session is in UTC, whatever the server's own zone.
        ("timestamp", "from_unixtime(1762434309)", text("2025-11-06 13:05:09")),
        ("time", "'25:00:01'", text("25:00:01")),
        ("time", "'838:59:59'", text("838:59:59")),
        ("time", "'-00:00:01'", text("-00:00:01")),
        ("time(2)", "'-01:02:03.45'", text("-01:02:03.45")),
        ("bit(1)", "1", number("1")),
        ("bit(10)", "b'1000000001'", number("513")),
        ("bit(64)", "0xffffffffffffffff", number("18446744073709551615")),
        ("enum('NA', 'Sale')", "'Sale'", text("Sale")),
        ("set('a', 'b')", "'a,b'", text("a,b")),
        ("json", "'{\"a\": [1, \"é\"]}'", text("{\"a\": [1, \"é\"]}")),
        ("char(5)", "'ab'", text("ab")),
        ("varchar(9)", "''", text("")),
        ("varchar(9)", "'NA '", text("NA ")),
        ("varchar(9)", "'😀</x>'", text("😀</x>")),
        ("varchar(9) character set latin1", "'é€'", text("é€")),
        ("longtext", "repeat('ab', 40000)", text(&"ab".repeat(40_000))),
        ("varbinary(9)", "'abc'", text("abc")),
        ("varbinary(9)", "0xff00fe", Value::Bytes(vec![0xff, 0, 0xfe])),
        ("binary(3)", "'a'", text("a\0\0")),
        ("longblob", "0x8081", Value::Bytes(vec![0x80, 0x81])),
        ("inet6", "'::1'", text("::1")),
        ("uuid", "'123e4567-e89b-12d3-a456-426655440000'", text("123e4567-e89b-12d3-a456-426655440000")),
    ];
    let tables = cases.iter().enumerate().map(|(at, (kind, literal, _))| {
        format!("create table c{at} (v {kind} null); insert into c{at} values ({literal}), (null);")
    });
    let sql: String = std::iter::once("set sql_mode = '';".to_owned()).chain(tables).collect();
    db.sql(&sql);
    run(async {
        let mut session = open(&db.url()).await;
        for (at, (kind, literal, expected)) in cases.iter().enumerate() {
            let found = rows(&mut session, &format!("select v from c{at} order by v is null")).await.unwrap();
            assert_eq!(found, [[expected.clone()], [Value::Null]], "{kind} {literal}");
        }
    });
}

#[test]
fn what_mariadb_computes_arrives_exactly() {
    let db = mariadb::db();
    db.sql("create table t (a int unsigned, d decimal(10,3)); insert into t values (4294967295, 0.001), (1, 9999999.999)");
    run(async {
        let mut session = open(&db.url()).await;
        for (sql, expected) in [
            ("select sum(a) from t", number("4294967296")),
            ("select sum(d) from t", number("10000000.000")),
            ("select count(*) from t", number("2")),
            ("select sum(a) from t where a = 7", Value::Null),
            ("select avg(a) from t", number("2147483648.0000")),
            ("select max(cast(a as char)) from t", text("4294967295")),
            ("select null", Value::Null),
            ("select timestampdiff(hour, '2025-11-06 00:00:00', '2025-11-07 01:00:00')", number("25")),
        ] {
            assert_eq!(value(&mut session, sql).await, expected, "{sql}");
        }
    });
}

#[test]
fn bound_values_arrive_as_what_they_are() {
    let db = mariadb::db();
    run(async {
        let mut session = open(&db.url()).await;
        let params = vec![
            Value::Null,
            number("-5"),
            number("18446744073709551615"),
            Value::Float(0.5),
            text("it's {x} ? 😀"),
            text(""),
        ];
        let asked = query("select ?, ?, ?, ?, ?, ?", params.clone());
        assert_eq!(session.rows(&asked).await.unwrap(), [params]);
    });
}

#[test]
fn text_compares_with_bound_values_in_the_columns_collation() {
    let db = mariadb::db();
    db.sql(
        "create table t (s varchar(9) collate utf8mb4_general_ci, b varchar(9) collate utf8mb4_bin, l varchar(9) character set latin1);
         insert into t values ('sale', 'sale', 'é')",
    );
    run(async {
        let mut session = open(&db.url()).await;
        let asked = query(
            "select s = ?, s = ?, b = ?, l = ? from t",
            vec![text("SALE"), text("sale "), text("SALE"), text("É")],
        );
        let found = session.rows(&asked).await.unwrap();
        assert_eq!(found, [[number("1"), number("1"), number("0"), number("1")]]);
    });
}

/// Bytes that are no UTF-8 get into such columns by programs older than the check.
#[test]
fn bytes_that_are_no_utf8_never_stop_a_read() {
    let db = mariadb::db();
    db.sql(
        "create table bytes (a varbinary(18), b varbinary(24)) engine=myisam;
         create table chars (a varchar(6) character set utf8mb3, b varchar(6) character set utf8mb4) engine=myisam;
         insert into bytes values (0x41ff42, 0x41ff42), (0xc3a9, 0xc3a9);
         flush tables",
    );
    std::fs::copy(db.files().join("chars.frm"), db.files().join("bytes.frm")).unwrap();
    db.sql("flush tables");
    run(async {
        let mut session = open(&db.url()).await;
        let found = rows(&mut session, "select a, b from bytes order by hex(b)").await.unwrap();
        // The server replaces what it has to convert, and passes on what it has not.
        assert_eq!(found[0], [text("A?B"), Value::Bytes(b"A\xffB".to_vec())]);
        assert_eq!(found[1], [text("é"), text("é")]);
    });
}

#[test]
fn a_type_that_cannot_be_kept_is_refused_by_name() {
    let db = mariadb::db();
    db.sql("create table t (id int, place point); insert into t values (1, point(1, 2))");
    run(async {
        let mut session = open(&db.url()).await;
        let error = rows(&mut session, "select id, place from t").await.unwrap_err();
        match &error {
            SourceError::Unmappable { query, column, value } => {
                assert_eq!((query.as_str(), column.as_str()), ("events.calls", "place"));
                assert!(value.contains("geometry"), "{value}");
            }
            other => panic!("{other:?}"),
        }
        assert!(error.hint().is_some() && !error.is_transient() && !error.is_unreachable());
    });
}

#[test]
fn each_sqlite_value_arrives_exactly() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("calls.db");
    rusqlite::Connection::open(&file).unwrap().execute_batch("create table t (v)").unwrap();
    run(async {
        let mut session = open(&format!("sqlite:{}", file.display())).await;
        for (literal, expected) in [
            ("null", Value::Null),
            ("9223372036854775807", number("9223372036854775807")),
            ("-9223372036854775808", number("-9223372036854775808")),
            ("0.1", Value::Float(0.1)),
            ("1.0", Value::Float(1.0)),
            ("'é😀'", text("é😀")),
            ("''", text("")),
            ("x'c3a9'", text("é")),
            ("x'ff00'", Value::Bytes(vec![0xff, 0])),
            ("cast(x'41ff' as text)", Value::Bytes(vec![0x41, 0xff])),
            ("sum(v) from t", Value::Null),
            ("count(*) from t", number("0")),
        ] {
            assert_eq!(value(&mut session, &format!("select {literal}")).await, expected, "{literal}");
        }
        let params =
            vec![Value::Null, number("7"), Value::Float(0.5), text("it's ?"), Value::Bytes(vec![0xff])];
        let asked = query("select ?, ?, ?, ?, ?", params.clone());
        assert_eq!(session.rows(&asked).await.unwrap(), [params]);
        let error = rows(&mut session, "select 1 as one, 9e999 as huge").await.unwrap_err();
        let SourceError::Unmappable { column, .. } = &error else { panic!("{error:?}") };
        assert_eq!(column, "huge");
    });
}
