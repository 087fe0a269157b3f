//! `asof compare`

use std::path::PathBuf;

use super::context::Context;
use super::exit;
use super::failure::Failure;
use super::place::Place;
use crate::calendar::Moment;
use crate::ops::compare::{Asked, SpanName, compare};
use crate::ops::documents;
use crate::ops::new_file;
use crate::ops::when::When;
use crate::view::SidesPage;
use crate::view::sides::view;
use crate::view::terminal;

/// How many members of a table are shown where no dimension is named.
const TOP: usize = 5;

const EXAMPLES: &str = "\
Examples:
  asof compare 2025-11-06 2025-10-30          a day against the same weekday before
  asof compare latest latest~1 --metric calls,sales --by campaign
  asof compare 2025-11-06@2 2025-11-06@1      two editions of a day
  asof compare 2025-11-01..2025-11-07 2025-10-25..2025-10-31
  asof compare --to-date month                this month so far against the last
  asof compare latest latest~7 --as-of 2025-11-08T09:00
  asof compare -1d -8d --html week.html       as a page
  asof compare account 5 latest latest~1      two snapshots of one entity, field by field

Each difference is A less B; of a day or a range the latest editions are taken, unless one is
named. Over ranges counts and sums are added up, averages and ratios are made from their parts,
a ratio over the days on which both are known. Distinct counts and metrics with `over`, which
each day has over several days already, are unknown.";

/// What a span of time is taken up to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum ToDate {
    /// The month so far
    Month,
}

/// Hold two days, or two ranges of days, against each other
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Compare {
    /// The day or range: 2025-11-06, 2025-11-06@2, latest~1, -7d, 2025-11-01..2025-11-07
    #[arg(value_name = "A", allow_hyphen_values = true)]
    a: Option<SpanName>,
    /// What it is held against
    #[arg(value_name = "B", allow_hyphen_values = true, conflicts_with = "to_date")]
    b: Option<SpanName>,
    /// The month of A, or of the latest frozen day, against as much of the month before
    #[arg(long, value_name = "SPAN")]
    to_date: Option<ToDate>,
    /// Only these metrics, by name
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    metric: Vec<String>,
    /// Only by these dimensions, with every member
    #[arg(long, value_name = "DIMENSION", value_delimiter = ',')]
    by: Vec<String>,
    /// Write a page with both side by side into this new file
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// As the archive was then: 2025-11-08T09:00, with an offset, or a date for its end
    #[arg(long, value_name = "TIME")]
    as_of: Option<Moment>,
    #[command(flatten)]
    place: Place,
}

impl Compare {
    /// Runs it.
    ///
    /// # Errors
    /// When days are not there or damaged, names are unknown, or the page can't be written.
    pub fn run(self, context: &Context<'_>) -> Result<u8, Failure> {
        let asked = self.asked()?;
        let opened = self.place.open(context, self.as_of)?;
        let names = (self.metric.as_slice(), self.by.as_slice());
        let compared = compare(&opened.archive, &opened.history, asked, opened.today, names)?;
        let top = (self.by.is_empty() && !context.output.verbose()).then_some(TOP);
        let said = view((&compared.a, &compared.b), &compared.metrics, &compared.warnings, top);
        if let Some(path) = &self.html {
            let page = SidesPage::new(&said, &opened.origin(context)).to_bytes().map_err(|error| {
                let hint = "this is a mistake in asof: please report it".to_owned();
                Failure::new(exit::FAILED, error, Some(hint))
            })?;
            new_file::write(path, opened.archive.dir(), &page)?;
        }
        if context.output.json() {
            let mut document = documents::compare::document(&opened.archive.id().to_string(), &compared);
            if let (Some(path), Some(document)) = (&self.html, document.as_object_mut()) {
                document.insert("page".to_owned(), path.display().to_string().into());
            }
            context.output.document(&document);
        } else if let Some(path) = &self.html {
            context.output.path(path);
        } else {
            context.output.answer(&terminal::sides(&said, &context.output.options(true)));
        }
        Ok(exit::DONE)
    }

    fn asked(&self) -> Result<Asked, Failure> {
        match (self.a, self.b) {
            (Some(a), Some(b)) => Ok(Asked::Named(a, b)),
            (Some(a), None) if self.to_date.is_none() => {
                Err(two_sides(&format!("there is nothing to hold {a} against")))
            }
            (Some(SpanName::Day(when)), None) => Ok(Asked::MonthToDate(when)),
            (Some(range @ SpanName::Range(..)), None) => Err(Failure::said(
                exit::USAGE,
                format!("{range} is a range, and --to-date takes the day up to which a month is meant"),
                Some("name a day, or leave it away for the latest".to_owned()),
            )),
            (None, _) if self.to_date.is_none() => Err(two_sides("compare needs two days or ranges")),
            (None, _) => "latest"
                .parse::<When>()
                .map(Asked::MonthToDate)
                .map_err(|error| Failure::new(exit::USAGE, error, None)),
        }
    }
}

/// That there are not two sides.
fn two_sides(message: &str) -> Failure {
    let hint = "`asof compare latest latest~7`, or `asof compare --to-date month` for this month so far";
    Failure::said(exit::USAGE, message, Some(hint.to_owned()))
}
