//! The lines of the ledger: how they are read and written. What they add up to is
//! the history's and the writer's to say.

use std::collections::HashSet;
use std::ops::Range;

use chrono::{DateTime, Utc};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::look_line::EntityLine;
use super::prune::PrunedLine;
pub use super::snapshot_line::SnapshotLine;
use crate::model::seen::SeenDoc;
use crate::model::{Day, Digest, Edition, Fingerprint, Number, Provenance};

/// A line, as far as this version knows its kind.
#[derive(Clone, Debug)]
pub enum Line {
    /// An edition was frozen.
    Snapshot(Box<SnapshotLine>),
    /// An earlier snapshot line never got its folder.
    Abandoned(AbandonedLine),
    /// Frozen days were read again, and no number differed.
    Confirmed(ConfirmedLine),
    /// Something was said of a day.
    Mark(MarkLine),
    /// Files of an edition were thinned.
    Pruned(PrunedLine),
    /// Entities were looked at, or were not.
    Entity(Box<EntityLine>),
    /// Anything else that was done, of which only this is known here.
    Other(OtherLine),
}

/// The line that says that an earlier one counts for nothing.
#[derive(Clone, Debug, Deserialize)]
pub struct AbandonedLine {
    /// The line's number, from 1.
    pub seq: u64,
    /// When it was written.
    pub at: DateTime<Utc>,
    #[expect(dead_code, reason = "it is there to be checked while reading")]
    kind: AbandonedKind,
    /// The number of the snapshot line that is closed.
    pub of: u64,
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum AbandonedKind {
    Abandoned,
}

/// The line that says that frozen days were read again, and that no number differed.
#[derive(Clone, Debug, Deserialize)]
pub struct ConfirmedLine {
    /// The line's number, from 1.
    pub seq: u64,
    /// When it was written.
    pub at: DateTime<Utc>,
    /// Which days, oldest first.
    pub days: Vec<Confirmation>,
}

/// A frozen edition that was read again, without a number that differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confirmation {
    /// The day.
    pub date: Day,
    /// The edition that still holds.
    pub edition: Edition,
    /// When the source was read for it.
    pub captured_at: DateTime<Utc>,
}

/// The line that says something of a day.
#[derive(Clone, Debug, Deserialize)]
pub struct MarkLine {
    /// The line's number, from 1.
    pub seq: u64,
    /// When it was written.
    pub at: DateTime<Utc>,
    /// What is said of the day.
    #[serde(flatten)]
    pub mark: Mark,
}

/// What somebody said of a day: it changes none of its bytes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Mark {
    /// It has a label, or no longer has it.
    Label {
        /// The day.
        date: Day,
        /// The label.
        label: String,
        /// Whether it has it from now on.
        set: bool,
    },
    /// A remark.
    Note {
        /// The day.
        date: Day,
        /// The remark.
        text: String,
    },
    /// It is kept whole whatever the retention says, or no longer is.
    Pin {
        /// The day.
        date: Day,
        /// Whether it is from now on.
        set: bool,
    },
}

impl Mark {
    /// The day.
    pub fn date(&self) -> Day {
        match self {
            Self::Label { date, .. } | Self::Note { date, .. } | Self::Pin { date, .. } => *date,
        }
    }
}

/// What every line has.
#[derive(Clone, Debug, Deserialize)]
pub struct OtherLine {
    /// The line's number, from 1.
    pub seq: u64,
    /// When it was written.
    pub at: DateTime<Utc>,
    /// What was done.
    pub kind: String,
}

impl Line {
    /// The line's number, from 1.
    pub fn seq(&self) -> u64 {
        match self {
            Self::Snapshot(line) => line.seq,
            Self::Abandoned(line) => line.seq,
            Self::Confirmed(line) => line.seq,
            Self::Mark(line) => line.seq,
            Self::Pruned(line) => line.seq,
            Self::Entity(line) => line.seq(),
            Self::Other(line) => line.seq,
        }
    }

    /// When it was written.
    pub fn at(&self) -> DateTime<Utc> {
        match self {
            Self::Snapshot(line) => line.at,
            Self::Abandoned(line) => line.at,
            Self::Confirmed(line) => line.at,
            Self::Mark(line) => line.at,
            Self::Pruned(line) => line.at,
            Self::Entity(line) => line.at(),
            Self::Other(line) => line.at,
        }
    }

    /// Reads one line, without its newline; the error says what is wrong with it.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, String> {
        // Nearly all lines are of this kind, so it is tried before the kind is looked at.
        let error = match serde_json::from_slice::<SnapshotLine>(bytes) {
            Ok(line) => return Ok(Self::Snapshot(Box::new(line))),
            Err(error) => error,
        };
        let unreadable = |error: serde_json::Error| format!("can't be read: {error}");
        let other: OtherLine = serde_json::from_slice(bytes).map_err(unreadable)?;
        match other.kind.as_str() {
            "snapshot" => Err(unreadable(error)),
            "abandoned" => serde_json::from_slice(bytes).map(Self::Abandoned).map_err(unreadable),
            "confirmed" => serde_json::from_slice(bytes).map(Self::Confirmed).map_err(unreadable),
            "pruned" => serde_json::from_slice(bytes).map(Self::Pruned).map_err(unreadable),
            "label" | "note" | "pin" => serde_json::from_slice(bytes).map(Self::Mark).map_err(unreadable),
            kind => match EntityLine::read(kind, other.seq, other.at, bytes) {
                Some(line) => line.map(|line| Self::Entity(Box::new(line))).map_err(unreadable),
                None => Ok(Self::Other(other)),
            },
        }
    }
}

/// A line of the ledger that is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DamagedLine {
    /// Its number in the file, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub what: String,
}

/// Bytes at the end of the ledger that are no whole line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Torn {
    /// How many.
    pub bytes: u64,
    /// Their digest.
    pub sha256: Digest,
}

/// The ledger, read as far as it can be.
#[derive(Clone, Debug, Default)]
pub(super) struct Ledger {
    /// The lines that can be read.
    pub(super) lines: Vec<Line>,
    /// The lines that can't, and those out of order.
    pub(super) damaged: Vec<DamagedLine>,
    /// How many lines there are, readable or not.
    pub(super) count: u64,
    /// How many bytes these have, with their newlines.
    pub(super) whole: usize,
    /// The last of these lines, without its newline, as a place in the bytes.
    pub(super) last: Option<Range<usize>>,
    /// What follows them.
    pub(super) torn: Option<Torn>,
}

impl Ledger {
    /// Reads the ledger's bytes. Its chain is not looked at: that is for [`super::chain`].
    pub(super) fn read(bytes: &[u8]) -> Self {
        let mut ledger = Self { whole: whole_lines(bytes), ..Self::default() };
        let (whole, torn) = bytes.split_at(ledger.whole);
        if !torn.is_empty() {
            ledger.torn = Some(Torn { bytes: torn.len() as u64, sha256: Digest::of(torn) });
        }
        let mut expected = 1;
        let mut start = 0;
        for text in lines_of(whole) {
            ledger.count += 1;
            ledger.last = Some(start..start + text.len());
            start += text.len() + 1;
            match Line::read(text) {
                Ok(line) => {
                    let seq = line.seq();
                    if seq != expected {
                        let what = format!("has the number {seq} where {expected} belongs");
                        ledger.damaged.push(DamagedLine { line: ledger.count, what });
                    }
                    expected = seq.saturating_add(1);
                    ledger.lines.push(line);
                }
                Err(what) => {
                    ledger.damaged.push(DamagedLine { line: ledger.count, what });
                    expected += 1;
                }
            }
        }
        ledger
    }

    /// The number of the line that may still be without its folder or file, since its commit is
    /// under way or was cut short.
    ///
    /// A writer puts right what it finds before it adds a line of its own, so only the
    /// ledger's end can be about something unfinished.
    pub(super) fn unfinished(&self) -> Option<u64> {
        let repaired = |line: &Line| matches!(line, Line::Other(line) if line.kind == "repaired");
        match self.lines.iter().rev().find(|line| !repaired(line)) {
            Some(Line::Snapshot(line)) => Some(line.seq),
            Some(Line::Entity(line)) if line.path().is_some() => Some(line.seq()),
            _ => None,
        }
    }

    /// The lines that were not abandoned, in order, and neither are those that say so.
    pub(super) fn in_effect(self) -> impl Iterator<Item = Line> {
        let closed = |line: &Line| match line {
            Line::Abandoned(line) => Some(line.of),
            _ => None,
        };
        let abandoned: HashSet<u64> = self.lines.iter().filter_map(closed).collect();
        self.lines.into_iter().filter(move |line| match line {
            Line::Snapshot(line) => !abandoned.contains(&line.seq),
            Line::Entity(line) => !abandoned.contains(&line.seq()),
            Line::Abandoned(_) => false,
            Line::Confirmed(_) | Line::Mark(_) | Line::Pruned(_) | Line::Other(_) => true,
        })
    }

    /// The snapshot lines that were not abandoned, in order.
    pub(super) fn snapshots(self) -> Vec<SnapshotLine> {
        let snapshot = |line: Line| match line {
            Line::Snapshot(line) => Some(*line),
            _ => None,
        };
        self.in_effect().filter_map(snapshot).collect()
    }
}

/// The lines of bytes in which every line ends in a newline, without it.
pub(super) fn lines_of(whole: &[u8]) -> impl Iterator<Item = &[u8]> {
    let body = whole.strip_suffix(b"\n");
    body.into_iter().flat_map(|body| body.split(|byte| *byte == b'\n'))
}

/// How many bytes of the ledger are whole lines.
///
/// A line without its newline was never finished. A power cut can also leave a last line
/// of which some block was never written and reads as NUL bytes, which JSON never has:
/// such a line was never synced, so nothing that it announces exists.
fn whole_lines(bytes: &[u8]) -> usize {
    let end_of_lines = |bytes: &[u8]| bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let whole = end_of_lines(bytes);
    let before_last = end_of_lines(&bytes[..whole.saturating_sub(1)]);
    if bytes[before_last..whole].contains(&0) { before_last } else { whole }
}

/// A line as it is written: what all have, and what its kind adds.
#[derive(Serialize)]
pub(super) struct NewLine<'a, T> {
    pub(super) seq: u64,
    pub(super) at: DateTime<Utc>,
    pub(super) prev: Digest,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) kind: Option<&'a str>,
    #[serde(flatten)]
    pub(super) body: T,
}

/// What a snapshot line adds.
#[derive(Clone, Copy, Serialize)]
pub(super) struct NewSnapshot<'a> {
    pub(super) date: Day,
    pub(super) edition: Edition,
    pub(super) provenance: Provenance,
    pub(super) captured_at: DateTime<Utc>,
    pub(super) manifest: Digest,
    pub(super) definitions: Fingerprint,
    pub(super) headline: &'a IndexMap<String, Option<Number>>,
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub(super) seen: &'a IndexMap<String, SeenDoc>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<&'a str>,
    pub(super) trigger: &'a str,
    pub(super) asof: &'a str,
}

/// What a confirmed line adds.
#[derive(Clone, Copy, Serialize)]
pub(super) struct NewConfirmed<'a> {
    pub(super) days: &'a [Confirmation],
}

/// What an abandoned line adds.
#[derive(Clone, Copy, Serialize)]
pub(super) struct NewAbandoned {
    pub(super) of: u64,
    pub(super) date: Day,
    pub(super) edition: Edition,
}

/// What an abandoned line adds that is about entities.
#[derive(Clone, Copy, Serialize)]
pub(super) struct NewAbandonedEntity<'a> {
    pub(super) of: u64,
    pub(super) entity: &'a str,
    pub(super) date: Day,
}

/// What a repaired line adds: what was cut from the ledger's end.
#[derive(Clone, Copy, Serialize)]
pub(super) struct NewRepaired {
    pub(super) bytes: u64,
    pub(super) sha256: Digest,
}
