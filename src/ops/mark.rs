//! What is said of a frozen day: labels, remarks, and that it is to be kept whole.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::index::{self, IndexError};
use super::when::{self, NotFound, When};
use crate::archive::{ArchiveError, Mark};
use crate::config::Config;
use crate::model::Day;

/// How many characters a label may have.
const LONGEST_LABEL: usize = 200;
/// How many characters a remark may have.
const LONGEST_NOTE: usize = 2000;

/// What is to be said of a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// It is to have this label, or no longer.
    Label(String, bool),
    /// A remark.
    Note(String),
    /// It is to be kept whole, or no longer.
    Pin(bool),
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marking {
    /// The day.
    pub day: Day,
    /// Whether it was written; not when it was so already.
    pub changed: bool,
    /// What went wrong although it was written, as a sentence.
    pub warning: Option<String>,
}

/// Why nothing was said of a day.
#[derive(Debug, thiserror::Error)]
pub enum MarkError {
    /// There is no such frozen day.
    #[error(transparent)]
    NotFound(#[from] NotFound),
    /// An edition was named.
    #[error("{0} names an edition, and what is said is said of the day")]
    Edition(When),
    /// Nothing was said.
    #[error("the {what} is empty")]
    Empty {
        /// What it was to be: `label`.
        what: &'static str,
    },
    /// It is too long.
    #[error("the {what} has {length} characters, and may have {longest}")]
    TooLong {
        /// What it was to be.
        what: &'static str,
        /// How many characters it has.
        length: usize,
        /// How many it may have.
        longest: usize,
    },
    /// It holds a line's end or another control character.
    #[error("the {what} holds a control character")]
    Control {
        /// What it was to be.
        what: &'static str,
    },
    /// The archive refused.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
}

impl MarkError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NotFound(error) => error.hint(),
            Self::Archive(error) => error.hint(),
            Self::Edition(_) => Some("leave out what follows the day".to_owned()),
            Self::Empty { .. } => Some("write a few words in quotes".to_owned()),
            Self::TooLong { .. } => Some("say it in fewer words".to_owned()),
            Self::Control { .. } => Some("write it on one line, without tabs".to_owned()),
        }
    }
}

/// Says something of a frozen day, unless it is so already, and shows it on the page of all days.
///
/// # Errors
/// When there is no such day, the text can't be taken, or the archive refuses.
pub fn mark(
    config: &Config,
    when: When,
    wish: Wish,
    today: Day,
    wait: Duration,
    now: DateTime<Utc>,
) -> Result<Marking, MarkError> {
    let wish = checked(wish)?;
    if when.edition.is_some() {
        return Err(MarkError::Edition(when));
    }
    let (archive, history) = when::open(&config.archive.dir)?;
    archive.writable()?;
    let day = when::find(&history, when, today)?.line.date;
    let known = history.marks(day);
    let mark = match wish {
        Wish::Label(label, set) if known.labels.contains(&label.as_str()) != set => {
            Mark::Label { date: day, label, set }
        }
        Wish::Pin(set) if known.pinned != set => Mark::Pin { date: day, set },
        Wish::Note(text) => Mark::Note { date: day, text },
        Wish::Label(..) | Wish::Pin(_) => return Ok(Marking { day, changed: false, warning: None }),
    };
    archive.mark(&[mark], wait, now)?;
    let warning = index::rebuild(&archive, config).err().map(|error: IndexError| {
        format!("the page of all days could not be written, the next save tries again: {error}")
    });
    Ok(Marking { day, changed: true, warning })
}

fn checked(wish: Wish) -> Result<Wish, MarkError> {
    Ok(match wish {
        Wish::Label(text, set) => Wish::Label(text_of(&text, "label", LONGEST_LABEL)?, set),
        Wish::Note(text) => Wish::Note(text_of(&text, "note", LONGEST_NOTE)?),
        Wish::Pin(set) => Wish::Pin(set),
    })
}

/// A text without blanks around it, if it can be taken.
fn text_of(text: &str, what: &'static str, longest: usize) -> Result<String, MarkError> {
    let text = text.trim();
    let length = text.chars().count();
    if text.is_empty() {
        return Err(MarkError::Empty { what });
    }
    if length > longest {
        return Err(MarkError::TooLong { what, length, longest });
    }
    if text.chars().any(char::is_control) {
        return Err(MarkError::Control { what });
    }
    Ok(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::text_of;

    #[test]
    fn texts_have_limits_in_characters() {
        assert_eq!(text_of(" audit ", "label", 200).unwrap(), "audit");
        assert_eq!(text_of(&"é".repeat(200), "label", 200).unwrap().chars().count(), 200);
        for text in ["", "  ", "a\nb", "a\u{1b}b", "a\tb", &"é".repeat(201)] {
            assert!(text_of(text, "label", 200).is_err(), "{text:?}");
        }
    }
}
