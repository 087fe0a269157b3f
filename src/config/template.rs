//! Text with names in braces, which are filled in when it is used: `/calls?from={start}`.

use std::fmt;

/// A text with places for what is known later.
///
/// A name is lower-case letters, digits and `_` between braces; other braces stand for themselves, so that JSON can be
/// written as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    text: String,
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Name(String),
}

impl Template {
    /// Finds the names in a text.
    pub fn new(text: &str) -> Self {
        let (mut pieces, mut plain, mut rest) = (Vec::new(), String::new(), text);
        while let Some((before, behind)) = rest.split_once('{') {
            plain.push_str(before);
            if let Some((name, after)) = behind.split_once('}').filter(|(name, _)| is_name(name)) {
                if !plain.is_empty() {
                    pieces.push(Piece::Text(std::mem::take(&mut plain)));
                }
                pieces.push(Piece::Name(name.to_owned()));
                rest = after;
            } else {
                plain.push('{');
                rest = behind;
            }
        }
        plain.push_str(rest);
        if !plain.is_empty() {
            pieces.push(Piece::Text(plain));
        }
        Self { text: text.to_owned(), pieces }
    }

    /// The names, in the order in which they occur.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Name(name) => Some(name.as_str()),
            Piece::Text(_) => None,
        })
    }

    /// Whether it has this name.
    pub fn has(&self, name: &str) -> bool {
        self.names().any(|other| other == name)
    }

    /// The text with what `value` gives for each name; a name it knows nothing of stays as it is.
    pub fn fill(&self, value: impl Fn(&str) -> Option<String>) -> String {
        let filled = self.pieces.iter().map(|piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Name(name) => value(name).unwrap_or_else(|| format!("{{{name}}}")),
        });
        filled.collect()
    }

    /// The text as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Whether this can be a name in braces.
pub fn is_name(name: &str) -> bool {
    let mut letters = name.bytes();
    letters.next().is_some_and(|b| b.is_ascii_lowercase())
        && letters.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::Template;

    #[test]
    fn names_are_filled_in_and_other_braces_stay() {
        let template = Template::new(r#"{"a": {"b": "{start}"}, "c": {offset}, "d": "{X}{}{"}"#);
        assert_eq!(template.names().collect::<Vec<_>>(), ["start", "offset"]);
        let filled = template.fill(|name| (name == "offset").then(|| "7".to_owned()));
        assert_eq!(filled, r#"{"a": {"b": "{start}"}, "c": 7, "d": "{X}{}{"}"#);
        assert!(template.has("offset") && !template.has("end"));
        assert_eq!(Template::new("").fill(|_| None), "");
        // A name right behind a lone brace is one still.
        assert_eq!(Template::new("{{a}").fill(|_| Some("x".to_owned())), "{x");
    }
}
