//! Alerts: what somebody should hear of on a day.
//!
//! | module | what it is for |
//! | --- | --- |
//! | [`series`] | the values of a metric, by day, from the archive |
//! | [`state`] | what was told already |
//! | [`tell`](mod@tell) | what is news, and telling it |
//! | [`few`] | of an alert with many members, those that are told |
//! | [`document`](mod@document) | an alert as JSON |
//! | [`shown`] | what is said of each, as views take it |

pub mod document;
pub mod few;
pub mod series;
pub mod shown;
pub mod state;
pub mod tell;

use chrono::{DateTime, Utc};

use crate::analyze::alerts::{Series, State, Verdict, judge};
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
    /// The day.
    pub day: Day,
    /// The edition that was looked at; `None` when the day is missing.
    pub line: Option<SnapshotLine>,
    /// The alerts, in the order of the configuration.
    pub judged: Vec<Judged>,
    /// The alerts of which there is no other member than those that are judged.
    pub whole: Vec<String>,
    /// What could not be read, as sentences.
    pub damaged: Vec<String>,
}

impl Judgement {
    /// Whether the day is not frozen, or not yet as it will stay.
    pub fn is_open(&self) -> bool {
        self.line.as_ref().is_none_or(|line| line.provenance == Provenance::Provisional)
    }

    /// What fires.
    pub fn firing(&self) -> impl Iterator<Item = &Judged> {
        self.judged.iter().filter(|judged| judged.verdict.state == State::Fires)
    }
}

/// Judges a day, by its latest edition. `None` when it is not in the archive, and not missing either.
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
    let editions = history.day(day)?;
    let line = when::latest(editions);
    let looks_for_missing = config.alerts.values().any(|alert| matches!(alert.on, On::Missing));
    if line.is_none() && !(editions.is_empty() && looks_for_missing && is_missing(history, config, day, now))
    {
        return Ok(None);
    }
    let open_why = match line {
        None => Some("the day is not frozen"),
        Some(line) if line.provenance == Provenance::Provisional => Some("the day is provisional"),
        Some(_) => None,
    };
    let mut reader = Reader::new(archive, history, config);
    let (mut judged, mut whole) = (Vec::new(), Vec::new());
    for (name, alert) in &config.alerts {
        match &alert.on {
            On::Missing => {
                let verdict = missing(history, config, alert.days, day, now);
                judged.push(Judged { name: name.clone(), metric: None, member: None, verdict });
            }
            On::Metric(rule) => {
                let mut values = reader.values(rule, alert.days, day);
                let nobody = values.series.is_empty();
                if line.is_none() || nobody {
                    values.series = vec![(None, Series::new())];
                }
                for (member, series) in values.series {
                    let mut verdict = judge(rule, alert.days, day, &series);
                    if let Some(why) = open_why {
                        why.clone_into(&mut verdict.why);
                        verdict.state = State::Unknown;
                    }
                    if let (None, true, Some(by)) = (open_why, nobody, &rule.by) {
                        verdict.why = if values.whole {
                            format!("no day has a member of {by}")
                        } else {
                            format!("no member of {by} is known on this day")
                        };
                    }
                    let metric = Some(rule.metric.clone());
                    judged.push(Judged { name: name.clone(), metric, member, verdict });
                }
                if values.whole {
                    whole.push(name.clone());
                }
            }
        }
    }
    Ok(Some(Judgement { day, line: line.cloned(), judged, whole, damaged: reader.damaged }))
}

/// The day that is looked at when none is named: the newest whose latest edition is not provisional, else the newest.
pub fn newest(history: &History) -> Option<Day> {
    let days = || history.days().rev().filter_map(|(_, editions)| when::latest(editions));
    let settled = days().find(|line| line.provenance != Provenance::Provisional);
    settled.or_else(|| days().next()).map(|line| line.date)
}

/// Whether a day could have been frozen by `now` and was not. What lies before the first frozen day was never meant to be.
fn is_missing(history: &History, config: &Config, day: Day, now: Option<DateTime<Utc>>) -> bool {
    let calendar = Calendar::new(config.calendar);
    let is_final = now.is_some_and(|now| calendar.final_at(day).is_ok_and(|at| at <= now));
    let first = history.days().next().map(|(first, _)| first);
    is_final && has_hours(&calendar, day) && first.is_some_and(|first| first < day)
}

/// Whether there is anything to freeze: clocks have jumped over whole days.
fn has_hours(calendar: &Calendar, day: Day) -> bool {
    calendar.window(day).is_ok_and(|window| window.start < window.end)
}

/// Which days are missing: from the frozen day before up to this one, and after it up to the last final one. It takes
/// `days` of them in a row.
fn missing(history: &History, config: &Config, days: u16, day: Day, now: Option<DateTime<Utc>>) -> Verdict {
    let calendar = Calendar::new(config.calendar);
    let known: Vec<Day> = history.days().map(|(day, _)| day).collect();
    let before = known.iter().rfind(|found| **found < day);
    let is_frozen = known.binary_search(&day).is_ok();
    let until = i64::from(is_frozen);
    let mut runs: Vec<Vec<Day>> = Vec::new();
    runs.extend(before.map(|before| {
        let between = (1..=day.days_since(*before) - until).filter_map(|days| before.checked_add(days));
        between.collect()
    }));
    let is_newest = known.last().is_some_and(|newest| *newest <= day);
    if let Some(now) = now.filter(|_| is_newest) {
        let is_final = |day: &Day| calendar.final_at(*day).is_ok_and(|at| at <= now);
        let after = (1..).map_while(|days| day.checked_add(days)).take_while(is_final);
        if is_frozen {
            runs.push(after.collect());
        } else {
            for run in &mut runs {
                run.extend(after.clone());
            }
        }
    }
    for run in &mut runs {
        run.retain(|day| has_hours(&calendar, *day));
    }
    let fires = runs.iter().any(|run| !run.is_empty() && run.len() >= usize::from(days));
    let missing: Vec<Day> = runs.into_iter().flatten().collect();
    let mut why = match missing.as_slice() {
        [] => "no day is missing".to_owned(),
        [only] => format!("{only} is not frozen"),
        [first, .., last] => format!("{} days from {first} to {last} are not frozen", missing.len()),
    };
    if !fires && !missing.is_empty() {
        why = format!("{why}; it takes {days} days in a row");
    }
    let state = if fires { State::Fires } else { State::Fine };
    let count = u64::try_from(missing.len()).unwrap_or(u64::MAX);
    Verdict { state, value: Some(Number::from(count)), expected: Some(Number::zero()), why }
}
