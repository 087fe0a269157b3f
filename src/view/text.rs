//! Text from outside, made harmless to look at: no control character reaches a page or a
//! terminal, and a member that is NULL, empty or blank is named as such.

use std::borrow::Cow;

/// The text with every control character replaced by its visible picture: `␛`.
///
/// For pages, where each such text stands in an element that isolates its direction.
pub fn visible(text: &str) -> Cow<'_, str> {
    replaced(text, picture)
}

/// The same for text of several lines: line breaks and tabs stay.
pub fn visible_lines(text: &str) -> Cow<'_, str> {
    replaced(text, |c| if matches!(c, '\n' | '\t') { None } else { picture(c) })
}

/// The text as it may be written to a terminal: no control characters, and nothing that
/// turns the direction of what follows.
pub fn safe(text: &str) -> Cow<'_, str> {
    replaced(text, harmless)
}

/// The same for text of several lines: line breaks stay.
pub fn safe_lines(text: &str) -> Cow<'_, str> {
    replaced(text, |c| if c == '\n' { None } else { harmless(c) })
}

/// The same for JSON, of which the meaning stays: what would be acted upon is written as an escape.
pub fn safe_json(json: &str) -> Cow<'_, str> {
    let acts = |c: char| !matches!(c, '\n' | '\t' | '\r') && harmless(c).is_some();
    if !json.chars().any(acts) {
        return Cow::Borrowed(json);
    }
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        if acts(c) {
            // All of these are below U+10000, so that one escape holds each.
            text.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            text.push(c);
        }
    }
    Cow::Owned(text)
}

/// What is written to a terminal instead of a character that it would act upon.
fn harmless(c: char) -> Option<char> {
    if turns_direction(c) { Some(char::REPLACEMENT_CHARACTER) } else { picture(c) }
}

fn replaced(text: &str, replacement: impl Fn(char) -> Option<char>) -> Cow<'_, str> {
    if text.chars().any(|c| replacement(c).is_some()) {
        Cow::Owned(text.chars().map(|c| replacement(c).unwrap_or(c)).collect())
    } else {
        Cow::Borrowed(text)
    }
}

/// What is shown for a character that must not be acted upon.
fn picture(c: char) -> Option<char> {
    match c {
        '\0'..='\x1f' => char::from_u32(0x2400 + u32::from(c)),
        '\x7f' => Some('\u{2421}'),
        '\u{80}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{fff9}'..='\u{fffb}' => {
            Some(char::REPLACEMENT_CHARACTER)
        }
        _ => None,
    }
}

fn turns_direction(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// How a member is named: the name, and beside it in small what else is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberName<'a> {
    /// Its label, or its key when it has none.
    pub main: Cow<'a, str>,
    /// Its key when the label stands first, or the words for NULL and for empty text.
    pub small: Option<Cow<'a, str>>,
}

/// The name of a member: NULL is `∅ no value`, the empty text is `“” empty`.
pub fn member_name<'a>(key: Option<&'a str>, label: Option<&'a str>) -> MemberName<'a> {
    let label = label.filter(|label| !label.trim().is_empty());
    let (own, words) = match key {
        None => (Cow::Borrowed("∅"), Some("no value")),
        Some("") => (Cow::Borrowed("“”"), Some("empty")),
        Some(key) if key.trim().is_empty() => (Cow::Owned(format!("“{key}”")), Some("blank")),
        Some(key) => (Cow::Borrowed(key), None),
    };
    match label {
        Some(label) if Some(label) != key => MemberName { main: Cow::Borrowed(label), small: Some(own) },
        _ => MemberName { main: own, small: words.map(Cow::Borrowed) },
    }
}

/// A name for the middle of a line: what runs from right to left in it is kept from turning the
/// rest of the line.
pub fn isolated(name: &str) -> Cow<'_, str> {
    const FIRST_FROM_RIGHT_TO_LEFT: char = '\u{590}';
    if name.chars().all(|c| c < FIRST_FROM_RIGHT_TO_LEFT) {
        visible(name)
    } else {
        Cow::Owned(format!("\u{2068}{}\u{2069}", safe(name)))
    }
}

/// A label in the middle of a sentence: `Campaign` becomes `campaign`, `AHT` stays.
pub fn within_sentence(label: &str) -> String {
    let mut letters = label.chars();
    match (letters.next(), letters.clone().next()) {
        (Some(first), Some(second)) if !second.is_uppercase() => {
            first.to_lowercase().chain(letters).collect()
        }
        _ => label.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{
        isolated, member_name, safe, safe_json, safe_lines, visible, visible_lines, within_sentence,
    };

    #[test]
    fn control_characters_become_pictures() {
        assert_eq!(visible("a\x1b[31mb\0\x7f\u{9b}"), "a␛[31mb␀␡\u{fffd}");
        assert_eq!(visible_lines("a\n\tb\r"), "a\n\tb␍");
        assert_eq!(visible("plain ∅ שלום"), "plain ∅ שלום");
    }

    #[test]
    fn nothing_turns_direction_on_a_terminal() {
        assert_eq!(safe("a\u{202e}b\u{2066}c\n"), "a\u{fffd}b\u{fffd}c␊");
        assert_eq!(safe("שלום"), "שלום");
    }

    #[test]
    fn json_means_the_same() {
        let value = serde_json::json!({ "a\u{9b}": "\u{202e}b\u{7f}\n\u{2028}é∅" });
        let json = serde_json::to_string_pretty(&value).unwrap();
        let told = safe_json(&json);
        assert_eq!(told, "{\n  \"a\\u009b\": \"\\u202eb\\u007f\\n\\u2028é∅\"\n}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&told).unwrap(), value);
        assert_eq!(safe_lines("a\u{1b}\n\tb\r"), "a␛\n␉b␍");
    }

    #[test]
    fn null_empty_and_blank_are_told_apart() {
        let named = |key, label| {
            let name = member_name(key, label);
            (name.main.into_owned(), name.small.map(std::borrow::Cow::into_owned))
        };
        assert_eq!(named(None, None), ("∅".into(), Some("no value".into())));
        assert_eq!(named(Some(""), None), ("“”".into(), Some("empty".into())));
        assert_eq!(named(Some("  "), None), ("“  ”".into(), Some("blank".into())));
        assert_eq!(named(Some("1027"), Some("EASTSIDE")), ("EASTSIDE".into(), Some("1027".into())));
        assert_eq!(named(Some("NA"), Some("NA")), ("NA".into(), None));
        assert_eq!(named(Some("NA"), Some(" ")), ("NA".into(), None));
    }

    #[test]
    fn a_name_turns_nothing_but_itself() {
        assert_eq!(isolated("Café"), "Café");
        assert_eq!(isolated("שלום"), "\u{2068}שלום\u{2069}");
        assert_eq!(isolated("a\u{2069}b\u{202e}c"), "\u{2068}a\u{fffd}b\u{fffd}c\u{2069}");
    }

    #[test]
    fn labels_go_into_sentences() {
        assert_eq!(within_sentence("Campaign"), "campaign");
        assert_eq!(within_sentence("AHT"), "AHT");
        assert_eq!(within_sentence(""), "");
    }

    proptest! {
        #[test]
        fn safe_text_holds_no_control_character(text in any::<String>()) {
            prop_assert!(!safe(&text).chars().any(char::is_control));
        }
    }
}
