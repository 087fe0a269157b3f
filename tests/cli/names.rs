//! Names from the source that would do something if they were let.

use super::calls;

const SCRIPT: &str = "</script><script>alert(1)</script>";

#[test]
fn markup_and_terminal_escapes_in_names_stay_text() {
    let place = calls();
    place.sqlite(
        "calls.db",
        &format!(
            "insert into calls (at, campaign, status, seconds) values
               ('2025-11-06 08:00:00', '<b>', char(27) || '[31mred' || char(7), 1),
               ('2025-11-06 08:00:00', 'r', char(8238) || 'eld', 1),
               ('2025-11-06 08:00:00', '\"''&', char(10) || 'two' || char(13) || 'lines', 1),
               ('2025-11-06 08:00:00', 'x', 'nul' || char(0) || 'nul', 1);
             insert into campaigns values ('<b>', '{SCRIPT}'), ('r', char(155) || '2J' || char(27) || ']0;title' || char(7))"
        ),
    );
    place.change("asof.toml", "unit = \"min\"", "unit = \"<i>\", label = \"</title>\\u001b[2J\"");
    place.asof("save -v");
    place.asof("list --metric minutes --metric calls");
    place.asof("restore --by campaign --metric calls");
    place.asof("restore --by status --metric calls");
    place.told(
        r#"
$ asof save -v
froze 2025-11-06 (witnessed) from 9 rows
  Calls 9 · Sales 2 · </title>␛[2J 16.57 <i> · Conversion 22.22 % · Conversion of the week 22.22 %
  snapshots/2025-11-06/dashboard.html
exit 0
$ asof list --metric minutes --metric calls
                                       </title>␛[2J
Day             Editions  Provenance            <i>  Calls
2025-11-06 Thu  1         ● witnessed         16.57      9
exit 0
$ asof restore --by campaign --metric calls
Thursday 6 November 2025  Calls
● witnessed · frozen 7 Nov 03:00:00 CST · day 6 Nov 00:00 – 7 Nov 00:00 CST (24 h) · edition 1
newest event seen 23:59:59 · definitions ebe3·092c
Not compared with other days: Thu 30 Oct and Wed 5 Nov were not captured.

Calls  9

Campaign                                Calls                              Share
EASTSIDE 1027                               3  ████████████████████████   33.3 %
"'&                                         1  ████████                   11.1 %
Harbour 2044                                1  ████████                   11.1 %
</script><script>alert(1)</script> <b>      1  ████████                   11.1 %
�2J␛]0;title␇ r                             1  ████████                   11.1 %
x                                           1  ████████                   11.1 %
∅ no value                                  1  ████████                   11.1 %
All                                         9                            100.0 %
exit 0
$ asof restore --by status --metric calls
Thursday 6 November 2025  Calls
● witnessed · frozen 7 Nov 03:00:00 CST · day 6 Nov 00:00 – 7 Nov 00:00 CST (24 h) · edition 1
newest event seen 23:59:59 · definitions ebe3·092c
Not compared with other days: Thu 30 Oct and Wed 5 Nov were not captured.

Calls  9

Status      Calls                              Share
SALE            2  ████████████████████████   22.2 %
“” empty        1  ████████████               11.1 %
␊two␍lines      1  ████████████               11.1 %
␛[31mred␇       1  ████████████               11.1 %
DROP            1  ████████████               11.1 %
NA              1  ████████████               11.1 %
nul␀nul         1  ████████████               11.1 %
�eld            1  ████████████               11.1 %
All             9                            100.0 %
exit 0
"#,
    );
    let page = place.read("snapshots/2025-11-06/dashboard.html");
    for raw in [SCRIPT, "<script>alert", "</title>\u{1b}", "<i>", "\u{1b}", "\u{9b}", "\u{7}", "\0"] {
        assert!(!page.contains(raw), "the page holds {raw:?}");
    }
    assert!(page.contains("&#60;/script&#62;"), "the name is missing");
}

#[test]
fn names_from_the_configuration_and_the_ledger_are_made_harmless_too() {
    let place = calls();
    place.done(&["save"]);
    place.sqlite("calls.db", "update calls set status = 'SALE'");
    place.command(&["save", "--restate", "--reason", "\u{1b}[31mred\n</script>"]).output().unwrap();
    place.forget();
    place.asof("list");
    place.asof("restore 2025-11-06@2 --metric calls --by status");
    place.asof("restore 2025-11-06@1 --metric calls --by status");
    place.asof("list --metric '\u{1b}[31m'");
    place.asof("restore '\u{1b}[31m'");
    place.asof("--config '\u{1b}[31m' list");
    place.told(r#"
$ asof list
Day             Editions  Provenance   Calls  Sales  Minutes min  Conversion
2025-11-06 Thu  1 2       ● witnessed      5      2         16.5     40.00 %  @2 differs: ␛[31mred␊…
where editions differ, the first that is not provisional is shown, as by `asof restore`;
list --stats, series and compare take the latest
exit 0
$ asof restore 2025-11-06@2 --metric calls --by status
Thursday 6 November 2025  Calls
● witnessed · frozen 7 Nov 03:00:00 CST · day 6 Nov 00:00 – 7 Nov 00:00 CST (24 h) · edition 2
newest event seen 23:59:59 · definitions ebe3·092c
! The day has 2 editions; this is the latest.
! This is edition 2 and restates edition 1, which stays as it was: ␛[31mred␊</script>.
Not compared with other days: Thu 30 Oct and Wed 5 Nov were not captured.

Calls  5

Status  Calls                              Share
SALE        5  ████████████████████████  100.0 %
All         5                            100.0 %
exit 0
$ asof restore 2025-11-06@1 --metric calls --by status
Thursday 6 November 2025  Calls
● witnessed · frozen 7 Nov 03:00:00 CST · day 6 Nov 00:00 – 7 Nov 00:00 CST (24 h) · edition 1
newest event seen 23:59:59 · definitions ebe3·092c
! A later edition exists: 2025-11-06@2, frozen 2025-11-07 09:00 UTC (␛[31mred␊</script>); it differs in sales, conversion, week.
Not compared with other days: Thu 30 Oct and Wed 5 Nov were not captured.

Calls  5

Status    Calls                              Share
SALE          2  ████████████████████████   40.0 %
“” empty      1  ████████████               20.0 %
DROP          1  ████████████               20.0 %
NA            1  ████████████               20.0 %
All           5                            100.0 %
exit 0
$ asof list --metric '?[31m'
! error: "\u{1b}[31m" is no metric
!   hint: known metrics: calls, sales, minutes, conversion, week
exit 2
$ asof restore '?[31m'
! error: invalid value '' for '[WHEN]': "\u{1b}[31m" names no day: give a date such as 2025-11-06, 2025-11-06@2 or 2025-11-06@original, latest, latest~3, yesterday or -7d
! 
! For more information, try '--help'.
exit 2
$ asof --config '?[31m' list
! error: there is no configuration ␛[31m
!   hint: asof init writes one; another place is named by --config FILE or ASOF_CONFIG
exit 2
"#);
    let page = place.read("snapshots/2025-11-06@2/dashboard.html");
    assert!(!page.contains('\u{1b}') && page.contains("&#60;/script&#62;"));
    // No script ends but the page's own.
    assert_eq!(page.matches("</script>").count(), page.matches("<script").count());
}
