//! Growth on the page of a day, in a browser: light, dark, on a phone and on paper, with hostile names.

use std::collections::BTreeMap;
use std::fs;

use asof::analyze::growth::{Compared, Grown, Mover, Parts, Sums};
use asof::model::Number;
use asof::view::growth::{GrowthInput, SeenInput};
use asof::view::{DayPage, GrownInput, SpanInput};
use indexmap::IndexMap;
use serde_json::json;

use super::markup::parse;
use super::sample::{self, Sample};
use crate::support::axe;
use crate::support::browser::{Browser, Look, PHONE, WIDE};

const DARK: Look = Look { dark: true, ..WIDE };
const PAPER: Look = Look { print: true, width: 690, ..WIDE };

fn sums(current: i128, previous: i128, compared: Compared) -> Sums {
    Sums { current, previous, rows: 12_480, compared, ..Sums::default() }
}

fn span(days: u16, views: Sums, likes: Sums) -> SpanInput {
    let movers = (0_i64..10).map(|at| Mover {
        key: format!("{}", 48_213 - at * 7),
        label: match at {
            0 => Some(
                "How a lighthouse keeper mends nets in winter, the whole three hours without a cut".into(),
            ),
            1 => None,
            2 => Some("</td><script>alert(1)</script> & \u{202e}hidden".into()),
            at => Some(format!("Evening walk, part {at}")),
        },
        current: 1_204_332 / (at + 1),
        previous: Some(1_190_000 / (at + 1) + if at == 9 { 3_000 } else { 0 }),
    });
    let at = |day: &str| SeenInput {
        day: day.into(),
        at: format!("{day}T05:20:00Z").parse().unwrap(),
        how: "seen",
    };
    let known = views.compared == Compared::Both;
    let growth = GrowthInput {
        entity: "video".into(),
        zone: chrono_tz::America::Chicago,
        current: at("2025-11-06"),
        previous: known.then(|| at("2025-10-30")),
        remarks: Vec::new(),
        grown: Grown {
            parts: Parts {
                matched: 12_400,
                appeared: 80,
                disappeared: 12,
                decreased: 3,
                not_due: 0,
                unknown: 5,
            },
            counters: [("views".to_owned(), views), ("likes".to_owned(), likes)].into(),
            groups: BTreeMap::default(),
            top: if known { [("views".to_owned(), movers.collect())].into() } else { IndexMap::default() },
        },
        by: None,
    };
    SpanInput {
        days,
        growth,
        reason: (!known).then(|| "no look for 2025-10-07, since the look came 5 h late".into()),
    }
}

fn page() -> Sample {
    let mut sample = sample::in_sections();
    let (both, newer) = (Compared::Both, Compared::Newer);
    sample.grown = vec![GrownInput {
        entity: "video".into(),
        seen: 12_480,
        rows: 12_480,
        totals: [
            ("views".to_owned(), Some(Number::from(84_120_332_i64))),
            ("likes".to_owned(), Some(Number::from(402_118_i64))),
        ]
        .into(),
        spans: vec![
            span(1, sums(84_120_332, 83_900_100, both), sums(402_118, 402_130, both)),
            span(7, sums(84_120_332, 79_640_000, both), sums(402_118, 380_000, both)),
            span(30, sums(84_120_332, 0, newer), sums(402_118, 0, newer)),
        ],
    }];
    sample
}

#[test]
fn growth_is_drawn_as_all_is_in_every_look_and_axe_finds_nothing() {
    let html = DayPage::new(&page().input()).to_bytes().unwrap();
    let text = String::from_utf8(html.clone()).unwrap();
    parse(&text).unwrap();
    assert!(!text.contains("<script>alert"), "a name is no markup");
    let path = format!("{}/day-with-growth.html", env!("CARGO_TARGET_TMPDIR"));
    fs::write(&path, html).unwrap();
    let mut browser = Browser::start();
    for (name, look) in [("light", WIDE), ("dark", DARK), ("phone", PHONE), ("print", PAPER)] {
        browser.look(look);
        browser.open_file(path.as_ref());
        let found = axe::findings(&mut browser);
        assert!(found.is_empty(), "{name}:\n{}", found.join("\n"));
        let wide = browser.script("document.documentElement.scrollWidth <= innerWidth");
        assert_eq!(wide, json!(true), "{name} runs over");
        let shot = format!("{}/day-with-growth-{name}.png", env!("CARGO_TARGET_TMPDIR"));
        browser.screenshot(shot.as_ref(), look);
        browser.assert_quiet();
    }
    browser.look(WIDE);
    browser.open_file(path.as_ref());
    let chips = "[...document.querySelectorAll('main > section:last-of-type .tile')].map((tile) => [...tile.querySelectorAll('.chip')].map((chip) => chip.textContent))";
    assert_eq!(
        browser.script(chips),
        json!([
            ["+220,232 (+0.26 %) in 1 day", "+4,480,332 (+5.63 %) in 7 days", "in 30 days: unknown"],
            ["▼worse, down −12 (0.00 %) in 1 day", "+22,118 (+5.82 %) in 7 days", "in 30 days: unknown"],
        ])
    );
    // The list is that of a week, since it is known; the least of ten went down.
    let rows = "[...document.querySelectorAll('main > section:last-of-type tbody tr')].map((row) => row.cells[1].textContent)";
    let rows = browser.script(rows);
    assert_eq!(
        (rows.as_array().unwrap().len(), &rows[0], &rows[9]),
        (10, &json!("+14,332"), &json!("−1,567"))
    );
}
