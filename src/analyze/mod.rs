//! One day beside others. Pure: frozen days come in as values, and nothing is read here.

pub mod alerts;
pub mod compare;
pub mod drift;
pub mod earlier;
pub mod forecast;
pub mod odd;
pub mod outlook;
pub mod same;
pub mod usual;
pub mod restated;
pub mod settling;

pub use compare::compare;
pub use earlier::{Earlier, EarlierDay, MadeBy};
