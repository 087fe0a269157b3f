//! The line of a frozen edition, with its main values, which are parsed only when they are asked for.

use std::fmt;

use chrono::{DateTime, Utc};
use indexmap::IndexMap;
use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

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
