//! Reading frozen days: every byte is checked against its digest before it is given out.

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::open::MANIFEST;
use super::{Archive, ArchiveError, SnapshotLine, document, files};
use crate::model::compared::{LevelDoc, MetricLevels};
use crate::model::metrics_doc::{self, MetricDoc};
use crate::model::{
    Definitions, Digest, Fingerprint, Manifest, MetricsDoc, SnapshotId, definitions, manifest,
};

/// The file of a snapshot that holds its numbers.
pub const METRICS: &str = "metrics.json";

impl Archive {
    /// The manifest of an edition, as the ledger's line about it says it must be.
    ///
    /// # Errors
    /// When it is missing, changed, or of a newer format.
    pub fn manifest(&self, line: &SnapshotLine) -> Result<Manifest, ArchiveError> {
        let path = self.folder(&line.id()).join(MANIFEST);
        let bytes = files::read(&path)?;
        let digest = Digest::of(&bytes);
        if digest != line.manifest {
            let what = format!(
                "has changed since it was frozen: its SHA-256 is {digest}, and the ledger says {}",
                line.manifest
            );
            return Err(document::damaged(&path, what));
        }
        document::read(&bytes, &path, manifest::FORMAT)
    }

    /// The bytes of one of a snapshot's files, once their number and digest are what the manifest says.
    ///
    /// # Errors
    /// When the manifest lists no such file, and when the file is missing or changed.
    pub fn read_file(&self, manifest: &Manifest, file: &str) -> Result<Vec<u8>, ArchiveError> {
        let id = SnapshotId::new(manifest.date, manifest.edition);
        let listed = manifest.files.iter().find(|doc| doc.path == file);
        let doc = listed.ok_or_else(|| ArchiveError::NoSuchFile { id, file: file.to_owned() })?;
        check_path(&doc.path)?;
        let path = self.folder(&id).join(&doc.path);
        let changed =
            |what: String| document::damaged(&path, format!("has changed since it was frozen: {what}"));
        let opened = match files::open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(self.why_missing(&id, &doc.path, &path));
            }
            opened => opened.map_err(|error| files::unreadable(&path, error))?,
        };
        // One byte more than it should have tells a longer file without reading all of it.
        let mut bytes = Vec::with_capacity(usize::try_from(doc.size.min(1 << 24)).unwrap_or(0) + 1);
        let limit = doc.size.saturating_add(1);
        opened.take(limit).read_to_end(&mut bytes).map_err(|error| files::unreadable(&path, error))?;
        let size = bytes.len() as u64;
        if size != doc.size {
            let has = if size > doc.size { "more".to_owned() } else { size.to_string() };
            return Err(changed(format!("it has {has} bytes, and its manifest says {}", doc.size)));
        }
        let digest = Digest::of(&bytes);
        if digest != doc.sha256 {
            return Err(changed(format!("its SHA-256 is {digest}, and its manifest says {}", doc.sha256)));
        }
        Ok(bytes)
    }

    /// The numbers of a snapshot.
    ///
    /// # Errors
    /// Those of [`Archive::read_file`], and when the document is of a newer format.
    pub fn metrics(&self, manifest: &Manifest) -> Result<MetricsDoc, ArchiveError> {
        let bytes = self.read_file(manifest, METRICS)?;
        document::read(&bytes, &self.metrics_path(manifest), metrics_doc::FORMAT)
    }

    /// Some of a snapshot's metrics, those of these names that it has; the others are not parsed.
    ///
    /// # Errors
    /// Those of [`Archive::metrics`].
    pub fn chosen_metrics(
        &self,
        manifest: &Manifest,
        names: &[&str],
    ) -> Result<IndexMap<String, MetricDoc>, ArchiveError> {
        #[derive(Deserialize)]
        struct Lean<'a> {
            #[serde(borrow)]
            metrics: IndexMap<String, &'a RawValue>,
        }
        let bytes = self.read_file(manifest, METRICS)?;
        let path = self.metrics_path(manifest);
        let lean: Lean<'_> = document::read(&bytes, &path, metrics_doc::FORMAT)?;
        let chosen = lean.metrics.into_iter().filter(|(name, _)| names.contains(&name.as_str()));
        chosen
            .map(|(name, text)| {
                let metric = serde_json::from_str(text.get()).map_err(|error| {
                    document::damaged(&path, format!("can't be read: its metric {name}: {error}"))
                })?;
                Ok((name, metric))
            })
            .collect()
    }

    /// The values of a snapshot's metrics by these dimensions; of the others nothing is parsed.
    ///
    /// # Errors
    /// Those of [`Archive::metrics`].
    pub fn levels(
        &self,
        manifest: &Manifest,
        dimensions: &[&str],
    ) -> Result<IndexMap<String, MetricLevels>, ArchiveError> {
        #[derive(Deserialize)]
        struct Lean<'a> {
            #[serde(borrow)]
            metrics: IndexMap<String, LeanMetric<'a>>,
        }
        #[derive(Deserialize)]
        struct LeanMetric<'a> {
            reason: Option<String>,
            #[serde(borrow, default)]
            by: IndexMap<String, &'a RawValue>,
        }
        let bytes = self.read_file(manifest, METRICS)?;
        let path = self.metrics_path(manifest);
        let lean: Lean<'_> = document::read(&bytes, &path, metrics_doc::FORMAT)?;
        let mut found = IndexMap::with_capacity(lean.metrics.len());
        for (name, metric) in lean.metrics {
            let mut levels = MetricLevels { reason: metric.reason, by: IndexMap::new() };
            for dimension in dimensions {
                let Some(text) = metric.by.get(*dimension) else { continue };
                let members: Vec<LevelDoc> = serde_json::from_str(text.get()).map_err(|error| {
                    document::damaged(&path, format!("can't be read: its metric {name}: {error}"))
                })?;
                levels.by.insert((*dimension).to_owned(), members);
            }
            found.insert(name, levels);
        }
        Ok(found)
    }

    /// The values of one metric by one dimension; `None` where it is not broken down by it. Of nothing else more is
    /// parsed than where it ends.
    ///
    /// # Errors
    /// Those of [`Archive::metrics`].
    pub fn level(
        &self,
        manifest: &Manifest,
        metric: &str,
        dimension: &str,
    ) -> Result<Option<Vec<LevelDoc>>, ArchiveError> {
        #[derive(Deserialize)]
        struct Lean<'a> {
            #[serde(borrow)]
            metrics: IndexMap<String, &'a RawValue>,
        }
        #[derive(Deserialize)]
        struct LeanMetric<'a> {
            #[serde(borrow, default)]
            by: IndexMap<String, &'a RawValue>,
        }
        let bytes = self.read_file(manifest, METRICS)?;
        let path = self.metrics_path(manifest);
        let lean: Lean<'_> = document::read(&bytes, &path, metrics_doc::FORMAT)?;
        let level = || -> Result<Option<Vec<LevelDoc>>, serde_json::Error> {
            let Some(text) = lean.metrics.get(metric) else { return Ok(None) };
            let lean: LeanMetric<'_> = serde_json::from_str(text.get())?;
            lean.by.get(dimension).map(|text| serde_json::from_str(text.get())).transpose()
        };
        level()
            .map_err(|error| document::damaged(&path, format!("can't be read: its metric {metric}: {error}")))
    }

    /// The definitions of this fingerprint.
    ///
    /// # Errors
    /// When their file is missing, changed, or of a newer format.
    pub fn definitions(&self, fingerprint: Fingerprint) -> Result<Definitions, ArchiveError> {
        let path = self.definitions_path(fingerprint);
        let bytes = files::read(&path)?;
        let digest = Digest::of(&bytes);
        if digest != fingerprint.0 {
            let what =
                format!("has changed since it was kept: its SHA-256 is {digest}, which is not its name");
            return Err(document::damaged(&path, what));
        }
        document::read(&bytes, &path, definitions::FORMAT)
    }

    /// Why a file is not there: it was thinned, or it is damage.
    fn why_missing(&self, id: &SnapshotId, file: &str, path: &Path) -> ArchiveError {
        let known = self.known_history().ok();
        match known.as_ref().and_then(|history| history.thinned(id)) {
            Some(pruned) if pruned.files.iter().any(|gone| gone == file) => ArchiveError::Pruned {
                path: path.to_owned(),
                at: pruned.at,
                to: pruned.copies.get(file).map(PathBuf::from),
                numbers: !pruned.files.iter().any(|gone| gone == METRICS),
            },
            _ => document::damaged(path, "is missing"),
        }
    }

    pub(super) fn metrics_path(&self, manifest: &Manifest) -> std::path::PathBuf {
        self.folder(&SnapshotId::new(manifest.date, manifest.edition)).join(METRICS)
    }
}

/// Refuses a path that is not a plain one inside a snapshot's folder: names of letters,
/// digits, `.`, `_`, `-`, joined by `/`, none of them hidden.
pub(super) fn check_path(path: &str) -> Result<(), ArchiveError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let fits = |name: &str| !name.is_empty() && !name.starts_with('.') && name.chars().all(plain);
    if path.split('/').all(fits) && Path::new(path).is_relative() {
        Ok(())
    } else {
        Err(ArchiveError::BadPath { path: path.chars().take(200).collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::check_path;

    #[test]
    fn only_plain_paths_inside_the_folder_are_taken() {
        for path in ["metrics.json", "cubes/calls.parquet", "a/b/c-d_e.1"] {
            assert!(check_path(path).is_ok(), "{path}");
        }
        for path in
            ["", "/etc/passwd", "../x", "a/../b", "a//b", "a/", ".hidden", "a/.b", "a\\b", "a\0b", "ä"]
        {
            assert!(check_path(path).is_err(), "{path:?}");
        }
    }
}
