//! What a second system knows of calls that lie in a database: counted and listed, held against what the test itself
//! reckons, and the same from MariaDB, PostgreSQL and SQLite.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};
use std::thread::sleep;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::America::Chicago;
use serde_json::{Value, json};

use crate::support::api::{Api, Reply, Request};
use crate::support::command::Place;
use crate::support::{mariadb, postgres};

/// The four ways in which the calls' table tells time.
const KINDS: [&str; 4] = ["local", "utc", "epoch", "instant"];
/// The days, as UTC has them in Chicago; clocks go back on the second, which has 25 hours.
const DAYS: [(&str, &str, &str); 3] = [
    ("2025-11-01", "2025-11-01T05:00:00Z", "2025-11-02T05:00:00Z"),
    ("2025-11-02", "2025-11-02T05:00:00Z", "2025-11-03T06:00:00Z"),
    ("2025-11-03", "2025-11-03T06:00:00Z", "2025-11-04T06:00:00Z"),
];

/// A call, made by arithmetic.
struct Call {
    number: i64,
    at: DateTime<Utc>,
}

/// How a call ended, as the second system has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    Unknown,
    Open,
    As(&'static str),
}

impl Call {
    fn id(&self) -> String {
        format!("c{:05}", self.number)
    }

    fn phone(&self) -> String {
        format!("312555{:04}", self.number * 17 % 400)
    }

    fn list(&self) -> Option<i64> {
        (self.number % 9 != 4).then_some(100 + self.number % 7)
    }

    /// In hundredths.
    fn cost(&self) -> i64 {
        self.number * 37 % 1_000
    }

    fn answered(&self) -> bool {
        self.number % 4 == 1
    }

    fn ended(&self) -> Ended {
        ended(self.number)
    }
}

fn ended(number: i64) -> Ended {
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
fn owner(list: i64) -> Option<String> {
    (list != 103).then(|| format!("owner {}", list % 2))
}

/// Calls of the three days, in the order of time, behind a few of a month before.
fn calls() -> Vec<Call> {
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
fn rows(
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
const LISTED: &str =
    "create table dnc (phone varchar(20)); insert into dnc values ('3125550003'), ('3125550051');";

/// What the second system holds where it is a database.
fn desk_rows(calls: &[Call]) -> String {
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

fn in_mariadb(calls: &[Call]) -> mariadb::Db {
    let db = mariadb::db();
    let table = "create table calls (call_id varchar(20) primary key, at_local datetime, at_utc datetime, \
        at_epoch int unsigned, at_instant timestamp null, phone varchar(20), list_id int, cost decimal(8,2), \
        answered tinyint(1), wide decimal(30,9), key (at_utc)) charset utf8mb4;";
    let rows =
        rows(calls, |yes| if yes { "1" } else { "0" }, |at| at.format("%Y-%m-%d %H:%M:%S").to_string());
    db.sql(&format!("set time_zone = '+00:00';{table}{LISTED}begin;{rows}commit;"));
    db
}

fn in_postgresql(calls: &[Call]) -> postgres::Db {
    let db = postgres::db();
    let table = "create table calls (call_id text primary key, at_local timestamp, at_utc timestamp, \
        at_epoch bigint, at_instant timestamptz, phone varchar(20), list_id int, cost numeric(8,2), \
        answered boolean, wide numeric(30,9));";
    let rows = rows(calls, |yes| if yes { "true" } else { "false" }, |at| at.to_rfc3339());
    db.sql(&format!("{table}{LISTED}begin;{rows}commit;"));
    db
}

/// `offsets` says whether instants are told with the offset of their place, or as UTC.
fn in_sqlite(place: &Place, calls: &[Call], offsets: bool) {
    let table = "create table calls (call_id text primary key, at_local text, at_utc text, \
        at_epoch integer, at_instant text, phone text, list_id integer, cost decimal(8,2), \
        answered boolean, wide decimal(30,9));";
    let instant = |at: DateTime<Utc>| match offsets {
        true => at.with_timezone(&Chicago).format("%Y-%m-%d %H:%M:%S%:z").to_string(),
        false => at.format("%Y-%m-%d %H:%M:%S").to_string(),
    };
    let rows = rows(calls, |yes| if yes { "1" } else { "0" }, instant);
    place.sqlite("calls.db", &format!("{table}{LISTED}begin;{rows}commit;"));
}

const BY_API: &str = r#"
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

const BY_SQL: &str = r#"
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

const WORKLIST: &str = r#"
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
fn config(url: &str, desk: &str, lookups: &str) -> String {
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
fn answered(request: &Request) -> Reply {
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
fn asked(desk: &Api) -> BTreeMap<String, usize> {
    let mut asked = BTreeMap::new();
    for request in desk.asked() {
        let body: Value = serde_json::from_str(&request.body).unwrap();
        *asked.entry(request.path).or_insert(0) += body["ids"].as_array().unwrap().len();
    }
    asked
}

fn between<'c>(calls: &'c [Call], start: &str, end: &str) -> Vec<&'c Call> {
    let [start, end]: [DateTime<Utc>; 2] = [start, end].map(|at| at.parse().unwrap());
    calls.iter().filter(|call| (start..end).contains(&call.at)).collect()
}

/// The members of a breakdown with their values, by their keys.
fn members(doc: &Value, metric: &str, dimension: &str) -> BTreeMap<String, u64> {
    let members = doc["metrics"][metric]["by"][dimension].as_array().unwrap().iter();
    members
        .map(|member| {
            (member["key"].as_str().unwrap_or("NULL").to_owned(), member["value"].as_u64().unwrap())
        })
        .collect()
}

fn counted<'c>(calls: &[&'c Call], of: impl Fn(&'c Call) -> String) -> BTreeMap<String, u64> {
    let mut counted = BTreeMap::new();
    for call in calls {
        *counted.entry(of(call)).or_insert(0) += 1;
    }
    counted
}

/// Holds what is frozen of the three days, and the queue, against what the calls say.
fn as_reckoned(place: &Place, calls: &[Call]) {
    for (day, start, end) in DAYS {
        let doc: Value = serde_json::from_str(&place.read(&format!("snapshots/{day}/metrics.json"))).unwrap();
        let of_day = between(calls, start, end);
        let ended_as = |status: &str| {
            of_day
                .iter()
                .copied()
                .filter(|call| matches!(call.ended(), Ended::As(s) if s == status))
                .collect::<Vec<_>>()
        };
        for kind in KINDS {
            let value = |metric: &str| doc["metrics"][format!("{metric}_{kind}")]["value"].clone();
            assert_eq!(value("calls"), json!(of_day.len()), "{day} {kind}");
            assert_eq!(value("sales"), json!(ended_as("SALE").len()), "{day} {kind}");
            let ours = of_day.iter().filter(|call| matches!(call.list(), Some(101 | 104))).count();
            assert_eq!(value("ours"), json!(ours), "{day} {kind}");
            let answered = of_day.iter().filter(|call| call.answered()).count();
            assert_eq!(value("answered"), json!(answered), "{day} {kind}");
            let cost: i64 = ended_as("NI").iter().map(|call| call.cost()).sum();
            let told = value("cost").to_string();
            let (whole, cents) = told.split_once('.').unwrap_or((&told, ""));
            let told: i64 = format!("{whole}{cents:0<2}").parse().unwrap();
            assert_eq!(told, cost, "{day} {kind}");
            let sellers: BTreeSet<String> = ended_as("SALE").iter().map(|call| call.phone()).collect();
            assert_eq!(value("sellers"), json!(sellers.len()), "{day} {kind}");
            let calls = format!("calls_{kind}");
            let outcome = |call: &Call| match call.ended() {
                Ended::As(status) => status.to_owned(),
                Ended::Open | Ended::Unknown => "NULL".to_owned(),
            };
            assert_eq!(members(&doc, &calls, "outcome"), counted(&of_day, outcome), "{day} {kind}");
            let of_whom = |call: &Call| call.list().and_then(owner).unwrap_or_else(|| "NULL".to_owned());
            assert_eq!(members(&doc, &calls, "owner"), counted(&of_day, of_whom), "{day} {kind}");
            let hour = |call: &Call| {
                let local = call.at.with_timezone(&Chicago);
                // From 01:00 to 02:00 in the second time, which local time alone can't tell from the first.
                let again = (7 * 3_600..8 * 3_600).contains(&(call.at.timestamp() - 1_762_041_600));
                let again = if again && kind != "local" { "b" } else { "" };
                format!("{}{again}", local.format("%H"))
            };
            assert_eq!(members(&doc, &calls, "hour"), counted(&of_day, hour), "{day} {kind}");
        }
        let manifest: Value =
            serde_json::from_str(&place.read(&format!("snapshots/{day}/manifest.json"))).unwrap();
        let unknown = of_day.iter().filter(|call| call.ended() == Ended::Unknown).count();
        let lists: BTreeSet<i64> = of_day.iter().filter_map(|call| call.list()).collect();
        let without = of_day.iter().filter(|call| call.list().is_none()).count();
        assert_eq!(
            manifest["events"]["epoch"]["lookups"],
            json!({
                "outcome": { "keys": of_day.len(), "unknown": unknown, "without_key": 0 },
                "owner": { "keys": lists.len(), "unknown": 1, "without_key": without },
            }),
            "{day}"
        );
    }
    let text = place.read("worklists/redial/redial-queue_2025-11.json");
    let doc: Value = serde_json::from_str(&text).unwrap();
    let told: BTreeMap<String, String> = doc
        .as_object()
        .unwrap()
        .iter()
        .map(|(phone, entry)| (phone.clone(), entry["call_id"].as_str().unwrap().to_owned()))
        .collect();
    assert_eq!(told, queue(calls));
}

/// The phones to call again with their latest calls.
fn queue(calls: &[Call]) -> BTreeMap<String, String> {
    let mut phones: BTreeMap<String, Vec<&Call>> = BTreeMap::new();
    for call in calls {
        phones.entry(call.phone()).or_default().push(call);
    }
    let first: DateTime<Utc> = DAYS[0].1.parse().unwrap();
    phones.retain(|phone, calls| {
        let out = [Ended::As("SALE"), Ended::As("DNC"), Ended::Unknown];
        let never = ["3125550003", "3125550051"].contains(&phone.as_str());
        let latest = calls.last().unwrap();
        let wanted = matches!(latest.ended(), Ended::As("NA" | "CALLBK"));
        !never && wanted && latest.at >= first && !calls.iter().any(|call| out.contains(&call.ended()))
    });
    phones.into_iter().map(|(phone, calls)| (phone, calls.last().unwrap().id())).collect()
}

const BACKFILL: &str = "backfill --from 2025-11-01 --to 2025-11-03 --jobs 1";

/// Freezes the three days and gives their numbers, after they were held against the calls.
fn frozen(place: &Place, calls: &[Call]) -> Vec<String> {
    let run = place.asof(BACKFILL);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{}", run.stdout);
    as_reckoned(place, calls);
    place.forget();
    place.done(&["verify"]);
    DAYS.iter().map(|(day, _, _)| place.read(&format!("snapshots/{day}/metrics.json"))).collect()
}

#[test]
fn all_databases_give_the_same_bytes_and_an_api_is_asked_once() {
    let calls = calls();
    assert!(queue(&calls).len() > 30, "{}", queue(&calls).len());
    let in_range = between(&calls, DAYS[0].1, DAYS[2].2).len();
    let mut all = Vec::new();
    for engine in ["mariadb", "postgresql", "sqlite"] {
        let place = Place::new();
        let (mut maria, mut postgres) = (None, None);
        let url = match engine {
            "mariadb" => maria.insert(in_mariadb(&calls)).url(),
            "postgresql" => postgres.insert(in_postgresql(&calls)).url(),
            _ => {
                in_sqlite(&place, &calls, false);
                "sqlite:calls.db".to_owned()
            }
        };
        let desk = Api::new(answered);
        place.write("asof.toml", config(&url, &desk.url(), BY_API));
        let checked = place.asof("check 2025-11-02");
        assert_eq!(checked.code, 0, "{engine}: {}{}", checked.stdout, checked.stderr);
        desk.asked();
        all.push(frozen(&place, &calls));
        // The days' keys by the run, and all those of the worklist by itself.
        let expected = [("/outcomes".to_owned(), in_range + calls.len()), ("/owners".to_owned(), 7)].into();
        assert_eq!(asked(&desk), expected, "{engine}");
        place.done(&["drift --from 2025-11-01 --to 2025-11-03 --exit-code"]);
    }
    assert_eq!(all[0], all[1]);
    assert_eq!(all[0], all[2]);
}

#[test]
fn another_database_answers_by_sql() {
    let calls = calls();
    let (maria, postgres) = (in_mariadb(&calls), in_postgresql(&calls));
    maria.sql(&format!("begin;{}commit;", desk_rows(&calls)));
    postgres.sql(&format!("begin;{}commit;", desk_rows(&calls)));
    for (url, desk) in [
        (maria.url(), postgres.url()),
        (postgres.url(), maria.url()),
        // The database that has the calls may be the one that is asked.
        (maria.url(), maria.url()),
        ("sqlite:calls.db".to_owned(), postgres.url()),
        (maria.url(), "sqlite:desk.db".to_owned()),
    ] {
        let place = Place::new();
        if url.starts_with("sqlite") {
            in_sqlite(&place, &calls, true);
        }
        if desk.starts_with("sqlite") {
            place.sqlite("desk.db", &format!("begin;{}commit;", desk_rows(&calls)));
        }
        place.write("asof.toml", config(&url, &desk, BY_SQL));
        frozen(&place, &calls);
    }
}

#[test]
fn nothing_is_held_of_the_database_while_others_are_asked() {
    let calls = calls();
    let db = in_mariadb(&calls);
    let (server, name) = (db.server(), db.sql("select database()").trim().to_owned());
    let seen = Arc::new(Mutex::new(Vec::new()));
    let seen_by_desk = Arc::clone(&seen);
    let desk = Api::new(move |request| {
        let sql = format!(
            "select count(*) from information_schema.processlist where db = '{name}' and id <> connection_id()"
        );
        let mut open = String::new();
        // A server takes a moment to let go of a connection that was closed.
        for _ in 0..100 {
            open = server.sql("mysql", &sql).trim().to_owned();
            if open == "0" {
                break;
            }
            sleep(Duration::from_millis(20));
        }
        seen_by_desk.lock().unwrap().push(open);
        answered(request)
    });
    let place = Place::new();
    place.write("asof.toml", config(&db.url(), &desk.url(), BY_API));
    frozen(&place, &calls);
    let seen = seen.lock().unwrap();
    assert!(seen.len() > 10 && seen.iter().all(|open| open == "0"), "{seen:?}");
}

#[test]
fn where_the_second_system_fails_nothing_is_frozen() {
    let calls = calls();
    let desk = Api::new(|request| if request.number > 2 { Reply::status(500) } else { answered(request) });
    let place = Place::new();
    in_sqlite(&place, &calls, true);
    place.write("asof.toml", config("sqlite:calls.db", &desk.url(), BY_API));
    let run = place.asof("save 2025-11-02 --retry-for 0s");
    assert_ne!(run.code, 0, "{}{}", run.stdout, run.stderr);
    assert!(run.stderr.contains("500"), "{}", run.stderr);
    assert!(!place.path("snapshots/2025-11-02").exists());
    assert!(!place.path("worklists/redial").exists());
}

#[test]
fn a_day_of_too_many_groups_is_counted_by_each_dimension_and_asks_nothing_again() {
    let calls = calls();
    let desk = Api::new(answered);
    let place = Place::new();
    in_sqlite(&place, &calls, true);
    let config = config("sqlite:calls.db", &desk.url(), BY_API).replace(WORKLIST, "");
    place.write("asof.toml", config.replace("by.hour", "max_groups = 30\nby.hour"));
    place.done(&["save 2025-11-02"]);
    let (_, start, end) = DAYS[1];
    let of_day = between(&calls, start, end);
    let doc: Value = serde_json::from_str(&place.read("snapshots/2025-11-02/metrics.json")).unwrap();
    assert_eq!(doc["metrics"]["calls_utc"]["value"], json!(of_day.len()));
    let known = of_day.iter().filter(|call| matches!(call.ended(), Ended::As(_))).count();
    let told: u64 = members(&doc, "calls_utc", "outcome")
        .into_iter()
        .filter_map(|(key, count)| (key != "NULL").then_some(count))
        .sum();
    assert_eq!(told, u64::try_from(known).unwrap());
    assert_eq!(asked(&desk)["/outcomes"], of_day.len());
}

#[test]
fn what_sqlite_cannot_keep_or_read_is_told() {
    let calls = calls();
    let db = in_mariadb(&calls);
    let desk = Api::new(answered);
    let place = Place::new();
    let sound = config(&db.url(), &desk.url(), BY_API);
    let told = |from: &str, to: &str, line: &str| {
        assert!(sound.contains(from), "{from}");
        place.write("asof.toml", sound.replace(from, to));
        let run = place.asof(line);
        assert_ne!(run.code, 0, "{}", run.stdout);
        place.forget();
        run.stdout + &run.stderr
    };
    let long = told("sum = \"cost\"", "sum = \"wide\"", "save 2025-11-02");
    assert!(
        long.contains("the rows of epoch: the column wide is the number 12345678901.123456789, no decimal of at most 15 digits"),
        "{long}"
    );
    assert!(long.contains("cast it in an sql of the events' own"), "{long}");
    let foreign = told("where = \"answered\"", "where = \"if_null_or(answered)\"", "check 2025-11-02");
    assert!(foreign.contains("no such function: if_null_or"), "{foreign}");
    assert!(foreign.contains("write their expressions in its SQL"), "{foreign}");
    let kind = told("time = \"at_local\"", "time = \"at_instant\"", "save 2025-11-02");
    assert!(kind.contains("the time column has the type timestamp, which keeps instants"), "{kind}");
    assert!(!place.path("snapshots/2025-11-02").exists());
}
