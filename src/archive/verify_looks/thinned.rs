//! What of looks and captures may be missing, since lines say that it was thinned; and whether they may say so.

use super::Check;
use crate::archive::files;
use crate::archive::look_line::{Said, ThinnedDoc, look_folder};
use crate::archive::looks::Looks;
use crate::archive::thinned::ThinnedDay;

impl Check<'_> {
    /// Whether lines say that this file was thinned, and not into this cold store.
    pub(super) fn may_be_gone(&self, path: &str, thinned: Option<&ThinnedDay>) -> bool {
        thinned.is_some_and(|thinned| thinned.files.contains(path)) && !self.is_copied(path, thinned)
    }

    /// Whether this is a cold store into which this file was copied.
    pub(super) fn is_copied(&self, path: &str, thinned: Option<&ThinnedDay>) -> bool {
        let here = |thinned: &ThinnedDay| self.archive.cold().is_some_and(|id| thinned.copied(path, id));
        thinned.is_some_and(here)
    }

    pub(super) fn is_missing(&self, path: &str) -> bool {
        matches!(files::exists(&self.archive.dir().join(path)), Ok(false))
    }

    /// Checks that what a line thins was there, and is not what rows are numbered by.
    pub(super) fn thinned(&mut self, line: &Said<ThinnedDoc>, looks: &Looks) {
        let docs = looks.docs(line.doc.date);
        for path in line.doc.files.iter().filter(|path| !docs.contains_key(*path)) {
            self.ledger(line.seq, format!("thins {path:?}, which no line names"));
        }
        let newest = looks.looks.values().max_by_key(|look| look.seq).map(|look| &look.doc);
        let newest = newest.filter(|look| look.date == line.doc.date);
        let folder = newest.map(|look| look_folder(&look.entity, look.date));
        if folder.is_some_and(|folder| line.doc.files.iter().any(|path| path.starts_with(&folder))) {
            self.ledger(line.seq, "thins the newest look, which is never thinned".to_owned());
        }
    }
}
