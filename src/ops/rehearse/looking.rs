//! A night of a demo that looks at entities, as `asof save` goes through it: the looks, the
//! captures of days that have ended, then the day.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::DemoError;
use crate::calendar::DayName;
use crate::config::Config;
use crate::model::{Day, Progress};
use crate::ops::decide::Wish;
use crate::ops::entities::compacting::compact_ended;
use crate::ops::entities::look::{LookRequest, Looked, look_all};
use crate::ops::reading::Now;
use crate::ops::save::{SaveRequest, save};

/// How long the archive's lock is waited for; nobody else has it.
const WAIT: Duration = Duration::from_mins(1);

/// The day that has just ended, and the clock.
pub(super) struct Watched<'a> {
    pub(super) config: &'a Config,
    pub(super) day: Day,
    pub(super) now: DateTime<Utc>,
}

/// How a demo looks: it stands still, and nothing is retried.
pub(super) fn request(now: Now<'_>) -> LookRequest<'_> {
    LookRequest { env: &|_| None, now, retry_for: Duration::ZERO, wait: WAIT }
}

/// Looks at all entities and freezes the day; whether the looks were kept, and not too late.
pub(super) async fn looked(night: &Watched<'_>, progress: &dyn Progress) -> Result<bool, DemoError> {
    let now = || night.now;
    let mut kept = true;
    for (_, looked) in look_all(night.config, night.day, &request(&now), progress).await {
        match looked {
            Looked::Kept(_) => {}
            Looked::Already | Looked::TooLate { .. } => kept = false,
            Looked::Failed(error) => return Err(error.into()),
        }
    }
    compact_ended(night.config, WAIT, night.now)?;
    let wish = Wish { provisional: false, restate: None };
    let request = SaveRequest { day: DayName::Date(night.day), wish, retry_for: Duration::ZERO, wait: WAIT };
    save(night.config, &request, &|_| None, &now, progress).await?.outcome?;
    Ok(kept)
}
