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
    let amount = amount(change, with.value.as_ref(), format);
    let number = if verdict.arrow().is_some() {
        unsigned(&amount.number)
    } else {
        signed(amount.number, &change.change)
    };
    Change { verdict, amount: Shown { number, ..amount } }
}

/// A change from a baseline as it is told without saying whether it is good: `+3.7 %`, `−0.05 pt`.
pub fn step(change: &ChangeDoc, baseline: &Number, format: &Format) -> Shown {
    let amount = amount(change, Some(baseline), format);
    Shown { number: signed(amount.number, &change.change), ..amount }
}

/// How much has changed: points between rates, else percent, else the number itself.
fn amount(change: &ChangeDoc, baseline: Option<&Number>, format: &Format) -> Shown {
    if format.is_percent() {
        let points = format.show(&change.change);
        return Shown { unit: Some("pt".to_owned()), ..points };
    }
    let baseline = baseline.filter(|_| change.percentage.is_some());
    // One decimal up to a hundred percent, taken from the exact change so that it is rounded once.
    match baseline.and_then(|baseline| compare::percentage(&change.change, baseline, FINE)) {
        Some(percentage) => {
            let small = percentage.abs() < Number::from(100_i64);
            Format::percentage(i64::from(small)).show(&percentage)
        }
        None => format.show(&change.change),
    }
}

/// How much has changed from a baseline, with its sign: `+3.7 %`, `+0.05 pt` between rates.
pub fn amount_signed(change: &ChangeDoc, baseline: &Number, format: &Format) -> Shown {
    let amount = amount(change, Some(baseline), format);
    Shown { number: signed(amount.number, &change.change), ..amount }
}

fn unsigned(number: &str) -> String {
    number.replace(MINUS, "").replace('>', "<")
}

/// The shown number of this change with its sign.
pub(super) fn signed(number: String, change: &Number) -> String {
    if change.is_zero() || change.is_negative() {
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

#[cfg(test)]
mod tests {
    use super::{Against, Verdict, notes, of};
    use crate::analyze::compare;
    use crate::model::compared::{ComparedDoc, ComparisonDoc};
    use crate::model::metrics_doc::{Good, MetricDoc};
    use crate::view::format::Format;
    use crate::view::sample;

    /// A metric of the sample with this value, compared with this one of the week before.
    fn metric(value: &str, baseline: Option<&str>, unit: Option<&str>, good: Option<Good>) -> MetricDoc {
        let mut metric = sample::day().doc.metrics["calls"].clone();
        let value = value.parse().unwrap();
        let baseline = baseline.map(|baseline| baseline.parse().unwrap());
        let with = ComparisonDoc {
            date: "2025-10-30".parse().unwrap(),
            edition: None,
            change: baseline.as_ref().map(|baseline| compare(&value, baseline)),
            reason: baseline.is_none().then(|| "no values".to_owned()),
            value: baseline,
            by: indexmap::IndexMap::new(),
        };
        metric.compared = Some(ComparedDoc { same_weekday: Some(with), previous_day: None });
        metric.figure.value = Some(value);
        (metric.unit, metric.good) = (unit.map(str::to_owned), good);
        metric
    }

    fn told(value: &str, baseline: &str, unit: Option<&str>, good: Option<Good>) -> String {
        let metric = metric(value, Some(baseline), unit, good);
        let against = of(&metric, &Format::of(unit, &metric.figure.value), "2025-11-06".parse().unwrap());
        let [Against { day, change: Ok(change) }] = against.as_slice() else { panic!("{against:?}") };
        assert_eq!(day, "Thu 30 Oct");
        let arrow = change.verdict.arrow().map_or("", super::Arrow::sign);
        let verdict = match change.verdict {
            Verdict::Neutral => "",
            Verdict::Better(_) => " better",
            Verdict::Worse(_) => " worse",
        };
        format!("{arrow}{}{verdict}", change.amount)
    }

    #[test]
    fn a_change_is_told_in_percent_and_between_rates_in_points() {
        assert_eq!(told("20770", "20029", None, None), "+3.7 %");
        assert_eq!(told("63", "71", None, None), "−11.3 %");
        assert_eq!(told("71", "71", None, None), "0.0 %");
        assert_eq!(told("0.0030", "0.0035", Some("%"), None), "−0.05 pt");
        assert_eq!(told("0.5", "0.25", Some("%"), None), "+25.00 pt");
        assert_eq!(told("30", "10", None, None), "+200 %");
        assert_eq!(told("100001", "100000", None, None), "<+0.1 %");
        assert_eq!(told("99999", "100000", None, None), ">−0.1 %");
    }

    #[test]
    fn an_arrow_stands_only_where_it_is_known_which_way_is_good() {
        assert_eq!(told("63", "71", None, Some(Good::Up)), "▼11.3 % worse");
        assert_eq!(told("63", "71", None, Some(Good::Down)), "▼11.3 % better");
        assert_eq!(told("71", "63", None, Some(Good::Up)), "▲12.7 % better");
        assert_eq!(told("71", "71", None, Some(Good::Up)), "0.0 %");
        assert_eq!(told("99999", "100000", None, Some(Good::Up)), "▼<0.1 % worse");
    }

    #[test]
    fn of_zero_the_change_itself_is_told() {
        assert_eq!(told("12", "0", None, Some(Good::Up)), "▲12 better");
        assert_eq!(told("12.5", "0", Some("min"), None), "+12.5 min");
        assert_eq!(told("0", "0", None, None), "0");
    }

    #[test]
    fn what_can_not_be_compared_says_why() {
        let metric = metric("5", None, None, None);
        let against = of(&metric, &Format::whole(), "2025-11-06".parse().unwrap());
        assert_eq!(against[0].change, Err("no values"));
    }

    #[test]
    fn days_that_were_not_captured_are_named_once() {
        let mut sample = sample::day();
        assert!(notes(&sample.input()).is_empty());
        let mut metric = metric("5", None, None, None);
        if let Some(with) = metric.compared.as_mut().and_then(|compared| compared.same_weekday.as_mut()) {
            with.reason = Some("not captured".into());
        }
        assert!(of(&metric, &Format::whole(), sample.doc.date).is_empty());
        sample.doc.metrics.insert("calls".into(), metric);
        assert_eq!(notes(&sample.input()), ["Not compared with other days: Thu 30 Oct was not captured."]);
    }
}
