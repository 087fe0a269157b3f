//! A frozen day is filtered by hand: by mouse, by keyboard, by its address.

use std::path::PathBuf;

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::support::axe;
use crate::support::browser::{Browser, Look, PHONE, WIDE, file_url};
use crate::support::command::Place;

/// A campaign's name as bad as they come.
const HOSTILE: &str = "</script><img src=x onerror=\"document.title='run'\"> \u{202e}שלום & 'more'";

/// 3,000 calls of one day, over campaigns that are none and one that has a hostile name.
const ROWS: &str = "
create table calls(id integer primary key, call_date text, campaign_id text, list_id integer, status text,
    user text, phone_number text, length_in_sec integer);
create table campaigns(campaign_id text, campaign_name text);
create table statuses(status text, status_name text);
create table lists(list_id integer, list_name text);
create table agents(user text, full_name text);
insert into campaigns values ('1027', 'EASTSIDE'), ('1031', 'WESTGATE'), ('~x', :hostile), ('', :long);
insert into statuses values ('SALE', 'Sale made');
with recursive row(n, dice) as (
    select 1, 4711 union all select n + 1, (dice * 1103515245 + 12345) % 2147483648 from row where n < 3000
)
insert into calls
select n, '2025-11-06 ' || substr('0' || (8 + dice / 65536 % 12), -2) || ':15:00',
    case dice / 7 % 5 when 0 then '1027' when 1 then '1031' when 2 then '~x' when 3 then '' end, n % 4,
    case dice / 11 % 6 when 0 then 'SALE' when 1 then 'NA' when 2 then 'NI' when 3 then 'DROP' when 4 then 'XFER' end,
    'u' || n % 3, '555' || dice / 13 % 900, case when n % 9 then dice / 17 % 400 end
from row;
";

struct Day {
    place: Place,
    page: PathBuf,
}

impl Day {
    fn frozen() -> Self {
        let place = Place::new();
        place.write("asof.toml", include_str!("../../../presets/demo.toml"));
        let long = "wide ".repeat(100);
        let rows = ROWS.replace(":hostile", &quoted(HOSTILE)).replace(":long", &quoted(&long));
        place.sqlite("calls.db", &rows);
        let run = place.asof("save 2025-11-06");
        assert_eq!(run.code, 0, "{}", run.stderr);
        Self { page: place.path("snapshots/2025-11-06/dashboard.html"), place }
    }

    fn sql(&self, sql: &str) -> f64 {
        let db = Connection::open(self.place.path("calls.db")).unwrap();
        db.query_row(sql, [], |row| row.get::<_, Option<f64>>(0)).unwrap().unwrap_or(0.0)
    }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn tile(browser: &mut Browser, label: &str) -> String {
    let found = browser.script(&format!(
        "[...document.querySelectorAll('.tile')].find(tile => tile.querySelector('h3').innerText === {})
            .querySelector('.value').innerText",
        json!(label)
    ));
    found.as_str().unwrap().to_owned()
}

/// The cells of a table's row, by the panel's heading and the row's name.
fn row(browser: &mut Browser, heading: &str, name: &str) -> Vec<String> {
    let found = browser.script(&format!(
        "(() => {{
            const panel = [...document.querySelectorAll('.panel')]
                .find(panel => panel.querySelector('h3').innerText === {heading});
            const row = [...panel.querySelectorAll('tbody tr, tfoot tr')]
                .find(row => row.querySelector('th bdi').textContent === {name});
            return row && [...row.querySelectorAll('td')].map(cell => cell.textContent);
        }})()",
        heading = json!(heading),
        name = json!(name),
    ));
    serde_json::from_value(found).unwrap_or_else(|_| panic!("{heading} has no row {name:?}"))
}

/// A shown number is the expected one, to half of its last place.
#[track_caller]
fn shows(shown: &str, expected: f64) {
    let digits: String = shown.chars().filter(|c| c.is_ascii_digit() || *c == '.').collect();
    let number: f64 = digits.parse().unwrap_or_else(|_| panic!("{shown:?} is not {expected}"));
    let places = digits.split_once('.').map_or(0, |(_, rest)| rest.len());
    let half = 0.5001 * 10_f64.powi(-i32::try_from(places).unwrap());
    assert!((number - expected).abs() <= half, "{shown:?} is not {expected}");
}

#[test]
fn choosing_members_shows_the_numbers_that_sql_gives() {
    let day = Day::frozen();
    let mut browser = Browser::start();
    browser.open_file(&day.page);
    let chosen = |browser: &mut Browser, condition: &str| {
        let count = |what: &str| day.sql(&format!("select count(*) from calls where {condition} and {what}"));
        let sql = |what: &str| day.sql(&format!("select {what} from calls where {condition}"));
        let (calls, sales) = (count("true"), count("status = 'SALE'"));
        shows(&tile(browser, "Calls"), calls);
        shows(&tile(browser, "Sales"), sales);
        shows(&tile(browser, "Minutes"), sql("sum(length_in_sec)") / 60.0);
        shows(&tile(browser, "Conversion"), 100.0 * sales / calls);
        let contact = "status in ('SALE', 'XFER', 'NI')";
        let talk = format!("avg(length_in_sec) from calls where {contact} and {condition}");
        shows(&tile(browser, "Average talk time"), day.sql(&format!("select {talk}")));
        for hour in ["08", "13", "19"] {
            let at = count(&format!("call_date like '2025-11-06 {hour}%'"));
            shows(&row(browser, "Calls by hour", hour)[0], at);
        }
        let nobody = row(browser, "By status", "∅");
        shows(&nobody[3], count("status is null and status = 'DROP'"));
        assert_eq!(tile(browser, "Drop rate, 30 days"), "not known for this choice");
        let text = browser.text(".chosen").replacen(',', "", usize::from(calls >= 1000.0));
        assert!(text.contains(&format!("{calls} of 3,000 calls")), "{text}");
    };

    browser.click("[title='EASTSIDE 1027']");
    chosen(&mut browser, "campaign_id = '1027'");
    // Counted by campaign too, so it is known for one of them.
    let phones = day.sql("select count(distinct phone_number) from calls where campaign_id = '1027'");
    shows(&tile(&mut browser, "Unique phones"), phones);
    shows(&row(&mut browser, "By campaign", "EASTSIDE")[4], phones);
    assert_eq!(browser.text("[aria-labelledby=p3]").lines().last(), Some("not known for this choice"));

    browser.click("[title='WESTGATE 1031']");
    chosen(&mut browser, "campaign_id in ('1027', '1031')");
    assert_eq!(tile(&mut browser, "Unique phones"), "not known for this choice");
    shows(&row(&mut browser, "By campaign", "EASTSIDE")[4], phones);

    // The names of NULL, and of what is no name.
    browser.click("[title='∅ no value']");
    browser.click("[title='EASTSIDE 1027']");
    chosen(&mut browser, "(campaign_id = '1031' or campaign_id is null)");

    browser.click(".more summary");
    browser.click("fieldset:nth-of-type(2) li:has(input):nth-child(1) input");
    browser.click("fieldset:nth-of-type(2) li:nth-child(6) input");
    let statuses = browser.script(
        "[...document.querySelectorAll('fieldset:nth-of-type(2) li')].filter(li => li.querySelector(':checked'))
            .map(li => li.querySelector('small bdi')?.textContent ?? li.querySelector('bdi').textContent)",
    );
    let listed: Vec<String> = serde_json::from_value(statuses).unwrap();
    let condition: Vec<String> = listed
        .iter()
        .map(|status| match status.as_str() {
            "no value" => "status is null".to_owned(),
            status => format!("status = '{status}'"),
        })
        .collect();
    assert_eq!(condition.len(), 2);
    let both = format!("(campaign_id = '1031' or campaign_id is null) and ({})", condition.join(" or "));
    shows(&tile(&mut browser, "Calls"), day.sql(&format!("select count(*) from calls where {both}")));
    browser.assert_quiet();
}

#[test]
fn the_choice_is_in_the_address_and_comes_back_with_it() {
    let day = Day::frozen();
    let mut browser = Browser::start();
    browser.open_file(&day.page);
    let whole = browser.script(
        "document.querySelector('main').innerHTML.replace(/<details class=.more[^]*?<.details>/, '')",
    );
    browser.click("[title='EASTSIDE 1027']");
    browser.click("[title='∅ no value']");
    assert_eq!(browser.script("location.hash"), json!("#campaign=1027,~"));
    let two = tile(&mut browser, "Calls");

    // Another look at the same address, a step back, another, and forth again.
    let address = browser.script("location.href").as_str().unwrap().to_owned();
    browser.open("about:blank");
    browser.open(&address);
    assert_eq!(tile(&mut browser, "Calls"), two);
    assert_eq!(browser.script("document.querySelectorAll('.pill[aria-pressed=true]').length"), json!(2));
    browser.click("[title='∅ no value']");
    let one = tile(&mut browser, "Calls");
    browser.script("history.back()");
    browser.wait_until("location.hash === '#campaign=1027,~'");
    assert_eq!(tile(&mut browser, "Calls"), two);
    browser.script("history.forward()");
    browser.wait_until("location.hash === '#campaign=1027'");
    assert_eq!(tile(&mut browser, "Calls"), one);

    browser.click(".chosen button");
    assert_eq!(browser.script("location.href"), json!(file_url(&day.page)));
    assert_eq!(browser.script("document.activeElement.textContent"), json!("All"));
    let again = browser.script(
        "document.querySelector('main').innerHTML.replace(/<details class=.more[^]*?<.details>/, '')",
    );
    assert_eq!(again, whole);

    // A fragment that is no choice, and what is not to be chosen from.
    browser.script("location.hash = '#p3'");
    assert_eq!(browser.script("document.querySelector('.chosen').classList.contains('unseen')"), json!(true));
    browser.script("location.hash = '#agent=u1&%ff=%zz'");
    browser.wait_until("document.querySelector('.chosen').innerText.includes('can’t be filtered by agent.')");
    assert_eq!(tile(&mut browser, "Calls"), "3,000");
    // A member that did not occur that day has no calls.
    browser.script("location.hash = '#campaign=9999'");
    browser.wait_until(
        "document.querySelector('.chosen').innerText.includes('9999 (not seen): 0 of 3,000 calls')",
    );
    assert_eq!(tile(&mut browser, "Calls"), "0");
    assert_eq!(tile(&mut browser, "Unique phones"), "0");
    assert_eq!(tile(&mut browser, "Conversion"), "unknown");
    browser.assert_quiet();
}

#[test]
fn every_control_is_reached_and_operated_by_the_keyboard() {
    let day = Day::frozen();
    let mut browser = Browser::start();
    browser.open_file(&day.page);
    let here = "(() => { const at = document.activeElement;
        return at.closest('.filter,.chosen') ? [at.tagName, at.textContent.trim(), at.type ?? ''] : null })()";
    let tab_to = |browser: &mut Browser, wanted: &str| {
        for _ in 0..60 {
            browser.press("Tab");
            let found = browser.script(here);
            if found[1].as_str().is_some_and(|text| text.starts_with(wanted)) {
                return;
            }
        }
        panic!("{wanted} is not reached");
    };
    tab_to(&mut browser, "EASTSIDE");
    browser.press("Space");
    assert_eq!(browser.script("location.hash"), json!("#campaign=1027"));
    assert_eq!(browser.script("document.activeElement.getAttribute('aria-pressed')"), json!("true"));
    browser.press("Tab");
    browser.press("Enter");
    let two = browser.script("location.hash");
    assert!(two.as_str().unwrap().starts_with("#campaign=1027,"), "{two}");
    tab_to(&mut browser, "Filter by hour, status");
    browser.press("Enter");
    assert_eq!(browser.script("document.querySelector('.more').open"), json!(true));
    let mut boxes = 0;
    loop {
        browser.press("Tab");
        let found = browser.script(here);
        if found[2] != json!("checkbox") {
            // The list itself may be reached for scrolling.
            if found[0] == json!("UL") {
                continue;
            }
            break;
        }
        boxes += 1;
        if boxes == 1 {
            browser.press("Space");
            assert_eq!(browser.script("document.activeElement.checked"), json!(true));
            assert!(browser.script("location.hash").as_str().unwrap().ends_with("&hour=08"));
        }
    }
    // Twelve hours and six statuses.
    assert_eq!(boxes, 18);
    assert_eq!(browser.script(here)[1], json!("Show all"));
    assert_eq!(browser.script("document.querySelector('.chosen [role=status]').isConnected"), json!(true));
    browser.press("Enter");
    assert_eq!(browser.script("location.hash"), json!(""));
    assert_eq!(tile(&mut browser, "Calls"), "3,000");
    browser.assert_quiet();
}

#[test]
fn a_hostile_name_is_shown_and_can_be_chosen_and_runs_nothing() {
    let day = Day::frozen();
    let mut browser = Browser::start();
    browser.open_file(&day.page);
    let name = browser.script("[...document.querySelectorAll('.pill')].map(pill => pill.textContent)");
    assert!(name.as_array().unwrap().contains(&json!(HOSTILE)), "{name}");
    browser.script(
        "[...document.querySelectorAll('.pill')].find(pill => pill.textContent.includes('onerror')).click()",
    );
    assert_eq!(browser.script("location.hash"), json!("#campaign=~~x"));
    shows(&tile(&mut browser, "Calls"), day.sql("select count(*) from calls where campaign_id = '~x'"));
    assert!(
        browser.script("document.querySelector('.chosen').textContent").as_str().unwrap().contains(HOSTILE)
    );
    shows(
        &row(&mut browser, "By campaign", HOSTILE)[0],
        day.sql("select count(*) from calls where campaign_id = '~x'"),
    );
    // The one of 500 letters, whose key is empty.
    browser.script(
        "[...document.querySelectorAll('.pill')].find(pill => pill.textContent.startsWith('wide')).click()",
    );
    assert_eq!(browser.script("location.hash"), json!("#campaign=~~x,"));
    for width in [390, 1200] {
        browser.look(Look { width, ..PHONE });
        let wide = browser.script("document.documentElement.scrollWidth <= innerWidth");
        assert_eq!(wide, json!(true), "the page is wider than {width}");
    }
    assert_eq!(browser.script("document.querySelectorAll('img').length"), json!(0));
    assert!(!browser.script("document.title").as_str().unwrap().contains("run"));
    browser.assert_quiet();
}

#[test]
fn without_scripts_the_page_is_complete_and_shows_no_controls() {
    let day = Day::frozen();
    let mut browser = Browser::start();
    browser.allow_scripts(false);
    browser.open(&format!("{}#campaign=1027", file_url(&day.page)));
    assert_eq!(tile(&mut browser, "Calls"), "3,000");
    assert_eq!(
        browser.script("document.querySelectorAll('button, input, .filter, .chosen').length"),
        json!(0)
    );
    assert_eq!(browser.script("[...document.querySelectorAll('main svg.plot')].length > 0"), json!(true));
    browser.assert_quiet();
}

#[test]
fn the_policy_lets_this_script_run_and_no_other() {
    let day = Day::frozen();
    let mut browser = Browser::start();
    browser.open_file(&day.page);
    assert_eq!(browser.script("document.querySelectorAll('.pill').length > 0"), json!(true));
    browser.script(
        "(() => {
            const added = document.createElement('script');
            added.textContent = 'window.ran = 1';
            document.body.append(added);
            document.body.setAttribute('onclick', 'window.ran = 2');
            document.body.click();
            document.body.setAttribute('style', 'color: red');
        })()",
    );
    assert_eq!(browser.script("window.ran ?? null"), json!(null));
    let refused = browser.errors().join("\n");
    assert!(refused.contains("script-src 'sha256-") && refused.contains("style-src 'sha256-"), "{refused}");
}

#[test]
fn axe_finds_nothing_on_a_filtered_page() {
    let day = Day::frozen();
    let mut browser = Browser::start();
    browser.open(&format!("{}#campaign=1027,1031&status=SALE,~", file_url(&day.page)));
    browser.click(".more summary");
    browser.script("document.querySelectorAll('.as-table').forEach(table => table.open = true)");
    for look in [WIDE, Look { dark: true, ..WIDE }, PHONE] {
        browser.look(look);
        assert_eq!(axe::findings(&mut browser), [""; 0]);
    }
    browser.click(".chosen button");
    assert_eq!(axe::findings(&mut browser), [""; 0]);
}

/// What the script makes of no choice at all is what was written when the day was frozen.
#[test]
fn the_script_shows_things_as_the_frozen_page_does() {
    let day = Day::frozen();
    let mut browser = Browser::start();
    browser.open_file(&day.page);
    let both = browser.script(
        "(() => {
            const data = opened(JSON.parse(document.getElementById('filter-data').textContent));
            const told = (parts) => parts.filter(part => !part.matches('h3,.head,details.as-table>summary'))
                .flatMap(part => [...part.querySelectorAll('th,td,.value,text,title,[aria-label]'), part])
                .filter(part => part.matches('tr *,.value,text,title,[aria-label],.foot,.made-of'))
                .map(part => [part.tagName, part.className.baseVal ?? part.className,
                    part.getAttribute('aria-label'), part.textContent.replace(/changes: .*/, '').trim()]);
            const rects = (parts) => parts.flatMap(part => [...part.querySelectorAll('rect')])
                .map(rect => ['x', 'y', 'width', 'height'].map(name => parseFloat(rect.getAttribute(name))));
            const none = new Map();
            const all = (css) => [...document.querySelectorAll(css)].map(part => [...part.children]);
            const pairs = [
                ...all('.tile').map((had, at) => [had, tile(data, data.tiles[at], chosen(data, none), had)]),
                ...all('.panel').map((had, at) => data.panels[at].by !== null
                    && [had, article(data, data.panels[at], none, had)]).filter(pair => pair),
            ];
            return pairs.map(([had, made]) => [told(had), told(made), rects(had), rects(made)]);
        })()",
    );
    let pairs: Vec<[Value; 4]> = serde_json::from_value(both).unwrap();
    assert!(pairs.len() >= 15);
    for [had, made, drawn, redrawn] in pairs {
        // What is taken over several days is not in the cube.
        if !had.to_string().contains("30 days") && !made.to_string().contains("not known for this choice") {
            assert_eq!(made, had);
        }
        let bars = |drawn: &Value| -> Vec<Vec<f64>> { serde_json::from_value(drawn.clone()).unwrap() };
        assert_eq!(bars(&drawn).len(), bars(&redrawn).len());
        for (one, other) in bars(&drawn).concat().iter().zip(bars(&redrawn).concat()) {
            assert!((one - other).abs() <= 0.11, "{one} {other}");
        }
    }
}

#[test]
fn the_pages_of_the_demo_are_small_and_can_be_filtered() {
    let place = Place::new();
    assert_eq!(place.asof("demo there").code, 0);
    let mut browser = Browser::start();
    for date in ["2025-10-13", "2025-11-02", "2025-11-06"] {
        let page = place.path(&format!("there/snapshots/{date}/dashboard.html"));
        let size = std::fs::metadata(&page).unwrap().len();
        assert!(size <= 150_000, "{date}: {size} bytes");
        browser.open_file(&page);
        browser.click(".pill:nth-of-type(2)");
        assert!(browser.text(".chosen").starts_with("Only campaign "));
        browser.assert_quiet();
    }
}
