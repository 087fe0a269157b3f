//! An entity through time in words and cells, for terminals and pages alike.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use indexmap::IndexMap;

use super::format::{DASH, Format};
use super::growth::percent;
use super::object::{joined, readable};
use super::when::minute_with_year;
use crate::config::entities::NumberSettings;
use crate::config::presentation::label_of;
use crate::entities::computed::{Computed, Move};
use crate::model::entity::{EntityRow, FieldKind, FieldValue};
use crate::model::{Day, Fingerprint, Number};

/// What is shown.
#[derive(Clone, Debug)]
pub struct HistoryInput<'a> {
    /// What it is one of.
    pub entity: &'a str,
    /// Its key.
    pub key: &'a str,
    /// What people call it.
    pub label: Option<&'a str>,
    /// The zone in which times are told.
    pub zone: Tz,
    /// Its fields, in order.
    pub fields: &'a IndexMap<String, FieldKind>,
    /// What is told of its numbers.
    pub numbers: &'a IndexMap<String, NumberSettings>,
    /// Its rows, oldest first.
    pub rows: Vec<HistoryRow<'a>>,
    /// The days for which nobody looked, and why.
    pub unlooked: &'a [(Day, String)],
    /// The days whose rows were thinned, and when.
    pub thinned: &'a [(Day, String)],
    /// The number of its newest row, where that was thinned.
    pub newest_thinned: Option<u64>,
    /// The day of the look in which it was not any more.
    pub gone: Option<Day>,
}

/// A row of it.
#[derive(Clone, Debug)]
pub struct HistoryRow<'a> {
    /// Its business day.
    pub day: Day,
    /// When it was seen.
    pub at: DateTime<Utc>,
    /// What kind of row it is, and why it was captured.
    pub why: String,
    /// By what it was read.
    pub definition: Fingerprint,
    /// What was seen.
    pub row: &'a EntityRow,
    /// How it differs from the one before.
    pub computed: &'a Computed,
}

/// Entities that moved.
#[derive(Clone, Debug)]
pub struct MovedInput {
    /// What they are, and since when.
    pub heading: String,
    /// Of each its name, the two rows, and what is other.
    pub entities: Vec<((String, String), Vec<StepLine>)>,
    /// How many did not.
    pub others: usize,
    /// Of how many it is unknown.
    pub unknown: usize,
    /// The days whose rows were thinned, and for which earlier ones stand.
    pub thinned: Vec<Day>,
}

/// A row as it is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its number: `#12`.
    pub number: String,
    /// Its business day.
    pub day: Day,
    /// What kind of row it is, when it was seen, how long after the one before.
    pub aside: String,
    /// Whether something moved by more than its amount.
    pub is_significant: bool,
    /// What is other than before; of the first row, all.
    pub lines: Vec<StepLine>,
}

/// A field of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepLine {
    /// The field.
    pub name: String,
    /// What it was; empty for the first row.
    pub before: String,
    /// What it is.
    pub now: String,
    /// By how much it moved, and that in percent; empty for what is no number.
    pub moved: [String; 2],
    /// What else is to be said: what a list got and lost, the trend, that it is significant.
    pub remark: String,
    /// Whether it moved the good way; `None` where nobody said which that is.
    pub is_good: Option<bool>,
}

impl HistoryInput<'_> {
    /// What it is called: `Acme (account 5)`.
    pub fn name(&self) -> String {
        match self.label.filter(|label| !label.trim().is_empty()) {
            Some(label) => format!("{label} ({} {})", self.entity, self.key),
            None => format!("{} {}", self.entity, self.key),
        }
    }

    /// The rows as they are told, oldest first.
    pub fn steps(&self) -> Vec<Step> {
        let formats = self.formats();
        let mut steps = Vec::with_capacity(self.rows.len());
        for (at, row) in self.rows.iter().enumerate() {
            let before = at.checked_sub(1).and_then(|at| self.rows.get(at)).map(|row| row.row);
            let lines = self.fields.keys().filter_map(|name| self.line(name, row, before, &formats, false));
            steps.push(Step {
                number: format!("#{}", row.row.seq),
                day: row.day,
                aside: self.aside(row),
                is_significant: row.computed.is_significant == Some(true),
                lines: lines.collect(),
            });
        }
        steps
    }

    /// The entity and the two rows that are held against each other: the first and the last.
    pub fn heading(&self) -> (String, String) {
        let id = |row: Option<&HistoryRow<'_>>| {
            row.map(|row| format!("#{} of {}", row.row.seq, row.day)).unwrap_or_default()
        };
        (self.name(), format!("{} → {}", id(self.rows.first()), id(self.rows.last())))
    }

    /// These fields of the last row, held against the row before it.
    pub fn lines_of(&self, fields: &[String]) -> Vec<StepLine> {
        let names: Vec<String> = fields.iter().map(|name| label_of(name)).collect();
        self.pair().into_iter().filter(|line| names.contains(&line.name)).collect()
    }

    /// Every field of the last row, held against the one before it.
    pub fn pair(&self) -> Vec<StepLine> {
        let formats = self.formats();
        let Some(row) = self.rows.last() else { return Vec::new() };
        let before = self.rows.len().checked_sub(2).and_then(|at| self.rows.get(at)).map(|row| row.row);
        self.fields.keys().filter_map(|name| self.line(name, row, before, &formats, true)).collect()
    }

    /// A row in a line: its id, its day, and when it was seen.
    pub fn one(&self, row: &HistoryRow<'_>) -> String {
        let seen = minute_with_year(row.at, self.zone.name());
        format!("{} of {}, {}, {seen}", row.row.snapshot_id(), row.day, row.why)
    }

    fn aside(&self, row: &HistoryRow<'_>) -> String {
        let seen = minute_with_year(row.at, self.zone.name());
        let later = row.computed.previous.map(|before| match before.days {
            0 => ", the same day".to_owned(),
            1 => ", a day later".to_owned(),
            days => format!(", {days} days later"),
        });
        format!("{}, {seen}{}", row.why, later.unwrap_or_default())
    }

    /// The numbers' formats, each fitted to all that is shown of it.
    pub fn formats(&self) -> IndexMap<&str, Format> {
        let of = |name: &str, settings: &NumberSettings| {
            let values = self.rows.iter().filter_map(|row| row.row.number(name));
            Format::of(settings.unit.as_deref(), values)
        };
        self.numbers.iter().map(|(name, settings)| (name.as_str(), of(name, settings))).collect()
    }

    /// What a field of a row held.
    pub fn shown(&self, value: Option<&FieldValue>, format: Option<&Format>) -> String {
        match value {
            None => DASH.to_string(),
            Some(FieldValue::Number(number)) => {
                format.map_or_else(|| number.to_string(), |format| format.show(number).to_string())
            }
            Some(FieldValue::Text(text)) if text.is_empty() => "“”".to_owned(),
            Some(FieldValue::Text(text)) => readable(text).into_owned(),
            Some(FieldValue::List(items)) if items.is_empty() => "none".to_owned(),
            Some(FieldValue::List(items)) => joined(items),
        }
    }

    /// A field, if it is other than before or there is no row before.
    fn line(
        &self,
        name: &str,
        row: &HistoryRow<'_>,
        before: Option<&EntityRow>,
        formats: &IndexMap<&str, Format>,
        all: bool,
    ) -> Option<StepLine> {
        let now = row.row.fields.get(name);
        let was = before.and_then(|before| before.fields.get(name));
        if !all && before.is_some() && was.map(Option::as_ref) == now.map(Option::as_ref) {
            return None;
        }
        let format = formats.get(name);
        let show = |value: Option<&Option<FieldValue>>| match value {
            None => "not read".to_owned(),
            Some(value) => self.shown(value.as_ref(), format),
        };
        let moved = row.computed.moves.get(name).filter(|_| before.is_some());
        let mut remarks = list_remarks(was.and_then(Option::as_ref), now.and_then(Option::as_ref));
        if let Some(moved) = row.computed.moves.get(name) {
            let over = self.numbers.get(name).and_then(|settings| settings.trend.as_ref());
            let trend =
                moved.trend.zip(over).map(|(trend, over)| format!("{} over {}", trend.word(), over.over));
            remarks.extend(trend);
            remarks.extend((moved.is_significant == Some(true)).then(|| "significant".to_owned()));
        }
        let is_good = moved.and_then(|moved| self.is_good(name, moved.change.as_ref()));
        Some(StepLine {
            name: label_of(name),
            before: if before.is_some() { show(was) } else { String::new() },
            now: show(now),
            moved: moved.map(|moved| amounts(moved, format)).unwrap_or_default(),
            remark: remarks.join(if remarks.iter().any(|one| one.contains(',')) { "; " } else { ", " }),
            is_good,
        })
    }

    fn is_good(&self, name: &str, change: Option<&Number>) -> Option<bool> {
        let change = change.filter(|change| !change.is_zero())?;
        let up = self.numbers.get(name)?.good_up?;
        Some(up != change.is_negative())
    }

    /// What is to be said of it all.
    pub fn notes(&self) -> Vec<String> {
        let unlooked = self.unlooked.iter().map(|(day, reason)| format!("{day} can't be known: {reason}"));
        let gone = self.gone.map(|day| format!("in the look of {day} it was not there any more"));
        unlooked.chain(gone).chain(self.thinned_notes()).collect()
    }

    /// What is to be said of rows that were thinned.
    pub fn thinned_notes(&self) -> Vec<String> {
        let mut notes: Vec<String> = Vec::new();
        let mut reasons: Vec<&String> = self.thinned.iter().map(|(_, why)| why).collect();
        reasons.sort_unstable();
        reasons.dedup();
        for reason in reasons {
            let days: Vec<Day> =
                self.thinned.iter().filter(|(_, why)| why == reason).map(|(day, _)| *day).collect();
            notes.push(format!("no rows of {}: {reason}", spanned(&days)));
        }
        let newest = self.newest_thinned.map(|seq| format!("its newest row, #{seq}, was thinned"));
        notes.extend(newest);
        notes
    }

    /// The days since which it was defined otherwise than before.
    pub fn redefined(&self) -> Vec<Day> {
        let pairs = self.rows.iter().zip(self.rows.iter().skip(1));
        pairs.filter(|(one, next)| one.definition != next.definition).map(|(_, next)| next.day).collect()
    }
}

/// Days in order as a span: `4 days from 2025-10-01 to 2025-10-30`.
pub fn spanned(days: &[Day]) -> String {
    match days {
        [] => "no day".to_owned(),
        [day] => day.to_string(),
        [first, .., last] => format!("{} days from {first} to {last}", days.len()),
    }
}

/// By how much a number moved, with its sign, and that in percent; of one that is not known nothing.
fn amounts(moved: &Move, format: Option<&Format>) -> [String; 2] {
    let Some(change) = &moved.change else { return [String::new(), String::new()] };
    let fitted = format.map(|format| format.fitted_to([change]));
    let shown = fitted.map_or_else(|| change.to_string(), |format| format.show(change).to_string());
    let sign = if change.is_negative() || change.is_zero() { "" } else { "+" };
    [
        format!("{sign}{shown}"),
        moved.percentage.as_ref().map(|share| percent(Some(share))).unwrap_or_default(),
    ]
}

/// What a list got and lost.
fn list_remarks(was: Option<&FieldValue>, now: Option<&FieldValue>) -> Vec<String> {
    let (Some(was), Some(now)) = (was.and_then(FieldValue::list), now.and_then(FieldValue::list)) else {
        return Vec::new();
    };
    let got = now.iter().filter(|item| !was.contains(item)).map(|item| format!("+ {}", readable(item)));
    let lost = was.iter().filter(|item| !now.contains(item)).map(|item| format!("− {}", readable(item)));
    got.chain(lost).collect()
}
