//! What the ledger's lines about entities say: looks, days without one, captures, captures put together, and
//! what of them was thinned.

use chrono::{DateTime, Utc};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::ArchiveId;
use super::reading::check_path;
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

/// Files of a day's look and captures that were thinned.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ThinnedDoc {
    /// The entities.
    pub entity: String,
    /// The day.
    pub date: Day,
    /// The paths of the files, from the archive's folder on.
    pub files: Vec<String>,
    /// The cold store into which they were copied before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// The id of that cold store.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub store: Option<ArchiveId>,
    /// Why.
    pub reason: String,
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
    /// Files that were thinned.
    Thinned(Said<ThinnedDoc>),
}

impl EntityLine {
    /// The line's number, from 1.
    pub fn seq(&self) -> u64 {
        match self {
            Self::Look(line) => line.seq,
            Self::Unlooked(line) => line.seq,
            Self::Capture(line) => line.seq,
            Self::Compacted(line) => line.seq,
            Self::Thinned(line) => line.seq,
        }
    }

    /// When it was written.
    pub fn at(&self) -> DateTime<Utc> {
        match self {
            Self::Look(line) => line.at,
            Self::Unlooked(line) => line.at,
            Self::Capture(line) => line.at,
            Self::Compacted(line) => line.at,
            Self::Thinned(line) => line.at,
        }
    }

    /// The entities, and the day.
    pub fn about(&self) -> (&str, Day) {
        match self {
            Self::Look(line) => (&line.doc.entity, line.doc.date),
            Self::Unlooked(line) => (&line.doc.entity, line.doc.date),
            Self::Capture(line) => (&line.doc.entity, line.doc.date),
            Self::Compacted(line) => (&line.doc.entity, line.doc.date),
            Self::Thinned(line) => (&line.doc.entity, line.doc.date),
        }
    }

    /// What comes into being with it, in the archive's folder: without that, it counts for nothing.
    pub fn path(&self) -> Option<String> {
        match self {
            Self::Look(line) => Some(look_folder(&line.doc.entity, line.doc.date)),
            Self::Unlooked(_) | Self::Thinned(_) => None,
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
        let line = match kind {
            "look" => said(seq, at, bytes).map(Self::Look),
            "unlooked" => said(seq, at, bytes).map(Self::Unlooked),
            "capture" => said(seq, at, bytes).map(Self::Capture),
            "compacted" => said(seq, at, bytes).map(Self::Compacted),
            "thinned" => said(seq, at, bytes).map(Self::Thinned),
            _ => return None,
        };
        Some(line.and_then(|line| match line.impossible() {
            Some(what) => Err(serde::de::Error::custom(what)),
            None => Ok(line),
        }))
    }

    /// A name in it that can't be one. Names become paths, so this is asked of every line that is read:
    /// whoever has a line may join its names to the archive's folder.
    fn impossible(&self) -> Option<String> {
        let entity = self.about().0;
        if !is_entity_name(entity) {
            return Some(format!("{} can't be the name of entities", shortened(entity)));
        }
        let names: Vec<&str> = match self {
            Self::Look(line) => line.doc.files.iter().map(|file| file.path.as_str()).collect(),
            Self::Unlooked(_) => Vec::new(),
            Self::Capture(line) => vec![line.doc.file.path.as_str()],
            Self::Compacted(line) => {
                line.doc.of.iter().chain([&line.doc.file.path]).map(String::as_str).collect()
            }
            Self::Thinned(line) => return line.doc.impossible(),
        };
        if let Some(name) = names.iter().find(|name| !is_file_name(name)) {
            return Some(format!("{} can't be the name of a file", shortened(name)));
        }
        let twice =
            names.iter().enumerate().find(|(at, name)| names.iter().take(*at).any(|one| one == *name));
        twice.map(|(_, name)| format!("{name:?} is named twice"))
    }
}

impl ThinnedDoc {
    /// A path in it that is none of a file of the day's look or captures, or is named twice.
    fn impossible(&self) -> Option<String> {
        let folders = [look_folder(&self.entity, self.date), captures_folder(&self.entity, self.date)];
        let own = |path: &str| {
            let (folder, name) = path.rsplit_once('/').unwrap_or_default();
            folders.iter().any(|own| own == folder) && is_file_name(name)
        };
        if let Some(path) = self.files.iter().find(|path| !own(path)) {
            return Some(format!(
                "{} can't be the file of a look or of captures of that day",
                shortened(path)
            ));
        }
        let twice = self.files.iter().enumerate();
        let twice = twice.map(|(at, path)| (self.files.iter().take(at).any(|one| one == path), path));
        twice.filter(|(is, _)| *is).map(|(_, path)| format!("{} is named twice", shortened(path))).next()
    }
}

/// Whether this can be the name of entities, as the configuration has it too.
fn is_entity_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    name.len() <= 60 && name.starts_with(|c: char| c.is_ascii_lowercase()) && name.bytes().all(plain)
}

/// Whether this can be the name of one file in a folder.
fn is_file_name(name: &str) -> bool {
    name.len() <= 200 && !name.contains('/') && check_path(name).is_ok()
}

fn shortened(name: &str) -> String {
    format!("{:?}", name.chars().take(80).collect::<String>())
}

/// The folder of a look, from the archive's on.
pub fn look_folder(entity: &str, day: Day) -> String {
    format!("entities/{entity}/date={day}")
}

/// The folder of a day's captures, from the archive's on.
pub fn captures_folder(entity: &str, day: Day) -> String {
    format!("captures/{entity}/date={day}")
}

#[cfg(test)]
mod tests {
    use super::EntityLine;

    fn capture(entity: &str, file: &str) -> Option<Result<EntityLine, String>> {
        let hex = "0".repeat(64);
        let text = serde_json::json!({
            "entity": entity, "date": "2025-11-06", "captured_at": "2025-11-07T08:00:00Z", "type": "manual",
            "rows": 1, "full": true, "file": { "path": file, "size": 1, "sha256": hex }, "definition": hex,
        });
        let read = EntityLine::read("capture", 1, chrono::DateTime::UNIX_EPOCH, text.to_string().as_bytes());
        read.map(|read| read.map_err(|error| error.to_string()))
    }

    #[test]
    fn names_that_would_lead_elsewhere_make_a_line_unreadable() {
        assert!(capture("video", "20251107T080000.000Z-0a1b.jsonl.zst").unwrap().is_ok());
        let long = "a".repeat(61);
        for entity in
            ["", ".", "..", "../video", "a/b", "/etc", "Video", "é", "1a", "_a", "a-b", "a\0", &long]
        {
            assert!(
                capture(entity, "a.zst").unwrap().unwrap_err().contains("the name of entities"),
                "{entity}"
            );
        }
        let long = "a".repeat(201);
        for file in ["", ".", "..", "../a", "a/b", "/etc/passwd", ".lock", "a\\b", "a\0", "é", &long] {
            assert!(capture("video", file).unwrap().unwrap_err().contains("the name of a file"), "{file}");
        }
    }

    #[test]
    fn only_files_of_the_day_can_be_thinned() {
        let thinned = |files: &[&str]| {
            let text = serde_json::json!({
                "entity": "video", "date": "2025-11-06", "files": files, "reason": "none",
            });
            let text = text.to_string();
            EntityLine::read("thinned", 1, chrono::DateTime::UNIX_EPOCH, text.as_bytes()).unwrap()
        };
        let own = "entities/video/date=2025-11-06/rows.parquet";
        assert!(thinned(&[own, "captures/video/date=2025-11-06/day.jsonl.zst"]).is_ok());
        assert!(thinned(&[own, own]).unwrap_err().to_string().contains("is named twice"));
        for other in [
            "rows.parquet",
            "entities/video/date=2025-11-05/rows.parquet",
            "entities/account/date=2025-11-06/rows.parquet",
            "entities/video/date=2025-11-06/../rows.parquet",
            "entities/video/date=2025-11-06/.lock",
            "entities/video/date=2025-11-06",
            "/entities/video/date=2025-11-06/rows.parquet",
            "2025-11-06/manifest.json",
            "",
        ] {
            assert!(thinned(&[other]).unwrap_err().to_string().contains("can't be the file"), "{other}");
        }
    }

    #[test]
    fn a_file_that_is_named_twice_makes_a_line_unreadable() {
        let hex = "0".repeat(64);
        let text = serde_json::json!({
            "entity": "video", "date": "2025-11-06", "file": { "path": "a", "size": 1, "sha256": hex }, "of": ["b", "a"],
        });
        let read =
            EntityLine::read("compacted", 1, chrono::DateTime::UNIX_EPOCH, text.to_string().as_bytes());
        assert!(read.unwrap().unwrap_err().to_string().contains("\"a\" is named twice"));
    }
}
