//! Phone numbers as keys: one number is one key, however it was written.

/// What a text is, taken as a phone number.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phone {
    /// A number that can be told apart from others: `+13145550100`.
    Usable(String),
    /// A text that is no number with a country: it is kept as it is, and counted apart.
    Unusable(String),
    /// Nothing but blanks.
    Blank,
}

impl Phone {
    /// Reads a phone number.
    ///
    /// Only digits count. Ten of them, or eleven that start with 1, are a number of North America; a number that
    /// came with `+` has its country; anything else can't be told from another country's and is unusable.
    pub fn read(text: &str) -> Self {
        let text = text.trim();
        if text.is_empty() {
            return Self::Blank;
        }
        let mut number = String::with_capacity(text.len() + 2);
        number.push('+');
        number.extend(text.chars().filter(char::is_ascii_digit));
        match number.len() - 1 {
            0 => Self::Unusable(text.to_owned()),
            _ if text.starts_with('+') => Self::Usable(number),
            10 => {
                number.insert(1, '1');
                Self::Usable(number)
            }
            11 if number.starts_with("+1") => Self::Usable(number),
            _ => Self::Unusable(text.to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Phone;

    #[test]
    fn one_number_is_one_key_however_it_is_written() {
        let spellings = [
            "3145550100",
            "13145550100",
            "+1 314 555 0100",
            "(314) 555-0100",
            " 1-314-555-0100 ",
            "+13145550100",
        ];
        for text in spellings {
            assert_eq!(Phone::read(text), Phone::Usable("+13145550100".into()), "{text}");
        }
        assert_eq!(Phone::read("+44 20 7946 0000"), Phone::Usable("+442079460000".into()));
    }

    #[test]
    fn what_is_no_number_is_kept_apart() {
        for text in ["5550100", "23145550100", "anonymous", "+", "123456789012"] {
            assert_eq!(Phone::read(text), Phone::Unusable(text.into()), "{text}");
        }
        for text in ["", "   ", "\t"] {
            assert_eq!(Phone::read(text), Phone::Blank, "{text:?}");
        }
    }
}
