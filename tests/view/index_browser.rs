//! The page of all days in a browser, from disk.

use std::fs;
use std::path::{Path, PathBuf};

use asof::model::metrics_doc::Good;
use asof::view::index::{IndexEdition, IndexInput};
use serde_json::json;

use super::index::{BREAKING, day, edition, html, input, metric};
use crate::support::axe;
use crate::support::browser::{Browser, Look, PHONE, WIDE, file_url};
use crate::support::demo::demo;

const DARK: Look = Look { dark: true, ..WIDE };

/// An archive's folder with this index, and a page for each edition.
fn archive(input: &IndexInput) -> (tempfile::TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    for day in &input.days {
        for edition in &day.editions {
            let page = dir.path().join(day.page(edition, None).unwrap());
            fs::create_dir_all(page.parent().unwrap()).unwrap();
            let text = format!("<!doctype html><title>a page</title><p>{} {}</p>", day.day, edition.edition);
            fs::write(page, text).unwrap();
        }
    }
    let index = dir.path().join("index.html");
    fs::write(&index, html(input)).unwrap();
    (dir, index)
}

fn open_at(browser: &mut Browser, index: &Path, fragment: &str) {
    browser.open("about:blank");
    browser.open(&format!("{}{fragment}", file_url(index)));
}

/// The cells of the row of a metric in the table of differences.
fn row(browser: &mut Browser, label: &str) -> Vec<String> {
    let cells = browser.script(&format!(
        "[...document.querySelectorAll('#differences tr')].filter((row) => row.cells[0].textContent === {})
            .map((row) => [...row.cells].slice(1).map((cell) => cell.textContent))[0]",
        json!(label)
    ));
    cells.as_array().unwrap().iter().map(|cell| cell.as_str().unwrap().to_owned()).collect()
}

fn number(browser: &mut Browser, expression: &str) -> u64 {
    browser.script(expression).as_u64().unwrap()
}

/// Leaves pictures where they can be looked at, for whoever wants to.
#[test]
fn the_demos_index_opens_from_disk_in_all_its_looks() {
    let (_dir, archive) = demo();
    let index = archive.join("index.html");
    let mut browser = Browser::start();
    for (name, fragment, look) in [
        ("light", "", WIDE),
        ("dark", "#a=2025-11-06&b=2025-10-30", DARK),
        ("phone", "", PHONE),
        ("print", "", Look { print: true, ..Look { width: 794, ..WIDE } }),
    ] {
        browser.look(look);
        open_at(&mut browser, &index, fragment);
        let picture = format!("{}/index-{name}.png", env!("CARGO_TARGET_TMPDIR"));
        browser.screenshot(Path::new(&picture), look);
        browser.assert_quiet();
        let wider = number(&mut browser, "document.documentElement.scrollWidth");
        assert!(wider <= u64::from(look.width), "{name} is {wider} wide");
    }
    browser.look(WIDE);
    open_at(&mut browser, &index, "");
    let own = file_url(&index);
    let asked: Vec<String> = browser.requests().into_iter().filter(|url| !url.starts_with("data:")).collect();
    assert_eq!(asked, [own], "only the page itself is asked for");
    // 35 days from 6 October, of which one was missed.
    assert_eq!(number(&mut browser, "document.querySelectorAll('#months a').length"), 34);
    assert_eq!(number(&mut browser, "document.querySelectorAll('#months .gap').length"), 1);
    let link = browser.script("document.querySelector('#months .later').getAttribute('href')");
    assert_eq!(link, json!("2025-10-24/dashboard.html"));
}

#[test]
fn axe_finds_nothing_on_the_demos_index_and_its_pages_in_light_and_dark() {
    let (_dir, archive) = demo();
    let mut browser = Browser::start();
    for look in [WIDE, DARK, PHONE] {
        for (page, fragment) in [
            ("index.html", "#a=2025-10-24@2&b=2025-10-24@1"),
            ("2025-11-06/dashboard.html", ""),
            ("2025-10-24@2/dashboard.html", ""),
            ("2025-11-09/dashboard.html", ""),
        ] {
            browser.look(look);
            open_at(&mut browser, &archive.join(page), fragment);
            browser.script("document.querySelectorAll('details').forEach((one) => { one.open = true; })");
            let found = axe::findings(&mut browser);
            assert!(
                found.is_empty(),
                "{page}, dark: {}, {} wide:\n{}",
                look.dark,
                look.width,
                found.join("\n")
            );
        }
    }
}

#[test]
fn two_days_are_set_side_by_side_with_exact_differences() {
    let metrics = vec![
        metric("Rows", None, None),
        metric("Large", None, Some(Good::Up)),
        metric("Minutes", Some("min"), None),
        metric("Rate", Some("%"), Some(Good::Down)),
        metric("Money", Some("$"), None),
        metric("Lost", None, None),
        metric("Owed", None, None),
    ];
    let days = vec![
        day("2025-10-30", &["20029", "9007199254740993", "100.25", "0.00355", "1000.5", "5", "-200"]),
        day("2025-11-06", &["20770", "9007199254740994", "100.35", "0.00303322099182", "1234.5", "", "-150"]),
    ];
    let (_dir, index) = archive(&input(metrics, days));
    let mut browser = Browser::start();
    open_at(&mut browser, &index, "#a=2025-11-06&b=2025-10-30");
    // 741 / 20029 = 3.6996…%; 1 / 9007199254740993 is far below a hundredth of a percent.
    assert_eq!(row(&mut browser, "Rows"), ["20,770", "20,029", "+741", "+3.70\u{2009}%"]);
    let large = ["9,007,199,254,740,994", "9,007,199,254,740,993", "▲ +1", "0.00\u{2009}%"];
    assert_eq!(row(&mut browser, "Large"), large);
    // 0.1 of 100.25 is 0.09975…%; halves are rounded to even.
    let minutes = ["100.4\u{2009}min", "100.2\u{2009}min", "+0.1\u{2009}min", "+0.10\u{2009}%"];
    assert_eq!(row(&mut browser, "Minutes"), minutes);
    // 0.303322099182 - 0.355 = -0.051677900818
    assert_eq!(row(&mut browser, "Rate"), ["0.30\u{2009}%", "0.36\u{2009}%", "▼ −0.05\u{2009}pt", ""]);
    // 234 / 1000.5 = 23.38830…%
    assert_eq!(row(&mut browser, "Money"), ["$1,234.50", "$1,000.50", "+$234.00", "+23.39\u{2009}%"]);
    assert_eq!(row(&mut browser, "Lost"), ["—", "5", "—", "—"]);
    // From -200 to -150 is up by a quarter of 200.
    assert_eq!(row(&mut browser, "Owed"), ["−150", "−200", "+50", "+25.00\u{2009}%"]);
    assert_eq!(
        browser.script("document.querySelectorAll('#differences .good, #differences .bad').length"),
        json!(2)
    );

    // Both pages stand beside each other, and nothing else was asked for.
    browser.wait_until("document.querySelectorAll('iframe').length === 2");
    let frames = browser.script("[...document.querySelectorAll('iframe')].map((frame) => [frame.getAttribute('src'), frame.getAttribute('sandbox')])");
    assert_eq!(
        frames,
        json!([
            ["2025-11-06/dashboard.html", "allow-scripts"],
            ["2025-10-30/dashboard.html", "allow-scripts"]
        ])
    );
    browser.assert_quiet();
    let asked = browser.requests();
    for page in ["/2025-11-06/dashboard.html", "/2025-10-30/dashboard.html"] {
        assert!(asked.iter().any(|url| url.ends_with(page)), "{page} is not in a frame: {asked:?}");
    }
}

#[test]
fn days_are_picked_by_keyboard_and_kept_in_the_fragment() {
    let mut days = vec![
        day("2025-10-30", &["30", "1"]),
        day("2025-11-04", &["40", "2"]),
        day("2025-11-05", &["50", "3"]),
        day("2025-11-06", &["60", "4"]),
    ];
    days[1].editions.push(IndexEdition { reason: Some("late rows".into()), ..edition(2, &["41", "2"]) });
    let (_dir, index) = archive(&input(vec![metric("Calls", None, None), metric("Sales", None, None)], days));
    let mut browser = Browser::start();
    open_at(&mut browser, &index, "");
    assert_eq!(row(&mut browser, "Calls"), ["60", "30", "+30", "+100.00\u{2009}%"]);
    assert_eq!(browser.script("location.hash"), json!(""));

    // By Tab alone every control is reached; the calendar takes one stop, its days are reached by arrows.
    let mut reached = Vec::new();
    for _ in 0..60 {
        browser.press("Tab");
        let name = browser.script(
            "(() => { const it = document.activeElement; return it.id || it.getAttribute('href') || it.className || it.tagName; })()",
        );
        reached.push(name.as_str().unwrap().to_owned());
    }
    for control in [
        "metric",
        "day",
        "2025-11-06/dashboard.html",
        "a-back",
        "a",
        "b",
        "b-on",
        "week",
        "yesterday",
        "swap",
        "beside",
        "2025-11-04@2/dashboard.html",
        "SUMMARY",
    ] {
        assert!(reached.iter().any(|name| name == control), "{control} is not reached: {reached:?}");
    }
    assert!(!reached.contains(&"2025-11-05/dashboard.html".to_owned()), "{reached:?}");
    browser.script("document.querySelector('#months a[tabindex=\"0\"]').focus()");
    browser.press("ArrowLeft");
    let focused = "document.activeElement.getAttribute('href')";
    assert_eq!(browser.script(focused), json!("2025-11-05/dashboard.html"));
    assert!(browser.text("#tip").contains("Wednesday 5 November 2025"));
    browser.press("ArrowUp");
    // The day a week before was not captured: the one before it in this direction is none.
    assert_eq!(browser.script(focused), json!("2025-11-05/dashboard.html"));
    browser.press("Escape");
    assert_eq!(browser.script("document.querySelector('#tip').hidden"), json!(true));

    // The latest edition of a day is compared, and says so; the other can be chosen.
    browser.script("document.querySelector('#yesterday').focus()");
    browser.press("Enter");
    assert_eq!(browser.script("location.hash"), json!("#a=2025-11-06&b=2025-11-05"));
    browser.click("#b-back");
    assert_eq!(browser.script("location.hash"), json!("#a=2025-11-06&b=2025-11-04"));
    assert_eq!(row(&mut browser, "Calls"), ["60", "41", "+19", "+46.34\u{2009}%"]);
    let said = browser.text("#two-said");
    assert_eq!(said, "Thursday 6 November 2025 against Tuesday 4 November 2025, edition 2 of 2.");
    browser.script("(() => { const it = document.querySelector('#b-edition'); it.value = '1'; it.dispatchEvent(new Event('change')); })()");
    assert_eq!(browser.script("location.hash"), json!("#a=2025-11-06&b=2025-11-04@1"));
    assert_eq!(row(&mut browser, "Calls"), ["60", "40", "+20", "+50.00\u{2009}%"]);

    // A day that was not captured changes nothing and names its neighbours.
    browser.script("(() => { const it = document.querySelector('#a'); it.value = '2025-11-01'; it.dispatchEvent(new Event('change')); })()");
    assert_eq!(
        browser.text("#two-said"),
        "Saturday 1 November 2025 was not captured; the nearest days are Thu 30 Oct 2025 and Tue 4 Nov 2025."
    );
    assert_eq!(browser.script("document.querySelector('#a').value"), json!("2025-11-06"));

    // All of it comes back with the fragment.
    browser.script("(() => { const it = document.querySelector('#metric'); it.value = '1'; it.dispatchEvent(new Event('change')); })()");
    let fragment = browser.script("location.hash").as_str().unwrap().to_owned();
    assert_eq!(fragment, "#a=2025-11-06&b=2025-11-04@1&shade=sales");
    open_at(&mut browser, &index, &fragment);
    assert_eq!(row(&mut browser, "Calls"), ["60", "40", "+20", "+50.00\u{2009}%"]);
    assert_eq!(browser.script("document.querySelector('#shaded').textContent"), json!("Sales"));
    assert_eq!(number(&mut browser, "document.querySelectorAll('iframe').length"), 2);
    for wrong in ["#a=2025-11-01&b=%", "#a=2025-11-04@9&b=x&shade=%E0%A4%A", "#&&==&a=0000-00-00"] {
        open_at(&mut browser, &index, wrong);
        assert!(browser.text("#two-said").contains("no such day or edition here"), "{wrong}");
        assert_eq!(number(&mut browser, "document.querySelectorAll('#differences tr').length"), 2);
    }
    browser.assert_quiet();
}

#[test]
fn hostile_names_and_reasons_show_as_text_and_run_nothing() {
    let mut days = vec![day("2025-11-05", &["1"]), day("2025-11-06", &["2"])];
    days[0].editions.push(IndexEdition { reason: Some(BREAKING.into()), ..edition(2, &["3"]) });
    let long = "wide ".repeat(100);
    let mut hostile = input(vec![metric(BREAKING, Some(BREAKING), None), metric(&long, None, None)], days);
    hostile.title = BREAKING.into();
    hostile.findings = vec![BREAKING.into()];
    let (_dir, index) = archive(&hostile);
    let mut browser = Browser::start();
    for look in [WIDE, PHONE] {
        browser.look(look);
        open_at(&mut browser, &index, "#a=2025-11-06&b=2025-11-05");
        browser.assert_quiet();
        assert_eq!(number(&mut browser, "document.querySelectorAll('img').length"), 0);
        let wide = browser.script("[...document.querySelectorAll('*')].filter((e) => e.getBoundingClientRect().right > innerWidth && !e.closest('.scroll')).map((e) => e.outerHTML.slice(0, 90)).slice(0, 5)");
        let wider = number(&mut browser, "document.documentElement.scrollWidth");
        assert!(wider <= u64::from(look.width), "{wider}: {wide}");
    }
    let shown = "</script></title><img src=x onerror=\"document.title='ran'\">'&amp;";
    assert!(browser.text("#differences th").contains(shown));
    assert!(browser.text(".later-days td:last-child").contains(shown));
    browser.script("document.querySelector('#months .later').dispatchEvent(new PointerEvent('pointerover', { bubbles: true }))");
    assert!(browser.text("#tip").contains(shown));
    assert_ne!(browser.script("document.title"), json!("ran"));
}

#[test]
fn without_a_script_the_calendar_and_the_list_are_there() {
    let (_dir, index) = archive(&input(
        vec![metric("Calls", None, None)],
        vec![day("2025-11-05", &["50"]), day("2025-11-06", &["60"])],
    ));
    let mut browser = Browser::start();
    browser.allow_scripts(false);
    browser.open_file(&index);
    browser.assert_quiet();
    assert!(browser.text("main").contains("Every day"));
    assert!(!browser.text("main").contains("Two days side by side"));
    browser.click("summary");
    assert!(browser.text(".all").contains("Thu 6 Nov"));
    browser.click("#months a");
    browser.wait_until("document.title === 'a page'");
    assert!(browser.script("location.href").as_str().unwrap().ends_with("/2025-11-05/dashboard.html"));
}
