//! `asof capture`

use std::fmt::Write as _;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use super::context::{Context, block_on, env};
use super::exit;
use super::failure::Failure;
use super::growth::{chosen, pair};
use super::output::print;
use super::progress::TerminalProgress;
use super::save::span;
use super::tenants;
use crate::calendar::{Calendar, Moment};
use crate::config::{Config, EntitySettings};
use crate::model::entity::CaptureType;
use crate::ops::documents::capture::{document, seconds};
use crate::ops::entities::capture::{CaptureRequest, capture};
use crate::ops::entities::captured::{CaptureOutcome, Captured};
use crate::ops::entities::look::LookRequest;
use crate::view::format::count;
use crate::view::text::safe;

/// How far ahead a clock may be that says when something occurred.
const AHEAD: TimeDelta = TimeDelta::days(1);

const EXAMPLES: &str = "\
Examples:
  asof capture account --key 5 --reason \"before the renewal call\"
  asof capture account --where region=EMEA   those of one region
  asof capture account --event KPI_DATA_UPLOADED --key 5 --key 7
  asof capture account --key 5 --max-age 300s --json
  asof capture account --if-missing           those that were never seen
  asof capture account --if-changed --type scheduled   a poll: only what has changed

A capture keeps what entities are now, beside the daily looks. Captures of events (event_driven,
post_upload, post_health_calc) wait out the entity's cooldown after any row of the same key, of a
daily look too; manual, scheduled and rag_auto ones don't. Each row has an id: its key and the how
manieth row of that key it is, 5#12.

Exit codes: 0 done, also where nothing was to be kept; 1 the source failed, or had none of the keys;
5 it could not be reached; 6 the archive stayed locked.";

/// So many lines are shown of entities that were not named.
const SHOWN: usize = 50;
/// Lines for programs are written in pieces of this length.
const PIECE: usize = 1 << 16;

/// Keep what entities are now: by hand, on an event, or where something changed
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct CaptureCommand {
    /// Which entities
    #[arg(value_name = "ENTITY")]
    entity: String,
    /// Only the one of this key; may be given more than once
    #[arg(long = "key", value_name = "ID", allow_hyphen_values = true)]
    keys: Vec<String>,
    /// Only those whose field has this value; of a list, those that have it in it
    #[arg(long = "where", value_name = "FIELD=VALUE", value_parser = pair)]
    filters: Vec<(String, String)>,
    /// Its type.
    #[arg(
        long = "type",
        value_name = "TYPE",
        default_value = "manual",
        conflicts_with = "event",
        help = "Why: manual, scheduled, event_driven, post_upload, post_health_calc or rag_auto"
    )]
    kind: CaptureType,
    /// What happened, by its name under `on` of the configuration: it tells type and trigger
    #[arg(long, value_name = "NAME", conflicts_with = "trigger")]
    event: Option<String>,
    /// What caused it.
    #[arg(long, value_name = "WORD", help = "What caused it, such as kpi_data_uploaded")]
    trigger: Option<String>,
    /// Why, in your words
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Who asks
    #[arg(long, value_name = "USER")]
    actor: Option<String>,
    /// When that happened which caused it: 2025-11-06T10:15, in the calendar's zone, or with an offset
    #[arg(long, value_name = "TIME")]
    occurred_at: Option<Moment>,
    /// A row that is younger than this does as well
    #[arg(long, value_name = "TIME", value_parser = span)]
    max_age: Option<Duration>,
    /// Any row does as well
    #[arg(long)]
    if_missing: bool,
    /// Keep a row only where something happened since the last one, by the rules under `changes`
    #[arg(long)]
    if_changed: bool,
    /// How long connection trouble is retried
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = span)]
    retry_for: Duration,
    /// How long the archive's lock is waited for
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = span)]
    wait: Duration,
}

impl CaptureCommand {
    /// Runs it.
    ///
    /// # Errors
    /// When what is asked for is unknown, the source fails, or the archive can't be written.
    pub fn run(self, context: &Context<'_>) -> Result<u8, Failure> {
        if !self.keys.is_empty() {
            // A key is one tenant's; of another one it may be somebody else.
            return self.run_one(context, &context.config()?);
        }
        tenants::all(context, &|context, config| self.run_one(context, config))
    }

    /// That of one archive.
    fn run_one(&self, context: &Context<'_>, config: &Config) -> Result<u8, Failure> {
        let (name, entity) = chosen(&config.entities, Some(&self.entity))?;
        let calendar = Calendar::new(config.calendar);
        let asked = self.asked(name, entity, &calendar, context.now())?;
        let now = || context.now();
        let request = LookRequest { env: &env, now: &now, retry_for: self.retry_for, wait: self.wait };
        let progress = TerminalProgress::new(context.output);
        let outcome = block_on(capture(config, name, entity, &asked, &request, &progress))??;
        progress.clear();
        Ok(tell(context, name, &asked, &outcome))
    }

    fn asked(
        &self,
        name: &str,
        entity: &EntitySettings,
        calendar: &Calendar,
        now: DateTime<Utc>,
    ) -> Result<CaptureRequest, Failure> {
        let wrong = |message: String, hint: String| Failure::said(exit::USAGE, message, Some(hint));
        for (field, _) in &self.filters {
            if !entity.def.fields.contains_key(field) {
                let known: Vec<&str> = entity.def.fields.keys().map(String::as_str).collect();
                let hint = format!("there are {}", known.join(", "));
                return Err(wrong(format!("{field:?} is no field of {name}"), hint));
            }
        }
        if self.if_changed && entity.changes.is_empty() {
            let message = format!("nothing says what counts as a change of {name}");
            return Err(wrong(message, format!("add [entities.{name}.changes] to the configuration")));
        }
        let (mut kind, mut trigger) = (self.kind, self.trigger.clone());
        if let Some(event) = &self.event {
            let Some(of) = entity.on.get(event) else {
                let known: Vec<&str> = entity.on.keys().map(String::as_str).collect();
                let hint = if known.is_empty() {
                    format!("add on = {{ {event} = \"event_driven\" }} to [entities.{name}]")
                } else {
                    format!("there are {}", known.join(", "))
                };
                return Err(wrong(format!("{event:?} is no event of {name}"), hint));
            };
            (kind, trigger) = (*of, Some(event.to_lowercase()));
        }
        let occurred_at = self.occurred_at.map(|moment| {
            let hint = || "name a time within the years 1 to 9999".to_owned();
            moment.resolve(calendar).ok_or_else(|| wrong(format!("{moment} is beyond the calendar"), hint()))
        });
        let occurred_at = occurred_at.transpose()?;
        // Whoever says so may have a clock that is ahead.
        if let Some(at) = occurred_at
            && at > now.checked_add_signed(AHEAD).unwrap_or(now)
        {
            let hint = "look at the clock of whoever says so".to_owned();
            return Err(wrong(format!("what occurred at {} has yet to come", at.to_rfc3339()), hint));
        }
        Ok(CaptureRequest {
            keys: (!self.keys.is_empty()).then(|| self.keys.clone()),
            filters: self.filters.clone(),
            kind,
            trigger,
            reason: self.reason.clone(),
            actor: self.actor.clone(),
            occurred_at,
            max_age: self.max_age,
            if_missing: self.if_missing,
            if_changed: self.if_changed,
        })
    }
}

/// Tells what became of it; the exit code is that of keys of which the source had none.
fn tell(context: &Context<'_>, name: &str, asked: &CaptureRequest, outcome: &CaptureOutcome) -> u8 {
    let out = context.output;
    let now = context.now();
    let absent = outcome.each().filter(|(_, what)| *what == Captured::Absent).count();
    if out.json() {
        let mut text = String::new();
        for (key, what) in outcome.each() {
            let _ = writeln!(text, "{}", document(name, key, &what));
            if text.len() > PIECE {
                print(&text);
                text.clear();
            }
        }
        print(&text);
        out.document(&json!({
            "event": "summary",
            "entity": name,
            "type": asked.kind,
            "trigger": asked.trigger,
            "captured_at": outcome.captured_at,
            "captured": outcome.kept(),
            "absent": absent,
            "of": outcome.len(),
        }));
    } else {
        let most = if asked.keys.is_some() || out.verbose() { usize::MAX } else { SHOWN };
        for (key, _) in outcome.each().filter(|(_, what)| *what == Captured::Absent) {
            out.warn(&format!("{name} {} is not in the source", safe(key)));
        }
        let rest = || outcome.each().filter(|(_, what)| *what != Captured::Absent);
        for (key, what) in rest().take(most) {
            out.report(&format!("{}\n", line(key, &what, now)));
        }
        if rest().nth(most).is_some() {
            out.report(&format!("… and {} more; -v lists them all\n", count((rest().count() - most) as u64)));
        }
        if asked.keys.is_none() {
            let (kept, all) = (count(outcome.kept() as u64), count(outcome.len() as u64));
            out.report(&format!("captured {kept} of {all} {name}\n"));
        }
    }
    if absent > 0 && absent == outcome.len() { exit::FAILED } else { exit::DONE }
}

/// What became of one, on a line.
fn line(key: &str, what: &Captured, now: DateTime<Utc>) -> String {
    let key = safe(key);
    match what {
        Captured::Kept { id, label, changes } => {
            let label = label.as_ref().map(|label| format!(" {}", safe(label))).unwrap_or_default();
            let changes =
                if changes.is_empty() { String::new() } else { format!(": {}", changes.join(", ")) };
            format!("captured {}{label}{changes}", safe(&id.to_string()))
        }
        Captured::Cooldown { remaining, .. } => format!("{key} cooldown: {}s remaining", seconds(*remaining)),
        Captured::Existing { id, at } => {
            let age = now.signed_duration_since(*at).num_seconds().max(0);
            format!("{key} is there as {}, seen {} s ago", safe(&id.to_string()), count(age.unsigned_abs()))
        }
        Captured::Unchanged { id } => format!("{key} unchanged since {}", safe(&id.to_string())),
        Captured::Other => format!("{key} is not among those of --where"),
        Captured::Absent => format!("{key} is not in the source"),
    }
}
