//! Counters of entities day by day, and which entities moved, asked of a real server: held against the command line and
//! against numbers added up by hand. And what is told of tenants' pages, and of tokens that see nothing.

use serde_json::{Value, json};

use super::entities::{seen, seen_by};
use super::token;
use crate::support::command::Place;
use crate::support::server::{Answer, Server};

fn printed(place: &Place, line: &str) -> Value {
    let run = place.asof(line);
    serde_json::from_str(run.stdout.lines().next().unwrap_or_else(|| panic!("{line}: {}", run.stderr)))
        .unwrap()
}

fn get(server: &Server, token: &str, path: &str) -> Answer {
    server.with("GET", path, &[("Authorization", &format!("Bearer {token}"))])
}

fn values(series: &Value) -> Vec<Value> {
    series["points"].as_array().unwrap().iter().map(|point| point["value"].clone()).collect()
}

#[test]
fn a_counter_is_told_day_by_day() {
    let place = seen();
    let server = Server::start(&place, &[]);
    for (path, line) in [
        ("/api/series/account.views", "series account.views --json"),
        ("/api/series/account.views?growth=true", "series account.views --growth --json"),
        ("/api/series/account.likes?key=7", "series account.likes --key 7 --json"),
        (
            "/api/series/account.views?by=user_id&top=1&last=1",
            "series account.views --by user_id --top 1 --last 1d --json",
        ),
        ("/api/series/account.views?from=2025-11-06", "series account.views --from 2025-11-06 --json"),
        (
            "/api/series/account.views?as_of=2025-11-06T12:00",
            "series account.views --as-of 2025-11-06T12:00 --json",
        ),
    ] {
        let answer = server.get(path);
        assert_eq!(answer.status, 200, "{path}: {}", answer.text());
        assert_eq!(answer.json(), printed(&place, line), "{path}");
    }
    let of = |query: &str| values(&server.get(&format!("/api/series/account.views{query}")).json());
    // 1000 + 500 + 200 + 300, then 1100 + 900 + 150 + 310.
    assert_eq!(of(""), [json!(2000), json!(2460)]);
    assert_eq!(of("?growth=true"), [Value::Null, json!(460)]);
    assert_eq!(of("?key=7"), [json!(200), json!(150)]);
    assert_eq!(of("?as_of=2025-11-06T12:00"), [json!(2000)]);
    let csv = server.with("GET", "/api/series/account.views", &[("Accept", "text/csv")]);
    let rows: Vec<Vec<&str>> = csv.text().lines().map(|line| line.split(',').take(2).collect()).collect();
    assert_eq!(rows, [["date", "value"], ["2025-11-05", "2000"], ["2025-11-06", "2460"]]);
    // What is frozen meanwhile is in the next answer.
    place.at("2025-11-08T00:10:00Z");
    place.done(&["save"]);
    assert_eq!(of(""), [json!(2000), json!(2460), json!(2460)]);
    for (path, problem) in [
        (
            "account.view",
            "404 urn:asof:no-such-name: \"view\" is no counter of account (there are views, likes)",
        ),
        ("accounts.views", "404 urn:asof:no-such-metric: "),
        ("account.views?last=3&from=-3d", "409 urn:asof:contradiction: last is a range of its own"),
        ("calls?growth=true", "409 urn:asof:contradiction: \"calls\" is no counter of entities"),
        ("account.views?as_of=9999-12-31", "400 urn:asof:bad-request: 9999-12-31 lies beyond"),
    ] {
        let told = server.get(&format!("/api/series/{path}")).problem();
        assert!(told.starts_with(problem), "{path}: {told}");
    }
}

#[test]
fn of_counters_a_token_sees_the_rows_that_it_may() {
    let only = "only = \"user_id=5\"\n";
    let place = seen_by(&(token("five", "one", "read", only) + &token("all", "two", "read", "")));
    let server = Server::start(&place, &[]);
    let of = |query: &str| values(&get(&server, "one", &format!("/api/series/account.views{query}")).json());
    // 1000 + 200, then 1100 + 150 and the 310 of the eighth, which was another's the day before.
    assert_eq!(of(""), [json!(1200), json!(1560)]);
    assert_eq!(of("?key=8"), [Value::Null, json!(310)]);
    let by = get(&server, "one", "/api/series/account.views?by=user_id").json();
    let keys: Vec<&Value> =
        by["by"]["members"].as_array().unwrap().iter().map(|member| &member["key"]).collect();
    assert_eq!(keys, ["5"]);
    let text = |key: &str| {
        let answer = get(&server, "one", &format!("/api/series/account.views?key={key}"));
        (answer.status, answer.text().replace(&format!("\"{key}\""), "KEY"))
    };
    // The sixth is another's; a 99th there is not.
    assert_eq!(text("6"), text("99"));
    assert_eq!(values(&get(&server, "two", "/api/series/account.views").json()), [json!(2000), json!(2460)]);
    assert_eq!(get(&server, "one", "/api/series/calls").status, 403);
    let moved = get(&server, "one", "/api/account-snapshots/moved?since=2025-11-05").json();
    let keys: Vec<&Value> = moved["moved"].as_array().unwrap().iter().map(|one| &one["key"]).collect();
    assert_eq!(
        (keys, &moved["others"], &moved["unknown"]),
        (vec![&json!("5"), &json!("7")], &json!(0), &json!(1))
    );
}

#[test]
fn which_entities_moved_is_told_as_on_the_command_line() {
    let place = seen_by("\n[entities.account.gauges]\nreach = { column = \"views\", good = \"up\" }\n");
    let server = Server::start(&place, &[]);
    for way in ["changed", "improved", "declined"] {
        let answer = server.get(&format!("/api/account-snapshots/moved?way={way}&since=2025-11-05"));
        assert_eq!(answer.status, 200, "{}", answer.text());
        let mut document = answer.json();
        let fields = document.as_object_mut().unwrap();
        assert_eq!(fields.remove("next"), Some(Value::Null));
        let count = fields.remove("count").unwrap();
        assert_eq!(count, fields["moved"].as_array().unwrap().len());
        assert_eq!(
            document,
            printed(&place, &format!("list account --{way} --since 2025-11-05 --json")),
            "{way}"
        );
    }
    let keys = |query: &str| -> Vec<Value> {
        let document = server.get(&format!("/api/account-snapshots/moved{query}")).json();
        document["moved"].as_array().unwrap().iter().map(|one| one["key"].clone()).collect()
    };
    // By the views: 1000 to 1100, 500 to 900, 200 to 150, 300 to 310.
    assert_eq!(keys("?way=improved&since=2025-11-05"), ["5", "6", "8"]);
    assert_eq!(keys("?way=declined&since=2025-11-05"), ["7"]);
    // A part after the other.
    let first = server.get("/api/account-snapshots/moved?since=2025-11-05&limit=3");
    assert_eq!((&first.json()["next"], &first.json()["count"]), (&json!("7"), &json!(4)));
    assert!(first.header("link").contains("cursor=7"), "{first:?}");
    assert_eq!(keys("?since=2025-11-05&limit=3&cursor=7"), ["8"]);
    // A week ago nobody had looked.
    let week = server.get("/api/account-snapshots/moved").json();
    assert_eq!(
        (&week["since"], &week["unknown"], &week["count"]),
        (&json!("2025-10-31"), &json!(4), &json!(0))
    );
    for (query, problem) in [
        (
            "?way=sideways",
            "400 urn:asof:bad-request: way: \"sideways\" is none (there are changed, improved and declined)",
        ),
        ("?limit=0", "400 urn:asof:bad-request: "),
        ("?since=x", "400 urn:asof:bad-request: since: "),
    ] {
        let told = server.get(&format!("/api/account-snapshots/moved{query}")).problem();
        assert!(told.starts_with(problem), "{told}");
    }
    assert_eq!(server.get("/api/nobody-snapshots/moved").status, 404);
}

#[test]
fn the_pages_of_a_tenants_alerts_are_that_tenants() {
    let place = Place::new();
    let config = r#"[source]
url = "sqlite:shop.db"

[calendar]
time_zone = "UTC"

[tenants]
ids = ["a&b", "c"]

[events.orders]
sql = "select at from orders where owner = :tenant and {window}"
time = "at"
time_is = "utc"

[metrics]
orders = { of = "orders", count = true }

[alerts.few]
metric = "orders"
below = 10
"#;
    place.write("asof.toml", config);
    place.sqlite(
        "shop.db",
        "create table orders (at text, owner text);
         insert into orders values ('2025-11-06 10:00:00', 'a&b'), ('2025-11-06 11:00:00', 'c')",
    );
    place.at("2025-11-07T03:00:00Z");
    place.done(&["save"]);
    let server = Server::start(&place, &[]);
    let page = |server: &Server, query: &str| {
        let alerts = server.get(&format!("/api/alerts{query}")).json();
        alerts["alerts"][0]["page"].as_str().unwrap_or_else(|| panic!("{alerts}")).to_owned()
    };
    let link = page(&server, "?tenant=a%26b");
    assert_eq!(link, "/2025-11-06/dashboard.html?tenant=a%26b");
    assert_eq!(server.get(&link).status, 200);
    // Where one tenant alone is served, its pages may be named so too.
    let alone = Server::start(&place, &["--tenant", "c"]);
    let link = page(&alone, "");
    assert_eq!(link, "/2025-11-06/dashboard.html?tenant=c");
    assert_eq!(alone.get(&link).status, 200);
}

#[test]
fn a_token_that_sees_nothing_is_told_by_the_check() {
    let tokens = token("typo", "one", "read", "only = \"userid=5\"\n")
        + &token("five", "two", "read", "only = \"user_id=5\"\n");
    let place = seen_by(&tokens);
    let run = place.asof("check");
    let said: Vec<&str> = run.stdout.lines().filter(|line| line.contains("serve.tokens")).collect();
    assert_eq!(said.len(), 1, "{}", run.stdout);
    assert!(
        said[0].contains("serve.tokens.typo")
            && said[0].contains("sees nothing: no entity has the field \"userid\""),
        "{}",
        run.stdout
    );
    assert!(run.stdout.contains("did you mean \"user_id\"?"), "{}", run.stdout);
}
