//! Whether the files of an archive are those that were frozen: their bytes, their formats, and that
//! nothing is missing, added, or another day's.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, Read as _};
use std::path::Path;

use sha2::{Digest as _, Sha256};

use super::keys::Check;
use super::open::{DEFINITIONS, MANIFEST};
use super::prune::check_removable;
use super::reading::{METRICS, check_path};
use super::{Archive, ArchiveError, History, SnapshotLine, cube_file, document, files};
use crate::model::manifest::{self, FileDoc};
use crate::model::{
    CubeTable, Definitions, Digest, Fingerprint, Manifest, MetricsDoc, SnapshotId, metrics_doc,
};

/// How many bytes are read at once.
const BUFFER: usize = 1 << 18;
/// How deep folders of a snapshot are looked into.
const DEEPEST: usize = 8;

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The file or folder, from the archive's folder on.
    pub path: String,
    /// The line, where the file is the ledger.
    pub line: Option<u64>,
    /// What is wrong with it: `is missing`.
    pub what: String,
    /// What can be done, as a sentence.
    pub hint: Option<String>,
}

/// What was looked at of a snapshot.
#[derive(Debug, Default)]
pub struct CheckedSnapshot {
    /// What is wrong.
    pub findings: Vec<Finding>,
    /// Its manifest, if it is that of the ledger's line.
    pub manifest: Option<Manifest>,
    /// Its numbers, if they were read and are as they were frozen.
    pub metrics: Option<MetricsDoc>,
    /// Its cubes that were read and are as they were frozen, by the name of their events.
    pub cubes: BTreeMap<String, CubeTable>,
    /// How many files were there.
    pub files: u64,
    /// How many bytes were read.
    pub bytes: u64,
}

/// What was looked at of the definitions.
#[derive(Debug, Default)]
pub struct CheckedDefinitions {
    /// What is wrong.
    pub findings: Vec<Finding>,
    /// Those that are as they were kept.
    pub sound: BTreeMap<Fingerprint, Definitions>,
    /// How many files were there.
    pub files: u64,
    /// How many bytes were read.
    pub bytes: u64,
}

/// Whether a file of an edition may be missing: a line of the ledger says that it was thinned.
///
/// This is the one place that is asked.
pub fn may_be_missing(history: &History, id: &SnapshotId, path: &str) -> bool {
    history.pruned(id).iter().any(|gone| gone == path)
}

impl Finding {
    /// What an error says, about its own file.
    pub fn of(archive: &Path, error: &ArchiveError) -> Self {
        let (path, line, what) = match error {
            ArchiveError::Damaged { path, what } => (path.as_path(), None, what.clone()),
            ArchiveError::LedgerLine { path, line, what } => (path.as_path(), Some(*line), what.clone()),
            ArchiveError::Newer { path, found, known } => {
                let what = format!(
                    "has the format {found}, and this version of asof reads no newer one than {known}"
                );
                (path.as_path(), None, what)
            }
            ArchiveError::Link { path } => (path.as_path(), None, "is a symbolic link".to_owned()),
            ArchiveError::Unlisted { path } => (
                path.as_path(),
                None,
                "has no line in the ledger, so it is no part of the archive".to_owned(),
            ),
            ArchiveError::Io { doing, path, error } => {
                (path.as_path(), None, format!("can't be {}: {error}", past(doing)))
            }
            other => (archive, None, other.to_string()),
        };
        let hint = error.hint().or_else(|| match error {
            ArchiveError::Io { .. } => Some(
                "see that asof may read it and that the disk is sound; else restore it from a backup"
                    .to_owned(),
            ),
            _ => None,
        });
        let shown = path.strip_prefix(archive).unwrap_or(path).display().to_string();
        Self { path: if shown.is_empty() { ".".to_owned() } else { shown }, line, what, hint }
    }

    /// Something about a file of an archive that is damage.
    pub fn damage(path: impl Into<String>, what: impl Into<String>) -> Self {
        let damaged = ArchiveError::Damaged { path: path.into().into(), what: what.into() };
        Self::of(Path::new(""), &damaged)
    }
}

fn past(doing: &str) -> &str {
    match doing {
        "read" => "read",
        "open" => "opened",
        _ => "used",
    }
}

impl Archive {
    /// Checks the files of an edition whose folder is there. Without `contents` only the manifest is
    /// read, and of the others it is looked at that they are there and how long they are.
    pub fn check_snapshot(&self, history: &History, line: &SnapshotLine, contents: bool) -> CheckedSnapshot {
        let mut checked = CheckedSnapshot::default();
        let (bytes, manifest) = match self.checked_manifest(line) {
            Ok(found) => found,
            Err(finding) => {
                checked.findings.push(*finding);
                return checked;
            }
        };
        checked.files = 1;
        checked.bytes = bytes;
        let id = line.id();
        if let Err(error) = files::no_link(self.dir(), &id.to_string()) {
            checked.findings.push(Finding::of(self.dir(), &error));
        }
        self.check_listed(history, &id, &manifest, contents, &mut checked);
        self.check_unlisted(&id, &manifest, &mut checked);
        checked.manifest = Some(manifest);
        checked
    }

    /// The manifest of an edition and its length, once it is what the ledger's line says.
    fn checked_manifest(&self, line: &SnapshotLine) -> Result<(u64, Manifest), Box<Finding>> {
        let id = line.id();
        let path = self.folder(&id).join(MANIFEST);
        let finding = |error: ArchiveError| Box::new(Finding::of(self.dir(), &error));
        let bytes = files::read(&path).map_err(finding)?;
        let digest = Digest::of(&bytes);
        let read: Result<Manifest, ArchiveError> = document::read(&bytes, &path, manifest::FORMAT);
        if digest != line.manifest {
            // What it is tells how it came there.
            let also = match &read {
                Ok(found) if found.archive != self.id().to_string() => {
                    format!("; it is of another archive, {}", found.archive)
                }
                Ok(found) if SnapshotId::new(found.date, found.edition) != id => {
                    format!("; it is that of {}", SnapshotId::new(found.date, found.edition))
                }
                Err(ArchiveError::Newer { found, .. }) => format!("; its format is {found}"),
                _ => String::new(),
            };
            let what = format!(
                "has changed since it was frozen: its SHA-256 is {digest}, and the ledger says {}{also}",
                line.manifest
            );
            return Err(finding(document::damaged(&path, what)));
        }
        let found = read.map_err(finding)?;
        let wrong = if found.archive != self.id().to_string() {
            Some(format!("is of another archive, {}, and this one is {}", found.archive, self.id()))
        } else if SnapshotId::new(found.date, found.edition) != id {
            Some(format!("is that of {}", SnapshotId::new(found.date, found.edition)))
        } else if found.definitions.fingerprint != line.definitions {
            Some("names other definitions than the ledger".to_owned())
        } else if found.provenance != line.provenance || found.captured_at != line.captured_at {
            Some("tells another provenance or another time of capture than the ledger".to_owned())
        } else if found.reason != line.reason || found.trigger != line.trigger || found.asof != line.asof {
            let what = "tells another reason, another trigger or another version of asof than the ledger";
            Some(what.to_owned())
        } else {
            None
        };
        wrong.map_or_else(
            || Ok((bytes.len() as u64, found)),
            |what| Err(finding(document::damaged(&path, what))),
        )
    }

    /// Checks the files that a manifest lists.
    fn check_listed(
        &self,
        history: &History,
        id: &SnapshotId,
        manifest: &Manifest,
        contents: bool,
        checked: &mut CheckedSnapshot,
    ) {
        for doc in &manifest.files {
            let outcome =
                check_path(&doc.path).and_then(|()| self.check_file(id, manifest, doc, contents, checked));
            match outcome {
                Ok(read) => {
                    checked.files += 1;
                    checked.bytes += read;
                }
                Err(error) => {
                    let path = self.folder(id).join(&doc.path);
                    let gone = matches!(files::exists(&path), Ok(false));
                    // A run that thins meanwhile has written its line before.
                    let thinned = || {
                        may_be_missing(history, id, &doc.path)
                            || !history.is_current()
                                && self.history().is_ok_and(|now| may_be_missing(&now, id, &doc.path))
                    };
                    if !(gone && thinned()) {
                        checked.findings.push(self.finding_in(id, &error));
                    }
                }
            }
        }
        let known = |path: &String| manifest.files.iter().any(|doc| doc.path == *path);
        // What can never be thinned is found in the ledger.
        let unknown = |path: &&String| !known(path) && check_removable(path).is_ok();
        for path in history.pruned(id).iter().filter(unknown) {
            checked.findings.push(Finding::damage(
                format!("{id}/{path}"),
                "was thinned, as the ledger says, and the manifest lists no such file",
            ));
        }
        for metric in manifest.keys.keys() {
            // Whether the manifest agrees with itself: the file was read above.
            if let Err(error) = self.keys_file(manifest, metric) {
                checked.findings.push(self.finding_in(id, &error));
            }
        }
    }

    /// A finding about a snapshot; where no file is at fault but what its manifest says, it is that.
    fn finding_in(&self, id: &SnapshotId, error: &ArchiveError) -> Finding {
        let found = Finding::of(self.dir(), error);
        match error {
            ArchiveError::BadPath { .. } | ArchiveError::NoSuchFile { .. } => Finding {
                path: format!("{id}/{MANIFEST}"),
                what: format!("lists what can't be: {error}"),
                ..found
            },
            _ => found,
        }
    }

    /// Checks a file against its manifest, and keeps what it holds where that is looked at further;
    /// gives how many bytes were read.
    fn check_file(
        &self,
        id: &SnapshotId,
        manifest: &Manifest,
        doc: &FileDoc,
        contents: bool,
        checked: &mut CheckedSnapshot,
    ) -> Result<u64, ArchiveError> {
        let path = self.folder(id).join(&doc.path);
        let refused = |error: io::Error| files::unreadable(&path, error);
        let meta = fs::metadata(&path).map_err(refused)?;
        if !meta.is_file() {
            return Err(document::damaged(&path, "is no file"));
        }
        if meta.len() != doc.size {
            let what = format!(
                "has changed since it was frozen: it has {} bytes, and its manifest says {}",
                meta.len(),
                doc.size
            );
            return Err(document::damaged(&path, what));
        }
        if !contents {
            return Ok(0);
        }
        let keys = manifest.keys.iter().find(|(_, keys)| keys.file == doc.path);
        if let Some(file) = keys.and_then(|(metric, _)| self.keys_file(manifest, metric).ok().flatten()) {
            let mut stream = file.stream(BUFFER, Check::Digest);
            while stream.next_piece().map_err(|error| *error)?.is_some() {}
            return Ok(doc.size);
        }
        let events = doc.path.strip_prefix("cubes/").and_then(|name| name.strip_suffix(".parquet"));
        if doc.path == METRICS {
            let bytes = self.read_file(manifest, &doc.path)?;
            checked.metrics = Some(document::read(&bytes, &path, metrics_doc::FORMAT)?);
        } else if let Some(events) = events {
            let table = cube_file::decode(self.read_file(manifest, &doc.path)?)
                .map_err(|error| document::damaged(&path, format!("can't be read: {error}")))?;
            checked.cubes.insert(events.to_owned(), table);
        } else {
            let digest = digest_of(&path)?;
            if digest != doc.sha256 {
                let what = format!(
                    "has changed since it was frozen: its SHA-256 is {digest}, and its manifest says {}",
                    doc.sha256
                );
                return Err(document::damaged(&path, what));
            }
        }
        Ok(doc.size)
    }

    /// Finds what lies in a snapshot's folder and is not of it.
    fn check_unlisted(&self, id: &SnapshotId, manifest: &Manifest, checked: &mut CheckedSnapshot) {
        let mut inside = Inside::default();
        if let Err(error) = walk(&self.folder(id), "", DEEPEST, &mut inside) {
            checked.findings.push(Finding::of(self.dir(), &error));
        }
        for path in inside.links {
            let error = ArchiveError::Link { path: self.folder(id).join(path) };
            checked.findings.push(Finding::of(self.dir(), &error));
        }
        let listed: BTreeSet<&str> =
            manifest.files.iter().map(|doc| doc.path.as_str()).chain([MANIFEST]).collect();
        // A run that thins may have come as far as a folder without files.
        let holds = |path: &String| listed.iter().any(|file| file.starts_with(&format!("{path}/")));
        let mut found = inside.others;
        found.extend(inside.empty.into_iter().filter(|path| !holds(path)));
        found.sort_unstable();
        for path in found.iter().filter(|path| !listed.contains(path.as_str())) {
            checked.findings.push(Finding {
                path: format!("{id}/{path}"),
                line: None,
                what: "is not listed in the manifest, so it is no part of the snapshot".to_owned(),
                hint: Some("asof did not put it there: move it out of the archive".to_owned()),
            });
        }
    }

    /// Checks all kept definitions, and that those of these fingerprints are there.
    pub fn check_definitions(&self, needed: &BTreeSet<Fingerprint>) -> CheckedDefinitions {
        let mut checked = CheckedDefinitions::default();
        let folder = self.dir().join(DEFINITIONS);
        let mut all = needed.clone();
        if let Err(error) = files::no_link(self.dir(), DEFINITIONS) {
            checked.findings.push(Finding::of(self.dir(), &error));
        }
        match fs::read_dir(&folder) {
            Ok(entries) => {
                let mut names: Vec<_> = entries.flatten().map(|entry| entry.file_name()).collect();
                names.sort_unstable();
                for name in names {
                    match name.to_str().and_then(fingerprint_of) {
                        Some(fingerprint) => {
                            all.insert(fingerprint);
                        }
                        None => checked.findings.push(Finding {
                            path: format!("{DEFINITIONS}/{}", name.to_string_lossy()),
                            line: None,
                            what: "is no file of definitions, so it is no part of the archive".to_owned(),
                            hint: Some("asof did not put it there: move it out of the archive".to_owned()),
                        }),
                    }
                }
            }
            Err(error) => {
                checked.findings.push(Finding::of(self.dir(), &files::unreadable(&folder, error)));
            }
        }
        for fingerprint in all {
            let whole = files::no_link(&folder, &format!("{fingerprint}.json"));
            let found = match whole.and_then(|()| self.definitions(fingerprint)) {
                // No day is made by those of entities.
                Err(ArchiveError::Link { path }) => Err(ArchiveError::Link { path }),
                Err(_) if !needed.contains(&fingerprint) && self.is_of_entities(fingerprint) => {
                    self.entity_definition(fingerprint).map(|_| None)
                }
                found => found.map(Some),
            };
            match found {
                Ok(found) => {
                    let size = fs::metadata(self.definitions_path(fingerprint)).map_or(0, |meta| meta.len());
                    checked.files += 1;
                    checked.bytes += size;
                    checked.sound.extend(found.map(|found| (fingerprint, found)));
                }
                Err(error) => checked.findings.push(Finding::of(self.dir(), &error)),
            }
        }
        checked
    }
}

/// The fingerprint that a file of definitions is named by.
fn fingerprint_of(name: &str) -> Option<Fingerprint> {
    let digest: Digest = name.strip_suffix(".json")?.parse().ok()?;
    (format!("{digest}.json") == name).then_some(Fingerprint(digest))
}

/// What lies in a folder, by its paths.
#[derive(Default)]
pub(super) struct Inside {
    /// Whatever is neither a folder nor a link.
    pub(super) others: Vec<String>,
    /// Links.
    pub(super) links: Vec<String>,
    /// Folders with nothing in them.
    empty: Vec<String>,
}

/// The digest of a file, of which never more than a piece is held.
fn digest_of(path: &Path) -> Result<Digest, ArchiveError> {
    let refused = |error: io::Error| files::unreadable(path, error);
    let mut file = files::open(path).map_err(refused)?;
    let mut hash = Sha256::new();
    let mut buffer = vec![0; BUFFER];
    loop {
        match file.read(&mut buffer) {
            Ok(0) => return Ok(Digest::from(<[u8; 32]>::from(hash.finalize()))),
            Ok(read) => hash.update(buffer.get(..read).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(refused(error)),
        }
    }
}

/// Finds all that lies below a folder; gives whether there is anything. No link is followed.
pub(super) fn walk(dir: &Path, below: &str, depth: usize, inside: &mut Inside) -> Result<bool, ArchiveError> {
    let refused = |error: io::Error| files::unreadable(dir, error);
    let mut any = false;
    for entry in fs::read_dir(dir).map_err(refused)? {
        let entry = entry.map_err(refused)?;
        any = true;
        let path = format!("{below}{}", entry.file_name().to_string_lossy());
        let kind = entry.file_type().map_err(refused)?;
        if kind.is_symlink() {
            inside.links.push(path);
        } else if kind.is_dir() && depth > 0 {
            if !walk(&entry.path(), &format!("{path}/"), depth - 1, inside)? {
                inside.empty.push(path);
            }
        } else {
            inside.others.push(path);
        }
    }
    Ok(any)
}
