//! Lookups in SQL: which keys are asked about, and what stands for an answer.
//!
//! Answers are held in a table beside the events', and each `lookup.NAME.COLUMN` becomes a query of the one row that
//! holds the answer about the event's key. So an answer is a column like any other.

use std::collections::{BTreeMap, BTreeSet};

use super::expand::{Names, UnknownName};
use super::query::Query;
use super::sql::{Sql, quoted};
use crate::model::Definitions;
use crate::model::definitions::{Dialect, placeholders};
use crate::model::lookup::{FOUND, KEY, LookupDef, held_column, held_table, named};

/// What stands for the keys in a query.
const KEYS: &str = "keys";

/// How many keys are taken in hand at once.
pub const CHUNK: usize = 10_000;

/// What is asked about the events at hand.
#[derive(Clone, Debug, PartialEq)]
pub struct LookupPlan {
    /// Its name.
    pub name: String,
    /// What is asked, and whom.
    pub def: LookupDef,
    /// The SQL that the source speaks which is asked.
    asked_in: Dialect,
    /// The lists that its query names.
    lists: BTreeMap<String, Vec<String>>,
    /// Whose rows are read, where there are tenants.
    tenant: Option<String>,
    /// The table that its answers are held in.
    pub table: String,
    /// Keys that nothing is held about yet, at most [`CHUNK`] of them.
    pub keys: Query,
    /// How many different keys there are, how many of them without an answer, and how many events without a key.
    pub counts: Query,
}

/// The plans of those lookups that some SQL names, over the rows of `from`.
///
/// # Errors
/// A name in braces in a lookup's key.
pub fn plans(
    definitions: &Definitions,
    (dialect, tenant): (Dialect, Option<&str>),
    used: &BTreeSet<String>,
    from: &Sql,
) -> Result<Vec<LookupPlan>, UnknownName> {
    let mut plans = Vec::new();
    for (name, def) in definitions.lookups.iter().filter(|(name, _)| used.contains(*name)) {
        let key = key(dialect, def)?;
        let table = held_table(name);
        let held = quoted(dialect, &table);
        let rows = Sql::new("(select ").and(&key).then(" as asof_k ").and(from).then(") asof_keys");
        let keys = Sql::new("select distinct asof_k from ").and(&rows).then(&format!(
            " where asof_k is not null and asof_k not in (select {KEY} from {held}) limit {CHUNK}"
        ));
        let known = format!("(select {FOUND} from {held} where {KEY} = asof_k)");
        let counts = Sql::new(format!(
            "select count(distinct asof_k), \
             count(distinct case when coalesce({known}, 0) = 0 then asof_k end), \
             count(*) - count(asof_k) from "
        ))
        .and(&rows);
        let query = |what: &str, sql: Sql| Query {
            name: format!("{what} {name}"),
            sql: sql.text,
            params: sql.params,
        };
        plans.push(LookupPlan {
            name: name.clone(),
            def: def.clone(),
            asked_in: definitions.source_named(def.source.as_deref()).dialect,
            lists: lists_in(definitions, def),
            tenant: tenant.map(str::to_owned),
            table,
            keys: query("the key of lookup", keys),
            counts: query("the answers of lookup", counts),
        });
    }
    Ok(plans)
}

/// The lists that its query names.
fn lists_in(definitions: &Definitions, def: &LookupDef) -> BTreeMap<String, Vec<String>> {
    let names = def.sql.as_deref().map(placeholders).unwrap_or_default();
    let lists = names.into_iter().filter_map(|name| definitions.lists.get_key_value(name));
    lists.map(|(name, list)| (name.clone(), list.clone())).collect()
}

impl LookupPlan {
    /// Whether a key has the same answer under both.
    pub fn asks_the_same(&self, other: &Self) -> bool {
        let source = |plan: &Self| (plan.def.source.clone(), plan.def.sql.clone(), plan.def.table.clone());
        source(self) == source(other)
            && (self.asked_in, &self.lists, &self.tenant) == (other.asked_in, &other.lists, &other.tenant)
    }

    /// The query that asks about these keys; an empty one where an API is asked.
    ///
    /// # Errors
    /// A name in braces that is no list.
    pub fn question(&self, keys: &[String]) -> Result<Query, UnknownName> {
        let mut lists = self.lists.clone();
        lists.insert(KEYS.to_owned(), keys.to_vec());
        let tenant = self.tenant.as_deref();
        let names = Names { dialect: self.asked_in, lists: &lists, window: None, tenant, lookups: None };
        let sql = names.fill(self.def.sql.as_deref().unwrap_or_default())?;
        Ok(Query { name: format!("lookup {}", self.name), sql: sql.text, params: sql.params })
    }
}

/// The names of the lookups that some SQL names.
pub fn used<'s>(
    lookups: &BTreeMap<String, LookupDef>,
    dialect: Dialect,
    texts: impl IntoIterator<Item = &'s str>,
) -> BTreeSet<String> {
    let texts = texts.into_iter();
    let names = texts.flat_map(|text| named(dialect, text)).map(|(lookup, _)| lookup);
    names.filter(|name| lookups.contains_key(*name)).map(str::to_owned).collect()
}

/// What stands for a column of the answer about an event's key: NULL where there is none.
///
/// # Errors
/// A name in braces in the lookup's key.
pub fn answer(dialect: Dialect, name: &str, def: &LookupDef, column: &str) -> Result<Sql, UnknownName> {
    Ok(of_the_answer(dialect, name, &quoted(dialect, &held_column(column)), &key(dialect, def)?))
}

/// The condition that there is no answer about an event's key.
///
/// # Errors
/// A name in braces in the lookup's key.
pub fn is_unknown(dialect: Dialect, name: &str, def: &LookupDef) -> Result<Sql, UnknownName> {
    let found = of_the_answer(dialect, name, FOUND, &key(dialect, def)?);
    Ok(Sql::new("(coalesce(").and(&found).then(", 0) = 0)"))
}

fn of_the_answer(dialect: Dialect, name: &str, column: &str, key: &Sql) -> Sql {
    let held = quoted(dialect, &held_table(name));
    Sql::new(format!("(select {column} from {held} where {KEY} = ")).and(key).then(")")
}

/// The key of an event as text; NULL where it has none.
fn key(dialect: Dialect, def: &LookupDef) -> Result<Sql, UnknownName> {
    let none = BTreeMap::new();
    let names = Names { dialect, lists: &none, window: None, tenant: None, lookups: None };
    let key = Sql::default().user(&names.fill(&def.key)?);
    Ok(Sql::new("nullif(cast(").and(&key).then(" as text), '')"))
}
