//! The rows of a day, a part at a time: of all entities, by key.

use super::fits::is_of;
use super::rows::{KeptRow, Rows, kept_row};
use crate::archive::ArchiveError;
use crate::archive::look_file::{KEY, LABEL, SEQ, text_column};
use crate::archive::looks::ROWS;
use crate::config::serve::Only;
use crate::model::Day;
use crate::model::entity::RowId;

/// No key sorts after this.
const END: &str = "\u{10ffff}\u{10ffff}\u{10ffff}\u{10ffff}";

impl Rows<'_> {
    /// So many rows of a day's look and captures at most, by key and number, that come after one.
    ///
    /// # Errors
    /// When a file is missing or damaged.
    pub fn of_day(
        &self,
        day: Day,
        after: Option<&RowId>,
        most: usize,
        only: Option<&Only>,
    ) -> Result<Vec<KeptRow>, ArchiveError> {
        let is_asked = |row: &KeptRow| {
            let place = (row.row.key.as_str(), row.row.seq);
            after.is_none_or(|after| (after.key.as_str(), after.seq) < place) && is_of(only, &row.row)
        };
        let mut rows: Vec<KeptRow> = self.captures(day)?.into_iter().filter(is_asked).collect();
        if let Some(look) = self.looks.looks.get(&day).map(|line| &line.doc)
            && let Some(def) = self.definitions.get(&look.definition)
        {
            let fields = def.fields.keys().map(String::as_str);
            let columns: Vec<&str> = [KEY, SEQ, LABEL].into_iter().chain(fields).collect();
            let first = after.map_or("", |after| after.key.as_str());
            let reader = self.archive.look_between(look, ROWS, &columns, (first, END))?;
            let mut found = 0;
            for batch in reader.into_iter().flatten() {
                let batch = batch.map_err(|error| self.archive.look_damaged(look, ROWS, &error))?;
                let len = text_column(&batch, KEY).map_or(0, arrow_array::Array::len);
                for row in (0..len).filter_map(|at| kept_row(look, def, &batch, at)).filter(is_asked) {
                    rows.push(row);
                    found += 1;
                    if found >= most {
                        break;
                    }
                }
                if found >= most {
                    break;
                }
            }
        }
        rows.sort_by(|one, other| (&one.row.key, one.row.seq).cmp(&(&other.row.key, other.row.seq)));
        rows.truncate(most);
        Ok(rows)
    }
}
