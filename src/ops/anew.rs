//! The page of a day whose frozen page was thinned, made again from its numbers: it can't be filtered, and says so.

use std::fs::{self, DirBuilder};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::restore::Restored;
use super::whole::Refused;
use crate::archive::{History, Pruned};
use crate::view::page::PageError;
use crate::view::{self, DayPage, Layout};

/// Why the page could not be made.
#[derive(Debug, thiserror::Error)]
pub enum AnewError {
    /// It could not be rendered.
    #[error(transparent)]
    Page(#[from] PageError),
    /// It could not be written.
    #[error("can't {} {}: {}", .0.doing, .0.path.display(), .0.error)]
    Write(Refused),
}

impl From<Refused> for AnewError {
    fn from(refused: Refused) -> Self {
        Self::Write(refused)
    }
}

/// What was thinned of a day, when its page is.
pub fn without_page<'h>(history: &'h History, restored: &Restored) -> Option<&'h Pruned> {
    history.thinned(&restored.id).filter(|pruned| pruned.files.iter().any(|path| path == "dashboard.html"))
}

/// The page of a day, rendered anew.
///
/// # Errors
/// When it can't be rendered.
pub fn page(
    restored: &Restored,
    pruned: &Pruned,
    layout: &Layout,
    now: DateTime<Utc>,
) -> Result<Vec<u8>, PageError> {
    let remark = format!(
        "Rendered anew on {}: the frozen page was thinned on {}. It can't be filtered.",
        now.format("%Y-%m-%d %H:%M UTC"),
        pruned.at.format("%Y-%m-%d %H:%M UTC")
    );
    let remarks: Vec<String> = std::iter::once(remark).chain(restored.remarks.iter().cloned()).collect();
    let page = DayPage::new(&view::DayInput {
        doc: &restored.doc,
        manifest: &restored.manifest,
        definitions: &restored.definitions,
        layout,
        remarks: &remarks,
        cubes: &[],
        grown: &[],
    })
    .on_its_own();
    page.to_bytes()
}

/// Renders the page of a day anew and puts it into a new folder inside this one, which is nobody else's: neither the page of
/// another archive nor a file of another user is in the way. Gives its path.
///
/// # Errors
/// When it can't be rendered or written.
pub fn render(
    restored: &Restored,
    pruned: &Pruned,
    layout: &Layout,
    into: &Path,
    now: DateTime<Utc>,
) -> Result<PathBuf, AnewError> {
    let bytes = page(restored, pruned, layout, now)?;
    let folder = into.join(format!("asof-{}", Uuid::new_v4().simple()));
    let made = DirBuilder::new().mode(0o700).create(&folder);
    made.map_err(|error| Refused { doing: "create", path: folder.clone(), error })?;
    let path = folder.join(format!("asof-{}-anew.html", restored.id));
    fs::write(&path, &bytes).map_err(|error| {
        // What can't be removed is empty or half a page in a folder that nobody knows of.
        let _ = fs::remove_dir_all(&folder);
        Refused { doing: "write", path: path.clone(), error }
    })?;
    Ok(path)
}
