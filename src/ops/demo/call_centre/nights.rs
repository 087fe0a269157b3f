//! When asof ran, and what it was asked to do.
//!
//! Most nights at 02:05. So that all there is to see can be seen, one day is never saved, one is
//! saved too early and again in the morning, one is saved two days late, one is restated, and the
//! last was saved too early.

use chrono::{Days, NaiveDate, NaiveDateTime};

use super::{FIRST, LAST, date};
use crate::model::Day;

/// The day that nobody saved: the machine was off.
pub(super) const MISSED: NaiveDate = date(2025, 10, 16);
/// The day that was saved two days late: the database could not be reached in its night.
pub(super) const LATE: NaiveDate = date(2025, 10, 21);
/// The day whose night's run was too early.
pub(super) const EARLY: NaiveDate = date(2025, 10, 29);
/// The day on which a dialer was cut off, and which is restated.
pub(super) const CUT_OFF: NaiveDate = date(2025, 10, 24);
/// The day on whose morning the missing calls came in.
pub(super) const CUT_OFF_FOUND: NaiveDate = date(2025, 11, 4);

/// The end of one day, and what was run then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Night {
    /// The day that has just ended: its calls are there now, and its late changes have happened.
    pub day: Day,
    /// The runs, in order of time. None in a night in which the machine was off.
    pub runs: Vec<Run>,
}

/// One run of `asof save`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// When, by the local clock. None of these times occurs twice.
    pub at: NaiveDateTime,
    /// The day to freeze.
    pub day: Day,
    /// The reason, if it was `--restate --reason`.
    pub restate: Option<&'static str>,
}

/// The five weeks, night by night.
pub fn nights() -> Vec<Night> {
    FIRST.iter_days().take_while(|day| *day <= LAST).filter_map(night).collect()
}

fn night(date: NaiveDate) -> Option<Night> {
    let morning = date.checked_add_days(Days::new(1))?;
    let at = |hour, minute| morning.and_hms_opt(hour, minute, 0);
    let run = |at: Option<NaiveDateTime>, date, restate| Some(Run { at: at?, day: Day::new(date)?, restate });
    let mut runs = Vec::new();
    match date {
        MISSED | LATE => {}
        EARLY | LAST => runs.push(run(at(0, 30), date, None)?),
        _ => runs.push(run(at(2, 5), date, None)?),
    }
    if date == LATE.checked_add_days(Days::new(2))? {
        runs.push(run(at(9, 20), LATE, None)?);
    }
    if date == EARLY {
        runs.push(run(at(7, 50), EARLY, None)?);
    }
    if date == CUT_OFF_FOUND {
        runs.push(run(at(10, 15), CUT_OFF, Some("the second dialer's calls of 15:00 came in late"))?);
    }
    Some(Night { day: Day::new(date)?, runs })
}
