//! `GET /api/openapi.json`: what there is, for programs. `GET /api`: a page to try it.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use super::super::access::{Access, Call};
use super::super::answer::{Answer, HTML, JSON, best};
use super::super::open_api::told;
use super::super::problem::Problem;
use super::super::route::Route;

const TEMPLATE: &str = include_str!("../../../templates/api.html");
const SCRIPT: &str = include_str!("../../../templates/api.js");
const STYLE: &str =
    concat!(include_str!("../../../templates/base.css"), include_str!("../../../templates/api.css"));

/// The page and its policy.
static PAGE: LazyLock<(String, String)> = LazyLock::new(|| {
    let digest = |text: &str| STANDARD.encode(Sha256::digest(text.as_bytes()));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        digest(STYLE),
        digest(SCRIPT)
    );
    (TEMPLATE.replace("/*style*/", STYLE).replace("/*script*/", SCRIPT), policy)
});

/// What this file answers: for anybody, as it says nothing of an archive.
pub fn routes() -> Vec<Route> {
    vec![Route::get("/api", Access::Anyone, page), Route::get("/api/openapi.json", Access::Anyone, document)]
}

/// All that can be asked for, as a document for programs.
#[utoipa::path(get, path = "/api/openapi.json", tag = "server", responses(
    (status = 200, description = "This document", body = Object),
    (status = "default", description = "What went wrong", body = super::super::open_api::Problem, content_type = "application/problem+json"),
), security(()))]
pub fn document(call: &Call) -> Result<Answer, Problem> {
    call.asked.only(&[])?;
    best(&call.headers, &[JSON])?;
    let document = told().map_err(|error| Problem::mistake(error.to_string()))?;
    Ok(Answer::json_bytes(document.into_bytes()))
}

/// A page to try it.
#[utoipa::path(get, path = "/api", tag = "pages", responses(
    (status = 200, description = "The page", body = String, content_type = "text/html"),
    (status = "default", description = "What went wrong", body = super::super::open_api::Problem, content_type = "application/problem+json"),
), security(()))]
pub fn page(call: &Call) -> Result<Answer, Problem> {
    call.asked.only(&[])?;
    let media = best(&call.headers, &[HTML])?;
    let (page, policy) = &*PAGE;
    Ok(Answer { policy: Some(policy.clone()), ..Answer::of(media, page.clone().into_bytes()) })
}
