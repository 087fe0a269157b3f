//! What people look at: the page of a day, and tables for the terminal. Data in, text out;
//! nothing is read or written here.
//!
//! [`day`] decides what is shown, as exact numbers; [`page`] and [`terminal`] put it into form;
//! [`mod@format`], [`when`] and [`text`] are the only places where numbers, times and names become text.

pub mod around;
pub mod breakdown;
pub mod chart;
pub mod compared;
pub mod day;
pub mod entity_context;
pub mod fence;
pub mod filter;
pub mod filter_links;
pub mod form;
pub mod format;
pub mod growth;
pub mod growth_panel;
pub mod history;
pub mod history_page;
pub mod index;
pub mod layout;
pub mod line;
mod made;
mod object;
pub mod odd;
pub mod origin;
pub mod outlook;
pub mod page;
mod panel;
pub mod poll;
pub mod rollup;
pub mod schedule;
mod script;
pub mod seal;
pub mod seen;
pub mod series;
pub mod settling;
pub mod sheet;
pub mod sides;
pub mod sides_page;
pub mod spark;
pub mod terminal;
pub mod text;
pub mod ticks;
pub mod timeline;
pub mod when;
pub mod words;

#[cfg(test)]
pub(crate) mod sample;

pub use around::Around;
pub use day::DayInput;
pub use growth_panel::{GrownInput, SpanInput};
pub use history_page::HistoryPage;
pub use index::IndexPage;
pub use layout::{Layout, Section, lay_out};
pub use origin::Origin;
pub use page::DayPage;
pub use series::SeriesPage;
pub use settling::SettlingPage;
pub use sides_page::SidesPage;
