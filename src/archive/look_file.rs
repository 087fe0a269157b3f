//! The rows of a look as Parquet, read column by column.
//!
//! `rows.parquet` has the rows that are kept: `key`, `seq`, `label` where there is one, and the fields.
//! `rest.parquet` has the keys that are not among them: those that were seen and are not due, and those
//! that were seen once and are gone.

use std::fs::File;

use arrow_array::{RecordBatch, StringArray, UInt64Array};
use arrow_schema::{ArrowError, DataType};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, ParquetRecordBatchReaderBuilder};
use parquet::data_type::ByteArray;
use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetMetaData;
use parquet::file::statistics::Statistics;

use crate::model::EntityDef;

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

/// What the file says of itself under this name.
fn said<'m>(metadata: &'m ParquetMetaData, name: &str) -> Option<&'m str> {
    let pairs = metadata.file_metadata().key_value_metadata()?;
    pairs.iter().find(|pair| pair.key == name)?.value.as_deref()
}

/// Refuses what is of another format than the one that is known.
pub(super) fn check_format(metadata: &ParquetMetaData) -> Result<(), LookFileError> {
    match said(metadata, "asof.format").unwrap_or_default() {
        FORMAT => Ok(()),
        found => Err(LookFileError::Format { found: found.chars().take(80).collect() }),
    }
}

/// Opens a file, if it is of the format that is known.
fn known(file: File) -> Result<ParquetRecordBatchReaderBuilder<File>, LookFileError> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(file)?;
    check_format(builder.metadata())?;
    Ok(builder)
}

/// The groups of rows that may have keys from `first` to `last`.
pub(super) fn groups_between(metadata: &ParquetMetaData, first: &str, last: &str) -> Vec<usize> {
    let groups = metadata.row_groups().iter().enumerate().filter(|(_, group)| {
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
    groups.map(|(at, _)| at).collect()
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
        let text = |name: &str| said(builder.metadata(), name).unwrap_or_default().to_owned();
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
        let builder = known(file)?;
        let groups = groups_between(builder.metadata(), first, last);
        let wanted = columns.iter().copied().chain([KEY]);
        let wanted: Vec<&str> =
            wanted.filter(|name| builder.schema().field_with_name(name).is_ok()).collect();
        let mask = ProjectionMask::columns(builder.parquet_schema(), wanted);
        let builder = builder.with_row_groups(groups).with_projection(mask).with_batch_size(BATCH);
        Ok(Self { batches: builder.build()? })
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
