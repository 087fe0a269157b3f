//! What people look at: the page and the tables of a made-up day.

mod asked_browser;
mod filtering;
mod growth_browser;
mod history_browser;
mod index;
mod index_browser;
pub mod markup;
mod page;
mod sample;
mod terminal;
