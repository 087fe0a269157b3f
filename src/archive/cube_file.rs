//! Cubes as Parquet: a table of texts and exact numbers to bytes and back.
//!
//! Equal tables give equal bytes. Whole numbers of 64 bits are `INT64`; others are decimals with
//! the column's largest number of places, of 38 digits where these are enough and of 76 otherwise.

use std::sync::Arc;

use arrow_array::cast::AsArray as _;
use arrow_array::types::{ArrowPrimitiveType, Decimal128Type, Decimal256Type, Int64Type};
use arrow_array::{Array, ArrayRef, Decimal128Array, Decimal256Array, Int64Array, RecordBatch, StringArray};
use arrow_schema::{ArrowError, DataType, Field, Schema};
use bigdecimal::num_bigint::BigInt;
use bytes::Bytes;
use indexmap::IndexMap;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;

use crate::model::{Cells, CubeColumn, CubeTable, Number};

/// The most digits of the shorter kind of decimal.
const SHORT_DIGITS: u8 = 38;
/// The most digits of the longer kind of decimal.
const LONG_DIGITS: u8 = 76;

type Wide = <Decimal256Type as ArrowPrimitiveType>::Native;

/// A failure of writing or reading a cube file.
#[derive(Debug, thiserror::Error)]
pub enum CubeFileError {
    /// A number that no decimal column can hold beside the others.
    #[error("column {column} of the cube needs {digits} digits for {number}, and a decimal has at most 76")]
    TooLong {
        /// The column.
        column: String,
        /// The number, shortened.
        number: String,
        /// How many digits it needs with the column's number of places.
        digits: u64,
    },
    /// Two columns of one name.
    #[error("the cube has two columns named {column}")]
    Twice {
        /// The name.
        column: String,
    },
    /// A column's texts together are larger than a file may hold.
    #[error("the texts of column {column} of the cube are more than 2 GiB")]
    TooLarge {
        /// The column.
        column: String,
    },
    /// A column of a type that asof does not write.
    #[error("column {column} of the cube file has the type {found}, which asof does not write")]
    Type {
        /// The column.
        column: String,
        /// Its type.
        found: String,
    },
    /// The columns don't make a table.
    #[error("the cube's columns don't make a table: {0}")]
    Table(ArrowError),
    /// The file can't be made or is no Parquet.
    #[error("the cube file can't be used: {0}")]
    Parquet(ParquetError),
}

impl CubeFileError {
    /// What to do next, as a sentence, where something can be done.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::TooLong { .. } => {
                Some("round the metric's expression in SQL, so that it needs fewer digits".to_owned())
            }
            _ => None,
        }
    }
}

impl From<ArrowError> for CubeFileError {
    fn from(error: ArrowError) -> Self {
        Self::Table(error)
    }
}

impl From<ParquetError> for CubeFileError {
    fn from(error: ParquetError) -> Self {
        Self::Parquet(error)
    }
}

/// The table as the bytes of a Parquet file.
///
/// # Errors
/// When it has no column, columns of different lengths or of one name, or a number that does not fit.
pub fn encode(table: &CubeTable) -> Result<Vec<u8>, CubeFileError> {
    let mut fields = Vec::with_capacity(table.columns.len());
    let mut arrays = Vec::with_capacity(table.columns.len());
    for (at, column) in table.columns.iter().enumerate() {
        if table.columns.iter().take(at).any(|other| other.name == column.name) {
            return Err(CubeFileError::Twice { column: column.name.clone() });
        }
        let array = match &column.cells {
            Cells::Text(cells) => texts(&column.name, cells)?,
            Cells::Number(cells) => numbers(&column.name, cells)?,
        };
        fields.push(Field::new(&column.name, array.data_type().clone(), true));
        arrays.push(array);
    }
    let schema = Arc::new(Schema::new(fields));
    let batch = RecordBatch::try_new(Arc::clone(&schema), arrays)?;

    let facts = table.metadata.iter().map(|(key, value)| KeyValue::new(key.clone(), value.clone())).collect();
    let properties = WriterProperties::builder()
        .set_created_by("asof".to_owned())
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_key_value_metadata(Some(facts))
        .build();
    // Arrow's own schema would add 0.5 KB to each small file and say nothing that Parquet's does not.
    let options = ArrowWriterOptions::new().with_properties(properties).with_skip_arrow_metadata(true);
    let mut writer = ArrowWriter::try_new_with_options(Vec::new(), schema, options)?;
    writer.write(&batch)?;
    Ok(writer.into_inner()?)
}

/// The table in a Parquet file's bytes, as [`encode`] wrote it. Decimals come back with their column's
/// number of places.
///
/// # Errors
/// When the bytes are no Parquet file, or one with columns of other types.
pub fn decode(bytes: Vec<u8>) -> Result<CubeTable, CubeFileError> {
    let builder = ParquetRecordBatchReaderBuilder::try_new(Bytes::from(bytes))?;
    let facts = builder.metadata().file_metadata().key_value_metadata();
    let metadata: IndexMap<String, String> = facts
        .into_iter()
        .flatten()
        .map(|fact| (fact.key.clone(), fact.value.clone().unwrap_or_default()))
        .collect();
    let schema = Arc::clone(builder.schema());
    let mut columns = Vec::with_capacity(schema.fields().len());
    for field in schema.fields() {
        let cells = match field.data_type() {
            DataType::Utf8 => Cells::Text(Vec::new()),
            DataType::Int64 | DataType::Decimal128(..) | DataType::Decimal256(..) => {
                Cells::Number(Vec::new())
            }
            other => {
                return Err(CubeFileError::Type { column: field.name().clone(), found: other.to_string() });
            }
        };
        columns.push(CubeColumn { name: field.name().clone(), cells });
    }
    for batch in builder.build()? {
        let batch = batch?;
        for (column, array) in columns.iter_mut().zip(batch.columns()) {
            match &mut column.cells {
                Cells::Text(cells) => {
                    cells.extend(array.as_string::<i32>().iter().map(|text| text.map(str::to_owned)));
                }
                Cells::Number(cells) => append_numbers(cells, array),
            }
        }
    }
    Ok(CubeTable { columns, metadata })
}

fn texts(column: &str, cells: &[Option<String>]) -> Result<ArrayRef, CubeFileError> {
    let bytes: usize = cells.iter().flatten().map(String::len).sum();
    if i32::try_from(bytes).is_err() {
        return Err(CubeFileError::TooLarge { column: column.to_owned() });
    }
    Ok(Arc::new(cells.iter().map(Option::as_deref).collect::<StringArray>()))
}

fn numbers(column: &str, cells: &[Option<Number>]) -> Result<ArrayRef, CubeFileError> {
    let scaled: Vec<Option<(BigInt, i64)>> =
        cells.iter().map(|cell| cell.as_ref().map(Number::to_scaled)).collect();
    let scale = scaled.iter().flatten().map(|(_, scale)| *scale).max().unwrap_or(0);
    if scale == 0 {
        let whole: Option<Vec<Option<i64>>> = scaled
            .iter()
            .map(|cell| cell.as_ref().map_or(Some(None), |(digits, _)| i64::try_from(digits).ok().map(Some)))
            .collect();
        if let Some(whole) = whole {
            return Ok(Arc::new(Int64Array::from(whole)));
        }
    }
    decimals(column, &scaled, scale)
}

fn decimals(column: &str, scaled: &[Option<(BigInt, i64)>], scale: i64) -> Result<ArrayRef, CubeFileError> {
    let too_long = |digits: &BigInt, own: i64, needed: u64| CubeFileError::TooLong {
        column: column.to_owned(),
        number: format!("{digits}e-{own}").chars().take(100).collect(),
        digits: needed,
    };
    let mut raised: Vec<Option<BigInt>> = Vec::with_capacity(scaled.len());
    // A decimal has no more places than digits.
    let mut most = scale.unsigned_abs();
    for cell in scaled {
        let Some((digits, own)) = cell else {
            raised.push(None);
            continue;
        };
        let shift = (scale - own).unsigned_abs();
        let length =
            if digits.magnitude().bits() == 0 { 1 } else { digits.magnitude().to_string().len() as u64 };
        let needed = (length + shift).max(scale.unsigned_abs());
        let power = u32::try_from(shift).ok().filter(|_| needed <= u64::from(LONG_DIGITS));
        let Some(power) = power else { return Err(too_long(digits, *own, needed)) };
        most = most.max(needed);
        raised.push(Some(digits * BigInt::from(10).pow(power)));
    }
    // It is at most 76 here.
    let places = i8::try_from(scale).unwrap_or(i8::MAX);
    if most <= u64::from(SHORT_DIGITS) {
        let values = raised.iter().map(|cell| cell.as_ref().and_then(|digits| i128::try_from(digits).ok()));
        let array: Decimal128Array = values.collect();
        Ok(Arc::new(array.with_precision_and_scale(SHORT_DIGITS, places)?))
    } else {
        let array: Decimal256Array = raised.iter().map(|cell| cell.as_ref().map(wide)).collect();
        Ok(Arc::new(array.with_precision_and_scale(LONG_DIGITS, places)?))
    }
}

/// A number of at most 76 digits, which is less than 255 bits.
fn wide(digits: &BigInt) -> Wide {
    let fill = if digits.sign() == bigdecimal::num_bigint::Sign::Minus { 0xff } else { 0 };
    let mut bytes = [fill; 32];
    for (to, from) in bytes.iter_mut().zip(digits.to_signed_bytes_le()) {
        *to = from;
    }
    Wide::from_le_bytes(bytes)
}

fn append_numbers(cells: &mut Vec<Option<Number>>, array: &ArrayRef) {
    if let Some(integers) = array.as_primitive_opt::<Int64Type>() {
        cells.extend(integers.iter().map(|cell| cell.map(Number::from)));
    } else if let Some(decimals) = array.as_primitive_opt::<Decimal128Type>() {
        let scale = decimals.scale();
        cells.extend(decimals.iter().map(|cell| cell.and_then(|digits| placed(&digits.to_string(), scale))));
    } else if let Some(decimals) = array.as_primitive_opt::<Decimal256Type>() {
        let scale = decimals.scale();
        cells.extend(decimals.iter().map(|cell| cell.and_then(|digits| placed(&digits.to_string(), scale))));
    }
}

/// Digits with the point that many places from their end. They always are a number.
fn placed(digits: &str, scale: i8) -> Option<Number> {
    format!("{digits}e{}", -i16::from(scale)).parse().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn column(name: &str, cells: Cells) -> CubeColumn {
        CubeColumn { name: name.to_owned(), cells }
    }

    fn numbers_of(texts: &[Option<&str>]) -> Cells {
        Cells::Number(texts.iter().map(|text| text.map(|text| text.parse().unwrap())).collect())
    }

    fn table(columns: Vec<CubeColumn>) -> CubeTable {
        CubeTable { columns, metadata: IndexMap::from([("asof.format".into(), "asof.cube/1".into())]) }
    }

    /// The texts of the numbers of the one column, written and read again, and the column's type.
    fn there_and_back(texts: &[Option<&str>]) -> (Vec<Option<String>>, DataType) {
        let bytes = encode(&table(vec![column("n", numbers_of(texts))])).unwrap();
        let reader = ParquetRecordBatchReaderBuilder::try_new(Bytes::from(bytes.clone())).unwrap();
        let kind = reader.schema().field(0).data_type().clone();
        match decode(bytes).unwrap().columns.remove(0).cells {
            Cells::Number(cells) => {
                (cells.iter().map(|cell| cell.as_ref().map(Number::to_string)).collect(), kind)
            }
            Cells::Text(_) => panic!("numbers came back as texts"),
        }
    }

    #[test]
    fn a_column_of_numbers_takes_the_smallest_type_that_holds_all_of_them() {
        let nines = |count: usize| "9".repeat(count);
        let cases = [
            (vec![Some("1".to_owned()), None], DataType::Int64),
            (vec![Some(i64::MIN.to_string()), Some(i64::MAX.to_string())], DataType::Int64),
            (vec![None, None], DataType::Int64),
            (vec![Some("9223372036854775808".to_owned())], DataType::Decimal128(38, 0)),
            (vec![Some("737.00".to_owned()), Some("0.05".to_owned())], DataType::Decimal128(38, 2)),
            (vec![Some(nines(38)), Some(format!("-{}", nines(38)))], DataType::Decimal128(38, 0)),
            (vec![Some(nines(39))], DataType::Decimal256(76, 0)),
            (vec![Some(format!("-{}.{}", nines(36), nines(40)))], DataType::Decimal256(76, 40)),
            (vec![Some(format!("0.{}1", "0".repeat(37)))], DataType::Decimal128(38, 38)),
            (vec![Some(format!("0.{}1", "0".repeat(38)))], DataType::Decimal256(76, 39)),
        ];
        for (texts, expected) in cases {
            let given: Vec<Option<&str>> = texts.iter().map(Option::as_deref).collect();
            let (back, kind) = there_and_back(&given);
            assert_eq!(kind, expected, "{texts:?}");
            assert_eq!(back, texts);
        }
        // All numbers of a column get the places of the one that has most.
        let (back, _) = there_and_back(&[Some("12.5"), Some("3"), Some("0.125")]);
        assert_eq!(back, [Some("12.500".into()), Some("3.000".into()), Some("0.125".into())]);
    }

    #[test]
    fn a_number_that_no_decimal_holds_is_an_error_that_names_the_column() {
        let wide = "9".repeat(77);
        let deep = format!("0.{}1", "0".repeat(76));
        // Each fits by itself; with the other's places, the first one no longer does.
        let together = ["1".repeat(60), format!("0.{}", "1".repeat(20))];
        let cases = [
            vec![wide.as_str()],
            vec![deep.as_str()],
            vec!["1e200"],
            vec!["1e-300"],
            vec![&together[0], &together[1]],
        ];
        for case in cases {
            let texts: Vec<Option<&str>> = case.iter().map(|text| Some(*text)).collect();
            let error = encode(&table(vec![column("minutes", numbers_of(&texts))])).unwrap_err();
            assert!(error.to_string().contains("minutes"), "{error}");
            assert!(matches!(error, CubeFileError::TooLong { .. }), "{error}");
            assert!(error.hint().is_some());
        }
    }

    #[test]
    fn a_table_without_rows_keeps_its_columns() {
        let empty = table(vec![
            column("grouping", Cells::Text(Vec::new())),
            column("calls", Cells::Number(Vec::new())),
        ]);
        assert_eq!(decode(encode(&empty).unwrap()).unwrap(), empty);
    }

    #[test]
    fn what_is_no_table_is_an_error() {
        let one = || column("a", numbers_of(&[Some("1")]));
        assert!(matches!(encode(&table(vec![one(), one()])), Err(CubeFileError::Twice { .. })));
        let longer = column("b", Cells::Text(vec![None, None]));
        assert!(matches!(encode(&table(vec![one(), longer])), Err(CubeFileError::Table(_))));
        assert!(encode(&table(Vec::new())).is_err());
        for garbage in [&b""[..], b"PAR1", b"PAR1PAR1", &[0; 100]] {
            assert!(matches!(decode(garbage.to_vec()), Err(CubeFileError::Parquet(_))));
        }
    }

    fn any_number() -> impl Strategy<Value = Number> {
        let plain = any::<i64>().prop_map(Number::from);
        // A DECIMAL has at most 65 digits and 38 places.
        let decimal = ("-?[0-9]{1,38}", "[0-9]{1,38}")
            .prop_map(|(whole, places)| format!("{whole}.{places}").parse().unwrap());
        prop_oneof![plain, decimal]
    }

    fn any_table() -> impl Strategy<Value = CubeTable> {
        (0_usize..40).prop_flat_map(|rows| {
            let texts = || proptest::collection::vec(proptest::option::of(".{0,12}"), rows);
            let numbers = proptest::collection::vec(proptest::option::of(any_number()), rows);
            let whole =
                proptest::collection::vec(proptest::option::of(any::<i64>().prop_map(Number::from)), rows);
            let facts = proptest::collection::vec((".{0,8}", ".{0,8}"), 0..4);
            (texts(), texts(), numbers, whole, facts).prop_map(|(a, b, c, d, facts)| CubeTable {
                columns: vec![
                    column("a", Cells::Text(a)),
                    column("b ` \"", Cells::Text(b)),
                    column("c", Cells::Number(c)),
                    column("d", Cells::Number(d)),
                ],
                metadata: facts.into_iter().collect(),
            })
        })
    }

    proptest! {
        #[test]
        fn a_table_comes_back_as_it_was_and_equal_tables_are_equal_bytes(table in any_table()) {
            let bytes = encode(&table).unwrap();
            prop_assert_eq!(encode(&table.clone()).unwrap(), bytes.clone());
            prop_assert_eq!(decode(bytes).unwrap(), table);
        }
    }
}
