//! `save`: which day, what is said, and what is left alone.

use serde_json::Value;

use super::{calls, frozen};

#[test]
fn yesterday_is_frozen_and_cron_hears_nothing() {
    let place = calls();
    place.asof("save");
    place.asof("list");
    place.told(
        r#"
$ asof save
exit 0
$ asof list
Day             Editions  Provenance   Calls  Sales  Minutes min  Conversion
2025-11-06 Thu  1         ● witnessed      5      2         16.5     40.00 %
exit 0
"#,
    );
}

#[test]
fn what_was_frozen_is_said_where_it_is_asked_for() {
    let place = calls();
    place.asof("save -v");
    place.asof("save -v");
    place.asof("save 2025-11-05 -v");
    place.told(
        r#"
$ asof save -v
froze 2025-11-06 (witnessed) from 5 rows
  Calls 5 · Sales 2 · Minutes 16.5 min · Conversion 40.00 % · Conversion of the week 40.00 %
  snapshots/2025-11-06/dashboard.html
exit 0
$ asof save -v
2025-11-06 is frozen already (witnessed); nothing changed
exit 0
$ asof save 2025-11-05 -v
froze 2025-11-05 (reconstructed) from 3 rows
  Calls 3 · Sales 1 · Minutes 1.5 min · Conversion 33.33 % · Conversion of the week 33.33 %
  snapshots/2025-11-05/dashboard.html
exit 0
"#,
    );
}

#[test]
fn a_program_is_told_what_was_frozen() {
    let place = calls();
    place.asof("save --json");
    place.asof("save --json");
    place.asof("save --restate --reason why --json");
    place.told(r#"
$ asof save --json
{"date":"2025-11-06","differs_in":null,"edition":1,"event":"day","folder":"snapshots/2025-11-06","metrics":{"calls":5,"conversion":0.4,"minutes":16.5,"sales":2,"week":0.4},"provenance":"witnessed","rows":5,"status":"frozen","trigger":"save"}
exit 0
$ asof save --json
{"date":"2025-11-06","edition":1,"event":"day","provenance":"witnessed","status":"kept"}
exit 0
$ asof save --restate --reason why --json
{"date":"2025-11-06","edition":1,"event":"day","redefined":[],"status":"unchanged"}
exit 0
"#);
}

#[test]
fn a_second_save_changes_nothing() {
    let place = frozen();
    let before = place.tree("snapshots");
    place.sqlite("calls.db", "update calls set status = 'SALE'");
    place.asof("save");
    place.asof("save 2025-11-06");
    place.asof("save --provisional");
    place.told(
        r#"
$ asof save
exit 0
$ asof save 2025-11-06
exit 0
$ asof save --provisional
exit 0
"#,
    );
    assert_eq!(place.tree("snapshots"), before);
}

#[test]
fn yesterday_follows_the_zone_and_the_days_start() {
    let place = calls();
    // In Chicago it is still the evening of the 6th.
    place.at("2025-11-07T05:59:59Z");
    place.asof("save -v");
    // With days from six to six it is the 6th until six in the morning.
    place.change("asof.toml", "\n\n[lists]", "\nday_starts_at = \"06:00\"\n\n[lists]");
    place.change("asof.toml", "[source]", "[archive]\ndir = \"from-six\"\n\n[source]");
    place.at("2025-11-07T05:59:00-06:00");
    place.asof("save -v");
    place.at("2025-11-07T09:00:00-06:00");
    place.asof("save -v");
    place.told(
        r#"
$ asof save -v
froze 2025-11-05 (witnessed) from 3 rows
  Calls 3 · Sales 1 · Minutes 1.5 min · Conversion 33.33 % · Conversion of the week 33.33 %
  snapshots/2025-11-05/dashboard.html
exit 0
$ asof save -v
froze 2025-11-05 (witnessed) from 4 rows
  Calls 4 · Sales 2 · Minutes 11.5 min · Conversion 50.00 % · Conversion of the week 50.00 %
  from-six/2025-11-05/dashboard.html
exit 0
$ asof save -v
froze 2025-11-06 (witnessed) from 5 rows
  Calls 5 · Sales 2 · Minutes 7.5 min · Conversion 40.00 % · Conversion of the week 44.44 %
  from-six/2025-11-06/dashboard.html
exit 0
"#,
    );
}

#[test]
fn a_day_that_has_not_ended_waits_unless_it_is_asked_for() {
    let place = calls();
    place.asof("save today");
    place.asof("save 2025-11-07 --json");
    place.asof("save 2025-11-08");
    place.asof("save 2025-11-08 --provisional");
    place.asof("save 9999-12-30 --provisional");
    assert!(place.tree("snapshots").is_empty());
    place.asof("save today --provisional -v");
    place.asof("save today -v");
    place.told(r#"
$ asof save today
! error: 2025-11-07 has not ended: it ends at 2025-11-08 00:00 CST
!   hint: wait until it is over, or freeze it as it stands with --provisional
exit 2
$ asof save 2025-11-07 --json
! {"error":{"exit_code":2,"hint":"wait until it is over, or freeze it as it stands with --provisional","message":"2025-11-07 has not ended: it ends at 2025-11-08 00:00 CST"}}
exit 2
$ asof save 2025-11-08
! error: 2025-11-08 has not begun: it begins at 2025-11-08 00:00 CST
!   hint: nothing can be known of it yet: freeze it once it is over
exit 2
$ asof save 2025-11-08 --provisional
! error: 2025-11-08 has not begun: it begins at 2025-11-08 00:00 CST
!   hint: nothing can be known of it yet: freeze it once it is over
exit 2
$ asof save 9999-12-30 --provisional
! error: 9999-12-30 has not begun: it begins at 9999-12-30 00:00 CST
!   hint: nothing can be known of it yet: freeze it once it is over
exit 2
$ asof save today --provisional -v
froze 2025-11-07 (provisional) from 1 row
  Calls 1 · Sales 1 · Minutes 1 min · Conversion 100.00 % · Conversion of the week 100.00 %
  snapshots/2025-11-07/dashboard.html
exit 0
$ asof save today -v
2025-11-07 is frozen already, provisionally; it gets its next edition once it is final
exit 0
"#);
}

#[test]
fn a_provisional_day_gets_its_next_edition_once_it_is_final_even_with_equal_numbers() {
    let place = calls();
    place.at("2025-11-07T01:59:59-06:00");
    place.asof("save -v");
    let before = place.tree("snapshots");
    place.asof("save -v");
    assert_eq!(place.tree("snapshots"), before);
    place.at("2025-11-07T02:00:00-06:00");
    place.asof("save -v");
    place.asof("save -v");
    place.asof("list");
    place.asof("restore --metric calls --metric sales");
    place.asof("restore 2025-11-06@1 --metric calls --metric sales");
    place.told(
        r#"
$ asof save -v
froze 2025-11-06 (provisional) from 5 rows
  Calls 5 · Sales 2 · Minutes 16.5 min · Conversion 40.00 % · Conversion of the week 40.00 %
  snapshots/2025-11-06/dashboard.html
exit 0
$ asof save -v
2025-11-06 is frozen already, provisionally; it gets its next edition once it is final
exit 0
$ asof save -v
froze 2025-11-06@2 (witnessed) from 5 rows
  Calls 5 · Sales 2 · Minutes 16.5 min · Conversion 40.00 % · Conversion of the week 40.00 %
  edition 1 was provisional and stays beside it
  snapshots/2025-11-06@2/dashboard.html
exit 0
$ asof save -v
2025-11-06@2 is frozen already (witnessed); nothing changed
exit 0
$ asof list
Day             Editions  Provenance   Calls  Sales  Minutes min  Conversion
2025-11-06 Thu  1 2       ● witnessed      5      2         16.5     40.00 %
exit 0
$ asof restore --metric calls --metric sales
Thursday 6 November 2025  Calls
● witnessed · frozen 7 Nov 02:00:00 CST · day 6 Nov 00:00 – 7 Nov 00:00 CST (24 h) · edition 2
newest event seen 23:59:59 · definitions ebe3·092c
! The day has 2 editions; this is the latest.
! Edition 1 was frozen before the day was final; this one, 2, once it was.
Not compared with other days: Thu 30 Oct and Wed 5 Nov were not captured.

Calls  5
Sales  2

Hour  Calls                            Sales
00        1  ████████████                  1
09        2  ████████████████████████      0
17        1  ████████████                  1
23        1  ████████████                  0
All       5                                2

Campaign       Calls                            Sales
EASTSIDE 1027      3  ████████████████████████      1
Harbour 2044       1  ████████                      1
∅ no value         1  ████████                      0
All                5                                2

Status    Calls                            Sales
SALE          2  ████████████████████████      2
“” empty      1  ████████████                  0
DROP          1  ████████████                  0
NA            1  ████████████                  0
All           5                                2
exit 0
$ asof restore 2025-11-06@1 --metric calls --metric sales
Thursday 6 November 2025  Calls
◐ provisional · frozen 7 Nov 01:59:59 CST · day 6 Nov 00:00 – 7 Nov 00:00 CST (24 h) · edition 1
newest event seen 23:59:59 · definitions ebe3·092c
! A later edition exists: 2025-11-06@2, frozen 2025-11-07 08:00 UTC; its totals are the same.
! Provisional: frozen before the day was final, so its numbers may still change.
Not compared with other days: Thu 30 Oct and Wed 5 Nov were not captured.

Calls  5
Sales  2

Hour  Calls                            Sales
00        1  ████████████                  1
09        2  ████████████████████████      0
17        1  ████████████                  1
23        1  ████████████                  0
All       5                                2

Campaign       Calls                            Sales
EASTSIDE 1027      3  ████████████████████████      1
Harbour 2044       1  ████████                      1
∅ no value         1  ████████                      0
All                5                                2

Status    Calls                            Sales
SALE          2  ████████████████████████      2
“” empty      1  ████████████                  0
DROP          1  ████████████                  0
NA            1  ████████████                  0
All           5                                2
exit 0
"#,
    );
    let numbers = |name: &str| {
        let mut metrics = serde_json::from_str::<Value>(&place.read(name)).unwrap()["metrics"].take();
        // Which editions the past weeks are taken from is no number of the day.
        for metric in metrics.as_object_mut().unwrap().values_mut() {
            metric.as_object_mut().unwrap().remove("recent").unwrap();
        }
        metrics
    };
    assert_eq!(numbers("snapshots/2025-11-06/metrics.json"), numbers("snapshots/2025-11-06@2/metrics.json"));
}

#[test]
fn an_empty_day_is_a_fact() {
    let place = calls();
    place.asof("save 2025-11-01 -v");
    place.asof("save 2025-11-06");
    place.asof("list");
    place.asof("restore 2025-11-01");
    place.told(
        r#"
$ asof save 2025-11-01 -v
froze 2025-11-01 (reconstructed) from 0 rows
  Calls 0 · Sales 0 · Minutes 0 min · Conversion unknown · Conversion of the week unknown
  snapshots/2025-11-01/dashboard.html
exit 0
$ asof save 2025-11-06
exit 0
$ asof list
Day             Editions  Provenance       Calls  Sales  Minutes min  Conversion
2025-11-01 Sat  1         ○ reconstructed      0      0          0.0           —
2025-11-02 – 2025-11-05, 4 days: not captured
2025-11-06 Thu  1         ● witnessed          5      2         16.5     40.00 %
exit 0
$ asof restore 2025-11-01
Saturday 1 November 2025  Calls
○ reconstructed · frozen 7 Nov 03:00:00 CST · day 1 Nov 00:00 – 2 Nov 00:00 CDT (24 h) · edition 1
newest event seen none · definitions ebe3·092c
! Reconstructed: frozen after the next day was final, from what the rows said by then.
Not compared with other days: Sat 25 Oct and Fri 31 Oct were not captured.

Calls                         0
Sales                         0
Minutes                       0  min
Conversion              unknown       zero denominator · 0 sales / 0 calls
Conversion of the week  unknown       zero denominator
                                      0 sales / 0 calls
                                      over 7 days, 1 of them frozen

                                               Conversion of
                                                    the week
Hour  Calls    Sales  Minutes min  Conversion         7 days
All       0        0            0           —              —
— zero denominator

                                                   Conversion of
                                                        the week
Campaign  Calls    Sales  Minutes min  Conversion         7 days
All           0        0            0           —              —
— zero denominator

                                                 Conversion of
                                                      the week
Status  Calls    Sales  Minutes min  Conversion         7 days
All         0        0            0           —              —
— zero denominator
exit 0
"#,
    );
}
