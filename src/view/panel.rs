//! The page's panels: a table of members with bars, or charts of a dimension of time with
//! the same numbers as a table.

use super::breakdown::{Breakdown, Cell, Column, Row};
use super::chart::{self, Drawing, Size};
use super::format::{DASH, Format};
use super::text::{isolated, member_name, visible, within_sentence};
use super::timeline::{self, Slot};
use super::when;
use crate::model::definitions::TimeSpan;
use crate::model::{Day, Number};

/// A panel of the page.
pub(super) struct Panel {
    pub(super) id: usize,
    pub(super) heading: String,
    /// The day whose levels are drawn behind the columns.
    pub(super) legend: Option<String>,
    /// Charts, for a dimension of time.
    pub(super) charts: Vec<Chart>,
    pub(super) table: Table,
    pub(super) notes: Vec<String>,
}

/// A chart with its text equivalent.
pub(super) struct Chart {
    /// Which of the table's columns it shows.
    pub(super) column: usize,
    pub(super) label: String,
    pub(super) aside: Option<String>,
    pub(super) words: String,
    pub(super) drawing: Drawing,
}

/// A table of members.
pub(super) struct Table {
    pub(super) of: String,
    pub(super) head: Vec<Head>,
    /// Whether there is a column with shares of the total.
    pub(super) shares: bool,
    pub(super) rows: Vec<TableRow>,
    pub(super) total: TableRow,
}

/// The heading of a column.
pub(super) struct Head {
    pub(super) label: String,
    pub(super) aside: Option<String>,
}

/// A row of a table.
pub(super) struct TableRow {
    pub(super) name: String,
    pub(super) small: Option<String>,
    /// Whether it stands for the members that are not shown.
    pub(super) is_rest: bool,
    /// The width of the bar in the first column, in percent.
    pub(super) bar: Option<u32>,
    pub(super) cells: Vec<String>,
    /// The values of the same weekday a week before, beside each cell; none for a dimension that is not of time.
    pub(super) week_before: Vec<String>,
    pub(super) share: Option<String>,
}

impl TableRow {
    /// What stands beside a cell: its value a week before.
    pub(super) fn before(&self, column: &usize) -> Option<&String> {
        self.week_before.get(*column)
    }
}

impl Panel {
    pub(super) fn new(breakdown: &Breakdown<'_>, id: usize, seen_from: Day) -> Self {
        let by = isolated(&within_sentence(breakdown.label)).into_owned();
        let charts = breakdown.time.map_or_else(Vec::new, |span| charts(breakdown, span, &by, seen_from));
        let heading = match breakdown.columns.as_slice() {
            [first, ..] if !charts.is_empty() => format!("{} by {by}", isolated(first.label)),
            _ => format!("By {by}"),
        };
        let reasons = breakdown.reasons().into_iter().map(|reason| format!("{DASH} {reason}"));
        let notes = reasons.chain(breakdown.notes.iter().cloned());
        Self {
            id,
            heading,
            legend: breakdown
                .week_before
                .filter(|_| !charts.is_empty())
                .map(|day| when::weekday(day, seen_from)),
            charts,
            table: table(breakdown),
            notes: notes.map(|note| visible(&note).into_owned()).collect(),
        }
    }

    /// How many of the small charts stand side by side.
    pub(super) fn across(&self) -> usize {
        across(self.charts.len().saturating_sub(1))
    }

    /// The class that gives it its share of a line.
    pub(super) fn width(&self) -> &'static str {
        match self.table.head.len() {
            _ if !self.charts.is_empty() => "wide",
            0 | 1 => "one",
            2..=3 => "few",
            4..=5 => "some",
            _ => "wide",
        }
    }
}

/// How many tiles stand side by side: three or four, whichever leaves fewer gaps.
pub(super) fn tiles_across(tiles: usize) -> usize {
    [3, 4].into_iter().min_by_key(|across| tiles.next_multiple_of(*across) - tiles).unwrap_or(3)
}

/// How many of these charts stand side by side, so that the last line has as few gaps as can be.
fn across(parts: usize) -> usize {
    // In order of liking: four, then three, then five.
    [4, 3, 5].into_iter().min_by_key(|across| parts.next_multiple_of(*across) - parts).unwrap_or(4)
}

fn table(breakdown: &Breakdown<'_>) -> Table {
    let largest = breakdown.rows.iter().filter_map(|row| row.cells.first()?.value()).max();
    let shares = breakdown.has_shares();
    let share = |value: Option<&Number>| {
        let share = breakdown.share(value).map(|share| Format::share().show(&share).html());
        shares.then(|| share.unwrap_or_else(|| DASH.to_owned()))
    };
    let texts = |values: &mut dyn Iterator<Item = Option<&Number>>| -> Vec<String> {
        breakdown.columns.iter().zip(values).map(|(column, value)| cell(column, value)).collect()
    };
    let levels = |values: &mut dyn Iterator<Item = Option<&Number>>| -> Vec<String> {
        if breakdown.week_before.is_some() { texts(values) } else { Vec::new() }
    };
    let mut rows: Vec<TableRow> = breakdown
        .rows
        .iter()
        .map(|row| {
            let name = member_name(row.key, row.label);
            let first = row.cells.first().copied().and_then(Cell::value);
            TableRow {
                name: visible(&name.main).into_owned(),
                small: name.small.map(|small| visible(&small).into_owned()),
                is_rest: false,
                bar: if breakdown.time.is_none() { bar(first, largest) } else { None },
                cells: texts(&mut row.cells.iter().map(|cell| cell.value())),
                week_before: levels(&mut row.week_before.iter().copied()),
                share: share(first),
            }
        })
        .collect();
    rows.extend(breakdown.rest.as_ref().map(|rest| TableRow {
        name: format!("{} others", Format::whole().show(&Number::from(rest.members as u64))),
        small: None,
        is_rest: true,
        bar: None,
        cells: texts(&mut rest.values.iter().map(Option::as_ref)),
        week_before: Vec::new(),
        share: share(rest.values.first().and_then(Option::as_ref)),
    }));
    let totals = || breakdown.columns.iter().map(|column| column.total.value());
    Table {
        of: visible(breakdown.label).into_owned(),
        head: breakdown.columns.iter().map(head).collect(),
        shares,
        rows,
        total: TableRow {
            name: "All".to_owned(),
            small: None,
            is_rest: false,
            bar: None,
            cells: texts(&mut totals()),
            week_before: levels(&mut breakdown.columns.iter().map(|column| column.week_before)),
            share: share(totals().next().flatten()),
        },
    }
}

fn head(column: &Column<'_>) -> Head {
    Head {
        label: visible(column.label).into_owned(),
        aside: column.aside().map(|aside| visible(&aside).into_owned()),
    }
}

fn cell(column: &Column<'_>, value: Option<&Number>) -> String {
    value
        .map_or_else(|| DASH.to_owned(), |value| visible(&column.format.show_bare(value).html()).into_owned())
}

/// How wide the bar of a value is, in percent of the largest; none at or below zero.
fn bar(value: Option<&Number>, largest: Option<&Number>) -> Option<u32> {
    let value = value.filter(|value| !value.is_zero() && !value.is_negative())?;
    let percent = value.times(&Number::from(100_i64)).ratio(largest?)?.rounded(0).to_i64()?;
    Some(u32::try_from(percent).unwrap_or(0).clamp(1, 100))
}

fn charts(breakdown: &Breakdown<'_>, span: TimeSpan, by: &str, seen_from: Day) -> Vec<Chart> {
    let before = breakdown.week_before.map(|day| when::weekday(day, seen_from));
    let slots = timeline::filled(&breakdown.rows, span);
    breakdown
        .columns
        .iter()
        .enumerate()
        .filter_map(|(at, column)| {
            let columns: Vec<chart::Column> =
                slots.iter().map(|slot| chart_column(*slot, span, column, at, before.as_deref())).collect();
            let size = if at == 0 { Size::Large } else { Size::Small };
            let label = visible(column.label).into_owned();
            Some(Chart {
                column: at,
                words: words(
                    &format!("{} by {by}", isolated(column.label)),
                    breakdown.rows.as_slice(),
                    column,
                    at,
                ),
                drawing: chart::columns(&columns, &column.format, size)?,
                aside: column.aside().map(|aside| visible(&aside).into_owned()),
                label,
            })
        })
        .collect()
}

fn chart_column(
    slot: Slot<'_, '_>,
    span: TimeSpan,
    column: &Column<'_>,
    at: usize,
    before: Option<&str>,
) -> chart::Column {
    match slot {
        Slot::Row(row) => {
            let label = row_name(row);
            let value = row.cells.get(at).copied();
            let told = match value {
                Some(Cell::Value(number)) => column.format.show(number).html(),
                Some(Cell::Unknown(Some(reason))) => reason.to_owned(),
                Some(Cell::Absent) => "nothing".to_owned(),
                _ => "unknown".to_owned(),
            };
            let level = row.week_before.get(at).copied().flatten();
            let beside = level.zip(before).map_or_else(String::new, |(level, day)| {
                format!(" ({day}: {})", column.format.show(level).html())
            });
            chart::Column {
                title: visible(&format!("{label}: {told}{beside}")).into_owned(),
                level: level.cloned(),
                value: value.and_then(Cell::value).cloned(),
                label: clipped(&label),
            }
        }
        Slot::Empty(minutes) => {
            let label = timeline::name(minutes, span);
            chart::Column { title: format!("{label}: nothing"), value: None, level: None, label }
        }
    }
}

fn row_name(row: &Row<'_>) -> String {
    visible(&member_name(row.key, row.label).main).into_owned()
}

/// A label short enough to stand below a column; the whole name is in its title.
fn clipped(label: &str) -> String {
    const LONGEST: usize = 8;
    if label.chars().count() <= LONGEST {
        label.to_owned()
    } else {
        label.chars().take(LONGEST - 1).chain(['…']).collect()
    }
}

/// What a chart shows, for those who don't see it; the table beside it has every number.
fn words(what: &str, rows: &[Row<'_>], column: &Column<'_>, at: usize) -> String {
    let known = || rows.iter().filter_map(|row| Some((row, row.cells.get(at)?.value()?)));
    let lowest = known().min_by_key(|(_, value)| *value);
    let highest = known().rev().max_by_key(|(_, value)| *value);
    let told = |value: &Number| column.format.show(value).html();
    match (lowest, highest) {
        (Some((low_row, low)), Some((high_row, high))) => format!(
            "{what}: from {} ({}) to {} ({}).",
            told(low),
            isolated(&row_name(low_row)),
            told(high),
            isolated(&row_name(high_row))
        ),
        _ => format!("{what}: nothing known."),
    }
}

#[cfg(test)]
mod tests {
    use super::{across, tiles_across};

    #[test]
    fn tiles_and_charts_leave_few_gaps() {
        let tiles: Vec<usize> = (1..=12).map(tiles_across).collect();
        assert_eq!(tiles, [3, 3, 3, 4, 3, 3, 4, 4, 3, 3, 3, 3]);
        let widths: Vec<usize> = (1..=12).map(across).collect();
        // 1: three leave two gaps; 7: four leave one; 11: four leave one.
        assert_eq!(widths, [3, 3, 3, 4, 5, 3, 4, 4, 3, 5, 4, 4]);
    }
}
