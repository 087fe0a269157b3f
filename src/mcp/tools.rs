//! What can be asked for: each tool with what it takes, what it answers, and who may have it.

use std::sync::{Arc, LazyLock};

use rmcp::model::{Tool as Listed, ToolAnnotations};
use serde_json::{Map, Value};
use utoipa::OpenApi as _;

use super::arguments::{BUDGET, Parameter, WHOSE, schema};
use super::asking::Asking;
use super::told::{self, Told};
use super::{context, days, entities};
use crate::serve::open_api::Document;
use crate::serve::problem::Problem;

/// A tool.
pub struct Tool {
    /// Its name.
    pub name: &'static str,
    /// Its name for people.
    pub title: &'static str,
    /// What it is for.
    pub about: &'static str,
    /// What it takes.
    pub parameters: &'static [Parameter],
    /// Whether the source is asked for it.
    pub asks_source: fn(&Asking) -> bool,
    /// Whether it ever does.
    pub of_source: bool,
    /// Whether it keeps something.
    pub writes: bool,
    /// The schema of its answer.
    pub shape: fn() -> Value,
    /// What answers.
    pub answer: fn(&Asking) -> Result<Told, Problem>,
}

/// All tools.
pub const ALL: [&Tool; 10] = [
    &days::LIST_DAYS,
    &days::GET_DAY,
    &days::COMPARE,
    &days::DRIFT,
    &days::SERIES,
    &entities::GROWTH,
    &entities::LIST,
    &entities::HISTORY,
    &context::CONTEXT,
    &context::CAPTURE,
];

impl Tool {
    /// What it takes, with whose archive is meant where that has to be said.
    pub fn takes(&self, tenants: bool) -> Vec<Parameter> {
        let whose = tenants.then_some(WHOSE);
        self.parameters.iter().copied().chain([BUDGET]).chain(whose).collect()
    }

    /// It as clients see it.
    pub fn listed(&self, tenants: bool) -> Listed {
        let takes = self.takes(tenants);
        let annotations = ToolAnnotations::with_title(self.title)
            .read_only(!self.writes)
            .destructive(false)
            .idempotent(!self.writes)
            .open_world(self.of_source);
        Listed::new(self.name, self.about, Arc::new(schema(takes.iter())))
            .with_title(self.title)
            .with_raw_output_schema(Arc::new(told::schema(&(self.shape)())))
            .with_annotations(annotations)
    }
}

/// The shapes of the API's answers, by name.
static SHAPES: LazyLock<Map<String, Value>> = LazyLock::new(|| {
    let document = serde_json::to_value(Document::openapi()).unwrap_or_default();
    match document.pointer("/components/schemas") {
        Some(Value::Object(shapes)) => shapes.clone(),
        _ => Map::new(),
    }
});

/// The shape of an answer of the API, with all that it is made of.
pub fn shape(name: &str) -> Value {
    resolved(SHAPES.get(name).cloned().unwrap_or_default(), 0)
}

fn resolved(value: Value, depth: usize) -> Value {
    match value {
        Value::Object(fields) => {
            let named = fields.get("$ref").and_then(Value::as_str);
            let named = named.and_then(|path| path.strip_prefix("#/components/schemas/"));
            // No shape holds itself; if one ever did, it ends here.
            if let Some(found) = named.and_then(|name| SHAPES.get(name)).filter(|_| depth < 20) {
                return resolved(found.clone(), depth + 1);
            }
            fields.into_iter().map(|(name, value)| (name, resolved(value, depth + 1))).collect()
        }
        Value::Array(items) => items.into_iter().map(|item| resolved(item, depth + 1)).collect(),
        value => value,
    }
}
