//! `asof list ENTITY`: which of them moved.

use super::context::Context;
use super::exit;
use super::failure::Failure;
use super::history::subject;
use super::place::Opened;
use crate::calendar::{DayName, DayNameError};
use crate::config::duration;
use crate::ops::documents::moved::document;
use crate::ops::entities::history::Timeline;
use crate::ops::entities::moved::{Way, moved_since};
use crate::ops::entities::told::input;
use crate::view::history::MovedInput;
use crate::view::terminal;
use chrono::TimeDelta;

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
        let histories = opened.histories(&looks, &subject);
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
        if context.output.json() {
            context.output.document(&document(name, way, since, &told));
        } else {
            let one = |(timeline, fields): &(Timeline, Vec<String>)| {
                let shown = input(timeline, opened.calendar.zone());
                (shown.heading(), shown.lines_of(fields))
            };
            let shown = MovedInput {
                heading: format!("{name} that {} since {since}", way.word()),
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
