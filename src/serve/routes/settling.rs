//! `GET /api/settling`: how long metrics go on moving.

use super::super::access::Call;
use super::super::answer::{Answer, JSON, best};
use super::super::problem::Problem;
use super::super::route::Route;
use super::READ;
use crate::calendar::Moment;
use crate::config::problem::known_names;
use crate::ops::documents;
use crate::ops::settling::collect;

/// What this file answers.
pub fn routes() -> Vec<Route> {
    vec![Route::get("/api/settling", READ, settling)]
}

/// How long metrics go on moving, and from which age on a day can be trusted.
#[utoipa::path(get, path = "/api/settling", tag = "days", params(
    ("metric" = Option<String>, Query, max_length = 500, example = "calls", description = "Only these metrics, between commas"),
    ("as_of" = Option<String>, Query, pattern = r"^<date>(T([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](Z|[+-](0[0-9]|1[0-3]):[0-5][0-9])?)?)?$", description = "As the archive was then"),
    ("tenant" = Option<String>, Query, max_length = 500, description = "Whose archive, where there are tenants"),
), responses(
    (status = 200, description = "What each metric does", body = super::super::open_api::Settling),
    (status = "default", description = "What went wrong", body = super::super::open_api::Problem, content_type = "application/problem+json"),
))]
pub fn settling(call: &Call) -> Result<Answer, Problem> {
    let asked = &call.asked;
    asked.only(&["metric", "as_of"])?;
    best(&call.headers, &[JSON])?;
    let then: Option<Moment> = asked.get("as_of")?;
    let opened = call.days()?;
    let today = opened.today(call.now)?;
    call.server.cache.get(opened.key(&format!("settling {}", asked.canonical()), today), || {
        let past = then.map(|then| opened.as_of(then)).transpose()?;
        let history = past.as_ref().unwrap_or(&opened.history);
        let tolerance = |metric: &str| opened.config.again.tolerance(metric);
        let mut report = collect(&opened.archive, history, &opened.calendar, tolerance);
        let wanted = asked.names("metric");
        let unknown = |name: &&String| !report.metrics.contains_key(*name) && !report.over.contains(*name);
        if let Some(name) = wanted.iter().find(unknown) {
            let hint = known_names("metrics", name, report.metrics.keys().map(String::as_str));
            return Err(Problem::not_found("no-such-name", format!("{name:?} is no metric of the archive"))
                .hint(hint));
        }
        if !wanted.is_empty() {
            report.metrics.retain(|name, _| wanted.contains(name));
            report.over.retain(|name| wanted.contains(name));
        }
        Answer::json(&documents::settling::document(&report))
    })
}
