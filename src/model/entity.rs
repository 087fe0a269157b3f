//! Entities: things with a state now, which can't be asked for later. What is kept of each look at them.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use super::definitions::{CalendarDef, Dialect, placeholders};
use super::table::TableDef;
use super::{Digest, Fingerprint, Number};

/// The format name and version in the file of an entity's definition.
pub const FORMAT: &str = "asof.entity/1";

/// All that decides what a look at one kind of entities sees.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntityDef {
    /// Always [`FORMAT`].
    pub format: String,
    /// How days are cut.
    pub calendar: CalendarDef,
    /// The source's name, where there are several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// Which SQL the source speaks.
    pub dialect: Dialect,
    /// The tables of the source that asof fills itself, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tables: BTreeMap<String, TableDef>,
    /// The lists that the query names.
    #[serde(default)]
    pub lists: BTreeMap<String, Vec<String>>,
    /// The query, which gives one row for each entity.
    pub sql: String,
    /// The column that tells entities apart.
    pub key: String,
    /// The column of what people call them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// What is kept of each, by the field's name, in the order of the configuration.
    pub fields: IndexMap<String, FieldDef>,
    /// Which of the fields entities are grouped by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub group_by: Vec<String>,
    /// Which rows a daily look keeps; all of them where there is none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub schedule: Vec<DueRule>,
}

/// A field of an entity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldDef {
    /// What it is.
    pub kind: FieldKind,
    /// The column of the query that has it.
    pub column: String,
}

/// What a field is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FieldKind {
    /// A whole number that only ever should grow: views, likes.
    Counter,
    /// A number that goes up and down: a score, revenue.
    Gauge,
    /// A text, also where it looks like a number.
    Attribute,
    /// Several texts: the playbooks that run.
    List,
}

/// A rule for which rows a daily look keeps.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DueRule {
    /// The SQL condition on a row of the query.
    #[serde(rename = "where")]
    pub condition: String,
    /// How often such rows are kept.
    pub every: Every,
}

/// How often a row is kept. The most frequent rule that matches wins, so this is ordered by that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Every {
    /// On every business day.
    Day,
    /// On Mondays.
    Week,
    /// On the first day of a month.
    Month,
}

impl EntityDef {
    /// The text that is kept: JSON, the same for the same definition.
    pub fn text(&self) -> String {
        // Only maps with text keys are in here, so there is nothing that can fail.
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }

    /// The digest of [`EntityDef::text`].
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint(Digest::of(self.text().as_bytes()))
    }

    /// The fields of one kind, in their order.
    pub fn of_kind(&self, kind: FieldKind) -> impl Iterator<Item = &str> {
        self.fields.iter().filter(move |(_, field)| field.kind == kind).map(|(name, _)| name.as_str())
    }

    /// The names in braces of its SQL.
    pub fn names(&self) -> Vec<&str> {
        let conditions = self.schedule.iter().map(|rule| rule.condition.as_str());
        let mut names: Vec<&str> = Vec::new();
        for name in std::iter::once(self.sql.as_str()).chain(conditions).flat_map(placeholders) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }
}

/// What a field of a row held: in JSON a number, a text, or an array of texts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum FieldValue {
    /// Of a counter or a gauge.
    Number(Number),
    /// Of an attribute.
    Text(String),
    /// Of a list, in the source's order.
    List(Vec<String>),
}

impl FieldValue {
    /// It as a number.
    pub fn number(&self) -> Option<&Number> {
        match self {
            Self::Number(number) => Some(number),
            _ => None,
        }
    }

    /// It as text.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// It as a list.
    pub fn list(&self) -> Option<&[String]> {
        match self {
            Self::List(list) => Some(list),
            _ => None,
        }
    }
}

impl<'de> Deserialize<'de> for FieldValue {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Through JSON's own values, which keep every digit of a number.
        let wrong = || serde::de::Error::custom("a field is a number, a text, or a list of texts");
        match serde_json::Value::deserialize(deserializer)? {
            serde_json::Value::Number(number) => {
                number.to_string().parse().map(Self::Number).map_err(|_| wrong())
            }
            serde_json::Value::String(text) => Ok(Self::Text(text)),
            serde_json::Value::Array(items) => {
                let texts = items.into_iter().map(|item| match item {
                    serde_json::Value::String(text) => Some(text),
                    _ => None,
                });
                texts.collect::<Option<_>>().map(Self::List).ok_or_else(wrong)
            }
            _ => Err(wrong()),
        }
    }
}

impl fmt::Display for FieldValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => f.write_str(text),
            Self::List(list) => f.write_str(&list.join(", ")),
        }
    }
}

/// One entity as it was seen once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntityRow {
    /// What tells it apart, as text.
    pub key: String,
    /// The how manieth row of this key it is, from 1.
    pub seq: u64,
    /// What people call it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Its fields by name; `None` is the source's NULL. A field that is not there was not read.
    pub fields: IndexMap<String, Option<FieldValue>>,
}

impl EntityRow {
    /// The number in a field; `None` where it is NULL, was not read, or is none.
    pub fn number(&self, field: &str) -> Option<&Number> {
        self.fields.get(field)?.as_ref()?.number()
    }

    /// Its snapshot's id.
    pub fn snapshot_id(&self) -> RowId {
        RowId { key: self.key.clone(), seq: self.seq }
    }
}

/// A row that was captured between the daily looks, with why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CaptureRow {
    /// When the source was read.
    pub captured_at: DateTime<Utc>,
    /// Why.
    #[serde(rename = "type")]
    pub kind: CaptureType,
    /// What caused it: `kpi_data_uploaded`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trigger: Option<String>,
    /// Why, in somebody's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Who asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// When that happened which caused it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub occurred_at: Option<DateTime<Utc>>,
    /// What changed since the row before, by the rules of the configuration, where that was asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<String>,
    /// The definition by which it was read.
    pub definition: Fingerprint,
    /// What was seen.
    pub row: EntityRow,
}

/// The id of one kept row: its key and which of that key's rows it is, `5#12`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowId {
    /// The key.
    pub key: String,
    /// The number, from 1.
    pub seq: u64,
}

impl fmt::Display for RowId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}", self.key, self.seq)
    }
}

/// A text that is no id of a row.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no snapshot id: write the key and the number, such as 5#12")]
pub struct RowIdError {
    /// What was given.
    pub text: String,
}

impl FromStr for RowId {
    type Err = RowIdError;

    fn from_str(text: &str) -> Result<Self, RowIdError> {
        let wrong = || RowIdError { text: text.chars().take(80).collect() };
        let (key, seq) = text.rsplit_once('#').ok_or_else(wrong)?;
        let digits = !seq.is_empty() && seq.bytes().all(|byte| byte.is_ascii_digit());
        let seq = seq.parse().ok().filter(|seq| digits && *seq > 0).ok_or_else(wrong)?;
        Ok(Self { key: key.to_owned(), seq })
    }
}

impl Serialize for RowId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Why a capture was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaptureType {
    /// Somebody asked for it.
    Manual,
    /// A schedule did.
    Scheduled,
    /// Something happened.
    EventDriven,
    /// Numbers were uploaded.
    PostUpload,
    /// Health scores were computed.
    PostHealthCalc,
    /// A question needed it.
    RagAuto,
}

impl CaptureType {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Manual,
        Self::Scheduled,
        Self::EventDriven,
        Self::PostUpload,
        Self::PostHealthCalc,
        Self::RagAuto,
    ];

    /// Its word: `post_upload`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Manual => "manual",
            Self::Scheduled => "scheduled",
            Self::EventDriven => "event_driven",
            Self::PostUpload => "post_upload",
            Self::PostHealthCalc => "post_health_calc",
            Self::RagAuto => "rag_auto",
        }
    }

    /// Whether it waits out the cooldown after another row of the same key.
    pub fn cools_down(self) -> bool {
        matches!(self, Self::EventDriven | Self::PostUpload | Self::PostHealthCalc)
    }
}

impl fmt::Display for CaptureType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for CaptureType {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let words: Vec<&str> = Self::ALL.iter().map(|kind| kind.word()).collect();
        Self::ALL
            .into_iter()
            .find(|kind| kind.word() == text)
            .ok_or_else(|| format!("there is no such type: take one of {}", words.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::{CaptureType, Every, RowId};

    #[test]
    fn ids_hold_any_key() {
        for (key, seq) in [("5", 12), ("", 1), ("a#b", 3), ("ä 😀", u64::MAX)] {
            let id = RowId { key: key.to_owned(), seq };
            assert_eq!(id.to_string().parse(), Ok(id));
        }
        for text in ["", "5", "5#", "5#0", "5#-1", "5#+1", "5#1.5"] {
            assert!(text.parse::<RowId>().is_err(), "{text}");
        }
    }

    #[test]
    fn words_are_read_as_they_are_written() {
        for kind in CaptureType::ALL {
            assert_eq!(kind.word().parse(), Ok(kind));
            assert_eq!(serde_json::to_string(&kind).unwrap(), format!("\"{kind}\""));
        }
        assert!(Every::Day < Every::Week && Every::Week < Every::Month);
    }
}
