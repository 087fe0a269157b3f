//! Five weeks of a made-up call centre: rows as they stood each night, what changed in them later,
//! and when asof ran.

mod calls;
mod changes;
mod names;
mod nights;
pub mod store;
#[cfg(test)]
mod tests;

use chrono::{NaiveDate, NaiveDateTime};

use super::{date, dice, pick};
use crate::model::Day;

pub use nights::{Night, Run, nights};

/// The first day, a Monday.
pub const FIRST: NaiveDate = date(2025, 10, 6);
/// The last day, a Sunday.
pub const LAST: NaiveDate = date(2025, 11, 9);
/// The holiday: Columbus Day, on which few are called.
pub const HOLIDAY: NaiveDate = date(2025, 10, 13);
/// The IANA name of the zone that all times are in. Its clocks go back on 2025-11-02.
pub const TIME_ZONE: &str = "America/Chicago";
/// The demo's `asof.toml`.
pub const CONFIG: &str = include_str!("../../../../presets/demo.toml");

/// A call, as a row of `calls`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallRow {
    /// Its key; it grows with time, except for calls that came in late.
    pub id: i64,
    /// When it was made, in local time.
    pub call_date: NaiveDateTime,
    /// The campaign's id.
    pub campaign: &'static str,
    /// The list's id.
    pub list: i64,
    /// What came of it; `None` while the agent has not said.
    pub status: Option<&'static str>,
    /// The agent's id; `None` when nobody was put through.
    pub agent: Option<&'static str>,
    /// The number called: ten digits of the exchange 555.
    pub phone: String,
    /// How long it lasted, in seconds; `None` when that was not recorded.
    pub seconds: Option<i64>,
}

/// Something that happened to the rows of earlier days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A call's status was set or corrected.
    SetStatus {
        /// The call's key.
        id: i64,
        /// The status it has from now on.
        status: &'static str,
    },
    /// A call came in late, from a dialer that had been cut off.
    Insert(CallRow),
}

/// The demo's data. It holds nothing: each day is made when it is asked for.
#[derive(Clone, Copy, Debug, Default)]
pub struct DemoData;

impl DemoData {
    /// The SQLite statements that make the tables and fill those that only hold names.
    pub fn schema() -> String {
        names::schema()
    }

    /// All days that have calls, in order.
    pub fn days() -> impl Iterator<Item = Day> {
        FIRST.iter_days().take_while(|day| *day <= LAST).filter_map(Day::new)
    }

    /// A day's calls as the rows stood when that day was over, ordered by key.
    ///
    /// A day outside of the five weeks has none.
    pub fn rows_of(day: Day) -> Vec<CallRow> {
        calls::rows_of(day.date())
    }

    /// What happened to rows of earlier days between the end of the day before `night` and the
    /// end of `night`.
    pub fn late_changes(night: Day) -> Vec<Change> {
        changes::late_changes(night.date())
    }
}
