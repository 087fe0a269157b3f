//! What tests share.

pub mod mariadb;
