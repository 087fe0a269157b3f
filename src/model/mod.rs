//! Plain types that every layer shares: days, exact numbers, digests, and the
//! documents of a frozen day. No input or output happens here.

pub mod compared;
pub mod cube_table;
pub mod day;
pub mod definitions;
pub mod digest;
pub mod edition;
pub mod entity;
pub mod lookup;
pub mod manifest;
pub mod metrics_doc;
pub mod number;
pub mod phone;
pub mod progress;
pub mod provenance;
pub mod seen;
pub mod sql_text;
pub mod table;
pub mod tenant_sql;
pub mod value;

pub use cube_table::{Cells, CubeColumn, CubeTable};
pub use day::Day;
pub use definitions::Definitions;
pub use digest::{Digest, Fingerprint};
pub use edition::{Edition, SnapshotId};
pub use entity::EntityDef;
pub use manifest::Manifest;
pub use metrics_doc::MetricsDoc;
pub use number::Number;
pub use phone::Phone;
pub use progress::Progress;
pub use provenance::Provenance;
pub use value::Value;
