//! What went wrong, as it is told: the error with what caused it, a hint, and the exit code.

use super::exit;
use crate::archive::ArchiveError;
use crate::config::Problems;
use crate::ops::alerts::state::StateError;
use crate::ops::compare::{CompareError, SpanError};
use crate::ops::drift::{DayError, DriftError};
use crate::ops::entities::growth::GrowthError;
use crate::ops::entities::history::HistoryError;
use crate::ops::entities::look::EntityError;
use crate::ops::freeze::FreezeError;
use crate::ops::new_file::NewFileError;
use crate::ops::reading::ReadingError;
use crate::ops::save::SaveError;
use crate::ops::series::SeriesError;
use crate::ops::when::NotFound;
use crate::ops::worklist::{FilesError, WorklistError};

/// Why a command failed.
#[derive(Debug)]
pub struct Failure {
    /// The exit code.
    pub code: u8,
    /// What happened, with what was being attempted and what caused it.
    pub error: anyhow::Error,
    /// What to do about it.
    pub hint: Option<String>,
    /// Each problem of a configuration by itself, for programs.
    pub problems: Option<Problems>,
}

impl Failure {
    /// A failure with this exit code.
    pub fn new(code: u8, error: impl Into<anyhow::Error>, hint: Option<String>) -> Self {
        Self { code, error: error.into(), hint, problems: None }
    }

    /// A failure in words of the command line's own.
    pub fn said(code: u8, message: impl Into<String>, hint: Option<String>) -> Self {
        Self::new(code, anyhow::Error::msg(message.into()), hint)
    }

    /// The same with a hint that names the tenant that it is about.
    pub fn about(self, tenant: Option<&str>) -> Self {
        Self { hint: self.hint.map(|hint| super::tenants::hint(&hint, tenant)), ..self }
    }

    /// The error and its causes, on one line.
    pub fn message(&self) -> String {
        format!("{:#}", self.error)
    }
}

impl From<Problems> for Failure {
    fn from(problems: Problems) -> Self {
        Self { problems: Some(problems.clone()), ..Self::new(exit::USAGE, problems, None) }
    }
}

impl From<ArchiveError> for Failure {
    fn from(error: ArchiveError) -> Self {
        let hint = error.hint();
        Self::new(of_archive(&error), error, hint)
    }
}

impl From<StateError> for Failure {
    fn from(error: StateError) -> Self {
        let hint = error.hint();
        Self::new(exit::FAILED, error, hint)
    }
}

impl From<GrowthError> for Failure {
    fn from(error: GrowthError) -> Self {
        let code = match &error {
            GrowthError::NoField { .. } | GrowthError::NoCounters { .. } | GrowthError::Backwards { .. } => {
                exit::USAGE
            }
            GrowthError::NoLook { .. }
            | GrowthError::NoDay { .. }
            | GrowthError::NoRow { .. }
            | GrowthError::Thinned { .. }
            | GrowthError::Unread { .. } => exit::FAILED,
            GrowthError::Archive(error) => of_archive(error),
        };
        let hint = error.hint();
        Self::new(code, error, hint)
    }
}

impl From<HistoryError> for Failure {
    fn from(error: HistoryError) -> Self {
        let code = match &error {
            HistoryError::Several { .. } => exit::USAGE,
            HistoryError::Unknown { .. } | HistoryError::Thinned { .. } => exit::FAILED,
            HistoryError::Archive(error) => of_archive(error),
        };
        let hint = error.hint();
        Self::new(code, error, hint)
    }
}

impl From<EntityError> for Failure {
    fn from(error: EntityError) -> Self {
        let code = match &error {
            error if error.is_unreachable() => exit::UNREACHABLE,
            EntityError::Archive(error) => of_archive(error),
            _ => exit::FAILED,
        };
        let hint = error.hint();
        Self::new(code, error, hint)
    }
}

impl From<NotFound> for Failure {
    fn from(error: NotFound) -> Self {
        let code = if let NotFound::Archive(error) = &error { of_archive(error) } else { exit::FAILED };
        let hint = error.hint();
        Self::new(code, error, hint)
    }
}

impl From<CompareError> for Failure {
    fn from(error: CompareError) -> Self {
        let code = match &error {
            CompareError::Unknown { .. } | CompareError::Span(SpanError::Backwards { .. }) => exit::USAGE,
            CompareError::Archive(error)
            | CompareError::Span(SpanError::NotFound(NotFound::Archive(error))) => of_archive(error),
            CompareError::Span(SpanError::NotFound(_))
            | CompareError::Nothing { .. }
            | CompareError::FirstMonth(_) => exit::FAILED,
        };
        let hint = error.hint();
        Self::new(code, error, hint)
    }
}

impl From<SaveError> for Failure {
    fn from(error: SaveError) -> Self {
        let code = match &error {
            SaveError::Refused(_)
            | SaveError::BeforeCalendar(_)
            | SaveError::ClockBeyond(_)
            | SaveError::Plan(_) => exit::USAGE,
            error if error.is_unreachable() => exit::UNREACHABLE,
            SaveError::Archive(error) | SaveError::Freeze { source: FreezeError::Archive(error), .. } => {
                of_archive(error)
            }
            _ => exit::FAILED,
        };
        let hint = error.hint();
        Self::new(code, error, hint)
    }
}

impl From<DriftError> for Failure {
    fn from(error: DriftError) -> Self {
        let code = match &error {
            DriftError::Source { source, .. } if source.is_connection() => exit::UNREACHABLE,
            DriftError::Archive(error) => of_archive(error),
            DriftError::Source { .. } | DriftError::Key(_) | DriftError::Index(_) => exit::FAILED,
        };
        let hint = error.hint();
        Self::new(code, error, hint)
    }
}

impl From<DayError> for Failure {
    fn from(error: DayError) -> Self {
        match error {
            DayError::Archive(error) => error.into(),
            DayError::Save(error) => error.into(),
            DayError::Reread(error) => {
                let hint = error.hint();
                Self::new(exit::FAILED, error, hint)
            }
        }
    }
}

impl From<SeriesError> for Failure {
    fn from(error: SeriesError) -> Self {
        let code = match &error {
            SeriesError::Metric { .. } | SeriesError::Dimension { .. } => exit::USAGE,
            SeriesError::Nothing => exit::FAILED,
            SeriesError::Archive(error) => of_archive(error),
        };
        let hint = error.hint();
        Self::new(code, error, hint)
    }
}

impl From<NewFileError> for Failure {
    fn from(error: NewFileError) -> Self {
        let hint = error.hint();
        Self::new(exit::FAILED, error, hint)
    }
}

impl From<WorklistError> for Failure {
    fn from(error: WorklistError) -> Self {
        let code = match &error {
            WorklistError::Unknown { .. } | WorklistError::Calendar(_) | WorklistError::Plan(_) => {
                exit::USAGE
            }
            WorklistError::Reading { source: ReadingError::Source(error), .. } if error.is_unreachable() => {
                exit::UNREACHABLE
            }
            WorklistError::Files(FilesError::Locked { .. }) => exit::LOCKED,
            WorklistError::Archive(error) => of_archive(error),
            WorklistError::Reading { .. } | WorklistError::Files(_) => exit::FAILED,
        };
        let hint = error.hint();
        Self::new(code, error, hint)
    }
}

fn of_archive(error: &ArchiveError) -> u8 {
    match error {
        ArchiveError::Locked { .. } => exit::LOCKED,
        _ => exit::FAILED,
    }
}
