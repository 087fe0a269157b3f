//! Two sides beside each other on the terminal.

use unicode_width::UnicodeWidthStr;

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

/// How wide the name of a row is at least, and what stands between five columns.
const NAME_AND_GAPS: usize = 12 + 4 * 2;

/// The headings of the numbers.
const HEADS: [&str; 4] = ["A", "B", "Difference", "Change"];

/// Which rows have to stand in lines of their own, so that the others fit beside each other.
///
/// The widest goes first; when one that is like many others had to go, the table is broken into parts instead.
fn apart(rows: &[SidesRow], width: usize) -> Vec<bool> {
    let widths: Vec<[usize; 4]> = rows
        .iter()
        .map(|row| [&row.a, &row.b, &row.difference, &row.change].map(|text| text.width()))
        .collect();
    let mut apart = vec![false; rows.len()];
    loop {
        let inside = || widths.iter().enumerate().filter(|(at, _)| apart.get(*at) == Some(&false));
        let heads = HEADS.map(UnicodeWidthStr::width);
        let needed = inside().fold(heads, |most, (_, row)| {
            let mut most = most;
            for (most, width) in most.iter_mut().zip(row) {
                *most = (*most).max(*width);
            }
            most
        });
        if NAME_AND_GAPS + needed.iter().sum::<usize>() <= width {
            return apart;
        }
        let widest = inside().max_by_key(|(_, row)| row.iter().sum::<usize>()).map(|(at, _)| at);
        let taken = apart.iter().filter(|apart| **apart).count();
        match widest.and_then(|at| apart.get_mut(at)) {
            Some(slot) if taken < rows.len().div_ceil(3) => *slot = true,
            _ => return vec![false; rows.len()],
        }
    }
}

/// A row in lines of its own: its name, and each number below with the word of its column.
fn lines_of(row: &SidesRow, tone: Tone) -> Vec<Line> {
    let texts = [&row.a, &row.b, &row.difference].map(|text| safe(text).into_owned());
    let widest = texts.iter().map(|text| text.width()).max().unwrap_or(0);
    let mut lines = vec![Line::Across(Cell::with_aside(
        safe(&row.name).into_owned(),
        safe(row.small.as_deref().unwrap_or_default()).into_owned(),
    ))];
    for (at, (head, text)) in HEADS.iter().zip(&texts).enumerate() {
        let blank = " ".repeat(widest - text.width());
        let (tone, change) =
            if at == 2 { (tone, safe(&row.change).into_owned()) } else { (Tone::Plain, String::new()) };
        let line = format!("  {head:<10}  {blank}{text}  {change}");
        lines.push(Line::Across(Cell::new(line.trim_end(), tone)));
    }
    lines
}

fn draw(title: &str, rows: &[SidesRow], options: &Options) -> String {
    let heads = HEADS.map(|head| Cell::new(head, Tone::Faint));
    let mut lines = Vec::new();
    for (row, apart) in rows.iter().zip(apart(rows, options.width)) {
        let tone = match row.verdict {
            Verdict::Neutral => Tone::Plain,
            Verdict::Better(_) => Tone::Good,
            Verdict::Worse(_) => Tone::Bad,
        };
        if apart {
            lines.extend(lines_of(row, tone));
            if let Some(reason) = &row.reason {
                lines.push(Line::Across(Cell::new(format!("  {}", safe(reason)), Tone::Faint)));
            }
            continue;
        }
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
