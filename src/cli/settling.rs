//! `asof settling`

use std::path::PathBuf;

use super::context::Context;
use super::exit;
use super::failure::Failure;
use super::place::{Opened, Place};
use crate::calendar::Moment;
use crate::config::presentation::label_of;
use crate::config::problem::known_names;
use crate::model::Number;
use crate::ops::documents;
use crate::ops::list::looks;
use crate::ops::new_file;
use crate::ops::settling::{MetricReport, Report, collect};
use crate::ops::settling_shown::{notes, seal};
use crate::view::settling::{SettlingInput, SettlingMetric, SettlingPage};
use crate::view::terminal;
use crate::view::text::safe;

const EXAMPLES: &str = "\
Examples:
  asof settling                      every metric, at every age at which days were looked at
  asof settling --metric sales       one of them
  asof settling --html settling.html a page with charts
  asof settling --json               for a program

Each edition of a day is a look at it, provisional ones included, and so is each time that it was
read again and nothing differed. What a look saw is held against all later looks: the one furthest
away counts, so that a day that moved and came back has moved. A metric is settled after the
smallest age after which 95 % of at least 20 days moved no more than its tolerance (`drift` of the
metric in the configuration, else nothing at all). A day tells of an age once it was looked at by
then and again later.";

/// Show how long metrics go on moving, and from which age on a day can be trusted
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Settling {
    /// Only these metrics, by name
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    metric: Vec<String>,
    /// Write a page with charts into this new file
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// As the archive was then: 2025-11-08T09:00, with an offset, or a date for its end
    #[arg(long, value_name = "TIME")]
    as_of: Option<Moment>,
    #[command(flatten)]
    place: Place,
}

impl Settling {
    /// Runs it.
    ///
    /// # Errors
    /// When there is no archive, it can't be read, or has no such metric; and when the page can't be written.
    pub fn run(self, context: &Context<'_>) -> Result<u8, Failure> {
        let opened = self.place.open(context, self.as_of)?;
        let mut origin = opened.origin(context);
        let Opened { archive, history, config, calendar, .. } = opened;
        let tolerance =
            |metric: &str| config.as_ref().map_or_else(Number::zero, |config| config.again.tolerance(metric));
        let mut report = collect(&archive, &history, &calendar, tolerance);
        self.choose(&mut report)?;
        let out = context.output;
        let presentation = config.map_or_else(|| looks(&archive, &history), |config| config.presentation);
        let metric = |(name, found): (&String, &MetricReport)| SettlingMetric {
            label: presentation.metrics.get(name).map_or_else(|| label_of(name), |look| look.label.clone()),
            tolerance: found.tolerance.clone(),
            settling: found.settling.clone(),
        };
        if let Some(title) = presentation.title.clone() {
            origin.title = title;
        }
        let input = SettlingInput {
            seal: seal(&history),
            metrics: report.metrics.iter().map(metric).collect(),
            notes: notes(&report),
        };
        if let Some(path) = &self.html {
            let page = SettlingPage::new(&input, &origin).to_bytes();
            let page = page.map_err(|error| Failure::new(exit::FAILED, error, None))?;
            new_file::write(path, archive.dir(), &page)?;
        }
        if out.json() {
            out.document(&documents::settling::document(&report));
        } else if let Some(path) = &self.html {
            out.path(path);
        } else {
            let empty = input.metrics.is_empty();
            let text = if empty { "no metric can tell how it settles\n" } else { "" };
            out.answer(&(text.to_owned() + &terminal::settling(&input, &out.options(false))));
            let findings = report.findings.iter().map(|finding| format!("! {}\n", safe(finding)));
            out.answer(&findings.collect::<String>());
        }
        Ok(exit::DONE)
    }

    /// Leaves only the metrics that were named.
    fn choose(&self, report: &mut Report) -> Result<(), Failure> {
        let unknown = |name: &&String| !report.metrics.contains_key(*name) && !report.over.contains(*name);
        if let Some(name) = self.metric.iter().find(unknown) {
            let hint = known_names("metrics", name, report.metrics.keys().map(String::as_str));
            let message = format!("{name:?} is no metric of the archive");
            return Err(Failure::said(exit::USAGE, message, Some(hint)));
        }
        if !self.metric.is_empty() {
            report.metrics.retain(|name, _| self.metric.contains(name));
            report.over.retain(|name| self.metric.contains(name));
        }
        Ok(())
    }
}
