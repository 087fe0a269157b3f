//! The rows of a look as Parquet: written as they are sorted, read column by column.
//!
//! `rows.parquet` has the rows that are kept: `key`, `seq`, `label` where there is one, and the fields.
//! `rest.parquet` has the keys that are not among them: those that were seen and are not due, and those
//! that were seen once and are gone.

use std::fs::File;
use std::io::{self, Write};
use std::sync::Arc;
use std::thread;

use arrow_array::{ArrayRef, RecordBatch, StringArray, UInt32Array, UInt64Array};
use arrow_schema::{ArrowError, DataType, Field, Schema};
use arrow_select::take::take;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use parquet::arrow::arrow_writer::{
    ArrowColumnChunk, ArrowRowGroupWriterFactory, ArrowWriterOptions, compute_leaves,
};
use parquet::arrow::{ArrowWriter, ProjectionMask};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::ColumnPath;
use sha2::{Digest as _, Sha256};

use crate::entities::LookTable;
use crate::entities::cells::data_type;
use crate::model::entity::{EntityDef, FieldKind};
use crate::model::{Day, Digest};

/// The format name and version in the file's metadata.
pub const FORMAT: &str = "asof.look/1";

/// The column of the keys.
pub const KEY: &str = "key";
/// The column of the rows' numbers.
pub const SEQ: &str = "seq";
/// The column of the labels.
pub const LABEL: &str = "label";
/// The column of the rest that tells what became of the key.
pub const STATE: &str = "state";
/// A key that was seen, and is not due.
pub const NOT_DUE: &str = "not_due";
/// A key that was seen before and is not any more.
pub const GONE: &str = "gone";

/// How many rows are written at once, and how many a group of the file has.
const GROUP: usize = 1 << 17;
/// How many groups are encoded at once.
const AT_ONCE: usize = 2;
/// How many rows are read at once.
const BATCH: usize = 1 << 16;

/// A failure of writing or reading such a file.
#[derive(Debug, thiserror::Error)]
pub enum LookFileError {
    /// The columns don't make a table.
    #[error("the rows don't make a table: {0}")]
    Table(#[from] ArrowError),
    /// The file can't be made or is no Parquet.
    #[error("the file of the look can't be used: {0}")]
    Parquet(#[from] ParquetError),
    /// A thread that encodes has ended early.
    #[error("what encodes its rows has stopped")]
    Stopped,
    /// It is of another format, or of a newer one.
    #[error("it has the format {found:?}, and this version of asof reads {FORMAT:?}")]
    Format {
        /// What it says of itself, shortened.
        found: String,
    },
}

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
    let mut writer = Writer::new(file, facts, Arc::clone(&schema))?;
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
    let mut writer = Writer::new(file, facts, Arc::clone(&schema))?;
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
    columns: ArrowRowGroupWriterFactory,
    /// How many groups it has.
    groups: usize,
}

/// The columns of a group, encoded and compressed.
type Group = Vec<ArrowColumnChunk>;

impl<'f> Writer<'f> {
    fn new(file: &'f File, facts: &LookFacts<'_>, schema: Arc<Schema>) -> Result<Self, LookFileError> {
        let said = [
            ("asof.format", FORMAT.to_owned()),
            ("asof.entity", facts.entity.to_owned()),
            ("asof.date", facts.date.to_string()),
            ("asof.fields", kinds(facts.def)),
        ];
        let said = said.map(|(key, value)| KeyValue::new(key.to_owned(), value)).to_vec();
        let mut properties = WriterProperties::builder()
            .set_created_by("asof".to_owned())
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_statistics_enabled(EnabledStatistics::None)
            .set_max_row_group_row_count(Some(GROUP))
            .set_key_value_metadata(Some(said));
        for field in schema.fields() {
            let path = ColumnPath::from(field.name().as_str());
            let encoding = match (field.name().as_str(), field.data_type()) {
                // Neighbours share their beginnings.
                (KEY, _) => Encoding::DELTA_BYTE_ARRAY,
                (LABEL, _) => Encoding::DELTA_LENGTH_BYTE_ARRAY,
                (_, DataType::Int64 | DataType::UInt64) => Encoding::DELTA_BINARY_PACKED,
                // Few values, often: a dictionary.
                _ => continue,
            };
            if field.name() == KEY {
                // By the first and last key of a group a reader finds the one group that it needs.
                properties = properties.set_column_statistics_enabled(path.clone(), EnabledStatistics::Chunk);
            }
            properties = properties
                .set_column_dictionary_enabled(path.clone(), false)
                .set_column_encoding(path, encoding);
        }
        let options =
            ArrowWriterOptions::new().with_properties(properties.build()).with_skip_arrow_metadata(true);
        let writer = ArrowWriter::try_new_with_options(Hashing::new(file), schema, options)?;
        let (file, columns) = writer.into_serialized_writer()?;
        Ok(Self { file, columns, groups: 0 })
    }

    /// Rows as the group of this number.
    fn encode(&self, index: usize, rows: &RecordBatch) -> Result<Group, LookFileError> {
        let mut columns = self.columns.create_column_writers(index)?;
        let arrays = rows.schema_ref().fields().iter().zip(rows.columns());
        for (column, (field, array)) in columns.iter_mut().zip(arrays) {
            for leaf in compute_leaves(field, array)? {
                column.write(&leaf)?;
            }
        }
        columns.into_iter().map(|column| Ok(column.close()?)).collect()
    }

    fn add(&mut self, group: Group) -> Result<(), LookFileError> {
        let mut next = self.file.next_row_group()?;
        for column in group {
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

/// What the file says of itself under this name.
fn said(builder: &ParquetRecordBatchReaderBuilder<File>, name: &str) -> Option<String> {
    let pairs = builder.metadata().file_metadata().key_value_metadata()?;
    pairs.iter().find(|pair| pair.key == name)?.value.clone()
}

/// Opens a file, if it is of the format that is known.
fn known(file: File) -> Result<ParquetRecordBatchReaderBuilder<File>, LookFileError> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(file)?;
    match said(&builder, "asof.format").unwrap_or_default() {
        found if found == FORMAT => Ok(builder),
        found => Err(LookFileError::Format { found: found.chars().take(80).collect() }),
    }
}

/// What a file that was written says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// The entities.
    pub entity: String,
    /// The day, as text.
    pub date: String,
    /// The kinds of the fields, as JSON.
    pub fields: String,
    /// How many rows it has.
    pub rows: u64,
    /// Its columns.
    pub columns: Vec<(String, DataType)>,
}

impl Said {
    /// Reads it.
    ///
    /// # Errors
    /// When it is no such file.
    pub fn of(file: File) -> Result<Self, LookFileError> {
        let builder = known(file)?;
        let text = |name: &str| said(&builder, name).unwrap_or_default();
        let columns = builder.schema().fields().iter();
        Ok(Self {
            entity: text("asof.entity"),
            date: text("asof.date"),
            fields: text("asof.fields"),
            rows: u64::try_from(builder.metadata().file_metadata().num_rows()).unwrap_or_default(),
            columns: columns.map(|field| (field.name().clone(), field.data_type().clone())).collect(),
        })
    }
}

/// The kinds of a definition's fields, as a file says them.
pub fn kinds(def: &EntityDef) -> String {
    let kinds = def.fields.iter().map(|(name, field)| (name.clone(), serde_json::json!(field.kind)));
    serde_json::Value::Object(kinds.collect()).to_string()
}

/// A file's columns, batch by batch, in the order of its keys.
pub struct LookReader {
    batches: ParquetRecordBatchReader,
}

impl LookReader {
    /// Reads these columns of a file, as far as it has them.
    ///
    /// # Errors
    /// When it is no such file.
    pub fn new(file: File, columns: &[&str]) -> Result<Self, LookFileError> {
        let builder = known(file)?;
        let wanted = columns.iter().copied().filter(|name| builder.schema().field_with_name(name).is_ok());
        let mask = ProjectionMask::columns(builder.parquet_schema(), wanted);
        Ok(Self { batches: builder.with_projection(mask).with_batch_size(BATCH).build()? })
    }

    /// Reads these columns of the groups of rows that may have keys from `first` to `last`.
    ///
    /// # Errors
    /// When it is no such file.
    pub fn between(file: File, columns: &[&str], first: &str, last: &str) -> Result<Self, LookFileError> {
        use parquet::data_type::ByteArray;
        use parquet::file::statistics::Statistics;
        let builder = known(file)?;
        let groups = builder.metadata().row_groups().iter().enumerate().filter(|(_, group)| {
            let keys = group.columns().iter().find(|column| column.column_path().string() == KEY);
            match keys.and_then(|column| column.statistics()) {
                // A long key may be cut in the statistics: then nothing is known of the group.
                Some(Statistics::ByteArray(range)) if range.min_is_exact() && range.max_is_exact() => {
                    let lowest = range.min_opt().map_or(&[][..], ByteArray::data);
                    let highest = range.max_opt().map(ByteArray::data);
                    lowest <= last.as_bytes() && highest.is_none_or(|highest| first.as_bytes() <= highest)
                }
                _ => true,
            }
        });
        let groups: Vec<usize> = groups.map(|(at, _)| at).collect();
        let wanted = columns.iter().copied().chain([KEY]);
        let wanted: Vec<&str> =
            wanted.filter(|name| builder.schema().field_with_name(name).is_ok()).collect();
        let mask = ProjectionMask::columns(builder.parquet_schema(), wanted);
        let batches = builder.with_row_groups(groups).with_projection(mask).with_batch_size(BATCH).build()?;
        Ok(Self { batches })
    }

    /// Reads these columns of the one row of a key: of the group that may have it. `None` where no row has.
    ///
    /// # Errors
    /// When it is no such file.
    pub fn one(file: File, columns: &[&str], key: &str) -> Result<Option<RecordBatch>, LookFileError> {
        for batch in Self::between(file, columns, key, key)? {
            let batch = batch?;
            let Some(keys) = text_column(&batch, KEY) else { return Ok(None) };
            if let Some(at) = keys.iter().position(|found| found == Some(key)) {
                return Ok(Some(batch.slice(at, 1)));
            }
        }
        Ok(None)
    }
}

impl Iterator for LookReader {
    type Item = Result<RecordBatch, LookFileError>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(self.batches.next()?.map_err(LookFileError::from))
    }
}

/// A column of texts by its name.
pub fn text_column<'b>(batch: &'b RecordBatch, name: &str) -> Option<&'b StringArray> {
    use arrow_array::cast::AsArray as _;
    batch.column_by_name(name)?.as_string_opt::<i32>()
}

/// A column of the rows' numbers.
pub fn seq_column(batch: &RecordBatch) -> Option<&UInt64Array> {
    use arrow_array::cast::AsArray as _;
    use arrow_array::types::UInt64Type;
    batch.column_by_name(SEQ)?.as_primitive_opt::<UInt64Type>()
}
