//! Two sides beside each other on the terminal.

use super::table::{Cell, Line, Side, Table};
use super::{Options, Tone};
use crate::view::compared::Verdict;
use crate::view::sides::{SidesRow, SidesView};
use crate::view::text::safe;

/// Both sides, what is to be known before, the metrics, and what moved most.
pub fn sides(view: &SidesView, options: &Options) -> String {
    let color = options.color;
    let mut text = String::new();
    for side in &view.sides {
        let aside = Tone::Faint.paint(&side.aside, color);
        text.push_str(&format!("{}  {}  {aside}\n", side.letter, Tone::Strong.paint(&side.name, color)));
    }
    for warning in &view.warnings {
        text.push_str(&Tone::Warning.paint(&format!("! {}", safe(&warning.text)), color));
        text.push('\n');
        for line in &warning.lines {
            let (sign, tone) = if line.came { ('+', Tone::Good) } else { ('-', Tone::Bad) };
            text.push_str(&tone.paint(&format!("  {sign} {}", safe(&line.line)), color));
            text.push('\n');
        }
    }
    text.push('\n');
    text.push_str(&draw("Metric", &view.metrics, options));
    for table in &view.tables {
        text.push('\n');
        text.push_str(&draw(&table.title, &table.rows, options));
        if table.more > 0 {
            text.push_str(&Tone::Faint.paint(&format!("({} more: --by shows all)", table.more), color));
            text.push('\n');
        }
    }
    if !view.notes.is_empty() {
        text.push('\n');
    }
    for note in &view.notes {
        text.push_str(&Tone::Faint.paint(&safe(note), color));
        text.push('\n');
    }
    text
}

fn draw(title: &str, rows: &[SidesRow], options: &Options) -> String {
    let heads = ["A", "B", "Difference", "Change"].map(|head| Cell::new(head, Tone::Faint));
    let mut lines = Vec::new();
    for row in rows {
        let tone = match row.verdict {
            Verdict::Neutral => Tone::Plain,
            Verdict::Better(_) => Tone::Good,
            Verdict::Worse(_) => Tone::Bad,
        };
        let small = row.small.as_deref().unwrap_or_default();
        let plain = |text: &str| Cell::plain(safe(text).into_owned());
        lines.push(Line::Cells(vec![
            Cell::with_aside(safe(&row.name).into_owned(), safe(small).into_owned()),
            plain(&row.a),
            plain(&row.b),
            Cell::new(safe(&row.difference).into_owned(), tone),
            plain(&row.change),
        ]));
        if let Some(reason) = &row.reason {
            lines.push(Line::Across(Cell::new(format!("  {}", safe(reason)), Tone::Faint)));
        }
    }
    let table = Table {
        sides: vec![Side::Left, Side::Right, Side::Right, Side::Right, Side::Right],
        head: std::iter::once(Cell::new(safe(title).into_owned(), Tone::Strong)).chain(heads).collect(),
        lines,
    };
    table.draw_all(options.width, options.color)
}
