//! Whether metrics are defined soundly, and what they mean.

use std::collections::BTreeMap;

use indexmap::IndexMap;

use super::check::Checker;
use super::duration;
use super::file::{self, File};
use super::presentation::{MetricLook, label_of};
use super::problem::{did_you_mean, listed};
use crate::model::Number;
use crate::model::definitions::{Aggregate, Count, Distinct, KeyKind, Measure, MetricDef, Ratio};
use crate::model::metrics_doc::Good;

/// The longest span a metric can be taken over, in days.
const LONGEST_OVER: u16 = 366;

/// Checks all metrics; gives the sound ones, and how each is shown in the order of the file.
pub fn check(
    file: &File,
    checker: &mut Checker<'_, '_>,
) -> (BTreeMap<String, MetricDef>, IndexMap<String, MetricLook>) {
    let mut metrics = BTreeMap::new();
    let mut looks = IndexMap::new();
    for (name, written) in &file.metrics {
        checker.name(&["metrics", name], name);
        let good = written.good.map(|good| match good {
            file::Good::Up => Good::Up,
            file::Good::Down => Good::Down,
        });
        let label = written.label.clone().unwrap_or_else(|| label_of(name));
        looks.insert(name.clone(), MetricLook { label, unit: written.unit.clone(), good });
        let measure = measure(name, written, file, checker);
        let over_days = over(name, written, checker);
        if let Some(measure) = measure {
            metrics.insert(name.clone(), MetricDef { measure, over_days });
        }
    }
    (metrics, looks)
}

fn measure(
    name: &str,
    written: &file::Metric,
    file: &File,
    checker: &mut Checker<'_, '_>,
) -> Option<Measure> {
    let path = ["metrics", name];
    let kinds: Vec<&str> = [
        ("count", written.count.is_some()),
        ("sum", written.sum.is_some()),
        ("min", written.min.is_some()),
        ("max", written.max.is_some()),
        ("avg", written.avg.is_some()),
        ("distinct", written.distinct.is_some()),
        ("ratio", written.ratio.is_some()),
    ]
    .into_iter()
    .filter_map(|(kind, given)| given.then_some(kind))
    .collect();
    let [kind] = kinds.as_slice() else {
        let message = if kinds.is_empty() {
            format!("it is not said what {name:?} measures")
        } else {
            format!("{name:?} measures {} at once", listed(kinds.iter().copied()))
        };
        let hint = "give exactly one of count, sum, min, max, avg, distinct and ratio".to_owned();
        checker.problem(&path, message, hint);
        return None;
    };
    allowed(name, kind, written, checker);
    if *kind == "ratio" {
        return ratio(name, written.ratio.as_deref().unwrap_or_default(), file, checker).map(Measure::Ratio);
    }
    let of = events_of(name, written, checker);
    if let Some(filter) = &written.filter {
        checker.expression(&["metrics", name, "where"], filter);
    }
    let sql = [&written.sum, &written.min, &written.max, &written.avg, &written.distinct];
    let sql = sql.into_iter().find_map(Clone::clone).unwrap_or_default();
    if *kind != "count" {
        checker.expression(&["metrics", name, kind], &sql);
    }
    let (of, filter) = (of?, written.filter.clone());
    if *kind == "count" {
        if written.count == Some(false) {
            checker.problem(
                &["metrics", name, "count"],
                "count = false counts nothing",
                "write count = true".to_owned(),
            );
        }
        return Some(Measure::Count(Count { of, filter }));
    }
    if *kind == "distinct" {
        let by = written.by.clone().unwrap_or_default();
        let dimensions = checker.dimensions_of(&of);
        for (item, dimension) in by.iter().enumerate() {
            if !dimensions.contains(dimension) {
                let known = || dimensions.iter().map(String::as_str);
                let hint = did_you_mean(dimension, known())
                    .unwrap_or_else(|| format!("{of:?} has {}", listed(known())));
                let path = ["metrics", name, "by", &item.to_string()];
                checker.problem(&path, format!("{dimension:?} is no dimension of {of:?}"), hint);
            }
        }
        let kind = written.kind.map(|file::KeyKind::Phone| KeyKind::Phone);
        let cumulative = written.cumulative == Some(true);
        return Some(Measure::Distinct(Distinct { of, sql, filter, by, kind, cumulative }));
    }
    let aggregate = Aggregate { of, sql, filter, divide: divisor(name, written, checker) };
    Some(match *kind {
        "sum" => Measure::Sum(aggregate),
        "min" => Measure::Min(aggregate),
        "max" => Measure::Max(aggregate),
        _ => Measure::Avg(aggregate),
    })
}

/// Notes keys that mean nothing for this kind of metric.
fn allowed(name: &str, kind: &str, written: &file::Metric, checker: &mut Checker<'_, '_>) {
    let divided = matches!(kind, "sum" | "min" | "max" | "avg");
    let wrong = [
        ("of", written.of.is_some() && kind == "ratio"),
        ("where", written.filter.is_some() && kind == "ratio"),
        ("divide", written.divide.is_some() && !divided),
        ("by", written.by.is_some() && kind != "distinct"),
        ("as", written.kind.is_some() && kind != "distinct"),
        ("cumulative", written.cumulative.is_some() && kind != "distinct"),
        ("over", written.over.is_some() && kind == "distinct"),
    ];
    for (key, _) in wrong.into_iter().filter(|(_, wrong)| *wrong) {
        let hint = match key {
            "by" => "every other metric is broken down by all dimensions of its events".to_owned(),
            "as" => "only the values of a distinct are told apart".to_owned(),
            "cumulative" => "only the values of a distinct are kept for the days to come".to_owned(),
            "over" => "distinct counts of several days don't add up".to_owned(),
            "divide" => "only sum, min, max and avg are divided".to_owned(),
            _ => "a ratio takes everything from its two metrics".to_owned(),
        };
        checker.problem(&["metrics", name, key], format!("{key:?} means nothing with {kind:?}"), hint);
    }
}

fn events_of(name: &str, written: &file::Metric, checker: &mut Checker<'_, '_>) -> Option<String> {
    let Some(of) = &written.of else {
        let hint = format!("add of = … with one of {}", listed(checker.names("events")));
        checker.problem(&["metrics", name], format!("it is not said what {name:?} is taken over"), hint);
        return None;
    };
    checker.events(&["metrics", name, "of"], of).then(|| of.clone())
}

fn divisor(name: &str, written: &file::Metric, checker: &mut Checker<'_, '_>) -> Option<Number> {
    let text = &written.divide.as_ref()?.0;
    let divisor = text.parse::<Number>().ok().filter(|divisor| !divisor.is_zero());
    if divisor.is_none() {
        checker.problem(
            &["metrics", name, "divide"],
            format!("{text} divides nothing"),
            "write a number other than 0, such as 60".to_owned(),
        );
    }
    divisor
}

fn ratio(name: &str, parts: &[String], file: &File, checker: &mut Checker<'_, '_>) -> Option<Ratio> {
    let [numerator, denominator] = parts else {
        let hint = "write ratio = [\"sales\", \"calls\"]".to_owned();
        checker.problem(&["metrics", name, "ratio"], "a ratio is made of two metrics", hint);
        return None;
    };
    let over = file.metrics.get(name).is_some_and(|metric| metric.over.is_some());
    let mut sound = true;
    for (item, part) in parts.iter().enumerate() {
        let item = item.to_string();
        let path = ["metrics", name, "ratio", &item];
        let hint = match file.metrics.get(part) {
            Some(metric) if metric.ratio.is_some() => "name what is counted, not another ratio".to_owned(),
            Some(metric) if metric.over.is_some() => "say over in the ratio, not in its parts".to_owned(),
            Some(metric) if metric.distinct.is_some() && over => {
                "distinct counts of several days don't add up: leave over out".to_owned()
            }
            Some(_) => continue,
            None if checker.is_written("metrics", part) => {
                sound = false;
                continue;
            }
            None => did_you_mean(part, checker.names("metrics"))
                .unwrap_or_else(|| "define it as a metric first".to_owned()),
        };
        let known = file.metrics.contains_key(part);
        let message = if known {
            format!("{part:?} can't be a part of a ratio")
        } else {
            format!("{part:?} is no metric")
        };
        checker.problem(&path, message, hint);
        sound = false;
    }
    sound.then(|| Ratio { numerator: numerator.clone(), denominator: denominator.clone() })
}

fn over(name: &str, written: &file::Metric, checker: &mut Checker<'_, '_>) -> Option<u16> {
    let text = written.over.as_deref()?;
    let days = duration::parse_days(text).filter(|days| (2..=LONGEST_OVER).contains(days));
    if days.is_none() {
        let hint = format!("write a number of days from 2d to {LONGEST_OVER}d, such as 30d");
        checker.problem(&["metrics", name, "over"], format!("{text:?} is no number of days"), hint);
    }
    days
}
