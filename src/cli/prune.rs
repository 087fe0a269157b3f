//! `asof prune`

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};

use super::context::Context;
use super::exit;
use super::failure::Failure;
use super::progress::TerminalProgress;
use super::save::span;
use crate::analyze::retention::{Fate, RetentionPlan};
use crate::archive::ColdStore;
use crate::model::Day;
use crate::ops::prune::{Outcome, PruneError, PruneRequest, Totals, kept, plan, prune, reason, totals};
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
    /// When the retention keeps nothing, a copy can't be made, or the archive refuses.
    pub fn run(self, context: &Context<'_>) -> Result<u8, Failure> {
        let config = context.config()?;
        let (archive, history) = when::open(&config.archive.dir)?;
        archive.writable()?;
        let out = context.output;
        let Some(settings) = &config.retention else {
            self.nothing(context);
            return Ok(exit::DONE);
        };
        let plan = plan(settings, &history, context.today(&config)?)?;
        let totals = if self.drop_totals { Some(totals(&archive, &history, &config, &plan)?) } else { None };
        let told = Told { plan: &plan, totals: totals.as_ref() };
        if self.dry_run {
            if let Some(to) = &self.to {
                ColdStore::look(&archive, to)?;
            }
            if out.json() {
                out.document(&told.document(None));
            } else {
                out.answer(&(told.lines() + &told.summary()));
            }
            return Ok(exit::DONE);
        }
        if !out.json() {
            out.report(&told.lines());
        }
        let request = PruneRequest { to: self.to, drop_totals: self.drop_totals, wait: self.wait };
        let progress = TerminalProgress::new(out);
        let outcome = prune(&archive, (&config, settings), &plan, &request, context.now(), &progress)?;
        progress.clear();
        if out.json() {
            out.document(&told.document(Some(&outcome)));
        } else {
            out.report(&done(&outcome));
        }
        if let Some(warning) = &outcome.warning {
            out.warn(warning);
        }
        Ok(exit::DONE)
    }

    /// Says that there is nothing to do without a retention.
    fn nothing(&self, context: &Context<'_>) {
        let out = context.output;
        let text = "the configuration has no [retention]: every day is kept whole, and nothing is pruned\n";
        if out.json() {
            let mut document = json!({ "days": [], "dry_run": self.dry_run, "retention": false });
            if let (false, Some(document)) = (self.dry_run, document.as_object_mut()) {
                document.extend(done_fields(&Outcome::default()));
            }
            out.document(&document);
        } else if self.dry_run {
            out.answer(text);
        } else {
            out.report(text);
        }
    }
}

/// A plan as it is told.
struct Told<'a> {
    plan: &'a RetentionPlan,
    /// What becomes of the totals; `None` when they are not asked for.
    totals: Option<&'a BTreeMap<Day, Totals>>,
}

impl Told<'_> {
    /// What becomes of each day, a line each.
    fn lines(&self) -> String {
        self.plan.days.iter().map(|(day, fate)| self.line(*day, fate)).collect()
    }

    fn line(&self, day: Day, fate: &Fate) -> String {
        let (word, why) = match fate {
            Fate::Kept(reasons) => ("keep", kept(reasons)),
            Fate::Thinned(passed) => ("thin", reason(passed)),
            Fate::Before { .. } => ("gone", "thinned before".to_owned()),
        };
        let totals = match self.of_totals(day) {
            Some(Totals::Go) => "; its totals go too",
            Some(Totals::Stay) => "; its totals stay",
            Some(Totals::Needed) => "; its totals stay, since days to come are made of them",
            Some(Totals::Gone) | None => "",
        };
        format!("{day}  {word}  {}{totals}\n", safe(&why))
    }

    fn of_totals(&self, day: Day) -> Option<Totals> {
        self.totals.and_then(|totals| totals.get(&day).copied())
    }

    fn summary(&self) -> String {
        let kept = self.plan.days.iter().filter(|(_, fate)| matches!(fate, Fate::Kept(_))).count();
        format!("{kept} to keep, {} to thin; nothing was done\n", self.plan.thinned().count())
    }

    fn document(&self, outcome: Option<&Outcome>) -> Value {
        let days = self.plan.days.iter().map(|(day, fate)| {
            let (word, why) = match fate {
                Fate::Kept(reasons) => ("keep", Some(kept(reasons))),
                Fate::Thinned(passed) => ("thin", Some(reason(passed))),
                Fate::Before { .. } => ("gone", None),
            };
            let mut document = json!({ "date": day, "fate": word, "why": why });
            if let (Some(totals), Some(document)) = (self.of_totals(*day), document.as_object_mut()) {
                let word = match totals {
                    Totals::Go => "go",
                    Totals::Stay | Totals::Needed => "stay",
                    Totals::Gone => "gone",
                };
                document.insert("totals".to_owned(), json!(word));
            }
            document
        });
        let mut document =
            json!({ "days": days.collect::<Vec<_>>(), "dry_run": outcome.is_none(), "retention": true });
        if let (Some(outcome), Some(document)) = (outcome, document.as_object_mut()) {
            document.extend(done_fields(outcome));
        }
        document
    }
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

fn done_fields(outcome: &Outcome) -> Vec<(String, Value)> {
    let editions: Vec<String> = outcome.editions.iter().map(ToString::to_string).collect();
    vec![
        ("thinned".to_owned(), json!(editions)),
        ("files".to_owned(), json!(outcome.files)),
        ("bytes".to_owned(), json!(outcome.bytes)),
    ]
}

impl From<PruneError> for Failure {
    fn from(error: PruneError) -> Self {
        let hint = error.hint();
        match error {
            PruneError::Archive(error) => error.into(),
            error @ PruneError::KeepsNothing => Self::new(exit::USAGE, error, hint),
        }
    }
}
