//! What a tool takes: as a schema for clients, and as what came, understood or refused with the way on.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::config::problem::known_names;
use crate::serve::problem::Problem;

/// So many tokens have the texts of an answer at most when nothing is said, one for every 3 bytes.
pub const USUAL_TOKENS: u64 = 8000;
/// The bounds within which that can be said.
pub const TOKENS: (u64, u64) = (500, 100_000);

/// The name of that argument.
pub const MAX_TOKENS: &str = "max_tokens";
/// The name of the argument that says whose archive is meant.
pub const TENANT: &str = "tenant";

/// No text that comes has more characters.
const LONGEST: usize = 500;
/// No list that comes has more items.
const MOST_ITEMS: usize = 100;

/// Something that a tool takes.
#[derive(Clone, Copy, Debug)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// What it can be.
    pub kind: Kind,
    /// What it says.
    pub about: &'static str,
    /// Some that it can be, as JSON.
    pub examples: &'static [&'static str],
    /// Whether it has to be there.
    pub needed: bool,
}

/// What something can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text; a number is taken for its digits.
    Text,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A whole number within bounds, and what it is when it is left out, if anything.
    Whole(u64, u64, Option<u64>),
    /// Names, in a list or between commas.
    Names,
    /// Yes or no; no when it is left out.
    Flag,
    /// Values by the names of fields.
    Values,
}

impl Parameter {
    /// Something that may be left out.
    pub const fn new(
        name: &'static str,
        kind: Kind,
        about: &'static str,
        examples: &'static [&'static str],
    ) -> Self {
        Self { name, kind, about, examples, needed: false }
    }

    /// The same, which has to be there.
    #[must_use]
    pub const fn needed(self) -> Self {
        Self { needed: true, ..self }
    }

    fn schema(&self) -> Value {
        let mut schema = match self.kind {
            Kind::Text => json!({ "type": "string", "maxLength": LONGEST }),
            Kind::Word(words) => json!({ "type": "string", "enum": words }),
            Kind::Whole(least, most, usual) => {
                let mut schema = json!({ "type": "integer", "minimum": least, "maximum": most });
                if let Some(usual) = usual {
                    schema["default"] = usual.into();
                }
                schema
            }
            Kind::Names => {
                json!({ "type": "array", "items": { "type": "string" }, "maxItems": MOST_ITEMS })
            }
            Kind::Flag => json!({ "type": "boolean", "default": false }),
            Kind::Values => json!({
                "type": "object",
                "additionalProperties": { "type": "string" },
                "maxProperties": MOST_ITEMS,
            }),
        };
        schema["description"] = self.about.into();
        schema["examples"] = self.examples.iter().map(|example| example_of(example)).collect();
        schema
    }

    /// What is wanted, for whoever gave something else.
    fn wanted(&self) -> String {
        let what = match self.kind {
            Kind::Text => "text".to_owned(),
            Kind::Word(words) => format!("one of {}", words.join(", ")),
            Kind::Whole(least, most, _) => format!("a whole number from {least} to {most}"),
            Kind::Names => format!("a list of at most {MOST_ITEMS} names"),
            Kind::Flag => "true or false".to_owned(),
            Kind::Values => format!("an object of at most {MOST_ITEMS} texts, by field"),
        };
        let example = self.examples.first();
        example.map_or_else(|| what.clone(), |example| format!("{what}, such as {}", example_of(example)))
    }

    fn taken(&self, value: &Value) -> Option<Taken> {
        match (self.kind, value) {
            (Kind::Text, value) => {
                let text = text(value)?;
                (text.chars().count() <= LONGEST).then_some(Taken::Text(text))
            }
            (Kind::Word(words), Value::String(text)) => {
                words.contains(&text.as_str()).then(|| Taken::Text(text.clone()))
            }
            (Kind::Whole(least, most, _), value) => {
                let number = text(value)?;
                let plain = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
                let number = number.parse().ok().filter(|_| plain)?;
                (least..=most).contains(&number).then_some(Taken::Whole(number))
            }
            (Kind::Names, Value::String(names)) => {
                let names: Vec<String> = names.split(',').map(|name| name.trim().to_owned()).collect();
                (names.len() <= MOST_ITEMS).then_some(Taken::Names(names))
            }
            (Kind::Names, Value::Array(names)) => {
                let names: Option<Vec<String>> = names.iter().map(text).collect();
                names.filter(|names| names.len() <= MOST_ITEMS).map(Taken::Names)
            }
            (Kind::Flag, Value::Bool(flag)) => Some(Taken::Flag(*flag)),
            (Kind::Flag, Value::String(text)) => text.parse().ok().map(Taken::Flag),
            (Kind::Values, Value::Object(values)) if values.len() <= MOST_ITEMS => {
                let pair = |(name, value): (&String, &Value)| Some((name.clone(), text(value)?));
                values.iter().map(pair).collect::<Option<_>>().map(Taken::Values)
            }
            _ => None,
        }
    }
}

/// An example as what it is: JSON where it can be read so, and else text.
fn example_of(example: &str) -> Value {
    serde_json::from_str(example).unwrap_or_else(|_| Value::from(example))
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// What each tool takes besides its own.
pub const BUDGET: Parameter = Parameter::new(
    MAX_TOKENS,
    Kind::Whole(TOKENS.0, TOKENS.1, Some(USUAL_TOKENS)),
    "No more tokens of text than this, one for every 3 bytes. Lists are cut to fit, and the answer says which",
    &["8000"],
);

/// What it takes where there are several tenants.
pub const WHOSE: Parameter =
    Parameter::new(TENANT, Kind::Text, "Whose archive: each tenant has its own", &["north"]).needed();

/// The schema of what a tool takes.
pub fn schema<'p>(parameters: impl Iterator<Item = &'p Parameter>) -> Map<String, Value> {
    let (mut properties, mut needed) = (Map::new(), Vec::new());
    for parameter in parameters {
        properties.insert(parameter.name.to_owned(), parameter.schema());
        if parameter.needed {
            needed.push(Value::from(parameter.name));
        }
    }
    Map::from_iter([
        ("$schema".to_owned(), "https://json-schema.org/draft/2020-12/schema".into()),
        ("type".to_owned(), "object".into()),
        ("properties".to_owned(), Value::Object(properties)),
        ("required".to_owned(), Value::Array(needed)),
        ("additionalProperties".to_owned(), false.into()),
    ])
}

/// What came, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Taken {
    Text(String),
    Whole(u64),
    Names(Vec<String>),
    Flag(bool),
    Values(BTreeMap<String, String>),
}

/// What came, by name.
#[derive(Clone, Debug, Default)]
pub struct Arguments(BTreeMap<&'static str, Taken>);

impl Arguments {
    /// Understands what came.
    ///
    /// # Errors
    /// When something is missing, unknown, or not what it can be.
    pub fn new(parameters: &[Parameter], came: Map<String, Value>) -> Result<Self, Problem> {
        let mut all = BTreeMap::new();
        for (name, value) in came {
            let Some(parameter) = parameters.iter().find(|parameter| parameter.name == name) else {
                let short: String = name.chars().take(60).collect();
                let known = parameters.iter().map(|parameter| parameter.name);
                return Err(Problem::bad(format!("{short:?} is nothing that this tool takes"))
                    .hint(known_names("arguments", &short, known)));
            };
            if value.is_null() {
                continue;
            }
            let taken = parameter.taken(&value).ok_or_else(|| {
                let came: String = value.to_string().chars().take(80).collect();
                Problem::bad(format!("{name}: {came} can't be meant"))
                    .hint(format!("give {}", parameter.wanted()))
            })?;
            all.insert(parameter.name, taken);
        }
        let absent =
            parameters.iter().find(|parameter| parameter.needed && !all.contains_key(parameter.name));
        match absent {
            None => Ok(Self(all)),
            Some(parameter) => Err(Problem::bad(format!("{} is missing", parameter.name)).hint(format!(
                "give {}: {}",
                parameter.wanted(),
                parameter.about
            ))),
        }
    }

    /// A text or a word.
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.0.get(name) {
            Some(Taken::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// A whole number.
    pub fn whole(&self, name: &str) -> Option<u64> {
        match self.0.get(name) {
            Some(Taken::Whole(number)) => Some(*number),
            _ => None,
        }
    }

    /// Names; none where nothing was said.
    pub fn names(&self, name: &str) -> &[String] {
        match self.0.get(name) {
            Some(Taken::Names(names)) => names,
            _ => &[],
        }
    }

    /// Yes or no.
    pub fn flag(&self, name: &str) -> bool {
        matches!(self.0.get(name), Some(Taken::Flag(true)))
    }

    /// Values by field.
    pub fn values(&self, name: &str) -> impl Iterator<Item = (&str, &str)> {
        let values = match self.0.get(name) {
            Some(Taken::Values(values)) => Some(values),
            _ => None,
        };
        values.into_iter().flatten().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The named ones as the words of a request.
    pub fn words(&self, names: &[&str]) -> Vec<(String, String)> {
        let word = |name: &&str| {
            let value = match self.0.get(name)? {
                Taken::Text(text) => text.clone(),
                Taken::Whole(number) => number.to_string(),
                Taken::Names(names) => names.join(","),
                Taken::Flag(flag) => flag.then(|| "true".to_owned())?,
                Taken::Values(_) => return None,
            };
            Some(((*name).to_owned(), value))
        };
        names.iter().filter_map(word).collect()
    }

    /// How many tokens the texts of the answer may have.
    pub fn budget(&self) -> usize {
        usize::try_from(self.whole(MAX_TOKENS).unwrap_or(USUAL_TOKENS)).unwrap_or(usize::MAX)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Arguments, BUDGET, Kind, Parameter, schema};

    const ALL: [Parameter; 6] = [
        Parameter::new("key", Kind::Text, "which one", &["\"5\""]).needed(),
        Parameter::new("way", Kind::Word(&["changed", "improved"]), "how", &["improved"]),
        Parameter::new("by", Kind::Names, "by what", &["[\"status\"]"]),
        Parameter::new("live", Kind::Flag, "whether now", &["true"]),
        Parameter::new("where", Kind::Values, "which of them", &["{\"region\": \"EMEA\"}"]),
        BUDGET,
    ];

    fn taken(came: Value) -> Result<Arguments, String> {
        let Value::Object(came) = came else { panic!("no object") };
        Arguments::new(&ALL, came)
            .map_err(|problem| format!("{} ({})", problem.detail, problem.hint.unwrap_or_default()))
    }

    #[test]
    fn what_came_is_understood() {
        let all = json!({
            "key": 5, "way": "improved", "by": ["status", 3], "live": "true", "where": { "user_id": 7 },
            "max_tokens": "900",
        });
        let all = taken(all).unwrap();
        assert_eq!((all.text("key"), all.text("way"), all.flag("live")), (Some("5"), Some("improved"), true));
        assert_eq!((all.names("by"), all.budget()), (["status".to_owned(), "3".to_owned()].as_slice(), 900));
        assert_eq!(all.values("where").collect::<Vec<_>>(), [("user_id", "7")]);
        let words = all.words(&["key", "by", "live", "way", "other"]);
        let expected = [("key", "5"), ("by", "status,3"), ("live", "true"), ("way", "improved")];
        assert_eq!(words, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
        let few = taken(json!({ "key": "5", "way": null, "by": "a, b" })).unwrap();
        assert_eq!((few.text("way"), few.flag("live"), few.budget()), (None, false, 8000));
        assert_eq!(few.names("by"), ["a", "b"]);
    }

    #[test]
    fn what_can_not_be_meant_is_refused_with_the_way_on() {
        for (came, told) in [
            (json!({}), "key is missing (give text, such as \"5\": which one)"),
            (
                json!({ "key": "5", "max_tokns": 900 }),
                "\"max_tokns\" is nothing that this tool takes (did you mean \"max_tokens\"? known arguments: key, way, by, live, where, max_tokens)",
            ),
            (
                json!({ "key": "5", "way": "up" }),
                "way: \"up\" can't be meant (give one of changed, improved, such as \"improved\")",
            ),
            (
                json!({ "key": "5", "max_tokens": 1 }),
                "max_tokens: 1 can't be meant (give a whole number from 500 to 100000, such as 8000)",
            ),
            (json!({ "key": ["5"] }), "key: [\"5\"] can't be meant (give text, such as \"5\")"),
        ] {
            assert_eq!(taken(came).unwrap_err(), told);
        }
        for came in [
            json!({ "key": "5", "max_tokens": -1 }),
            json!({ "key": "5", "max_tokens": 1e9 }),
            json!({ "key": "5", "max_tokens": "+900" }),
            json!({ "key": "5", "live": 1 }),
            json!({ "key": "5", "by": { "a": 1 } }),
            json!({ "key": "5", "by": vec!["x"; 101] }),
            json!({ "key": "5", "where": { "a": [1] } }),
        ] {
            assert!(taken(came.clone()).is_err(), "{came}");
        }
    }

    #[test]
    fn a_schema_says_what_each_is_and_gives_examples() {
        let schema = Value::Object(schema(ALL.iter()));
        assert_eq!(schema["required"], json!(["key"]));
        assert_eq!(schema["additionalProperties"], json!(false));
        assert_eq!(schema["properties"]["by"]["examples"], json!([["status"]]));
        assert_eq!(schema["properties"]["max_tokens"]["default"], json!(8000));
    }
}
