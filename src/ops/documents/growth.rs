//! Growth for programs: as JSON and as CSV; and why there is none, in words.

use serde_json::{Map, Value, json};

use crate::analyze::growth::{Grown, Mover, Parts, Sums, percentage};
use crate::model::Number;
use crate::ops::entities::growth::{Growth, GrowthRequest, NoBaseline, Seen, Span};
use crate::view::growth::hours;

/// Why there is no older side, and what can be done.
pub fn sentences(name: &str, missing: &NoBaseline) -> Vec<String> {
    let why = missing.reason.as_ref().map_or_else(String::new, |reason| format!(": {reason}"));
    let Some(day) = missing.day else {
        return vec!["growth is unknown: so many days before, no calendar had begun".to_owned()];
    };
    let mut all = vec![format!("there is no row of {name} for {day}, so growth is unknown{why}")];
    all.extend(missing.nearest.map(|day| format!("the nearest is that of {day}: --nearest takes it")));
    all.extend(missing.works_from.map(|day| format!("this span works from the look of {day} on")));
    all
}

/// The whole answer as JSON.
pub fn document(name: &str, request: &GrowthRequest, found: &Growth) -> Value {
    let side =
        |side: &Seen| json!({ "date": side.day, "at": side.at, "capture": side.capture, "live": side.live });
    let previous = found.previous.as_ref().ok();
    let missing = found.previous.as_ref().err();
    let span = previous.map(|previous| found.current.at.signed_duration_since(previous.at));
    let hours: Option<serde_json::Number> = span.and_then(|span| hours(span).parse().ok());
    let counters = found.grown.counters.iter();
    let counters: Map<String, Value> = counters.map(|(name, sums)| (name.clone(), of_sums(sums))).collect();
    json!({
        "entity": name,
        "period": match request.span {
            Span::Days(days) | Span::Before(_, days) => Some(days),
            Span::Between(..) | Span::At(_) => None,
        },
        "current": side(&found.current),
        "previous": previous.map(side),
        "hours": hours,
        "growth": counters,
        "parts": previous.map(|_| of_parts(&found.grown.parts)),
        "by": request.by,
        "groups": if request.by.is_some() { of_groups(&found.grown) } else { Vec::new() },
        "top": if request.top > 0 && previous.is_some() { of_top(&found.grown) } else { Map::new() },
        "reason": missing.map(|missing| sentences(name, missing).swap_remove(0)),
        "nearest": missing.and_then(|missing| missing.nearest),
        "works_from": missing.and_then(|missing| missing.works_from),
        "notes": found.notes,
    })
}

/// What a counter did, in the shape that programs take.
fn of_sums(sums: &Sums) -> Value {
    let older = sums.older().is_some();
    json!({
        "current": sums.newer().map(number),
        "previous": sums.older().map(number),
        "growth": sums.growth().map(number),
        "percentage": sums.percentage(),
        "isIncrease": sums.growth().map(|growth| growth > 0),
        "appeared": older.then(|| number(sums.appeared)),
        "disappeared": older.then(|| number(sums.disappeared)),
        "decreased": older.then_some(sums.decreased),
        "unknown": sums.unknown,
    })
}

fn number(whole: i128) -> Number {
    Number::from_scaled(whole.into(), 0)
}

fn of_parts(parts: &Parts) -> Value {
    json!({
        "matched": parts.matched,
        "appeared": parts.appeared,
        "disappeared": parts.disappeared,
        "decreased": parts.decreased,
        "not_due": parts.not_due,
        "unknown": parts.unknown,
    })
}

fn of_groups(grown: &Grown) -> Vec<Value> {
    let group = |(key, sums): (&Option<String>, &Vec<Sums>)| {
        let counters = grown.counters.keys().zip(sums);
        let counters: Map<String, Value> =
            counters.map(|(name, sums)| (name.clone(), of_sums(sums))).collect();
        json!({ "key": key, "growth": counters })
    };
    grown.groups.iter().map(group).collect()
}

fn of_top(grown: &Grown) -> Map<String, Value> {
    let mover = |mover: &Mover| {
        let previous = mover.previous.map(i128::from);
        json!({
            "key": mover.key,
            "label": mover.label,
            "current": mover.current,
            "previous": mover.previous,
            "growth": number(mover.growth()),
            "percentage": previous.and_then(|previous| percentage(mover.current.into(), previous)),
        })
    };
    let list = |(name, movers): (&String, &Vec<Mover>)| {
        (name.clone(), Value::Array(movers.iter().map(mover).collect()))
    };
    grown.top.iter().map(list).collect()
}

/// The answer as CSV with a line of names: a row for each total, group and entity, of each counter.
///
/// # Errors
/// None in practice: writing into memory does not fail.
pub fn csv(found: &Growth) -> Result<Vec<u8>, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(["of", "key", "label", "counter", "current", "previous", "growth", "percentage"])?;
    let told = |number: Option<i128>| number.map(|number| number.to_string()).unwrap_or_default();
    let sums = |writer: &mut csv::Writer<Vec<u8>>, of: &str, key: &str, counter: &str, sums: &Sums| {
        let (newer, older, growth) = (told(sums.newer()), told(sums.older()), told(sums.growth()));
        let change = sums.percentage().map(|change| change.to_string()).unwrap_or_default();
        writer.write_record([of, key, "", counter, &newer, &older, &growth, &change])
    };
    let grown = &found.grown;
    for (counter, total) in &grown.counters {
        sums(&mut writer, "total", "", counter, total)?;
    }
    for (key, group) in &grown.groups {
        for (counter, group) in grown.counters.keys().zip(group) {
            sums(&mut writer, "group", key.as_deref().unwrap_or_default(), counter, group)?;
        }
    }
    for (counter, movers) in &grown.top {
        for mover in movers {
            let previous = mover.previous.map(i128::from);
            let change = previous.and_then(|previous| percentage(mover.current.into(), previous));
            let (current, growth) = (mover.current.to_string(), mover.growth().to_string());
            let change = change.map(|change| change.to_string()).unwrap_or_default();
            let label = mover.label.as_deref().unwrap_or_default();
            writer.write_record([
                "entity",
                &mover.key,
                label,
                counter,
                &current,
                &told(previous),
                &growth,
                &change,
            ])?;
        }
    }
    writer.into_inner().map_err(|error| error.into_error().into())
}
