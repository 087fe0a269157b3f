//! How the server would get at a query's tables, from its EXPLAIN as JSON.
//!
//! MySQL and MariaDB nest it differently, but both describe a table by an object with
//! `table_name` and `access_type`, and name the parts of the index that are used.

use mysql_async::Conn;
use mysql_async::prelude::Queryable;
use serde_json::Value as Json;

use super::fault::{At, fault};
use super::{Access, Query, SourceError, own, prepare, value};
use crate::model::Value;

pub(super) async fn explain(conn: &mut Conn, query: &Query, at: &At) -> Result<Vec<Access>, SourceError> {
    // What can't be read is refused with the query's own words, not with EXPLAIN's.
    prepare(conn, query, at).await?;
    let sql = format!("explain format=json {}", query.sql);
    let rows: Vec<mysql_async::Row> =
        conn.exec(sql, value::params(query)?).await.map_err(|error| fault(error, at, Some(&query.name)))?;
    let mut found = Vec::new();
    for row in rows {
        if let Some(Value::Text(text)) = value::row(row, &query.name)?.into_iter().next()
            && let Ok(json) = serde_json::from_str(&text)
        {
            collect(&json, &mut found);
        }
    }
    Ok(found)
}

/// The server tells the cost of the query that it explained last, and 0 for one that is not plain.
pub(super) async fn cost(conn: &mut Conn, query: &Query, at: &At) -> Result<Option<f64>, SourceError> {
    let params = value::params(query)?;
    let failed = |error| fault(error, at, Some(&query.name));
    prepare(conn, query, at).await?;
    // A statement that is run again is reckoned otherwise than at first, so it is made anew each time.
    let statement = conn.prep(format!("explain {}", query.sql)).await.map_err(failed)?;
    conn.exec_drop(&statement, params).await.map_err(failed)?;
    conn.close(statement).await.map_err(failed)?;
    let told: Option<(String, String)> =
        conn.query_first("show session status like 'Last_query_cost'").await.map_err(failed)?;
    Ok(told.and_then(|(_, cost)| cost.parse().ok()).filter(|cost| *cost > 0.0))
}

fn collect(json: &Json, found: &mut Vec<Access>) {
    match json {
        Json::Object(fields) => {
            found.extend(access(json));
            fields.values().for_each(|value| collect(value, found));
        }
        Json::Array(values) => values.iter().for_each(|value| collect(value, found)),
        _ => {}
    }
}

fn access(json: &Json) -> Option<Access> {
    let text = |name: &str| json.get(name).and_then(Json::as_str).map(str::to_owned);
    let table = text("table_name")?;
    // What the server makes up on its way is no table of the source.
    if table.starts_with('<') {
        return None;
    }
    let access = text("access_type")?;
    let number = |name: &str| json.get(name).and_then(Json::as_u64);
    let parts = json.get("used_key_parts").and_then(Json::as_array);
    Some(Access {
        full_scan: matches!(access.as_str(), "ALL" | "index"),
        table,
        access,
        key: text("key"),
        uses_columns: parts.into_iter().flatten().filter_map(Json::as_str).map(str::to_owned).collect(),
        rows: number("rows").or_else(|| number("rows_examined_per_scan")),
        note: text("attached_condition").map(|condition| format!("where {condition}")),
    })
}

pub(super) async fn leading_index(
    conn: &mut Conn,
    table: &str,
    column: &str,
    at: &At,
) -> Result<Option<String>, SourceError> {
    let table = table.replace('`', "");
    let (schema, table) = table.split_once('.').map_or((None, table.as_str()), |(s, t)| (Some(s), t));
    let sql = "select index_name from information_schema.statistics \
               where table_schema = coalesce(?, database()) and table_name = ? and column_name = ? \
               and seq_in_index = 1 order by index_name limit 1";
    let rows = own(conn, at, "the list of indexes", sql, (schema, table, column)).await?;
    Ok(rows.into_iter().flatten().find_map(|value| match value {
        Value::Text(name) => Some(name),
        _ => None,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_found_however_deep() {
        // The shape of MySQL 8, abridged.
        let json = serde_json::json!({"query_block": {"grouping_operation": {"table": {
            "table_name": "l", "access_type": "range", "key": "call_date", "used_key_parts": ["call_date"],
            "rows_examined_per_scan": 9,
            "attached_subqueries": [{"query_block": {"table": {"table_name": "s", "access_type": "ALL"}}}]}}}});
        let mut found = Vec::new();
        collect(&json, &mut found);
        assert_eq!(found.len(), 2);
        assert!(found[0].finds_by("CALL_DATE") && found[0].rows == Some(9));
        assert!(found[1].full_scan && !found[1].finds_by("call_date"));
    }
}
