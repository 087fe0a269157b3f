//! An alert as JSON, for sinks and programs.

use std::path::Path;

use serde_json::{Value, json};

use super::{Judged, Judgement};
use crate::analyze::alerts::State;

/// The format name and version of what a sink gets.
pub const FORMAT: &str = "asof.alert/1";

/// What a sink gets: what was looked at, and these alerts.
pub fn message(judgement: &Judgement, folder: &Path, alerts: &[&Judged]) -> Value {
    let mut document = of_day(judgement, folder);
    let alerts = alerts.iter().map(|judged| of_alert(judgement, folder, judged)).collect();
    if let Value::Object(fields) = &mut document {
        fields.insert("alerts".to_owned(), Value::Array(alerts));
    }
    document
}

fn of_day(judgement: &Judgement, folder: &Path) -> Value {
    let line = &judgement.line;
    json!({
        "format": FORMAT,
        "day": line.date,
        "edition": line.edition,
        "provenance": line.provenance,
        "manifest": line.manifest,
        "page": folder.join("dashboard.html").display().to_string(),
    })
}

/// One alert with all that is to be known of it. `folder` is the absolute folder of the edition.
pub fn of_alert(judgement: &Judgement, folder: &Path, judged: &Judged) -> Value {
    let line = &judgement.line;
    json!({
        "name": judged.name,
        "state": state(judged.verdict.state),
        "metric": judged.metric,
        "member": judged.member,
        "value": judged.verdict.value,
        "expected": judged.verdict.expected,
        "reason": sentence(judged),
        "day": line.date,
        "edition": line.edition,
        "manifest": line.manifest,
        "page": folder.join("dashboard.html").display().to_string(),
    })
}

/// The word for a state.
pub fn state(state: State) -> &'static str {
    match state {
        State::Fires => "fires",
        State::Fine => "fine",
        State::Unknown => "not judged",
    }
}

/// What is to be said of an alert, in one sentence without a full stop.
pub fn sentence(judged: &Judged) -> String {
    let what = match (&judged.metric, &judged.member) {
        (Some(metric), Some(member)) => {
            let key = member.key.as_deref().unwrap_or("NULL");
            format!("{metric} of {} {key}: ", member.by)
        }
        (Some(metric), None) => format!("{metric}: "),
        (None, _) => String::new(),
    };
    format!("{what}{}", judged.verdict.why)
}
