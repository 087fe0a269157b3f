//! Use cases: each takes what it needs, does it, and returns an outcome. Nothing prints here.

pub mod anew;
pub mod backfill;
pub mod check;
pub mod day;
pub mod decide;
pub mod demo;
pub mod freeze;
pub mod index;
pub mod key_file;
pub mod list;
pub mod mark;
pub mod past;
pub mod prune;
pub mod reading;
pub mod rehearse;
pub mod restate;
pub mod restore;
pub mod save;
pub mod seen;
pub mod stats;
pub mod when;
pub mod whole;
pub mod worklist;
