//! What went wrong, as it is told: a message, a hint, and the exit code.

use std::fmt::Display;

use super::exit;
use crate::archive::ArchiveError;
use crate::config::Problems;
use crate::ops::freeze::FreezeError;
use crate::ops::reading::ReadingError;
use crate::ops::save::SaveError;
use crate::ops::when::NotFound;

/// Why a command failed.
#[derive(Debug)]
pub struct Failure {
    /// The exit code.
    pub code: u8,
    /// What happened, as a clause.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// Each problem of a configuration by itself, for programs.
    pub problems: Option<Problems>,
}

impl Failure {
    /// A failure with this exit code.
    pub fn new(code: u8, message: impl Display, hint: Option<String>) -> Self {
        Self { code, message: message.to_string(), hint, problems: None }
    }
}

impl From<Problems> for Failure {
    fn from(problems: Problems) -> Self {
        Self { code: exit::USAGE, message: problems.to_string(), hint: None, problems: Some(problems) }
    }
}

impl From<ArchiveError> for Failure {
    fn from(error: ArchiveError) -> Self {
        Self::new(of_archive(&error), &error, error.hint())
    }
}

impl From<NotFound> for Failure {
    fn from(error: NotFound) -> Self {
        let code = if let NotFound::Archive(error) = &error { of_archive(error) } else { exit::FAILED };
        Self::new(code, &error, error.hint())
    }
}

impl From<SaveError> for Failure {
    fn from(error: SaveError) -> Self {
        let code = match &error {
            SaveError::Refused(_)
            | SaveError::BeforeCalendar(_)
            | SaveError::ClockBeyond(_)
            | SaveError::Plan(_) => exit::USAGE,
            SaveError::Reading { source: ReadingError::Source(error), .. } if error.is_unreachable() => {
                exit::UNREACHABLE
            }
            SaveError::Archive(error) | SaveError::Freeze { source: FreezeError::Archive(error), .. } => {
                of_archive(error)
            }
            _ => exit::FAILED,
        };
        Self::new(code, &error, error.hint())
    }
}

fn of_archive(error: &ArchiveError) -> u8 {
    match error {
        ArchiveError::Locked { .. } => exit::LOCKED,
        _ => exit::FAILED,
    }
}
