//! What is wrong with a lookup is told before anything is asked.

use std::path::Path;

use asof::config::Config;

const SOUND: &str = r#"
[sources.calls]
kind = "http"
url = "https://calls.example"
[sources.calls.feeds.calls]
url = "/calls?from={start}&to={end}"
columns = { call_id = "text", at = "time", phone = "text" }
[sources.desk]
kind = "http"
url = "https://desk.example"
secrets = { key = { env = "DESK_KEY" } }
[sources.crm]
url = "sqlite:crm.db"
[calendar]
time_zone = "America/Chicago"
[lists]
sale = ["SALE"]
[lookups.outcome]
from = "desk"
key = "call_id"
url = "/outcomes?ids={keys}&key={key}"
key_at = "/id"
columns = { status = "text" }
[lookups.owner]
from = "crm"
key = "phone"
sql = "select phone, name from owners where phone in {keys}"
columns = { name = "text" }
[events.calls]
from = "calls"
table = "calls"
time = "at"
time_is = "instant"
by.status = "lookup.outcome.status"
[events.orders]
from = "crm"
table = "orders"
time = "at"
time_is = "local"
[metrics]
calls = { of = "calls", count = true, where = "lookup.owner.name is not null" }
orders = { of = "orders", count = true }
[worklist.again]
of = "calls"
key = "phone"
outcome = "lookup.outcome.status"
out = ["sale"]
"#;

fn problems(piece: &str, other: &str) -> String {
    assert_eq!(SOUND.matches(piece).count(), 1, "{piece:?}");
    match Config::parse(&SOUND.replacen(piece, other, 1), Path::new("asof.toml")) {
        Ok(_) => String::new(),
        Err(problems) => problems.to_string(),
    }
}

#[test]
fn what_can_not_be_looked_up_is_told_with_its_place() {
    assert_eq!(problems("https://desk", "https://desk"), "");
    for (piece, other, told) in [
        ("from = \"desk\"", "", "it does not say which source it is read from"),
        ("from = \"desk\"", "from = \"disk\"", "\"disk\" is no source"),
        ("key = \"call_id\"", "key = \"\"", "the expression is empty"),
        (
            "key = \"call_id\"",
            "key = \"lookup.owner.name\"",
            "a key can be made of neither lists nor answers",
        ),
        (
            "key = \"call_id\"",
            "key = \"call_id in {sale}\"",
            "a key can be made of neither lists nor answers",
        ),
        ("?ids={keys}&key={key}", "", "nothing asks about the keys"),
        ("url = \"/outcomes?ids={keys}&key={key}\"", "", "it is not said where the API is asked"),
        ("&key={key}", "&key={kye}", "nothing is known as {kye} here"),
        ("&key={key}", "&on={date}", "nothing is known as {date} here"),
        ("&key={key}", "&key=abc", "the secret key is written out"),
        ("key_at = \"/id\"", "", "it is not said which key an item is about"),
        ("key_at = \"/id\"", "key_at = \"id\"", "\"id\" is no JSON pointer"),
        ("key_at = \"/id\"", "batch = 0", "0 is no number of keys"),
        ("key_at = \"/id\"", "batch = 1", ""),
        ("key_at = \"/id\"", "key_at = \"/id\"\nsql = \"select 1\"", "an API is not asked by SQL"),
        ("{ status = \"text\" }", "{ status = \"word\" }", "\"word\" is no type of column"),
        (
            "{ status = \"text\" }",
            "{ status = \"text\", asof_key = \"text\" }",
            "nothing here can be named \"asof_key\"",
        ),
        ("sql = \"select phone", "batch = 5\nsql = \"select phone", "a lookup by SQL has no such key"),
        ("in {keys}\"", "in {kyes}\"", "{kyes} is no list"),
        ("where phone in {keys}\"", "\"", "nothing asks about the keys"),
        ("{ name = \"text\" }", "{ name = { at = \"/name\" } }", "a query says itself where it is"),
        (
            "by.status = \"lookup.outcome.status\"",
            "by.status = \"lookup.outcome.state\"",
            "the lookup outcome gives no column \"state\"",
        ),
        (
            "by.status = \"lookup.outcome.status\"",
            "by.status = \"lookup.outcom.status\"",
            "\"outcom\" is no lookup",
        ),
        ("out = [\"sale\"]", "out = [\"sale\"]\nunknown = \"maybe\"", "maybe"),
    ] {
        let found = problems(piece, other);
        assert!(found.contains(told) && found.is_empty() == told.is_empty(), "{piece} → {other}: {found}");
    }
}
