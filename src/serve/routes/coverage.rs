//! `GET /api/coverage` and `GET /api/timeliness`: whether what should be kept is kept, and how late it was.

use serde_json::{Map, Value, json};

use super::super::access::Call;
use super::super::answer::{Answer, Holds, JSON, best};
use super::super::entities::Entities;
use super::super::problem::Problem;
use super::super::route::Route;
use super::READ;
use crate::calendar::DayName;
use crate::ops::documents;
use crate::ops::entities::coverage::{Covering, Freshness, coverage as covered};
use crate::ops::entities::timeliness::{IN_TIME, caused, looks, saves};

/// How many are listed when nothing is said.
const USUAL: usize = 100;
/// How many are listed at most.
const MOST: usize = 1000;
/// From when on lags are told when nothing is said.
const LATELY: u32 = 30;

/// What this file answers.
pub fn routes() -> Vec<Route> {
    vec![Route::get("/api/coverage", READ, coverage), Route::get("/api/timeliness", READ, timeliness)]
}

/// The entities that are asked for: those of a name, or all that this one may see.
fn wanted(call: &Call) -> Result<Vec<Entities>, Problem> {
    if let Some(name) = call.asked.get::<String>("entity")? {
        return Ok(vec![Entities::named(call, &name)?]);
    }
    let (opened, only) = call.entities()?;
    let seen = opened.config.entities.iter();
    let seen = seen.filter(|(_, entity)| only.is_none_or(|only| entity.def.fields.contains_key(&only.field)));
    seen.map(|(name, _)| Entities::named(call, name)).collect()
}

/// Which entities have a snapshot, how old it is, and whether it is due or overdue by their schedule.
#[utoipa::path(get, path = "/api/coverage", tag = "entities", params(
    ("entity" = Option<String>, Query, max_length = 500, example = "account", description = "Only these entities; with it each of them is listed"),
    ("status" = Option<super::super::entity_shapes::CoverageStatus>, Query, description = "List only those"),
    ("limit" = Option<u16>, Query, minimum = 1, maximum = 1000, example = json!(10), description = "List so many at most; 100 when left out"),
    ("cursor" = Option<String>, Query, max_length = 500, description = "Where to go on: `next` of the part before"),
    ("tenant" = Option<String>, Query, max_length = 500, description = "Whose archive, where there are tenants"),
), responses(
    (status = 200, description = "How entities are covered", body = super::super::entity_shapes::Coverage),
    (status = "default", description = "What went wrong", body = super::super::open_api::Problem, content_type = "application/problem+json"),
))]
pub fn coverage(call: &Call) -> Result<Answer, Problem> {
    let asked = &call.asked;
    asked.only(&["entity", "status", "limit", "cursor"])?;
    best(&call.headers, &[JSON])?;
    let lists = asked.get::<String>("entity")?.is_some();
    let status = asked.get::<String>("status")?.map(|word| {
        let found = Freshness::ALL.into_iter().find(|status| status.word() == word);
        found.ok_or_else(|| {
            let words: Vec<&str> = Freshness::ALL.iter().map(|status| status.word()).collect();
            Problem::bad(format!("status: {word:?} is none")).hint(format!("there are {}", words.join(", ")))
        })
    });
    let status = status.transpose()?;
    let limit = asked.number("limit", USUAL, (1, MOST))?;
    let cursor: Option<String> = asked.get("cursor")?;
    let (mut summaries, mut listed, mut next) = (Map::new(), Vec::new(), None);
    for entities in wanted(call)? {
        let of = Covering {
            archive: &entities.opened.archive,
            name: &entities.name,
            entity: entities.settings()?,
            looks: entities.looks(),
            calendar: entities.opened.calendar,
            only: entities.only.as_ref(),
        };
        let found = covered(of, call.now)?;
        summaries.insert(entities.name.clone(), documents::coverage::summary(&found, call.now));
        if lists {
            let is_asked = |key: &str| cursor.as_deref().is_none_or(|cursor| key > cursor);
            let mut rest = found
                .entities
                .iter()
                .filter(|(key, one)| is_asked(key) && status.is_none_or(|status| one.freshness == status));
            listed = rest
                .by_ref()
                .take(limit)
                .collect::<Vec<_>>()
                .into_iter()
                .map(|(key, one)| {
                    next = Some(key.clone());
                    documents::coverage::entity(key, one, call.now)
                })
                .collect();
            next = next.filter(|_| rest.next().is_some());
        }
    }
    let link = next.as_ref().map(|next| format!("/api/coverage?{}", asked.with("cursor", next)));
    let document = json!({
        "entities": summaries,
        "listed": if lists { json!(listed) } else { Value::Null },
        "next": next,
        "timestamp": call.now,
    });
    // How old something is depends on the moment.
    Ok(Answer { next: link, ..Answer::json(&document)?.holding(Holds::Now) })
}

/// How long after a day's end it was saved, and how long after what happened it was captured.
#[utoipa::path(get, path = "/api/timeliness", tag = "entities", params(
    ("entity" = Option<String>, Query, max_length = 500, example = "account", description = "Only these entities"),
    ("from" = Option<String>, Query, pattern = r"^(yesterday|today|-[0-9]{1,4}d|<date>)$", example = "-30d", description = "The first day; 30 days ago when left out"),
    ("to" = Option<String>, Query, pattern = r"^(yesterday|today|-[0-9]{1,4}d|<date>)$", example = "yesterday", description = "The last day; today when left out"),
    ("limit" = Option<u16>, Query, minimum = 1, maximum = 1000, example = json!(10), description = "List so many of each at most, the newest; 100 when left out"),
    ("tenant" = Option<String>, Query, max_length = 500, description = "Whose archive, where there are tenants"),
), responses(
    (status = 200, description = "How late things were known", body = super::super::entity_shapes::Timeliness),
    (status = "default", description = "What went wrong", body = super::super::open_api::Problem, content_type = "application/problem+json"),
))]
pub fn timeliness(call: &Call) -> Result<Answer, Problem> {
    let asked = &call.asked;
    asked.only(&["entity", "from", "to", "limit"])?;
    best(&call.headers, &[JSON])?;
    let (opened, only) = call.entities()?;
    let day = |name: &str, usual: u32| {
        opened.day(asked.get::<DayName>(name)?.unwrap_or(DayName::DaysAgo(usual)), call.now)
    };
    let span = (day("from", LATELY)?, day("to", 0)?);
    if span.0 > span.1 {
        let problem =
            Problem::contradiction(format!("the range from {} to {} runs backwards", span.0, span.1));
        return Err(problem.hint("let from be the earlier day"));
    }
    let limit = asked.number("limit", USUAL, (1, MOST))?;
    let newest = |told: Vec<Value>| {
        let left = told.len().saturating_sub(limit);
        json!({ "count": told.len(), "newest": told.into_iter().skip(left).rev().collect::<Vec<_>>() })
    };
    // Days tell of all rows.
    let days = only.is_none().then(|| {
        let all = saves(&opened.history, &opened.calendar, span);
        newest(all.iter().map(documents::coverage::saved).collect())
    });
    let (mut looked, mut events, mut late) = (Map::new(), Vec::new(), 0_u64);
    for entities in wanted(call)? {
        let all = looks(entities.looks(), &entities.opened.calendar, span);
        looked.insert(entities.name.clone(), newest(all.iter().map(documents::coverage::saved).collect()));
        let place = (&entities.opened.archive, entities.name.as_str(), entities.looks());
        for one in caused(place, entities.only.as_ref(), span)? {
            late += u64::from(one.is_late());
            events.push((one.kept.at, documents::coverage::caused(&entities.name, &one)));
        }
    }
    events.sort_by_key(|(at, _)| *at);
    let mut events = newest(events.into_iter().map(|(_, told)| told).collect());
    events["late"] = json!(late);
    events["late_after_seconds"] = json!(IN_TIME.num_seconds());
    let document = json!({ "from": span.0, "to": span.1, "days": days, "looks": looked, "events": events });
    Answer::json(&document)
}
