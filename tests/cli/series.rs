//! `series`: a metric day by day, with gaps, editions, and what defined it.

use std::fs;

use asof::archive::cube_file;
use asof::model::Cells;
use serde_json::{Value, json};

use super::calls;
use crate::support::command::Place;

/// Day 3 without calls, a gap, 3 calls, 5 of which 2 are sales and then 3, and a day that is not over with one.
fn days() -> Place {
    let place = calls();
    place.done(&["save 2025-11-03", "save 2025-11-05", "save 2025-11-06", "save 2025-11-07 --provisional"]);
    place.sqlite("calls.db", "update calls set status = 'SALE' where status = 'DROP'");
    place.at("2025-11-09T03:00:00-06:00");
    place.done(&["save 2025-11-06 --restate --reason 'late disposition'"]);
    place
}

#[test]
fn a_metric_is_shown_with_its_gap_and_its_editions() {
    let place = days();
    place.asof("series calls");
    place.asof("series sales --last 3d");
    place.asof("series conversion --from 2025-11-05 --to 2025-11-06");
    place.asof("series calls --quiet");
    place.told(
        r#"
$ asof series calls
5    █
     █
    ▅█
    ██
    ██▂
0 ▁ ███
  2025-11-03 – 2025-11-07

Day             Calls   Change  Edition  Provenance
2025-11-03 Mon      0                 1  ○ reconstructed
2025-11-04      not captured
2025-11-05 Wed      3                 1  ○ reconstructed
2025-11-06 Thu      5  +66.7 %        2  ○ reconstructed
2025-11-07 Fri      1  −80.0 %        1  ◐ provisional
exit 0
$ asof series sales --last 3d
3  █
   █
   █
  ▁█▁
  ███
0 ███
  2025-11-05 – 2025-11-07

Day             Sales   Change  Edition  Provenance
2025-11-05 Wed      1                 1  ○ reconstructed
2025-11-06 Thu      3   +200 %        2  ○ reconstructed
2025-11-07 Fri      1  −66.7 %        1  ◐ provisional
exit 0
$ asof series conversion --from 2025-11-05 --to 2025-11-06
60.00 %  █
         █
         █
         █
         █
33.33 % ▁█
        2025-11-05 – 2025-11-06

Day             Conversion     Change  Edition  Provenance
2025-11-05 Wed     33.33 %                   1  ○ reconstructed
2025-11-06 Thu     60.00 %  +26.67 pt        2  ○ reconstructed
exit 0
$ asof series calls --quiet
exit 0
"#,
    );
}

#[test]
fn programs_and_spreadsheets_are_told_the_same() {
    let place = days();
    let told: Value = serde_json::from_str(&place.asof("series sales --json").stdout).unwrap();
    assert_eq!(told["gaps"], json!([{ "from": "2025-11-04", "to": "2025-11-04", "days": 1 }]));
    assert_eq!(
        (&told["label"], &told["unit"], &told["redefined"]),
        (&json!("Sales"), &json!(null), &json!([]))
    );
    let points = told["points"].as_array().unwrap();
    let short: Vec<String> = points
        .iter()
        .map(|point| {
            format!(
                "{} {} {} {} {} {}",
                point["date"],
                point["edition"],
                point["provenance"],
                point["value"],
                point["change"],
                point["percentage"]
            )
        })
        .collect();
    assert_eq!(
        short,
        [
            r#""2025-11-03" 1 "reconstructed" 0 null null"#,
            r#""2025-11-05" 1 "reconstructed" 1 null null"#,
            r#""2025-11-06" 2 "reconstructed" 3 2 200.00"#,
            r#""2025-11-07" 1 "provisional" 1 -2 -66.67"#,
        ]
    );
    place.forget();
    place.hide(points[0]["definitions"].as_str().unwrap(), "SALES");
    place.asof("series sales --csv --from 2025-11-03");
    place.told(
        r#"
$ asof series sales --csv --from 2025-11-03
date,value,edition,provenance,definitions,note
2025-11-03,0,1,reconstructed,[SALES],
2025-11-04,,,,,not captured
2025-11-05,1,1,reconstructed,[SALES],
2025-11-06,3,2,reconstructed,[SALES],
2025-11-07,1,1,provisional,[SALES],
exit 0
"#,
    );
}

#[test]
fn members_are_columns_largest_first() {
    let place = days();
    place.asof("series calls --by campaign --from 2025-11-05 --to 2025-11-06 --top 2");
    place.asof("series calls --by campaign --from 2025-11-05 --to 2025-11-06 --all --csv");
    let told = place.take();
    // Of the campaigns 1027 has 2 and 3 calls, 2044 one each, and one call has none.
    let table = told.split("\n\n").nth(1).unwrap().split("$ asof").next().unwrap();
    assert_eq!(
        table,
        "\
Day             Calls   Change  Edition  Provenance       EASTSIDE 1027  Harbour 2044
2025-11-05 Wed      3                 1  ○ reconstructed              2             1
2025-11-06 Thu      5  +66.7 %        2  ○ reconstructed              3             1
1 more member of campaign: --top COUNT or --all shows them
exit 0
"
    );
    assert!(
        told.contains(
            "date,value,edition,provenance,definitions,note,campaign=1027,campaign=2044,campaign is null\n"
        ),
        "{told}"
    );
    assert!(told.contains(",,2,1,0\n") && told.contains(",,3,1,1\n"), "{told}");
    place.asof("series calls --by hours");
    place.asof("series calls --top 3");
    let told = place.take();
    assert!(told.contains("calls is not broken down by \"hours\" on any of these days"), "{told}");
    assert!(told.contains("did you mean \"hour\"? known dimensions: hour, campaign, status"), "{told}");
    assert_eq!(told.matches("exit 2").count(), 2, "{told}");
}

#[test]
fn a_change_of_definitions_is_marked_and_not_compared_across() {
    let place = days();
    place.change("asof.toml", "sale = [\"SALE\"]", "sale = [\"SALE\", \"NA\"]");
    place.at("2025-11-10T03:00:00-06:00");
    place.done(&["save 2025-11-08"]);
    place.asof("series sales --last 2d");
    place.told(
        r#"
$ asof series sales --last 2d
1 █
  █
  █
  █
  █
0 █▁
  2025-11-07 – 2025-11-08

Day             Sales  Change  Edition  Provenance
2025-11-07 Fri      1                1  ◐ provisional
2025-11-08      defined otherwise from here on
2025-11-08 Sat      0                1  ○ reconstructed
exit 0
"#,
    );
    // Calls are what they were: their definition does not use the list.
    let told: Value = serde_json::from_str(&place.asof("series calls --json").stdout).unwrap();
    assert_eq!(told["redefined"], json!([]));
    let run = place.asof("series sales --html sales.html");
    assert_eq!((run.code, run.stdout.as_str()), (0, "sales.html\n"));
    let page = place.read("sales.html");
    assert!(page.contains("From 2025-11-08 on the metric was defined otherwise"), "{page}");
    assert!(page.contains(r#"class="redefined" x1="100.00%""#), "{page}");
    assert!(page.contains(r#"<circle class="provisional" cx="80.00%""#), "{page}");
    assert!(page.contains("2025-11-04: not captured"), "{page}");
    assert!(page.contains(r#"<data value="3">3</data>"#), "{page}");
    // From the 3rd to the 8th: a point, a gap, and the line from the 5th on.
    assert!(page.contains(r#"class="line" d="M0.00 220.0h0M400.00 "#), "{page}");
    assert!(!page.contains("http://") && !page.contains("https://") && !page.contains("<script"), "{page}");
}

#[test]
fn a_metric_that_a_day_did_not_measure_is_not_known_there() {
    let place = days();
    place.change(
        "asof.toml",
        "[metrics]",
        "[metrics]\nlost = { of = \"calls\", count = true, where = \"status = 'NA'\" }",
    );
    place.at("2025-11-10T03:00:00-06:00");
    place.done(&["save 2025-11-08"]);
    let told: Value = serde_json::from_str(&place.asof("series lost --json --last 2d").stdout).unwrap();
    assert_eq!(
        (&told["points"][0]["value"], &told["points"][0]["note"]),
        (&json!(null), &json!("not measured then"))
    );
    assert_eq!((&told["points"][1]["value"], &told["points"][1]["note"]), (&json!(0), &json!(null)));
}

#[test]
fn what_was_known_at_a_time_is_shown_without_a_configuration() {
    let place = days();
    fs::remove_file(place.path("asof.toml")).unwrap();
    place.asof("series sales --archive snapshots --as-of 2025-11-08T00:00:00Z --from 2025-11-06 --csv");
    place.asof("series sales --archive snapshots --as-of 2025-11-06T00:00:00Z");
    place.asof("series sales --archive nowhere");
    let told = place.take();
    // Before the restatement there were two sales, in edition 1.
    assert!(told.contains("2025-11-06,2,1,witnessed,"), "{told}");
    assert!(
        told.contains("nothing was frozen yet: the archive begins at 2025-11-07T03:00:00-06:00"),
        "{told}"
    );
    assert!(told.contains("there is no archive at nowhere"), "{told}");
    let unit: Value =
        serde_json::from_str(&place.asof("series minutes --archive snapshots --json").stdout).unwrap();
    assert_eq!((&unit["label"], &unit["unit"]), (&json!("Minutes"), &json!("min")));
}

#[test]
fn parquet_holds_the_exact_numbers() {
    let place = days();
    assert_eq!(place.asof("series minutes --by campaign --parquet minutes.parquet").code, 0);
    let table = cube_file::decode(fs::read(place.path("minutes.parquet")).unwrap()).unwrap();
    let numbers = |name: &str| match table.column(name).unwrap() {
        Cells::Number(cells) => cells
            .iter()
            .map(|cell| cell.as_ref().map(|number| number.trimmed().to_string()))
            .collect::<Vec<_>>(),
        Cells::Text(_) => panic!("{name} holds texts"),
    };
    let some = |text: &str| Some(text.to_owned());
    // Nothing, not captured, 90 seconds, 990 seconds, 60 seconds.
    assert_eq!(numbers("value"), [some("0"), None, some("1.5"), some("16.5"), some("1")]);
    assert_eq!(numbers("edition"), [some("1"), None, some("1"), some("2"), some("1")]);
    assert_eq!(numbers("campaign=2044"), [some("0"), None, some("0.5"), some("6"), some("0")]);
    assert_eq!(table.metadata["asof.unit"], "min");
}

#[test]
fn nothing_is_overwritten_and_nothing_written_into_the_archive() {
    let place = days();
    let before = place.tree("snapshots");
    place.write("there.html", "mine");
    place.asof("series calls --html there.html");
    place.asof("series calls --parquet snapshots/calls.parquet");
    place.asof("series calls --html missing/calls.html");
    place.told(
        r#"
$ asof series calls --html there.html
! error: there.html is there already
!   hint: choose another name: nothing is overwritten
exit 1
$ asof series calls --parquet snapshots/calls.parquet
! error: snapshots/calls.parquet lies in the archive, where nothing but frozen days belongs
!   hint: choose a folder outside of it
exit 1
$ asof series calls --html missing/calls.html
! error: missing/calls.html can't be written: No such file or directory (os error 2)
!   hint: name a file in a folder that you may write into, on a disk with room
exit 1
"#,
    );
    assert_eq!((place.read("there.html").as_str(), place.tree("snapshots")), ("mine", before));
}

#[test]
fn wrong_names_and_ranges_are_told() {
    let place = days();
    place.asof("series call");
    place.asof("series calls --from 2025-11-07 --to 2025-11-05");
    place.asof("series calls --from 2026-01-01");
    place.asof("series calls --last 9");
    place.asof("series calls --as-of yesterday");
    place.told(
        r#"
$ asof series call
! error: "call" is no metric of this archive
!   hint: did you mean "calls"? known metrics: calls, sales, minutes, conversion, week
exit 2
$ asof series calls --from 2025-11-07 --to 2025-11-05
! error: the range from 2025-11-07 to 2025-11-05 runs backwards
!   hint: let --from be the earlier day
exit 2
$ asof series calls --from 2026-01-01
! error: no day of that range is frozen
!   hint: asof list shows what is frozen
exit 1
$ asof series calls --last 9
! error: invalid value '9' for '--last <DAYS>': write a number of days such as 90d
! 
! For more information, try '--help'.
exit 2
$ asof series calls --as-of yesterday
! error: invalid value 'yesterday' for '--as-of <TIME>': "yesterday" names no time: give 2025-11-08T09:00, 2025-11-08T09:00:00-06:00, or a date for its end
! 
! For more information, try '--help'.
exit 2
"#,
    );
}

#[test]
fn a_day_whose_folder_is_gone_keeps_its_total() {
    let place = days();
    fs::remove_dir_all(place.path("snapshots/2025-11-05")).unwrap();
    let told: Value = serde_json::from_str(&place.asof("series calls --json --last 3d").stdout).unwrap();
    let point = &told["points"][0];
    assert_eq!((&point["date"], &point["value"]), (&json!("2025-11-05"), &json!(3)));
    assert_eq!(point["note"], "its folder is missing; the ledger has its value");
    fs::remove_dir_all(place.path("snapshots/2025-11-03")).unwrap();
    let run = place.asof("series calls");
    let note =
        "2 days from 2025-11-03 to 2025-11-05, each: its folder is missing; the ledger has its value\n";
    assert!(run.stdout.ends_with(note), "{}", run.stdout);
}
