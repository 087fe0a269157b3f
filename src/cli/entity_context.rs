//! `asof context`

use std::time::Duration;

use super::context::{Context, block_on, env};
use super::exit;
use super::failure::Failure;
use super::history::subject;
use super::place::{Opened, Place};
use super::progress::TerminalProgress;
use crate::archive::ArchiveError;
use crate::calendar::Moment;
use crate::config::{Config, EntitySettings};
use crate::model::entity::CaptureType;
use crate::ops::documents::context::document;
use crate::ops::entities::capture::{CaptureRequest, capture};
use crate::ops::entities::context::{ContextRequest, Gathered, Referenced, gather, texts};
use crate::ops::entities::history::HistoryError;
use crate::ops::entities::look::LookRequest;
use crate::ops::entities::told::{input, texts_input};
use crate::view::entity_context::{ContextInput, text};

const EXAMPLES: &str = "\
Examples:
  asof context account 5                                       what is known of it, as text
  asof context account 5 --question \"How was it last month?\"   with the snapshots of that month
  asof context account 5 --history --max-tokens 8000           with all of its snapshots
  asof context account 5 --no-capture                          only what the archive has

Numbers are exact, and what is unknown is said to be so. Texts that it refers to are asked for by the
ids that the snapshot holds and marked as what others wrote. A token is counted for every 3 bytes,
which is more than models make of most text. Where no snapshot exists one is captured, as rag_auto.";

/// Tell what is known of an entity, as text for a language model
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct ContextCommand {
    /// What it is one of
    #[arg(value_name = "ENTITY")]
    entity: String,
    /// Its key, or its label if only one is called so
    #[arg(value_name = "KEY")]
    key: String,
    /// What somebody wants to know: the snapshots of the times that it speaks of are told
    #[arg(long, value_name = "TEXT")]
    question: Option<String>,
    /// Tell all of its snapshots
    #[arg(long)]
    history: bool,
    /// No more tokens than this, one for every 3 bytes
    #[arg(long, value_name = "N", default_value_t = 4000, value_parser = clap::value_parser!(u32).range(200..=1_000_000))]
    max_tokens: u32,
    /// Capture nothing where there is no snapshot
    #[arg(long)]
    no_capture: bool,
    /// As the archive was then: 2025-11-08T09:00, with an offset, or a date for its end
    #[arg(long, value_name = "TIME", conflicts_with = "archive")]
    as_of: Option<Moment>,
    #[command(flatten)]
    place: Place,
}

impl ContextCommand {
    /// Runs it.
    ///
    /// # Errors
    /// When there is no such entity or more than one, the archive can't be read, or a capture is needed and
    /// fails.
    pub fn run(self, context: &Context<'_>) -> Result<u8, Failure> {
        let mut captured = false;
        let (opened, gathered) = match self.gather(context) {
            Ok(found) => found,
            Err(Missing::Failed(failure)) => return Err(failure),
            Err(Missing::Nothing(failure)) => {
                if self.no_capture || self.as_of.is_some() {
                    return Err(failure);
                }
                self.capture(context)?;
                captured = true;
                self.gather(context).map_err(|missing| match missing {
                    Missing::Nothing(failure) | Missing::Failed(failure) => failure,
                })?
            }
        };
        let referenced = self.texts(context, &opened, &gathered)?;
        if let Some(Err(why)) = &referenced {
            context.output.warn(&format!("texts could not be read from the source: {why}"));
        }
        let timeline = &gathered.timeline;
        let told = ContextInput {
            history: input(timeline, opened.calendar.zone()),
            digest: gathered.digest.map(|digest| digest.to_string()),
            asked: &gathered.asked,
            all: self.history,
            texts: referenced
                .map(|read| read.map(|(all, at)| (all.into_iter().map(texts_input).collect(), at))),
            most_tokens: usize::try_from(self.max_tokens).unwrap_or(usize::MAX),
        };
        let (text, left_out) = text(&told);
        if context.output.json() {
            let most = self.max_tokens;
            context.output.document(&document(&gathered, captured, most, (&text, left_out)));
        } else {
            context.output.answer(&text);
        }
        Ok(exit::DONE)
    }

    fn gather(&self, context: &Context<'_>) -> Result<(Opened, Gathered), Missing> {
        let opened = self.place.open(context, self.as_of)?;
        let (subject, looks) = subject(&opened, &self.entity)?;
        let histories = opened.histories(&looks, &subject);
        let request = ContextRequest {
            wanted: &self.key,
            question: self.question.as_deref(),
            all: self.history,
            today: opened.today,
        };
        let gathered = gather(&histories, &request).map_err(|error| match error {
            error @ (HistoryError::Unknown { .. } | HistoryError::Thinned { .. }) => {
                Missing::Nothing(error.into())
            }
            error => Missing::Failed(error.into()),
        })?;
        Ok((opened, gathered))
    }

    /// Captures the entity, if the source has it.
    fn capture(&self, context: &Context<'_>) -> Result<(), Failure> {
        let config = context.config()?;
        let (name, entity) = super::growth::chosen(&config.entities, Some(&self.entity))?;
        let asked = CaptureRequest {
            keys: Some(vec![self.key.clone()]),
            reason: Some("there was no snapshot when a context was asked for".to_owned()),
            if_missing: true,
            ..CaptureRequest::of(CaptureType::RagAuto)
        };
        let now = || context.now();
        let request = LookRequest { env: &env, now: &now, retry_for: Duration::ZERO, wait: WAIT };
        let progress = TerminalProgress::new(context.output);
        let outcome = block_on(capture(&config, name, entity, &asked, &request, &progress));
        progress.clear();
        outcome??;
        Ok(())
    }

    /// The texts that the newest row refers to; `None` where there are none to ask for.
    fn texts(
        &self,
        context: &Context<'_>,
        opened: &Opened,
        gathered: &Gathered,
    ) -> Result<Option<Read>, Failure> {
        let entity: Option<(&Config, &EntitySettings)> =
            opened.config.as_ref().and_then(|config| Some((config, config.entities.get(&self.entity)?)));
        let (Some((config, entity)), Some(newest)) = (entity, gathered.timeline.rows.last()) else {
            return Ok(None);
        };
        if entity.references.is_empty() {
            return Ok(None);
        }
        let now = || context.now();
        let request = LookRequest { env: &env, now: &now, retry_for: Duration::ZERO, wait: WAIT };
        let read = block_on(texts(config, entity, &newest.kept.row, &request))?;
        Ok(Some(read.map_err(|error| error.to_string())))
    }
}

/// How long the archive's lock is waited for.
const WAIT: Duration = Duration::from_mins(1);

type Read = Result<(Vec<Referenced>, chrono::DateTime<chrono::Utc>), String>;

/// Why there is nothing to tell.
enum Missing {
    /// There is no snapshot: a capture may help.
    Nothing(Failure),
    /// Something else.
    Failed(Failure),
}

impl From<Failure> for Missing {
    fn from(failure: Failure) -> Self {
        let archive = failure.error.downcast_ref::<ArchiveError>();
        let missing = archive.is_some_and(|error| matches!(error, ArchiveError::Missing { .. }));
        if missing { Self::Nothing(failure) } else { Self::Failed(failure) }
    }
}
