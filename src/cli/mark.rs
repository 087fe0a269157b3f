//! `asof label`, `asof note` and `asof pin`

use std::time::Duration;

use serde_json::json;

use super::context::Context;
use super::exit;
use super::failure::Failure;
use super::save::span;
use crate::ops::mark::{MarkError, Wish, mark};
use crate::ops::when::When;

const LABEL_EXAMPLES: &str = "\
Examples:
  asof label 2025-11-06 audit            the day is labelled
  asof label 2025-11-06 audit --remove   and no longer is

A label changes none of the day's files; the ledger keeps it. Days with a label are kept whole by
asof prune, unless keep_labels under [retention] names others.";

const NOTE_EXAMPLES: &str = "\
Examples:
  asof note 2025-11-06 'the dialer was down from 10 to 12'
  asof note yesterday 'campaign EASTSIDE began'

A note is never changed or removed: what was known of a day stays known.";

const PIN_EXAMPLES: &str = "\
Examples:
  asof pin 2025-11-06            asof prune leaves the day whole
  asof pin 2025-11-06 --remove   it follows [retention] again";

/// Give a frozen day a label
#[derive(Debug, clap::Args)]
#[command(after_help = LABEL_EXAMPLES)]
pub struct Label {
    /// The day: 2025-11-06, latest, yesterday, -7d
    #[arg(value_name = "DATE", allow_hyphen_values = true)]
    day: When,
    /// The label, of at most 200 characters
    #[arg(value_name = "TEXT")]
    text: String,
    /// Take the label away
    #[arg(long)]
    remove: bool,
    /// How long the archive's lock is waited for
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = span)]
    wait: Duration,
}

/// Note something about a frozen day
#[derive(Debug, clap::Args)]
#[command(after_help = NOTE_EXAMPLES)]
pub struct Note {
    /// The day: 2025-11-06, latest, yesterday, -7d
    #[arg(value_name = "DATE", allow_hyphen_values = true)]
    day: When,
    /// The remark, of at most 2,000 characters
    #[arg(value_name = "TEXT")]
    text: String,
    /// How long the archive's lock is waited for
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = span)]
    wait: Duration,
}

/// Keep a frozen day whole, whatever the retention says
#[derive(Debug, clap::Args)]
#[command(after_help = PIN_EXAMPLES)]
pub struct Pin {
    /// The day: 2025-11-06, latest, yesterday, -7d
    #[arg(value_name = "DATE", allow_hyphen_values = true)]
    day: When,
    /// Let it follow the retention again
    #[arg(long)]
    remove: bool,
    /// How long the archive's lock is waited for
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = span)]
    wait: Duration,
}

impl Label {
    /// Runs it.
    ///
    /// # Errors
    /// When there is no such day, the label can't be taken, or the archive refuses.
    pub fn run(self, context: &Context<'_>) -> Result<u8, Failure> {
        say(context, self.day, Wish::Label(self.text, !self.remove), self.wait)
    }
}

impl Note {
    /// Runs it.
    ///
    /// # Errors
    /// When there is no such day, the text can't be taken, or the archive refuses.
    pub fn run(self, context: &Context<'_>) -> Result<u8, Failure> {
        say(context, self.day, Wish::Note(self.text), self.wait)
    }
}

impl Pin {
    /// Runs it.
    ///
    /// # Errors
    /// When there is no such day, or the archive refuses.
    pub fn run(self, context: &Context<'_>) -> Result<u8, Failure> {
        say(context, self.day, Wish::Pin(!self.remove), self.wait)
    }
}

fn say(context: &Context<'_>, when: When, wish: Wish, wait: Duration) -> Result<u8, Failure> {
    let config = context.config()?;
    let said = match &wish {
        Wish::Label(label, true) => format!("has the label {:?}", label.trim()),
        Wish::Label(label, false) => format!("does not have the label {:?}", label.trim()),
        Wish::Note(_) => "has one note more".to_owned(),
        Wish::Pin(true) => "is pinned".to_owned(),
        Wish::Pin(false) => "is not pinned".to_owned(),
    };
    let marking = mark(&config, when, wish, context.today(&config)?, wait, context.now())?;
    if context.output.json() {
        context.output.document(&json!({ "date": marking.day, "changed": marking.changed }));
    }
    let already = if marking.changed { "" } else { " already" };
    context.output.report(&format!("{} {said}{already}\n", marking.day));
    if let Some(warning) = &marking.warning {
        context.output.warn(warning);
    }
    Ok(exit::DONE)
}

impl From<MarkError> for Failure {
    fn from(error: MarkError) -> Self {
        let hint = error.hint();
        match error {
            MarkError::NotFound(error) => error.into(),
            MarkError::Archive(error) => error.into(),
            error => Self::new(exit::USAGE, error, hint),
        }
    }
}
