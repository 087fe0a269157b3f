//! Whole commands, as a user types them.

mod comparing;
mod killed;
mod vicidial;
pub mod vicidial_expected;
