//! What tests share.

pub mod command;
pub mod mariadb;
pub mod vicidial;
