//! What the server is, its clock and zone, the account's rights, and whether all tables are its own.

use std::collections::BTreeSet;

use chrono::NaiveDateTime;

use super::value::texts;
use super::{Conn, ServerInfo, ServerReport, ServerZone, SourceError, own};
use crate::model::Value;
use crate::model::manifest::Consistency;
use crate::source::Grant;
use crate::source::at::At;

/// What the server is, and its zone before asof sets its own.
pub(super) async fn identify(conn: &Conn, at: &At) -> Result<(ServerInfo, ServerZone), SourceError> {
    let sql = "select current_setting('server_version'), current_setting('TimeZone'), \
               cast(extract(timezone from now()) as integer)";
    let rows = own(conn, at, "the server's version", sql, &[]).await?;
    let mut cells = texts(rows).into_iter();
    let mut text = || cells.next().unwrap_or_default();
    let (version, setting, offset) = (text(), text(), text());
    let zone =
        ServerZone { offset_seconds: offset.parse().unwrap_or_default(), system: setting.clone(), setting };
    Ok((ServerInfo { name: "PostgreSQL", version }, zone))
}

/// Whether all tables that these words may name are the server's own: other servers' rows, which it may
/// have tables for, are not of the same moment.
pub(super) async fn consistency(
    conn: &Conn,
    words: BTreeSet<String>,
    at: &At,
) -> Result<Consistency, SourceError> {
    // Behind a view may lie any of them.
    let sql = "select count(*) from pg_catalog.pg_class foreign_table where foreign_table.relkind = 'f' and exists \
               (select from pg_catalog.pg_class named where named.relkind in ('f', 'v') \
                and named.relname = any (string_to_array(?, chr(31))))";
    let named: Vec<String> = words.into_iter().flat_map(|word| [word.to_lowercase(), word]).collect();
    let rows = own(conn, at, "the list of tables", sql, &[&named.join("\u{1f}")]).await?;
    let none = rows.first().and_then(|row| row.first()) == Some(&Value::from(0));
    Ok(if none { Consistency::Snapshot } else { Consistency::Statement })
}

pub(super) async fn inspect(
    conn: &Conn,
    at: &At,
    server: ServerInfo,
    zone: ServerZone,
    limits_time: bool,
) -> Result<ServerReport, SourceError> {
    let clock = own(conn, at, "the server's clock", "select clock_timestamp()", &[]).await?;
    let now = texts(clock)
        .first()
        .and_then(|text| NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f").ok())
        .ok_or_else(|| at.protocol("it does not tell its time".to_owned()))?
        .and_utc();
    let sql = "select cipher from pg_catalog.pg_stat_ssl where pid = pg_backend_pid() and ssl";
    // What only speaks like PostgreSQL may not tell.
    let tls =
        told(own(conn, at, "the cipher", sql, &[]).await)?.and_then(|rows| texts(rows).into_iter().next());
    let writes = told(own(conn, at, "the account's rights", WRITES, &[]).await)?.map(|rows| {
        let grant = |row: Vec<Value>| {
            let mut cells = texts([row]).into_iter();
            Some(Grant { privilege: cells.next()?, on: cells.next()? })
        };
        let grants: BTreeSet<Grant> = rows.into_iter().filter_map(grant).collect();
        grants.into_iter().collect()
    });
    Ok(ServerReport { server, now, zone: Some(zone), writes, tls, limits_time })
}

/// The rights to write, however they come. Temporary tables don't count: nearly everybody may make them.
const WRITES: &str = "\
    select case when rolsuper then 'SUPERUSER' when rolcreaterole then 'CREATEROLE' else 'CREATEDB' end, '*' \
    from pg_catalog.pg_roles where rolname = current_user and (rolsuper or rolcreaterole or rolcreatedb) \
    union all select 'CREATE', nspname from pg_catalog.pg_namespace \
    where has_schema_privilege(oid, 'CREATE') and nspname !~ '^pg_' and nspname <> 'information_schema' \
    and not (select rolsuper from pg_catalog.pg_roles where rolname = current_user) \
    union all select privilege, nspname || '.' || relname from pg_catalog.pg_class c \
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace \
    cross join (values ('DELETE'), ('INSERT'), ('TRUNCATE'), ('UPDATE')) rights (privilege) \
    where relkind in ('r', 'p', 'v', 'f') and nspname !~ '^pg_' and nspname <> 'information_schema' \
    and case when privilege in ('INSERT', 'UPDATE') then has_any_column_privilege(c.oid, privilege) \
        else has_table_privilege(c.oid, privilege) end \
    and not (select rolsuper from pg_catalog.pg_roles where rolname = current_user)";

/// What was told; nothing where the server refuses.
fn told<T>(asked: Result<T, SourceError>) -> Result<Option<T>, SourceError> {
    match asked {
        Ok(told) => Ok(Some(told)),
        Err(SourceError::Refused { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
