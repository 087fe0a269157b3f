//! `asof list --stats`: statistics over days as a table, as CSV and as JSON.

use indexmap::IndexMap;
use serde::Serialize;

use super::context::Context;
use super::exit;
use super::failure::Failure;
use super::output::print_lines;
use crate::analyze::odd::Odd;
use crate::archive::{Archive, History};
use crate::config::Config;
use crate::config::problem::known_names;
use crate::model::seen::BasisDoc;
use crate::model::{Day, Edition, Number, Provenance};
use crate::ops::list::Listing;
use crate::ops::stats::{self, Part, Stats, StatsRow, Total};
use crate::view::terminal::{self, Statistics, StatsColumn, StatsLine};
use crate::view::text::safe;
use crate::view::{odd, seen};

/// What is wanted.
pub(super) struct Wanted<'a> {
    /// The days.
    pub(super) listing: &'a Listing<'a>,
    /// The first day and the last one, where they were named.
    pub(super) range: (Option<Day>, Option<Day>),
    /// The metrics, by name; all when there is none.
    pub(super) metrics: &'a [String],
    /// Whether they are to be printed as CSV.
    pub(super) csv: bool,
}

/// Prints the statistics of an archive's days.
///
/// # Errors
/// When the ledger is damaged, and when a metric is named that the configuration does not have.
pub(super) fn run(
    context: &Context<'_>,
    config: &Config,
    (archive, history): (&Archive, &History),
    wanted: &Wanted<'_>,
) -> Result<u8, Failure> {
    let known = &config.presentation.metrics;
    if let Some(metric) = wanted.metrics.iter().find(|metric| !known.contains_key(*metric)) {
        let hint = known_names("metrics", metric, known.keys().map(String::as_str));
        return Err(Failure::said(
            exit::USAGE,
            format!("{metric:?} is no metric of the configuration"),
            Some(hint),
        ));
    }
    let mut stats = stats::collect(archive, history, config)?;
    stats.choose(wanted.metrics);
    stats.between(wanted.range.0, wanted.range.1);
    let findings: Vec<&str> =
        wanted.listing.findings.iter().chain(&stats.damaged).map(String::as_str).collect();
    if wanted.csv {
        for finding in &findings {
            context.output.warn(finding);
        }
        let csv = stats::csv(&stats).map_err(|error| Failure::new(exit::FAILED, error, None))?;
        print_lines(&String::from_utf8_lossy(&csv));
    } else if context.output.json() {
        context.output.document(&Document::of(wanted.listing, &stats, &findings));
    } else {
        let findings: String = findings.iter().map(|finding| format!("! {}\n", safe(finding))).collect();
        context.output.answer(&(text(wanted, &stats, context) + &findings));
    }
    Ok(exit::DONE)
}

fn text(wanted: &Wanted<'_>, stats: &Stats, context: &Context<'_>) -> String {
    if stats.rows.is_empty() {
        let bounded = wanted.range.0.is_some() || wanted.range.1.is_some();
        return if bounded { "no day of that range is frozen\n" } else { "no day is frozen here yet\n" }
            .to_owned();
    }
    let mut odd = stats.odd();
    let columns = stats.columns.iter().zip(stats.totals()).map(|(column, total)| StatsColumn {
        label: column.label.clone(),
        unit: column.unit.clone(),
        total,
    });
    let row = |row: &StatsRow| {
        let gap = wanted.listing.gaps.iter().find(|gap| gap.to.checked_add(1) == Some(row.day));
        let frozen = row.cells.iter().enumerate().filter(|(_, cell)| cell.differs());
        StatsLine {
            day: row.day,
            edition: row.edition,
            provenance: row.provenance,
            values: row.cells.iter().map(|cell| cell.value.clone()).collect(),
            frozen: frozen.map(|(at, cell)| (at, cell.frozen.clone())).collect(),
            odd: odd.remove(&row.day).unwrap_or_default(),
            gap_before: gap.map(|gap| terminal::Gap { first: gap.from, last: gap.to, cold: gap.cold }),
        }
    };
    let rows = stats.rows.iter().map(row).collect();
    let shown = Statistics { columns: columns.collect(), rows, notes: notes(stats) };
    terminal::statistics(&shown, &context.output.options(false))
}

/// What is to be said below the table: since when keys were counted, and which days are in no total.
fn notes(stats: &Stats) -> Vec<String> {
    let mut notes = Vec::new();
    for (at, column) in stats.columns.iter().enumerate() {
        let unknown = stats.unknown(at);
        if column.total == Total::Sum && unknown > 0 {
            let days = stats.rows.len();
            notes.push(format!(
                "{}: unknown on {unknown} of {days} days, which are not in the total",
                column.label
            ));
        }
        let redefined = stats.redefined(at);
        if column.total == Total::Sum && redefined > 0 {
            let days = stats.rows.len();
            notes.push(format!("{}: defined otherwise than now on {redefined} of {days} days", column.label));
        }
        if column.part == Part::Cumulative
            && let Some(basis) = basis(stats, &column.metric)
        {
            let since = format!("{}: since {}", column.label, seen::long(basis.since));
            notes.push(std::iter::once(since).chain(seen::basis(basis)).collect::<Vec<_>>().join(", "));
        }
    }
    notes
}

/// What the last count over time of a metric rests on.
fn basis<'a>(stats: &'a Stats, metric: &str) -> Option<&'a BasisDoc> {
    stats.rows.iter().rev().find_map(|row| row.seen.get(metric)).map(|seen| &seen.basis)
}

/// The statistics as JSON.
#[derive(Serialize)]
struct Document<'a> {
    archive: &'a str,
    dir: String,
    columns: Vec<ColumnDoc<'a>>,
    stats: Vec<RowDoc<'a>>,
    basis: IndexMap<&'a str, &'a BasisDoc>,
    odd: Vec<OddDoc>,
    gaps: Vec<GapDoc>,
    findings: &'a [&'a str],
}

#[derive(Serialize)]
struct ColumnDoc<'a> {
    name: &'a str,
    label: &'a str,
    metric: &'a str,
    unit: Option<&'a str>,
    /// What the rows come to together.
    total: Option<Number>,
    /// On how many days the metric was defined otherwise than it is now.
    #[serde(skip_serializing_if = "Option::is_none")]
    redefined_days: Option<usize>,
}

#[derive(Serialize)]
struct RowDoc<'a> {
    date: Day,
    edition: Edition,
    provenance: Provenance,
    #[serde(flatten)]
    values: IndexMap<&'a str, Option<&'a Number>>,
    /// Those that were frozen otherwise.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    frozen: IndexMap<&'a str, Option<&'a Number>>,
}

#[derive(Serialize)]
struct OddDoc {
    date: Day,
    text: String,
    #[serde(flatten)]
    odd: Odd,
}

#[derive(Serialize)]
struct GapDoc {
    from: Day,
    to: Day,
    days: i64,
}

impl<'a> Document<'a> {
    fn of(listing: &'a Listing<'a>, stats: &'a Stats, findings: &'a [&'a str]) -> Self {
        let columns =
            stats.columns.iter().zip(stats.totals()).enumerate().map(|(at, (column, total))| ColumnDoc {
                name: &column.name,
                label: &column.label,
                metric: &column.metric,
                unit: column.unit.as_deref(),
                total,
                redefined_days: Some(stats.redefined(at)).filter(|days| *days > 0),
            });
        let row = |row: &'a StatsRow| {
            let cells = stats.columns.iter().zip(&row.cells).filter(|(_, cell)| cell.differs());
            RowDoc {
                date: row.day,
                edition: row.edition,
                provenance: row.provenance,
                values: stats::record(stats, row),
                frozen: cells.map(|(column, cell)| (column.name.as_str(), cell.frozen.as_ref())).collect(),
            }
        };
        let cumulative = stats.columns.iter().filter(|column| column.part == Part::Cumulative);
        let basis_of = |metric: &'a String| basis(stats, metric).map(|basis| (metric.as_str(), basis));
        let shown = |day: &Day| stats.rows.iter().any(|row| row.day == *day);
        let odd = stats.odd().into_iter().filter(|(day, _)| shown(day));
        let odd = odd.flat_map(|(date, odd)| {
            odd.into_iter().map(move |odd| OddDoc { date, text: odd::sentence(&odd, date), odd })
        });
        let gaps = listing.gaps.iter().map(|gap| GapDoc { from: gap.from, to: gap.to, days: gap.days });
        Self {
            archive: &listing.archive,
            dir: listing.dir.display().to_string(),
            columns: columns.collect(),
            stats: stats.rows.iter().map(row).collect(),
            basis: cumulative.filter_map(|column| basis_of(&column.metric)).collect(),
            odd: odd.collect(),
            gaps: gaps.collect(),
            findings,
        }
    }
}
