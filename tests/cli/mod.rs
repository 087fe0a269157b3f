//! Whole commands, as a user types them.

mod killed;
mod vicidial;
pub mod vicidial_expected;
