//! Whether looks and captures are those that were kept: their bytes, and that nothing lies beside them.

use std::collections::BTreeSet;
use std::io;

use super::look_line::{captures_folder, look_folder};
use super::verify::{CheckedLooks, Finding, Inside, digest_of, walk};
use super::{Archive, ArchiveError, document, files};
use crate::model::manifest::FileDoc;
use crate::model::{Day, Fingerprint, entity};

/// Where looks and captures lie, below the archive's folder.
const FOLDERS: [&str; 2] = ["entities", "captures"];
/// How deep these go.
const DEEPEST: usize = 8;

impl Archive {
    /// Checks the files of all looks and captures; the bytes of those of days that `read` takes. Of the
    /// others it is looked at that they are there and how long they are.
    ///
    /// # Errors
    /// When the ledger can't be read. What is damaged is no error but a finding.
    pub fn check_looks(&self, read: &dyn Fn(Day) -> bool) -> Result<CheckedLooks, ArchiveError> {
        let mut checked = CheckedLooks::default();
        let mut listed: BTreeSet<String> = BTreeSet::new();
        for (entity, looks) in self.looks(None)? {
            let mut definitions: BTreeSet<Fingerprint> = BTreeSet::new();
            for line in looks.looks.values() {
                definitions.insert(line.doc.definition);
                let folder = look_folder(&entity, line.doc.date);
                for doc in &line.doc.files {
                    listed.insert(self.check_kept(&folder, doc, read(line.doc.date), &mut checked));
                }
            }
            definitions.extend(looks.captures.iter().map(|line| line.doc.definition));
            for day in looks.capture_days() {
                let folder = captures_folder(&entity, day);
                for doc in looks.capture_files(day) {
                    listed.insert(self.check_kept(&folder, doc, read(day), &mut checked));
                }
                // What was put together stays for a while, and then goes.
                let parts = looks.compacted.get(&day).into_iter().flatten().flat_map(|line| &line.doc.of);
                listed.extend(parts.map(|part| format!("{folder}/{part}")));
            }
            for fingerprint in definitions {
                if let Err(error) = self.entity_definition(fingerprint) {
                    checked.findings.push(Finding::of(self.dir(), &error));
                }
            }
        }
        for folder in FOLDERS {
            self.check_beside(folder, &listed, &mut checked)?;
        }
        Ok(checked)
    }

    /// Checks a file that a line names, and gives its path in the archive.
    fn check_kept(&self, folder: &str, doc: &FileDoc, read: bool, checked: &mut CheckedLooks) -> String {
        let shown = format!("{folder}/{}", doc.path);
        let path = self.dir().join(&shown);
        let outcome = super::reading::check_path(&doc.path).and_then(|()| {
            let meta = std::fs::symlink_metadata(&path).map_err(|error| files::unreadable(&path, error))?;
            if !meta.is_file() {
                return Err(document::damaged(&path, "is no file"));
            }
            if meta.len() != doc.size {
                let (has, says) = (meta.len(), doc.size);
                let what =
                    format!("has changed since it was kept: it has {has} bytes, and the ledger says {says}");
                return Err(document::damaged(&path, what));
            }
            if !read {
                return Ok(0);
            }
            let digest = digest_of(&path)?;
            if digest != doc.sha256 {
                let says = doc.sha256;
                let what = format!(
                    "has changed since it was kept: its SHA-256 is {digest}, and the ledger says {says}"
                );
                return Err(document::damaged(&path, what));
            }
            Ok(doc.size)
        });
        match outcome {
            Ok(bytes) => {
                checked.files += 1;
                checked.bytes += bytes;
            }
            Err(error) => checked.findings.push(Finding::of(self.dir(), &error)),
        }
        shown
    }

    /// Finds what lies in a folder of entities and is named by no line.
    fn check_beside(
        &self,
        folder: &str,
        listed: &BTreeSet<String>,
        checked: &mut CheckedLooks,
    ) -> Result<(), ArchiveError> {
        let dir = self.dir().join(folder);
        match files::exists(&dir) {
            Ok(false) => return Ok(()),
            Ok(true) => {}
            Err(error) => return Err(ArchiveError::Io { doing: "read", path: dir, error }),
        }
        let mut inside = Inside::default();
        if let Err(error) = walk(&dir, &format!("{folder}/"), DEEPEST, &mut inside) {
            checked.findings.push(Finding::of(self.dir(), &error));
        }
        for path in inside.links {
            let error = ArchiveError::Link { path: self.dir().join(path) };
            checked.findings.push(Finding::of(self.dir(), &error));
        }
        for path in inside.others.iter().filter(|path| !listed.contains(path.as_str())) {
            checked.findings.push(Finding {
                path: path.clone(),
                line: None,
                what: "is named by no line of the ledger, so it is no part of the archive".to_owned(),
                hint: Some("asof did not keep it: move it out of the archive".to_owned()),
            });
        }
        Ok(())
    }

    /// Whether the definition of this fingerprint says that it is one of entities.
    pub(super) fn is_of_entities(&self, fingerprint: Fingerprint) -> io::Result<bool> {
        #[derive(serde::Deserialize)]
        struct Head {
            format: String,
        }
        let bytes = files::read(&self.definitions_path(fingerprint)).map_err(io::Error::other)?;
        let head: Head = serde_json::from_slice(&bytes)?;
        let name = |format: &str| format.split('/').next().map(str::to_owned);
        Ok(name(&head.format) == name(entity::FORMAT))
    }
}
