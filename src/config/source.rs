//! How the sources are reached, as configured: nothing is opened or looked up here.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono_tz::Tz;
use indexmap::IndexMap;

use super::SourceUrl;
use super::check::{Checker, span, zone};
use super::file::{self, File};
use super::files::{self, FilesSettings};
use super::http::HttpSettings;
use super::http_check;
use super::problem::{did_you_mean, listed};
use crate::model::Definitions;
use crate::model::definitions::{Dialect, SourceDef};
use crate::model::lookup::LookupDef;
use crate::model::table::TableDef;

/// How long a query may take when nothing else is configured.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_mins(1);

/// All that is read: one source, or several by name.
#[derive(Clone, Debug)]
pub struct Sources {
    /// The only one, or the first of several.
    main: SourceSettings,
    /// All of several, by name, in the order of the file; none where there is one.
    named: IndexMap<String, SourceSettings>,
}

/// All that is needed to open a source.
#[derive(Clone, Debug)]
pub struct SourceSettings {
    /// What it is, and where.
    pub kind: SourceKind,
    /// How long each query may take.
    pub timeout: Duration,
    /// The zone whose local time the source's naive times are.
    pub time_zone: Tz,
}

/// What a source is, and where.
#[derive(Clone, Debug)]
pub enum SourceKind {
    /// A database.
    Database {
        /// Where it is.
        url: SourceUrl,
        /// Where its password comes from; it wins over one in the URL.
        password: PasswordFrom,
    },
    /// Files.
    Files(FilesSettings),
    /// An API that is asked over HTTP.
    Http(Box<HttpSettings>),
}

/// Where a password comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum PasswordFrom {
    /// From the URL, or there is none.
    #[default]
    None,
    /// An environment variable, by its name.
    Env(String),
    /// A file that holds nothing else; newlines at its end don't count.
    File(PathBuf),
    /// The standard output of a command; newlines at its end don't count.
    ///
    /// It is split at spaces into a program and its arguments and run without a shell;
    /// `'…'` and `"…"` keep spaces together.
    Command(String),
}

impl Sources {
    /// The source of this name; without one, the only source or the first. `None` when there is none of that name.
    pub fn of(&self, name: Option<&str>) -> Option<&SourceSettings> {
        match name {
            None => Some(&self.main),
            Some(name) => self.named.get(name),
        }
    }

    /// The only source, or the first of several.
    pub fn main(&self) -> &SourceSettings {
        &self.main
    }

    /// All of them, each with the name by which it is asked for.
    pub fn all(&self) -> Vec<(Option<&str>, &SourceSettings)> {
        if self.named.is_empty() {
            return vec![(None, &self.main)];
        }
        self.named.iter().map(|(name, settings)| (Some(name.as_str()), settings)).collect()
    }

    /// Whether they have names.
    pub fn are_named(&self) -> bool {
        !self.named.is_empty()
    }

    /// The environment variables that secrets come from.
    pub fn secrets(&self) -> Vec<&str> {
        self.all().into_iter().flat_map(|(_, settings)| settings.secrets()).collect()
    }

    /// The same sources, for what is read and not frozen: no items are kept as they came.
    #[must_use]
    pub fn without_raw(&self) -> Self {
        let mut lean = self.clone();
        for settings in std::iter::once(&mut lean.main).chain(lean.named.values_mut()) {
            if let SourceKind::Http(http) = &mut settings.kind {
                http.feeds.values_mut().for_each(|feed| feed.keep_raw = false);
            }
        }
        lean
    }

    /// The same sources, read as definitions say: in their zones, and what APIs give into their columns.
    ///
    /// # Errors
    /// The name of a zone that is not known.
    pub fn in_zones_of(&self, definitions: &Definitions) -> Result<Self, String> {
        let zone = |def: &SourceDef| def.time_zone.parse::<Tz>().map_err(|_| def.time_zone.clone());
        let mut then = self.clone();
        then.main.read_as(&definitions.source, zone(&definitions.source)?, &definitions.lookups);
        for (name, settings) in &mut then.named {
            if let Some(def) = definitions.sources.get(name) {
                settings.read_as(def, zone(def)?, &definitions.lookups);
            }
        }
        Ok(then)
    }

    /// Whether the tables that asof fills, and the answers it takes, are the same in both.
    pub fn fill_the_same(&self, other: &Self) -> bool {
        let (all, others) = (self.all(), other.all());
        let same = |(one, other): (&SourceSettings, &SourceSettings)| {
            one.def().tables == other.def().tables && one.answers() == other.answers()
        };
        all.len() == others.len() && all.iter().zip(&others).all(|((_, one), (_, other))| same((one, other)))
    }

    /// The API of this name, to be given what it is asked about keys; `None` where the source is none.
    pub(super) fn api(&mut self, name: Option<&str>) -> Option<&mut HttpSettings> {
        let settings = match name {
            None => &mut self.main,
            Some(name) => self.named.get_mut(name)?,
        };
        match &mut settings.kind {
            SourceKind::Http(http) => Some(http),
            SourceKind::Database { .. } | SourceKind::Files(_) => None,
        }
    }
}

impl SourceSettings {
    /// Reads it as it was read then: in that zone, and what an API gives into the columns of then.
    fn read_as(&mut self, def: &SourceDef, time_zone: Tz, lookups: &BTreeMap<String, LookupDef>) {
        self.time_zone = time_zone;
        if let SourceKind::Http(http) = &mut self.kind {
            http.read_as(&def.tables, lookups);
        }
    }

    /// Where it is, without any secret and without the path of a file's folder.
    pub fn redacted(&self) -> String {
        match &self.kind {
            SourceKind::Database { url, .. } => url.redacted(),
            SourceKind::Files(files) => {
                let name = files.dir.file_name().map(|name| name.to_string_lossy().into_owned());
                format!("files:{}", name.unwrap_or_default())
            }
            SourceKind::Http(http) => http.redacted(),
        }
    }

    /// Whether asof fetches what it has, for the days that are read.
    pub fn is_filled(&self) -> bool {
        matches!(self.kind, SourceKind::Files(_) | SourceKind::Http(_))
    }

    /// The SQL it speaks.
    pub fn dialect(&self) -> Dialect {
        match &self.kind {
            SourceKind::Database { url, .. } => url.dialect(),
            SourceKind::Files(_) | SourceKind::Http(_) => Dialect::Sqlite,
        }
    }

    /// What of it makes numbers.
    pub fn def(&self) -> SourceDef {
        SourceDef {
            dialect: self.dialect(),
            time_zone: self.time_zone.name().to_owned(),
            tables: match &self.kind {
                SourceKind::Database { .. } => BTreeMap::new(),
                SourceKind::Files(files) => files.tables(),
                SourceKind::Http(http) => http.tables(),
            },
        }
    }

    /// What answers of an API become, by the lookup.
    fn answers(&self) -> BTreeMap<&str, &TableDef> {
        match &self.kind {
            SourceKind::Database { .. } | SourceKind::Files(_) => BTreeMap::new(),
            SourceKind::Http(http) => {
                http.lookups.iter().map(|(name, asked)| (name.as_str(), &asked.feed.table)).collect()
            }
        }
    }

    /// The environment variables that its secrets come from.
    pub fn secrets(&self) -> Vec<&str> {
        match &self.kind {
            SourceKind::Database { password: PasswordFrom::Env(name), .. } => vec![name],
            SourceKind::Database { .. } | SourceKind::Files(_) => Vec::new(),
            SourceKind::Http(http) => http.variables(),
        }
    }
}

/// Checks `[source]` or `[sources]`. `None` when one can't be used.
pub(super) fn check(
    file: &File,
    base: &Path,
    calendar_zone: Option<Tz>,
    checker: &mut Checker<'_, '_>,
) -> Option<Sources> {
    let written = checker.names("sources").len();
    match (&file.source, written == 0) {
        (Some(_), false) => {
            let hint =
                "move it to [sources.NAME], and let events and entities say from = \"NAME\"".to_owned();
            checker.problem(&["source"], "there is both [source] and [sources]", hint);
            None
        }
        (Some(source), true) => {
            let main = one(source, &["source"], base, calendar_zone, checker)?;
            Some(Sources { main, named: IndexMap::new() })
        }
        (None, true) => {
            if !checker.names_below(&[]).iter().any(|name| name == "source") {
                let hint = "add [source] with url = \"mysql://user@host/database\"".to_owned();
                checker.problem(&[], "[source] is missing", hint);
            }
            None
        }
        (None, false) => {
            let mut named = IndexMap::new();
            for (name, source) in &file.sources {
                let path = ["sources", name.as_str()];
                checker.name(&path, name);
                if let Some(settings) = one(source, &path, base, calendar_zone, checker) {
                    named.insert(name.clone(), settings);
                }
            }
            let whole = named.len() == written;
            let main = named.first().map(|(_, main)| main.clone())?;
            whole.then_some(Sources { main, named })
        }
    }
}

/// Which source something is read from: by what it says, or the only one.
pub(super) fn from(
    path: &[&str],
    from: Option<&String>,
    sources: &Sources,
    checker: &mut Checker<'_, '_>,
) -> Option<String> {
    let names = || sources.named.keys().map(String::as_str);
    match from {
        Some(name) if sources.named.contains_key(name) => Some(name.clone()),
        Some(name) => {
            let mut at = path.to_vec();
            at.push("from");
            let hint = if sources.named.is_empty() {
                format!("leave it out, or name the source: [sources.{name}] instead of [source]")
            } else {
                did_you_mean(name, names()).unwrap_or_else(|| format!("known sources: {}", listed(names())))
            };
            checker.problem(&at, format!("{name:?} is no source"), hint);
            None
        }
        None if sources.named.len() > 1 => {
            let hint = format!("add from = \"…\", one of {}", listed(names()));
            checker.problem(path, "it does not say which source it is read from", hint);
            None
        }
        None => names().next().map(str::to_owned),
    }
}

fn one(
    written: &file::Source,
    path: &[&str],
    base: &Path,
    calendar_zone: Option<Tz>,
    checker: &mut Checker<'_, '_>,
) -> Option<SourceSettings> {
    let at = |key: &'static str| path.iter().copied().chain([key]).collect::<Vec<_>>();
    let timeout = match &written.timeout {
        None => Some(DEFAULT_TIMEOUT),
        Some(text) => span(text, &at("timeout"), checker),
    };
    if timeout.is_some_and(|timeout| timeout.is_zero()) {
        checker.problem(
            &at("timeout"),
            "a timeout of nothing lets no query end",
            "write 60s, or leave it out".to_owned(),
        );
    }
    let time_zone = match &written.time_zone {
        None => calendar_zone,
        Some(name) => zone(name, &at("time_zone"), checker),
    };
    let kind = written.kind.unwrap_or(file::Kind::Database);
    fits(written, kind, path, checker);
    let kind = match kind {
        file::Kind::Database => database(written, path, base, checker),
        file::Kind::Files => files::check(written, path, base, checker).map(SourceKind::Files),
        file::Kind::Http => {
            http_check::check(written, path, base, checker).map(|http| SourceKind::Http(Box::new(http)))
        }
    };
    Some(SourceSettings { kind: kind?, timeout: timeout?, time_zone: time_zone? })
}

/// Tells of keys that a source of this kind does not have.
fn fits(written: &file::Source, kind: file::Kind, path: &[&str], checker: &mut Checker<'_, '_>) {
    let (is_database, is_api) = (kind == file::Kind::Database, kind == file::Kind::Http);
    let keys = [
        ("url", written.url.is_some(), is_database || is_api),
        ("password_env", written.password_env.is_some(), is_database),
        ("password_file", written.password_file.is_some(), is_database),
        ("password_command", written.password_command.is_some(), is_database),
        ("dir", written.dir.is_some(), kind == file::Kind::Files),
        ("tables", !written.tables.is_empty(), kind == file::Kind::Files),
        ("headers", !written.headers.is_empty(), is_api),
        ("secrets", !written.secrets.is_empty(), is_api),
        ("max_requests_per_second", written.max_requests_per_second.is_some(), is_api),
        ("jobs", written.jobs.is_some(), is_api),
        ("retry_for", written.retry_for.is_some(), is_api),
        ("ca", written.ca.is_some(), is_api),
        ("insecure", written.insecure, is_api),
        ("feeds", !written.feeds.is_empty(), is_api),
    ];
    for (key, is_written, fits) in keys {
        if is_written && !fits {
            let mut at = path.to_vec();
            at.push(key);
            let hint = match key {
                "dir" | "tables" => "add kind = \"files\", or leave it out",
                "password_env" | "password_file" | "password_command" if is_api => {
                    "name it as a secret: secrets = { key = { env = \"…\" } }, and write {key} where it stands"
                }
                "password_env" | "password_file" | "password_command" | "url" => "leave it out",
                _ => "add kind = \"http\", or leave it out",
            };
            checker.problem(&at, "a source of this kind has no such key", hint.to_owned());
        }
    }
}

fn database(
    written: &file::Source,
    path: &[&str],
    base: &Path,
    checker: &mut Checker<'_, '_>,
) -> Option<SourceKind> {
    let at = |key: &'static str| path.iter().copied().chain([key]).collect::<Vec<_>>();
    let url = match written.url.as_deref().map(|url| SourceUrl::parse(url, base)) {
        Some(Ok(url)) => Some(url),
        Some(Err(error)) => {
            checker.problem(&at("url"), error.to_string(), error.hint());
            None
        }
        None => {
            let hint = "add url = \"mysql://user@host/database\"".to_owned();
            checker.problem(path, "the source has no url", hint);
            None
        }
    };
    let given = [
        ("password_env", written.password_env.clone().map(PasswordFrom::Env)),
        ("password_file", written.password_file.as_ref().map(|file| PasswordFrom::File(base.join(file)))),
        ("password_command", written.password_command.clone().map(PasswordFrom::Command)),
    ];
    let mut given = given.into_iter().filter_map(|(key, from)| Some((key, from?)));
    let password = given.next().map_or(PasswordFrom::None, |(_, from)| from);
    if let Some((key, _)) = given.next() {
        let hint = "keep one of password_env, password_file and password_command".to_owned();
        checker.problem(&at(key), "the password comes from two places", hint);
    }
    Some(SourceKind::Database { url: url?, password })
}
