//! Two snapshots of one entity beside each other, as a document.

use serde_json::{Map, Value, json};

use super::history;
use crate::entities::computed::{Computed, SeenRow, computed};
use crate::model::entity::FieldValue;
use crate::ops::entities::history::{Timeline, TimelineRow};

/// What numbers did from one row to another; trends are of rows in a row, and not told here.
pub fn between(timeline: &Timeline, from: &TimelineRow, to: &TimelineRow) -> Computed {
    let seen = [from, to].map(|row| SeenRow { taken: row.kept.day, at: row.kept.at, row: &row.kept.row });
    let mut told = computed(&timeline.numbers, &seen).pop().unwrap_or_else(|| to.computed.clone());
    for moved in told.moves.values_mut() {
        moved.trend = None;
    }
    told
}

/// Two rows beside each other as JSON.
pub fn document(timeline: &Timeline, a: &TimelineRow, b: &TimelineRow, moved: &Computed) -> Value {
    let field = |name: &String| {
        let value =
            |row: &TimelineRow| -> Option<FieldValue> { row.kept.row.fields.get(name).cloned().flatten() };
        let told = moved.moves.get(name);
        let mut field = json!({
            "a": value(a),
            "b": value(b),
            "same": a.kept.row.fields.get(name) == b.kept.row.fields.get(name),
        });
        if let (Some(told), Some(field)) = (told, field.as_object_mut()) {
            field.insert("change".to_owned(), json!(told.change));
            field.insert("percentage".to_owned(), json!(told.percentage));
            field.insert("is_significant".to_owned(), json!(told.is_significant));
        }
        (name.clone(), field)
    };
    let fields: Map<String, Value> = timeline.fields.keys().map(field).collect();
    json!({
        "entity": timeline.entity,
        "key": timeline.key,
        "label": timeline.label,
        "a": history::row_document(timeline, a),
        "b": history::row_document(timeline, b),
        "fields": fields,
        "is_significant_change": moved.is_significant,
    })
}
