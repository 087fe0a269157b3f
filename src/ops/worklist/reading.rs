//! Reading what a worklist needs from the source: one session, one transaction.
//!
//! What puts keys out is read after the candidates: where the engine keeps no snapshot, an event that
//! came meanwhile is then seen at least by what it puts out.

use std::collections::HashSet;
use std::mem;
use std::time::Duration;

use super::entries::quoted;
use super::fold::{Event, Fold, Id};
use super::outs::Outs;
use crate::calendar::Window;
use crate::config::{Sources, WorklistSettings};
use crate::model::{Number, Progress, Value};
use crate::ops::lookups;
use crate::ops::reading::{Env, ReadingError};
use crate::ops::sessions::{self, Sessions};
use crate::ops::staging::{Staging, only_readable_times};
use crate::plan::worklist::{WorklistPlan, column};
use crate::source::{self, Session, SourceError};

/// What was found in the source.
#[derive(Debug)]
pub struct Read {
    /// The keys.
    pub fold: Fold,
    /// Those that are out for good, as far as they are among the keys or known before.
    pub outs: Outs,
}

/// Reads all that a plan asks for; connection trouble is retried for as long as `retry_for`.
///
/// `known` are the keys that are in files already.
///
/// # Errors
/// Whatever the source says, or a value that can't be taken.
pub async fn read(
    sources: &Sources,
    env: Env<'_>,
    (plan, window): (&WorklistPlan, &Window),
    worklist: &WorklistSettings,
    known: &HashSet<Box<str>>,
    retry_for: Duration,
    progress: &dyn Progress,
) -> Result<Read, ReadingError> {
    let mut staging = Staging::new(sources);
    let mut others = Sessions::new(sources, env);
    let read = source::with_retry(retry_for, progress, async || {
        progress.step("connecting");
        let mut session = sessions::open(sources, plan.source.as_deref(), env).await?;
        let unreadable = (worklist.of.as_str(), plan.unreadable.as_ref());
        let Some(staged) = &plan.staged else {
            session.fill(window, &plan.queries(), progress).await?;
            lookups::fill(&mut session, &plan.lookups, &mut others, window, progress).await?;
            session.begin(&plan.queries()).await?;
            let fold = candidates(&mut session, plan, worklist, progress).await?;
            only_readable_times(&mut session, unreadable.0, unreadable.1).await?;
            let outs = put_out(&mut session, plan, worklist, (&fold, known), progress).await?;
            let outs = never(&mut session, plan, worklist, (&fold, known), outs).await?;
            session.close().await;
            return Ok(Read { fold, outs });
        };
        progress.step(&format!("reading {}", worklist.of));
        session.begin(&plan.queries()).await?;
        staging.take_over(&mut session, staged, unreadable).await?;
        // To look things up takes its time, for which nothing of the database is held.
        session.close().await;
        let moment = staging.at().await?;
        lookups::fill(moment, &plan.lookups, &mut others, window, progress).await?;
        let fold = candidates(moment, plan, worklist, progress).await?;
        let mut outs = put_out(moment, plan, worklist, (&fold, known), progress).await?;
        if !plan.never.is_empty() {
            let mut session = sessions::open(sources, plan.source.as_deref(), env).await?;
            session.begin(&plan.queries()).await?;
            outs = never(&mut session, plan, worklist, (&fold, known), outs).await?;
            session.close().await;
        }
        Ok(Read { fold, outs })
    })
    .await;
    others.close().await;
    staging.close().await;
    read
}

/// Reads the candidates.
async fn candidates(
    session: &mut Session,
    plan: &WorklistPlan,
    worklist: &WorklistSettings,
    progress: &dyn Progress,
) -> Result<Fold, ReadingError> {
    progress.step(&format!("reading {}", plan.name));
    let mut fold = Fold::new(worklist.kind);
    let query = &plan.candidates;
    let columns = session
        .read(query, &mut |row: &mut Vec<Value>| {
            fold.push(event(mem::take(row)).map_err(|time| SourceError::Unmappable {
                query: query.name.clone(),
                column: "time".to_owned(),
                value: time.chars().take(60).collect(),
            })?);
            Ok::<(), ReadingError>(())
        })
        .await?;
    let kind = columns.get(column::TIME).map_or("", |column| column.kind.as_str());
    if let Some(wrong) = plan.bounds.contradiction(kind) {
        return Err(ReadingError::TimeType { events: worklist.of.clone(), kind: kind.to_owned(), wrong });
    }
    Ok(fold)
}

/// The candidates, and the keys that are in files already.
type Known<'k> = (&'k Fold, &'k HashSet<Box<str>>);

/// Reads which keys an outcome has put out.
async fn put_out(
    session: &mut Session,
    plan: &WorklistPlan,
    worklist: &WorklistSettings,
    (fold, known): Known<'_>,
    progress: &dyn Progress,
) -> Result<Outs, ReadingError> {
    progress.step(&format!("reading what is out of {}", plan.name));
    let never = plan.never.iter().map(|(reason, _)| reason);
    let reasons = worklist.out.iter().chain(never).cloned().collect();
    let mut outs = Outs::new(worklist.kind, reasons);
    let wanted = |key: &str| fold.knows(key) || known.contains(key);
    if let Some(query) = &plan.out {
        session
            .read(query, &mut |row: &mut Vec<Value>| {
                let [key, reason, unknown] = row.as_slice() else { return Ok(()) };
                let Some(key) = key.to_text() else { return Ok(()) };
                if let Value::Number(reason) = reason
                    && let Some(reason) = reason.to_i64().and_then(|reason| usize::try_from(reason).ok())
                {
                    outs.add(reason, &key, wanted);
                }
                if yes(unknown) {
                    outs.add_unknown(&key, wanted);
                }
                Ok::<(), SourceError>(())
            })
            .await?;
    }
    Ok(outs)
}

/// Reads which keys are out by themselves.
async fn never(
    session: &mut Session,
    plan: &WorklistPlan,
    worklist: &WorklistSettings,
    (fold, known): Known<'_>,
    mut outs: Outs,
) -> Result<Outs, ReadingError> {
    let wanted = |key: &str| fold.knows(key) || known.contains(key);
    for (number, (_, query)) in (worklist.out.len()..).zip(&plan.never) {
        session
            .read(query, &mut |row: &mut Vec<Value>| {
                if let Some(key) = row.first().and_then(Value::to_text) {
                    outs.add_listed(number, &key, wanted);
                }
                Ok::<(), SourceError>(())
            })
            .await?;
    }
    Ok(outs)
}

fn yes(value: &Value) -> bool {
    matches!(value, Value::Number(number) if !number.is_zero())
}

/// A row as an event; the time that can't be taken, if it can't.
fn event(row: Vec<Value>) -> Result<Event, String> {
    let mut cells = row.into_iter();
    let mut next = || cells.next().unwrap_or(Value::Null);
    let mut fixed = [const { Value::Null }; column::CARRY];
    fixed.fill_with(&mut next);
    let [time, order, id, key, outcome, take, in_range, unknown] = fixed;
    let order = order_of(&order).ok_or_else(|| order.to_text().unwrap_or_default())?;
    let carry: Vec<String> = cells.map(|value| json(&value)).collect();
    Ok(Event {
        order,
        told: json(&time),
        id: match id {
            Value::Null => Id::None,
            Value::Number(number) => Id::Number(number),
            Value::Float(float) => Number::from_f64(float).map_or(Id::None, Id::Number),
            Value::Text(_) | Value::Bytes(_) => Id::Text(id.to_text().unwrap_or_default().into()),
        },
        key: key.to_text(),
        outcome: json(&outcome),
        take: yes(&take),
        in_range: yes(&in_range),
        unknown: yes(&unknown),
        carry: carry.join("\n"),
    })
}

/// A time as a number that is greater for later ones, to the millionth of a second.
fn order_of(value: &Value) -> Option<i64> {
    let millionths = |seconds: &Number| seconds.times(&Number::from(1_000_000_i64)).rounded(0).to_i64();
    match value {
        Value::Null | Value::Bytes(_) => None,
        Value::Number(seconds) => match seconds.to_i64() {
            Some(seconds) => seconds.checked_mul(1_000_000),
            None => millionths(seconds),
        },
        Value::Float(seconds) => millionths(&Number::from_f64(*seconds)?),
        // A number that is kept as text has no dashes.
        Value::Text(text) => order_of_text(text).or_else(|| millionths(&text.parse().ok()?)),
    }
}

/// The same of `2025-11-06 09:15:00.25`: as if all months had 32 days, which keeps the order.
fn order_of_text(text: &str) -> Option<i64> {
    let mut parts = text.split(|c: char| !c.is_ascii_digit());
    let mut order: i64 = parts.next().filter(|year| year.len() == 4)?.parse().ok()?;
    // A date alone is the first moment of it.
    for (number, most) in (0..).zip([13, 32, 24, 60, 62]) {
        let part: i64 = match parts.next() {
            Some(part) => part.parse().ok()?,
            None if number >= 2 => 0,
            None => return None,
        };
        order = (part < most).then_some(order * most + part)?;
    }
    let fraction = format!("{:0<6.6}", parts.next().unwrap_or_default());
    parts.next().is_none().then_some(order * 1_000_000 + fraction.parse::<i64>().ok()?)
}

/// A cell as JSON: numbers as the source gives them.
fn json(value: &Value) -> String {
    let number = match value {
        Value::Number(number) => serde_json::to_string(number).ok(),
        Value::Float(float) => serde_json::Number::from_f64(*float).map(|number| number.to_string()),
        Value::Null | Value::Text(_) | Value::Bytes(_) => None,
    };
    number.or_else(|| value.to_text().map(|text| quoted(&text))).unwrap_or_else(|| "null".to_owned())
}

#[cfg(test)]
mod tests {
    use super::{json, order_of, order_of_text};
    use crate::model::Value;

    #[test]
    fn later_times_have_greater_orders() {
        let times = [
            "0000-00-00 00:00:00",
            "1999-12-31 23:59:59",
            "2025-11-06",
            "2025-11-06 00:00:00.000001",
            "2025-11-06 09:15:00",
            "2025-11-06T09:15:00.25",
            "2025-11-06 09:15:00.3",
            "2025-11-06 09:15:01",
            "2025-11-30 00:00:00",
            "2025-12-01 00:00:00",
            "9999-12-31 23:59:59",
        ];
        let orders: Vec<i64> = times.iter().map(|time| order_of_text(time).unwrap()).collect();
        assert!(orders.is_sorted_by(|one, next| one < next), "{orders:?}");
        for text in [
            "",
            "noon",
            "2025",
            "2025-13-01 00:00:00",
            "2025-11-06 24:00:00",
            "06.11.2025 10:00:00",
            "2025-11-06 09:15:00.1 x7",
        ] {
            assert_eq!(order_of_text(text), None, "{text}");
        }
        assert!(order_of(&Value::from(5)) < order_of(&Value::Float(5.5)));
        assert!(order_of(&Value::Number("5.25".parse().unwrap())) < order_of(&Value::Float(5.5)));
        assert_eq!(order_of(&Value::text("5.5")), order_of(&Value::Float(5.5)));
        assert_eq!(order_of(&Value::text("noon")), None);
        assert_eq!(order_of(&Value::from(i64::MAX)), None);
    }

    #[test]
    fn numbers_stay_numbers() {
        for (value, expected) in [
            (Value::from(17), "17"),
            (Value::Number("12.50".parse().unwrap()), "12.50"),
            (Value::Float(0.1), "0.1"),
            (Value::text("17"), "\"17\""),
            (Value::text("a\n\"b\""), r#""a\n\"b\"""#),
            (Value::Null, "null"),
        ] {
            assert_eq!(json(&value), expected);
        }
    }
}
