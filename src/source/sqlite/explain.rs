//! How SQLite would get at a query's tables, from its EXPLAIN QUERY PLAN.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension};

use super::file::fault;
use super::{Access, Query, SourceError, prepare, value};

pub(super) fn explain(
    connection: &Connection,
    query: &Query,
    path: &Path,
) -> Result<Vec<Access>, SourceError> {
    // What can't be read is refused with the query's own words.
    prepare(connection, query, path)?;
    let failed = |error: rusqlite::Error| fault(&error, path, Some(&query.name));
    let mut statement = connection.prepare(&format!("explain query plan {}", query.sql)).map_err(failed)?;
    value::bind(&mut statement, query).map_err(failed)?;
    let mut rows = statement.raw_query();
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(failed)? {
        found.extend(access(&row.get::<_, String>("detail").map_err(failed)?));
    }
    Ok(found)
}

/// The access in a line like `SEARCH calls USING INDEX calls_time (call_date>? AND call_date<?)`.
fn access(detail: &str) -> Option<Access> {
    let (kind, rest) = detail.split_once(' ')?;
    let full_scan = match kind {
        "SCAN" => true,
        "SEARCH" => false,
        _ => return None,
    };
    let (table, how) = rest.split_once(" USING ").unwrap_or((rest, ""));
    // What SQLite makes up on its way is no table of the source.
    if table.starts_with('(') || table == "CONSTANT ROW" {
        return None;
    }
    let (index, terms) = how.split_once(" (").unwrap_or((how, ""));
    let key =
        index.rsplit_once("INDEX ").map(|(_, name)| name).or(index.ends_with("PRIMARY KEY").then_some(index));
    let uses_columns = terms
        .trim_end_matches(')')
        .split(" AND ")
        .filter_map(|term| term.split(['=', '<', '>', ' ']).next().filter(|column| !column.is_empty()))
        .map(|column| column.trim_start_matches("ANY(").trim_end_matches(')').to_owned())
        .collect();
    Some(Access {
        table: table.to_owned(),
        access: kind.to_ascii_lowercase(),
        key: key.map(str::to_owned),
        uses_columns,
        rows: None,
        full_scan,
        note: Some(detail.to_owned()),
    })
}

pub(super) fn leading_index(
    connection: &Connection,
    table: &str,
    column: &str,
    path: &Path,
) -> Result<Option<String>, SourceError> {
    let table = table.replace(['"', '`', '[', ']'], "");
    let table = table.rsplit('.').next().unwrap_or_default();
    // An integer primary key is the table's own order, which is in no list of indexes.
    let sql = "select il.name from pragma_index_list(?1) il join pragma_index_info(il.name) ii \
               where il.partial = 0 and ii.seqno = 0 and ii.name = ?2 collate nocase \
               union all \
               select 'INTEGER PRIMARY KEY' from pragma_table_info(?1) \
               where pk = 1 and type = 'INTEGER' collate nocase and name = ?2 collate nocase limit 1";
    connection
        .query_row(sql, [table, column], |row| row.get(0))
        .optional()
        .map_err(|error| fault(&error, path, Some("the list of indexes")))
}

#[cfg(test)]
mod tests {
    use super::access;

    #[test]
    fn lines_of_a_plan_are_understood() {
        let range = access("SEARCH calls USING INDEX calls_time (call_date>? AND call_date<?)").unwrap();
        assert!(range.finds_by("call_date") && range.key.as_deref() == Some("calls_time"));
        let covering = access("SEARCH c USING COVERING INDEX by_both (call_date=? AND status>?)").unwrap();
        assert_eq!((covering.table.as_str(), covering.uses_columns.len()), ("c", 2));
        let key = access("SEARCH t USING INTEGER PRIMARY KEY (rowid>?)").unwrap();
        assert_eq!(key.key.as_deref(), Some("INTEGER PRIMARY KEY"));
        let scan = access("SCAN calls").unwrap();
        assert!(scan.full_scan && scan.key.is_none() && !scan.finds_by("call_date"));
        assert!(access("SCAN calls USING COVERING INDEX by_status").unwrap().full_scan);
        assert_eq!(access("USE TEMP B-TREE FOR GROUP BY"), None);
        assert_eq!(access("SCAN (subquery-1)"), None);
    }
}
