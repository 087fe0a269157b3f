//! Freezing the lead team's history: all of it is there, and one backfill reads it.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, Utc};
use rusqlite::Connection;
use tokio::sync::watch;

use super::{DemoError, begin, instant, io};
use crate::archive::{Archive, ArchiveId};
use crate::config::Config;
use crate::model::{Day, Progress};
use crate::ops::backfill::plan::{Redo, Wanted};
use crate::ops::backfill::report::{DayReport, Watch};
use crate::ops::backfill::state::StateFiles;
use crate::ops::backfill::{self, BackfillRequest, Clock, Days};
use crate::ops::demo::leads::{self as demo, Leads, store};
use crate::ops::worklist::{self, WorklistRequest};

/// The id of this demo's archive, so that a demo is the same byte for byte.
const ARCHIVE_ID: &str = "a50fa50f-0000-4000-8000-000000000004";
/// Its hash key, for the same reason. It hides nobody: the phones are made up.
const HASH_KEY: &str = "a50fa50f00004000800000000000feed\n";
/// The worklist of its configuration.
const WORKLIST: &str = "redial";
/// The name of the demo's database in its folder.
const DATABASE: &str = "leads.db";

/// A lead team that was made.
#[derive(Clone, Debug)]
pub struct LeadTeam {
    /// Its folder.
    pub dir: PathBuf,
    /// How many calls the source has.
    pub calls: u64,
    /// How many days it covers.
    pub days: usize,
    /// How many of them were frozen.
    pub saved: usize,
    /// How many phones there are to call again.
    pub queued: u64,
}

/// Makes the demo in a folder that does not exist yet or is empty.
///
/// # Errors
/// When something is there, or can't be written.
pub async fn rehearse_leads(dir: &Path, progress: &dyn Progress) -> Result<LeadTeam, DemoError> {
    let text = demo::config();
    let config_path = begin(dir, &text)?;
    let config = Config::parse(&text, &config_path)?;
    let leads = Leads::make();
    progress.step("writing calls");
    store::fill(&mut Connection::open(dir.join(DATABASE))?, &leads)?;
    let key_path = dir.join("asof.key");
    write_key(&key_path).map_err(io(&key_path))?;

    let (date, hour) = demo::MORNING;
    let morning = date.and_hms_opt(hour, 0, 0).unwrap_or_default();
    let now = instant(config.calendar.time_zone, morning)?;
    Archive::open_or_create(&config.archive.dir, ARCHIVE_ID.parse::<ArchiveId>().ok(), now)?;
    let days: Vec<Day> = demo::days().collect();
    let mut made = LeadTeam {
        dir: dir.to_owned(),
        calls: u64::try_from(leads.calls.len()).unwrap_or(u64::MAX),
        days: days.len(),
        saved: 0,
        queued: 0,
    };
    if let [from, .., to] = days.as_slice() {
        made.saved = freeze(&config, &config_path, (*from, *to), now, progress)?;
        progress.step("whom to call again");
        let request = WorklistRequest {
            name: WORKLIST,
            range: (*from, *to),
            dry_run: false,
            retry_for: Duration::ZERO,
            wait: Duration::from_mins(1),
        };
        let outcome = worklist::run(&config, &request, &|_| None, &|| now, progress).await?;
        made.queued = outcome.counts.added;
    }
    Ok(made)
}

/// Writes the hash key where only its owner can read it.
fn write_key(path: &Path) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(HASH_KEY.as_bytes())
}

/// Freezes all days by one backfill; gives how many.
fn freeze(
    config: &Config,
    config_path: &Path,
    (from, to): (Day, Day),
    now: DateTime<Utc>,
    progress: &dyn Progress,
) -> Result<usize, DemoError> {
    let request = BackfillRequest {
        days: Days::Range(Wanted { from, to, redo: Redo::Failed, reason: None }),
        jobs: 2,
        pause: Duration::ZERO,
        rate: None,
        retry_for: Duration::ZERO,
        wait: Duration::from_mins(1),
    };
    let files = StateFiles::beside(config_path, None);
    // Nobody stops it, and no time passes.
    let (_sender, stop) = watch::channel(false);
    let clock = Clock { now: &|| now, elapsed: &|| Duration::ZERO };
    let summary = backfill::run(config, &files, &request, &|_| None, clock, &stop, &Steps(progress))?;
    match (summary.ended_by, summary.failed.into_iter().next()) {
        (Some(error), _) => Err(error.into()),
        (None, Some((day, why))) => Err(DemoError::Day { day, why }),
        (None, None) => Ok(summary.saved),
    }
}

/// Reports each day of the backfill as a step.
struct Steps<'a>(&'a dyn Progress);

impl Watch for Steps<'_> {
    fn day(&self, report: &DayReport) {
        self.0.step(&format!("{}, day {} of {}", report.day, report.place, report.of));
    }

    fn warn(&self, sentence: &str) {
        self.0.warn(sentence);
    }

    /// Its odd days are made to be found.
    fn remark(&self, _sentence: &str) {}
}
