//! Statistics as documents: JSON with one day a line, and CSV.

use indexmap::IndexMap;
use serde::Serialize;

use super::{Cell, Stats, StatsRow};
use crate::model::{Day, Number};

/// A row as an object: the date, then the numbers by name; `null` is unknown.
#[derive(Serialize)]
struct Row<'a> {
    date: Day,
    #[serde(flatten)]
    values: IndexMap<&'a str, Option<&'a Number>>,
}

/// The numbers of a row by name, as the archive stands now.
pub fn record<'a>(stats: &'a Stats, row: &'a StatsRow) -> IndexMap<&'a str, Option<&'a Number>> {
    let cells = row.cells.iter().map(|cell: &Cell| cell.value.as_ref());
    stats.columns.iter().map(|column| column.name.as_str()).zip(cells).collect()
}

/// A JSON array of the rows, one a line, with the numbers as the archive stands now.
pub fn document(stats: &Stats) -> Vec<u8> {
    let row = |row: &StatsRow| {
        // Names and numbers can't fail to be written.
        serde_json::to_string(&Row { date: row.day, values: record(stats, row) }).unwrap_or_default()
    };
    let rows: Vec<String> = stats.rows.iter().map(row).collect();
    if rows.is_empty() {
        return b"[]\n".to_vec();
    }
    format!("[\n{}\n]\n", rows.join(",\n")).into_bytes()
}

/// The same as CSV, with a heading; what is unknown is empty.
///
/// # Errors
/// None in practice: writing into memory does not fail.
pub fn csv(stats: &Stats) -> Result<Vec<u8>, csv::Error> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(
        std::iter::once("date").chain(stats.columns.iter().map(|column| column.name.as_str())),
    )?;
    for row in &stats.rows {
        let number = |cell: &Cell| cell.value.as_ref().map_or_else(String::new, ToString::to_string);
        writer.write_record(std::iter::once(row.day.to_string()).chain(row.cells.iter().map(number)))?;
    }
    writer.into_inner().map_err(|error| error.into_error().into())
}
