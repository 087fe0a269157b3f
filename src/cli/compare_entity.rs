//! `asof compare ENTITY KEY A B`: two snapshots of one entity, field by field.

use super::context::Context;
use super::exit;
use super::failure::Failure;
use super::history::subject;
use super::place::Place;
use crate::calendar::Moment;
use crate::ops::documents::snapshots::{between, document};
use crate::ops::entities::history::TimelineRow;
use crate::ops::entities::pick::{RowName, pick};
use crate::ops::entities::told::input;
use crate::view::terminal;

const EXAMPLES: &str = "\
Examples:
  asof compare account 5 latest latest~1       the newest snapshot against the one before
  asof compare account 5 2025-11-06 2025-10-30
  asof compare account 'Acme Corp' 5#12 5#3    by snapshot ids

Each difference is A less B. Of a day its last snapshot is taken.";

/// Hold two snapshots of one entity against each other
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct CompareEntity {
    /// What it is one of
    #[arg(value_name = "ENTITY")]
    entity: String,
    /// Its key, or its label if only one is called so
    #[arg(value_name = "KEY")]
    key: String,
    /// The snapshot: a date, latest, latest~1, -7d, or an id such as 5#3
    #[arg(value_name = "A", allow_hyphen_values = true)]
    a: RowName,
    /// What it is held against
    #[arg(value_name = "B", allow_hyphen_values = true)]
    b: RowName,
    /// As the archive was then: 2025-11-08T09:00, with an offset, or a date for its end
    #[arg(long, value_name = "TIME")]
    as_of: Option<Moment>,
    #[command(flatten)]
    place: Place,
}

impl CompareEntity {
    /// Runs it.
    ///
    /// # Errors
    /// When there is no such entity or snapshot, or the archive can't be read.
    pub fn run(self, context: &Context<'_>) -> Result<u8, Failure> {
        let opened = self.place.open(context, self.as_of)?;
        let (subject, looks) = subject(&opened, &self.entity)?;
        let histories = opened.histories(&looks, &subject);
        let mut timeline = histories.timeline(&self.key, None)?;
        let found = |name: &RowName| {
            pick(&timeline, name, opened.today).cloned().map_err(|error| {
                let hint = error.hint.clone();
                Failure::new(exit::FAILED, error, hint)
            })
        };
        let (a, b) = (found(&self.a)?, found(&self.b)?);
        let moved = between(&timeline, &b, &a);
        if context.output.json() {
            context.output.document(&document(&timeline, &a, &b, &moved));
        } else {
            // The one it is held against is the one before.
            timeline.rows = vec![b, TimelineRow { computed: moved, ..a }];
            let shown = input(&timeline, opened.calendar.zone());
            context.output.answer(&terminal::history_pair(&shown, &context.output.options(true)));
        }
        Ok(exit::DONE)
    }
}
