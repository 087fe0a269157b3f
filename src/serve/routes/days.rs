//! `GET /api/days`: the days of the archive, a part at a time.

use axum::http::HeaderMap;
use serde_json::Value;

use super::super::access::Call;
use super::super::answer::{Answer, CSV, JSON, best};
use super::super::held::Opened;
use super::super::problem::Problem;
use super::super::route::Route;
use super::READ;
use crate::calendar::DayName;
use crate::model::{Day, Number};
use crate::ops::documents;
use crate::ops::list::{Listing, list};

/// How many days a part has when nothing is said.
const USUAL: usize = 100;
/// How many it has at most.
const MOST: usize = 1000;

/// What this file answers.
pub fn routes() -> Vec<Route> {
    vec![Route::get("/api/days", READ, days)]
}

/// The days of the archive with their editions and main numbers, the earliest first.
#[utoipa::path(get, path = "/api/days", tag = "days", params(
    ("from" = Option<String>, Query, pattern = r"^(yesterday|today|-[0-9]{1,4}d|<date>)$", example = "-30d", description = "The first day: 2025-11-06, yesterday, -30d"),
    ("to" = Option<String>, Query, pattern = r"^(yesterday|today|-[0-9]{1,4}d|<date>)$", example = "yesterday", description = "The last day"),
    ("limit" = Option<u16>, Query, minimum = 1, maximum = 1000, example = json!(10), description = "How many days at most; 100 when left out"),
    ("cursor" = Option<String>, Query, pattern = r"^<date>$", description = "Where to go on: `next` of the part before"),
    ("tenant" = Option<String>, Query, max_length = 500, description = "Whose archive, where there are tenants"),
), responses(
    (status = 200, description = "Some days", content(
        (super::super::open_api::Days = "application/json"), (String = "text/csv"),
    )),
    (status = "default", description = "What went wrong", body = super::super::open_api::Problem, content_type = "application/problem+json"),
))]
pub fn days(call: &Call) -> Result<Answer, Problem> {
    let asked = &call.asked;
    asked.only(&["from", "to", "limit", "cursor"])?;
    let media = accepted(&call.headers)?;
    let opened = call.days()?;
    let day = |name: Option<DayName>| name.map(|name| opened.day(name, call.now)).transpose();
    let (from, to) = (day(asked.get("from")?)?, day(asked.get("to")?)?);
    let limit = asked.number("limit", USUAL, (1, MOST))?;
    let cursor: Option<Day> = asked.get("cursor")?;
    if let (Some(from), Some(to)) = (from, to)
        && from > to
    {
        let problem = Problem::contradiction(format!("the range from {from} to {to} runs backwards"));
        return Err(problem.hint("let from be the earlier day"));
    }
    let key = opened.key(&format!("days {media} {}", asked.canonical()), opened.today(call.now)?);
    call.server.cache.get(key, || {
        let part = part(&opened, (cursor.max(from), to), limit);
        let next = part.next.map(|next| format!("/api/days?{}", asked.with("cursor", &next.to_string())));
        let answer = if media == CSV { csv(&part.listing)? } else { json(&part)? };
        Ok(Answer { next, ..answer })
    })
}

fn accepted(headers: &HeaderMap) -> Result<&'static str, Problem> {
    best(headers, &[JSON, CSV])
}

/// Some of the days.
struct Part<'h> {
    listing: Listing<'h>,
    opened: &'h Opened,
    /// The first day of the next part.
    next: Option<Day>,
}

fn part(opened: &Opened, (from, to): (Option<Day>, Option<Day>), limit: usize) -> Part<'_> {
    let wanted = |day: &Day| from.is_none_or(|from| from <= *day) && to.is_none_or(|to| *day <= to);
    let next = opened.history.days().map(|(day, _)| day).filter(wanted).nth(limit);
    // What lies before the next part belongs to this one, gaps included.
    let last = next.and_then(|next| next.checked_add(-1)).or(to);
    Part { listing: list(&opened.archive, &opened.history, from, last), opened, next }
}

fn json(part: &Part<'_>) -> Result<Answer, Problem> {
    let mut document = documents::list::document(&part.listing, &[], &part.opened.looks);
    if let Value::Object(fields) = &mut document {
        // Where it lies is nobody's business but this machine's.
        fields.remove("dir");
        fields.insert("next".to_owned(), part.next.map(|next| next.to_string()).into());
    }
    Answer::json(&document)
}

/// A line for each day: its shown edition, and the main numbers.
fn csv(listing: &Listing<'_>) -> Result<Answer, Problem> {
    let mut names: Vec<String> = Vec::new();
    for day in &listing.days {
        let fresh: Vec<String> = day.headline().into_keys().filter(|name| !names.contains(name)).collect();
        names.extend(fresh);
    }
    let mut writer = csv::Writer::from_writer(Vec::new());
    let failed = |error: csv::Error| Problem::mistake(error.to_string());
    let fixed = ["date", "edition", "provenance", "captured_at"].into_iter();
    writer.write_record(fixed.chain(names.iter().map(String::as_str))).map_err(failed)?;
    for day in &listing.days {
        let line = day.edition().map(|frozen| &frozen.line);
        let fixed = [
            day.day.to_string(),
            line.map(|line| line.edition.to_string()).unwrap_or_default(),
            line.map(|line| line.provenance.word().to_owned()).unwrap_or_default(),
            line.map(|line| line.captured_at.to_rfc3339()).unwrap_or_default(),
        ];
        let values = day.values(&names);
        let values = values.iter().map(|value| value.as_ref().map(Number::to_string).unwrap_or_default());
        writer.write_record(fixed.into_iter().chain(values)).map_err(failed)?;
    }
    let bytes = writer.into_inner().map_err(|error| Problem::mistake(error.to_string()))?;
    Ok(Answer::of(CSV, bytes))
}
