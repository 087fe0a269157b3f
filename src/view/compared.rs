//! How a metric compares with earlier days, as it is said: `+3.7 %`, `▲ 0.05 pt`, or why
//! there is nothing to say. And what a reader should know of the days compared with.

use super::day::DayInput;
use super::format::{Format, MINUS, Shown};
use super::when;
use crate::analyze::compare;
use crate::analyze::earlier::NOT_CAPTURED;
use crate::model::compared::{ChangeDoc, ComparedDoc, ComparisonDoc};
use crate::model::metrics_doc::{Good, MetricDoc};
use crate::model::{Day, Edition, Number, SnapshotId};

/// The decimals of a percentage before it is rounded to those that are shown.
const FINE: u32 = 12;

/// A metric beside its value on an earlier day.
#[derive(Clone, Debug)]
pub struct Against<'a> {
    /// What the earlier day is called: `Thu 30 Oct`.
    pub day: String,
    /// What has changed, or why that can't be said.
    pub change: Result<Change, &'a str>,
}

/// A change as it is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Whether that is good.
    pub verdict: Verdict,
    /// How much: with its sign, or without one where the verdict's arrow tells it.
    pub amount: Shown,
}

/// Whether a change is good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// That is not known, or nothing has changed.
    Neutral,
    /// It is; and which way it went.
    Better(Arrow),
    /// It is not; and which way it went.
    Worse(Arrow),
}

/// Which way a number went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrow {
    /// It has grown.
    Up,
    /// It has fallen.
    Down,
}

impl Arrow {
    /// The sign for it.
    pub fn sign(self) -> &'static str {
        if self == Self::Up { "▲" } else { "▼" }
    }

    /// The word for it.
    pub fn word(self) -> &'static str {
        if self == Self::Up { "up" } else { "down" }
    }
}

impl Verdict {
    /// The arrow, where it is known which way is good.
    pub fn arrow(self) -> Option<Arrow> {
        match self {
            Self::Neutral => None,
            Self::Better(arrow) | Self::Worse(arrow) => Some(arrow),
        }
    }
}

/// How a metric compares with the same weekday and with the day before. Nothing is said where
/// neither day was captured: that is one sentence for the whole page, see [`notes`].
pub fn of<'a>(metric: &'a MetricDoc, format: &Format, seen_from: Day) -> Vec<Against<'a>> {
    let Some(compared) = &metric.compared else { return Vec::new() };
    if both(compared).all(is_missing) {
        return Vec::new();
    }
    let told = both(compared).filter_map(|with| {
        let change = match (&with.change, with.reason.as_deref()) {
            (Some(change), _) => Ok(shown(change, with, metric, format)),
            (None, Some(reason)) => Err(reason),
            // Today's own value is unknown, and the tile says why.
            (None, None) => return None,
        };
        Some(Against { day: when::weekday(with.date, seen_from), change })
    });
    told.collect()
}

fn both(compared: &ComparedDoc) -> impl Iterator<Item = &ComparisonDoc> {
    compared.same_weekday.iter().chain(&compared.previous_day)
}

fn is_missing(with: &ComparisonDoc) -> bool {
    with.edition.is_none() && with.reason.as_deref() == Some(NOT_CAPTURED)
}

fn shown(change: &ChangeDoc, with: &ComparisonDoc, metric: &MetricDoc, format: &Format) -> Change {
    let arrow = if change.change.is_negative() { Arrow::Down } else { Arrow::Up };
    let verdict = match (metric.good, arrow) {
        _ if change.change.is_zero() => Verdict::Neutral,
        (None, _) => Verdict::Neutral,
        (Some(Good::Up), Arrow::Up) | (Some(Good::Down), Arrow::Down) => Verdict::Better(arrow),
        (Some(_), _) => Verdict::Worse(arrow),
    };
    let amount = amount(change, with, format);
    let number =
        if verdict.arrow().is_some() { unsigned(amount.number) } else { signed(amount.number, change) };
    Change { verdict, amount: Shown { number, ..amount } }
}

/// How much has changed: points between rates, else percent, else the number itself.
fn amount(change: &ChangeDoc, with: &ComparisonDoc, format: &Format) -> Shown {
    if format.is_percent() {
        let points = format.show(&change.change);
        return Shown { unit: Some("pt".to_owned()), ..points };
    }
    let baseline = with.value.as_ref().filter(|_| change.percentage.is_some());
    // One decimal up to a hundred percent, taken from the exact change so that it is rounded once.
    match baseline.and_then(|baseline| compare::percentage(&change.change, baseline, FINE)) {
        Some(percentage) => {
            let large = percentage.abs() >= Number::from(100_i64);
            Format::percentage(if large { 0 } else { 1 }).show(&percentage)
        }
        None => format.show(&change.change),
    }
}

fn unsigned(number: String) -> String {
    number.replace(MINUS, "").replace('>', "<")
}

fn signed(number: String, change: &ChangeDoc) -> String {
    if change.change.is_zero() || change.change.is_negative() {
        return number;
    }
    match number.strip_prefix('<') {
        Some(number) => format!("<+{number}"),
        None => format!("+{number}"),
    }
}

/// What a reader should know of the days compared with, as sentences: that they were not captured,
/// and that a later edition than the first was taken.
pub fn notes(input: &DayInput<'_>) -> Vec<String> {
    // A day is the same for all metrics.
    let Some(compared) = input.doc.metrics.values().find_map(|metric| metric.compared.as_ref()) else {
        return Vec::new();
    };
    let seen_from = input.doc.date;
    let named = |with: &ComparisonDoc| when::weekday(with.date, seen_from);
    let mut notes = Vec::new();
    if both(compared).all(is_missing) && both(compared).next().is_some() {
        let days: Vec<String> = both(compared).map(named).collect();
        let were = if days.len() == 1 { "was" } else { "were" };
        notes.push(format!("Not compared with other days: {} {were} not captured.", days.join(" and ")));
    }
    let later = both(compared).filter_map(|with| Some((with, with.edition?)));
    let later = later.filter(|(_, edition)| *edition != Edition::FIRST);
    let later: Vec<String> = later
        .map(|(with, edition)| {
            format!("edition {edition} of {} ({})", named(with), SnapshotId::new(with.date, edition))
        })
        .collect();
    if !later.is_empty() {
        notes.push(format!("Compared with {}, the latest when this day was frozen.", later.join(" and ")));
    }
    notes
}
