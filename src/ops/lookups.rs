//! Looking up what a second system knows of the keys of events, before these are counted.
//!
//! The keys come from the session that has the events, answers from another one; the first one holds them for as long as
//! it lives, so that no key is asked about twice in a run.

use super::sessions::Sessions;
use crate::calendar::Window;
use crate::model::manifest::LookedUp;
use crate::model::{Number, Progress, Value};
use crate::plan::LookupPlan;
use crate::source::{Session, SourceError};

/// Looks up all that `lookups` ask about the events in `session`, whose tables are full.
///
/// # Errors
/// When a key or an answer can't be had: then nothing is to be counted.
pub async fn fill(
    session: &mut Session,
    lookups: impl IntoIterator<Item = &LookupPlan>,
    others: &mut Sessions<'_>,
    window: &Window,
    progress: &dyn Progress,
) -> Result<(), SourceError> {
    for lookup in lookups {
        session.make_room(lookup).await?;
        let source = lookup.def.source.as_deref();
        if lookup.def.sql.is_some() && others.at(source).await?.answers_by_day(lookup)? {
            // What was answered on another day says nothing of this one.
            session.forget(lookup).await?;
        }
        // A key that is another one each time it is read would be asked about for ever.
        let mut left = counts(session, lookup).await?.keys;
        loop {
            let keys: Vec<String> = session.rows(&lookup.keys).await?.into_iter().filter_map(key).collect();
            if keys.is_empty() {
                break;
            }
            left = left.checked_sub(keys.len() as u64).ok_or_else(|| SourceError::Lookup {
                lookup: lookup.name.clone(),
                reason: "its key is not the same each time it is read".to_owned(),
                hint: "let the key be a column of the events, or made of columns",
            })?;
            // It is given back only where all went well: what failed in the middle is of no use any more.
            let mut asked = others.take(source).await?;
            let answers = asked.look_up(lookup, &keys, window, progress).await?;
            others.give_back(source, asked);
            session.hold(lookup, &keys, answers).await?;
        }
    }
    Ok(())
}

/// How much of what was asked about is known.
///
/// # Errors
/// The source's.
pub async fn counts(session: &mut Session, lookup: &LookupPlan) -> Result<LookedUp, SourceError> {
    let rows = session.rows(&lookup.counts).await?;
    let count = |place: usize| match rows.first().and_then(|row| row.get(place)) {
        Some(Value::Number(number)) => number.to_i64().and_then(|count| u64::try_from(count).ok()),
        _ => None,
    };
    let count = |place| count(place).unwrap_or_default();
    Ok(LookedUp { keys: count(0), unknown: count(1), without_key: count(2) })
}

fn key(row: Vec<Value>) -> Option<String> {
    match row.into_iter().next()? {
        Value::Text(key) => Some(key),
        Value::Number(key) => Some(Number::to_string(&key)),
        Value::Null | Value::Float(_) | Value::Bytes(_) => None,
    }
}
