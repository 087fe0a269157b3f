//! The files that a backfill keeps beside the configuration: its plan, its statistics, and the
//! lock of the run. None of them is part of the archive; all but the plan can be made again.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::plan::{FORMAT, PlanDoc};
use crate::ops::whole;

/// Where a backfill keeps its files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateFiles {
    /// The plan.
    pub plan: PathBuf,
    /// The statistics.
    pub stats: PathBuf,
    /// The lock of the run.
    pub lock: PathBuf,
}

/// What is wrong with these files.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// One can't be read or written.
    #[error("can't {doing} {}: {error}", path.display())]
    Io {
        /// The verb: `read`, `write`, `replace`.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The plan is none that is understood.
    #[error("{} is no plan of a backfill: {what}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// Another backfill is running.
    #[error("another backfill of this configuration is running")]
    Running {
        /// The lock it holds.
        path: PathBuf,
    },
    /// There is no plan to go on with.
    #[error("there is no backfill to resume: {} does not exist", path.display())]
    NoPlan {
        /// Where it would be.
        path: PathBuf,
    },
}

impl StateError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Io { error, .. } => match error.kind() {
                ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => Some(
                    "a backfill keeps its plan beside the configuration: let this folder be writable"
                        .to_owned(),
                ),
                _ => None,
            },
            Self::Unreadable { .. } => Some(
                "move it away and name the range again: days that are frozen are not read again".to_owned(),
            ),
            Self::Running { .. } => {
                Some("wait until it is over, or stop it: the next run goes on there".to_owned())
            }
            Self::NoPlan { .. } => {
                Some("name a range: asof backfill --from 2025-12-01 --to 2026-01-07".to_owned())
            }
        }
    }
}

/// The lock of a run; it opens when this falls or the process dies.
#[derive(Debug)]
pub struct RunLock {
    _file: File,
}

impl StateFiles {
    /// Those of the configuration at `config`: `backfill.json` and `backfill-stats.json` in its
    /// folder, with its name in front when it is not called `asof.toml`.
    pub fn beside(config: &Path, tenant: Option<&str>) -> Self {
        let of = |name: &str, end: &str| whole::beside_of(config, tenant, name, end);
        let lock = of("backfill", "lock");
        let hidden = lock.file_name().map(|name| format!(".{}", name.to_string_lossy()));
        Self {
            plan: of("backfill", "json"),
            stats: of("backfill-stats", "json"),
            lock: lock.with_file_name(hidden.unwrap_or_default()),
        }
    }

    /// Takes the lock of the run; one run at a time.
    ///
    /// # Errors
    /// When another run holds it, or it can't be opened.
    pub fn lock(&self) -> Result<RunLock, StateError> {
        let io = |error| StateError::Io { doing: "open", path: self.lock.clone(), error };
        let file =
            OpenOptions::new().write(true).create(true).truncate(false).open(&self.lock).map_err(io)?;
        match file.try_lock() {
            Ok(()) => Ok(RunLock { _file: file }),
            Err(TryLockError::WouldBlock) => Err(StateError::Running { path: self.lock.clone() }),
            Err(TryLockError::Error(error)) => {
                Err(StateError::Io { doing: "lock", path: self.lock.clone(), error })
            }
        }
    }

    /// The plan that is kept; `None` when there is none.
    ///
    /// # Errors
    /// When it can't be read, or is no plan.
    pub fn read_plan(&self) -> Result<Option<PlanDoc>, StateError> {
        let bytes = match fs::read(&self.plan) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(StateError::Io { doing: "read", path: self.plan.clone(), error }),
        };
        let wrong = |what: String| StateError::Unreadable { path: self.plan.clone(), what };
        let plan: PlanDoc = serde_json::from_slice(&bytes).map_err(|error| wrong(error.to_string()))?;
        if plan.format != FORMAT {
            return Err(wrong(format!("its format is {:?}, and this version reads {FORMAT}", plan.format)));
        }
        plan.check().map_err(wrong)?;
        Ok(Some(plan))
    }

    /// Keeps the plan in the place of the one before; the caller holds the lock of the run.
    ///
    /// # Errors
    /// When it can't be written.
    pub fn write_plan(&self, plan: &PlanDoc) -> Result<(), StateError> {
        let bytes = plan.to_json().map_err(|error| StateError::Io {
            doing: "write",
            path: self.plan.clone(),
            error: error.into(),
        })?;
        replace(&self.plan, &bytes)
    }

    /// Keeps the statistics in the place of those before; the caller holds the lock of the run.
    ///
    /// # Errors
    /// When they can't be written.
    pub fn write_stats(&self, bytes: &[u8]) -> Result<(), StateError> {
        replace(&self.stats, bytes)
    }
}

/// Puts a file in the place of the one before. Everybody may read it whom the user's own settings let read.
fn replace(path: &Path, bytes: &[u8]) -> Result<(), StateError> {
    let staged = whole::hidden(path, "new");
    let io = |whole::Refused { doing, path, error }: whole::Refused| StateError::Io { doing, path, error };
    whole::replace(path, &staged, 0o666, |file| file.write_all(bytes)).map_err(io)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{StateError, StateFiles};

    #[test]
    fn files_lie_beside_the_configuration_under_its_name() {
        let names = |config: &str| {
            let files = StateFiles::beside(Path::new(config), None);
            [files.plan, files.stats, files.lock].map(|path| path.display().to_string())
        };
        assert_eq!(names("asof.toml"), ["backfill.json", "backfill-stats.json", ".backfill.lock"]);
        assert_eq!(
            names("/etc/asof/leads.toml"),
            [
                "/etc/asof/leads.backfill.json",
                "/etc/asof/leads.backfill-stats.json",
                "/etc/asof/.leads.backfill.lock"
            ]
        );
    }

    #[test]
    fn nothing_is_left_beside_a_file_that_is_replaced() {
        let dir = tempfile::tempdir().unwrap();
        let files = StateFiles::beside(&dir.path().join("asof.toml"), None);
        // A run was killed while it wrote.
        std::fs::write(dir.path().join(".backfill-stats.json.new"), "[{\"da").unwrap();
        files.write_stats(b"[]").unwrap();
        std::fs::remove_file(&files.stats).unwrap();
        std::fs::create_dir(&files.stats).unwrap();
        assert!(files.write_stats(b"[]").is_err());
        std::fs::remove_dir(&files.stats).unwrap();
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }

    #[test]
    fn one_run_at_a_time_holds_the_lock() {
        let dir = tempfile::tempdir().unwrap();
        let files = StateFiles::beside(&dir.path().join("asof.toml"), None);
        let held = files.lock().unwrap();
        assert!(matches!(files.lock(), Err(StateError::Running { .. })));
        drop(held);
        files.lock().unwrap();
    }

    #[test]
    fn what_is_no_plan_is_refused_and_stays() {
        let dir = tempfile::tempdir().unwrap();
        let files = StateFiles::beside(&dir.path().join("asof.toml"), None);
        assert!(files.read_plan().unwrap().is_none());
        std::fs::write(&files.plan, "{\"format\":\"asof.backfill/2\"}").unwrap();
        assert!(matches!(files.read_plan(), Err(StateError::Unreadable { .. })));
    }
}
