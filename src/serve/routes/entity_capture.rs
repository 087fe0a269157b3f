//! What has something kept: captures by hand, by events, and for growth.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::super::access::Call;
use super::super::answer::{Answer, Holds, JSON, best};
use super::super::entities::{Entities, ask, body, text};
use super::super::problem::Problem;
use super::super::route::Route;
use super::CAPTURE;
use crate::config::problem::known_names;
use crate::model::entity::CaptureType;
use crate::model::progress::Silent;
use crate::ops::documents;
use crate::ops::entities::capture::{CaptureRequest, capture};
use crate::ops::entities::captured::{CaptureOutcome, Captured};

/// How many keys may be named at once.
const MOST_KEYS: usize = 1000;
/// How many characters a key, a reason or a name has at most.
const LONGEST: usize = 500;
/// How far ahead of this clock another one may be.
const AHEAD: TimeDelta = TimeDelta::days(1);

/// What this file answers.
pub fn routes() -> Vec<Route> {
    vec![
        Route::post("/api/{entity}-snapshots/create", CAPTURE, create).of_source(),
        Route::post("/api/events", CAPTURE, events).of_source(),
        Route::post("/api/growth/snapshot", CAPTURE, snapshot).of_source(),
    ]
}

/// Keeps what entities are now: one, some, or all of them.
#[utoipa::path(post, path = "/api/{entity}-snapshots/create", tag = "entities", params(
    ("entity" = String, Path, pattern = "^[a-z][a-z0-9_]{0,40}$", example = "account", description = "Which entities: account"),
    ("tenant" = Option<String>, Query, max_length = 500, description = "Whose archive, where there are tenants"),
), request_body(content = super::super::entity_shapes::Create, description = "Which, and why; nothing captures all of them"), responses(
    (status = 200, description = "What became of each that was named", body = super::super::entity_shapes::Created),
    (status = "default", description = "What went wrong", body = super::super::open_api::Problem, content_type = "application/problem+json"),
))]
pub fn create(call: &Call) -> Result<Answer, Problem> {
    call.asked.only(&[])?;
    best(&call.headers, &[JSON])?;
    let entities = Entities::of_path(call)?;
    let [own, key] = entities.key_words();
    let fields = body(call, &[&own, &key, "keys", "snapshot_type", "reason", "trigger"])?;
    let said =
        [&own, &key, "keys"].into_iter().filter(|name| fields.get(*name).is_some_and(|key| !key.is_null()));
    if said.count() > 1 {
        let detail = format!("{own}, {key} and keys say the same");
        return Err(Problem::contradiction(detail).hint("give one of them"));
    }
    let one = fields.get(own.as_str()).or_else(|| fields.get(key.as_str())).filter(|key| !key.is_null());
    let keys = match (one, fields.get("keys")) {
        (Some(one), _) => Some(vec![key_of(one)?]),
        (None, None | Some(Value::Null)) => None,
        (None, Some(keys)) => Some(keys_of(keys)?),
    };
    let kind = text(&fields, "snapshot_type", LONGEST)?
        .map(|kind| kind.parse::<CaptureType>().map_err(|said| Problem::bad(format!("{kind:?}: {said}"))));
    let asked = CaptureRequest {
        kind: kind.transpose()?.unwrap_or(CaptureType::Manual),
        trigger: text(&fields, "trigger", LONGEST)?,
        reason: text(&fields, "reason", LONGEST)?,
        ..request(call, &entities, keys)
    };
    let outcome = take(call, &entities, &asked)?;
    let is_one = one.is_some();
    if is_one && outcome.each().all(|(_, what)| matches!(what, Captured::Absent | Captured::Other)) {
        let key = asked.keys.iter().flatten().next().map(String::as_str).unwrap_or_default();
        return Err(entities.unknown(key));
    }
    let mut document = summary(&entities, &outcome);
    document["type"] = json!(asked.kind);
    document["results"] = match asked.keys {
        Some(_) => json!(results(&entities, &outcome)),
        // Of all there may be a million.
        None => Value::Null,
    };
    Ok(Answer::json(&document)?.holding(Holds::Now))
}

/// Something happened: the entities that it is about are captured, unless they were just seen.
#[utoipa::path(post, path = "/api/events", tag = "entities", params(
    ("tenant" = Option<String>, Query, max_length = 500, description = "Whose archive, where there are tenants"),
), request_body(content = super::super::entity_shapes::Event, description = "What happened, to which, and when"), responses(
    (status = 200, description = "What became of each", body = super::super::entity_shapes::Created),
    (status = "default", description = "What went wrong", body = super::super::open_api::Problem, content_type = "application/problem+json"),
))]
pub fn events(call: &Call) -> Result<Answer, Problem> {
    call.asked.only(&[])?;
    best(&call.headers, &[JSON])?;
    let fields = body(call, &["event", "entity", "keys", "occurred_at", "reason", "if_changed"])?;
    let missing = |name: &str| Problem::bad(format!("{name:?} is missing")).hint(EXAMPLE);
    let event = text(&fields, "event", LONGEST)?.ok_or_else(|| missing("event"))?;
    let name = text(&fields, "entity", LONGEST)?.ok_or_else(|| missing("entity"))?;
    let keys = keys_of(fields.get("keys").ok_or_else(|| missing("keys"))?)?;
    let occurred_at = text(&fields, "occurred_at", LONGEST)?.map(|at| instant(&at, call.now)).transpose()?;
    let if_changed = match fields.get("if_changed") {
        None | Some(Value::Null) => false,
        Some(Value::Bool(flag)) => *flag,
        Some(_) => return Err(Problem::bad("if_changed is neither true nor false")),
    };
    let entities = Entities::named(call, &name)?;
    let entity = entities.settings()?;
    let Some(kind) = entity.on.get(&event) else {
        let detail = format!("{event:?} is no event of {name}");
        let known = entity.on.keys().map(String::as_str);
        let hint = if entity.on.is_empty() {
            format!("name it under `on` of [entities.{name}]")
        } else {
            known_names("events", &event, known)
        };
        return Err(Problem::not_found("no-such-name", detail).hint(hint));
    };
    if if_changed && entity.changes.is_empty() {
        let detail = format!("nothing says what counts as a change of {name}");
        return Err(Problem::contradiction(detail).hint(format!("add [entities.{name}.changes]")));
    }
    if if_changed && entities.only.is_some() {
        let detail = "this token sees only some rows, and the one before may be another's";
        return Err(Problem::forbidden(detail).hint("leave if_changed out"));
    }
    let asked = CaptureRequest {
        kind: *kind,
        trigger: Some(event.to_lowercase()),
        reason: text(&fields, "reason", LONGEST)?,
        occurred_at,
        if_changed,
        ..request(call, &entities, Some(keys))
    };
    let outcome = take(call, &entities, &asked)?;
    let mut document = summary(&entities, &outcome);
    document["event"] = json!(event);
    document["type"] = json!(asked.kind);
    document["occurred_at"] = json!(asked.occurred_at);
    document["results"] = json!(results(&entities, &outcome));
    Ok(Answer::json(&document)?.holding(Holds::Now))
}

/// What an event looks like.
const EXAMPLE: &str = r#"write {"event":"KPI_DATA_UPLOADED","entity":"account","keys":[5],"occurred_at":"2025-11-06T10:15:00Z"}"#;

/// Keeps what all entities are now, for growth to be told up to this moment.
#[utoipa::path(post, path = "/api/growth/snapshot", tag = "entities", params(
    ("tenant" = Option<String>, Query, max_length = 500, description = "Whose archive, where there are tenants"),
), request_body(content = super::super::entity_shapes::GrowthSnapshot, description = "Which entities, where several kinds have counters"), responses(
    (status = 200, description = "How many were captured", body = super::super::entity_shapes::Done),
    (status = "default", description = "What went wrong", body = super::super::open_api::Problem, content_type = "application/problem+json"),
))]
pub fn snapshot(call: &Call) -> Result<Answer, Problem> {
    call.asked.only(&[])?;
    best(&call.headers, &[JSON])?;
    let fields = body(call, &["entity", "reason"])?;
    let name = text(&fields, "entity", LONGEST)?;
    let reason = text(&fields, "reason", LONGEST)?;
    let entities = Entities::chosen(call, name.as_deref())?;
    let asked = CaptureRequest { reason, ..request(call, &entities, None) };
    let outcome = take(call, &entities, &asked)?;
    Ok(Answer::json(&summary(&entities, &outcome))?.holding(Holds::Now))
}

fn request(call: &Call, entities: &Entities, keys: Option<Vec<String>>) -> CaptureRequest {
    CaptureRequest {
        keys,
        filters: entities.filters(),
        actor: call.caller.name().map(str::to_owned),
        ..CaptureRequest::of(CaptureType::Manual)
    }
}

fn take(call: &Call, entities: &Entities, asked: &CaptureRequest) -> Result<CaptureOutcome, Problem> {
    let (config, entity) = (&entities.opened.config, entities.settings()?);
    // What is begun is finished, whoever still waits for it.
    ask(call, false, async |request| capture(config, &entities.name, entity, asked, request, &Silent).await)
}

/// How many there were of what.
fn summary(entities: &Entities, outcome: &CaptureOutcome) -> Value {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    let seen = |what: &Captured| !(entities.only.is_some() && matches!(what, Captured::Other));
    for (_, what) in outcome.each() {
        *counts.entry(word(&what)).or_default() += 1;
    }
    let all = outcome.each().filter(|(_, what)| seen(what) && *what != Captured::Absent).count();
    json!({
        "success": true,
        "message": format!("captured {} of {all} {}", outcome.kept(), entities.name),
        "timestamp": outcome.captured_at,
        "entity": entities.name,
        "captured": outcome.kept(),
        "counts": counts,
    })
}

/// What became of one, in a word. What this one may not see is not there.
fn word(what: &Captured) -> &'static str {
    match what {
        Captured::Kept { .. } => "captured",
        Captured::Cooldown { .. } => "skipped",
        Captured::Existing { .. } => "existing",
        Captured::Unchanged { .. } => "unchanged",
        Captured::Other | Captured::Absent => "absent",
    }
}

/// What became of each.
fn results(entities: &Entities, outcome: &CaptureOutcome) -> Vec<Value> {
    let one = |(key, what): (&str, Captured)| {
        let mut document = documents::capture::document(&entities.name, key, &what);
        if let Value::Object(fields) = &mut document {
            fields.remove("event");
            fields.remove("entity");
            fields.insert("status".to_owned(), json!(word(&what)));
            if matches!(what, Captured::Cooldown { .. }) {
                fields.insert("reason".to_owned(), json!("cooldown"));
            }
        }
        document
    };
    outcome.each().map(one).collect()
}

/// Keys, as numbers or texts.
fn keys_of(value: &Value) -> Result<Vec<String>, Problem> {
    let Value::Array(keys) = value else {
        return Err(Problem::bad("keys is no list").hint("write \"keys\":[5]"));
    };
    if keys.is_empty() || keys.len() > MOST_KEYS {
        let detail = format!("there are {} keys, and there can be 1 to {MOST_KEYS}", keys.len());
        return Err(Problem::bad(detail).hint("send them in parts"));
    }
    keys.iter().map(key_of).collect()
}

fn key_of(value: &Value) -> Result<String, Problem> {
    let wrong = || Problem::bad("a key is a whole number or a text").hint("write 5 or \"5\"");
    let key = match value {
        Value::String(key) => key.clone(),
        Value::Number(number) => whole(&number.to_string()).ok_or_else(wrong)?,
        _ => return Err(wrong()),
    };
    if key.chars().count() > LONGEST {
        return Err(Problem::bad(format!("a key is longer than {LONGEST} characters")));
    }
    Ok(key)
}

/// A whole number as its digits, however it was written: some write 5 as 5.0, and 10^16 as 1e16.
fn whole(number: &str) -> Option<String> {
    let (sign, number) = number.strip_prefix('-').map_or(("", number), |rest| ("-", rest));
    let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let (before, after) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent: i64 = exponent.strip_prefix('+').unwrap_or(exponent).parse().ok()?;
    let point = exponent.checked_add(i64::try_from(before.len()).ok()?)?;
    let point = usize::try_from(point).ok().filter(|point| *point <= LONGEST)?;
    let digits = format!("{before}{after}");
    let digits = digits.trim_end_matches('0');
    if digits.len() > point {
        return None;
    }
    let digits = format!("{digits:0<point$}");
    match digits.trim_start_matches('0') {
        "" => Some("0".to_owned()),
        digits => Some(format!("{sign}{digits}")),
    }
}

/// When something happened: an instant, which has not yet to come.
fn instant(said: &str, now: DateTime<Utc>) -> Result<DateTime<Utc>, Problem> {
    let detail = |what: &str| {
        let said: String = said.chars().take(60).collect();
        format!("occurred_at: {said:?} {what}")
    };
    let wrong = |what: &str| Problem::bad(detail(what));
    // It is a time, but not one at which something has happened.
    let refused = |what: &str| Problem::contradiction(detail(what));
    let at = DateTime::parse_from_rfc3339(said)
        .map_err(|_| wrong("is no time").hint("write it as RFC 3339 has it: 2025-11-06T10:15:00Z"))?;
    let at = at.with_timezone(&Utc);
    if at > now.checked_add_signed(AHEAD).unwrap_or(now) {
        return Err(refused("has yet to come").hint("look at the clock of whoever says so"));
    }
    if at < DateTime::UNIX_EPOCH {
        return Err(refused("is before 1970").hint("say when it happened, or leave it out"));
    }
    Ok(at)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{instant, key_of, keys_of};

    #[test]
    fn keys_are_numbers_or_texts() {
        assert_eq!(keys_of(&json!([5, "5", -3, "a#b"])).unwrap(), ["5", "5", "-3", "a#b"]);
        for (written, key) in [
            ("824912.0", "824912"),
            ("-257.00", "-257"),
            ("1e16", "10000000000000000"),
            ("1.5E+1", "15"),
            ("0.5e1", "5"),
            ("2500e-2", "25"),
            ("-0.0", "0"),
            ("0e0", "0"),
            ("9223372036854775808", "9223372036854775808"),
        ] {
            let number: Value = serde_json::from_str(written).unwrap();
            assert_eq!(key_of(&number).ok().as_deref(), Some(key), "{written}");
        }
        for wrong in ["0.5", "25e-2", "1e999999", "1e-9", "5.00000000000000000001"] {
            let number: Value = serde_json::from_str(wrong).unwrap();
            assert!(key_of(&number).is_err(), "{wrong}");
        }
        for wrong in [json!(1.5), json!(null), json!([]), json!({}), json!(true)] {
            assert!(key_of(&wrong).is_err(), "{wrong}");
        }
        let many: Vec<u32> = (0..1001).collect();
        assert!(
            keys_of(&json!([])).is_err() && keys_of(&json!(many)).is_err() && keys_of(&json!(5)).is_err()
        );
    }

    #[test]
    fn what_happened_has_happened() {
        let now = "2025-11-06T12:00:00Z".parse().unwrap();
        assert!(instant("2025-11-06T11:59:00+01:00", now).is_ok());
        for wrong in [
            "9999-01-01T00:00:00Z",
            "0001-01-01T00:00:00Z",
            "yesterday",
            "2025-11-06",
            "",
            "2025-11-08T12:00:01Z",
        ] {
            assert!(instant(wrong, now).is_err(), "{wrong}");
        }
    }
}
