//! Why growth can't be told, and what to do about it.

use crate::archive::ArchiveError;
use crate::model::Day;

/// Why growth can't be told.
#[derive(Debug, thiserror::Error)]
pub enum GrowthError {
    /// Nobody ever looked.
    #[error("nobody has looked at {entity} yet")]
    NoLook {
        /// The entities.
        entity: String,
    },
    /// A day has no look.
    #[error("there is no look at {entity} for {day}{}", because(reason.as_ref()))]
    NoDay {
        /// The entities.
        entity: String,
        /// The day.
        day: Day,
        /// Why, as far as the archive says.
        reason: Option<String>,
        /// The nearest day that has one.
        nearest: Option<Day>,
    },
    /// The one that is asked for has no row.
    #[error("{entity} {key:?} has no row {}: {}", spoken(*day), if *waits { "it was not due then" } else { "it was not there" })]
    NoRow {
        /// The entities.
        entity: String,
        /// Its key.
        key: String,
        /// The day of the look that would have it; `None` where there is no look with it at all.
        day: Option<Day>,
        /// Whether it was there, and only not due.
        waits: bool,
    },
    /// The newest row of the one that is asked for was thinned.
    #[error("the newest row of {entity} {key:?}, its number {seq}, was thinned")]
    Thinned {
        /// The entities.
        entity: String,
        /// Its key.
        key: String,
        /// That row's number.
        seq: u64,
    },
    /// A field was not read by the look that counts.
    #[error("{name:?} was not read by the look at {entity} of {day}")]
    Unread {
        /// The entities.
        entity: String,
        /// The field.
        name: String,
        /// The look's day.
        day: Day,
    },
    /// There is no such field.
    #[error("{name:?} is no {kind} of {entity}")]
    NoField {
        /// The entities.
        entity: String,
        /// What was asked for.
        name: String,
        /// What it should be.
        kind: &'static str,
        /// What there is.
        known: Vec<String>,
    },
    /// There are no counters.
    #[error("{entity} has no counters, and only these grow")]
    NoCounters {
        /// The entities.
        entity: String,
    },
    /// The older day is not before the newer one.
    #[error("{from} is not before {to}")]
    Backwards {
        /// The older one.
        from: Day,
        /// The newer one.
        to: Day,
    },
    /// The archive can't be read.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
}

impl GrowthError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NoLook { .. } => Some("asof save looks once a day, shortly after the day's end".to_owned()),
            Self::NoRow { .. } => None,
            Self::Thinned { .. } => Some("the next look at it, or a capture, has a row again".to_owned()),
            Self::Unread { .. } => Some("the next look reads it".to_owned()),
            Self::NoDay { nearest, .. } => nearest.map(|day| format!("the nearest look is that of {day}")),
            Self::NoField { known, .. } if known.is_empty() => None,
            Self::NoField { known, .. } => Some(format!("there are {}", known.join(", "))),
            Self::NoCounters { .. } => Some("name columns under counters".to_owned()),
            Self::Backwards { .. } => Some("name the earlier day first".to_owned()),
            Self::Archive(error) => error.hint(),
        }
    }
}

fn because(reason: Option<&String>) -> String {
    reason.map_or_else(String::new, |reason| format!(": {reason}"))
}

fn spoken(day: Option<Day>) -> String {
    day.map_or_else(|| "in any look".to_owned(), |day| format!("in the look of {day}"))
}
