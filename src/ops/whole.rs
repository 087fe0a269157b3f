//! Files beside the archive that are replaced as a whole: whoever reads one sees the one before or
//! the new one, and a power cut leaves one of the two.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// The name of a configuration that needs no name of its own in front of these files.
const USUAL_CONFIG: &str = "asof.toml";

/// Where a file lies that belongs to the configuration at `config`: in its folder, with its name in front when it
/// is not called `asof.toml`.
pub fn beside(config: &Path, name: &str) -> PathBuf {
    let stem = config.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let usual = config.file_name().is_some_and(|name| name == USUAL_CONFIG) || stem.is_empty();
    let name = if usual { name.to_owned() } else { format!("{stem}.{name}") };
    config.with_file_name(name)
}

/// The same for a file `name.end` of a tenant, where there are tenants: `name.acme.end`.
pub fn beside_of(config: &Path, tenant: Option<&str>, name: &str, end: &str) -> PathBuf {
    let folder = tenant.map(|id| format!(".{}", crate::config::tenant::folder(id))).unwrap_or_default();
    beside(config, &format!("{name}{folder}.{end}"))
}

/// The hidden file beside a file that serves it: `.plan.json.new` for `plan.json`.
pub fn hidden(path: &Path, suffix: &str) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.{suffix}"))
}

/// Why a file could not be replaced.
#[derive(Debug)]
pub struct Refused {
    /// The verb: `create`, `write`, `sync`, `replace`.
    pub doing: &'static str,
    /// The file or folder it was done to.
    pub path: PathBuf,
    /// The refusal.
    pub error: io::Error,
}

/// Puts a file in the place of the one before. It is written under the name `staged` in the same
/// folder, with the rights `mode` as far as the process's mask lets them be.
///
/// The caller holds a lock, so that nobody else writes under that name: what is there was left by a
/// run that was killed.
///
/// # Errors
/// When it can't be written; the one before stays then. Only when the folder can't be synced is
/// the new one there already.
pub fn replace(
    path: &Path,
    staged: &Path,
    mode: u32,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Refused> {
    let replaced =
        stage(staged, mode, write).and_then(|()| fs::rename(staged, path).map_err(refused("replace", path)));
    if let Err(error) = replaced {
        // Where it can't be removed the next run tries again.
        let _ = fs::remove_file(staged);
        return Err(error);
    }
    let folder = folder_of(path);
    sync_folder(folder).map_err(refused("sync", folder))
}

fn stage(
    staged: &Path,
    mode: u32,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Refused> {
    match fs::remove_file(staged) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(refused("remove", staged)(error)),
        _ => {}
    }
    let opened = OpenOptions::new().write(true).create_new(true).mode(mode).open(staged);
    let file = opened.map_err(refused("create", staged))?;
    let mut buffered = BufWriter::new(&file);
    write(&mut buffered).and_then(|()| buffered.flush()).map_err(refused("write", staged))?;
    file.sync_all().map_err(refused("sync", staged))
}

fn refused(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Refused {
    move |error| Refused { doing, path: path.to_owned(), error }
}

/// The folder of a file.
pub fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Syncs a folder: which names are in it.
///
/// # Errors
/// When the operating system refuses.
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    match File::open(folder)?.sync_all() {
        // Some network file systems have no such thing for folders and say so.
        Err(error) if error.kind() == ErrorKind::InvalidInput => Ok(()),
        synced => synced,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io;
    use std::os::unix::fs::PermissionsExt as _;
    use std::path::Path;

    use super::{beside, hidden, replace};

    #[test]
    fn files_lie_beside_the_configuration_under_its_name() {
        let beside = |config: &str| beside(Path::new(config), "plan.json").display().to_string();
        assert_eq!(beside("asof.toml"), "plan.json");
        assert_eq!(beside("../asof.toml"), "../plan.json");
        assert_eq!(beside("/etc/asof/leads.toml"), "/etc/asof/leads.plan.json");
        assert_eq!(beside("leads"), "leads.plan.json");
        assert_eq!(hidden(Path::new("/etc/plan.json"), "new"), Path::new("/etc/.plan.json.new"));
    }

    #[test]
    fn a_file_is_replaced_or_stays_and_nothing_is_left_beside_it() {
        let dir = tempfile::tempdir().unwrap();
        let (path, staged) = (dir.path().join("plan.json"), dir.path().join(".plan.new"));
        fs::write(&path, "before").unwrap();
        fs::write(&staged, "left by a run that was killed").unwrap();
        let failed = replace(&path, &staged, 0o600, |file| {
            file.write_all(b"half")?;
            Err(io::ErrorKind::StorageFull.into())
        });
        assert_eq!(failed.unwrap_err().doing, "write");
        assert_eq!(fs::read(&path).unwrap(), b"before");
        replace(&path, &staged, 0o600, |file| file.write_all(b"after")).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"after");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}
