//! Whether the rows of one look are what its line says, and go on counting where those before left off.

use std::collections::HashMap;

use arrow_array::cast::AsArray as _;
use arrow_array::types::Int64Type;
use arrow_array::{Array as _, RecordBatch};
use arrow_schema::DataType;
use indexmap::IndexMap;

use super::look_file::{
    GONE, KEY, LookFileError, LookReader, NOT_DUE, SEQ, STATE, Said, kinds, seq_column, text_column,
};
use super::look_line::LookDoc;
use super::looks::{REST, ROWS};
use crate::entities::cells::data_type;
use crate::model::entity::FieldKind;
use crate::model::{EntityDef, Number};

/// How many things are told of one file.
const MOST: usize = 5;

/// The last number of each key, as far as the rows before tell.
#[derive(Debug)]
pub(super) struct Numbers {
    last: HashMap<Box<str>, Last>,
    /// How often rows could not be read: what was known before that is only a lower bound.
    doubts: u32,
    /// Whether every key that ever had a row is known.
    complete: bool,
    /// Which look it is, from 1.
    look: u32,
}

#[derive(Clone, Copy, Debug)]
struct Last {
    seq: u64,
    doubts: u32,
    look: u32,
}

impl Numbers {
    pub(super) fn new() -> Self {
        Self { last: HashMap::new(), doubts: 0, complete: true, look: 0 }
    }

    /// Rows came that could not be read.
    pub(super) fn doubt(&mut self) {
        self.doubts += 1;
        self.complete = false;
    }

    /// What is wrong with a row of this number that is the next of its key.
    pub(super) fn row(&mut self, key: &str, seq: u64) -> Option<String> {
        let before = self.set(key, seq);
        let (least, exact) = match before {
            Some(before) => (before.seq.saturating_add(1), before.doubts == self.doubts),
            None => (1, self.complete),
        };
        let follows = if exact { seq == least } else { seq >= least };
        (!follows).then(|| format!("numbers the row of {} {seq} where {least} belongs", shown(key)))
    }

    /// What is wrong with a key without a row that is said to have had so many.
    fn rest(&mut self, key: &str, seq: u64) -> Option<String> {
        let before = self.set(key, seq);
        let (last, exact) = match before {
            Some(before) => (before.seq, before.doubts == self.doubts),
            None => (0, self.complete),
        };
        let follows = if exact { seq == last } else { seq >= last };
        (!follows).then(|| format!("says that {} had {seq} rows, and it had {last}", shown(key)))
    }

    fn set(&mut self, key: &str, seq: u64) -> Option<Last> {
        let new = Last { seq, doubts: self.doubts, look: self.look };
        if let Some(last) = self.last.get_mut(key) {
            return Some(std::mem::replace(last, new));
        }
        self.last.insert(key.into(), new);
        None
    }

    /// How many keys the look that was just read does not have: it must have all.
    fn lacking(&self) -> usize {
        self.last.values().filter(|last| last.look != self.look).count()
    }
}

fn shown(key: &str) -> String {
    format!("{:?}", key.chars().take(80).collect::<String>())
}

/// What is wrong with the files of a look, each with the file's name.
#[derive(Debug, Default)]
pub(super) struct Wrong {
    pub(super) found: Vec<(String, String)>,
    of_file: usize,
}

impl Wrong {
    fn add(&mut self, file: &str, what: String) {
        self.of_file += 1;
        if self.of_file <= MOST {
            self.found.push((file.to_owned(), what));
        }
    }

    fn ended(&mut self, file: &str) {
        if self.of_file > MOST {
            self.found.push((file.to_owned(), format!("has {} more such faults", self.of_file - MOST)));
        }
        self.of_file = 0;
    }
}

/// The files of a look whose bytes are those that were kept.
pub(super) struct Files {
    pub(super) rows: std::fs::File,
    pub(super) rest: Option<std::fs::File>,
}

/// Reads a look, and holds it against its line, its definition, and what is known of its keys.
pub(super) fn check(
    files: &Files,
    look: &LookDoc,
    def: Option<&EntityDef>,
    numbers: &mut Numbers,
) -> Vec<(String, String)> {
    let mut wrong = Wrong::default();
    numbers.look += 1;
    let before = numbers.doubts;
    let rows = rows(&files.rows, look, def, numbers, &mut wrong);
    wrong.ended(ROWS);
    let rest = files.rest.as_ref().map(|file| rest(file, look, numbers, &mut wrong)).transpose();
    wrong.ended(REST);
    for (name, outcome) in [(ROWS, rows.as_ref().err()), (REST, rest.as_ref().err())] {
        if let Some(error) = outcome {
            wrong.add(name, format!("can't be read: {error}"));
            numbers.doubt();
        }
    }
    if let (Ok(rows), Ok(rest)) = (rows, rest) {
        let seen = rows + rest.unwrap_or(0);
        if seen != look.seen {
            wrong.add(ROWS, format!("has {seen} entities with the rest, and the ledger says {}", look.seen));
        }
        let lacking = numbers.lacking();
        if lacking > 0 {
            wrong.add(ROWS, format!("lacks {lacking} keys that were seen before, and so does the rest"));
        }
        numbers.complete |= numbers.doubts == before;
    }
    wrong.found
}

/// Checks the rows that were kept; gives how many there are.
fn rows(
    file: &std::fs::File,
    look: &LookDoc,
    def: Option<&EntityDef>,
    numbers: &mut Numbers,
    wrong: &mut Wrong,
) -> Result<u64, LookFileError> {
    let found = said(file, ROWS, look, def, wrong)?;
    let missing = |name: &str, kind: DataType| {
        let column = found.columns.iter().find(|(column, _)| column == name);
        match column {
            Some((_, own)) if *own == kind => None,
            Some((_, own)) => Some(format!("has the type {own} in column {name}, where {kind} belongs")),
            None => Some(format!("has no column {name}")),
        }
    };
    let mut counters: Vec<&str> = Vec::new();
    if let Some(def) = def {
        for (name, field) in &def.fields {
            if let Some(what) = missing(name, data_type(field.kind)) {
                wrong.add(ROWS, what);
            }
        }
        counters = def.of_kind(FieldKind::Counter).collect();
    }
    let columns: Vec<&str> = [KEY, SEQ].into_iter().chain(counters.iter().copied()).collect();
    let mut sums: IndexMap<String, (i128, bool)> =
        counters.iter().map(|name| ((*name).to_owned(), (0, false))).collect();
    let mut last: Option<String> = None;
    let mut count = 0;
    for batch in LookReader::new(again(file)?, &columns)? {
        let batch = batch?;
        count += batch.num_rows() as u64;
        each(ROWS, &batch, &mut last, wrong, &mut |_, key, seq| numbers.row(key, seq));
        for (name, (sum, any)) in &mut sums {
            let column = batch.column_by_name(name).and_then(|column| column.as_primitive_opt::<Int64Type>());
            for value in column.into_iter().flatten().flatten() {
                *sum += i128::from(value);
                *any = true;
            }
        }
    }
    if count != look.rows {
        wrong.add(ROWS, format!("has {count} rows, and the ledger says {}", look.rows));
    }
    let sums: IndexMap<String, Option<Number>> = sums
        .into_iter()
        .map(|(name, (sum, any))| (name, any.then(|| Number::from_scaled(sum.into(), 0))))
        .collect();
    if def.is_some() && sums != look.totals {
        for name in sums.keys().chain(look.totals.keys().filter(|name| !sums.contains_key(*name))) {
            let text = |sum: Option<&Option<Number>>| match sum {
                Some(Some(sum)) => sum.to_string(),
                Some(None) => "unknown".to_owned(),
                None => "nothing".to_owned(),
            };
            let (own, told) = (text(sums.get(name)), text(look.totals.get(name)));
            if own != told {
                wrong.add(ROWS, format!("adds up {name} to {own}, and the ledger says {told}"));
            }
        }
    }
    Ok(count)
}

/// Checks the keys that are not among the rows; gives how many of them were seen.
fn rest(
    file: &std::fs::File,
    look: &LookDoc,
    numbers: &mut Numbers,
    wrong: &mut Wrong,
) -> Result<u64, LookFileError> {
    said(file, REST, look, None, wrong)?;
    let mut last: Option<String> = None;
    let mut seen = 0;
    let current = numbers.look;
    for batch in LookReader::new(again(file)?, &[KEY, SEQ, STATE])? {
        let batch = batch?;
        let states = text_column(&batch, STATE);
        each(REST, &batch, &mut last, wrong, &mut |at, key, seq| {
            match states.filter(|states| states.is_valid(at)).map(|states| states.value(at)) {
                Some(NOT_DUE) => seen += 1,
                Some(GONE) => {}
                _ => return Some(format!("does not say what became of {}", shown(key))),
            }
            if numbers.last.get(key).is_some_and(|last| last.look == current) {
                return Some(format!("has {}, which is among the rows", shown(key)));
            }
            numbers.rest(key, seq)
        });
    }
    Ok(seen)
}

/// What a file says of itself, once it is held against the look that it is of.
fn said(
    file: &std::fs::File,
    name: &str,
    look: &LookDoc,
    def: Option<&EntityDef>,
    wrong: &mut Wrong,
) -> Result<Said, LookFileError> {
    let found = Said::of(again(file)?)?;
    if found.entity != look.entity || found.date != look.date.to_string() {
        wrong.add(name, format!("says that it is of {} on {}", shown(&found.entity), shown(&found.date)));
    }
    let parsed = |text: &str| serde_json::from_str::<serde_json::Value>(text).ok();
    if let Some(def) = def
        && parsed(&found.fields) != parsed(&kinds(def))
    {
        wrong.add(name, "says other kinds of fields than its definition".to_owned());
    }
    Ok(found)
}

/// The same file from its beginning.
fn again(file: &std::fs::File) -> Result<std::fs::File, LookFileError> {
    use std::io::Seek as _;
    let again = file.try_clone().and_then(|mut file| file.rewind().map(|()| file));
    again.map_err(|error| LookFileError::Table(error.into()))
}

/// Asks about each row of a piece, and sees that the keys are in order.
fn each(
    name: &str,
    batch: &RecordBatch,
    last: &mut Option<String>,
    wrong: &mut Wrong,
    ask: &mut dyn FnMut(usize, &str, u64) -> Option<String>,
) {
    let (Some(keys), Some(seqs)) = (text_column(batch, KEY), seq_column(batch)) else {
        wrong.add(name, format!("has no texts {KEY} with numbers {SEQ}"));
        return;
    };
    if keys.null_count() + seqs.null_count() > 0 {
        wrong.add(name, "has rows without a key or a number".to_owned());
    }
    let mut before = last.take();
    let mut previous: Option<&str> = before.as_deref();
    for at in (0..batch.num_rows()).filter(|at| keys.is_valid(*at) && seqs.is_valid(*at)) {
        let key = keys.value(at);
        if previous.is_some_and(|previous| previous >= key) {
            wrong.add(name, format!("has {} out of order, or twice", shown(key)));
        } else if let Some(what) = ask(at, key, seqs.value(at)) {
            wrong.add(name, what);
        }
        previous = Some(key);
    }
    let ended = previous.map(str::to_owned);
    before = ended.or(before.take());
    *last = before;
}

#[cfg(test)]
mod tests {
    use super::Numbers;

    #[test]
    fn rows_of_each_key_are_counted_from_1_without_a_gap() {
        let mut numbers = Numbers::new();
        assert_eq!(numbers.row("a", 1), None);
        assert_eq!(numbers.row("a", 2), None);
        assert!(numbers.row("a", 4).unwrap().contains("4 where 3 belongs"));
        assert!(numbers.row("b", 2).unwrap().contains("2 where 1 belongs"));
        assert_eq!(numbers.rest("c", 0), None);
        assert_eq!(numbers.row("c", 1), None);
        assert!(numbers.rest("c", 2).unwrap().contains("had 2 rows, and it had 1"));
    }

    #[test]
    fn after_rows_that_could_not_be_read_numbers_only_must_grow() {
        let mut numbers = Numbers::new();
        assert_eq!(numbers.row("a", 1), None);
        numbers.doubt();
        assert_eq!(numbers.row("a", 7), None);
        assert!(numbers.row("a", 9).is_some(), "from there on it is known again");
        assert_eq!(numbers.row("new", 3), None);
        numbers.doubt();
        assert!(numbers.row("new", 3).is_some(), "it can't go back");
    }
}
