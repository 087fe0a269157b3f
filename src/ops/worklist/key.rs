//! Which key a text is: what makes two spellings one entry.

use crate::model::Phone;
use crate::model::definitions::KeyKind;

/// What a text is, taken as a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    /// A key by which entries are told apart.
    Usable(Box<str>),
    /// A text that is no key of this kind.
    Unusable,
    /// Nothing but blanks.
    Blank,
}

impl Key {
    /// Reads a key.
    pub fn read(kind: Option<KeyKind>, text: &str) -> Self {
        match kind {
            Some(KeyKind::Phone) => match Phone::read(text) {
                Phone::Usable(key) => Self::Usable(key.into()),
                Phone::Unusable(_) => Self::Unusable,
                Phone::Blank => Self::Blank,
            },
            None if text.trim().is_empty() => Self::Blank,
            None => Self::Usable(text.trim().into()),
        }
    }
}
