//! A call of a tool: by whom, of what, and how its words become those of a request, so that access, tenants and what
//! is kept in memory are the same here and there.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;
use tokio::sync::watch;

use super::arguments::{Arguments, TENANT};
use crate::serve::Server;
use crate::serve::access::{Call, Caller};
use crate::serve::answer::Answer;
use crate::serve::asked::Asked;
use crate::serve::problem::Problem;

/// A call of a tool.
pub struct Asking {
    /// What all share.
    pub server: Arc<Server>,
    /// Who asks.
    pub caller: Caller,
    /// What came.
    pub arguments: Arguments,
    /// Says `true` once nobody waits any more.
    pub stop: watch::Receiver<bool>,
}

impl Asking {
    /// The same as a request with these parts of a path, and these words.
    ///
    /// # Errors
    /// When something is too long to be meant.
    pub fn call(
        &self,
        path: &[(&str, &str)],
        words: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Call, Problem> {
        let path: BTreeMap<String, String> =
            path.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let words = words.into_iter().chain(self.arguments.words(&[TENANT]));
        let asked = Asked::of(path, words)?;
        Ok(Call::of(&self.server, self.caller.clone(), asked, self.stop.clone()))
    }

    /// The words of the arguments of these names.
    pub fn words(&self, names: &[&str]) -> Vec<(String, String)> {
        self.arguments.words(names)
    }
}

/// The document that was answered.
///
/// # Errors
/// None in practice: answers are JSON.
pub fn document(answer: &Answer) -> Result<Value, Problem> {
    serde_json::from_slice(&answer.body).map_err(|error| Problem::mistake(error.to_string()))
}
