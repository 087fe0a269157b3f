//! `asof prune`

use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};

use super::context::Context;
use super::exit;
use super::failure::Failure;
use super::progress::TerminalProgress;
use super::prune_told;
use super::save::span;
use super::tenants;
use crate::analyze::retention::Fate;
use crate::archive::{ColdStore, Unfinished, UnfinishedLooks};
use crate::config::Config;
use crate::config::tenant::within;
use crate::model::Day;
use crate::ops::prune::{Outcome, Plan, PruneError, PruneRequest, Totals, kept, plan, prune, reason};
use crate::ops::when;
use crate::view::text::safe;

const EXAMPLES: &str = "\
Examples:
  asof prune --dry-run             what would become of each day, and why
  asof prune --to /mnt/cold/days   copy the days, check the copies, then thin them
  asof prune                       thin them without a copy

Which days stay whole is said under [retention]; pinned days and the newest always do. A thinned
day loses its page and its cubes. Its manifest and its numbers stay, and so do keys that later
days are counted against. Of entities, a thinned day loses its look and its captures; their sums
stay. What rows and pages to come need always stays. With --drop-totals the numbers go as well.";

/// Thin old days as [retention] says
#[derive(Clone, Debug, clap::Args)]
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
        tenants::all(context, &|context, config| self.clone().run_one(context, config))
    }

    /// That of one archive.
    fn run_one(mut self, context: &Context<'_>, config: &Config) -> Result<u8, Failure> {
        if let (Some(id), true) = (&config.tenant, context.in_turn()) {
            // Each archive has a cold store of its own.
            self.to = self.to.map(|to| within(&to, id));
        }
        let (archive, history) = when::open(&config.archive.dir)?;
        archive.writable()?;
        let out = context.output;
        history.intact()?;
        if let (Some(to), true) = (&self.to, config.retention.is_some()) {
            ColdStore::look(&archive, to)?;
        }
        // Whatever is planned now: a line of the ledger says of these that they are gone.
        let unfinished = if self.dry_run {
            archive.unfinished_thinning(&history)
        } else {
            archive.finish_thinning(&history, self.wait, context.now())?
        };
        let unfinished_looks = if self.dry_run {
            archive.unfinished_looks(&history)
        } else {
            archive.finish_thinning_looks(&history, self.wait, context.now())?
        };
        let unfinished = Left { day: unfinished, looks: unfinished_looks };
        let Some(settings) = &config.retention else {
            self.nothing(context, &unfinished);
            return Ok(exit::DONE);
        };
        let progress = TerminalProgress::new(out);
        let today = context.today(config)?;
        let when = (today, context.now());
        let plan = plan(&archive, &history, (config, settings), self.drop_totals, when, &progress);
        progress.clear();
        let plan = plan?;
        let told = Told { plan: &plan, unfinished: &unfinished };
        for (day, why) in &plan.left {
            out.warn(&format!("{day} is left whole: {why}"));
        }
        for told in prune_told::left(&plan.looks) {
            out.warn(&told);
        }
        if self.dry_run {
            if out.json() {
                out.document(&told.document(None));
            } else {
                out.answer(&(unfinished.told(true) + &told.lines() + &told.summary()));
            }
            return Ok(exit::DONE);
        }
        if !out.json() {
            out.report(&(unfinished.told(false) + &told.lines()));
        }
        let request = PruneRequest { to: self.to, wait: self.wait };
        let asked = (config, settings);
        let outcome = prune(&archive, asked, (&history, &plan), &request, context.now(), &progress)?;
        progress.clear();
        if out.json() {
            out.document(&told.document(Some(&outcome)));
        } else {
            out.report(&done(&outcome, !plan.looks.is_empty()));
        }
        if let Some(warning) = &outcome.warning {
            out.warn(warning);
        }
        let whole = plan.left.is_empty() && plan.looks.iter().all(|kind| kind.left.is_empty());
        Ok(if whole { exit::DONE } else { exit::PARTLY })
    }

    /// Says that there is nothing to do without a retention but what was left behind.
    fn nothing(&self, context: &Context<'_>, unfinished: &Left) {
        let out = context.output;
        let mut text = unfinished.told(self.dry_run);
        text += "the configuration has no [retention]: every day is kept whole, and nothing is pruned\n";
        if out.json() {
            let mut document = json!({
                "days": [], "entities": [], "dry_run": self.dry_run, "retention": false,
                "removes": unfinished.paths(),
            });
            if let (false, Some(document)) = (self.dry_run, document.as_object_mut()) {
                document.extend(done_fields(&Outcome::default()));
            }
            out.document(&document);
        } else if self.dry_run {
            out.answer(&text);
        } else {
            out.report(&text);
        }
    }
}

/// What a run before left behind.
struct Left {
    day: Option<Unfinished>,
    looks: Option<UnfinishedLooks>,
}

impl Left {
    /// The files.
    fn paths(&self) -> Vec<String> {
        let days =
            self.day.iter().flat_map(|left| left.files.iter().map(|file| format!("{}/{file}", left.id)));
        days.chain(self.looks.iter().flat_map(|left| left.files.iter().cloned())).collect()
    }

    /// What is said of them.
    fn told(&self, dry_run: bool) -> String {
        let days = self.day.iter().map(|left| left_behind(left, dry_run));
        days.chain(self.looks.iter().map(|left| prune_told::left_behind(left, dry_run))).collect()
    }
}

/// What is said of these.
fn left_behind(left: &Unfinished, dry_run: bool) -> String {
    let files = many(left.files.len(), "file");
    let Unfinished { id, bytes, .. } = left;
    if dry_run {
        format!("{id}: {files} of {bytes} bytes are still to be removed, a run before was cut short\n")
    } else {
        format!("{id}: {files} of {bytes} bytes removed that a run before, cut short, had left\n")
    }
}

/// A plan as it is told.
struct Told<'a> {
    plan: &'a Plan<'a>,
    /// What a run before left behind.
    unfinished: &'a Left,
}

impl Told<'_> {
    /// What becomes of each day, a line each.
    fn lines(&self) -> String {
        let days = self.plan.retention.days.iter().map(|(day, fate)| self.line(*day, fate));
        days.collect::<String>() + &prune_told::lines(&self.plan.looks)
    }

    fn line(&self, day: Day, fate: &Fate) -> String {
        let (word, why) = match fate {
            _ if self.plan.left.contains_key(&day) => ("left", "something is wrong with it".to_owned()),
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
        let totals = self.plan.totals.as_ref().filter(|_| !self.plan.left.contains_key(&day))?;
        totals.get(&day).copied()
    }

    fn summary(&self) -> String {
        let plan = self.plan;
        let days = || plan.retention.days.iter();
        let kept = days().filter(|(_, fate)| matches!(fate, Fate::Kept(_))).count();
        let lose = |(day, fate): &&(Day, Fate)| {
            matches!(fate, Fate::Before { .. }) && self.of_totals(*day) == Some(Totals::Go)
        };
        let mut told = format!("{kept} to keep, {} to thin", plan.thinned());
        match days().filter(lose).count() {
            0 => {}
            lose => told += &format!(", {lose} thinned before to lose their totals"),
        }
        match plan.left.len() {
            0 => {}
            left => told += &format!(", {left} to leave since something is wrong"),
        }
        told += &prune_told::summary(&plan.looks);
        let files = plan.files().len() + self.unfinished.paths().len();
        told + &format!(": {} would be removed; nothing was done\n", many(files, "file"))
    }

    fn document(&self, outcome: Option<&Outcome>) -> Value {
        let days = self.plan.retention.days.iter().map(|(day, fate)| {
            let (word, why) = match fate {
                _ if self.plan.left.contains_key(day) => ("left", self.plan.left.get(day).cloned()),
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
        let mut removes = self.unfinished.paths();
        removes.extend(outcome.map_or_else(|| self.plan.files(), |outcome| outcome.files.clone()));
        let mut document = json!({
            "days": days.collect::<Vec<_>>(), "entities": prune_told::document(&self.plan.looks),
            "dry_run": outcome.is_none(), "retention": true, "removes": removes,
        });
        if let (Some(outcome), Some(document)) = (outcome, document.as_object_mut()) {
            document.extend(done_fields(outcome));
        }
        document
    }
}

fn done(outcome: &Outcome, has_looks: bool) -> String {
    let looks = if has_looks {
        format!(" and {} of entities", many(outcome.looks.len(), "day"))
    } else {
        String::new()
    };
    format!(
        "{}{looks} thinned: {} of {} bytes removed\n",
        many(outcome.editions.len(), "edition"),
        many(outcome.files.len(), "file"),
        outcome.bytes
    )
}

pub(super) fn many(count: usize, one: &str) -> String {
    format!("{count} {one}{}", if count == 1 { "" } else { "s" })
}

fn done_fields(outcome: &Outcome) -> Vec<(String, Value)> {
    let editions: Vec<String> = outcome.editions.iter().map(ToString::to_string).collect();
    vec![
        ("thinned".to_owned(), json!(editions)),
        ("thinned_entities".to_owned(), json!(prune_told::thinned(&outcome.looks))),
        ("files".to_owned(), json!(outcome.files.len())),
        ("bytes".to_owned(), json!(outcome.bytes)),
    ]
}

impl From<PruneError> for Failure {
    fn from(error: PruneError) -> Self {
        let hint = error.hint();
        match error {
            PruneError::Archive(error) => error.into(),
            error @ (PruneError::KeepsNothing | PruneError::KeepsNoLook { .. }) => {
                Self::new(exit::USAGE, error, hint)
            }
        }
    }
}
