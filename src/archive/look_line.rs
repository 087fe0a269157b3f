//! What the ledger's lines about entities say: looks, days without one, captures, and captures put together.

use chrono::{DateTime, Utc};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::model::entity::CaptureType;
use crate::model::manifest::FileDoc;
use crate::model::{Day, Fingerprint, Number};

/// A line with what it says.
#[derive(Clone, Debug)]
pub struct Said<T> {
    /// The line's number, from 1.
    pub seq: u64,
    /// When it was written.
    pub at: DateTime<Utc>,
    /// What it says.
    pub doc: T,
}

/// A daily look at all entities of one kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LookDoc {
    /// The entities.
    pub entity: String,
    /// The day that had just ended.
    pub date: Day,
    /// When the source was read.
    pub captured_at: DateTime<Utc>,
    /// How long that was after the day's end, in seconds.
    pub lag: i64,
    /// How many entities were seen.
    pub seen: u64,
    /// Of how many of them a row is kept: the others were not due.
    pub rows: u64,
    /// The files of its folder.
    pub files: Vec<FileDoc>,
    /// The definition by which it was read.
    pub definition: Fingerprint,
    /// The sum of each counter over the rows that are kept; `None` where no row has a value.
    #[serde(default)]
    pub totals: IndexMap<String, Option<Number>>,
    /// The version of asof that looked.
    pub asof: String,
}

/// A day for which nobody looked, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnlookedDoc {
    /// The entities.
    pub entity: String,
    /// The day.
    pub date: Day,
    /// Why there is no look, in words.
    pub reason: String,
}

/// Entities that were captured between the daily looks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaptureDoc {
    /// The entities.
    pub entity: String,
    /// The day in which it was taken.
    pub date: Day,
    /// When the source was read.
    pub captured_at: DateTime<Utc>,
    /// Why.
    #[serde(rename = "type")]
    pub kind: CaptureType,
    /// How many rows it has.
    pub rows: u64,
    /// Whether all entities were asked for, and not only some.
    pub full: bool,
    /// Its file in the day's folder.
    pub file: FileDoc,
    /// The definition by which it was read.
    pub definition: Fingerprint,
}

/// The captures of a day, put together in one file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CompactedDoc {
    /// The entities.
    pub entity: String,
    /// The day.
    pub date: Day,
    /// The file in the day's folder that has all of their rows.
    pub file: FileDoc,
    /// The names of the files that it stands for, which go.
    pub of: Vec<String>,
}

/// The lines about entities.
#[derive(Clone, Debug)]
pub enum EntityLine {
    /// A daily look.
    Look(Said<LookDoc>),
    /// A day without one.
    Unlooked(Said<UnlookedDoc>),
    /// A capture.
    Capture(Said<CaptureDoc>),
    /// Captures that were put together.
    Compacted(Said<CompactedDoc>),
}

impl EntityLine {
    /// The line's number, from 1.
    pub fn seq(&self) -> u64 {
        match self {
            Self::Look(line) => line.seq,
            Self::Unlooked(line) => line.seq,
            Self::Capture(line) => line.seq,
            Self::Compacted(line) => line.seq,
        }
    }

    /// When it was written.
    pub fn at(&self) -> DateTime<Utc> {
        match self {
            Self::Look(line) => line.at,
            Self::Unlooked(line) => line.at,
            Self::Capture(line) => line.at,
            Self::Compacted(line) => line.at,
        }
    }

    /// The entities, and the day.
    pub fn about(&self) -> (&str, Day) {
        match self {
            Self::Look(line) => (&line.doc.entity, line.doc.date),
            Self::Unlooked(line) => (&line.doc.entity, line.doc.date),
            Self::Capture(line) => (&line.doc.entity, line.doc.date),
            Self::Compacted(line) => (&line.doc.entity, line.doc.date),
        }
    }

    /// What comes into being with it, in the archive's folder: without that, it counts for nothing.
    pub fn path(&self) -> Option<String> {
        match self {
            Self::Look(line) => Some(look_folder(&line.doc.entity, line.doc.date)),
            Self::Unlooked(_) => None,
            Self::Capture(line) => {
                Some(format!("{}/{}", captures_folder(&line.doc.entity, line.doc.date), line.doc.file.path))
            }
            Self::Compacted(line) => {
                Some(format!("{}/{}", captures_folder(&line.doc.entity, line.doc.date), line.doc.file.path))
            }
        }
    }

    /// Reads a line of this kind; `None` when that is none about entities.
    pub(super) fn read(
        kind: &str,
        seq: u64,
        at: DateTime<Utc>,
        bytes: &[u8],
    ) -> Option<Result<Self, serde_json::Error>> {
        fn said<T: for<'de> Deserialize<'de>>(
            seq: u64,
            at: DateTime<Utc>,
            bytes: &[u8],
        ) -> Result<Said<T>, serde_json::Error> {
            serde_json::from_slice(bytes).map(|doc| Said { seq, at, doc })
        }
        match kind {
            "look" => Some(said(seq, at, bytes).map(Self::Look)),
            "unlooked" => Some(said(seq, at, bytes).map(Self::Unlooked)),
            "capture" => Some(said(seq, at, bytes).map(Self::Capture)),
            "compacted" => Some(said(seq, at, bytes).map(Self::Compacted)),
            _ => None,
        }
    }
}

/// The folder of a look, from the archive's on.
pub fn look_folder(entity: &str, day: Day) -> String {
    format!("entities/{entity}/date={day}")
}

/// The folder of a day's captures, from the archive's on.
pub fn captures_folder(entity: &str, day: Day) -> String {
    format!("captures/{entity}/date={day}")
}
