//! The manifest of a frozen day: what it is, where it came from, and the digest of
//! each of its files. It is written last; with it the snapshot exists.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::seen::KeysDoc;
use super::{Day, Definitions, Digest, Edition, Fingerprint, Provenance};

/// The format name and version in a manifest.
pub const FORMAT: &str = "asof.snapshot/1";

/// What a frozen day is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Always [`FORMAT`].
    pub format: String,
    /// The id of the archive it belongs to.
    pub archive: String,
    /// The day.
    pub date: Day,
    /// Which edition of it.
    pub edition: Edition,
    /// How it came to be known.
    pub provenance: Provenance,
    /// When the source was read: the instant of its consistent snapshot, or when reading began.
    pub captured_at: DateTime<Utc>,
    /// The day's span of time.
    pub window: WindowDoc,
    /// The source it was read from: the first of them where there are several.
    pub source: SourceDoc,
    /// Each of several sources, by name; none where there is one.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub sources: BTreeMap<String, SourceDoc>,
    /// What made its numbers.
    pub definitions: DefinitionsDoc,
    /// Its files but this one, sorted by path.
    pub files: Vec<FileDoc>,
    /// What was read, by the name of the events.
    pub events: BTreeMap<String, EventsRead>,
    /// The files of keys, by the name of the cumulative distinct metric.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub keys: BTreeMap<String, KeysDoc>,
    /// The digests of the looks at entities that its page shows, by the entities' name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub looks: BTreeMap<String, Digest>,
    /// Why it was captured, in the words of whoever asked for it; the original needs no reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What set it off: `save`, `final` for the edition that follows a provisional one,
    /// `restate`; later versions may add words.
    pub trigger: String,
    /// The version of asof that wrote it.
    pub asof: String,
}

/// A day's half-open span of time, `[start, end)`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WindowDoc {
    /// The IANA name of the zone.
    pub time_zone: String,
    /// Its first instant in local time, with the offset: `2025-11-06T00:00:00-06:00`.
    pub start_local: String,
    /// The first instant after it, in the same way.
    pub end_local: String,
    /// Its first instant.
    pub start: DateTime<Utc>,
    /// The first instant after it.
    pub end: DateTime<Utc>,
    /// How many hours it has: 23 or 25 on a day with a change of clocks.
    pub hours: super::Number,
}

/// The source a day was read from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceDoc {
    /// Its URL without any secret.
    pub url: String,
    /// `MariaDB`, `MySQL` or `SQLite`.
    pub server: String,
    /// The server's version, in its own words.
    pub version: String,
    /// The IANA name of the zone whose local time its naive times are.
    pub time_zone: String,
    /// Whether all queries saw one state: `snapshot`, or `statement` where only each
    /// events table by itself was read at one moment.
    pub consistency: Consistency,
}

/// How much of a save was read as of one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Consistency {
    /// All queries saw one state of the database.
    Snapshot,
    /// Each events table was read in one statement; the tables at moments of their own.
    Statement,
}

/// Which definitions made the numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DefinitionsDoc {
    /// The fingerprint of the whole; its text lies in the archive under this name.
    pub fingerprint: Fingerprint,
    /// The fingerprint of each metric.
    pub metrics: BTreeMap<String, Fingerprint>,
    /// The fingerprint of each dimension, by its events and name: `calls.campaign`.
    #[serde(default)]
    pub dimensions: BTreeMap<String, Fingerprint>,
}

/// A file of the snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileDoc {
    /// Its path inside the day's folder, with `/` between names.
    pub path: String,
    /// Its length in bytes.
    pub size: u64,
    /// Its SHA-256 digest.
    pub sha256: Digest,
}

/// How much a lookup knew of some events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LookedUp {
    /// How many different keys the events have.
    pub keys: u64,
    /// How many of these there was no answer about.
    pub unknown: u64,
    /// How many events have no key.
    pub without_key: u64,
}

/// What was read of one kind of events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventsRead {
    /// How many rows the window held.
    pub rows: u64,
    /// The newest event's time as the source tells it; `None` when there was no event.
    pub newest: Option<String>,
    /// How many groups the crossed cube has; `None` when there were more than `max_groups`
    /// and each dimension was read alone.
    pub groups: Option<u64>,
    /// The digest of all numbers read, whatever their order and labels: two captures with
    /// equal definitions read the same exactly when these are equal.
    pub numbers: Digest,
    /// The metrics made of floats, which may differ in their last digits from one reading to the next.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub floats: Vec<String>,
    /// What was looked up about them, by the lookup's name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub lookups: BTreeMap<String, LookedUp>,
}

impl DefinitionsDoc {
    /// The fingerprints of these definitions.
    pub fn of(definitions: &Definitions) -> Self {
        let metrics = definitions.metrics.keys();
        let dimensions = definitions.events.iter().flat_map(|(events, def)| {
            def.by.keys().map(move |name| (format!("{events}.{name}"), (events, name)))
        });
        Self {
            fingerprint: definitions.fingerprint(),
            metrics: metrics
                .filter_map(|name| Some((name.clone(), definitions.metric_fingerprint(name)?)))
                .collect(),
            dimensions: dimensions
                .filter_map(|(full, (events, name))| {
                    Some((full, definitions.dimension_fingerprint(events, name)?))
                })
                .collect(),
        }
    }
}

impl Manifest {
    /// The JSON text that is stored, ending in a newline.
    ///
    /// # Errors
    /// None in practice: every field is plain data.
    pub fn to_json(&self) -> serde_json::Result<Vec<u8>> {
        let mut bytes = serde_json::to_vec_pretty(self)?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// How many rows were read in all.
    pub fn rows(&self) -> u64 {
        self.events.values().map(|events| events.rows).sum()
    }
}
