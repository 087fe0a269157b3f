//! Which row of an entity is meant: the latest, that of a day, or one by its snapshot's id.

use std::fmt;
use std::str::FromStr;

use super::history::{Timeline, TimelineRow};
use crate::calendar::DayName;
use crate::model::Day;
use crate::model::entity::RowId;

/// A row as it was named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowName {
    /// So many rows before the latest.
    Latest(usize),
    /// The last row of a day.
    Day(DayName),
    /// By its snapshot's id.
    Id(RowId),
}

/// A text that names no row.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} names no snapshot: give a date, latest, latest~1, -7d, or an id such as 5#3")]
pub struct RowNameError {
    /// What was given.
    pub text: String,
}

impl FromStr for RowName {
    type Err = RowNameError;

    fn from_str(text: &str) -> Result<Self, RowNameError> {
        if text == "latest" {
            return Ok(Self::Latest(0));
        }
        let back = text.strip_prefix("latest~");
        if let Some(back) = back.filter(|back| back.bytes().all(|byte| byte.is_ascii_digit())) {
            return back.parse().map(Self::Latest).map_err(|_| RowNameError { text: text.to_owned() });
        }
        if let Ok(id) = text.parse() {
            return Ok(Self::Id(id));
        }
        text.parse().map(Self::Day).map_err(|_| RowNameError { text: text.to_owned() })
    }
}

impl fmt::Display for RowName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Latest(0) => f.write_str("latest"),
            Self::Latest(back) => write!(f, "latest~{back}"),
            Self::Day(day) => day.fmt(f),
            Self::Id(id) => id.fmt(f),
        }
    }
}

/// That there is no such row.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{of} has no snapshot {name}")]
pub struct NoRow {
    /// The entity.
    pub of: String,
    /// What was asked for.
    pub name: String,
    /// What to do about it.
    pub hint: Option<String>,
}

/// The row that is meant, of all rows of an entity.
///
/// # Errors
/// When there is none.
pub fn pick<'t>(timeline: &'t Timeline, name: &RowName, today: Day) -> Result<&'t TimelineRow, NoRow> {
    let rows = &timeline.rows;
    let mut nearest: Vec<Day> = Vec::new();
    let found = match name {
        RowName::Latest(back) => rows.iter().rev().nth(*back),
        RowName::Id(id) => rows.iter().find(|row| row.kept.row.seq == id.seq && timeline.key == id.key),
        RowName::Day(day) => {
            let day = day.resolve(today);
            let days = || rows.iter().map(|row| row.kept.day);
            nearest.extend(days().filter(|known| day.is_some_and(|day| *known < day)).max());
            nearest.extend(days().filter(|known| day.is_some_and(|day| *known > day)).min());
            rows.iter().rev().find(|row| Some(row.kept.day) == day)
        }
    };
    found.ok_or_else(|| {
        let thinned = match name {
            RowName::Day(day) => {
                let day = day.resolve(today);
                timeline.thinned.iter().find(|(thinned, _)| Some(*thinned) == day).map(|(_, why)| why.clone())
            }
            RowName::Id(id) => {
                let last = rows.last().map(|row| row.kept.row.seq).max(timeline.newest_thinned);
                let had = timeline.key == id.key && last.is_some_and(|last| id.seq <= last);
                had.then(|| "it was thinned".to_owned())
            }
            RowName::Latest(_) => None,
        };
        let ids = rows.first().zip(rows.last());
        let hint = if nearest.is_empty() {
            ids.map(|(first, last)| {
                format!("there are {} to {}", first.kept.row.snapshot_id(), last.kept.row.snapshot_id())
            })
        } else {
            let days: Vec<String> = nearest.iter().map(ToString::to_string).collect();
            Some(format!("the nearest are those of {}", days.join(" and ")))
        };
        let hint = match (thinned, hint) {
            (Some(thinned), Some(hint)) => Some(format!("{thinned}; {hint}")),
            (thinned, hint) => thinned.or(hint),
        };
        NoRow { of: format!("{} {}", timeline.entity, timeline.key), name: name.to_string(), hint }
    })
}

#[cfg(test)]
mod tests {
    use super::RowName;

    #[test]
    fn rows_are_named_as_they_are_shown() {
        for text in ["latest", "latest~2", "2025-11-06", "yesterday", "-7d", "5#3", "a b#12"] {
            assert_eq!(text.parse::<RowName>().unwrap().to_string(), text);
        }
        for text in ["", "latest~", "latest~x", "last", "5#0", "#", "5"] {
            assert!(text.parse::<RowName>().is_err(), "{text}");
        }
    }
}
