//! Whole commands, as a user types them.

pub mod vicidial_expected;
