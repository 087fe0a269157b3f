//! Two sides held against each other, as a document.

use serde::Serialize;
use serde_json::{Value, json};

use crate::analyze::sides::{Side, SideDay, Warning};
use crate::model::Day;
use crate::ops::compare::Compared;
use crate::view::sides::said;

/// A side as JSON.
#[derive(Serialize)]
struct SideDoc<'a> {
    from: Day,
    to: Day,
    days: Vec<Value>,
    missing: &'a [Day],
    thinned: &'a [Day],
}

fn side(side: &Side) -> SideDoc<'_> {
    let day = |day: &SideDay| {
        json!({
            "date": day.id.day,
            "edition": day.id.edition,
            "provenance": day.provenance,
            "hours": day.hours,
        })
    };
    SideDoc {
        from: side.from,
        to: side.to,
        days: side.days.iter().map(day).collect(),
        missing: &side.missing,
        thinned: &side.thinned,
    }
}

/// A warning as JSON: its facts, and the sentence.
#[derive(Serialize)]
struct WarningDoc<'a> {
    text: String,
    #[serde(flatten)]
    warning: &'a Warning,
}

/// Two sides held against each other.
pub fn document(archive: &str, compared: &Compared) -> Value {
    let warning = |warning| {
        let sentences: Vec<String> = said(warning).into_iter().map(|said| said.text).collect();
        WarningDoc { text: sentences.join("; "), warning }
    };
    json!({
        "archive": archive,
        "a": side(&compared.a),
        "b": side(&compared.b),
        "warnings": compared.warnings.iter().map(warning).collect::<Vec<_>>(),
        "metrics": compared.metrics,
    })
}
