//! One day beside others. Pure: frozen days come in as values, and nothing is read here.

pub mod compare;
pub mod earlier;
pub mod odd;
pub mod retention;

pub use compare::compare;
pub use earlier::{Earlier, EarlierDay, MadeBy};
