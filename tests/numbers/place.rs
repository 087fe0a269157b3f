//! A source of a test's own, a configuration over it, and the built program at work on both.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use asof::archive::cube_file;
use asof::model::CubeTable;
use rusqlite::Connection;
use rusqlite::types::ValueRef;
use serde_json::Value;

use crate::support::mariadb::{self, Db};
use crate::support::postgres;

/// When days are saved unless a test says otherwise: long after all of them.
pub const LATER: &str = "2026-06-01T12:00:00Z";

/// A database of the test's own.
pub enum Source {
    Maria(Db),
    Postgres(postgres::Db),
    Lite { file: PathBuf, connection: Connection, _dir: tempfile::TempDir },
}

impl Source {
    pub fn maria() -> Self {
        Self::Maria(mariadb::db())
    }

    pub fn lite() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("source.db");
        let connection = Connection::open(&file).unwrap();
        connection.pragma_update(None, "journal_mode", "wal").unwrap();
        Self::Lite { file, connection, _dir: dir }
    }

    pub fn postgres() -> Self {
        Self::Postgres(postgres::db())
    }

    /// MariaDB and SQLite.
    pub fn both() -> [Self; 2] {
        [Self::maria(), Self::lite()]
    }

    /// One of each.
    pub fn all() -> [Self; 3] {
        [Self::maria(), Self::postgres(), Self::lite()]
    }

    pub fn is_maria(&self) -> bool {
        matches!(self, Self::Maria(_))
    }

    pub fn url(&self) -> String {
        match self {
            Self::Maria(db) => db.url(),
            Self::Postgres(db) => db.url(),
            Self::Lite { file, .. } => format!("sqlite:{}", file.display()),
        }
    }

    pub fn run(&self, sql: &str) {
        match self {
            Self::Maria(db) => {
                db.sql(sql);
            }
            Self::Postgres(db) => {
                db.sql(sql);
            }
            Self::Lite { connection, .. } => connection.execute_batch(sql).unwrap(),
        }
    }

    /// The rows of a query as text, NULL as `None`.
    pub fn rows(&self, sql: &str) -> Vec<Vec<Option<String>>> {
        match self {
            Self::Maria(_) | Self::Postgres(_) => {
                let cell = |cell: &str| (cell != "NULL").then(|| cell.to_owned());
                let told = match self {
                    Self::Maria(db) => db.sql(sql),
                    Self::Postgres(db) => db.sql(sql),
                    Self::Lite { .. } => unreachable!("it has no client"),
                };
                told.lines().map(|line| line.split('\t').map(cell).collect()).collect()
            }
            Self::Lite { connection, .. } => {
                let mut statement = connection.prepare(sql).unwrap();
                let width = statement.column_count();
                let mut rows = statement.query([]).unwrap();
                let mut all = Vec::new();
                while let Some(row) = rows.next().unwrap() {
                    let cell = |at| match row.get_ref(at).unwrap() {
                        ValueRef::Null => None,
                        ValueRef::Integer(integer) => Some(integer.to_string()),
                        ValueRef::Real(float) => Some(float.to_string()),
                        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => {
                            Some(String::from_utf8_lossy(bytes).into_owned())
                        }
                    };
                    all.push((0..width).map(cell).collect());
                }
                all
            }
        }
    }

    /// The only cell of a query's only row.
    pub fn cell(&self, sql: &str) -> Option<String> {
        let rows = self.rows(sql);
        assert_eq!((rows.len(), rows[0].len()), (1, 1), "{sql}");
        rows[0][0].clone()
    }
}

/// A folder with an `asof.toml`.
pub struct Place {
    dir: tempfile::TempDir,
}

impl Place {
    /// A folder whose configuration reads `source`; `text` is all but the URL.
    pub fn new(source: &Source, text: &str) -> Self {
        let place = Self { dir: tempfile::tempdir().unwrap() };
        place.configure(source, text);
        place
    }

    /// Writes another configuration.
    pub fn configure(&self, source: &Source, text: &str) {
        // What `[source]` holds beside the URL comes first in the text, if anything does.
        let text = format!("[source]\nurl = {:?}\n{text}", source.url());
        std::fs::write(self.dir.path().join("asof.toml"), text).unwrap();
    }

    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Runs the program at this time.
    pub fn asof(&self, now: &str, args: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_asof"))
            .env_clear()
            .env("ASOF_NOW", now)
            .current_dir(self.dir.path())
            .args(args)
            .output()
            .unwrap()
    }

    /// Freezes a day long after it, and gives its numbers.
    pub fn save(&self, day: &str) -> Doc {
        self.save_at(LATER, &[day]);
        self.doc(day)
    }

    /// Freezes a day at this time.
    pub fn save_at(&self, now: &str, args: &[&str]) {
        let out = self.asof(now, &[&["save"], args].concat());
        assert!(out.status.success(), "asof save {args:?}: {}", String::from_utf8_lossy(&out.stderr));
    }

    /// The frozen numbers of a day.
    pub fn doc(&self, when: &str) -> Doc {
        let out = self.asof(LATER, &["restore", when, "--json"]);
        assert!(out.status.success(), "asof restore {when}: {}", String::from_utf8_lossy(&out.stderr));
        Doc(serde_json::from_slice(&out.stdout).unwrap())
    }

    /// The manifest in a day's folder.
    pub fn manifest(&self, folder: &str) -> Value {
        let path = self.dir.path().join("snapshots").join(folder).join("manifest.json");
        serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
    }

    /// The page in a day's folder.
    pub fn page(&self, folder: &str) -> String {
        std::fs::read_to_string(self.dir.path().join("snapshots").join(folder).join("dashboard.html"))
            .unwrap()
    }

    /// A cube in a day's folder.
    pub fn cube(&self, folder: &str, events: &str) -> CubeTable {
        let path = self.dir.path().join("snapshots").join(folder).join(format!("cubes/{events}.parquet"));
        cube_file::decode(std::fs::read(path).unwrap()).unwrap()
    }
}

/// The stored numbers of a day.
pub struct Doc(pub Value);

/// A member's key, `None` for NULL, and the text of its value.
pub type Pair = (Option<String>, String);

impl Doc {
    fn metric(&self, metric: &str) -> &Value {
        let found = &self.0["metrics"][metric];
        assert!(found.is_object(), "there is no metric {metric}");
        found
    }

    /// The total, as it is written.
    pub fn value(&self, metric: &str) -> String {
        self.metric(metric)["value"].to_string()
    }

    /// Another field of a metric, as it is written.
    pub fn field(&self, metric: &str, field: &str) -> String {
        self.metric(metric)[field].to_string()
    }

    /// A metric's members by a dimension, in their order.
    pub fn members(&self, metric: &str, dimension: &str) -> &[Value] {
        self.metric(metric)["by"][dimension]
            .as_array()
            .unwrap_or_else(|| panic!("{metric} is not broken down by {dimension}"))
    }

    /// A metric by a dimension: keys and values, in their order.
    pub fn by(&self, metric: &str, dimension: &str) -> Vec<Pair> {
        let members = self.members(metric, dimension).iter();
        members
            .map(|member| (member["key"].as_str().map(str::to_owned), member["value"].to_string()))
            .collect()
    }

    /// The same without members that count nothing.
    pub fn counted_by(&self, metric: &str, dimension: &str) -> Vec<Pair> {
        self.by(metric, dimension).into_iter().filter(|(_, value)| value != "0").collect()
    }

    /// Whether a metric is broken down by a dimension.
    pub fn has(&self, metric: &str, dimension: &str) -> bool {
        self.metric(metric)["by"][dimension].is_array()
    }
}

/// Pairs as a test writes them down.
pub fn pairs(written: &[(&str, &str)]) -> Vec<Pair> {
    written.iter().map(|(key, value)| (Some((*key).to_owned()), (*value).to_owned())).collect()
}

/// `above / below` with twelve significant digits, half to even, without trailing zeros: by
/// hand, so as not to ask the program's own arithmetic.
pub fn twelve(above: i128, below: i128) -> String {
    if below == 0 {
        return "null".to_owned();
    }
    let negative = (above < 0) != (below < 0) && above != 0;
    let (mut above, mut below) = (above.abs(), below.abs());
    if above == 0 {
        return "0".to_owned();
    }
    let mut scale = 0_i32;
    // Bring the quotient to twelve digits before the point.
    while above / below < 100_000_000_000 {
        above *= 10;
        scale += 1;
    }
    while above / below >= 1_000_000_000_000 {
        below *= 10;
        scale -= 1;
    }
    let (mut digits, rest) = (above / below, above % below);
    let up = match (rest * 2).cmp(&below) {
        std::cmp::Ordering::Greater => true,
        std::cmp::Ordering::Equal => digits % 2 == 1,
        std::cmp::Ordering::Less => false,
    };
    digits += i128::from(up);
    while digits % 10 == 0 && scale > 0 {
        digits /= 10;
        scale -= 1;
    }
    while scale < 0 {
        digits *= 10;
        scale += 1;
    }
    let places = usize::try_from(scale).unwrap();
    let mut text = format!("{digits:0>width$}", width = places + 1);
    if places > 0 {
        text.insert(text.len() - places, '.');
    }
    if negative { format!("-{text}") } else { text }
}
