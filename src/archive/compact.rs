//! Captures of a day, put together in one file: the line that names them comes before they go.
//!
//! They go an hour later at the soonest, with the next save: whoever reads by the ledger of before
//! finds all that it names.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fs;
use std::io;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::captures::RowSink;
use super::look_line::{CompactedDoc, EntityLine, Said, captures_folder};
use super::looks::{Kept, Looks, Staged};
use super::{Archive, ArchiveError, files, reading};
use crate::model::Day;
use crate::model::entity::CaptureRow;
use crate::model::manifest::FileDoc;

/// The file of all captures of a day.
const COMPACTED: &str = "day.jsonl.zst";
/// So long files stay that are put together.
const STAY: TimeDelta = TimeDelta::hours(1);
/// How many bytes of files are held at once, with all of their rows, while they are put together.
const HELD: u64 = 1 << 20;
/// How many files are read beside these, row by row.
const STREAMED: usize = 12;

impl Archive {
    /// The days before one that have captures to be put together, or files that were and are to go.
    pub fn to_compact(&self, entity: &str, looks: &Looks, before: Day, now: DateTime<Utc>) -> Vec<Day> {
        let mut days = looks.capture_days();
        days.retain(|day| {
            let folder = self.dir().join(captures_folder(entity, *day));
            let waiting = || leftovers(looks, *day, now).any(|name| folder.join(name).exists());
            *day < before && (looks.capture_files(*day).len() > 1 || waiting())
        });
        days
    }

    /// Puts the captures of a day together in one file, and removes those that an earlier one stands for.
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
        loop {
            let Some(looks) = self.looks(None)?.remove(entity) else { return Ok(()) };
            let parts = some_of(looks.capture_files(day));
            // What others add meanwhile is put together another time.
            if parts.len() < 2 || !self.put_together(entity, day, &looks, &parts, (wait, now))? {
                return self.remove_compacted(entity, day, &looks, now);
            }
        }
    }

    /// Puts these files together; whether that came into the archive.
    fn put_together(
        &self,
        entity: &str,
        day: Day,
        looks: &Looks,
        parts: &[FileDoc],
        (wait, now): (Duration, DateTime<Utc>),
    ) -> Result<bool, ArchiveError> {
        let (claim, file, ()) = self.stage_rows(|sink| self.merge(entity, day, parts, sink))?;
        // A day may get captures after it was put together once.
        let before = looks.compacted.get(&day).map_or(0, Vec::len);
        let path = if before == 0 { COMPACTED.to_owned() } else { format!("day-{}.jsonl.zst", before + 1) };
        let of = parts.iter().map(|part| part.path.clone()).collect();
        let doc = CompactedDoc { entity: entity.to_owned(), date: day, file: FileDoc { path, ..file }, of };
        let target = self.dir().join(captures_folder(entity, day)).join(&doc.file.path);
        let line = |seq, at| EntityLine::Compacted(Said { seq, at, doc: doc.clone() });
        let staged = Staged { claim, doc: doc.clone(), definition: None };
        let kept = self.keep("compacted", &staged, &doc, entity, &target, looks.last, (wait, now), &line)?;
        Ok(matches!(kept, Kept::Done(_)))
    }

    /// Writes the rows of several files by key and number: small ones are held, large ones only row by row.
    fn merge(
        &self,
        entity: &str,
        day: Day,
        parts: &[FileDoc],
        sink: &mut RowSink<'_>,
    ) -> Result<(), ArchiveError> {
        type Streamed<'r> = Box<dyn Iterator<Item = Result<CaptureRow, ArchiveError>> + 'r>;
        let mut held = Vec::new();
        let mut streams: Vec<Streamed<'_>> = Vec::new();
        let mut bytes = 0;
        for part in parts {
            bytes += part.size;
            let mut rows = self.capture_stream(entity, day, part)?;
            if bytes <= HELD {
                rows.try_for_each(|row| row.map(|row| held.push(row)))?;
            } else {
                streams.push(Box::new(rows));
            }
        }
        held.sort_by(|one, other| (&one.row.key, one.row.seq).cmp(&(&other.row.key, other.row.seq)));
        streams.push(Box::new(held.into_iter().map(Ok)));
        let mut next = BinaryHeap::new();
        let mut rows: Vec<Option<CaptureRow>> = Vec::new();
        for (at, stream) in streams.iter_mut().enumerate() {
            let row = stream.next().transpose()?;
            next.extend(row.as_ref().map(|row| Reverse((row.row.key.clone(), row.row.seq, at))));
            rows.push(row);
        }
        while let Some(Reverse((.., at))) = next.pop() {
            let (Some(slot), Some(stream)) = (rows.get_mut(at), streams.get_mut(at)) else { continue };
            if let Some(row) = slot.take() {
                sink.push(&row)?;
            }
            *slot = stream.next().transpose()?;
            next.extend(slot.as_ref().map(|row| Reverse((row.row.key.clone(), row.row.seq, at))));
        }
        Ok(())
    }

    /// Removes the files that lines name as put together, once these are old enough.
    fn remove_compacted(
        &self,
        entity: &str,
        day: Day,
        looks: &Looks,
        now: DateTime<Utc>,
    ) -> Result<(), ArchiveError> {
        let below = captures_folder(entity, day);
        files::no_link(self.dir(), &below)?;
        let folder = self.dir().join(below);
        let mut removed = false;
        for name in leftovers(looks, day, now) {
            reading::check_path(name)?;
            let path = folder.join(name);
            match fs::remove_file(&path) {
                Ok(()) => removed = true,
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(ArchiveError::Io { doing: "remove", path, error }),
            }
        }
        if removed { files::sync_dir(&folder) } else { Ok(()) }
    }
}

/// The names of the files of a day that are put together, and that nobody reads any more.
fn leftovers(looks: &Looks, day: Day, now: DateTime<Utc>) -> impl Iterator<Item = &String> {
    let lines = looks.compacted.get(&day).into_iter().flatten();
    lines.filter(move |line| now.signed_duration_since(line.at) >= STAY).flat_map(|line| &line.doc.of)
}

/// As many of a day's files as are put together at once, the smallest first.
fn some_of(parts: Vec<&FileDoc>) -> Vec<FileDoc> {
    let mut parts: Vec<FileDoc> = parts.into_iter().cloned().collect();
    parts.sort_by_key(|part| part.size);
    let mut bytes = 0;
    let held = parts.iter().take_while(|part| {
        bytes += part.size;
        bytes <= HELD
    });
    parts.truncate(held.count() + STREAMED);
    parts
}
