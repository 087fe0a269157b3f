//! Whether a metric's value on a day is one that somebody should hear of, from its values on the days before.

use std::collections::BTreeMap;

use chrono::Datelike as _;

use super::compare::compare;
use super::usual::{LEAST_DAYS, Usual, usual};
use crate::config::alerts::{Against, Direction, MetricRule, Rule};
use crate::model::{Day, Number};

/// The known values of a metric, by day.
pub type Series = BTreeMap<Day, Number>;

/// How far a value may lie from what is usual, in spreads. The spread is known from a few weeks only, so it is
/// more than it would be for a normal distribution. How many ordinary days pass it, and how many of those that fell by
/// 30 %, depends on what is counted: docs/CONFIG.md has the figures, and `shapes` measures them.
const FAR: f64 = 5.0;
/// How many significant digits an estimate is told with.
const ESTIMATE_DIGITS: u64 = 4;

/// What is to be said of an alert on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Somebody should hear of it.
    Fires,
    /// All is as expected.
    Fine,
    /// There is too little to tell.
    Unknown,
}

/// A judgement of one value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// What it comes to.
    pub state: State,
    /// The value that was looked at; `None` when it is unknown.
    pub value: Option<Number>,
    /// What was expected; `None` when nothing was.
    pub expected: Option<Number>,
    /// Why, as a clause without a full stop.
    pub why: String,
}

impl Verdict {
    fn unknown(value: Option<&Number>, why: impl Into<String>) -> Self {
        Self { state: State::Unknown, value: value.cloned(), expected: None, why: why.into() }
    }
}

/// How many days before the first that is judged have to be known, at most.
pub fn reach(rule: &Rule) -> i64 {
    match rule {
        Rule::Bounds { .. } | Rule::Target { .. } => 0,
        Rule::Change { against: Against::PreviousDay, .. } => 1,
        Rule::Change { against: Against::SameWeekday, .. } => 7,
        Rule::Change { against: Against::MonthToDate, .. } => 62,
        Rule::Anomaly => super::usual::WINDOW,
    }
}

/// Judges `days` days in a row that end with `day`: it fires when each of them does, and is fine when one of them is.
pub fn judge(rule: &MetricRule, days: u16, day: Day, series: &Series) -> Verdict {
    let mut verdict = judge_day(rule, day, series);
    if verdict.state != State::Fires || days < 2 {
        return verdict;
    }
    let mut unknown = None;
    for back in 1..days {
        let earlier = day.checked_add(-i64::from(back));
        let before = earlier.map_or(State::Unknown, |earlier| judge_day(rule, earlier, series).state);
        if before == State::Fine {
            let since = if back == 1 { "the first day".to_owned() } else { format!("day {back} in a row") };
            let since = if unknown.is_some() { "not all".to_owned() } else { since };
            verdict.why = format!("{}; {since} of the {days} that it takes", verdict.why);
            verdict.state = State::Fine;
            return verdict;
        }
        if before == State::Unknown {
            unknown = unknown.or(Some(earlier));
        }
    }
    if let Some(earlier) = unknown {
        let earlier = earlier.map_or_else(|| "one of them".to_owned(), |earlier| earlier.to_string());
        verdict.why = format!("{}; of {days} days in a row {earlier} can't be judged", verdict.why);
        verdict.state = State::Unknown;
    } else {
        verdict.why = format!("{}; {days} days in a row", verdict.why);
    }
    verdict
}

fn judge_day(rule: &MetricRule, day: Day, series: &Series) -> Verdict {
    let Some(value) = series.get(&day) else {
        return Verdict::unknown(None, format!("its value on {day} is not known"));
    };
    match &rule.rule {
        Rule::Bounds { above, below } => bounds(value, above.as_ref(), below.as_ref()),
        Rule::Target { target, more_than } => differs(rule, value, target, more_than, "the target"),
        Rule::Change { against: Against::MonthToDate, more_than } => {
            month_to_date(rule, day, series, more_than)
        }
        Rule::Change { against, more_than } => {
            let back = if *against == Against::SameWeekday { 7 } else { 1 };
            let Some((then, expected)) = day.checked_add(-back).and_then(|then| series.get_key_value(&then))
            else {
                let then = if back == 7 { "a week before" } else { "on the day before" };
                return Verdict::unknown(Some(value), format!("its value {then} is not known"));
            };
            differs(rule, value, expected, more_than, &then.to_string())
        }
        Rule::Anomaly => anomaly(rule, day, value, series),
    }
}

fn bounds(value: &Number, above: Option<&Number>, below: Option<&Number>) -> Verdict {
    let verdict = |state, expected: Option<&Number>, why| Verdict {
        state,
        value: Some(value.clone()),
        expected: expected.cloned(),
        why,
    };
    if let Some(bound) = above.filter(|bound| value > *bound) {
        return verdict(State::Fires, Some(bound), format!("{value} is above {bound}"));
    }
    if let Some(bound) = below.filter(|bound| value < *bound) {
        return verdict(State::Fires, Some(bound), format!("{value} is below {bound}"));
    }
    verdict(State::Fine, above.or(below), format!("{value} is within its bounds"))
}

/// Whether a value differs from what is expected by more than a share of that, exactly.
fn differs(rule: &MetricRule, value: &Number, expected: &Number, more_than: &Number, name: &str) -> Verdict {
    let change = value - expected;
    let far = change.abs() > more_than.times(&expected.abs());
    let percentage = compare(value, expected).percentage;
    let by = match &percentage {
        Some(percentage) if !change.is_zero() => {
            let way = if change.is_negative() { "less" } else { "more" };
            format!("{} % {way}", percentage.abs())
        }
        _ if change.is_zero() => "no change".to_owned(),
        _ => "up from nothing".to_owned(),
    };
    let why = format!("{value} against {expected} ({name}): {by}");
    decided(rule, value, expected, far, why)
}

/// What comes of a value that is far from what is expected, or is not.
fn decided(rule: &MetricRule, value: &Number, expected: &Number, far: bool, why: String) -> Verdict {
    let wanted = match rule.direction {
        Direction::Up => value > expected,
        Direction::Down => value < expected,
        Direction::Both => true,
    };
    let small = rule.ignore_below.as_ref().is_some_and(|least| value < least && expected < least);
    let fires = far && wanted && !small;
    let why = match &rule.ignore_below {
        Some(least) if far && wanted && small => format!("{why}; both are below {least}"),
        _ => why,
    };
    let state = if fires { State::Fires } else { State::Fine };
    Verdict { state, value: Some(value.clone()), expected: Some(expected.clone()), why }
}

/// This month so far against as many days of the month before, all of which have to be known.
fn month_to_date(rule: &MetricRule, day: Day, series: &Series, more_than: &Number) -> Verdict {
    let date = day.date();
    let first = day.checked_add(-i64::from(date.day0()));
    let end_before = first.and_then(|first| first.checked_add(-1));
    let first_before = end_before.and_then(|end| end.checked_add(-i64::from(end.date().day0())));
    let (Some(first), Some(end_before), Some(first_before)) = (first, end_before, first_before) else {
        return Verdict::unknown(None, "there is no month before");
    };
    let days = i64::from(date.day());
    let Some(same) = first_before.checked_add(days - 1).filter(|same| *same <= end_before) else {
        let had = end_before.date().day();
        return Verdict::unknown(None, format!("the month before had only {had} days"));
    };
    let sum = |from: Day, to: Day| {
        let known: Vec<&Number> = series.range(from..=to).map(|(_, value)| value).collect();
        let whole = i64::try_from(known.len()).is_ok_and(|known| known == days);
        whole.then(|| known.into_iter().fold(Number::zero(), |sum, value| sum + value)).ok_or_else(|| {
            let known = series.range(from..=to).count();
            format!("only {known} of the {days} days from {from} to {to} are known")
        })
    };
    match (sum(first, day), sum(first_before, same)) {
        (Ok(value), Ok(expected)) => {
            differs(rule, &value, &expected, more_than, &format!("{first_before} to {same}"))
        }
        (value, expected) => {
            let why = value.as_ref().err().or(expected.as_ref().err()).cloned().unwrap_or_default();
            Verdict::unknown(value.ok().as_ref(), why)
        }
    }
}

fn anomaly(rule: &MetricRule, day: Day, value: &Number, series: &Series) -> Verdict {
    let Usual { expected, spread } = match usual(day, series) {
        Ok(usual) => usual,
        Err(known) => {
            let days = if known == 1 { "day" } else { "days" };
            let why = format!("{known} {days} so far, and it takes {LEAST_DAYS} to know what is usual");
            return Verdict::unknown(Some(value), why);
        }
    };
    let distance = (value.to_f64() - expected).abs();
    let far = distance > FAR * spread;
    let Some(told) = Number::from_f64(expected).map(|number| number.significant(ESTIMATE_DIGITS)) else {
        return Verdict::unknown(Some(value), "what is usual can't be told");
    };
    let weekday = day.date().format("%A");
    let usual = format!("{value} where about {told} is usual on a {weekday}");
    let why = if far && distance < 100.0 * spread {
        format!("{usual}, {:.1} times the usual spread away", distance / spread)
    } else {
        usual
    };
    decided(rule, value, &told, far, why)
}

#[cfg(test)]
mod shapes;
#[cfg(test)]
mod tests;
