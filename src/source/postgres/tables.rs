//! The tables and views of a database that an account sees, from PostgreSQL's catalogue.

use std::collections::HashMap;

use super::value::texts;
use super::{Conn, SourceError, own};
use crate::model::Value;
use crate::source::at::At;
use crate::source::tables::{ColumnFacts, TableFacts};

/// What the queries are called in messages.
const NAME: &str = "the list of tables";

/// What users made: no catalogue, nothing temporary, nothing that an extension keeps for itself. What inherits from
/// another table has its rows counted with that one's, as partitions have.
const OURS: &str = "\
    c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema' \
    and not exists (select from pg_catalog.pg_inherits where inhrelid = c.oid) \
    and not exists (select from pg_catalog.pg_depend where classid = cast('pg_catalog.pg_class' as regclass) \
        and objid = c.oid and deptype = 'e')";

/// Schema, where the `search_path` does not find the name; name; whether it is a view; about how many rows it and all
/// that inherits from it have, as they were counted last or by their size; whether any column may be read.
const TABLES: &str = "\
    with recursive held (root, part) as ( \
        select oid, oid from pg_catalog.pg_class where relkind in ('r', 'p', 'm', 'f') \
        union all select root, inhrelid from held join pg_catalog.pg_inherits on inhparent = part), \
    sized (root, size) as ( \
        select root, sum(case when relkind = 'p' then 0 when relkind = 'f' then nullif(reltuples, -1) when reltuples < 0 or relpages = 0 \
            then coalesce(pg_relation_size(part), 0) / 64 \
            else reltuples / relpages * coalesce(pg_relation_size(part), 0) \
                / cast(current_setting('block_size') as integer) end) \
        from held join pg_catalog.pg_class on pg_class.oid = part group by root) \
    select cast(c.oid as text), case when not pg_table_is_visible(c.oid) then n.nspname end, c.relname, \
        case when c.relkind = 'v' then 'view' end, cast(cast(sized.size as bigint) as text), \
        case when has_schema_privilege(n.oid, 'USAGE') and has_any_column_privilege(c.oid, 'SELECT') \
            then 'readable' end \
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace \
    left join sized on sized.root = c.oid where ";

/// The columns that may be read, with their types: what a domain is made of, and `enum` for all lists of words.
const COLUMNS: &str = "\
    with recursive made (domain, base, modifier) as ( \
        select oid, typbasetype, typtypmod from pg_catalog.pg_type where typtype = 'd' \
        union all select domain, typbasetype, typtypmod from made join pg_catalog.pg_type t \
            on t.oid = base and typtype = 'd') \
    select cast(c.oid as text), a.attname, case when t.typtype = 'e' then 'enum' \
        else lower(format_type(t.oid, coalesce(made.modifier, a.atttypmod))) end \
    from pg_catalog.pg_attribute a join pg_catalog.pg_class c on c.oid = a.attrelid \
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace \
    left join made on made.domain = a.atttypid \
        and (select typtype from pg_catalog.pg_type where oid = made.base) <> 'd' \
    join pg_catalog.pg_type t on t.oid = coalesce(made.base, a.atttypid) \
    where a.attnum > 0 and not a.attisdropped and has_column_privilege(c.oid, a.attnum, 'SELECT') and ";

/// The indexes of whole tables that can be used, column by column: `key` is the primary one, `unique` one whose columns
/// tell rows apart. An expression has no name.
const INDEXES: &str = "\
    select cast(c.oid as text), cast(i.indexrelid as text), a.attname, \
        case when i.indisprimary then 'key' when i.indisunique then 'unique' end \
    from pg_catalog.pg_index i join pg_catalog.pg_class c on c.oid = i.indrelid \
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace \
    cross join lateral generate_series(1, cast(i.indnkeyatts as integer)) place \
    left join pg_catalog.pg_attribute a \
        on a.attrelid = i.indrelid and a.attnum = i.indkey[place - 1] and a.attnum <> 0 \
    where i.indisvalid and i.indpred is null and ";

pub(super) async fn tables(conn: &Conn, at: &At) -> Result<Vec<TableFacts>, SourceError> {
    let ask = async |sql: &str, order: &str| {
        own(conn, at, NAME, &format!("{sql}{OURS} order by {order}"), &[]).await
    };
    let mut tables = Vec::new();
    let mut places = HashMap::new();
    // Those that are found by their names come first.
    for row in
        ask(TABLES, "case when pg_table_is_visible(c.oid) then '' else n.nspname end, c.relname").await?
    {
        let [id, schema, name, view, rows, readable] = cells(row);
        places.insert(id, tables.len());
        tables.push(TableFacts {
            name: name.unwrap_or_default(),
            schema,
            view: view.is_some(),
            rows: rows.and_then(|rows| rows.parse().ok()),
            forbidden: readable.is_none(),
            ..TableFacts::default()
        });
    }
    for row in ask(COLUMNS, "c.oid, a.attnum").await? {
        let [id, name, kind] = cells(row);
        if let Some(table) = places.get(&id).and_then(|place| tables.get_mut(*place)) {
            let (name, kind) = (name.unwrap_or_default(), kind.unwrap_or_default());
            table.columns.push(ColumnFacts { name, kind, ..ColumnFacts::default() });
        }
    }
    let mut indexes: Vec<Index> = Vec::new();
    for row in ask(INDEXES, "c.oid, i.indexrelid, place").await? {
        let [table, id, column, tells] = cells(row);
        match indexes.last_mut() {
            Some(last) if last.id == id => last.columns.push(column),
            _ => indexes.push(Index { table, id, tells, columns: vec![column] }),
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
    table: Option<String>,
    id: Option<String>,
    tells: Option<String>,
    columns: Vec<Option<String>>,
}

impl Index {
    fn tell(self, table: &mut TableFacts) {
        let first = self.columns.first().and_then(Option::as_ref);
        let alone = self.tells.is_some() && self.columns.len() == 1;
        if let Some(column) = table.columns.iter_mut().find(|column| Some(&column.name) == first) {
            column.indexed = true;
            column.unique |= alone;
        }
        // A key of which a column may not be read is of no use.
        let columns: Vec<String> = self.columns.into_iter().flatten().collect();
        if self.tells.as_deref() == Some("key") && columns.iter().all(|name| table.column(name).is_some()) {
            table.key = columns;
        }
    }
}

/// The cells of a row as texts.
fn cells<const N: usize>(row: Vec<Value>) -> [Option<String>; N] {
    let mut cells = row.into_iter();
    std::array::from_fn(|_| cells.next().and_then(|cell| texts([vec![cell]]).pop()))
}
