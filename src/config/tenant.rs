//! Tenants: whose rows are kept apart, each in an archive of its own below that of the configuration.

use std::path::PathBuf;

use super::Config;

/// The folder of all tenants' archives, in that of the configuration.
const TENANTS: &str = "tenants";

/// Names that mean a device on some systems, whatever follows a point.
const DEVICES: [&str; 4] = ["con", "prn", "aux", "nul"];

/// The name of a tenant's folder: lower-case letters of ASCII, digits, `_` and `-` of its id stand for themselves,
/// each other byte as `%` and two hexadecimal digits. So no id leads elsewhere, and no two have the same name, where
/// letters' cases count and where they don't.
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
    name
}

impl Config {
    /// The configuration of one tenant: its archive, and its rows. `None` when there is no such tenant.
    pub fn of_tenant(&self, id: &str) -> Option<Self> {
        let id = self.tenants.iter().find(|known| *known == id)?;
        let mut own = self.clone();
        own.archive.dir = self.tenant_dir(id);
        own.tenant = Some(id.clone());
        Some(own)
    }

    /// Where a tenant's archive lies.
    pub fn tenant_dir(&self, id: &str) -> PathBuf {
        self.archive.dir.join(TENANTS).join(folder(id))
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
        ];
        for (id, name) in cases {
            assert_eq!(folder(id), name, "{id:?}");
        }
    }

    proptest! {
        #[test]
        fn no_two_ids_have_the_same_folder_even_where_cases_do_not_count(ids in proptest::collection::btree_set(".{1,4}|[aA%2/]{1,5}", 1..20)) {
            let names: BTreeSet<String> = ids.iter().map(|id| folder(id).to_lowercase()).collect();
            prop_assert_eq!(names.len(), ids.len());
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'%');
            prop_assert!(names.iter().all(|name| name.bytes().all(plain)));
        }
    }
}
