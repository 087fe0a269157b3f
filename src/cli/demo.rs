//! `asof demo`

use std::path::{Path, PathBuf};

use serde_json::json;

use clap::ValueEnum;

use super::context::{Context, block_on};
use super::exit;
use super::failure::Failure;
use super::output::quoted;
use super::progress::TerminalProgress;
use crate::archive::ArchiveError;
use crate::ops::backfill::BackfillError;
use crate::ops::entities::look::EntityError;
use crate::ops::rehearse::{
    AccountHealth, CallCentre, DemoError, LeadTeam, VideoGrowth, rehearse, rehearse_accounts, rehearse_leads,
    rehearse_videos,
};
use crate::ops::save::SaveError;
use crate::ops::worklist::WorklistError;
use crate::view::format::count;

const EXAMPLES: &str = "\
Examples:
  asof demo                         a call centre, in ./asof-demo
  asof demo /tmp/demo               in another folder
  asof demo --preset lead-backfill  a lead team with weeks of history
  asof demo --preset video-growth   videos that are looked at each night
  asof demo --preset account-health accounts, looked at each night and on events

The call centre is five weeks in an SQLite file, and each night is played: the
rows as they stood then, and `asof save` with that night's clock. So there are
days that were witnessed, frozen too early, restated, frozen late, and missed.

The lead team dials the same phones again and again. Its calls are all there
before asof first looks, and one backfill freezes them; whom to call again is
in a worklist.

The videos' counters only ever tell today's total, and each night's look keeps
it: there are new videos, deleted ones, an audit that takes views away, a night
in which nothing ran, and one in which it ran too late.

The accounts' health, revenue and playbooks are kept each night and whenever
something happens to one: a rescue, a farewell, an incident, a storm of uploads.

All are the same every time.";

/// Make an embedded source with made-up data, and its snapshots
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Demo {
    /// What is made up
    #[arg(long, value_name = "NAME", value_enum, default_value = "call-centre")]
    preset: Preset,
    /// The folder it is made in; it must not exist yet, or be empty
    #[arg(value_name = "DIR", default_value = "asof-demo")]
    dir: PathBuf,
}

/// Made-up data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Preset {
    /// A call centre, frozen night by night
    CallCentre,
    /// A lead team, frozen by a backfill
    LeadBackfill,
    /// Videos, looked at each night
    VideoGrowth,
    /// Accounts, looked at each night and on events
    AccountHealth,
}

impl Demo {
    /// Runs it.
    ///
    /// # Errors
    /// When the folder is not empty, or something can't be written.
    pub fn run(self, context: &Context<'_>) -> Result<u8, Failure> {
        let progress = TerminalProgress::new(context.output);
        let (document, text) = match self.preset {
            Preset::CallCentre => {
                let made = block_on(rehearse(&self.dir, &progress))??;
                let document = json!({
                    "dir": made.dir.display().to_string(),
                    "calls": made.calls,
                    "days": made.days,
                    "editions": made.editions,
                });
                (document, of_call_centre(&made))
            }
            Preset::LeadBackfill => {
                let made = block_on(rehearse_leads(&self.dir, &progress))??;
                let document = json!({
                    "dir": made.dir.display().to_string(),
                    "calls": made.calls,
                    "days": made.days,
                    "editions": made.saved,
                    "queued": made.queued,
                });
                (document, of_lead_team(&made))
            }
            Preset::VideoGrowth => {
                let made = block_on(rehearse_videos(&self.dir, &progress))??;
                let document = json!({
                    "dir": made.dir.display().to_string(),
                    "videos": made.videos,
                    "days": made.days,
                    "looks": made.looks,
                });
                (document, of_videos(&made))
            }
            Preset::AccountHealth => {
                let made = block_on(rehearse_accounts(&self.dir, &progress))??;
                let document = json!({
                    "dir": made.dir.display().to_string(),
                    "accounts": made.accounts,
                    "days": made.days,
                    "looks": made.looks,
                    "captured": made.captured,
                    "skipped": made.skipped,
                });
                (document, of_accounts(&made))
            }
        };
        progress.clear();
        if context.output.json() {
            context.output.document(&document);
        } else {
            context.output.answer(&format!(
                "{text}\ntry:\n{}{}",
                entering(&self.dir),
                next_steps(self.preset)
            ));
        }
        Ok(exit::DONE)
    }
}

fn of_call_centre(made: &CallCentre) -> String {
    let (calls, days, editions) = (count(made.calls), made.days, made.editions);
    let dir = quoted(&made.dir.display().to_string());
    format!("made {dir}: {calls} calls of {days} days, frozen night by night in {editions} editions\n")
}

fn of_lead_team(made: &LeadTeam) -> String {
    let (calls, days, queued) = (count(made.calls), made.days, made.queued);
    let dir = quoted(&made.dir.display().to_string());
    format!(
        "made {dir}: {calls} calls of {days} days, frozen by one backfill; {queued} phones to call again\n"
    )
}

fn of_videos(made: &VideoGrowth) -> String {
    let (videos, days, looks) = (made.videos, made.days, made.looks);
    let dir = quoted(&made.dir.display().to_string());
    format!("made {dir}: {videos} videos and {days} days, of which {looks} were looked at in time\n")
}

fn of_accounts(made: &AccountHealth) -> String {
    let AccountHealth { accounts, days, looks, captured, skipped, .. } = made;
    let dir = quoted(&made.dir.display().to_string());
    format!(
        "made {dir}: {accounts} accounts and {days} days, of which {looks} were looked at in time;\n  \
         events captured {captured} rows, and {skipped} not, since the account had just been seen\n"
    )
}

/// How to get there, and to this program where the shell does not find it.
fn entering(dir: &Path) -> String {
    let path = missing_from_path().map_or_else(String::new, |folder| {
        format!("  PATH={}:$PATH\n", quoted(&folder.display().to_string()))
    });
    format!("{path}  cd {}\n", quoted(&dir.display().to_string()))
}

fn next_steps(preset: Preset) -> &'static str {
    match preset {
        Preset::CallCentre => {
            "\
\x20 asof list                                          every day: a gap, restatements, a day frozen too early
  asof restore 2025-11-06                            a day on the terminal
  asof restore 2025-11-06 --html                     the path of its page; --open opens it
  asof restore 2025-10-24                            a day that was restated later
  asof restore 2025-10-24@2                          its second edition
  asof restore 2025-11-06 --metric sales --by agent  a part of it
  asof restore latest --json                         the stored document
  asof check 2025-11-06                              its queries, and whether they will work
"
        }
        Preset::LeadBackfill => {
            "\
\x20 asof list --stats                                  each day's calls and phones: how many, new ones, all so far
  asof worklist redial --dry-run                     whom to call again, and who is out for good, and why
  asof restore 2025-12-16                            a Tuesday on which the dialer was down until three
  asof restore 2025-12-16 --html                     the path of its page; --open opens it
  asof restore 2025-12-25                            Christmas Day: no call, which is not the same as not known
  asof backfill --month 2025-12 --redo all           read a month again: a new edition where a number differs
"
        }
        Preset::VideoGrowth => {
            "\
\x20 asof growth --period 7                           all counters over a week, and what that is made of
  asof growth --days 16 --by user_id               over an audit: one user's views fell
  asof growth --period 30 --top 5                  what grew most in 30 days
  asof growth --days 8 --key 1023                  one video, and why this is not known: nobody looked in time
  asof growth --days 8 --key 1023 --nearest        the same from the nearest look there is
  asof growth --from 2025-10-31 --to 2025-11-03    over the night that had 25 hours
"
        }
        Preset::AccountHealth => {
            "\
\x20 asof history account 3                           the account that declines until a playbook turns it
  asof history account 'Juniper Logistics'         an incident, by its label
  asof context account 3 --question 'How was the rescue in October?'   the same for a language model
  asof growth --period 30                          playbooks completed in 30 days, and accounts that were not due
  asof capture account --key 3 --reason 'a call'   keep what an account is now
  asof capture account --event KPI_DATA_UPLOADED --key 3   an event right after that: its cooldown
  asof capture account --if-changed                keep only those to which something happened since
"
        }
    }
}

/// The folder of this program, unless the shell finds an `asof` by its name.
fn missing_from_path() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    if std::env::split_paths(&path).any(|folder| folder.join("asof").is_file()) {
        return None;
    }
    std::env::current_exe().ok()?.parent().map(Path::to_owned)
}

impl From<DemoError> for Failure {
    fn from(error: DemoError) -> Self {
        match error {
            DemoError::Save(error) => SaveError::into(error),
            DemoError::Archive(error) => ArchiveError::into(error),
            DemoError::Look(error) => EntityError::into(error),
            DemoError::Backfill(error) => BackfillError::into(error),
            DemoError::Worklist(error) => WorklistError::into(error),
            other => {
                let hint = other.hint();
                Self::new(exit::FAILED, other, hint)
            }
        }
    }
}
