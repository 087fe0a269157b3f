//! How metrics settle, as a document.

use serde_json::{Value, json};

use crate::analyze::settling::{AtAge, Moved, NEEDED_DAYS};
use crate::ops::settling::{MetricReport, Report};

/// What each metric does, what was left out, and what was found on the way.
pub fn document(report: &Report) -> Value {
    let metrics: Vec<Value> = report.metrics.iter().map(|(name, metric)| of_metric(name, metric)).collect();
    json!({ "metrics": metrics, "left_out": report.over, "findings": report.findings })
}

fn of_metric(name: &str, metric: &MetricReport) -> Value {
    let found = &metric.settling;
    let reason = match found.settled {
        Some(_) => None,
        None if found.days < NEEDED_DAYS => Some("too few days"),
        None => Some("still moves"),
    };
    json!({
        "metric": name,
        "tolerance": metric.tolerance.trimmed(),
        "settled_after": found.settled,
        "reason": reason,
        "days": found.days,
        "needed_days": NEEDED_DAYS,
        "redefined": metric.redefined,
        "ages": found.ages.iter().map(of_age).collect::<Vec<_>>(),
    })
}

fn of_age(at: &AtAge) -> Value {
    json!({
        "age": at.age,
        "days": at.days,
        "within": at.within,
        "median": at.median.share(),
        "p95": at.p95.share(),
        "reason": (at.p95 == Moved::Beyond).then_some("0 or unknown then or now"),
    })
}
