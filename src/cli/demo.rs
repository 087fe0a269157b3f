//! `asof demo`

use super::context::Context;
use super::exit;
use super::failure::Failure;

/// Make an embedded source with made-up data, and its snapshots
#[derive(Debug, clap::Args)]
pub struct Demo {
    /// The folder it is made in; it must not exist yet, or be empty
    #[arg(value_name = "DIR", default_value = "asof-demo")]
    dir: std::path::PathBuf,
}

impl Demo {
    /// Runs it.
    ///
    /// # Errors
    /// When something can't be written.
    pub fn run(self, context: &Context<'_>) -> Result<u8, Failure> {
        context.output.answer(&format!("{}\n", self.dir.display()));
        Err(Failure::new(exit::FAILED, "not built yet", None))
    }
}
