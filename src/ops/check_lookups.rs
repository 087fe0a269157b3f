//! Whether what a second system is asked about keys can work, for `check`.

use super::check::{CheckReport, Level, QueryReport};
use super::sessions::Sessions;
use crate::model::manifest::LookedUp;
use crate::plan::LookupPlan;
use crate::source::{Session, SourceError};

/// Makes room for answers beside the events, so that the queries of these can be looked at.
///
/// # Errors
/// Of the tables.
pub(super) async fn make_room(session: &mut Session, lookups: &[LookupPlan]) -> Result<(), SourceError> {
    for lookup in lookups {
        session.make_room(lookup).await?;
    }
    Ok(())
}

/// Looks at what databases are asked about keys; false when it can't work.
///
/// # Errors
/// When a source can't be reached any more.
pub(super) async fn about(
    lookups: &[LookupPlan],
    sessions: &mut Sessions<'_>,
    report: &mut CheckReport,
) -> Result<bool, SourceError> {
    let mut sound = true;
    for lookup in lookups {
        let name = format!("lookup {}", lookup.name);
        if lookup.def.sql.is_none() || report.queries.iter().any(|query| query.name == name) {
            continue;
        }
        // About no key at all: what a key looks like is not known yet.
        let query = match lookup.question(&[]) {
            Ok(query) => query,
            Err(error) => {
                sound = false;
                report.add(Level::Error, &name, error.to_string(), Some("name a list of [lists]".to_owned()));
                continue;
            }
        };
        let session = sessions.at(lookup.def.source.as_deref()).await?;
        let sql = query.literal(session.dialect());
        let access = session.explain(&query).await.unwrap_or_else(|error| {
            sound = false;
            report.add(Level::Error, &name, error.to_string(), error.hint());
            Vec::new()
        });
        report.queries.push(QueryReport { name, sql, access });
    }
    Ok(sound)
}

/// Tells how much of a day's keys a lookup knows.
pub(super) fn told(name: &str, found: LookedUp, report: &mut CheckReport) {
    let LookedUp { keys, unknown, without_key } = found;
    let without = match without_key {
        0 => String::new(),
        1 => ", 1 event without a key".to_owned(),
        events => format!(", {events} events without a key"),
    };
    let text = format!("{} of {keys} keys are known{without}", keys.saturating_sub(unknown));
    if keys > 0 && unknown == keys {
        let hint = "see whether its key is what the other system knows things by".to_owned();
        report.add(Level::Warning, &format!("lookup {name}"), text, Some(hint));
    } else {
        report.add(Level::Good, &format!("lookup {name}"), text, None);
    }
}
