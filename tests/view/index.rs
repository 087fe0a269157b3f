//! The page of all days, as bytes.

use asof::model::metrics_doc::Good;
use asof::model::{Day, Edition, Number, Provenance};
use asof::view::index::{IndexDay, IndexEdition, IndexInput, IndexMetric, IndexPage};

use super::markup::{Node, parse};

/// Text as bad as it comes.
pub const BREAKING: &str =
    "</script></title><img src=x onerror=\"document.title='ran'\">'&amp; \u{202e}ישראל\u{0}";

/// A metric of an index.
pub fn metric(label: &str, unit: Option<&str>, good: Option<Good>) -> IndexMetric {
    IndexMetric { name: label.to_lowercase(), label: label.into(), unit: unit.map(Into::into), good }
}

/// An edition that was witnessed and is there.
pub fn edition(number: u32, values: &[&str]) -> IndexEdition {
    IndexEdition {
        edition: Edition::new(number).unwrap(),
        provenance: Provenance::Witnessed,
        captured_at: "2025-11-05T16:15:00Z".parse().unwrap(),
        reason: None,
        present: true,
        thinned: false,
        values: values.iter().map(|text| text.parse::<Number>().ok()).collect(),
    }
}

/// A day with one edition.
pub fn day(date: &str, values: &[&str]) -> IndexDay {
    IndexDay {
        day: date.parse().unwrap(),
        editions: vec![edition(1, values)],
        shown: 0,
        labels: Vec::new(),
        notes: Vec::new(),
        pinned: false,
        looks: Vec::new(),
    }
}

/// All days, of which the first metric gives the shade.
pub fn input(metrics: Vec<IndexMetric>, days: Vec<IndexDay>) -> IndexInput {
    IndexInput {
        title: "Calls".into(),
        archive: "0b5e".into(),
        zone: "America/Chicago".into(),
        metrics,
        main: 0,
        days,
        findings: Vec::new(),
        served: None,
    }
}

/// The page.
pub fn html(input: &IndexInput) -> String {
    String::from_utf8(IndexPage::new(input).unwrap().to_bytes().unwrap()).unwrap()
}

fn calls() -> Vec<IndexMetric> {
    vec![metric("Calls", None, None)]
}

/// The titles of all places of the calendar that have one, with their classes.
fn places(page: &str) -> Vec<(String, String)> {
    let attribute = |attributes: &str, name: &str| {
        let (_, rest) = attributes.split_once(&format!("{name}=\""))?;
        Some(rest.split_once('"')?.0.to_owned())
    };
    let nodes = parse(page).unwrap();
    let titled = nodes.iter().filter_map(|node| match node {
        Node::Open { name: "a" | "span" | "b", attributes } => {
            Some((attribute(attributes, "title")?, attribute(attributes, "class")?))
        }
        _ => None,
    });
    titled.collect()
}

#[test]
fn an_archive_without_days_says_so() {
    let page = html(&input(Vec::new(), Vec::new()));
    parse(&page).unwrap();
    assert!(page.contains("No day is frozen here yet"));
    assert!(!page.contains("<table"));
}

#[test]
fn one_day_is_a_calendar_of_one_day() {
    let page = html(&input(calls(), vec![day("2025-11-06", &["20770"])]));
    let expected = ("Thursday 6 November 2025: 20,770, witnessed".to_owned(), "q2".to_owned());
    assert_eq!(places(&page), [expected]);
    assert!(page.contains(r#"href="2025-11-06/dashboard.html""#));
    assert!(!page.contains("id=\"years\"") && !page.contains("not captured <"));
}

#[test]
fn a_day_without_metrics_can_still_be_opened() {
    let page = html(&input(Vec::new(), vec![day("2025-11-06", &[])]));
    assert_eq!(places(&page).len(), 1);
    assert!(page.contains(r#"href="2025-11-06/dashboard.html""#));
}

#[test]
fn gaps_provenance_and_editions_can_be_told_apart() {
    let mut days = vec![
        day("2025-11-01", &["10"]),
        day("2025-11-03", &["30"]),
        day("2025-11-04", &["40"]),
        day("2025-11-05", &[""]),
    ];
    days[0].editions[0].provenance = Provenance::Reconstructed;
    days[1].editions[0].provenance = Provenance::Provisional;
    days[1].editions.push(edition(2, &["31"]));
    days[1].shown = 1;
    days[2].editions.push(IndexEdition { reason: Some("late rows".into()), ..edition(2, &["41"]) });
    let expected = [
        ("Saturday 1 November 2025: 10, reconstructed", "q0 reconstructed"),
        ("Sunday 2 November 2025: not captured", "gap"),
        ("Monday 3 November 2025: 31, witnessed, edition 2 of 2", "q2 several"),
        ("Tuesday 4 November 2025: 40, witnessed, edition 1 of 2; edition 2 is later: late rows", "q4 later"),
        ("Wednesday 5 November 2025: unknown, witnessed", "none"),
    ];
    let page = html(&input(calls(), days));
    assert_eq!(places(&page), expected.map(|(title, class)| (title.to_owned(), class.to_owned())));
    // The shown edition is linked to, and the later one with its reason and its numbers.
    assert!(page.contains(r#"class="q2 several" href="2025-11-03@2/dashboard.html""#));
    assert!(page.contains(r#"class="q4 later" href="2025-11-04/dashboard.html""#));
    assert!(page.contains(
        r#"<a href="2025-11-04@2/dashboard.html">edition 2</a> <small>5 Nov 2025 10:15 CST</small>"#
    ));
    assert!(page.contains("40 → 41") && page.contains("<bdi>late rows</bdi>"));
    assert!(page.contains(r##"href="#a=2025-11-04@2&#38;b=2025-11-04@1""##), "{page}");
}

#[test]
fn a_missing_folder_is_not_linked_to() {
    let mut days = vec![day("2025-11-05", &["1"]), day("2025-11-06", &["2"])];
    days[0].editions[0].present = false;
    let page = html(&input(calls(), days));
    assert!(!page.contains("2025-11-05/dashboard.html"));
    assert!(page.contains("Wednesday 5 November 2025: 1, witnessed; its folder is missing"));
    assert!(page.contains("Wed 5 Nov <b>1</b> <small>its folder is missing</small>"));
}

#[test]
fn ten_years_of_days_each_lie_in_their_year_once() {
    let first: Day = "2015-11-14".parse().unwrap();
    let days: Vec<IndexDay> = (0..3650)
        .map(|at| {
            let values: Vec<String> = (0..12).map(|metric| (at * 7 + metric * 1000).to_string()).collect();
            let values: Vec<&str> = values.iter().map(String::as_str).collect();
            day(&first.checked_add(at).unwrap().to_string(), &values)
        })
        .collect();
    let metrics = (0..12).map(|at| metric(&format!("Metric {at}"), None, None)).collect();
    let page = html(&input(metrics, days));
    parse(&page).unwrap();
    let years = page.split_once(r#"id="years""#).unwrap().1.split_once("</section>").unwrap().0;
    assert_eq!(years.matches("<a ").count(), 3650);
    assert_eq!(years.matches(r#"href="2020-02-29/dashboard.html""#).count(), 1);
    assert_eq!(years.matches("not captured").count(), 0);
    assert_eq!(years.matches(r#"class="strip""#).count(), 11);
    assert!(page.len() < 1_200_000, "{}", page.len());
}

#[test]
fn years_in_which_nothing_was_frozen_take_one_line() {
    let page = html(&input(calls(), vec![day("0025-11-06", &["1"]), day("2025-11-06", &["2"])]));
    assert!(page.contains("26 – 2024: not captured"));
    assert!(page.len() < 400_000, "{}", page.len());
}

#[test]
fn hostile_text_stays_text() {
    let mut day = day("2025-11-06", &["1"]);
    day.editions.push(IndexEdition { reason: Some(BREAKING.into()), ..edition(2, &["2"]) });
    let mut hostile = input(vec![metric(BREAKING, Some(BREAKING), None)], vec![day]);
    hostile.title = BREAKING.into();
    hostile.findings = vec![BREAKING.into()];
    let page = html(&hostile);
    parse(&page).unwrap();
    assert_eq!(page.matches("<img").count(), 0);
    assert_eq!(page.matches("</script").count(), 2);
    assert_eq!(page.matches("</title>").count(), 1);
    assert!(!page.contains(|c: char| c.is_control() && c != '\n'));
}

#[test]
fn what_was_said_of_a_day_stands_at_it_and_a_thinned_page_is_not_linked() {
    let mut days = vec![day("2025-11-05", &["10"]), day("2025-11-06", &["20"])];
    days[0].labels = vec!["audit".into(), BREAKING.into()];
    days[0].notes = vec!["the dialer was down".into()];
    days[0].editions[0].thinned = true;
    let page = html(&input(calls(), days));
    parse(&page).unwrap();
    let said = &places(&page)[0].0;
    assert!(
        said.starts_with("Wednesday 5 November 2025: 10, witnessed; its page was thinned; label "),
        "{said}"
    );
    assert!(said.contains("audit") && said.contains("the dialer was down"), "{said}");
    assert!(!page.contains("<img"), "text from outside is escaped");
    // No link leads to the page that is gone, and the list says why.
    assert!(!page.contains("2025-11-05/dashboard.html"));
    assert!(page.contains(r#"href="2025-11-06/dashboard.html""#));
    let (_, list) = page.split_once("All days as a list").unwrap();
    assert!(list.contains("<small>its page was thinned</small>"));
    assert!(
        list.contains("the dialer was down</small>") || list.contains("the dialer was down\u{2069}</small>")
    );
}
