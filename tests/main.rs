//! All tests of whole commands and real parts, in one binary.

mod cli;
mod support;
