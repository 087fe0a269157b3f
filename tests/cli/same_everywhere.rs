//! The same events in MariaDB, in PostgreSQL, in SQLite, in files and behind an API give byte for byte the same numbers.

use std::fmt::Write as _;
use std::fs::File;
use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use chrono::{DateTime, TimeDelta, Utc};
use parquet::arrow::ArrowWriter;

use crate::support::api::{Api, Reply};
use crate::support::command::Place;
use crate::support::mariadb::db;
use crate::support::postgres;

/// A call, made by arithmetic.
struct Call {
    id: i64,
    at: DateTime<Utc>,
    agent: Option<String>,
    status: &'static str,
    seconds: Option<i64>,
}

fn calls() -> Vec<Call> {
    let start: DateTime<Utc> = "2025-11-05T20:00:00Z".parse().unwrap();
    let one = |n: i64| Call {
        id: n,
        at: start + TimeDelta::seconds(n * n * 7919 % 180_000),
        agent: (n % 7 != 0).then(|| format!("agent {}", n * 31 % 11)),
        status: ["SALE", "NA", "DROP", "it's \"odd\", ü"][usize::try_from(n * 13 % 4).unwrap()],
        seconds: (n % 5 != 0).then_some(n * 101 % 977),
    };
    (1..=700).map(one).collect()
}

/// What is counted, of a table `calls` of the source.
const COUNTED: &str = r#"
[calendar]
time_zone = "America/Chicago"
[lists]
sale = ["SALE"]
[events.calls]
table = "calls"
time = "at"
time_is = "utc"
[events.calls.by]
hour = { time = "hour" }
agent = "agent"
status = { sql = "status", alone = true }
[metrics]
calls = { of = "calls", count = true }
sales = { of = "calls", count = true, where = "status in {sale}" }
minutes = { of = "calls", sum = "seconds", divide = 60 }
longest = { of = "calls", max = "seconds" }
shortest = { of = "calls", min = "seconds", where = "seconds > 0" }
mean = { of = "calls", avg = "seconds" }
agents = { of = "calls", distinct = "agent", by = ["status"] }
conversion = { ratio = ["sales", "calls"], unit = "%" }
"#;

const COLUMNS: &str = r#"columns = { id = "integer", at = "time", agent = "text", status = "text", seconds = "integer" }
key = ["id"]
"#;

fn files(place: &Place, pattern: &str) {
    place.write(
        "asof.toml",
        format!("[sources.exports]\nkind = \"files\"\ndir = \"exports\"\n[sources.exports.tables.calls]\nfiles = {pattern:?}\n{COLUMNS}{COUNTED}"),
    );
}

/// Saves the day that holds most of them and gives its numbers.
fn numbers(place: &Place) -> String {
    place.at("2025-11-07T03:00:00-06:00");
    place.done(&["save"]);
    place.done(&["verify"]);
    place.read("snapshots/2025-11-06/metrics.json")
}

fn sql(calls: &[Call]) -> String {
    let text = |text: &str| format!("'{}'", text.replace('\'', "''"));
    let mut sql = String::new();
    for call in calls {
        write!(
            sql,
            "insert into calls values ({}, '{}', {}, {}, {});",
            call.id,
            call.at.format("%Y-%m-%d %H:%M:%S"),
            call.agent.as_deref().map_or("null".to_owned(), text),
            text(call.status),
            call.seconds.map_or("null".to_owned(), |seconds| seconds.to_string()),
        )
        .unwrap();
    }
    sql
}

fn in_sqlite(calls: &[Call]) -> String {
    let place = Place::new();
    place.write("asof.toml", format!("[source]\nurl = \"sqlite:calls.db\"\n{COUNTED}"));
    let table =
        "create table calls (id integer primary key, at text, agent text, status text, seconds integer);";
    place.sqlite("calls.db", &format!("{table}begin;{}commit", sql(calls)));
    numbers(&place)
}

fn in_mariadb(calls: &[Call]) -> String {
    let db = db();
    let table = "create table calls (id int primary key, at datetime, agent varchar(20), status varchar(20), seconds int) charset utf8mb4;";
    db.sql(&format!("set names utf8mb4;{table}{}", sql(calls)));
    let place = Place::new();
    place.write("asof.toml", format!("[source]\nurl = \"{}\"\n{COUNTED}", db.url()));
    numbers(&place)
}

fn in_postgresql(calls: &[Call]) -> String {
    let db = postgres::db();
    let table = "create table calls (id int primary key, at timestamp, agent text, status varchar(20), seconds smallint);";
    db.sql(&format!("{table}{}", sql(calls)));
    let place = Place::new();
    place.write("asof.toml", format!("[source]\nurl = \"{}\"\n{COUNTED}", db.url()));
    numbers(&place)
}

/// Files of one day each, by the day of UTC, so that a day of Chicago lies in two of them.
fn in_csv(calls: &[Call]) -> String {
    let place = Place::new();
    files(&place, "calls-{date}.csv");
    place.change("asof.toml", "key = [\"id\"]\n", "key = [\"id\"]\naround = 1\n");
    let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
    for date in ["2025-11-05", "2025-11-06", "2025-11-07"] {
        let mut text = "\u{feff}id,at,comment,agent,status,seconds\r\n".to_owned();
        for call in calls.iter().filter(|call| call.at.date_naive().to_string() == date) {
            write!(
                text,
                "{},{},\"a\nline\",{},{},{}\r\n",
                call.id,
                call.at.format("%Y-%m-%dT%H:%M:%SZ"),
                call.agent.as_deref().map_or(String::new(), quoted),
                quoted(call.status),
                call.seconds.map_or(String::new(), |seconds| seconds.to_string()),
            )
            .unwrap();
        }
        place.write(&format!("exports/calls-{date}.csv"), text);
    }
    numbers(&place)
}

/// Two files, some of whose lines are in both, in any order.
fn in_json_lines(calls: &[Call]) -> String {
    let place = Place::new();
    files(&place, "*/calls.jsonl");
    let lines = |calls: &[Call]| {
        let line = |call: &Call| {
            let at = call.at.with_timezone(&chrono_tz::Asia::Kolkata).to_rfc3339();
            let item = serde_json::json!({"id": call.id, "at": at, "agent": call.agent, "status": call.status, "seconds": call.seconds});
            format!("{item}\n")
        };
        calls.iter().rev().map(line).collect::<String>()
    };
    let (first, rest) = calls.split_at(300);
    place.write("exports/a/calls.jsonl", lines(first));
    place.write("exports/b/calls.jsonl", lines(&calls[250..300]) + "\n" + &lines(rest));
    numbers(&place)
}

fn in_parquet(calls: &[Call]) -> String {
    let place = Place::new();
    files(&place, "calls.parquet");
    let micros = calls.iter().map(|call| Some(call.at.timestamp_micros()));
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("id", Arc::new(calls.iter().map(|call| Some(call.id)).collect::<Int64Array>())),
        ("at", Arc::new(micros.collect::<TimestampMicrosecondArray>().with_timezone("UTC"))),
        ("agent", Arc::new(calls.iter().map(|call| call.agent.clone()).collect::<StringArray>())),
        ("status", Arc::new(calls.iter().map(|call| Some(call.status)).collect::<StringArray>())),
        ("seconds", Arc::new(calls.iter().map(|call| call.seconds).collect::<Int64Array>())),
    ];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    place.write("exports/.keep", "");
    let file = File::create(place.path("exports/calls.parquet")).unwrap();
    let mut writer = ArrowWriter::try_new(file, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    numbers(&place)
}

/// Page by page, as large as they come; some calls are on two pages, and times are those of India.
fn behind_an_api(calls: &[Call]) -> String {
    let item = |call: &Call| {
        let at = call.at.with_timezone(&chrono_tz::Asia::Kolkata).to_rfc3339();
        let item = serde_json::json!({"id": call.id, "when": {"at": at}, "agent": call.agent, "status": call.status, "seconds": call.seconds});
        (call.at, item)
    };
    let served: Vec<(DateTime<Utc>, serde_json::Value)> = calls.iter().rev().map(item).collect();
    let api = Api::new(move |request| {
        let [from, to]: [DateTime<Utc>; 2] = ["from", "to"]
            .map(|name| DateTime::from_timestamp(request.query[name].parse().unwrap(), 0).unwrap());
        let found: Vec<_> =
            served.iter().filter(|(at, _)| (from..to).contains(at)).map(|(_, item)| item).collect();
        let start = request.number_of("cursor");
        let page: Vec<_> = found.iter().skip(start.saturating_sub(7)).take(60).collect();
        let next = (start + 53 < found.len()).then_some(start + 53);
        Reply::json(&serde_json::json!({"calls": page, "count": found.len(), "next": next}))
    });
    let place = Place::new();
    let feed = r#"[source.feeds.calls]
url = "/calls?from={start}&to={end}&cursor={cursor}"
times = "epoch"
items = "/calls"
total = "/count"
pages = { by = "cursor", next = "/next" }
columns = { id = "integer", at = { at = "/when/at", type = "time" }, agent = "text", status = "text", seconds = "integer" }
key = ["id"]
"#;
    let source = format!("[source]\nkind = \"http\"\nurl = \"{}\"\n", api.url());
    place.write("asof.toml", format!("{source}{feed}{COUNTED}"));
    let numbers = numbers(&place);
    assert!(api.asked().len() > 5, "it has several pages");
    numbers
}

#[test]
fn the_same_events_give_the_same_bytes() {
    let calls = calls();
    let expected = in_sqlite(&calls);
    // 2025-11-06 of Chicago.
    let [start, end]: [DateTime<Utc>; 2] =
        ["2025-11-06T06:00:00Z", "2025-11-07T06:00:00Z"].map(|at| at.parse().unwrap());
    let of_day: Vec<&Call> = calls.iter().filter(|call| (start..end).contains(&call.at)).collect();
    let told: serde_json::Value = serde_json::from_str(&expected).unwrap();
    assert_eq!(told["metrics"]["calls"]["value"], serde_json::json!(of_day.len()));
    let seconds: i64 = of_day.iter().filter_map(|call| call.seconds).sum();
    let minutes = told["metrics"]["minutes"]["value"].as_f64().unwrap();
    assert!(
        (minutes * 60.0 - f64::from(i32::try_from(seconds).unwrap())).abs() < 1e-6,
        "{minutes} {seconds}"
    );
    for (name, numbers) in [
        ("MariaDB", in_mariadb(&calls)),
        ("PostgreSQL", in_postgresql(&calls)),
        ("CSV", in_csv(&calls)),
        ("JSON lines", in_json_lines(&calls)),
        ("Parquet", in_parquet(&calls)),
        ("HTTP", behind_an_api(&calls)),
    ] {
        assert_eq!(numbers, expected, "{name}");
    }
}
