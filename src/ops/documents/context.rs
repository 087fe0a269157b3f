//! What a language model is told of an entity, as a document.

use serde_json::{Value, json};

use super::history::row_document;
use crate::entities::question::Mention;
use crate::ops::entities::context::Gathered;
use crate::view::fence;

/// It as JSON: the text with how many of its lines had no room, and what it rests on.
pub fn document(
    gathered: &Gathered,
    captured: bool,
    max_tokens: u32,
    (text, left_out): (&str, usize),
) -> Value {
    let timeline = &gathered.timeline;
    let newest = timeline.rows.last().map(|row| row_document(timeline, row));
    json!({
        "entity": timeline.entity,
        "key": timeline.key,
        "label": timeline.label,
        "captured": captured,
        "snapshot": newest,
        "digest": gathered.digest,
        "asked": gathered.asked.iter().map(of_mention).collect::<Vec<_>>(),
        "tokens": fence::tokens(text),
        "max_tokens": max_tokens,
        "left_out": left_out,
        "text": text,
    })
}

fn of_mention(mention: &Mention) -> Value {
    json!({
        "words": mention.words,
        "from": mention.span.and_then(|span| span.from),
        "to": mention.span.map(|span| span.to),
        "known": mention.span.is_some(),
    })
}
