//! `GET /api/NAME-snapshots/moved`: which entities moved since a day.

use serde_json::json;

use super::super::access::Call;
use super::super::answer::{Answer, JSON, best};
use super::super::entities::Entities;
use super::super::problem::Problem;
use super::super::route::Route;
use super::READ;
use crate::calendar::DayName;
use crate::ops::documents;
use crate::ops::entities::moved::{Way, moved_since};

/// How many are listed when nothing is said.
const USUAL: usize = 100;
/// How many are listed at most.
const MOST: usize = 1000;
/// Since when, when nothing is said.
const LATELY: DayName = DayName::DaysAgo(7);

/// What this file answers.
pub fn routes() -> Vec<Route> {
    vec![Route::get("/api/{entity}-snapshots/moved", READ, moved)]
}

/// Which entities moved since a day: the newest row of each against its last one of that day or before.
#[utoipa::path(get, path = "/api/{entity}-snapshots/moved", tag = "entities", params(
    ("entity" = String, Path, pattern = "^[a-z][a-z0-9_]{0,40}$", example = "account", description = "Which entities: account"),
    ("way" = Option<super::super::entity_shapes::MovedWay>, Query, example = "changed", description = "How; `changed` when left out"),
    ("since" = Option<String>, Query, pattern = r"^(yesterday|today|-[0-9]{1,4}d|<date>)$", example = "-7d", description = "Since this day; a week ago when left out"),
    ("limit" = Option<u16>, Query, minimum = 1, maximum = 1000, example = json!(10), description = "List so many at most; 100 when left out"),
    ("cursor" = Option<String>, Query, max_length = 500, description = "Where to go on: `next` of the part before"),
    ("tenant" = Option<String>, Query, max_length = 500, description = "Whose archive, where there are tenants"),
), responses(
    (status = 200, description = "Those that moved, by key, and by which fields", body = super::super::entity_shapes::Moved),
    (status = "default", description = "What went wrong", body = super::super::open_api::Problem, content_type = "application/problem+json"),
))]
pub fn moved(call: &Call) -> Result<Answer, Problem> {
    let entities = Entities::of_path(call)?;
    let asked = &call.asked;
    asked.only(&["way", "since", "limit", "cursor"])?;
    best(&call.headers, &[JSON])?;
    let way = match asked.get::<String>("way")?.as_deref() {
        None | Some("changed") => Way::Changed,
        Some("improved") => Way::Improved,
        Some("declined") => Way::Declined,
        Some(other) => {
            return Err(Problem::bad(format!("way: {other:?} is none"))
                .hint("there are changed, improved and declined"));
        }
    };
    let since = entities.opened.day(asked.get("since")?.unwrap_or(LATELY), call.now)?;
    let limit = asked.number("limit", USUAL, (1, MOST))?;
    let cursor: Option<String> = asked.get("cursor")?;
    call.server.cache.get(entities.cached(call, "moved")?, || {
        let subject = entities.subject()?;
        let mut told = moved_since(&entities.histories(&subject), since, way)?;
        let all = told.moved.len();
        // They are told by key.
        told.moved.retain(|(timeline, _)| cursor.as_ref().is_none_or(|cursor| timeline.key > *cursor));
        let more = told.moved.len() > limit;
        told.moved.truncate(limit);
        let next = told.moved.last().filter(|_| more).map(|(timeline, _)| timeline.key.clone());
        let mut document = documents::moved::document(&entities.name, way, since, &told);
        document["count"] = json!(all);
        document["next"] = json!(next);
        let path =
            |key: &String| format!("/api/{}-snapshots/moved?{}", entities.name, asked.with("cursor", key));
        Ok(Answer { next: next.as_ref().map(path), ..Answer::json(&document)? })
    })
}
