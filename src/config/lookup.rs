//! Whether lookups are configured soundly, and what they mean.

use std::collections::BTreeMap;

use super::check::Checker;
use super::file::File;
use super::http::LookupSettings;
use super::http_feed::{self, is_pointer};
use super::lookup_file::Lookup;
use super::tenant::check_query;
use super::{HttpSettings, Sources, filled, source};
use crate::model::Definitions;
use crate::model::definitions::{Dialect, EventsDef, placeholders};
use crate::model::lookup::{KEY, LookupDef, named};
use crate::model::table::{ColumnDef, ColumnKind, TableDef};

/// How many keys one request asks an API about when nothing else is configured, and at most.
const BATCH: u64 = 100;
const MOST: u64 = 10_000;
/// The names that stand for what is asked about.
const ASKED: [&str; 4] = ["keys", "offset", "page", "cursor"];

/// Checks all lookups; what an API is asked is put to it.
pub(super) fn check(
    file: &File,
    sources: &mut Sources,
    checker: &mut Checker<'_, '_>,
) -> BTreeMap<String, LookupDef> {
    let mut lookups = BTreeMap::new();
    for (name, written) in &file.lookups {
        let path = ["lookups", name.as_str()];
        checker.name(&path, name);
        key(&["lookups", name, "key"], &written.key, checker);
        let before = checker.count();
        let from = source::from(&path, written.from.as_ref(), sources, checker);
        if checker.count() > before {
            continue;
        }
        let dialect = sources.of(from.as_deref()).unwrap_or_else(|| sources.main()).dialect();
        let asked = match sources.api(from.as_deref()) {
            Some(api) => of_an_api(written, name, api, checker).map(|asked| {
                let table = asked.feed.table.clone();
                api.lookups.insert(name.clone(), asked);
                (None, table)
            }),
            None => of_a_database(written, name, (dialect, file.tenants.is_some()), checker)
                .map(|(sql, table)| (Some(sql), table)),
        };
        if let Some((sql, table)) = asked {
            lookups.insert(name.clone(), LookupDef { source: from, key: written.key.clone(), sql, table });
        }
    }
    lookups
}

fn key(at: &[&str], sql: &str, checker: &mut Checker<'_, '_>) {
    checker.expression(at, sql);
    if named(Dialect::Sqlite, sql).next().is_some() || !placeholders(sql).is_empty() {
        let hint = "name a column of the events, or an SQL expression over columns".to_owned();
        checker.problem(at, "a key can be made of neither lists nor answers", hint);
    }
}

/// What an API is asked.
fn of_an_api(
    written: &Lookup,
    name: &str,
    api: &HttpSettings,
    checker: &mut Checker<'_, '_>,
) -> Option<LookupSettings> {
    let path = ["lookups", name];
    let at = |key: &'static str| ["lookups", name, key];
    let before = checker.count();
    if written.sql.is_some() {
        let hint = "write url = \"…?ids={keys}\": an API is asked over HTTP".to_owned();
        checker.problem(&at("sql"), "an API is not asked by SQL", hint);
    }
    if written.url.is_none() {
        let hint = "add url = \"…?ids={keys}\", or method = \"POST\" and a body".to_owned();
        checker.problem(&path, "it is not said where the API is asked", hint);
    }
    let texts = [written.url.as_deref(), written.body.as_deref()].into_iter().flatten();
    if written.url.is_some() && !texts.flat_map(placeholders).any(|name| name == "keys") {
        let hint = "put {keys} into the url or the body".to_owned();
        checker.problem(&path, "nothing asks about the keys", hint);
    }
    let batch = written.batch.unwrap_or(BATCH);
    if !(1..=MOST).contains(&batch) {
        let hint = format!("write a number from 1 to {MOST}");
        checker.problem(&at("batch"), format!("{batch} is no number of keys"), hint);
    }
    match &written.key_at {
        Some(pointer) => is_pointer(pointer, &at("key_at"), checker),
        None if batch > 1 => {
            let hint = "add key_at = \"/id\", or batch = 1 where each request asks about one key".to_owned();
            checker.problem(&path, "it is not said which key an item is about", hint);
        }
        None => {}
    }
    let secrets: Vec<&str> = api.secrets.keys().map(String::as_str).collect();
    let place = http_feed::Place { path: &path, secrets: &secrets, asked: &ASKED };
    let mut feed = http_feed::check(&written.feed(), Some(&api.base), &place, checker)?;
    if let Some(pointer) = &written.key_at {
        let column = ColumnDef { at: pointer.clone(), kind: ColumnKind::Text, format: None };
        feed.table.columns.insert(KEY.to_owned(), column);
    }
    // How times are written is nothing to a lookup.
    feed.table.settings.remove("times");
    (checker.count() == before).then_some(LookupSettings { feed, batch: usize::try_from(batch).unwrap_or(1) })
}

/// The query that a database is asked, and the table of its answers.
fn of_a_database(
    written: &Lookup,
    name: &str,
    tenants: (Dialect, bool),
    checker: &mut Checker<'_, '_>,
) -> Option<(String, TableDef)> {
    let path = ["lookups", name];
    let before = checker.count();
    let of_an_api = [
        ("method", written.method.is_some()),
        ("url", written.url.is_some()),
        ("body", written.body.is_some()),
        ("headers", !written.headers.is_empty()),
        ("batch", written.batch.is_some()),
        ("items", written.items.is_some()),
        ("total", written.total.is_some()),
        ("key_at", written.key_at.is_some()),
        ("pages", written.pages.is_some()),
        ("max_pages", written.max_pages.is_some()),
        ("optional", !written.optional.is_empty()),
    ];
    for (key, _) in of_an_api.into_iter().filter(|(_, is_written)| *is_written) {
        let hint = "leave it out: what is asked here is no API".to_owned();
        checker.problem(&["lookups", name, key], "a lookup by SQL has no such key", hint);
    }
    for (column, def) in &written.columns {
        if def.at.is_some() || def.format.is_some() {
            let hint = "give its type alone: the query names its columns".to_owned();
            checker.problem(&["lookups", name, "columns", column], "a query says itself where it is", hint);
        }
    }
    let Some(sql) = &written.sql else {
        let hint = "add sql = \"select id, status from … where id in {keys}\"".to_owned();
        checker.problem(&path, "it is not said what is asked", hint);
        return None;
    };
    let at = ["lookups", name, "sql"];
    checker.names_in(&at, sql, &["keys"]);
    if !placeholders(sql).contains(&"keys") {
        let hint = "add where … in {keys}".to_owned();
        checker.problem(&at, "nothing asks about the keys", hint);
    }
    check_query(&at, sql, tenants, checker);
    let columns = filled::columns(&path, &written.columns, &[], str::to_owned, checker);
    let table =
        TableDef { from: String::new(), items: None, key: Vec::new(), columns, settings: BTreeMap::new() };
    (checker.count() == before).then(|| (sql.clone(), table))
}

/// Says of which events of databases answers are named: their rows are taken over to where answers are held.
pub(super) fn stage(definitions: &mut Definitions) {
    let names =
        |sql: &str| named(Dialect::Sqlite, sql).any(|(name, _)| definitions.lookups.contains_key(name));
    let is_staged = |(events, def): &(&String, &EventsDef)| {
        definitions.source_of(def).tables.is_empty() && definitions.expressions_of(events).any(names)
    };
    let staged: Vec<String> =
        definitions.events.iter().filter(is_staged).map(|(events, _)| events.clone()).collect();
    for events in staged {
        if let Some(def) = definitions.events.get_mut(&events) {
            def.staged = true;
        }
    }
}
