//! What is asked for wrongly.

use super::running::place;

#[test]
fn a_range_that_makes_no_sense_is_refused_before_anything_is_touched() {
    let place = place();
    place.write("asof.toml.before", place.read("asof.toml"));
    for line in [
        "backfill",
        "backfill --from 2025-12-04 --to 2025-12-01",
        "backfill --from 2025-12-05",
        "backfill --from 2026-01-01 --to 2026-01-31",
        "backfill --from 0202-12-01 --to 2025-12-01",
        "backfill --to 2025-12-01",
        "backfill --last 0d",
        "backfill --last 7",
        "backfill --month 2025-13",
        "backfill --month December",
        "backfill --month 2025-12 --last 7d",
        "backfill --resume --from 2025-12-01",
        "backfill --resume --reason late",
        "backfill --resume",
        "backfill --last 2d --jobs 0",
        "backfill --last 2d --rate often",
        "backfill --last 2d --pause 5",
        "backfill --last 2d --redo some",
        "backfill --last 2d --reason late",
        "backfill --last 2d --from-to x",
    ] {
        assert_eq!(place.asof(line).code, 2, "asof {line}");
    }
    assert!(!place.path("snapshots").exists());
    assert!(!place.path("backfill.json").exists());
    place.told(
        "
$ asof backfill
! error: it is not said which days
!   hint: name them: --from 2025-12-01 --to 2026-01-07, --last 7d, --month 2025-12; or --resume
exit 2
$ asof backfill --from 2025-12-04 --to 2025-12-01
! error: the range from 2025-12-04 to 2025-12-01 runs backwards
!   hint: let --from be the earlier day
exit 2
$ asof backfill --from 2025-12-05
! error: the range from 2025-12-05 to 2025-12-04 runs backwards
!   hint: let --from be the earlier day
exit 2
$ asof backfill --from 2026-01-01 --to 2026-01-31
! error: no day from 2026-01-01 to 2026-01-31 is over yet
!   hint: nothing can be known of it yet: freeze it once it is over
exit 2
$ asof backfill --from 0202-12-01 --to 2025-12-01
! error: the range from 0202-12-01 to 2025-12-01 is longer than a century
!   hint: see whether a digit is missing
exit 2
$ asof backfill --to 2025-12-01
! error: the following required arguments were not provided:
!   --from <DATE>
! 
! Usage: asof backfill --from <DATE> --to <DATE>
! 
! For more information, try '--help'.
exit 2
$ asof backfill --last 0d
! error: invalid value '0d' for '--last <DAYS>': write a number of days: 7d
! 
! For more information, try '--help'.
exit 2
$ asof backfill --last 7
! error: invalid value '7' for '--last <DAYS>': write a number of days: 7d
! 
! For more information, try '--help'.
exit 2
$ asof backfill --month 2025-13
! error: invalid value '2025-13' for '--month <MONTH>': write a year and a month: 2025-12
! 
! For more information, try '--help'.
exit 2
$ asof backfill --month December
! error: invalid value 'December' for '--month <MONTH>': write a year and a month: 2025-12
! 
! For more information, try '--help'.
exit 2
$ asof backfill --month 2025-12 --last 7d
! error: the argument '--month <MONTH>' cannot be used with '--last <DAYS>'
! 
! Usage: asof backfill --month <MONTH>
! 
! For more information, try '--help'.
exit 2
$ asof backfill --resume --from 2025-12-01
! error: the argument '--resume' cannot be used with '--from <DATE>'
! 
! Usage: asof backfill --resume
! 
! For more information, try '--help'.
exit 2
$ asof backfill --resume --reason late
! error: the argument '--resume' cannot be used with '--reason <TEXT>'
! 
! Usage: asof backfill --resume
! 
! For more information, try '--help'.
exit 2
$ asof backfill --resume
! error: there is no backfill to resume: backfill.json does not exist
!   hint: name a range: asof backfill --from 2025-12-01 --to 2026-01-07
exit 2
$ asof backfill --last 2d --jobs 0
! error: invalid value '0' for '--jobs <N>': 0 is not in 1..=32
! 
! For more information, try '--help'.
exit 2
$ asof backfill --last 2d --rate often
! error: invalid value 'often' for '--rate <RATE>': write a whole number of days and a unit of time: 2/s, 30/min or 600/h
! 
! For more information, try '--help'.
exit 2
$ asof backfill --last 2d --pause 5
! error: invalid value '5' for '--pause <TIME>': write a whole number and a unit: 60s, 5m, 2h
! 
! For more information, try '--help'.
exit 2
$ asof backfill --last 2d --redo some
! error: invalid value 'some' for '--redo <WHICH>'
!   [possible values: failed, none, all]
! 
! For more information, try '--help'.
exit 2
$ asof backfill --last 2d --reason late
! error: --reason is for frozen days that are read again
!   hint: add --redo all
exit 2
$ asof backfill --last 2d --from-to x
! error: unexpected argument '--from-to' found
! 
!   tip: a similar argument exists: '--from'
! 
! Usage: asof backfill --last <DAYS> --from <DATE>
! 
! For more information, try '--help'.
exit 2
",
    );
}
