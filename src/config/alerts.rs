//! What somebody should hear of: which numbers, held against what. It changes no number.

use std::collections::BTreeMap;

use indexmap::IndexMap;

use super::again::percent;
use super::check::Checker;
use super::duration;
use super::file::{self, File};
use super::problem::{did_you_mean, listed};
use crate::model::Number;
use crate::model::definitions::{Measure, MetricDef};

/// No alert waits for more days in a row, and none is silent for more days.
const MOST_DAYS: u16 = 31;

/// The alert of missing days that is there when others are, and none of them is of missing days.
pub const MISSING_DAY: &str = "missing_day";

/// One alert.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlertSettings {
    /// When it fires.
    pub on: On,
    /// On how many days in a row; 1 is the day alone.
    pub days: u16,
    /// For how many days after it was told nothing more is told, even if it has cleared in between.
    pub snooze: Option<u16>,
}

/// When an alert fires.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum On {
    /// When a day that is over is not frozen.
    Missing,
    /// When a metric is not as expected.
    Metric(MetricRule),
}

/// A metric and what it is held against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MetricRule {
    /// The metric.
    pub metric: String,
    /// The dimension of which each member is looked at by itself; the whole day when `None`.
    pub by: Option<String>,
    /// What it is held against.
    pub rule: Rule,
    /// Which way it has to go.
    pub direction: Direction,
    /// Where neither the value nor what was expected reaches this, it does not fire.
    pub ignore_below: Option<Number>,
}

/// What a metric is held against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Fixed bounds, at least one.
    Bounds {
        /// It fires above this.
        above: Option<Number>,
        /// It fires below this.
        below: Option<Number>,
    },
    /// Earlier days.
    Change {
        /// Which.
        against: Against,
        /// By which share it has to differ, as a plain fraction.
        more_than: Number,
    },
    /// A number that was set.
    Target {
        /// The number.
        target: Number,
        /// By which share it has to differ, as a plain fraction.
        more_than: Number,
    },
    /// What is usual on such a weekday.
    Anomaly,
}

pub use super::file::{Against, Direction};

/// Checks all alerts; gives them in the order of the file.
pub fn check(
    file: &File,
    metrics: &BTreeMap<String, MetricDef>,
    checker: &mut Checker<'_, '_>,
) -> IndexMap<String, AlertSettings> {
    let mut alerts = IndexMap::new();
    let mut wanted = true;
    for (name, written) in &file.alerts {
        checker.name(&["alerts", name], name);
        let days = written.days.unwrap_or(1);
        if !(1..=MOST_DAYS).contains(&days) {
            let hint = format!("write a number of days in a row from 1 to {MOST_DAYS}");
            checker.problem(&["alerts", name, "for"], format!("{days} is no number of days"), hint);
        }
        let snooze = written.snooze.as_deref().and_then(|text| {
            let days = duration::parse_days(text).filter(|days| (1..=MOST_DAYS).contains(days));
            if days.is_none() {
                let hint = format!("write a number of days from 1d to {MOST_DAYS}d");
                checker.problem(&["alerts", name, "snooze"], format!("{text:?} is no number of days"), hint);
            }
            days
        });
        if name == MISSING_DAY && written.missing == Some(false) && written.looks_for().is_empty() {
            wanted = false;
        } else if let Some(on) = on(name, written, metrics, checker) {
            alerts.insert(name.clone(), AlertSettings { on, days, snooze });
        }
    }
    wanted &= alerts.values().all(|alert| alert.on != On::Missing);
    if wanted && !alerts.is_empty() {
        alerts.insert(MISSING_DAY.to_owned(), AlertSettings { on: On::Missing, days: 1, snooze: None });
    }
    alerts
}

impl file::Alert {
    /// What it looks for, of which there has to be one.
    fn looks_for(&self) -> Vec<&'static str> {
        let kinds = [
            ("bounds", self.above.is_some() || self.below.is_some()),
            ("change", self.change.is_some()),
            ("target", self.target.is_some()),
            ("anomaly", self.anomaly == Some(true)),
            ("missing", self.missing == Some(true)),
        ];
        kinds.into_iter().filter_map(|(kind, there)| there.then_some(kind)).collect()
    }
}

fn on(
    name: &str,
    written: &file::Alert,
    metrics: &BTreeMap<String, MetricDef>,
    checker: &mut Checker<'_, '_>,
) -> Option<On> {
    let kinds = written.looks_for();
    let [kind] = kinds.as_slice() else {
        // What it looks for is written and could not be read: that has had its own problem.
        let written_as = ["above", "below", "change", "target"];
        if kinds.is_empty() && checker.has_any(&["alerts", name], &written_as) {
            return None;
        }
        let hint = "write one of above or below (or both), change, target, anomaly = true and missing = true";
        let what = if kinds.is_empty() { "nothing" } else { "more than one thing" };
        checker.problem(&["alerts", name], format!("{name:?} looks for {what}"), hint.to_owned());
        return None;
    };
    if name == MISSING_DAY && *kind != "missing" {
        let hint = "take another name for this one".to_owned();
        checker.problem(
            &["alerts", name],
            format!("{name:?} is the alert of days that are not frozen"),
            hint,
        );
    }
    let shares = matches!(*kind, "change" | "target");
    let wrong = [
        ("metric", written.metric.is_some() && *kind == "missing"),
        ("by", written.by.is_some() && *kind == "missing"),
        ("direction", written.direction.is_some() && matches!(*kind, "missing" | "bounds")),
        ("ignore_below", written.ignore_below.is_some() && matches!(*kind, "missing" | "bounds")),
        ("more_than", written.more_than.is_some() && !shares),
    ];
    for (key, _) in wrong.into_iter().filter(|(_, wrong)| *wrong) {
        let what = if *kind == "bounds" { "above and below" } else { kind };
        checker.problem(
            &["alerts", name, key],
            format!("{key:?} means nothing with {what}"),
            "leave it out".to_owned(),
        );
    }
    if *kind == "missing" {
        return Some(On::Missing);
    }
    let rule = rule(name, written, kind, checker);
    let ignore_below = number(written.ignore_below.as_ref(), &["alerts", name, "ignore_below"], checker);
    let metric = metric(name, written, metrics, checker)?;
    Some(On::Metric(MetricRule {
        metric,
        by: written.by.clone(),
        rule: rule?,
        direction: written.direction.unwrap_or(Direction::Both),
        ignore_below,
    }))
}

fn rule(name: &str, written: &file::Alert, kind: &str, checker: &mut Checker<'_, '_>) -> Option<Rule> {
    if kind == "anomaly" {
        return Some(Rule::Anomaly);
    }
    if kind == "bounds" {
        let above = number(written.above.as_ref(), &["alerts", name, "above"], checker);
        let below = number(written.below.as_ref(), &["alerts", name, "below"], checker);
        if above.is_some() && above < below {
            let hint = "above is the upper bound, and below the lower one".to_owned();
            checker.problem(&["alerts", name, "above"], "every value lies outside of these bounds", hint);
        }
        return Some(Rule::Bounds { above, below });
    }
    let Some(text) = &written.more_than else {
        let hint = "add more_than = \"20%\"".to_owned();
        checker.problem(&["alerts", name, kind], "it is not said how much is too much", hint);
        return None;
    };
    let Some(more_than) = percent(text) else {
        let hint = "write a share in percent: 20%".to_owned();
        checker.problem(&["alerts", name, "more_than"], format!("{text:?} is no share"), hint);
        return None;
    };
    if let Some(against) = written.change {
        return Some(Rule::Change { against, more_than });
    }
    let target = number(written.target.as_ref(), &["alerts", name, "target"], checker)?;
    Some(Rule::Target { target, more_than })
}

fn number(written: Option<&file::Decimal>, path: &[&str], checker: &mut Checker<'_, '_>) -> Option<Number> {
    let text = &written?.0;
    let number = text.parse().ok();
    if number.is_none() {
        checker.problem(path, format!("{text} is no number"), "write a number such as 10".to_owned());
    }
    number
}

/// A counter of entities, once it is there: its sum over all of them is what an alert looks at.
fn of_counter(
    name: &str,
    written: &file::Alert,
    (entity, counter): (&str, &str),
    checker: &mut Checker<'_, '_>,
) -> Option<String> {
    let mut fine = true;
    let known = checker.names_below(&["entities", entity, "counters"]);
    if !known.iter().any(|known| known == counter) {
        let hint = did_you_mean(counter, known.iter().map(String::as_str))
            .unwrap_or_else(|| format!("known counters: {}", listed(known.iter().map(String::as_str))));
        let message = format!("{counter:?} is no counter of {entity}");
        checker.problem(&["alerts", name, "metric"], message, hint);
        fine = false;
    }
    if matches!(written.change, Some(Against::MonthToDate)) {
        let message = format!("what {entity}.{counter} was can't be added up over the days of a month");
        let hint = "take same_weekday or previous_day".to_owned();
        checker.problem(&["alerts", name, "change"], message, hint);
        fine = false;
    }
    if written.by.is_some() {
        let message = format!("an alert looks at {entity}.{counter} of all entities only");
        checker.problem(&["alerts", name, "by"], message, "leave by out".to_owned());
        fine = false;
    }
    fine.then(|| format!("{entity}.{counter}"))
}

/// The metric, once it and the dimension are there and can be held against what is wanted.
fn metric(
    name: &str,
    written: &file::Alert,
    metrics: &BTreeMap<String, MetricDef>,
    checker: &mut Checker<'_, '_>,
) -> Option<String> {
    let Some(metric) = &written.metric else {
        let hint = format!("add metric = … with one of {}", listed(checker.names("metrics")));
        checker.problem(&["alerts", name], format!("it is not said what {name:?} looks at"), hint);
        return None;
    };
    if let Some((entity, counter)) = metric.split_once('.')
        && checker.is_written("entities", entity)
    {
        return of_counter(name, written, (entity, counter), checker);
    }
    if !checker.is_written("metrics", metric) {
        let hint = did_you_mean(metric, checker.names("metrics"))
            .unwrap_or_else(|| format!("known metrics: {}", listed(checker.names("metrics"))));
        checker.problem(&["alerts", name, "metric"], format!("{metric:?} is no metric"), hint);
        return None;
    }
    // What could not be read has had its own problem.
    let def = metrics.get(metric)?;
    let adds_up = matches!(def.measure, Measure::Count(_) | Measure::Sum(_)) && def.over_days.is_none();
    if matches!(written.change, Some(Against::MonthToDate)) && !adds_up {
        let hint = "only counts and sums of single days add up: take same_weekday or previous_day".to_owned();
        let message = format!("{metric:?} can't be added up over the days of a month");
        checker.problem(&["alerts", name, "change"], message, hint);
    }
    if let Some(by) = &written.by {
        let events = def.measure.events_in(metrics);
        let known: Vec<Vec<String>> = events.iter().map(|events| checker.dimensions_of(events)).collect();
        let of_all = |name: &String| known.iter().all(|known| known.contains(name));
        if !of_all(by) {
            let fitting: Vec<&str> =
                known.iter().flatten().filter(|name| of_all(name)).map(String::as_str).collect();
            let hint = did_you_mean(by, fitting.iter().copied())
                .unwrap_or_else(|| format!("known dimensions: {}", listed(fitting.iter().copied())));
            checker.problem(&["alerts", name, "by"], format!("{by:?} is no dimension of {metric:?}"), hint);
        }
        if let Measure::Distinct(distinct) = &def.measure
            && !distinct.by.contains(by)
        {
            let hint = format!("add by = [{by:?}] to the metric");
            checker.problem(&["alerts", name, "by"], format!("{metric:?} is not counted by {by:?}"), hint);
        }
    }
    Some(metric.clone())
}
