//! The tools that read the source: `entity_context`, for the texts that an entity refers to, and `capture`.

use serde_json::{Value, json};

use super::arguments::{Kind, Parameter};
use super::asking::Asking;
use super::entities::{ENTITY, KEY, Meant, untold};
use super::rests::of_rows;
use super::source::{block_on, request};
use super::told::{Keeps, Told};
use super::tools::Tool;
use crate::config::serve::Only;
use crate::model::entity::CaptureType;
use crate::model::progress::Silent;
use crate::ops::documents;
use crate::ops::entities::capture::{CaptureRequest, capture as kept};
use crate::ops::entities::captured::{CaptureOutcome, Captured};
use crate::ops::entities::context::{ContextRequest, Gathered, gather, texts};
use crate::ops::entities::history::HistoryError;
use crate::ops::entities::told::{input, texts_input};
use crate::serve::access::Call;
use crate::serve::problem::Problem;
use crate::view::entity_context::{ContextInput, text};

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
    asks_source: |_| true,
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
        Parameter::new("reason", Kind::Text, "Why, in the words of whoever asks", &["before the renewal call"]).needed(),
        Parameter::new("if_changed", Kind::Flag, "Only where something changed, by the configured rules", &["true"]),
    ],
    asks_source: |_| true,
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

fn context(asking: &Asking) -> Result<Told, Problem> {
    let call = asking.call(&[], [])?;
    let key = asking.arguments.text("key").unwrap_or_default();
    let mut captured = false;
    let (meant, gathered) = match gathered(&call, asking, key) {
        Ok(found) => found,
        Err(None) if call.caller.may_capture() => {
            // It was asked for a context and has no snapshot: there is one to be had.
            let meant = Meant::of(&call, asking)?;
            let reason = "there was no snapshot when a context was asked for".to_owned();
            let wanted = wanted(&call, vec![key.to_owned()], CaptureType::RagAuto, reason);
            take(&call, &meant, &CaptureRequest { if_missing: true, ..wanted })?;
            captured = true;
            gathered(&call, asking, key).map_err(|problem| problem.unwrap_or_else(|| nothing(key)))?
        }
        Err(None) => return Err(nothing(key)),
        Err(Some(problem)) => return Err(problem),
    };
    let (looks, settings) = (meant.looks(), meant.settings()?);
    let newest = gathered.timeline.rows.last();
    let referenced = match newest {
        Some(newest) if !settings.references.is_empty() => {
            let (env, now) = (|name: &str| (call.server.env)(name), || (call.server.clock)());
            let look = request(&call.server, &env, &now);
            let read = block_on(texts(&meant.opened.config, settings, &newest.kept.row, &look))?;
            Some(read.map_err(|error| call.server.without_folders(&error.to_string())))
        }
        _ => None,
    };
    let budget = asking.arguments.budget();
    let shown = ContextInput {
        history: input(&gathered.timeline, meant.opened.calendar.zone()),
        digest: gathered.digest.map(|digest| digest.to_string()),
        asked: &gathered.asked,
        all: asking.arguments.flag("history"),
        texts: referenced.map(|read| read.map(|(all, at)| (all.into_iter().map(texts_input).collect(), at))),
        most_tokens: budget.saturating_sub(FOR_SOURCES),
    };
    let (text, left_out) = text(&shown);
    let cites = of_rows(&meant, &looks, newest.into_iter().map(|row| &row.kept))?;
    let most = u32::try_from(budget).unwrap_or(u32::MAX);
    let answer = documents::context::document(&gathered, captured, most, (&text, left_out));
    let less = "ask without history, or compare two snapshots";
    Ok(Told { text: Some(text), ..Told::new(answer, cites, Keeps::Last, less) })
}

fn nothing(key: &str) -> Problem {
    Problem::not_found("no-such-snapshot", format!("there is no snapshot of {key:?}"))
        .hint("entity_list and growth with top tell keys and labels of some; nothing is captured here without being allowed to")
}

/// What the archive says; `None` where it has no snapshot.
fn gathered<'c>(
    call: &'c Call,
    asking: &Asking,
    key: &str,
) -> Result<(Meant<'c>, Gathered), Option<Problem>> {
    let meant = Meant::of(call, asking)?;
    let asked = ContextRequest {
        wanted: key,
        question: asking.arguments.text("question"),
        all: asking.arguments.flag("history"),
        today: meant.opened.today(call.now)?,
    };
    let looks = meant.looks();
    let gathered = gather(&meant.histories(&looks), &asked).map_err(|error| match error {
        HistoryError::Unknown { .. } => None,
        error => Some(untold(error)),
    })?;
    Ok((meant, gathered))
}

fn wanted(call: &Call, keys: Vec<String>, kind: CaptureType, reason: String) -> CaptureRequest {
    CaptureRequest {
        keys: Some(keys),
        filters: Vec::new(),
        kind,
        trigger: None,
        reason: Some(reason),
        actor: Some(call.caller.name().unwrap_or(ACTOR).to_owned()),
        occurred_at: None,
        max_age: None,
        if_missing: false,
        if_changed: false,
    }
}

/// Has it kept, of the rows that this one may see.
fn take(call: &Call, meant: &Meant<'_>, asked: &CaptureRequest) -> Result<CaptureOutcome, Problem> {
    let own = |only: &Only| (only.field.clone(), only.value.clone());
    let asked = CaptureRequest { filters: meant.only.map(own).into_iter().collect(), ..asked.clone() };
    let (env, now) = (|name: &str| (call.server.env)(name), || (call.server.clock)());
    let look = request(&call.server, &env, &now);
    let config = &meant.opened.config;
    Ok(block_on(kept(config, &meant.name, meant.settings()?, &asked, &look, &Silent))??)
}

fn capture(asking: &Asking) -> Result<Told, Problem> {
    let arguments = &asking.arguments;
    let call = asking.call(&[], [])?;
    // Whoever may not is not offered it; this is the second lock.
    if !call.caller.may_capture() {
        return Err(Problem::forbidden("this caller may not have something kept"));
    }
    let meant = Meant::of(&call, asking)?;
    let keys = arguments.names("keys").to_vec();
    if keys.is_empty() || keys.len() > MOST_KEYS || keys.iter().any(String::is_empty) {
        return Err(Problem::bad(format!("keys: 1 to {MOST_KEYS} keys can be captured at once"))
            .hint("give keys such as [\"5\"]"));
    }
    let if_changed = arguments.flag("if_changed");
    if if_changed && meant.settings()?.changes.is_empty() {
        return Err(Problem::bad(format!("nothing says what counts as a change of {}", meant.name))
            .hint("leave if_changed out"));
    }
    let reason = arguments.text("reason").unwrap_or_default().to_owned();
    let asked = CaptureRequest { if_changed, ..wanted(&call, keys, CaptureType::Manual, reason) };
    let outcome = take(&call, &meant, &asked)?;
    let told: Vec<Value> = outcome
        .each()
        .map(|(key, what)| {
            // What this one may not see is as if it were not there.
            let what = if what == Captured::Other { Captured::Absent } else { what };
            documents::capture::document(&meant.name, key, &what)
        })
        .collect();
    // The archive as it is now, with what was just kept.
    let meant = Meant::of(&call, asking)?;
    let (looks, today) = (meant.looks(), meant.opened.today(call.now)?);
    let mut cites = Vec::new();
    for (key, what) in outcome.each() {
        let Captured::Kept { id, .. } = what else { continue };
        let timeline = meant.histories(&looks).timeline(key, Some(today)).map_err(untold)?;
        let row = timeline.rows.iter().filter(|row| row.kept.row.seq == id.seq).map(|row| &row.kept);
        cites.extend(of_rows(&meant, &looks, row)?);
    }
    let answer = json!({
        "entity": meant.name,
        "captured_at": outcome.captured_at,
        "captured": outcome.kept(),
        "keys": told,
    });
    Ok(Told::new(answer, cites, Keeps::First, "give fewer keys"))
}
