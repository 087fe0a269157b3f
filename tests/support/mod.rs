//! What tests share.

pub mod mariadb;
pub mod vicidial;
