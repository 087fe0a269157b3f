//! A metric through time as a document.

use serde_json::{Value, json};

use crate::archive::ArchiveId;
use crate::model::compared::ChangeDoc;
use crate::ops::points::Point;
use crate::ops::series::Series;

/// The series as JSON.
pub fn document(archive: &ArchiveId, series: &Series) -> Value {
    let point = |(point, change): (&Point, &Option<ChangeDoc>)| {
        json!({
            "date": point.day,
            "edition": point.edition,
            "provenance": point.provenance,
            "value": point.value,
            "change": change.as_ref().map(|change| &change.change),
            "percentage": change.as_ref().and_then(|change| change.percentage.as_ref()),
            "definitions": point.definitions,
            "note": point.note,
        })
    };
    let points: Vec<Value> = series.totals.points.iter().zip(&series.changes).map(point).collect();
    let gaps = series.totals.gaps.iter();
    let gaps: Vec<Value> =
        gaps.map(|gap| json!({ "from": gap.from, "to": gap.to, "days": gap.days })).collect();
    let by = series.split.as_ref().map(|split| {
        let members: Vec<Value> = split
            .members
            .iter()
            .map(|member| json!({ "key": member.key, "label": member.label, "values": member.values }))
            .collect();
        json!({
            "dimension": split.dimension,
            "members": members,
            "more": split.more,
            "redefined": split.redefined,
        })
    });
    json!({
        "archive": archive,
        "metric": series.metric,
        "label": series.label,
        "unit": series.unit,
        "points": points,
        "gaps": gaps,
        "redefined": series.redefined,
        "by": by,
        "findings": series.totals.damaged,
    })
}
