//! `asof worklist`

use std::time::Duration;

use serde_json::{Value, json};

use super::context::{Context, block_on, env};
use super::failure::Failure;
use super::output::{json_line, quoted};
use super::progress::TerminalProgress;
use super::save::span;
use super::{exit, interrupt};
use crate::calendar::DayName;
use crate::config::Config;
use crate::model::Day;
use crate::ops::backfill::Stop;
use crate::ops::worklist::{WorklistError, WorklistOutcome, WorklistRequest, frozen_range, run};
use crate::view::format::count;
use crate::view::text::safe;

const EXAMPLES: &str = "\
Examples:
  asof worklist redial --dry-run    what would be added and excluded
  asof worklist redial              do it, for the days from the first to the last frozen one
  asof worklist --from -7d          all worklists, for the last week

Keys seen in the range are added to this month's file in the worklist's folder, unless they are in
one already, are out for good, or ended otherwise the last time. What others wrote into the
files stays; an entry that is out by now is marked as excluded.";

/// Bring the files of a worklist up to date: keys to work on, and those that are out
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Worklist {
    /// The worklist; all of them when none is named
    #[arg(value_name = "NAME")]
    name: Option<String>,
    /// The first day; the first frozen one when left out
    #[arg(long, value_name = "DATE", allow_hyphen_values = true)]
    from: Option<DayName>,
    /// The last day; the last frozen one when left out
    #[arg(long, value_name = "DATE", allow_hyphen_values = true)]
    to: Option<DayName>,
    /// Only tell what would become of the files
    #[arg(long)]
    dry_run: bool,
    /// How long connection trouble is retried
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = span)]
    retry_for: Duration,
    /// How long the lock of a worklist's folder is waited for
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = span)]
    wait: Duration,
}

impl Worklist {
    /// Runs it.
    ///
    /// # Errors
    /// When a worklist can't be brought up to date.
    pub fn run(self, context: &Context<'_>) -> Result<u8, Failure> {
        let config = context.config()?;
        let names: Vec<String> = match &self.name {
            Some(name) => vec![name.clone()],
            None => config.worklists.keys().cloned().collect(),
        };
        if let Some(unknown) = names.iter().find(|name| !config.worklists.contains_key(*name)) {
            let known = config.worklists.keys().cloned().collect();
            return Err(WorklistError::Unknown { name: unknown.clone(), known }.into());
        }
        if names.is_empty() {
            let hint = "add [worklist.NAME] to the configuration".to_owned();
            return Err(Failure::said(exit::USAGE, "there are no worklists", Some(hint)));
        }
        let range = self.range(&config, context)?;
        let Self { dry_run, retry_for, wait, .. } = self;
        let with = With { range, dry_run, told: dry_run, retry_for, wait, stop: None };
        if let [name] = names.as_slice() {
            with.one(&config, name, context)?;
            return Ok(exit::DONE);
        }
        Ok(with.all(&config, names.iter(), context))
    }

    /// The days that are looked at; what is not given is taken from the archive.
    fn range(&self, config: &Config, context: &Context<'_>) -> Result<(Day, Day), Failure> {
        let today = context.today(config)?;
        let day = |name: Option<DayName>| {
            let Some(name) = name else { return Ok(None) };
            name.resolve(today).map(Some).ok_or_else(|| {
                let message = format!("{name} lies before the calendar begins");
                Failure::said(exit::USAGE, message, Some("name a later day".to_owned()))
            })
        };
        let backwards = |from, to, hint: String| {
            let message = format!("the range from {from} to {to} runs backwards");
            Err(Failure::said(exit::USAGE, message, Some(hint)))
        };
        match (day(self.from)?, day(self.to)?) {
            (Some(from), Some(to)) if from > to => {
                backwards(from, to, "let --from be the earlier day".to_owned())
            }
            (Some(from), Some(to)) => Ok((from, to)),
            (from, to) => {
                let (first, last) = frozen_range(config)?.ok_or_else(|| {
                    let hint = "give the range by --from and --to".to_owned();
                    Failure::said(exit::USAGE, "no day is frozen here yet", Some(hint))
                })?;
                match (from.unwrap_or(first), to.unwrap_or(last)) {
                    (from, to) if from <= to => Ok((from, to)),
                    (from, to) if to == last => {
                        backwards(from, to, format!("the last frozen day is {last}: give --to as well"))
                    }
                    (from, to) => {
                        backwards(from, to, format!("the first frozen day is {first}: give --from as well"))
                    }
                }
            }
        }
    }
}

/// How worklists are brought up to date.
#[derive(Clone, Copy)]
pub(super) struct With<'s> {
    /// The first and the last day.
    pub(super) range: (Day, Day),
    /// Only count.
    pub(super) dry_run: bool,
    /// Whether it is told without a terminal too.
    pub(super) told: bool,
    /// How long connection trouble is retried.
    pub(super) retry_for: Duration,
    /// How long a lock is waited for.
    pub(super) wait: Duration,
    /// Tells when somebody wants it to end, where that is listened for.
    pub(super) stop: Option<&'s Stop>,
}

impl With<'_> {
    /// Brings several up to date, one after the other; gives the exit code.
    pub(super) fn all<'n>(
        self,
        config: &Config,
        names: impl Iterator<Item = &'n String>,
        context: &Context<'_>,
    ) -> u8 {
        let mut code = exit::DONE;
        for name in names {
            if let Err(failure) = self.one(config, name, context) {
                // The others are not to wait for this one.
                context.output.failure(&failure);
                if failure.code == exit::INTERRUPTED {
                    return failure.code;
                }
                code = if code == exit::DONE { failure.code } else { code };
            }
        }
        code
    }

    fn one(self, config: &Config, name: &str, context: &Context<'_>) -> Result<(), Failure> {
        let Self { range, dry_run, told, retry_for, wait, stop } = self;
        let request = WorklistRequest { name, range, dry_run, retry_for, wait };
        let progress = TerminalProgress::new(context.output);
        let now = || context.now();
        let outcome = block_on(async {
            tokio::select! {
                biased;
                () = interrupt::wanted(stop) => None,
                outcome = run(config, &request, &env, &now, &progress) => Some(outcome),
            }
        })?;
        progress.clear();
        let Some(outcome) = outcome else {
            let message = format!("interrupted before the worklist {name:?} was brought up to date");
            let hint = format!("asof worklist {} does it", quoted(name));
            return Err(Failure::said(exit::INTERRUPTED, message, Some(hint)));
        };
        let outcome = outcome?;
        if context.output.json() {
            json_line(&document(&outcome));
        } else if told {
            context.output.answer(&table(&outcome));
        } else {
            context.output.report(&table(&outcome));
        }
        Ok(())
    }
}

/// How many keys became what, in two columns.
fn table(outcome: &WorklistOutcome) -> String {
    let counts = &outcome.counts;
    let mut rows: Vec<(String, u64)> =
        vec![("added".to_owned(), counts.added), ("already there".to_owned(), counts.already)];
    let excluded = counts.excluded.iter().map(|(reason, keys)| (format!("excluded now: {reason}"), *keys));
    rows.extend(excluded);
    rows.extend(counts.out.iter().map(|(reason, keys)| (format!("out: {reason}"), *keys)));
    rows.extend(counts.latest.iter().map(|(latest, keys)| (format!("latest outcome {latest}"), *keys)));
    if counts.unknown > 0 {
        rows.push(("outcome not known".to_owned(), counts.unknown));
    }
    rows.push(("unusable".to_owned(), counts.unusable));
    rows.push(("events without a key".to_owned(), counts.blank));
    let rows: Vec<(String, String)> =
        rows.into_iter().map(|(what, keys)| (safe(&what).into_owned(), count(keys))).collect();
    let width = |cell: fn(&(String, String)) -> &String| {
        rows.iter().map(|row| unicode_width::UnicodeWidthStr::width(cell(row).as_str())).max().unwrap_or(0)
    };
    let (left, right) = (width(|row| &row.0), width(|row| &row.1));
    let (from, to) = outcome.range;
    let what = if outcome.dry_run { ", if it were done" } else { "" };
    let mut text = format!("{}, {from} to {to}{what}\n", outcome.name);
    for (what, keys) in &rows {
        let pad = " ".repeat(left.saturating_sub(unicode_width::UnicodeWidthStr::width(what.as_str())));
        text.push_str(&format!("  {what}{pad}  {keys:>right$}\n"));
    }
    for (reason, texts) in &outcome.idle {
        let texts = if *texts == 1 { "1 text".to_owned() } else { format!("{} texts", count(*texts)) };
        text.push_str(&format!("  note: {texts} of {} can't be read as a key\n", safe(reason)));
    }
    if outcome.written.is_empty() {
        text.push_str("  no file changes\n");
    }
    for path in &outcome.written {
        text.push_str(&format!("  {}\n", safe(&path.display().to_string())));
    }
    text
}

fn document(outcome: &WorklistOutcome) -> Value {
    let counts = &outcome.counts;
    json!({
        "event": "worklist",
        "name": outcome.name,
        "from": outcome.range.0,
        "to": outcome.range.1,
        "dry_run": outcome.dry_run,
        "added": counts.added,
        "already": counts.already,
        "excluded": counts.excluded,
        "out": counts.out,
        "latest": counts.latest,
        "unknown": counts.unknown,
        "unusable": counts.unusable,
        "blank": counts.blank,
        "idle": outcome.idle,
        "file": outcome.path.display().to_string(),
        "written": outcome.written.iter().map(|path| path.display().to_string()).collect::<Vec<_>>(),
    })
}
