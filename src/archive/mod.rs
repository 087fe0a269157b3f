//! The folder tree that frozen days are kept in: layout, staging, committing, reading.
//!
//! `docs/FORMAT.md` is the normative description of what lies on disk; this is the one
//! implementation of it. It knows the days' documents and files by their digests, and
//! nothing of how numbers are made or shown.
//!
//! | module | what it is for |
//! | --- | --- |
//! | [`open`] | finding or making an archive, and the names in it |
//! | [`history`] | what it holds, from the ledger and the folders' names |
//! | [`reading`] | a day's documents and files, checked by digest |
//! | [`staging`], `claim` | a snapshot while it is made, and whose it is |
//! | [`commit`], `lock`, `writer` | the moment it becomes part of the archive |
//! | [`ledger`], `snapshot_line`, [`chain`] | the ledger's lines, and whether they are as they were written |
//! | `record` | lines that freeze nothing: days that still hold, labels and remarks |
//! | [`prune`] | thinning days: the line, then the files |
//! | [`thin_looks`], [`thinned`] | the same of looks and captures, and what is told of them then |
//! | [`cold`] | a folder into which days are copied before they are thinned |
//! | `derived` | what may be replaced: the index |
//! | [`cube_file`] | cubes as Parquet |
//! | [`looks`], [`captures`], [`look_line`] | what it holds of entities, and how that comes into it |
//! | [`look_file`], [`look_write`], [`look_ahead`], [`capture_file`] | rows of entities as Parquet, and as compressed lines |
//! | [`key_reader`], `look_row`, `capture_keys` | the rows of one key, out of many files |
//! | [`keys`] | the keys of a day, in a stream |
//! | [`verify`] | whether all files are those that were frozen |
//! | [`verify_looks`], `verify_rows`, `checked` | the same of looks and captures |

pub mod capture_file;
mod capture_keys;
pub mod captures;
pub mod chain;
mod checked;
mod claim;
pub mod cold;
pub mod commit;
mod compact;
pub mod cube_file;
mod derived;
mod document;
pub mod error;
mod files;
pub mod history;
pub mod key_reader;
pub mod keys;
pub mod ledger;
mod lock;
pub mod look_ahead;
mod look_encode;
pub mod look_file;
pub mod look_line;
mod look_row;
pub mod look_write;
pub mod looks;
pub mod open;
mod parts;
pub mod prune;
pub mod reading;
mod record;
mod snapshot_line;
pub mod staging;
pub mod thin_looks;
pub mod thinned;
pub mod verify;
pub mod verify_looks;
mod verify_rows;
mod writer;

pub use chain::LedgerCheck;
pub use cold::ColdStore;
pub use commit::{Commit, Headline};
pub use error::ArchiveError;
pub(crate) use files::rename_new;
pub use history::{Frozen, History, Marked, Marks};
pub use key_reader::KeyReader;
pub use keys::{KeyStream, KeysFile};
pub use ledger::{Confirmation, DamagedLine, Mark, SnapshotLine};
pub use look_line::{CaptureDoc, LookDoc, Said, ThinnedDoc, UnlookedDoc};
pub use looks::{Kept, Looks};
pub use open::{Archive, ArchiveId};
pub use prune::{Pruned, Thinning, Unfinished};
pub use reading::METRICS;
pub use staging::{Sealed, Staging};
pub use thin_looks::{ThinningLooks, UnfinishedLooks};
pub use verify::Finding;
