//! An entity through time on the terminal: row by row, and of each what is other than before.

use super::table::{Cell, Line, Side, Table};
use super::{Options, Tone};
use crate::view::history::{HistoryInput, MovedInput, Step, StepLine, spanned};
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
    text.push_str(&table(["Before", "Now", "Change", "%", ""], lines, options));
    for note in input.notes() {
        text.push_str(&Tone::Warning.paint(&format!("! {}", safe(&note)), options.color));
        text.push('\n');
    }
    text
}

/// The last row held against the one before it, field by field.
pub fn history_pair(input: &HistoryInput<'_>, options: &Options) -> String {
    let mut text = format!("{}\n", Tone::Strong.paint(&safe(&input.name()), options.color));
    for (name, row) in ["A", "B"].iter().zip(input.rows.iter().rev()) {
        text.push_str(&format!("{name}: {}\n", safe(&input.one(row))));
    }
    let cells = |of: &StepLine| {
        let Line::Cells(mut cells) = line(of) else { return line(of) };
        if cells.len() > 2 {
            cells.swap(1, 2);
        }
        Line::Cells(cells)
    };
    let lines = input.pair().iter().map(cells).collect();
    text.push_str(&format!("\n{}", table(["A", "B", "Difference", "Change", ""], lines, options)));
    text
}

/// Entities that moved, each with what is other.
pub fn moved(input: &MovedInput, options: &Options) -> String {
    let mut text = format!("{}\n", Tone::Strong.paint(&safe(&input.heading), options.color));
    let mut lines = Vec::new();
    for ((name, aside), fields) in &input.entities {
        let (text, aside) = (safe(name).into_owned(), safe(aside).into_owned());
        lines.push(Line::Across(Cell { text, aside, tone: Tone::Strong }));
        lines.extend(fields.iter().map(line));
    }
    if !lines.is_empty() {
        text.push_str(&format!("\n{}", table(["Before", "Now", "Change", "%", ""], lines, options)));
    }
    let mut counts = vec![format!("{} did, {} did not", input.entities.len(), input.others)];
    if input.unknown > 0 {
        counts.push(format!("{} had no row by then, so it is unknown", input.unknown));
    }
    text.push_str(&format!("\n{}\n", Tone::Faint.paint(&counts.join(" · "), options.color)));
    if !input.thinned.is_empty() {
        let note =
            format!("! the rows of {} were thinned: earlier ones stand for them", spanned(&input.thinned));
        text.push_str(&format!("{}\n", Tone::Warning.paint(&note, options.color)));
    }
    text
}

fn table(heads: [&str; 5], mut lines: Vec<Line>, options: &Options) -> String {
    shorten(&mut lines, options.width);
    let heads = heads.map(|head| Cell::new(head, Tone::Faint));
    let table = Table {
        sides: vec![Side::Left, Side::Right, Side::Right, Side::Right, Side::Right, Side::Remainder],
        head: std::iter::once(Cell::new("Field", Tone::Faint)).chain(heads).collect(),
        lines,
    };
    table.draw(options.width, options.color).0
}

fn heading(step: &Step) -> Cell {
    let tone = if step.is_significant { Tone::Accent } else { Tone::Strong };
    let text = format!("{} {}", step.day, step.number);
    Cell { text, aside: safe(&step.aside).into_owned(), tone }
}

/// No name or value makes a column wider than this.
const WIDEST: usize = 24;
/// No remark takes more room from the values than this.
const REMARK: usize = 30;
/// So much is shown of a value in any case.
const NARROWEST: usize = 10;
/// The columns of the two values.
const VALUES: std::ops::Range<usize> = 1..3;

fn short(text: &str, widest: usize) -> String {
    if text.chars().count() <= widest {
        return text.to_owned();
    }
    text.chars().take(widest - 1).chain(['…']).collect()
}

/// Cuts the values as far as it takes to leave room for what is said of them.
fn shorten(lines: &mut [Line], width: usize) {
    let mut widths = [0; 6];
    for line in lines.iter() {
        let Line::Cells(cells) = line else { continue };
        for (widest, cell) in widths.iter_mut().zip(cells) {
            *widest = cell.text.chars().count().max(*widest);
        }
    }
    let [name, _, _, change, percentage, remark] = widths;
    let others = name + change + percentage + remark.min(REMARK) + 2 * (widths.len() - 1);
    let widest = (width.saturating_sub(others) / 2).clamp(NARROWEST, WIDEST);
    for line in lines {
        let Line::Cells(cells) = line else { continue };
        for cell in cells.iter_mut().take(VALUES.end).skip(VALUES.start) {
            cell.text = short(&cell.text, widest);
        }
    }
}

fn line(line: &StepLine) -> Line {
    let tone = match line.is_good {
        Some(true) => Tone::Good,
        Some(false) => Tone::Bad,
        None => Tone::Plain,
    };
    let [change, percentage] = &line.moved;
    Line::Cells(vec![
        Cell::plain(format!("  {}", short(&safe(&line.name), WIDEST))),
        Cell::new(safe(&line.before).into_owned(), Tone::Faint),
        Cell::plain(safe(&line.now).into_owned()),
        Cell::new(change, tone),
        Cell::new(percentage, tone),
        Cell::new(safe(&line.remark).into_owned(), Tone::Faint),
    ])
}
