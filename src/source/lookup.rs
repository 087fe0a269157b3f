//! Answers about keys in hand: asked of an API in batches, or of a database by SQL; and held beside the events they are
//! about.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::filled::FilledSession;
use super::filled::cell::{Cell, Found, cell};
use super::filled::tables::Row;
use super::{Engine, Session, SourceError};
use crate::calendar::Window;
use crate::model::lookup::KEY;
use crate::model::{Number, Progress, Value};
use crate::plan::{LookupPlan, Query};

/// How many keys one query asks about: each is a bound value, of which no database takes any number.
const BATCH: usize = 1_000;
/// How much of a key is told.
const TOLD: usize = 60;

/// What was answered about keys: for each, the cells of the lookup's columns in the order of their names.
#[derive(Debug, Default)]
pub struct Answers(HashMap<String, Vec<Cell>>);

impl Answers {
    /// Whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes an answer about a key.
    ///
    /// # Errors
    /// When it is not what was answered about that key already.
    pub(super) fn take(&mut self, lookup: &str, key: String, cells: Vec<Cell>) -> Result<(), SourceError> {
        match self.0.entry(key) {
            Entry::Vacant(place) => {
                place.insert(cells);
                Ok(())
            }
            Entry::Occupied(known) if *known.get() == cells => Ok(()),
            Entry::Occupied(known) => Err(SourceError::Lookup {
                lookup: lookup.to_owned(),
                reason: format!("two answers about the key {:?} tell different things", short(known.key())),
                hint: "let there be one answer for each key: the latest, or the one that counts",
            }),
        }
    }
}

fn short(text: &str) -> String {
    text.chars().take(TOLD).collect()
}

impl Session {
    /// What this source answers about keys.
    ///
    /// # Errors
    /// Whatever keeps it from answering, or an answer that can't be taken as it is.
    pub async fn look_up(
        &mut self,
        lookup: &LookupPlan,
        keys: &[String],
        window: &Window,
        progress: &dyn Progress,
    ) -> Result<Answers, SourceError> {
        if let Engine::Filled(session) = &mut self.0
            && lookup.def.sql.is_none()
        {
            return session.look_up(lookup, keys, progress).await;
        }
        let mut answers = Answers::default();
        let (all, mut asked) = (keys.len(), 0);
        for batch in keys.chunks(BATCH) {
            progress.step(&format!("looking up {}: {asked} of {all} keys", lookup.name));
            let query = question(lookup, batch)?;
            if asked == 0 {
                self.fill(window, &[&query], progress).await?;
                self.begin(&[&query]).await?;
            }
            let mut rows = Vec::new();
            let columns = self
                .read(&query, &mut |row: &mut Vec<Value>| {
                    rows.push(std::mem::take(row));
                    Ok::<(), SourceError>(())
                })
                .await?;
            let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
            take_rows(lookup, &names, rows, &mut answers)?;
            asked += batch.len();
        }
        if asked > 0 {
            self.end().await?;
        }
        Ok(answers)
    }

    /// Makes room for the answers of a lookup, unless there is some: those that are held stay, if the same was asked.
    ///
    /// # Errors
    /// Of a database: nothing is ever written there.
    pub async fn make_room(&mut self, lookup: &LookupPlan) -> Result<(), SourceError> {
        self.filled(lookup)?.make_room(lookup).await
    }

    /// Lets go of all answers of a lookup that are held.
    ///
    /// # Errors
    /// As [`Session::make_room`].
    pub async fn forget(&mut self, lookup: &LookupPlan) -> Result<(), SourceError> {
        self.filled(lookup)?.tables().empty(&lookup.table).await
    }

    /// Whether what this source answers by SQL is of the day that is read, as its tables are filled for each.
    ///
    /// # Errors
    /// A name in braces that is no list.
    pub fn answers_by_day(&self, lookup: &LookupPlan) -> Result<bool, SourceError> {
        match &self.0 {
            Engine::Filled(session) => Ok(session.is_of_a_window(&question(lookup, &[])?)),
            Engine::Mysql(_) | Engine::Sqlite(_) | Engine::Postgres(_) => Ok(false),
        }
    }

    /// Holds what was answered about keys, and that there is no answer about the others of them.
    ///
    /// # Errors
    /// As [`Session::make_room`].
    pub async fn hold(
        &mut self,
        lookup: &LookupPlan,
        keys: &[String],
        mut answers: Answers,
    ) -> Result<(), SourceError> {
        let nothing = vec![Cell::Null; lookup.def.columns().count()];
        let row = |key: &String| {
            let answer = answers.0.remove(key);
            let found = Cell::Integer(i64::from(answer.is_some()));
            // In the order of the names: answers, whether there is one, the key.
            let mut cells = answer.unwrap_or_else(|| nothing.clone());
            cells.extend([found, Cell::Text(key.clone())]);
            Row { cells, raw: None }
        };
        let rows = keys.iter().map(row).collect();
        self.filled(lookup)?.tables().insert(&lookup.table, rows).await.map(|_| ())
    }

    fn filled(&mut self, lookup: &LookupPlan) -> Result<&mut FilledSession, SourceError> {
        match &mut self.0 {
            Engine::Filled(session) => Ok(session),
            Engine::Mysql(_) | Engine::Sqlite(_) | Engine::Postgres(_) => Err(SourceError::Lookup {
                lookup: lookup.name.clone(),
                reason: "answers can't be held in a database".to_owned(),
                hint: "this should not happen: please report it",
            }),
        }
    }
}

/// The query that asks about keys.
fn question(lookup: &LookupPlan, keys: &[String]) -> Result<Query, SourceError> {
    lookup.question(keys).map_err(|error| SourceError::Lookup {
        lookup: lookup.name.clone(),
        reason: error.to_string(),
        hint: "name a list of [lists] in the braces",
    })
}

/// Takes the rows of a query: the key first, and columns by their names.
fn take_rows(
    lookup: &LookupPlan,
    names: &[&str],
    rows: Vec<Vec<Value>>,
    answers: &mut Answers,
) -> Result<(), SourceError> {
    let wrong = |reason: String, hint| SourceError::Lookup { lookup: lookup.name.clone(), reason, hint };
    let mut places = Vec::new();
    for (column, def) in lookup.def.columns().filter(|(name, _)| *name != KEY) {
        let place = names.iter().skip(1).position(|name| name == column);
        let place = place.or_else(|| names.iter().skip(1).position(|name| name.eq_ignore_ascii_case(column)));
        let place = place.ok_or_else(|| {
            let given = names.join(", ");
            wrong(
                format!("the query gives no column {column:?} behind its first, which is the key: {given}"),
                "let it select the key first, and then the columns by their names",
            )
        })?;
        places.push((column, def, place + 1));
    }
    for row in rows {
        let Some(key) = row.first().and_then(Value::to_text) else { continue };
        let mut cells = Vec::with_capacity(places.len());
        for (column, def, place) in &places {
            let value = row.get(*place).unwrap_or(&Value::Null);
            let made = match value {
                Value::Null => Ok(Cell::Null),
                Value::Number(number) => cell(def, Found::Number(&number.to_string())),
                Value::Float(float) => match Number::from_f64(*float) {
                    Some(number) => cell(def, Found::Number(&number.to_string())),
                    None => Err("is no number that can be told".to_owned()),
                },
                Value::Text(text) => cell(def, Found::Text(text)),
                Value::Bytes(bytes) => match std::str::from_utf8(bytes) {
                    Ok(text) => cell(def, Found::Text(text)),
                    Err(_) => Err("is bytes, no text".to_owned()),
                },
            };
            let hint = "give the column another type, or let the SQL make one of it";
            let told = |reason: String| format!("of the key {:?}, {column} {reason}", short(&key));
            cells.push(made.map_err(|reason| wrong(told(reason), hint))?);
        }
        answers.take(&lookup.name, key, cells)?;
    }
    Ok(())
}
