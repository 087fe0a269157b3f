//! A metric through time on the terminal: a chart of blocks, and a line a day.

use super::list::gap_cell;
use super::table::{Cell, Line, Side, Table};
use super::{Options, Tone, mark};
use crate::model::{Day, Number};
use crate::view::compared::step;
use crate::view::format::{DASH, Format};
use crate::view::series::{SeriesInput, SeriesRow};
use crate::view::spark;
use crate::view::text::{member_name, safe};

/// How many lines the chart has, and how many steps each of them.
const HEIGHT: usize = 6;
const STEPS: usize = 8;
const BLOCKS: [char; STEPS + 1] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// The chart and the table, and what is to be said below.
pub fn series(input: &SeriesInput<'_>, options: &Options) -> String {
    let mut text = chart(input, options);
    let table = table(input);
    let drawn = if options.all {
        table.draw_all(options.width, options.color)
    } else {
        let (mut drawn, left_out) = table.draw(options.width, options.color);
        if left_out > 0 {
            drawn.push_str("(not all columns fit: a wider terminal shows more, --all shows them below)\n");
        }
        drawn
    };
    if !text.is_empty() {
        text.push('\n');
    }
    text.push_str(&drawn);
    for note in &input.notes {
        text.push_str(&Tone::Faint.paint(&safe(note), options.color));
        text.push('\n');
    }
    text
}

/// The totals as columns of blocks; empty when fewer than two days are known.
fn chart(input: &SeriesInput<'_>, options: &Options) -> String {
    let known = || input.rows.iter().filter_map(|row| row.value.as_ref());
    let (Some(first), Some(last)) = (input.rows.first(), input.rows.last()) else { return String::new() };
    if known().count() < 2 {
        return String::new();
    }
    let format = input.format();
    // As wide as the widest number, and a blank.
    let side = known().map(|value| format.show(value).to_string().chars().count()).max().unwrap_or(0) + 1;
    let room = options.width.saturating_sub(side).max(1);
    let span = usize::try_from(last.day.days_since(first.day) + 1).unwrap_or(1);
    let each = span.div_ceil(room).max(1);
    let means = means(&input.rows, first.day, span, each);
    let shown = || means.iter().flatten();
    let (Some(lowest), Some(highest)) = (shown().min(), shown().max()) else { return String::new() };
    let zero = Number::zero();
    let bottom = if spark::starts_at_zero(lowest, highest) { &zero } else { lowest };
    let heights: Vec<Option<usize>> =
        spark::levels(&means).into_iter().map(|level| level.map(steps)).collect();
    let mut text = String::new();
    for line in (0..HEIGHT).rev() {
        let said = match line {
            0 => safe(&format.show(bottom).to_string()).into_owned(),
            line if line == HEIGHT - 1 => safe(&format.show(highest).to_string()).into_owned(),
            _ => String::new(),
        };
        let blocks: String = heights
            .iter()
            .map(|height| {
                let inside = height.unwrap_or(0).saturating_sub(line * STEPS).min(STEPS);
                BLOCKS.get(inside).copied().unwrap_or(' ')
            })
            .collect();
        let said = Tone::Faint.paint(&format!("{said:>width$}", width = side - 1), options.color);
        let line = format!("{said} {}", Tone::Accent.paint(blocks.trim_end(), options.color));
        text.push_str(line.trim_end());
        text.push('\n');
    }
    let (from, to) = (first.day.to_string(), last.day.to_string());
    let between = means.len().saturating_sub(from.len() + to.len());
    let days =
        if between > 0 { format!("{from}{}{to}", " ".repeat(between)) } else { format!("{from} – {to}") };
    text.push_str(&Tone::Faint.paint(&format!("{}{days}", " ".repeat(side)), options.color));
    text.push('\n');
    if each > 1 {
        let words = format!("{}each column is the mean of {each} days", " ".repeat(side));
        text.push_str(&Tone::Faint.paint(&words, options.color));
        text.push('\n');
    }
    text
}

/// The mean of the known values of each so many days; `None` where none is known.
fn means(rows: &[SeriesRow], first: Day, span: usize, each: usize) -> Vec<Option<Number>> {
    let mut parts: Vec<Vec<&Number>> = vec![Vec::new(); span.div_ceil(each)];
    for row in rows {
        let at = usize::try_from(row.day.days_since(first)).ok().map(|at| at / each);
        if let (Some(part), Some(value)) = (at.and_then(|at| parts.get_mut(at)), row.value.as_ref()) {
            part.push(value);
        }
    }
    let mean = |part: Vec<&Number>| {
        let count = Number::from(u64::try_from(part.len()).ok()?);
        part.into_iter().sum::<Number>().ratio(&count)
    };
    parts.into_iter().map(mean).collect()
}

/// How many steps high a level between 0 and 1 is; at least one, so that a day is told from a gap.
fn steps(level: f64) -> usize {
    let most = u8::try_from(HEIGHT * STEPS - 1).unwrap_or(u8::MAX);
    1 + (0..most).filter(|step| level * f64::from(most) >= f64::from(*step) + 0.5).count()
}

fn table(input: &SeriesInput<'_>) -> Table {
    let format = input.format();
    let faint = |text: &str| Cell::new(safe(text), Tone::Faint);
    let mut head = vec![
        faint("Day"),
        Cell {
            text: safe(input.label).into_owned(),
            aside: safe(format.common_unit().unwrap_or_default()).into_owned(),
            tone: Tone::Faint,
        },
        faint("Change"),
        faint("Edition"),
        faint("Provenance"),
    ];
    let mut sides = vec![Side::Left, Side::Right, Side::Right, Side::Right, Side::Left];
    for (key, label) in &input.members {
        let name = member_name(key.as_deref(), label.as_deref());
        sides.push(Side::Right);
        head.push(Cell {
            text: safe(&name.main).into_owned(),
            aside: name.small.map(|small| safe(&small).into_owned()).unwrap_or_default(),
            tone: Tone::Faint,
        });
    }
    let mut lines = Vec::with_capacity(input.rows.len());
    for row in &input.rows {
        let gap = input.gaps.iter().find(|gap| gap.last.checked_add(1) == Some(row.day));
        lines.extend(gap.map(|gap| Line::Across(gap_cell(*gap))));
        if input.redefined.contains(&row.day) {
            let words = format!("{}      defined otherwise from here on", row.day);
            lines.push(Line::Across(Cell::new(words, Tone::Warning)));
        }
        lines.push(Line::Cells(cells(row, &format)));
    }
    Table { sides, head, lines }
}

fn cells(row: &SeriesRow, format: &Format) -> Vec<Cell> {
    let (sign, tone) = mark(row.provenance);
    let number = |value: Option<&Number>| match value {
        Some(value) => Cell::plain(safe(&format.show_bare(value).to_string())),
        None => Cell::new(DASH, Tone::Faint),
    };
    let change = row.change.as_ref().map(|(change, baseline)| step(change, baseline, format).to_string());
    let mut cells = vec![
        Cell::with_aside(row.day.to_string(), row.day.date().format("%a").to_string()),
        number(row.value.as_ref()),
        change.map_or_else(Cell::default, |change| Cell::plain(safe(&change))),
        Cell::plain(row.edition.to_string()),
        Cell::new(format!("{sign} {}", row.provenance), tone),
    ];
    cells.extend(row.members.iter().map(|value| number(value.as_ref())));
    cells
}

#[cfg(test)]
mod tests {
    use super::{series, steps};
    use crate::model::{Edition, Provenance};
    use crate::view::series::{SeriesInput, SeriesRow};
    use crate::view::terminal::Options;

    #[test]
    fn levels_are_drawn_in_steps() {
        assert_eq!((steps(0.0), steps(0.5), steps(1.0)), (1, 25, 48));
    }

    #[test]
    fn a_long_time_is_drawn_as_means() {
        let row = |at: i64| SeriesRow {
            day: "2025-01-01".parse::<crate::model::Day>().unwrap().checked_add(at).unwrap(),
            edition: Edition::FIRST,
            provenance: Provenance::Witnessed,
            value: Some((at % 2 * 100).into()),
            change: None,
            members: Vec::new(),
        };
        let input =
            SeriesInput { label: "Calls", rows: (0..200).map(row).collect(), ..SeriesInput::default() };
        let text = series(&input, &Options { width: 54, color: false, all: false });
        // 50 columns are left beside `100 `, so each is the mean of 4 days: 50.
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], " 50");
        assert_eq!(lines[5], format!("{:>3} {}", 50, "█".repeat(50)));
        assert_eq!(lines[7], "    each column is the mean of 4 days");
    }
}
