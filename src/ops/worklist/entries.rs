//! The entries of a worklist's file, as they are written: what asof does not know stays as it is.
//!
//! A file is an object of objects. Entries are kept as text, so that every field, its order and its
//! very digits are those that others wrote.

use std::fmt;
use std::io::{self, Write};

use indexmap::IndexMap;
use indexmap::map::Entry as Place;
use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::key::Key;
use crate::model::definitions::KeyKind;

/// The status of an entry that is out for good.
const EXCLUDED: &str = "excluded";

/// Fields that hold a key, beside the one an entry is filed under.
#[derive(Default, Deserialize)]
struct KeyFields<'e> {
    #[serde(borrow)]
    phone_key: Option<&'e RawValue>,
    #[serde(borrow)]
    phone_number: Option<&'e RawValue>,
    #[serde(borrow)]
    key: Option<&'e RawValue>,
}

/// An object in which the order of fields is kept, and none occurs twice.
#[derive(Debug, Default)]
struct Object(IndexMap<String, Box<RawValue>>);

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;

        impl<'de> Visitor<'de> for Fields {
            type Value = Object;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object, A::Error> {
                let mut fields = IndexMap::new();
                while let Some(name) = map.next_key::<String>()? {
                    match fields.entry(name) {
                        Place::Occupied(_) => return Err(de::Error::custom("a field occurs twice")),
                        Place::Vacant(free) => free.insert(map.next_value()?),
                    };
                }
                Ok(Object(fields))
            }
        }

        deserializer.deserialize_map(Fields)
    }
}

/// What is wrong with the text of a file, as a clause: without what is in it, which is nobody's business.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Malformed(String);

impl Malformed {
    /// What is read as text is none.
    pub fn no_text() -> Self {
        Self("is no UTF-8 text".to_owned())
    }

    fn whole(error: &serde_json::Error) -> Self {
        let place = format!("line {}, column {}", error.line(), error.column());
        Self(match error.classify() {
            serde_json::error::Category::Eof => format!("is no JSON: it ends at {place}"),
            serde_json::error::Category::Data => format!("is no object of entries at {place}"),
            serde_json::error::Category::Syntax | serde_json::error::Category::Io => {
                format!("is no JSON at {place}")
            }
        })
    }
}

/// The entries of a file, in its order.
#[derive(Debug, Default)]
pub struct Entries(IndexMap<String, Box<RawValue>>);

impl Entries {
    /// Reads a file's text.
    ///
    /// # Errors
    /// When it is not an object of objects, or something in it occurs twice.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let Object(entries) = serde_json::from_str(text).map_err(|error| Malformed::whole(&error))?;
        for (number, entry) in (1..).zip(entries.values()) {
            object(entry)
                .map_err(|()| Malformed(format!("has no object of single fields as entry {number}")))?;
        }
        Ok(Self(entries))
    }

    /// Writes the file's text: one line for each entry that asof wrote.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let mut before = "{\n";
        for (name, entry) in &self.0 {
            write!(out, "{before}  {}: {}", quoted(name), entry.get())?;
            before = ",\n";
        }
        out.write_all(if self.0.is_empty() { b"{}\n" } else { b"\n}\n" })
    }

    /// The keys of each entry: that which it is filed under, and those in its fields.
    pub fn keys(&self, kind: Option<KeyKind>) -> impl Iterator<Item = Vec<Box<str>>> {
        self.0.iter().map(move |(name, entry)| keys(kind, name, entry))
    }

    /// Adds an entry of these fields, each as JSON; false when one is filed under that name already.
    pub fn add(&mut self, name: &str, fields: &[(&str, String)]) -> bool {
        if self.0.contains_key(name) {
            return false;
        }
        let text = line(fields.iter().map(|(field, value)| (*field, value.as_str())));
        let Ok(entry) = RawValue::from_string(text) else { return false };
        self.0.insert(name.to_owned(), entry);
        true
    }

    /// Excludes each entry for which there is a reason, unless it is excluded already, and
    /// tells each reason to `done`.
    pub fn exclude<R: AsRef<str> + Ord>(
        &mut self,
        kind: Option<KeyKind>,
        at: &str,
        reason: impl Fn(&str) -> Option<R>,
        mut done: impl FnMut(&R),
    ) {
        for (name, entry) in &mut self.0 {
            let reasons = keys(kind, name, entry).into_iter().filter_map(|key| reason(&key));
            let Some(reason) = reasons.min() else { continue };
            let Ok(Object(mut fields)) = object(entry) else { continue };
            if fields.get("status").is_some_and(|status| text_of(status).as_deref() == Some(EXCLUDED)) {
                continue;
            }
            let set = [("status", EXCLUDED), ("excluded_reason", reason.as_ref()), ("excluded_at", at)];
            for (field, value) in set {
                if let Ok(value) = RawValue::from_string(quoted(value)) {
                    fields.insert(field.to_owned(), value);
                }
            }
            let text = line(fields.iter().map(|(field, value)| (field.as_str(), value.get())));
            if let Ok(changed) = RawValue::from_string(text) {
                *entry = changed;
                done(&reason);
            }
        }
    }
}

fn keys(kind: Option<KeyKind>, name: &str, entry: &RawValue) -> Vec<Box<str>> {
    let KeyFields { phone_key, phone_number, key } = serde_json::from_str(entry.get()).unwrap_or_default();
    let written = [phone_key, phone_number, key].into_iter().flatten().filter_map(text_of);
    let mut keys = Vec::new();
    for text in written.chain([name.to_owned()]) {
        if let Key::Usable(key) = Key::read(kind, &text)
            && !keys.contains(&key)
        {
            keys.push(key);
        }
    }
    keys
}

fn object(entry: &RawValue) -> Result<Object, ()> {
    serde_json::from_str(entry.get()).map_err(|_| ())
}

/// A text, or the digits of a number.
fn text_of(value: &RawValue) -> Option<String> {
    match serde_json::from_str(value.get()) {
        Ok(serde_json::Value::String(text)) => Some(text),
        Ok(serde_json::Value::Number(number)) => Some(number.to_string()),
        _ => None,
    }
}

/// An object on one line.
fn line<'a>(fields: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let fields: Vec<String> = fields.map(|(field, value)| format!("{}: {value}", quoted(field))).collect();
    format!("{{{}}}", fields.join(", "))
}

/// A text as JSON.
pub fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::Entries;

    #[test]
    fn what_is_not_known_stays_as_it_is() {
        let text = r#"{"3145550100": {"note" : [1.50, 1e2],"status":"called", "attempts":3 , "Ä": {"b":1,"a":2}},
                       "odd\u0020one": {}}"#;
        let mut entries = Entries::parse(text).unwrap();
        entries.exclude(None, "2025-11-07T09:00:00Z", |key| (key == "3145550100").then_some("sale"), |_| {});
        let mut written = Vec::new();
        entries.write(&mut written).unwrap();
        assert_eq!(
            String::from_utf8(written).unwrap(),
            r#"{
  "3145550100": {"note": [1.50, 1e2], "status": "excluded", "attempts": 3, "Ä": {"b":1,"a":2}, "excluded_reason": "sale", "excluded_at": "2025-11-07T09:00:00Z"},
  "odd one": {}
}
"#
        );
    }

    #[test]
    fn a_text_that_is_no_worklist_is_told_without_what_is_in_it() {
        for (text, expected) in [
            ("", "is no JSON: it ends at line 1, column 0"),
            ("{\"3145550100\": {", "is no JSON: it ends at line 1, column 16"),
            ("[]", "is no object of entries at line 1, column 0"),
            ("{\"a\": {}, \"a\": {}}", "is no object of entries at line 1, column 13"),
            ("{\"a\": {}}\n{}", "is no JSON at line 2, column 1"),
            ("{\"a\": {}, \"b\": \"3145550100\"}", "has no object of single fields as entry 2"),
            ("{\"a\": {\"b\": 1, \"b\": 2}}", "has no object of single fields as entry 1"),
            ("{\"a\": {}, 3145550100: {}}", "is no JSON at line 1, column 11"),
        ] {
            assert_eq!(Entries::parse(text).unwrap_err().to_string(), expected, "{text}");
        }
    }
}
