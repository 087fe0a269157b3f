//! Encoding the columns of a look's files as Parquet, group by group.
//!
//! A small file is kept for every day of years, so each of its columns is encoded in several ways and the
//! smallest is taken; what hardly gets smaller by it is not compressed, since to uncompress many small columns is
//! what takes long when years of files are read. A large one is encoded in one way.

use std::io;
use std::sync::Arc;

use arrow_array::{ArrayRef, UInt64Array};
use arrow_schema::{ArrowError, DataType, Field, Schema};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::{
    ArrowColumnChunk, ArrowRowGroupWriterFactory, ArrowWriterOptions, compute_leaves,
};
use parquet::basic::{Compression, Encoding, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::ColumnPath;

use super::look_file::{FORMAT, KEY, LABEL, LookFileError, SEQ, kinds};
use super::look_write::LookFacts;
use crate::entities::cells::data_type;
use crate::entities::look_table::{Column, PIECE};
use crate::model::EntityDef;

/// How many rows a group of a file has: those of a piece, which becomes one.
pub(super) const GROUP: usize = PIECE;
/// How many groups are encoded at once.
pub(super) const AT_ONCE: usize = 2;
/// A file is small that has no more rows than this.
const SMALL: usize = 1 << 14;
/// How hard a small file is compressed.
const LEVEL_OF_SMALL: i32 = 19;
/// A column of a small file is compressed if that saves at least so many bytes,
const WORTH_BYTES: u64 = 48;
/// and at least one in so many.
const WORTH_SHARE: u64 = 12;

/// Columns of a group, encoded and compressed.
pub(super) type Group = Vec<ArrowColumnChunk>;

/// What encodes the columns of a file, in one way or in several.
pub(super) struct Encoder {
    schema: Arc<Schema>,
    /// What encodes and compresses them; in several ways for small files.
    ways: Vec<ArrowRowGroupWriterFactory>,
    /// And without compression, for small files.
    plain: Vec<ArrowRowGroupWriterFactory>,
}

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

/// The columns of the rows that are kept.
pub(super) fn schema(def: &EntityDef) -> Schema {
    let mut fields = vec![Field::new(KEY, DataType::Utf8, false), Field::new(SEQ, DataType::UInt64, true)];
    fields.extend(def.label.as_ref().map(|_| Field::new(LABEL, DataType::Utf8, true)));
    fields.extend(def.fields.iter().map(|(name, field)| Field::new(name, data_type(field.kind), true)));
    Schema::new(fields)
}

/// Where the values of a column are; `None` for the rows' numbers, which the source does not give.
pub(super) fn column(name: &str) -> Option<Column<'_>> {
    match name {
        SEQ => None,
        KEY => Some(Column::Key),
        LABEL => Some(Column::Label),
        field => Some(Column::Field(field)),
    }
}

/// The numbers of rows as a column.
pub(super) fn numbers(seqs: &[u64]) -> ArrayRef {
    Arc::new(UInt64Array::from(seqs.to_vec()))
}

impl Encoder {
    /// For a file of so many rows, which is begun with what it says of itself.
    pub(super) fn new<W: io::Write + Send>(
        file: W,
        facts: &LookFacts<'_>,
        schema: Schema,
        rows: usize,
    ) -> Result<(SerializedFileWriter<W>, Self), LookFileError> {
        let said = [
            ("asof.format", FORMAT.to_owned()),
            ("asof.entity", facts.entity.to_owned()),
            ("asof.date", facts.date.to_string()),
            ("asof.fields", kinds(facts.def)),
        ];
        let said = said.map(|(key, value)| KeyValue::new(key.to_owned(), value)).to_vec();
        let schema = Arc::new(schema);
        let small = rows <= SMALL;
        let level = if small { ZstdLevel::try_new(LEVEL_OF_SMALL)? } else { ZstdLevel::default() };
        let zstd = Compression::ZSTD(level);
        let (file, first) = begin(file, &schema, Way::Usual, zstd, Some(said))?;
        let (mut ways, mut plain) = (vec![first], Vec::new());
        if small {
            let way = |way, compression| {
                Ok::<_, LookFileError>(begin(io::sink(), &schema, way, compression, None)?.1)
            };
            for other in [Way::Plain, Way::Beginnings, Way::Dictionary] {
                ways.push(way(other, zstd)?);
            }
            for other in [Way::Usual, Way::Plain, Way::Beginnings, Way::Dictionary] {
                plain.push(way(other, Compression::UNCOMPRESSED)?);
            }
        }
        Ok((file, Self { schema, ways, plain }))
    }

    /// For full groups of a file that will be large, and is not begun yet.
    pub(super) fn ahead(schema: Schema) -> Result<Self, LookFileError> {
        let schema = Arc::new(schema);
        let zstd = Compression::ZSTD(ZstdLevel::default());
        let (_, way) = begin(io::sink(), &schema, Way::Usual, zstd, None)?;
        Ok(Self { schema, ways: vec![way], plain: Vec::new() })
    }

    /// The columns of the group of this number that there are, each in the way in which it is the smallest.
    pub(super) fn encode(
        &self,
        index: usize,
        column: impl Fn(&str) -> Result<Option<ArrayRef>, ArrowError>,
    ) -> Result<Group, LookFileError> {
        let columns = self.schema.fields().iter().map(|field| column(field.name()));
        let columns: Vec<Option<ArrayRef>> = columns.collect::<Result<_, _>>()?;
        let mut smallest = self.smallest(&self.ways, index, &columns)?;
        let worth = |known: u64| WORTH_BYTES.max(known / (WORTH_SHARE - 1));
        let plain = self.smallest(&self.plain, index, &columns)?;
        take_if(&mut smallest, plain, |known, other| other < known + worth(known));
        Ok(smallest)
    }

    /// Columns, each in that of some ways in which it is the smallest; none where there are no ways.
    fn smallest(
        &self,
        ways: &[ArrowRowGroupWriterFactory],
        index: usize,
        columns: &[Option<ArrayRef>],
    ) -> Result<Group, LookFileError> {
        let mut ways = ways.iter();
        let Some(first) = ways.next() else { return Ok(Vec::new()) };
        let mut smallest = self.encode_in(first, index, columns)?;
        for way in ways {
            let group = self.encode_in(way, index, columns)?;
            take_if(&mut smallest, group, |known, other| other < known);
        }
        Ok(smallest)
    }

    /// Columns in one way.
    fn encode_in(
        &self,
        way: &ArrowRowGroupWriterFactory,
        index: usize,
        columns: &[Option<ArrayRef>],
    ) -> Result<Group, LookFileError> {
        let writers = way.create_column_writers(index)?.into_iter().zip(self.schema.fields());
        let mut group = Vec::with_capacity(columns.len());
        for ((mut writer, field), column) in writers.zip(columns) {
            let Some(column) = column else { continue };
            for leaf in compute_leaves(field, column)? {
                writer.write(&leaf)?;
            }
            group.push(writer.close()?);
        }
        Ok(group)
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

/// Begins a file, and tells what encodes its columns.
fn begin<W: io::Write + Send>(
    file: W,
    schema: &Arc<Schema>,
    way: Way,
    compression: Compression,
    said: Option<Vec<KeyValue>>,
) -> Result<(SerializedFileWriter<W>, ArrowRowGroupWriterFactory), LookFileError> {
    let mut properties = WriterProperties::builder()
        .set_created_by("asof".to_owned())
        .set_compression(compression)
        .set_statistics_enabled(EnabledStatistics::None)
        // Without statistics of pages nobody looks for one.
        .set_offset_index_disabled(true)
        .set_max_row_group_row_count(Some(GROUP))
        .set_key_value_metadata(said);
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
    let options =
        ArrowWriterOptions::new().with_properties(properties.build()).with_skip_arrow_metadata(true);
    let writer = ArrowWriter::try_new_with_options(file, Arc::clone(schema), options)?;
    Ok(writer.into_serialized_writer()?)
}
