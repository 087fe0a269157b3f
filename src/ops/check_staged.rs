//! Whether what is asked of rows that are taken over can work, for `check`.

use super::check::{CheckReport, Level, QueryReport};
use super::check_lookups;
use super::sessions::Sessions;
use super::staging::Staging;
use crate::model::definitions::Dialect;
use crate::plan::{LookupPlan, Query, Staged};
use crate::source::SourceError;

/// Makes room for rows and for the answers about them, and looks at what is asked of these; false when it can't work.
///
/// # Errors
/// When the source can't be reached any more.
pub(super) async fn about(
    (staged, source, name): (&Staged, Option<&str>, &str),
    lookups: &[LookupPlan],
    queries: &[&Query],
    (sessions, staging): (&mut Sessions<'_>, &mut Staging),
    report: &mut CheckReport,
) -> Result<bool, SourceError> {
    let from = sessions.at(source).await?;
    let moment = staging.at().await?;
    if let Err(error) = moment.take_columns_over(staged, from).await {
        if error.is_unreachable() {
            return Err(error);
        }
        report.add(Level::Error, name, error.to_string(), error.hint());
        return Ok(false);
    }
    check_lookups::make_room(moment, lookups).await?;
    let mut sound = true;
    for query in queries {
        let access = moment.explain(query).await.unwrap_or_else(|error| {
            sound = false;
            let hint = "events with lookups are counted by SQLite: write their expressions in its SQL";
            report.add(Level::Error, name, error.to_string(), Some(hint.to_owned()));
            Vec::new()
        });
        let sql = query.literal(Dialect::Sqlite);
        report.queries.push(QueryReport { name: query.name.clone(), sql, access });
    }
    if sound {
        let text = "rows of a day are taken over, and SQLite counts them beside what is looked up";
        report.add(Level::Good, name, text, None);
    }
    Ok(sound)
}
