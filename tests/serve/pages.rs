//! The pages of the server, used in a browser as a person would, with scripts and without, light, dark and on a phone.

use serde_json::{Value, json};

use super::token;
use crate::cli::{CONFIG, frozen};
use crate::support::axe;
use crate::support::browser::{Browser, Look, PHONE, WIDE};
use crate::support::command::Place;
use crate::support::server::Server;

const DARK: Look = Look { dark: true, ..WIDE };

/// What is looked at beside the calls.
const MORE: &str = r#"
[entities.account]
sql = "select * from accounts"
key = "id"
label = "name"
counters = { views = "views" }
gauges = { health = { significant = "5 points", trend = { over = 2, threshold = 1.0 }, good = "up" } }
attributes = ["stage"]
[entities.account.on]
KPI_DATA_UPLOADED = "post_upload"
[alerts.few]
metric = "calls"
below = 100
"#;

/// Names as odd as they come.
const ODD: &str =
    "Acme <img src=x onerror=\"document.title='ran'\"> & Sons of a name that goes on for longer than a phone";

/// A month of calls, four nights of accounts. Nobody froze 2025-11-06 yet, and it is the night after it.
pub fn board() -> Place {
    let place = Place::new();
    place.write("asof.toml", CONFIG.to_owned() + MORE);
    place.sqlite("calls.db", crate::cli::CALLS);
    let mut rows = String::from("insert into campaigns values ('9', '<b>Nine & more</b>');");
    for day in 1..=36_usize {
        for number in 0..(8 + day % 5) {
            let (campaign, status) =
                (["1027", "2044", "9"][number % 3], ["SALE", "NA", "DROP"][number * day % 3]);
            rows.push_str(&format!(
                "insert into calls (at, campaign, status, seconds) values (datetime('2025-10-01', '+{} days', '+{} hours'), '{campaign}', '{status}', {});",
                day - 1, 8 + number, number * 30
            ));
        }
    }
    place.sqlite("calls.db", &rows);
    place.sqlite(
        "calls.db",
        &format!(
            "create table accounts (id integer, name text, views integer, health real, stage text);
             insert into accounts values (5, '{}', 100, 80, 'live'), (7, 'Ropes', 1000, 60, 'trial');",
            ODD.replace('\'', "''")
        ),
    );
    place.at("2025-11-03T00:06:00-06:00");
    place.done(&["backfill --from 2025-10-01 --to 2025-11-01 --quiet", "save"]);
    for (day, sql) in [
        (4, "update accounts set views = views + 10, health = 70 where id = 5"),
        (5, "update accounts set views = views + 500 where id = 7"),
        (6, "update accounts set health = 90, stage = 'renewal' where id = 5"),
    ] {
        place.sqlite("calls.db", sql);
        place.at(&format!("2025-11-{day:02}T00:06:00-06:00"));
        place.done(&["save"]);
    }
    place.at("2025-11-06T10:20:00-06:00");
    place.done(&["capture account --key 7 --event KPI_DATA_UPLOADED --occurred-at 2025-11-06T10:13:00"]);
    place.at("2025-11-07T00:06:00-06:00");
    place.forget();
    place
}

/// All pages that are only read.
const PAGES: [&str; 19] = [
    "/",
    "/days/2025-11-05/view",
    "/days/2025-11-05/view?by.campaign=1027,2044&by.hour=09",
    "/compare",
    "/compare?a=2025-10-27..2025-11-02&b=2025-10-20..2025-10-26",
    "/settling",
    "/series",
    "/series?metric=calls&by=campaign&forecast=0",
    "/series?metric=account.views",
    "/drift",
    "/drift?when=2025-11-05",
    "/growth?period=1",
    "/entities",
    "/entities?since=4",
    "/timeline?entity=account&key=5",
    "/timeline?entity=account&key=5&a=latest&b=latest~1",
    "/alerts",
    "/health",
    "/snapshot",
];

struct User {
    browser: Browser,
    server: Server,
}

impl User {
    fn of(place: &Place) -> Self {
        Self { browser: Browser::start(), server: Server::start(place, &[]) }
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.server.address)
    }

    fn open(&mut self, path: &str) {
        let url = self.url(path);
        self.browser.open(&url);
    }

    /// Clicks, and waits until what it leads to is there.
    fn follow(&mut self, css: &str) {
        self.browser.script("window.left = true");
        self.browser.click(css);
        self.browser.wait_until("!window.left && document.readyState === 'complete'");
    }

    fn at(&mut self) -> String {
        let at = self.browser.script("decodeURIComponent(location.pathname + location.search)");
        at.as_str().unwrap().to_owned()
    }

    fn text(&mut self, css: &str) -> String {
        self.browser.text(css).split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// Nothing went wrong, nothing ran that came from outside, and nobody else was asked.
    fn quiet(&mut self, what: &str) {
        assert_eq!(self.browser.errors(), [""; 0], "{what}");
        let own = self.url("");
        let asked = self.browser.requests();
        let outside: Vec<_> =
            asked.iter().filter(|url| !url.starts_with(&own) && !url.starts_with("data:")).collect();
        assert!(outside.is_empty(), "{what} asked for {outside:?}");
        assert_ne!(self.browser.script("document.title"), json!("ran"), "{what}");
        assert_eq!(self.browser.script("document.querySelectorAll('img').length"), json!(0), "{what}");
    }
}

#[test]
fn a_person_goes_from_the_calendar_to_a_day_and_on_to_a_snapshot_with_scripts_and_without() {
    for scripts in [true, false] {
        let place = board();
        let mut user = User::of(&place);
        user.browser.allow_scripts(scripts);
        user.open("/");
        assert_eq!(user.text("h1"), "Every day");
        user.quiet("/");
        user.follow("#months a[href='/days/2025-11-05/view']");
        assert_eq!(user.text("h1"), "Wednesday 5 November 2025");
        // Day 36 has 8 + 36 % 5 calls, and three of the small call centre.
        assert_eq!(user.text(".tile .value"), "12");
        user.follow(".pills a.pill:nth-of-type(2)");
        assert_eq!(user.at(), "/days/2025-11-05/view?by.campaign=1027");
        // Numbers 0, 3 and 6 of nine, and two of the three.
        assert_eq!(user.text(".tile .value"), "5");
        assert_eq!(
            user.text(".chosen [role=status]"),
            "Only campaign EASTSIDE: 5 of 12 calls. Not known for a choice: how it compares with other days."
        );
        user.follow(".chosen a");
        assert_eq!(user.text(".tile .value"), "12");
        user.quiet("a day");
        // The frozen page is as it was frozen, byte for byte, and leads back.
        user.follow(".ways a[href='/days/2025-11-05']");
        let kept = std::fs::read(place.path("snapshots/2025-11-05/dashboard.html")).unwrap();
        assert_eq!(user.server.get("/days/2025-11-05").body, kept);
        user.quiet("the frozen page");
        user.follow("header nav a[href='../index.html']");
        assert_eq!(user.text("h1"), "Every day");
        // Two days are compared by a plain form.
        user.follow(".asks button");
        assert_eq!(user.at(), "/compare?a=2025-11-05&b=2025-10-29");
        assert_eq!(user.text("h1"), "Wednesday 5 November 2025 against Wednesday 29 October 2025");
        user.quiet("two days");
        // An entity, and two of its snapshots.
        user.follow(".site a[href='/entities']");
        assert_eq!(user.text("h1"), "Account");
        // Nobody looked seven days ago, so nothing is known of that.
        assert_eq!(user.text("section .foot"), "None changed since 2025-10-31.");
        user.open("/entities?since=4");
        user.follow("tbody th a[href*='key=5']");
        assert_eq!(user.text("h1"), ODD);
        user.quiet("an entity");
        user.follow(".asks button");
        assert_eq!(user.at(), "/timeline?entity=account&key=5&a=5#4&b=5#3");
        let health =
            "[...document.querySelectorAll('tbody tr')].find((row) => row.cells[0].innerText === 'Health')";
        let cells = user.browser.script(&format!("[...{health}.cells].map((cell) => cell.innerText.trim())"));
        assert_eq!(cells, json!(["Health", "70", "90", "+20 +28.57 %", "significant"]));
        // A snapshot.
        user.follow(".site .now a");
        user.follow("form[aria-label='The last day'] button");
        assert_eq!(user.text("h1"), "It is frozen");
        user.quiet("a snapshot");
        user.follow(".ways a");
        assert_eq!(user.text("h1"), "Thursday 6 November 2025");
        // It is seen in the calendar without a new start, and the looks were taken with it.
        user.follow(".site a");
        assert_eq!(user.text("#months a[href='/days/2025-11-06/view']"), "6 5");
        user.open("/snapshot");
        user.browser.keys("form[aria-label='One account'] input[name=key]", "7");
        user.browser.keys("form[aria-label='One account'] input[name=reason]", "before the call");
        user.follow("form[aria-label='One account'] button");
        assert_eq!(user.text("h1"), "1 of 1 captured");
        user.follow("tbody a");
        let newest = user.text(".steps li");
        assert!(newest.contains("manual, “before the call”"), "{newest}");
        user.quiet("a capture");
    }
}

#[test]
fn every_page_is_sound_in_light_dark_and_on_a_phone_and_axe_finds_nothing() {
    let place = board();
    let mut user = User::of(&place);
    for page in PAGES {
        for (name, look) in [("light", WIDE), ("dark", DARK), ("phone", PHONE)] {
            user.browser.look(look);
            user.open(page);
            user.quiet(page);
            let picture: String =
                page.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
            let picture = format!("{}/serve{picture}-{name}.png", env!("CARGO_TARGET_TMPDIR"));
            user.browser.screenshot(picture.as_ref(), look);
            let wide = user.browser.script("document.documentElement.scrollWidth").as_u64().unwrap();
            assert!(wide <= u64::from(look.width), "{page} is {wide} wide ({name})");
            user.browser
                .script("document.querySelectorAll('details').forEach((one) => { one.open = true; })");
            let found = axe::findings(&mut user.browser);
            assert!(found.is_empty(), "{page} ({name}):\n{}", found.join("\n"));
            let here = "[...document.querySelectorAll('.site')].length";
            assert_eq!(user.browser.script(here), json!(1), "{page} has one bar");
        }
    }
}

/// What a page says of a day, as its tiles and tables have it.
const SAID: &str = "(() => {
    // A number has as many places as those that are shown with it.
    const text = (part) => part.innerText.trim().replace(/\\s+/g, ' ').replace(/\\.(\\d*?)0+(?!\\d)/g, '.$1').replace(/\\.(?!\\d)/g, '')
        .replace(/^not known for this choice$/, 'unknown');
    const tiles = [...document.querySelectorAll('.tile')].map((tile) => [...tile.querySelectorAll('h3, .value')].map(text));
    const tables = [...document.querySelectorAll('.panel')].map((panel) => [text(panel.querySelector('h3')),
        ...[...panel.querySelectorAll('tbody tr, tfoot tr')].map((row) => [...row.cells].map((cell) => text(cell)))]);
    return { tiles, tables };
})()";

#[test]
fn a_choice_here_is_what_the_script_of_the_frozen_page_makes_of_it() {
    let place = board();
    place.sqlite(
        "calls.db",
        "insert into calls (at, campaign, status, seconds) values ('2025-11-06 12:00:00', 'a,b~', 'SALE', 30)",
    );
    place.done(&["save"]);
    let mut user = User::of(&place);
    for (fragment, query) in [
        ("campaign=1027", "by.campaign=1027"),
        ("campaign=~", "by.campaign=~"),
        ("campaign=a%2Cb~", "by.campaign=a%252Cb~"),
        ("campaign=1027,2044&status=SALE", "by.campaign=1027,2044&by.status=SALE"),
        ("hour=09", "by.hour=09"),
        ("status=&campaign=~", "by.status=&by.campaign=~"),
        ("campaign=nobody", "by.campaign=nobody"),
    ] {
        user.open(&format!("/days/2025-11-06#{fragment}"));
        user.browser.script("document.querySelectorAll('details').forEach((one) => { one.open = true; })");
        let by_script = user.browser.script(SAID);
        user.open(&format!("/days/2025-11-06/view?{query}"));
        user.browser.script("document.querySelectorAll('details').forEach((one) => { one.open = true; })");
        let here = user.browser.script(SAID);
        assert_eq!(here["tiles"], by_script["tiles"], "{query}");
        let rows = |said: &Value| -> Vec<String> {
            let tables = said["tables"].as_array().unwrap().iter();
            // What is told of nothing may be a table without rows, or none.
            let rows = tables.filter(|table| table.as_array().unwrap().len() > 2);
            rows.map(ToString::to_string).collect()
        };
        if query != "by.campaign=nobody" {
            assert_eq!(rows(&here), rows(&by_script), "{query}");
            assert!(!rows(&here).is_empty());
        }
    }
}

#[test]
fn what_there_is_not_is_a_page_with_a_way_on_and_a_broken_day_leaves_the_rest() {
    let place = board();
    std::fs::write(place.path("snapshots/2025-11-04/metrics.json"), "{}").unwrap();
    let mut user = User::of(&place);
    let accept = [("Accept", "text/html,application/xhtml+xml,*/*;q=0.8")];
    for (path, status) in [
        ("/nothing/here", 404),
        ("/days/2019-01-01/view", 404),
        ("/days/..%2f..%2fetc%2fpasswd/view", 400),
        ("/days/%3Cimg%20src=x%3E/view", 400),
        ("/days/2025-11-04/view", 500),
        ("/days/2025-11-05/view?by.campaign=1027&x=1", 400),
        ("/compare?a=2025-11-05", 400),
        ("/compare?a=2019-01-01&b=latest", 404),
        ("/series?metric=nothing", 404),
        ("/series?from=2025-11-05&to=2025-11-01", 400),
        ("/drift?when=1999-01-01", 404),
        ("/growth?entity=nobody", 404),
        ("/entities?since=0", 400),
        ("/timeline?entity=account&key=nobody", 404),
        ("/timeline?entity=account&key=5&a=5%2399&b=latest", 404),
        ("/alerts?when=1999-01-01", 404),
        ("/snapshot?x=1", 400),
    ] {
        let answer = user.server.with("GET", path, &accept);
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (status, "text/html; charset=utf-8"),
            "{path}: {}",
            answer.text()
        );
        assert!(
            answer.text().contains("<nav class=\"site\"") && answer.text().contains("href=\"/health\""),
            "{path}"
        );
        assert!(
            !answer.text().contains("<img")
                && answer.header("content-security-policy").contains("style-src 'sha256-"),
            "{path}"
        );
        // A program gets it as one.
        let answer = user.server.get(path);
        assert!(answer.problem().starts_with(&status.to_string()), "{path}");
    }
    user.open("/days/2025-11-04/view");
    assert_eq!(user.text("h1"), "This is broken");
    assert!(axe::findings(&mut user.browser).is_empty());
    let answer = user.server.with("GET", "/", &accept);
    assert_eq!(answer.status, 200);
    assert_eq!(user.server.with("GET", "/days/2025-11-05/view", &accept).status, 200);
}

#[test]
fn nobody_elsewhere_can_press_the_button() {
    let place = board();
    let server = Server::start(&place, &[]);
    let body = "what=day";
    let post = |headers: &str| {
        let head = format!(
            "POST /snapshot HTTP/1.1\r\nHost: {}\r\nContent-Type: application/x-www-form-urlencoded\r\n",
            server.address
        );
        server
            .sent(
                format!("{head}{headers}Content-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
                    .as_bytes(),
            )
            .status
    };
    assert_eq!(post(""), 403);
    assert_eq!(post("Origin: http://evil.example\r\n"), 403);
    assert_eq!(post("Origin: null\r\n"), 403);
    assert_eq!(post("Origin: null\r\nSec-Fetch-Site: cross-site\r\n"), 403);
    assert_eq!(post("Sec-Fetch-Site: same-site\r\n"), 403);
    assert_eq!(post("Sec-Fetch-Site: same-origin\r\nSec-Fetch-Site: cross-site\r\n"), 403);
    assert_eq!(post("Origin: http://evil.example\r\nSec-Fetch-Site: same-origin\r\n"), 403);
    assert!(!place.path("snapshots/2025-11-06").exists());
    // No plain GET keeps anything.
    assert_eq!(server.get("/snapshot?what=day").status, 400);
    assert!(!place.path("snapshots/2025-11-06").exists());
    assert_eq!(post("Origin: null\r\nSec-Fetch-Site: same-origin\r\n"), 200);
    assert!(place.path("snapshots/2025-11-06").exists());
    let own = format!("Origin: http://{}\r\n", server.address);
    assert_eq!(post(&own), 200);
}

#[test]
fn with_tokens_pages_need_one_too_and_the_button_is_for_those_who_may() {
    let place = frozen();
    let tokens = token("board", "one", "read", "") + &token("hook", "two", "capture", "");
    place.write("asof.toml", CONFIG.to_owned() + &tokens);
    let server = Server::start(&place, &[]);
    assert_eq!(server.get("/").status, 401);
    let get =
        |path: &str, token: &str| server.with("GET", path, &[("Authorization", &format!("Bearer {token}"))]);
    let page = get("/", "one");
    assert_eq!(page.status, 200);
    assert!(!page.text().contains("Snapshot now"));
    assert_eq!(get("/snapshot", "one").status, 403);
    assert!(get("/", "two").text().contains("Snapshot now"));
    assert_eq!(get("/snapshot", "two").status, 200);
}

#[test]
fn a_token_of_some_rows_sees_no_others_on_any_page() {
    let place = board();
    let config = std::fs::read_to_string(place.path("asof.toml")).unwrap();
    place.write("asof.toml", config + &token("own", "one", "capture", "only = \"stage=trial\"\n"));
    let server = Server::start(&place, &[]);
    let get = |path: &str| server.with("GET", path, &[("Authorization", "Bearer one")]);
    // What tells of days, or keeps something of all, is not for it.
    for path in ["/", "/days/2025-11-05/view", "/compare", "/health", "/alerts", "/series", "/snapshot"] {
        assert_eq!(get(path).status, 403, "{path}");
    }
    let growth = get("/growth?period=1");
    assert_eq!(growth.status, 200, "{}", growth.text());
    assert!(growth.text().contains("1,500") && !growth.text().contains("1,610"));
    let moved = get("/entities?since=4");
    assert!(moved.text().contains("Ropes") && !moved.text().contains("Acme"), "{}", moved.text());
    assert_eq!(get("/timeline?entity=account&key=7").status, 200);
    for key in ["5", "nobody", "Ropes"] {
        assert_eq!(get(&format!("/timeline?entity=account&key={key}")).status, 404, "{key}");
    }
}
