//! `asof demo`

use super::context::Context;
use super::exit;
use super::failure::Failure;

/// Make an embedded source with made-up data, and its snapshots
#[derive(Debug, clap::Args)]
pub struct Demo {}

impl Demo {
    /// Runs it.
    ///
    /// # Errors
    /// When something can't be written.
    pub fn run(self, _context: &Context<'_>) -> Result<u8, Failure> {
        Ok(exit::DONE)
    }
}
