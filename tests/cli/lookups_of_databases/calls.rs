//! Calls in a database, what a second system knows of them, and a configuration that counts them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::America::Chicago;
use serde_json::{Value, json};

use crate::support::api::{Api, Reply, Request};
use crate::support::command::Place;
use crate::support::{mariadb, postgres};

/// The four ways in which the calls' table tells time.
pub const KINDS: [&str; 4] = ["local", "utc", "epoch", "instant"];
/// The days, as UTC has them in Chicago; clocks go back on the second, which has 25 hours.
pub const DAYS: [(&str, &str, &str); 3] = [
    ("2025-11-01", "2025-11-01T05:00:00Z", "2025-11-02T05:00:00Z"),
    ("2025-11-02", "2025-11-02T05:00:00Z", "2025-11-03T06:00:00Z"),
    ("2025-11-03", "2025-11-03T06:00:00Z", "2025-11-04T06:00:00Z"),
];

/// A call, made by arithmetic.
pub struct Call {
    pub number: i64,
    pub at: DateTime<Utc>,
}

/// How a call ended, as the second system has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    Unknown,
    Open,
    As(&'static str),
}

impl Call {
    pub fn id(&self) -> String {
        format!("c{:05}", self.number)
    }

    pub fn phone(&self) -> String {
        format!("312555{:04}", self.number * 17 % 400)
    }

    pub fn list(&self) -> Option<i64> {
        (self.number % 9 != 4).then_some(100 + self.number % 7)
    }

    /// In hundredths.
    pub fn cost(&self) -> i64 {
        self.number * 37 % 1_000
    }

    pub fn answered(&self) -> bool {
        self.number % 4 == 1
    }

    pub fn ended(&self) -> Ended {
        ended(self.number)
    }
}

pub fn ended(number: i64) -> Ended {
    match number {
        n if n % 53 == 11 => Ended::Unknown,
        n if n % 97 == 7 => Ended::Open,
        n if n % 41 == 0 => Ended::As("SALE"),
        n if n % 47 == 1 => Ended::As("DNC"),
        n if n % 5 == 2 => Ended::As("CALLBK"),
        n if n % 3 == 0 => Ended::As("NA"),
        _ => Ended::As("NI"),
    }
}

/// Whose a list is; nobody knows of 103.
pub fn owner(list: i64) -> Option<String> {
    (list != 103).then(|| format!("owner {}", list % 2))
}

/// Calls of the three days, in the order of time, behind a few of a month before.
pub fn calls() -> Vec<Call> {
    let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
    let before = (2_001..=2_030).map(|number| (number, at("2025-10-10T12:00:00Z"), number * 3_600));
    let of_days = (1..=1_500).map(|number| (number, at(DAYS[0].1), number * number * 7_919 % 262_800));
    let mut calls: Vec<Call> = before
        .chain(of_days)
        .map(|(number, from, seconds)| Call { number, at: from + TimeDelta::seconds(seconds % 262_800) })
        .collect();
    calls.sort_by_key(|call| (call.at, call.number));
    calls
}

/// Rows for a table of calls: with true and false, and with an instant, as an engine writes them.
pub fn rows(
    calls: &[Call],
    of: impl Fn(bool) -> &'static str,
    instant: impl Fn(DateTime<Utc>) -> String,
) -> String {
    let mut sql = String::new();
    for call in calls {
        let utc = call.at.format("%Y-%m-%d %H:%M:%S");
        let local = call.at.with_timezone(&Chicago).format("%Y-%m-%d %H:%M:%S");
        writeln!(
            sql,
            "insert into calls values ('{}', '{local}', '{utc}', {}, '{}', '{}', {}, {}.{:02}, {}, 12345678901.123456789);",
            call.id(),
            call.at.timestamp(),
            instant(call.at),
            call.phone(),
            call.list().map_or("null".to_owned(), |list| list.to_string()),
            call.cost() / 100,
            call.cost() % 100,
            of(call.answered()),
        )
        .unwrap();
    }
    sql
}

/// The phones that must never be called.
pub const LISTED: &str =
    "create table dnc (phone varchar(20)); insert into dnc values ('3125550003'), ('3125550051');";

/// What the second system holds where it is a database.
pub fn desk_rows(calls: &[Call]) -> String {
    let mut sql = "create table outcomes (call_id varchar(20) primary key, status varchar(20));
        create table owners (list_id int primary key, owner varchar(20));\n"
        .to_owned();
    for call in calls {
        match call.ended() {
            Ended::Unknown => {}
            Ended::Open => writeln!(sql, "insert into outcomes values ('{}', null);", call.id()).unwrap(),
            Ended::As(status) => {
                writeln!(sql, "insert into outcomes values ('{}', '{status}');", call.id()).unwrap();
            }
        }
    }
    for list in 100..107 {
        if let Some(owner) = owner(list) {
            writeln!(sql, "insert into owners values ({list}, '{owner}');").unwrap();
        }
    }
    sql
}

pub fn in_mariadb(calls: &[Call]) -> mariadb::Db {
    let db = mariadb::db();
    let table = "create table calls (call_id varchar(20) primary key, at_local datetime, at_utc datetime, \
        at_epoch int unsigned, at_instant timestamp null, phone varchar(20), list_id int, cost decimal(8,2), \
        answered tinyint(1), wide decimal(30,9), key (at_utc)) charset utf8mb4;";
    let rows =
        rows(calls, |yes| if yes { "1" } else { "0" }, |at| at.format("%Y-%m-%d %H:%M:%S").to_string());
    db.sql(&format!("set time_zone = '+00:00';{table}{LISTED}begin;{rows}commit;"));
    db
}

pub fn in_postgresql(calls: &[Call]) -> postgres::Db {
    let db = postgres::db();
    let table = "create table calls (call_id text primary key, at_local timestamp, at_utc timestamp, \
        at_epoch bigint, at_instant timestamptz, phone varchar(20), list_id int, cost numeric(8,2), \
        answered boolean, wide numeric(30,9));";
    let rows = rows(calls, |yes| if yes { "true" } else { "false" }, |at| at.to_rfc3339());
    db.sql(&format!("{table}{LISTED}begin;{rows}commit;"));
    db
}

/// `offsets` says whether instants are told with the offset of their place, or as UTC.
pub fn in_sqlite(place: &Place, calls: &[Call], offsets: bool) {
    let table = "create table calls (call_id text primary key, at_local text, at_utc text, \
        at_epoch integer, at_instant text, phone text, list_id integer, cost decimal(8,2), \
        answered boolean, wide decimal(30,9));";
    let instant = |at: DateTime<Utc>| {
        let (local, utc) = ("%Y-%m-%d %H:%M:%S%:z", "%Y-%m-%d %H:%M:%S");
        if offsets {
            at.with_timezone(&Chicago).format(local).to_string()
        } else {
            at.format(utc).to_string()
        }
    };
    let rows = rows(calls, |yes| if yes { "1" } else { "0" }, instant);
    place.sqlite("calls.db", &format!("{table}{LISTED}begin;{rows}commit;"));
}

pub const BY_API: &str = r#"
[sources.desk]
kind = "http"
url = "@desk"
retry_for = "1s"

[lookups.outcome]
from = "desk"
key = "call_id"
method = "POST"
url = "/outcomes"
body = '{"ids": "{keys}"}'
batch = 200
items = "/answers"
key_at = "/id"
columns = { status = "text" }

[lookups.owner]
from = "desk"
key = "list_id"
method = "POST"
url = "/owners"
body = '{"ids": "{keys}"}'
items = "/answers"
key_at = "/id"
columns = { owner = "text" }
"#;

pub const BY_SQL: &str = r#"
[sources.desk]
url = "@desk"

[lookups.outcome]
from = "desk"
key = "call_id"
sql = "select call_id, status from outcomes where call_id in {keys}"
columns = { status = "text" }

[lookups.owner]
from = "desk"
key = "list_id"
sql = "select list_id, owner from owners where list_id in {keys}"
columns = { owner = "text" }
"#;

pub const WORKLIST: &str = r#"
[worklist.redial]
of = "utc"
key = "phone"
as = "phone"
outcome = "lookup.outcome.status"
id = "call_id"
out = ["sale", "dnc"]
take = "redial"
never = { listed = "select phone from dnc" }
carry = { call_id = "call_id", cost = "cost" }
"#;

/// A configuration of calls in `url`, which are counted by each way of telling time.
pub fn config(url: &str, desk: &str, lookups: &str) -> String {
    let mut text = format!(
        "[sources.centre]\nurl = \"{url}\"\n\n[calendar]\ntime_zone = \"America/Chicago\"\n\n[lists]\n\
         sale = [\"SALE\"]\ndnc = [\"DNC\"]\nredial = [\"NA\", \"CALLBK\"]\nours = [\"101\", \"104\"]\n"
    );
    for kind in KINDS {
        write!(
            text,
            r#"
[events.{kind}]
from = "centre"
table = "calls"
time = "at_{kind}"
time_is = "{kind}"
by.hour = {{ time = "hour" }}
by.outcome = "lookup.outcome.status"
by.owner = {{ sql = "lookup.owner.owner", alone = true }}

[metrics]
calls_{kind} = {{ of = "{kind}", count = true }}
sales_{kind} = {{ of = "{kind}", count = true, where = "lookup.outcome.status in {{sale}}" }}
ours_{kind} = {{ of = "{kind}", count = true, where = "list_id in {{ours}}" }}
answered_{kind} = {{ of = "{kind}", count = true, where = "answered" }}
cost_{kind} = {{ of = "{kind}", sum = "cost", where = "lookup.outcome.status = 'NI'" }}
sellers_{kind} = {{ of = "{kind}", distinct = "phone", where = "lookup.outcome.status in {{sale}}", as = "phone" }}
"#
        )
        .unwrap();
    }
    // One table of metrics.
    let (mut rest, mut metrics, mut in_metrics) = (String::new(), "[metrics]\n".to_owned(), false);
    for line in text.lines() {
        in_metrics = if line.starts_with('[') { line == "[metrics]" } else { in_metrics };
        if line != "[metrics]" {
            let into = if in_metrics { &mut metrics } else { &mut rest };
            writeln!(into, "{line}").unwrap();
        }
    }
    format!("{rest}{metrics}{WORKLIST}{}", lookups.replace("@desk", desk))
}

/// A second system: it is asked for lists of ids, and answers about those that it knows.
pub fn answered(request: &Request) -> Reply {
    let body: Value = serde_json::from_str(&request.body).unwrap();
    let answer = |id: &Value| {
        let id = id.as_str().unwrap();
        if request.path == "/owners" {
            return owner(id.parse().unwrap()).map(|owner| json!({ "id": id, "owner": owner }));
        }
        let status = match ended(id.trim_start_matches('c').parse().unwrap()) {
            Ended::Unknown => return None,
            Ended::Open => Value::Null,
            Ended::As(status) => json!(status),
        };
        Some(json!({ "id": id, "status": status }))
    };
    let answers: Vec<Value> = body["ids"].as_array().unwrap().iter().rev().filter_map(answer).collect();
    Reply::json(&json!({ "answers": answers }))
}

/// How many keys were asked about, by the path.
pub fn asked(desk: &Api) -> BTreeMap<String, usize> {
    let mut asked = BTreeMap::new();
    for request in desk.asked() {
        let body: Value = serde_json::from_str(&request.body).unwrap();
        *asked.entry(request.path).or_insert(0) += body["ids"].as_array().unwrap().len();
    }
    asked
}
