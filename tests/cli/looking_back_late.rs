//! What a save does not make up for, and how long it waits.

use super::looking_back::{at, lines, looking_back};
use crate::support::command::Place;

#[test]
fn a_day_that_is_not_final_was_not_missed_and_a_save_of_an_older_day_makes_up_for_none() {
    let place = looking_back();
    place.at("2025-11-05T03:00:00-06:00");
    place.done(&["save 2025-11-04"]);
    // The 5th is over for half an hour, and the night's save has not been yet.
    place.at("2025-11-06T00:30:00-06:00");
    place.done(&["save 2025-11-06 --provisional"]);
    place.done(&["save 2025-10-01"]);
    // Nor has it at 02:00, when the 5th is final.
    place.at("2025-11-06T02:00:00-06:00");
    place.done(&["save 2025-10-02"]);
    let days = |place: &Place| -> Vec<String> {
        lines(place, "snapshot").iter().map(|line| line["date"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(days(&place), ["2025-11-04", "2025-11-06", "2025-10-01", "2025-10-02"]);
}

#[test]
fn a_lock_that_is_held_is_waited_for_once_in_a_run() {
    let place = looking_back();
    at(&place, 7);
    place.done(&["save 2025-11-04", "save 2025-11-05", "save 2025-11-06"]);
    place.sqlite("calls.db", "update calls set status = 'SALE' where status = 'NA'");
    at(&place, 8);
    let lock = std::fs::OpenOptions::new().write(true).open(place.path("snapshots/.lock")).unwrap();
    lock.lock().unwrap();
    place.asof("save --wait 1s");
    // What is waited for is told once; the rest finds it held at once.
    place.told(
        r#"
$ asof save --wait 1s
! warning: 2025-11-05 could not be looked back at, what is frozen of it stands: another run holds the archive's lock snapshots/.lock, and has for 1 s
! warning: 2025-11-06 could not be looked back at, what is frozen of it stands: another run holds the archive's lock snapshots/.lock
! error: 2025-11-07 could not be frozen: another run holds the archive's lock snapshots/.lock
!   hint: try again when that run is over, or wait longer with --wait
exit 6
"#,
    );
}
