//! `asof init`

use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use serde_json::json;

use super::context::{CONFIG_FILE, Context, env};
use super::exit;
use super::failure::Failure;
use super::first_look::{self, First};
use super::init_from::{Found, Proposing};
use super::output::quoted;
use super::preset::{Engine, Preset};

const EXAMPLES: &str = "\
Examples:
  asof init                         a small asof.toml to begin with, here
  asof init --preset vicidial DIR   one for a VICIDIAL call centre, in DIR
  asof init --preset lead-backfill  one for a lead team with months of history
  asof init --preset lead-backfill-api
                                    the same, where an HTTP API has the calls and a second one their outcomes
  asof init --preset video-growth   one for videos whose counters only tell today's total
  asof init --preset video-growth-api
                                    the same, where an HTTP API tells the counters
  asof init --preset account-health one for accounts with health, revenue and playbooks
  asof init --preset account-health --engine postgresql
                                    the same in PostgreSQL's words
  asof init --from mysql://report@127.0.0.1/shop --password-env SHOP_PASSWORD
                                    one proposed from what a database tells: events, entities, what is counted
  asof init --from sqlite:shop.db --table orders --table customers
                                    the same for these tables only";

/// Write a commented asof.toml, and take a first look at entities
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Init {
    /// What it is for
    #[arg(long, value_name = "NAME", value_enum, default_value = "general")]
    preset: Preset,
    /// The database it is for
    #[arg(long, value_name = "NAME", value_enum, default_value = "mysql", conflicts_with = "from")]
    engine: Engine,
    #[command(flatten)]
    from: Proposing,
    /// The folder it is written into
    #[arg(value_name = "DIR", default_value = ".")]
    dir: PathBuf,
}

impl Init {
    /// Runs it.
    ///
    /// # Errors
    /// When there is a configuration already, or it can't be written.
    pub fn run(self, context: &Context<'_>) -> Result<u8, Failure> {
        let path = self.dir.join(CONFIG_FILE);
        let failed =
            |message: String, hint: &str| Failure::said(exit::FAILED, message, Some(hint.to_owned()));
        let there = |path: &Path| {
            let message = format!("{} is there already", path.display());
            failed(message, "choose another folder, or move it away: nothing is overwritten")
        };
        // A database is not looked at for nothing.
        if path.symlink_metadata().is_ok() {
            return Err(there(&path));
        }
        let found = self.from.find(context, &self.dir)?;
        fs::create_dir_all(&self.dir).map_err(|error| {
            let message = format!("the folder {} can't be made: {error}", self.dir.display());
            failed(message, "name a folder that exists, or one that can be made")
        })?;
        let unwritten = |error: std::io::Error| {
            if error.kind() == ErrorKind::AlreadyExists {
                return there(&path);
            }
            let message = format!("{} can't be written: {error}", path.display());
            failed(message, "name a folder that you may write into")
        };
        let text = found.as_ref().map_or(self.preset.text(self.engine), |found| found.text.clone());
        let mut file = OpenOptions::new().write(true).create_new(true).open(&path).map_err(unwritten)?;
        if let Err(error) = file.write_all(text.as_bytes()) {
            // Half a configuration would keep the next try from being made.
            let _ = fs::remove_file(&path);
            return Err(unwritten(error));
        }
        // What could be seen today and is not can't be seen later.
        let looks = first_look::take(context, &path, &|name| match &found {
            Some(found) => found.env(name),
            None => env(name),
        })?;
        if context.output.json() {
            let mut document = json!({ "config": path.display().to_string() });
            if let (Some(document), Some(found)) = (document.as_object_mut(), &found) {
                document.insert("proposed".to_owned(), found.document());
            }
            if let (Some(document), false) = (document.as_object_mut(), looks.is_empty()) {
                document.insert("first_looks".to_owned(), looks.iter().map(First::document).collect());
            }
            context.output.document(&document);
        } else {
            let there = if self.dir.as_os_str() == "." {
                String::new()
            } else {
                format!("  cd {}\n", quoted(&self.dir.display().to_string()))
            };
            let said: String = looks.iter().map(First::sentence).collect();
            let still: String = looks.iter().filter_map(First::command).collect();
            let proposed = found.as_ref().map(Found::told).unwrap_or_default();
            let edit = "  edit it: the source's url, the time zone, the lists\n".to_owned();
            let edit = found.as_ref().map_or(edit, Found::next);
            context.output.answer(&format!(
                "wrote {}\n{proposed}{said}\nnext:\n{edit}{there}  asof check\n{still}  asof save\n",
                path.display()
            ));
        }
        Ok(exit::DONE)
    }
}
