//! The tables of a database, from `information_schema`.

use std::collections::HashMap;

use mysql_async::{Conn, Params};

use super::fault::At;
use super::{SourceError, own};
use crate::model::Value;
use crate::source::tables::{ColumnFacts, TableFacts};

/// What the queries are called in messages.
const NAME: &str = "the list of tables";

pub(super) async fn tables(conn: &mut Conn, at: &At) -> Result<Vec<TableFacts>, SourceError> {
    let sql = "select table_name, table_type, table_rows from information_schema.tables \
               where table_schema = database() order by table_name";
    let mut tables = Vec::new();
    let mut places = HashMap::new();
    for row in own(conn, at, NAME, sql, Params::Empty).await? {
        let mut cells = row.into_iter();
        let (name, kind) = (text(cells.next()), text(cells.next()));
        let rows = match cells.next() {
            Some(Value::Number(rows)) => rows.to_string().parse().ok(),
            _ => None,
        };
        let view = kind.to_ascii_lowercase().contains("view");
        places.insert(name.clone(), tables.len());
        tables.push(TableFacts { name, view, rows, ..TableFacts::default() });
    }
    let sql = "select table_name, column_name, column_type from information_schema.columns \
               where table_schema = database() order by table_name, ordinal_position";
    for row in own(conn, at, NAME, sql, Params::Empty).await? {
        let mut cells = row.into_iter();
        let (table, name, kind) = (text(cells.next()), text(cells.next()), text(cells.next()));
        if let Some(table) = places.get(&table).and_then(|place| tables.get_mut(*place)) {
            let kind = kind.to_lowercase();
            table.columns.push(ColumnFacts { name, kind, ..ColumnFacts::default() });
        }
    }
    let sql = "select table_name, index_name, column_name, seq_in_index, non_unique \
               from information_schema.statistics where table_schema = database() \
               order by table_name, index_name, seq_in_index";
    let mut indexes: Vec<Index> = Vec::new();
    for row in own(conn, at, NAME, sql, Params::Empty).await? {
        let mut cells = row.into_iter();
        let (table, name, column) = (text(cells.next()), text(cells.next()), text(cells.next()));
        let first = cells.next() == Some(Value::from(1));
        let unique = cells.next() == Some(Value::from(0));
        match indexes.last_mut() {
            Some(index) if !first => index.columns.push(column),
            _ => indexes.push(Index { table, name, unique, columns: vec![column] }),
        }
    }
    for index in indexes {
        if let Some(table) = places.get(&index.table).and_then(|place| tables.get_mut(*place)) {
            index.tell(table);
        }
    }
    Ok(tables)
}

/// An index, with its columns in their order.
struct Index {
    table: String,
    name: String,
    unique: bool,
    columns: Vec<String>,
}

impl Index {
    fn tell(self, table: &mut TableFacts) {
        let first = self.columns.first();
        if let Some(column) = table.columns.iter_mut().find(|column| Some(&column.name) == first) {
            column.indexed = true;
            column.unique |= self.unique && self.columns.len() == 1;
        }
        if self.name == "PRIMARY" {
            table.key = self.columns;
        }
    }
}

fn text(cell: Option<Value>) -> String {
    match cell {
        Some(Value::Text(text)) => text,
        // Some servers give names as bytes.
        Some(Value::Bytes(bytes)) => String::from_utf8_lossy(&bytes).into_owned(),
        _ => String::new(),
    }
}
