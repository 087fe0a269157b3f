//! Writing the rows of a look as Parquet, sorted by key.
//!
//! Groups of rows are encoded by threads, several at once or while the rows were still read, and written in their
//! order.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Write};
use std::sync::Arc;
use std::thread;

use arrow_array::{ArrayRef, StringArray, UInt64Array};
use arrow_schema::{DataType, Field, Schema};
use parquet::file::writer::SerializedFileWriter;
use sha2::{Digest as _, Sha256};

use super::look_ahead::Ahead;
use super::look_encode::{AT_ONCE, Encoder, GROUP, Group, column, numbers, schema};
use super::look_file::{KEY, LookFileError, SEQ, STATE};
use crate::entities::LookTable;
use crate::model::{Day, Digest, EntityDef};

/// What a file says of itself.
#[derive(Clone, Debug)]
pub struct LookFacts<'a> {
    /// The entities.
    pub entity: &'a str,
    /// The day.
    pub date: Day,
    /// What was looked at.
    pub def: &'a EntityDef,
}

/// A file that was written: its length and digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    /// In bytes.
    pub size: u64,
    /// Of all of them.
    pub sha256: Digest,
}

/// Counts and digests what goes to a file.
pub(super) struct Hashing<'f> {
    file: &'f File,
    hash: Sha256,
    size: u64,
}

impl<'f> Hashing<'f> {
    pub(super) fn new(file: &'f File) -> Self {
        Self { file, hash: Sha256::new(), size: 0 }
    }

    pub(super) fn written(self) -> Written {
        let sha256 = Digest::from(<[u8; 32]>::from(self.hash.finalize()));
        Written { size: self.size, sha256 }
    }
}

impl Write for Hashing<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hash.update(bytes.get(..written).unwrap_or_default());
        self.size += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Writes the rows that are kept: `places` are theirs in the table, by key, `seqs` their numbers. What was encoded
/// `ahead` is taken as it is where the rows are written as they came.
///
/// # Errors
/// When the disk refuses.
pub fn write_rows(
    file: &File,
    facts: &LookFacts<'_>,
    table: &LookTable,
    places: &[u32],
    seqs: &[u64],
    ahead: Option<Ahead>,
) -> Result<Written, LookFileError> {
    let (file, encoder) = Encoder::new(Hashing::new(file), facts, schema(facts.def), places.len())?;
    let mut writer = Writer(file);
    let as_they_came = places.len() == table.len() && (0..).zip(places).all(|(at, place)| at == *place);
    let encode = |index: usize, places: &[u32], seqs: &[u64]| {
        let piece = table.pieces.get(index).filter(|_| as_they_came);
        encoder.encode(index, |name| match (column(name), piece) {
            (None, _) => Ok(Some(numbers(seqs))),
            (Some(column), Some(piece)) => Ok(piece.column(column)),
            (Some(column), None) => table.take(places, column).map(Some),
        })
    };
    let encode_numbers =
        |index: usize, seqs: &[u64]| encoder.encode(index, |name| Ok((name == SEQ).then(|| numbers(seqs))));
    let groups: Vec<(&[u32], &[u64])> = places.chunks(GROUP).zip(seqs.chunks(GROUP)).collect();
    let ahead = ahead.filter(|_| as_they_came);
    let (ready, rest) = groups.split_at(ahead.as_ref().map_or(0, Ahead::taken).min(groups.len()));
    thread::scope(|scope| {
        // To encode and compress a group takes longer than to write it, and no group needs another.
        let encode = &encode;
        let spawn =
            |(index, (places, seqs)): (usize, (_, _))| scope.spawn(move || encode(index, places, seqs));
        let mut rest = (ready.len()..).zip(rest.iter().copied());
        let mut running: VecDeque<_> = rest.by_ref().take(AT_ONCE).map(spawn).collect();
        if let Some(mut ahead) = ahead {
            for (index, (_, seqs)) in ready.iter().enumerate() {
                let mut group = ahead.group(index)?;
                // They come after the key.
                group.splice(1..1, encode_numbers(index, seqs)?);
                writer.add(group)?;
            }
        }
        while let Some(first) = running.pop_front() {
            writer.add(first.join().unwrap_or(Err(LookFileError::Stopped))?)?;
            running.extend(rest.next().map(spawn));
        }
        Ok::<_, LookFileError>(())
    })?;
    writer.finish()
}

/// Writes the keys that are not among the rows, sorted: each with its number and its state.
///
/// # Errors
/// When the disk refuses.
pub fn write_rest(
    file: &File,
    facts: &LookFacts<'_>,
    rest: &[(&str, u64, &str)],
) -> Result<Written, LookFileError> {
    let field = |name: &str, kind: DataType| Field::new(name, kind, false);
    let schema = Schema::new(vec![
        field(KEY, DataType::Utf8),
        field(SEQ, DataType::UInt64),
        field(STATE, DataType::Utf8),
    ]);
    let (file, encoder) = Encoder::new(Hashing::new(file), facts, schema, rest.len())?;
    let mut writer = Writer(file);
    for (index, rest) in rest.chunks(GROUP).enumerate() {
        let column = |name: &str| {
            Ok::<Option<ArrayRef>, _>(Some(match name {
                KEY => Arc::new(rest.iter().map(|(key, ..)| Some(*key)).collect::<StringArray>()),
                SEQ => Arc::new(rest.iter().map(|(_, seq, _)| *seq).collect::<UInt64Array>()),
                _ => Arc::new(rest.iter().map(|(.., state)| Some(*state)).collect::<StringArray>()),
            }))
        };
        writer.add(encoder.encode(index, column)?)?;
    }
    writer.finish()
}

/// A file to which groups are added.
struct Writer<'f>(SerializedFileWriter<Hashing<'f>>);

impl Writer<'_> {
    fn add(&mut self, group: Group) -> Result<(), LookFileError> {
        let mut next = self.0.next_row_group()?;
        for mut column in group {
            // What pages are encoded in they say themselves.
            let close = column.close_mut();
            close.metadata = close.metadata.clone().into_builder().clear_page_encoding_stats().build()?;
            column.append_to_row_group(&mut next)?;
        }
        next.close()?;
        Ok(())
    }

    fn finish(self) -> Result<Written, LookFileError> {
        Ok(self.0.into_inner()?.written())
    }
}

#[cfg(test)]
mod tests {
    use super::super::look_ahead::Ahead;
    use super::super::look_encode::GROUP;
    use super::{LookFacts, Written, write_rows};
    use crate::entities::{LookTable, TableBuilder};
    use crate::model::definitions::{CalendarDef, Dialect};
    use crate::model::entity::{EntityDef, FORMAT, FieldDef, FieldKind};
    use crate::model::{Number, Value};
    use crate::plan::EntityPlan;
    use crate::plan::entity::Which;

    fn def() -> EntityDef {
        let kinds = [
            ("views", FieldKind::Counter),
            ("score", FieldKind::Gauge),
            ("owner", FieldKind::Attribute),
            ("books", FieldKind::List),
        ];
        EntityDef {
            format: FORMAT.into(),
            calendar: CalendarDef { time_zone: "UTC".into(), day_starts_at: "00:00:00".into() },
            source: None,
            dialect: Dialect::Sqlite,
            tables: std::collections::BTreeMap::new(),
            lists: std::collections::BTreeMap::new(),
            sql: "select * from t".into(),
            key: "id".into(),
            label: Some("title".into()),
            fields: kinds.map(|(name, kind)| (name.into(), FieldDef { kind, column: name.into() })).into(),
            group_by: Vec::new(),
            schedule: Vec::new(),
        }
    }

    fn int(at: usize) -> i64 {
        i64::try_from(at).unwrap()
    }

    /// A table of these rows in their order; pieces that fill in order go to `ahead`.
    fn table(rows: impl Iterator<Item = usize>, mut ahead: Option<&mut Ahead>) -> LookTable {
        let def = def();
        let mut builder = TableBuilder::new(&EntityPlan::new("t", &def, Which::default()).unwrap(), &def);
        let unless = |missing: bool, value: Value| if missing { Value::Null } else { value };
        for at in rows {
            let row = [
                Value::text(format!("key {at:07}")),
                unless(at % 11 == 0, Value::text(format!("Title {}", at * 7919))),
                unless(at % 13 == 0, Value::from(int(at) * 3)),
                unless(at % 17 == 0, Value::Number(Number::from_scaled(int(at).into(), 3))),
                Value::from(int(at) % 90),
                unless(at % 19 == 0, Value::text(format!("[{at}]"))),
            ];
            let piece = builder.push(&row).unwrap();
            if let (Some(piece), Some(ahead)) = (piece, &mut ahead) {
                ahead.take(piece);
            }
        }
        builder.finish().unwrap()
    }

    fn written(table: &LookTable, places: &[u32], ahead: Option<Ahead>) -> (Written, Vec<u8>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows.parquet");
        let file = std::fs::File::create(&path).unwrap();
        let def = def();
        let facts = LookFacts { entity: "t", date: "2025-11-06".parse().unwrap(), def: &def };
        let seqs: Vec<u64> = (0..places.len() as u64).map(|at| at % 5 + 1).collect();
        let written = write_rows(&file, &facts, table, places, &seqs, ahead).unwrap();
        (written, std::fs::read(path).unwrap())
    }

    #[test]
    fn rows_that_were_encoded_ahead_make_the_same_file() {
        for rows in [GROUP - 1, 2 * GROUP, 2 * GROUP + 777] {
            let mut ahead = Ahead::start(&def()).unwrap();
            let sorted = table(0..rows, Some(&mut ahead));
            assert_eq!(ahead.taken(), rows / GROUP);
            let (at_once, bytes) = written(&sorted, &sorted.order, Some(ahead));
            let backwards = table((0..rows).rev(), None);
            let (later, others) = written(&backwards, &backwards.order, None);
            assert!(at_once == later && bytes == others, "{rows} rows");
        }
    }

    #[test]
    fn what_was_encoded_ahead_is_left_where_the_rows_are_others() {
        // The first piece came in order, and then a key that belongs before it.
        let mut ahead = Ahead::start(&def()).unwrap();
        let moved = table((1..=GROUP).chain([0]), Some(&mut ahead));
        assert_eq!(ahead.taken(), 1);
        let sorted = table(0..=GROUP, None);
        assert!(written(&moved, &moved.order, Some(ahead)) == written(&sorted, &sorted.order, None));
        // Not all rows are kept.
        let mut ahead = Ahead::start(&def()).unwrap();
        let sorted = table(0..=GROUP, Some(&mut ahead));
        let some: Vec<u32> = sorted.order.iter().copied().filter(|at| at % 3 > 0).collect();
        let alone = table((0..=GROUP).filter(|at| at % 3 > 0), None);
        assert!(written(&sorted, &some, Some(ahead)) == written(&alone, &alone.order, None));
    }

    #[test]
    fn nothing_is_encoded_ahead_where_a_schedule_leaves_rows_out() {
        use crate::model::entity::{DueRule, Every};
        let rule = DueRule { condition: "a".into(), every: Every::Day };
        assert!(Ahead::start(&EntityDef { schedule: vec![rule], ..def() }).is_none());
    }
}
