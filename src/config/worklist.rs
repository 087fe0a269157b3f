//! Whether worklists are defined soundly, and what they mean.
//!
//! A worklist reads events that metrics read too, but changes no number: it is no part of the
//! definitions that are frozen with a day.

use std::path::{Path, PathBuf};

use indexmap::IndexMap;

use super::archive::lies_in;
use super::check::Checker;
use super::file::{self, Carry, File, Worklist};
use super::problem::{did_you_mean, listed};
use crate::model::definitions::KeyKind;

/// The fields of an entry that asof writes itself.
const OWN_FIELDS: [&str; 10] = [
    "key",
    "phone_number",
    "phone_key",
    "status",
    "attempts",
    "first_seen",
    "last_seen",
    "last_outcome",
    "excluded_reason",
    "excluded_at",
];

/// Keys to work on, found among events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorklistSettings {
    /// The events it is made of.
    pub of: String,
    /// The SQL expression whose values are its keys.
    pub key: String,
    /// How these are made keys; as they are when `None`.
    pub kind: Option<KeyKind>,
    /// The SQL expression that tells how an event ended.
    pub outcome: String,
    /// The SQL expression that tells which of two events at the same time is the later.
    pub id: Option<String>,
    /// The lists of outcomes that put a key out for good, each name once; the first is the reason
    /// where several do.
    pub out: Vec<String>,
    /// The list of outcomes that the latest event must have; any when `None`.
    pub take: Option<String>,
    /// What becomes of a key with an event whose outcome could not be looked up.
    pub unknown: Unknown,
    /// What is kept with an entry, by the names of the fields.
    pub carry: IndexMap<String, CarryOf>,
    /// Queries of keys that are out for good, by reason.
    pub never: IndexMap<String, String>,
    /// Its folder.
    pub dir: PathBuf,
}

/// Where a field comes from that is kept with an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CarryOf {
    /// A column.
    Column(String),
    /// An SQL expression over the row.
    Sql(String),
}

impl CarryOf {
    /// The SQL expression that it is.
    pub fn sql(&self) -> Option<&str> {
        match self {
            Self::Sql(sql) => Some(sql),
            Self::Column(_) => None,
        }
    }
}

/// What becomes of a key with an event whose outcome could not be looked up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unknown {
    /// It is in no entry until it is known: what came of that event may be what puts the key out for good.
    #[default]
    Exclude,
    /// It is as if that event had an outcome that is wanted.
    Include,
}

/// Checks all worklists; gives them in the order of the file.
pub fn check(
    file: &File,
    base: &Path,
    archive: &Path,
    checker: &mut Checker<'_, '_>,
) -> IndexMap<String, WorklistSettings> {
    let mut worklists = IndexMap::new();
    for (name, written) in &file.worklist {
        checker.name(&["worklist", name], name);
        let settings = WorklistSettings {
            of: written.of.clone(),
            key: written.key.clone(),
            kind: written.kind.map(|file::KeyKind::Phone| KeyKind::Phone),
            outcome: written.outcome.clone(),
            id: written.id.clone(),
            out: out(name, written, checker),
            take: written.take.clone(),
            unknown: match written.unknown {
                None | Some(file::Unknown::Exclude) => Unknown::Exclude,
                Some(file::Unknown::Include) => Unknown::Include,
            },
            carry: carry(name, &written.carry, checker),
            never: written.never.clone(),
            dir: dir(name, written, base, archive, checker),
        };
        checker.events(&["worklist", name, "of"], &written.of);
        let expressions = [("key", Some(&settings.key)), ("outcome", Some(&settings.outcome))];
        for (key, sql) in expressions.into_iter().chain([("id", settings.id.as_ref())]) {
            if let Some(sql) = sql {
                checker.expression(&["worklist", name, key], sql);
            }
        }
        if let Some(take) = &written.take {
            list(&["worklist", name, "take"], take, checker);
        }
        for (reason, query) in &written.never {
            let path = ["worklist", name, "never", reason];
            checker.names_in(&path, query, &[]);
            if query.trim().is_empty() {
                checker.problem(&path, "the query is empty", "write a select of one column".to_owned());
            }
        }
        worklists.insert(name.clone(), settings);
    }
    worklists
}

fn list(path: &[&str], list: &str, checker: &mut Checker<'_, '_>) {
    if !checker.is_written("lists", list) {
        let known = checker.names("lists");
        let hint = did_you_mean(list, known.iter().copied())
            .unwrap_or_else(|| format!("known lists: {}", listed(known.iter().copied())));
        checker.problem(path, format!("{list:?} is no list"), hint);
    }
}

fn out(name: &str, written: &Worklist, checker: &mut Checker<'_, '_>) -> Vec<String> {
    let mut lists: Vec<String> = Vec::new();
    for (item, reason) in written.out.iter().enumerate() {
        list(&["worklist", name, "out", &item.to_string()], reason, checker);
        if !lists.contains(reason) {
            lists.push(reason.clone());
        }
    }
    lists
}

fn carry(name: &str, written: &Carry, checker: &mut Checker<'_, '_>) -> IndexMap<String, CarryOf> {
    let mut fields = IndexMap::new();
    let columns: Vec<(String, &String, CarryOf)> = match written {
        Carry::Columns(columns) => columns
            .iter()
            .enumerate()
            .map(|(item, column)| (item.to_string(), column, CarryOf::Column(column.clone())))
            .collect(),
        Carry::Fields(fields) => {
            fields.iter().map(|(field, sql)| (field.clone(), field, CarryOf::Sql(sql.clone()))).collect()
        }
    };
    for (place, field, of) in columns {
        let path = ["worklist", name, "carry", place.as_str()];
        if OWN_FIELDS.contains(&field.as_str()) {
            let message = format!("an entry has a field {field:?} of its own");
            let hint = format!("give it another name: carry = {{ source_{field} = \"{field}\" }}");
            checker.problem(&path, message, hint);
        }
        if field.is_empty() || field.contains('\0') {
            let hint = "name a column, or write { name = \"an SQL expression\" }".to_owned();
            checker.problem(&path, format!("{field:?} is no field"), hint);
        }
        if let CarryOf::Sql(sql) = &of {
            checker.expression(&path, sql);
        }
        if fields.insert(field.clone(), of).is_some() {
            checker.problem(&path, format!("{field:?} is carried twice"), "leave one out".to_owned());
        }
    }
    fields
}

fn dir(
    name: &str,
    written: &Worklist,
    base: &Path,
    archive: &Path,
    checker: &mut Checker<'_, '_>,
) -> PathBuf {
    let given = written.dir.clone().unwrap_or_else(|| format!("worklists/{name}"));
    let path = ["worklist", name, "dir"];
    if given.is_empty() || given.contains('\0') {
        let hint = format!("name a folder, such as worklists/{name}");
        checker.problem(&path, format!("{given:?} is no folder"), hint);
    }
    let dir = base.join(given);
    if lies_in(&dir, archive) {
        let hint = "its files hold keys as they are, and others write into them: name a folder elsewhere";
        checker.problem(&path, "a worklist can't lie inside the archive", hint.to_owned());
    }
    dir
}
