//! A frozen day beside the same day now, as a document.

use serde_json::{Map, Value, json};

use crate::analyze::drift::{Defined, Kind, MemberDrift, MetricDrift, Pair, Presence};
use crate::ops::causes::causes;
use crate::ops::drift::{DayReport, Found, Restated};

/// What was found of a day; by these dimensions only, if there are any.
pub fn day(report: &DayReport, by: &[String]) -> Value {
    let mut day = Map::new();
    let mut set = |key: &str, value: Value| day.insert(key.to_owned(), value);
    set("event", "day".into());
    set("date", json!(report.id.day));
    set("edition", json!(report.id.edition));
    set("provenance", json!(report.provenance));
    set("kind", kind(report).map_or(Value::Null, |kind| kind.word().into()));
    match &report.found {
        Found::Unreadable(error) => {
            set("error", causes(error).into());
            set("hint", json!(error.hint()));
        }
        Found::Failed(error) => {
            set("error", causes(error).into());
            set("hint", json!(error.hint()));
        }
        Found::Read(read) => {
            let rows = read.rows.iter().map(|(name, (frozen, live))| {
                let shrunk = read.shrunk.iter().any(|gone| gone.events == *name);
                (name.clone(), json!({ "frozen": frozen, "live": live, "shrunk": shrunk }))
            });
            set("rows", rows.collect::<Map<_, _>>().into());
            let metrics = read.drift.metrics.iter();
            let metrics = metrics.map(|(name, found)| (name.clone(), metric_document(found, by)));
            set("metrics", metrics.collect::<Map<_, _>>().into());
            set("groups_differ_in", json!(read.drift.groups_of));
            match &read.restated {
                Some(Restated::Frozen(id)) => set("restated_as", json!(id.edition)),
                Some(Restated::Failed(error)) => {
                    set("error", causes(error).into());
                    set("hint", json!(error.hint()))
                }
                Some(Restated::Stands(_)) | None => None,
            };
        }
    }
    Value::Object(day)
}

fn metric_document(metric: &MetricDrift, by: &[String]) -> Value {
    let wanted = |name: &&String| by.is_empty() || by.contains(name);
    let shown = metric.by.iter().filter(|(name, _)| wanted(name));
    let shown = shown.map(|(name, members)| (name.clone(), members.iter().map(member_document).collect()));
    let mut document = pair_document(&metric.pair);
    let mut set = |key: &str, value: Value| document.insert(key.to_owned(), value);
    set("kind", metric.kind.word().into());
    let defined = match metric.defined {
        Defined::Alike => None,
        Defined::Changed => Some("changed"),
        Defined::Added => Some("added"),
        Defined::Removed => Some("removed"),
    };
    if let Some(defined) = defined {
        set("defined", defined.into());
    }
    if metric.this_day {
        set("this_day", true.into());
    }
    if metric.within_tolerance {
        set("within_tolerance", true.into());
    }
    if metric.other_keys {
        set("other_keys", true.into());
    }
    set("by", Value::Object(shown.collect()));
    Value::Object(document)
}

fn pair_document(pair: &Pair) -> Map<String, Value> {
    let change = pair.change.as_ref();
    let pairs = [
        ("frozen", json!(pair.frozen)),
        ("live", json!(pair.live)),
        ("change", json!(change.map(|found| &found.change))),
        ("percentage", json!(change.and_then(|found| found.percentage.as_ref()))),
    ];
    pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

fn member_document(member: &MemberDrift) -> Value {
    let mut document = Map::new();
    document.insert("key".to_owned(), json!(member.key));
    document.insert("label".to_owned(), json!(member.label));
    document.extend(pair_document(&member.pair));
    let presence = match member.presence {
        Presence::Both => None,
        Presence::Appeared => Some("appeared"),
        Presence::Vanished => Some("vanished"),
    };
    if let Some(presence) = presence {
        document.insert("presence".to_owned(), presence.into());
    }
    Value::Object(document)
}

/// What has become of a day; `None` when nothing is known of it.
pub fn kind(report: &DayReport) -> Option<Kind> {
    match &report.found {
        Found::Read(read) => Some(read.drift.kind),
        Found::Unreadable(_) => Some(Kind::Unreadable),
        Found::Failed(_) => None,
    }
}
