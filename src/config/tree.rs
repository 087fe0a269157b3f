//! The parsed text of a configuration file with the place of everything in it, and
//! reading it into typed parts with every error, not only the first.

use std::ops::Range;

use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue, Deserializer};

use super::problem::{Problem, did_you_mean};

/// More errors than this are not worth listing.
const MOST_PROBLEMS: usize = 100;

/// A configuration file's text, parsed, with the place of every key and value.
pub struct Tree<'i> {
    text: &'i str,
    table: Spanned<DeTable<'i>>,
}

impl<'i> Tree<'i> {
    /// Parses TOML; gives every syntax error.
    ///
    /// # Errors
    /// All that is no TOML.
    pub fn parse(text: &'i str) -> Result<Self, Vec<Problem>> {
        let (table, errors) = DeTable::parse_recoverable(text);
        if errors.is_empty() {
            return Ok(Self { text, table });
        }
        Err(errors.iter().take(MOST_PROBLEMS).map(|error| syntax_problem(text, error)).collect())
    }

    /// Reads the file into `T`, and every problem found on the way.
    ///
    /// What cannot be read is taken out and reading starts again, so that one wrong key
    /// does not hide the next. `None` when nothing could be read at all.
    pub fn read<T: DeserializeOwned>(&self) -> (Option<T>, Vec<Problem>) {
        let mut table = self.table.clone();
        let mut problems = Vec::new();
        while problems.len() < MOST_PROBLEMS {
            match T::deserialize(Deserializer::from(table.clone())) {
                Ok(read) => return (Some(read), problems),
                Err(error) => {
                    let span = error.span();
                    if !self.is_written_after_all(&error) {
                        problems.push(self.type_problem(&error));
                    }
                    if !span.is_some_and(|span| remove_at(table.get_mut(), &span)) {
                        return (None, problems);
                    }
                }
            }
        }
        (None, problems)
    }

    /// The names below a path: `["metrics"]` gives every metric that is written, sound or not.
    pub fn names(&self, path: &[&str]) -> Vec<&str> {
        let mut table = self.table.get_ref();
        for step in path {
            match table.get(*step).map(Spanned::get_ref) {
                Some(DeValue::Table(inner)) => table = inner,
                _ => return Vec::new(),
            }
        }
        table.keys().map(|key| key.get_ref().as_ref()).collect()
    }

    /// A problem at a path such as `["metrics", "conversion", "ratio", "0"]`, or at the
    /// longest part of it that is written.
    pub fn problem(&self, path: &[&str], message: impl Into<String>, hint: Option<String>) -> Problem {
        let place = self.locate(path);
        let (line, column) = place.map(|span| line_and_column(self.text, span.start)).unzip();
        Problem { line, column, message: message.into(), hint }
    }

    fn locate(&self, path: &[&str]) -> Option<Range<usize>> {
        let mut found = None;
        let mut table = Some(self.table.get_ref());
        let mut array: Option<&DeArray<'_>> = None;
        for step in path {
            let next = if let Some(inside) = table.take() {
                let Some((key, value)) = inside.get_key_value(*step) else { return found };
                let leaf = !matches!(value.get_ref(), DeValue::Table(_) | DeValue::Array(_));
                found = Some(if leaf { value.span() } else { key.span() });
                value
            } else if let Some(inside) = array.take() {
                let Some(value) = step.parse().ok().and_then(|at: usize| inside.get(at)) else {
                    return found;
                };
                found = Some(value.span());
                value
            } else {
                return found;
            };
            match next.get_ref() {
                DeValue::Table(inner) => table = Some(inner),
                DeValue::Array(items) => array = Some(items),
                _ => {}
            }
        }
        found
    }

    /// Whether a key is only missing because its wrong value was taken out before.
    fn is_written_after_all(&self, error: &toml::de::Error) -> bool {
        let missing = error.message().trim().strip_prefix("missing field `");
        let (Some(missing), Some(span)) = (missing.and_then(|rest| rest.split('`').next()), error.span())
        else {
            return false;
        };
        let mut best = None;
        smallest_around(self.table.get_ref(), &span, &mut Vec::new(), &mut best);
        let path = best.map(|(_, path)| path).unwrap_or_default();
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        self.names(&path).contains(&missing)
    }

    fn type_problem(&self, error: &toml::de::Error) -> Problem {
        let (line, column) = error.span().map(|span| line_and_column(self.text, span.start)).unzip();
        let mut best = None;
        if let Some(span) = error.span() {
            smallest_around(self.table.get_ref(), &span, &mut Vec::new(), &mut best);
        }
        let path = best.map(|(_, path)| path).unwrap_or_default();
        let (message, hint) = plain_words(error.message(), path.last().map_or("it", String::as_str));
        Problem { line, column, message, hint }
    }
}

fn syntax_problem(text: &str, error: &toml::de::Error) -> Problem {
    let (line, column) = error.span().map(|span| line_and_column(text, span.start)).unzip();
    Problem {
        line,
        column,
        message: error.message().trim().replace('\n', ", "),
        hint: Some("this is no TOML; text needs quotes, and a multi-line SQL text three of them".to_owned()),
    }
}

/// Turns the parser's words about a key into ours, with a hint where one can be given.
fn plain_words(message: &str, key: &str) -> (String, Option<String>) {
    let message = message.trim();
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    if let Some((unknown, known)) = quoted.split_first() {
        if message.starts_with("unknown field") {
            let hint = did_you_mean(unknown, known.iter().copied())
                .unwrap_or_else(|| format!("known here: {}", known.join(", ")));
            return (format!("unknown key {unknown:?}"), Some(hint));
        }
        if message.starts_with("unknown variant") {
            let hint = did_you_mean(unknown, known.iter().copied());
            return (format!("{unknown:?} is none of {}", known.join(", ")), hint);
        }
        if message.starts_with("missing field") {
            return (format!("{unknown:?} is missing"), Some(format!("add a line {unknown} = …")));
        }
    }
    let hint = match message.rsplit_once("expected ").map(|(_, expected)| expected) {
        Some("a string") => Some("put it in quotes".to_owned()),
        Some("u16" | "u32" | "u64") => {
            Some("write a whole number that is not negative, without quotes or a unit".to_owned())
        }
        Some("a boolean") => Some("write true or false".to_owned()),
        Some("a sequence") => Some(format!("write a list: {key} = [\"A\", \"B\"]")),
        _ => None,
    };
    (without_value(message, key).replace('\n', ", "), hint)
}

/// The parser's words without the value it met, which may be a secret in the wrong place.
fn without_value(message: &str, key: &str) -> String {
    let met = ["invalid type: ", "invalid value: "].iter().find(|start| message.starts_with(**start));
    let (Some(start), Some((met_value, expected))) = (met, message.rsplit_once(", expected ")) else {
        return message.to_owned();
    };
    let value = met_value.get(start.len()..).unwrap_or_default();
    let kind = value.split([' ', '`', '"']).next().unwrap_or_default();
    let kind = match kind {
        "map" => "a table",
        "sequence" => "a list",
        "string" => "text",
        "integer" => "a whole number",
        "floating" => "a number with a point",
        "boolean" => "true or false",
        other => other,
    };
    let expected = match expected {
        "a sequence" => "a list",
        "a map" => "a table",
        "a string" => "text",
        "a boolean" => "true or false",
        "u16" | "u32" | "u64" if kind == "a whole number" => "one that is not negative and not that large",
        "u16" | "u32" | "u64" => "a whole number",
        expected if expected.starts_with("struct ") => "a table of its keys",
        expected => expected,
    };
    format!("{key:?} is {kind}, and should be {expected}")
}

fn line_and_column(text: &str, at: usize) -> (usize, usize) {
    end_of(text.get(..at).unwrap_or(text).as_bytes())
}

/// The line and the column, from 1, of what follows this text.
pub fn end_of(before: &[u8]) -> (usize, usize) {
    let before = String::from_utf8_lossy(before);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
    (line, column)
}

/// Takes out the smallest entry whose key or value holds the span; false when there is none.
fn remove_at(table: &mut DeTable<'_>, span: &Range<usize>) -> bool {
    let mut path = Vec::new();
    let mut best: Option<(usize, Vec<String>)> = None;
    smallest_around(table, span, &mut path, &mut best);
    let Some((_, path)) = best else { return false };
    remove_path(table, &path)
}

fn smallest_around(
    table: &DeTable<'_>,
    span: &Range<usize>,
    path: &mut Vec<String>,
    best: &mut Option<(usize, Vec<String>)>,
) {
    for (key, value) in table {
        path.push(key.get_ref().to_string());
        for place in [key.span(), value.span()] {
            let holds = place.start <= span.start && span.end <= place.end;
            // Equal sizes go to the later, which is the deeper.
            if holds && best.as_ref().is_none_or(|(size, _)| place.len() <= *size) {
                *best = Some((place.len(), path.clone()));
            }
        }
        match value.get_ref() {
            DeValue::Table(inner) => smallest_around(inner, span, path, best),
            DeValue::Array(items) => {
                for (at, item) in items.iter().enumerate() {
                    if let DeValue::Table(inner) = item.get_ref() {
                        path.push(at.to_string());
                        if item.span() == *span {
                            *best = Some((span.len(), path.clone()));
                        }
                        smallest_around(inner, span, path, best);
                        path.pop();
                    }
                }
            }
            _ => {}
        }
        path.pop();
    }
}

fn remove_path(table: &mut DeTable<'_>, path: &[String]) -> bool {
    match path {
        [] => false,
        [last] => table.remove(last.as_str()).is_some(),
        [step, rest @ ..] => match table.get_mut(step.as_str()).map(Spanned::get_mut) {
            Some(DeValue::Table(inner)) => remove_path(inner, rest),
            Some(DeValue::Array(items)) => {
                let (Some(at), rest) = (rest.first().and_then(|at| at.parse::<usize>().ok()), rest.get(1..))
                else {
                    return false;
                };
                match rest {
                    None | Some([]) => remove_item(items, at),
                    Some(rest) => match items.get_mut(at).map(Spanned::get_mut) {
                        Some(DeValue::Table(inner)) => remove_path(inner, rest),
                        _ => false,
                    },
                }
            }
            _ => false,
        },
    }
}

fn remove_item(items: &mut DeArray<'_>, at: usize) -> bool {
    let before = items.len();
    *items =
        items.iter().enumerate().filter(|(place, _)| *place != at).map(|(_, item)| item.clone()).collect();
    items.len() < before
}
