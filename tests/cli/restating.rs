//! `save --restate`: what makes a new edition, and what does not.

use super::{calls, frozen};

#[test]
fn a_restatement_is_a_new_edition_only_if_a_number_differs() {
    let place = frozen();
    let before = place.tree("snapshots");
    place.asof("save 2025-11-06 --restate --reason 'nothing came' -v");
    assert_eq!(place.tree("snapshots"), before);
    place.sqlite("calls.db", "update calls set status = 'SALE' where status = 'DROP'");
    place.at("2025-11-10T03:00:00-06:00");
    place.asof("save 2025-11-06 --restate --reason 'late disposition' -v");
    place.asof("list");
    place.asof("restore 2025-11-06 --metric sales --by status");
    place.asof("restore 2025-11-06@2 --metric sales --by status");
    place.told(r#"
$ asof save 2025-11-06 --restate --reason 'nothing came' -v
2025-11-06 reads the same now; no new edition
exit 0
$ asof save 2025-11-06 --restate --reason 'late disposition' -v
froze 2025-11-06@2 (reconstructed) from 5 rows
  Calls 5 · Sales 3 · Minutes 16.5 min · Conversion 60.00 % · Conversion of the week 60.00 %
  differs from the edition before in calls, minutes, sales
  snapshots/2025-11-06@2/dashboard.html
exit 0
$ asof list
Day             Editions  Provenance   Calls  Sales  Minutes min  Conversion
2025-11-06 Thu  1 2       ● witnessed      5      2         16.5     40.00 %  @2 differs: late disp…
where editions differ, the first that is not provisional is shown, as by `asof restore`;
list --stats, series and compare take the latest
exit 0
$ asof restore 2025-11-06 --metric sales --by status
Thursday 6 November 2025  Calls
● witnessed · frozen 7 Nov 03:00:00 CST · day 6 Nov 00:00 – 7 Nov 00:00 CST (24 h) · edition 1
newest event seen 23:59:59 · definitions ebe3·092c
! A later edition exists: 2025-11-06@2, frozen 2025-11-10 09:00 UTC (late disposition); it differs in sales, conversion, week.
Not compared with other days: Thu 30 Oct and Wed 5 Nov were not captured.

Sales  2

Status    Sales                              Share
SALE          2  ████████████████████████  100.0 %
“” empty      0                              0.0 %
DROP          0                              0.0 %
NA            0                              0.0 %
All           2                            100.0 %

Changed in 2025-11-06@2, frozen 10 Nov 2025 03:00 CST: late disposition
Metric  2025-11-06  2025-11-06@2   Change
Sales            2             3  +50.0 %
exit 0
$ asof restore 2025-11-06@2 --metric sales --by status
Thursday 6 November 2025  Calls
○ reconstructed · frozen 10 Nov 03:00:00 CST · day 6 Nov 00:00 – 7 Nov 00:00 CST (24 h) · edition 2
newest event seen 23:59:59 · definitions ebe3·092c
! The day has 2 editions; this is the latest.
! Reconstructed: frozen after the next day was final, from what the rows said by then.
! This is edition 2 and restates edition 1, which stays as it was: late disposition.
Not compared with other days: Thu 30 Oct and Wed 5 Nov were not captured.

Sales  3

Status    Sales                              Share
SALE          3  ████████████████████████  100.0 %
“” empty      0                              0.0 %
NA            0                              0.0 %
All           3                            100.0 %

Changed in 2025-11-06@2, frozen 10 Nov 2025 03:00 CST: late disposition
Metric  2025-11-06  2025-11-06@2   Change
Sales            2             3  +50.0 %
exit 0
"#);
    let after = place.tree("snapshots");
    for (path, content) in &before {
        // The index follows from the rest, and is made again.
        if !["ledger.jsonl", "index.html"].contains(&path.as_str()) {
            assert_eq!(after.get(path), Some(content), "{path}");
        }
    }
    assert!(after["ledger.jsonl"].starts_with(&before["ledger.jsonl"]));
}

#[test]
fn a_move_between_groups_is_a_difference_although_every_total_stays() {
    let place = calls();
    place.sqlite(
        "calls.db",
        "insert into calls (at, campaign, status) values ('2025-11-06 12:00:00', '1027', 'NA'), ('2025-11-06 13:00:00', '2044', 'NA')",
    );
    place.asof("save");
    // Two rows of one hour and group change places: nothing differs.
    place.sqlite(
        "calls.db",
        "update calls set status = 'DROP', seconds = 30 where at = '2025-11-06 09:15:00';
         update calls set status = 'NA', seconds = 0 where at = '2025-11-06 09:45:00'",
    );
    place.asof("save --restate --reason 'changed places' -v");
    // Each hour and each campaign has what it had: only their crossing differs.
    place.sqlite(
        "calls.db",
        "update calls set campaign = '2044' where at = '2025-11-06 12:00:00';
         update calls set campaign = '1027' where at = '2025-11-06 13:00:00'",
    );
    place.asof("save --restate --reason 'moved between campaigns' -v");
    place.told(
        r#"
$ asof save
exit 0
$ asof save --restate --reason 'changed places' -v
2025-11-06 reads the same now; no new edition
exit 0
$ asof save --restate --reason 'moved between campaigns' -v
froze 2025-11-06@2 (witnessed) from 7 rows
  Calls 7 · Sales 2 · Minutes 16.5 min · Conversion 28.57 % · Conversion of the week 28.57 %
  differs from the edition before in single groups of calls
  snapshots/2025-11-06@2/dashboard.html
exit 0
"#,
    );
}

#[test]
fn what_is_defined_differently_is_not_compared() {
    let place = frozen();
    place.change("asof.toml", "sale = [\"SALE\"]", "sale = [\"SALE\", \"DROP\"]");
    place.asof("save --restate --reason 'other sales' -v");
    place.sqlite("calls.db", "update calls set seconds = 660 where seconds = 600");
    place.asof("save --restate --reason 'other sales' -v");
    place.told(
        r#"
$ asof save --restate --reason 'other sales' -v
2025-11-06: no number that is defined as it was then differs; no new edition
  not compared, since defined differently now: sales
exit 0
$ asof save --restate --reason 'other sales' -v
froze 2025-11-06@2 (witnessed) from 5 rows
  Calls 5 · Sales 3 · Minutes 17.5 min · Conversion 60.00 % · Conversion of the week 60.00 %
  differs from the edition before in minutes
  snapshots/2025-11-06@2/dashboard.html
exit 0
"#,
    );
}

#[test]
fn other_labels_make_no_edition() {
    let place = frozen();
    let before = place.tree("snapshots");
    place.sqlite("calls.db", "update campaigns set name = 'Westside'");
    place.change("asof.toml", "unit = \"min\"", "unit = \"minutes\", label = \"Talk\"");
    place.asof("save --restate --reason 'renamed' -v");
    assert_eq!(place.tree("snapshots"), before);
    place.asof("restore --by campaign --metric calls");
    place.told(
        r#"
$ asof save --restate --reason 'renamed' -v
2025-11-06 reads the same now; no new edition
exit 0
$ asof restore --by campaign --metric calls
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
"#,
    );
}

#[test]
fn a_number_over_several_days_sets_off_no_edition_by_itself() {
    let place = frozen();
    place.asof("save 2025-11-05");
    place.asof("restore 2025-11-06 --metric week");
    // Now the week has one more day, and the day's own numbers are what they were.
    place.asof("save 2025-11-06 --restate --reason 'a day came in' -v");
    place.told(
        r#"
$ asof save 2025-11-05
exit 0
$ asof restore 2025-11-06 --metric week
Thursday 6 November 2025  Calls
● witnessed · frozen 7 Nov 03:00:00 CST · day 6 Nov 00:00 – 7 Nov 00:00 CST (24 h) · edition 1
newest event seen 23:59:59 · definitions ebe3·092c
Not compared with other days: Thu 30 Oct and Wed 5 Nov were not captured.

Conversion of the week  40.00  %  2 sales / 5 calls
                                  over 7 days, 1 of them frozen
                                  this day 40.00 %

      Conversion of
           the week
Hour         7 days
00         100.00 %  ████████████████████████
09           0.00 %
17         100.00 %  ████████████████████████
23           0.00 %
All         40.00 %

               Conversion of
                    the week
Campaign              7 days
Harbour 2044        100.00 %  ████████████████████████
EASTSIDE 1027        33.33 %  ████████
∅ no value            0.00 %
All                  40.00 %

          Conversion of
               the week
Status           7 days
SALE           100.00 %  ████████████████████████
“” empty         0.00 %
DROP             0.00 %
NA               0.00 %
All             40.00 %
exit 0
$ asof save 2025-11-06 --restate --reason 'a day came in' -v
2025-11-06 reads the same now; no new edition
exit 0
"#,
    );
}
