//! Captured rows as a file: one JSON object a line, compressed.

use std::io::{self, BufRead as _, BufReader, Read as _};

use crate::model::entity::CaptureRow;

/// How hard it is compressed: these files are small and are kept for years.
const LEVEL: i32 = 19;
/// No file of captures is written or read that is longer than this once it is uncompressed.
const MOST_BYTES: u64 = 1 << 31;

/// A failure of writing or reading such a file.
#[derive(Debug, thiserror::Error)]
pub enum CaptureFileError {
    /// The bytes are not what was compressed.
    #[error("can't be uncompressed: {0}")]
    Compression(#[from] io::Error),
    /// A line is no row.
    #[error("can't be read in line {line}: {error}")]
    Line {
        /// Which, from 1.
        line: usize,
        /// Why.
        error: serde_json::Error,
    },
    /// More than is kept or read.
    #[error("is longer than {most} bytes")]
    TooLong {
        /// How long it may be.
        most: u64,
    },
    /// A row can't be written.
    #[error("can't be written: {0}")]
    Row(serde_json::Error),
}

/// The rows as the bytes of a file.
///
/// # Errors
/// When they are more than can be read again, or can't be compressed.
pub fn encode(rows: &[CaptureRow]) -> Result<Vec<u8>, CaptureFileError> {
    let mut text = Vec::new();
    for row in rows {
        serde_json::to_writer(&mut text, row).map_err(CaptureFileError::Row)?;
        text.push(b'\n');
        if text.len() as u64 > MOST_BYTES {
            return Err(CaptureFileError::TooLong { most: MOST_BYTES });
        }
    }
    Ok(zstd::bulk::compress(&text, LEVEL)?)
}

/// The rows of a file. Never more than a line of its text is held.
///
/// # Errors
/// When it is no such file, or longer than any that is written.
pub fn decode(bytes: &[u8]) -> Result<Vec<CaptureRow>, CaptureFileError> {
    decode_at_most(bytes, MOST_BYTES)
}

fn decode_at_most(bytes: &[u8], most: u64) -> Result<Vec<CaptureRow>, CaptureFileError> {
    let mut text = BufReader::new(zstd::Decoder::new(bytes)?.take(most.saturating_add(1)));
    let mut rows = Vec::new();
    let (mut line, mut length) = (Vec::new(), 0);
    for number in 1.. {
        line.clear();
        length += text.read_until(b'\n', &mut line)? as u64;
        if length > most {
            return Err(CaptureFileError::TooLong { most });
        }
        if line.is_empty() {
            break;
        }
        let row =
            serde_json::from_slice(&line).map_err(|error| CaptureFileError::Line { line: number, error });
        rows.push(row?);
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{CaptureFileError, decode, decode_at_most, encode};
    use crate::model::entity::{CaptureRow, CaptureType, EntityRow, FieldValue};
    use crate::model::{Digest, Fingerprint};

    fn any_row() -> impl Strategy<Value = CaptureRow> {
        let value = prop_oneof![
            any::<i64>().prop_map(|number| FieldValue::Number(number.into())),
            "-?[0-9]{1,25}\\.[0-9]{1,9}".prop_map(|text| FieldValue::Number(text.parse().unwrap())),
            ".{0,12}".prop_map(FieldValue::Text),
            proptest::collection::vec(".{0,6}", 0..4).prop_map(FieldValue::List),
        ];
        let fields = proptest::collection::vec(("[a-z]{1,8}", proptest::option::of(value)), 0..6);
        (".{0,10}", 1..u64::MAX, proptest::option::of(".{0,10}"), fields).prop_map(
            |(key, seq, label, fields)| CaptureRow {
                captured_at: "2025-11-07T10:15:30.25Z".parse().unwrap(),
                kind: CaptureType::PostUpload,
                trigger: label.clone(),
                reason: None,
                actor: None,
                occurred_at: None,
                changes: Vec::new(),
                definition: Fingerprint(Digest::of(b"")),
                row: EntityRow { key, seq, label, fields: fields.into_iter().collect() },
            },
        )
    }

    proptest! {
        #[test]
        fn rows_come_back_as_they_were(rows in proptest::collection::vec(any_row(), 0..6)) {
            let bytes = encode(&rows).unwrap();
            prop_assert_eq!(decode(&bytes).unwrap(), rows);
        }
    }

    #[test]
    fn what_is_no_such_file_is_an_error() {
        assert!(matches!(decode(b"not compressed"), Err(CaptureFileError::Compression(_))));
        let text = zstd::bulk::compress(b"{}\n", 3).unwrap();
        assert!(matches!(decode(&text), Err(CaptureFileError::Line { line: 1, .. })));
    }

    #[test]
    fn a_small_file_that_becomes_a_huge_one_is_refused_before_it_is_held() {
        // A line that never ends, and lines that never end.
        let line = zstd::bulk::compress(&vec![b' '; 10_000_000], 3).unwrap();
        assert!(line.len() < 10_000);
        assert!(matches!(decode_at_most(&line, 1000), Err(CaptureFileError::TooLong { most: 1000 })));
        assert!(matches!(decode(&line), Err(CaptureFileError::Line { line: 1, .. })));
    }
}
