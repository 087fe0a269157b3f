//! What people look at: the page of a day, and tables for the terminal. Data in, text out;
//! nothing is read or written here.
//!
//! [`format`], [`when`] and [`text`] are the only places where numbers, times and names become text.

pub mod format;
pub mod text;
pub mod when;
