//! JSON lines: an object a line.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};

use super::{Found, LONGEST_LINE, Push, Wrong, row};
use crate::model::table::TableDef;

pub(super) fn read(file: File, def: &TableDef, push: Push<'_>) -> Result<(), Wrong> {
    let mut reader = BufReader::new(file);
    let mut line = Vec::new();
    for number in 1_u64.. {
        line.clear();
        let place = || format!("line {number}");
        let most = u64::try_from(LONGEST_LINE).unwrap_or(u64::MAX);
        let read = reader.by_ref().take(most).read_until(b'\n', &mut line);
        match read.map_err(|error| Wrong::at(place(), error.to_string()))? {
            0 => break,
            LONGEST_LINE => return Err(Wrong::at(place(), "it is longer than 64 MB")),
            _ => {}
        }
        if line.trim_ascii().is_empty() {
            continue;
        }
        let item: serde_json::Value = serde_json::from_slice(line.trim_ascii_end()).map_err(|error| {
            // The line it speaks of is always the first.
            let told = error.to_string();
            let reason = told.split(" at line ").next().unwrap_or(&told);
            Wrong::at(format!("{}, column {}", place(), error.column()), format!("no JSON: {reason}"))
        })?;
        if !item.is_object() {
            return Err(Wrong::at(place(), format!("it is {}, no object", Found::of_json(&item).told())));
        }
        let row = row(def, place, |_, column| item.pointer(&column.at).map_or(Found::Null, Found::of_json))?;
        if !push(row) {
            break;
        }
    }
    Ok(())
}
