//! Which keys are out for good, and why. Pure.
//!
//! Only keys that matter are kept: there may be millions of others. Patterns are kept all, by the
//! places of their open digits, so that a key is looked up once for each way of placing them.

use std::collections::{HashMap, HashSet};

use super::key::Key;
use crate::model::Phone;
use crate::model::definitions::KeyKind;

/// Keys that are out for good, each with the first of the reasons.
#[derive(Clone, Debug, Default)]
pub struct Outs {
    kind: Option<KeyKind>,
    reasons: Vec<String>,
    keys: HashMap<Box<str>, usize>,
    patterns: HashMap<Box<str>, HashMap<Box<str>, usize>>,
    unusable: Vec<HashSet<Box<str>>>,
    unknown: HashSet<Box<str>>,
}

impl Outs {
    /// None yet; the reasons are given in order: where several hold, the first is told.
    pub fn new(kind: Option<KeyKind>, reasons: Vec<String>) -> Self {
        let unusable = vec![HashSet::new(); reasons.len()];
        Self { kind, reasons, unusable, ..Self::default() }
    }

    /// A text whose key is out for the reason of this number, unless nobody wants to know of it.
    pub fn add(&mut self, reason: usize, text: &str, wanted: impl Fn(&str) -> bool) {
        if let Key::Usable(key) = Key::read(self.kind, text)
            && wanted(&key)
        {
            let known = self.keys.entry(key).or_insert(reason);
            *known = reason.min(*known);
        }
    }

    /// A text whose key has an event of which nobody knows whether it puts the key out.
    pub fn add_unknown(&mut self, text: &str, wanted: impl Fn(&str) -> bool) {
        if let Key::Usable(key) = Key::read(self.kind, text)
            && wanted(&key)
        {
            self.unknown.insert(key);
        }
    }

    /// Whether a key may be out, and nobody knows.
    pub fn is_unknown(&self, key: &str) -> bool {
        self.unknown.contains(key)
    }

    /// The same as [`Outs::add`] for a text of a query of keys that are out: it may be a pattern, and what can't be
    /// taken is counted.
    pub fn add_listed(&mut self, reason: usize, text: &str, wanted: impl Fn(&str) -> bool) {
        if self.kind == Some(KeyKind::Phone)
            && text.contains(['x', 'X'])
            && let Some(pattern) = pattern(text)
        {
            let same = self.patterns.entry(places(&pattern)).or_default();
            let known = same.entry(pattern.into()).or_insert(reason);
            *known = reason.min(*known);
            return;
        }
        if Key::read(self.kind, text) == Key::Unusable {
            if let Some(unusable) = self.unusable.get_mut(reason) {
                unusable.insert(text.into());
            }
            return;
        }
        self.add(reason, text, wanted);
    }

    /// Why a key is out, as the number of the reason; `None` when it is not.
    pub fn reason(&self, key: &str) -> Option<usize> {
        let by_pattern = self.patterns.iter().filter_map(|(places, patterns)| {
            if places.len() != key.len() {
                return None;
            }
            let masked: String = key
                .chars()
                .zip(places.chars())
                .map(|(c, open)| if open == OPEN { OPEN } else { c })
                .collect();
            patterns.get(masked.as_str()).copied()
        });
        self.keys.get(key).copied().into_iter().chain(by_pattern).min()
    }

    /// The reasons, in order; the same name may occur twice.
    pub fn reasons(&self) -> &[String] {
        &self.reasons
    }

    /// How many texts of a reason's query are no key, so that they keep nobody out.
    pub fn unusable(&self, reason: usize) -> u64 {
        self.unusable.get(reason).map_or(0, |texts| texts.len() as u64)
    }
}

/// A digit that is left open.
const OPEN: char = 'X';

/// A pattern of phone numbers as a key with open digits: `+1314XXXXXXX`; `None` when it is none.
fn pattern(text: &str) -> Option<String> {
    let text = text.trim().to_uppercase();
    let marks = |c: char| c.is_whitespace() || matches!(c, '+' | '-' | '(' | ')' | '.' | '/');
    if text.contains(|c: char| !(c.is_ascii_digit() || c == OPEN || marks(c))) {
        return None;
    }
    // With any digit in the open places it is read as a phone number is.
    let number = match Phone::read(&text.replace(OPEN, "0")) {
        Phone::Usable(number) => number,
        Phone::Unusable(_) | Phone::Blank => return None,
    };
    let digits: String = text.chars().filter(|c| c.is_ascii_digit() || *c == OPEN).collect();
    let country = number.get(..number.len().checked_sub(digits.len())?)?;
    Some(format!("{country}{digits}"))
}

/// Where a pattern's open digits are: the pattern with all others blotted out.
fn places(pattern: &str) -> Box<str> {
    pattern.chars().map(|c| if c == OPEN { OPEN } else { '.' }).collect::<String>().into()
}

#[cfg(test)]
mod tests {
    use super::{Outs, pattern};
    use crate::model::definitions::KeyKind;

    #[test]
    fn a_pattern_is_read_like_a_number() {
        for (text, expected) in [
            ("314XXXXXXX", Some("+1314XXXXXXX")),
            ("1314xxxxxxx", Some("+1314XXXXXXX")),
            (" (314) 555-01XX ", Some("+131455501XX")),
            ("+44-20-XXXX-XXXX", Some("+4420XXXXXXXX")),
            ("3X45550100", Some("+13X45550100")),
            ("X3145550100", None),
            ("314XXXX", None),
            ("XXX", None),
            ("extra", None),
            ("x", None),
        ] {
            assert_eq!(pattern(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn each_open_digit_stands_for_any_one() {
        let mut outs = Outs::new(Some(KeyKind::Phone), vec!["sale".into(), "dnc".into()]);
        outs.add_listed(1, "314XXXXXXX", |_| true);
        outs.add_listed(1, "573555X1XX", |_| true);
        outs.add_listed(1, "+44-20-XXXX-0000", |_| true);
        outs.add_listed(1, "5550100", |_| true);
        outs.add_listed(1, "31X", |_| true);
        outs.add(0, "3145550101", |_| true);
        outs.add(0, "9995550101", |_| false);
        for (key, reason) in [
            ("+13145550100", Some(1)),
            ("+13145550101", Some(0)),
            ("+13155550100", None),
            ("+15735550199", Some(1)),
            ("+15735550299", None),
            ("+442079460000", Some(1)),
            ("+442079460001", None),
            ("+9131455501000", None),
            ("+9995550101", None),
        ] {
            assert_eq!(outs.reason(key), reason, "{key}");
        }
        assert_eq!((outs.unusable(0), outs.unusable(1)), (0, 2));
    }

    #[test]
    fn without_a_kind_a_text_is_itself() {
        let mut outs = Outs::new(None, vec!["dnc".into()]);
        outs.add_listed(0, " X-ray ", |_| true);
        assert_eq!(outs.reason("X-ray"), Some(0));
        assert_eq!(outs.reason("Xxray"), None);
    }
}
