//! A made-up lead team that dials a few hundred phones again and again: more than five weeks of calls that
//! are all there already when asof first looks.

mod calls;
mod people;
mod shape;
pub mod store;
#[cfg(test)]
mod tests;

use chrono::{NaiveDate, NaiveDateTime};

use super::date;
use crate::model::Day;

/// The first day, a Monday.
pub const FIRST: NaiveDate = date(2025, 12, 1);
/// The last day, a Wednesday.
pub const LAST: NaiveDate = date(2026, 1, 7);
/// The clock at which the history is frozen, local: the morning after, when the last day is final.
pub const MORNING: (NaiveDate, u32) = (date(2026, 1, 8), 8);
/// The IANA name of the zone that all times are in. Its clocks don't change in these weeks.
pub const TIME_ZONE: &str = "America/Chicago";

/// The configuration for lead teams, of which the demo's is one for a database of its own.
const PRESET: &str = include_str!("../../../../presets/lead-backfill.toml");
/// What the demo's begins with, instead of what the preset begins with.
const HEADER: &str = "\
# The demo's lead team: made-up calls in leads.db, beside this file.
# Change what you like, then run `asof check`. `asof init --preset lead-backfill` writes the
# same for a database of your own.
";

/// All of the demo's data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leads {
    /// The calls, in order of time.
    pub calls: Vec<LeadCall>,
    /// Who must not be called: phones as somebody wrote them, and an area with `X` for its digits.
    pub do_not_call: Vec<String>,
}

/// A call, as a row of `calls`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeadCall {
    /// Its key; it grows with time.
    pub id: i64,
    /// When it was made, in local time.
    pub called_at: NaiveDateTime,
    /// The lead that was called; `None` where the dialer had none.
    pub lead: Option<i64>,
    /// The phone as the dialer wrote it; `None` when that was not recorded.
    pub phone: Option<String>,
    /// What came of it.
    pub status: &'static str,
    /// The agent who spoke; `None` when nobody was put through.
    pub agent: Option<&'static str>,
    /// How long it lasted, in seconds; `None` when that was not recorded.
    pub seconds: Option<i64>,
}

impl Leads {
    /// Makes it.
    pub fn make() -> Self {
        calls::leads()
    }
}

/// All days, in order; one of them has no calls.
pub fn days() -> impl Iterator<Item = Day> {
    shape::days().filter_map(|(date, _)| Day::new(date))
}

/// The demo's `asof.toml`: the preset, with a source beside it that needs no password.
pub fn config() -> String {
    super::own_config(PRESET, HEADER, "leads.db")
}
