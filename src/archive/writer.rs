//! The ledger, open for writing under the lock: recovery, and adding lines.

use std::fs::{File, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::FileExt as _;
use std::path::PathBuf;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::ledger::{
    Ledger, Line, Mark, NewAbandoned, NewAbandonedEntity, NewLine, NewRepaired, NewSnapshot, SnapshotLine,
};
use super::lock::Lock;
use super::look_line::EntityLine;
use super::{Archive, ArchiveError, files};
use crate::model::Digest;

/// How far the clock may be behind the last line before a writer stops.
const CLOCK_TOLERANCE: TimeDelta = TimeDelta::minutes(10);

/// The ledger of a writer. It borrows the lock: without it nothing is written.
pub(super) struct Writer<'a> {
    archive: &'a Archive,
    _lock: &'a Lock,
    path: PathBuf,
    file: File,
    /// How many bytes are whole lines. Whatever follows them is cut.
    len: u64,
    /// Whether something does.
    torn: bool,
    /// The digest of the last line, or of `archive.json`.
    prev: Digest,
    next_seq: u64,
    last_at: Option<DateTime<Utc>>,
    snapshots: Vec<SnapshotLine>,
}

impl<'a> Writer<'a> {
    /// Reads the ledger and puts right what a writer before may have left half done.
    ///
    /// `now` is the time that lines are given, `reached` what it has become by waiting for the lock.
    pub(super) fn open(
        archive: &'a Archive,
        lock: &'a Lock,
        now: DateTime<Utc>,
        reached: DateTime<Utc>,
    ) -> Result<Self, ArchiveError> {
        Self::open_with_ledger(archive, lock, now, reached).map(|(writer, _)| writer)
    }

    /// The same, with the ledger as it was read.
    pub(super) fn open_with_ledger(
        archive: &'a Archive,
        lock: &'a Lock,
        now: DateTime<Utc>,
        reached: DateTime<Utc>,
    ) -> Result<(Self, Ledger), ArchiveError> {
        let path = archive.ledger_path();
        let mut file = files::open_with(OpenOptions::new().read(true).write(true), &path).map_err(
            |error| match error.kind() {
                io::ErrorKind::NotFound | io::ErrorKind::IsADirectory => files::unreadable(&path, error),
                _ => ArchiveError::Io { doing: "open", path: path.clone(), error },
            },
        )?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(|error| files::unreadable(&path, error))?;
        let ledger = Ledger::read(&bytes);
        if let Some(damage) = ledger.damaged.first() {
            return Err(ArchiveError::LedgerLine { path, line: damage.line, what: damage.what.clone() });
        }
        let last_at = ledger.lines.last().map(Line::at);
        if let Some(last) = last_at
            && last.signed_duration_since(reached) > CLOCK_TOLERANCE
        {
            return Err(ArchiveError::ClockBehind { now: reached, last });
        }
        let prev = ledger.last.clone().map_or(archive.digest(), |last| Digest::of(&bytes[last]));
        let torn = ledger.torn.clone();
        let unfinished = ledger.unfinished();
        let entities = ledger.lines.iter().rev().find_map(|line| match line {
            Line::Entity(line) if Some(line.seq()) == unfinished => Some(line.clone()),
            _ => None,
        });
        let mut writer = Self {
            archive,
            _lock: lock,
            path,
            file,
            len: ledger.whole as u64,
            torn: torn.is_some(),
            prev,
            next_seq: ledger.count + 1,
            last_at,
            snapshots: ledger.clone().snapshots(),
        };
        if let Some(torn) = torn {
            // Written over what is cut: a crash in between leaves another torn line, and
            // never a cut that nobody knows of.
            writer.add("repaired", now, NewRepaired { bytes: torn.bytes, sha256: torn.sha256 })?;
        }
        if let Some(line) = entities {
            writer.close_unfinished_entity(&line, now)?;
        } else if let Some(seq) = unfinished {
            writer.close_unfinished(seq, now)?;
        }
        Ok((writer, ledger))
    }

    /// How many bytes the ledger has.
    pub(super) fn size(&self) -> u64 {
        self.len
    }

    /// The number of the last line and its time.
    pub(super) fn last(&self) -> (u64, DateTime<Utc>) {
        (self.next_seq - 1, self.last_at.unwrap_or_default())
    }

    /// The snapshot lines in effect.
    pub(super) fn snapshots(&self) -> &[SnapshotLine] {
        &self.snapshots
    }

    /// Closes the last snapshot line if it is this one and its folder never came.
    fn close_unfinished(&mut self, seq: u64, at: DateTime<Utc>) -> Result<(), ArchiveError> {
        let Some(last) = self.snapshots.last().filter(|last| last.seq == seq) else { return Ok(()) };
        let folder = self.archive.folder(&last.id());
        if files::exists(&folder).map_err(ArchiveError::io("read", &folder))? {
            return Ok(());
        }
        self.abandon_last(at)
    }

    /// Closes the last line if it is about entities and what it names never came.
    fn close_unfinished_entity(&mut self, line: &EntityLine, at: DateTime<Utc>) -> Result<(), ArchiveError> {
        let Some(path) = line.path() else { return Ok(()) };
        let path = self.archive.dir().join(path);
        if files::exists(&path).map_err(ArchiveError::io("read", &path))? {
            return Ok(());
        }
        self.abandon_entity(line, at)
    }

    /// Adds the line that closes one about entities.
    pub(super) fn abandon_entity(
        &mut self,
        line: &EntityLine,
        at: DateTime<Utc>,
    ) -> Result<(), ArchiveError> {
        let (entity, date) = line.about();
        self.add("abandoned", at, NewAbandonedEntity { of: line.seq(), entity, date }).map(drop)
    }

    /// Adds the line that closes the last snapshot line.
    pub(super) fn abandon_last(&mut self, at: DateTime<Utc>) -> Result<(), ArchiveError> {
        let Some(last) = self.snapshots.last() else { return Ok(()) };
        let body = NewAbandoned { of: last.seq, date: last.date, edition: last.edition };
        self.add("abandoned", at, body)?;
        self.snapshots.pop();
        Ok(())
    }

    /// Adds the line of a snapshot.
    pub(super) fn add_snapshot(
        &mut self,
        at: DateTime<Utc>,
        body: NewSnapshot<'_>,
    ) -> Result<SnapshotLine, ArchiveError> {
        let bytes = self.add("snapshot", at, body)?;
        let line: SnapshotLine = serde_json::from_slice(&bytes)
            .map_err(|error| ArchiveError::Encode { what: "a line of the ledger", error })?;
        self.snapshots.push(line.clone());
        Ok(line)
    }

    /// Adds the line that says something of a day.
    pub(super) fn add_mark(&mut self, at: DateTime<Utc>, mark: &Mark) -> Result<(), ArchiveError> {
        // It names its kind itself.
        self.add(None, at, mark).map(drop)
    }

    /// Adds a line and syncs it. When that fails, the ledger is cut back to what it was;
    /// a torn line is left to the next writer, so that its cut is recorded.
    pub(super) fn add<'k, T: Serialize>(
        &mut self,
        kind: impl Into<Option<&'k str>>,
        at: DateTime<Utc>,
        body: T,
    ) -> Result<Vec<u8>, ArchiveError> {
        // Time never goes back in the ledger: a clock that is a little behind waits.
        let at = self.last_at.map_or(at, |last| last.max(at));
        let line = NewLine { seq: self.next_seq, at, prev: self.prev, kind: kind.into(), body };
        let encoded = serde_json::to_vec(&line);
        let mut bytes =
            encoded.map_err(|error| ArchiveError::Encode { what: "a line of the ledger", error })?;
        let digest = Digest::of(&bytes);
        bytes.push(b'\n');
        if let Err(error) = self.write(&bytes) {
            if !self.torn {
                // If this fails too, the next writer finds a torn line, or one without its folder.
                let _ = self.file.set_len(self.len).and_then(|()| self.file.sync_data());
            }
            return Err(error);
        }
        self.torn = false;
        self.len += bytes.len() as u64;
        self.prev = digest;
        self.next_seq += 1;
        self.last_at = Some(at);
        Ok(bytes)
    }

    fn write(&mut self, line: &[u8]) -> Result<(), ArchiveError> {
        self.file.write_all_at(line, self.len).map_err(ArchiveError::io("write", &self.path))?;
        if self.torn {
            let end = self.len + line.len() as u64;
            self.file.set_len(end).map_err(ArchiveError::io("cut", &self.path))?;
        }
        self.file.sync_data().map_err(ArchiveError::io("sync", &self.path))
    }
}
