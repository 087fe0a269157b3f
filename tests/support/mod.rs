//! What tests share.

pub mod browser;
pub mod command;
pub mod mariadb;
pub mod vicidial;
