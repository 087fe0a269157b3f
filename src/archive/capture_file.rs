//! Captured rows as a file: one JSON object a line, compressed.

use std::io::{self, Read as _};

use crate::model::entity::CaptureRow;

/// How hard it is compressed: these files are small and are kept for years.
const LEVEL: i32 = 19;
/// No file of captures is read that is longer than this.
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
    /// A row can't be written.
    #[error("can't be written: {0}")]
    Row(serde_json::Error),
}

/// The rows as the bytes of a file.
///
/// # Errors
/// When they can't be compressed.
pub fn encode(rows: &[CaptureRow]) -> Result<Vec<u8>, CaptureFileError> {
    let mut text = Vec::new();
    for row in rows {
        serde_json::to_writer(&mut text, row).map_err(CaptureFileError::Row)?;
        text.push(b'\n');
    }
    Ok(zstd::bulk::compress(&text, LEVEL)?)
}

/// The rows of a file.
///
/// # Errors
/// When it is no such file.
pub fn decode(bytes: &[u8]) -> Result<Vec<CaptureRow>, CaptureFileError> {
    let mut text = Vec::new();
    zstd::Decoder::new(bytes)?.take(MOST_BYTES).read_to_end(&mut text)?;
    let lines = text.split(|byte| *byte == b'\n').enumerate().filter(|(_, line)| !line.is_empty());
    lines
        .map(|(at, line)| {
            serde_json::from_slice(line).map_err(|error| CaptureFileError::Line { line: at + 1, error })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{CaptureFileError, decode, encode};
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
}
