//! The shapes of what is told of entities, for programs. They are told here and made in `ops::documents`.

use serde::Serialize;
use utoipa::ToSchema;

/// What counters of entities did.
#[derive(Serialize, ToSchema)]
pub struct Growth {
    /// The entities.
    pub entity: String,
    /// Over so many business days.
    pub period: u16,
    /// What each counter did, by name: `current`, `previous`, `growth`, `percentage` and `isIncrease`, each null where it
    /// is unknown.
    #[schema(value_type = Object)]
    pub growth: serde_json::Value,
    /// When the newer side was seen.
    pub timestamp: String,
}

/// Snapshots of entities.
#[derive(Serialize, ToSchema)]
pub struct Snapshots {
    /// The entities.
    pub entity: String,
    /// The snapshots, the newest day first.
    pub snapshots: Vec<serde_json::Value>,
    /// The `cursor` of the next part; null of the last one.
    #[schema(required = true)]
    pub next: Option<String>,
}

/// A snapshot of an entity.
#[derive(Serialize, ToSchema)]
pub struct Snapshot {
    /// The entities.
    pub entity: String,
    /// Its key.
    pub key: String,
    /// Its id: the key, and the how manieth of it this is.
    pub snapshot_id: String,
    /// Its business day.
    pub date: String,
    /// When the source was read.
    pub captured_at: String,
    /// `look`, or the type of the capture.
    pub r#type: String,
    /// Its fields, by name.
    #[schema(value_type = Object)]
    pub fields: serde_json::Value,
    /// What its numbers did since the snapshot before, by name.
    #[schema(value_type = Object)]
    pub numbers: serde_json::Value,
}

/// Two snapshots of an entity.
#[derive(Serialize, ToSchema)]
pub struct SnapshotsCompared {
    /// The entities.
    pub entity: String,
    /// The key of both.
    pub key: String,
    /// The one.
    #[schema(value_type = Object)]
    pub a: serde_json::Value,
    /// What it is held against.
    #[schema(value_type = Object)]
    pub b: serde_json::Value,
    /// Their fields, by name.
    #[schema(value_type = Object)]
    pub fields: serde_json::Value,
}

/// An entity through time.
#[derive(Serialize, ToSchema)]
pub struct History {
    /// The entities.
    pub entity: String,
    /// Its key.
    pub key: String,
    /// Its snapshots, oldest first.
    pub rows: Vec<serde_json::Value>,
    /// The days within for which nobody looked, and why.
    pub unlooked: Vec<serde_json::Value>,
}

/// What is known of an entity, as text.
#[derive(Serialize, ToSchema)]
pub struct Context {
    /// The entities.
    pub entity: String,
    /// Its key.
    pub key: String,
    /// Whether its first snapshot was captured for this.
    pub captured: bool,
    /// The text.
    pub text: String,
    /// How many tokens it has at most.
    pub tokens: u64,
    /// How many lines had no room.
    pub left_out: u64,
}

/// Why a capture is taken.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SnapshotType {
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

/// A key, as a number or a text.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub enum EntityKey {
    /// A number.
    Number(i64),
    /// A text.
    Text(String),
}

/// Which entities to capture, and why. `account_id` stands for `key` of accounts.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Create {
    /// One of them.
    #[schema(required = false, example = json!(5))]
    pub key: Option<EntityKey>,
    /// Its type; `manual` when left out.
    #[schema(required = false)]
    pub snapshot_type: Option<SnapshotType>,
    /// Why, in somebody's words.
    #[schema(required = false, max_length = 500, example = "before the call")]
    pub reason: Option<String>,
    /// What caused it.
    #[schema(required = false, max_length = 500)]
    pub trigger: Option<String>,
}

/// Something that happened.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// What, by its name under `on` of the entities.
    #[schema(max_length = 500, example = "KPI_DATA_UPLOADED")]
    pub event: String,
    /// To which entities.
    #[schema(max_length = 500, example = "account")]
    pub entity: String,
    /// To which of them.
    #[schema(min_items = 1, max_items = 1000, example = json!([5, "7"]))]
    pub keys: Vec<EntityKey>,
    /// When, from 1970 on; it has not yet to come.
    #[schema(
        required = false,
        pattern = "^<date>T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,9})?(Z|[+-](0[0-9]|1[0-3]):[0-5][0-9])$",
        example = "2025-11-06T10:15:00Z"
    )]
    pub occurred_at: Option<String>,
    /// Why, in somebody's words.
    #[schema(required = false, max_length = 500)]
    pub reason: Option<String>,
    /// Only where something changed by the entity's `changes`.
    #[schema(required = false)]
    pub if_changed: Option<bool>,
}

/// Which entities to capture for growth.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GrowthSnapshot {
    /// The entities; may be left out where one kind has counters.
    #[schema(required = false, max_length = 500, example = "account")]
    pub entity: Option<String>,
    /// Why, in somebody's words.
    #[schema(required = false, max_length = 500)]
    pub reason: Option<String>,
}

/// That something was done.
#[derive(Serialize, ToSchema)]
pub struct Done {
    /// Always true.
    pub success: bool,
    /// What was done.
    pub message: String,
    /// When the source was read; null where it was not.
    #[schema(required = true)]
    pub timestamp: Option<String>,
}

/// What became of entities that were to be captured.
#[derive(Serialize, ToSchema)]
pub struct Created {
    /// Always true.
    pub success: bool,
    /// What was done.
    pub message: String,
    /// When the source was read; null where it was not.
    #[schema(required = true)]
    pub timestamp: Option<String>,
    /// How many were captured.
    pub captured: u64,
    /// What became of each that was named: `captured`, `skipped`, `existing`, `unchanged` or `absent`; null of all.
    #[schema(required = true)]
    pub results: Option<Vec<serde_json::Value>>,
}

/// How entities moved.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MovedWay {
    /// A field is another.
    Changed,
    /// A number moved the way that is good, beyond its trend's threshold.
    Improved,
    /// The other way.
    Declined,
}

/// Which entities moved since a day.
#[derive(Serialize, ToSchema)]
pub struct Moved {
    /// The entities.
    pub entity: String,
    /// How.
    pub way: String,
    /// The day.
    pub since: String,
    /// How many moved.
    pub count: u64,
    /// Each of them, by key, with both snapshots and the fields by which it moved.
    pub moved: Vec<serde_json::Value>,
    /// How many did not.
    pub others: u64,
    /// Of how many it is unknown, since they have no row of that day or before.
    pub unknown: u64,
    /// The days for which earlier rows stand, since theirs were thinned.
    pub thinned: Vec<String>,
    /// The `cursor` of the next part; null of the last one.
    #[schema(required = true)]
    pub next: Option<String>,
}

/// Whether a snapshot is as new as it should be.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CoverageStatus {
    /// It is that of the last day that ended, or newer.
    Current,
    /// That day's was not wanted.
    NotDue,
    /// It can still be taken in time.
    Due,
    /// It can't any more.
    Overdue,
    /// Only the source knows whether it was wanted.
    Unknown,
}

/// How entities are covered.
#[derive(Serialize, ToSchema)]
pub struct Coverage {
    /// Each kind in numbers, by name.
    #[schema(value_type = Object)]
    pub entities: serde_json::Value,
    /// Those of the kind that was named; null where none was.
    #[schema(required = true)]
    pub listed: Option<Vec<serde_json::Value>>,
    /// The `cursor` of the next part; null of the last one.
    #[schema(required = true)]
    pub next: Option<String>,
    /// When this was so.
    pub timestamp: String,
}

/// How late things were known.
#[derive(Serialize, ToSchema)]
pub struct Timeliness {
    /// The first day.
    pub from: String,
    /// The last day.
    pub to: String,
    /// The lags of frozen days.
    #[schema(value_type = Option<Object>, required = true)]
    pub days: serde_json::Value,
    /// Those of looks at entities, by name.
    #[schema(value_type = Object)]
    pub looks: serde_json::Value,
    /// Those of captures after what caused them.
    #[schema(value_type = Object)]
    pub events: serde_json::Value,
}
