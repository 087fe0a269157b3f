//! An entity through time as views take it.

use chrono_tz::Tz;

use super::context::Referenced;
use super::history::{Timeline, TimelineRow};
use super::rows::Why;
use crate::view::entity_context::{TextInput, TextsInput};
use crate::view::history::{HistoryInput, HistoryRow};

/// What kind of row it is, and why it was captured.
pub fn why(why: Option<&Why>) -> String {
    let Some(why) = why else { return "daily look".to_owned() };
    let mut text = why.kind.word().replace('_', " ");
    if let Some(trigger) = &why.trigger {
        text.push_str(&format!(" ({trigger})"));
    }
    for said in why.actor.iter().map(|actor| format!(" by {actor}")) {
        text.push_str(&said);
    }
    if let Some(reason) = &why.reason {
        text.push_str(&format!(", “{reason}”"));
    }
    text
}

/// What is shown of it.
pub fn input<'a>(timeline: &'a Timeline, zone: Tz) -> HistoryInput<'a> {
    let row = |row: &'a TimelineRow| HistoryRow {
        day: row.kept.day,
        at: row.kept.at,
        why: why(row.kept.capture.as_ref()),
        definition: row.kept.definition,
        row: &row.kept.row,
        computed: &row.computed,
    };
    HistoryInput {
        entity: &timeline.entity,
        key: &timeline.key,
        label: timeline.label.as_deref(),
        zone,
        fields: &timeline.fields,
        numbers: &timeline.numbers,
        rows: timeline.rows.iter().map(row).collect(),
        unlooked: &timeline.unlooked,
        thinned: &timeline.thinned,
        newest_thinned: timeline.newest_thinned,
        gone: timeline.gone,
    }
}

/// The texts of one kind that an entity refers to.
pub fn texts_input(of: Referenced) -> TextsInput {
    TextsInput {
        kind: of.kind,
        chars: of.chars,
        is_known: of.is_known,
        texts: of
            .texts
            .into_iter()
            .map(|text| TextInput { id: text.id, title: text.title, time: text.time, text: text.text })
            .collect(),
        more: of.more,
        missing: of.missing,
    }
}
