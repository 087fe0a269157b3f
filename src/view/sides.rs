//! Two sides beside each other as they are said: numbers, differences, what moved most, and what
//! is to be known before. The terminal and the page put this into form.

use std::collections::BTreeMap;

use indexmap::IndexMap;

use super::compared::{Arrow, Verdict, signed};
use super::format::{DASH, Format, Shown};
use super::text::member_name;
use super::when;
use crate::analyze::changed::ChangedLine;
use crate::analyze::sides::{Beside, Fate, MetricSides, MovedMember, Side, Warning, Which};
use crate::model::metrics_doc::Good;
use crate::model::{Day, Edition, Number, Provenance, SnapshotId};

/// What is said of two sides.
#[derive(Clone, Debug)]
pub struct SidesView {
    /// The first side, and what it is held against.
    pub sides: [SideLine; 2],
    /// What is to be known before.
    pub warnings: Vec<Said>,
    /// The metrics.
    pub metrics: Vec<SidesRow>,
    /// What moved most, for each metric by each dimension.
    pub tables: Vec<SidesTable>,
    /// Where nothing can be said by a dimension, and why.
    pub notes: Vec<String>,
}

/// What a side is.
#[derive(Clone, Debug)]
pub struct SideLine {
    /// `A` or `B`.
    pub letter: &'static str,
    /// Its days: `2025-11-06`, `2025-11-01 – 2025-11-07`.
    pub name: String,
    /// Which editions: `Thu, edition 1, witnessed`; `7 days, edition 2 of 2025-11-06, else 1`.
    pub aside: String,
    /// The same without its weekday and provenance: `edition 1`.
    pub editions: String,
    /// Its days in words: `Thursday 6 November 2025`, `1 Nov – 7 Nov 2025`.
    pub words: String,
    /// How its days came to be known, each with its number of days.
    pub provenances: Vec<(Provenance, usize)>,
}

/// A sentence, and lines that show what it says.
#[derive(Clone, Debug)]
pub struct Said {
    /// The sentence.
    pub text: String,
    /// How a definition has changed.
    pub lines: Vec<ChangedLine>,
}

/// A metric or a member on both sides.
#[derive(Clone, Debug)]
pub struct SidesRow {
    /// What it is called.
    pub name: String,
    /// What else it is called; for a member of one side, that it is.
    pub small: Option<String>,
    /// The value of A.
    pub a: String,
    /// The value of B.
    pub b: String,
    /// A − B.
    pub difference: String,
    /// The difference in percent of B; empty for rates.
    pub change: String,
    /// Whether that is good.
    pub verdict: Verdict,
    /// Why there is no difference or no percentage.
    pub reason: Option<String>,
}

/// What moved most by one dimension.
#[derive(Clone, Debug)]
pub struct SidesTable {
    /// `Calls by campaign`.
    pub title: String,
    /// Its members.
    pub rows: Vec<SidesRow>,
    /// How many members are not shown.
    pub more: usize,
}

/// Says all of two sides; `top` members a table, or all of them.
pub fn view(
    (a, b): (&Side, &Side),
    metrics: &IndexMap<String, MetricSides>,
    warnings: &[Warning],
    top: Option<usize>,
) -> SidesView {
    let mut found = SidesView {
        sides: [side_line("A", a), side_line("B", b)],
        warnings: warnings.iter().flat_map(said).collect(),
        metrics: Vec::new(),
        tables: Vec::new(),
        notes: Vec::new(),
    };
    for metric in metrics.values() {
        let format = format(metric, [&metric.beside].into_iter());
        found.metrics.push(SidesRow {
            name: metric.label.clone(),
            reason: metric.beside.reason.clone(),
            ..row(&metric.beside, metric.good, &format)
        });
        for (dimension, members) in &metric.by {
            let title = format!("{} by {dimension}", metric.label);
            found.tables.extend(table(title, metric, members, top));
        }
        for (dimension, reason) in &metric.not_by {
            found.notes.push(format!("{} by {dimension}: {reason}", metric.label));
        }
    }
    found
}

fn format<'b>(metric: &MetricSides, values: impl Iterator<Item = &'b Beside>) -> Format {
    let numbers = values.flat_map(|beside| [beside.a.value.as_ref(), beside.b.value.as_ref()]).flatten();
    Format::of(metric.unit.as_deref(), numbers)
}

fn row(beside: &Beside, good: Option<Good>, format: &Format) -> SidesRow {
    let value = |value: Option<&Number>| {
        value.map_or_else(|| DASH.to_owned(), |value| format.show(value).to_string())
    };
    let difference = beside.difference.as_ref().map_or_else(
        || DASH.to_owned(),
        |difference| {
            let shown = format.finer(difference).show(difference);
            let unit = if format.is_percent() { Some("pt".to_owned()) } else { shown.unit.clone() };
            Shown { number: signed(shown.number, difference), unit }.to_string()
        },
    );
    let change = match &beside.percentage {
        Some(percentage) => {
            let shown = Format::percentage(2).show(percentage);
            let moved = beside.difference.as_ref().is_some_and(|difference| !difference.is_zero());
            if percentage.is_zero() && moved {
                // The difference beside it says which way.
                Shown { number: "<0.01".to_owned(), ..shown }.to_string()
            } else {
                Shown { number: signed(shown.number.clone(), percentage), ..shown }.to_string()
            }
        }
        None if beside.points.is_some() => String::new(),
        None => DASH.to_owned(),
    };
    SidesRow {
        name: String::new(),
        small: None,
        a: value(beside.a.value.as_ref()),
        b: value(beside.b.value.as_ref()),
        difference,
        change,
        verdict: verdict(beside.difference.as_ref(), good),
        reason: None,
    }
}

fn verdict(difference: Option<&Number>, good: Option<Good>) -> Verdict {
    let Some(difference) = difference.filter(|difference| !difference.is_zero()) else {
        return Verdict::Neutral;
    };
    let arrow = if difference.is_negative() { Arrow::Down } else { Arrow::Up };
    match (good, arrow) {
        (None, _) => Verdict::Neutral,
        (Some(Good::Up), Arrow::Up) | (Some(Good::Down), Arrow::Down) => Verdict::Better(arrow),
        (Some(_), _) => Verdict::Worse(arrow),
    }
}

/// The members that moved most; no table where none did, unless all are wanted.
fn table(
    title: String,
    metric: &MetricSides,
    members: &[MovedMember],
    top: Option<usize>,
) -> Option<SidesTable> {
    let moved = |member: &&MovedMember| {
        let difference = member.beside.difference.as_ref();
        top.is_none() || difference.map_or(member.fate.is_some(), |by| !by.is_zero())
    };
    let mut shown: Vec<&MovedMember> = members.iter().filter(moved).take(top.unwrap_or(usize::MAX)).collect();
    // The line that says that one is left out would take as much space as that one.
    if !shown.is_empty() && shown.len() + 1 == members.len() {
        shown = members.iter().collect();
    }
    if shown.is_empty() {
        return None;
    }
    let format = format(metric, shown.iter().map(|member| &member.beside));
    let rows = shown.iter().map(|member| {
        let name = member_name(member.key.as_deref(), member.label.as_deref());
        let fate = match member.fate {
            Some(Fate::Appeared) => Some("only in A"),
            Some(Fate::Vanished) => Some("only in B"),
            None => None,
        };
        let small: Vec<&str> = name.small.as_deref().into_iter().chain(fate).collect();
        SidesRow {
            name: name.main.clone().into_owned(),
            small: (!small.is_empty()).then(|| small.join(", ")),
            ..row(&member.beside, metric.good, &format)
        }
    });
    Some(SidesTable { title, rows: rows.collect(), more: members.len() - shown.len() })
}

fn side_line(letter: &'static str, side: &Side) -> SideLine {
    let provenances = [Provenance::Provisional, Provenance::Witnessed, Provenance::Reconstructed];
    let provenances =
        provenances.map(|one| (one, side.days.iter().filter(|day| day.provenance == one).count()));
    let provenances: Vec<_> = provenances.into_iter().filter(|(_, days)| *days > 0).collect();
    if let ([day], true) = (side.days.as_slice(), side.is_day()) {
        return SideLine {
            letter,
            name: side.from.to_string(),
            words: when::in_words(side.from),
            editions: format!("edition {}", day.id.edition),
            provenances,
            aside: format!(
                "{}, edition {}, {}",
                side.from.date().format("%a"),
                day.id.edition,
                day.provenance.word()
            ),
        };
    }
    SideLine {
        letter,
        name: format!("{} – {}", side.from, side.to),
        aside: format!("{}, {}", days_in_words(side.length()), editions(side)),
        editions: format!("{}, {}", days_in_words(side.length()), editions(side)),
        words: when::span(side.from, side.to),
        provenances,
    }
}

/// Which editions a range's days have: each later one by its day, or of many only how many.
fn editions(side: &Side) -> String {
    const MOST_NAMED: usize = 3;
    let later: Vec<SnapshotId> =
        side.days.iter().map(|day| day.id).filter(|id| id.edition.number() > 1).collect();
    if later.is_empty() {
        return "edition 1 of each".to_owned();
    }
    if later.len() <= MOST_NAMED {
        let named: Vec<String> =
            later.iter().map(|id| format!("edition {} of {}", id.edition, id.day)).collect();
        let first = if later.len() == side.days.len() { "" } else { ", else 1" };
        return format!("{}{first}", named.join(", "));
    }
    let mut numbers: BTreeMap<Edition, i64> = BTreeMap::new();
    for id in &later {
        *numbers.entry(id.edition).or_default() += 1;
    }
    let counted: Vec<String> = numbers
        .iter()
        .map(|(edition, days)| format!("edition {edition} of {}", days_in_words(*days)))
        .collect();
    let first = if later.len() == side.days.len() { "" } else { ", else 1" };
    format!("{}{first}", counted.join(", "))
}

fn days_in_words(days: i64) -> String {
    if days == 1 { "1 day".to_owned() } else { format!("{days} days") }
}

fn letter(which: Which) -> &'static str {
    match which {
        Which::A => "A",
        Which::B => "B",
    }
}

/// Days as text; those that follow each other as one span.
fn list(days: &[Day]) -> String {
    let mut spans: Vec<(Day, Day)> = Vec::new();
    for day in days {
        match spans.last_mut() {
            Some((_, to)) if day.days_since(*to) == 1 => *to = *day,
            _ => spans.push((*day, *day)),
        }
    }
    let text =
        |(from, to): &(Day, Day)| if from == to { from.to_string() } else { format!("{from} – {to}") };
    spans.iter().map(text).collect::<Vec<_>>().join(", ")
}

/// A warning as a sentence; one for each time that a definition changed.
pub fn said(warning: &Warning) -> Vec<Said> {
    let text = match warning {
        Warning::Definition { label, changes, .. } => {
            let change = changes.iter().map(|change| Said {
                text: format!(
                    "{label} is not defined alike: {}@{} has it otherwise than {}@{}",
                    change.to.date, change.to.edition, change.from.date, change.from.edition
                ),
                lines: change.lines.clone(),
            });
            return change.collect();
        }
        Warning::Shortened { to, asked } => {
            format!("A ends on {to} instead of {asked}: the month before has no more days")
        }
        Warning::Dimension { dimension } => {
            format!("{dimension} is not defined alike on all days, so its members may mean other things")
        }
        Warning::Missing { side, days, of } => format!(
            "{} lacks {} of its {of} days, and so do its sums: {}",
            letter(*side),
            days.len(),
            list(days)
        ),
        Warning::Thinned { side, days, of } => format!(
            "the numbers of {} of the {of} days of {} were thinned, so its sums lack them: {}",
            days.len(),
            letter(*side),
            list(days)
        ),
        Warning::Unknown { side, label, days, .. } => {
            format!("{label} of {} is without {}, where it is unknown", letter(*side), list(days))
        }
        Warning::Provisional { side, days } => {
            format!("{} is provisional in {}: its numbers may still change", list(days), letter(*side))
        }
        Warning::Hours { side, day, hours } => format!("{day} of {} has {hours} hours", letter(*side)),
        Warning::Lengths { a, b } => format!("A spans {} and B {}", days_in_words(*a), days_in_words(*b)),
        Warning::Overlap { from, to } if from == to => format!("A and B both have {from}"),
        Warning::Overlap { from, to } => format!("A and B both have {from} – {to}"),
    };
    vec![Said { text, lines: Vec::new() }]
}
