//! `GET /healthz`: whether every archive is there and can be read.

use serde_json::json;

use super::super::access::{Access, Call};
use super::super::answer::{Answer, Holds};
use super::super::problem::Problem;
use super::super::route::Route;

/// What this file answers.
pub fn routes() -> Vec<Route> {
    vec![Route::get("/healthz", Access::Anyone, health)]
}

/// Whether every archive is there and can be read; nothing is told of what is in it.
#[utoipa::path(get, path = "/healthz", tag = "server", responses(
    (status = 200, description = "Every archive is there and can be read", body = super::super::open_api::Health),
    (status = 500, description = "An archive is damaged", body = super::super::open_api::Problem, content_type = "application/problem+json"),
    (status = 503, description = "An archive is not there", body = super::super::open_api::Problem, content_type = "application/problem+json"),
    (status = "default", description = "What went wrong", body = super::super::open_api::Problem, content_type = "application/problem+json"),
), security(()))]
pub fn health(call: &Call) -> Result<Answer, Problem> {
    call.asked.only(&[])?;
    for held in call.server.held.values() {
        // What exactly is wrong is told by what needs a token, and in the log.
        held.open().map_err(|error| {
            let problem = Problem::from(error);
            Problem { detail: "an archive can't be read".to_owned(), hint: None, ..problem }
        })?;
    }
    Ok(Answer::json(&json!({ "status": "ok" }))?.holding(Holds::Now))
}
