//! `restore`: which day is meant, and in what shape it is given.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;

use super::{calls, frozen};
use crate::support::command::Place;

/// Three days; 2025-11-06 is provisional, final and restated.
fn three_days() -> Place {
    let place = calls();
    place.at("2025-11-07T01:00:00-06:00");
    place.done(&["save 2025-11-01", "save 2025-11-05", "save 2025-11-06"]);
    place.at("2025-11-07T03:00:00-06:00");
    place.done(&["save 2025-11-06"]);
    place.sqlite("calls.db", "update calls set status = 'SALE' where status = 'DROP'");
    place.at("2025-11-09T03:00:00-06:00");
    place.done(&["save 2025-11-06 --restate --reason 'late disposition'"]);
    place
}

#[test]
fn a_day_is_shown_as_tables() {
    let place = frozen();
    place.asof("restore 2025-11-06");
    place.told(
        r#"
$ asof restore 2025-11-06
Thursday 6 November 2025  Calls
● witnessed · frozen 7 Nov 03:00:00 CST · day 6 Nov 00:00 – 7 Nov 00:00 CST (24 h) · edition 1
newest event seen 23:59:59 · definitions ebe3·092c
Not compared with other days: Thu 30 Oct and Wed 5 Nov were not captured.

Calls                       5
Sales                       2
Minutes                  16.5  min
Conversion              40.00  %    2 sales / 5 calls
Conversion of the week  40.00  %    2 sales / 5 calls
                                    over 7 days, 1 of them frozen
                                    this day 40.00 %

                                                                       Conversion of
                                                                            the week
Hour  Calls                            Sales  Minutes min  Conversion         7 days
00        1  ████████████                  1         10.0    100.00 %       100.00 %
09        2  ████████████████████████      0          0.5      0.00 %         0.00 %
17        1  ████████████                  1          6.0    100.00 %       100.00 %
23        1  ████████████                  0            —      0.00 %         0.00 %
All       5                                2         16.5     40.00 %        40.00 %
— every value is NULL

                                                                                Conversion of
                                                                                     the week
Campaign       Calls                            Sales  Minutes min  Conversion         7 days
EASTSIDE 1027      3  ████████████████████████      1         10.5     33.33 %        33.33 %
Harbour 2044       1  ████████                      1          6.0    100.00 %       100.00 %
∅ no value         1  ████████                      0            —      0.00 %         0.00 %
All                5                                2         16.5     40.00 %        40.00 %
— every value is NULL

                                                                           Conversion of
                                                                                the week
Status    Calls                            Sales  Minutes min  Conversion         7 days
SALE          2  ████████████████████████      2         16.0    100.00 %       100.00 %
“” empty      1  ████████████                  0            —      0.00 %         0.00 %
DROP          1  ████████████                  0          0.5      0.00 %         0.00 %
NA            1  ████████████                  0          0.0      0.00 %         0.00 %
All           5                                2         16.5     40.00 %        40.00 %
— every value is NULL
exit 0
"#,
    );
}

#[test]
fn a_day_has_many_names() {
    let place = three_days();
    let page = |when: &str| {
        let out = place.asof(&format!("restore {when} --html")).stdout;
        let path = out.trim_end().strip_suffix("/dashboard.html").unwrap().to_owned();
        path.rsplit_once('/').unwrap().1.to_owned()
    };
    // The first edition that is not provisional, unless another is named.
    for when in ["", "latest", "2025-11-06", "-3d", "2025-11-06@2", "latest@2"] {
        assert_eq!(page(when), "2025-11-06@2", "{when}");
    }
    assert_eq!(page("2025-11-06@1"), "2025-11-06");
    assert_eq!(page("latest@3"), "2025-11-06@3");
    assert_eq!(page("latest~1"), "2025-11-05");
    assert_eq!(page("latest~2"), "2025-11-01");
    place.at("2025-11-07T12:00:00-06:00");
    assert_eq!(page("yesterday"), "2025-11-06@2");
}

#[test]
fn a_day_that_is_not_there_is_told_with_its_neighbours() {
    let place = three_days();
    place.asof("restore 2025-11-03");
    place.asof("restore 2025-10-31");
    place.asof("restore yesterday --json");
    place.asof("restore 2025-11-06@4");
    place.asof("restore 2025-11-05@2");
    place.asof("restore latest~3");
    place.told(
        r#"
$ asof restore 2025-11-03
! error: 2025-11-03 is not in the archive
!   hint: the nearest days that exist: 2025-11-01 and 2025-11-05
exit 1
$ asof restore 2025-10-31
! error: 2025-10-31 is not in the archive
!   hint: the nearest days that exist: 2025-11-01
exit 1
$ asof restore yesterday --json
! {"error":{"exit_code":1,"hint":"the nearest days that exist: 2025-11-06","message":"2025-11-08 is not in the archive"}}
exit 1
$ asof restore 2025-11-06@4
! error: 2025-11-06@4 is not in the archive: the day has editions 1, 2 and 3
!   hint: asof list shows what there is
exit 1
$ asof restore 2025-11-05@2
! error: 2025-11-05@2 is not in the archive: the day has edition 1 only
!   hint: asof list shows what there is
exit 1
$ asof restore latest~3
! error: there is no latest~3: the archive holds 3 days
!   hint: asof list shows what there is
exit 1
"#);
}

#[test]
fn what_is_shown_says_that_a_later_edition_differs() {
    let place = three_days();
    let said = |when: &str| {
        let shown = place.asof(&format!("restore {when} --metric calls --by hour")).stdout;
        shown.lines().filter(|line| line.starts_with("! ")).collect::<Vec<_>>().join("\n")
    };
    assert_eq!(
        said("2025-11-06"),
        "! A later edition exists: 2025-11-06@3, frozen 2025-11-09 09:00 UTC (late disposition); it differs in sales, conversion, week.\n\
         ! Edition 1 was frozen before the day was final; this one, 2, once it was."
    );
    assert_eq!(
        said("2025-11-01"),
        "! Reconstructed: frozen after the next day was final, from what the rows said by then."
    );
}

#[test]
fn the_stored_document_comes_byte_for_byte() {
    let place = three_days();
    for (when, folder) in
        [("2025-11-06@1", "2025-11-06"), ("2025-11-06", "2025-11-06@2"), ("latest@3", "2025-11-06@3")]
    {
        let run = place.asof(&format!("restore {when} --json"));
        assert_eq!(
            (run.stdout, run.stderr, run.code),
            (place.read(&format!("snapshots/{folder}/metrics.json")), String::new(), 0)
        );
    }
}

#[test]
fn metrics_and_dimensions_narrow_what_is_shown() {
    let place = frozen();
    place.asof("restore --metric calls --by campaign");
    place.asof("restore --metric conversion --metric calls --by status --by hour");
    place.asof("restore --metric cells");
    place.asof("restore --by agent --json");
    place.told(r#"
$ asof restore --metric calls --by campaign
Thursday 6 November 2025  Calls
● witnessed · frozen 7 Nov 03:00:00 CST · day 6 Nov 00:00 – 7 Nov 00:00 CST (24 h) · edition 1
newest event seen 23:59:59 · definitions ebe3·092c
Not compared with other days: Thu 30 Oct and Wed 5 Nov were not captured.

Calls  5

Campaign       Calls                              Share
EASTSIDE 1027      3  ████████████████████████   60.0 %
Harbour 2044       1  ████████                   20.0 %
∅ no value         1  ████████                   20.0 %
All                5                            100.0 %
exit 0
$ asof restore --metric conversion --metric calls --by status --by hour
Thursday 6 November 2025  Calls
● witnessed · frozen 7 Nov 03:00:00 CST · day 6 Nov 00:00 – 7 Nov 00:00 CST (24 h) · edition 1
newest event seen 23:59:59 · definitions ebe3·092c
Not compared with other days: Thu 30 Oct and Wed 5 Nov were not captured.

Calls           5
Conversion  40.00  %  2 sales / 5 calls

Status    Calls                            Conversion
SALE          2  ████████████████████████    100.00 %
“” empty      1  ████████████                  0.00 %
DROP          1  ████████████                  0.00 %
NA            1  ████████████                  0.00 %
All           5                               40.00 %

Hour  Calls                            Conversion
00        1  ████████████                100.00 %
09        2  ████████████████████████      0.00 %
17        1  ████████████                100.00 %
23        1  ████████████                  0.00 %
All       5                               40.00 %
exit 0
$ asof restore --metric cells
! error: "cells" is no metric of that day
!   hint: 2025-11-06 has calls, sales, minutes, conversion, week
exit 2
$ asof restore --by agent --json
! {"error":{"exit_code":2,"hint":"2025-11-06 has hour, campaign, status","message":"\"agent\" is no dimension of that day"}}
exit 2
"#);
}

#[test]
fn the_document_is_narrowed_in_its_own_shape() {
    let place = frozen();
    let stored: Value = serde_json::from_str(&place.asof("restore --json").stdout).unwrap();
    // What was asked for as JSON is not silenced.
    let run = place.asof("restore --metric week --metric sales --by campaign --json --quiet");
    let narrowed: Value = serde_json::from_str(&run.stdout).unwrap();
    let mut expected = stored.clone();
    let metrics = expected["metrics"].as_object_mut().unwrap();
    metrics.retain(|name, _| name == "week" || name == "sales");
    for metric in metrics.values_mut() {
        metric["by"].as_object_mut().unwrap().retain(|dimension, _| dimension == "campaign");
    }
    assert_eq!(narrowed, expected);
    assert!(run.stdout.starts_with(r#"{"format":"asof.metrics/1","date":"2025-11-06""#), "{}", run.stdout);
}

#[test]
fn the_page_is_named_by_a_path_that_works_from_anywhere() {
    let place = frozen();
    place.asof("restore --html");
    place.asof("restore --html --json");
    place.told(
        r#"
$ asof restore --html
[DIR]/snapshots/2025-11-06/dashboard.html
exit 0
$ asof restore --html --json
{"page":"[DIR]/snapshots/2025-11-06/dashboard.html"}
exit 0
"#,
    );
    let page = place.read("snapshots/2025-11-06/dashboard.html");
    assert!(page.starts_with("<!DOCTYPE html>") || page.starts_with("<!doctype html>"), "{}", &page[..100]);
}

#[test]
fn a_page_that_was_changed_is_not_given_out() {
    let place = frozen();
    place.change("snapshots/2025-11-06/dashboard.html", "2025", "2026");
    place.asof("restore --html");
    place.asof("restore --open");
    place.asof("restore --output copy");
    place.told(r#"
$ asof restore --html
! error: snapshots/2025-11-06/dashboard.html has changed since it was frozen: its SHA-256 is [HEX], and its manifest says [HEX]
!   hint: restore it from a backup; asof never repairs what was frozen
exit 1
$ asof restore --open
! error: snapshots/2025-11-06/dashboard.html has changed since it was frozen: its SHA-256 is [HEX], and its manifest says [HEX]
!   hint: restore it from a backup; asof never repairs what was frozen
exit 1
$ asof restore --output copy
! error: snapshots/2025-11-06/dashboard.html has changed since it was frozen: its SHA-256 is [HEX], and its manifest says [HEX]
!   hint: restore it from a backup; asof never repairs what was frozen
exit 1
"#);
    assert!(place.tree("copy").is_empty());
}

#[test]
fn the_page_is_opened_by_the_browser_that_is_named() {
    let place = frozen();
    // It tells that it ran by a file that appears whole.
    place.write("browser", "#!/bin/sh\nprintf '%s\\n' \"$#\" \"$@\" > opened.new\nmv opened.new opened\n");
    fs::set_permissions(place.path("browser"), fs::Permissions::from_mode(0o755)).unwrap();
    place.env("BROWSER", place.path("browser").to_str().unwrap());
    place.env("PATH", "/usr/bin:/bin");
    place.asof("restore --open");
    place.told(
        r#"
$ asof restore --open
[DIR]/snapshots/2025-11-06/dashboard.html
exit 0
"#,
    );
    let started = std::time::Instant::now();
    while !place.path("opened").exists() {
        assert!(started.elapsed().as_secs() < 60, "the browser was not started");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let page = place.path("snapshots/2025-11-06/dashboard.html");
    assert_eq!(place.read("opened"), format!("1\n{}\n", page.display()));
    place.env("BROWSER", "/nowhere/browser");
    place.asof("restore --open");
    place.told(
        r#"
$ asof restore --open
[DIR]/snapshots/2025-11-06/dashboard.html
! error: /nowhere/browser can't be started: No such file or directory (os error 2)
!   hint: set BROWSER to a program that opens pages, or open the path above
exit 1
"#,
    );
}

#[test]
fn a_day_is_copied_out_whole_and_over_nothing() {
    let place = three_days();
    place.asof("restore 2025-11-06 --output there/deep");
    assert_eq!(place.tree("there/deep/2025-11-06@2"), place.tree("snapshots/2025-11-06@2"));
    place.write("there/deep/2025-11-06@2/mine", "mine");
    let before = place.tree("there");
    place.asof("restore 2025-11-06 --output there/deep");
    place.asof("restore 2025-11-06@1 --output there/deep --json");
    place.write("file", "");
    place.asof("restore --output file");
    // The archive is no place for copies, however it is named and however deep they would lie.
    let archive = place.tree("snapshots");
    place.asof("restore --output snapshots");
    place.asof("restore --output there/../snapshots/2025-11-01/new/deep --json");
    assert!(place.tree("snapshots") == archive);
    place.told(
        r#"
$ asof restore 2025-11-06 --output there/deep
there/deep/2025-11-06@2
exit 0
$ asof restore 2025-11-06 --output there/deep
! error: there/deep/2025-11-06@2 is there already
!   hint: choose another folder: nothing is overwritten
exit 1
$ asof restore 2025-11-06@1 --output there/deep --json
{"folder":"there/deep/2025-11-06"}
exit 0
$ asof restore --output file
! error: file can't be written: File exists (os error 17)
!   hint: name a folder that you may write into, on a disk with room
exit 1
$ asof restore --output snapshots
! error: snapshots lies in the archive, where nothing but frozen days belongs
!   hint: choose a folder outside of it
exit 1
$ asof restore --output there/../snapshots/2025-11-01/new/deep --json
! {"error":{"exit_code":1,"hint":"choose a folder outside of it","message":"there/../snapshots/2025-11-01/new/deep lies in the archive, where nothing but frozen days belongs"}}
exit 1
"#,
    );
    let after = place.tree("there");
    assert!(before.iter().all(|(path, content)| after.get(path) == Some(content)));
}

#[test]
fn restoring_needs_no_source() {
    let place = frozen();
    fs::remove_file(place.path("calls.db")).unwrap();
    assert_eq!(place.asof("restore").code, 0);
    assert_eq!(place.asof("list").code, 0);
    // A frozen day is not read again either.
    assert_eq!(place.asof("save 2025-11-06").code, 0);
}

#[test]
fn a_reader_that_goes_away_causes_no_noise() {
    let place = frozen();
    for command in ["restore", "restore --json", "list", "list --json", "--help", "restore --html"] {
        let program = env!("CARGO_BIN_EXE_asof");
        let script = format!("exec {program} {command} | true");
        let mut shell = place.command_by(&["/bin/sh", "-c", &script], &[]);
        let output = shell.output().unwrap();
        assert_eq!(String::from_utf8(output.stderr).unwrap(), "", "{command}");
        let closed = format!("exec {program} {command} >&-");
        let output = place.command_by(&["/bin/sh", "-c", &closed], &[]).output().unwrap();
        assert_eq!(String::from_utf8(output.stderr).unwrap(), "", "{command}");
        let full = format!("exec {program} {command} >/dev/full");
        let output = place.command_by(&["/bin/sh", "-c", &full], &[]).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        if command == "--help" {
            assert_eq!(said, "");
        } else {
            assert_eq!(
                said,
                "error: can't write to standard output: No space left on device (os error 28)\n"
            );
            assert_eq!(output.status.code(), Some(1));
        }
    }
}

#[test]
fn numbers_have_all_their_digits() {
    let place = calls();
    place.sqlite("calls.db", "insert into calls (at, campaign, status, seconds) values ('2025-11-06 10:00:00', '1027', 'NA', 9007199254740993)");
    place.change("asof.toml", "divide = 60, ", "");
    place.asof("save --json");
    let told: Value = serde_json::from_str(&place.asof("restore --json").stdout).unwrap();
    // 2^53 + 1, which no double holds, and the 990 seconds of the others.
    assert_eq!(told["metrics"]["minutes"]["value"].to_string(), "9007199254741983");
}
