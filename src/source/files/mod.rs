//! Files as a source: CSV, JSON lines and Parquet, one for each day or many.

mod csv;
mod jsonl;
mod parquet;

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use indexmap::IndexMap;
use tokio::sync::mpsc;

use super::SourceError;
use super::filled::cell::{Found, cell};
use super::filled::tables::{Row, Tables};
use crate::calendar::Window;
use crate::config::files::{FileFormat, FileTableSettings, FilesSettings};
use crate::model::table::{ColumnDef, TableDef};
use crate::model::{Day, Progress};

/// How many rows go over the channel at once, and how many such batches may wait there.
const BATCH: usize = 1024;
const BATCHES: usize = 4;

/// The most letters of a line or a field: more is no file of rows.
const LONGEST_LINE: usize = 64 * 1024 * 1024;

/// Files that fill tables.
pub(super) struct Files {
    dir: PathBuf,
    tables: IndexMap<String, FileTableSettings>,
}

/// A place in a file, and what is wrong there.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Wrong {
    /// The line, or the row where there are no lines; 1 for the first.
    place: Option<String>,
    reason: String,
}

/// What is done with a batch of rows; false when nobody wants more.
type Push<'a> = &'a mut dyn FnMut(Row) -> bool;

impl Files {
    pub(super) fn new(settings: &FilesSettings) -> Self {
        Self { dir: settings.dir.clone(), tables: settings.tables.clone() }
    }

    pub(super) fn tables(&self) -> Vec<&str> {
        self.tables.keys().map(String::as_str).collect()
    }

    pub(super) fn is_of_a_window(&self, table: &str) -> bool {
        self.tables.get(table).is_some_and(|table| table.def.from.contains("{date}"))
    }

    /// Fills a table with the rows of its files.
    pub(super) async fn fill(
        &self,
        table: &str,
        window: &Window,
        tables: &mut Tables,
        progress: &dyn Progress,
    ) -> Result<(), SourceError> {
        let Some(settings) = self.tables.get(table) else {
            return Err(SourceError::NoSuchSource { name: table.to_owned() });
        };
        for path in self.paths(table, settings, window)? {
            let name = self.told(&path);
            progress.step(&format!("reading {name}"));
            let before = stamp(&path).map_err(|error| unreadable(&path, &error))?;
            let (send, mut receive) = mpsc::channel::<Vec<Row>>(BATCHES);
            let (file, def, format) = (path.clone(), settings.def.clone(), settings.format);
            let reading = tokio::task::spawn_blocking(move || read(&file, &def, format, &send));
            while let Some(rows) = receive.recv().await {
                tables.insert(table, rows).await?;
            }
            let read = reading.await.map_err(|error| SourceError::FileUnreadable {
                path: path.clone(),
                reason: error.to_string(),
            })?;
            let after = stamp(&path).map_err(|error| unreadable(&path, &error))?;
            if before != after {
                return Err(SourceError::Changing { path });
            }
            read.map_err(|wrong| SourceError::Item {
                table: table.to_owned(),
                place: wrong.place.map_or_else(|| name.clone(), |place| format!("{name}, {place}")),
                reason: wrong.reason,
            })?;
        }
        Ok(())
    }

    /// The files of a window, each once, sorted.
    fn paths(
        &self,
        table: &str,
        settings: &FileTableSettings,
        window: &Window,
    ) -> Result<Vec<PathBuf>, SourceError> {
        let pattern = &settings.def.from;
        if !pattern.contains("{date}") {
            let found = self.matching(pattern)?;
            return if found.is_empty() && !settings.may_be_missing {
                Err(self.missing(table, pattern))
            } else {
                Ok(found)
            };
        }
        let (mut all, mut without): (Vec<PathBuf>, Option<String>) = (Vec::new(), None);
        let around = i64::from(settings.around);
        let last =
            Day::new((window.end - chrono::TimeDelta::seconds(1)).with_timezone(&window.zone).date_naive());
        let days = last.map_or(0, |last| (last.date() - window.day.date()).num_days()).max(0);
        for step in -around..=days + around {
            let Some(day) = window.day.checked_add(step) else { continue };
            let date = glob::Pattern::escape(&day.date().format(&settings.date).to_string());
            let pattern = pattern.replace("{date}", &date);
            let found = self.matching(&pattern)?;
            let is_needed = (0..=days).contains(&step) && !settings.may_be_missing;
            if !found.is_empty() {
                // What was not there lies between files that are.
                if let Some(pattern) = &without {
                    return Err(self.missing(table, pattern));
                }
            } else if is_needed && without.is_none() {
                without = Some(pattern);
            }
            all.extend(found);
        }
        // Of several days the last ones may not be written yet; one alone has to be.
        if let Some(pattern) = without.filter(|_| days == 0 || all.is_empty()) {
            return Err(self.missing(table, &pattern));
        }
        all.sort();
        all.dedup();
        Ok(all)
    }

    fn matching(&self, pattern: &str) -> Result<Vec<PathBuf>, SourceError> {
        let whole = Path::new(&glob::Pattern::escape(&self.dir.to_string_lossy())).join(pattern);
        let no = |reason: String| SourceError::FileUnreadable { path: self.dir.join(pattern), reason };
        let options = glob::MatchOptions { require_literal_separator: true, ..glob::MatchOptions::new() };
        let found =
            glob::glob_with(&whole.to_string_lossy(), options).map_err(|error| no(error.to_string()))?;
        let mut paths = Vec::new();
        for path in found {
            let path = path.map_err(|error| no(error.error().to_string()))?;
            if path.is_file() {
                paths.push(path);
            }
        }
        paths.sort();
        Ok(paths)
    }

    fn missing(&self, table: &str, pattern: &str) -> SourceError {
        SourceError::NoFile { table: table.to_owned(), pattern: self.told(&self.dir.join(pattern)) }
    }

    /// A path without that of the source's folder.
    fn told(&self, path: &Path) -> String {
        path.strip_prefix(&self.dir).unwrap_or(path).display().to_string()
    }
}

fn unreadable(path: &Path, error: &std::io::Error) -> SourceError {
    SourceError::FileUnreadable { path: path.to_owned(), reason: error.to_string() }
}

/// What tells whether somebody wrote into a file.
fn stamp(path: &Path) -> std::io::Result<(u64, Option<SystemTime>)> {
    let about = std::fs::metadata(path)?;
    Ok((about.len(), about.modified().ok()))
}

/// Reads a file, and sends its rows away in batches; ends early when nobody receives them.
fn read(path: &Path, def: &TableDef, format: FileFormat, out: &mpsc::Sender<Vec<Row>>) -> Result<(), Wrong> {
    let mut batch = Vec::with_capacity(BATCH);
    let mut push = |row: Row| {
        batch.push(row);
        batch.len() < BATCH
            || out.blocking_send(std::mem::replace(&mut batch, Vec::with_capacity(BATCH))).is_ok()
    };
    let file = std::fs::File::open(path).map_err(|error| Wrong::whole(error.to_string()))?;
    match format {
        FileFormat::Csv(delimiter) => csv::read(file, delimiter, def, &mut push)?,
        FileFormat::JsonLines => jsonl::read(file, def, &mut push)?,
        FileFormat::Parquet => parquet::read(file, def, &mut push)?,
    }
    // Nobody to receive the rest means that nobody waits.
    let _ = out.blocking_send(batch);
    Ok(())
}

impl Wrong {
    fn whole(reason: impl Into<String>) -> Self {
        Self { place: None, reason: reason.into() }
    }

    fn at(place: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { place: Some(place.into()), reason: reason.into() }
    }
}

/// A row of what was found for each column.
fn row<'a>(
    def: &TableDef,
    place: impl Fn() -> String,
    found: impl Fn(usize, &ColumnDef) -> Found<'a>,
) -> Result<Row, Wrong> {
    let mut cells = Vec::with_capacity(def.columns.len());
    for (at, (name, column)) in def.columns.iter().enumerate() {
        let found = found(at, column);
        if found == Found::Null && def.key.contains(name) {
            return Err(Wrong::at(place(), format!("{name} is a key, and there is none")));
        }
        cells.push(cell(column, found).map_err(|reason| Wrong::at(place(), format!("{name} {reason}")))?);
    }
    Ok(Row { cells, raw: None })
}
