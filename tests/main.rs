//! All tests of whole commands and real parts, in one binary.
#![cfg(test)]

mod archive;
mod backfill;
mod cli;
mod house;
mod http;
mod mcp;
mod numbers;
mod serve;
mod source;
mod support;
mod view;
