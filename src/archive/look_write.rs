//! Writing the rows of a look as Parquet, sorted by key.
//!
//! A small file is kept for every day of years, so each of its columns is encoded in several ways and the
//! smallest is taken; what hardly gets smaller by it is not compressed, since to uncompress many small columns is
//! what takes long when years of files are read. A large one is encoded in one way, several groups at once.

use std::fs::File;
use std::io::{self, Write};
use std::sync::Arc;
use std::thread;

use arrow_array::{ArrayRef, RecordBatch, StringArray, UInt32Array, UInt64Array};
use arrow_schema::{ArrowError, DataType, Field, Schema};
use arrow_select::take::take;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::{
    ArrowColumnChunk, ArrowRowGroupWriterFactory, ArrowWriterOptions, compute_leaves,
};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::ColumnPath;
use sha2::{Digest as _, Sha256};

use super::look_file::{FORMAT, KEY, LABEL, LookFileError, SEQ, STATE, kinds};
use crate::entities::LookTable;
use crate::entities::cells::data_type;
use crate::model::entity::{EntityDef, FieldKind};
use crate::model::{Day, Digest};

/// How many rows are written at once, and how many a group of the file has.
const GROUP: usize = 1 << 17;
/// How many groups are encoded at once.
const AT_ONCE: usize = 2;
/// A file is small that has no more rows than this.
const SMALL: usize = 1 << 14;
/// How hard a small file is compressed.
const LEVEL_OF_SMALL: i32 = 19;
/// A column of a small file is compressed if that saves at least so many bytes,
const WORTH_BYTES: u64 = 48;
/// and at least one in so many.
const WORTH_SHARE: u64 = 12;

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

/// Writes the rows that are kept: `places` are theirs in the table, by key, `seqs` their numbers.
///
/// # Errors
/// When the disk refuses.
pub fn write_rows(
    file: &File,
    facts: &LookFacts<'_>,
    table: &LookTable,
    places: &[u32],
    seqs: &[u64],
) -> Result<Written, LookFileError> {
    let mut columns: Vec<(&str, DataType, Column<'_>)> = vec![
        (KEY, DataType::Utf8, Column::Text(&table.keys)),
        (SEQ, DataType::UInt64, Column::Numbers(seqs)),
    ];
    if let Some(labels) = &table.labels {
        columns.push((LABEL, DataType::Utf8, Column::Text(labels)));
    }
    for (name, column) in &table.fields {
        let kind = facts.def.fields.get(name).map_or(FieldKind::Attribute, |field| field.kind);
        columns.push((name, data_type(kind), Column::Field(column)));
    }
    let fields: Vec<Field> =
        columns.iter().map(|(name, kind, _)| Field::new(*name, kind.clone(), *name != KEY)).collect();
    let schema = Arc::new(Schema::new(fields));
    let batch = |(places, seqs): (&[u32], &[u64])| {
        let at = UInt32Array::from(places.to_vec());
        let arrays = columns.iter().map(|(_, _, column)| match column {
            Column::Text(text) => take(*text, &at, None),
            Column::Field(field) => take(field.as_ref(), &at, None),
            Column::Numbers(_) => Ok(Arc::new(UInt64Array::from(seqs.to_vec())) as ArrayRef),
        });
        RecordBatch::try_new(Arc::clone(&schema), arrays.collect::<Result<_, ArrowError>>()?)
    };
    let mut writer = Writer::new(file, facts, &schema, places.len())?;
    let pieces: Vec<(&[u32], &[u64])> = places.chunks(GROUP).zip(seqs.chunks(GROUP)).collect();
    for pieces in pieces.chunks(AT_ONCE) {
        // To encode and compress a group takes longer than to write it, and no group needs another.
        let groups: Vec<Result<Group, LookFileError>> = thread::scope(|scope| {
            let encode = |(index, piece)| {
                let (writer, batch) = (&writer, &batch);
                scope.spawn(move || writer.encode(index, &batch(piece)?))
            };
            let running: Vec<_> = (writer.groups..).zip(pieces.iter().copied()).map(encode).collect();
            running.into_iter().map(|running| running.join().unwrap_or(Err(LookFileError::Stopped))).collect()
        });
        for group in groups {
            writer.add(group?)?;
        }
    }
    writer.finish()
}

enum Column<'a> {
    Text(&'a StringArray),
    Field(&'a ArrayRef),
    Numbers(#[expect(dead_code, reason = "they are written in pieces")] &'a [u64]),
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
    let schema = Arc::new(Schema::new(vec![
        field(KEY, DataType::Utf8),
        field(SEQ, DataType::UInt64),
        field(STATE, DataType::Utf8),
    ]));
    let mut writer = Writer::new(file, facts, &schema, rest.len())?;
    for rest in rest.chunks(GROUP) {
        let keys: StringArray = rest.iter().map(|(key, ..)| Some(*key)).collect();
        let seqs: UInt64Array = rest.iter().map(|(_, seq, _)| *seq).collect();
        let states: StringArray = rest.iter().map(|(.., state)| Some(*state)).collect();
        let arrays: Vec<ArrayRef> = vec![Arc::new(keys), Arc::new(seqs), Arc::new(states)];
        let group = writer.encode(writer.groups, &RecordBatch::try_new(Arc::clone(&schema), arrays)?)?;
        writer.add(group)?;
    }
    writer.finish()
}

struct Writer<'f> {
    file: SerializedFileWriter<Hashing<'f>>,
    /// What encodes and compresses the columns of a group.
    usual: ArrowRowGroupWriterFactory,
    /// The same in other ways, for small files.
    others: Vec<ArrowRowGroupWriterFactory>,
    /// And without compression.
    plain: Vec<ArrowRowGroupWriterFactory>,
    /// How many groups it has.
    groups: usize,
}

/// The columns of a group, encoded and compressed.
type Group = Vec<ArrowColumnChunk>;

/// How columns are encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// By what is usually in them: keys share their beginnings, numbers are near each other, and of all other
    /// values there are few.
    Usual,
    /// By their lengths.
    Plain,
    /// By what they share with the one before.
    Beginnings,
    /// As few values, often.
    Dictionary,
}

impl Way {
    fn encoding(self, name: &str, kind: &DataType) -> Option<Encoding> {
        match (self, name, kind) {
            (Self::Dictionary, ..) => None,
            (_, _, DataType::Int64 | DataType::UInt64) => Some(Encoding::DELTA_BINARY_PACKED),
            (_, KEY, _) | (Self::Beginnings, _, DataType::Utf8) => Some(Encoding::DELTA_BYTE_ARRAY),
            (_, LABEL, _) | (Self::Plain, _, DataType::Utf8) => Some(Encoding::DELTA_LENGTH_BYTE_ARRAY),
            (Self::Usual, ..) => None,
            (Self::Plain | Self::Beginnings, ..) => Some(Encoding::PLAIN),
        }
    }
}

impl<'f> Writer<'f> {
    fn new(
        file: &'f File,
        facts: &LookFacts<'_>,
        schema: &Arc<Schema>,
        rows: usize,
    ) -> Result<Self, LookFileError> {
        let small = rows <= SMALL;
        let zstd =
            Compression::ZSTD(if small { ZstdLevel::try_new(LEVEL_OF_SMALL)? } else { ZstdLevel::default() });
        let options = properties(facts, schema, Way::Usual, zstd);
        let writer = ArrowWriter::try_new_with_options(Hashing::new(file), Arc::clone(schema), options)?;
        let (file, usual) = writer.into_serialized_writer()?;
        let ways = |ways: &[Way], compression: Compression| -> Result<Vec<_>, LookFileError> {
            let factory = |way: &Way| {
                let options = properties(facts, schema, *way, compression);
                let writer = ArrowWriter::try_new_with_options(io::sink(), Arc::clone(schema), options)?;
                Ok(writer.into_serialized_writer()?.1)
            };
            if small { ways.iter().map(factory).collect() } else { Ok(Vec::new()) }
        };
        let others = ways(&[Way::Plain, Way::Beginnings, Way::Dictionary], zstd)?;
        let plain = [Way::Usual, Way::Plain, Way::Beginnings, Way::Dictionary];
        Ok(Self { file, usual, others, plain: ways(&plain, Compression::UNCOMPRESSED)?, groups: 0 })
    }

    /// Rows as the group of this number: each column in the way in which it is the smallest.
    fn encode(&self, index: usize, rows: &RecordBatch) -> Result<Group, LookFileError> {
        let mut smallest = encode(&self.usual, index, rows)?;
        for way in &self.others {
            take_if(&mut smallest, encode(way, index, rows)?, |known, other| other < known);
        }
        let mut plain: Option<Group> = None;
        for way in &self.plain {
            let group = encode(way, index, rows)?;
            match &mut plain {
                Some(plain) => take_if(plain, group, |known, other| other < known),
                none => *none = Some(group),
            }
        }
        if let Some(plain) = plain {
            let worth = |known: u64| WORTH_BYTES.max(known / (WORTH_SHARE - 1));
            take_if(&mut smallest, plain, |known, other| other < known + worth(known));
        }
        Ok(smallest)
    }

    fn add(&mut self, group: Group) -> Result<(), LookFileError> {
        let mut next = self.file.next_row_group()?;
        for mut column in group {
            // What pages are encoded in they say themselves.
            let close = column.close_mut();
            close.metadata = close.metadata.clone().into_builder().clear_page_encoding_stats().build()?;
            column.append_to_row_group(&mut next)?;
        }
        next.close()?;
        self.groups += 1;
        Ok(())
    }

    fn finish(self) -> Result<Written, LookFileError> {
        Ok(self.file.into_inner()?.written())
    }
}

/// Takes those of other columns whose bytes are few enough beside what is known.
fn take_if(known: &mut Group, others: Group, better: impl Fn(u64, u64) -> bool) {
    for (one, other) in known.iter_mut().zip(others) {
        if better(one.close().bytes_written, other.close().bytes_written) {
            *one = other;
        }
    }
}

/// Rows in one way.
fn encode(
    way: &ArrowRowGroupWriterFactory,
    index: usize,
    rows: &RecordBatch,
) -> Result<Group, LookFileError> {
    let mut columns = way.create_column_writers(index)?;
    let arrays = rows.schema_ref().fields().iter().zip(rows.columns());
    for (column, (field, array)) in columns.iter_mut().zip(arrays) {
        for leaf in compute_leaves(field, array)? {
            column.write(&leaf)?;
        }
    }
    columns.into_iter().map(|column| Ok(column.close()?)).collect()
}

/// How a file is written.
fn properties(
    facts: &LookFacts<'_>,
    schema: &Schema,
    way: Way,
    compression: Compression,
) -> ArrowWriterOptions {
    let said = [
        ("asof.format", FORMAT.to_owned()),
        ("asof.entity", facts.entity.to_owned()),
        ("asof.date", facts.date.to_string()),
        ("asof.fields", kinds(facts.def)),
    ];
    let said = said.map(|(key, value)| KeyValue::new(key.to_owned(), value)).to_vec();
    let mut properties = WriterProperties::builder()
        .set_created_by("asof".to_owned())
        .set_compression(compression)
        .set_statistics_enabled(EnabledStatistics::None)
        // Without statistics of pages nobody looks for one.
        .set_offset_index_disabled(true)
        .set_max_row_group_row_count(Some(GROUP))
        .set_key_value_metadata(Some(said));
    for field in schema.fields() {
        let path = ColumnPath::from(field.name().as_str());
        if field.name() == KEY {
            // By the first and last key of a group a reader finds the one group that it needs.
            properties = properties.set_column_statistics_enabled(path.clone(), EnabledStatistics::Chunk);
        }
        if let Some(encoding) = way.encoding(field.name(), field.data_type()) {
            properties = properties
                .set_column_dictionary_enabled(path.clone(), false)
                .set_column_encoding(path, encoding);
        }
    }
    ArrowWriterOptions::new().with_properties(properties.build()).with_skip_arrow_metadata(true)
}
