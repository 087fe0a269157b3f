//! The shape of `[entities.NAME]`, as written. What it means is checked in [`super::entities`].

use indexmap::IndexMap;
use serde::Deserialize;

use super::file::{Decimal, Good};

/// `[entities.NAME]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entity {
    /// The source they are read from, where there are several.
    pub from: Option<String>,
    /// The query that gives one row for each.
    pub sql: String,
    /// The column that tells them apart.
    pub key: String,
    /// The column of what people call them.
    pub label: Option<String>,
    /// Whole numbers that only ever should grow, by name: the columns.
    #[serde(default)]
    pub counters: IndexMap<String, String>,
    /// Numbers that go up and down.
    #[serde(default)]
    pub gauges: IndexMap<String, Gauge>,
    /// Columns of text.
    #[serde(default)]
    pub attributes: Vec<String>,
    /// Columns that hold several texts, as JSON.
    #[serde(default)]
    pub lists: Vec<String>,
    /// Columns by which they are grouped.
    #[serde(default)]
    pub group_by: Vec<String>,
    /// How long after a row of an entity no capture of an event is taken.
    pub cooldown: Option<String>,
    /// How long after a day's end a look still counts for it; 3 hours when left out.
    pub max_lag: Option<String>,
    /// What type of capture an event takes.
    #[serde(default)]
    pub on: IndexMap<String, String>,
    /// Which rows a daily look keeps; all of them when left out.
    #[serde(default)]
    pub schedule: Vec<Due>,
    /// What counts as something that happened, by name.
    #[serde(default)]
    pub changes: IndexMap<String, Change>,
    /// Texts that a context shows, by name.
    #[serde(default)]
    pub references: IndexMap<String, Reference>,
}

/// `[entities.NAME.gauges]`: one gauge.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gauge {
    /// Its column; that of its name when left out.
    pub column: Option<String>,
    /// By how much it has to move to be significant: `10%` or `5 points`.
    pub significant: Option<String>,
    /// How its trend is told.
    pub trend: Option<Trend>,
    /// Which way is good.
    pub good: Option<Good>,
    /// Its unit.
    pub unit: Option<String>,
}

/// How a trend is told.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trend {
    /// Over so many rows, the newest included.
    pub over: u16,
    /// Beyond this difference it improves or declines.
    pub threshold: Decimal,
}

/// `[[entities.NAME.schedule]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Due {
    /// The SQL condition on a row.
    #[serde(rename = "where")]
    pub condition: String,
    /// How often such rows are kept.
    pub every: Every,
}

/// How often rows are kept.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Every {
    /// On every business day.
    Day,
    /// On Mondays.
    Week,
    /// On the first day of a month.
    Month,
}

/// `[entities.NAME.changes]`: one of `more_than`, `changed`, `added` and `removed`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// The field that is looked at.
    pub field: String,
    /// By how much a number has to move: `10%` or `5 points`.
    pub more_than: Option<String>,
    /// Whether any other value counts.
    pub changed: Option<bool>,
    /// Whether an item that a list got counts.
    pub added: Option<bool>,
    /// Whether an item that a list lost counts.
    pub removed: Option<bool>,
}

/// `[entities.NAME.references.NAME]`: texts that are asked for by the ids a row kept.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reference {
    /// The list field with their ids.
    pub ids: String,
    /// The query that gives them, with `{ids}` where they are limited: id, title, time, text.
    pub sql: String,
    /// How many are shown at most.
    pub most: Option<u32>,
    /// How many characters of each are.
    pub chars: Option<u32>,
}

/// `[tenants]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tenants {
    /// The tenants' ids.
    pub ids: Vec<String>,
}
