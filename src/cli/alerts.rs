//! `asof alerts`

use serde_json::Value;

use super::context::{Context, env};
use super::exit;
use super::failure::Failure;
use super::telling;
use crate::calendar::DayName;
use crate::ops::alerts::few::Few;
use crate::ops::alerts::shown::rows;
use crate::ops::alerts::state::{self, StateFile};
use crate::ops::alerts::tell::{Teller, Told};
use crate::ops::alerts::{self, Judgement, document};
use crate::ops::when::{self, NotFound, When, WhichDay, find_latest};
use crate::view::terminal;

const EXAMPLES: &str = "\
Examples:
  asof alerts                  what the newest day is to be told of; nothing is sent
  asof alerts 2025-11-06       the same for another day
  asof alerts --send           send what is news to the sinks, as a save does
  asof alerts --dry-run        show what would be sent
  asof alerts -v               every member, where an alert has more than 20
  asof alerts --json           for programs

A day that is over and not frozen is an alert of its own, missing_day. An alert is sent once, and again only after it has cleared. What was sent is kept in
alerts.json beside the configuration. The exit code is 4 when an alert fires.";

/// The newest frozen day.
const LATEST: When = When { day: WhichDay::Latest { before: 0 }, edition: None };

/// Judge a day by the alerts of the configuration
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Alerts {
    /// The day; the newest that is not provisional when none is named
    #[arg(value_name = "WHEN", allow_hyphen_values = true)]
    when: Option<When>,
    /// Send what is news to the sinks
    #[arg(long)]
    send: bool,
    /// Show what would be sent, and send nothing
    #[arg(long, conflicts_with = "send")]
    dry_run: bool,
}

impl Alerts {
    /// Runs it.
    ///
    /// # Errors
    /// When there is no such day, the archive can't be read, or it can't be known what was sent.
    pub fn run(self, context: &Context<'_>) -> Result<u8, Failure> {
        let config = context.config()?;
        if self.when.is_some_and(|when| when.edition.is_some()) {
            let hint = "name the day alone".to_owned();
            let message = "alerts are judged by a day's latest edition";
            return Err(Failure::said(exit::USAGE, message, Some(hint)));
        }
        if config.alerts.is_empty() {
            let hint = "add [alerts.NAME] to the configuration".to_owned();
            return Err(Failure::said(exit::USAGE, "the configuration has no alerts", Some(hint)));
        }
        let (archive, history) = when::open(&config.archive.dir)?;
        let day = match (self.when, alerts::newest(&history)) {
            (None, Some(day)) => day,
            (Some(When { day: WhichDay::Named(name), .. }), _) => {
                let today = context.today(&config)?;
                name.resolve(today).ok_or_else(|| NotFound::BeforeCalendar(self.when.unwrap_or(LATEST)))?
            }
            (named, _) => find_latest(&history, named.unwrap_or(LATEST), context.today(&config)?)?.line.date,
        };
        let judged = alerts::evaluate(&archive, &history, &config, day, Some(context.now()))?;
        let Some(judgement) = judged else {
            let named = When { day: WhichDay::Named(DayName::Date(day)), edition: None };
            find_latest(&history, named, day)?;
            return Err(Failure::said(exit::FAILED, format!("the folders of {day} are missing"), None));
        };
        for damage in &judgement.damaged {
            context.output.warn(damage);
        }
        let folder = telling::absolute(archive.dir());
        let teller = Teller { config: &config, archive: &archive, history: &history, folder: &folder };
        let about = document::About { folder: &folder, tenant: config.tenant.as_deref() };
        let path = state::path_beside(context.config_path(), context.tenant());
        let told = if self.send {
            Some(teller.tell(judgement.clone(), &StateFile::lock(path)?, &env)?)
        } else if self.dry_run {
            Some(teller.rehearse(&judgement, &state::read(&path)?))
        } else {
            None
        };
        if let Some(told) = &told {
            telling::failures(context, told);
        }
        if context.output.json() {
            context.output.document(&as_document(&judgement, about, told.as_ref()));
        } else {
            let few = if context.output.verbose() {
                Few::all(&judgement.judged)
            } else {
                Few::of(&judgement.judged)
            };
            let table =
                terminal::alerts(&rows(&few, &judgement, &config, &archive), &context.output.options(false));
            let more = few.more.iter().map(|(name, more)| format!("{more} more of {name}; -v shows all\n"));
            let more: String = more.collect();
            let sent = told.as_ref().map_or_else(String::new, telling::sent);
            let id = judgement.line.as_ref().map_or_else(|| day.to_string(), |line| line.id().to_string());
            context.output.answer(&format!("{id}\n{table}{more}{sent}"));
        }
        Ok(if judgement.firing().next().is_some() { exit::FINDINGS } else { exit::DONE })
    }
}

fn as_document(judgement: &Judgement, about: document::About<'_>, told: Option<&Told>) -> Value {
    let mut document = document::message(judgement, about, &Few::all(&judgement.judged));
    if let (Value::Object(fields), Some(told)) = (&mut document, told) {
        let sinks = told.messages.iter().map(telling::of_message);
        fields.insert("sinks".to_owned(), sinks.collect());
    }
    document
}
