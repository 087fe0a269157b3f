//! All tests of whole commands and real parts, in one binary.
#![cfg(test)]

#[cfg(test)]
mod archive;
mod source;
mod support;
mod view;
