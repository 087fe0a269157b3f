//! Whether the worklists' queries will work, for `asof check`.

use crate::calendar::Calendar;
use crate::config::Config;
use crate::model::Day;
use crate::ops::check::{CheckReport, Level, QueryReport};
use crate::ops::check_lookups;
use crate::ops::check_staged;
use crate::ops::sessions::Sessions;
use crate::ops::staging::Staging;
use crate::plan::{PlanError, WorklistPlan};
use crate::source::SourceError;

/// Looks at the queries of all worklists for a day, without running them.
///
/// # Errors
/// When the source can't be reached any more.
pub async fn about(
    config: &Config,
    calendar: &Calendar,
    day: Day,
    (sessions, staging): (&mut Sessions<'_>, &mut Staging),
    report: &mut CheckReport,
) -> Result<(), SourceError> {
    for (name, worklist) in &config.worklists {
        // The day's own queries could be made, so that there is such a window.
        let Ok(window) = calendar.span(day, day) else { continue };
        let plan =
            match WorklistPlan::new(&config.definitions, name, worklist, window, config.tenant.as_deref()) {
                Ok(plan) => plan,
                // Told of the events already.
                Err(PlanError::Ambiguous(_)) => continue,
                Err(error) => {
                    report.add(Level::Error, "worklist", format!("{name}: {error}"), error.hint());
                    continue;
                }
            };
        let source = plan.source.as_deref();
        if plan.staged.is_none() {
            check_lookups::make_room(sessions.at(source).await?, &plan.lookups).await?;
        }
        let mut sound = check_lookups::about(&plan.lookups, sessions, report).await?;
        let queries = plan.queries();
        for query in &queries {
            let session = sessions.at(plan.source.as_deref()).await?;
            let sql = query.literal(session.dialect());
            let access = session.explain(query).await.unwrap_or_else(|error| {
                sound = false;
                report.add(Level::Error, "worklist", error.to_string(), error.hint());
                Vec::new()
            });
            report.queries.push(QueryReport { name: query.name.clone(), sql, access });
        }
        let taken = if plan.staged.is_some() { plan.asked().len() } else { 0 };
        if let Some(staged) = &plan.staged {
            let (of, open) = ((staged, source, "worklist"), (&mut *sessions, &mut *staging));
            sound &= check_staged::about(of, &plan.lookups, &plan.asked(), open, report).await?;
        }
        if sound {
            let text = format!("{name} can be read, by {} queries", queries.len() + taken);
            report.add(Level::Good, "worklist", text, None);
        }
    }
    Ok(())
}
