//! `--as-of`: what the archive would have answered then; what changed between editions; `--archive`.

use std::fs;
use std::path::Path;
use std::time::Duration;

use asof::archive::{Archive, Mark};

use super::calls;
use crate::support::command::Place;

/// 2025-11-05 and -06 frozen on the morning of the 7th at 03:00; the 6th restated on the 9th, and -01 frozen then.
fn restated() -> Place {
    let place = calls();
    place.done(&["save 2025-11-05", "save 2025-11-06"]);
    place.sqlite("calls.db", "update calls set status = 'SALE' where status = 'DROP'");
    place.at("2025-11-09T03:00:00-06:00");
    place.done(&["save 2025-11-06 --restate --reason 'late disposition'", "save 2025-11-01"]);
    place
}

fn page(place: &Place, arguments: &str) -> String {
    let run = place.asof(&format!("restore {arguments} --html"));
    assert_eq!(run.code, 0, "{arguments}: {}", run.stderr);
    place.forget();
    let folder = run.stdout.trim_end().strip_suffix("/dashboard.html").unwrap().to_owned();
    folder.rsplit_once('/').unwrap().1.to_owned()
}

#[test]
fn only_what_was_frozen_by_then_is_known() {
    let place = restated();
    place.asof("list --as-of 2025-11-08T09:00");
    place.asof("restore 2025-11-01 --as-of 2025-11-08");
    place.asof("restore 2025-11-06@2 --as-of 2025-11-08T09:00:00-06:00");
    place.told(
        r#"
$ asof list --as-of 2025-11-08T09:00
Day             Editions  Provenance       Calls  Sales  Minutes min  Conversion
2025-11-05 Wed  1         ○ reconstructed      3      1          1.5     33.33 %
2025-11-06 Thu  1         ● witnessed          5      2         16.5     40.00 %
exit 0
$ asof restore 2025-11-01 --as-of 2025-11-08
! error: 2025-11-01 is not in the archive
!   hint: the nearest days that exist: 2025-11-05
exit 1
$ asof restore 2025-11-06@2 --as-of 2025-11-08T09:00:00-06:00
! error: 2025-11-06@2 is not in the archive: the day has edition 1 only
!   hint: asof list shows what there is
exit 1
"#,
    );
    // Nothing is said of an edition that nobody could know of.
    let then = place.asof("restore 2025-11-06 --as-of 2025-11-08").stdout;
    assert!(!then.contains("edition exists") && !then.contains("Changed in"), "{then}");
    // It was written at 03:00:00 on the 9th, which is 09:00:00Z.
    let edition = |arguments: &str| page(&place, &format!("2025-11-06@latest {arguments}"));
    assert_eq!(edition("--as-of 2025-11-09T02:59:59"), "2025-11-06");
    assert_eq!(edition("--as-of 2025-11-09T03:00"), "2025-11-06@2");
    assert_eq!(edition("--as-of 2025-11-09T09:00:00Z"), "2025-11-06@2");
    assert_eq!(edition("--as-of 2025-11-09T08:59:59Z"), "2025-11-06");
    assert_eq!(edition("--as-of 2025-11-08"), "2025-11-06");
    assert_eq!(edition("--as-of 2025-11-09"), "2025-11-06@2");
    assert_eq!(page(&place, "latest~1 --as-of 2025-11-08"), "2025-11-05");
    assert_eq!(page(&place, "latest~2"), "2025-11-01");
}

#[test]
fn editions_have_names() {
    let place = restated();
    assert_eq!(page(&place, "2025-11-06"), "2025-11-06");
    assert_eq!(page(&place, "2025-11-06@2"), "2025-11-06@2");
    assert_eq!(page(&place, "2025-11-06@latest"), "2025-11-06@2");
    assert_eq!(page(&place, "2025-11-06@original"), "2025-11-06");
    assert_eq!(page(&place, "latest@latest"), "2025-11-06@2");
}

#[test]
fn a_time_before_the_archive_began_is_told() {
    let place = restated();
    place.asof("restore --as-of 2025-11-06");
    place.asof("list --as-of 2025-11-07T08:59:59Z --json");
    place.asof("list --as-of '7 November'");
    place.told(r#"
$ asof restore --as-of 2025-11-06
! error: at 2025-11-06T23:59:59-06:00 nothing was frozen yet: the archive begins at 2025-11-07T03:00:00-06:00
!   hint: name a later time
exit 1
$ asof list --as-of 2025-11-07T08:59:59Z --json
! {"error":{"exit_code":1,"hint":"name a later time","message":"at 2025-11-07T02:59:59-06:00 nothing was frozen yet: the archive begins at 2025-11-07T03:00:00-06:00"}}
exit 1
$ asof list --as-of '7 November'
! error: invalid value '7 November' for '--as-of <TIME>': "7 November" names no time: give 2025-11-08T09:00, 2025-11-08T09:00:00-06:00, or a date for its end
! 
! For more information, try '--help'.
exit 2
"#);
}

#[test]
fn a_ledger_that_is_cut_in_a_line_is_read_up_to_there() {
    let place = restated();
    let ledger = place.read("snapshots/ledger.jsonl");
    place.write("snapshots/ledger.jsonl", format!("{ledger}{{\"seq\":5,\"at\":"));
    assert_eq!(page(&place, "latest@latest --as-of 2025-11-20"), "2025-11-06@2");
    assert_eq!(page(&place, "latest@latest --as-of 2025-11-08"), "2025-11-06");
}

#[test]
fn a_restated_day_shows_what_changed_and_why() {
    let place = restated();
    let changed = |when: &str| {
        let shown = place.asof(&format!("restore {when}")).stdout;
        place.forget();
        shown.split_once("\nChanged in").map(|(_, rest)| format!("Changed in{rest}"))
    };
    // Two of five calls were sales, then three; of eight in two days three were, then four.
    let expected = "\
Changed in 2025-11-06@2, frozen 9 Nov 2025 03:00 CST: late disposition
Metric                  2025-11-06  2025-11-06@2    Change
Sales                            2             3  +50.0 %
Conversion                 40.00 %       60.00 %  +20.00 pt
Conversion of the week     37.50 %       50.00 %  +12.50 pt
";
    let squeezed = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    for when in ["2025-11-06", "2025-11-06@2"] {
        assert_eq!(squeezed(&changed(when).unwrap()), squeezed(expected), "{when}");
    }
    let sales = changed("2025-11-06 --metric sales").unwrap();
    assert_eq!(sales.lines().count(), 3, "{sales}");
    assert_eq!(changed("2025-11-06 --metric calls"), None);
    assert_eq!(changed("2025-11-05"), None);
}

#[test]
fn another_archive_needs_no_configuration() {
    let place = restated();
    let with = place.asof("restore 2025-11-06").stdout;
    let page_of_one = page(&place, "2025-11-06 --as-of 2025-11-08");
    fs::rename(place.path("snapshots"), place.path("moved")).unwrap();
    fs::remove_file(place.path("asof.toml")).unwrap();
    place.forget();
    assert_eq!(place.asof("restore 2025-11-06 --archive moved").stdout, with);
    // The zone is that of its days: 02:59 in Chicago is before the 9th's restatement.
    assert_eq!(page(&place, "2025-11-06@latest --archive moved --as-of 2025-11-09T02:59"), page_of_one);
    place.asof("list --archive moved --from 2025-11-05");
    place.asof("list --archive moved --stats");
    place.asof("list --archive nowhere");
    place.asof("restore");
    place.told(
        r#"
$ asof list --archive moved --from 2025-11-05
Day             Editions  Provenance       Calls  Sales  Minutes min  Conversion
2025-11-05 Wed  1         ○ reconstructed      3      1          1.5     33.33 %
2025-11-06 Thu  1 2       ● witnessed          5      2         16.5     40.00 %  @2 differs: late …
where editions differ, the first that is not provisional is shown, as by `asof restore`;
list --stats, series and compare take the latest
exit 0
$ asof list --archive moved --stats
! error: the argument '--archive <DIR>' cannot be used with '--stats'
! 
! Usage: asof list --archive <DIR> [ENTITY]
! 
! For more information, try '--help'.
exit 2
$ asof list --archive nowhere
! error: there is no archive at nowhere: the folder does not exist
!   hint: name the folder in which archive.json is with --archive
exit 1
$ asof restore
! error: there is no configuration asof.toml
!   hint: asof init writes one; another place is named by --config FILE or ASOF_CONFIG
exit 2
"#,
    );
}

fn mark(dir: &Path, at: &str, marks: &[Mark]) {
    Archive::open(dir).unwrap().mark(marks, Duration::from_secs(5), at.parse().unwrap()).unwrap();
}

#[test]
fn what_was_said_of_a_day_is_shown_and_only_what_was_said_by_then() {
    let place = restated();
    let date = "2025-11-06".parse().unwrap();
    let label = |label: &str, set| Mark::Label { date, label: label.to_owned(), set };
    let dir = place.path("snapshots");
    mark(&dir, "2025-11-10T09:00:00Z", &[label("outage", true), label("wrong", true)]);
    let text = "the dialer\nwas down".to_owned();
    mark(&dir, "2025-11-11T09:00:00Z", &[label("wrong", false), Mark::Note { date, text }]);
    mark(&dir, "2025-11-12T09:00:00Z", &[Mark::Pin { date, set: true }]);
    let said = |arguments: &str| {
        let shown = place.asof(&format!("restore 2025-11-06@2 --metric calls {arguments}")).stdout;
        let lines: Vec<&str> = shown.lines().filter(|line| line.starts_with("! ")).collect();
        lines.into_iter().filter(|line| !line.contains("edition")).map(str::to_owned).collect::<Vec<_>>()
    };
    let reconstructed =
        "! Reconstructed: frozen after the next day was final, from what the rows said by then.";
    assert_eq!(
        said(""),
        [
            "! Labelled outage.",
            "! Pinned: it is kept whole, whatever the retention says.",
            "! Note of 2025-11-11 09:00 UTC: the dialer␊was down",
            reconstructed,
        ]
    );
    assert_eq!(said("--as-of 2025-11-10T12:00"), ["! Labelled outage, wrong.", reconstructed]);
    assert_eq!(said("--as-of 2025-11-09"), [reconstructed]);
    place.forget();
    place.env("COLUMNS", "140");
    let line = |arguments: &str| {
        let listed = place.asof(&format!("list --from 2025-11-06 --metric calls {arguments}")).stdout;
        let day = listed.lines().find(|line| line.starts_with("2025-11-06")).unwrap();
        day.rsplit_once("  ").unwrap().1.to_owned()
    };
    assert_eq!(line(""), "pinned; #outage; @2 differs: late disposition; “the dialer␊was down”");
    assert_eq!(line("--as-of 2025-11-09"), "@2 differs: late disposition");
    let json: serde_json::Value = serde_json::from_str(&place.asof("list --json").stdout).unwrap();
    let days = json["days"].as_array().unwrap();
    assert_eq!(days[2]["labels"], serde_json::json!(["outage"]));
    assert_eq!(days[2]["pinned"], true);
    assert_eq!(
        days[2]["notes"],
        serde_json::json!([{ "at": "2025-11-11T09:00:00Z", "text": "the dialer\nwas down" }])
    );
    assert!(days[1].get("labels").is_none() && days[1].get("notes").is_none());
    assert!(days[1].get("pinned").is_none());
}
