//! What happens to rows after their day: dispositions set or corrected, calls that come in late.

use chrono::{Days, NaiveDate};

use super::nights::{CUT_OFF, CUT_OFF_FOUND};
use super::{CallRow, Change, calls, dice, pick};

/// How many days a row can still change, for most rows.
const OPEN_FOR: u64 = 3;

/// What happened to rows of earlier days in the 24 hours before the end of `night`.
pub(super) fn late_changes(night: NaiveDate) -> Vec<Change> {
    let ages = (1..=OPEN_FOR).filter_map(|age| Some((age, night.checked_sub_days(Days::new(age))?)));
    let mut changes: Vec<Change> = ages.flat_map(|(age, day)| edits(day, age)).collect();
    if night == CUT_OFF_FOUND {
        changes.extend(cut_off());
    }
    changes
}

/// The edits to a day's calls when it is some days old. Each call is edited once at most.
fn edits(day: NaiveDate, age: u64) -> Vec<Change> {
    let mut rng = dice(2, day);
    let edit = |row: CallRow| {
        // One throw of the dice for each row tells whether and when it changes, whatever the age.
        let (when, chance, new) = (rng.u32(0..100), rng.u32(0..1000), pick(&mut rng, &SET));
        let status = match row.status {
            // Of what was left open, some is never closed.
            None if when < 88 => (turn(when, 60, 80) == age).then_some(new?)?,
            Some("XFER" | "CALLBK" | "WARM") if chance < 25 => {
                (turn(when, 50, 85) == age).then_some("SALE")?
            }
            Some("SALE") if chance < 60 => (turn(when, 30, 60) == age).then_some("NI")?,
            _ => return None,
        };
        Some(Change::SetStatus { id: row.id, status })
    };
    calls::rows_of(day).into_iter().filter_map(edit).collect()
}

/// What calls that were left open turn out to be.
const SET: [(&str, u32); 4] = [("NI", 70), ("CALLBK", 20), ("XFER", 6), ("SALE", 4)];

/// The age at which a throw of 0 to 99 takes effect.
fn turn(when: u32, first: u32, second: u32) -> u64 {
    match when {
        w if w < first => 1,
        w if w < second => 2,
        _ => 3,
    }
}

/// The calls of a dialer that was cut off for an hour, and a review of that day's sales.
fn cut_off() -> Vec<Change> {
    let mut rng = dice(3, CUT_OFF);
    let first = calls::first_id(CUT_OFF) + 9_000;
    let mut changes: Vec<Change> = (1..=37)
        .map(|n| {
            let at = CUT_OFF.and_time(chrono::NaiveTime::MIN)
                + chrono::TimeDelta::seconds(rng.i64(15 * 3600..16 * 3600));
            Change::Insert(calls::call(first + n, at, &mut rng))
        })
        .collect();
    let transferred = calls::rows_of(CUT_OFF).into_iter().filter(|row| row.status == Some("WARM"));
    changes.extend(transferred.take(4).map(|row| Change::SetStatus { id: row.id, status: "SALE" }));
    changes
}
