//! Where frozen days are kept, and where the key of their values: never beside each other.

use std::path::{Component, Path, PathBuf};

use super::ArchiveSettings;
use super::check::Checker;
use super::file::File;

/// The archive's folder when none is named.
const DIR: &str = "snapshots";
/// The file of the key when none is named.
const KEY_FILE: &str = "asof.key";

/// Checks `[archive]`; paths in it are relative to `base`.
pub fn check(file: &File, base: &Path, checker: &mut Checker<'_, '_>) -> ArchiveSettings {
    let dir = file.archive.dir.as_deref().unwrap_or(DIR);
    let no_folder = dir.is_empty() || dir.contains('\0');
    if no_folder {
        let hint = "name a folder, such as snapshots".to_owned();
        checker.problem(&["archive", "dir"], format!("{dir:?} is no folder"), hint);
    }
    let key_file = file.archive.key_file.as_deref().unwrap_or(KEY_FILE);
    if key_file.contains('\0') || Path::new(key_file).file_name().is_none() {
        let hint = "name a file, such as asof.key".to_owned();
        checker.problem(&["archive", "key_file"], format!("{key_file:?} is no file"), hint);
    }
    let settings = ArchiveSettings { dir: base.join(dir), key_file: base.join(key_file) };
    // Without anything that is kept under the key nobody needs the file.
    let needed = file.archive.key_file.is_some()
        || file.metrics.values().any(|metric| metric.cumulative == Some(true));
    if needed && !no_folder && lies_in(&settings.key_file, &settings.dir) {
        let key = if file.archive.key_file.is_some() { "key_file" } else { "dir" };
        let hint = "keep the key apart: whoever has it and the archive can tell whose values were counted";
        let message = format!("the key file {key_file:?} lies in the archive {dir:?}");
        checker.problem(&["archive", key], message, hint.to_owned());
    }
    settings
}

/// Whether a path leads into a folder, as far as the two tell without a look at the disk.
pub(super) fn lies_in(path: &Path, folder: &Path) -> bool {
    let (path, folder) = (straight(path), straight(folder));
    let here = folder.as_os_str().is_empty();
    path.starts_with(folder)
        && !(here && matches!(path.components().next(), Some(Component::RootDir | Component::ParentDir)))
}

/// The path without `.`, and without `..` behind a name.
fn straight(path: &Path) -> PathBuf {
    let mut straight = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir
                if matches!(straight.components().next_back(), Some(Component::Normal(_))) =>
            {
                straight.pop();
            }
            other => straight.push(other),
        }
    }
    straight
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::lies_in;

    #[test]
    fn a_path_is_found_in_a_folder_whatever_its_detours() {
        for (path, folder, expected) in [
            ("snapshots/key", "snapshots", true),
            ("./a/../snapshots/./b/key", "snapshots/", true),
            ("snapshots", "snapshots", true),
            ("snapshots.key", "snapshots", false),
            ("snapshots/../key", "snapshots", false),
            ("/etc/asof/snapshots/../key", "/etc/asof/snapshots", false),
            ("/etc/asof/key", "/etc/asof", true),
            ("../key", "../keys", false),
            ("../../days/key", "../../days", true),
            ("key", ".", true),
            ("../key", ".", false),
            ("/etc/key", "a/..", false),
        ] {
            assert_eq!(lies_in(Path::new(path), Path::new(folder)), expected, "{path} in {folder}");
        }
    }
}
