//! The page of one entity through time, in a browser: light, dark, on a phone and on paper. Its names and values are
//! as long and as odd as they come.

use serde_json::json;

use super::markup::parse;
use crate::support::axe;
use crate::support::browser::{Browser, Look, PHONE, WIDE};
use crate::support::command::Place;

const DARK: Look = Look { dark: true, ..WIDE };
const PAPER: Look = Look { print: true, width: 690, ..WIDE };

const SOURCE: &str = r#"
create table accounts (id text, name text, revenue integer, health real, bytes integer, size integer, stage text,
                       last text, books text, kpis text, notes text);
insert into accounts values ('a/5 </title>', 'The <b>Acme</b> & Sons company of makers of ropes, nets and sails', 968000,
  81.5, 9223372036854770000, 3, 'onboarding', '{"playbook_id":"renewal-rescue","date":"2025-11-10"}', '[]',
  '[{"name":"Month-end close of all the books of all the companies","value":"89 h","status":"critical"},{"name":"NPS","value":-3.50,"status":null}]',
  '["Supercalifragilisticexpialidocious_without_a_blank_in_it_and_a_good_deal_longer_than_a_phone"]');
"#;

const CONFIG: &str = r#"
[source]
url = "sqlite:accounts.db"

[archive]
dir = "snapshots"

[calendar]
time_zone = "America/Chicago"

[entities.account]
sql = "select * from accounts"
key = "id"
label = "name"
counters = { bytes = "bytes" }
gauges = { revenue = { significant = "10%", unit = "$", good = "up" }, health = { significant = "5 points", trend = { over = 3, threshold = 1.0 }, good = "up" }, size = {} }
attributes = ["stage", "last"]
lists = ["books", "kpis", "notes"]
"#;

/// What happens on each of the days; on the third nobody looks in time.
const DAYS: [&str; 8] = [
    "",
    "update accounts set health = 75.25, books = '[\"onboarding\"]'",
    "update accounts set revenue = 500000",
    "update accounts set health = null, stage = '<script>document.title=''ran''</script>'",
    "update accounts set health = 60, kpis = '[{\"name\":\"NPS\",\"value\":7,\"status\":\"healthy\"}]'",
    "",
    "update accounts set health = 71, revenue = 1200000.5, bytes = 9223372036854775807, books = '[\"rescue\"]'",
    "update accounts set books = '[]', last = 'text that is no {object}', notes = null",
];

#[test]
fn an_entity_through_time_is_readable_in_every_look_and_axe_finds_nothing() {
    let place = Place::new();
    place.write("asof.toml", CONFIG);
    place.sqlite("accounts.db", SOURCE);
    for (day, sql) in DAYS.iter().enumerate() {
        place.sqlite("accounts.db", sql);
        let hour = if day == 2 { "09" } else { "00" };
        place.at(&format!("2025-11-{:02}T{hour}:06:00-06:00", day + 4));
        place.done(&["save"]);
    }
    place.done(&["history account 'a/5 </title>' --html acme.html"]);
    let text = place.read("acme.html");
    parse(&text).unwrap();
    let mut browser = Browser::start();
    for (name, look) in [("light", WIDE), ("dark", DARK), ("phone", PHONE), ("print", PAPER)] {
        browser.look(look);
        browser.open_file(&place.path("acme.html"));
        let found = axe::findings(&mut browser);
        assert!(found.is_empty(), "{name}:\n{}", found.join("\n"));
        let wide = browser.script("document.documentElement.scrollWidth <= innerWidth");
        assert_eq!(wide, json!(true), "{name} runs over");
        let shot = format!("{}/history-{name}.png", env!("CARGO_TARGET_TMPDIR"));
        browser.screenshot(shot.as_ref(), look);
        browser.assert_quiet();
    }
    browser.look(WIDE);
    browser.open_file(&place.path("acme.html"));
    assert!(!browser.script("document.title").as_str().unwrap().contains("ran"));
    // Objects are told in words, and each entry of a list of them stands for itself.
    let state = "Object.fromEntries([...document.querySelectorAll('.state > div')].map((field) => [field.querySelector('dt').textContent, [...field.querySelectorAll('dd bdi')].map((value) => value.textContent)]))";
    let state = browser.script(state);
    assert_eq!(state["Kpis"], json!(["name: NPS, status: healthy, value: 7"]));
    assert_eq!(state["Last"], json!(["text that is no {object}"]));
    assert_eq!((&state["Books"], &state["Notes"]), (&json!(["none"]), &json!(["—"])));
    let changes = "[...document.querySelectorAll('.steps tr')].filter((row) => row.cells[0].textContent === 'Kpis').map((row) => [...row.cells].slice(1).map((cell) => cell.textContent.trim()))";
    assert_eq!(
        browser.script(changes),
        json!([
            [
                "name: Month-end close of all the books of all the companies, status: critical, value: 89 h; \
                 name: NPS, status: unknown, value: -3.50 → name: NPS, status: healthy, value: 7",
                "",
                "+ name: NPS, status: healthy, value: 7; − name: Month-end close of all the books of all the \
                 companies, status: critical, value: 89 h; − name: NPS, status: unknown, value: -3.50"
            ],
            ["name: Month-end close of all the books of all the companies, status: critical, value: 89 h; \
                 name: NPS, status: unknown, value: -3.50"]
        ])
    );
    // A number that never moved needs no chart, and is said to be so.
    assert_eq!(browser.script("document.querySelectorAll('figure').length"), json!(3));
    let steady = browser.script("document.querySelector('.charts + .foot').textContent");
    assert_eq!(steady, json!("The same all the time: Size"));
    // What is seen of a column is as wide as it is meant to be, though its head is not seen.
    let share = "Math.round(100 * document.querySelector('tbody th').getBoundingClientRect().width / document.querySelector('table').getBoundingClientRect().width)";
    assert_eq!(browser.script(share), json!(20));
}
