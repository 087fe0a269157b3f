//! Whether the columns of a table that asof fills are sound: those of a feed, and those of files.

use std::collections::BTreeMap;

use indexmap::IndexMap;

use super::check::Checker;
use super::column_file::Column;
use super::problem::{did_you_mean, listed};
use crate::model::table::{ColumnDef, ColumnKind};

/// The columns and the key of a table at `path`; where a column says not where its value is, `place` of its name does.
pub(super) fn columns(
    path: &[&str],
    written: &IndexMap<String, Column>,
    key: &[String],
    place: impl Fn(&str) -> String,
    checker: &mut Checker<'_, '_>,
) -> BTreeMap<String, ColumnDef> {
    let below = |rest: &[&'static str], name: &str| {
        let mut at: Vec<String> = path.iter().map(|part| (*part).to_owned()).collect();
        at.extend(["columns".to_owned(), name.to_owned()]);
        at.extend(rest.iter().map(|part| (*part).to_owned()));
        at
    };
    let mut columns = BTreeMap::new();
    if written.is_empty() {
        let hint = "add columns = { id = \"text\", created_at = \"time\" }".to_owned();
        checker.problem(path, "the table has no columns", hint);
    }
    for (name, column) in written {
        let at = below(&[], name);
        let at: Vec<&str> = at.iter().map(String::as_str).collect();
        checker.name(&at, name);
        reserved(&at, name, checker);
        let kind = match column.kind.as_deref().unwrap_or("text").parse::<ColumnKind>() {
            Ok(kind) => kind,
            Err(hint) => {
                let kind = column.kind.as_deref().unwrap_or_default();
                let hint = did_you_mean(kind, ColumnKind::ALL.map(ColumnKind::name)).unwrap_or(hint);
                checker.problem(&at, format!("{kind:?} is no type of column"), hint);
                continue;
            }
        };
        if column.format.is_some() && kind != ColumnKind::Time {
            let hint = "leave it out, or write type = \"time\"".to_owned();
            checker.problem(&at, "only a time has a format", hint);
        }
        let place = column.at.clone().unwrap_or_else(|| place(name));
        columns.insert(name.clone(), ColumnDef { at: place, kind, format: column.format.clone() });
    }
    for (item, name) in key.iter().enumerate() {
        if !written.contains_key(name) {
            let item = item.to_string();
            let at: Vec<&str> = path.iter().copied().chain(["key", item.as_str()]).collect();
            let names = || written.keys().map(String::as_str);
            let hint =
                did_you_mean(name, names()).unwrap_or_else(|| format!("known columns: {}", listed(names())));
            checker.problem(&at, format!("{name:?} is no column"), hint);
        }
    }
    columns
}

/// Notes a name that asof gives itself.
pub(super) fn reserved(at: &[&str], name: &str, checker: &mut Checker<'_, '_>) {
    if name.starts_with("asof_") {
        let hint = "take another name: those are asof's own".to_owned();
        checker.problem(at, format!("nothing here can be named {name:?}"), hint);
    }
}
