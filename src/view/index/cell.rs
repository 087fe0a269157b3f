//! One day of the calendar: its looks and what it says of itself.

use chrono::Datelike as _;

use super::input::{IndexDay, IndexEdition};
use crate::model::{Day, Number, Provenance, SnapshotId};
use crate::view::format::Format;
use crate::view::text::isolated;
use crate::view::when;

/// What stands for a metric that is not known on a day.
const UNKNOWN: &str = "unknown";

/// One place of the calendar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// The day of the month.
    pub number: String,
    /// What it looks like: its shade, and what sets it apart.
    pub class: String,
    /// Its page; none when there is nothing to open.
    pub href: Option<String>,
    /// Its snapshot, where only the page is gone.
    pub thinned: Option<String>,
    /// The number that is shown.
    pub value: String,
    /// All of it in words.
    pub words: String,
}

/// How much is said in words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Words {
    /// All of it.
    Full,
    /// As little as says it, for years of days.
    Short,
}

impl Cell {
    /// A day that has an edition.
    pub fn frozen(
        day: &IndexDay,
        value: Option<&Number>,
        level: Option<usize>,
        (format, served): (&Format, Option<&[String; 2]>),
        say: Words,
    ) -> Option<Self> {
        let shown = day.shown()?;
        let class = class(day, shown, level);
        let value = value.map(|value| format.show(value));
        let in_words = value.as_ref().map_or_else(|| UNKNOWN.to_owned(), ToString::to_string);
        Some(Self {
            number: number(day.day),
            class,
            href: day.page(shown, served),
            thinned: (shown.present && shown.thinned && served.is_none())
                .then(|| SnapshotId::new(day.day, shown.edition).to_string()),
            value: value.map(|value| value.number).unwrap_or_default(),
            words: match say {
                Words::Full => words(day, shown, &in_words),
                Words::Short => short(day, shown, &in_words),
            },
        })
    }

    /// A day between frozen ones that nobody froze.
    pub fn gap(day: Day, say: Words) -> Self {
        let name = if say == Words::Full { when::in_words(day) } else { with_weekday(day) };
        Self {
            number: number(day),
            class: "gap".to_owned(),
            href: None,
            thinned: None,
            value: String::new(),
            words: format!("{name}: not captured"),
        }
    }
}

fn number(day: Day) -> String {
    day.date().day().to_string()
}

fn class(day: &IndexDay, shown: &IndexEdition, level: Option<usize>) -> String {
    let mut class = match level {
        Some(level) if shown.present => format!("q{level}"),
        _ if shown.present => "none".to_owned(),
        _ => "gone".to_owned(),
    };
    match shown.provenance {
        Provenance::Witnessed => {}
        other => {
            class.push(' ');
            class.push_str(other.word());
        }
    }
    if shown.present && shown.thinned {
        class.push_str(" thinned");
    }
    if day.is_told_of() {
        class.push_str(" told");
    }
    if day.later().is_some() {
        class.push_str(" later");
    } else if day.editions.len() > 1 {
        class.push_str(" several");
    }
    class
}

/// The day, the value, and what is to be known of it.
fn words(day: &IndexDay, shown: &IndexEdition, value: &str) -> String {
    let words = format!("{}: {value}, {}", when::in_words(day.day), shown.provenance);
    words + &editions(day, shown)
}

/// The same in short; that a day was witnessed is not said.
fn short(day: &IndexDay, shown: &IndexEdition, value: &str) -> String {
    let mut words = format!("{}: {value}", with_weekday(day.day));
    if shown.provenance != Provenance::Witnessed {
        words.push_str(&format!(", {}", shown.provenance));
    }
    words + &editions(day, shown)
}

/// What is to be known of a day's editions.
fn editions(day: &IndexDay, shown: &IndexEdition) -> String {
    let mut words = String::new();
    if day.editions.len() > 1 {
        words.push_str(&format!(", edition {} of {}", shown.edition, day.editions.len()));
    }
    if let Some(later) = day.later() {
        words.push_str(&format!("; edition {} is later", later.edition));
        if let Some(reason) = &later.reason {
            words.push_str(&format!(": {}", isolated(reason)));
        }
    }
    if !shown.present {
        words.push_str("; its folder is missing");
    } else if shown.thinned {
        words.push_str("; its page was thinned");
    }
    for said in day.said().into_iter().chain(day.looks.iter().map(|look| isolated(look).to_string())) {
        words.push_str(&format!("; {said}"));
    }
    words
}

/// A day for the middle of a line: `Thu 6 Nov 2025`.
pub fn with_weekday(day: Day) -> String {
    day.date().format("%a %-d %b %Y").to_string()
}
