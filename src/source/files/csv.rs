//! CSV: fields between commas, their names in the first line. An empty field is NULL.

use std::fs::File;

use super::{Found, LONGEST_LINE, Push, Wrong, row};
use crate::model::table::TableDef;

pub(super) fn read(file: File, delimiter: u8, def: &TableDef, push: Push<'_>) -> Result<(), Wrong> {
    let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).from_reader(file);
    let header = reader.byte_headers().map_err(|error| wrong(&error))?.clone();
    let mut names = Vec::new();
    for name in &header {
        // Some programs put a mark of UTF-8 before the first name.
        names.push(name.strip_prefix(b"\xef\xbb\xbf").unwrap_or(name));
    }
    if header.is_empty() {
        return Err(Wrong::at("line 1", "there are no names of fields"));
    }
    let mut places = Vec::new();
    for (column, def) in &def.columns {
        let mut found = names.iter().enumerate().filter(|(_, name)| **name == def.at.as_bytes());
        match (found.next(), found.next()) {
            (Some((place, _)), None) => places.push(place),
            (Some(_), Some(_)) => {
                return Err(Wrong::at("line 1", format!("{column}: two fields are named {:?}", def.at)));
            }
            (None, _) => {
                return Err(Wrong::at("line 1", format!("{column}: no field is named {:?}", def.at)));
            }
        }
    }
    let mut record = csv::StringRecord::new();
    loop {
        match reader.read_record(&mut record) {
            Ok(true) => {}
            Ok(false) => return Ok(()),
            Err(error) => return Err(wrong(&error)),
        }
        let line = record.position().map_or(0, csv::Position::line);
        if record.as_slice().len() > LONGEST_LINE {
            return Err(Wrong::at(format!("line {line}"), "it is longer than 64 MB"));
        }
        let found = |at: usize| places.get(at).and_then(|place| record.get(*place)).unwrap_or_default();
        let row = row(
            def,
            || format!("line {line}"),
            |at, _| match found(at) {
                "" => Found::Null,
                text => Found::Plain(text),
            },
        )?;
        if !push(row) {
            return Ok(());
        }
    }
}

fn wrong(error: &csv::Error) -> Wrong {
    let at = |position: Option<&csv::Position>| position.map(|at| format!("line {}", at.line()));
    match error.kind() {
        csv::ErrorKind::UnequalLengths { pos, expected_len, len } => Wrong {
            place: at(pos.as_ref()),
            reason: format!("it has {len} fields, and the first line {expected_len}"),
        },
        csv::ErrorKind::Utf8 { pos, .. } => {
            Wrong { place: at(pos.as_ref()), reason: "it is no UTF-8 text".to_owned() }
        }
        _ => Wrong { place: at(error.position()), reason: error.to_string() },
    }
}
