//! Alerts: what somebody should hear of on a day.
//!
//! | module | what it is for |
//! | --- | --- |
//! | [`series`] | the values of a metric, by day, from the archive |
//! | [`state`] | what was told already |
//! | [`tell`](mod@tell) | what is news, and telling it |
//! | [`document`](mod@document) | an alert as JSON |

pub mod document;
pub mod series;
pub mod state;
pub mod tell;

use chrono::{DateTime, Utc};

use crate::analyze::alerts::{State, Verdict, judge};
use crate::archive::{Archive, ArchiveError, History, SnapshotLine};
use crate::calendar::Calendar;
use crate::config::Config;
use crate::config::alerts::On;
use crate::model::{Day, Number, Provenance};
use crate::ops::when;
use series::Reader;

/// A member of a dimension.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct Member {
    /// The dimension.
    pub by: String,
    /// The member as the source spells it; `None` is NULL.
    pub key: Option<String>,
}

/// What is said of an alert on a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// The alert.
    pub name: String,
    /// The metric; `None` for missing days.
    pub metric: Option<String>,
    /// The member, where each is looked at by itself.
    pub member: Option<Member>,
    /// What is said.
    pub verdict: Verdict,
}

/// All that is said of a day.
#[derive(Clone, Debug)]
pub struct Judgement {
    /// The edition that was looked at.
    pub line: SnapshotLine,
    /// The alerts, in the order of the configuration.
    pub judged: Vec<Judged>,
    /// What could not be read, as sentences.
    pub damaged: Vec<String>,
}

/// Judges a day, by its latest edition. `None` when it is not in the archive.
///
/// With `now`, days that are over and final by then, and not frozen, are missing; else only those before the day are.
///
/// # Errors
/// When the ledger is damaged.
pub fn evaluate(
    archive: &Archive,
    history: &History,
    config: &Config,
    day: Day,
    now: Option<DateTime<Utc>>,
) -> Result<Option<Judgement>, ArchiveError> {
    let Some(line) = when::latest(history.day(day)?) else { return Ok(None) };
    let mut reader = Reader::new(archive, history, config);
    let mut judged = Vec::new();
    for (name, alert) in &config.alerts {
        match &alert.on {
            On::Missing => {
                let verdict = missing(history, config, day, now);
                judged.push(Judged { name: name.clone(), metric: None, member: None, verdict });
            }
            On::Metric(rule) => {
                for (member, series) in reader.series(rule, alert.days, day) {
                    let mut verdict = judge(rule, alert.days, day, &series);
                    if line.provenance == Provenance::Provisional {
                        "the day is provisional".clone_into(&mut verdict.why);
                        verdict.state = State::Unknown;
                    }
                    let metric = Some(rule.metric.clone());
                    judged.push(Judged { name: name.clone(), metric, member, verdict });
                }
            }
        }
    }
    Ok(Some(Judgement { line: line.clone(), judged, damaged: reader.damaged }))
}

/// The day that is looked at when none is named: the newest whose latest edition is not provisional, else the newest.
pub fn newest(history: &History) -> Option<Day> {
    let days = || history.days().rev().filter_map(|(_, editions)| when::latest(editions));
    let settled = days().find(|line| line.provenance != Provenance::Provisional);
    settled.or_else(|| days().next()).map(|line| line.date)
}

/// Which days are missing: between the frozen day before and this one, and after it up to the last final one.
fn missing(history: &History, config: &Config, day: Day, now: Option<DateTime<Utc>>) -> Verdict {
    let before = history.days().map(|(day, _)| day).rfind(|found| *found < day);
    let mut missing: Vec<Day> = before.map(|before| between(before, day)).unwrap_or_default();
    let is_newest = history.days().all(|(found, _)| found <= day);
    if let Some(now) = now.filter(|_| is_newest) {
        let calendar = Calendar::new(config.calendar);
        let is_final = |day: &Day| calendar.final_at(*day).is_ok_and(|at| at <= now);
        let after = (1..).map_while(|days| day.checked_add(days));
        missing.extend(after.take_while(is_final));
    }
    let why = match missing.as_slice() {
        [] => "no day is missing".to_owned(),
        [only] => format!("{only} is not frozen"),
        [first, .., last] => format!("{} days from {first} to {last} are not frozen", missing.len()),
    };
    let state = if missing.is_empty() { State::Fine } else { State::Fires };
    let count = u64::try_from(missing.len()).unwrap_or(u64::MAX);
    Verdict { state, value: Some(Number::from(count)), expected: Some(Number::zero()), why }
}

fn between(before: Day, day: Day) -> Vec<Day> {
    (1..day.days_since(before)).filter_map(|days| before.checked_add(days)).collect()
}
