//! What tests share.

pub mod api;
pub mod axe;
pub mod browser;
pub mod command;
pub mod demo;
pub mod mariadb;
pub mod postgres;
mod script;
pub mod server;
pub mod vicidial;
