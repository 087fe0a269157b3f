//! Whole commands, as a user types them.

mod index;
mod killed;
mod vicidial;
pub mod vicidial_expected;
