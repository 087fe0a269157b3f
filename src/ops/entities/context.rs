//! What a language model is told of an entity: its newest snapshot, those of the times a question speaks
//! of, and the texts that it refers to, as the source has them now.

use std::cmp::Reverse;

use chrono::{DateTime, Utc};

use super::history::{Histories, HistoryError, Timeline};
use super::look::{self, EntityError, LookRequest};
use crate::config::{Config, EntitySettings};
use crate::entities::cells;
use crate::entities::question::{Mention, mentions};
use crate::model::entity::{EntityRow, FieldKind, FieldValue};
use crate::model::progress::Silent;
use crate::model::{Day, Digest, Value};
use crate::ops::sessions;
use crate::plan::entity::references;

/// What is asked for.
#[derive(Clone, Copy, Debug)]
pub struct ContextRequest<'a> {
    /// The key or label.
    pub wanted: &'a str,
    /// What somebody wants to know.
    pub question: Option<&'a str>,
    /// Whether all of its snapshots are told.
    pub all: bool,
    /// The day that is today.
    pub today: Day,
}

/// What the archive says.
#[derive(Clone, Debug)]
pub struct Gathered {
    /// Its rows: those asked for, the newest ones, and some before.
    pub timeline: Timeline,
    /// The digest of the file that holds the newest.
    pub digest: Option<Digest>,
    /// The times that the question speaks of.
    pub asked: Vec<Mention>,
}

/// Gathers what the archive says.
///
/// # Errors
/// When there is no such entity or more than one, or the archive can't be read.
pub fn gather(histories: &Histories<'_>, request: &ContextRequest<'_>) -> Result<Gathered, HistoryError> {
    let mut timeline = histories.recent(request.wanted, (!request.all).then_some(request.today))?;
    let newest = timeline.rows.last();
    let dates = newest.map(|newest| dates(&newest.kept.row)).unwrap_or_default();
    let asked =
        request.question.map(|question| mentions(question, request.today, &dates)).unwrap_or_default();
    let spans: Vec<_> = asked.iter().filter_map(|mention| mention.span).collect();
    if !request.all && !spans.is_empty() {
        // None of them, when one reaches back to the beginning.
        let from: Option<Vec<Day>> = spans.iter().map(|span| span.from).collect();
        timeline = histories.recent(&timeline.key, from.and_then(|from| from.into_iter().min()))?;
    }
    let digest = timeline.rows.last().map(|newest| histories.digest(&newest.kept)).transpose()?.flatten();
    Ok(Gathered { timeline, digest, asked })
}

/// The fields of a row that hold a date, or would.
fn dates(row: &EntityRow) -> Vec<(String, Option<Day>)> {
    let date = |(name, value): (&String, &Option<FieldValue>)| {
        let day = value.as_ref().and_then(FieldValue::text).and_then(|text| text.get(..10)?.parse().ok());
        (day.is_some() || name.split('_').any(|part| part == "date")).then(|| (name.clone(), day))
    };
    row.fields.iter().filter_map(date).collect()
}

/// The texts of one kind that a row refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Referenced {
    /// What they are.
    pub kind: String,
    /// Of how many characters each is told.
    pub chars: usize,
    /// Whether the row knows the ids at all.
    pub is_known: bool,
    /// The texts, newest first, no more than are wanted.
    pub texts: Vec<ReferencedText>,
    /// How many more the source has.
    pub more: usize,
    /// The ids that the source has no more.
    pub missing: Vec<String>,
}

/// A text as the source has it now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReferencedText {
    /// Its id.
    pub id: String,
    /// What it is called.
    pub title: Option<String>,
    /// When it was written, as the source says.
    pub time: Option<String>,
    /// The text.
    pub text: Option<String>,
}

/// Asks the source for the texts that a row refers to by its frozen ids, and says when it did.
///
/// # Errors
/// Whatever the source says.
pub async fn texts(
    config: &Config,
    entity: &EntitySettings,
    row: &EntityRow,
    request: &LookRequest<'_>,
) -> Result<(Vec<Referenced>, DateTime<Utc>), EntityError> {
    let mut all = Vec::new();
    let mut queries = Vec::new();
    for (kind, settings) in &entity.references {
        let is_list = entity.def.fields.get(&settings.ids).is_some_and(|field| field.kind == FieldKind::List);
        let ids = row.fields.get(&settings.ids).and_then(Option::as_ref).and_then(FieldValue::list);
        let ids = ids.filter(|_| is_list);
        let known = ids.unwrap_or_default();
        let query = references(kind, &entity.def, &settings.sql, known, config.tenant.as_deref())?;
        queries.push((!known.is_empty()).then_some(query));
        all.push(Referenced {
            kind: kind.clone(),
            chars: usize::try_from(settings.chars).unwrap_or(usize::MAX),
            is_known: ids.is_some(),
            texts: Vec::new(),
            more: 0,
            missing: known.to_vec(),
        });
    }
    let at = (request.now)();
    if queries.iter().all(Option::is_none) {
        return Ok((all, at));
    }
    let mut session = sessions::open(&config.sources, entity.def.source.as_deref(), request.env).await?;
    let asked: Vec<_> = queries.iter().flatten().collect();
    session.fill(&look::today(config, at)?, &asked, &Silent).await?;
    session.begin(&queries.iter().flatten().collect::<Vec<_>>()).await?;
    for ((referenced, query), settings) in all.iter_mut().zip(&queries).zip(entity.references.values()) {
        let Some(query) = query else { continue };
        let rows = session.rows(query).await?;
        sort_in(referenced, rows, usize::try_from(settings.most).unwrap_or(usize::MAX));
    }
    session.close().await;
    Ok((all, at))
}

/// Puts the texts that were found in their order, newest first, and leaves the ids that were not.
fn sort_in(referenced: &mut Referenced, rows: Vec<Vec<Value>>, most: usize) {
    let ids = std::mem::take(&mut referenced.missing);
    let mut texts: Vec<ReferencedText> = Vec::new();
    for row in rows {
        let mut cells = row.iter().map(|cell| match cell {
            Value::Bytes(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
            cell => cells::text(cell, &mut String::new()).ok().flatten().map(str::to_owned),
        });
        let Some(id) = cells.next().flatten() else { continue };
        // What was not asked for is not told, whatever the query gives.
        if ids.contains(&id) && !texts.iter().any(|text| text.id == id) {
            let mut next = || cells.next().flatten();
            texts.push(ReferencedText { id, title: next(), time: next(), text: next() });
        }
    }
    referenced.missing = ids.iter().filter(|id| !texts.iter().any(|text| text.id == **id)).cloned().collect();
    // Of one time, or of none, that counts as newer which the row names later.
    let place = |text: &ReferencedText| ids.iter().position(|id| *id == text.id);
    texts.sort_by_key(|text| Reverse((text.time.clone(), place(text))));
    referenced.more = texts.len().saturating_sub(most);
    texts.truncate(most);
    referenced.texts = texts;
}

#[cfg(test)]
mod tests {
    use super::{Referenced, sort_in};
    use crate::model::Value;

    #[test]
    fn texts_come_newest_first_and_missing_ones_are_named() {
        let mut notes = Referenced {
            kind: "note".into(),
            chars: 300,
            is_known: true,
            texts: Vec::new(),
            more: 0,
            missing: ["1", "2", "3", "9"].map(str::to_owned).into(),
        };
        let row = |id: i64, time: Option<&str>| {
            vec![id.into(), Value::text("t"), time.map_or(Value::Null, Value::text), Value::text("x")]
        };
        let rows = vec![
            row(1, Some("2025-10-01")),
            row(3, None),
            row(2, Some("2025-11-01")),
            row(2, Some("2026-01-01")),
            row(7, Some("2025-12-01")),
            vec![Value::Null],
        ];
        sort_in(&mut notes, rows, 2);
        let ids: Vec<&str> = notes.texts.iter().map(|text| text.id.as_str()).collect();
        assert_eq!(ids, ["2", "1"], "7 was not asked for");
        assert_eq!((notes.more, notes.missing), (1, vec!["9".to_owned()]));
    }
}
