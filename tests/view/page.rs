//! The page of a day, as bytes.

use std::collections::BTreeSet;

use asof::model::metrics_doc::Figure;
use asof::model::{Digest, Number};
use asof::view::DayPage;

use super::markup::{Node, parse};
use super::sample::{self, Sample};

fn html(sample: &Sample) -> String {
    String::from_utf8(DayPage::new(&sample.input()).to_bytes().unwrap()).unwrap()
}

/// Leaves the pages where a browser can open them, for whoever wants to look.
#[test]
fn the_sample_pages_are_well_formed_and_can_be_looked_at() {
    let mut compared = sample::in_sections();
    sample::compare(&mut compared);
    let mut over_time = sample::in_sections();
    sample::compare(&mut over_time);
    sample::count_over_time(&mut over_time);
    for (name, sample) in [
        ("day", sample::day()),
        ("day-in-sections", sample::in_sections()),
        ("compared", compared),
        ("over-time", over_time),
        ("hostile", hostile()),
    ] {
        let page = html(&sample);
        parse(&page).unwrap_or_else(|wrong| panic!("{name}: {wrong}"));
        let path = format!("{}/{name}.html", env!("CARGO_TARGET_TMPDIR"));
        std::fs::write(path, page).unwrap();
    }
}

#[test]
fn a_count_over_time_is_told_on_its_tile_and_nowhere_else() {
    let mut sample = sample::in_sections();
    let without = html(&sample);
    sample::count_over_time(&mut sample);
    let page = html(&sample);
    let new = "<p class=\"made-of new\">1,212 new · 57,093 since 1 Oct 2025</p>\n";
    let small = r#"<p class="made-of">counted over 35 days, 2 gaps</p>
<p class="made-of">1 frozen day left out: hashed with another key</p>
<p class="made-of">3 rows without a number, 2 unusable numbers in 5 rows</p>
"#;
    let body = |page: &str| page.split_once("<body>").unwrap().1.to_owned();
    let bare = body(&page).replacen(new, "", 1).replacen(small, "", 1);
    assert!(bare == body(&without), "more has changed than the tile:\n{bare}");
    let tile =
        page.split_once("<bdi>Unique phones</bdi></h3>").unwrap().1.split_once("</article>").unwrap().0;
    let value = "<p class=\"value\"><data value=\"15794\">15,794</data></p>\n";
    assert!(tile.contains(&format!("{value}{new}")) && tile.contains(small), "{tile}");
}

#[test]
fn the_policy_allows_the_style_sheet_and_nothing_else() {
    let page = html(&sample::day());
    let nodes = parse(&page).unwrap();
    let policy = nodes.iter().find_map(|node| match node {
        Node::Open { name: "meta", attributes } if attributes.contains("Content-Security-Policy") => {
            Some(*attributes)
        }
        _ => None,
    });
    let policy = policy.unwrap();
    assert!(policy.contains("default-src &#39;none&#39;"), "{policy}");
    let style = page.split_once("<style>").unwrap().1.split_once("</style>").unwrap().0;
    let stated = policy.split_once("sha256-").unwrap().1.split_once("&#39;").unwrap().0;
    assert_eq!(stated, base64(&Digest::of(style.as_bytes()).to_string()));
    // What the policy would block, and what would make a request, is not there.
    assert!(!page.contains(" style="));
    for node in &nodes {
        if let Node::Open { name, attributes } = node {
            assert!(!["script", "link", "img", "iframe", "object", "base", "form"].contains(name), "{name}");
            assert!(!attributes.contains(" on") && !attributes.contains("src="), "{attributes}");
            // Links lead to other days of the archive, and only when they are followed.
            let link = attributes.split_once("href=\"").map(|(_, target)| target);
            assert!(link.is_none_or(|target| *name == "a" && target.starts_with("../")), "{attributes}");
        }
    }
    assert!(!style.contains("url(") && !style.contains("@import"));
}

/// Base64 of a digest's bytes, from its hexadecimal text.
fn base64(hex: &str) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bits: String =
        hex.chars().map(|digit| format!("{:04b}", digit.to_digit(16).unwrap())).collect::<Vec<_>>().concat();
    let padding = (3 - hex.len() / 2 % 3) % 3;
    bits.push_str(&"00".repeat(padding));
    let letters = bits.as_bytes().chunks(6).map(|six| {
        let at = six.iter().fold(0, |at, bit| at * 2 + usize::from(bit - b'0'));
        char::from(LETTERS[at])
    });
    letters.collect::<String>() + &"=".repeat(padding)
}

/// Names as bad as they come, everywhere where a name can stand.
fn hostile() -> Sample {
    let mut sample = sample::day();
    let breaking = "</script></style></title><img src=x onerror=\"alert(1)\">'&amp;";
    let long = "wide ".repeat(100);
    let names =
        [breaking, &long, "\u{202e}ישראל abc\u{2066}", "\u{0}\u{1b}[2J\r\n", "a\u{300}\u{301}\u{302}"];
    sample::compare(&mut sample);
    sample.layout.title = breaking.into();
    sample.layout.sections[0].title = Some(breaking.into());
    sample.remarks = vec![breaking.into()];
    sample.manifest.reason = Some(breaking.into());
    sample.manifest.source.url = breaking.into();
    sample.doc.events["calls"].label = breaking.into();
    sample.doc.events["calls"].newest = Some(breaking.into());
    for dimension in &mut sample.doc.events["calls"].dimensions {
        dimension.label = breaking.into();
    }
    let other = sample.doc.events["calls"].clone();
    sample.doc.events.insert("other".into(), other);
    sample.definitions.lists.insert("bad".into(), vec![breaking.into()]);
    sample.definitions.events.get_mut("calls").unwrap().time = breaking.into();
    for (at, metric) in sample.doc.metrics.values_mut().enumerate() {
        let compared = metric.compared.as_mut().unwrap();
        let with = compared.previous_day.as_mut().unwrap();
        (with.change, with.value, with.reason) = (None, None, Some(breaking.into()));
        let hours = compared.same_weekday.as_mut().unwrap().by.values_mut().flatten();
        hours.for_each(|level| level.key = Some(breaking.into()));
        metric.label = names[at % names.len()].into();
        metric.unit = (at % 2 == 0).then(|| breaking.into());
        for members in metric.by.values_mut() {
            for (at, member) in members.iter_mut().enumerate() {
                member.label = Some(names[at % names.len()].into());
                member.figure.reason = Some(breaking.into());
                member.key = member.key.as_ref().map(|key| format!("{key}{breaking}"));
            }
        }
    }
    sample
}

#[test]
fn hostile_names_are_shown_and_run_nothing() {
    let page = html(&hostile());
    assert_eq!(page.matches("</script").count() + page.matches("<script").count(), 0);
    assert_eq!(page.matches("<img").count(), 0);
    assert_eq!(page.matches("</style>").count(), 1);
    assert_eq!(page.split_once("<body>").unwrap().0.matches("</title>").count(), 1);
    // Nothing is cut off: the whole of a long name is in the page.
    assert!(page.contains(&"wide ".repeat(100)));
    assert!(page.contains("<bdi>\u{202e}ישראל abc\u{2066}</bdi>"));
    assert!(page.contains("␀␛[2J␍␊"));
    assert!(!page.contains(|c: char| c.is_control() && c != '\n'));
}

#[test]
fn every_number_in_tiles_and_tables_is_in_the_document() {
    let sample = sample::in_sections();
    let known = numbers(&sample);
    let page = html(&sample);
    let mut seen = 0;
    let mut inside = false;
    let mut in_rest = false;
    let mut column_is_share = false;
    for node in parse(&page).unwrap() {
        match node {
            Node::Open { name: "tr", attributes } => in_rest = attributes.contains("rest"),
            Node::Open { name: "td", attributes } => {
                inside = !in_rest;
                column_is_share = attributes.contains("mute");
            }
            Node::Open { name: "data", .. } => (inside, column_is_share) = (true, false),
            Node::Open { name: "small", .. } | Node::Close("td" | "data") => inside = false,
            Node::Text(text) if inside && !column_is_share && text != "—" => {
                let percent = text.ends_with('%');
                let plain = text.replace(',', "").replace('−', "-");
                let plain = plain.trim_end_matches(['%', '\u{2009}']);
                assert!(holds(&known, plain, percent), "{text} is not in the document");
                seen += 1;
            }
            _ => {}
        }
    }
    // Eight tiles; by hour 13 rows of 5 and totals; and so on: well over a hundred.
    assert!(seen > 150, "{seen}");
}

/// Whether one of these numbers is shown as this text: it differs by at most half the last place.
fn holds(known: &BTreeSet<Number>, shown: &str, percent: bool) -> bool {
    let shown_number: Number = shown.parse().unwrap();
    let places = shown.split_once('.').map_or(0, |(_, fraction)| fraction.len());
    let half: Number = format!("5e-{}", places + 1).parse().unwrap();
    known.iter().any(|number| {
        let number = if percent { number.times(&Number::from(100_i64)) } else { number.clone() };
        // A tile's percent sign stands in an element of its own.
        let as_percent = number.times(&Number::from(100_i64));
        (&number - &shown_number).abs() <= half || (!percent && (&as_percent - &shown_number).abs() <= half)
    })
}

fn numbers(sample: &Sample) -> BTreeSet<Number> {
    let metrics = || sample.doc.metrics.values();
    let members = metrics().flat_map(|metric| metric.by.values().flatten()).map(|member| &member.figure);
    let figures: Vec<&Figure> = metrics().map(|metric| &metric.figure).chain(members).collect();
    figures.into_iter().filter_map(|figure| figure.value.clone()).collect()
}

#[test]
fn what_is_not_known_says_why() {
    let mut sample = sample::day();
    let calls = &mut sample.doc.metrics["calls"];
    calls.figure = Figure { reason: Some("the source had no such table".into()), ..Figure::default() };
    let page = html(&sample);
    assert!(page.contains(r#"<p class="value none">unknown</p>"#), "{page}");
    assert!(page.contains("the source had no such table"));
    sample.doc.metrics["calls"].figure.reason = None;
    assert!(html(&sample).contains(r#"<p class="value none">not captured</p>"#));
}

#[test]
fn a_page_of_nothing_is_still_a_page() {
    let mut sample = sample::day();
    sample.doc.metrics.clear();
    sample.doc.events.clear();
    let page = html(&sample);
    parse(&page).unwrap();
    assert!(page.contains("Thursday 6 November 2025"));
    sample.layout.sections.clear();
    parse(&html(&sample)).unwrap();
}

#[test]
fn every_change_that_is_shown_is_in_the_document() {
    let mut sample = sample::in_sections();
    sample::compare(&mut sample);
    let both = |metric: &asof::model::metrics_doc::MetricDoc| {
        let compared = metric.compared.clone().unwrap();
        [compared.same_weekday, compared.previous_day].into_iter().flatten().collect::<Vec<_>>()
    };
    let changes: Vec<_> = sample.doc.metrics.values().flat_map(both).filter_map(|with| with.change).collect();
    let percentages =
        changes.iter().filter_map(|change| change.percentage.clone()).map(|p| p.abs()).collect();
    let differences = changes.iter().map(|change| change.change.abs()).collect();
    let page = html(&sample);
    let mut seen = 0;
    for chip in page.split("<span class=\"chip").skip(1) {
        let Some((amount, _)) = chip.split_once("</b>") else { continue };
        let amount = amount.rsplit('>').next().unwrap().trim();
        let plain: String = amount.chars().filter(|c| c.is_ascii_digit() || *c == '.').collect();
        if amount.starts_with("&lt;") || amount.starts_with("&#60;") {
            continue;
        }
        let known: &BTreeSet<Number> = if amount.ends_with('%') { &percentages } else { &differences };
        assert!(holds(known, &plain, amount.ends_with("pt")), "{amount} is not in the document");
        seen += 1;
    }
    // Three metrics against the one day and two against the other.
    assert_eq!(seen, 5);
}

#[test]
fn a_day_is_shown_beside_earlier_ones() {
    let mut sample = sample::in_sections();
    sample::compare(&mut sample);
    let page = html(&sample);
    let has = |text: &str| assert!(page.contains(text), "{text} is missing: {page}");
    has("<a rel=\"prev\" href=\"../2025-11-05/dashboard.html\">‹ 5 Nov</a>");
    has("<a href=\"../index.html\">all days</a>");
    // 20770 after 20029 and after 20580.
    has("<b>+3.7\u{2009}%</b> vs Thu 30 Oct");
    has("<b>+0.9\u{2009}%</b> vs Wed 5 Nov");
    // Good goes up: 1418 after 1310 is 8.24 % better, 63 after 71 is 11.27 % worse.
    has("<span class=\"chip better\"><b><span aria-hidden=\"true\">▲</span>");
    has("<span class=\"unseen\">worse, down</span>");
    has("five weeks: 20,029 to 20,770");
    has("Compared with edition 2 of Thu 30 Oct (2025-10-30@2), the latest when this day was frozen.");
    // 07 was there a week before only; 08 on both days.
    has("07: nothing (Thu 30 Oct: 12)");
    has("<title>08: 310 (Thu 30 Oct: 280)</title>");
    has("Thu 30 Oct, a week before");
    assert_eq!(page.matches("class=\"spark\"").count(), 3);
}
