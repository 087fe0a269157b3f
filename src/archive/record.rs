//! Lines of the ledger that freeze nothing: that days still hold, and what is said of them.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::ledger::{Confirmation, Ledger, Mark, NewConfirmed};
use super::lock::Lock;
use super::writer::Writer;
use super::{Archive, ArchiveError};

impl Archive {
    /// Notes that frozen days were read again and no number differed: one line for all of them.
    ///
    /// # Errors
    /// When the lock stays taken for as long as `wait`, the ledger is damaged, the clock is behind the
    /// last line, or the disk refuses.
    pub fn confirm(
        &self,
        days: &[Confirmation],
        wait: Duration,
        now: DateTime<Utc>,
    ) -> Result<(), ArchiveError> {
        self.writing(wait, now, |writer| writer.add("confirmed", now, NewConfirmed { days }).map(drop))
    }

    /// Notes what is said of days: a line for each, in their order.
    ///
    /// # Errors
    /// Those of [`Archive::confirm`].
    pub fn mark(&self, marks: &[Mark], wait: Duration, now: DateTime<Utc>) -> Result<(), ArchiveError> {
        self.writing(wait, now, |writer| marks.iter().try_for_each(|mark| writer.add_mark(now, mark)))
    }

    /// Opens the ledger for writing under the lock, and lets go of both.
    pub(super) fn writing<T>(
        &self,
        wait: Duration,
        now: DateTime<Utc>,
        write: impl FnOnce(&mut Writer<'_>) -> Result<T, ArchiveError>,
    ) -> Result<T, ArchiveError> {
        self.writing_with_ledger(wait, now, |writer, _| write(writer))
    }

    /// The same, with the ledger as it was read under the lock.
    pub(super) fn writing_with_ledger<T>(
        &self,
        wait: Duration,
        now: DateTime<Utc>,
        write: impl FnOnce(&mut Writer<'_>, Ledger) -> Result<T, ArchiveError>,
    ) -> Result<T, ArchiveError> {
        self.writable()?;
        let lock = Lock::take(&self.lock_path(), wait)?;
        let waited = TimeDelta::from_std(lock.waited).unwrap_or_default();
        let reached = now.checked_add_signed(waited).unwrap_or(now);
        let (mut writer, ledger) = Writer::open_with_ledger(self, &lock, now, reached)?;
        write(&mut writer, ledger)
    }
}
