//! How a metric's definition has changed, as lines that went and lines that came.

use serde::Serialize;
use serde_json::Value;

use crate::model::Definitions;

/// Beyond this many pairs of lines, all lines are told as changed: a definition is never that long.
const MOST_PAIRS: usize = 4_000_000;

/// A line of a definition that is only on one side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ChangedLine {
    /// Whether it came; else it went.
    pub came: bool,
    /// The place in the definitions and what stands there: `metrics.sales.count.where: status = 'SALE'`.
    pub line: String,
}

/// What makes a metric, a line for each value, in a fixed order; nothing for an unknown metric.
pub fn lines(definitions: &Definitions, metric: &str) -> Vec<String> {
    let only = definitions.of_metric(metric);
    let value = only.and_then(|only| serde_json::to_value(only).ok()).unwrap_or_default();
    let mut lines = Vec::new();
    flatten(&value, "", &mut lines);
    lines
}

fn flatten(value: &Value, path: &str, lines: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                flatten(field, &path, lines);
            }
        }
        // The order of a list's items is kept, so each is told under the list's name.
        Value::Array(items) => items.iter().for_each(|item| flatten(item, path, lines)),
        Value::String(text) if text.is_empty() => lines.push(format!("{path}:")),
        Value::String(text) => lines.extend(text.lines().map(|line| format!("{path}: {line}"))),
        other => lines.push(format!("{path}: {other}")),
    }
}

/// The lines by which two texts differ, in their order.
pub fn changed(before: &[String], after: &[String]) -> Vec<ChangedLine> {
    let same = before.iter().zip(after).take_while(|(one, other)| one == other).count();
    let (before, after) = (&before[same..], &after[same..]);
    let tail = before.iter().rev().zip(after.iter().rev()).take_while(|(one, other)| one == other).count();
    let (before, after) = (&before[..before.len() - tail], &after[..after.len() - tail]);
    let went = |line: &String| ChangedLine { came: false, line: line.clone() };
    let came = |line: &String| ChangedLine { came: true, line: line.clone() };
    if before.len().saturating_mul(after.len()) > MOST_PAIRS {
        return before.iter().map(went).chain(after.iter().map(came)).collect();
    }
    // How many lines the rests from here on have in common.
    let wide = after.len() + 1;
    let mut common = vec![0_usize; (before.len() + 1) * wide];
    for (i, one) in before.iter().enumerate().rev() {
        for (j, other) in after.iter().enumerate().rev() {
            let (below, beside) = (common[(i + 1) * wide + j], common[i * wide + j + 1]);
            common[i * wide + j] =
                if one == other { common[(i + 1) * wide + j + 1] + 1 } else { below.max(beside) };
        }
    }
    let mut found = Vec::new();
    let (mut i, mut j) = (0, 0);
    while i < before.len() || j < after.len() {
        match (before.get(i), after.get(j)) {
            (Some(one), Some(other)) if one == other => {
                i += 1;
                j += 1;
            }
            (Some(one), other)
                if other.is_none() || common[(i + 1) * wide + j] >= common[i * wide + j + 1] =>
            {
                found.push(went(one));
                i += 1;
            }
            (_, Some(other)) => {
                found.push(came(other));
                j += 1;
            }
            _ => break,
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::changed;

    fn told(before: &str, after: &str) -> String {
        let lines = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let found = changed(&lines(before), &lines(after));
        let told = found.iter().map(|line| format!("{}{}", if line.came { "+" } else { "-" }, line.line));
        told.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn only_what_changed_is_told() {
        assert_eq!(told("a b c", "a x c"), "-b +x");
        assert_eq!(told("a b", "a b c"), "+c");
        assert_eq!(told("a b c d", "b d e"), "-a -c +e");
        assert_eq!(told("a b", "a b"), "");
    }

    proptest! {
        #[test]
        fn the_change_back_is_the_change_turned_around(
            before in proptest::collection::vec("[abc]", 0..9),
            after in proptest::collection::vec("[abc]", 0..9),
        ) {
            let count = |found: &[super::ChangedLine], came| found.iter().filter(|line| line.came == came).count();
            let (there, back) = (changed(&before, &after), changed(&after, &before));
            prop_assert_eq!(count(&there, true), count(&back, false));
            prop_assert_eq!(count(&there, false), count(&back, true));
            prop_assert_eq!(before.len() + count(&there, true), after.len() + count(&there, false));
        }
    }
}
