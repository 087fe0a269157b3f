//! An entity through time on the terminal: row by row, and of each what is other than before.

use super::table::{Cell, Line, Side, Table};
use super::{Options, Tone};
use crate::view::history::{HistoryInput, Step, StepLine};
use crate::view::text::safe;

/// The rows, oldest first, so that the newest stands last.
pub fn history(input: &HistoryInput<'_>, options: &Options) -> String {
    let mut text = format!("{}\n\n", Tone::Strong.paint(&safe(&input.name()), options.color));
    let mut lines = Vec::new();
    for step in input.steps() {
        lines.push(Line::Across(heading(&step)));
        if step.lines.is_empty() {
            lines.push(Line::Cells(vec![Cell::new("  nothing changed", Tone::Faint)]));
        }
        lines.extend(step.lines.iter().map(line));
    }
    let heads = ["Before", "Now", "Change", "%", ""].map(|head| Cell::new(head, Tone::Faint));
    let table = Table {
        sides: vec![Side::Left, Side::Right, Side::Right, Side::Right, Side::Right, Side::Remainder],
        head: std::iter::once(Cell::new("Field", Tone::Faint)).chain(heads).collect(),
        lines,
    };
    text.push_str(&table.draw(options.width, options.color).0);
    for note in input.notes() {
        text.push_str(&Tone::Warning.paint(&format!("! {}", safe(&note)), options.color));
        text.push('\n');
    }
    text
}

fn heading(step: &Step) -> Cell {
    let tone = if step.is_significant { Tone::Accent } else { Tone::Strong };
    let text = format!("{} {}", step.day, step.number);
    Cell { text, aside: safe(&step.aside).into_owned(), tone }
}

/// No value makes a column wider than this.
const WIDEST: usize = 24;

fn short(text: &str) -> String {
    let text = safe(text);
    if text.chars().count() <= WIDEST {
        return text.into_owned();
    }
    text.chars().take(WIDEST - 1).chain(['…']).collect()
}

fn line(line: &StepLine) -> Line {
    let tone = match line.is_good {
        Some(true) => Tone::Good,
        Some(false) => Tone::Bad,
        None => Tone::Plain,
    };
    let [change, percentage] = &line.moved;
    Line::Cells(vec![
        Cell::plain(format!("  {}", short(&line.name))),
        Cell::new(short(&line.before), Tone::Faint),
        Cell::plain(short(&line.now)),
        Cell::new(change, tone),
        Cell::new(percentage, tone),
        Cell::new(safe(&line.remark).into_owned(), Tone::Faint),
    ])
}
