//! `asof init --from postgres://…`: what is proposed works, and its numbers are those of SQL and of the presets.

use serde_json::{Value, json};

use super::proposing::{frozen, members, value, videos_are_looked_at};
use crate::support::command::Place;
use crate::support::postgres::{Db, REPORT, db};
use crate::support::vicidial::portable::{Other, rows_for, schema_for};
use crate::support::vicidial::{Charset, Spec};

const DAY: &str = "2025-11-06";

/// A place for proposals, where no secret may be told.
fn place() -> Place {
    let place = Place::new();
    place.secret(REPORT.1);
    place.secret("r3p%40rt");
    place.env("ASOF_SOURCE_PASSWORD", REPORT.1);
    place
}

/// Proposes for a database by this URL; gives what was said.
fn proposed(place: &Place, url: &str, more: &[&str]) -> String {
    let _ = std::fs::remove_file(place.path("asof.toml"));
    let words = [&["init", "--from", url], more].concat();
    let output = place.command(&words).output().unwrap();
    let run = place.tell("init", &output);
    format!("{}{}", run.stdout, run.stderr)
}

/// Checks that the configuration is fine.
#[track_caller]
fn checked(place: &Place) {
    let check: Value = serde_json::from_str(&place.asof("check --json").stdout).unwrap();
    assert_eq!(check["ok"], true, "{check}\n{}", place.read("asof.toml"));
}

fn sql(db: &Db, sql: &str) -> String {
    db.sql(sql).trim_end().to_owned()
}

/// Calls and seconds of the day: the live rows, and archived ones that are not live.
fn calls(columns: &str, log: &str, key: &str, group: &str) -> String {
    let on = format!("cast(call_date as date) = '{DAY}'");
    format!(
        "select {columns} from (select * from {log} where {on} union all select * from {log}_archive \
         where {on} and {key} not in (select {key} from {log})) as c {group}"
    )
}

#[test]
fn what_is_proposed_for_vicidial_on_postgresql_freezes_the_presets_totals() {
    let db = db();
    let spec = Spec { seed: 11, charset: Charset::Utf8, days: vec![(DAY.parse().unwrap(), 3000)] };
    db.sql(&format!("begin; {}{} commit;", schema_for(Other::Postgresql), rows_for(&spec, "\"user\"")));
    let place = place();
    let url = db.url();
    let output = place.command(&["init", "--from", &url]).output().unwrap();
    place.tell("init --from [URL]", &output);
    place.hide(db.url_of(REPORT.0), "URL");
    place.told(
        "
$ asof init --from [URL]
wrote ./asof.toml

proposed from [URL]:
  events    vicidial_log, vicidial_agent_log, vicidial_closer_log
  not taken 10 tables: the file says why

next:
  look it through: each choice says why it was made
  asof check
  asof save
exit 0
",
    );
    let text = place.read("asof.toml");
    assert_eq!(text.matches("time_zone = \"Asia/Kolkata\"").count(), 2, "{text}");
    for piece in
        ["time_is = \"local\"", "it is a timestamp without time zone, which has no zone, and begins an index"]
    {
        assert!(text.contains(piece), "{piece}: {text}");
    }
    let stored = frozen(&place);
    let seconds = "sum(case when length_in_sec < 0 then 0 else length_in_sec end)";
    for (log, key) in [("vicidial_log", "uniqueid"), ("vicidial_closer_log", "closecallid")] {
        let found = [value(&stored, log), value(&stored, &format!("{log}_length_in_sec"))].join("\t");
        assert_eq!(found, sql(&db, &calls(&format!("count(*), {seconds}"), log, key, "")), "{log}");
    }
    let group = "where campaign_id is not null group by campaign_id order by campaign_id";
    let campaigns = sql(&db, &calls("campaign_id || ' ' || count(*)", "vicidial_log", "uniqueid", group));
    assert_eq!(members(&stored, "vicidial_log", "campaign"), campaigns.lines().collect::<Vec<_>>());
    // `user` by itself would be the account that asks.
    let group = "where \"user\" is not null group by \"user\" order by \"user\"";
    let users = sql(&db, &calls("\"user\" || ' ' || count(*)", "vicidial_log", "uniqueid", group));
    assert_eq!(members(&stored, "vicidial_log", "user"), users.lines().collect::<Vec<_>>());
    // The preset, on the same database.
    let preset = self::place();
    preset.done(&["init --preset vicidial --engine postgresql"]);
    preset.change("asof.toml", "postgres://report@127.0.0.1/asterisk", &db.url_of(REPORT.0));
    let of_preset = frozen(&preset);
    for (ours, theirs, part) in [
        ("vicidial_log", "calls", "value"),
        ("vicidial_closer_log", "inbound_calls", "value"),
        ("vicidial_log_length_in_sec", "minutes", "sum"),
        ("vicidial_closer_log_length_in_sec", "inbound_minutes", "sum"),
    ] {
        let theirs = of_preset["metrics"][theirs][part].to_string();
        assert_eq!(value(&stored, ours), theirs, "{ours}");
        assert_ne!(theirs, "null");
    }
}

#[test]
fn what_is_proposed_for_videos_on_postgresql_looks_at_the_presets_totals() {
    let db = db();
    db.sql(super::proposing::VIDEOS);
    // A save soon after a day's end is a look at that day: here one of India.
    videos_are_looked_at(&place(), &db.url(), "+05:30");
}

#[test]
fn tables_of_other_schemas_and_names_with_capitals_are_named_as_they_are() {
    let db = db();
    db.sql(
        "create schema sales; grant usage on schema sales to report;
         create schema \"Odd.one\"; grant usage on schema \"Odd.one\" to report;
         create type sales.state as enum ('open', 'paid');
         create domain sales.money as numeric(9,2) check (value >= 0);
         create domain sales.price as sales.money;
         create table sales.\"Orders\" (\"orderId\" uuid primary key default gen_random_uuid(), \"createdAt\" timestamptz not null, \"State\" sales.state,
           vip boolean, amount sales.price, \"lengthInSec\" smallint, tags text[], \"more\" jsonb, clerk text, old date);
         create index on sales.\"Orders\" (\"createdAt\" desc);
         insert into sales.\"Orders\" (\"createdAt\", \"State\", vip, amount, \"lengthInSec\", tags, more, clerk)
           select timestamptz '2025-11-05 20:00:00+05:30' + n * interval '7 minutes', case when n % 3 = 0 then 'open' else 'paid' end::sales.state,
             n % 4 = 0, n * 1.25, nullif(n % 9, 4) - 2, '{a}', '{}', 'clerk ' || n % 3 from generate_series(0, 299) n;
         create table \"Odd.one\".\"Users\" (id int primary key, \"userName\" text, \"viewCount\" bigint, \"likeCount\" int);
         insert into \"Odd.one\".\"Users\" values (1, 'Ann', 10, 3), (2, 'Bob', 9007199254740993, 4);
         create table orders (id serial primary key, at timestamp, status text);
         create index on orders (at);
         insert into orders (at, status) select timestamp '2025-11-06' + n * interval '1 minute', 's' || n % 2 from generate_series(0, 9) n;",
    );
    let place = place();
    place.at("2025-11-07T01:00:00+05:30");
    let said = proposed(&place, &db.url(), &[]);
    assert!(said.contains("  events    orders, orders_2\n  entities  users\n"), "{said}");
    let text = place.read("asof.toml");
    for piece in [
        "table = \"sales.Orders\"\ntime = \"createdAt\"\ntime_is = \"instant\"",
        "\"sales.Orders\": events.",
        "[events.orders_2]\ntable = \"orders\"\ntime = \"at\"\ntime_is = \"local\"",
        "state = '\"State\"'   # 2 different values among the newest 300 rows",
        "vip = '\"vip\"'",
        "clerk = '\"clerk\"'",
        "sum = '\"amount\"'",
        "from \"Odd.one\".\"Users\"",
        "label = \"username\"",
    ] {
        assert!(text.contains(piece), "{piece} is not in\n{text}");
    }
    assert!(!text.contains("tags") && !text.contains("more =") && !text.contains("orderId"), "{text}");
    let stored = frozen(&place);
    let on = "\"createdAt\" >= '2025-11-06 00:00:00+05:30' and \"createdAt\" < '2025-11-07 00:00:00+05:30'";
    let of =
        |what: &str, more: &str| sql(&db, &format!("select {what} from sales.\"Orders\" where {on} {more}"));
    // It has more rows, and so comes first.
    let name = "orders";
    assert_eq!(value(&stored, name), of("count(*)", ""));
    assert_eq!(value(&stored, "amount"), of("sum(amount)", ""));
    assert_eq!(
        value(&stored, "lengthinsec"),
        of("sum(case when \"lengthInSec\" < 0 then 0 else \"lengthInSec\" end)", "")
    );
    let states = of("\"State\" || ' ' || count(*)", "group by \"State\" order by 1");
    assert_eq!(members(&stored, name, "state"), states.lines().collect::<Vec<_>>());
    let vips = of("cast(vip as int) || ' ' || count(*)", "group by vip order by 1");
    assert_eq!(members(&stored, name, "vip"), vips.lines().collect::<Vec<_>>());
    place.at("2025-11-08T01:00:00+05:30");
    place.done(&["save"]);
    let grown: Value =
        serde_json::from_str(&place.asof("growth users --from 2025-11-06 --to 2025-11-07 --json").stdout)
            .unwrap();
    assert_eq!(grown["growth"]["views"]["current"], json!(9_007_199_254_741_003_i64), "{grown}");
    // Where the account looks for names first, its name is enough.
    db.sql(&format!("alter role {} in database {} set search_path = sales, public", REPORT.0, db.name));
    proposed(&place, &db.url(), &["--table", "Orders"]);
    assert!(
        place.read("asof.toml").contains("table = \"Orders\"\ntime = \"createdAt\""),
        "{}",
        place.read("asof.toml")
    );
    checked(&place);
    db.sql(&format!("alter role {} in database {} reset search_path", REPORT.0, db.name));
    // By its whole name, however that is written.
    place.at("2025-11-07T03:00:00+05:30");
    let said = proposed(&place, &db.url(), &["--table", "SALES.orders"]);
    assert!(
        said.contains("  events    orders\n\n") && place.read("asof.toml").contains("\"sales.Orders\""),
        "{said}"
    );
    let said = proposed(&place, &db.url(), &["--table", "sale.Orders"]);
    assert!(
        said.contains("there is no table \"sale.Orders\"") && said.contains("did you mean \"sales.Orders\"?"),
        "{said}"
    );
}

#[test]
fn what_is_no_table_to_read_is_told_or_passed_over() {
    let db = db();
    let place = place();
    let said = proposed(&place, &db.url(), &[]);
    assert!(said.contains("has no tables that this account can see"), "{said}");
    db.sql(
        "create table secrets (id int primary key, event_time timestamp); revoke all on secrets from report;",
    );
    let said = proposed(&place, &db.url(), &[]);
    assert!(said.contains("has no tables that this account can see") && said.contains("SELECT"), "{said}");
    db.sql(
        "create table parts (id int, at timestamp not null, kind text, tag text) partition by range (at);
         create table parts_1 partition of parts for values from ('2025-11-01') to ('2025-11-15');
         create table parts_2 partition of parts for values from ('2025-11-15') to ('2025-12-01');
         create index on parts (at);
         insert into parts select n, timestamp '2025-11-06' + n * interval '1 hour', 'k' || n % 2, 't' from generate_series(0, 400) n;
         analyze parts_1, parts_2;
         create table family (id int primary key, event_time timestamp);
         create table child (more int) inherits (family);
         create view seen as select at as seen_at, kind, count(*) as many from parts group by at, kind;
         create materialized view kept as select at as kept_at, kind from parts;
         create index on kept (kept_at);
         grant select on kept to report;
         insert into family values (1, '2025-11-06 10:00:00');
         create view broken as select id / 0 as number, event_time from family;
         create table half (id int, event_time timestamp, hidden text);
         revoke all on half from report; grant select (id, event_time) on half to report;
         create table partial (id int, happened_at timestamp);
         create index on partial (happened_at) where id > 3;
         create index on partial (date(happened_at));
         create table \"a ? {b}\" (id int primary key, event_time timestamp);
         create temporary table passing (id int primary key, event_time timestamp);
         create schema closed; create table closed.hidden (id int primary key, event_time timestamp);",
    );
    place.at("2025-11-07T03:00:00+05:30");
    let said = proposed(&place, &db.url(), &[]);
    let text = place.read("asof.toml");
    for (piece, why) in [
        ("[events.parts]\ntable = \"parts\"\ntime = \"at\"", "the parent of partitions"),
        ("begins an index. About 401 rows.", "its partitions' rows"),
        ("[events.family]", "a parent"),
        ("[events.kept]\ntable = \"kept\"", "a view that is kept"),
        ("[events.seen]\ntable = \"seen\"", "a view"),
        ("[events.half]", "a table of which some columns can be read"),
        (
            "\"partial\": events. \"happened_at\" tells the time: it is a timestamp without time zone, which has no zone. About",
            "no index of all rows",
        ),
        ("# \"broken\": it could not be looked at: ", "a view that fails"),
        ("# \"secrets\": the account has no right to read it.", "a table that can't be read"),
        ("# \"closed.hidden\": the account has no right to read it.", "a schema that can't be used"),
        ("# \"a ? {b}\": its name can't stand in the SQL of a configuration.", "a name"),
    ] {
        assert!(
            text.contains(piece) || text.replace("\n#", "\n").contains(piece),
            "{why}: {piece} is not in\n{said}\n{text}"
        );
    }
    for no in ["parts_1", "child", "passing", "pg_", "information_schema", "hidden text"] {
        assert!(!text.contains(no), "{no} is in\n{text}");
    }
    checked(&place);
    place.done(&["save"]);
    let stored: Value = serde_json::from_str(&place.asof(&format!("restore {DAY} --json")).stdout).unwrap();
    assert_eq!(stored["metrics"]["parts"]["value"], 24, "{stored}");
}

#[test]
fn a_server_that_can_not_be_asked_is_told() {
    let db = db();
    let place = place();
    place.env("WRONG", "nonsense");
    let said = proposed(&place, &db.url_of(REPORT.0), &["--password-env", "WRONG"]);
    assert!(said.contains("refuses the account `report`"), "{said}");
    assert!(!place.path("asof.toml").exists());
}
