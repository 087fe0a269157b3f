//! `asof forecast`

use std::path::PathBuf;

use serde_json::json;

use super::context::Context;
use super::exit;
use super::failure::Failure;
use super::series::{Counter, Range, ahead, no_forecast, tell, write_page};
use crate::ops::documents;
use crate::ops::forecast::outlook;
use crate::ops::new_file;
use crate::view::terminal;

const EXAMPLES: &str = "\
Examples:
  asof forecast calls                     the next 14 days, each with an 80 % interval
  asof forecast calls --days 28 --json    for a program
  asof forecast video.views --growth      a counter of entities
  asof forecast calls --html calls.html   a page with what was and what is expected

It rests on the last year of frozen totals, at least 21 days. Each forecast is tried on the past,
and says so when the same weekday's value of the week before would have been the better guess.";

/// Say what a metric's next days will probably bring, and how far to trust that
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Forecast {
    /// The metric, by name
    #[arg(value_name = "METRIC")]
    metric: String,
    /// How many days
    #[arg(long, value_name = "DAYS", default_value = "14", value_parser = ahead)]
    days: usize,
    /// Write a page with a chart into this new file
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    #[command(flatten)]
    counter: Counter,
    #[command(flatten)]
    range: Range,
}

impl Forecast {
    /// Runs it.
    ///
    /// # Errors
    /// When there is no such metric, too little is known of it, or a file can't be written.
    pub fn run(self, context: &Context<'_>) -> Result<u8, Failure> {
        let (opened, series) = self.range.series(context, &self.metric, &self.counter.which(None))?;
        if let Some(path) = &self.html {
            new_file::check(path, opened.archive.dir())?;
        }
        let foreseen = outlook(&series.totals, self.days).map_err(no_forecast)?;
        for damaged in &series.totals.damaged {
            context.output.warn(damaged);
        }
        if let Some(path) = &self.html {
            let origin = opened.origin(context);
            write_page((&opened, &origin), &series, Some(&foreseen), path)?;
            tell(context, path);
        }
        let out = context.output;
        if out.json() {
            let mut document = documents::forecast::document(&foreseen);
            if let Some(object) = document.as_object_mut() {
                object.insert("archive".to_owned(), json!(opened.archive.id()));
                object.insert("metric".to_owned(), json!(series.metric));
                object.insert("label".to_owned(), json!(series.label));
                object.insert("unit".to_owned(), json!(series.unit));
            }
            out.document(&document);
        } else if self.html.is_none() {
            out.answer(&terminal::outlook(
                &foreseen,
                &series.label,
                series.unit.as_deref(),
                &out.options(false),
            ));
        }
        Ok(exit::DONE)
    }
}
