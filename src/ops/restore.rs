//! Giving back a frozen day, checked by its digests.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::when::{NotFound, When, find};
use crate::analyze::restated::{Restated, restated};
use crate::archive::Marks;
use crate::archive::{Archive, ArchiveError, Frozen, History, SnapshotLine};
use crate::model::{Day, Definitions, Manifest, MetricsDoc, SnapshotId};

/// How an instant is told.
const MINUTE: &str = "%Y-%m-%d %H:%M UTC";

/// A frozen day.
#[derive(Clone, Debug)]
pub struct Restored {
    /// Which edition of which day.
    pub id: SnapshotId,
    /// What it is.
    pub manifest: Manifest,
    /// Its numbers.
    pub doc: MetricsDoc,
    /// What made them.
    pub definitions: Definitions,
    /// What else is to be known of the day, as sentences: other editions, and whether they differ.
    pub remarks: Vec<String>,
    /// How it differs from the latest edition; when it is that one, from the edition before.
    pub changes: Option<Changes>,
    /// Its folder.
    pub folder: PathBuf,
    /// Its page.
    pub page: PathBuf,
}

/// How two editions of a day differ in their totals.
#[derive(Clone, Debug)]
pub struct Changes {
    /// The earlier edition.
    pub before: SnapshotId,
    /// The later one.
    pub after: SnapshotLine,
    /// What differs.
    pub metrics: Vec<Restated>,
}

/// Why a copy of a day could not be made.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    /// Something is there.
    #[error("{} is there already", path.display())]
    Exists {
        /// The folder.
        path: PathBuf,
    },
    /// The copy would lie in the archive itself.
    #[error("{} lies in the archive, where nothing but frozen days belongs", path.display())]
    Inside {
        /// The folder.
        path: PathBuf,
    },
    /// The frozen file is not as it was.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// Writing failed.
    #[error("{} can't be written: {error}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
}

impl CopyError {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Exists { .. } => Some("choose another folder: nothing is overwritten".to_owned()),
            Self::Inside { .. } => Some("choose a folder outside of it".to_owned()),
            Self::Archive(error) => error.hint(),
            Self::Io { .. } => Some("name a folder that you may write into, on a disk with room".to_owned()),
        }
    }
}

/// Finds and reads a frozen day.
///
/// # Errors
/// When there is none, or it is damaged.
pub fn restore(archive: &Archive, history: &History, when: When, today: Day) -> Result<Restored, NotFound> {
    let frozen = find(history, when, today)?;
    let line = &frozen.line;
    let id = line.id();
    let manifest = archive.manifest(line)?;
    let doc = archive.metrics(&manifest)?;
    let definitions = archive.definitions(manifest.definitions.fingerprint)?;
    let editions = history.day(id.day)?;
    let mut remarks = remarks(editions, frozen);
    remarks.extend(said(&history.marks(id.day)));
    let changes = changes(editions, frozen);
    Ok(Restored {
        id,
        doc,
        definitions,
        remarks,
        changes,
        folder: archive.folder(&id),
        page: archive.page(&id),
        manifest,
    })
}

/// How the shown edition differs from the latest; of the latest, how it differs from the one before.
///
/// There is nothing to tell where there is one edition only, or the ledger's values can't be read.
fn changes(editions: &[Frozen], shown: &Frozen) -> Option<Changes> {
    let place = editions.iter().position(|frozen| frozen.line.edition == shown.line.edition)?;
    let (before, after) = if place + 1 == editions.len() {
        (editions.get(place.checked_sub(1)?)?, shown)
    } else {
        (shown, editions.last()?)
    };
    let metrics = restated(&before.line.headline().ok()?, &after.line.headline().ok()?);
    Some(Changes { before: before.line.id(), after: after.line.clone(), metrics })
}

/// What was said of the day, as sentences.
fn said(marks: &Marks<'_>) -> Vec<String> {
    let labels = (!marks.labels.is_empty()).then(|| format!("Labelled {}.", marks.labels.join(", ")));
    let pinned = marks.pinned.then(|| "Pinned: it is kept whole, whatever the retention says.".to_owned());
    let notes = marks.notes.iter().map(|(at, text)| format!("Note of {}: {text}", at.format(MINUTE)));
    labels.into_iter().chain(pinned).chain(notes).collect()
}

/// What is to be said of a day's other editions.
fn remarks(editions: &[Frozen], shown: &Frozen) -> Vec<String> {
    let Some(latest) = editions.last() else { return Vec::new() };
    if latest.line.edition == shown.line.edition {
        return match editions.len() {
            0 | 1 => Vec::new(),
            count => vec![format!("The day has {count} editions; this is the latest.")],
        };
    }
    let what = match (shown.line.headline(), latest.line.headline()) {
        (Ok(mine), Ok(theirs)) => {
            let names = mine.keys().chain(theirs.keys().filter(|name| !mine.contains_key(*name)));
            let differ: Vec<&str> =
                names.filter(|name| mine.get(*name) != theirs.get(*name)).map(String::as_str).collect();
            if differ.is_empty() {
                "its totals are the same".to_owned()
            } else {
                format!("it differs in {}", differ.join(", "))
            }
        }
        _ => "whether it differs can't be told from the ledger".to_owned(),
    };
    let others = shown.line.definitions != latest.line.definitions;
    let what = if others { format!("{what}, and was made by other definitions") } else { what };
    let why = latest.line.reason.as_deref().map_or_else(String::new, |reason| format!(" ({reason})"));
    let id = latest.line.id();
    vec![format!(
        "A later edition exists: {id}, frozen {}{why}; {what}.",
        latest.line.captured_at.format(MINUTE)
    )]
}

/// Copies a frozen day into a new folder of its name inside `into`, every file checked.
///
/// # Errors
/// When something is there already, a file is damaged, or writing fails.
pub fn copy_out(archive: &Archive, restored: &Restored, into: &Path) -> Result<PathBuf, CopyError> {
    let target = into.join(restored.id.to_string());
    if is_inside(into, archive.dir()) {
        return Err(CopyError::Inside { path: into.to_owned() });
    }
    fs::create_dir_all(into).map_err(at(into))?;
    match fs::create_dir(&target) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            return Err(CopyError::Exists { path: target });
        }
        other => other.map_err(at(&target))?,
    }
    let filled = fill(archive, restored, &target);
    if filled.is_err() {
        // Half a copy is worse than none; why it is half is what matters.
        let _ = fs::remove_dir_all(&target);
    }
    filled.map(|()| target)
}

/// Whether a folder, which need not exist yet, is this one or lies below it.
pub(super) fn is_inside(folder: &Path, outer: &Path) -> bool {
    let Ok(outer) = outer.canonicalize() else { return false };
    let Ok(folder) = std::path::absolute(folder) else { return false };
    // Of a folder that is still to be made, the part that exists tells where it will lie.
    folder.ancestors().find_map(|part| part.canonicalize().ok()).is_some_and(|part| part.starts_with(outer))
}

/// Copies every file, the manifest last: with it the copy is whole.
fn fill(archive: &Archive, restored: &Restored, target: &Path) -> Result<(), CopyError> {
    for file in &restored.manifest.files {
        let bytes = archive.read_file(&restored.manifest, &file.path)?;
        let path = target.join(&file.path);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(at(folder))?;
        }
        fs::write(&path, bytes).map_err(at(&path))?;
    }
    let manifest = restored.folder.join("manifest.json");
    let copy = target.join("manifest.json");
    fs::copy(&manifest, &copy).map_err(at(&copy))?;
    Ok(())
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> CopyError {
    let path = path.to_owned();
    move |error| CopyError::Io { path, error }
}
