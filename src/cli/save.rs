//! `asof save`

use std::time::Duration;

use serde_json::{Value, json};

use super::context::{Context, block_on, env};
use super::exit;
use super::failure::Failure;
use super::lookback;
use super::looks;
use super::progress::TerminalProgress;
use super::telling::{self, Around};
use super::tenants;
use crate::calendar::{Calendar, DayName};
use crate::config::{Config, duration};
use crate::model::Provenance;
use crate::ops::decide::{By, Why, Wish};
use crate::ops::entities::compacting::compact_ended;
use crate::ops::entities::look::{LookRequest, look_all};
use crate::ops::save::{Frozen, SaveOutcome, SaveRequest, day_of, save};
use crate::view::format::{Format, count};
use crate::view::text::safe;

const EXAMPLES: &str = "\
Examples:
  asof save                        freeze yesterday; the line for cron
  asof save 2025-11-06             freeze that day, reconstructed from what the rows say now
  asof save today --provisional    freeze today as far as it has come
  asof save 2025-11-06 --restate --reason \"late dispositions\"
  asof save --tenant acme          only for that tenant; for all of [tenants] without it

A frozen day is never changed: saving it again does nothing, and a restatement is
a new edition beside it. With `lookback` in the configuration, each save first reads
frozen days of these ages again: a day that has changed gets a new edition.";

/// Freeze a day; yesterday when no date is given
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Save {
    /// The day: 2025-11-06, yesterday, today, or -7d for a week ago
    #[arg(value_name = "DATE", default_value = "yesterday", allow_hyphen_values = true)]
    day: DayName,
    /// Freeze a day that has not ended as it stands now
    #[arg(long)]
    provisional: bool,
    /// Read a frozen day again, and freeze a new edition if a number from the source differs
    #[arg(long, requires = "reason")]
    restate: bool,
    /// Why the day is restated; it is kept with the new edition
    #[arg(long, value_name = "TEXT", requires = "restate", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    reason: Option<String>,
    /// How long connection trouble is retried
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = span)]
    retry_for: Duration,
    /// How long the archive's lock is waited for
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = span)]
    wait: Duration,
}

/// Reads a span of time on the command line.
pub fn span(text: &str) -> Result<Duration, String> {
    duration::parse(text).ok_or_else(|| "write a whole number and a unit: 60s, 5m, 2h".to_owned())
}

impl Save {
    /// Runs it.
    ///
    /// # Errors
    /// When the day can't be frozen; of several tenants, when it can't for any of them.
    pub fn run(self, context: &Context<'_>) -> Result<u8, Failure> {
        let config = context.config_of_all()?;
        if config.tenants.is_empty() || config.tenant.is_some() {
            return self.run_one(context, &config);
        }
        let code = tenants::each(context, &config, &|context, config| self.clone().run_one(context, config))?;
        if code == exit::DONE {
            telling::beat(context, &config);
        }
        Ok(code)
    }

    /// The save of one archive.
    fn run_one(self, context: &Context<'_>, config: &Config) -> Result<u8, Failure> {
        let calendar = Calendar::new(config.calendar);
        let around = Around::of(context, config, day_of(&calendar, self.day, &|| context.now())?);
        let before = around.before();
        let looked = if before.is_ok() { self.look(context, config)? } else { exit::DONE };
        let frozen = before.and_then(|()| self.freeze(context, config));
        let outcome = frozen.inspect_err(|failure| around.failed(failure))?;
        if let SaveOutcome::Frozen(frozen) = &outcome {
            // All did not go well, so cron hears of it too.
            frozen.warnings.iter().for_each(|warning| context.output.warn(warning));
        }
        let document = document(&outcome);
        if context.output.json() {
            context.output.document(&document);
        } else {
            context.output.report(&sentence(&outcome));
        }
        // The day is frozen, whatever comes of telling about it.
        let own = if let SaveOutcome::Frozen(frozen) = &outcome { Some(frozen.id.day) } else { None };
        let news = telling::alerts(context, config, own);
        around.after(&document, &news);
        Ok(looked)
    }

    /// Looks at the entities, if it is the day that has just ended which is frozen. That is a unit of its
    /// own: whatever comes of it, the day is frozen, and the other way round.
    fn look(&self, context: &Context<'_>, config: &Config) -> Result<u8, Failure> {
        let calendar = Calendar::new(config.calendar);
        let now = || context.now();
        let day = day_of(&calendar, self.day, &now)?;
        if config.entities.is_empty() || day != day_of(&calendar, DayName::DaysAgo(1), &now)? {
            return Ok(exit::DONE);
        }
        let request = LookRequest { env: &env, now: &now, retry_for: self.retry_for, wait: self.wait };
        let progress = TerminalProgress::new(context.output);
        let looked = block_on(look_all(config, day, &request, &progress))?;
        progress.clear();
        // No row hangs on this: what is not done tonight is done by the next save.
        if let Err(error) = compact_ended(config, self.wait, context.now()) {
            context.output.warn(&format!("the captures of days that have ended stay as they are: {error}"));
        }
        Ok(looks::tell(context, day, &looked))
    }

    fn freeze(self, context: &Context<'_>, config: &Config) -> Result<SaveOutcome, Failure> {
        let request = SaveRequest {
            day: self.day,
            wish: Wish { provisional: self.provisional, restate: self.reason.filter(|_| self.restate) },
            retry_for: self.retry_for,
            wait: self.wait,
        };
        let progress = TerminalProgress::new(context.output);
        let now = || context.now();
        let saved = block_on(save(config, &request, &env, &now, &progress))??;
        progress.clear();
        for looked in &saved.lookback {
            for warning in &lookback::warnings(looked) {
                context.output.warn(warning);
            }
            if context.output.json() {
                context.output.document(&lookback::document(looked));
            }
        }
        context.output.report(&lookback::lines(&saved.lookback));
        Ok(saved.outcome?)
    }
}

/// What became of it, in words.
fn sentence(outcome: &SaveOutcome) -> String {
    match outcome {
        SaveOutcome::Kept { id, provenance: Provenance::Provisional } => {
            format!("{id} is frozen already, provisionally; it gets its next edition once it is final\n")
        }
        SaveOutcome::Kept { id, provenance } => {
            format!("{id} is frozen already ({provenance}); nothing changed\n")
        }
        SaveOutcome::Unchanged { id, redefined } => {
            let mut text = if redefined.is_empty() {
                format!("{id} reads the same now; no new edition\n")
            } else {
                format!("{id}: no number that is defined as it was then differs; no new edition\n")
            };
            if !redefined.is_empty() {
                text.push_str(&format!(
                    "  not compared, since defined differently now: {}\n",
                    redefined.join(", ")
                ));
            }
            text
        }
        SaveOutcome::Frozen(frozen) => {
            let Frozen { id, provenance, rows, .. } = frozen.as_ref();
            let mut text = format!(
                "froze {id} ({provenance}) from {} {}\n",
                count(*rows),
                if *rows == 1 { "row" } else { "rows" }
            );
            text.push_str(&headline(frozen));
            for note in frozen.doc.events.values().flat_map(|events| &events.notes) {
                text.push_str(&format!("  note: {}\n", safe(note)));
            }
            if let Some(differences) = &frozen.differences {
                let groups = differences.groups_of.iter().map(|events| format!("single groups of {events}"));
                let what: Vec<String> = differences.metrics.iter().cloned().chain(groups).collect();
                text.push_str(&format!("  differs from the edition before in {}\n", what.join(", ")));
            }
            if let Why::Final { after } = &frozen.why {
                text.push_str(&format!("  edition {after} was provisional and stays beside it\n"));
            }
            text.push_str(&format!("  {}\n", frozen.folder.join("dashboard.html").display()));
            text
        }
    }
}

/// The first few numbers, on one line.
fn headline(frozen: &Frozen) -> String {
    let numbers = frozen.doc.metrics.values().take(5).map(|metric| {
        let format = Format::of_metric(metric);
        let value = metric.figure.value.as_ref();
        let value = value.map_or_else(|| "unknown".to_owned(), |value| format.show(value).to_string());
        format!("{} {value}", safe(&metric.label))
    });
    format!("  {}\n", numbers.collect::<Vec<_>>().join(" · "))
}

fn document(outcome: &SaveOutcome) -> Value {
    match outcome {
        SaveOutcome::Kept { id, provenance } => json!({
            "event": "day", "date": id.day, "edition": id.edition, "status": "kept", "provenance": provenance,
        }),
        SaveOutcome::Unchanged { id, redefined } => json!({
            "event": "day", "date": id.day, "edition": id.edition, "status": "unchanged", "redefined": redefined,
        }),
        SaveOutcome::Frozen(frozen) => json!({
            "event": "day",
            "date": frozen.id.day,
            "edition": frozen.id.edition,
            "status": "frozen",
            "provenance": frozen.provenance,
            "trigger": frozen.why.trigger(By::Save),
            "rows": frozen.rows,
            "differs_in": frozen.differences.as_ref().map(|found| &found.metrics),
            "groups_differ_in": frozen.differences.as_ref().map(|found| &found.groups_of),
            "notes": frozen.doc.events.values().flat_map(|events| &events.notes).collect::<Vec<_>>(),
            "warnings": frozen.warnings,
            "folder": frozen.folder.display().to_string(),
            "metrics": frozen.doc.metrics.iter().map(|(name, metric)| (name.clone(), json!(metric.figure.value)))
                .collect::<serde_json::Map<_, _>>(),
        }),
    }
}
