//! Captures of a day, put together in one file: the line that names them comes before they go.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::look_line::{CompactedDoc, EntityLine, Said, captures_folder};
use super::looks::{Kept, Looks, Staged};
use super::{Archive, ArchiveError, checked, files, reading};
use crate::model::Day;
use crate::model::entity::CaptureRow;
use crate::model::manifest::FileDoc;

/// The file of all captures of a day.
const COMPACTED: &str = "day.jsonl.zst";

impl Archive {
    /// The rows of the captures of a day that `looks` has, wherever they lie by now; in no certain order.
    ///
    /// # Errors
    /// When a file is missing or not as it was kept.
    pub fn captures(&self, entity: &str, looks: &Looks, day: Day) -> Result<Vec<CaptureRow>, ArchiveError> {
        let read = |now: &Looks| -> Result<Vec<CaptureRow>, ArchiveError> {
            // A file in which a day was put together has captures that were not there yet, as of then.
            let known: BTreeSet<DateTime<Utc>> = looks
                .captures
                .iter()
                .filter(|line| line.doc.date == day)
                .map(|line| line.doc.captured_at)
                .collect();
            let mut rows = Vec::new();
            for file in now.capture_files(day) {
                let found = self.capture_rows(entity, day, file)?;
                rows.extend(found.into_iter().filter(|row| known.contains(&row.captured_at)));
            }
            Ok(rows)
        };
        match read(looks) {
            Ok(rows) => Ok(rows),
            Err(error) => {
                // They may have been put together since `looks` was read.
                let now = self.looks(None)?.remove(entity).unwrap_or_default();
                if now.capture_files(day) == looks.capture_files(day) { Err(error) } else { read(&now) }
            }
        }
    }

    /// Puts the captures of a day together in one file, and removes those that it stands for.
    ///
    /// The line that names them comes before they go: a crash between is finished by the next call.
    ///
    /// # Errors
    /// Those of [`Archive::keep_look`], and when a file of captures is damaged.
    pub fn compact_captures(
        &self,
        entity: &str,
        day: Day,
        wait: Duration,
        now: DateTime<Utc>,
    ) -> Result<(), ArchiveError> {
        let known = self.looks(None)?;
        let Some(looks) = known.get(entity) else { return Ok(()) };
        let parts: Vec<FileDoc> = looks.capture_files(day).into_iter().cloned().collect();
        let folder = self.dir().join(captures_folder(entity, day));
        if parts.len() > 1 {
            let mut rows = Vec::new();
            for part in &parts {
                rows.extend(self.capture_rows(entity, day, part)?);
            }
            rows.sort_by(|one, other| (&one.row.key, one.row.seq).cmp(&(&other.row.key, other.row.seq)));
            let (claim, file) = self.stage_rows(&rows)?;
            // A day may get captures after it was put together once.
            let before = looks.compacted.get(&day).map_or(0, Vec::len);
            let path =
                if before == 0 { COMPACTED.to_owned() } else { format!("day-{}.jsonl.zst", before + 1) };
            let of = parts.into_iter().map(|part| part.path).collect();
            let doc =
                CompactedDoc { entity: entity.to_owned(), date: day, file: FileDoc { path, ..file }, of };
            let target = folder.join(&doc.file.path);
            let line = |seq, at| EntityLine::Compacted(Said { seq, at, doc: doc.clone() });
            let staged = Staged { claim, doc: doc.clone(), definition: None };
            match self.keep("compacted", &staged, &doc, entity, &target, looks.last, (wait, now), &line)? {
                Kept::Done(_) => {}
                Kept::Taken => return Ok(()),
            }
        }
        self.remove_compacted(entity, day)
    }

    /// Removes the files that lines name as put together.
    fn remove_compacted(&self, entity: &str, day: Day) -> Result<(), ArchiveError> {
        let known = self.looks(None)?;
        let folder = self.dir().join(captures_folder(entity, day));
        let lines = known.get(entity).and_then(|looks| looks.compacted.get(&day));
        checked::no_links(self.dir(), &folder)?;
        let mut removed = false;
        for line in lines.into_iter().flatten() {
            for name in &line.doc.of {
                reading::check_path(name)?;
                let path = folder.join(name);
                match fs::remove_file(&path) {
                    Ok(()) => removed = true,
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    Err(error) => return Err(ArchiveError::Io { doing: "remove", path, error }),
                }
            }
        }
        if removed { files::sync_dir(&folder) } else { Ok(()) }
    }
}
