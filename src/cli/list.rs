//! `asof list`

use std::collections::BTreeMap;

use super::context::Context;
use super::failure::Failure;
use super::list_entity::Moved;
use super::place::{Opened, Place};
use super::{exit, stats};
use crate::archive::Looks;
use crate::calendar::{DayName, Moment};
use crate::config::Presentation;
use crate::config::problem::known_names;
use crate::model::{Day, Number, Provenance};
use crate::ops::documents;
use crate::ops::entities::listed::{ListedLook, listed};
use crate::ops::list::{ListedDay, Listing, list, looks};
use crate::view::terminal;
use crate::view::text::safe;

/// Which edition's numbers are shown, where there are several.
const LATER: &str = "\
where editions differ, the first that is not provisional is shown, as by `asof restore`;
list --stats, series and compare take the latest
";

/// How many of the main metrics are shown when none is named.
const MAIN_METRICS: usize = 4;

const EXAMPLES: &str = "\
Examples:
  asof list                          every day, with gaps
  asof list --from -30d              the last thirty days
  asof list --metric sales --json    for a program
  asof list --stats --from -30d      the numbers of each day, totals, and which days are odd
  asof list --csv > days.csv         the same for a spreadsheet
  asof list account --declined --since 30d
                                     which entities got worse, by their gauges
  asof list --as-of 2025-11-08       what it would have listed at that day's end
  asof list --archive /mnt/backup/snapshots
                                     another archive, without a configuration

The numbers are those of a day's first edition that is not provisional, as `asof restore` shows it;
“@2 differs” says that a later one has others, and why it was frozen. `--stats`, `asof series` and
`asof compare` take the latest edition of each day. What is counted over time is counted again over
the days that are frozen now; where a day was frozen with another number, both are shown.
A gap is a day between the first and the last that nobody froze. A time for --as-of without an
offset is one in the zone of the configuration; if clocks went back over it, the earlier of the two.";

/// Show what is in the archive, gaps included
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct List {
    #[command(flatten)]
    moved: Moved,
    /// The first day
    #[arg(long, value_name = "DATE", allow_hyphen_values = true)]
    from: Option<DayName>,
    /// The last day
    #[arg(long, value_name = "DATE", allow_hyphen_values = true)]
    to: Option<DayName>,
    /// The metrics shown, by name; the first few when none is given, with --stats all
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    metric: Vec<String>,
    /// Show the numbers of each day, what they add up to, and which days are odd
    #[arg(long, conflicts_with = "archive")]
    stats: bool,
    /// Print these numbers as CSV
    #[arg(long, conflicts_with_all = ["json", "archive"])]
    csv: bool,
    /// As the archive was then: 2025-11-08T09:00, with an offset, or a date for its end
    #[arg(long, value_name = "TIME")]
    as_of: Option<Moment>,
    #[command(flatten)]
    place: Place,
}

impl List {
    /// Runs it.
    ///
    /// # Errors
    /// When there is no archive, or it can't be read.
    pub fn run(self, context: &Context<'_>) -> Result<u8, Failure> {
        if let Some(name) = &self.moved.entity {
            return self.moved.run(name, &self.place.open(context, self.as_of)?, context);
        }
        // What is wrong whatever the archive holds is told before it is looked for.
        if let (Some(DayName::Date(from)), Some(DayName::Date(to))) = (self.from, self.to) {
            forwards(from, to)?;
        }
        let Opened { archive, history, config, today, as_of, .. } = self.place.open(context, self.as_of)?;
        let day = |name: Option<DayName>| {
            let Some(name) = name else { return Ok(None) };
            name.resolve(today).map(Some).ok_or_else(|| {
                let message = format!("{name} lies before the calendar begins");
                Failure::said(exit::USAGE, message, Some("name a later day".to_owned()))
            })
        };
        let (from, to) = (day(self.from)?, day(self.to)?);
        if let (Some(from), Some(to)) = (from, to) {
            forwards(from, to)?;
        }
        let listing = list(&archive, &history, from, to);
        if let Some(config) = config.as_ref().filter(|_| self.stats || self.csv) {
            let (range, metrics) = ((from, to), self.metric.as_slice());
            let wanted = stats::Wanted { listing: &listing, range, metrics, csv: self.csv };
            return stats::run(context, config, (&archive, &history), &wanted);
        }
        let presentation = config.map_or_else(|| looks(&archive, &history), |config| config.presentation);
        for metric in &self.metric {
            let known = presentation.metrics.contains_key(metric)
                || listing.days.iter().any(|day| day.headline().contains_key(metric));
            if !known {
                let names = presentation.metrics.keys().map(String::as_str);
                let hint = known_names("metrics", metric, names);
                return Err(Failure::said(exit::USAGE, format!("{metric:?} is no metric"), Some(hint)));
            }
        }
        // Of a ledger with damaged lines nothing is certain, and the findings tell of them.
        let seen = if history.damaged().is_empty() { archive.looks(as_of)? } else { BTreeMap::new() };
        if context.output.json() {
            context.output.document(&documents::list::document(&listing, &self.metric, &seen));
        } else {
            context.output.answer(&self.text(&listing, &presentation, &seen, context));
        }
        Ok(exit::DONE)
    }

    fn text(
        &self,
        listing: &Listing,
        presentation: &Presentation,
        seen: &BTreeMap<String, Looks>,
        context: &Context<'_>,
    ) -> String {
        if listing.days.is_empty() {
            let bounded = self.from.is_some() || self.to.is_some();
            let text = if bounded { "no day of that range is frozen" } else { "no day is frozen here yet" };
            return format!("{text}\n{}", findings(listing));
        }
        let shown: Vec<String> =
            if self.metric.is_empty() { main_metrics(listing, presentation) } else { self.metric.clone() };
        let label = |name: &String| {
            presentation.metrics.get(name).map_or_else(|| name.clone(), |look| look.label.clone())
        };
        let days = terminal::Days {
            columns: shown.iter().map(label).chain(seen.keys().cloned()).collect(),
            rows: listing
                .days
                .iter()
                .map(|day| with_looks(row(day, listing, &shown, presentation), seen))
                .collect(),
        };
        let later = listing.days.iter().any(|day| day.shown + 1 < day.editions.len());
        let which = if later { LATER } else { "" };
        terminal::list(&days, &context.output.options(false)) + which + &findings(listing)
    }
}

/// Refuses a range that runs backwards.
fn forwards(from: Day, to: Day) -> Result<(), Failure> {
    if from <= to {
        return Ok(());
    }
    let message = format!("the range from {from} to {to} runs backwards");
    Err(Failure::said(exit::USAGE, message, Some("let --from be the earlier day".to_owned())))
}

fn findings(listing: &Listing) -> String {
    listing.findings.iter().fold(String::new(), |text, finding| text + "! " + &safe(finding) + "\n")
}

/// The metrics shown when none is named: the first of the first section, or of all.
fn main_metrics(listing: &Listing, presentation: &Presentation) -> Vec<String> {
    if let Some(section) = presentation.sections.first() {
        return section.show.iter().take(MAIN_METRICS).cloned().collect();
    }
    let latest = listing.days.last().map(ListedDay::headline).unwrap_or_default();
    latest.into_keys().take(MAIN_METRICS).collect()
}

fn row(
    day: &ListedDay,
    listing: &Listing,
    shown: &[String],
    presentation: &Presentation,
) -> terminal::ListRow {
    let mut values = day.values(shown).into_iter();
    let mut value = |name: &String| {
        let unit = presentation.metrics.get(name).and_then(|look| look.unit.clone());
        values.next().flatten().map(|value| (value, unit))
    };
    let gap = listing.gaps.iter().find(|gap| gap.to.checked_add(1) == Some(day.day));
    terminal::ListRow {
        day: day.day,
        editions: day.editions.iter().map(|frozen| frozen.line.edition).collect(),
        provenance: day.edition().map_or(Provenance::Provisional, |frozen| frozen.line.provenance),
        headline: shown.iter().map(&mut value).collect(),
        gap_before: gap.map(|gap| terminal::Gap { first: gap.from, last: gap.to, cold: gap.cold }),
        notes: notes(day),
    }
}

/// The row with how many rows each look kept, or why there is none.
fn with_looks(mut row: terminal::ListRow, seen: &BTreeMap<String, Looks>) -> terminal::ListRow {
    for (name, looks) in seen {
        let look = listed(looks, row.day);
        row.headline.push(match &look {
            ListedLook::Kept { rows, .. } | ListedLook::Thinned { rows, .. } => {
                Some((Number::from(*rows), None))
            }
            _ => None,
        });
        match look {
            ListedLook::Unlooked { reason } => row.notes.push(format!("no {name}: {reason}")),
            ListedLook::Thinned { .. } => row.notes.push(format!("{name} thinned")),
            ListedLook::Kept { .. } | ListedLook::Unknown => {}
        }
    }
    row
}

/// What is to be said of a day: what people said first, then its newest edition, then remarks.
fn notes(day: &ListedDay) -> Vec<String> {
    let pinned = day.marks.pinned.then(|| "pinned".to_owned());
    let labels = day.marks.labels.iter().map(|label| format!("#{label}"));
    let thinned = day.thinned.get(day.shown).copied().flatten().map(|_| "thinned".to_owned());
    let newest = day.editions.last().filter(|_| day.shown + 1 < day.editions.len()).map(|frozen| {
        let reason = frozen.line.reason.as_deref().unwrap_or(frozen.line.trigger.as_str());
        format!("@{} differs: {reason}", frozen.line.edition)
    });
    let remarks = day.marks.notes.iter().map(|(_, text)| format!("“{text}”"));
    pinned.into_iter().chain(labels).chain(thinned).chain(newest).chain(remarks).collect()
}
