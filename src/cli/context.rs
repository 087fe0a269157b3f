//! What every command has at hand: options, clock, environment and configuration.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};

use super::failure::Failure;
use super::output::Output;
use super::{Global, exit};
use crate::calendar::{Calendar, DayName};
use crate::config::Config;
use crate::model::Day;
use crate::ops::save::day_of;

/// The configuration file's name when none is given.
pub const CONFIG_FILE: &str = "asof.toml";

/// What every command has at hand.
pub struct Context<'o> {
    /// Where things are printed.
    pub output: &'o Output,
    config: Option<PathBuf>,
    tenant: Option<String>,
    in_turn: bool,
    fixed_now: Option<DateTime<Utc>>,
}

impl<'o> Context<'o> {
    /// Reads the environment.
    ///
    /// # Errors
    /// When `ASOF_NOW` is no time.
    pub fn new(global: &Global, output: &'o Output) -> Result<Self, Failure> {
        let fixed_now = std::env::var_os("ASOF_NOW")
            .map(|text| {
                let time = text.to_str().and_then(|text| DateTime::parse_from_rfc3339(text).ok());
                time.ok_or_else(|| {
                    let message = format!("ASOF_NOW is \"{}\", which is no time of RFC 3339", text.display());
                    let hint = "write it as 2025-11-07T02:05:00-06:00, or unset it".to_owned();
                    Failure::said(exit::USAGE, message, Some(hint))
                })
            })
            .transpose()?;
        Ok(Self {
            output,
            config: global.config.clone(),
            tenant: global.tenant.clone(),
            in_turn: false,
            fixed_now: fixed_now.map(|now| now.to_utc()),
        })
    }

    /// The same for one tenant, where it is the turn of each.
    pub fn of_tenant(&self, id: &str) -> Self {
        Self {
            output: self.output,
            config: self.config.clone(),
            tenant: Some(id.to_owned()),
            in_turn: true,
            fixed_now: self.fixed_now,
        }
    }

    /// The tenant that was named.
    pub fn tenant(&self) -> Option<&str> {
        self.tenant.as_deref()
    }

    /// Whether it is the turn of one tenant after the other.
    pub fn in_turn(&self) -> bool {
        self.in_turn
    }

    /// A hint that names commands, with the tenant that they are to be about.
    pub fn hint(&self, hint: &str) -> String {
        super::tenants::hint(hint, self.tenant())
    }

    /// Refuses a tenant for a command that writes the configuration itself.
    ///
    /// # Errors
    /// When one was named.
    pub fn no_tenant(&self, command: &str) -> Result<(), Failure> {
        if self.tenant.is_none() {
            return Ok(());
        }
        let message = format!("asof {command} is about no tenant: it writes a configuration anew");
        let hint = "leave --tenant out; [tenants] in the configuration names those there are".to_owned();
        Err(Failure::said(exit::USAGE, message, Some(hint)))
    }

    /// The clock.
    pub fn now(&self) -> DateTime<Utc> {
        self.fixed_now.unwrap_or_else(Utc::now)
    }

    /// Whether the clock was set for a rehearsal.
    pub fn clock_is_fixed(&self) -> bool {
        self.fixed_now.is_some()
    }

    /// The configuration file's path.
    pub fn config_path(&self) -> &Path {
        self.config.as_deref().unwrap_or(Path::new(CONFIG_FILE))
    }

    /// Reads the configuration; where there are tenants, as that of the one that was named.
    ///
    /// # Errors
    /// When it can't be read or has problems; when there are tenants and none of them was named, or one was
    /// named and there is no such tenant.
    pub fn config(&self) -> Result<Config, Failure> {
        let config = self.config_of_all()?;
        if config.tenants.is_empty() || config.tenant.is_some() {
            return Ok(config);
        }
        let message = "there are tenants, and each has an archive of its own".to_owned();
        Err(Failure::said(exit::USAGE, message, Some(format!("name one by --tenant: {}", known(&config)))))
    }

    /// Reads the configuration, for a command that is about all tenants where none was named.
    ///
    /// # Errors
    /// When it can't be read or has problems, or a tenant was named and there is no such tenant.
    pub fn config_of_all(&self) -> Result<Config, Failure> {
        let config = self.parsed()?;
        let Some(id) = &self.tenant else { return Ok(config) };
        config.of_tenant(id).ok_or_else(|| {
            let hint = if config.tenants.is_empty() {
                "the configuration has no [tenants]: leave --tenant out".to_owned()
            } else {
                format!("there are {}", known(&config))
            };
            Failure::said(exit::USAGE, format!("there is no tenant {id:?}"), Some(hint))
        })
    }

    fn parsed(&self) -> Result<Config, Failure> {
        let path = self.config_path();
        let bytes = fs::read(path).map_err(|error| {
            let (message, hint) = if error.kind() == ErrorKind::NotFound {
                let message = format!("there is no configuration {}", path.display());
                (message, "asof init writes one; another place is named by --config FILE or ASOF_CONFIG")
            } else {
                let message = format!("the configuration {} can't be read: {error}", path.display());
                (message, "name a file that can be read by --config FILE or ASOF_CONFIG")
            };
            Failure::said(exit::USAGE, message, Some(hint.to_owned()))
        })?;
        Ok(Config::parse_bytes(&bytes, path)?)
    }

    /// The day in which now lies.
    ///
    /// # Errors
    /// Beyond the ends of the calendar.
    pub fn today(&self, config: &Config) -> Result<Day, Failure> {
        Ok(day_of(&Calendar::new(config.calendar), DayName::DaysAgo(0), &|| self.now())?)
    }
}

/// Looks up an environment variable.
pub fn env(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Runs asynchronous work to its end on this thread.
///
/// # Errors
/// When the system gives no event queue.
pub fn block_on<T>(work: impl Future<Output = T>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| {
        Failure::new(exit::FAILED, anyhow::Error::new(error).context("the runtime can't start"), None)
    })?;
    Ok(runtime.block_on(work))
}

/// The tenants that there are, for a hint.
fn known(config: &Config) -> String {
    config.tenants.iter().map(|id| format!("{id:?}")).collect::<Vec<_>>().join(", ")
}
