//! `GET /api/NAME-snapshots/context`: what is known of an entity, as text for a language model.

use axum::http::HeaderMap;
use chrono::{DateTime, Utc};

use super::super::access::Call;
use super::super::answer::{Answer, Holds, JSON, best};
use super::super::entities::{Entities, ask, flag};
use super::super::problem::Problem;
use super::super::route::Route;
use super::READ;
use crate::model::entity::{CaptureType, EntityRow};
use crate::model::progress::Silent;
use crate::ops::documents;
use crate::ops::entities::capture::{CaptureRequest, capture};
use crate::ops::entities::context::{ContextRequest, Gathered, Referenced, gather, texts};
use crate::ops::entities::history::HistoryError;
use crate::ops::entities::told::{input, texts_input};
use crate::view::entity_context::{ContextInput, text};

/// How many tokens a context has when nothing is said, and at least and at most.
const TOKENS: (usize, (usize, usize)) = (4000, (200, 1_000_000));

/// What this file answers.
pub fn routes() -> Vec<Route> {
    vec![Route::get("/api/{entity}-snapshots/context", READ, context).of_source_if(asks)]
}

/// Whether the source may be asked: for texts, or for a first snapshot.
fn asks(call: &Call) -> bool {
    let entities = Entities::of_path(call);
    let refers = |entities: &Entities| entities.settings().is_ok_and(|entity| !entity.references.is_empty());
    entities.is_ok_and(|entities| refers(&entities)) || may_capture(call)
}

/// Whether a snapshot may be captured where there is none. A browser's page elsewhere can have this asked by a mere
/// picture, so what another site asks for captures nothing.
fn may_capture(call: &Call) -> bool {
    call.caller.may_capture() && !is_elsewhere(&call.headers) && !flag(call, "no_capture").unwrap_or(true)
}

fn is_elsewhere(headers: &HeaderMap) -> bool {
    let site = headers.get("sec-fetch-site").map(|site| site.to_str().unwrap_or_default());
    site.is_some_and(|site| !matches!(site, "same-origin" | "none"))
}

/// What is known of one entity, as text for a language model. Where there is no snapshot one is captured, if this one may
/// have that done.
#[utoipa::path(get, path = "/api/{entity}-snapshots/context", tag = "entities", params(
    ("entity" = String, Path, pattern = "^[a-z][a-z0-9_]{0,40}$", example = "account", description = "Which entities: account"),
    ("key" = String, Query, max_length = 500, example = "5", description = "Which one; account_id says the same of accounts"),
    ("question" = Option<String>, Query, max_length = 500, example = "How did it go last month?", description = "What somebody wants to know: the snapshots of the times that it speaks of are told"),
    ("history" = Option<bool>, Query, example = json!(true), description = "Tell all of its snapshots"),
    ("max_tokens" = Option<u32>, Query, minimum = 200, maximum = 1_000_000, example = json!(2000), description = "No more tokens than this, one for every 3 bytes; 4000 when left out"),
    ("no_capture" = Option<bool>, Query, example = json!(true), description = "Capture nothing where there is no snapshot"),
    ("tenant" = Option<String>, Query, max_length = 500, description = "Whose archive, where there are tenants"),
), responses(
    (status = 200, description = "The text, and what it rests on", body = super::super::entity_shapes::Context),
    (status = "default", description = "What went wrong", body = super::super::open_api::Problem, content_type = "application/problem+json"),
))]
pub fn context(call: &Call) -> Result<Answer, Problem> {
    let entities = Entities::of_path(call)?;
    let [own, key] = entities.key_words();
    call.asked.only(&[&own, &key, "question", "history", "max_tokens", "no_capture"])?;
    best(&call.headers, &[JSON])?;
    let key = entities.need_key(call)?;
    let question: Option<String> = call.asked.get("question")?;
    let all = flag(call, "history")?;
    flag(call, "no_capture")?;
    let most = call.asked.number("max_tokens", TOKENS.0, TOKENS.1)?;
    let request = ContextRequest {
        wanted: &key,
        question: question.as_deref(),
        all,
        today: entities.opened.today(call.now)?,
    };
    match gathered(&entities, &request) {
        Ok(found) => tell(call, &entities, &found, false, (all, most)),
        Err(HistoryError::Unknown { .. }) if may_capture(call) => {
            first(call, &entities, &key)?;
            // It was added since.
            let entities = Entities::of_path(call)?;
            let found =
                gathered(&entities, &request).map_err(|error| entities.history_problem(&key, error))?;
            tell(call, &entities, &found, true, (all, most))
        }
        Err(error) => Err(entities.history_problem(&key, error)),
    }
}

fn gathered(entities: &Entities, request: &ContextRequest<'_>) -> Result<Gathered, HistoryError> {
    let Ok(subject) = entities.subject() else {
        return Err(HistoryError::Unknown {
            entity: entities.name.clone(),
            wanted: request.wanted.to_owned(),
        });
    };
    gather(&entities.histories(&subject), request)
}

/// Captures an entity's first snapshot, if the source has it and this one may see it.
fn first(call: &Call, entities: &Entities, key: &str) -> Result<(), Problem> {
    let asked = CaptureRequest {
        keys: Some(vec![key.to_owned()]),
        filters: entities.filters(),
        reason: Some("there was no snapshot when a context was asked for".to_owned()),
        actor: call.caller.name().map(str::to_owned),
        if_missing: true,
        ..CaptureRequest::of(CaptureType::RagAuto)
    };
    let (config, entity) = (&entities.opened.config, entities.settings()?);
    ask(call, false, async |request| {
        capture(config, &entities.name, entity, &asked, request, &Silent).await
    })?;
    Ok(())
}

fn tell(
    call: &Call,
    entities: &Entities,
    found: &Gathered,
    captured: bool,
    (all, most): (bool, usize),
) -> Result<Answer, Problem> {
    let timeline = &found.timeline;
    let newest = timeline.rows.last().map(|row| &row.kept.row);
    let read = newest.map(|newest| referenced(call, entities, newest)).transpose()?.flatten();
    let texts = read.map(|read| read.map(|(all, at)| (all.into_iter().map(texts_input).collect(), at)));
    let told = ContextInput {
        history: input(timeline, entities.opened.calendar.zone()),
        digest: found.digest.map(|digest| digest.to_string()),
        asked: &found.asked,
        all,
        texts,
        most_tokens: most,
    };
    let (text, left_out) = text(&told);
    let most = u32::try_from(most).unwrap_or(u32::MAX);
    let document = documents::context::document(found, captured, most, (&text, left_out));
    Ok(Answer::json(&document)?.holding(Holds::Now))
}

type Read = Result<(Vec<Referenced>, DateTime<Utc>), String>;

/// The texts that the newest row refers to, or why they could not be read; `None` where there are none to ask for.
fn referenced(call: &Call, entities: &Entities, newest: &EntityRow) -> Result<Option<Read>, Problem> {
    let (config, entity) = (&entities.opened.config, entities.settings()?);
    if entity.references.is_empty() {
        return Ok(None);
    }
    let read = ask(call, true, async |request| texts(config, entity, newest, request).await);
    Ok(Some(read.map_err(|problem| problem.detail)))
}
