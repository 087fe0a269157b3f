//! How metrics settle, on the terminal.

use super::table::{Cell, Line, Side, Table};
use super::{Options, Tone};
use crate::view::settling::{HEAD, SettlingInput, SettlingMetric, legend};
use crate::view::text::safe;

/// Each metric with its verdict and what is known from each age on.
pub fn settling(input: &SettlingInput, options: &Options) -> String {
    let mut text = String::new();
    for metric in &input.metrics {
        let label = Tone::Strong.paint(&safe(&metric.label), options.color);
        text.push_str(&format!("{label}  {}\n", safe(&metric.verdict())));
        text.push_str(&table(metric).draw_all(options.width, options.color));
        text.push('\n');
    }
    for note in input.notes.iter().cloned().chain(legend(&input.metrics)) {
        text.push_str(&Tone::Faint.paint(&safe(&note), options.color));
        text.push('\n');
    }
    text
}

fn table(metric: &SettlingMetric) -> Table {
    let rows = metric.rows();
    if rows.is_empty() {
        return Table::default();
    }
    let line = |row: &crate::view::settling::AgeRow| {
        let tone = if row.settled { Tone::Good } else { Tone::Plain };
        let cells = [&row.age, &row.days, &row.within, &row.median, &row.p95];
        Line::Cells(cells.map(|text| Cell::new(text.clone(), tone)).into())
    };
    Table {
        sides: vec![Side::Left, Side::Right, Side::Right, Side::Right, Side::Right],
        head: HEAD.map(|text| Cell::new(text, Tone::Faint)).into(),
        lines: rows.iter().map(line).collect(),
    }
}
