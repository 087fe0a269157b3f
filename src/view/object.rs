//! JSON objects that stand in fields, as words: `name: NPS, value: 3` instead of `{"name":"NPS","value":3}`.

use std::borrow::Cow;

use indexmap::IndexMap;
use serde_json::Value;

/// A text for people: of a JSON object its names and values, anything else as it is.
pub fn readable(text: &str) -> Cow<'_, str> {
    match object(text) {
        Some(fields) => Cow::Owned(words(&fields)),
        None => Cow::Borrowed(text),
    }
}

/// The entries of a list for people. Objects have commas of their own, so such entries are parted by semicolons.
pub fn joined(items: &[String]) -> String {
    let between = if items.iter().any(|item| object(item).is_some()) { "; " } else { ", " };
    items.iter().map(|item| readable(item)).collect::<Vec<_>>().join(between)
}

/// The entries of a list, each for itself, if one of them is an object; else all of them in one line.
pub fn lines(items: &[String]) -> Vec<String> {
    if items.iter().any(|item| object(item).is_some()) {
        items.iter().map(|item| readable(item).into_owned()).collect()
    } else {
        vec![joined(items)]
    }
}

fn object(text: &str) -> Option<IndexMap<String, Value>> {
    let is_like_one = text.starts_with('{') && text.ends_with('}');
    let fields: IndexMap<String, Value> = is_like_one.then(|| serde_json::from_str(text).ok()).flatten()?;
    (!fields.is_empty()).then_some(fields)
}

fn words(fields: &IndexMap<String, Value>) -> String {
    let one = |(name, value): (&String, &Value)| match value {
        Value::Null => format!("{name}: unknown"),
        Value::String(text) => format!("{name}: {text}"),
        other => format!("{name}: {other}"),
    };
    fields.iter().map(one).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::{joined, readable};

    #[test]
    fn an_object_is_told_in_words_and_all_else_as_it_is() {
        for (text, told) in [
            (r#"{"name":"NPS","value":3.50}"#, "name: NPS, value: 3.50"),
            (r#"{"date":null,"late":true}"#, "date: unknown, late: true"),
            (r#"{"of":{"a":[1]}}"#, r#"of: {"a":[1]}"#),
            ("{}", "{}"),
            ("{not one}", "{not one}"),
            (r#"{"a":1} and {"b":2}"#, r#"{"a":1} and {"b":2}"#),
            ("[1]", "[1]"),
            ("12", "12"),
            ("", ""),
        ] {
            assert_eq!(readable(text), told);
        }
    }

    #[test]
    fn entries_that_have_commas_are_parted_by_semicolons() {
        let list = |items: &[&str]| joined(&items.iter().map(|item| (*item).to_owned()).collect::<Vec<_>>());
        assert_eq!(list(&["a", "b"]), "a, b");
        assert_eq!(list(&[r#"{"a":1,"b":2}"#, "c"]), "a: 1, b: 2; c");
    }
}
