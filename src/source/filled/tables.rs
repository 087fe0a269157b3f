//! A database of the moment: tables that asof fills with items, and then asks like any other source.
//!
//! SQLite keeps it in a file of its own that has no name, and in memory as long as it is small.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, params_from_iter};

use super::cell::Cell;
use super::sum;
use crate::model::definitions::Dialect;
use crate::model::lookup;
use crate::model::table::{ColumnKind, TableDef};
use crate::plan::Query;
use crate::plan::sql::quoted;
use crate::source::SourceError;
use crate::source::sqlite::{self, SqliteSession, fault};

/// How many kibibytes of it are held in memory.
const IN_MEMORY: i64 = 8 * 1024;

/// The column that holds an item as it came, where that is kept.
pub const RAW: &str = "asof_raw";

/// Tables on the way to be asked.
pub struct Tables {
    pub(super) session: SqliteSession,
    shapes: BTreeMap<String, Shape>,
}

/// One table.
#[derive(Clone, Debug)]
struct Shape {
    columns: Vec<String>,
    key: Vec<String>,
    raw: bool,
}

/// An item on its way into a table: a cell for each column in the order of their names, and the item as it came.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The cells.
    pub cells: Vec<Cell>,
    /// The item as it came, where that is kept.
    pub raw: Option<String>,
}

/// What came of items that were put into a table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Inserted {
    /// Those that were not there.
    pub added: u64,
    /// Those that were there and were not the same; the last one stays.
    pub changed: u64,
    /// Those that were there just so.
    pub same: u64,
}

impl Tables {
    /// Makes the tables, empty. `kept` says for which of them the items stay as they came.
    ///
    /// # Errors
    /// When there is no room for the file.
    pub async fn open(
        name: &'static str,
        defs: &BTreeMap<String, TableDef>,
        kept: impl Fn(&str) -> bool,
        timeout: Duration,
    ) -> Result<Self, SourceError> {
        let shape = |(table, def): (&String, &TableDef)| {
            let columns = def.columns.keys().cloned().collect();
            (table.clone(), Shape { columns, key: def.key.clone(), raw: kept(table) })
        };
        let shapes: BTreeMap<String, Shape> = defs.iter().map(shape).collect();
        let made = defs.iter().filter_map(|(table, def)| Some(create(table, def, shapes.get(table)?)));
        let sql = made.collect::<Vec<_>>().join(";\n");
        let path = PathBuf::from(format!("the tables of {name}"));
        let opened = path.clone();
        let open = move || {
            let made = Connection::open("").and_then(|connection| {
                connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
                connection.pragma_update(None, "journal_mode", "off")?;
                connection.pragma_update(None, "synchronous", "off")?;
                connection.pragma_update(None, "cache_size", -IN_MEMORY)?;
                sum::put_in_place(&connection)?;
                connection.execute_batch(&sql)?;
                Ok(connection)
            });
            made.map(|connection| (connection, false)).map_err(|error| fault(&error, &opened, None))
        };
        let session = SqliteSession::start(&path, timeout, sqlite::Reals::Decimals, open).await?;
        Ok(Self { session, shapes })
    }

    /// Makes one more table, unless it is there.
    ///
    /// # Errors
    /// The database's.
    pub async fn add(&mut self, table: &str, def: &TableDef) -> Result<(), SourceError> {
        if self.shapes.contains_key(table) {
            return Ok(());
        }
        let shape =
            Shape { columns: def.columns.keys().cloned().collect(), key: def.key.clone(), raw: false };
        self.run(create(table, def, &shape)).await?;
        self.shapes.insert(table.to_owned(), shape);
        Ok(())
    }

    /// Makes a table of rows that have no key, each column with the affinity that is given, in the place of the one of
    /// that name.
    ///
    /// # Errors
    /// The database's.
    pub async fn replace(&mut self, table: &str, columns: &[(&str, &str)]) -> Result<(), SourceError> {
        self.remove(table).await?;
        let columns: Vec<String> = columns
            .iter()
            .map(|(column, affinity)| format!("{} {affinity}", quoted(Dialect::Sqlite, column)))
            .collect();
        let table = quoted(Dialect::Sqlite, table);
        self.run(format!("create table {table} ({})", columns.join(", "))).await
    }

    /// Takes a table away, if it is there.
    ///
    /// # Errors
    /// The database's.
    pub async fn remove(&mut self, table: &str) -> Result<(), SourceError> {
        self.shapes.remove(table);
        self.run(format!("drop table if exists {}", quoted(Dialect::Sqlite, table))).await
    }

    /// Takes all items out of a table.
    ///
    /// # Errors
    /// The database's.
    pub async fn empty(&mut self, table: &str) -> Result<(), SourceError> {
        self.run(format!("delete from {}", quoted(Dialect::Sqlite, table))).await
    }

    /// Puts items into a table, all or none: one whose key is there takes the place of that one.
    ///
    /// # Errors
    /// The database's.
    pub async fn insert(&mut self, table: &str, rows: Vec<Row>) -> Result<Inserted, SourceError> {
        let Some(shape) = self.shapes.get(table).cloned() else {
            return Err(SourceError::NoSuchSource { name: table.to_owned() });
        };
        let (name, what) = (table.to_owned(), format!("filling {table}"));
        self.session
            .with(&what.clone(), move |connection| {
                insert(connection, &name, &shape, &rows)
                    .map_err(|error| fault(&error, Path::new(&what), Some(&what)))
            })
            .await
    }

    /// How many items a table has.
    ///
    /// # Errors
    /// The database's.
    pub async fn count(&mut self, table: &str) -> Result<u64, SourceError> {
        let sql = format!("select count(*) from {}", quoted(Dialect::Sqlite, table));
        let what = format!("counting {table}");
        let count: i64 = self
            .session
            .with(&what.clone(), move |connection| {
                connection
                    .query_row(&sql, [], |row| row.get(0))
                    .map_err(|error| fault(&error, Path::new(&what), Some(&what)))
            })
            .await?;
        Ok(u64::try_from(count).unwrap_or_default())
    }

    /// The query for a table's items as they came, by their key; `None` where they are not kept.
    pub fn as_they_came(&self, table: &str) -> Option<Query> {
        let shape = self.shapes.get(table).filter(|shape| shape.raw)?;
        let key: Vec<String> = shape.key.iter().map(|column| quoted(Dialect::Sqlite, column)).collect();
        let order = if key.is_empty() { "rowid".to_owned() } else { key.join(", ") };
        let sql = format!("select {RAW} from {} order by {order}", quoted(Dialect::Sqlite, table));
        Some(Query { name: format!("the items of {table}"), sql, params: Vec::new() })
    }

    async fn run(&mut self, sql: String) -> Result<(), SourceError> {
        let what = "filling a table";
        self.session
            .with(what, move |connection| {
                connection.execute_batch(&sql).map_err(|error| fault(&error, Path::new(what), Some(what)))
            })
            .await
    }
}

fn create(table: &str, def: &TableDef, shape: &Shape) -> String {
    let name = |name: &str| quoted(Dialect::Sqlite, name);
    let mut columns: Vec<String> = def
        .columns
        .iter()
        .map(|(column, def)| {
            let kind = match def.kind {
                ColumnKind::Text | ColumnKind::Time | ColumnKind::Json => "text",
                ColumnKind::Integer | ColumnKind::Boolean => "integer",
                ColumnKind::Decimal => "numeric",
            };
            format!("{} {kind}", name(column))
        })
        .collect();
    if shape.raw {
        columns.push(format!("{RAW} text"));
    }
    if !shape.key.is_empty() {
        let key: Vec<String> = shape.key.iter().map(|column| name(column)).collect();
        columns.push(format!("primary key ({})", key.join(", ")));
    }
    // What answers are held in has no row numbers: `oid` and `rowid` in an expression are the event's then.
    let end = if def.columns.contains_key(lookup::KEY) { " without rowid" } else { "" };
    format!("create table {} ({}){end}", name(table), columns.join(", "))
}

fn insert(
    connection: &mut Connection,
    table: &str,
    shape: &Shape,
    rows: &[Row],
) -> rusqlite::Result<Inserted> {
    let name = |name: &str| quoted(Dialect::Sqlite, name);
    let mut columns: Vec<String> = shape.columns.iter().map(|column| name(column)).collect();
    if shape.raw {
        columns.push(RAW.to_owned());
    }
    let places = vec!["?"; columns.len()].join(", ");
    let add = format!("insert or ignore into {} ({}) values ({places})", name(table), columns.join(", "));
    let replace = format!(
        "insert or replace into {table} ({list}) select {list} from (select {given}) as given \
         where not exists (select 1 from {table} as known where {same})",
        table = name(table),
        list = columns.join(", "),
        given = columns.iter().map(|column| format!("? as {column}")).collect::<Vec<_>>().join(", "),
        same = columns
            .iter()
            .map(|column| format!("known.{column} is given.{column}"))
            .collect::<Vec<_>>()
            .join(" and "),
    );
    let mut inserted = Inserted::default();
    let transaction = connection.transaction()?;
    {
        let mut add = transaction.prepare(&add)?;
        let mut replace = transaction.prepare(&replace)?;
        for row in rows {
            let raw = shape.raw.then(|| row.raw.clone().map_or(Cell::Null, Cell::Text));
            let cells: Vec<&Cell> = row.cells.iter().chain(&raw).collect();
            if add.execute(params_from_iter(&cells))? == 1 {
                inserted.added += 1;
            } else if replace.execute(params_from_iter(&cells))? == 1 {
                inserted.changed += 1;
            } else {
                inserted.same += 1;
            }
        }
    }
    transaction.commit()?;
    Ok(inserted)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use super::super::cell::Cell;
    use super::{Inserted, Row, Tables};
    use crate::model::Value;
    use crate::model::table::{ColumnDef, ColumnKind, TableDef};
    use crate::plan::Query;
    use crate::source::SourceError;

    fn defs(key: &[&str]) -> BTreeMap<String, TableDef> {
        let column = |kind| ColumnDef { at: String::new(), kind, format: None };
        let def = TableDef {
            from: String::new(),
            items: None,
            key: key.iter().map(|key| (*key).to_owned()).collect(),
            columns: [
                ("cost".to_owned(), column(ColumnKind::Decimal)),
                ("id".to_owned(), column(ColumnKind::Text)),
            ]
            .into(),
            settings: BTreeMap::new(),
        };
        [("call \"s\"".to_owned(), def)].into()
    }

    fn row(id: &str, cost: Option<f64>) -> Row {
        let cost = cost.map_or(Cell::Null, Cell::Real);
        Row { cells: vec![cost, Cell::Text(id.into())], raw: Some(format!("raw {id}")) }
    }

    async fn asked(tables: &mut Tables, sql: &str) -> Vec<Vec<Value>> {
        let query = Query { name: "q".into(), sql: sql.into(), params: Vec::new() };
        let mut rows = Vec::new();
        let mut each = |row: &mut Vec<Value>| {
            rows.push(std::mem::take(row));
            Ok::<(), SourceError>(())
        };
        tables.session.read(&query, &mut each).await.unwrap();
        rows
    }

    #[tokio::test]
    async fn an_item_is_there_once_and_the_last_one_stays() {
        let table = "call \"s\"";
        let mut tables = Tables::open("t", &defs(&["id"]), |_| true, Duration::from_mins(1)).await.unwrap();
        let rows = vec![row("a", Some(0.1)), row("b", None), row("a", Some(0.1)), row("b", Some(0.2))];
        let inserted = tables.insert(table, rows).await.unwrap();
        assert_eq!(inserted, Inserted { added: 2, changed: 1, same: 1 });
        assert_eq!(tables.count(table).await.unwrap(), 2);
        let sum = asked(&mut tables, "select sum(cost), min(cost) from \"call \"\"s\"\"\"").await;
        assert_eq!(sum, [[Value::Number("0.3".parse().unwrap()), Value::Number("0.1".parse().unwrap())]]);
        let raw = asked(&mut tables, "select asof_raw from \"call \"\"s\"\"\" order by id").await;
        assert_eq!(raw, [[Value::text("raw a")], [Value::text("raw b")]]);
        tables.empty(table).await.unwrap();
        assert_eq!(tables.count(table).await.unwrap(), 0);
    }

    #[tokio::test]
    async fn without_a_key_each_item_counts() {
        let table = "call \"s\"";
        let mut tables = Tables::open("t", &defs(&[]), |_| false, Duration::from_mins(1)).await.unwrap();
        let inserted = tables.insert(table, vec![row("a", None), row("a", None)]).await.unwrap();
        assert_eq!(inserted, Inserted { added: 2, changed: 0, same: 0 });
    }
}
