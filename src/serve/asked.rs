//! The words of a request: what stands in its path and after its `?`, each taken by name and understood or refused.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

use super::problem::Problem;
use crate::config::problem::known_names;

/// No text of a request is longer.
const LONGEST: usize = 500;

/// The words of a request.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    path: BTreeMap<String, String>,
    query: BTreeMap<String, String>,
}

impl Asked {
    /// What stands in a path, by name, and the text after `?`.
    ///
    /// # Errors
    /// When a name is there twice, or something is far too long.
    pub fn new(path: BTreeMap<String, String>, query: Option<&str>) -> Result<Self, Problem> {
        let query = query.unwrap_or_default();
        if !is_text(query) {
            return Err(Problem::bad("the query is no UTF-8 text"));
        }
        let query = url::form_urlencoded::parse(query.as_bytes());
        Self::of(path, query.map(|(name, value)| (name.into_owned(), value.into_owned())))
    }

    /// What is asked for by names, as parts of a path and besides.
    ///
    /// # Errors
    /// When a name is there twice, or something is far too long.
    pub fn of(
        path: BTreeMap<String, String>,
        query: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, Problem> {
        let mut asked = Self { path, query: BTreeMap::new() };
        for (name, value) in query {
            if name.chars().count() > LONGEST || value.chars().count() > LONGEST {
                let name: String = name.chars().take(60).collect();
                return Err(Problem::bad(format!("{name:?} has a value that can't be meant")));
            }
            if asked.query.contains_key(&name) {
                return Err(Problem::bad(format!("{name:?} is there twice")).hint("give it once"));
            }
            asked.query.insert(name, value);
        }
        Ok(asked)
    }

    /// A part of the path.
    ///
    /// # Errors
    /// When it can't be understood.
    pub fn part<T: FromStr<Err: Display>>(&self, name: &str) -> Result<T, Problem> {
        let text = self.path.get(name).ok_or_else(|| Problem::mistake(format!("the path has no {name}")))?;
        understood(text)
    }

    /// What is asked for by a name; `None` where it is not there.
    ///
    /// # Errors
    /// When it can't be understood.
    pub fn get<T: FromStr<Err: Display>>(&self, name: &str) -> Result<Option<T>, Problem> {
        let understood = |text: &String| {
            understood(text).map_err(|problem: Problem| Problem {
                detail: format!("{name}: {}", problem.detail),
                ..problem
            })
        };
        self.query.get(name).map(understood).transpose()
    }

    /// What has to be there.
    ///
    /// # Errors
    /// When it is not there, or can't be understood.
    pub fn need<T: FromStr<Err: Display>>(&self, name: &str) -> Result<T, Problem> {
        self.get(name)?.ok_or_else(|| {
            Problem::bad(format!("{name:?} is missing")).hint(format!("add {name}= to the query"))
        })
    }

    /// Names that stand between commas; none where it is not there.
    pub fn names(&self, name: &str) -> Vec<String> {
        let list = self.query.get(name).map(String::as_str).unwrap_or_default();
        list.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
    }

    /// A whole number within bounds.
    ///
    /// # Errors
    /// When it is none, or lies outside of them.
    pub fn number(&self, name: &str, usual: usize, bounds: (usize, usize)) -> Result<usize, Problem> {
        let Some(text) = self.query.get(name) else { return Ok(usual) };
        let plain = text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse::<usize>().ok()).flatten();
        plain.filter(|number| (bounds.0..=bounds.1).contains(number)).ok_or_else(|| {
            let detail = format!("{name}: {text:?} is no number from {} to {}", bounds.0, bounds.1);
            Problem::bad(detail).hint(format!("leave {name} out for {usual}"))
        })
    }

    /// Takes one out that is understood elsewhere.
    pub fn take(&mut self, name: &str) -> Option<String> {
        self.query.remove(name)
    }

    /// Refuses what nobody understands.
    ///
    /// # Errors
    /// When there is something besides these.
    pub fn only(&self, known: &[&str]) -> Result<(), Problem> {
        let other = self.query.keys().find(|name| !known.contains(&name.as_str()));
        other.map_or(Ok(()), |name| {
            let problem = Problem::bad(format!("{name:?} is nothing that can be asked for here"));
            Err(if known.is_empty() {
                problem.hint("ask without it")
            } else {
                problem.hint(known_names("words", name, known.iter().copied()))
            })
        })
    }

    /// What is asked for by names that start with this, without it.
    pub fn starting(&self, with: &str) -> Vec<(String, String)> {
        let all = self.query.iter();
        let found =
            all.filter_map(|(name, value)| Some((name.strip_prefix(with)?.to_owned(), value.clone())));
        found.collect()
    }

    /// The same question in the same words, whatever their order: by this answers are kept.
    pub fn canonical(&self) -> String {
        format!("{:?} {:?}", self.path, self.query)
    }

    /// The query with one word set otherwise, as it is written after `?`.
    pub fn with(&self, name: &str, value: &str) -> String {
        let mut query = self.query.clone();
        query.insert(name.to_owned(), value.to_owned());
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish()
    }
}

/// Whether what is written as `%` and two digits is UTF-8 once it is read.
fn is_text(query: &str) -> bool {
    let mut bytes = Vec::with_capacity(query.len());
    let mut rest = query.as_bytes();
    while let [first, after @ ..] = rest {
        let digits = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let byte = digits.filter(|_| *first == b'%').and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    String::from_utf8(bytes).is_ok()
}

fn understood<T: FromStr<Err: Display>>(text: &str) -> Result<T, Problem> {
    if text.chars().count() > LONGEST {
        return Err(Problem::bad("this is too long to be meant"));
    }
    text.parse().map_err(|error: T::Err| Problem::bad(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::Asked;

    fn asked(query: &str) -> Result<Asked, super::Problem> {
        Asked::new([("when".to_owned(), "latest".to_owned())].into(), Some(query))
    }

    #[test]
    fn words_are_understood_or_refused() {
        let some = asked("limit=7&metric=calls,%20sales,&b=%2F..%2F").unwrap();
        assert_eq!(some.number("limit", 100, (1, 50)).unwrap(), 7);
        assert_eq!(some.number("other", 100, (1, 50)).unwrap(), 100);
        assert_eq!(some.names("metric"), ["calls", "sales"]);
        assert_eq!(some.need::<String>("b").unwrap(), "/../");
        assert_eq!(some.part::<String>("when").unwrap(), "latest");
        assert!(some.need::<u8>("b").is_err() && some.need::<u8>("c").is_err());
        assert!(some.only(&["limit", "metric"]).is_err());
        assert!(some.only(&["limit", "metric", "b"]).is_ok());
        for limit in ["0", "51", "-1", "+5", "1e3", "", "999999999999999999999999"] {
            assert!(
                asked(&format!("limit={limit}")).unwrap().number("limit", 1, (1, 50)).is_err(),
                "{limit}"
            );
        }
        for query in ["a=1&a=2", "a=%FF", &format!("a={}", "x".repeat(600))] {
            assert!(asked(query).is_err(), "{query}");
        }
    }

    #[test]
    fn the_order_of_words_makes_no_other_question() {
        assert_eq!(asked("a=1&b=2").unwrap().canonical(), asked("b=2&a=1").unwrap().canonical());
        assert_ne!(asked("a=1&b=2").unwrap().canonical(), asked("a=1%26b=2").unwrap().canonical());
        assert_eq!(asked("a=1&b=2 3").unwrap().with("b", "4&5"), "a=1&b=4%265");
    }
}
