//! A forecast on the terminal: the days to come, and what is to be said of them.

use super::table::{Cell, Line, Side, Table};
use super::{Options, Tone};
use crate::analyze::forecast::LEVEL;
use crate::analyze::outlook::Outlook;
use crate::view::format::Format;
use crate::view::outlook::sentences;
use crate::view::text::safe;

/// The forecast of a metric with this label and unit.
pub fn outlook(outlook: &Outlook, label: &str, unit: Option<&str>, options: &Options) -> String {
    let numbers = outlook.days.iter().flat_map(|day| [&day.value, &day.low, &day.high]);
    let format = Format::of(unit, numbers);
    let head = Cell {
        text: safe(label).into_owned(),
        aside: safe(format.common_unit().unwrap_or_default()).into_owned(),
        tone: Tone::Faint,
    };
    let faint = |text: String| Cell::new(text, Tone::Faint);
    let number = |number: &crate::model::Number| safe(&format.show_bare(number).to_string()).into_owned();
    let line = |day: &crate::analyze::outlook::Ahead| {
        Line::Cells(vec![
            Cell::with_aside(day.day.to_string(), day.day.date().format("%a").to_string()),
            Cell::plain(number(&day.value)),
            Cell::plain(number(&day.low)),
            Cell::plain(number(&day.high)),
        ])
    };
    let table = Table {
        sides: vec![Side::Left, Side::Right, Side::Right, Side::Right],
        head: vec![faint("Day".to_owned()), head, faint(format!("{LEVEL} % from")), faint("to".to_owned())],
        lines: outlook.days.iter().map(line).collect(),
    };
    let mut text = table.draw_all(options.width, options.color);
    for sentence in sentences(outlook, label, &format) {
        text.push_str(&Tone::Faint.paint(&safe(&sentence), options.color));
        text.push('\n');
    }
    text
}
