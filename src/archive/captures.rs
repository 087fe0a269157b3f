//! Captures: how their rows come into an archive, one by one, and out of it again.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::capture_file::{CaptureFileError, CaptureReader, CaptureWriter};
use super::claim::{self, Claim};
use super::look_line::{CaptureDoc, EntityLine, Said, captures_folder};
use super::looks::{Kept, Looks, STAGED, Staged};
use super::{Archive, ArchiveError, checked, document, files, reading};
use crate::model::entity::CaptureRow;
use crate::model::manifest::FileDoc;
use crate::model::{Day, EntityDef};

/// Takes the rows of a file of captures as they are staged.
pub struct RowSink<'f> {
    writer: CaptureWriter<'f>,
    path: &'f Path,
}

impl RowSink<'_> {
    /// Writes a row.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn push(&mut self, row: &CaptureRow) -> Result<(), ArchiveError> {
        self.writer.push(row).map_err(|error| unwritten(self.path, error))
    }
}

impl Archive {
    /// Stages the rows of a capture, which `write` gives one by one, sorted by key; it tells whether they
    /// are all entities. `None` when it gave none.
    ///
    /// # Errors
    /// When the archive can't be written, and those of `write`.
    pub fn stage_capture<E: From<ArchiveError>>(
        &self,
        def: &EntityDef,
        doc: CaptureDoc,
        write: impl FnOnce(&mut RowSink<'_>) -> Result<bool, E>,
    ) -> Result<Option<Staged<CaptureDoc>>, E> {
        let (claim, file, (rows, full)) = self.stage_rows(|sink| {
            let full = write(sink)?;
            Ok::<_, E>((sink.writer.rows(), full))
        })?;
        if rows == 0 {
            return Ok(None);
        }
        // Its digest makes the name its own.
        let at = doc.captured_at.format("%Y%m%dT%H%M%S%.3fZ");
        let path = format!("{at}-{}.jsonl.zst", &file.sha256.to_string()[..8]);
        let definition = self.stage_definition(&claim, def)?;
        let file = FileDoc { path, ..file };
        Ok(Some(Staged { claim, doc: CaptureDoc { rows, full, file, ..doc }, definition }))
    }

    /// Keeps a capture, if nothing was added about its entities since the line numbered `known`.
    ///
    /// # Errors
    /// Those of [`Archive::keep_look`].
    pub fn keep_capture(
        &self,
        staged: Staged<CaptureDoc>,
        known: u64,
        wait: Duration,
        now: DateTime<Utc>,
    ) -> Result<Kept<Said<CaptureDoc>>, ArchiveError> {
        let doc = &staged.doc;
        let target = self.dir().join(captures_folder(&doc.entity, doc.date)).join(&doc.file.path);
        let line = |seq, at| EntityLine::Capture(Said { seq, at, doc: staged.doc.clone() });
        let kept = self.keep("capture", &staged, doc, &doc.entity, &target, known, (wait, now), &line)?;
        Ok(match kept {
            Kept::Done((seq, at)) => Kept::Done(Said { seq, at, doc: staged.doc }),
            Kept::Taken => Kept::Taken,
        })
    }

    /// Stages rows as a file; its path is still to be given.
    pub(super) fn stage_rows<T, E: From<ArchiveError>>(
        &self,
        write: impl FnOnce(&mut RowSink<'_>) -> Result<T, E>,
    ) -> Result<(Claim, FileDoc, T), E> {
        let staging = self.staging_path();
        claim::remove_leftovers(&staging);
        let claim = Claim::new(&staging)?;
        let path = claim.path().join(STAGED);
        let file = files::write_new(&path, &[])?;
        let mut sink = RowSink { writer: CaptureWriter::new(&file), path: &path };
        let filled = write(&mut sink)?;
        let written = sink.writer.finish().map_err(|error| unwritten(&path, error))?;
        files::sync_files(&[(&path, file)])?;
        Ok((claim, FileDoc { path: String::new(), size: written.size, sha256: written.sha256 }, filled))
    }

    /// The rows of the captures of a day that `looks` has, wherever they lie by now; in no certain order.
    ///
    /// # Errors
    /// When a file is missing or not as it was kept.
    pub fn captures(&self, entity: &str, looks: &Looks, day: Day) -> Result<Vec<CaptureRow>, ArchiveError> {
        let known = Known::of(looks, day);
        let mut rows = Vec::new();
        for file in looks.capture_files(day) {
            for row in self.capture_stream(entity, day, file)? {
                let row = row?;
                if known.has(&row) {
                    rows.push(row);
                }
            }
        }
        Ok(rows)
    }

    /// The rows of a file of captures, all at once.
    ///
    /// # Errors
    /// When it is missing or not as it was kept.
    pub fn capture_rows(
        &self,
        entity: &str,
        day: Day,
        doc: &FileDoc,
    ) -> Result<Vec<CaptureRow>, ArchiveError> {
        self.capture_stream(entity, day, doc)?.collect()
    }

    /// The rows of a file of captures one by one, once its bytes are those that were kept.
    ///
    /// # Errors
    /// When it is missing or not as it was kept.
    pub fn capture_stream(
        &self,
        entity: &str,
        day: Day,
        doc: &FileDoc,
    ) -> Result<impl Iterator<Item = Result<CaptureRow, ArchiveError>> + use<>, ArchiveError> {
        let (path, file) = self.open_captures(entity, day, doc, checked::open)?;
        let damaged = move |error: CaptureFileError| document::damaged(&path, error.to_string());
        let rows = CaptureReader::new(file).map_err(&damaged)?;
        Ok(rows.map(move |row| row.map_err(&damaged)))
    }

    /// A file of captures, as `open` gives it, and where it lies.
    pub(super) fn open_captures<T>(
        &self,
        entity: &str,
        day: Day,
        doc: &FileDoc,
        open: impl FnOnce(&Path, &FileDoc) -> Result<T, ArchiveError>,
    ) -> Result<(PathBuf, T), ArchiveError> {
        reading::check_path(&doc.path)?;
        let path = self.dir().join(captures_folder(entity, day)).join(&doc.path);
        let opened = open(&path, doc).map_err(|error| {
            let name = format!("{}/{}", captures_folder(entity, day), doc.path);
            self.if_thinned(entity, day, &name, error)
        })?;
        Ok((path, opened))
    }
}

/// The captures of a day. A file in which a day was put together has rows of captures that were not there yet, as of
/// a moment before.
pub(super) struct Known(BTreeSet<DateTime<Utc>>);

impl Known {
    pub(super) fn of(looks: &Looks, day: Day) -> Self {
        let own = looks.captures.iter().filter(|line| line.doc.date == day);
        Self(own.map(|line| line.doc.captured_at).collect())
    }

    /// Whether a row is of one of them.
    pub(super) fn has(&self, row: &CaptureRow) -> bool {
        self.0.contains(&row.captured_at)
    }
}

fn unwritten(path: &Path, error: CaptureFileError) -> ArchiveError {
    ArchiveError::Io { doing: "write", path: path.to_owned(), error: io::Error::other(error) }
}
