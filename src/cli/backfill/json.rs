//! A backfill for programs: an object for each day, and one for the whole.

use serde_json::{Map, Value, json};

use crate::analyze::odd::Odd;
use crate::model::Day;
use crate::ops::backfill::report::{DayOutcome, DayReport, Numbers, Summary};
use crate::ops::decide::By;
use crate::view::odd;

/// A day.
pub fn day(report: &DayReport) -> Value {
    let mut object = json!({ "event": "day", "date": report.day, "place": report.place, "of": report.of });
    let (status, why) = report.outcome.status();
    let more = match &report.outcome {
        DayOutcome::Saved { provenance, why, rows, .. } => {
            json!({ "provenance": provenance, "rows": rows, "trigger": why.trigger(By::Backfill) })
        }
        DayOutcome::AlreadyThere { provenance, .. } => json!({ "provenance": provenance }),
        DayOutcome::Failed { hint, .. } => json!({ "hint": hint }),
        DayOutcome::Unchanged { .. } | DayOutcome::NotOver { .. } | DayOutcome::NoHours { .. } => json!({}),
    };
    if let (Some(object), Value::Object(more)) = (object.as_object_mut(), more) {
        object.insert("status".to_owned(), json!(status));
        if let Some(why) = why {
            object.insert("why".to_owned(), why.into());
        }
        if let Some(edition) = report.outcome.edition() {
            object.insert("edition".to_owned(), json!(edition));
        }
        object.extend(more);
        if !report.odd.is_empty() {
            object.insert("odd".to_owned(), odd_days(report.day, &report.odd).into());
        }
        if let Some(Numbers { values, seen }) = &report.numbers {
            let values = values.iter().map(|(name, value)| (name.clone(), json!(value)));
            object.insert("metrics".to_owned(), Value::Object(values.collect()));
            if !seen.is_empty() {
                object.insert("seen".to_owned(), json!(seen));
            }
        }
    }
    object
}

/// Why a day is odd, each in numbers and in words.
fn odd_days(day: Day, odd: &[Odd]) -> Vec<Value> {
    let one = |odd: &Odd| {
        let mut object = json!(odd);
        if let Some(object) = object.as_object_mut() {
            object.insert("date".to_owned(), json!(day));
            object.insert("text".to_owned(), odd::sentence(odd, day).into());
        }
        object
    };
    odd.iter().map(one).collect()
}

/// The whole.
pub fn summary(summary: &Summary) -> Value {
    let status = match (summary.interrupted, &summary.ended_by) {
        (true, _) => "interrupted",
        (_, Some(_)) => "ended",
        _ if summary.is_whole() => "done",
        _ => "partly",
    };
    let failed = summary.failed.iter().map(|(day, why)| json!({ "date": day, "why": why }));
    let totals: Map<String, Value> =
        summary.totals.sums.iter().map(|(name, sum)| (name.clone(), json!(sum))).collect();
    json!({
        "event": "summary",
        "status": status,
        "from": summary.from,
        "to": summary.to,
        "saved": summary.saved,
        "already_there": summary.already_there,
        "unchanged": summary.unchanged,
        "not_over": summary.not_over,
        "no_hours": summary.no_hours,
        "left": summary.left,
        "failed": failed.collect::<Vec<_>>(),
        "totals": totals,
        "seen": summary.totals.seen,
        "odd": summary.odd.iter().flat_map(|(day, odd)| odd_days(*day, odd)).collect::<Vec<_>>(),
    })
}
