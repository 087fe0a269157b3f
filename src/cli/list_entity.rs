//! `asof list ENTITY`: which of them moved.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::context::Context;
use super::exit;
use super::failure::Failure;
use super::history::{input, moved as move_document, subject};
use super::place::Opened;
use crate::calendar::{DayName, DayNameError};
use crate::config::duration;
use crate::model::Day;
use crate::ops::entities::history::{Histories, Timeline};
use crate::ops::entities::moved::{MovedSince, Way, moved_since};
use crate::view::history::MovedInput;
use crate::view::terminal;

/// What is asked for of entities.
#[derive(Clone, Debug, clap::Args)]
pub struct Moved {
    /// List entities of this kind that moved, and not days
    #[arg(value_name = "ENTITY")]
    pub entity: Option<String>,
    /// Those of which a field is another
    #[arg(long, requires = "entity", conflicts_with_all = ["improved", "declined"])]
    changed: bool,
    /// Those of which a number moved the way that is good, beyond its trend's threshold
    #[arg(long, requires = "entity", conflicts_with = "declined")]
    improved: bool,
    /// Those of which one moved the other way
    #[arg(long, requires = "entity")]
    declined: bool,
    /// Since this day, or so many days ago: 7d when left out
    #[arg(long, value_name = "DAY", requires = "entity", allow_hyphen_values = true, value_parser = since)]
    since: Option<DayName>,
}

/// Reads `7d` as `-7d`, and else the name of a day.
fn since(text: &str) -> Result<DayName, DayNameError> {
    if duration::parse(text).is_some_and(|span| TimeDelta::from_std(span).is_ok()) && text.ends_with('d') {
        return format!("-{text}").parse();
    }
    text.parse()
}

impl Moved {
    /// Lists them.
    ///
    /// # Errors
    /// When there are no such entities, or the archive can't be read.
    pub fn run(&self, name: &str, opened: &Opened, context: &Context<'_>) -> Result<u8, Failure> {
        let (subject, looks) = subject(opened, name)?;
        let histories = Histories {
            archive: &opened.archive,
            looks: &looks,
            subject: &subject,
            calendar: opened.calendar,
        };
        let way = match (self.improved, self.declined) {
            (true, _) => Way::Improved,
            (_, true) => Way::Declined,
            _ => Way::Changed,
        };
        let day = self.since.unwrap_or(DayName::DaysAgo(7));
        let since = day.resolve(opened.today).ok_or_else(|| {
            let hint = Some("name a later day".to_owned());
            Failure::said(exit::USAGE, format!("{day} lies before the calendar begins"), hint)
        })?;
        let told = moved_since(&histories, since, way)?;
        let word = match way {
            Way::Changed => "changed",
            Way::Improved => "improved",
            Way::Declined => "declined",
        };
        if context.output.json() {
            context.output.document(&document(name, word, since, &told));
        } else {
            let one = |(timeline, fields): &(Timeline, Vec<String>)| {
                let shown = input(timeline, opened);
                (shown.heading(), shown.lines_of(fields))
            };
            let shown = MovedInput {
                heading: format!("{name} that {word} since {since}"),
                entities: told.moved.iter().map(one).collect(),
                others: told.others,
                unknown: told.unknown,
                thinned: told.thinned.clone(),
            };
            context.output.answer(&terminal::moved(&shown, &context.output.options(true)));
        }
        Ok(exit::DONE)
    }
}

fn document(name: &str, word: &str, since: Day, told: &MovedSince) -> Value {
    let one = |(timeline, fields): &(Timeline, Vec<String>)| {
        let rows = timeline.rows.first().zip(timeline.rows.last());
        let side = |row: &crate::ops::entities::history::TimelineRow| {
            json!({
                "snapshot_id": row.kept.row.snapshot_id(),
                "date": row.kept.day,
                "captured_at": row.kept.at,
            })
        };
        let field = |field: &String| {
            let (older, newest) = rows?;
            let value = |row: &crate::ops::entities::history::TimelineRow| {
                row.kept.row.fields.get(field).cloned().flatten()
            };
            let mut told = json!({ "previous": value(older), "current": value(newest) });
            if let (Some(Value::Object(moved)), Some(told)) =
                (newest.computed.moves.get(field).map(move_document), told.as_object_mut())
            {
                let wanted = ["change", "percentage", "is_significant"];
                told.extend(moved.into_iter().filter(|(name, _)| wanted.contains(&name.as_str())));
            }
            Some((field.clone(), told))
        };
        json!({
            "key": timeline.key,
            "label": timeline.label,
            "previous": rows.map(|(older, _)| side(older)),
            "current": rows.map(|(_, newest)| side(newest)),
            "fields": fields.iter().filter_map(field).collect::<serde_json::Map<String, Value>>(),
        })
    };
    json!({
        "entity": name,
        "way": word,
        "since": since,
        "moved": told.moved.iter().map(one).collect::<Vec<_>>(),
        "others": told.others,
        "unknown": told.unknown,
        "thinned": told.thinned,
    })
}
