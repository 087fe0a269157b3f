//! `GET /api/drift`: a frozen day held against what the source says now. Nothing is written.

use std::time::Duration;

use super::super::access::Call;
use super::super::answer::{Answer, Holds, JSON, best};
use super::super::held::Opened;
use super::super::problem::Problem;
use super::super::route::Route;
use super::READ;
use crate::archive::SnapshotLine;
use crate::config::problem::known_names;
use crate::model::progress::Silent;
use crate::ops::causes::causes;
use crate::ops::documents;
use crate::ops::drift::{self as held, DayReport, DriftError, DriftRequest, Found, Place};
use crate::ops::reread::ByWhich;
use crate::ops::when::{When, WhichDay, find_latest};
use axum::http::StatusCode;

/// How long connection trouble is retried: somebody waits.
pub const RETRY_FOR: Duration = Duration::from_secs(5);

/// What this file answers.
pub fn routes() -> Vec<Route> {
    vec![Route::get("/api/drift", READ, drift).of_source()]
}

/// A frozen day held against what the source says now, by the definitions that were frozen with it.
#[utoipa::path(get, path = "/api/drift", tag = "source", params(
    ("when" = Option<String>, Query, pattern = r"^(latest(~[0-9]{1,4})?|yesterday|today|-[0-9]{1,4}d|<date>)(@([1-9][0-9]{0,3}|latest|original))?$", example = "latest", description = "The day; the newest frozen one when left out. The latest edition, unless one is named"),
    ("metric" = Option<String>, Query, max_length = 500, example = "calls", description = "Only these metrics, between commas"),
    ("by" = Option<String>, Query, max_length = 500, description = "Only by these dimensions, between commas"),
    ("definitions" = Option<super::super::open_api::Which>, Query, description = "By which definitions the day is read"),
    ("tenant" = Option<String>, Query, max_length = 500, description = "Whose archive, where there are tenants"),
), responses(
    (status = 200, description = "What has become of the day", body = super::super::open_api::Drift),
    (status = "default", description = "What went wrong", body = super::super::open_api::Problem, content_type = "application/problem+json"),
))]
pub fn drift(call: &Call) -> Result<Answer, Problem> {
    let asked = &call.asked;
    asked.only(&["when", "metric", "by", "definitions"])?;
    best(&call.headers, &[JSON])?;
    let latest = When { day: WhichDay::Latest { before: 0 }, edition: None };
    let when = asked.get::<When>("when")?.unwrap_or(latest);
    let which = match asked.get::<String>("definitions")?.as_deref() {
        None | Some("frozen") => ByWhich::Frozen,
        Some("current") => ByWhich::Current,
        Some(other) => {
            let problem = Problem::bad(format!("definitions: {other:?} are none"));
            return Err(problem.hint("there are frozen and current"));
        }
    };
    let (metrics, by) = (asked.names("metric"), asked.names("by"));
    let opened = call.days()?;
    let line = find_latest(&opened.history, when, opened.today(call.now)?)?.line.clone();
    check_names(&opened, &line, (&metrics, &by))?;
    let request = DriftRequest {
        which,
        only: &metrics,
        restate: None,
        retry_for: RETRY_FOR.min(call.server.settings.source_timeout),
        wait: Duration::ZERO,
    };
    let report = look(call, &opened, line, &request)?;
    match &report.found {
        Found::Failed(error) => {
            Err(Problem::new(StatusCode::BAD_GATEWAY, "source", causes(error)).maybe_hint(error.hint()))
        }
        Found::Read(_) | Found::Unreadable(_) => {
            let document = documents::drift::day(&report, &by);
            Ok(Answer::json(&document)?.holding(Holds::Now))
        }
    }
}

/// Reads the day again, on a runtime of its own: this thread has nothing else to do.
pub fn look(
    call: &Call,
    opened: &Opened,
    line: SnapshotLine,
    request: &DriftRequest<'_>,
) -> Result<DayReport, Problem> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Problem::mistake(error.to_string()))?;
    let place = Place { config: &opened.config, archive: &opened.archive, history: &opened.history };
    let (env, clock) = (&call.server.env, &call.server.clock);
    let (env, now) = (|name: &str| env(name), || clock());
    let mut report = None;
    let mut tell = |found: DayReport| report = Some(found);
    let lines = [line];
    let looked = held::drift(place, &lines, request, (&env, &now), &Silent, (&call.stop, &mut tell));
    runtime.block_on(looked).map_err(|error| match error {
        DriftError::Archive(error) => error.into(),
        error => {
            let hint = error.hint();
            let problem = Problem::new(StatusCode::BAD_GATEWAY, "source", causes(&error));
            problem.maybe_hint(hint).after(10)
        }
    })?;
    report.ok_or_else(|| Problem::new(StatusCode::SERVICE_UNAVAILABLE, "timeout", "nobody waited for it"))
}

/// Refuses names that neither the configuration nor the day knows.
fn check_names(
    opened: &Opened,
    line: &SnapshotLine,
    (metrics, by): (&[String], &[String]),
) -> Result<(), Problem> {
    if metrics.is_empty() && by.is_empty() {
        return Ok(());
    }
    let frozen = opened.archive.definitions(line.definitions)?;
    let all = || [&opened.config.definitions, &frozen].into_iter();
    let dimensions = all().flat_map(|all| all.events.values()).flat_map(|events| events.by.keys());
    let known = [
        ("metric", metrics, all().flat_map(|all| all.metrics.keys()).collect::<Vec<_>>()),
        ("dimension", by, dimensions.collect()),
    ];
    for (kind, names, mut known) in known {
        if let Some(name) = names.iter().find(|name| !known.contains(name)) {
            known.sort_unstable();
            known.dedup();
            let hint = known_names(&format!("{kind}s"), name, known.into_iter().map(String::as_str));
            return Err(Problem::not_found("no-such-name", format!("{name:?} is no {kind}")).hint(hint));
        }
    }
    Ok(())
}
