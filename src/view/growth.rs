//! Growth in words and cells, for terminals and pages alike.

use std::cmp::Reverse;

use chrono::TimeDelta;
use chrono_tz::Tz;

use super::format::{DASH, count};
use super::when::minute_with_year;
use crate::analyze::growth::{Grown, Mover, Parts, Sums, percentage};
use crate::config::presentation::label_of;
use crate::model::Number;

/// What is shown of it.
#[derive(Clone, Debug)]
pub struct GrowthInput {
    /// The entities.
    pub entity: String,
    /// The calendar's zone.
    pub zone: Tz,
    /// Both sides: their days, when they were seen, and whether that was a capture.
    pub current: SeenInput,
    /// The older one; `None` where there is none.
    pub previous: Option<SeenInput>,
    /// What is to be said of it: why there is none, and what else is unknown.
    pub remarks: Vec<String>,
    /// What came out; without an older side what the newer one holds.
    pub grown: Grown,
    /// What the groups are.
    pub by: Option<String>,
}

/// One side.
#[derive(Clone, Debug)]
pub struct SeenInput {
    /// Its day.
    pub day: String,
    /// When it was seen.
    pub at: chrono::DateTime<chrono::Utc>,
    /// How it came about: `seen`, `captured` or `read just now`.
    pub how: &'static str,
}

/// One row of a table: a name and its cells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrowthRow {
    /// The counter, group or entity.
    pub name: String,
    /// What else it is called.
    pub aside: String,
    /// The newer value, the older one, the growth, and its percentage.
    pub cells: [String; 4],
    /// Whether it went down.
    pub fell: bool,
}

/// The heads of the cells.
pub const HEADS: [&str; 4] = ["Current", "Previous", "Growth", "Change"];

/// A whole number with its digits in groups.
pub fn whole(number: i128) -> String {
    let digits =
        u64::try_from(number.unsigned_abs()).map_or_else(|_| number.unsigned_abs().to_string(), count);
    if number < 0 { format!("−{digits}") } else { digits }
}

/// The same with its sign.
pub fn signed(number: i128) -> String {
    if number > 0 { format!("+{}", whole(number)) } else { whole(number) }
}

/// A percentage with its sign; a dash where there is none.
pub fn percent(percentage: Option<&Number>) -> String {
    match percentage {
        None => DASH.to_owned(),
        Some(number) if number.is_negative() => format!("−{} %", number.abs()),
        Some(number) if number.is_zero() => format!("{number} %"),
        Some(number) => format!("+{number} %"),
    }
}

impl GrowthInput {
    /// What is held against what, in words.
    pub fn heading(&self) -> String {
        let side = |side: &SeenInput| {
            format!("{} ({} {})", side.day, side.how, minute_with_year(side.at, self.zone.name()))
        };
        match &self.previous {
            None => format!("{}: {}", label_of(&self.entity), side(&self.current)),
            Some(previous) => format!(
                "{}: {} against {}, {} h",
                label_of(&self.entity),
                side(&self.current),
                side(previous),
                hours(self.current.at.signed_duration_since(previous.at))
            ),
        }
    }

    /// The counters.
    pub fn rows(&self) -> Vec<GrowthRow> {
        self.grown.counters.iter().map(|(name, sums)| of_sums(&label_of(name), sums)).collect()
    }

    /// A counter by group, those that grew most first.
    pub fn groups(&self, counter: usize) -> Vec<GrowthRow> {
        let groups = self.grown.groups.iter();
        let mut groups: Vec<(&Option<String>, &Sums)> =
            groups.filter_map(|(group, sums)| Some((group, sums.get(counter)?))).collect();
        groups.sort_by_key(|(group, sums)| (Reverse(sums.growth()), Reverse(sums.newer()), *group));
        let name = |group: &Option<String>| group.clone().unwrap_or_else(|| "(none)".to_owned());
        groups.into_iter().map(|(group, sums)| of_sums(&name(group), sums)).collect()
    }

    /// The entities that grew most by a counter.
    pub fn movers(&self, counter: &str) -> Vec<GrowthRow> {
        let movers = self.grown.top.get(counter);
        movers.into_iter().flatten().map(of_mover).collect()
    }

    /// What the entities are, in words; none without an older side.
    pub fn parts(&self) -> Option<String> {
        self.previous.as_ref().map(|_| parts(&self.grown.parts))
    }
}

/// Hours with one decimal where they are not whole.
pub fn hours(span: TimeDelta) -> String {
    let tenths = (span.num_seconds() + 180).div_euclid(360);
    if tenths % 10 == 0 { (tenths / 10).to_string() } else { format!("{}.{}", tenths / 10, tenths % 10) }
}

fn parts(parts: &Parts) -> String {
    let all = [
        (parts.matched, "matched"),
        (parts.appeared, "appeared"),
        (parts.disappeared, "disappeared"),
        (parts.decreased, "decreased"),
        (parts.not_due, "not due"),
        (parts.unknown, "unknown"),
    ];
    let all = all.iter().filter(|(number, word)| *number > 0 || *word == "matched");
    all.map(|(number, word)| format!("{} {word}", count(*number))).collect::<Vec<_>>().join(" · ")
}

fn of_sums(name: &str, sums: &Sums) -> GrowthRow {
    let or_dash = |told: Option<String>| told.unwrap_or_else(|| DASH.to_owned());
    GrowthRow {
        name: name.to_owned(),
        aside: String::new(),
        cells: [
            or_dash(sums.newer().map(whole)),
            or_dash(sums.older().map(whole)),
            or_dash(sums.growth().map(signed)),
            percent(sums.percentage().as_ref()),
        ],
        fell: sums.growth().is_some_and(|growth| growth < 0),
    }
}

fn of_mover(mover: &Mover) -> GrowthRow {
    let previous = mover.previous.map(i128::from);
    let share = previous.and_then(|previous| percentage(mover.current.into(), previous));
    GrowthRow {
        name: mover.label.clone().unwrap_or_else(|| mover.key.clone()),
        aside: if mover.label.is_some() { mover.key.clone() } else { String::new() },
        cells: [
            whole(mover.current.into()),
            previous.map_or_else(|| DASH.to_owned(), whole),
            signed(mover.growth()),
            percent(share.as_ref()),
        ],
        fell: mover.growth() < 0,
    }
}
