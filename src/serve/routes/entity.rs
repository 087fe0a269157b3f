//! `GET /api/NAME-snapshots`: what was kept of entities, one after the other and one against another.

use serde_json::{Value, json};

use super::super::access::Call;
use super::super::answer::{Answer, CSV, JSON, best};
use super::super::entities::Entities;
use super::super::problem::Problem;
use super::super::route::Route;
use super::READ;
use crate::calendar::DayName;
use crate::model::Day;
use crate::model::entity::RowId;
use crate::ops::documents;
use crate::ops::entities::history::Timeline;
use crate::ops::entities::pick::{RowName, pick};
use crate::ops::entities::rows::Rows;

/// How many snapshots a part has when nothing is said.
const USUAL: usize = 50;
/// How many it has at most.
const MOST: usize = 1000;
/// How many months back a history can be asked for.
const MOST_MONTHS: usize = 12_000;

/// What this file answers.
pub fn routes() -> Vec<Route> {
    vec![
        Route::get("/api/{entity}-snapshots", READ, snapshots),
        Route::get("/api/{entity}-snapshots/latest", READ, latest),
        Route::get("/api/{entity}-snapshots/compare", READ, compare),
        Route::get("/api/{entity}-snapshots/history", READ, history),
    ]
}

/// What was kept, the newest day first; of one entity all of it, else of all of them by key.
#[utoipa::path(get, path = "/api/{entity}-snapshots", tag = "entities", params(
    ("entity" = String, Path, pattern = "^[a-z][a-z0-9_]{0,40}$", example = "account", description = "Which entities, as the configuration names them: account"),
    ("key" = Option<String>, Query, max_length = 500, example = "5", description = "Only those of this key; account_id says the same of accounts"),
    ("start_date" = Option<String>, Query, pattern = r"^(yesterday|today|-[0-9]{1,4}d|<date>)$", example = "-30d", description = "Only those of this day or later: 2025-11-06, -30d"),
    ("limit" = Option<u16>, Query, minimum = 1, maximum = 1000, example = json!(10), description = "How many at most; 50 when left out"),
    ("cursor" = Option<String>, Query, pattern = "^<date>:[^#]{1,300}#[1-9][0-9]{0,8}$", description = "Where to go on: `next` of the part before"),
    ("tenant" = Option<String>, Query, max_length = 500, description = "Whose archive, where there are tenants"),
), responses(
    (status = 200, description = "Some snapshots", body = super::super::entity_shapes::Snapshots),
    (status = "default", description = "What went wrong", body = super::super::open_api::Problem, content_type = "application/problem+json"),
))]
pub fn snapshots(call: &Call) -> Result<Answer, Problem> {
    let entities = Entities::of_path(call)?;
    let [own, key] = entities.key_words();
    call.asked.only(&[&own, &key, "start_date", "limit", "cursor"])?;
    best(&call.headers, &[JSON])?;
    let key = entities.key(call)?;
    let start: Option<DayName> = call.asked.get("start_date")?;
    let start = start.map(|name| entities.opened.day(name, call.now)).transpose()?;
    let limit = call.asked.number("limit", USUAL, (1, MOST))?;
    let cursor: Option<Place> = call.asked.get("cursor")?;
    call.server.cache.get(entities.cached(call, "snapshots")?, || {
        let mut found = match &key {
            Some(key) => of_key(&entities, key, start, cursor.as_ref())?,
            None => of_all(&entities, start, cursor.as_ref(), limit)?,
        };
        let more = found.len() > limit;
        found.truncate(limit);
        let last = found.last().filter(|_| more).map(|(place, _)| place.to_string());
        let next =
            last.map(|last| format!("/api/{}-snapshots?{}", entities.name, call.asked.with("cursor", &last)));
        let document = json!({
            "entity": entities.name,
            "snapshots": found.iter().map(|(_, row)| row).collect::<Vec<_>>(),
            "next": found.last().filter(|_| more).map(|(place, _)| place.to_string()),
        });
        Ok(Answer { next, ..Answer::json(&document)? })
    })
}

/// Where a part ended: `2025-11-06:5#12`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    day: Day,
    id: RowId,
}

impl std::str::FromStr for Place {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts = text.split_once(':').and_then(|(day, id)| Some((day.parse().ok()?, id.parse().ok()?)));
        parts
            .map(|(day, id)| Self { day, id })
            .ok_or("this is no end of a part: write `next` of the part before")
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.day, self.id)
    }
}

/// Those of one entity, with what each says beside the one before, the newest first.
fn of_key(
    entities: &Entities,
    key: &str,
    start: Option<Day>,
    cursor: Option<&Place>,
) -> Result<Vec<(Place, Value)>, Problem> {
    let timeline = timeline(entities, key, start)?;
    let rows = timeline.rows.iter().rev();
    let rows = rows.filter(|row| cursor.is_none_or(|cursor| row.kept.row.seq < cursor.id.seq));
    let told = rows.map(|row| {
        let place = Place { day: row.kept.day, id: row.kept.row.snapshot_id() };
        let mut document = documents::history::row_document(&timeline, row);
        document["key"] = json!(timeline.key);
        (place, document)
    });
    Ok(told.collect())
}

/// Those of all entities, a day after the other; one more than asked for, where there is one.
fn of_all(
    entities: &Entities,
    start: Option<Day>,
    cursor: Option<&Place>,
    limit: usize,
) -> Result<Vec<(Place, Value)>, Problem> {
    let looks = entities.looks();
    let rows = Rows::new(&entities.opened.archive, &entities.name, looks)?;
    let mut days: Vec<Day> = looks.looks.keys().copied().chain(looks.capture_days()).collect();
    days.sort_unstable();
    days.dedup();
    let mut found = Vec::new();
    for day in days.into_iter().rev() {
        if start.is_some_and(|start| day < start) || found.len() > limit {
            break;
        }
        if cursor.is_some_and(|cursor| day > cursor.day) {
            continue;
        }
        let after = cursor.filter(|cursor| cursor.day == day).map(|cursor| &cursor.id);
        for kept in rows.of_day(day, after, limit + 1 - found.len(), entities.only.as_ref())? {
            let place = Place { day, id: kept.row.snapshot_id() };
            found.push((place, documents::history::kept(&kept)));
        }
    }
    Ok(found)
}

fn timeline(entities: &Entities, key: &str, from: Option<Day>) -> Result<Timeline, Problem> {
    let subject = entities.subject()?;
    entities.histories(&subject).timeline(key, from).map_err(|error| entities.history_problem(key, error))
}

/// The newest snapshot of one entity, and how it differs from the one before.
#[utoipa::path(get, path = "/api/{entity}-snapshots/latest", tag = "entities", params(
    ("entity" = String, Path, pattern = "^[a-z][a-z0-9_]{0,40}$", example = "account", description = "Which entities: account"),
    ("key" = String, Query, max_length = 500, example = "5", description = "Which one; account_id says the same of accounts"),
    ("tenant" = Option<String>, Query, max_length = 500, description = "Whose archive, where there are tenants"),
), responses(
    (status = 200, description = "The snapshot", body = super::super::entity_shapes::Snapshot),
    (status = "default", description = "What went wrong", body = super::super::open_api::Problem, content_type = "application/problem+json"),
))]
pub fn latest(call: &Call) -> Result<Answer, Problem> {
    let entities = Entities::of_path(call)?;
    let [own, key] = entities.key_words();
    call.asked.only(&[&own, &key])?;
    best(&call.headers, &[JSON])?;
    let key = entities.need_key(call)?;
    let today = entities.opened.today(call.now)?;
    call.server.cache.get(entities.cached(call, "latest")?, || {
        let subject = entities.subject()?;
        let histories = entities.histories(&subject);
        let problem = |error| entities.history_problem(&key, error);
        let timeline = histories.recent(&key, Some(today)).map_err(problem)?;
        let row = timeline.rows.last().ok_or_else(|| entities.unknown(&key))?;
        let mut document = documents::history::row_document(&timeline, row);
        document["entity"] = json!(timeline.entity);
        document["key"] = json!(timeline.key);
        document["gone"] = json!(timeline.gone);
        document["newest_thinned"] = json!(timeline.newest_thinned);
        document["digest"] = json!(histories.digest(&row.kept).map_err(|error| problem(error.into()))?);
        Answer::json(&document)
    })
}

/// Two snapshots of one entity beside each other: each difference is the first less the second.
#[utoipa::path(get, path = "/api/{entity}-snapshots/compare", tag = "entities", params(
    ("entity" = String, Path, pattern = "^[a-z][a-z0-9_]{0,40}$", example = "account", description = "Which entities: account"),
    ("snapshot_id_1" = String, Query, pattern = "^([^#]{1,300}#[1-9][0-9]{0,8}|latest(~[0-9]{1,4})?|yesterday|-[0-9]{1,4}d|<date>)$", example = "5#2", description = "The one: an id such as 5#3, or with a key a day, latest, latest~1, -7d"),
    ("snapshot_id_2" = String, Query, pattern = "^([^#]{1,300}#[1-9][0-9]{0,8}|latest(~[0-9]{1,4})?|yesterday|-[0-9]{1,4}d|<date>)$", example = "5#1", description = "What it is held against"),
    ("key" = Option<String>, Query, max_length = 500, example = "5", description = "Of which one; an id says it too"),
    ("tenant" = Option<String>, Query, max_length = 500, description = "Whose archive, where there are tenants"),
), responses(
    (status = 200, description = "Both, field by field", body = super::super::entity_shapes::SnapshotsCompared),
    (status = "default", description = "What went wrong", body = super::super::open_api::Problem, content_type = "application/problem+json"),
))]
pub fn compare(call: &Call) -> Result<Answer, Problem> {
    let entities = Entities::of_path(call)?;
    let [own, key] = entities.key_words();
    call.asked.only(&[&own, &key, "snapshot_id_1", "snapshot_id_2"])?;
    best(&call.headers, &[JSON])?;
    let names: [RowName; 2] = [call.asked.need("snapshot_id_1")?, call.asked.need("snapshot_id_2")?];
    let mut keys: Vec<String> = entities.key(call)?.into_iter().collect();
    let of_id = |name: &RowName| if let RowName::Id(id) = name { Some(id.key.clone()) } else { None };
    keys.extend(names.iter().filter_map(of_id));
    keys.dedup();
    let [key] = keys.as_slice() else {
        let problem = if keys.is_empty() {
            Problem::contradiction("nobody says of which one")
                .hint(format!("add {own}=, or write ids such as 5#3"))
        } else {
            Problem::contradiction("these are not of one and the same").hint("name two snapshots of one key")
        };
        return Err(problem);
    };
    let today = entities.opened.today(call.now)?;
    call.server.cache.get(entities.cached(call, "snapshots compared")?, || {
        let timeline = timeline(&entities, key, None)?;
        let [a, b] = [pick(&timeline, &names[0], today)?, pick(&timeline, &names[1], today)?];
        let moved = documents::snapshots::between(&timeline, b, a);
        Answer::json(&documents::snapshots::document(&timeline, a, b, &moved))
    })
}

/// One entity through time.
#[utoipa::path(get, path = "/api/{entity}-snapshots/history", tag = "entities", params(
    ("entity" = String, Path, pattern = "^[a-z][a-z0-9_]{0,40}$", example = "account", description = "Which entities: account"),
    ("key" = String, Query, max_length = 500, example = "5", description = "Which one; account_id says the same of accounts"),
    ("months" = Option<u16>, Query, minimum = 1, maximum = 12000, example = json!(12), description = "Only the last so many months"),
    ("tenant" = Option<String>, Query, max_length = 500, description = "Whose archive, where there are tenants"),
), responses(
    (status = 200, description = "All of its snapshots, oldest first", content(
        (super::super::entity_shapes::History = "application/json"), (String = "text/csv"),
    )),
    (status = "default", description = "What went wrong", body = super::super::open_api::Problem, content_type = "application/problem+json"),
))]
pub fn history(call: &Call) -> Result<Answer, Problem> {
    let entities = Entities::of_path(call)?;
    let [own, key] = entities.key_words();
    call.asked.only(&[&own, &key, "months"])?;
    let media = best(&call.headers, &[JSON, CSV])?;
    let key = entities.need_key(call)?;
    let months = call.asked.number("months", 0, (1, MOST_MONTHS))?;
    let today = entities.opened.today(call.now)?;
    call.server.cache.get(entities.cached(call, &format!("history {media}"))?, || {
        let months = u32::try_from(months).ok().filter(|months| *months > 0);
        let from = months.and_then(|months| today.date().checked_sub_months(chrono::Months::new(months)));
        let timeline = timeline(&entities, &key, from.and_then(Day::new))?;
        if media == CSV {
            let csv = documents::history::csv(&timeline);
            return Ok(Answer::of(CSV, csv.map_err(|error| Problem::mistake(error.to_string()))?));
        }
        Answer::json(&documents::history::document(&timeline))
    })
}
