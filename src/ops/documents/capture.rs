//! What became of an entity that was to be captured, as a document.

use std::time::Duration;

use serde_json::{Value, json};

use crate::ops::entities::captured::Captured;

/// Whole seconds; what is begun counts.
pub fn seconds(span: Duration) -> u64 {
    span.as_secs() + u64::from(span.subsec_nanos() > 0)
}

/// What became of one, as JSON.
pub fn document(name: &str, key: &str, what: &Captured) -> Value {
    let mut document = json!({ "event": "capture", "entity": name, "key": key });
    let more = match what {
        Captured::Kept { id, label, changes } => json!({
            "status": "captured", "snapshot_id": id, "sequence": id.seq, "label": label, "changes": changes,
        }),
        Captured::Cooldown { remaining, id } => json!({
            "status": "cooldown", "remaining_seconds": seconds(*remaining), "snapshot_id": id, "sequence": id.seq,
        }),
        Captured::Existing { id, at } => {
            json!({ "status": "existing", "snapshot_id": id, "sequence": id.seq, "captured_at": at })
        }
        Captured::Unchanged { id } => {
            json!({ "status": "unchanged", "snapshot_id": id, "sequence": id.seq })
        }
        Captured::Other => json!({ "status": "other" }),
        Captured::Absent => json!({ "status": "absent" }),
    };
    if let (Some(document), Value::Object(more)) = (document.as_object_mut(), more) {
        document.extend(more);
    }
    document
}
