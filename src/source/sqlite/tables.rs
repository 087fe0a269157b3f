//! The tables of a file, from its schema.

use rusqlite::{Connection, Result};

use crate::source::tables::{ColumnFacts, TableFacts};

pub(super) fn tables(connection: &Connection) -> Result<Vec<TableFacts>> {
    let mut statement = connection.prepare(
        "select name, type = 'view' from sqlite_schema \
         where type in ('table', 'view') and name not like 'sqlite\\_%' escape '\\' order by name",
    )?;
    let names = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let names: Vec<(String, bool)> = names.collect::<Result<_>>()?;
    names.into_iter().map(|(name, view)| table(connection, name, view)).collect()
}

fn table(connection: &Connection, name: String, view: bool) -> Result<TableFacts> {
    let mut facts = TableFacts { name, view, ..TableFacts::default() };
    // A view of what is gone has no columns that could be told, which is no reason to tell of no other table.
    let mut key: Vec<(i64, String)> = Vec::new();
    let sql = "select name, lower(coalesce(type, '')), pk from pragma_table_info(?1) order by cid";
    if let Ok(mut statement) = connection.prepare(sql) {
        let mut rows = statement.query([&facts.name])?;
        while let Ok(Some(row)) = rows.next() {
            let column = ColumnFacts { name: row.get(0)?, kind: row.get(1)?, ..ColumnFacts::default() };
            let place: i64 = row.get(2)?;
            if place > 0 {
                key.push((place, column.name.clone()));
            }
            facts.columns.push(column);
        }
    }
    key.sort();
    facts.key = key.into_iter().map(|(_, name)| name).collect();
    let mut firsts: Vec<(String, bool)> = Vec::new();
    // A table's key is no index in the list where it is the table's own order.
    firsts.extend(facts.key.first().map(|first| (first.clone(), facts.key.len() == 1)));
    let sql = "select (select name from pragma_index_info(il.name) where seqno = 0), \
               il.\"unique\" = 1 and (select count(*) from pragma_index_info(il.name)) = 1 \
               from pragma_index_list(?1) il where il.partial = 0";
    let mut statement = connection.prepare(sql)?;
    let indexes =
        statement.query_map([&facts.name], |row| Ok((row.get::<_, Option<String>>(0)?, row.get(1)?)))?;
    for index in indexes {
        // An index of an expression begins with no column.
        if let (Some(first), unique) = index? {
            firsts.push((first, unique));
        }
    }
    for (first, unique) in firsts {
        if let Some(column) = facts.columns.iter_mut().find(|column| column.name == first) {
            column.indexed = true;
            column.unique |= unique;
        }
    }
    Ok(facts)
}
