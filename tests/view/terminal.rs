//! A day on the terminal, compared as a whole.

use super::sample;
use asof::view::terminal::{Options, day};
use asof::view::{Layout, Section};

fn section(show: &[&str], by: &[&str], top: usize) -> Section {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    Section { title: None, show: names(show), by: names(by), top: Some(top) }
}

#[test]
fn a_day_reads_as_a_whole() {
    let mut sample = sample::day();
    sample.layout = Layout {
        title: "Outbound calls".into(),
        sections: vec![
            section(&["calls", "conversion", "drop_rate"], &["campaign"], 3),
            Section { title: Some("Outcomes".into()), ..section(&["calls"], &["status"], 7) },
        ],
    };
    sample.remarks = vec!["Edition 2 of this day differs: see 2025-11-06@2.".into()];
    let text = day(&sample.input(), &Options { width: 80, color: false, all: false });
    let expected = "\
Thursday 6 November 2025  Outbound calls
● witnessed · frozen 7 Nov 02:00:04 CST
day 6 Nov 00:00 – 7 Nov 00:00 CST (24 h) · edition 1
newest event seen 20:58:41 · definitions 5ff9·9e91
! Edition 2 of this day differs: see 2025-11-06@2.

Calls       20,770
Conversion    0.30  %  63 sales / 20,770 calls
Drop rate     9.26  %  4,049 drops / 43,716 answered by a person
                       over 30 days, 12 of them frozen
                       this day 9.74 %

                                                                  Drop rate
Campaign             Calls                            Conversion    30 days
EASTSIDE 1027        7,120  ████████████████████████      0.34 %    10.96 %
Colorado 1031        5,890  ███████████████████▉          0.20 %     8.12 %
St Louis live 1022   4,410  ██████████████▉               0.34 %     9.59 %
2 others             3,350                                0.36 %    10.00 %
All                 20,770                                0.30 %     9.26 %

Outcomes
Status                        Calls                              Share
No answer NA                  8,210  ████████████████████████   39.5 %
Answering machine A           5,140  ███████████████            24.7 %
Busy B                        2,390  ███████                    11.5 %
Not interested NI             1,870  █████▌                      9.0 %
Disconnected DC                 967  ██▉                         4.7 %
Survey to live agent SVYCLM     803  ██▍                         3.9 %
∅ no value                      420  █▎                          2.0 %
4 others                        970                              4.7 %
All                          20,770                            100.0 %
";
    assert_eq!(text, expected);
}

#[test]
fn a_count_over_time_is_told_beside_its_value() {
    let mut sample = sample::day();
    sample::count_over_time(&mut sample);
    sample.layout.sections = vec![section(&["calls", "phones"], &[], 3)];
    let tiles = |width| {
        let text = day(&sample.input(), &Options { width, color: false, all: false });
        text.split_once("\n\n").unwrap().1.to_owned()
    };
    let expected = "\
Calls          20,770
Unique phones  15,794    1,212 new · 57,093 since 1 Oct 2025
                         counted over 35 days, 2 gaps
                         1 frozen day left out: hashed with another key
                         3 rows without a number, 2 unusable numbers in 5 rows
";
    assert_eq!(tiles(120), expected);
    let expected = "\
Calls          20,770
Unique phones  15,794
  1,212 new · 57,093 since 1 Oct 2025
  counted over 35 days, 2 gaps
  1 frozen day left out: hashed with another key
  3 rows without a number, 2 unusable numbers in 5 rows
";
    assert_eq!(tiles(60), expected);
}

#[test]
fn every_member_and_every_metric_is_shown_when_all_are_wanted() {
    let sample = sample::day();
    let text = day(&sample.input(), &Options { width: 60, color: false, all: true });
    let metrics = sample.doc.metrics.values();
    for label in metrics.map(|metric| metric.label.split(' ').next().unwrap()) {
        assert!(text.contains(label), "{label} is missing:\n{text}");
    }
    for member in &sample.doc.metrics["calls"].by["list"] {
        let name = member.label.as_deref().unwrap_or("“” empty");
        assert!(text.contains(name), "{name} is missing:\n{text}");
    }
    assert!(!text.contains("others") && !text.contains("wider terminal"), "{text}");
    // Sentences are left to the terminal to break; tables fit.
    let mut tables = text.lines().filter(|line| !line.starts_with("Unique phones: "));
    assert!(tables.all(|line| line.chars().count() <= 60), "{text}");
}

#[test]
fn no_name_acts_on_the_terminal() {
    let mut sample = sample::day();
    let hostile = "\u{1b}[2J\u{1b}]0;owned\u{7}\u{202e}evil\r\n\u{9b}31m";
    sample.layout.title = hostile.into();
    sample.layout.sections[0].title = Some(hostile.into());
    sample.remarks = vec![hostile.into()];
    sample.doc.events["calls"].newest = Some(hostile.into());
    sample.doc.events["calls"].notes = vec![hostile.into()];
    sample.doc.events["calls"].label = hostile.into();
    let other = sample.doc.events["calls"].clone();
    sample.doc.events.insert("other".into(), other);
    for metric in sample.doc.metrics.values_mut() {
        metric.label = hostile.into();
        metric.unit = Some(hostile.into());
        metric.figure.reason = Some(hostile.into());
        for member in metric.by.values_mut().flatten() {
            member.label = Some(hostile.into());
            member.key = member.key.as_ref().map(|key| format!("{key}{hostile}"));
        }
    }
    sample.doc.metrics["calls"].figure.value = None;
    let text = day(&sample.input(), &Options { width: 100, color: false, all: true });
    let acts = |c: char| (c.is_control() && c != '\n') || ('\u{202a}'..='\u{202e}').contains(&c);
    assert!(!text.contains(acts), "{text:?}");
    assert!(text.contains("␛[2J"), "{text}");
}

#[test]
fn colors_are_nothing_but_decoration() {
    let sample = sample::in_sections();
    let plain = day(&sample.input(), &Options { width: 80, color: false, all: false });
    let colored = day(&sample.input(), &Options { width: 80, color: true, all: false });
    assert!(!plain.contains('\u{1b}'));
    let mut stripped = String::new();
    let mut rest = colored.as_str();
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        stripped.push_str(before);
        rest = after.split_once('m').unwrap().1;
    }
    stripped.push_str(rest);
    assert_eq!(stripped, plain);
}
