//! Forty days of made-up accounts: what they are like only ever tells how they are now. Each night's look keeps
//! it, and events keep it in between.
//!
//! One account declines until a playbook turns it, one leaves, one grows by a contract, one is new; an incident
//! costs one its health at once, and one day brings a storm of uploads. In one night nothing ran, and in another
//! it ran too late.

mod days;
mod people;
pub mod store;
#[cfg(test)]
mod tests;

use chrono::{Days, NaiveDate, NaiveDateTime};

use super::date;
use crate::model::Day;

/// The first day, a Monday.
pub const FIRST: NaiveDate = date(2025, 10, 6);
/// The last day, a Friday: 40 days in all.
pub const LAST: NaiveDate = date(2025, 11, 14);
/// The day on whose night nothing ran.
pub const MISSED: NaiveDate = date(2025, 10, 23);
/// The day that was looked at when it was too late for it.
pub const LATE: NaiveDate = date(2025, 11, 8);
/// The day on which one account's KPIs were uploaded again and again.
pub const STORM: NaiveDate = date(2025, 10, 30);
/// The IANA name of the zone that all times are in. Its clocks go back on 2025-11-02.
pub const TIME_ZONE: &str = "America/Chicago";

/// The configuration for accounts, of which the demo's is one for a database of its own.
const PRESET: &str = include_str!("../../../../presets/account-health.toml");
/// What the demo's begins with, instead of what the preset begins with.
const HEADER: &str = "\
# The demo's accounts: made up, in accounts.db, beside this file.
# Change what you like, then run `asof check`. `asof init --preset account-health` writes the
# same for a database of your own.
";
/// What in the preset asks for the clock, which in the demo is that of the newest measurement.
const THIRTY_DAYS: [(&str, &str); 1] =
    [("now() - interval 30 day", "(select datetime(max(measured_at), '-30 days') from health_trends)")];

/// A change of the tables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// An account's column has another value; numbers are written as text.
    Set {
        /// The account.
        account: i64,
        /// The column of `accounts`.
        column: &'static str,
        /// Its value from now on.
        value: &'static str,
    },
    /// A new account.
    Account(people::Account),
    /// A new measurement of an account's five scores, in tenths of a point; the overall one is their mean.
    Health {
        /// The account.
        account: i64,
        /// The scores: usage, support, sentiment, outcomes, relationship.
        scores: [i64; 5],
    },
    /// A KPI has another value and status.
    Kpi {
        /// Its key.
        kpi: i64,
        /// Its value.
        value: String,
        /// Its status; `None` where nobody judged it.
        status: Option<&'static str>,
    },
    /// A playbook was started, and is no longer recommended.
    Started {
        /// The account.
        account: i64,
        /// The playbook.
        playbook: &'static str,
    },
    /// A playbook was completed, with its report: the summary and two outcomes.
    Completed {
        /// The account.
        account: i64,
        /// The playbook.
        playbook: &'static str,
        /// What the report says.
        report: [&'static str; 3],
    },
    /// A playbook is recommended.
    Recommended {
        /// The account.
        account: i64,
        /// The playbook.
        playbook: &'static str,
    },
    /// Somebody wrote a note.
    Note {
        /// The account.
        account: i64,
        /// What kind of note, its title and its text.
        note: [&'static str; 3],
        /// Who wrote it.
        author: &'static str,
    },
}

/// Something that happened in a day: the changes, and the event that tells of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// When, by the local clock.
    pub at: NaiveDateTime,
    /// What changed.
    pub changes: Vec<Change>,
    /// The event that captures accounts, and which; `None` where nobody tells.
    pub event: Option<(&'static str, Vec<i64>)>,
}

/// One day and its night.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Night {
    /// The day that has just ended.
    pub day: Day,
    /// What happened in it, in order of time.
    pub steps: Vec<Step>,
    /// When `asof save` ran, by the local clock; `None` in a night in which nothing ran.
    pub run: Option<NaiveDateTime>,
}

/// The accounts as they are before the first day.
pub fn before() -> Vec<people::Account> {
    people::accounts()
}

/// The forty days, night by night.
pub fn nights() -> Vec<Night> {
    let dates = FIRST.iter_days().take_while(|date| *date <= LAST);
    let night = |date: NaiveDate| {
        let morning = date.checked_add_days(Days::new(1))?;
        let run = match date {
            MISSED => None,
            LATE => morning.and_hms_opt(7, 25, 0),
            _ => morning.and_hms_opt(0, 10, 0),
        };
        Some(Night { day: Day::new(date)?, steps: days::steps(date), run })
    };
    dates.filter_map(night).collect()
}

/// The demo's `asof.toml`: the preset, with a source beside it that needs no password.
pub fn config() -> String {
    let text = super::own_config(PRESET, HEADER, "accounts.db");
    THIRTY_DAYS.iter().fold(text, |text, (of_preset, own)| text.replace(of_preset, own))
}
