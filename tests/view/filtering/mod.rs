//! Filtering in the page, in a browser: what its script computes, and how it is used.

mod arithmetic;
mod fitting;
mod random_day;
mod using;
