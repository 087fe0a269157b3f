//! `drift --restate` while another run writes, or has written.

use std::fs::OpenOptions;
use std::time::Duration;

use asof::archive::Archive;
use asof::config::Config;
use asof::model::progress::Silent;
use asof::ops::drift::{DriftRequest, Found, Place as Looked, Restated, drift};
use asof::ops::reread::ByWhich;

use super::calls;
use crate::support::command::Place;

/// Three days, of which two read otherwise now.
fn two_of_three_drifted() -> Place {
    let place = calls();
    place.done(&["save 2025-11-04", "save 2025-11-05", "save 2025-11-06"]);
    place.sqlite(
        "calls.db",
        "update calls set status = 'SALE' where at in ('2025-11-05 10:00:00', '2025-11-06 09:15:00')",
    );
    place.at("2025-11-10T03:00:00-06:00");
    place
}

#[test]
fn days_that_can_t_be_frozen_again_were_looked_at_all_the_same() {
    let place = two_of_three_drifted();
    let lock = OpenOptions::new().write(true).open(place.path("snapshots/.lock")).unwrap();
    lock.lock().unwrap();
    let before = place.tree("snapshots");
    place.asof("drift --from 2025-11-04 --restate --reason late --wait 1s");
    place.asof("drift 2025-11-06 --restate --reason late --wait 0s");
    place.asof("drift --from 2025-11-06 --restate --reason late --wait 0s");
    assert_eq!(place.tree("snapshots"), before);
    place.told(
        r#"
$ asof drift --from 2025-11-04 --restate --reason late --wait 1s
2025-11-04 Tue  edition 1  unchanged
2025-11-05 Wed  edition 1  restated
  Metric                             Frozen      Now     Change
  Calls                                   3        3          0     0.00 %  restated
  Sales                                   1        2         +1  +100.00 %  restated
  Conversion                        33.33 %  66.67 %  +33.33 pt  +100.00 %  restated
  Conversion of the week, this day  33.33 %  66.67 %  +33.33 pt  +100.00 %  restated
2025-11-06 Thu  edition 1  restated
  Metric                             Frozen      Now     Change
  Calls                                   5        5          0    0.00 %  restated
  Sales                                   2        3         +1  +50.00 %  restated
  Conversion                        40.00 %  60.00 %  +20.00 pt  +50.00 %  restated
  Conversion of the week, this day  40.00 %  60.00 %  +20.00 pt  +50.00 %  restated
3 days: 1 unchanged, 2 restated; -v tells which members moved
! warning: 2025-11-05 is not restated: 2025-11-05 could not be frozen: another run holds the archive's lock snapshots/.lock, and has for 1 s
! warning: 2025-11-06 is not restated: 2025-11-06 could not be frozen: another run holds the archive's lock snapshots/.lock
! error: 2 days could not be frozen again
exit 1
$ asof drift 2025-11-06 --restate --reason late --wait 0s
2025-11-06 Thu  edition 1  restated
  Metric                             Frozen      Now     Change
  Calls                                   5        5          0     0.00 %  restated
    status NA                             1        —         −1  −100.00 %  vanished
    status SALE                           2        3         +1   +50.00 %
  Sales                                   2        3         +1   +50.00 %  restated
    hour 09                               0        1         +1
    campaign EASTSIDE 1027                1        2         +1  +100.00 %
    status SALE                           2        3         +1   +50.00 %
  Conversion                        40.00 %  60.00 %  +20.00 pt   +50.00 %  restated
    hour 09                          0.00 %  50.00 %  +50.00 pt
    campaign EASTSIDE 1027          33.33 %  66.67 %  +33.33 pt  +100.00 %
  Conversion of the week, this day  40.00 %  60.00 %  +20.00 pt   +50.00 %  restated
    hour 09                          0.00 %  50.00 %  +50.00 pt
    campaign EASTSIDE 1027          33.33 %  66.67 %  +33.33 pt  +100.00 %
! error: 2025-11-06 could not be frozen: another run holds the archive's lock snapshots/.lock
!   hint: try again when that run is over, or wait longer with --wait
exit 6
$ asof drift --from 2025-11-06 --restate --reason late --wait 0s
2025-11-06 Thu  edition 1  restated
  Metric                             Frozen      Now     Change
  Calls                                   5        5          0    0.00 %  restated
  Sales                                   2        3         +1  +50.00 %  restated
  Conversion                        40.00 %  60.00 %  +20.00 pt  +50.00 %  restated
  Conversion of the week, this day  40.00 %  60.00 %  +20.00 pt  +50.00 %  restated
1 day: 1 restated; -v tells which members moved
! error: 2025-11-06 could not be frozen: another run holds the archive's lock snapshots/.lock
!   hint: try again when that run is over, or wait longer with --wait
exit 6
"#,
    );
}

#[test]
fn a_day_that_another_run_froze_again_meanwhile_is_not_frozen_twice() {
    let place = two_of_three_drifted();
    let config = Config::parse(&place.read("asof.toml"), &place.path("asof.toml")).unwrap();
    let archive = Archive::open(&config.archive.dir).unwrap();
    let history = archive.history().unwrap();
    let day = "2025-11-06".parse().unwrap();
    let stale = [history.day(day).unwrap()[0].line.clone()];
    // What was to be looked at is known, and then the nightly save freezes its second edition.
    place.done(&["drift 2025-11-06 --restate --reason nightly"]);
    let before = place.tree("snapshots");
    let request = DriftRequest {
        which: ByWhich::Frozen,
        only: &[],
        restate: Some("late"),
        retry_for: Duration::ZERO,
        wait: Duration::ZERO,
    };
    let (_keep, stop) = tokio::sync::watch::channel(false);
    let mut found = Vec::new();
    let now = || "2025-11-10T10:00:00Z".parse().unwrap();
    let looked = Looked { config: &config, archive: &archive, history: &history };
    let mut tell = |report: asof::ops::drift::DayReport| found.push(report.found);
    let run = drift(looked, &stale, &request, (&|_| None, &now), &Silent, (&stop, &mut tell));
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(run).unwrap();
    let Some(Found::Read(read)) = found.first() else { panic!("{found:?}") };
    let Some(Restated::Stands(why)) = read.restated else { panic!("{read:?}") };
    assert_eq!(why, "another run has frozen it again meanwhile");
    assert_eq!(place.tree("snapshots"), before);
}
