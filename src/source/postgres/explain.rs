//! How the server would get at a query's tables, from its EXPLAIN as JSON.

use serde_json::Value as Json;

use super::{Access, Conn, Query, SourceError, own, prepare, value};
use crate::model::Value;
use crate::model::definitions::Dialect;
use crate::plan::sql::quoted;
use crate::source::at::At;

pub(super) async fn explain(conn: &Conn, query: &Query, at: &At) -> Result<Vec<Access>, SourceError> {
    let plan = plan(conn, query, at).await?;
    let mut nodes = Vec::new();
    collect(&plan, None, &mut nodes);
    let mut found = Vec::new();
    for node in nodes {
        found.push(access(conn, node, at).await?);
    }
    Ok(found)
}

/// What the planner expects the whole query to cost.
pub(super) async fn cost(conn: &Conn, query: &Query, at: &At) -> Result<Option<f64>, SourceError> {
    let plan = plan(conn, query, at).await?;
    Ok(plan.get("Total Cost").and_then(Json::as_f64))
}

/// The plan's topmost node.
async fn plan(conn: &Conn, query: &Query, at: &At) -> Result<Json, SourceError> {
    // What can't be read is refused with the query's own words, not with EXPLAIN's.
    prepare(conn, query, at).await?;
    let asked = Query { sql: format!("explain (format json, verbose) {}", query.sql), ..query.clone() };
    let rows = super::rows(conn, at, &asked).await?;
    let text = match rows.into_iter().flatten().next() {
        Some(Value::Text(text)) => text,
        _ => String::new(),
    };
    let json: Json = serde_json::from_str(&text).unwrap_or_default();
    Ok(json.get(0).and_then(|first| first.get("Plan")).cloned().unwrap_or_default())
}

/// A node that reads a table.
#[derive(Debug, PartialEq)]
struct Node<'p> {
    /// What the query calls it.
    alias: &'p str,
    schema: &'p str,
    table: &'p str,
    /// `Seq Scan`, `Index Scan`, `Bitmap Heap Scan` …
    how: &'p str,
    index: Option<&'p str>,
    condition: Option<&'p str>,
    rows: Option<u64>,
    note: Option<&'p str>,
}

/// The nodes that read tables; `table` is the one whose rows an index below it finds.
fn collect<'p>(plan: &'p Json, above: Option<&'p Json>, found: &mut Vec<Node<'p>>) {
    let text = |json: &'p Json, name: &str| json.get(name).and_then(Json::as_str);
    let how = text(plan, "Node Type").unwrap_or_default();
    // A bitmap has its table above it, and the index that makes it below.
    let is_bitmap = how == "Bitmap Index Scan";
    let about = if is_bitmap { above.unwrap_or(plan) } else { plan };
    if let Some(table) = text(about, "Relation Name").filter(|_| how != "Bitmap Heap Scan") {
        found.push(Node {
            alias: text(about, "Alias").unwrap_or(table),
            schema: text(about, "Schema").unwrap_or_default(),
            table,
            how,
            index: text(plan, "Index Name"),
            condition: text(plan, "Index Cond"),
            rows: plan.get("Plan Rows").and_then(Json::as_u64),
            note: text(about, "Filter"),
        });
    }
    let above = if how == "Bitmap Heap Scan" { Some(plan) } else { above };
    for below in plan.get("Plans").and_then(Json::as_array).into_iter().flatten() {
        collect(below, above, found);
    }
}

async fn access(conn: &Conn, node: Node<'_>, at: &At) -> Result<Access, SourceError> {
    let columns = match node.index {
        Some(index) => index_columns(conn, node.schema, index, at).await?,
        None => Vec::new(),
    };
    let condition = node.condition.unwrap_or_default();
    let used = columns.iter().map(|column| names(condition, column)).collect::<Vec<_>>();
    // An index is read as a whole where its first column is in no condition.
    let full_scan = match node.index {
        Some(_) => !used.first().copied().unwrap_or(node.condition.is_some()),
        None => node.how == "Seq Scan",
    };
    let rows = if full_scan { table_rows(conn, node.schema, node.table, at).await? } else { node.rows };
    Ok(Access {
        table: node.alias.to_owned(),
        access: node.how.to_lowercase(),
        key: node.index.map(str::to_owned),
        uses_columns: columns.into_iter().zip(used).filter(|(_, used)| *used).map(|(name, _)| name).collect(),
        rows,
        full_scan,
        note: node.note.map(|filter| format!("where {filter}")),
    })
}

/// Whether a condition speaks of this column.
fn names(condition: &str, column: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$');
    condition.match_indices(column).any(|(at, _)| {
        let before = condition.get(..at).unwrap_or_default();
        let after = condition.get(at + column.len()..).unwrap_or_default();
        !before.ends_with(|c| part(c) || c == '\'') && !after.starts_with(|c| part(c) || c == '\'')
    })
}

/// The columns of an index, in its order; an expression is told in the server's words.
async fn index_columns(conn: &Conn, schema: &str, index: &str, at: &At) -> Result<Vec<String>, SourceError> {
    let sql = "select coalesce(attname, pg_get_indexdef(indexrelid, place, true)) \
               from pg_catalog.pg_index i join pg_catalog.pg_class c on c.oid = i.indexrelid \
               join pg_catalog.pg_namespace n on n.oid = c.relnamespace \
               cross join lateral generate_series(1, cast(i.indnatts as integer)) place \
               left join pg_catalog.pg_attribute a \
               on a.attrelid = i.indrelid and a.attnum = i.indkey[place - 1] and a.attnum <> 0 \
               where n.nspname = ? and c.relname = ? order by place";
    let rows = own(conn, at, "the columns of an index", sql, &[schema, index]).await?;
    Ok(value::texts(rows))
}

/// About how many rows a table has: as it was counted last, or by its size if it never was.
async fn table_rows(conn: &Conn, schema: &str, table: &str, at: &At) -> Result<Option<u64>, SourceError> {
    let sql = "select cast(case when relpages > 0 and reltuples >= 0 \
               then reltuples / relpages * (pg_relation_size(c.oid) / cast(current_setting('block_size') as integer)) \
               else pg_relation_size(c.oid) / 64 end as bigint) \
               from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace \
               where n.nspname = ? and c.relname = ?";
    let rows = own(conn, at, "the size of a table", sql, &[schema, table]).await?;
    Ok(value::texts(rows).first().and_then(|rows| rows.parse().ok()))
}

pub(super) async fn leading_index(
    conn: &Conn,
    table: &str,
    column: &str,
    at: &At,
) -> Result<Option<String>, SourceError> {
    let sql = "select c.relname from pg_catalog.pg_index i join pg_catalog.pg_class c on c.oid = i.indexrelid \
               join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0] \
               where i.indrelid = to_regclass(?) and a.attname = ? and i.indpred is null and i.indisvalid \
               order by c.relname limit 1";
    let table = quoted(Dialect::Postgres, &table.replace('"', ""));
    let rows = own(conn, at, "the list of indexes", sql, &[&table, column]).await?;
    Ok(value::texts(rows).into_iter().next())
}

#[cfg(test)]
mod tests {
    use super::{collect, names};

    #[test]
    fn tables_are_found_however_deep() {
        let json = serde_json::json!({"Node Type": "Append", "Plans": [
            {"Node Type": "Bitmap Heap Scan", "Relation Name": "calls", "Schema": "public", "Alias": "c",
             "Filter": "(n > 1)", "Plan Rows": 7, "Plans": [{"Node Type": "BitmapAnd", "Plans": [
                {"Node Type": "Bitmap Index Scan", "Index Name": "by_date", "Plan Rows": 9,
                 "Index Cond": "((call_date >= '2025-11-06'::date) AND (call_date < '2025-11-07'::date))"}]}]},
            {"Node Type": "Subquery Scan", "Alias": "q", "Plans": [
                {"Node Type": "Seq Scan", "Relation Name": "lists", "Schema": "public", "Alias": "lists"}]}]});
        let mut found = Vec::new();
        collect(&json, None, &mut found);
        let told: Vec<_> = found.iter().map(|node| (node.alias, node.how, node.index, node.rows)).collect();
        assert_eq!(
            told,
            [("c", "Bitmap Index Scan", Some("by_date"), Some(9)), ("lists", "Seq Scan", None, None)]
        );
    }

    #[test]
    fn a_condition_names_whole_columns_only() {
        let condition = "((call_date >= '2025'::text) AND (\"Odd name\" = 'status'::text))";
        assert!(names(condition, "call_date") && names(condition, "Odd name"));
        assert!(!names(condition, "call") && !names(condition, "date") && !names(condition, "status"));
    }
}
