//! What `asof drift` found in all, for programs.

use serde_json::{Map, Value};

use super::Tally;
use crate::analyze::drift::Kind;

/// What was found in all.
pub fn done(tally: &Tally) -> Value {
    let mut document = Map::new();
    document.insert("event".to_owned(), "done".into());
    document.insert("days".to_owned(), tally.days().into());
    for kind in Kind::ALL {
        document.insert(kind.word().to_owned(), tally.kind(kind).into());
    }
    document.insert("failed".to_owned(), tally.failed.into());
    document.insert("frozen_again".to_owned(), tally.restated.into());
    if tally.not_frozen > 0 {
        document.insert("not_frozen".to_owned(), tally.not_frozen.into());
    }
    Value::Object(document)
}
