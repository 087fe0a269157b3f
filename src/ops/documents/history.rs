//! An entity through time for programs: as JSON and as CSV.

use serde_json::{Map, Value, json};

use crate::entities::computed::Move;
use crate::model::Day;
use crate::model::entity::FieldValue;
use crate::ops::entities::history::{Timeline, TimelineRow};
use crate::ops::entities::rows::KeptRow;

/// What a number did, as JSON.
pub fn moved(moved: &Move) -> Value {
    json!({
        "previous": moved.previous,
        "change": moved.change,
        "percentage": moved.percentage,
        "is_significant": moved.is_significant,
        "trend": moved.trend,
    })
}

/// A row as JSON, with every field that is told; what was not read then is null and named.
pub fn row_document(timeline: &Timeline, row: &TimelineRow) -> Value {
    let kept = &row.kept;
    let value = |name: &String| kept.row.fields.get(name).cloned().flatten();
    let fields: Map<String, Value> =
        timeline.fields.keys().map(|name| (name.clone(), json!(value(name)))).collect();
    let not_read: Vec<&String> =
        timeline.fields.keys().filter(|name| !kept.row.fields.contains_key(*name)).collect();
    let numbers: Map<String, Value> =
        row.computed.moves.iter().map(|(name, told)| (name.clone(), moved(told))).collect();
    let why = kept.capture.as_ref();
    let mut document = json!({
        "snapshot_id": kept.row.snapshot_id(),
        "seq": kept.row.seq,
        "date": kept.day,
        "captured_at": kept.at,
        "type": why.map_or("look", |why| why.kind.word()),
        "label": kept.row.label,
        "fields": fields,
        "numbers": numbers,
        "is_significant_change": row.computed.is_significant,
        "days_since_last_snapshot": row.computed.previous.map(|before| before.days),
        "previous": row.computed.previous.map(|before| json!({ "seq": before.seq, "captured_at": before.at })),
        "definition": kept.definition,
        "not_read": not_read,
    });
    if let (Some(why), Some(document)) = (why, document.as_object_mut()) {
        document.insert("trigger".to_owned(), json!(why.trigger));
        document.insert("reason".to_owned(), json!(why.reason));
        document.insert("actor".to_owned(), json!(why.actor));
        document.insert("occurred_at".to_owned(), json!(why.occurred_at));
        document.insert("changes".to_owned(), json!(why.changes));
    }
    document
}

/// A row by itself, as it was kept.
pub fn kept(kept: &KeptRow) -> Value {
    let why = kept.capture.as_ref();
    json!({
        "snapshot_id": kept.row.snapshot_id(),
        "seq": kept.row.seq,
        "key": kept.row.key,
        "label": kept.row.label,
        "date": kept.day,
        "captured_at": kept.at,
        "type": why.map_or("look", |why| why.kind.word()),
        "trigger": why.and_then(|why| why.trigger.as_ref()),
        "reason": why.and_then(|why| why.reason.as_ref()),
        "actor": why.and_then(|why| why.actor.as_ref()),
        "occurred_at": why.and_then(|why| why.occurred_at),
        "fields": kept.row.fields,
        "definition": kept.definition,
    })
}

/// All of it as JSON.
pub fn document(timeline: &Timeline) -> Value {
    let days = |days: &[(Day, String)]| -> Vec<Value> {
        days.iter().map(|(day, reason)| json!({ "date": day, "reason": reason })).collect()
    };
    json!({
        "entity": timeline.entity,
        "key": timeline.key,
        "label": timeline.label,
        "rows": timeline.rows.iter().map(|row| row_document(timeline, row)).collect::<Vec<_>>(),
        "unlooked": days(&timeline.unlooked),
        "thinned": days(&timeline.thinned),
        "newest_thinned": timeline.newest_thinned,
        "gone": timeline.gone,
    })
}

/// The rows as CSV: what is unknown is an empty cell, a list is JSON.
///
/// # Errors
/// None in practice: writing into memory does not fail.
pub fn csv(timeline: &Timeline) -> Result<Vec<u8>, csv::Error> {
    const FIRST: [&str; 7] =
        ["snapshot_id", "date", "captured_at", "type", "trigger", "reason", "days_since_last_snapshot"];
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut head: Vec<String> = FIRST.map(str::to_owned).into();
    head.push("is_significant_change".to_owned());
    head.extend(timeline.fields.keys().cloned());
    for (name, settings) in &timeline.numbers {
        head.extend([format!("{name}_change"), format!("{name}_percentage")]);
        head.extend(settings.trend.is_some().then(|| format!("{name}_trend")));
    }
    writer.write_record(&head)?;
    for TimelineRow { kept, computed } in &timeline.rows {
        let why = kept.capture.as_ref();
        let text = |text: Option<&String>| text.cloned().unwrap_or_default();
        let mut cells = vec![
            kept.row.snapshot_id().to_string(),
            kept.day.to_string(),
            kept.at.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true),
            why.map_or("look", |why| why.kind.word()).to_owned(),
            text(why.and_then(|why| why.trigger.as_ref())),
            text(why.and_then(|why| why.reason.as_ref())),
            computed.previous.map(|before| before.days.to_string()).unwrap_or_default(),
            computed.is_significant.map(|said| said.to_string()).unwrap_or_default(),
        ];
        cells.extend(timeline.fields.keys().map(|name| cell(kept.row.fields.get(name))));
        for (name, settings) in &timeline.numbers {
            let told = computed.moves.get(name);
            let number =
                |number: Option<&crate::model::Number>| number.map(ToString::to_string).unwrap_or_default();
            cells.push(number(told.and_then(|told| told.change.as_ref())));
            cells.push(number(told.and_then(|told| told.percentage.as_ref())));
            if settings.trend.is_some() {
                let trend = told.and_then(|told| told.trend);
                cells.push(trend.map(|trend| trend.word().to_owned()).unwrap_or_default());
            }
        }
        writer.write_record(&cells)?;
    }
    writer.into_inner().map_err(|error| error.into_error().into())
}

fn cell(value: Option<&Option<FieldValue>>) -> String {
    match value {
        None | Some(None) => String::new(),
        Some(Some(FieldValue::List(items))) => json!(items).to_string(),
        Some(Some(value)) => value.to_string(),
    }
}
