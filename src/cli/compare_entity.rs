//! `asof compare ENTITY KEY A B`: two snapshots of one entity, field by field.

use serde_json::{Map, Value, json};

use super::context::Context;
use super::exit;
use super::failure::Failure;
use super::history::{input, row_document, subject};
use super::place::Place;
use crate::calendar::Moment;
use crate::entities::computed::{Computed, SeenRow, computed};
use crate::model::entity::FieldValue;
use crate::ops::entities::history::{Histories, Timeline, TimelineRow};
use crate::ops::entities::pick::{RowName, pick};
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
        let histories = Histories {
            archive: &opened.archive,
            looks: &looks,
            subject: &subject,
            calendar: opened.calendar,
        };
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
            let shown = input(&timeline, &opened);
            context.output.answer(&terminal::history_pair(&shown, &context.output.options(true)));
        }
        Ok(exit::DONE)
    }
}

/// What numbers did from one row to another; trends are of rows in a row, and not told here.
fn between(timeline: &Timeline, from: &TimelineRow, to: &TimelineRow) -> Computed {
    let seen = [from, to].map(|row| SeenRow { taken: row.kept.day, at: row.kept.at, row: &row.kept.row });
    let mut told = computed(&timeline.numbers, &seen).pop().unwrap_or_else(|| to.computed.clone());
    for moved in told.moves.values_mut() {
        moved.trend = None;
    }
    told
}

fn document(timeline: &Timeline, a: &TimelineRow, b: &TimelineRow, moved: &Computed) -> Value {
    let field = |name: &String| {
        let value =
            |row: &TimelineRow| -> Option<FieldValue> { row.kept.row.fields.get(name).cloned().flatten() };
        let told = moved.moves.get(name);
        let mut field = json!({
            "a": value(a),
            "b": value(b),
            "same": a.kept.row.fields.get(name) == b.kept.row.fields.get(name),
        });
        if let (Some(told), Some(field)) = (told, field.as_object_mut()) {
            field.insert("change".to_owned(), json!(told.change));
            field.insert("percentage".to_owned(), json!(told.percentage));
            field.insert("is_significant".to_owned(), json!(told.is_significant));
        }
        (name.clone(), field)
    };
    let fields: Map<String, Value> = timeline.fields.keys().map(field).collect();
    json!({
        "entity": timeline.entity,
        "key": timeline.key,
        "label": timeline.label,
        "a": row_document(timeline, a),
        "b": row_document(timeline, b),
        "fields": fields,
        "is_significant_change": moved.is_significant,
    })
}
