//! Alerts of a day on the terminal.

use unicode_width::UnicodeWidthStr;

use super::table::{Cell, Line, Side, Table};
use super::{Options, Tone};
use crate::view::format::DASH;
use crate::view::text::safe;

/// One alert.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AlertRow {
    /// Its name.
    pub name: String,
    /// The member, where each is looked at by itself.
    pub member: Option<String>,
    /// What is said of it, in a word.
    pub state: String,
    /// Whether it fires.
    pub fires: bool,
    /// The value that was looked at.
    pub value: Option<String>,
    /// What was expected.
    pub expected: Option<String>,
    /// Why.
    pub why: String,
}

/// The alerts as a table. Where it is too narrow to say why beside the numbers, that is said below them.
pub fn alerts(rows: &[AlertRow], options: &Options) -> String {
    let whole = drawn(rows, true, &Options { width: usize::MAX / 2, color: false, ..*options });
    let fits = whole.lines().all(|line| line.width() <= options.width);
    drawn(rows, fits, options)
}

fn drawn(rows: &[AlertRow], beside: bool, options: &Options) -> String {
    let by = rows.iter().any(|row| row.member.is_some());
    let mut sides = vec![Side::Left];
    let mut heads = vec!["Alert"];
    if by {
        sides.push(Side::Left);
        heads.push("Member");
    }
    sides.extend([Side::Left, Side::Right, Side::Right]);
    heads.extend(["State", "Value", "Expected"]);
    if beside {
        sides.push(Side::Left);
        heads.push("Why");
    }
    let text = |text: &str| Cell::plain(safe(text));
    let line = |row: &AlertRow| {
        let mut cells = vec![text(&row.name)];
        if by {
            cells.push(row.member.as_deref().map_or_else(Cell::default, text));
        }
        let tone = if row.fires { Tone::Bad } else { Tone::Faint };
        cells.push(Cell::new(safe(&row.state), tone));
        for number in [&row.value, &row.expected] {
            cells.push(number.as_deref().map_or_else(|| Cell::new(DASH, Tone::Faint), text));
        }
        if beside {
            cells.push(text(&row.why));
            return vec![Line::Cells(cells)];
        }
        vec![Line::Cells(cells), Line::Across(Cell::plain(format!("  {}", safe(&row.why))))]
    };
    let table = Table {
        sides,
        head: heads.into_iter().map(|head| Cell::new(head, Tone::Faint)).collect(),
        lines: rows.iter().flat_map(line).collect(),
    };
    table.draw_all(options.width, options.color)
}
