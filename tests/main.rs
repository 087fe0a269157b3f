//! All tests of whole commands and real parts, in one binary.

mod archive;
mod support;
#[cfg(test)]
mod view;
