//! `GET /api/growth/{period}`: what counters of entities did.

use serde_json::Value;

use super::super::access::Call;
use super::super::answer::{Answer, CSV, Holds, JSON, best};
use super::super::entities::{Entities, KEY, ask, flag};
use super::super::problem::Problem;
use super::super::route::Route;
use super::READ;
use crate::model::progress::Silent;
use crate::ops::documents;
use crate::ops::entities::growth::{Basis, GrowthRequest, Span, growth as grown};
use crate::ops::entities::look::read;
use crate::ops::entities::sides::Live;

/// How many are listed that grew most, at most.
const MOST: usize = 1000;

/// What this file answers.
pub fn routes() -> Vec<Route> {
    vec![Route::get("/api/growth/{period}", READ, growth).of_source_if(is_live)]
}

fn is_live(call: &Call) -> bool {
    flag(call, "live").unwrap_or(false)
}

/// What counters did over so many business days up to the newest look: in total, by groups, and which grew most.
#[utoipa::path(get, path = "/api/growth/{period}", tag = "entities", params(
    ("period" = u16, Path, minimum = 1, maximum = 36600, example = json!(7), description = "So many business days: 1, 7, 30, or any other number"),
    ("entity" = Option<String>, Query, max_length = 500, example = "account", description = "Which entities; may be left out where one kind has counters"),
    ("live" = Option<bool>, Query, example = json!(true), description = "Up to what the source says now, which is not kept"),
    ("by" = Option<String>, Query, max_length = 500, description = "By this field too"),
    ("where" = Option<String>, Query, pattern = "^[a-z][a-z0-9_]{0,60}=[^=]{0,400}$", example = "status=active", description = "Only those whose field has this value: region=EMEA"),
    ("key" = Option<String>, Query, max_length = 500, example = "5", description = "Only the one of this key"),
    ("top" = Option<u16>, Query, minimum = 1, maximum = 1000, example = json!(5), description = "List so many that grew most"),
    ("nearest" = Option<bool>, Query, example = json!(true), description = "Where a look is missing, take the nearest there is"),
    ("tenant" = Option<String>, Query, max_length = 500, description = "Whose archive, where there are tenants"),
), responses(
    (status = 200, description = "What they did", content(
        (super::super::entity_shapes::Growth = "application/json"), (String = "text/csv"),
    )),
    (status = "default", description = "What went wrong", body = super::super::open_api::Problem, content_type = "application/problem+json"),
))]
pub fn growth(call: &Call) -> Result<Answer, Problem> {
    let asked = &call.asked;
    asked.only(&["entity", "live", "by", "where", KEY, "top", "nearest"])?;
    let media = best(&call.headers, &[JSON, CSV])?;
    let period: String = asked.part("period")?;
    let plain = period.bytes().all(|b| b.is_ascii_digit());
    let days = period.parse::<u16>().ok().filter(|days| plain && (1..=36_600).contains(days));
    let days = days.ok_or_else(|| {
        Problem::bad(format!("{period:?} is no number of days"))
            .hint("write 1, 7, 30, or any from 1 to 36600")
    })?;
    let filter = asked.get::<String>("where")?.map(|filter| {
        let pair = filter.split_once('=').map(|(field, value)| (field.to_owned(), value.to_owned()));
        pair.ok_or_else(|| Problem::bad("where: there is no =").hint("write it as field=value"))
    });
    let request = GrowthRequest {
        span: Span::Days(days),
        nearest: flag(call, "nearest")?,
        by: asked.get("by")?,
        filters: filter.transpose()?.into_iter().collect(),
        key: asked.get(KEY)?,
        top: asked.number("top", 0, (1, MOST))?,
    };
    let live = flag(call, "live")?;
    let entity: Option<String> = asked.get("entity")?;
    let entities = Entities::chosen(call, entity.as_deref())?;
    if live {
        let live = read_now(call, &entities, request.key.clone())?;
        return Ok(told(&entities, &request, Some(&live), media)?.holding(Holds::Now));
    }
    let key = entities.cached(call, &format!("growth {media}"))?;
    call.server.cache.get(key, || told(&entities, &request, None, media))
}

/// What the source says now.
fn read_now(call: &Call, entities: &Entities, key: Option<String>) -> Result<Live, Problem> {
    let (config, entity) = (&entities.opened.config, entities.settings()?);
    let day = entities.opened.today(call.now)?;
    let keys = key.map(|key| vec![key]);
    let (table, at) = ask(call, true, async |request| {
        read(config, &entities.name, entity, keys.as_deref(), None, request, &Silent).await
    })?;
    Ok(Live { day, at, table })
}

fn told(
    entities: &Entities,
    request: &GrowthRequest,
    live: Option<&Live>,
    media: &'static str,
) -> Result<Answer, Problem> {
    let basis = Basis {
        archive: &entities.opened.archive,
        name: &entities.name,
        def: &entities.settings()?.def,
        looks: entities.looks(),
        live,
        only: entities.only.as_ref(),
    };
    let found =
        grown(basis, request).map_err(|error| entities.growth_problem(request.key.as_deref(), error))?;
    if media == CSV {
        let csv = documents::growth::csv(&found);
        return Ok(Answer::of(CSV, csv.map_err(|error| Problem::mistake(error.to_string()))?));
    }
    let mut document = documents::growth::document(&entities.name, request, &found);
    if let Value::Object(fields) = &mut document {
        // Of when the numbers are, and not of when they were asked for: so that equal answers are equal.
        fields.insert("timestamp".to_owned(), serde_json::json!(found.current.at));
    }
    Answer::json(&document)
}
