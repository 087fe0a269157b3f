//! The pages that are asked for, in a browser: two days side by side, how days settle, a metric through time with
//! its forecast, and a thinned day rendered anew. Their names and numbers are as long and as odd as they come.

use std::fmt::Write as _;
use std::path::PathBuf;

use asof::model::Day;
use serde_json::json;

use super::markup::{Node, parse};
use crate::support::axe;
use crate::support::browser::{Browser, Look, PHONE, WIDE};
use crate::support::command::Place;

const DARK: Look = Look { dark: true, ..WIDE };
const PAPER: Look = Look { print: true, width: 690, ..WIDE };

const CONFIG: &str = r#"[source]
url = "sqlite:calls.db"
[retention]
keep_daily = "30 days"
[calendar]
time_zone = "America/Chicago"
lookback = [1, 2]
[events.calls]
table = "calls"
time = "at"
time_is = "local"
label = "Calls & <i>more</i>"
by.campaign = { sql = "campaign", label = "Campaign" }
[metrics]
calls = { of = "calls", count = true }
sales = { of = "calls", count = true, where = "sale", good = "up" }
rate = { ratio = ["sales", "calls"], unit = "%" }
huge = { of = "calls", sum = "bytes", unit = "bytes", label = "Bytes of </title> all recorders together" }
balance = { of = "calls", sum = "cents", divide = 100, unit = "$" }
"#;

/// Names of campaigns; the last is none.
const CAMPAIGNS: [&str; 5] = [
    "'<img src=x onerror=\"document.title=''ran''\">'",
    "'The long name of a campaign that somebody typed into a field without a limit'",
    "'Supercalifragilisticexpialidocious_without_a_blank_in_it'",
    "'🚀 東京 ישראל'",
    "null",
];

/// 45 days from 2025-09-22 on, of which the last is 2025-11-05; more calls in the week than at its end.
fn calls() -> String {
    let first: Day = "2025-09-22".parse().unwrap();
    let mut rows = String::from(
        "create table calls (at text, campaign text, sale integer, bytes integer, cents integer);",
    );
    for at in 0..45_i64 {
        let day = first.checked_add(at).unwrap();
        for number in 0..(if at % 7 < 5 { 9 } else { 4 }) + at % 3 {
            let campaign = CAMPAIGNS[usize::try_from(number % 5).unwrap()];
            let (sale, cents) = (i64::from((number + at) % 4 == 0), (number - 3) * 40_000 - at);
            let _ = write!(
                rows,
                "insert into calls values ('{day} 0{}:30:00', {campaign}, {sale}, {}, {cents});",
                number % 10,
                114_491_893_729_654_921_i64 + number
            );
        }
    }
    rows
}

/// The archive and all of its pages.
fn pages() -> (Place, Vec<(&'static str, PathBuf)>) {
    let place = Place::new();
    place.write("asof.toml", CONFIG);
    place.sqlite("calls.db", &calls());
    place.at("2025-11-06T03:00:00-06:00");
    place.write("temp/.keep", "");
    place.env("TMPDIR", place.path("temp").to_str().unwrap());
    place.done(&[
        "backfill --from 2025-09-22 --to 2025-10-13 --quiet",
        "backfill --from 2025-10-17 --to 2025-11-05 --quiet",
    ]);
    place.sqlite("calls.db", "insert into calls values ('2025-11-04 23:00:00', 'late', 1, 5, -7)");
    place.done(&[
        "save 2025-11-04 --restate --reason 'late rows'",
        "note 2025-11-03 'The <b>dialer</b> was down'",
        "pin 2025-10-20",
        "label 2025-09-25 audit",
        "prune",
        "compare 2025-11-04 2025-10-28 --html compare.html",
        "compare 2025-10-27..2025-11-02 2025-10-13..2025-10-19 --html ranges.html",
        "settling --html settling.html",
        "series calls --html series.html",
        "series huge --by campaign --html members.html",
        "series balance --forecast 14 --html ahead.html",
        "forecast huge --html forecast.html",
    ]);
    // It lies in a folder of its own, whose name nobody knows before.
    let run = place.asof("restore 2025-09-23 --html");
    std::fs::rename(run.stdout.trim_end(), place.path("temp/anew.html")).unwrap();
    place.forget();
    let names = [
        "compare.html",
        "ranges.html",
        "settling.html",
        "series.html",
        "members.html",
        "ahead.html",
        "forecast.html",
        "temp/anew.html",
        "snapshots/index.html",
    ];
    let paths = names.map(|name| (name, place.path(name))).into();
    (place, paths)
}

/// Leaves pictures where they can be looked at, for whoever wants to.
#[test]
fn no_page_that_is_asked_for_is_wider_than_what_it_is_looked_at_on() {
    let mut browser = Browser::start();
    let (_place, pages) = pages();
    for (name, path) in &pages {
        for (looked, look) in [("light", WIDE), ("dark", DARK), ("phone", PHONE), ("print", PAPER)] {
            browser.look(look);
            browser.open_file(path);
            browser.assert_quiet();
            let picture = name.replace(['/', '.'], "-");
            let picture = format!("{}/asked-{picture}-{looked}.png", env!("CARGO_TARGET_TMPDIR"));
            browser.screenshot(picture.as_ref(), look);
            let wide = browser.script("document.documentElement.scrollWidth").as_u64().unwrap();
            assert!(wide <= u64::from(look.width), "{name} is {wide} wide ({looked})");
            // On paper nothing can be scrolled to; on a phone only tables by members and of a frozen day are wider.
            let scrolls =
                "[...document.querySelectorAll('.scroll')].filter((e) => e.scrollWidth > e.clientWidth + 1)
                .map((e) => `${e.getAttribute('aria-labelledby')}: ${e.scrollWidth} of ${e.clientWidth}`)";
            let scrolled = browser.script(scrolls);
            if look.print
                || look.width == PHONE.width && !["members", "anew"].iter().any(|one| name.contains(one))
            {
                assert_eq!(scrolled, json!([]), "{name} ({looked})");
            }
            // No name of the source runs or becomes an element.
            assert_eq!(browser.script("document.querySelectorAll('img').length"), json!(0), "{name}");
            assert_ne!(browser.script("document.title"), json!("ran"));
        }
    }
}

#[test]
fn axe_finds_nothing_on_the_pages_that_are_asked_for() {
    let mut browser = Browser::start();
    let (_place, pages) = pages();
    for (name, path) in &pages {
        for look in [WIDE, DARK, PHONE] {
            browser.look(look);
            browser.open_file(path);
            browser.script("document.querySelectorAll('details').forEach((one) => { one.open = true; })");
            let found = axe::findings(&mut browser);
            let (dark, width) = (look.dark, look.width);
            assert!(found.is_empty(), "{name}, dark: {dark}, {width} wide:\n{}", found.join("\n"));
        }
    }
}

#[test]
fn each_page_says_of_which_archive_it_tells_and_when_it_was_made() {
    let (place, pages) = pages();
    let archive = asof::archive::Archive::open(place.path("snapshots")).unwrap().id().to_string();
    for (name, path) in &pages {
        let page = std::fs::read_to_string(path).unwrap();
        let nodes = parse(&page).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(page.contains(&archive), "{name}");
        assert!(
            page.contains(r#"<html lang="en">"#) && page.contains("default-src &#39;none&#39;"),
            "{name}"
        );
        if !name.contains('/') {
            let made = format!("Made on 6 Nov 2025 03:00 CST by asof {} from", env!("CARGO_PKG_VERSION"));
            assert!(page.contains(&made), "{name}");
            assert!(page.contains("Calls &#38; &#60;i&#62;more&#60;/i&#62;"), "{name}");
        }
        // Headings begin with one h1, and none leaves out a level.
        let levels: Vec<u32> = nodes
            .iter()
            .filter_map(|node| match node {
                Node::Open { name, .. } => name.strip_prefix('h').and_then(|level| level.parse().ok()),
                _ => None,
            })
            .collect();
        assert_eq!(levels.iter().filter(|level| **level == 1).count(), 1, "{name}");
        assert!(levels.windows(2).all(|two| two[1] <= two[0] + 1), "{name}: {levels:?}");
    }
}

#[test]
fn a_day_rendered_anew_has_no_link_that_leads_nowhere() {
    let (place, _) = pages();
    let page = place.read("temp/anew.html");
    assert!(page.contains("Rendered anew on 2025-11-06 09:00 UTC"));
    assert!(!page.contains("<a ") && !page.contains("href="), "it lies outside of the archive");
    let frozen = place.read("snapshots/2025-11-03/dashboard.html");
    assert!(
        frozen.contains(r#"href="../2025-11-02/dashboard.html""#)
            && frozen.contains(r#"href="../index.html""#)
    );
}

#[test]
fn a_thinned_day_of_the_calendar_shows_its_value_by_any_metric() {
    let (place, _) = pages();
    let mut browser = Browser::start();
    browser.open_file(&place.path("snapshots/index.html"));
    browser.assert_quiet();
    let cell = |day: &str| format!("#months [data-id='{day}']");
    // A Tuesday, the first day but one: nine calls and one.
    assert_eq!(browser.text(&cell("2025-09-23")).split_whitespace().collect::<Vec<_>>(), ["23", "10"]);
    let label = format!("document.querySelector(\"{}\").getAttribute('aria-label')", cell("2025-09-23"));
    let words = "Tuesday 23 September 2025: Calls 10, reconstructed; its page was thinned";
    assert_eq!(browser.script(&label), json!(words));
    browser.script(
        "(() => { const it = document.querySelector('#metric'); it.value = '1'; it.dispatchEvent(new Event('change')); })()",
    );
    // (number + 1) % 4 is zero for the numbers 3 and 7.
    assert_eq!(browser.text(&cell("2025-09-23")).split_whitespace().collect::<Vec<_>>(), ["23", "2"]);
    // A labelled day is whole, and a day that was told of says so.
    let told = "[...document.querySelectorAll('.told-days li')].map((row) => row.innerText.split('\\n').filter(Boolean).join(': '))";
    assert_eq!(
        browser.script(told),
        json!([
            "Monday 3 November 2025: note: The <b>dialer</b> was down",
            "Monday 20 October 2025: pinned",
            "Thursday 25 September 2025: label audit",
        ])
    );
    assert_eq!(browser.script("document.querySelectorAll('#months a.told').length"), json!(3));
    // A day without a page can't be opened, and it is said how to see it.
    browser.script("document.querySelector('#day').value = '2025-09-23'");
    browser.click("#bar button");
    let said =
        "The page of Tuesday 23 September 2025 was thinned: asof restore 2025-09-23 --html renders it anew.";
    assert_eq!(browser.text("#day-said"), said);
}

#[test]
fn a_long_number_leaves_the_others_their_table_on_a_narrow_terminal() {
    let (place, _) = pages();
    place.env("COLUMNS", "60");
    let told = place.asof("compare 2025-11-03 2025-10-28");
    let numbers = told.stdout.split("\n\n").nth(1).unwrap();
    // The first day is the 43rd: nine calls, and 42 % 3 = 0 more; the other is the 37th: nine, and 36 % 3 = 0 more.
    // Sales are the numbers n with (n + 42) % 4 = 0, of which there are 2, and with (n + 36) % 4 = 0: 0, 4 and 8.
    let (a, b) = (42_i64, 36_i64);
    let cents = |at: i64| (0..9).map(|number| (number - 3) * 40_000 - at).sum::<i64>();
    assert_eq!((cents(a), cents(b)), (359_622, 359_676));
    let expected = "\
Metric           A          B  Difference    Change
Calls            9          9           0    0.00 %
Sales            2          3          −1  −33.33 %
Rate       22.22 %    33.33 %   −11.11 pt
Bytes of </title> all recorders together
  A           1,030,427,043,566,894,325 bytes
  B           1,030,427,043,566,894,325 bytes
  Difference                          0 bytes  0.00 %
Balance  $3,596.22  $3,596.76      −$0.54   −0.02 %";
    assert_eq!(numbers.trim_end(), expected);
    assert!(told.stdout.lines().skip(3).all(|line| line.chars().count() <= 60), "{}", told.stdout);
}
