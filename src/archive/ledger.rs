//! The lines of the ledger: how they are read and written. What they add up to is
//! the history's and the writer's to say.

use std::collections::HashSet;
use std::fmt;
use std::ops::Range;

use chrono::{DateTime, Utc};
use indexmap::IndexMap;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::prune::PrunedLine;
use crate::model::seen::SeenDoc;
use crate::model::{Day, Digest, Edition, Fingerprint, Number, Provenance, SnapshotId};

/// The line that says that an edition was frozen.
#[derive(Clone, Debug, Deserialize)]
pub struct SnapshotLine {
    /// The line's number, from 1.
    pub seq: u64,
    /// When it was written.
    pub at: DateTime<Utc>,
    #[expect(dead_code, reason = "it is there to be checked while reading")]
    kind: SnapshotKind,
    /// The day.
    pub date: Day,
    /// Which edition of it.
    pub edition: Edition,
    /// How it came to be known.
    pub provenance: Provenance,
    /// When the source was read.
    pub captured_at: DateTime<Utc>,
    /// The SHA-256 digest of the edition's `manifest.json`.
    pub manifest: Digest,
    /// The fingerprint of what made its numbers.
    pub definitions: Fingerprint,
    headline: Box<RawValue>,
    #[serde(default)]
    seen: Option<Box<RawValue>>,
    /// Why it was captured, where somebody said so.
    #[serde(default)]
    pub reason: Option<String>,
    /// What set it off, as in the manifest.
    pub trigger: String,
    /// The version of asof that wrote it.
    pub asof: String,
}

/// Reads an object as a list of its members.
struct Pairs;

impl<'de> Visitor<'de> for Pairs {
    type Value = Vec<(String, Option<Number>)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of numbers and nulls")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut list = Vec::with_capacity(16);
        while let Some(pair) = map.next_entry()? {
            list.push(pair);
        }
        Ok(list)
    }
}

/// The one kind that a snapshot line has.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum SnapshotKind {
    Snapshot,
}

impl SnapshotLine {
    /// Which edition of which day it is about.
    pub fn id(&self) -> SnapshotId {
        SnapshotId::new(self.date, self.edition)
    }

    /// The values of the main metrics, by name, in the order of the configuration; `None` is unknown.
    ///
    /// They are parsed only here, so that reading a long ledger stays cheap.
    ///
    /// # Errors
    /// When they are not an object of numbers and nulls.
    pub fn headline(&self) -> Result<IndexMap<String, Option<Number>>, serde_json::Error> {
        serde_json::from_str(self.headline.get())
    }

    /// The same as a plain list, for whoever reads those of a long ledger.
    ///
    /// # Errors
    /// When they are not an object of numbers and nulls.
    pub fn headline_list(&self) -> Result<Vec<(String, Option<Number>)>, serde_json::Error> {
        let mut reader = serde_json::Deserializer::from_str(self.headline.get());
        let list = reader.deserialize_map(Pairs)?;
        reader.end().map(|()| list)
    }
}

impl SnapshotLine {
    /// The distinct counts over time, by metric, in the order of the configuration; none where
    /// nothing was counted so.
    ///
    /// They are parsed only here.
    ///
    /// # Errors
    /// When they are not an object of such counts.
    pub fn seen(&self) -> Result<IndexMap<String, SeenDoc>, serde_json::Error> {
        self.seen.as_deref().map_or_else(|| Ok(IndexMap::new()), |seen| serde_json::from_str(seen.get()))
    }

    /// Whether it has distinct counts over time.
    pub fn has_seen(&self) -> bool {
        self.seen.is_some()
    }

    /// Only the values of these names, in their order; the others are passed over unparsed, for
    /// whoever lists a long ledger. `None` where the line has none.
    ///
    /// # Errors
    /// When they are not an object of numbers and nulls.
    pub fn values(&self, names: &[String]) -> Result<Vec<Option<Number>>, serde_json::Error> {
        let mut reader = serde_json::Deserializer::from_str(self.headline.get());
        let values = reader.deserialize_map(Wanted { names })?;
        reader.end().map(|()| values)
    }
}

/// Takes the values of some names from an object.
struct Wanted<'a> {
    names: &'a [String],
}

impl<'de> Visitor<'de> for Wanted<'_> {
    type Value = Vec<Option<Number>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of numbers and nulls")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut values = vec![None; self.names.len()];
        while let Some(place) = map.next_key_seed(Place { names: self.names })? {
            match place.and_then(|place| values.get_mut(place)) {
                Some(value) => *value = map.next_value()?,
                None => drop(map.next_value::<IgnoredAny>()?),
            }
        }
        Ok(values)
    }
}

/// The place of a key among some names.
struct Place<'a> {
    names: &'a [String],
}

impl<'de> DeserializeSeed<'de> for Place<'_> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Place<'_> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a metric's name")
    }

    fn visit_str<E: serde::de::Error>(self, key: &str) -> Result<Self::Value, E> {
        Ok(self.names.iter().position(|name| name == key))
    }
}

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
            _ => Ok(Self::Other(other)),
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

    /// The number of the snapshot line that may still be without its folder, since its commit is
    /// under way or was cut short.
    ///
    /// A writer puts right what it finds before it adds a line of its own, so only the
    /// ledger's end can be about something unfinished.
    pub(super) fn unfinished(&self) -> Option<u64> {
        let repaired = |line: &Line| matches!(line, Line::Other(line) if line.kind == "repaired");
        match self.lines.iter().rev().find(|line| !repaired(line)) {
            Some(Line::Snapshot(line)) => Some(line.seq),
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

/// What a repaired line adds: what was cut from the ledger's end.
#[derive(Clone, Copy, Serialize)]
pub(super) struct NewRepaired {
    pub(super) bytes: u64,
    pub(super) sha256: Digest,
}
