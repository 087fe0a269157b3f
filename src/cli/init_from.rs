//! `asof init --from URL`: the configuration that is proposed from what a database tells.

use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};

use super::context::{Context, block_on, env};
use super::exit;
use super::failure::Failure;
use super::progress::TerminalProgress;
use crate::config::{PasswordFrom, SourceUrl};
use crate::ops::propose::{ProposeError, ProposeRequest, Proposed, look};
use crate::view::text::safe;

/// The environment variable of a source's password when none is named.
const PASSWORD_ENV: &str = "ASOF_SOURCE_PASSWORD";

/// What `--from` is for.
const FROM: &str = "Look at this database, which is only read, and propose a configuration: mysql://user@host/database, postgres://user@host/database or sqlite:file.db";

/// The options of it.
#[derive(Debug, clap::Args)]
pub struct Proposing {
    /// Where the database is.
    #[arg(long, value_name = "URL", conflicts_with = "preset", help = FROM)]
    from: Option<String>,
    /// A table to propose something for, instead of those that look worth it; may be repeated
    #[arg(long, value_name = "NAME", requires = "from")]
    table: Vec<String>,
    /// The environment variable that holds the database's password
    #[arg(long, value_name = "NAME", requires = "from")]
    password_env: Option<String>,
}

/// A proposal, and what is to be said of it.
pub struct Found {
    /// The text of the configuration.
    pub text: String,
    events: Vec<String>,
    entities: Vec<String>,
    left_out: usize,
    url: String,
    password_env: Option<String>,
    /// The password that stood in the URL.
    password: Option<SecretString>,
}

impl Proposing {
    /// Looks at the database, if one was named. The configuration is to lie in `dir`.
    ///
    /// # Errors
    /// When the URL is wrong, the database can't be read, or nothing can be proposed.
    pub fn find(&self, context: &Context<'_>, dir: &Path) -> Result<Option<Found>, Failure> {
        let Some(from) = &self.from else { return Ok(None) };
        let url = SourceUrl::parse(from, &base(dir)?)
            .map_err(|error| Failure::said(exit::USAGE, error.to_string(), error.hint()))?;
        let password = match &url {
            SourceUrl::Mysql(url) | SourceUrl::Postgres(url) => url.password.clone(),
            SourceUrl::Sqlite(_) => None,
        };
        let has_passwords = !matches!(url, SourceUrl::Sqlite(_));
        let password_env = match &self.password_env {
            Some(name) => Some(name.clone()),
            None if password.is_some() || has_passwords && env(PASSWORD_ENV).is_some() => {
                Some(PASSWORD_ENV.to_owned())
            }
            None => None,
        };
        let asked_by_name = self.password_env.is_some() || password.is_none();
        let from =
            password_env.clone().filter(|_| asked_by_name).map_or(PasswordFrom::None, PasswordFrom::Env);
        let request = ProposeRequest {
            url: &url,
            password: from,
            password_env: password_env.clone(),
            tables: &self.table,
        };
        let progress = TerminalProgress::new(context.output);
        let proposed = block_on(look(&request, &env, &progress))?;
        progress.clear();
        let Proposed { proposal, text } = proposed?;
        Ok(Some(Found {
            text,
            events: proposal.events.iter().filter(|one| one.taken).map(|one| one.name.clone()).collect(),
            entities: proposal.entities.iter().filter(|one| one.taken).map(|one| one.name.clone()).collect(),
            left_out: proposal.left_out.len()
                + proposal.events.iter().filter(|one| !one.taken).count()
                + proposal.entities.iter().filter(|one| !one.taken).count(),
            url: url.redacted(),
            password_env,
            password,
        }))
    }
}

/// What relative paths of the URL are relative to: a path that is written into another folder has to be whole.
fn base(dir: &Path) -> Result<PathBuf, Failure> {
    if dir.as_os_str() == "." {
        return Ok(PathBuf::new());
    }
    std::env::current_dir().map_err(|error| {
        Failure::said(exit::FAILED, format!("the folder that asof runs in can't be told: {error}"), None)
    })
}

impl Found {
    /// The environment, in which the password of the URL stands as it is to stand later.
    pub fn env(&self, name: &str) -> Option<String> {
        let own = || self.password.as_ref().filter(|_| self.password_env.as_deref() == Some(name));
        env(name).or_else(|| own().map(|password| password.expose_secret().to_owned()))
    }

    /// What was proposed, in lines.
    pub fn told(&self) -> String {
        let mut told = format!("\nproposed from {}:\n", safe(&self.url));
        for (what, names) in [("events", &self.events), ("entities", &self.entities)] {
            if !names.is_empty() {
                told.push_str(&format!("  {what:<9} {}\n", names.join(", ")));
            }
        }
        let tables =
            if self.left_out == 1 { "1 table".to_owned() } else { format!("{} tables", self.left_out) };
        if self.left_out > 0 {
            told.push_str(&format!("  not taken {tables}: the file says why\n"));
        }
        told
    }

    /// What is to be done next, in lines.
    pub fn next(&self) -> String {
        let mut next = "  look it through: each choice says why it was made\n".to_owned();
        if let Some(name) = self.password_env.as_ref().filter(|name| env(name).is_none()) {
            next.push_str(&format!(
                "  put the password into the environment variable {}: it is not in the file\n",
                safe(name)
            ));
        }
        next
    }

    /// The same for programs.
    pub fn document(&self) -> Value {
        json!({
            "from": self.url,
            "events": self.events,
            "entities": self.entities,
            "not_taken": self.left_out,
            "password_env": self.password_env,
        })
    }
}

impl From<ProposeError> for Failure {
    fn from(error: ProposeError) -> Self {
        let code = match &error {
            ProposeError::Source(error) if error.is_unreachable() => exit::UNREACHABLE,
            ProposeError::NoTable { .. } => exit::USAGE,
            _ => exit::FAILED,
        };
        let hint = error.hint();
        Self::new(code, error, hint)
    }
}
