//! Files as a source: whether `kind = "files"` is defined soundly, and what it means.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use indexmap::IndexMap;

use super::check::Checker;
use super::file::Source;
use super::files_file::{FileTable, Format, Missing};
use super::filled;
use crate::model::table::TableDef;

/// Files that are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilesSettings {
    /// The folder that patterns are relative to.
    pub dir: PathBuf,
    /// The tables that they fill, by name.
    pub tables: IndexMap<String, FileTableSettings>,
}

/// A table that files fill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileTableSettings {
    /// What is in them.
    pub format: FileFormat,
    /// How a date is written in their names.
    pub date: String,
    /// How many days before and after those of the window have files that are read, too.
    pub around: u16,
    /// Whether a day may have no file.
    pub may_be_missing: bool,
    /// What of it makes numbers; the pattern of the files' names among it.
    pub def: TableDef,
}

/// What is in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileFormat {
    /// CSV, with this between its fields.
    Csv(u8),
    /// A JSON object a line.
    JsonLines,
    /// Parquet.
    Parquet,
}

impl FilesSettings {
    /// What of its tables makes numbers.
    pub fn tables(&self) -> BTreeMap<String, TableDef> {
        self.tables.iter().map(|(name, table)| (name.clone(), table.def.clone())).collect()
    }
}

/// Checks a source of files.
pub(super) fn check(
    written: &Source,
    path: &[&str],
    base: &Path,
    checker: &mut Checker<'_, '_>,
) -> Option<FilesSettings> {
    if written.tables.is_empty() {
        let hint = "add [sources.NAME.tables.TABLE] with files = \"calls-{date}.csv\" and columns".to_owned();
        checker.problem(path, "the source has no tables", hint);
        return None;
    }
    let mut tables = IndexMap::new();
    for (name, table) in &written.tables {
        let at: Vec<&str> = path.iter().copied().chain(["tables", name.as_str()]).collect();
        checker.name(&at, name);
        if let Some(settings) = one(table, &at, checker) {
            tables.insert(name.clone(), settings);
        }
    }
    let dir = base.join(written.dir.as_deref().unwrap_or("."));
    Some(FilesSettings { dir, tables })
}

fn one(written: &FileTable, path: &[&str], checker: &mut Checker<'_, '_>) -> Option<FileTableSettings> {
    let at = |key: &'static str| path.iter().copied().chain([key]).collect::<Vec<_>>();
    let dated = written.files.contains("{date}");
    let tried = written.files.replace("{date}", "2025-11-06");
    if written.files.is_empty() || glob::Pattern::new(&tried).is_err() || tried.contains('\0') {
        let hint = "write a pattern such as calls-{date}.csv or calls/*.jsonl".to_owned();
        checker.problem(&at("files"), format!("{:?} is no pattern of files", written.files), hint);
    }
    if !dated && (written.date.is_some() || written.around.is_some()) {
        let hint = "write {date} where the date stands, or leave date and around out".to_owned();
        checker.problem(&at("files"), "no date stands in the files' names", hint);
    }
    let format = written.format.or_else(|| {
        let end = Path::new(&written.files).extension()?.to_str()?.to_ascii_lowercase();
        match end.as_str() {
            "csv" | "tsv" | "txt" => Some(Format::Csv),
            "jsonl" | "ndjson" => Some(Format::Jsonl),
            "parquet" => Some(Format::Parquet),
            _ => None,
        }
    });
    if format.is_none() {
        let hint = "add format = \"csv\", \"jsonl\" or \"parquet\"".to_owned();
        checker.problem(path, "what is in the files can't be told from their names", hint);
    }
    let date = written.date.clone().unwrap_or_else(|| "%Y-%m-%d".to_owned());
    let items = chrono::format::StrftimeItems::new(&date);
    if items.into_iter().any(|item| matches!(item, chrono::format::Item::Error)) {
        let hint = "write it as %Y-%m-%d or %Y%m%d".to_owned();
        checker.problem(&at("date"), format!("{date:?} writes no date"), hint);
    }
    if written.around.is_some_and(|around| around > 31) {
        checker.problem(&at("around"), "that is more than a month", "write 1".to_owned());
    }
    let tabs = Path::new(&written.files).extension().is_some_and(|end| end.eq_ignore_ascii_case("tsv"));
    let delimiter = match written.delimiter.as_deref() {
        None if tabs => Some(b'\t'),
        None => Some(b','),
        Some(text) if text.len() == 1 => text.bytes().next(),
        Some(text) => {
            let hint = "write one character: \",\", \";\" or \"\\t\"".to_owned();
            checker.problem(&at("delimiter"), format!("{text:?} can't stand between fields"), hint);
            None
        }
    };
    if written.delimiter.is_some() && format.is_some_and(|format| format != Format::Csv) {
        let hint = "leave it out".to_owned();
        checker.problem(&at("delimiter"), "only CSV has a delimiter", hint);
    }
    let is_json = format == Some(Format::Jsonl);
    let place = |name: &str| if is_json { format!("/{name}") } else { name.to_owned() };
    let columns = filled::columns(path, &written.columns, &written.key, place, checker);
    let mut settings = BTreeMap::new();
    if dated {
        settings.insert("date".to_owned(), date.clone());
        settings.insert("around".to_owned(), written.around.unwrap_or_default().to_string());
    }
    let format = match format? {
        Format::Csv => FileFormat::Csv(delimiter?),
        Format::Jsonl => FileFormat::JsonLines,
        Format::Parquet => FileFormat::Parquet,
    };
    if let FileFormat::Csv(delimiter) = format {
        settings.insert("delimiter".to_owned(), char::from(delimiter).to_string());
    }
    Some(FileTableSettings {
        format,
        date,
        around: written.around.unwrap_or_default(),
        may_be_missing: written.missing == Some(Missing::Empty),
        def: TableDef {
            from: written.files.clone(),
            items: None,
            key: written.key.clone(),
            columns,
            settings,
        },
    })
}
