//! `asof backfill`

mod bar;
mod dry;
mod json;
mod lines;
mod memory;

use std::time::{Duration, Instant};

use chrono::{Months, NaiveDate};
use tokio::sync::watch;

use self::bar::Screen;
use self::lines::Columns;
use super::context::{Context, block_on, env};
use super::failure::Failure;
use super::output::json_line;
use super::save::span;
use super::tenants;
use super::worklist::With;
use super::{exit, interrupt};
use crate::calendar::DayName;
use crate::config::{Config, duration};
use crate::model::Day;
use crate::ops::backfill::dry::dry_run;
use crate::ops::backfill::pace::Rate;
use crate::ops::backfill::plan::{Redo, Wanted};
use crate::ops::backfill::report::Summary;
use crate::ops::backfill::state::StateFiles;
use crate::ops::backfill::{self, BackfillError, BackfillRequest, Clock, Days};

/// A range is no longer than this: a century. A longer one is a slip of the keyboard.
const LONGEST: i64 = 36_525;

const EXAMPLES: &str = "\
Examples:
  asof backfill --from 2025-12-01 --to 2026-01-07    both days included
  asof backfill --last 7d                            yesterday and the six days before it
  asof backfill --month 2025-12 --dry-run            what would be done and read; writes nothing
  asof backfill --resume                             just what the last run has left
  asof backfill --month 2025-12 --redo all --reason \"statuses were cleaned up\"

Days that are frozen are skipped. Ctrl-C stops between two days, and the next run goes
on there; what failed is in backfill.json beside the configuration.";

/// Freeze a range of days, one by one
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Backfill {
    /// The first day
    #[arg(long, value_name = "DATE", allow_hyphen_values = true, conflicts_with_all = ["last", "month", "resume"])]
    from: Option<DayName>,
    /// The last day; yesterday when left out
    #[arg(long, value_name = "DATE", allow_hyphen_values = true, requires = "from")]
    to: Option<DayName>,
    /// So many days that end with yesterday: 7d
    #[arg(long, value_name = "DAYS", conflicts_with_all = ["month", "resume"], value_parser = days)]
    last: Option<u16>,
    /// The days of a month: 2025-12
    #[arg(long, value_name = "MONTH", conflicts_with = "resume", value_parser = month)]
    month: Option<NaiveDate>,
    /// Do just what the last run has left: missing and failed days
    #[arg(long, conflicts_with_all = ["redo", "reason"])]
    resume: bool,
    /// Say what would be done and read, and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Which days are read although they were dealt with before: failed ones, none, or all;
    /// a frozen day gets a new edition if a number differs
    #[arg(long, value_name = "WHICH", default_value = "failed")]
    redo: RedoName,
    /// Why frozen days are read again; it is kept with each new edition
    #[arg(long, value_name = "TEXT", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    reason: Option<String>,
    /// How many days are read side by side
    #[arg(long, short, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=32))]
    jobs: u8,
    /// How long each connection rests after a day
    #[arg(long, value_name = "TIME", default_value = "0s", value_parser = span)]
    pause: Duration,
    /// How many days may be begun in a while: 30/min
    #[arg(long, value_name = "RATE")]
    rate: Option<Rate>,
    /// How long connection trouble is retried
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = span)]
    retry_for: Duration,
    /// How long the archive's lock is waited for
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = span)]
    wait: Duration,
}

/// The words of `--redo`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum RedoName {
    Failed,
    None,
    All,
}

fn days(text: &str) -> Result<u16, String> {
    duration::parse_days(text).filter(|days| *days > 0).ok_or_else(|| "write a number of days: 7d".to_owned())
}

fn month(text: &str) -> Result<NaiveDate, String> {
    let wrong = || "write a year and a month: 2025-12".to_owned();
    if text.len() != 7 || !text.starts_with(|first: char| first.is_ascii_digit()) {
        return Err(wrong());
    }
    format!("{text}-01").parse().map_err(|_| wrong())
}

impl Backfill {
    /// Runs it.
    ///
    /// # Errors
    /// When it can't begin, or was ended before its last day.
    pub fn run(self, context: &Context<'_>) -> Result<u8, Failure> {
        // One ear for all of them: whoever wants it to end wants it of each.
        let stop = if self.dry_run { None } else { Some(interrupt::listen()?) };
        tenants::all(context, &|context, config| self.run_one(context, config, stop.as_ref()))
    }

    /// That of one archive.
    fn run_one(
        &self,
        context: &Context<'_>,
        config: &Config,
        stop: Option<&watch::Receiver<bool>>,
    ) -> Result<u8, Failure> {
        let today = context.today(config)?;
        let days = self.days(today)?;
        let files = StateFiles::beside(context.config_path(), config.tenant.as_deref());
        let columns = Columns::of(config);
        let screen = Screen::new(context.output, &columns);
        let request = BackfillRequest {
            days,
            jobs: usize::from(self.jobs),
            pause: self.pause,
            rate: self.rate,
            retry_for: self.retry_for,
            wait: self.wait,
        };
        let (now, began) = (|| context.now(), Instant::now());
        let clock = Clock { now: &now, elapsed: &|| began.elapsed() };
        let Some(stop) = stop else {
            let dry = dry_run(config, &files, &request.days, &env, &now, &screen);
            return Ok(dry::tell(context.output, &block_on(dry)??));
        };
        let summary = backfill::run(config, &files, &request, &env, clock, stop, &screen)?;
        screen.clear();
        if context.output.json() {
            json_line(&json::summary(&summary));
        } else {
            context.output.answer(&lines::summary(&summary, &columns));
        }
        if !config.alerts.is_empty() {
            let told = "nobody is told of alerts by a backfill; asof alerts DAY judges a day\n";
            context.output.report(&context.hint(told));
        }
        let gone_through = !summary.interrupted && summary.ended_by.is_none();
        let range = (summary.from, summary.to);
        let code = ended(summary, context, &files);
        if !gone_through || config.worklists.is_empty() {
            return code;
        }
        if *stop.borrow() {
            context.output.warn(&context.hint("interrupted; asof worklist brings the worklists up to date"));
            return code.map(|_| exit::INTERRUPTED);
        }
        // What was found is worked on, whether or not a day is missing yet.
        let (retry_for, wait, stop) = (self.retry_for, self.wait, Some(stop));
        let with = With { range, dry_run: false, told: true, retry_for, wait, stop };
        let worklists = with.all(config, config.worklists.keys(), context);
        code.map(|code| if code == exit::DONE { worklists } else { code })
    }

    /// The days that are asked for.
    fn days(&self, today: Day) -> Result<Days, Failure> {
        if self.resume {
            return Ok(Days::Resume);
        }
        let usage = |message: String, hint: &str| Failure::said(exit::USAGE, message, Some(hint.to_owned()));
        let beyond = || usage("the range leads out of the calendar".to_owned(), "name later days");
        let day = |name: DayName| name.resolve(today).ok_or_else(beyond);
        let back = |days: i64| today.checked_add(-days).ok_or_else(beyond);
        let (from, to) = match (self.from, self.last, self.month) {
            (Some(from), _, _) => (day(from)?, day(self.to.unwrap_or(DayName::DaysAgo(1)))?),
            (None, Some(last), _) => (back(i64::from(last))?, back(1)?),
            (None, None, Some(first)) => {
                let last = first.checked_add_months(Months::new(1)).and_then(|next| next.pred_opt());
                let day = |date: Option<NaiveDate>| date.and_then(Day::new).ok_or_else(beyond);
                (day(Some(first))?, day(last)?)
            }
            (None, None, None) => {
                return Err(usage(
                    "it is not said which days".to_owned(),
                    "name them: --from 2025-12-01 --to 2026-01-07, --last 7d, --month 2025-12; or --resume",
                ));
            }
        };
        if from > to {
            let message = format!("the range from {from} to {to} runs backwards");
            return Err(usage(message, "let --from be the earlier day"));
        }
        if to.days_since(from) >= LONGEST {
            let message = format!("the range from {from} to {to} is longer than a century");
            return Err(usage(message, "see whether a digit is missing"));
        }
        if from >= today {
            let message = format!("no day from {} is over yet", range(from, to));
            return Err(usage(message, "nothing can be known of it yet: freeze it once it is over"));
        }
        let redo = match self.redo {
            RedoName::Failed => Redo::Failed,
            RedoName::None => Redo::None,
            RedoName::All => Redo::All,
        };
        if self.reason.is_some() && redo != Redo::All {
            return Err(usage(
                "--reason is for frozen days that are read again".to_owned(),
                "add --redo all",
            ));
        }
        Ok(Days::Range(Wanted { from, to, redo, reason: self.reason.clone() }))
    }
}

/// The days of a range, in words.
fn range(from: Day, to: Day) -> String {
    if from == to { from.to_string() } else { format!("{from} to {to}") }
}

/// The exit code that a run deserves, and the word about it.
fn ended(summary: Summary, context: &Context<'_>, files: &StateFiles) -> Result<u8, Failure> {
    if summary.interrupted {
        context.output.warn(&context.hint("interrupted; asof backfill --resume goes on there"));
        return Ok(exit::INTERRUPTED);
    }
    let whole = summary.is_whole();
    match summary.ended_by {
        Some(error) => Err(error.into()),
        None if whole => Ok(exit::DONE),
        None => {
            let days = summary.failed.len();
            let message = format!("{days} {} failed", if days == 1 { "day" } else { "days" });
            let hint = format!("{} says why; asof backfill --resume tries again", files.plan.display());
            Err(Failure::said(exit::PARTLY, message, Some(hint)))
        }
    }
}

impl From<BackfillError> for Failure {
    fn from(error: BackfillError) -> Self {
        match error {
            BackfillError::Save(error) => error.into(),
            BackfillError::State(error) => {
                let code = match &error {
                    backfill::state::StateError::Running { .. } => exit::LOCKED,
                    backfill::state::StateError::NoPlan { .. } => exit::USAGE,
                    _ => exit::FAILED,
                };
                let hint = error.hint();
                Self::new(code, error, hint)
            }
        }
    }
}
