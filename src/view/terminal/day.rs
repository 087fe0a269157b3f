//! A frozen day on the terminal.

use unicode_width::UnicodeWidthStr;

use super::table::{Cell, Line, Side, Table};
use super::{Options, Tone, bars, mark, tiles};
use crate::model::Number;
use crate::view::breakdown::{self, Breakdown};
use crate::view::compared;
use crate::view::day::{self, DayInput};
use crate::view::format::{DASH, Format};
use crate::view::text::{member_name, safe};
use crate::view::{seal, when};

/// The widest a bar gets.
const WIDEST_BAR: usize = 24;

/// Below this many columns a bar says too little.
const NARROWEST_BAR: usize = 6;

/// A day: its seal, its metrics, and each section's breakdowns.
pub fn day(input: &DayInput<'_>, options: &Options) -> String {
    let mut text = String::new();
    headline(&mut text, input, *options);
    let sections = day::sections(input, options.all);
    for section in &sections {
        text.push('\n');
        if let Some(title) = section.title {
            push_line(&mut text, &Tone::Strong.paint(&safe(title), options.color));
        }
        text.push_str(&tiles::tiles(&section.tiles, *options));
        for (at, breakdown) in section.breakdowns.iter().enumerate() {
            if at > 0 || !section.tiles.is_empty() {
                text.push('\n');
            }
            push_breakdown(&mut text, breakdown, *options);
        }
    }
    text
}

fn push_line(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}

fn headline(text: &mut String, input: &DayInput<'_>, options: Options) {
    let color = options.color;
    let date = Tone::Strong.paint(&when::in_words(input.doc.date), color);
    let title = safe(&input.layout.title);
    if title.is_empty() {
        push_line(text, &date);
    } else {
        push_line(text, &format!("{date}  {}", Tone::Faint.paint(&title, color)));
    }
    let (sign, tone) = mark(input.doc.provenance);
    let provenance = format!("{} {}", tone.paint(sign, color), input.doc.provenance);
    let mut line = provenance;
    let mut used = 2 + input.doc.provenance.word().len();
    for fact in seal::facts(input) {
        let aside = fact.aside.map_or_else(String::new, |aside| format!(" {aside}"));
        let (name, value) = (safe(&fact.name), safe(&fact.value));
        let wide = format!("{name} {value}{aside}").width();
        let name = Tone::Faint.paint(&name, color);
        let told = format!("{name} {value}{}", Tone::Faint.paint(&aside, color));
        if used + 3 + wide > options.width {
            push_line(text, &line);
            line = told;
            used = wide;
        } else {
            line = format!("{line} · {told}");
            used += 3 + wide;
        }
    }
    push_line(text, &line);
    for note in seal::notes(input) {
        push_line(text, &format!("{} {}", Tone::Warning.paint("!", color), safe(&note)));
    }
    for note in compared::notes(input) {
        push_line(text, &Tone::Faint.paint(&safe(&note), color));
    }
}

fn push_breakdown(text: &mut String, breakdown: &Breakdown<'_>, options: Options) {
    // The bar takes what the numbers leave, and is left out when that is too little.
    let bare = table(breakdown, 0);
    let taken = bare.natural_width();
    let room = options.width.saturating_sub(taken + 2).min(WIDEST_BAR);
    let table = if room >= NARROWEST_BAR { table(breakdown, room) } else { bare };
    let faint = |line: &str| Tone::Faint.paint(line, options.color);
    if options.all {
        text.push_str(&table.draw_all(options.width, options.color));
    } else {
        let (drawn, left_out) = table.draw(options.width, options.color);
        text.push_str(&drawn);
        match left_out {
            0 => {}
            1 => push_line(text, &faint("(1 more column needs a wider terminal)")),
            more => push_line(text, &faint(&format!("({more} more columns need a wider terminal)"))),
        }
    }
    for reason in breakdown.reasons() {
        push_line(text, &faint(&format!("{DASH} {}", safe(reason))));
    }
    for note in &breakdown.notes {
        push_line(text, &faint(&safe(note)));
    }
}

/// The table of a breakdown, with bars of up to `bar_width` behind the first metric.
fn table(breakdown: &Breakdown<'_>, bar_width: usize) -> Table {
    let has_bars = bar_width > 0;
    let mut sides = vec![Side::Left];
    let mut head = vec![Cell::new(safe(breakdown.label), Tone::Strong)];
    for (at, column) in breakdown.columns.iter().enumerate() {
        sides.push(Side::Right);
        head.push(heading(column));
        if at == 0 && has_bars {
            sides.push(Side::Left);
            head.push(Cell::default());
        }
    }
    if breakdown.has_shares() {
        sides.push(Side::Right);
        head.push(Cell::new("Share", Tone::Faint));
    }
    let largest = breakdown.rows.iter().filter_map(|row| row.cells.first()?.value()).max();
    let line = |name: Cell, values: &[Option<&Number>], has_bar: bool, tone: Tone| {
        let mut cells = vec![name];
        for (at, (column, value)) in breakdown.columns.iter().zip(values).enumerate() {
            let shown =
                value.map_or_else(|| DASH.to_owned(), |value| column.format.show_bare(value).to_string());
            cells.push(Cell::new(safe(&shown), tone));
            if at == 0 && has_bars {
                let bar = match (value, largest) {
                    (Some(value), Some(largest)) if has_bar => bars::bar(value, largest, bar_width),
                    _ => String::new(),
                };
                cells.push(Cell::new(bar, Tone::Accent));
            }
        }
        if breakdown.has_shares() {
            let share = breakdown.share(values.first().copied().flatten());
            let share =
                share.map_or_else(|| DASH.to_owned(), |share| Format::share().show(&share).to_string());
            cells.push(Cell::new(share, Tone::Faint));
        }
        Line::Cells(cells)
    };
    let mut lines: Vec<Line> = breakdown
        .rows
        .iter()
        .map(|row| {
            let values: Vec<_> = row.cells.iter().map(|cell| cell.value()).collect();
            let name = member_name(row.key, row.label);
            let name = Cell::with_aside(safe(&name.main), safe(name.small.as_deref().unwrap_or_default()));
            line(name, &values, true, Tone::Plain)
        })
        .collect();
    if let Some(rest) = &breakdown.rest {
        let values: Vec<_> = rest.values.iter().map(Option::as_ref).collect();
        let name = format!("{} others", Format::whole().show(&Number::from(rest.members as u64)));
        lines.push(line(Cell::new(name, Tone::Faint), &values, false, Tone::Plain));
    }
    let totals: Vec<_> = breakdown.columns.iter().map(|column| column.total.value()).collect();
    lines.push(line(Cell::new("All", Tone::Strong), &totals, false, Tone::Strong));
    Table { sides, head, lines }
}

fn heading(column: &breakdown::Column<'_>) -> Cell {
    let aside = column.aside().unwrap_or_default();
    Cell { text: safe(column.label).into_owned(), aside: safe(&aside).into_owned(), tone: Tone::Faint }
}
