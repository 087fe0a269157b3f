//! Every type of PostgreSQL becomes the same value that the server means, or an error.

use asof::model::Value;
use asof::source::SourceError;

use super::{number, open, query, rows, run, text, value};
use crate::support::postgres;

#[test]
fn each_postgresql_type_arrives_exactly() {
    let db = postgres::db();
    db.sql("create type outcome as enum ('NA', 'Sale'); create domain cents as bigint check (value >= 0)");
    let digits = "12345678901234567890123456789012345.678901234567890123456789012345";
    let cases: &[(&str, &str, Value)] = &[
        ("smallint", "-32768", number("-32768")),
        ("int", "-2147483648", number("-2147483648")),
        ("bigint", "9223372036854775807", number("9223372036854775807")),
        ("cents", "5", number("5")),
        ("oid", "4294967295", number("4294967295")),
        ("boolean", "true", number("1")),
        ("boolean", "false", number("0")),
        ("numeric", digits, number(digits)),
        ("numeric(65,30)", &format!("-{digits}"), number(&format!("-{digits}"))),
        ("numeric(7,2)", "12.5", number("12.50")),
        ("numeric", "0", number("0")),
        ("numeric(12,9)", "0.000000001", number("0.000000001")),
        ("numeric", "1e40", number("10000000000000000000000000000000000000000")),
        ("real", "0.1", Value::Float(0.1)),
        ("real", "16777216", Value::Float(16_777_216.0)),
        ("double precision", "0.1", Value::Float(0.1)),
        ("double precision", "1.7976931348623157e308", Value::Float(f64::MAX)),
        ("date", "'2025-11-06'", text("2025-11-06")),
        ("date", "'0001-01-01'", text("0001-01-01")),
        ("timestamp", "'2025-11-06 13:05:09'", text("2025-11-06 13:05:09")),
        ("timestamp", "'2025-11-06 13:05:09.000001'", text("2025-11-06 13:05:09.000001")),
        ("timestamp(3)", "'1969-12-31 23:59:59.5'", text("1969-12-31 23:59:59.5")),
        // As UTC, whatever the server's own zone.
        ("timestamptz", "'2025-11-06 13:05:09+05:30'", text("2025-11-06 07:35:09")),
        ("timestamptz", "to_timestamp(1762434309)", text("2025-11-06 13:05:09")),
        ("time", "'23:59:59.25'", text("23:59:59.25")),
        ("time", "'24:00:00'", text("24:00:00")),
        ("outcome", "'Sale'", text("Sale")),
        ("json", "'{\"a\": [1, \"é\"]}'", text("{\"a\": [1, \"é\"]}")),
        ("jsonb", "'{\"a\":[1,\"é\"]}'", text("{\"a\": [1, \"é\"]}")),
        ("char(5)", "'ab'", text("ab")),
        ("varchar(9)", "''", text("")),
        ("varchar(9)", "'NA '", text("NA ")),
        ("text", "'😀</x>'", text("😀</x>")),
        ("text", "repeat('ab', 40000)", text(&"ab".repeat(40_000))),
        ("citext", "'Sale'", text("Sale")),
        ("name", "'calls'", text("calls")),
        ("\"char\"", "'x'", text("x")),
        ("bytea", "'abc'", text("abc")),
        ("bytea", r"'\xff00fe'", Value::Bytes(vec![0xff, 0, 0xfe])),
        ("uuid", "'123E4567-e89b-12d3-a456-426655440000'", text("123e4567-e89b-12d3-a456-426655440000")),
        ("int[]", "'{1,null,-3}'", text("[1,null,-3]")),
        ("int[]", "'{}'", text("[]")),
        ("int[]", "'{{1,2},{3,4}}'", text("[[1,2],[3,4]]")),
        ("text[]", "array['a\"b', 'é', null]", text("[\"a\\\"b\",\"é\",null]")),
        ("boolean[]", "'{t,f}'", text("[true,false]")),
        ("numeric[]", "'{1.50}'", text("[1.50]")),
        ("outcome[]", "'{NA,Sale}'", text("[\"NA\",\"Sale\"]")),
        ("jsonb[]", "array['{\"a\": 1}'::jsonb]", text("[{\"a\": 1}]")),
        ("timestamptz[]", "'{2025-11-06 00:00:00+01}'", text("[\"2025-11-05 23:00:00\"]")),
    ];
    let tables = cases.iter().enumerate().map(|(at, (kind, literal, _))| {
        format!("create table c{at} (v {kind} null); insert into c{at} values ({literal}), (null);\n")
    });
    db.sql(&tables.collect::<String>());
    run(async {
        let mut session = open(&db.url()).await;
        for (at, (kind, literal, expected)) in cases.iter().enumerate() {
            let found = rows(&mut session, &format!("select v from c{at} order by v is null")).await.unwrap();
            assert_eq!(found, [[expected.clone()], [Value::Null]], "{kind} {literal}");
        }
    });
}

#[test]
fn what_postgresql_computes_arrives_exactly() {
    let db = postgres::db();
    db.sql("create table t (a int, b bigint, d numeric(10,3)); insert into t values (2147483647, 9223372036854775807, 0.001), (1, 1, 9999999.999)");
    run(async {
        let mut session = open(&db.url()).await;
        for (sql, expected) in [
            ("select sum(a) from t", number("2147483648")),
            ("select sum(b) from t", number("9223372036854775808")),
            ("select sum(d) from t", number("10000000.000")),
            ("select count(*) from t", number("2")),
            ("select sum(a) from t where a = 7", Value::Null),
            ("select avg(a) from t", number("1073741824.000000000000")),
            ("select null", Value::Null),
            ("select 'x'", text("x")),
            ("select extract(hour from timestamp '2025-11-06 13:00:00')", number("13")),
        ] {
            assert_eq!(value(&mut session, sql).await, expected, "{sql}");
        }
    });
}

#[test]
fn bound_values_are_read_as_what_they_stand_beside() {
    let db = postgres::db();
    db.sql(
        "create table t (i int, n numeric, s text, c citext, at timestamp, z timestamptz, b boolean, j jsonb);
         insert into t values (5, 1.5, 'it''s ? {x}', 'Sale', '2025-11-06 01:00:00', '2025-11-06 01:00:00+01', true, '{\"a\": 1}')",
    );
    run(async {
        let mut session = open(&db.url()).await;
        for (sql, params) in [
            ("i = ? and i < ?", vec![number("5"), text("6")]),
            ("n = ?", vec![number("1.50")]),
            ("n > ?", vec![Value::Float(1.25)]),
            ("s = ? -- ?\n and s <> '?'", vec![text("it's ? {x}")]),
            ("c in (?, ?)", vec![text("NA"), text("SALE")]),
            ("at >= ? and at < ?", vec![text("2025-11-06 01:00:00"), text("2025-11-06 01:00:01")]),
            ("z = ?", vec![text("2025-11-06 00:00:00")]),
            ("b = ?", vec![text("true")]),
            ("s is distinct from ?", vec![Value::Null]),
            ("j ?? 'a' and j ?? ?", vec![text("a")]),
            ("j ??| array[?, ?]", vec![text("x"), text("a")]),
        ] {
            let sql = format!("select count(*) from t where {sql}");
            let found = session.rows(&query(&sql, params)).await.unwrap();
            assert_eq!(found, [[number("1")]], "{sql}");
        }
        let asked = query("select cast(? as text), ?", vec![text("漢字 😀"), text("")]);
        assert_eq!(session.rows(&asked).await.unwrap(), [[text("漢字 😀"), text("")]]);
    });
}

#[test]
fn what_can_not_be_kept_is_refused_by_name() {
    let db = postgres::db();
    db.sql(
        "create type pair as (a int, b int);
         create table t (id int, place point, took interval, range int4range, net inet, two pair, takes interval[])",
    );
    run(async {
        for (column, kind) in [
            ("place", "point"),
            ("took", "interval"),
            ("range", "int4range"),
            ("net", "inet"),
            ("two", "pair"),
            ("takes", "interval[]"),
        ] {
            let mut session = open(&db.url()).await;
            let error = rows(&mut session, &format!("select id, {column} from t")).await.unwrap_err();
            let SourceError::Unmappable { query, column: found, value } = &error else { panic!("{error:?}") };
            assert_eq!((query.as_str(), found.as_str()), ("events.calls", column));
            assert_eq!(value, &format!("its type is {kind}"));
            assert!(error.hint().unwrap().contains("cast(… as text)"), "{error}");
            assert!(!error.is_transient() && !error.is_unreachable());
        }
        for (literal, told) in [
            ("'NaN'::numeric", "NaN"),
            ("'Infinity'::numeric", "Infinity"),
            ("'NaN'::float8", "NaN"),
            ("'-Infinity'::float4", "-inf"),
            ("'infinity'::timestamp", "infinite"),
            ("'-infinity'::date", "infinite"),
            ("'0044-03-15 BC'::date", "outside of the years"),
            ("'12025-01-01'::timestamptz", "outside of the years"),
            ("array['infinity'::date]", "infinite"),
        ] {
            let mut session = open(&db.url()).await;
            let error = rows(&mut session, &format!("select 1 as one, {literal} as odd")).await.unwrap_err();
            let SourceError::Unmappable { column, value, .. } = &error else {
                panic!("{literal}: {error:?}")
            };
            assert!(column == "odd" && value.contains(told), "{literal}: {value}");
        }
    });
}
