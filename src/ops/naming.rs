//! What members of dimensions are called, as queries for names tell it.

use std::collections::HashMap;

use crate::metrics::Cube;
use crate::model::Value;
use crate::plan::{Plan, Query};
use crate::source::{Session, SourceError};

/// The names that one query gives: by the key as it is spelled, and by a loose spelling for
/// keys that differ from the members' in case or trailing blanks only.
#[derive(Debug, Default)]
pub struct Names {
    exact: HashMap<String, String>,
    loose: HashMap<String, String>,
}

impl Names {
    fn insert(&mut self, key: &str, label: &str) {
        for (names, key) in [(&mut self.exact, key.to_owned()), (&mut self.loose, loose(key))] {
            // Of several names for one key the smallest is taken, so that order does not matter.
            let known = names.entry(key).or_insert_with(|| label.to_owned());
            if label < known.as_str() {
                label.clone_into(known);
            }
        }
    }

    fn get(&self, key: &str) -> Option<&String> {
        self.exact.get(key).or_else(|| self.loose.get(&loose(key)))
    }
}

fn loose(key: &str) -> String {
    key.trim_end_matches(' ').to_lowercase()
}

/// Gives the members of every dimension their names, from all that queries gave, each by its source.
pub fn label(plan: &Plan, all: &[(Option<String>, &Query, Names)], cubes: &mut [Cube]) {
    for (events, cube) in plan.events.iter().zip(cubes) {
        cube.label(|dimension, key| {
            let dimension = events.dimensions.iter().find(|found| found.name == dimension)?;
            let query = dimension.labels.as_ref()?;
            let asked = |source: &Option<String>, known: &Query| {
                *source == events.source && known.asks_the_same(query)
            };
            let (_, _, names) = all.iter().find(|(source, known, _)| asked(source, known))?;
            names.get(key).cloned()
        });
    }
}

/// Asks a query for names: its first column has the keys, its second what they are called.
///
/// # Errors
/// The source's.
pub async fn names(session: &mut Session, query: &Query) -> Result<Names, SourceError> {
    let mut names = Names::default();
    for row in session.rows(query).await? {
        let mut cells = row.iter().map(Value::to_text);
        if let (Some(Some(key)), Some(Some(label))) = (cells.next(), cells.next())
            && !label.trim().is_empty()
        {
            names.insert(&key, &label);
        }
    }
    Ok(names)
}
