//! Growth on the terminal.

use super::table::{Cell, Line, Side, Table};
use super::{Options, Tone};
use crate::config::presentation::label_of;
use crate::view::growth::{GrowthInput, GrowthRow, HEADS};
use crate::view::text::safe;

/// Both sides, the counters, what they are made of, the groups, and what grew most.
pub fn growth(input: &GrowthInput, options: &Options) -> String {
    let faint = |text: &str| Tone::Faint.paint(&safe(text), options.color);
    let mut text = format!("{}\n", Tone::Strong.paint(&safe(&input.heading()), options.color));
    for sentence in &input.remarks {
        text.push_str(&Tone::Warning.paint(&format!("! {}", safe(sentence)), options.color));
        text.push('\n');
    }
    text.push_str(&format!("\n{}", table("Counter", &input.rows(), options)));
    if let Some(parts) = input.parts() {
        text.push_str(&format!("{}\n", faint(&parts)));
    }
    for (at, counter) in input.grown.counters.keys().enumerate() {
        if let Some(by) = &input.by {
            let title = format!("{} by {}", label_of(counter), label_of(by).to_lowercase());
            text.push_str(&format!("\n{}", table(&title, &input.groups(at), options)));
        }
        let movers = input.movers(counter);
        if !movers.is_empty() {
            let title = format!("{}: what grew most", label_of(counter));
            text.push_str(&format!("\n{}", table(&title, &movers, options)));
        }
    }
    text
}

fn table(title: &str, rows: &[GrowthRow], options: &Options) -> String {
    let line = |row: &GrowthRow| {
        let tone = if row.fell { Tone::Warning } else { Tone::Plain };
        let [current, previous, growth, change] = &row.cells;
        Line::Cells(vec![
            Cell::with_aside(safe(&row.name).into_owned(), safe(&row.aside).into_owned()),
            Cell::plain(current),
            Cell::plain(previous),
            Cell::new(growth, tone),
            Cell::new(change, tone),
        ])
    };
    let heads = HEADS.map(|head| Cell::new(head, Tone::Faint));
    let table = Table {
        sides: vec![Side::Left, Side::Right, Side::Right, Side::Right, Side::Right],
        head: std::iter::once(Cell::new(safe(title).into_owned(), Tone::Strong)).chain(heads).collect(),
        lines: rows.iter().map(line).collect(),
    };
    table.draw_all(options.width, options.color)
}
