//! The tools that read the source: `entity_context`, for the texts that an entity refers to, and `capture`.

use serde_json::{Value, json};

use super::arguments::{Kind, MAX_TOKENS, Parameter};
use super::asking::{Asking, document};
use super::entities::{ENTITY, KEY, meant};
use super::rests::of_rows;
use super::told::{Cite, Keeps, Told};
use super::tools::Tool;
use crate::config::Config;
use crate::model::entity::CaptureType;
use crate::model::progress::Silent;
use crate::ops::documents;
use crate::ops::entities::capture::{CaptureRequest, capture as kept};
use crate::ops::entities::captured::Captured;
use crate::serve::entities::ask;
use crate::serve::problem::Problem;
use crate::serve::routes;

/// So many tokens of an answer are kept for what it rests on.
const FOR_SOURCES: usize = 100;
/// So many keys are captured at once.
const MOST_KEYS: usize = 100;
/// Who asks, where no token says it.
const ACTOR: &str = "mcp";

/// What is known of one.
pub const CONTEXT: Tool = Tool {
    name: "entity_context",
    title: "What is known of one entity",
    about: "What is known of one entity as text made for you: its newest state, changes, trends, the snapshots of the times that a \
            question speaks of, and the texts that it refers to, as the source has them now, each marked off as what others wrote. Pass the \
            question as it was asked.",
    parameters: &[
        ENTITY,
        KEY.needed(),
        Parameter::new(
            "question",
            Kind::Text,
            "What somebody wants to know, in their words: the times in it are understood",
            &["How was it last month?"],
        ),
        Parameter::new("history", Kind::Flag, "Tell all of its snapshots", &["true"]),
    ],
    asks_source: may_ask,
    of_source: true,
    writes: false,
    shape: || {
        json!({
            "type": "object",
            "properties": {
                "entity": { "type": "string" },
                "key": { "type": "string" },
                "label": { "type": ["string", "null"] },
                "captured": { "type": "boolean", "description": "Whether the snapshot was taken for this answer" },
                "snapshot": { "type": ["object", "null"], "description": "The newest" },
                "digest": { "type": ["string", "null"] },
                "asked": { "type": "array", "description": "The times that the question speaks of" },
                "left_out": { "type": "integer", "description": "How many lines had no room" },
                "text": { "type": "string" },
            },
            "required": ["entity", "key", "label", "captured", "snapshot", "digest", "asked", "left_out", "text"],
        })
    },
    answer: context,
};

/// Keeps some as they are now.
pub const CAPTURE: Tool = Tool {
    name: "capture",
    title: "Take a snapshot now",
    about: "Reads entities from the source and keeps what they are now, each as a new snapshot with an id. Use it only when somebody \
            asks for one.",
    parameters: &[
        ENTITY,
        Parameter::new("keys", Kind::Names, "Which of them, by key", &["[\"5\"]"]).needed(),
        Parameter::new(
            "reason",
            Kind::Text,
            "Why, in the words of whoever asks",
            &["before the renewal call"],
        )
        .needed(),
        Parameter::new(
            "if_changed",
            Kind::Flag,
            "Only where something changed, by the configured rules",
            &["true"],
        ),
    ],
    asks_source: |_| true,
    of_source: true,
    writes: true,
    shape: || {
        json!({
            "type": "object",
            "properties": {
                "entity": { "type": "string" },
                "captured_at": { "type": ["string", "null"], "description": "When the source was read" },
                "captured": { "type": "integer", "description": "How many were kept" },
                "keys": {
                    "type": "array",
                    "items": { "type": "object" },
                    "description": "What became of each: captured, unchanged, or absent from the source",
                },
            },
            "required": ["entity", "captured_at", "captured", "keys"],
        })
    },
    answer: capture,
};

/// Whether the source may be asked: for texts that are referred to, or for a first snapshot.
fn may_ask(asking: &Asking) -> bool {
    let refers = |config: &Config| config.entities.values().any(|entity| !entity.references.is_empty());
    asking.caller.may_capture() || asking.server.held.values().any(|held| refers(held.config()))
}

fn context(asking: &Asking) -> Result<Told, Problem> {
    let named = asking.call(&[], [])?;
    let name = meant(&named, asking)?.name;
    let budget = asking.arguments.budget();
    let mut words = asking.words(&["key", "question", "history"]);
    words.push((MAX_TOKENS.to_owned(), budget.saturating_sub(FOR_SOURCES).to_string()));
    let call = asking.call(&[("entity", &format!("{name}-snapshots"))], words)?;
    let answer = document(&routes::entity_context::context(&call)?)?;
    let text = answer["text"].as_str().unwrap_or_default().to_owned();
    let cites = cited(&answer).into_iter().collect();
    let less = "ask without history, or compare two snapshots";
    Ok(Told { text: Some(text), ..Told::new(answer, cites, Keeps::Last, less) })
}

/// The newest snapshot, on which a context rests.
fn cited(answer: &Value) -> Option<Cite> {
    let snapshot = &answer["snapshot"];
    Some(Cite {
        date: snapshot["date"].as_str()?.parse().ok()?,
        edition: None,
        provenance: snapshot["type"].as_str()?.to_owned(),
        captured_at: snapshot["captured_at"].as_str()?.parse().ok()?,
        digest: answer["digest"].as_str().and_then(|digest| digest.parse().ok()),
        snapshot_id: Some(snapshot["snapshot_id"].as_str()?.parse().ok()?),
    })
}

fn capture(asking: &Asking) -> Result<Told, Problem> {
    let arguments = &asking.arguments;
    let call = asking.call(&[], [])?;
    // Whoever may not is not offered it; this is the second lock.
    if !call.caller.may_capture() {
        return Err(Problem::forbidden("this caller may not have something kept"));
    }
    let entities = meant(&call, asking)?;
    let keys = arguments.names("keys").to_vec();
    if keys.is_empty() || keys.len() > MOST_KEYS || keys.iter().any(String::is_empty) {
        return Err(Problem::bad(format!("keys: 1 to {MOST_KEYS} keys can be captured at once"))
            .hint("give keys such as [\"5\"]"));
    }
    let if_changed = arguments.flag("if_changed");
    if if_changed && entities.settings()?.changes.is_empty() {
        return Err(Problem::bad(format!("nothing says what counts as a change of {}", entities.name))
            .hint("leave if_changed out"));
    }
    if if_changed && entities.only.is_some() {
        return Err(Problem::forbidden(
            "this token sees only some rows, and the one before may be another's",
        )
        .hint("leave if_changed out"));
    }
    let asked = CaptureRequest {
        keys: Some(keys),
        filters: entities.filters(),
        reason: arguments.text("reason").map(str::to_owned),
        actor: Some(call.caller.name().unwrap_or(ACTOR).to_owned()),
        if_changed,
        ..CaptureRequest::of(CaptureType::Manual)
    };
    let (config, settings) = (&entities.opened.config, entities.settings()?);
    let outcome = ask(&call, false, async |request| {
        kept(config, &entities.name, settings, &asked, request, &Silent).await
    })?;
    let told: Vec<Value> = outcome
        .each()
        .map(|(key, what)| {
            // What this one may not see is as if it were not there.
            let what = if what == Captured::Other { Captured::Absent } else { what };
            documents::capture::document(&entities.name, key, &what)
        })
        .collect();
    // The archive as it is now, with what was just kept.
    let entities = meant(&call, asking)?;
    let (subject, today) = (entities.subject()?, entities.opened.today(call.now)?);
    let mut cites = Vec::new();
    for (key, what) in outcome.each() {
        let Captured::Kept { id, .. } = what else { continue };
        let timeline = entities.histories(&subject).timeline(key, Some(today));
        let timeline = timeline.map_err(|error| entities.history_problem(key, error))?;
        let row = timeline.rows.iter().filter(|row| row.kept.row.seq == id.seq).map(|row| &row.kept);
        cites.extend(of_rows(&entities, row)?);
    }
    let answer = json!({
        "entity": entities.name,
        "captured_at": outcome.captured_at,
        "captured": outcome.kept(),
        "keys": told,
    });
    Ok(Told::new(answer, cites, Keeps::First, "give fewer keys"))
}
