//! Entities: looking at them, and what is told of what was seen.

pub mod capture;
pub mod captured;
pub mod compacting;
pub mod context;
pub mod coverage;
pub mod day_rows;
pub mod fits;
pub mod growth;
pub mod growth_error;
pub mod history;
pub mod listed;
pub mod look;
pub mod moved;
pub mod newest;
pub mod numbers;
pub mod pick;
pub mod rows;
pub mod series;
pub mod shown;
pub mod sides;
pub mod timeliness;
pub mod told;
