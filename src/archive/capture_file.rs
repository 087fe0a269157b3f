//! Captured rows as a file: one JSON object a line, compressed, sorted by key and number.
//!
//! They are written and read one by one, since a capture may have a million of them. Behind them lies of which keys
//! they are.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read, Write as _};

use memchr::memmem::Finder;

use super::capture_keys::Keys;
use super::look_write::{Hashing, Written};
use crate::model::entity::CaptureRow;

/// How hard a file is compressed that is small: these are many, and are kept for years.
const LEVEL: i32 = 19;
/// How hard a large one is: it must not take much longer than the reading of its rows.
const LEVEL_OF_LARGE: i32 = 3;
/// A file is small whose text is shorter than this.
const SMALL: usize = 1 << 20;
/// How many bytes are uncompressed at once.
const BUFFER: usize = 1 << 17;
/// No row is written or read that is longer than this.
const MOST_BYTES: u64 = 1 << 27;

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
    /// A row is too long to be read again.
    #[error("can't be read in line {line}: it is longer than any that is written")]
    TooLong {
        /// Which, from 1.
        line: usize,
    },
}

/// Writes such a file, row by row.
pub struct CaptureWriter<'f> {
    file: &'f File,
    /// What is not compressed yet.
    text: Vec<u8>,
    /// Where it goes once the file is large.
    stream: Option<zstd::Encoder<'static, Hashing<'f>>>,
    rows: u64,
    keys: Keys,
}

impl<'f> CaptureWriter<'f> {
    /// Writes into an empty file.
    pub fn new(file: &'f File) -> Self {
        Self { file, text: Vec::new(), stream: None, rows: 0, keys: Keys::default() }
    }

    /// Writes a row.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn push(&mut self, row: &CaptureRow) -> Result<(), CaptureFileError> {
        let before = self.text.len();
        serde_json::to_writer(&mut self.text, row).map_err(CaptureFileError::Row)?;
        self.text.push(b'\n');
        self.rows += 1;
        self.keys.push(&row.row.key);
        if (self.text.len() - before) as u64 > MOST_BYTES {
            return Err(CaptureFileError::TooLong { line: usize::try_from(self.rows).unwrap_or(usize::MAX) });
        }
        if self.text.len() >= SMALL {
            let stream = match &mut self.stream {
                Some(stream) => stream,
                none => none.insert(zstd::Encoder::new(Hashing::new(self.file), LEVEL_OF_LARGE)?),
            };
            stream.write_all(&self.text)?;
            self.text.clear();
        }
        Ok(())
    }

    /// How many rows were written.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Ends the file. It is not synced.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn finish(self) -> Result<Written, CaptureFileError> {
        let mut hashing = if let Some(mut stream) = self.stream {
            stream.write_all(&self.text)?;
            stream.finish()?
        } else {
            let mut hashing = Hashing::new(self.file);
            hashing.write_all(&zstd::bulk::compress(&self.text, LEVEL)?)?;
            hashing
        };
        hashing.write_all(&self.keys.frame())?;
        Ok(hashing.written())
    }
}

/// The rows of such a file, one by one; after a failure there are no more.
pub struct CaptureReader<R: Read> {
    text: BufReader<zstd::Decoder<'static, BufReader<R>>>,
    line: Vec<u8>,
    at: usize,
    most: u64,
    /// What a line must have to be read.
    wanted: Option<Finder<'static>>,
    ended: bool,
}

impl<R: Read> CaptureReader<R> {
    /// Reads such a file.
    ///
    /// # Errors
    /// When it can't be uncompressed.
    pub fn new(file: R) -> Result<Self, CaptureFileError> {
        Self::at_most(file, MOST_BYTES)
    }

    fn at_most(file: R, most: u64) -> Result<Self, CaptureFileError> {
        let text = BufReader::with_capacity(BUFFER, zstd::Decoder::new(file)?);
        Ok(Self { text, line: Vec::new(), at: 0, most, wanted: None, ended: false })
    }

    /// The same, only with rows that may be of this key: lines without its text are passed over, which is much
    /// faster than to read them.
    #[must_use]
    pub fn of_key(self, key: &str) -> Self {
        let wanted = serde_json::to_vec(key).ok().map(|text| Finder::new(&text).into_owned());
        Self { wanted, ..self }
    }

    fn read(&mut self) -> Result<Option<CaptureRow>, CaptureFileError> {
        loop {
            self.line.clear();
            self.at += 1;
            if (&mut self.text).take(self.most).read_until(b'\n', &mut self.line)? == 0 {
                return Ok(None);
            }
            if self.line.len() as u64 == self.most && !self.line.ends_with(b"\n") {
                return Err(CaptureFileError::TooLong { line: self.at });
            }
            if self.wanted.as_ref().is_some_and(|wanted| wanted.find(&self.line).is_none()) {
                continue;
            }
            let line = self.line.strip_suffix(b"\n").unwrap_or(&self.line);
            if !line.is_empty() {
                let row = serde_json::from_slice(line);
                return row.map(Some).map_err(|error| CaptureFileError::Line { line: self.at, error });
            }
        }
    }
}

impl<R: Read> Iterator for CaptureReader<R> {
    type Item = Result<CaptureRow, CaptureFileError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let row = self.read().transpose();
        self.ended = !matches!(row, Some(Ok(_)));
        row
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{CaptureFileError, CaptureReader, CaptureWriter};
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

    fn encode(rows: &[CaptureRow]) -> Vec<u8> {
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut writer = CaptureWriter::new(file.as_file());
        for row in rows {
            writer.push(row).unwrap();
        }
        assert_eq!(writer.rows(), rows.len() as u64);
        let written = writer.finish().unwrap();
        let bytes = std::fs::read(file.path()).unwrap();
        assert_eq!((written.size, written.sha256), (bytes.len() as u64, Digest::of(&bytes)));
        bytes
    }

    fn decode(bytes: &[u8]) -> Result<Vec<CaptureRow>, CaptureFileError> {
        CaptureReader::new(bytes)?.collect()
    }

    proptest! {
        #[test]
        fn rows_come_back_as_they_were(rows in proptest::collection::vec(any_row(), 0..6)) {
            prop_assert_eq!(decode(&encode(&rows)).unwrap(), rows);
        }
    }

    #[test]
    fn a_large_file_comes_back_too() {
        let row = |seq: u64| CaptureRow {
            captured_at: "2025-11-07T10:15:30.25Z".parse().unwrap(),
            kind: CaptureType::Manual,
            trigger: None,
            reason: Some("x".repeat(usize::try_from(seq % 700).unwrap())),
            actor: None,
            occurred_at: None,
            changes: Vec::new(),
            definition: Fingerprint(Digest::of(b"")),
            row: EntityRow { key: "5".into(), seq, label: None, fields: [].into_iter().collect() },
        };
        let rows: Vec<CaptureRow> = (1..6_000).map(row).collect();
        let bytes = encode(&rows);
        assert_eq!(decode(&bytes).unwrap(), rows);
        assert!(decode(&bytes[..bytes.len() / 2]).is_err(), "half a file is none");
    }

    #[test]
    fn what_is_no_such_file_is_an_error() {
        assert!(matches!(decode(b"not compressed"), Err(CaptureFileError::Compression(_))));
        let text = zstd::bulk::compress(b"\n{}\n{}\n", 3).unwrap();
        let mut rows = CaptureReader::new(&text[..]).unwrap();
        assert!(matches!(rows.next(), Some(Err(CaptureFileError::Line { line: 2, .. }))));
        assert!(rows.next().is_none(), "nothing comes after a failure");
    }

    #[test]
    fn a_small_file_with_a_huge_line_is_refused_before_it_is_held() {
        let text = zstd::bulk::compress(&vec![b' '; 10_000_000], 3).unwrap();
        assert!(text.len() < 10_000);
        let mut rows = CaptureReader::at_most(&text[..], 1000).unwrap();
        assert!(matches!(rows.next(), Some(Err(CaptureFileError::TooLong { line: 1 }))));
        assert!(rows.next().is_none());
    }
}
