//! Which entities moved since a day, as a document.

use serde_json::{Value, json};

use super::history;
use crate::model::Day;
use crate::ops::entities::history::{Timeline, TimelineRow};
use crate::ops::entities::moved::{MovedSince, Way};

/// The list as JSON.
pub fn document(name: &str, way: Way, since: Day, told: &MovedSince) -> Value {
    let one = |(timeline, fields): &(Timeline, Vec<String>)| {
        let rows = timeline.rows.first().zip(timeline.rows.last());
        let side = |row: &TimelineRow| {
            json!({
                "snapshot_id": row.kept.row.snapshot_id(),
                "date": row.kept.day,
                "captured_at": row.kept.at,
            })
        };
        let field = |field: &String| {
            let (older, newest) = rows?;
            let value = |row: &TimelineRow| row.kept.row.fields.get(field).cloned().flatten();
            let mut told = json!({ "previous": value(older), "current": value(newest) });
            if let (Some(Value::Object(moved)), Some(told)) =
                (newest.computed.moves.get(field).map(history::moved), told.as_object_mut())
            {
                let wanted = ["change", "percentage", "is_significant"];
                told.extend(moved.into_iter().filter(|(name, _)| wanted.contains(&name.as_str())));
            }
            Some((field.clone(), told))
        };
        json!({
            "key": timeline.key,
            "label": timeline.label,
            "previous": rows.map(|(older, _)| side(older)),
            "current": rows.map(|(_, newest)| side(newest)),
            "fields": fields.iter().filter_map(field).collect::<serde_json::Map<String, Value>>(),
        })
    };
    json!({
        "entity": name,
        "way": way.word(),
        "since": since,
        "moved": told.moved.iter().map(one).collect::<Vec<_>>(),
        "others": told.others,
        "unknown": told.unknown,
        "thinned": told.thinned,
    })
}
