//! What tests share.

pub mod vicidial;
