//! `asof prune`

use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};

use super::context::Context;
use super::exit;
use super::failure::Failure;
use super::progress::TerminalProgress;
use super::save::span;
use crate::analyze::retention::{Fate, RetentionPlan};
use crate::model::Day;
use crate::ops::prune::{Outcome, PruneError, PruneRequest, kept, plan, prune, reason};
use crate::ops::when;
use crate::view::text::safe;

const EXAMPLES: &str = "\
Examples:
  asof prune --dry-run             what would become of each day, and why
  asof prune --to /mnt/cold/days   copy the days, check the copies, then thin them
  asof prune                       thin them without a copy

Which days stay whole is said under [retention]; pinned days and the newest always do. A thinned
day loses its page and its cubes. Its manifest and its numbers stay, and so do keys that later
days are counted against. With --drop-totals the numbers go as well.";

/// Thin old days as [retention] says
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Prune {
    /// Say what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// Copy each day into the cold store in this folder before it is thinned
    #[arg(long, value_name = "DIR")]
    to: Option<PathBuf>,
    /// Let the numbers of thinned days go too
    #[arg(long)]
    drop_totals: bool,
    /// How long the archive's lock is waited for
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = span)]
    wait: Duration,
}

impl Prune {
    /// Runs it.
    ///
    /// # Errors
    /// When there is no retention or it keeps nothing, a copy can't be made, or the archive refuses.
    pub fn run(self, context: &Context<'_>) -> Result<u8, Failure> {
        let config = context.config()?;
        let (archive, history) = when::open(&config.archive.dir)?;
        let plan = plan(&config, &history, context.today(&config)?)?;
        let out = context.output;
        if self.dry_run {
            if out.json() {
                out.document(&document(&plan, None));
            } else {
                out.answer(&(lines(&plan) + &summary(&plan)));
            }
            return Ok(exit::DONE);
        }
        if !out.json() {
            out.report(&lines(&plan));
        }
        let request = PruneRequest { to: self.to, drop_totals: self.drop_totals, wait: self.wait };
        let progress = TerminalProgress::new(out);
        let outcome = prune(&archive, &config, &plan, &request, context.now(), &progress)?;
        progress.clear();
        if out.json() {
            out.document(&document(&plan, Some(&outcome)));
        } else {
            out.report(&done(&outcome));
        }
        if let Some(warning) = &outcome.warning {
            out.warn(warning);
        }
        Ok(exit::DONE)
    }
}

/// What becomes of each day, a line each.
fn lines(plan: &RetentionPlan) -> String {
    plan.days.iter().map(|(day, fate)| line(*day, fate)).collect()
}

fn line(day: Day, fate: &Fate) -> String {
    let (word, why) = match fate {
        Fate::Kept(reasons) => ("keep", kept(reasons)),
        Fate::Thinned(passed) => ("thin", reason(passed)),
        Fate::Before { .. } => ("gone", "thinned before".to_owned()),
    };
    format!("{day}  {word}  {}\n", safe(&why))
}

fn summary(plan: &RetentionPlan) -> String {
    let kept = plan.days.iter().filter(|(_, fate)| matches!(fate, Fate::Kept(_))).count();
    format!("{kept} to keep, {} to thin; nothing was done\n", plan.thinned().count())
}

fn done(outcome: &Outcome) -> String {
    let many = |count: usize, one: &str| format!("{count} {one}{}", if count == 1 { "" } else { "s" });
    format!(
        "{} thinned: {} of {} bytes removed\n",
        many(outcome.editions.len(), "edition"),
        many(outcome.files, "file"),
        outcome.bytes
    )
}

fn document(plan: &RetentionPlan, outcome: Option<&Outcome>) -> Value {
    let days = plan.days.iter().map(|(day, fate)| {
        let (word, why) = match fate {
            Fate::Kept(reasons) => ("keep", Some(kept(reasons))),
            Fate::Thinned(passed) => ("thin", Some(reason(passed))),
            Fate::Before { .. } => ("gone", None),
        };
        json!({ "date": day, "fate": word, "why": why })
    });
    let mut document = json!({ "days": days.collect::<Vec<_>>(), "dry_run": outcome.is_none() });
    if let (Some(outcome), Some(document)) = (outcome, document.as_object_mut()) {
        let editions: Vec<String> = outcome.editions.iter().map(ToString::to_string).collect();
        document.insert("thinned".to_owned(), json!(editions));
        document.insert("files".to_owned(), json!(outcome.files));
        document.insert("bytes".to_owned(), json!(outcome.bytes));
    }
    document
}

impl From<PruneError> for Failure {
    fn from(error: PruneError) -> Self {
        let hint = error.hint();
        match error {
            PruneError::Archive(error) => error.into(),
            error => Self::new(exit::USAGE, error, hint),
        }
    }
}
