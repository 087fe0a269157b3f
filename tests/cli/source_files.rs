//! Files as a source, and several sources at once: what is told of them, and what is wrong with them.

use serde_json::json;

use super::{CALLS, CONFIG};
use crate::support::command::Place;

const SALES: &str = r#"
[sources.shop]
kind = "files"
dir = "shop"
[sources.shop.tables.orders]
files = "orders-{date}.csv"
key = ["order_id"]
columns = { order_id = { at = "Order ID" }, at = { at = "Time", type = "time", format = "%m/%d/%Y %H:%M" }, amount = "decimal", kind = "text" }

[events.orders]
from = "shop"
table = "orders"
time = "at"
time_is = "local"
by = { kind = "kind" }

[metrics.turnover]
of = "orders"
sum = "amount"
[metrics.orders]
of = "orders"
count = true
[metrics.orders_for_each_call]
ratio = ["orders", "calls"]
"#;

const ORDERS: &str = "Order ID,Time,amount,kind\n\
    A-1,11/06/2025 09:00,0.10,new\n\
    A-2,11/06/2025 23:59,0.20,again\n\
    A-3,11/07/2025 00:00,9.99,new\n";

/// A call centre's database, and a shop's exports beside it.
fn both() -> Place {
    let place = Place::new();
    let calls = CONFIG
        .replace("[source]", "[sources.centre]")
        .replace("[events.calls]", "[events.calls]\nfrom = \"centre\"");
    place.write("asof.toml", format!("{calls}{SALES}"));
    place.sqlite("calls.db", CALLS);
    place.write("shop/orders-2025-11-06.csv", ORDERS);
    place
}

fn metrics(place: &Place, date: &str) -> serde_json::Value {
    serde_json::from_str(&place.read(&format!("snapshots/{date}/metrics.json"))).unwrap()
}

#[test]
fn a_day_of_two_sources_holds_the_numbers_of_both() {
    let place = both();
    place.asof("check 2025-11-06");
    place.asof("-v save");
    place.forget();
    let day = metrics(&place, "2025-11-06");
    let value = |metric: &str| day["metrics"][metric]["value"].to_string();
    assert_eq!(["calls", "orders", "turnover", "orders_for_each_call"].map(value), ["5", "2", "0.3", "0.4"]);
    let manifest: serde_json::Value =
        serde_json::from_str(&place.read("snapshots/2025-11-06/manifest.json")).unwrap();
    assert_eq!(manifest["sources"]["shop"]["url"], json!("files:shop"));
    assert_eq!(manifest["sources"]["centre"]["url"], json!("sqlite:calls.db"));
    assert_eq!(manifest["source"], manifest["sources"]["centre"]);
    let page = place.read("snapshots/2025-11-06/dashboard.html");
    assert!(page.contains("shop: files:shop (files counted by SQLite"), "{page}");
    // Nothing has changed since, and what changes is seen in each of them.
    place.done(&["verify", "drift 2025-11-06 --exit-code"]);
    place.write("shop/orders-2025-11-06.csv", ORDERS.replace("0.20", "0.25"));
    let run = place.asof("drift 2025-11-06 --exit-code");
    place.forget();
    assert_eq!(run.code, 4, "{}", run.stderr);
    let names = |line: &&str| line.contains("turnover") || line.contains("Turnover");
    assert!(run.stdout.lines().any(|line| names(&line) && line.contains("0.35")), "{}", run.stdout);
    assert!(!run.stdout.contains("Calls"), "{}", run.stdout);
}

#[test]
fn what_a_source_is_called_is_no_part_of_a_metric() {
    let fingerprint = |config: String| {
        let place = Place::new();
        place.write("asof.toml", config);
        place.sqlite("calls.db", CALLS);
        place.done(&["save"]);
        let manifest: serde_json::Value =
            serde_json::from_str(&place.read("snapshots/2025-11-06/manifest.json")).unwrap();
        manifest["definitions"]["metrics"]["calls"].clone()
    };
    let one = fingerprint(CONFIG.to_owned());
    let named = |name: &str| CONFIG.replace("[source]", &format!("[sources.{name}]"));
    assert_eq!(fingerprint(named("centre")), one);
    assert_eq!(fingerprint(named("other")), one);
}

#[test]
fn a_day_without_its_file_is_not_frozen() {
    let place = both();
    place.at("2025-11-08T03:00:00-06:00");
    place.asof("save");
    place.told(
        "$ asof save\n\
         ! error: 2025-11-07 could not be read: orders: there is no file orders-2025-11-07.csv\n\
         !   hint: let it be written first; a day that has none by right is told by missing = \"empty\"\n\
         exit 1\n",
    );
    assert!(!place.path("snapshots/2025-11-07").exists());
    place.change("asof.toml", "key = [\"order_id\"]", "key = [\"order_id\"]\nmissing = \"empty\"");
    place.done(&["save"]);
    assert_eq!(metrics(&place, "2025-11-07")["metrics"]["orders"]["value"], json!(0));
}

#[test]
fn a_row_that_cannot_be_taken_is_named_and_nothing_is_frozen() {
    for (orders, told) in [
        (
            ORDERS.replace("0.20", "0,20"),
            "orders-2025-11-06.csv, line 3: it has 5 fields, and the first line 4",
        ),
        (
            ORDERS.replace("0.20", "many"),
            "orders-2025-11-06.csv, line 3: amount is the text \"many\", no decimal of at most 15 digits",
        ),
        (
            ORDERS.replace("11/06/2025 23:59", "yesterday"),
            "orders-2025-11-06.csv, line 3: at is the text \"yesterday\", no time that can be read; say how it is written by format = \"…\"",
        ),
        (ORDERS.replace("A-2", ""), "orders-2025-11-06.csv, line 3: order_id is a key, and there is none"),
        (
            ORDERS.replace("Order ID", "Id"),
            "orders-2025-11-06.csv, line 1: order_id: no field is named \"Order ID\"",
        ),
        (
            ORDERS.replace("amount", "kind"),
            "orders-2025-11-06.csv, line 1: amount: no field is named \"amount\"",
        ),
        (
            ORDERS.replace("amount,kind", "amount,kind,kind"),
            "orders-2025-11-06.csv, line 1: kind: two fields are named \"kind\"",
        ),
        (String::new(), "orders-2025-11-06.csv, line 1: there are no names of fields"),
    ] {
        let place = both();
        place.write("shop/orders-2025-11-06.csv", orders);
        let run = place.asof("save");
        place.forget();
        assert!(run.stderr.contains(&format!("orders: {told}\n")), "{told}\n{}", run.stderr);
        assert_eq!(run.code, 1, "{}", run.stderr);
        assert!(!place.path("snapshots/2025-11-06").exists());
    }
}

#[test]
fn lines_of_json_that_are_wrong_are_named() {
    let place = both();
    place.change("asof.toml", "orders-{date}.csv", "orders-{date}.jsonl");
    place.change("asof.toml", "{ at = \"Order ID\" }", "{ at = \"/order/id\" }");
    place.change(
        "asof.toml",
        "at = { at = \"Time\", type = \"time\", format = \"%m/%d/%Y %H:%M\" }",
        "at = \"time\"",
    );
    let good = r#"{"order": {"id": "A-1"}, "at": "2025-11-06 09:00", "amount": 0.1, "kind": null}"#;
    for (line, told) in [
        (good.to_owned(), None),
        ("{".to_owned(), Some("line 2, column 1: no JSON: EOF while parsing an object")),
        ("[1]".to_owned(), Some("line 2: it is a list, no object")),
        (
            good.replace("0.1", "\"0.1\""),
            Some(
                "line 2: amount is the text \"0.1\", no number; take it as \"text\", and let the SQL make a number of it by cast(… as …)",
            ),
        ),
        (good.replace("\"A-1\"", "null"), Some("line 2: order_id is a key, and there is none")),
        (good.replace("0.1", "[]"), Some("line 2: amount is a list, no number")),
    ] {
        place.write("shop/orders-2025-11-06.jsonl", format!("\n{line}\n"));
        let run = place.asof("save");
        place.forget();
        match told {
            None => {
                assert_eq!(run.code, 0, "{}", run.stderr);
                std::fs::remove_dir_all(place.path("snapshots")).unwrap();
            }
            Some(told) => assert!(
                run.stderr.contains(&format!("orders-2025-11-06.jsonl, {told}\n")),
                "{told}\n{}",
                run.stderr
            ),
        }
    }
}

#[test]
fn entities_are_looked_at_in_files() {
    let place = Place::new();
    place.write(
        "asof.toml",
        r#"[source]
kind = "files"
[source.tables.videos]
files = "videos.jsonl"
key = ["id"]
columns = { id = "text", views = { at = "/stats/views", type = "integer" }, tags = "json" }
[calendar]
time_zone = "UTC"
[entities.video]
sql = "select * from videos"
key = "id"
counters = { views = "views" }
lists = ["tags"]
"#,
    );
    let video = |id: &str, views: i64| {
        json!({"id": id, "stats": {"views": views}, "tags": ["a", id]}).to_string() + "\n"
    };
    place.write("videos.jsonl", video("x", 10) + &video("y", i64::MAX));
    place.at("2025-11-06T00:30:00Z");
    place.done(&["save"]);
    place.write("videos.jsonl", video("x", 17) + &video("z", 1));
    place.at("2025-11-07T00:30:00Z");
    place.done(&["save", "verify"]);
    let run = place.asof("growth --json");
    place.forget();
    let growth: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let views = &growth["growth"]["views"];
    assert_eq!(
        [&views["current"], &views["appeared"], &views["disappeared"]],
        [&json!(18), &json!(1), &json!(i64::MAX)]
    );
}

#[test]
fn a_configuration_of_sources_that_do_not_fit_is_told() {
    let place = both();
    let config = place.read("asof.toml");
    for (piece, other) in [
        ("from = \"shop\"\n", ""),
        ("from = \"shop\"", "from = \"shops\""),
        ("[sources.centre]\n", "[source]\n"),
        ("kind = \"files\"\n", "kind = \"files\"\nurl = \"sqlite:x.db\"\n"),
        ("kind = \"files\"\n", ""),
        ("key = [\"order_id\"]", "key = [\"order\"]"),
        ("amount = \"decimal\"", "amount = \"decimals\""),
        ("amount = \"decimal\"", "amount = { type = \"decimal\", format = \"x\" }"),
        ("orders-{date}.csv", "orders-{date}"),
        ("orders-{date}.csv", "orders-{date}[.csv"),
        ("orders-{date}.csv", "orders.csv\"\ndate = \"%Y"),
        ("key = [\"order_id\"]", "delimiter = \"::\""),
    ] {
        assert!(config.contains(piece), "{piece}");
        place.write("asof.toml", config.replacen(piece, other, 1));
        place.asof("check --offline");
    }
    place.told(
        r#"$ asof check --offline
! asof.toml:36:9: it does not say which source it is read from
!   hint: add from = "…", one of "centre" and "shop"
exit 2
$ asof check --offline
! asof.toml:37:8: "shops" is no source
!   hint: did you mean "shop"?
exit 2
$ asof check --offline
! asof.toml:1:2: there is both [source] and [sources]
!   hint: move it to [sources.NAME], and let events and entities say from = "NAME"
exit 2
$ asof check --offline
! asof.toml:30:7: a source of this kind has no such key
!   hint: leave it out
exit 2
$ asof check --offline
! asof.toml:28:10: the source has no url
!   hint: add url = "mysql://user@host/database"
! asof.toml:29:7: a source of this kind has no such key
!   hint: add kind = "files", or leave it out
! asof.toml:30:15: a source of this kind has no such key
!   hint: add kind = "files", or leave it out
exit 2
$ asof check --offline
! asof.toml:33:8: "order" is no column
!   hint: did you mean "order_id"?
exit 2
$ asof check --offline
! asof.toml:34:118: "decimals" is no type of column
!   hint: did you mean "decimal"?
exit 2
$ asof check --offline
! asof.toml:34:109: only a time has a format
!   hint: leave it out, or write type = "time"
exit 2
$ asof check --offline
! asof.toml:31:22: what is in the files can't be told from their names
!   hint: add format = "csv", "jsonl" or "parquet"
exit 2
$ asof check --offline
! asof.toml:32:9: "orders-{date}[.csv" is no pattern of files
!   hint: write a pattern such as calls-{date}.csv or calls/*.jsonl
exit 2
$ asof check --offline
! asof.toml:32:9: no date stands in the files' names
!   hint: write {date} where the date stands, or leave date and around out
exit 2
$ asof check --offline
! asof.toml:33:13: "::" can't stand between fields
!   hint: write one character: ",", ";" or "\t"
exit 2
"#,
    );
}

#[test]
fn commands_around_a_save_do_not_get_the_password_of_any_source() {
    let place = both();
    place.change(
        "asof.toml",
        "url = \"sqlite:calls.db\"",
        "url = \"sqlite:calls.db\"\npassword_env = \"CENTRE\"",
    );
    let config = place.read("asof.toml");
    let hook =
        |word: &str| format!("{config}\n[hooks]\nbefore = [\"sh\", \"-c\", \"test -z \\\"${word}\\\"\"]\n");
    place.env("CENTRE", "secret");
    place.env("OTHER", "known");
    place.write("asof.toml", hook("OTHER"));
    assert_eq!(place.asof("save").code, 1);
    place.forget();
    place.write("asof.toml", hook("CENTRE"));
    place.done(&["save"]);
}

#[test]
fn a_source_that_is_filled_has_no_indexes_to_miss() {
    let place = both();
    let run = place.asof("check 2025-11-06");
    place.forget();
    let lines: Vec<&str> = run.stdout.lines().filter(|line| line.contains("orders")).collect();
    assert!(lines.iter().any(|line| line.ends_with("its tables are filled for each day")), "{}", run.stdout);
    assert!(!lines.iter().any(|line| line.contains("every row of")), "{}", run.stdout);
    assert!(run.stdout.contains("files:shop is files counted by SQLite"), "{}", run.stdout);
    assert_eq!(run.code, 0, "{}", run.stdout);
}
