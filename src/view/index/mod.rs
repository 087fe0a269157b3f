//! The page of all days: a calendar, a day picker, and two days side by side.
//!
//! It is made from the ledger's headline values and lies beside the frozen pages, to which it
//! only links. It is whole without a script; the script picks days, shades by other metrics, and
//! puts two days beside each other. A page can't know that a later edition of its day exists:
//! this one says it.

mod cell;
mod data;
mod grid;
mod input;
mod list;
mod shade;

use askama::Template;
use chrono::Datelike as _;

pub use input::{IndexDay, IndexEdition, IndexInput, IndexMetric};

use super::around::{Around, allow};
use super::format::{Format, count};
use super::page::{BASE_STYLE, csp_digest};
use super::script::{NUMBER, packed};
use super::text::visible;
use super::when;
use crate::model::Day;
use cell::{Cell, Words};
use data::Drawn;
use list::{LaterRow, ListRow, ListYear, ToldRow};

/// The page of all days.
#[derive(Template)]
#[template(path = "index.html")]
pub struct IndexPage {
    title: String,
    style: String,
    script: String,
    policy: String,
    around: Around,
    data: String,
    facts: Vec<Fact>,
    findings: Vec<String>,
    newest: Option<Newest>,
    metrics: Vec<MetricOption>,
    shaded: Option<Shaded>,
    months: Vec<MonthPart>,
    /// A class for months whose values are long.
    size: &'static str,
    years: Vec<YearPart>,
    later: Vec<LaterRow>,
    /// How many days with a later edition are only in the list.
    more_later: usize,
    list: Vec<ListYear>,
    told: Vec<ToldRow>,
    /// How many days of which something was said are only in the list.
    more_told: usize,
    /// Whether there is a thinned day.
    any_thinned: bool,
    origin: Option<String>,
}

/// Something about the whole archive.
struct Fact {
    name: &'static str,
    value: String,
}

/// The newest frozen day.
struct Newest {
    first: String,
    day: String,
    href: Option<String>,
    words: String,
}

/// A metric to shade by.
struct MetricOption {
    at: usize,
    label: String,
    chosen: bool,
}

/// What gives the days their shade.
struct Shaded {
    label: String,
    legend: Vec<(usize, String)>,
}

/// A month of the calendar.
struct MonthPart {
    name: String,
    weeks: Vec<[Place; 7]>,
}

/// A year of the calendar.
struct YearPart {
    year: i32,
    weeks: Vec<WeekPart>,
    /// Years before it in which nothing was frozen.
    before: Option<String>,
}

/// A week of a year.
struct WeekPart {
    /// The month that begins in it.
    month: &'static str,
    places: [Place; 7],
    /// Whether none of its days lies between the first and the last.
    outside: bool,
}

/// One place of the calendar.
enum Place {
    /// It belongs to another month or year.
    Empty,
    /// A day before the first or after the last one.
    Outside(String),
    /// A day of the archive, or missing in it.
    Day(Cell),
}

/// The page of all days could not be rendered.
#[derive(Debug, thiserror::Error)]
pub enum IndexPageError {
    /// The template failed.
    #[error("the page of all days could not be written: {0}")]
    Template(#[from] askama::Error),
    /// The data could not be encoded.
    #[error("the values of all days could not be encoded: {0}")]
    Data(#[from] serde_json::Error),
}

impl IndexPageError {
    /// What to do next: nothing that a user could.
    pub fn hint(&self) -> Option<String> {
        Some("this is a mistake in asof: please report it".to_owned())
    }
}

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

impl IndexPage {
    /// The page of these days.
    ///
    /// # Errors
    /// None in practice: the data can always be encoded.
    pub fn new(input: &IndexInput) -> Result<Self, IndexPageError> {
        let style = format!("{BASE_STYLE}{}", include_str!("../../../templates/index.css"));
        let script = packed(&[NUMBER, include_str!("../../../templates/index.js")]);
        let metrics = || input.metrics.iter().enumerate();
        let drawn: Vec<Drawn<'_>> = metrics().map(|(at, metric)| data::drawn(input, at, metric)).collect();
        let days = Days::new(input, drawn.get(input.main));
        let chosen = input.metrics.get(input.main).zip(drawn.get(input.main));
        let months = days.as_ref().map(months).unwrap_or_default();
        let (later, more_later) = list::later(input, &drawn);
        let (told, more_told) = list::told(input);
        let mut shown = input.days.iter().filter_map(IndexDay::shown);
        Ok(Self {
            title: visible(&input.title).into_owned(),
            policy: policy(&style, &script),
            around: Around::default(),
            style,
            script,
            data: data::json(input, &drawn)?,
            facts: facts(input),
            findings: input.findings.iter().map(|finding| visible(finding).into_owned()).collect(),
            newest: newest(input),
            metrics: metrics()
                .map(|(at, metric)| MetricOption {
                    at,
                    label: visible(&metric.label).into_owned(),
                    chosen: at == input.main,
                })
                .collect(),
            shaded: chosen.map(|(metric, drawn)| Shaded {
                label: visible(&metric.label).into_owned(),
                legend: data::legend(drawn),
            }),
            size: size(&months),
            months,
            years: days.as_ref().map(years).unwrap_or_default(),
            later,
            more_later,
            list: list::years(input, drawn.get(input.main)),
            told,
            more_told,
            any_thinned: shown.any(|edition| edition.present && edition.thinned),
            origin: origin(input),
        })
    }

    /// The same with what a server puts around it.
    #[must_use]
    pub fn within(mut self, around: Around) -> Self {
        allow(&mut self.style, &mut self.policy);
        self.around = around;
        self
    }

    /// The HTML.
    ///
    /// # Errors
    /// None in practice: writing into memory does not fail.
    pub fn to_bytes(&self) -> Result<Vec<u8>, IndexPageError> {
        Ok(self.render()?.into_bytes())
    }
}

/// The content security policy: this style, this script, and frozen pages in frames. `file:` is
/// named since no page from disk counts as its own neighbour.
fn policy(style: &str, script: &str) -> String {
    format!(
        "default-src 'none'; style-src '{}'; script-src '{}'; frame-src 'self' file:; base-uri 'none'; form-action 'none'",
        csp_digest(style),
        csp_digest(script)
    )
}

/// The days of the calendar, by date.
struct Days<'a> {
    input: &'a IndexInput,
    drawn: Option<&'a Drawn<'a>>,
    format: Format,
    first: Day,
    last: Day,
}

impl<'a> Days<'a> {
    /// `None` when there is no day.
    fn new(input: &'a IndexInput, drawn: Option<&'a Drawn<'a>>) -> Option<Self> {
        let (first, last) = (input.days.first()?.day, input.days.last()?.day);
        let format = drawn.map_or_else(Format::whole, |drawn| drawn.format.clone());
        Some(Self { input, drawn, format, first, last })
    }

    /// What is at a day's place.
    fn place(&self, day: Option<Day>, say: Words) -> Place {
        let Some(day) = day else { return Place::Empty };
        if day < self.first || day > self.last {
            return Place::Outside(day.date().day().to_string());
        }
        Place::Day(self.frozen(day, say).unwrap_or_else(|| Cell::gap(day, say)))
    }

    fn frozen(&self, day: Day, say: Words) -> Option<Cell> {
        let at = self.input.days.binary_search_by_key(&day, |one| one.day).ok()?;
        let day = self.input.days.get(at)?;
        let value = day.shown()?.values.get(self.input.main).and_then(Option::as_ref);
        let level = self.drawn.and_then(|drawn| drawn.shading.levels.get(at).copied().flatten());
        Cell::frozen(day, value, level, (&self.format, self.input.served.as_ref()), say)
    }
}

fn months(days: &Days<'_>) -> Vec<MonthPart> {
    grid::recent_months(days.first, days.last)
        .into_iter()
        .map(|month| MonthPart {
            name: month.first.format("%B %Y").to_string(),
            weeks: month.weeks.into_iter().map(|week| week.map(|day| days.place(day, Words::Full))).collect(),
        })
        .collect()
}

/// How the values have to be set to fit into their places.
fn size(months: &[MonthPart]) -> &'static str {
    let places = months.iter().flat_map(|month| month.weeks.iter().flatten());
    let length = |place: &Place| if let Place::Day(cell) = place { cell.value.chars().count() } else { 0 };
    match places.map(length).max() {
        Some(10..) => " long huge",
        Some(6..) => " long",
        _ => "",
    }
}

/// The years, newest first, when the months don't show them all. Years without a frozen day are only told.
fn years(days: &Days<'_>) -> Vec<YearPart> {
    let shown = grid::recent_months(days.first, days.last).first().map(|month| month.first);
    if shown.is_none_or(|shown| shown <= days.first.date()) {
        return Vec::new();
    }
    let mut numbers: Vec<i32> = days.input.days.iter().map(|day| day.day.date().year()).collect();
    numbers.dedup();
    let mut parts = Vec::new();
    for (at, number) in numbers.iter().enumerate().rev() {
        let before = at.checked_sub(1).and_then(|at| numbers.get(at)).filter(|before| number - **before > 1);
        let before = before.map(|before| match (before + 1, number - 1) {
            (one, other) if one == other => format!("{one}: not captured"),
            (one, other) => format!("{one} – {other}: not captured"),
        });
        let weeks = grid::year(*number).unwrap_or_default();
        let week = |week: grid::Week| {
            let name =
                week.month.and_then(|month| MONTHS.get(month as usize - 1)).copied().unwrap_or_default();
            let places = week.days.map(|day| days.place(day, Words::Short));
            let outside = !places.iter().any(|place| matches!(place, Place::Day(_)));
            WeekPart { month: name, places, outside }
        };
        parts.push(YearPart { year: *number, weeks: weeks.into_iter().map(week).collect(), before });
    }
    parts
}

fn newest(input: &IndexInput) -> Option<Newest> {
    let day = input.days.last()?;
    let shown = day.shown()?;
    Some(Newest {
        first: input.days.first()?.day.to_string(),
        day: day.day.to_string(),
        href: day.page(shown, input.served.as_ref()),
        words: day.day.date().format("%a %-d %b").to_string(),
    })
}

/// Which archive it is, and as of when.
fn origin(input: &IndexInput) -> Option<String> {
    let editions = input.days.iter().flat_map(|day| &day.editions);
    let newest = editions.map(|edition| edition.captured_at).max()?;
    Some(format!(
        "From the ledger of the archive {}; its newest snapshot was captured at {}.",
        visible(&input.archive),
        when::minute_with_year(newest, &input.zone)
    ))
}

/// What there is in all.
fn facts(input: &IndexInput) -> Vec<Fact> {
    let fact = |name, value| Fact { name, value };
    let (Some(first), Some(last)) = (input.days.first(), input.days.last()) else { return Vec::new() };
    let number = |many: usize| count(many as u64);
    let span = last.day.days_since(first.day).unsigned_abs() + 1;
    let missing = span.saturating_sub(input.days.len() as u64);
    let editions: usize = input.days.iter().map(|day| day.editions.len()).sum();
    let later = input.days.iter().filter(|day| day.later().is_some()).count();
    let short = |day: Day| day.date().format("%-d %b %Y").to_string();
    let mut facts = vec![
        fact("days", number(input.days.len())),
        fact("from", short(first.day)),
        fact("to", short(last.day)),
        fact("editions", number(editions)),
    ];
    if missing > 0 {
        facts.push(fact(
            "not captured",
            format!("{} {}", count(missing), if missing == 1 { "day" } else { "days" }),
        ));
    }
    if later > 0 {
        facts
            .push(fact("restated", format!("{} {}", number(later), if later == 1 { "day" } else { "days" })));
    }
    facts
}
