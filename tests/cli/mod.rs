//! Whole commands, as a user types them.

mod vicidial;
pub mod vicidial_expected;
