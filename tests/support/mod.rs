//! What tests share.

pub mod browser;
pub mod mariadb;
pub mod vicidial;
