//! `asof series`

use std::path::{Path, PathBuf};

use super::context::Context;
use super::exit;
use super::failure::Failure;
use super::output::print_lines;
use super::place::{Opened, Place};
use crate::analyze::forecast::NoForecast;
use crate::analyze::outlook::Outlook;
use crate::calendar::{DayName, Moment};
use crate::model::Day;
use crate::ops::entities::series::{self as entities, Known, Which};
use crate::ops::forecast::outlook;
use crate::ops::series::{Series, series};
use crate::ops::series_shown::input;
use crate::ops::{documents, new_file, series_table};
use crate::view::terminal;
use crate::view::{Origin, SeriesPage};

/// How many members are columns when nothing else is said.
const TOP: usize = 8;

/// How many days can be forecast at most.
const MOST_AHEAD: i64 = 90;

const EXAMPLES: &str = "\
Examples:
  asof series calls                           every frozen day
  asof series calls --last 90d                the 90 days that end with the newest frozen one
  asof series sales --by campaign --top 5     the five largest campaigns beside the total
  asof series calls --html calls.html --forecast 14
  asof series calls --csv > calls.csv         for a spreadsheet; --parquet FILE for programs
  asof series video.views --growth --by user_id    a counter of entities, by group; or --key ID
  asof series calls --as-of 2025-12-01T09:00        as it was known then

Of each day the latest edition counts. Totals come from the ledger, so years are quick; --by opens
each day. A day that nobody froze stays a gap.";

/// Show a metric day by day, with gaps, editions and what changed
#[derive(Debug, clap::Args)]
#[command(name = "series", after_help = EXAMPLES)]
pub struct SeriesCommand {
    /// The metric, by name
    #[arg(value_name = "METRIC")]
    metric: String,
    #[command(flatten)]
    range: Range,
    #[command(flatten)]
    counter: Counter,
    /// Show the members of this dimension as columns; of a counter of entities, the values of this field
    #[arg(long, value_name = "DIMENSION", conflicts_with = "key")]
    by: Option<String>,
    /// How many members, those with the largest sums
    #[arg(long, value_name = "COUNT", requires = "by", value_parser = clap::value_parser!(u16).range(1..))]
    top: Option<u16>,
    /// Show every member
    #[arg(long, requires = "by", conflicts_with = "top")]
    all: bool,
    /// Write a page with a chart into this new file
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Put a forecast of so many days on the page
    #[arg(long, value_name = "DAYS", requires = "html", value_parser = ahead)]
    forecast: Option<usize>,
    /// Print the days as CSV
    #[arg(long, conflicts_with = "json")]
    csv: bool,
    /// Write the days into this new Parquet file
    #[arg(long, value_name = "FILE")]
    parquet: Option<PathBuf>,
}

/// What is told of a counter of entities.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Counter {
    /// Of a counter of entities: how much it grew since the day before
    #[arg(long)]
    growth: bool,
    /// Of a counter of entities: only the one of this key
    #[arg(long, value_name = "ID")]
    key: Option<String>,
}

impl Counter {
    /// As it is asked for, by the values of a field.
    pub(super) fn which(&self, by: Option<(String, Option<usize>)>) -> Which {
        Which { growth: self.growth, key: self.key.clone(), by }
    }
}

/// Which days, of which archive, and as of when.
#[derive(Clone, Debug, clap::Args)]
pub(super) struct Range {
    /// The first day
    #[arg(long, value_name = "DATE", allow_hyphen_values = true)]
    from: Option<DayName>,
    /// The last day
    #[arg(long, value_name = "DATE", allow_hyphen_values = true)]
    to: Option<DayName>,
    /// So many days that end with the newest frozen one: 90d
    #[arg(long, value_name = "DAYS", conflicts_with_all = ["from", "to"], value_parser = last)]
    last: Option<i64>,
    /// As the archive was then: 2025-12-01T09:00, with an offset, or a date for its end
    #[arg(long, value_name = "TIME")]
    as_of: Option<Moment>,
    #[command(flatten)]
    place: Place,
}

fn last(text: &str) -> Result<i64, String> {
    let days = text.strip_suffix('d').filter(|days| days.bytes().all(|b| b.is_ascii_digit()));
    let days = days.and_then(|days| days.parse().ok()).filter(|days| (1..=36_600).contains(days));
    days.ok_or_else(|| "write a number of days such as 90d".to_owned())
}

/// A number of days to forecast.
pub(super) fn ahead(text: &str) -> Result<usize, String> {
    let days = text.strip_suffix('d').unwrap_or(text).parse::<i64>().ok();
    let days =
        days.filter(|days| (1..=MOST_AHEAD).contains(days)).and_then(|days| usize::try_from(days).ok());
    days.ok_or_else(|| format!("write a number of days from 1 to {MOST_AHEAD}"))
}

impl Range {
    /// Opens the archive and takes a metric's days out of it.
    pub(super) fn series(
        &self,
        context: &Context<'_>,
        metric: &str,
        which: &Which,
    ) -> Result<(Opened, Series), Failure> {
        let opened = self.place.open(context, self.as_of)?;
        if let Some(series) = self.of_counter(&opened, metric, which)? {
            return Ok((opened, series));
        }
        if which.growth || which.key.is_some() {
            let hint = "name one as ENTITY.COUNTER, such as video.views".to_owned();
            return Err(Failure::said(
                exit::USAGE,
                format!("{metric:?} is no counter of entities"),
                Some(hint),
            ));
        }
        let newest = opened.history.days().next_back().map(|(day, _)| day);
        let range = self.days(&opened, newest)?;
        let presentation = opened.config.as_ref().map(|config| &config.presentation);
        let series = series((&opened.archive, &opened.history), presentation, metric, range)?;
        Ok((opened, series))
    }

    /// The series of a counter of entities; `None` where there are no entities of that name.
    fn of_counter(&self, opened: &Opened, metric: &str, which: &Which) -> Result<Option<Series>, Failure> {
        let Some((name, counter)) = entities::parts(metric) else { return Ok(None) };
        let looks = opened.archive.looks(opened.as_of)?.remove(name).unwrap_or_default();
        let configured = opened.config.as_ref().and_then(|config| config.entities.get(name));
        let newest = looks.looks.last_key_value().map(|(day, line)| (*day, line.doc.definition));
        let def = match (configured, newest) {
            (Some(entity), _) => entity.def.clone(),
            (None, Some((_, definition))) => opened.archive.entity_definition(definition)?,
            (None, None) => return Ok(None),
        };
        let range = self.days(opened, newest.map(|(day, _)| day))?;
        let known = Known { archive: &opened.archive, name, def: &def, looks: &looks, only: None };
        Ok(Some(entities::series(known, counter, which, range)?))
    }

    fn days(&self, opened: &Opened, newest: Option<Day>) -> Result<(Option<Day>, Option<Day>), Failure> {
        let usage = |message: String, hint: &str| Failure::said(exit::USAGE, message, Some(hint.to_owned()));
        let day = |name: Option<DayName>| {
            let Some(name) = name else { return Ok(None) };
            let beyond = || usage(format!("{name} lies before the calendar begins"), "name a later day");
            name.resolve(opened.today).map(Some).ok_or_else(beyond)
        };
        let (from, to) = (day(self.from)?, day(self.to)?);
        if let (Some(from), Some(to)) = (from, to)
            && from > to
        {
            let message = format!("the range from {from} to {to} runs backwards");
            return Err(usage(message, "let --from be the earlier day"));
        }
        Ok(match (self.last, newest) {
            (Some(last), Some(newest)) => (newest.checked_add(1 - last), Some(newest)),
            _ => (from, to),
        })
    }
}

impl SeriesCommand {
    /// Runs it.
    ///
    /// # Errors
    /// When there is no such metric or day, the archive can't be read, or a file can't be written.
    pub fn run(self, context: &Context<'_>) -> Result<u8, Failure> {
        let top = (!self.all).then(|| self.top.map_or(TOP, usize::from));
        let by = self.by.clone().map(|by| (by, top));
        let (opened, mut series) = self.range.series(context, &self.metric, &self.counter.which(by))?;
        for path in self.html.iter().chain(&self.parquet) {
            new_file::check(path, opened.archive.dir())?;
        }
        if let (Some(dimension), None) = (&self.by, &series.split) {
            series.split((&opened.archive, &opened.history), dimension, top)?;
        }
        let foreseen = self.forecast.map(|days| outlook(&series.totals, days));
        let foreseen = foreseen.transpose().map_err(no_forecast)?;
        let out = context.output;
        let table =
            (self.csv || self.parquet.is_some()).then(|| series_table::table(&opened.archive, &series));
        if let (Some(path), Some(table)) = (&self.parquet, &table) {
            let bytes = series_table::parquet(table).map_err(|error| {
                let hint = error.hint();
                Failure::new(exit::FAILED, error, hint)
            })?;
            write(&opened, path, &bytes)?;
        }
        if let Some(path) = &self.html {
            let origin = opened.origin(context);
            write_page((&opened, &origin), &series, foreseen.as_ref(), path)?;
        }
        // What is printed for a program holds nothing else.
        if !self.csv {
            self.parquet.iter().chain(&self.html).for_each(|path| tell(context, path));
        }
        if let (true, Some(table)) = (self.csv, &table) {
            for remark in &series.totals.damaged {
                out.warn(remark);
            }
            let csv = series_table::csv(table).map_err(|error| Failure::new(exit::FAILED, error, None))?;
            print_lines(&String::from_utf8_lossy(&csv));
        } else if out.json() {
            let mut document = documents::series::document(&opened.archive.id(), &series);
            if let (Some(foreseen), Some(object)) = (&foreseen, document.as_object_mut()) {
                object.insert("forecast".to_owned(), documents::forecast::document(foreseen));
            }
            out.document(&document);
        } else if self.html.is_none() && self.parquet.is_none() {
            out.answer(&terminal::series(&input(&series, None, true), &out.options(self.all)));
        }
        Ok(exit::DONE)
    }
}

/// Writes the page of a series.
pub(super) fn write_page(
    (opened, origin): (&Opened, &Origin),
    series: &Series,
    foreseen: Option<&Outlook>,
    path: &Path,
) -> Result<(), Failure> {
    let page = SeriesPage::new(&input(series, foreseen, true), origin).to_bytes();
    let page = page.map_err(|error| {
        let hint = "this is a mistake in asof: please report it".to_owned();
        Failure::new(exit::FAILED, anyhow::Error::new(error).context("the page can't be written"), Some(hint))
    })?;
    write(opened, path, &page)
}

/// Tells which file was written, where standard output is for people.
pub(super) fn tell(context: &Context<'_>, path: &Path) {
    if !context.output.json() {
        context.output.answer(&format!("{}\n", crate::view::text::safe(&path.display().to_string())));
    }
}

fn write(opened: &Opened, path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    new_file::write(path, opened.archive.dir(), bytes)?;
    Ok(())
}

/// That there is no forecast, as a failure.
pub(super) fn no_forecast(error: NoForecast) -> Failure {
    let hint = match error {
        NoForecast::TooFew { .. } | NoForecast::TooManyGaps { .. } => {
            "asof backfill freezes earlier days; provisional days and days of another definition don't count"
        }
        NoForecast::NoModel => "asof series shows the numbers",
    };
    Failure::new(exit::FAILED, error, Some(hint.to_owned()))
}
