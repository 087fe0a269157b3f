//! `GET /api/compare`: two days, or two ranges of days, beside each other.

use super::super::access::Call;
use super::super::answer::{Answer, JSON, best};
use super::super::problem::Problem;
use super::super::route::Route;
use super::READ;
use crate::calendar::Moment;
use crate::ops::compare::{Asked, SpanName, compare as held_against};
use crate::ops::documents;
use crate::ops::when::When;

/// What this file answers.
pub fn routes() -> Vec<Route> {
    vec![Route::get("/api/compare", READ, compare)]
}

/// Two sides beside each other: A less B.
#[utoipa::path(get, path = "/api/compare", tag = "days", params(
    ("a" = Option<String>, Query, pattern = r"^((latest(~[0-9]{1,4})?|yesterday|today|-[0-9]{1,4}d|<date>)(@([1-9][0-9]{0,3}|latest|original))?|(latest(~[0-9]{1,4})?|yesterday|today|-[0-9]{1,4}d|<date>)[.][.](latest(~[0-9]{1,4})?|yesterday|today|-[0-9]{1,4}d|<date>))$", example = "latest", description = "A day or a range: 2025-11-06, latest, 2025-11-01..2025-11-07; with to_date the day up to which"),
    ("b" = Option<String>, Query, pattern = r"^((latest(~[0-9]{1,4})?|yesterday|today|-[0-9]{1,4}d|<date>)(@([1-9][0-9]{0,3}|latest|original))?|(latest(~[0-9]{1,4})?|yesterday|today|-[0-9]{1,4}d|<date>)[.][.](latest(~[0-9]{1,4})?|yesterday|today|-[0-9]{1,4}d|<date>))$", example = "latest~1", description = "What it is held against"),
    ("to_date" = Option<super::super::open_api::ToDate>, Query, description = "The month so far against as much of the last one, instead of `b`"),
    ("metric" = Option<String>, Query, max_length = 500, example = "calls", description = "Only these metrics, between commas"),
    ("by" = Option<String>, Query, max_length = 500, description = "Only by these dimensions, between commas"),
    ("as_of" = Option<String>, Query, pattern = r"^<date>(T([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](Z|[+-](0[0-9]|1[0-3]):[0-5][0-9])?)?)?$", description = "As the archive was then"),
    ("tenant" = Option<String>, Query, max_length = 500, description = "Whose archive, where there are tenants"),
), responses(
    (status = 200, description = "Both sides and what they differ by", body = super::super::open_api::Compared),
    (status = "default", description = "What went wrong", body = super::super::open_api::Problem, content_type = "application/problem+json"),
))]
pub fn compare(call: &Call) -> Result<Answer, Problem> {
    let asked = &call.asked;
    asked.only(&["a", "b", "to_date", "metric", "by", "as_of"])?;
    best(&call.headers, &[JSON])?;
    let sides = sides(call)?;
    let then: Option<Moment> = asked.get("as_of")?;
    let opened = call.days()?;
    let today = opened.today(call.now)?;
    call.server.cache.get(opened.key(&format!("compare {}", asked.canonical()), today), || {
        let past = then.map(|then| opened.as_of(then)).transpose()?;
        let history = past.as_ref().unwrap_or(&opened.history);
        let (metrics, by) = (asked.names("metric"), asked.names("by"));
        let compared = held_against(&opened.archive, history, sides, today, (&metrics, &by))?;
        Answer::json(&documents::compare::document(&opened.archive.id().to_string(), &compared))
    })
}

fn sides(call: &Call) -> Result<Asked, Problem> {
    let asked = &call.asked;
    let (a, b): (Option<SpanName>, Option<SpanName>) = (asked.get("a")?, asked.get("b")?);
    match (asked.get::<String>("to_date")?.as_deref(), a, b) {
        (None, Some(a), Some(b)) => Ok(Asked::Named(a, b)),
        (None, ..) => Err(Problem::contradiction("two sides are needed: a and b")
            .hint("/api/compare?a=latest&b=latest~7, or ?to_date=month")),
        (Some("month"), None, None) => {
            let latest: When = "latest".parse().map_err(|_| Problem::mistake("latest is no day"))?;
            Ok(Asked::MonthToDate(latest))
        }
        (Some("month"), Some(SpanName::Day(day)), None) => Ok(Asked::MonthToDate(day)),
        (Some("month"), ..) => {
            Err(Problem::contradiction("to_date takes one day, up to which a month is meant")
                .hint("leave b out, and let a be a day"))
        }
        (Some(other), ..) => {
            Err(Problem::bad(format!("to_date: {other:?} is no span")).hint("there is month"))
        }
    }
}
