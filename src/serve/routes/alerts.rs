//! `GET /api/alerts`: a day judged by the alerts of the configuration. Nothing is sent.

use std::path::Path;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::super::access::Call;
use super::super::answer::{Answer, Holds, JSON, best};
use super::super::held::Opened;
use super::super::problem::Problem;
use super::super::route::Route;
use super::READ;
use crate::model::Day;
use crate::ops::alerts::few::Few;
use crate::ops::alerts::{document, evaluate, newest};
use crate::ops::when::{When, WhichDay, find_latest};

/// What this file answers.
pub fn routes() -> Vec<Route> {
    vec![Route::get("/api/alerts", READ, alerts)]
}

/// A day judged by the alerts of the configuration, by its latest edition.
#[utoipa::path(get, path = "/api/alerts", tag = "days", params(
    ("when" = Option<String>, Query, pattern = r"^(latest(~[0-9]{1,4})?|yesterday|today|-[0-9]{1,4}d|<date>)$", example = "latest", description = "The day; the newest that is not provisional when left out"),
    ("tenant" = Option<String>, Query, max_length = 500, description = "Whose archive, where there are tenants"),
), responses(
    (status = 200, description = "What is said of each alert", body = super::super::open_api::Alerts),
    (status = "default", description = "What went wrong", body = super::super::open_api::Problem, content_type = "application/problem+json"),
))]
pub fn alerts(call: &Call) -> Result<Answer, Problem> {
    call.asked.only(&["when"])?;
    best(&call.headers, &[JSON])?;
    let when: Option<When> = call.asked.get("when")?;
    let opened = call.days()?;
    if opened.config.alerts.is_empty() {
        return Err(Problem::not_found("no-alerts", "the configuration has no alerts")
            .hint("add [alerts.NAME] to it, and start the server again"));
    }
    if when.is_some_and(|when| when.edition.is_some()) {
        return Err(Problem::bad("alerts are judged by a day's latest edition").hint("name the day alone"));
    }
    let (history, today) = (&opened.history, opened.today(call.now)?);
    let day = judged_day(&opened, when, call.now)?;
    let judged = evaluate(&opened.archive, history, &opened.config, day, Some(call.now))?;
    let Some(judgement) = judged else {
        let named = When { day: WhichDay::Named(crate::calendar::DayName::Date(day)), edition: None };
        find_latest(history, named, today)?;
        return Err(Problem::mistake(format!("nothing can be said of {day}")));
    };
    let about = document::About { folder: Path::new(""), tenant: opened.config.tenant.as_deref() };
    let mut document = document::message(&judgement, about, &Few::all(&judgement.judged));
    let tenant = opened.config.tenant.as_deref().map(|tenant| {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        format!("?{}", query.append_pair("tenant", tenant).finish())
    });
    pages(&mut document, tenant.as_deref().unwrap_or_default());
    document["findings"] = judgement.damaged.clone().into();
    // Whether a day is missing depends on the time of day.
    Ok(Answer::json(&document)?.holding(Holds::Now))
}

/// Pages are told by where they are here, and not by where they lie on this machine.
fn pages(document: &mut Value, tenant: &str) {
    match document {
        Value::Object(fields) => {
            if let Some(Value::String(page)) = fields.get_mut("page") {
                *page = format!("/{}{tenant}", page.trim_start_matches('/'));
            }
            fields.values_mut().for_each(|value| pages(value, tenant));
        }
        Value::Array(items) => items.iter_mut().for_each(|value| pages(value, tenant)),
        _ => {}
    }
}

/// The day that is to be judged: the one that is named, or the newest that can be.
///
/// # Errors
/// When there is none.
pub fn judged_day(opened: &Opened, when: Option<When>, now: DateTime<Utc>) -> Result<Day, Problem> {
    let latest = When { day: WhichDay::Latest { before: 0 }, edition: None };
    Ok(match (when, newest(&opened.history)) {
        (None, Some(day)) => day,
        (Some(When { day: WhichDay::Named(name), .. }), _) => opened.day(name, now)?,
        (named, _) => find_latest(&opened.history, named.unwrap_or(latest), opened.today(now)?)?.line.date,
    })
}
