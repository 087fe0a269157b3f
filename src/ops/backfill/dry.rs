//! What a backfill would do and read, without doing it.

use super::plan::Status;
use super::report::Watch;
use super::state::StateFiles;
use super::{BackfillError, Days, plan_of, wish_of};
use crate::calendar::Calendar;
use crate::config::Config;
use crate::model::{Day, Edition, Provenance, SnapshotId};
use crate::ops::check_lookups;
use crate::ops::day::{self, Next, SaveError, SaveOutcome};
use crate::ops::decide::{Refusal, Why};
use crate::ops::key_file;
use crate::ops::reading::{Env, Now, ReadingError};
use crate::ops::sessions::Sessions;
use crate::plan::Plan;
use crate::source::SourceError;

/// What would happen with a day.
#[derive(Clone, Debug, PartialEq)]
pub struct DryDay {
    /// The day.
    pub day: Day,
    /// What would be done with it.
    pub will: Will,
}

/// What would be done with a day.
#[derive(Clone, Debug, PartialEq)]
pub enum Will {
    /// It would be read, and get this edition; a restatement only if a number differs.
    Read {
        /// The edition.
        edition: Edition,
        /// What sets it off.
        why: Why,
        /// What it would cost the source.
        effort: Effort,
    },
    /// It is frozen, and stays as it is.
    Stay {
        /// The latest edition.
        id: SnapshotId,
        /// How it came to be known.
        provenance: Provenance,
    },
    /// An earlier run has dealt with it, or failed and is not to be repeated.
    Pass {
        /// What became of it then.
        status: Status,
        /// Why.
        why: Option<String>,
    },
    /// It can't be frozen yet.
    Wait {
        /// Why, as a sentence.
        why: String,
    },
    /// It would fail.
    Fail {
        /// Why, as a sentence.
        why: String,
    },
}

/// What reading a day would cost, as the source expects it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Effort {
    /// How many rows it would look at, by EXPLAIN; `None` where the source does not tell.
    pub rows: Option<u64>,
    /// The cost in the source's own units; `None` where it does not tell.
    pub cost: Option<f64>,
}

/// Tells for each day what would happen with it; nothing is written, and no row is read.
///
/// # Errors
/// When the plan or the archive can't be read, the hash key is gone, or the source can't be reached.
pub async fn dry_run(
    config: &Config,
    files: &StateFiles,
    days: &Days,
    env: Env<'_>,
    now: Now<'_>,
    watch: &dyn Watch,
) -> Result<Vec<DryDay>, BackfillError> {
    let known = day::open(config).map_err(SaveError::from)?;
    let history = known.as_ref().map(|(_, history)| history);
    if !config.definitions.cumulative().is_empty() {
        // Without its hash key no day can be frozen.
        key_file::look(config, history).map_err(SaveError::from)?;
    }
    let plan = plan_of(config, files, days, history, now(), watch)?;
    let calendar = Calendar::new(config.calendar);
    let wish = wish_of(&plan);
    let mut sessions = Sessions::new(&config.sources, env);
    let mut told = Vec::with_capacity(plan.days.len());
    let unreachable = |error: SourceError| SaveError::Source(ReadingError::Source(error));
    for doc in &plan.days {
        let day = doc.date;
        let mut tell = |will: Will| told.push(DryDay { day, will });
        if !matches!(doc.status, Status::Missing | Status::Running) {
            tell(Will::Pass { status: doc.status, why: doc.why.clone() });
            continue;
        }
        let plan = match day::next(config, &calendar, history, day, &wish, now()) {
            Ok(Next::Read(plan)) => plan,
            Ok(Next::Keep(SaveOutcome::Kept { id, provenance })) => {
                tell(Will::Stay { id, provenance });
                continue;
            }
            // Nothing was frozen, so nothing else can have come of it.
            Ok(Next::Keep(_)) => continue,
            Err(SaveError::Refused(
                refusal @ (Refusal::NotEnded { .. } | Refusal::Future { .. } | Refusal::Empty { .. }),
            )) => {
                tell(Will::Wait { why: refusal.to_string() });
                continue;
            }
            Err(error @ SaveError::Archive(_)) => return Err(error.into()),
            Err(error) => {
                tell(Will::Fail { why: error.to_string() });
                continue;
            }
        };
        let will = match effort(&mut sessions, &plan.plan).await {
            Ok(effort) => Will::Read { edition: plan.edition, why: plan.why, effort },
            Err(error) if error.is_unreachable() => return Err(unreachable(error).into()),
            Err(error) => Will::Fail { why: error.to_string() },
        };
        tell(will);
    }
    sessions.close().await;
    Ok(told)
}

/// What the source expects of a day's queries.
async fn effort(sessions: &mut Sessions<'_>, plan: &Plan) -> Result<Effort, SourceError> {
    let (mut rows, mut cost) = (Some(0_u64), Some(0.0));
    for events in &plan.events {
        let session = sessions.at(events.source.as_deref()).await?;
        if events.staged.is_none() {
            check_lookups::make_room(session, &events.lookups).await?;
        }
        let accesses = session.explain(events.of_the_source()).await?;
        let told: Option<Vec<u64>> = accesses.iter().map(|access| access.rows).collect();
        let told = told.filter(|told| !told.is_empty()).map(|told| told.into_iter().sum::<u64>());
        rows = rows.zip(told).map(|(rows, more)| rows.saturating_add(more));
        // A server tells no cost of a union: each of its parts looks at the day's rows once.
        let parts = if events.staged.is_some() { 1 } else { events.crossed.groupings.len() };
        let parts = u32::try_from(parts).unwrap_or(u32::MAX);
        let one = session.cost(&events.times).await?;
        cost = cost.zip(one).map(|(cost, one)| cost + one * f64::from(parts));
    }
    Ok(Effort { rows, cost })
}
