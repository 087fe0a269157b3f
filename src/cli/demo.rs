//! `asof demo`

use std::path::{Path, PathBuf};

use serde_json::json;

use super::context::{Context, block_on};
use super::exit;
use super::failure::Failure;
use super::output::quoted;
use super::progress::TerminalProgress;
use crate::archive::ArchiveError;
use crate::ops::rehearse::{Demo as Made, DemoError, rehearse};
use crate::ops::save::SaveError;
use crate::view::format::count;

const EXAMPLES: &str = "\
Examples:
  asof demo            in ./asof-demo
  asof demo /tmp/demo  in another folder

It makes five weeks of a made-up call centre in an SQLite file, and plays each
night: the rows as they stood then, and `asof save` with that night's clock. So
there are days that were witnessed, frozen too early, restated, frozen late, and
missed. It is the same every time.";

/// Make an embedded source with made-up data, and its snapshots
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Demo {
    /// The folder it is made in; it must not exist yet, or be empty
    #[arg(value_name = "DIR", default_value = "asof-demo")]
    dir: PathBuf,
}

impl Demo {
    /// Runs it.
    ///
    /// # Errors
    /// When the folder is not empty, or something can't be written.
    pub fn run(self, context: &Context<'_>) -> Result<u8, Failure> {
        let progress = TerminalProgress::new(context.output);
        let made = block_on(rehearse(&self.dir, &progress))??;
        progress.clear();
        if context.output.json() {
            context.output.document(&json!({
                "dir": made.dir.display().to_string(),
                "calls": made.calls,
                "days": made.days,
                "editions": made.editions,
            }));
        } else {
            context.output.answer(&next_steps(&made));
        }
        Ok(exit::DONE)
    }
}

fn next_steps(made: &Made) -> String {
    let calls = count(made.calls);
    let (days, editions) = (made.days, made.editions);
    let dir = quoted(&made.dir.display().to_string());
    let path = missing_from_path().map_or_else(String::new, |folder| {
        format!("  PATH={}:$PATH\n", quoted(&folder.display().to_string()))
    });
    format!(
        "made {dir}: {calls} calls of {days} days, frozen night by night in {editions} editions\n\
         \n\
         try:\n\
         {path}\
         \x20 cd {dir}\n\
         \x20 asof list                                          every day: a gap, restatements, a day frozen too early\n\
         \x20 asof restore 2025-11-06                            a day on the terminal\n\
         \x20 asof restore 2025-11-06 --html                     the path of its page; --open opens it\n\
         \x20 asof restore 2025-10-24                            a day that was restated later\n\
         \x20 asof restore 2025-10-24@2                          its second edition\n\
         \x20 asof restore 2025-11-06 --metric sales --by agent  a part of it\n\
         \x20 asof restore latest --json                         the stored document\n\
         \x20 asof check 2025-11-06                              its queries, and whether they will work\n"
    )
}

/// The folder of this program, unless the shell finds an `asof` by its name.
fn missing_from_path() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    if std::env::split_paths(&path).any(|folder| folder.join("asof").is_file()) {
        return None;
    }
    std::env::current_exe().ok()?.parent().map(Path::to_owned)
}

impl From<DemoError> for Failure {
    fn from(error: DemoError) -> Self {
        match error {
            DemoError::Save(error) => SaveError::into(error),
            DemoError::Archive(error) => ArchiveError::into(error),
            other => {
                let hint = other.hint();
                Self::new(exit::FAILED, other, hint)
            }
        }
    }
}
