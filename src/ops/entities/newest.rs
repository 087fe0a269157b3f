//! The newest row of each of some keys, and when any of its rows was seen last.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::rows::{KeptRow, Rows};
use crate::archive::{ArchiveError, CaptureDoc, LookDoc};
use crate::model::Day;

/// What is known of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Newest {
    /// Its newest row.
    pub row: KeptRow,
    /// The latest instant at which one of its rows was seen: that need not be the newest, since looks take
    /// their time.
    pub seen: DateTime<Utc>,
    /// That row's number.
    pub seen_as: u64,
}

/// What may have rows.
enum Held<'l> {
    Look(&'l LookDoc),
    Capture(&'l CaptureDoc),
}

/// The rows of wanted keys in files in which captures were put together, by day and name.
type Together = BTreeMap<(Day, String), Vec<KeptRow>>;

impl Rows<'_> {
    /// The newest row of each of these keys, whose last numbers are told. Looks and captures are opened from
    /// the newest on, no more than it needs; those that were taken after `since` all are.
    ///
    /// # Errors
    /// When a file is missing or damaged.
    pub fn newest(
        &self,
        last: &BTreeMap<String, u64>,
        since: Option<DateTime<Utc>>,
    ) -> Result<BTreeMap<String, Newest>, ArchiveError> {
        // A key without a number has no row.
        let all: BTreeSet<&str> =
            last.iter().filter(|(_, seq)| **seq > 0).map(|(key, _)| key.as_str()).collect();
        let looks = self.looks.looks.values().map(|line| (line.seq, Held::Look(&line.doc)));
        let captures = self.looks.captures.iter().map(|line| (line.seq, Held::Capture(&line.doc)));
        let mut held: Vec<(u64, Held<'_>)> = looks.chain(captures).collect();
        held.sort_by_key(|(seq, _)| std::cmp::Reverse(*seq));
        let mut open = all.clone();
        let mut found: BTreeMap<String, Newest> = BTreeMap::new();
        let mut together = Together::new();
        for (_, held) in held {
            let at = match held {
                Held::Look(look) => look.captured_at,
                Held::Capture(capture) => capture.captured_at,
            };
            let keys = if since.is_some_and(|since| at > since) { &all } else { &open };
            if keys.is_empty() {
                continue;
            }
            let rows = match held {
                Held::Look(look) => self.of_look(look, keys)?,
                Held::Capture(capture) => self.of_capture(capture, keys, &all, &mut together)?,
            };
            for row in rows {
                if last.get(&row.row.key) == Some(&row.row.seq) {
                    open.remove(row.row.key.as_str());
                }
                take(&mut found, row);
            }
        }
        Ok(found)
    }

    /// The rows of these keys in a capture, wherever they lie by now.
    fn of_capture(
        &self,
        capture: &CaptureDoc,
        keys: &BTreeSet<&str>,
        all: &BTreeSet<&str>,
        together: &mut Together,
    ) -> Result<Vec<KeptRow>, ArchiveError> {
        let day = capture.date;
        let mut name = &capture.file.path;
        let lines = self.looks.compacted.get(&day).map_or(&[][..], Vec::as_slice);
        while let Some(line) = lines.iter().find(|line| line.doc.of.contains(name)) {
            name = &line.doc.file.path;
        }
        let place = (day, name.clone());
        if !together.contains_key(&place) {
            let mut rows = Vec::new();
            if let Some(file) = self.looks.capture_files(day).into_iter().find(|file| file.path == *name) {
                for row in self.archive.capture_stream(self.name, day, file)? {
                    let row = row?;
                    if all.contains(row.row.key.as_str()) {
                        rows.push(KeptRow::of_capture(day, row));
                    }
                }
            }
            together.insert(place.clone(), rows);
        }
        let rows = together.get(&place).into_iter().flatten();
        let own = rows.filter(|row| row.at == capture.captured_at && keys.contains(row.row.key.as_str()));
        let own = own.cloned().collect();
        if *name == capture.file.path {
            // No other line has rows in this file.
            together.remove(&place);
        }
        Ok(own)
    }
}

fn take(found: &mut BTreeMap<String, Newest>, row: KeptRow) {
    let (at, seq) = (row.at, row.row.seq);
    let Some(known) = found.get_mut(&row.row.key) else {
        found.insert(row.row.key.clone(), Newest { seen: at, seen_as: seq, row });
        return;
    };
    if (known.seen, known.seen_as) < (at, seq) {
        (known.seen, known.seen_as) = (at, seq);
    }
    if known.row.row.seq < seq {
        known.row = row;
    }
}
