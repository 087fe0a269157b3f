//! One row of a look, without what it costs to read columns whole.
//!
//! The history of an entity takes one row of each of hundreds of small files, of some sixty columns. What costs
//! there is not the rows but what is made for each column anew: a context for uncompressing it above all. So the
//! pages are taken as they lie, and one context uncompresses all of them, of file after file. A column whose bytes
//! are those of the file before is not read again.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use arrow_array::{Array as _, ArrayRef, RecordBatch};
use bytes::Bytes;
use parquet::arrow::arrow_reader::{ParquetRecordBatchReader, RowGroups, RowSelection, RowSelector};
use parquet::arrow::{FieldLevels, ProjectionMask, parquet_to_arrow_field_levels};
use parquet::basic::Compression;
use parquet::column::page::{Page, PageIterator, PageMetadata, PageReader};
use parquet::errors::{ParquetError, Result as ParquetResult};
use parquet::file::metadata::{
    ColumnChunkMetaData, ParquetMetaData, ParquetMetaDataReader, RowGroupMetaData,
};
use parquet::file::reader::{ChunkReader, SerializedPageReader};
use parquet::schema::types::ColumnDescPtr;
use zstd::bulk::Decompressor;

use super::checked::Source;
use super::look_file::{KEY, LookFileError, check_format, groups_between, text_column};

/// How many keys are read at once.
const BATCH: usize = 1 << 16;

/// What uncompresses, shared by all that is read in one thread.
type Context = Arc<Mutex<Decompressor<'static>>>;

/// What is kept from one file to the next.
pub(super) struct Memory {
    context: Context,
    /// The row that was read last, with the bytes that it was read from: most columns of a day are those of the
    /// day before, byte by byte.
    last: Option<Last>,
}

/// A row that was read.
struct Last {
    key: String,
    /// Its place in its group.
    at: usize,
    columns: Vec<Cell>,
}

/// The value of a column in it.
struct Cell {
    column: ColumnDescPtr,
    compression: Compression,
    values: i64,
    /// The bytes of the column.
    bytes: Bytes,
    value: ArrayRef,
}

impl Cell {
    /// Whether a column has the same values in every row.
    fn is(&self, meta: &ColumnChunkMetaData, bytes: &Bytes) -> bool {
        self.column == meta.column_descr_ptr()
            && self.compression == meta.compression()
            && self.values == meta.num_values()
            && self.bytes == *bytes
    }
}

impl Memory {
    /// Of nothing yet.
    ///
    /// # Errors
    /// When there is no memory for a context.
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self { context: Arc::new(Mutex::new(Decompressor::new()?)), last: None })
    }

    /// What uncompresses.
    pub(super) fn context(&self) -> MutexGuard<'_, Decompressor<'static>> {
        self.context.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The row of a key as a batch of these columns and the key; `None` where no row has it.
///
/// # Errors
/// When it is no such file.
pub(super) fn one(
    source: Source,
    memory: &mut Memory,
    columns: &[&str],
    key: &str,
) -> Result<Option<RecordBatch>, LookFileError> {
    match source {
        Source::Bytes(bytes) => {
            let whole = bytes.clone();
            one_of(&Arc::new(bytes), Some(&whole), memory, columns, key)
        }
        Source::File(file) => one_of(&Arc::new(file), None, memory, columns, key),
    }
}

fn one_of<R: ChunkReader + 'static>(
    reader: &Arc<R>,
    whole: Option<&Bytes>,
    memory: &mut Memory,
    columns: &[&str],
    key: &str,
) -> Result<Option<RecordBatch>, LookFileError> {
    let metadata = Arc::new(ParquetMetaDataReader::new().parse_and_finish(reader.as_ref())?);
    check_format(&metadata)?;
    let last = memory.last.take().filter(|last| last.key == key);
    for index in groups_between(&metadata, key, key) {
        let context = Arc::clone(&memory.context);
        let group = Group { reader: Arc::clone(reader), metadata: Arc::clone(&metadata), index, context };
        let same = |column: &ColumnChunkMetaData| {
            let bytes = chunk(whole?, column)?;
            last.as_ref()?.columns.iter().find(|cell| cell.is(column, &bytes))
        };
        let keys = group.meta().columns().iter().find(|column| column.column_descr().name() == KEY);
        let at = match (keys.and_then(same), &last) {
            (Some(_), Some(last)) => Some(last.at),
            _ => group.place_of(key)?,
        };
        let Some(at) = at else { continue };
        let same = |column: &ColumnChunkMetaData| {
            same(column).filter(|_| last.as_ref().is_some_and(|last| last.at == at))
        };
        let wanted = group.meta().columns().iter().filter(|column| {
            let name = column.column_descr().name();
            name == KEY || columns.contains(&name)
        });
        let wanted: Vec<(&ColumnChunkMetaData, Option<&Cell>)> =
            wanted.map(|column| (column, same(column))).collect();
        let other =
            wanted.iter().filter(|(_, cell)| cell.is_none()).map(|(column, _)| column.column_descr().name());
        let read = group.row(at, &other.collect::<Vec<_>>())?;
        let mut cells = Vec::with_capacity(wanted.len());
        for (column, cell) in wanted {
            let name = column.column_descr().name();
            let read = || read.as_ref()?.column_by_name(name).cloned();
            let Some(value) = cell.map_or_else(read, |cell| Some(Arc::clone(&cell.value))) else { continue };
            cells.push(Cell {
                column: column.column_descr_ptr(),
                compression: column.compression(),
                values: column.num_values(),
                bytes: whole.and_then(|whole| chunk(whole, column)).unwrap_or_default(),
                value,
            });
        }
        let row = cells
            .iter()
            .map(|cell| (cell.column.name(), Arc::clone(&cell.value), cell.column.self_type().is_optional()));
        let row = RecordBatch::try_from_iter_with_nullable(row)?;
        memory.last = whole.map(|_| Last { key: key.to_owned(), at, columns: cells });
        return Ok(Some(row));
    }
    Ok(None)
}

/// The bytes of a column.
fn chunk(whole: &Bytes, column: &ColumnChunkMetaData) -> Option<Bytes> {
    let (start, length) = column.byte_range();
    let start = usize::try_from(start).ok()?;
    let end = start.checked_add(usize::try_from(length).ok()?)?;
    (end <= whole.len()).then(|| whole.slice(start..end))
}

/// One group of a file's rows.
struct Group<R: ChunkReader> {
    reader: Arc<R>,
    metadata: Arc<ParquetMetaData>,
    index: usize,
    context: Context,
}

impl<R: ChunkReader> Group<R> {
    fn meta(&self) -> &RowGroupMetaData {
        self.metadata.row_group(self.index)
    }
}

impl<R: ChunkReader + 'static> Group<R> {
    fn levels(&self, names: &[&str]) -> ParquetResult<FieldLevels> {
        let schema = self.metadata.file_metadata().schema_descr();
        let wanted =
            |at: &usize| schema.columns().get(*at).is_some_and(|column| names.contains(&column.name()));
        let mask = ProjectionMask::leaves(schema, (0..schema.num_columns()).filter(wanted));
        parquet_to_arrow_field_levels(schema, mask, None)
    }

    /// The place of the row that has a key; `None` where none has.
    fn place_of(&self, key: &str) -> Result<Option<usize>, LookFileError> {
        let mut before = 0;
        let levels = self.levels(&[KEY])?;
        for batch in ParquetRecordBatchReader::try_new_with_row_groups(&levels, self, BATCH, None)? {
            let batch = batch?;
            let Some(keys) = text_column(&batch, KEY) else { return Ok(None) };
            if let Some(at) = keys.iter().position(|found| found == Some(key)) {
                return Ok(Some(before + at));
            }
            before += keys.len();
        }
        Ok(None)
    }

    /// The row at a place, of these columns; `None` where there are none.
    fn row(&self, at: usize, names: &[&str]) -> Result<Option<RecordBatch>, LookFileError> {
        if names.is_empty() {
            return Ok(None);
        }
        // Of each column only this row is decoded.
        let row = RowSelection::from(vec![RowSelector::skip(at), RowSelector::select(1)]);
        let levels = self.levels(names)?;
        let mut rows = ParquetRecordBatchReader::try_new_with_row_groups(&levels, self, 1, Some(row))?;
        Ok(rows.next().transpose()?)
    }
}

impl<R: ChunkReader + 'static> RowGroups for Group<R> {
    fn num_rows(&self) -> usize {
        usize::try_from(self.meta().num_rows()).unwrap_or_default()
    }

    fn column_chunks(&self, column: usize) -> ParquetResult<Box<dyn PageIterator>> {
        let (reader, meta) = (Arc::clone(&self.reader), self.meta().column(column));
        let rows = self.num_rows();
        let pages: Box<dyn PageReader> = if matches!(meta.compression(), Compression::ZSTD(_)) {
            // It is read as if it were not compressed, for which no context is made.
            let most = usize::try_from(meta.uncompressed_size())?;
            let plain = meta.clone().into_builder().set_compression(Compression::UNCOMPRESSED).build()?;
            let raw = SerializedPageReader::new(reader, &plain, rows, None)?;
            Box::new(Pages { raw, context: Arc::clone(&self.context), most })
        } else {
            Box::new(SerializedPageReader::new(reader, meta, rows, None)?)
        };
        Ok(Box::new(Chunk { pages: Some(pages) }))
    }

    fn row_groups(&self) -> Box<dyn Iterator<Item = &RowGroupMetaData> + '_> {
        Box::new(std::iter::once(self.meta()))
    }

    fn metadata(&self) -> &ParquetMetaData {
        &self.metadata
    }
}

/// The one chunk of a column.
struct Chunk {
    pages: Option<Box<dyn PageReader>>,
}

impl Iterator for Chunk {
    type Item = ParquetResult<Box<dyn PageReader>>;

    fn next(&mut self) -> Option<Self::Item> {
        self.pages.take().map(Ok)
    }
}

impl PageIterator for Chunk {}

/// Pages that are uncompressed by a context that is there already.
struct Pages<R: ChunkReader> {
    raw: SerializedPageReader<R>,
    context: Context,
    /// No page has more bytes than all of them.
    most: usize,
}

impl<R: ChunkReader> Pages<R> {
    fn uncompressed(&self, page: Page) -> ParquetResult<Page> {
        let whole =
            |buf: Bytes| if buf.is_empty() { Ok(buf) } else { self.uncompress(&buf).map(Bytes::from) };
        Ok(match page {
            Page::DictionaryPage { buf, num_values, encoding, is_sorted } => {
                Page::DictionaryPage { buf: whole(buf)?, num_values, encoding, is_sorted }
            }
            Page::DataPage {
                buf,
                num_values,
                encoding,
                def_level_encoding,
                rep_level_encoding,
                statistics,
            } => Page::DataPage {
                buf: whole(buf)?,
                num_values,
                encoding,
                def_level_encoding,
                rep_level_encoding,
                statistics,
            },
            // Of such a page the levels are never compressed. None is written by this crate.
            Page::DataPageV2 { .. } => return Err(ParquetError::NYI("a data page of version 2".to_owned())),
        })
    }

    fn uncompress(&self, bytes: &[u8]) -> ParquetResult<Vec<u8>> {
        let says = zstd::zstd_safe::get_frame_content_size(bytes).ok().flatten();
        let size = says.and_then(|size| usize::try_from(size).ok()).filter(|size| *size <= self.most);
        let size = size.ok_or_else(|| ParquetError::General("a page has no likely length".to_owned()))?;
        let mut context = self.context.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(context.decompress(bytes, size)?)
    }
}

impl<R: ChunkReader> Iterator for Pages<R> {
    type Item = ParquetResult<Page>;

    fn next(&mut self) -> Option<Self::Item> {
        self.get_next_page().transpose()
    }
}

impl<R: ChunkReader> PageReader for Pages<R> {
    fn get_next_page(&mut self) -> ParquetResult<Option<Page>> {
        self.raw.get_next_page()?.map(|page| self.uncompressed(page)).transpose()
    }

    fn peek_next_page(&mut self) -> ParquetResult<Option<PageMetadata>> {
        self.raw.peek_next_page()
    }

    fn skip_next_page(&mut self) -> ParquetResult<()> {
        self.raw.skip_next_page()
    }

    fn supports_deferred_dictionary(&self) -> bool {
        self.raw.supports_deferred_dictionary()
    }

    fn take_deferred_dictionary(&mut self) -> ParquetResult<Option<Page>> {
        self.raw.take_deferred_dictionary()?.map(|page| self.uncompressed(page)).transpose()
    }

    fn at_record_boundary(&mut self) -> ParquetResult<bool> {
        self.raw.at_record_boundary()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{ArrayRef, Decimal128Array, Int64Array, RecordBatch, StringArray, UInt64Array};
    use bytes::Bytes;
    use parquet::arrow::ArrowWriter;
    use parquet::basic::{Compression, Encoding, ZstdLevel};
    use parquet::file::metadata::KeyValue;
    use parquet::file::properties::WriterProperties;
    use proptest::prelude::*;

    use super::{Memory, Source, one};
    use crate::archive::look_file::{FORMAT, KEY, LookFileError, LookReader};

    /// A table by key, with a column of each kind.
    fn table(rows: &[(Option<i64>, Option<String>)]) -> RecordBatch {
        let keys = StringArray::from_iter_values((0..rows.len()).map(|n| format!("{:05}", 3 * n)));
        let counts: Int64Array = rows.iter().map(|(number, _)| *number).collect();
        let gauges: Decimal128Array = rows.iter().map(|(number, _)| number.map(i128::from)).collect();
        let texts: StringArray = rows.iter().map(|(_, text)| text.as_deref()).collect();
        let columns: [(&str, ArrayRef); 5] = [
            (KEY, Arc::new(keys)),
            ("seq", Arc::new(UInt64Array::from_iter_values(1..=rows.len() as u64))),
            ("count", Arc::new(counts)),
            ("gauge", Arc::new(gauges.with_precision_and_scale(38, 9).unwrap())),
            ("text", Arc::new(texts)),
        ];
        RecordBatch::try_from_iter_with_nullable(columns.map(|(name, array)| (name, array, name != KEY)))
            .unwrap()
    }

    fn file(table: &RecordBatch, compression: Compression, dictionary: bool, group: usize) -> Vec<u8> {
        let mut properties = WriterProperties::builder()
            .set_compression(compression)
            .set_dictionary_enabled(dictionary)
            .set_column_dictionary_enabled(KEY.into(), false)
            .set_column_encoding(KEY.into(), Encoding::DELTA_BYTE_ARRAY)
            .set_data_page_row_count_limit(7)
            .set_write_batch_size(5)
            .set_max_row_group_row_count(Some(group));
        properties = properties
            .set_key_value_metadata(Some(vec![KeyValue::new("asof.format".into(), FORMAT.to_owned())]));
        let mut writer = ArrowWriter::try_new(Vec::new(), table.schema(), Some(properties.build())).unwrap();
        writer.write(table).unwrap();
        writer.into_inner().unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]
        #[test]
        fn a_row_is_that_of_the_whole_file(
            rows in proptest::collection::vec((proptest::option::of(-9..9_i64), proptest::option::of("[a-c]{0,3}")), 0..60),
            (compressed, dictionary, in_memory) in any::<(bool, bool, bool)>(),
            group in 1..70_usize,
            (wanted, changed) in (0..180_usize, 0..60_usize),
        ) {
            let zstd = Compression::ZSTD(ZstdLevel::default());
            let compression = if compressed { zstd } else { Compression::UNCOMPRESSED };
            let mut later = rows.clone();
            if let Some((number, _)) = later.get_mut(changed) {
                *number = Some(77);
            }
            let files = [&rows, &later].map(|rows| file(&table(rows), compression, dictionary, group));
            let on_disk = |bytes: &[u8]| {
                let file = tempfile::NamedTempFile::new().unwrap();
                std::fs::write(file.path(), bytes).unwrap();
                file.reopen().unwrap()
            };
            let columns = ["gauge", "text", "count", "none", "seq"];
            let mut memory = Memory::new().unwrap();
            // Of three keys only every third has a row, and what is the same in both files is read once.
            for key in [wanted, 3 * changed, wanted / 3 * 3] {
                for bytes in [&files[0], &files[1], &files[0]] {
                    let all = LookReader::new(on_disk(bytes), &[&columns[..], &[KEY]].concat()).unwrap();
                    let all: Vec<RecordBatch> = all.map(Result::unwrap).collect();
                    let all = arrow_select::concat::concat_batches(&table(&rows).schema(), &all).unwrap();
                    let source = || if in_memory {
                        Source::Bytes(Bytes::from(bytes.clone()))
                    } else {
                        Source::File(on_disk(bytes))
                    };
                    let expected = (key.is_multiple_of(3) && key / 3 < rows.len()).then(|| all.slice(key / 3, 1));
                    let name = format!("{key:05}");
                    prop_assert_eq!(one(source(), &mut memory, &columns, &name).unwrap(), expected.clone());
                    let some = one(source(), &mut memory, &["text"], &name).unwrap();
                    prop_assert_eq!(some, expected.map(|row| row.project(&[0, 4]).unwrap()));
                }
            }
        }
    }

    #[test]
    fn what_is_damaged_or_of_another_format_is_an_error() {
        let table = table(&[(Some(1), Some("a".repeat(300))), (None, None)]);
        let bytes = file(&table, Compression::ZSTD(ZstdLevel::default()), true, 9);
        let mut memory = Memory::new().unwrap();
        let mut read = |bytes: Vec<u8>| one(Source::Bytes(bytes.into()), &mut memory, &["text"], "00000");
        assert!(read(bytes.clone()).unwrap().is_some());
        for cut in 1..bytes.len() {
            assert!(read(bytes[..cut].to_vec()).is_err(), "{cut}");
        }
        let at = bytes.windows(4).position(|four| four == [0x28, 0xB5, 0x2F, 0xFD]).unwrap();
        let mut damaged = bytes.clone();
        damaged[at] ^= 1;
        assert!(read(damaged).is_err());
        let at = bytes.windows(FORMAT.len()).position(|piece| piece == FORMAT.as_bytes()).unwrap();
        let mut other = bytes;
        other[at] = b'x';
        assert!(matches!(read(other), Err(LookFileError::Format { found }) if found.starts_with('x')));
    }
}
