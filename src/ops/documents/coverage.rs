//! Which entities have a snapshot, and how late the archive came to know things, as documents.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

use crate::ops::entities::coverage::{Coverage, Covered, Freshness};
use crate::ops::entities::timeliness::{Caused, Saved};

/// One kind of entities in numbers.
pub fn summary(coverage: &Coverage, now: DateTime<Utc>) -> Value {
    let all = coverage.entities.values();
    let count = |freshness: Freshness| all.clone().filter(|one| one.freshness == freshness).count();
    let counts: Map<String, Value> =
        Freshness::ALL.into_iter().map(|one| (one.word().to_owned(), json!(count(one)))).collect();
    let oldest = all.clone().filter_map(|one| one.newest).map(|(_, at)| at).min();
    json!({
        "entities": coverage.entities.len(),
        "without_snapshot": all.clone().filter(|one| one.newest.is_none()).count(),
        "oldest_age_seconds": oldest.map(|at| now.signed_duration_since(at).num_seconds()),
        "counts": counts,
        "expected": coverage.expected,
        "in_time_until": coverage.until,
        "look": coverage.look.as_ref().map(|look| {
            json!({ "date": look.date, "captured_at": look.captured_at, "lag_seconds": look.lag })
        }),
    })
}

/// One entity.
pub fn entity(key: &str, one: &Covered, now: DateTime<Utc>) -> Value {
    json!({
        "key": key,
        "label": one.label,
        "date": one.newest.map(|(day, _)| day),
        "captured_at": one.newest.map(|(_, at)| at),
        "age_seconds": one.newest.map(|(_, at)| now.signed_duration_since(at).num_seconds()),
        "status": one.freshness.word(),
    })
}

/// A reading of a day.
pub fn saved(saved: &Saved) -> Value {
    json!({
        "date": saved.day,
        "edition": saved.edition,
        "captured_at": saved.at,
        "lag_seconds": saved.lag.num_seconds(),
    })
}

/// A capture that something caused.
pub fn caused(entity: &str, caused: &Caused) -> Value {
    let why = caused.kept.capture.as_ref();
    json!({
        "entity": entity,
        "key": caused.kept.row.key,
        "snapshot_id": caused.kept.row.snapshot_id(),
        "trigger": why.and_then(|why| why.trigger.as_ref()),
        "occurred_at": caused.occurred_at,
        "captured_at": caused.kept.at,
        "lag_seconds": caused.lag.num_seconds(),
        "late": caused.is_late(),
    })
}
