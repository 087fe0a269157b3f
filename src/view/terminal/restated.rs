//! What changed from one edition of a day to a later one, on the terminal.

use super::table::{Cell, Line, Side, Table};
use super::{Options, Tone};
use crate::analyze::restated::Restated;
use crate::model::Number;
use crate::view::compared;
use crate::view::format::{DASH, Format};
use crate::view::text::safe;

/// What changed from one edition to a later one.
#[derive(Clone, Debug)]
pub struct Changes {
    /// What it is about, as a sentence: which edition, when and why.
    pub heading: String,
    /// What the two editions are called in the headings of their columns.
    pub editions: [String; 2],
    /// The metrics that differ.
    pub rows: Vec<ChangedRow>,
}

/// A metric that differs.
#[derive(Clone, Debug)]
pub struct ChangedRow {
    /// What people call it.
    pub label: String,
    /// Its unit.
    pub unit: Option<String>,
    /// Its values.
    pub restated: Restated,
}

/// The changes as a table under their heading; the heading alone when no metric differs.
pub fn changes(changes: &Changes, options: &Options) -> String {
    let mut text = Tone::Strong.paint(&safe(&changes.heading), options.color) + "\n";
    if changes.rows.is_empty() {
        return text;
    }
    let [before, after] = &changes.editions;
    let head = ["Metric", before, after, "Change"].map(|text| Cell::new(safe(text), Tone::Faint));
    let table = Table {
        sides: vec![Side::Left, Side::Right, Side::Right, Side::Right],
        head: head.into(),
        lines: changes.rows.iter().map(|row| Line::Cells(cells(row))).collect(),
    };
    text.push_str(&table.draw_all(options.width, options.color));
    text
}

fn cells(row: &ChangedRow) -> Vec<Cell> {
    let found = &row.restated;
    let format = Format::of(row.unit.as_deref(), found.before.iter().chain(&found.after));
    let value = |value: &Option<Number>| match value {
        Some(value) => Cell::plain(safe(&format.show(value).to_string())),
        None => Cell::new(DASH, Tone::Faint),
    };
    let change = found.change.as_ref().zip(found.before.as_ref());
    let change = change.map(|(change, before)| compared::amount_signed(change, before, &format).to_string());
    vec![
        Cell::plain(safe(&row.label)),
        value(&found.before),
        value(&found.after),
        change.map_or_else(|| Cell::new(DASH, Tone::Faint), |change| Cell::plain(safe(&change))),
    ]
}
