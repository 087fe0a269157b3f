//! A series as a plain table: for a spreadsheet as CSV, for programs as Parquet.

use indexmap::IndexMap;

use super::series::{Member, Series};
use crate::archive::Archive;
use crate::archive::cube_file::{self, CubeFileError};
use crate::model::{Cells, CubeColumn, CubeTable, Day, Number};

/// What stands in the note of a day that nobody froze.
const NOT_CAPTURED: &str = "not captured";
/// The same in a cold store, which has some of another archive's days.
const NOT_COPIED: &str = "not copied";

/// The series as a table: a row for each day from the first to the last, those that nobody froze included.
pub fn table(archive: &Archive, series: &Series) -> CubeTable {
    let rows = rows(series);
    let points = || rows.iter().map(|(_, at)| at.and_then(|at| series.totals.points.get(at)));
    let text = |name: &str, cells| CubeColumn { name: name.to_owned(), cells: Cells::Text(cells) };
    let number = |name: &str, cells| CubeColumn { name: name.to_owned(), cells: Cells::Number(cells) };
    let note = |point: Option<&super::points::Point>| match point {
        Some(point) => point.note.clone(),
        None => Some(if archive.is_cold() { NOT_COPIED } else { NOT_CAPTURED }.to_owned()),
    };
    let mut columns = vec![
        text("date", rows.iter().map(|(day, _)| Some(day.to_string())).collect()),
        number("value", points().map(|point| point?.value.clone()).collect()),
        number("edition", points().map(|point| Some(u64::from(point?.edition.number()).into())).collect()),
        text("provenance", points().map(|point| Some(point?.provenance.word().to_owned())).collect()),
        text("definitions", points().map(|point| Some(point?.definitions?.to_string())).collect()),
        text("note", points().map(note).collect()),
    ];
    if let Some(split) = &series.split {
        columns.extend(split.members.iter().map(|member| {
            let value = |(_, at): &(Day, Option<usize>)| member.values.get((*at)?).cloned().flatten();
            number(&column_name(&split.dimension, member), rows.iter().map(value).collect())
        }));
    }
    let facts = [
        ("asof.archive", archive.id().to_string()),
        ("asof.metric", series.metric.clone()),
        ("asof.label", series.label.clone()),
        ("asof.unit", series.unit.clone().unwrap_or_default()),
    ];
    let metadata: IndexMap<String, String> =
        facts.into_iter().map(|(name, fact)| (name.to_owned(), fact)).collect();
    CubeTable { columns, metadata }
}

/// The table as Parquet.
///
/// # Errors
/// When a number is too long for it.
pub fn parquet(table: &CubeTable) -> Result<Vec<u8>, CubeFileError> {
    cube_file::encode(table)
}

/// The table as CSV with a line of names.
///
/// # Errors
/// None in practice: writing into memory does not fail.
pub fn csv(table: &CubeTable) -> Result<Vec<u8>, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(table.columns.iter().map(|column| column.name.as_str()))?;
    for row in 0..table.rows() {
        writer.write_record(table.columns.iter().map(|column| cell(&column.cells, row)))?;
    }
    writer.into_inner().map_err(|error| error.into_error().into())
}

fn cell(cells: &Cells, row: usize) -> String {
    match cells {
        Cells::Text(cells) => cells.get(row).cloned().flatten().unwrap_or_default(),
        Cells::Number(cells) => {
            cells.get(row).and_then(Option::as_ref).map(Number::to_string).unwrap_or_default()
        }
    }
}

/// Every day from the first to the last, with the place of its total.
fn rows(series: &Series) -> Vec<(Day, Option<usize>)> {
    let points = series.totals.points.iter().enumerate().map(|(at, point)| (point.day, Some(at)));
    let missing =
        series.totals.gaps.iter().flat_map(|gap| {
            (0..gap.days).filter_map(|ahead| gap.from.checked_add(ahead)).map(|day| (day, None))
        });
    let mut rows: Vec<(Day, Option<usize>)> = points.chain(missing).collect();
    rows.sort_by_key(|(day, _)| *day);
    rows
}

/// `campaign=1027`; NULL is `campaign is null`, which no member can be called.
fn column_name(dimension: &str, member: &Member) -> String {
    match &member.key {
        Some(key) => format!("{dimension}={key}"),
        None => format!("{dimension} is null"),
    }
}
