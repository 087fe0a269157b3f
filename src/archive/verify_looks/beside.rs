//! What lies among the looks and captures and is none of them.

use std::fs;
use std::io;

use super::{CAPTURES, Check, ENTITIES};
use crate::archive::verify::{Finding, Inside, walk};
use crate::archive::{ArchiveError, files};

/// How deep folders are looked into.
const DEEPEST: usize = 8;

impl Check<'_> {
    /// Finds what lies among the looks and captures and is none of them.
    pub(super) fn unlisted(&mut self) {
        let mut found: Vec<String> = Vec::new();
        for folder in [ENTITIES, CAPTURES] {
            if files::no_link(self.archive.dir(), folder).is_err() {
                self.link(folder);
            }
        }
        for entity in self.names(ENTITIES) {
            for day in self.names(&entity) {
                if !self.archive.dir().join(&day).is_dir() {
                    found.push(day);
                } else if self.folders.contains(&day) {
                    self.walk(&day, &mut found);
                } else {
                    let error = ArchiveError::Unlisted { path: self.archive.dir().join(&day) };
                    self.out.findings.push(Finding::of(self.archive.dir(), &error));
                }
            }
            if !self.archive.dir().join(&entity).is_dir() {
                found.push(entity);
            }
        }
        if self.archive.dir().join(CAPTURES).is_dir() {
            self.walk(CAPTURES, &mut found);
        }
        found.sort_unstable();
        for path in found.into_iter().filter(|path| !self.expected.contains(path)).collect::<Vec<_>>() {
            self.out.findings.push(Finding {
                path,
                line: None,
                what: "has no line in the ledger, so it is no part of the archive".to_owned(),
                hint: Some("asof did not put it there: move it out of the archive".to_owned()),
            });
        }
    }

    /// What lies in a folder of the archive, sorted; nothing when it is no folder.
    fn names(&mut self, folder: &str) -> Vec<String> {
        let path = self.archive.dir().join(folder);
        let mut names = Vec::new();
        match fs::read_dir(&path) {
            Ok(entries) => {
                for entry in entries.flatten() {
                    let name = format!("{folder}/{}", entry.file_name().to_string_lossy());
                    match entry.file_type() {
                        Ok(kind) if kind.is_symlink() => self.link(&name),
                        _ => names.push(name),
                    }
                }
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {}
            Err(error) => {
                self.out.findings.push(Finding::of(self.archive.dir(), &files::unreadable(&path, error)));
            }
        }
        names.sort_unstable();
        names
    }

    fn walk(&mut self, folder: &str, found: &mut Vec<String>) {
        let mut inside = Inside::default();
        let dir = self.archive.dir().join(folder);
        if let Err(error) = walk(&dir, &format!("{folder}/"), DEEPEST, &mut inside) {
            self.out.findings.push(Finding::of(self.archive.dir(), &error));
        }
        found.append(&mut inside.others);
        for link in inside.links.iter().filter(|link| !self.expected.contains(*link)).collect::<Vec<_>>() {
            self.link(link);
        }
    }

    /// Nothing is kept through a link: what it leads to may be anything, and may be changed by anyone.
    pub(super) fn link(&mut self, path: &str) {
        let error = ArchiveError::Link { path: self.archive.dir().join(path) };
        self.out.findings.push(Finding::of(self.archive.dir(), &error));
    }
}
