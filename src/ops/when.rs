//! Which frozen day is meant: `2025-11-06`, `2025-11-06@2`, `latest`, `latest~3`, `yesterday`, `-7d`.

use std::fmt;
use std::str::FromStr;

use crate::archive::{Archive, ArchiveError, Frozen, History, SnapshotLine};
use crate::calendar::DayName;
use crate::model::{Day, Edition, Provenance, SnapshotId};

/// A frozen day as it was named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct When {
    /// Which day.
    pub day: WhichDay,
    /// Which edition, when one was named.
    pub edition: Option<WhichEdition>,
}

/// Which edition of a day is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhichEdition {
    /// That of this number.
    Number(Edition),
    /// The last that there is.
    Latest,
    /// The first that there is, provisional or not.
    Original,
}

/// Which day is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhichDay {
    /// A day by its name.
    Named(DayName),
    /// The newest frozen day, or so many frozen days before it.
    Latest {
        /// How many frozen days before it.
        before: u32,
    },
}

/// A text that names no frozen day.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} names no day: give a date such as 2025-11-06, 2025-11-06@2 or 2025-11-06@original, latest, latest~3, yesterday or -7d"
)]
pub struct WhenError {
    /// What was given.
    pub text: String,
}

impl FromStr for When {
    type Err = WhenError;

    fn from_str(text: &str) -> Result<Self, WhenError> {
        let wrong = || WhenError { text: text.to_owned() };
        let (name, edition) = match text.split_once('@') {
            None => (text, None),
            Some((name, "latest")) => (name, Some(WhichEdition::Latest)),
            Some((name, "original")) => (name, Some(WhichEdition::Original)),
            Some((name, number)) => {
                let plain = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
                let number = if plain { number.parse().ok() } else { None };
                let edition = number.and_then(Edition::new).ok_or_else(wrong)?;
                (name, Some(WhichEdition::Number(edition)))
            }
        };
        let day = match name.strip_prefix("latest") {
            Some("") => WhichDay::Latest { before: 0 },
            Some(rest) => {
                let number = rest.strip_prefix('~').filter(|rest| rest.bytes().all(|b| b.is_ascii_digit()));
                WhichDay::Latest { before: number.and_then(|rest| rest.parse().ok()).ok_or_else(wrong)? }
            }
            None => WhichDay::Named(name.parse().map_err(|_| wrong())?),
        };
        Ok(Self { day, edition })
    }
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.day {
            WhichDay::Named(name) => name.fmt(f)?,
            WhichDay::Latest { before: 0 } => f.write_str("latest")?,
            WhichDay::Latest { before } => write!(f, "latest~{before}")?,
        }
        match self.edition {
            None => Ok(()),
            Some(WhichEdition::Number(edition)) => write!(f, "@{edition}"),
            Some(WhichEdition::Latest) => f.write_str("@latest"),
            Some(WhichEdition::Original) => f.write_str("@original"),
        }
    }
}

/// Why there is no such frozen day.
#[derive(Debug, thiserror::Error)]
pub enum NotFound {
    /// It is not in the archive.
    #[error("{day} is not in the archive")]
    Day {
        /// The day.
        day: Day,
        /// The frozen days next to it: before and after.
        nearest: Vec<Day>,
    },
    /// The day is, the edition is not.
    #[error("{id} is not in the archive: the day has {have}")]
    Edition {
        /// What was asked for.
        id: SnapshotId,
        /// The editions that are there, in words.
        have: String,
    },
    /// There are fewer frozen days.
    #[error("there is no {when}: the archive holds {days} {}", if *days == 1 { "day" } else { "days" })]
    TooFew {
        /// What was asked for.
        when: When,
        /// How many days it holds.
        days: usize,
    },
    /// The name leads out of the calendar.
    #[error("{0} lies before the calendar begins")]
    BeforeCalendar(When),
    /// The archive can't be read.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
}

impl NotFound {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Day { nearest, .. } if nearest.is_empty() => {
                Some("the archive holds no day yet: asof save freezes one".to_owned())
            }
            Self::Day { nearest, .. } => {
                let days: Vec<String> = nearest.iter().map(ToString::to_string).collect();
                Some(format!("the nearest days that exist: {}", days.join(" and ")))
            }
            Self::TooFew { days: 0, .. } => Some("asof save freezes a day".to_owned()),
            Self::Edition { .. } | Self::TooFew { .. } | Self::BeforeCalendar(_) => {
                Some("asof list shows what there is".to_owned())
            }
            Self::Archive(error) => error.hint(),
        }
    }
}

/// The frozen edition that is meant where days are held against each other: the latest, unless one is named.
///
/// # Errors
/// When there is none.
pub fn find_latest(history: &History, when: When, today: Day) -> Result<&Frozen, NotFound> {
    let edition = when.edition.or(Some(WhichEdition::Latest));
    find(history, When { edition, ..when }, today).map_err(|error| match error {
        // It is called as it was named.
        NotFound::TooFew { days, .. } => NotFound::TooFew { when, days },
        NotFound::BeforeCalendar(_) => NotFound::BeforeCalendar(when),
        other => other,
    })
}

/// The frozen edition that is meant. Of several editions of a day it is the first that is
/// not provisional, or the latest when all are.
///
/// # Errors
/// When there is none.
pub fn find(history: &History, when: When, today: Day) -> Result<&Frozen, NotFound> {
    let day = match when.day {
        WhichDay::Named(name) => name.resolve(today).ok_or(NotFound::BeforeCalendar(when))?,
        WhichDay::Latest { before } => {
            let mut days =
                history.days().filter(|(_, editions)| editions.iter().any(|frozen| frozen.present));
            let found = usize::try_from(before).ok().and_then(|before| days.by_ref().rev().nth(before));
            let total = || history.days().count();
            found.map(|(day, _)| day).ok_or_else(|| NotFound::TooFew { when, days: total() })?
        }
    };
    let editions = history.day(day)?;
    if editions.is_empty() {
        return Err(NotFound::Day { day, nearest: nearest(history, day) });
    }
    let missing = || NotFound::Day { day, nearest: nearest(history, day) };
    let wanted = match when.edition {
        Some(WhichEdition::Number(edition)) => {
            let found = editions.iter().find(|frozen| frozen.line.edition == edition);
            found.ok_or_else(|| NotFound::Edition {
                id: SnapshotId::new(day, edition),
                have: in_words(editions),
            })?
        }
        Some(WhichEdition::Latest) => editions.last().ok_or_else(missing)?,
        Some(WhichEdition::Original) => editions.first().ok_or_else(missing)?,
        None => shown(editions).ok_or_else(missing)?,
    };
    // Whether its folder is there is the archive's to say.
    Ok(history.get(&wanted.line.id())?)
}

/// Of a day's editions the one that is shown when none is named: of those whose folder is there, if
/// any is, the first that is not provisional, else the last.
pub fn shown(editions: &[Frozen]) -> Option<&Frozen> {
    let any = editions.iter().any(|frozen| frozen.present);
    let mut there = editions.iter().filter(|frozen| frozen.present || !any);
    let settled = there.clone().find(|frozen| frozen.line.provenance != Provenance::Provisional);
    settled.or_else(|| there.next_back())
}

/// Of a day's editions the latest whose folder is there: the one that other days are compared with.
pub fn latest(editions: &[Frozen]) -> Option<&SnapshotLine> {
    editions.iter().rfind(|frozen| frozen.present).map(|frozen| &frozen.line)
}

fn in_words(editions: &[Frozen]) -> String {
    let numbers: Vec<String> = editions.iter().map(|frozen| frozen.line.edition.to_string()).collect();
    match numbers.split_last() {
        Some((last, [])) => format!("edition {last} only"),
        Some((last, others)) => format!("editions {} and {last}", others.join(", ")),
        None => "no edition".to_owned(),
    }
}

/// The frozen days next to one that is not: before and after.
pub(super) fn nearest(history: &History, day: Day) -> Vec<Day> {
    let before = history.days().rev().map(|(found, _)| found).find(|found| *found < day);
    let after = history.days().map(|(found, _)| found).find(|found| *found > day);
    before.into_iter().chain(after).collect()
}

/// Opens the archive and reads what it holds.
///
/// # Errors
/// When there is none, or it can't be read.
pub fn open(dir: &std::path::Path) -> Result<(Archive, History), ArchiveError> {
    let archive = Archive::open(dir)?;
    let history = archive.history()?;
    Ok((archive, history))
}

#[cfg(test)]
mod tests {
    use super::When;

    #[test]
    fn frozen_days_have_names() {
        for text in [
            "2025-11-06",
            "2025-11-06@2",
            "latest",
            "latest~3",
            "latest@1",
            "yesterday",
            "-7d",
            "-7d@latest",
            "2025-11-06@original",
        ] {
            assert_eq!(text.parse::<When>().unwrap().to_string(), text);
        }
        for text in [
            "",
            "latest~",
            "latest~-1",
            "latest3",
            "2025-11-06@",
            "2025-11-06@0",
            "2025-11-06@+1",
            "2025-11-06@Latest",
            "@2",
            "newest",
        ] {
            assert!(text.parse::<When>().is_err(), "{text}");
        }
    }
}
