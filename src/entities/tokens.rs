//! The words of a question, and where they stand in it.

/// A word of a text, in small letters, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// The word.
    pub word: String,
    /// Whether it was written with a capital letter.
    pub capital: bool,
    /// From which byte of the text.
    pub start: usize,
    /// Up to which byte.
    pub end: usize,
}

/// The words of a text. Digits keep together over `-`, `/` and `.`.
pub fn tokens(text: &str) -> Vec<Token> {
    let mut all: Vec<Token> = Vec::new();
    let mut letters = text.char_indices().peekable();
    let mut open: Option<(usize, usize)> = None;
    let mut before = ' ';
    while let Some((at, letter)) = letters.next() {
        let joins = matches!(letter, '-' | '/' | '.')
            && before.is_ascii_digit()
            && letters.peek().is_some_and(|(_, next)| next.is_ascii_digit());
        if letter.is_alphanumeric() || (joins && open.is_some()) {
            let start = open.map_or(at, |(start, _)| start);
            open = Some((start, at + letter.len_utf8()));
        } else if let Some(span) = open.take() {
            push(&mut all, text, span);
        }
        before = letter;
    }
    if let Some(span) = open {
        push(&mut all, text, span);
    }
    all
}

fn push(all: &mut Vec<Token>, text: &str, (start, end): (usize, usize)) {
    let Some(word) = text.get(start..end) else { return };
    // The s of "month's" is no word.
    let apostrophe = text.get(..start).is_some_and(|before| before.ends_with(['\'', '\u{2019}']));
    if word == "s" && apostrophe {
        return;
    }
    let capital = word.chars().next().is_some_and(char::is_uppercase);
    all.push(Token { word: word.to_lowercase(), capital, start, end });
}
