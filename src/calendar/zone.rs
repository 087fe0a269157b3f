//! Local times and instants: gaps and overlaps of a zone's clocks.

use chrono::{DateTime, LocalResult, NaiveDateTime, SecondsFormat, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

/// Which of two instants a local time names when clocks went back over it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Overlap {
    /// The first of the two.
    Earlier,
    /// The second.
    Later,
}

/// How far a clock is ever put forward: a whole day, once in Samoa and Kiribati.
const LONGEST_GAP: TimeDelta = TimeDelta::hours(25);

/// The instant of a local time; in a gap the first instant after it. `None` only beyond the
/// ends of what can be computed with.
pub fn first_instant_of(zone: Tz, local: NaiveDateTime, overlap: Overlap) -> Option<DateTime<Utc>> {
    match zone.from_local_datetime(&local) {
        LocalResult::Single(instant) => Some(instant.to_utc()),
        LocalResult::Ambiguous(one, other) => {
            let (earlier, later) = (one.min(other).to_utc(), one.max(other).to_utc());
            Some(if overlap == Overlap::Earlier { earlier } else { later })
        }
        LocalResult::None => end_of_gap(zone, local),
    }
}

/// The instant at which clocks jumped over `local`, found by halving.
fn end_of_gap(zone: Tz, local: NaiveDateTime) -> Option<DateTime<Utc>> {
    // Read as UTC and shifted by a day either way, the bounds lie safely before and after.
    let mut before = local.checked_sub_signed(LONGEST_GAP + TimeDelta::days(1))?.and_utc();
    let mut after = local.checked_add_signed(LONGEST_GAP + TimeDelta::days(1))?.and_utc();
    while after - before > TimeDelta::seconds(1) {
        let middle = before + TimeDelta::seconds((after - before).num_seconds() / 2);
        if middle.with_timezone(&zone).naive_local() < local {
            before = middle;
        } else {
            after = middle;
        }
    }
    Some(after)
}

/// Whether a local time occurs twice, because clocks went back over it.
pub fn is_ambiguous(zone: Tz, local: NaiveDateTime) -> bool {
    matches!(zone.from_local_datetime(&local), LocalResult::Ambiguous(..))
}

/// The instant in local time with its offset: `2025-11-06T00:00:00-06:00`.
pub fn local_text(zone: Tz, instant: DateTime<Utc>) -> String {
    instant.with_timezone(&zone).to_rfc3339_opts(SecondsFormat::Secs, false)
}
