//! One day beside others. Pure: frozen days come in as values, and nothing is read here.

pub mod alerts;
pub mod changed;
pub mod compare;
pub mod drift;
pub mod earlier;
pub mod forecast;
pub mod growth;
pub mod looks_kept;
pub mod odd;
pub mod outlook;
pub mod propose;
pub mod restated;
pub mod retention;
pub mod same;
pub mod settling;
pub mod sides;
pub mod usual;

pub use compare::compare;
pub use earlier::{Earlier, EarlierDay, MadeBy};
