//! The metrics' totals on the terminal, one a line: how they compare with earlier days, their
//! last weeks, and what they were made of.

use unicode_width::UnicodeWidthStr;

use super::table::{Cell, Line, Side, Table};
use super::{Options, Tone, spark};
use crate::model::compared::RECENT_DAYS;
use crate::view::compared::{Against, Verdict};
use crate::view::day::Tile;
use crate::view::format::{self, DASH, Shown};
use crate::view::text::safe;

/// How many days a sparkline has, from the most that there is room for.
const SPARKS: [usize; 5] = [RECENT_DAYS as usize, 28, 21, 14, 7];

/// The totals as lines of text.
pub(super) fn tiles(tiles: &[Tile<'_>], options: Options) -> String {
    let days = compared_days(tiles);
    let mut table = bare(tiles, &days);
    let room = options.width.saturating_sub(table.natural_width() + 2);
    add_sparks(&mut table, tiles, room);
    add_said(&mut table, tiles, options.width);
    let (mut text, _) = table.draw(options.width, options.color);
    for reason in reasons(tiles) {
        text.push_str(&Tone::Faint.paint(&format!("{DASH} {}", safe(&reason)), options.color));
        text.push('\n');
    }
    text
}

/// The earlier days that any of the metrics is compared with.
fn compared_days<'a>(tiles: &'a [Tile<'_>]) -> Vec<&'a str> {
    let mut days: Vec<&str> = Vec::new();
    for against in tiles.iter().flat_map(|tile| &tile.compared) {
        if !days.contains(&against.day.as_str()) {
            days.push(&against.day);
        }
    }
    days
}

/// The values, with the change against each of these days.
fn bare(tiles: &[Tile<'_>], days: &[&str]) -> Table {
    let mut sides = vec![Side::Left, Side::Right, Side::Left];
    sides.extend(days.iter().map(|_| Side::Right));
    let mut head = Vec::new();
    if !days.is_empty() {
        head = vec![Cell::default(); 3];
        head.extend(days.iter().map(|day| Cell::new(format!("vs {day}"), Tone::Faint)));
    }
    let cells = |tile: &Tile<'_>| {
        let mut cells = value(tile);
        let against = |day: &&str| tile.compared.iter().find(|against| against.day == **day);
        cells.extend(days.iter().map(|day| against(day).map_or_else(Cell::default, change)));
        Line::Cells(cells)
    };
    Table { sides, head, lines: tiles.iter().map(cells).collect() }
}

fn value(tile: &Tile<'_>) -> Vec<Cell> {
    let missing = format::missing(tile.figure);
    let (number, unit) = match &tile.figure.value {
        Some(value) => {
            let shown = tile.format.show(value);
            (Cell::new(safe(&shown.number), Tone::Strong), shown.unit.unwrap_or_default())
        }
        None => (Cell::new(missing.map_or("", |missing| missing.words), Tone::Faint), String::new()),
    };
    vec![Cell::plain(safe(tile.label)), number, Cell::new(safe(&unit), Tone::Faint)]
}

fn change(against: &Against<'_>) -> Cell {
    let Ok(change) = &against.change else { return Cell::new(DASH, Tone::Faint) };
    let tone = match change.verdict {
        Verdict::Neutral => Tone::Plain,
        Verdict::Better(_) => Tone::Good,
        Verdict::Worse(_) => Tone::Bad,
    };
    let arrow = change.verdict.arrow().map_or_else(String::new, |arrow| format!("{} ", arrow.sign()));
    Cell::new(format!("{arrow}{}", safe(&change.amount.to_string())), tone)
}

/// Adds a column of sparklines, of as many weeks as there is room for.
fn add_sparks(table: &mut Table, tiles: &[Tile<'_>], room: usize) {
    let Some(days) = SPARKS.into_iter().find(|days| *days <= room) else { return };
    let lines: Vec<String> = tiles
        .iter()
        .map(|tile| tile.recent.map_or_else(String::new, |recent| spark::line(recent, days)))
        .collect();
    if lines.iter().all(String::is_empty) {
        return;
    }
    table.sides.push(Side::Left);
    if table.head.is_empty() {
        table.head = vec![Cell::default(); 3];
    }
    let weeks = days / 7;
    let head = if weeks == 1 { "1 week".to_owned() } else { format!("{weeks} weeks") };
    table.head.push(Cell::new(head, Tone::Faint));
    for (line, drawn) in table.lines.iter_mut().zip(lines) {
        if let Line::Cells(cells) = line {
            cells.push(Cell::new(drawn, Tone::Accent));
        }
    }
}

/// Adds what the values were made of, where there is room beside them, and below them where there is none.
fn add_said(table: &mut Table, tiles: &[Tile<'_>], width: usize) {
    let room = width.saturating_sub(table.natural_width() + 2);
    let columns = table.sides.len();
    table.sides.push(Side::Remainder);
    if !table.head.is_empty() {
        table.head.push(Cell::default());
    }
    let mut lines = Vec::new();
    for (tile, line) in tiles.iter().zip(std::mem::take(&mut table.lines)) {
        let Line::Cells(mut cells) = line else { continue };
        let made_of = tile.said(Shown::to_string, str::to_owned).into_iter();
        let said = made_of.chain(tile.what_is_new()).chain(tile.small_print());
        let said: Vec<String> = said.map(|said| safe(&said).into_owned()).collect();
        let joined = said.join(" · ");
        let fits = |text: &String| text.width() <= room;
        if fits(&joined) {
            cells.push(Cell::new(joined, Tone::Faint));
            lines.push(Line::Cells(cells));
        } else if said.iter().all(fits) {
            let mut said = said.into_iter().map(|said| Cell::new(said, Tone::Faint));
            cells.extend(said.next());
            lines.push(Line::Cells(cells));
            lines.extend(said.map(|said| {
                let mut cells = vec![Cell::default(); columns];
                cells.push(said);
                Line::Cells(cells)
            }));
        } else {
            lines.push(Line::Cells(cells));
            let below = |said: &str| Line::Across(Cell::new(format!("  {said}"), Tone::Faint));
            if joined.width() + 2 <= width {
                lines.push(below(&joined));
            } else {
                lines.extend(said.iter().map(|said| below(said)));
            }
        }
    }
    table.lines = lines;
}

/// Why some changes are not known, each once.
fn reasons(tiles: &[Tile<'_>]) -> Vec<String> {
    let mut reasons = Vec::new();
    for against in tiles.iter().flat_map(|tile| &tile.compared) {
        if let Err(reason) = against.change {
            let told = format!("{}: {reason}", against.day);
            if !reasons.contains(&told) {
                reasons.push(told);
            }
        }
    }
    reasons
}
