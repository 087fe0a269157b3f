//! Tenants: whose rows are kept apart, each in an archive of its own below that of the configuration.

use std::path::{Path, PathBuf};

use super::check::Checker;
use super::file::File;
use super::{Config, Sources};
use crate::model::Digest;
use crate::model::definitions::Dialect;
use crate::model::tenant_sql::names_tenant;

/// The folder of all tenants' archives, in that of the configuration.
const TENANTS: &str = "tenants";

/// Names that mean a device on some systems, whatever follows a point.
const DEVICES: [&str; 4] = ["con", "prn", "aux", "nul"];

/// The most letters of an id.
const LONGEST: usize = 80;
/// The longest name of a folder that is the id itself; names of files that begin with it have room, too.
const LONGEST_NAME: usize = 100;
/// Of a longer one this much is told, before a part of its digest.
const TOLD: usize = 40;

/// The name of a tenant's folder: lower-case letters of ASCII, digits, `_` and `-` of its id stand for themselves,
/// each other byte as `%` and two hexadecimal digits. So no id leads elsewhere, and no two have the same name, where
/// letters' cases count and where they don't. A name of more than 100 letters is too long for some file
/// systems: it is cut, and `%-` and a part of the id's digest follow, which no other name has in it.
pub fn folder(id: &str) -> String {
    let numbered = |name: &str| {
        let number = id.strip_prefix(name).filter(|rest| rest.len() == 1);
        number.is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let device = DEVICES.contains(&id) || numbered("com") || numbered("lpt");
    let mut name = String::with_capacity(id.len());
    for (at, byte) in id.bytes().enumerate() {
        let plain = byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-');
        if plain && !(device && at == 0) {
            name.push(char::from(byte));
        } else {
            name.push_str(&format!("%{byte:02x}"));
        }
    }
    if name.len() <= LONGEST_NAME {
        return name;
    }
    let digest = Digest::of(id.as_bytes()).to_string();
    let (told, digest) = (name.get(..TOLD), digest.get(..32));
    format!("{}%-{}", told.unwrap_or_default(), digest.unwrap_or_default())
}

/// A tenant's part of a folder.
pub fn within(dir: &Path, id: &str) -> PathBuf {
    dir.join(TENANTS).join(folder(id))
}

/// The file of a tenant beside that of the configuration: `asof.acme.key` for `asof.key`.
fn file_of(path: &Path, folder: &str) -> PathBuf {
    let name = |part: Option<&std::ffi::OsStr>| part.map(|part| part.to_string_lossy().into_owned());
    let stem = name(path.file_stem()).unwrap_or_default();
    let extension = name(path.extension()).map_or_else(String::new, |extension| format!(".{extension}"));
    path.with_file_name(format!("{stem}.{folder}{extension}"))
}

/// Checks `[tenants]`: their ids, in the order of the file.
pub fn check(file: &File, checker: &mut Checker<'_, '_>) -> Vec<String> {
    let Some(tenants) = &file.tenants else { return Vec::new() };
    if tenants.ids.is_empty() {
        let hint = "name them, or leave [tenants] out".to_owned();
        checker.problem(&["tenants", "ids"], "there are no tenants", hint);
    }
    for (item, id) in tenants.ids.iter().enumerate() {
        let path = ["tenants", "ids", &item.to_string()];
        if id.is_empty() || id.chars().count() > LONGEST || id.chars().any(char::is_control) {
            let hint = format!("write 1 to {LONGEST} letters, none of which is a control character");
            checker.problem(&path, format!("{id:?} is no id of a tenant"), hint);
        }
        if tenants.ids.iter().take(item).any(|other| other == id) {
            checker.problem(&path, format!("the tenant {id:?} is named twice"), "leave one out".to_owned());
        }
    }
    tenants.ids.clone()
}

/// Checks that a query names the tenant where there are tenants, and only there.
pub fn check_query(
    path: &[&str],
    sql: &str,
    (dialect, tenants): (Dialect, bool),
    checker: &mut Checker<'_, '_>,
) {
    match (tenants, names_tenant(dialect, sql)) {
        (true, false) => {
            let hint = "add where … = :tenant: each tenant's archive holds its own rows only".to_owned();
            checker.problem(path, "the query does not keep to one tenant", hint);
        }
        (false, true) => unknown(path, checker),
        _ => {}
    }
}

fn unknown(path: &[&str], checker: &mut Checker<'_, '_>) {
    let hint = "add [tenants] with ids = [\"…\"], or leave :tenant out".to_owned();
    checker.problem(path, "the query names :tenant, and there are no tenants", hint);
}

/// Checks that what is read of events and for worklists keeps to the tenant. Members' names are asked for by the
/// members that are there, so their query may or may not name it.
pub fn check_events(file: &File, sources: &Sources, checker: &mut Checker<'_, '_>) {
    let tenants = file.tenants.is_some();
    let dialect_of = |from: Option<&String>| {
        sources.of(from.map(String::as_str)).unwrap_or_else(|| sources.main()).dialect()
    };
    for (name, events) in &file.events {
        let dialect = dialect_of(events.from.as_ref());
        let with = (dialect, tenants);
        if let Some(sql) = &events.sql {
            check_query(&["events", name, "sql"], sql, with, checker);
        } else if tenants {
            let hint = format!(
                "write sql = \"select … where … = :tenant and {{window}}\" for table = {:?}",
                events.table.as_deref().unwrap_or("…")
            );
            checker.problem(&["events", name], "the events do not keep to one tenant", hint);
        }
        for (dimension, by) in &events.by {
            if let Some(labels) = &by.labels
                && !tenants
                && names_tenant(dialect, labels)
            {
                unknown(&["events", name, "by", dimension, "labels"], checker);
            }
        }
    }
    for (name, worklist) in &file.worklist {
        let events = file.events.get(&worklist.of);
        let with = (dialect_of(events.and_then(|events| events.from.as_ref())), tenants);
        for (reason, sql) in &worklist.never {
            check_query(&["worklist", name, "never", reason], sql, with, checker);
        }
    }
}

impl Config {
    /// The configuration of one tenant: its archive, and its rows. `None` when there is no such tenant.
    pub fn of_tenant(&self, id: &str) -> Option<Self> {
        let id = self.tenants.iter().find(|known| *known == id)?;
        let mut own = self.clone();
        own.archive.dir = self.tenant_dir(id);
        // Who holds the keys of one archive can tell nothing of another.
        own.archive.key_file = file_of(&own.archive.key_file, &folder(id));
        for worklist in own.worklists.values_mut() {
            worklist.dir = within(&worklist.dir, id);
        }
        own.tenant = Some(id.clone());
        Some(own)
    }

    /// Where a tenant's archive lies.
    pub fn tenant_dir(&self, id: &str) -> PathBuf {
        within(&self.archive.dir, id)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::folder;

    #[test]
    fn an_id_is_never_a_path_and_never_a_device() {
        let cases = [
            ("acme", "acme"),
            ("a_b-1", "a_b-1"),
            ("../evil", "%2e%2e%2fevil"),
            ("..", "%2e%2e"),
            ("a/b", "a%2fb"),
            ("CON", "%43%4f%4e"),
            ("con", "%63on"),
            ("com1", "%63om1"),
            ("com12", "com12"),
            ("console", "console"),
            ("é", "%c3%a9"),
            ("e\u{301}", "e%cc%81"),
            ("100%", "100%25"),
            ("a\0b", "a%00b"),
            ("'; drop table videos; --", "%27%3b%20drop%20table%20videos%3b%20--"),
            ("🦀", "%f0%9f%a6%80"),
            (&"a".repeat(80), &"a".repeat(80)),
        ];
        for (id, name) in cases {
            assert_eq!(folder(id), name, "{id:?}");
        }
    }

    #[test]
    fn a_long_name_is_cut_and_still_that_of_one_id_only() {
        let (one, other) = ("é".repeat(80), format!("{}è", "é".repeat(79)));
        let name = folder(&one);
        // 40 letters of it, and half of its digest.
        assert!(name.starts_with(&format!("{}%c3%%-", "%c3%a9".repeat(6))), "{name}");
        assert_eq!(name.len(), 74);
        assert_ne!(name, folder(&other));
        assert_eq!(folder(&"A".repeat(33)).len(), 99);
        assert_eq!(folder(&"A".repeat(34)).len(), 74);
    }

    #[test]
    fn a_file_of_a_tenant_lies_beside_that_of_the_configuration() {
        let of = |path: &str| super::file_of(std::path::Path::new(path), "acme").display().to_string();
        assert_eq!(of("/etc/asof.key"), "/etc/asof.acme.key");
        assert_eq!(of("keys/secret"), "keys/secret.acme");
    }

    proptest! {
        #[test]
        fn no_two_ids_have_the_same_folder_even_where_cases_do_not_count(ids in proptest::collection::btree_set(".{1,4}|[aA%2/]{1,5}|[aA]{79,80}", 1..20)) {
            let names: BTreeSet<String> = ids.iter().map(|id| folder(id).to_lowercase()).collect();
            prop_assert_eq!(names.len(), ids.len());
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'%');
            prop_assert!(names.iter().all(|name| name.bytes().all(plain)));
        }
    }
}
