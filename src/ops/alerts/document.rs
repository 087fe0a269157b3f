//! An alert as JSON, for sinks and programs.

use std::path::Path;

use serde_json::{Value, json};

use super::few::Few;
use super::{Judged, Judgement};
use crate::analyze::alerts::State;
use crate::archive::SnapshotLine;

/// The format name and version of what a sink gets.
pub const FORMAT: &str = "asof.alert/1";

/// Which archive is told of.
#[derive(Clone, Copy, Debug)]
pub struct About<'a> {
    /// Its absolute folder.
    pub folder: &'a Path,
    /// Whose it is, where there are tenants.
    pub tenant: Option<&'a str>,
}

/// What a sink gets: what was looked at, and these alerts; and how many more there are, where not all are told.
pub fn message(judgement: &Judgement, archive: About<'_>, alerts: &Few<'_>) -> Value {
    let mut document = of_day(judgement, archive);
    let told = alerts.told.iter().map(|judged| of_alert(judgement, archive, judged)).collect();
    if let Value::Object(fields) = &mut document {
        fields.insert("format".to_owned(), json!(FORMAT));
        fields.insert("provenance".to_owned(), json!(judgement.line.as_ref().map(|line| line.provenance)));
        fields.insert("alerts".to_owned(), Value::Array(told));
        if !alerts.more.is_empty() {
            fields.insert("more".to_owned(), json!(alerts.more));
        }
    }
    document
}

fn of_day(judgement: &Judgement, archive: About<'_>) -> Value {
    let line = judgement.line.as_ref();
    let page = |line: &SnapshotLine| {
        archive.folder.join(line.id().to_string()).join("dashboard.html").display().to_string()
    };
    let mut document = json!({
        "day": judgement.day,
        "edition": line.map(|line| line.edition),
        "manifest": line.map(|line| line.manifest),
        "page": line.map(page),
    });
    if let (Value::Object(fields), Some(tenant)) = (&mut document, archive.tenant) {
        fields.insert("tenant".to_owned(), json!(tenant));
    }
    document
}

/// One alert with all that is to be known of it.
pub fn of_alert(judgement: &Judgement, archive: About<'_>, judged: &Judged) -> Value {
    let mut document = of_day(judgement, archive);
    let own = json!({
        "name": judged.name,
        "state": state(judged.verdict.state),
        "metric": judged.metric,
        "member": judged.member,
        "value": judged.verdict.value,
        "expected": judged.verdict.expected,
        "reason": sentence(judged),
    });
    if let (Value::Object(fields), Value::Object(own)) = (&mut document, own) {
        fields.extend(own);
    }
    document
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
