//! The rows of one key, of look after look and of file after file of captures.
//!
//! Whoever tells the history of an entity reads hundreds of small files for a row of each. What that needs beside the
//! files is made once and used for all of them.

use std::io;

use arrow_array::RecordBatch;
use memchr::memmem::Finder;
use memchr::{memchr, memrchr};

use super::capture_file::{CaptureFileError, CaptureReader};
use super::capture_keys::Filter;
use super::captures::Known;
use super::checked::{self, Source};
use super::look_line::LookDoc;
use super::look_row::{self, Memory};
use super::{Archive, ArchiveError, Looks};
use crate::model::Day;
use crate::model::entity::CaptureRow;
use crate::model::manifest::FileDoc;

/// Text is uncompressed whole that is no longer than this.
const WHOLE: u64 = 1 << 26;

/// Reads rows by their key. Each thread has its own.
pub struct KeyReader<'a> {
    archive: &'a Archive,
    /// What is kept from one file to the next; `None` until it is needed.
    memory: Option<Memory>,
    /// The text of a file of captures.
    text: Vec<u8>,
}

impl<'a> KeyReader<'a> {
    /// Of an archive.
    pub fn new(archive: &'a Archive) -> Self {
        Self { archive, memory: None, text: Vec::new() }
    }

    fn memory(&mut self) -> io::Result<&mut Memory> {
        match &mut self.memory {
            Some(memory) => Ok(memory),
            none => Ok(none.insert(Memory::new()?)),
        }
    }

    /// The one row of a key in a look, as a batch of these columns and the key; `None` when it has none.
    ///
    /// # Errors
    /// When a file is missing or not as it was kept.
    pub fn look_row(
        &mut self,
        look: &LookDoc,
        name: &str,
        columns: &[&str],
        key: &str,
    ) -> Result<Option<RecordBatch>, ArchiveError> {
        let Some(source) = self.archive.checked_look(look, name, checked::source)? else { return Ok(None) };
        let archive = self.archive;
        let unread = |error| ArchiveError::Io { doing: "uncompress", path: archive.dir().to_owned(), error };
        look_row::one(source, self.memory().map_err(unread)?, columns, key)
            .map_err(|error| archive.look_damaged(look, name, &error))
    }

    /// The rows of a key in the captures of a day that `looks` has, wherever they lie by now; in no certain order.
    ///
    /// # Errors
    /// When a file is missing or not as it was kept.
    pub fn captures(
        &mut self,
        entity: &str,
        looks: &Looks,
        day: Day,
        key: &str,
    ) -> Result<Vec<CaptureRow>, ArchiveError> {
        let mut rows = Vec::new();
        let files = looks.capture_files(day);
        if files.is_empty() {
            return Ok(rows);
        }
        let known = Known::of(looks, day);
        for file in files {
            rows.extend(self.capture_rows(entity, day, file, key)?.into_iter().filter(|row| known.has(row)));
        }
        Ok(rows)
    }

    /// The rows of a key in a file of captures.
    fn capture_rows(
        &mut self,
        entity: &str,
        day: Day,
        doc: &FileDoc,
        key: &str,
    ) -> Result<Vec<CaptureRow>, ArchiveError> {
        let (path, source) = self.archive.open_captures(entity, day, doc, checked::source)?;
        let found = match source {
            Source::File(file) => match Filter::of_file(&file) {
                Ok(Some(filter)) if !filter.may_have(key) => return Ok(Vec::new()),
                Ok(_) => streamed(file, key),
                Err(error) => Err(error.into()),
            },
            Source::Bytes(bytes) => {
                if Filter::of(&bytes).is_some_and(|filter| !filter.may_have(key)) {
                    return Ok(Vec::new());
                }
                let size = zstd::zstd_safe::get_frame_content_size(&bytes).ok().flatten();
                match size.filter(|size| *size <= WHOLE).and_then(|size| usize::try_from(size).ok()) {
                    Some(size) => self.searched(&bytes, size, key),
                    None => streamed(&bytes[..], key),
                }
            }
        };
        found.map_err(|error| super::document::damaged(&path, error.to_string()))
    }

    /// The rows of a key in a file whose text has this length.
    fn searched(
        &mut self,
        bytes: &[u8],
        size: usize,
        key: &str,
    ) -> Result<Vec<CaptureRow>, CaptureFileError> {
        let mut text = std::mem::take(&mut self.text);
        text.clear();
        text.reserve(size);
        self.memory()?.context().decompress_to_buffer(bytes, &mut text)?;
        let rows = rows_of(&text, key);
        self.text = text;
        rows
    }
}

/// The rows of a key in a file that is read piece by piece.
fn streamed(file: impl io::Read, key: &str) -> Result<Vec<CaptureRow>, CaptureFileError> {
    let rows = CaptureReader::new(file)?.of_key(key);
    rows.filter(|row| row.as_ref().map_or(true, |row| row.row.key == key)).collect()
}

/// The rows of a key in a file's text. Only lines that have the key somewhere are parsed.
fn rows_of(text: &[u8], key: &str) -> Result<Vec<CaptureRow>, CaptureFileError> {
    let wanted = serde_json::to_vec(key).map_err(CaptureFileError::Row)?;
    let wanted = Finder::new(&wanted);
    let mut rows = Vec::new();
    let mut from = 0;
    while let Some(at) = text.get(from..).and_then(|rest| wanted.find(rest)).map(|at| from + at) {
        let begin = text.get(..at).and_then(|before| memrchr(b'\n', before)).map_or(0, |end| end + 1);
        let end = text.get(at..).and_then(|rest| memchr(b'\n', rest)).map_or(text.len(), |end| at + end);
        let line = text.get(begin..end).unwrap_or_default();
        let row: CaptureRow = serde_json::from_slice(line).map_err(|error| {
            let before = text.get(..begin).unwrap_or_default();
            CaptureFileError::Line { line: memchr::memchr_iter(b'\n', before).count() + 1, error }
        })?;
        if row.row.key == key {
            rows.push(row);
        }
        from = end;
    }
    Ok(rows)
}
