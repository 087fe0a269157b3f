//! `asof history`

use std::path::PathBuf;

use chrono::Months;

use super::context::Context;
use super::exit;
use super::failure::Failure;
use super::output::print;
use super::place::{Opened, Place};
use crate::archive::Looks;
use crate::calendar::Moment;
use crate::model::Day;
use crate::ops::documents::history::{csv, document};
use crate::ops::entities::history::Subject;
use crate::ops::entities::told::input;
use crate::ops::new_file;
use crate::view::HistoryPage;
use crate::view::terminal;
use crate::view::text::safe;

const EXAMPLES: &str = "\
Examples:
  asof history account 5                     every row that was kept of it, oldest first
  asof history account 'Acme Corp'           by its label, if only one is called so
  asof history account 5 --months 3          the last three months
  asof history account 5 --csv > acme.csv    for a spreadsheet
  asof history account 5 --html acme.html    a page with charts

Of each row it tells what is other than in the row before. Days between two rows are counted by the
business days in which they were taken; a field that was not read then is null, and said to be so.";

/// Show one entity through time
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct HistoryCommand {
    /// What it is one of
    #[arg(value_name = "ENTITY")]
    entity: String,
    /// Its key, or its label if only one is called so
    #[arg(value_name = "KEY")]
    key: String,
    /// Only the rows of the last so many months
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=12_000))]
    months: Option<u32>,
    /// Print the rows as CSV
    #[arg(long, conflicts_with = "json")]
    csv: bool,
    /// Write a page with charts into this new file
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// As the archive was then: 2025-11-08T09:00, with an offset, or a date for its end
    #[arg(long, value_name = "TIME")]
    as_of: Option<Moment>,
    #[command(flatten)]
    place: Place,
}

/// The entities of this name in an archive, and what it holds of them.
///
/// # Errors
/// When the configuration has none of that name; without one, when the archive has none.
pub(super) fn subject(opened: &Opened, name: &str) -> Result<(Subject, Looks), Failure> {
    let mut all = opened.archive.looks(opened.as_of)?;
    let looks = all.remove(name).unwrap_or_default();
    if let Some(config) = &opened.config {
        let (name, entity) = super::growth::chosen(&config.entities, Some(name))?;
        return Ok((Subject::new(name, entity), looks));
    }
    Subject::of_archive(&opened.archive, name, &looks)?.map(|subject| (subject, looks)).ok_or_else(|| {
        let known: Vec<String> = all.into_keys().collect();
        let hint = (!known.is_empty()).then(|| format!("there are {}", known.join(", ")));
        Failure::said(exit::USAGE, format!("the archive holds no {name:?}"), hint)
    })
}

impl HistoryCommand {
    /// Runs it.
    ///
    /// # Errors
    /// When there is no such entity or more than one, the archive can't be read, or the page can't be written.
    pub fn run(self, context: &Context<'_>) -> Result<u8, Failure> {
        let opened = self.place.open(context, self.as_of)?;
        if let Some(path) = &self.html {
            new_file::check(path, opened.archive.dir())?;
        }
        let (subject, looks) = subject(&opened, &self.entity)?;
        let histories = opened.histories(&looks, &subject);
        let from = self.months.and_then(|months| months_back(opened.today, months));
        let timeline = histories.timeline(&self.key, from)?;
        let out = context.output;
        if let Some(path) = &self.html {
            let page = HistoryPage::new(&input(&timeline, opened.calendar.zone()), &opened.origin(context))
                .to_bytes();
            let page = page.map_err(|error| {
                let hint = "this is a mistake in asof: please report it".to_owned();
                Failure::new(exit::FAILED, error, Some(hint))
            })?;
            new_file::write(path, opened.archive.dir(), &page)?;
            out.report(&format!("wrote {}\n", safe(&path.display().to_string())));
        }
        if self.csv {
            let csv = csv(&timeline).map_err(|error| Failure::new(exit::FAILED, error, None))?;
            print(&String::from_utf8_lossy(&csv));
        } else if out.json() {
            out.document(&document(&timeline));
        } else if self.html.is_none() {
            out.answer(&terminal::history(&input(&timeline, opened.calendar.zone()), &out.options(true)));
        }
        Ok(exit::DONE)
    }
}

/// The day so many months before another.
pub(super) fn months_back(today: Day, months: u32) -> Option<Day> {
    today.date().checked_sub_months(Months::new(months)).and_then(Day::new)
}
